"""What is agreed at check-in: damage marks, estimates, promised times."""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.commands.check_in import Damage, DamageMark, marks_text, read_marks
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.visits import OpenVisit, open_visit
from carnet_node.core.desk_limits import DAMAGE_MARKS_MAX
from carnet_node.core.node import Node
from carnet_node.core.refusals import ProblemCode
from carnet_node.core.saving.desk import save, save_visit
from carnet_node.core.saving.editing import Recorded, order_drafts
from carnet_node.core.showing.views import one_record
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import PROMISE_CHANGE, VISIT
from carnet_protocol.registry import Value
from support.cli_node import CliNode, enrol_folder
from support.desk import counted_ids, problems_of, record
from support.node_builder import build_node
from support.vins import make_vin

NOTHING_RECORDED = Recorded(None, ())
MARKS = (DamageMark(Damage.SCRATCH, 120, 450), DamageMark(Damage.DENT, 1000, 0))


def opened(values: dict[str, Value], *estimates: int | None) -> dict[str, Value]:
    """The values of a new visit, with a job for each estimate."""
    jobs = [NewJob({"complaint": "squeals", "estimate_fen": one}) for one in estimates]
    command = OpenVisit("RO-1", record(90), 1_000, values={"is_odometer_unknown": True, **values}, jobs=jobs)
    return dict(open_visit(command, counted_ids())[0].values)


def refused(values: dict[str, Value], *estimates: int | None) -> list[tuple[str, ProblemCode]]:
    """The problems of such a visit."""
    return problems_of(lambda: opened(values, *estimates))


def test_marks_are_one_text_and_back():
    """What is written down reads back as the same marks in the same order."""
    assert marks_text(MARKS) == "scratch 120 450; dent 1000 0"
    assert read_marks(marks_text(MARKS)) == MARKS


places = st.integers(0, 1000)


@given(st.lists(st.builds(DamageMark, st.sampled_from(Damage), places, places), max_size=DAMAGE_MARKS_MAX))
def test_any_marks_come_back_as_they_were_set(marks: list[DamageMark]):
    """Whatever was set on the outline reads back as the same marks."""
    assert read_marks(marks_text(marks)) == tuple(marks)


@given(st.text())
def test_any_text_is_marks_or_none(text: str):
    """No text is half understood: what reads as marks is written as marks that read the same."""
    marks = read_marks(text)

    assert marks is None or read_marks(marks_text(marks)) == marks


@pytest.mark.parametrize(
    "text",
    [
        "scratch",
        "scratch 1",
        "scratch 1 1001",
        "scratch -1 5",
        "bullet 1 1",
        "scratch 1 1 1",
        "scratch 1.5 2",
        "scratch 1 99999999999999999999",
        "<b> 1 1",
        "; ".join(["dent 1 1"] * (DAMAGE_MARKS_MAX + 1)),
    ],
)
def test_what_is_no_mark_is_refused(text: str):
    """A kind nobody knows, a place outside the outline or too many marks save nothing."""
    assert read_marks(text) is None
    assert refused({"damage_marks": text}) == [("damage_marks", ProblemCode.BAD_VALUE)]


def test_a_mark_means_that_somebody_walked_round():
    """Marks bring the outline and the statement that the car was looked at; full width is folded."""
    values = opened({"damage_marks": "dent ８００ 90;"})

    assert (values["damage_marks"], values["damage_outline"], values["is_walked_round"]) == ("dent 800 90", "car", True)


def test_no_marks_say_nothing_by_themselves():
    """Whether somebody looked is stated, never guessed."""
    assert "is_walked_round" not in opened({"damage_marks": " "})
    assert opened({"is_walked_round": True})["is_walked_round"] is True


@pytest.mark.parametrize(
    ("stated", "jobs", "stored"),
    [
        (None, (), None),
        (80_000, (), 80_000),
        (None, (30_000, None, 20_000), 50_000),
        (60_000, (30_000, 20_000), 60_000),
        (50_000, (30_000, 20_000), 50_000),
    ],
)
def test_an_estimate_is_stated_or_added_up(stated: int | None, jobs: tuple, stored: int | None):
    """Without a word it is the sum of the jobs; a greater one covers what has no job."""
    assert opened({"estimate_fen": stated}, *jobs).get("estimate_fen") == stored


def test_an_estimate_below_its_jobs_is_refused():
    """One fen less than the jobs together cannot be what was told."""
    assert refused({"estimate_fen": 49_999}, 30_000, 20_000) == [("estimate_fen", ProblemCode.BAD_VALUE)]


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


def promises(node: Node, visit: RecordId) -> list[tuple[Value, ...]]:
    """What was moved on a visit: before, after, reason."""
    with node.store.read() as tx:
        found = tx.find_equal(PROMISE_CHANGE, "visit_id", visit, 10)
    views = [one_record(node, PROMISE_CHANGE, one.record) for one in found]
    names = ("promised_before_at", "promised_at", "reason")
    return [tuple(view.values.get(name) for name in names) for view in views if view is not None]


def edit(node: Node, visit: RecordId, changes: dict[str, Value], reason: str = "parts") -> None:
    """Save an edit of a visit as it is shown now."""
    view = one_record(node, VISIT, visit)
    assert view is not None
    save(node, partial(order_drafts, node, view.read(), changes, NOTHING_RECORDED, promise_reason=reason))


def test_a_moved_promise_leaves_a_trace(node: Node):
    """The order shows the new time, and a fact what had been promised and why that changed."""
    values: dict[str, Value] = {"is_odometer_unknown": True, "promised_at": 5_000}
    visit = save_visit(node, OpenVisit("", record(90), 0, values=values)).visit

    edit(node, visit, {"promised_at": 9_000})
    edit(node, visit, {"promised_at": None}, "customer_wish")

    assert promises(node, visit) == [(5_000, 9_000, "parts"), (9_000, None, "customer_wish")]


def test_a_promise_moves_for_a_known_reason(node: Node):
    """Another reason is refused, and the order keeps its time."""
    values: dict[str, Value] = {"is_odometer_unknown": True, "promised_at": 5_000}
    visit = save_visit(node, OpenVisit("", record(90), 0, values=values)).visit

    assert problems_of(lambda: edit(node, visit, {"promised_at": 9_000}, "weather")) == [
        ("promise_reason", ProblemCode.BAD_VALUE)
    ]
    view = one_record(node, VISIT, visit)
    assert view is not None
    assert view.values["promised_at"] == 5_000


def test_the_command_line_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """`visits edit --promise-reason` is shown with the order."""
    enrol_folder(tmp_path)
    desk = CliNode(tmp_path, capsys)
    promised = "promised_at=2026-09-21T10:00:00Z"
    order = desk("visits", "add", "--vin", make_vin("LSV", 7), "--km-unknown", "--set", promised)["id"]
    desk("visits", "edit", order, "--set", "promised_at=2026-09-22T10:00:00Z", "--promise-reason", "parts")

    (moved,) = desk("visits", "show", order)["promises"]

    assert moved["values"]["reason"] == "parts"


def test_a_first_promise_and_other_edits_leave_none(node: Node):
    """Stating the time for the first time, or changing something else, moves no promise."""
    visit = save_visit(node, OpenVisit("", record(90), 0, values={"is_odometer_unknown": True})).visit

    edit(node, visit, {"promised_at": 9_000})
    edit(node, visit, {"customer_note": "calls before noon", "promised_at": 9_000})

    assert promises(node, visit) == []
