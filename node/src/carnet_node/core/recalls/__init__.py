"""Recall lists as a node holds them, and the answer at the desk: open, done, clear or unknown."""
