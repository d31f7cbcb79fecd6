"""The front desk: how long one save takes, against a plain SQLModel session that writes the same business rows.

One save is a visit with four lines and an edit of its customer. The node turns it into ops, seals and signs a change
set, links it, appends it to the log and folds it into its tables, in one durable transaction. The floor writes one row
per record, edits the customer, and commits: what anybody would write first, without history, signature or sync. Both
use the same SQLite library, WAL and `synchronous=FULL`, in files on the same disk; rounds alternate.

    python tests/bench/bench_desk.py
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import create_engine, event
from sqlmodel import Field, Session, SQLModel

from carnet_node.adapters.store import driver
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import new_record_id
from carnet_protocol.kinds import REGISTRY
from support.node_builder import build_node

SAVES_PER_ROUND = 20
ROUNDS_PER_REPETITION = 6
CUSTOMERS = 200
SEED = 20_023
RATIO_MAX = 0.7
START_MS = 1_760_000_000_000

VISIT_MIX: dict[str, Any] = {
    "status": "open",
    "odometer_in_km": 42_000,
    "is_odometer_unknown": False,
    "sender_name": "王小明",
    "sender_phone": "+8613800000001",
    "customer_name": "王小明",
    "plate_at_visit": "浙A8K471",
    "advisor_code": "A01",
    "visit_kind": "repair",
    "customer_fen": 128_000,
    "warranty_fen": 0,
    "internal_fen": 0,
}
LINE_MIX: dict[str, Any] = {
    "part_no": "06A-115-561",
    "part_name": "机油滤清器",
    "quantity_hundredths": 100,
    "price_fen": 4_500,
    "amount_fen": 4_500,
}
MIX = ["visit: 17 fields, 4 of them personal", "4 part lines: 7 fields each", "customer edit: name group (2 fields)"]


class PlainCustomer(SQLModel, table=True):
    """The floor's customer."""

    id: str = Field(primary_key=True)
    full_name: str
    pinyin: str | None = None
    segment: str | None = None


class PlainVisit(SQLModel, table=True):
    """The floor's visit: the same columns as the node's."""

    id: str = Field(primary_key=True)
    ro_no: str = Field(index=True)
    vehicle_id: str = Field(index=True)
    customer_id: str = Field(index=True)
    status: str
    opened_at: int
    promised_at: int
    odometer_in_km: int
    is_odometer_unknown: bool
    sender_name: str
    sender_phone: str
    customer_name: str
    plate_at_visit: str
    advisor_code: str
    visit_kind: str
    customer_fen: int
    warranty_fen: int
    internal_fen: int


class PlainPartLine(SQLModel, table=True):
    """The floor's part line."""

    id: str = Field(primary_key=True)
    visit_id: str = Field(index=True)
    job_id: str
    part_no: str
    part_name: str
    quantity_hundredths: int
    price_fen: int
    amount_fen: int


