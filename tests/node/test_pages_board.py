"""The board, the arrangement of a site's day, and the customer's answers, on the pages of the desk."""

import re
from pathlib import Path
from typing import Any

import pytest

from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.desk_limits import SESSION_IDLE_MS
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save_visit_by_vin
from carnet_node.core.saving.editing import require_visit
from carnet_node.core.showing.board import board_of
from carnet_node.core.showing.status import status_of
from carnet_node.core.staff.login import begin_with_code
from carnet_node.core.staff.staff import add_member
from carnet_node.entrypoints.pages.visitors import SCRIPT_HEADER
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.browsing import Fields, Visitor
from support.node_builder import START_MS, build_node
from support.staffed import PASSWORD, TestHasher
from support.vins import make_vins

HOUR_MS = 3_600_000
JOB: dict[str, Value] = {"op_name": "更换制动片", "pay_type": "customer", "approval": "proposed"}
LABOUR: dict[str, Value] = {"labour_name": "更换制动片", "actual_hours": 100, "rate_fen": 12_000}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A site that has arranged nothing."""
    return build_node(tmp_path)


@pytest.fixture
def visitor(node: Node) -> Visitor:
    """Somebody at the desk who reads English."""
    return Visitor(node).logged_in().in_english()


def taken_in(node: Node, number: int, jobs: Any = (), **values: Any) -> RecordId:
    """An order for car `number`."""
    return save_visit_by_vin(
        node,
        AddVehicle(make_vins(number)[-1], VinPolicy.STRICT),
        lambda car: OpenVisit(
            "", car, node.clock.now_ms(), values={"is_odometer_unknown": True, **values}, jobs=list(jobs)
        ),
    ).visit


def said_of(node: Node, order: RecordId) -> dict[str, Any]:
    """What is on file of an order."""
    return dict(require_visit(node, order).visit.values)


def card_of(page: str, order: RecordId) -> str:
    """The value of the radio button of an order's card."""
    found = re.search(rf'name="visit" value="({record_text(order)}=[^"]*)"', page)
    assert found is not None
    return found[1]


def moved(visitor: Visitor, page: str, **typed: str) -> Any:
    """What is answered to the form that moves the chosen car."""
    form = {name: text for name, text in Fields(page).forms["/board"].items() if name != "visit"}
    return visitor.ask("POST", "/board", data={**form, **typed})


@pytest.mark.parametrize("view", ["/board", "/board/list"])
def test_the_board_shows_what_is_overdue_first(node: Node, visitor: Visitor, view: str):
    """As columns and as a list, with why a car waits."""
    later = taken_in(node, 1, promised_at=START_MS + 9 * HOUR_MS, plate_at_visit="湘A00001")
    late = taken_in(node, 2, promised_at=START_MS + 60_000, plate_at_visit="湘A00002")
    node.clock.ms += 2 * 60_000  # type: ignore[attr-defined]

    page = visitor.open(view)

    assert page.index(record_text(late)) < page.index(record_text(later))
    assert page.count("overdue</strong>") == 1


@pytest.mark.parametrize("view", ["/board", "/board/list"])
def test_the_chosen_car_is_moved_and_stays_chosen(node: Node, visitor: Visitor, view: str):
    """On hold with its reason; the page comes back in the same shape, on the same car."""
    order = taken_in(node, 1)
    page = visitor.open(view)

    answered = moved(visitor, page, visit=card_of(page, order), stage="on_hold", hold_reason="parts")

    assert answered.headers["location"] == f"{view}?moved={record_text(order)}"
    assert (said_of(node, order)["stage"], said_of(node, order)["hold_reason"]) == ("on_hold", "parts")
    after = visitor.open(answered.headers["location"])
    assert f'value="{card_of(after, order)}"' in after
    assert "checked data-focus" in after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(("on_hold", "parts"), ("finished", None), id="on hold"),
        pytest.param(("in_work", ""), ("in_work", None), id="elsewhere"),
    ],
)
def test_a_car_on_hold_moves_on_when_its_work_is_done(
    node: Node, visitor: Visitor, before: tuple[str, str], after: tuple[str, str | None]
):
    """It waits for nothing any more; another stage that somebody said stays."""
    order = taken_in(node, 1)
    stage, why = before
    moved(visitor, page := visitor.open("/board"), visit=card_of(page, order), stage=stage, hold_reason=why)

    visitor.submit(visitor.open(address := f"/visits/{record_text(order)}"), f"{address}/step/complete", {})

    (card,) = board_of(node).cards
    assert (card.stage.code, said_of(node, order).get("hold_reason")) == after


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        pytest.param({"stage": "on_hold"}, "hold_reason", "A car on hold waits for something; say for what.", id="why"),
        pytest.param({"stage": "painted"}, "stage", "The board of this site has no such stage.", id="stage"),
        pytest.param({"visit": "", "stage": "in_work"}, "vehicle_id", "No car is chosen.", id="car"),
    ],
)
def test_a_move_that_cannot_be_is_refused_in_words(
    node: Node, visitor: Visitor, typed: dict[str, str], field: str, said: str
):
    """The board stands there again with the same car chosen; nothing is moved."""
    order = taken_in(node, 1)
    page = visitor.open("/board")

    answered = moved(visitor, page, **{"visit": card_of(page, order), **typed})

    assert answered.status_code == 422
    assert (f'href="#f-{field}"' in answered.text, said in answered.text) == (True, True)
    assert ("checked data-focus" in answered.text) == (typed.get("visit") != "")
    assert "stage" not in said_of(node, order)


