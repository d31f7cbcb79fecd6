"""This machine's own log: sealed sets, what folds from them, and how a restored or copied machine rejoins."""
