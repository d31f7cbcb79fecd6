"""What a campaign demands of work on a car, now and at each moment before.

Decides which evidence and which numbers were demanded when some work was done, and how the records of a campaign keep
what is demanded no longer. Does not decide whether work meets a demand (`remedy`).

Rules
1. A demand binds from the moment of its publication until another takes its place. Work is judged by what was demanded
   when it was done, so neither a new demand nor a dropped one changes what was said about earlier work.
2. A record says what is demanded now, since when, and as one list what was demanded before. What this version cannot
   read of that list names no former demand.
3. A campaign without items does one thing, item 1, and names no number. An item that a plan left out keeps its record:
   work of its time did it. An item is found again under its number when a later plan takes it up.
4. A campaign begins with the day of its publication in mainland China, whose law dates it; earlier work is none of it.

    >>> held = then((EvidenceAsked(0, 1),), EvidenceAsked(70, 3))
    >>> [Demands(evidence=held).evidence_at(at_ms) for at_ms in (69, 70)]
    [1, 3]
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import msgspec

from carnet_protocol.cbor import decode, encode, to_frame
from carnet_protocol.errors import Malformed
from carnet_protocol.legal_days import legal_day_start
from carnet_protocol.limits import TEXT_BYTES_MAX
from carnet_protocol.registry import Value


class EvidenceAsked(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """From a moment on, work owed this evidence.

    Attributes:
        from_ms: ms since 1970; 0 for always.
        bits: see `remedy.evidence_bits`; 0 for none.
    """

    from_ms: int
    bits: int

    @property
    def asks(self) -> bool:
        """Whether anything is demanded."""
        return self.bits != 0


class NumbersAsked(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """From a moment on, an item had these numbers, or was no part of its campaign.

    Attributes:
        from_ms: ms since 1970; 0 for always.
        part_no, software_version: empty where none is named.
    """

    from_ms: int
    part_no: str
    software_version: str
    is_listed: bool

    @property
    def asks(self) -> bool:
        """Whether the item was part of the campaign."""
        return self.is_listed


Asked = TypeVar("Asked", EvidenceAsked, NumbersAsked)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One of the things that a campaign does on a car.

    Attributes:
        item_no: 1 to `CAMPAIGN_ITEMS_MAX`; stands in completions.
        part_no, software_version: what has to be fitted, or had when the item was left out; empty where none is named.
        asked: what was demanded from when on, ascending; empty for an item that always had its numbers.
    """

    item_no: int
    label: str
    part_no: str = ""
    software_version: str = ""
    is_required: bool = True
    asked: tuple[NumbersAsked, ...] = ()

    @property
    def timeline(self) -> tuple[NumbersAsked, ...]:
        """What was demanded from when on, at least one entry."""
        return self.asked or (NumbersAsked(0, self.part_no, self.software_version, is_listed=True),)

    @property
    def is_listed(self) -> bool:
        """Whether the newest plan has it."""
        return self.timeline[-1].is_listed


@dataclass(frozen=True, slots=True)
class Demands:
    """What a campaign demands of a completion.

    Attributes:
        items: every item that a plan ever had, by number; none for a campaign that always did one thing.
        evidence: what was owed from when on, ascending; empty for nothing.
        begins_ms: work that was done earlier belongs to no campaign; 0 for always.
    """

    items: tuple[WorkItem, ...] = ()
    evidence: tuple[EvidenceAsked, ...] = ()
    begins_ms: int = 0

    @property
    def listed(self) -> tuple[WorkItem, ...]:
        """The items of the newest plan; none for a campaign that does one thing."""
        return tuple(item for item in self.items if item.is_listed)

    @property
    def work(self) -> tuple[WorkItem, ...]:
        """What is done on a car now, at least one item."""
        return self.listed or (_ONE_ITEM,)

    @property
    def evidence_bits(self) -> int:
        """What is owed now."""
        return self.evidence[-1].bits if self.evidence else 0

    @property
    def known_ms(self) -> int:
        """Whoever knows these demands lives no earlier than this, whatever a clock shows."""
        asked = [one.from_ms for one in self.evidence] + [one.from_ms for item in self.items for one in item.timeline]
        return max(self.begins_ms, *asked, 0)

    def evidence_at(self, at_ms: int) -> int:
        """What work of a moment owed, as bits."""
        asked = in_force(self.evidence, at_ms)
        return 0 if asked is None else asked.bits

    def numbers_at(self, at_ms: int) -> dict[int, dict[str, Value]]:
        """The items of a moment by number, at least one, each with the numbers that it then had."""
        held = {item.item_no: in_force(item.timeline, at_ms) for item in self.items}
        listed = {number: asked for number, asked in held.items() if asked is not None and asked.is_listed}
        return {number: _named(asked) for number, asked in (listed or {_ONE_ITEM.item_no: _NO_NUMBERS}).items()}


