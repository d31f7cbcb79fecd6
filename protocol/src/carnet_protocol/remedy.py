"""What a recall asks as proof that it was done on a car, and what the work that was reported for it comes to.

Decides which methods close a recall, which evidence each of them owes, when a part or software number is the one that
the campaign names, and when all that is required is done (`WorkBench`). Node and hub ask the same questions: a desk
refuses what the hub would not count. Does not decide who is a member, whether a dealer had the car, nor what a person
sees; what was demanded at which moment is `demands`.

Rules
1. `interim` and `refused` close nothing: the car stays open, whatever else was said.
2. A campaign asks for evidence by kind (`EVIDENCE`). Only work that fits something owes a part or software number;
   money back owes the owner's signature alone, and so does a refusal, also where the campaign asks for nothing.
3. An item is done when a completion names it and states no other number than the item's own. A number that is not
   stated is no wrong number; whether it had to be stated is rule 2. Where nothing is fitted a number is what was found
   on the car, and never wrong.
4. Numbers are compared without case, spaces and dashes: people leave them out.
5. Evidence, items and numbers are those of the moment the work was done. What it did then counts for the items that the
   campaign has now; where that is only one, for that one. Money back does whatever there is to do.
6. A car is done with the work that does the last required item. Work that comes later, or adds no item, is a duplicate.

    >>> missing_evidence(evidence_bits(["photo", "odometer"]), "replaced", {"odometer_km": 12_000})
    ('photo',)
    >>> item_numbers(0b101)
    (1, 3)
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_protocol.demands import Demands
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import HASH_BYTES
from carnet_protocol.limits import CAMPAIGN_ITEMS_MAX
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from carnet_protocol.vin import normalise_vin

EVIDENCE: Final = ("technician", "part", "photo", "odometer", "signature")
"""Kinds of evidence by bit, the first one lowest; appended to, never renumbered: the bits stand in signed sets."""

INTERIM: Final = "interim"
REFUSED: Final = "refused"
INSPECTED: Final = "inspected_no_defect"
REFUNDED: Final = "refunded"

CLOSING: Final = ("repaired", "replaced", "software", INSPECTED, REFUNDED)
"""Methods after which nothing is left to do."""

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "technician": ("technician_code",),
    "part": ("part_no", "software_version"),
    "photo": ("photo_hash",),
    "odometer": ("odometer_km",),
    "signature": ("signature_hash",),
}
"""Any one of these fields is the evidence."""

FITTING: Final = frozenset({"repaired", "replaced", "software"})
"""Methods that fit something: they need the remedy to be there, and it has a number."""

_METHODS: Final = frozenset({*CLOSING, INTERIM, REFUSED})
_HASHES: Final = ("photo_hash", "signature_hash")


class Outcome(StrEnum):
    """What reported work comes to."""

    COUNTED = "counted"
    DUPLICATE = "duplicate"
    PARTIAL = "partial"
    INTERIM = "interim"
    OWNER_REFUSED = "owner-refused"
    NO_METHOD = "no-method"
    BEFORE_CAMPAIGN = "before-campaign"
    LACKS_EVIDENCE = "lacks-evidence"
    NO_ITEM = "no-item"
    WRONG_PART = "wrong-part"


COUNTS_NOTHING: Final = frozenset(
    {Outcome.NO_METHOD, Outcome.BEFORE_CAMPAIGN, Outcome.LACKS_EVIDENCE, Outcome.NO_ITEM, Outcome.WRONG_PART}
)
"""Work that has to be recorded again before it counts."""


@dataclass(frozen=True, slots=True)
class Work:
    """Work that was reported for a car.

    Attributes:
        method: one of the registry's; empty when none was said.
        done_ms: when it counts as done, ms since 1970.
        values: of the completion, by field name.
    """

    method: str
    done_ms: int
    values: Mapping[str, Value]


class WorkBench:
    """The work on one car for one campaign, heard in the order in which it was done.

    Attributes:
        done: numbers of the items that are done.
        closed_by: method of the work with which all that is required was done; *inspected* only when nothing else was.
        has_interim: the interim remedy is on the car.
    """

    def __init__(self, demands: Demands) -> None:
        work = demands.work
        self._demands = demands
        self._listed = frozenset(item.item_no for item in work)
        self._required = frozenset(item.item_no for item in work if item.is_required)
        self._last_work = INSPECTED
        self.done: frozenset[int] = frozenset()
        self.closed_by: str | None = None
        self.has_interim = False

    def hear(self, work: Work) -> Outcome:
        """What some work comes to, the earlier having been heard."""
        fault = _fault(self._demands, work)
        if fault is not None:
            return fault
        if work.method == INTERIM:
            self.has_interim = True
            return Outcome.INTERIM
        if work.method == REFUSED:
            return Outcome.OWNER_REFUSED
        asked = self._demands.numbers_at(work.done_ms)
        claimed = claimed_items(asked, work.method, work.values.get("items_done"))
        right = {number for number in claimed if not contradicts(asked[number], work.method, work.values)}
        if claimed and not right:
            return Outcome.WRONG_PART
        return self._take(work.method, self._as_listed(right, work.method))

    def _as_listed(self, did: set[int], method: str) -> frozenset[int]:
        """The items of now that work did, by the items of its time."""
        return self._listed if did and (len(self._listed) == 1 or method == REFUNDED) else self._listed & did

    def _take(self, method: str, did: frozenset[int]) -> Outcome:
        if not did:
            return Outcome.NO_ITEM
        if self.closed_by is not None or did <= self.done:
            return Outcome.DUPLICATE
        self.done |= did
        if method != INSPECTED:
            self._last_work = method
        if not self._required <= self.done:
            return Outcome.PARTIAL
        self.closed_by = self._last_work
        return Outcome.COUNTED


def _fault(demands: Demands, work: Work) -> Outcome | None:
    """Why work counts nothing whatever else was reported; None for work that may count."""
    if work.method not in _METHODS:
        return Outcome.NO_METHOD
    if work.done_ms < demands.begins_ms:
        return Outcome.BEFORE_CAMPAIGN
    lacks = missing_evidence(demands.evidence_at(work.done_ms), work.method, work.values)
    return Outcome.LACKS_EVIDENCE if lacks else None


def evidence_bits(names: Iterable[str]) -> int:
    """Kinds of evidence as a campaign's field holds them.

    Raises:
        BadValue: BAD_FIELD, a name that is none of `EVIDENCE`.
    """
    bits = 0
    for name in names:
        if name not in EVIDENCE:
            raise BadValue(Reason.BAD_FIELD, "evidence", f"{name} is none of {', '.join(EVIDENCE)}")
        bits |= 1 << EVIDENCE.index(name)
    return bits


def evidence_names(bits: Value) -> tuple[str, ...]:
    """The reverse; kinds that this version does not know are left out."""
    return tuple(name for place, name in enumerate(EVIDENCE) if isinstance(bits, int) and bits >> place & 1)


def owed_evidence(bits: Value, method: str) -> tuple[str, ...]:
    """What a completion by a method has to show.

    Args:
        bits: `evidence_bits` of the campaign; None for one that asks for nothing.
    """
    if method == REFUSED:
        return ("signature",)
    asked = evidence_names(bits)
    if method == REFUNDED:
        return tuple(name for name in asked if name == "signature")
    return tuple(name for name in asked if name != "part" or method in FITTING)


def missing_evidence(bits: Value, method: str, values: Mapping[str, Value]) -> tuple[str, ...]:
    """What a completion owes and does not show, in the order of `EVIDENCE`.

    Args:
        values: of the completion, by field name.
    """
    return tuple(
        name for name in owed_evidence(bits, method) if not any(_is_shown(values, one) for one in _FIELDS[name])
    )


def evidence_field(name: str) -> str:
    """The first field that shows a kind of evidence: where a form points."""
    return _FIELDS[name][0]


def item_bits(numbers: Iterable[int]) -> int:
    """Items as `items_done` holds them.

    Args:
        numbers: 1 to `CAMPAIGN_ITEMS_MAX` each.
    """
    return sum({1 << number - 1 for number in numbers})


def item_numbers(bits: Value) -> tuple[int, ...]:
    """The reverse, ascending; none for a completion that says nothing of items."""
    numbers = range(1, CAMPAIGN_ITEMS_MAX + 1)
    return tuple(number for number in numbers if isinstance(bits, int) and bits >> number - 1 & 1)


def claimed_items(numbers: Collection[int], method: str, items_done: Value) -> tuple[int, ...]:
    """The items of a campaign that a completion says it did: all for money back, and the only one where there is one.

    Args:
        numbers: of the campaign's items; 1 alone for a campaign without items.
        items_done: as stated; None when nothing was said of items.
    """
    if len(numbers) == 1 or method == REFUNDED:
        return tuple(sorted(numbers))
    return tuple(number for number in item_numbers(items_done) if number in numbers)


def contradicts(item: Mapping[str, Value], method: str, values: Mapping[str, Value]) -> bool:
    """Whether work that fits something states another part or software number than the item has."""
    return method in FITTING and any(
        _differs(item.get(name), values.get(name)) for name in ("part_no", "software_version")
    )


def _differs(named: Value, stated: Value) -> bool:
    if not isinstance(named, str) or not isinstance(stated, str) or not named or not stated:
        return False
    return normalise_vin(named) != normalise_vin(stated)


def _is_shown(values: Mapping[str, Value], name: str) -> bool:
    value = values.get(name)
    if name in _HASHES:
        return isinstance(value, bytes) and len(value) == HASH_BYTES
    return value is not None and value != ""
