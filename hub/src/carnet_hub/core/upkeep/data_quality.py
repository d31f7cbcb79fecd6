"""How good what a site sends is, in three numbers for a period: completeness, delay, errors. Numbers, and no verdict.

    completeness   of the visits of the period: how many of the fields that a report rests on are filled in
    delay          from the time of a change set, as its admission has fixed it, to its arrival: half are no later
                   than the median, 95 of 100 no later than the 95th
    errors         change sets that the hub refused, or of which some op is void, of all that arrived

Decides what counts. A set that is parked waits and is no error; a set of the hub's own or one that came again is left
out. Reads the entries of the period alone: arrival times never go back, so its ends are found by halving.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from carnet_hub.core.limits import LOG_BATCH_ENTRIES
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import LogKind, LogRow
from carnet_hub.core.upkeep.shop_reporting import SiteEntries, Values
from carnet_protocol.legal_days import DAY_MS, legal_day_start
from carnet_protocol.ten_days import Period

ASKED: Final = (("customer_id",), ("odometer_in_km", "is_odometer_unknown"), ("advisor_code",), ("visit_kind",))
"""What every visit should state; of two names one is enough."""

_ARRIVALS: Final = frozenset({LogKind.ADMIT, LogKind.PARK, LogKind.REFUSE})
_MEDIAN: Final = 50
_LATE: Final = 95


@dataclass(frozen=True, slots=True)
class Quality:
    """The numbers of one site.

    Attributes:
        fields_asked, fields_filled: of the visits of the period.
        sets, faulty_sets: change sets that arrived in the period.
        delay_median_s, delay_late_s: whole seconds; None where nothing arrived. A clock that runs ahead has none.
    """

    fields_asked: int
    fields_filled: int
    sets: int
    faulty_sets: int
    delay_median_s: int | None
    delay_late_s: int | None

    @property
    def completeness_percent(self) -> int | None:
        """Filled of asked, rounded down; None where nothing was asked."""
        return self.fields_filled * 100 // self.fields_asked if self.fields_asked else None

    @property
    def error_permille(self) -> int | None:
        """Faulty of all, of 1,000 sets, rounded up so that one error is never none; None where nothing arrived."""
        return -(-self.faulty_sets * 1000 // self.sets) if self.sets else None


@dataclass(slots=True)
class Arrived:
    """What arrived of one site."""

    delays_ms: list[int]
    faulty: int = 0


def quality_of(found: SiteEntries | None, arrived: Arrived | None) -> Quality:
    """The numbers of a site from what it did and what arrived of it."""
    visits = () if found is None else found.visits
    filled = sum(_states(visit, names) for visit in visits for names in ASKED)
    delays = [] if arrived is None else sorted(arrived.delays_ms)
    faulty = 0 if arrived is None else arrived.faulty
    median, late = (_percentile_s(delays, one) for one in (_MEDIAN, _LATE))
    return Quality(len(visits) * len(ASKED), filled, len(delays), faulty, median, late)


def arrivals(snapshot: Snapshot, period: Period) -> dict[bytes, Arrived]:
    """By dealer id: what arrived in a period."""
    first_ms, last_ms = (legal_day_start(_noon_ms(day)) for day in (period.start, period.end))
    found: dict[bytes, Arrived] = {}
    for row in _entries_between(snapshot, first_ms, last_ms + DAY_MS):
        if row.kind not in _ARRIVALS:
            continue
        site = found.setdefault(row.dealer_id, Arrived([]))
        site.delays_ms.append(max(0, row.received_ms - row.time_ms))
        site.faulty += bool(row.kind == LogKind.REFUSE or row.voids)
    return found


def _entries_between(snapshot: Snapshot, since_ms: int, before_ms: int) -> Iterator[LogRow]:
    position = _first_at(snapshot, since_ms)
    head = snapshot.head().position
    while position <= head:
        last = min(position + LOG_BATCH_ENTRIES - 1, head)
        rows = snapshot.log_facts(range(position, last + 1))
        for one in range(position, last + 1):
            if rows[one].received_ms >= before_ms:
                return
            yield rows[one]
        position = last + 1


def _first_at(snapshot: Snapshot, since_ms: int) -> int:
    """The first position that arrived at a moment or later; one behind the head where none did."""
    low, high = 1, snapshot.head().position + 1
    while low < high:
        middle = (low + high) // 2
        if snapshot.commit_times([middle])[middle] < since_ms:
            low = middle + 1
        else:
            high = middle
    return low


def _states(visit: Values, names: tuple[str, ...]) -> bool:
    return any(visit.get(name) not in (None, "", False) for name in names)


def _percentile_s(ascending: list[int], percent: int) -> int | None:
    """The least one that so many of a hundred do not exceed, in whole seconds."""
    if not ascending:
        return None
    place = max(-(-len(ascending) * percent // 100), 1) - 1
    return ascending[place] // 1000


def _noon_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 4, tzinfo=UTC).timestamp()) * 1000