_ONE_ITEM: Final = WorkItem(1, "")
"""What a campaign without items does."""

_NO_NUMBERS: Final = NumbersAsked(0, "", "", is_listed=True)

NO_DEMANDS: Final = Demands()


def in_force(asked: tuple[Asked, ...], at_ms: int) -> Asked | None:
    """The last demand that was made by a moment; None when none was."""
    return next((one for one in reversed(asked) if one.from_ms <= at_ms), None)


def then(asked: tuple[Asked, ...], newer: Asked) -> tuple[Asked, ...]:
    """A timeline with one more demand; the same one when it demands what stands already, or nothing when nothing does.

    Args:
        newer: no earlier than the last demand of the timeline.
    """
    if not asked:
        return (newer,) if newer.asks else ()
    if msgspec.structs.replace(asked[-1], from_ms=newer.from_ms) == newer:
        return asked
    kept: list[Asked] = [one for one in asked if one.from_ms < newer.from_ms]
    kept.append(newer)
    return tuple(kept)


def demands_of(campaign: Mapping[str, Value], items: list[WorkItem]) -> Demands:
    """What a campaign demands.

    Args:
        campaign: values of its record, by field name.
        items: those of its item records, see `item_of`.
    """
    bits, asked_ms = _number(campaign.get("evidence_bits")), _number(campaign.get("evidence_asked_at"))
    former = _former(campaign.get("former_evidence"), EvidenceAsked)
    evidence = (*former, EvidenceAsked(asked_ms, bits)) if former else then((), EvidenceAsked(asked_ms, bits))
    published = campaign.get("published_at")
    begins_ms = legal_day_start(published) if isinstance(published, int) else 0
    return Demands(tuple(sorted(items, key=lambda item: item.item_no)), evidence, begins_ms)


def evidence_fields(asked: tuple[EvidenceAsked, ...]) -> dict[str, Value]:
    """A timeline of evidence as the campaign's record holds it, see `demands_of`."""
    if not asked:
        return {"evidence_bits": None, "evidence_asked_at": None, "former_evidence": None}
    return {
        "evidence_bits": asked[-1].bits,
        "evidence_asked_at": asked[-1].from_ms or None,
        "former_evidence": _packed(asked[:-1]),
    }


def item_of(values: Mapping[str, Value]) -> WorkItem:
    """An item from the values of its record.

    Args:
        values: by field name.
    """
    part_no, software = str(values.get("part_no") or ""), str(values.get("software_version") or "")
    item = WorkItem(
        _number(values.get("item_no")),
        str(values.get("label") or ""),
        part_no,
        software,
        values.get("is_required") is not False,
    )
    now = NumbersAsked(_number(values.get("numbers_asked_at")), part_no, software, is_listed=True)
    left_at = values.get("left_out_at")
    gone = (NumbersAsked(left_at, "", "", is_listed=False),) if isinstance(left_at, int) else ()
    asked = (*_former(values.get("former_numbers"), NumbersAsked), now, *gone)
    return item if asked == item.timeline else replace(item, asked=asked)


def item_fields(item: WorkItem) -> dict[str, Value]:
    """What the record of an item says beside its place, see `item_of`."""
    listed = item.timeline if item.is_listed else item.timeline[:-1]
    return {
        "label": item.label,
        "part_no": listed[-1].part_no or None,
        "software_version": listed[-1].software_version or None,
        "is_required": item.is_required,
        "numbers_asked_at": listed[-1].from_ms or None,
        "former_numbers": _packed(listed[:-1]),
        "left_out_at": None if item.is_listed else item.timeline[-1].from_ms,
    }


def _packed(former: tuple[Asked, ...]) -> bytes | None:
    return encode(msgspec.to_builtins(former)) if former else None


def _former(packed: Value, shape: type[Asked]) -> tuple[Asked, ...]:
    """A list of former demands; none where there is none that can be read."""
    if not isinstance(packed, bytes):
        return ()
    try:
        listed = to_frame(decode(packed, bytes_max=TEXT_BYTES_MAX), list)
        return tuple(to_frame(one, shape) for one in listed)
    except Malformed:
        return ()


def _named(asked: NumbersAsked) -> dict[str, Value]:
    return {"part_no": asked.part_no, "software_version": asked.software_version}


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0
