"""What workshops did in ten days or a month, counted at the hub from the records that sites have sent.

Decides which records are looked at: every one of a kind that a site owns, in one snapshot, because nothing at the hub
stands by its day. What is kept in memory is of the period alone. Which record counts for which figure is
`carnet_protocol.shop_figures`, the same for hub and node: a site and the hub differ only by what waits to be sent.

Days are those of mainland China. A site whose clocks stand elsewhere has its report at its own node.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import DAY_MOMENT_MS_MAX, RETENTION_BATCH
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shown import shown_values
from carnet_protocol.ids import DealerId
from carnet_protocol.legal_days import legal_day
from carnet_protocol.registry import Value
from carnet_protocol.shop_figures import (
    Entry,
    Figures,
    entries_of_appointment,
    entries_of_completion,
    entries_of_settlement,
    entries_of_visit,
)
from carnet_protocol.ten_days import Period

Values = Mapping[str, Value]
Watched = Callable[[Iterable[RecordRow]], Iterable[RecordRow]]
"""Hands records on, and shows somebody that they come."""

_NOTHING: Final[Values] = {}


@dataclass(frozen=True, slots=True)
class SiteEntries:
    """What counts of one site in a period.

    Attributes:
        visits: orders that were opened in it and count as visits, for the quality of what was entered.
    """

    entries: tuple[Entry, ...]
    visits: tuple[Values, ...]

    @property
    def total(self) -> Figures:
        """All of it added up."""
        return sum((one.figures for one in self.entries), Figures())


def entries_of_sites(
    hub: Hub, snapshot: Snapshot, period: Period, dealer: DealerId | None, watched: Watched
) -> dict[bytes, SiteEntries]:
    """By dealer id: what counts in a period. A site of which nothing does is missing.

    Args:
        dealer: the only site asked for; None asks for all.
    """
    reading = _Reading(hub, snapshot, period, dealer, watched)
    orders = reading.orders()
    billed, settlements = reading.settlements(orders)
    found: dict[bytes, list[Entry]] = {}
    visits: dict[bytes, list[Values]] = {}
    moved = reading.promises(orders)
    for visit, (owner, values) in orders.items():
        counted = entries_of_visit(values, moved.get(visit, ()), day_of, has_settlement=visit in billed)
        found.setdefault(owner, []).extend(counted)
        if any(one.figures.visits and period.has(one.on) for one in counted):
            visits.setdefault(owner, []).append(values)
    for owner, bill, order in settlements:
        found.setdefault(owner, []).extend(entries_of_settlement(bill, order, day_of))
    for owner, done, order in reading.completions():
        found.setdefault(owner, []).extend(entries_of_completion(done, order, day_of))
    for owner, one in reading.of_kind("appointment", ("starts_at",)):
        found.setdefault(owner, []).extend(entries_of_appointment(one, day_of))
    inside = {owner: tuple(one for one in some if period.has(one.on)) for owner, some in found.items()}
    return {owner: SiteEntries(some, tuple(visits.get(owner, ()))) for owner, some in inside.items() if some}


def day_of(at_ms: int) -> date:
    """The day of a moment in mainland China; clamped to 1970 to 2099."""
    return legal_day(max(0, min(at_ms, DAY_MOMENT_MS_MAX)))


@dataclass(frozen=True, slots=True)
class _Reading:
    """The records of one question, read kind by kind."""

    hub: Hub
    snapshot: Snapshot
    period: Period
    dealer: DealerId | None
    watched: Watched

    def of_kind(self, kind: str, moments: tuple[str, ...]) -> Iterator[tuple[bytes, Values]]:
        """Owner and values of records with one of these moments in the period."""
        for row, values in self._rows(kind, moments):
            yield row.owner, values

    def orders(self) -> dict[bytes, tuple[bytes, Values]]:
        """By id: owner and values of the orders that were opened, completed or settled in the period."""
        dates = ("opened_at", "completed_at", "settled_at")
        return {row.id: (row.owner, values) for row, values in self._rows("visit", dates)}

    def promises(self, orders: Mapping[bytes, object]) -> dict[Value, list[Values]]:
        """By order: its changes of the promise."""
        found: dict[Value, list[Values]] = {}
        for _, values in self._rows("promise_change", ()):
            if values.get("visit_id") in orders:
                found.setdefault(values["visit_id"], []).append(values)
        return found

    def settlements(self, orders: Mapping[bytes, object]) -> tuple[set[Value], list[tuple[bytes, Values, Values]]]:
        """Which of these orders have a settlement that stands; and those of the period, each with its order."""
        billed: set[Value] = set()
        inside: list[tuple[bytes, Values]] = []
        for row, values in self._rows("settlement", ()):
            if not values.get("retracted") and values.get("visit_id") in orders:
                billed.add(values["visit_id"])
            if self._is_inside(values, ("settled_at",)):
                inside.append((row.owner, values))
        return billed, self._with_orders(inside)

    def completions(self) -> list[tuple[bytes, Values, Values]]:
        """Recalls done in the period, each with its order."""
        return self._with_orders(list(self.of_kind("recall_completion", ("completed_at",))))

    def _with_orders(self, some: list[tuple[bytes, Values]]) -> list[tuple[bytes, Values, Values]]:
        kind, orders = self.hub.registry["visit"].number, dict[Value, Values]()
        wanted = sorted({visit for _, values in some if isinstance(visit := values.get("visit_id"), bytes)})
        for begin in range(0, len(wanted), RETENTION_BATCH):
            for row in self.snapshot.records(kind, wanted[begin : begin + RETENTION_BATCH]).values():
                orders[row.id] = shown_values(self.hub.registry, row)
        return [(owner, values, orders.get(values.get("visit_id"), _NOTHING)) for owner, values in some]

    def _rows(self, kind: str, moments: tuple[str, ...]) -> Iterator[tuple[RecordRow, Values]]:
        for row in self.watched(self.snapshot.records_of_kind(self.hub.registry[kind].number)):
            if self.dealer is not None and row.owner != self.dealer:
                continue
            values = shown_values(self.hub.registry, row)
            if values and (not moments or self._is_inside(values, moments)):
                yield row, values

    def _is_inside(self, values: Values, moments: tuple[str, ...]) -> bool:
        stated = (values.get(name) for name in moments)
        return any(isinstance(at_ms, int) and self.period.has(day_of(at_ms)) for at_ms in stated)
