"""Backups of a SQLite database: Litestream supervised, encrypted copies, drills and restores."""
