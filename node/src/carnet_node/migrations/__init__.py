"""Steps from one shape of the node's tables to the next, for Alembic; run by `adapters.schema`."""

from typing import Final

HEAD: Final = "0001"
"""The newest revision: a database that stands here needs no migration, and Alembic is not even imported."""
