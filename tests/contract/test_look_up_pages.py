"""Another dealer's car on the pages of a desk with a line: asked for, taken on, gone in time, found for a plate."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from carnet_hub.core.exchange.ending_adoptions import end_adoptions
from carnet_hub.core.exchange.look_up_ledger import read_look_ups
from carnet_node.bootstrap import Installation
from carnet_node.core.commands.drafting import draft_new
from carnet_node.core.log.authoring import commit
from carnet_node.core.saving.desk import save
from carnet_node.core.showing.views import vehicle_view
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import PLATE, VEHICLE, VISIT
from carnet_protocol.registry import Value
from support.browsing import Fields, Visitor
from support.hub_apps import TestHub
from support.joined import sync, transport_to
from support.look_up_desk import ASKED, FILE, Door, asked, browser_of, row_of_car, section_of
from support.two_dealers import CAR, NUMBER, PLATE_NO, VIN, pass_month, some, two_dealers


class Losing(httpx.AsyncBaseTransport):
    """A line on which every look-up arrives and no answer to it comes back, until it is mended: `broken` is None."""

    def __init__(self, inner: httpx.AsyncBaseTransport, broken: httpx.HTTPError) -> None:
        self._inner = inner
        self.broken: httpx.HTTPError | None = broken

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The hub's answer, or a broken line in its place."""
        response = await self._inner.handle_async_request(request)
        if request.url.path.endswith("/look-up") and self.broken is not None:
            raise self.broken
        return response


@pytest.fixture
def pair(tmp_path: Path) -> tuple[TestHub, Installation, Installation]:
    """A hub; a dealer that has served the car and has sent that; and another one."""
    return two_dealers(tmp_path)


@pytest.fixture
def browser(pair: tuple[TestHub, Installation, Installation]) -> Visitor:
    """The administrator of the other dealer, in English."""
    hub, _, away = pair
    return browser_of(away, Door(hub, away))


def taken_on(browser: Visitor, sync_twice: Callable[[], None]) -> None:
    """The car is asked for, taken on, and has come."""
    answered = browser.submit(asked(browser), "/look-ups/take-on", {})
    assert (answered.status_code, answered.headers["location"]) == (303, f"/look-ups?saved={record_text(CAR)}")
    sync_twice()


@pytest.fixture
def sync_twice(pair: tuple[TestHub, Installation, Installation]) -> Callable[[], None]:
    """Two rounds of the other dealer: up and down."""
    hub, _, away = pair

    def rounds() -> None:
        """What was saved goes, and what it brought comes."""
        sync(away, hub)
        sync(away, hub)

    return rounds


@pytest.mark.parametrize(("way", "sought"), [("vin", VIN), ("plate", PLATE_NO), ("phone", NUMBER)])
def test_the_answer_shows_technical_history_and_nothing_personal(browser: Visitor, way: str, sought: str):
    """Visit, part and the other site's code stand there; holder, plate in full and price do not."""
    page = asked(browser, way=way, sought=sought)

    answer = page.split("<table>")[1]
    assert all(text in page for text in (VIN, "A-1", "滤芯", "A001"))
    assert "测试甲" not in page
    assert "0.30" not in answer
    assert PLATE_NO not in page.replace(f'value="{PLATE_NO}"', "")


def test_a_wrong_reason_is_refused_at_its_field(browser: Visitor):
    """The page comes back with what was typed, and says which field is wrong."""
    refused = browser.submit(browser.open("/look-ups"), "/look-ups", {**ASKED, "reason": "curiosity"})

    assert refused.status_code == 422
    assert 'href="#f-reason"' in refused.text
    assert f'value="{VIN}"' in refused.text


def test_a_number_that_nobody_has_leads_to_a_check_in(browser: Visitor):
    """The page says that the hub knows no such car, and offers to check it in by what was typed."""
    page = asked(browser, way="plate", sought="津B99999")

    assert "The hub knows no such car." in page
    assert browser.submit(page, "/visits/begin", {}).status_code == 303


