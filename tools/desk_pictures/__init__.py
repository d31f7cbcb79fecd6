"""Pictures of the front desk for its guides, drawn from a made-up day; see `__main__`."""
