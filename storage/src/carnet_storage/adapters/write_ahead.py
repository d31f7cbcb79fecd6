"""Turning a database file to write-ahead logging while others open it.

Decides what an opener does that finds another one at the switch: it tries again until its patience ends. SQLite does
not wait here by itself: the switch is a reader that becomes a writer, and its busy handler is not asked for those.
Source: SQLite's documentation of sqlite3_busy_handler.
"""

import time
from typing import Any, Final

from carnet_storage.adapters.library import BUSY, driver, primary_code

_PAUSE_S: Final = 0.005
"""Seconds between two tries; another opener's switch takes about as long as two writes to the disk."""


def want_wal(connection: Any, patience_ms: int) -> str:
    """Ask for write-ahead logging; a file that has it already keeps it.

    Args:
        connection: of `library.driver`, outside a transaction.
        patience_ms: milliseconds to go on trying while others hold the file; 0 tries once.

    Returns:
        the journal mode the file has now; other than `wal` where it cannot be had.

    Raises:
        driver.OperationalError: still busy after that time, or the file cannot be read; nothing was changed.
    """
    until = time.monotonic() + patience_ms / 1000
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except driver.OperationalError as error:
            if primary_code(error) not in BUSY or time.monotonic() >= until:
                raise
            time.sleep(_PAUSE_S)
        else:
            return str(mode)
