"""Exit codes of every command: what the shell is told about how it ended."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    REFUSED = 1
    """Refused, or found wrong; nothing was changed."""
    USAGE = 2
    BUSY = 3
    """The database is busy or cannot be reached; trying again may help."""
    INCOMPLETE = 4
    """Done but for what is named; the same command tries that again."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it: 128 and the number of the signal."""
