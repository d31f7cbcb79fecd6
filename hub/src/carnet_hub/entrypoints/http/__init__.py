"""The hub over HTTP: the sync endpoints for nodes and the read-only pages for regulators."""
