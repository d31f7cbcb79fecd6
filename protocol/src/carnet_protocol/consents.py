"""What a customer has said about one purpose: the last word that stands; one rule for hub and desk.

Decides which of several statements counts. Does not decide what silence means: whoever asks knows what the purpose
needs.

Rules
1. A statement that was taken back is none.
2. The last one counts, by the moment that it states; one that states no moment comes before all others. Of two of one
   moment the withdrawal counts: where somebody may have said no, nobody acts on a yes.
3. Being told of recalls is a purpose of its own and needs no consent. Whoever wants no offers, or never said anything,
   is told; only whose last word on this purpose is no is left alone.

    >>> last_word([{"purpose": "sharing", "statement": "granted", "stated_at": 5}], "sharing")
    True
"""

from collections.abc import Iterable, Mapping
from typing import Final

from carnet_protocol.limits import INT_VALUE_MIN
from carnet_protocol.registry import Value

_RECALL: Final = "recall"
_GRANTED: Final = "granted"


def last_word(consents: Iterable[Mapping[str, Value]], purpose: str) -> bool | None:
    """Whether the last statement that stands is a consent; None without any.

    Args:
        consents: shown values of `kinds.CONSENT` by field name, of one customer, in any order.
        purpose: one of those of `kinds.CONSENT`.
    """
    standing = [one for one in consents if one.get("purpose") == purpose and not one.get("retracted")]
    last = max(standing, key=lambda one: (_stated_ms(one), one.get("statement") != _GRANTED), default=None)
    return None if last is None else last.get("statement") == _GRANTED


def declines_recalls(consents: Iterable[Mapping[str, Value]]) -> bool:
    """Rule 3: whether a customer has asked not to be told of recalls.

    Args:
        consents: as of `last_word`.
    """
    return last_word(consents, _RECALL) is False


def _stated_ms(consent: Mapping[str, Value]) -> int:
    stated = consent.get("stated_at")
    return stated if isinstance(stated, int) else INT_VALUE_MIN