def test_a_car_is_taken_on_and_its_file_opens(browser: Visitor, sync_twice: Callable[[], None]):
    """Before the sync its history is awaited; behind it the file is there, with the day until when."""
    browser.submit(asked(browser), "/look-ups/take-on", {})
    before = browser.open("/look-ups")

    sync_twice()

    after = browser.open("/look-ups")
    assert "Its history has not come yet" in before
    assert "Followed here" in after
    assert "at least until" in after
    assert "A-1" in browser.open(FILE)
    assert "Open its file" in asked(browser)


def test_a_form_that_is_sent_twice_takes_the_car_on_once(browser: Visitor):
    """The second answer leads where the first one did."""
    page = asked(browser)

    answers = [browser.submit(page, "/look-ups/take-on", {}) for _ in range(2)]

    assert [one.headers["location"] for one in answers] == [f"/look-ups?saved={record_text(CAR)}"] * 2
    assert browser.open("/look-ups").count('action="/look-ups/give-back"') == 1


def test_a_car_that_is_given_back_leaves(browser: Visitor, sync_twice: Callable[[], None]):
    """The list says that it is over and why; the file is gone with the next sync."""
    taken_on(browser, sync_twice)

    browser.submit(browser.open("/look-ups"), "/look-ups/give-back", {})
    sync_twice()

    page = browser.open("/look-ups")
    assert "Its time is over" in page
    assert "Given back" in page
    assert browser.ask("GET", FILE).status_code == 404


def test_until_the_sync_a_car_given_back_says_that_it_leaves(browser: Visitor, sync_twice: Callable[[], None]):
    """Its file still opens; the list names no day, claims no following, and offers no second giving back."""
    taken_on(browser, sync_twice)

    browser.submit(browser.open("/look-ups"), "/look-ups/give-back", {})

    row = row_of_car(browser)
    assert "Given back" in row
    assert "The car leaves with the next sync" in row
    assert [some in row for some in ("Followed here", "at least until", "/look-ups/give-back")] == [False] * 3
    assert browser.ask("GET", FILE).status_code == 200


def test_a_car_given_back_that_an_order_keeps_is_not_said_to_be_gone(
    pair: tuple[TestHub, Installation, Installation], browser: Visitor, sync_twice: Callable[[], None]
):
    """Behind the sync the car is still here: list and answer say that it was given back, and which order keeps it."""
    hub, _, away = pair
    taken_on(browser, sync_twice)
    ordered: dict[str, Value] = {"ro_no": "B-1", "vehicle_id": CAR, "status": "open", "opened_at": hub.clock.now_ms()}
    commit(away.node(), [Draft(VISIT, some(7), ordered)])

    browser.submit(browser.open("/look-ups"), "/look-ups/give-back", {})
    sync_twice()

    row, section = row_of_car(browser), section_of(asked(browser), VIN)
    for said in (row, section):
        assert "Given back" in said
        assert "Order B-1 keeps the car here as long as the visit counts." in said
    assert [words in row for words in ("Its time is over", "at least until", "leaves with the next")] == [False] * 3
    assert "followed here already" not in section
    assert browser.ask("GET", FILE).status_code == 200


def test_what_the_hub_ended_was_not_given_back(
    pair: tuple[TestHub, Installation, Installation], browser: Visitor, sync_twice: Callable[[], None]
):
    """The list gives the operator's reason, also the one that a site gives a car back with."""
    hub, _, away = pair
    taken_on(browser, sync_twice)
    end_adoptions(hub.app.hub, away.node().identity.dealer_id, CAR, reason="withdrawn", by="op-7")

    sync_twice()

    row = row_of_car(browser)
    assert "Withdrawn" in row
    assert "Given back" not in row


