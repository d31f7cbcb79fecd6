"""The SQLite library in use, for node, hub and backups alike.

Decides which one: the package that carries a SQLite with the checkpoint fix where there is a wheel for the platform,
else the system's, which `core.library` judges.
"""

import sqlite3
from typing import Any, Final

try:
    from pysqlite3 import dbapi2 as _library
except ImportError:  # no wheel for this platform
    _library = sqlite3

driver: Final[Any] = _library
"""The DB-API module."""

SQLITE_VERSION: Final[str] = driver.sqlite_version
"""Version of the library."""
