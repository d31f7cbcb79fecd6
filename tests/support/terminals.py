"""A person at a terminal, as a command sees one."""

import io


class Typing(io.StringIO):
    """Standard input of a terminal at which somebody types some lines."""

    def isatty(self) -> bool:
        """Somebody sits there."""
        return True
