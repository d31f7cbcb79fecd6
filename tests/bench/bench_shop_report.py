"""The month report of a workshop after ten years, against the same month alone in a database.

Both databases hold one and the same month; the long one holds it among ten years, 1,000,000 orders in all with their
settlements, moved promises, recalls and appointments. What the report costs must follow from the month, not from the
years: the floor is the month alone. Seconds are those of one core, which is what a machine that does nothing else would
need; what the clock on the wall said stands beside them. Rows are written straight into the tables, since a report
reads columns; both files are warm; rounds alternate.

    python tests/bench/bench_shop_report.py
    SCALE=0.1 python -m tools.bench --only shop_report
"""

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import driver
from carnet_node.core.node import Node
from carnet_node.core.showing.documents import DocumentQuery, find_documents
from carnet_node.core.showing.shop_reporting import report_of
from carnet_protocol.shop_figures import Grouping
from carnet_protocol.ten_days import period_named
from support.node_builder import DEALER_A, build_node, close_node

VISITS = 1_000_000
DAYS = 3_650
SEED = 7
SECONDS_MAX = 2.0
RATIO_MAX = 3.0
ROWS_PER_CALL = 5_000
MONTH = period_named("2026-08")
DAY_MS = 24 * 3600 * 1000
LAST_MS = int(datetime(2026, 9, 21, tzinfo=UTC).timestamp()) * 1000
MIX = ["each order: one settlement", "every 5th: a moved promise", "every 20th: a recall", "every 2nd: an appointment"]

Rows = dict[str, list[dict[str, Any]]]


def run(repetitions: int) -> list[dict[str, Any]]:
    """The month report and a year's query at 1,000,000 orders, and the median ratio to the month alone.

    Args:
        repetitions: pairs of reports; 1 at least.
    """
    visits = round(VISITS * float(os.environ.get("SCALE") or 1))
    with tempfile.TemporaryDirectory() as scratch:
        years, month = (_node(Path(scratch) / name, visits, is_whole=name == "years") for name in ("years", "month"))
        assert report_of(years, MONTH, Grouping.ADVISOR) == report_of(month, MONTH, Grouping.ADVISOR)
        pairs = [(_spent(_month_of(years)), _spent(_month_of(month))) for _ in range(repetitions)]
        word = DocumentQuery("visit", date(2025, 9, 21), date(2026, 9, 21), text="nobody wrote this")
        searched = [_spent(lambda: find_documents(years, word)) for _ in range(repetitions)]
        counted = report_of(years, MONTH, Grouping.ADVISOR).total.visits
        for one in (years, month):
            close_node(one)
    floor = statistics.median(short.core_s for _, short in pairs)
    ratio = statistics.median(long.core_s / short.core_s for long, short in pairs)
    name = f"shop report: a month of {counted:,} of {visits:,} visits"
    return [
        _row(
            name, [long for long, _ in pairs], floor=round(floor, 4), ratio=round(ratio, 3), ratio_ok=ratio <= RATIO_MAX
        ),
        _row("documents: a word nobody wrote, in a year", searched),
    ]


@dataclass(frozen=True)
class Spent:
    """What one question cost: seconds of one core, and seconds on the wall."""

    core_s: float
    wall_s: float


def _row(name: str, spent: list[Spent], *, ratio_ok: bool = True, **more: Any) -> dict[str, Any]:
    core_s, wall_s = (statistics.median(getattr(one, of) for one in spent) for of in ("core_s", "wall_s"))
    target = f"<= {SECONDS_MAX:g} s" + (f", {RATIO_MAX:g}x" if more else "")
    ok = core_s <= SECONDS_MAX and ratio_ok
    unit = f"s (wall {wall_s:.2f})"
    return {"name": name, "value": round(core_s, 4), "unit": unit, "target": target, "ok": ok, "mix": MIX, **more}


def _month_of(node: Node) -> Callable[[], object]:
    return lambda: report_of(node, MONTH, Grouping.ADVISOR)


def _spent(work: Callable[[], object]) -> Spent:
    began, core = time.perf_counter(), time.process_time()
    work()
    return Spent(time.process_time() - core, time.perf_counter() - began)


def _node(folder: Path, visits: int, *, is_whole: bool) -> Node:
    """A node with ten years of orders, or with those alone that lie about the month."""
    folder.mkdir()
    close_node(build_node(folder))
    upgrade(folder / "node-1.db")
    dice, size = random.Random(SEED), 0
    with closing(driver.connect(folder / "node-1.db")) as database:
        database.execute("PRAGMA synchronous=OFF")
        rows: Rows = {}
        for place in range(visits):
            for kind, values in _records(dice, place, visits):
                if is_whole or _is_near(values):
                    rows.setdefault(kind, []).append(values)
                    size += 1
            if size >= ROWS_PER_CALL:
                _insert(database, rows)
                rows, size = {}, 0
        _insert(database, rows)
        database.commit()
    return build_node(folder)


def _records(dice: random.Random, place: int, visits: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """One order with what hangs on it; the dice are thrown alike for both databases."""
    at_ms = LAST_MS - DAYS * DAY_MS + DAYS * DAY_MS * place // visits
    visit, hours, advisor = place.to_bytes(16, "big"), dice.randrange(1, 30) * 3_600_000, f"A{dice.randrange(12):02}"
    kept_ms = at_ms + dice.randrange(1, 30) * 3_600_000
    base = {"id": visit, "near": at_ms}
    dates = {"opened_at": at_ms, "promised_at": kept_ms, "completed_at": at_ms + hours, "settled_at": at_ms + hours}
    yield "visit", {**base, **dates, "status": "closed", "advisor_code": advisor, "visit_kind": "repair"}
    bill = {"visit_id": visit, "settled_at": at_ms + hours, "customer_gross_fen": dice.randrange(10**6)}
    yield "settlement", {**base, **bill}
    if place % 5 == 0:
        moved = {"visit_id": visit, "promised_before_at": at_ms, "promised_at": kept_ms, "changed_at": at_ms}
        yield "promise_change", {**base, **moved, "reason": "parts"}
    if place % 20 == 0:
        yield "recall_completion", {**base, "visit_id": visit, "completed_at": at_ms + hours, "method": "replaced"}
    if place % 2 == 0:
        yield "appointment", {**base, "starts_at": at_ms, "status": "arrived", "advisor_code": advisor}


def _is_near(values: dict[str, Any]) -> bool:
    day = datetime.fromtimestamp(values["near"] / 1000, UTC).date()
    return (MONTH.start - day).days <= 3 and (day - MONTH.end).days <= 1


def _insert(database: Any, rows: Rows) -> None:
    fixed = {"owner": DEALER_A, "entries": b"\x90", "mark": 0, "is_deleted": 0, "is_contested": 0, "is_hidden": 0}
    for kind, some in rows.items():
        columns = [*fixed, *(name for name in some[0] if name != "near")]
        said = ", ".join("?" for _ in columns)
        sql = f"INSERT INTO {kind} ({', '.join(columns)}) VALUES ({said})"  # noqa: S608  (names of our own tables)
        database.executemany(sql, [[{**fixed, **one}[name] for name in columns] for one in some])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(repetitions=5), ensure_ascii=False) + "\n")
