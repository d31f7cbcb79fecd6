"""The hub in a browser: read-only pages for regulators, and the recall check for everybody."""
