"""What the desk does, from a form or a command line to the commit."""