class Desk:
    """One desk's work: ids and values of the saves, the same for both sides."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.number = 0
        self.customers = [self.new_id() for _ in range(CUSTOMERS)]

    def new_id(self) -> bytes:
        """A fresh record id."""
        return new_record_id(START_MS + self.number, self.chance.randbytes(10))

    def visit(self, customer: bytes) -> tuple[bytes, dict[str, Any]]:
        """Id and values of one more visit."""
        self.number += 1
        opened_at = START_MS + self.number * 60_000
        values = {
            "ro_no": f"HZ01-R-251009-{self.number:05d}",
            "vehicle_id": self.chance.randbytes(16),
            "customer_id": customer,
            "opened_at": opened_at,
            "promised_at": opened_at + 4 * 3_600_000,
        }
        return self.new_id(), values | VISIT_MIX


class NodeSide:
    """The node under test."""

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir(parents=True)
        self.node: Node = build_node(folder)
        self.desk = Desk(seed)
        self.heads: dict[bytes, tuple[Any, ...]] = {}
        for customer in self.desk.customers:
            sealed = commit(
                self.node, [Draft(REGISTRY["customer"], customer, {"full_name": "王", "segment": "private"})]
            )
            self.heads[customer] = sealed.ops

    def save(self) -> None:
        """One save."""
        customer = self.desk.chance.choice(self.desk.customers)
        visit, values = self.desk.visit(customer)
        drafts = [Draft(REGISTRY["visit"], visit, values)]
        for _ in range(4):
            place: dict[str, Any] = {"visit_id": visit, "job_id": self.desk.chance.randbytes(16)}
            drafts.append(Draft(REGISTRY["part_line"], self.desk.new_id(), place | LINE_MIX))
        name = {"full_name": f"王{self.desk.number}", "pinyin": "wang"}
        drafts.append(Draft(REGISTRY["customer"], customer, name, self.heads[customer]))
        self.heads[customer] = commit(self.node, drafts).ops[-1:]


class PlainSide:
    """The floor."""

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.engine = create_engine(f"sqlite:///{folder / 'plain.db'}", module=driver)
        event.listen(self.engine, "connect", _promise_the_same)
        mine = {"plaincustomer", "plainvisit", "plainpartline"}
        tables = [table for name, table in SQLModel.metadata.tables.items() if name in mine]
        SQLModel.metadata.create_all(self.engine, tables=tables)
        self.desk = Desk(seed)
        with Session(self.engine) as session:
            session.add_all(PlainCustomer(id=_text(one), full_name="王") for one in self.desk.customers)
            session.commit()

    def save(self) -> None:
        """The same save."""
        customer = self.desk.chance.choice(self.desk.customers)
        visit, values = self.desk.visit(customer)
        with Session(self.engine) as session:
            session.add(PlainVisit(id=_text(visit), **_texts(values)))
            for _ in range(4):
                place: dict[str, Any] = {"visit_id": _text(visit), "job_id": _text(self.desk.chance.randbytes(16))}
                session.add(PlainPartLine(id=_text(self.desk.new_id()), **place, **LINE_MIX))
            held = session.get_one(PlainCustomer, _text(customer))
            held.full_name = f"王{self.desk.number}"
            held.pinyin = "wang"
            session.commit()


def run(repetitions: int) -> list[dict[str, Any]]:
    """Median time of a save on both sides, and the median of the ratios of paired rounds.

    Args:
        repetitions: each adds 6 pairs of rounds of 20 saves; 1 at least.
    """
    with tempfile.TemporaryDirectory() as scratch:
        node, plain = NodeSide(Path(scratch) / "node", SEED), PlainSide(Path(scratch) / "plain", SEED)
        _round(node.save), _round(plain.save)
        pairs = [(_round(node.save), _round(plain.save)) for _ in range(repetitions * ROUNDS_PER_REPETITION)]
    ratios = sorted(ours / floor for ours, floor in pairs)
    ratio = statistics.median(ratios)
    ours_ms = statistics.median(ours for ours, _ in pairs) * 1000
    floor_ms = statistics.median(floor for _, floor in pairs) * 1000
    return [
        {
            "name": "desk: one save (visit, 4 lines, customer edit)",
            "value": round(ours_ms, 3),
            "unit": f"ms (plain {floor_ms:.2f})",
            "floor": round(floor_ms, 3),
            "ratio": round(ratio, 3),
            "spread": [round(ratios[0], 3), round(ratios[-1], 3)],
            "target": f"<= {RATIO_MAX}x",
            "ok": ratio <= RATIO_MAX,
            "mix": MIX,
        }
    ]


def _round(save: Callable[[], None]) -> float:
    started = time.perf_counter()
    for _ in range(SAVES_PER_ROUND):
        save()
    return (time.perf_counter() - started) / SAVES_PER_ROUND


def _promise_the_same(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _text(record: bytes) -> str:
    return str(UUID(bytes=record))


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _text(value) if isinstance(value, bytes) else value for name, value in values.items()}


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        print(json.dumps(figure, ensure_ascii=False))
