"""The strip counts what waits and what is held back, without reading what it counts."""

from contextlib import closing
from pathlib import Path

import pytest

from carnet_node.adapters import statements as sql
from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import driver
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.showing.status import Waiting, status_of
from carnet_protocol.kinds import CUSTOMER, PHONE
from support.desk import record
from support.exchange import answer, deliver, draft
from support.model_hub import ModelHub, Treatment
from support.node_builder import START_MS, build_node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node with five sets: accepted, accepted with a void op, parked, refused, and not answered."""
    made, hub = build_node(tmp_path), ModelHub()
    for number, treatment in enumerate((Treatment.ACCEPT, Treatment.ACCEPT, Treatment.PARK, Treatment.REFUSE), start=1):
        commit(made, [draft({"color": "red"}, number)])
        answer(made, *deliver(made, hub, treatment, void_ops=(0,) if number == 2 else ()))
    commit(made, [draft({"full_name": "Test"}, 9, CUSTOMER), draft({"customer_id": record(9)}, 10, PHONE)])
    return made


def test_parked_and_refused_sets_are_counted_apart(node: Node):
    """A set of which only an op is void was accepted, so it counts as neither."""
    status = status_of(node)

    assert (status.parked, status.refused) == (1, 1)


def test_what_waits_is_counted_by_document(node: Node):
    """A phone counts as its customer, and what was answered counts no more."""
    assert status_of(node).waiting == Waiting(1, {"customer": 1}, False, START_MS)


def test_held_back_sets_are_counted_from_an_index(tmp_path: Path):
    """A log of years costs the strip nothing: the few rows that count stand in an index of their own."""
    upgrade(tmp_path / "x.db")

    with closing(driver.connect(tmp_path / "x.db")) as database:
        (row,) = database.execute(f"EXPLAIN QUERY PLAN {sql.HELD_BACK_COUNTS.sql}").fetchall()

    assert "USING INDEX ix_own_set_held_back" in row[3]