def test_two_desks_that_move_one_car_are_told(node: Node, visitor: Visitor):
    """The second one looks first; where the first put it, it stays."""
    order = taken_in(node, 1)
    page = visitor.open("/board")
    card = card_of(page, order)
    moved(visitor, page, visit=card, stage="in_work")

    late = moved(visitor, visitor.open("/board"), visit=card, stage="finished")

    assert late.status_code in (409, 422)
    assert said_of(node, order)["stage"] == "in_work"


def test_a_car_is_moved_from_the_page_of_its_order(node: Node, visitor: Visitor):
    """A refused move stands on that page as it was chosen."""
    order = taken_in(node, 1)
    address = f"/visits/{record_text(order)}"

    refused = visitor.submit(visitor.open(address), f"{address}/stage", {"stage": "on_hold", "hold_reason": ""})
    visitor.submit(visitor.open(address), f"{address}/stage", {"stage": "in_work", "hold_reason": ""})

    assert (refused.status_code, '<option value="on_hold" selected>' in refused.text) == (422, True)
    assert said_of(node, order)["stage"] == "in_work"


def test_a_car_that_is_back_soon_is_flagged(node: Node, visitor: Visitor):
    """On the board and on its order, with the order before; that one itself is not."""
    first = taken_in(node, 1)
    page = visitor.open(f"/visits/{record_text(first)}")
    visitor.submit(page, f"/visits/{record_text(first)}/step/complete", {})
    node.clock.ms += 60_000  # type: ignore[attr-defined]
    second = taken_in(node, 1)

    marked = f'href="/visits/{record_text(first)}">Back soon after a repair'

    assert marked in visitor.open("/board")
    assert "Look whether it is the same fault." in visitor.open(f"/visits/{record_text(second)}")
    assert "Look whether it is the same fault." not in visitor.open(f"/visits/{record_text(first)}")


def answered_job(node: Node, visitor: Visitor, order: RecordId, **typed: str) -> Any:
    """What is answered to the customer's answer about the first job of an order."""
    address = f"/visits/{record_text(order)}"
    job = record_text(require_visit(node, order).jobs[0].job.id)
    return visitor.submit(visitor.open(address), f"{address}/jobs/{job}/answer", typed)


def test_work_that_is_declined_costs_nothing_and_comes_up_again(node: Node, visitor: Visitor):
    """The next order of the car offers it; offered, it is a proposed job with its lines."""
    first = taken_in(node, 1, [NewJob(JOB, [LABOUR])])
    before = said_of(node, first)["customer_fen"]

    answered_job(node, visitor, first, approval="declined", approval_channel="phone")
    second = taken_in(node, 1)
    address, job = f"/visits/{record_text(second)}", record_text(require_visit(node, first).jobs[0].job.id)
    visitor.submit(visitor.open(address), f"{address}/deferred/{job}/offer", {})

    (offered,) = require_visit(node, second).jobs
    assert (before, said_of(node, first)["customer_fen"]) == (12_000, 0)
    assert (offered.job.values["approval"], len(offered.labour)) == ("proposed", 1)
    assert f"/deferred/{job}/offer" not in visitor.open(address)


def test_work_that_nobody_wants_is_dropped(node: Node, visitor: Visitor):
    """It comes up on no later order."""
    first = taken_in(node, 1, [NewJob(JOB)])
    answered_job(node, visitor, first, approval="declined", approval_channel="phone")
    second = taken_in(node, 1)
    address, job = f"/visits/{record_text(second)}", record_text(require_visit(node, first).jobs[0].job.id)

    visitor.submit(visitor.open(address), f"{address}/deferred/{job}/drop", {})

    assert "Declined before, to be offered again" not in visitor.open(address)


