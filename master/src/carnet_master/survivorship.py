"""Which of several source records' values a golden record shows, and where each comes from.

Decides, per group of fields, whose value is shown. Does not decide who belongs together (`clusters`) nor whose values a
reader may see: it is given only those. A value is never made up, mended or mixed: it is one source record's, whole.

| what | whose |
|---|---|
| name, birth | a pinned record; one with a valid document; else the value most records have; else the newest |
| company | a pinned record; one with a valid credit code; else the value most records have; else the newest |
| phones | every number once, not those marked as wrong; a pinned record's first, then the last confirmed or written |
| address | a pinned record's; the newest with a street, else the newest |
| do not contact | yes, if any record says so: also one whose other values the reader does not get |

Ties go to the larger record id, so that the order of the records plays no part.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from carnet_master.limits import GOLDEN_PHONES_MAX
from carnet_protocol.registry import Value

PINNED: Final = ("name", "birth", "company", "phone", "place")
"""Groups of fields for which a steward may say whose value is shown."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one register of a source record shows.

    Attributes:
        values: by field name.
        at_ms: when it was written; for a telephone, when it was last confirmed, if that is later.
    """

    values: Mapping[str, Value]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Source:
    """A source record, as far as the reader gets it.

    Attributes:
        is_documented: it shows a valid document number of the party.
        phones: not those marked as wrong.
        is_silent: it asks not to be contacted.
        pins: by group of `PINNED`, the log position of the steward's word that this record's value is shown.
    """

    record: bytes
    site: bytes
    is_documented: bool = False
    party_kind: str = ""
    name: Written | None = None
    birth: Written | None = None
    company: Written | None = None
    phones: tuple[Written, ...] = ()
    places: tuple[Written, ...] = ()
    is_silent: bool = False
    pins: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A value and the source record it comes from."""

    written: Written
    source: Source


@dataclass(frozen=True, slots=True)
class GoldenValues:
    """What a golden record shows."""

    party_kind: str = ""
    name: Chosen | None = None
    birth: Chosen | None = None
    company: Chosen | None = None
    phones: tuple[Chosen, ...] = ()
    place: Chosen | None = None


def golden_values(sources: Iterable[Source]) -> GoldenValues:
    """The values that a golden record shows of some source records, in any order.

    Args:
        sources: only those whose values the reader may see.
    """
    listed = sorted(sources, key=lambda one: one.record)
    return GoldenValues(
        _party_kind(listed),
        _most_trusted(listed, "name", lambda one: one.name),
        _most_trusted(listed, "birth", lambda one: one.birth),
        _most_trusted(listed, "company", lambda one: one.company),
        _phones(listed),
        _place(listed),
    )


def _party_kind(sources: Sequence[Source]) -> str:
    counts = Counter(one.party_kind for one in sources if one.party_kind)
    return max(counts, key=lambda kind: (counts[kind], kind), default="")


def _most_trusted(sources: Sequence[Source], group: str, of: Callable[[Source], Written | None]) -> Chosen | None:
    """A pinned record's value, else a documented one's, else the most frequent one, else the newest."""
    found = [Chosen(written, one) for one in sources if (written := of(one)) is not None]
    counts = Counter(_identity(one.written) for one in found)
    return max(
        found,
        key=lambda one: (
            one.source.pins.get(group, 0),
            one.source.is_documented,
            counts[_identity(one.written)],
            one.written.at_ms,
            one.source.record,
        ),
        default=None,
    )


def _phones(sources: Sequence[Source]) -> tuple[Chosen, ...]:
    """Each number once, from where it was written last; the newest first."""
    newest: dict[Value, Chosen] = {}
    for source in sources:
        for written in source.phones:
            number, chosen = written.values.get("number"), Chosen(written, source)
            if number and (number not in newest or _age(chosen) > _age(newest[number])):
                newest[number] = chosen
    ordered = sorted(newest.values(), key=lambda one: (one.source.pins.get("phone", 0), _age(one)), reverse=True)
    return tuple(ordered[:GOLDEN_PHONES_MAX])


def _place(sources: Sequence[Source]) -> Chosen | None:
    found = [Chosen(written, source) for source in sources for written in source.places]
    return max(
        found,
        key=lambda one: (one.source.pins.get("place", 0), bool(one.written.values.get("street")), _age(one)),
        default=None,
    )


def _age(one: Chosen) -> tuple[int, bytes, str]:
    return (one.written.at_ms, one.source.record, repr(sorted(one.written.values.items())))


def _identity(written: Written) -> tuple[tuple[str, Value], ...]:
    return tuple(sorted((name, value) for name, value in written.values.items() if value is not None))
