"""How an operator writes a day."""

from datetime import date

from carnet_hub.core.failures import Unusable


def parse_day(text: str) -> date:
    """A calendar day, YYYY-MM-DD.

    Raises:
        Unusable: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as failure:
        raise Unusable(f"{text[:20]} is no date.", "Write it as 2026-09-25.") from failure