def test_a_car_that_waited_for_the_customer_is_put_on_once_everything_is_answered(node: Node, visitor: Visitor):
    """The card leaves the hold with the last answer, and not before."""
    order = taken_in(node, 1, [NewJob(JOB), NewJob({**JOB, "op_name": "更换雨刮"})])
    page = visitor.open("/board")
    moved(visitor, page, visit=card_of(page, order), stage="on_hold", hold_reason="customer_approval")
    address, stands = f"/visits/{record_text(order)}", []

    for one in require_visit(node, order).jobs:
        said = {"approval": "approved", "approval_channel": "phone"}
        visitor.submit(visitor.open(address), f"{address}/jobs/{record_text(one.job.id)}/answer", said)
        (card,) = board_of(node).cards
        stands.append((card.stage.code, card.visit.values.get("hold_reason")))

    assert stands == [("on_hold", "customer_approval"), ("waiting", None)]


@pytest.mark.parametrize("step", ["answer", "complete"])
def test_a_hold_that_a_colleague_made_meanwhile_ends_without_two_values(node: Node, visitor: Visitor, step: str):
    """The page was open before the car was put on hold; what the rule ends, it ends, and nobody contradicts anybody."""
    order = taken_in(node, 1, [NewJob(JOB)])
    address, page = f"/visits/{record_text(order)}", visitor.open(f"/visits/{record_text(order)}")
    board = visitor.open("/board")
    moved(visitor, board, visit=card_of(board, order), stage="on_hold", hold_reason="customer_approval")
    job = record_text(require_visit(node, order).jobs[0].job.id)
    said = {"approval": "approved", "approval_channel": "phone"}

    if step == "answer":
        visitor.submit(page, f"{address}/jobs/{job}/answer", said)
    else:
        visitor.submit(page, f"{address}/step/complete", {})

    visit = require_visit(node, order).visit
    assert (visit.values.get("hold_reason"), visit.contests) == (None, ())


def test_an_answer_says_how_the_customer_was_asked(node: Node, visitor: Visitor):
    """Without it the job stays proposed, and the question stands beside its own job."""
    order = taken_in(node, 1, [NewJob(JOB)])

    refused = answered_job(node, visitor, order, approval="approved", approval_channel="")

    assert (refused.status_code, "Say how the customer was asked." in refused.text) == (422, True)
    assert require_visit(node, order).jobs[0].job.values["approval"] == "proposed"


def test_more_work_may_wait_for_the_customers_answer(node: Node, visitor: Visitor):
    """The box of the form makes a job that is proposed; without it the job is not."""
    order = taken_in(node, 1)
    address = f"/visits/{record_text(order)}"

    for more in ({"jobs[0].approval": "proposed"}, {}):
        typed = {"jobs[0].op_name": "更换雨刮", **more}
        visitor.submit(visitor.open(address), f"{address}/jobs", typed)

    assert [one.job.values.get("approval") for one in require_visit(node, order).jobs] == ["proposed", None]


def test_a_site_arranges_bays_hours_and_stages(node: Node, visitor: Visitor):
    """All rows are saved in one go; the day board and the board have them at once."""
    typed = {"bays[0].bay_code": "B1", "bays[0].bay_name": "举升机", "bays[1].bay_code": "B2"}
    typed |= {"stages[0].stage": "lift", "stages[0].stage_name": "On the lift", "stages[0].stage_sense": "in_work"}
    for place in range(7):
        typed |= {f"weekdays[{place}].opens_minute": "8:30", f"weekdays[{place}].closes_minute": "17:00"}

    answered = visitor.submit(visitor.open("/arrangement"), "/arrangement", typed)

    assert answered.status_code == 303
    day = visitor.open("/appointments")
    assert ["08:30" in day, "B1 举升机" in day, "B2" in day] == [True, True, True]
    assert [(one.code, one.name) for one in board_of(node).stages] == [("lift", "On the lift")]


