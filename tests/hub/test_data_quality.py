"""Three numbers about what a site sends: what they count, and that only the entries of the period are read."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest

from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import LogHead, LogKind, LogRow
from carnet_hub.core.upkeep.data_quality import ASKED, Arrived, Quality, arrivals, quality_of
from carnet_hub.core.upkeep.shop_reporting import SiteEntries, Values
from carnet_protocol.ten_days import month_of

SEPTEMBER = month_of(date(2026, 9, 1))
FIRST_MS = int(datetime(2026, 8, 31, 16, tzinfo=UTC).timestamp()) * 1000
"""When September begins in mainland China."""

BEHIND_MS = FIRST_MS + 30 * 24 * 3600 * 1000
SITE, OTHER = b"a" * 16, b"b" * 16
NOTHING = Quality(0, 0, 0, 0, None, None)


def entry(received_ms: int, *, kind: LogKind = LogKind.ADMIT, late_ms: int = 0, **said: Any) -> LogRow:
    """One entry of the log, about a set of the first site."""
    blank = (0, kind, b"", received_ms, SITE, b"", b"", 0, b"", b"", b"", received_ms - late_ms, 0, None, b"", 0)
    return LogRow(*blank, None, b"", False, b"")._replace(**said)


@dataclass
class Log:
    """A log in memory that remembers how much of it was read."""

    rows: list[LogRow]
    asked: set[int] = field(default_factory=set)

    def head(self) -> LogHead:
        """The end."""
        return LogHead(len(self.rows), self.rows[-1].received_ms if self.rows else 0)

    def commit_times(self, positions: Collection[int]) -> dict[int, int]:
        """When they arrived."""
        return {one: self.rows[one - 1].received_ms for one in positions}

    def log_facts(self, positions: Collection[int]) -> dict[int, LogRow]:
        """What they say."""
        self.asked |= set(positions)
        return {one: self.rows[one - 1] for one in positions}


def counted(*rows: LogRow) -> dict[bytes, Arrived]:
    """What arrived in September."""
    return arrivals(cast("Snapshot", Log(list(rows))), SEPTEMBER)


@pytest.mark.parametrize(
    ("received_ms", "sets"),
    [
        pytest.param(FIRST_MS - 1, 0, id="a moment before"),
        pytest.param(FIRST_MS, 1, id="its first moment"),
        pytest.param(BEHIND_MS - 1, 1, id="its last"),
        pytest.param(BEHIND_MS, 0, id="a moment behind"),
    ],
)
def test_a_set_counts_in_the_period_it_arrived_in(received_ms: int, sets: int):
    """Days are those of mainland China."""
    found = counted(entry(received_ms))

    assert quality_of(None, found.get(SITE)).sets == sets


@pytest.mark.parametrize(
    ("said", "faulty"),
    [
        pytest.param({}, 0, id="admitted"),
        pytest.param({"kind": LogKind.REFUSE}, 1, id="refused"),
        pytest.param({"voids": b"x"}, 1, id="an op of it is void"),
        pytest.param({"kind": LogKind.PARK}, 0, id="it waits"),
    ],
)
def test_a_refusal_and_a_void_op_are_errors(said: dict[str, Any], faulty: int):
    """A set that is parked waits for something and is no error."""
    assert counted(entry(FIRST_MS, **said))[SITE].faulty == faulty


@pytest.mark.parametrize("kind", [LogKind.RELEASE, LogKind.EXCLUDE, LogKind.REPEAT])
def test_what_is_decided_later_arrives_no_second_time(kind: LogKind):
    """A release, an exclusion and a set that came again are no arrivals."""
    assert counted(entry(FIRST_MS, kind=kind)) == {}


def test_every_site_has_its_own_numbers():
    """Delays are kept apart; a clock that runs ahead has none."""
    found = counted(entry(FIRST_MS, late_ms=7_000), entry(FIRST_MS, late_ms=-9_000, dealer_id=OTHER))

    assert {site: one.delays_ms for site, one in found.items()} == {SITE: [7_000], OTHER: [0]}


def test_only_the_entries_of_the_period_are_read():
    """Ten thousand entries before it and as many behind it cost a few look-ups."""
    day_ms = 1_000
    log = Log([entry(FIRST_MS + (place - 10_000) * day_ms) for place in range(10_000)])
    log.rows += [entry(FIRST_MS), *(entry(BEHIND_MS + place) for place in range(10_000))]

    found = arrivals(cast("Snapshot", log), SEPTEMBER)

    assert len(found[SITE].delays_ms) == 1
    assert len(log.asked) <= 200


@pytest.mark.parametrize(
    ("delays_s", "median", "late"),
    [
        pytest.param([], None, None, id="nothing"),
        pytest.param([5], 5, 5, id="one"),
        pytest.param([9, 1], 1, 9, id="the lower of two"),
        pytest.param(list(range(1, 101)), 50, 95, id="a hundred"),
    ],
)
def test_half_are_no_later_than_the_median(delays_s: list[int], median: int | None, late: int | None):
    """And 95 of 100 no later than the other number."""
    quality = quality_of(None, Arrived([one * 1000 for one in delays_s]))

    assert (quality.delay_median_s, quality.delay_late_s) == (median, late)


def test_completeness_is_of_the_visits_of_the_period():
    """One of two odometer fields is enough; no and nothing fill no field."""
    visits: tuple[Values, ...] = (
        {"customer_id": b"c", "is_odometer_unknown": True, "advisor_code": ""},
        {"is_odometer_unknown": False},
    )

    quality = quality_of(SiteEntries((), visits), None)

    assert (quality.fields_asked, quality.fields_filled) == (2 * len(ASKED), 2)
    assert quality.completeness_percent == 25


def test_one_error_of_many_is_never_none():
    """It is rounded up, completeness down; without anything to count there is no number."""
    assert Quality(300, 299, 5_000, 1, 0, 0).error_permille == 1
    assert Quality(300, 299, 5_000, 1, 0, 0).completeness_percent == 99
    assert (NOTHING.error_permille, NOTHING.completeness_percent) == (None, None)
