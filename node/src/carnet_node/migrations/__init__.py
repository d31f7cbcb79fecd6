"""Steps from one shape of the node's tables to the next, for Alembic; run by `adapters.schema`."""