def test_an_arrangement_that_nobody_changed_saves_nothing(node: Node, visitor: Visitor):
    """Rows that are left alone, and empty ones, are no statement."""
    visitor.submit(visitor.open("/arrangement"), "/arrangement", {"bays[0].bay_code": "B1"})
    before = status_of(node).waiting.sets

    answered = visitor.submit(visitor.open("/arrangement"), "/arrangement", {})

    assert (answered.status_code, status_of(node).waiting.sets) == (303, before)


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"opens_minute": "half past"}, "opens_minute", "This is not a time of day."),
        ({"opens_minute": "8:00"}, "closes_minute", "Hours have two ends."),
        ({"opens_minute": "9:00", "closes_minute": "8:00"}, "closes_minute", "The day closes no later than it opens."),
        ({"opens_minute": "8:00", "closes_minute": "24:01"}, "closes_minute", "This is not a time of day."),
    ],
)
def test_hours_that_are_none_are_refused_in_their_row(
    node: Node, visitor: Visitor, typed: dict[str, str], field: str, said: str
):
    """What was typed stands there again, in this row and in every other; none of it is saved."""
    sent = {f"weekdays[1].{name}": text for name, text in typed.items()} | {"bays[2].bay_code": "B7"}

    answered = visitor.submit(visitor.open("/arrangement"), "/arrangement", sent)

    assert answered.status_code == 422
    shown = Fields(answered.text).forms["/arrangement"]
    assert sent.items() <= shown.items()
    assert f'href="#f-weekdays-1-{field}"' in answered.text
    assert said in answered.text
    assert "B7" not in visitor.open("/arrangement")


def test_a_row_that_the_page_does_not_have_is_no_row(node: Node, visitor: Visitor):
    """An eighth day of the week is passed over, also where another row is refused."""
    sent = {"weekdays[9].weekday": "3", "weekdays[9].opens_minute": "8:00", "bays[0].bay_name": "Lift"}

    answered = visitor.submit(visitor.open("/arrangement"), "/arrangement", sent)

    assert (answered.status_code, "A bay has a code." in answered.text) == (422, True)


def test_a_bay_is_taken_out_of_use_and_never_away(node: Node, visitor: Visitor):
    """Its row stays; the day board has it no more."""
    visitor.submit(visitor.open("/arrangement"), "/arrangement", {"bays[0].bay_code": "B1"})
    fields = Fields(visitor.open("/arrangement")).forms["/arrangement"]
    assert fields.pop("bays[0].is_in_use") == "1"

    answered = visitor.ask("POST", "/arrangement", data=fields)

    assert answered.status_code == 303
    assert Fields(visitor.open("/arrangement")).forms["/arrangement"]["bays[0].bay_code"] == "B1"
    assert "B1" not in visitor.open("/appointments")


def test_two_managers_arrange_different_rows(node: Node, visitor: Visitor):
    """Who saves the page of yesterday changes what they typed, and nothing that a colleague has typed since."""
    visitor.submit(visitor.open("/arrangement"), "/arrangement", {"bays[0].bay_code": "B1", "bays[1].bay_code": "B2"})
    old = visitor.open("/arrangement")
    visitor.submit(visitor.open("/arrangement"), "/arrangement", {"bays[0].bay_name": "Lift"})

    answered = visitor.submit(old, "/arrangement", {"bays[1].bay_name": "Pit"})

    shown = Fields(visitor.open("/arrangement")).forms["/arrangement"]
    assert (answered.status_code, shown["bays[0].bay_name"], shown["bays[1].bay_name"]) == (303, "Lift", "Pit")


def test_who_may_not_arrange_sees_no_arrangement(node: Node, visitor: Visitor):
    """The others have no link to it, and both the page and a row that is sent are refused in words."""
    code = add_member(node, {"staff_no": "A07", "full_name": "周敏", "role": "advisor"})[1]
    advisor = visitor.as_session(begin_with_code(node, TestHasher(), "A07", code, PASSWORD).token)

    assert 'href="/arrangement"' not in advisor.open("/board")
    token = Fields(advisor.open("/board")).forms["/lock"]["token"]
    sent = {"token": token, "save_key": "c" * 32, "bays[0].bay_code": "B1"}
    refused = [advisor.ask("GET", "/arrangement"), advisor.ask("POST", "/arrangement", data=sent)]
    assert [one.status_code for one in refused] == [422, 422]
    assert ["您的角色不能更改本店的日程设置。" in one.text for one in refused] == [True, True]
    assert ["仍在屏幕上" in one.text for one in refused] == [False, True]


def test_a_board_that_is_left_open_keeps_no_session_awake(node: Node, visitor: Visitor):
    """Its script asks for it with a header, and is answered; the quiet minutes of the person go on."""
    visitor.open("/board")
    node.clock.ms += SESSION_IDLE_MS - 1_000  # type: ignore[attr-defined]

    asked = visitor.ask("GET", "/board", headers={SCRIPT_HEADER: "1"})
    node.clock.ms += 2_000  # type: ignore[attr-defined]

    assert (asked.status_code, "data-cars" in asked.text) == (200, True)
    assert visitor.ask("GET", "/board").headers["location"] == "/locked?to=/board"
