"""Weighing and deciding who is the same: the matcher, the steward, and everybody weighed once more."""
