"""The report of a workshop equals a recount of all its records, and reads no more than it has to.

`make report-laws` runs 1,000 histories.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carnet_node.adapters import figure_statements as figures
from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import driver
from carnet_node.core.node import Node
from carnet_node.core.numbering import local_date
from carnet_node.core.showing.shop_reporting import period_asked, report_of
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import APPOINTMENT, PROMISE_CHANGE, RECALL_COMPLETION, SETTLEMENT, VISIT
from carnet_protocol.registry import Kind, Value
from carnet_protocol.resolvers import show
from carnet_protocol.shop_figures import (
    Entry,
    Figures,
    Grouping,
    entries_of_appointment,
    entries_of_completion,
    entries_of_settlement,
    entries_of_visit,
    shop_report,
)
from support.node_builder import build_node, close_node
from support.shop_histories import MONTH, PERIODS, Booked, History, Order, histories, record_history

HISTORIES = int(os.environ.get("HISTORIES", "25"))
STATEMENTS = ("orders", "promises", "settlements", "completions", "appointments")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node without records."""
    made = build_node(tmp_path)
    yield made
    close_node(made)


def shown(node: Node, kind: Kind) -> dict[RecordId, Mapping[str, Value]]:
    """What every record of a kind that stands says, out of its entries and not out of the columns."""
    with node.store.read() as tx:
        found = [one for one in tx.projections(kind) if not one.is_deleted and not one.is_hidden]
    names = {label: name for name, label in kind.labels.items()}
    return {one.record: {names[at]: said for at, said in show(kind, one.entries).values.items()} for one in found}


def recount(node: Node) -> list[Entry]:
    """What counts of all that the node holds, record by record and whatever its day."""

    def day_of(at_ms: int) -> date:
        return local_date(at_ms, node.settings.utc_offset_minutes)

    orders, bills = shown(node, VISIT), shown(node, SETTLEMENT)
    billed = {one.get("visit_id") for one in bills.values() if not one.get("retracted")}
    moves = list(shown(node, PROMISE_CHANGE).values())
    found: list[Entry] = []
    for visit, values in orders.items():
        own = [one for one in moves if one.get("visit_id") == visit]
        found += entries_of_visit(values, own, day_of, has_settlement=visit in billed)
    for one in bills.values():
        found += entries_of_settlement(one, orders.get(RecordId(one["visit_id"]), {}), day_of)  # type: ignore[arg-type]
    for one in shown(node, RECALL_COMPLETION).values():
        found += entries_of_completion(one, orders.get(RecordId(one["visit_id"]), {}), day_of)  # type: ignore[arg-type]
    for one in shown(node, APPOINTMENT).values():
        found += entries_of_appointment(one, day_of)
    return found


@settings(max_examples=HISTORIES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories, st.sampled_from(Grouping))
def test_a_report_is_what_a_recount_of_all_records_finds(history: History, by: Grouping):
    """For the month and each of its ten-day periods, whatever was recorded, taken back or deleted around it."""
    with TemporaryDirectory() as folder:
        node = build_node(Path(folder))
        record_history(node, history)

        entries = recount(node)
        reports = [report_of(node, period, by) for period in PERIODS]
        close_node(node)

    assert reports == [shop_report(entries, period, by) for period in PERIODS]


def test_an_order_counts_on_each_of_its_days_once(node: Node):
    """Opened, done and settled in one month, it stands in three indexes and counts one visit."""
    first = node.clock.now_ms()
    days = {"opened_at": first, "promised_at": first + 2, "completed_at": first + 1, "settled_at": first + 1}
    values: dict[str, Value] = {**days, "advisor_code": "A1", "customer_fen": 700}

    record_history(node, History([Order("settled", values, False, [], [], [])], []))

    assert report_of(node, MONTH, Grouping.ADVISOR).groups == {
        "A1": Figures(visits=1, promised=1, promises_kept=1, customer_fen=700)
    }


@pytest.mark.parametrize(("why", "fen"), [(None, 300), ("entered_in_error", 700)], ids=["stands", "taken back"])
def test_a_settlement_that_was_taken_back_leaves_the_totals_of_the_order(node: Node, why: str | None, fen: int):
    """An order counts by its settlement while that stands, and by its own totals without one."""
    at_ms = node.clock.now_ms()
    values: dict[str, Value] = {"opened_at": at_ms, "settled_at": at_ms, "customer_fen": 700}
    bill: dict[str, Value] = {"settled_at": at_ms, "customer_gross_fen": 300}

    record_history(node, History([Order("settled", values, False, [], [(bill, why)], [])], []))

    assert report_of(node, MONTH, Grouping.ADVISOR).total.customer_fen == fen


def test_an_appointment_that_was_deleted_counts_no_more(node: Node):
    """It was entered by mistake."""
    said: dict[str, Value] = {"status": "booked", "starts_at": node.clock.now_ms()}

    record_history(node, History([], [Booked(said, is_deleted=True), Booked(said, is_deleted=False)]))

    assert report_of(node, MONTH, Grouping.DAY).total == Figures(appointments=1)


def test_without_a_name_the_period_is_the_present_month(node: Node):
    """2026-09-21 is a day of September at the site."""
    assert period_asked(node, None) == MONTH


@pytest.mark.parametrize("name", ["2026-13", "2026-09-4", "2026", "", "september"])
def test_a_period_that_is_none_is_refused(node: Node, name: str):
    """A month or a ten-day period has one way to be written."""
    with pytest.raises(BadValue):
        period_asked(node, name)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_report_reads_the_days_it_is_about(tmp_path: Path, name: str):
    """No table is read to its end, however many years stand in it."""
    upgrade(tmp_path / "x.db")
    statement = getattr(figures, f"counted_{name}")()

    with closing(driver.connect(tmp_path / "x.db")) as database:
        asked = tuple("x" for _ in statement.names)
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement.sql}", asked)]

    assert not [step for step in plan if step.startswith("SCAN ")], plan
