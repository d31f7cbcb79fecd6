"""Which numbers a campaign says it is about, so that a list that holds others is noticed.

Decides whether a number is inside what the producer declared: beginnings, and ranges from one VIN to another. It is an
envelope: production orders skip vehicles inside any range, so the list alone decides who is a member. Does not decide
what becomes of a number outside (`campaign_plans`).

Rules
1. `LSVAB2C3*` is a beginning, of a VIN or of a frame number. `FROM-TO` are two VINs, both inside.
2. The check digit plays no part in a range: it says nothing of the order in which vehicles were built.

    >>> scope = parse_scope("LSVAB2C3*, LFV2A21K0G3000001-LFV2A21K0G3000999")
    >>> [scope.holds(vin) for vin in ("LSVAB2C34RA123456", "LFV2A21K5G3000500", "LFV2A21K5G3001000")]
    [True, True, False]
"""

from dataclasses import dataclass
from typing import Final

from carnet_hub.core.failures import Unusable
from carnet_protocol.ids import VIN_CHARS
from carnet_protocol.vin import has_vin_characters, normalise_vin

_BEGINNING_CHARS_MIN: Final = 3
_FORM: Final = "Write beginnings as LSVAB2C3*, ranges as two VINs with a dash between them, and commas between all."


@dataclass(frozen=True, slots=True)
class VinScope:
    """What a campaign declares.

    Attributes:
        beginnings: in normal form, at least three characters each.
        ranges: first and last VIN without their check digits, both inside.
    """

    beginnings: tuple[str, ...] = ()
    ranges: tuple[tuple[str, str], ...] = ()

    def holds(self, number: str) -> bool:
        """Whether a number is inside; every number is, where nothing is declared.

        Args:
            number: a VIN or frame number in normal form.
        """
        if not self.beginnings and not self.ranges:
            return True
        if number.startswith(self.beginnings):
            return True
        key = _key(number)
        return len(number) == VIN_CHARS and any(first <= key <= last for first, last in self.ranges)


ANY_NUMBER: Final = VinScope()
"""Of a campaign that declares nothing that a program could check."""


def parse_scope(text: str) -> VinScope:
    """What a producer wrote; an empty text declares nothing.

    Raises:
        Unusable: a part is neither a beginning nor a range, or a range ends before it begins.
    """
    beginnings: list[str] = []
    ranges: list[tuple[str, str]] = []
    for part in filter(None, (one.strip() for one in text.replace("，", ",").replace("、", ",").split(","))):
        if part.endswith("*"):
            beginnings.append(_beginning(part))
        else:
            ranges.append(_range(part))
    return VinScope(tuple(beginnings), tuple(ranges))


def _beginning(part: str) -> str:
    number = normalise_vin(part[:-1])
    if not _BEGINNING_CHARS_MIN <= len(number) <= VIN_CHARS or not (number.isascii() and number.isalnum()):
        raise Unusable(f"vin_scope: {part[:40]} is no beginning of a number.", _FORM)
    return number


def _range(part: str) -> tuple[str, str]:
    numbers = [normalise_vin(one) for one in part.split("-")]
    if len(numbers) != 2 or not all(map(has_vin_characters, numbers)):  # noqa: PLR2004  (from and to)
        raise Unusable(f"vin_scope: {part[:40]} is neither a beginning nor a range.", _FORM)
    first, last = map(_key, numbers)
    if first > last:
        raise Unusable(f"vin_scope: {part[:40]} ends before it begins.", "Write the first VIN before the last one.")
    return first, last


def _key(vin: str) -> str:
    """A VIN without its check digit."""
    return vin[:8] + vin[9:]
