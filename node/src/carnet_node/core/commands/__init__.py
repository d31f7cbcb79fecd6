"""What the desk may do: values and heads read in, drafts out, or a refusal somebody can act on."""
