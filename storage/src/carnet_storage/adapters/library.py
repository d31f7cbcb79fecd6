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

BUSY: Final = frozenset({5, 6})
"""SQLITE_BUSY and SQLITE_LOCKED: somebody else holds the file. Source: SQLite result codes."""

FULL: Final = 13
"""SQLITE_FULL: no room on the disk. Source: SQLite result codes."""

_PRIMARY_CODE: Final = 0xFF
"""An extended result code carries its primary one in the low byte."""


def primary_code(error: BaseException) -> int:
    """The kind of a failure of the library; 0 when it names none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & _PRIMARY_CODE