@pytest.mark.parametrize(
    "broken", [httpx.ReadTimeout("late"), httpx.ReadError("broken off")], ids=["late", "broken off"]
)
def test_a_question_whose_answer_is_lost_is_not_said_to_be_unasked(
    pair: tuple[TestHub, Installation, Installation], broken: httpx.HTTPError
):
    """The hub has written it down before the line broke: the page says so, and not that nothing was asked."""
    hub, _, away = pair
    browser = browser_of(away, Door(hub, away, Losing(transport_to(hub), broken)))

    answered = browser.submit(browser.open("/look-ups"), "/look-ups", ASKED)

    assert answered.status_code == 503
    assert "if it got the question, it has written it down" in answered.text
    assert "nothing was asked" not in answered.text
    assert [code for _, code in read_look_ups(hub.app.hub)][:1] == ["B001"]


def test_the_strip_says_whether_the_last_question_was_answered(pair: tuple[TestHub, Installation, Installation]):
    """Behind a question without an answer the line is down at once, and up again behind one with an answer."""
    hub, _, away = pair
    line = Losing(transport_to(hub), httpx.ReadTimeout("late"))
    browser = browser_of(away, Door(hub, away, line))
    pages = [browser.open("/look-ups"), browser.submit(browser.open("/look-ups"), "/look-ups", ASKED).text]
    line.broken = None

    pages.append(asked(browser))

    lines = [page.split('class="strip-line"')[1].split(">")[1].split("<")[0] for page in pages]
    assert lines == ["Online", "Offline", "Online"]


def test_what_was_changed_too_late_is_listed(
    pair: tuple[TestHub, Installation, Installation], browser: Visitor, sync_twice: Callable[[], None]
):
    """When the time of a car is over the page says so, and what was still typed on it stands there as a proposal."""
    hub, home, away = pair
    taken_on(browser, sync_twice)
    view = vehicle_view(away.node(), CAR)
    assert view is not None
    based_on = view.vehicle.heads.of([VEHICLE.register_of("color").number])
    pass_month(hub, home)
    commit(away.node(), [Draft(VEHICLE, CAR, {"color": "red"}, based_on)])

    sync_twice()

    page = browser.open("/look-ups")
    assert "Changed after its time was over" in page
    assert "Car: Colour" in page


def test_a_provisional_car_finds_its_twin(
    pair: tuple[TestHub, Installation, Installation], browser: Visitor, sync_twice: Callable[[], None]
):
    """Taken in by its plate without a line, looked up when the line is back: the order is about the car of the VIN."""
    _, _, away = pair
    ordered: dict[str, Value] = {"ro_no": "B-1", "vehicle_id": some(20), "status": "open", "opened_at": 1}
    save(
        away.node(),
        lambda new_id: (
            Draft(VEHICLE, some(20), {"model_name": "雅阁"}),
            draft_new(PLATE, new_id(), {"vehicle_id": some(20), "plate_no": PLATE_NO}),
            draft_new(VISIT, new_id(), ordered),
        ),
    )
    asks = f"/look-ups?vehicle={record_text(some(20))}"
    assert asks in browser.open("/look-ups")
    assert asks in browser.open(f"/vehicles/{record_text(some(20))}")
    typed = browser.submit(browser.open(asks), "/look-ups", {"reason": "at_desk"})

    stated = browser.submit(typed.text, f"/vehicles/{record_text(some(20))}/number", {})
    sync_twice()

    assert (stated.status_code, stated.headers["location"]) == (303, FILE)
    view = vehicle_view(away.node(), CAR)
    assert view is not None
    assert {one.values["ro_no"] for one in view.visits} == {"A-1", "B-1"}


def test_a_car_that_others_have_a_file_of_says_so(
    pair: tuple[TestHub, Installation, Installation], browser: Visitor, sync_twice: Callable[[], None]
):
    """Recorded by its VIN without an order: once the hub has answered, its page leads to the look-up of that VIN."""
    _, _, away = pair
    commit(away.node(), [Draft(VEHICLE, CAR, {"vin": VIN, "fuel": "petrol"})])
    before = browser.open(FILE)

    sync_twice()

    asks = f"/look-ups?vehicle={record_text(CAR)}"
    after = browser.open(FILE)
    assert (asks in before, asks in after) == (False, True)
    assert "Other dealers have a file of this car" in after
    assert Fields(browser.open(asks)).forms["/look-ups"]["sought"] == VIN
