"""TOML that somebody wrote or brought, as values: one refusal for whatever cannot be read.

Decides only that a text is TOML that this program can hold. Does not decide what may stand in it: that is the business
of whoever asked. A text of any shape, however deep and with numbers however long, gives values or `Unusable`.

    read_toml("version = 1", "The calendar") -> {"version": 1}
"""

import tomllib

from carnet_hub.core.failures import Unusable


def read_toml(text: str, called: str) -> dict[str, object]:
    """The values of a TOML text by name.

    Args:
        called: what the text is to whoever wrote it, at the beginning of a sentence.

    Raises:
        Unusable: it is no TOML, is nested too deeply, or has a number that is too long.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as failure:
        raise Unusable(
            f"{called} is no TOML that can be read: {failure}.",
            "Correct the line, then try again; nothing was changed.",
        ) from failure
