"""Identifiers as a person types them: hexadecimal, of one length."""

from typing import Final

from carnet_hub.core.failures import Unusable

_SHOWN_CHARS: Final = 64
"""Of what was typed, in the refusal."""


def parse_id(text: str, *, size: int, called: str, listed_by: str) -> bytes:
    """An identifier.

    Args:
        size: its bytes.
        called: what it is, such as "id of a token".
        listed_by: the command that shows them.

    Raises:
        Unusable: it is none.
    """
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != size:
        raise Unusable(f"{text[:_SHOWN_CHARS]} is no {called}.", f"Look it up with `{listed_by}`.")
    return found
