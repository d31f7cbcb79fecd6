"""Folding everything again finds what is not as it should be, and mends it."""

from pathlib import Path

import pytest

from carnet_node.adapters.store import driver
from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import Difference, check_rebuild, rebuild
from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_check import RecallState, check_recalls
from carnet_protocol.registry import Value
from carnet_protocol.segments import encode_segment
from support.desk import record
from support.exchange import answer, deliver, draft
from support.model_hub import ModelHub
from support.node_builder import DEALER_B, build_node, rows_of
from support.recall_lists import announce, receive

RED: dict[str, Value] = {"color": "red"}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node with own, received and mixed records."""
    made, hub = build_node(tmp_path), ModelHub()
    commit(made, [draft(RED), draft({"fuel": "diesel"}, 2)])
    answer(made, *deliver(made, hub))
    hub.write(draft({"color": "blue"}), draft(RED, 3), author=DEALER_B)
    apply_page(made, hub.page(made))
    commit(made, [draft({"fuel": "petrol"}, 3)])
    return made


def damage(folder: Path, statement: str) -> None:
    """Somebody changes a table behind the node's back."""
    connection = driver.connect(folder / "node-1.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_what_commits_and_pages_left_equals_a_rebuild(node: Node):
    """A healthy node shows no difference and counts its records."""
    report = check_rebuild(node)

    assert (report.records, report.differences) == (3, ())


DAMAGES = [
    pytest.param("DELETE FROM vehicle WHERE fuel = 'petrol'", "missing", id="a row is gone"),
    pytest.param("UPDATE vehicle SET color = 'pink' WHERE fuel = 'petrol'", "columns", id="a value was changed"),
    pytest.param(
        "UPDATE vehicle SET mark = 0 WHERE fuel = 'petrol'", "owner, mark or visibility", id="a mark was changed"
    ),
    pytest.param(
        "UPDATE vehicle SET is_hidden = 1 WHERE fuel = 'petrol'", "owner, mark or visibility", id="a record was hidden"
    ),
    pytest.param(
        "UPDATE vehicle SET entries = (SELECT entries FROM vehicle WHERE fuel = 'diesel') WHERE fuel = 'petrol'",
        "entries",
        id="a state was exchanged",
    ),
]


@pytest.mark.parametrize(("statement", "what"), DAMAGES)
def test_a_changed_projection_is_found_and_mended(tmp_path: Path, node: Node, statement: str, what: str):
    """Check names the record and what differs; rebuild brings it back."""
    damage(tmp_path, statement)

    (found,) = check_rebuild(node).differences
    mended = rebuild(node)

    assert (found, mended.differences) == (Difference("vehicle", record(3), what), (found,))
    assert check_rebuild(node).differences == ()


def test_an_invented_record_is_found_and_removed(tmp_path: Path, node: Node):
    """A row that no log and no page accounts for is superfluous."""
    columns = "owner, entries, mark, is_deleted, is_contested, is_hidden"
    damage(tmp_path, f"INSERT INTO plate (id, {columns}) SELECT x'77', {columns} FROM vehicle LIMIT 1")  # noqa: S608

    (found,) = check_rebuild(node).differences
    rebuild(node)

    assert (found.kind, found.record, found.what) == ("plate", b"\x77", "superfluous")
    assert check_rebuild(node).differences == ()


def test_a_rebuild_leaves_a_healthy_database_as_it_was(tmp_path: Path, node: Node):
    """Every row of every table is the same afterwards."""
    before = rows_of(tmp_path)

    rebuild(node)

    assert rows_of(tmp_path) == before


def test_the_digest_is_that_of_the_heads(tmp_path: Path, node: Node):
    """Equal heads give an equal digest, and one more write another."""
    before = check_rebuild(node).digest
    damage(tmp_path, "UPDATE vehicle SET color = 'pink'")
    damaged = check_rebuild(node).digest
    commit(node, [draft(RED, 2)])

    assert (damaged == before, check_rebuild(node).digest == before) == (True, False)


def test_recall_lists_survive_a_rebuild(node: Node):
    """After a rebuild the desk still gets exact answers, without fetching anything again."""
    vin = "1M8GDM9AXKP042788"
    members = encode_segment([vin])
    hub = ModelHub(position=50)
    announce(hub, members, count=1)
    receive(node, hub, members)

    rebuild(node)

    assert check_recalls(node, vin).state is RecallState.HIT
