"""What a save starts from: the heads its author read, and the values that go with them while they are known."""

from pathlib import Path

import pytest

from carnet_node.core.commands.vehicles import retract_reading
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.heads import heads_from_text
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.refusals import ProblemCode
from carnet_node.core.saving.basis import changed_since, read_for_step, read_of_view, reading_as_read
from carnet_node.core.saving.desk import save, save_visit
from carnet_node.core.saving.editing import read_for_edit, require_visit
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import VisitView
from carnet_protocol.errors import Malformed
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.registry import Value
from support.desk import problems_of, record
from support.exchange import draft, shown
from support.node_builder import build_node

MODEL: dict[str, Value] = {"model_code": "M1", "model_year": 2024, "model_name": "One"}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node with a white car of model M1 under record 1."""
    made = build_node(tmp_path)
    commit(made, [draft({"color": "white", **MODEL})])
    return made


def rewrite(node: Node, values: dict[str, Value], register: str) -> RecordView:
    """Somebody else saves values of one register; the view as it was before."""
    before = shown(node)
    number = next(one.number for one in VEHICLE.registers if one.name == register)
    commit(node, [draft(values, based_on=before.heads.of([number]))])
    return before


def order_of(node: Node) -> VisitView:
    """An order that recorded a reading."""
    opened = save_visit(node, OpenVisit("", record(1), node.clock.now_ms(), values={"odometer_in_km": 52_300}))
    return require_visit(node, opened.visit)


def test_an_edit_of_what_nobody_changed_knows_the_values_that_were_read(node: Node):
    """Another register may have been written; this one is as its author saw it."""
    before = rewrite(node, {"color": "red"}, "color")

    read = read_of_view(shown(node), before.heads.to_text(), {"model_name": "Two"})

    assert (read.heads, read.values["model_code"]) == (before.heads, "M1")


def test_a_part_of_a_changed_register_is_refused(node: Node):
    """What the author left out would come from a version they never read."""
    before = rewrite(node, {**MODEL, "model_year": 2025}, "model")
    stale = before.heads.to_text()

    assert problems_of(lambda: read_of_view(shown(node), stale, {"model_name": "Two"})) == [
        ("model_name", ProblemCode.CHANGED)
    ]


def test_all_of_a_changed_register_is_accepted_on_the_heads_that_were_read(node: Node):
    """Nothing is taken from anybody's version, so it may stand beside the newer one."""
    before = rewrite(node, {**MODEL, "model_year": 2025}, "model")

    read = read_of_view(shown(node), before.heads.to_text(), {**MODEL, "model_name": "Two"})

    assert read.heads == before.heads


def test_without_knowing_the_changes_nothing_may_have_changed(node: Node):
    """Who has not said what they write is asked to read again, whatever it was."""
    before = rewrite(node, {"color": "red"}, "color")
    stale = before.heads.to_text()

    assert problems_of(lambda: read_for_edit(node, VEHICLE, record(1), stale)) == [("color", ProblemCode.CHANGED)]


def test_an_author_who_looks_now_starts_from_now(node: Node):
    """The command line reads and writes in one go, and names no heads."""
    rewrite(node, {"color": "red"}, "color")

    assert read_for_edit(node, VEHICLE, record(1), None) == shown(node).read()


def test_a_record_that_is_not_here_cannot_be_edited(node: Node):
    """There is nothing to start from."""
    assert problems_of(lambda: read_for_edit(node, VEHICLE, record(9), None)) == [("id", ProblemCode.NOT_FOUND)]


def test_a_step_looks_only_at_what_it_is_judged_by(node: Node):
    """A change elsewhere in the record does not stop it, a change of that field does."""
    before = rewrite(node, {"color": "red"}, "color")
    stale = before.heads.to_text()

    assert read_for_step(shown(node), stale, ["vin"]).heads == before.heads
    assert problems_of(lambda: read_for_step(shown(node), stale, ["vin", "color"])) == [("color", ProblemCode.CHANGED)]


def test_heads_that_no_view_gave_out_are_malformed(node: Node):
    """A text of another origin is not taken for heads."""
    with pytest.raises(Malformed):
        read_of_view(shown(node), "not heads", {"color": "red"})


def test_what_changed_is_named_by_register(node: Node):
    """Registers whose heads differ are those that were written since."""
    before = rewrite(node, {"color": "red"}, "color")

    changed = changed_since(shown(node), heads_from_text(before.heads.to_text()))

    assert [one.name for one in changed] == ["color"]


def test_an_edit_that_is_not_about_the_odometer_leaves_the_reading_alone(node: Node):
    """No heads of the reading are needed then."""
    assert reading_as_read(order_of(node), None, {"visit_kind": "repair"}) is None


def test_an_edit_of_the_odometer_names_the_reading_it_takes_back(node: Node):
    """The reading starts from the heads that were read, and is asked for when they are missing."""
    view = order_of(node)
    assert view.reading is not None
    seen = view.reading.heads

    read = reading_as_read(view, seen.to_text(), {"odometer_in_km": 5})

    assert read is not None
    assert (read.record, read.heads) == (view.reading.id, seen)
    assert problems_of(lambda: reading_as_read(view, None, {"odometer_in_km": 5})) == [
        ("reading_based_on", ProblemCode.MISSING)
    ]


def test_a_reading_that_somebody_took_back_meanwhile_is_told(node: Node):
    """The author corrects an odometer whose reading is gone, so they look first."""
    view = order_of(node)
    reading = view.reading
    assert reading is not None
    save(node, lambda _: retract_reading(reading.read(), "duplicate"))

    now = require_visit(node, view.visit.id)

    assert problems_of(lambda: reading_as_read(now, reading.heads.to_text(), {"odometer_in_km": 5})) == [
        ("reading_based_on", ProblemCode.CHANGED)
    ]
