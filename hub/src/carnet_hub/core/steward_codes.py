"""What may stand in the log, or beside a model, for a person and for a reason: a code, never a name.

Decides the form of such a code, and nothing else.
"""

from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import STEWARD_CHARS_MAX


def require_code(what: str, text: str) -> None:
    """Let only a code through.

    Args:
        what: a noun with its article, for the refusal.
        text: letters, digits and `-_.:`, 1 to `STEWARD_CHARS_MAX` characters.

    Raises:
        Unusable: it is none.
    """
    is_code = text.isascii() and all(char.isalnum() or char in "-_.:" for char in text)
    if not 0 < len(text) <= STEWARD_CHARS_MAX or not is_code:
        raise Unusable(
            f"{text[:40] or '(nothing)'} is no code of {what}.",
            f"Use up to {STEWARD_CHARS_MAX} letters, digits and dashes, no name: it stands in the log for ever.",
        )
