"""What the hub's answer leads to on the pages of a desk: each of several cars, its own file, recalls, the list."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from carnet_node.bootstrap import Installation
from carnet_node.core.log.authoring import commit
from carnet_node.core.saving.taking_on import take_on
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import JOB, LABOUR_LINE, PART_LINE, PLATE, SETTLEMENT, VEHICLE, VISIT
from carnet_protocol.registry import Value
from support.browsing import Fields, Visitor
from support.campaigns import publish
from support.hub_apps import TestHub
from support.joined import sync
from support.look_up_desk import FILE, Door, asked, browser_of, row_of_car, section_of
from support.two_dealers import CAR, PLATE_NO, VIN, some, two_dealers
from support.vins import make_vins

MISTYPED, OTHER_MISTYPED = (one[:8] + ("1" if one[8] != "1" else "2") + one[9:] for one in make_vins(2))
"""VINs whose check digit is wrong, as a maker may have stamped them."""

SETTLED = Draft(
    SETTLEMENT,
    some(9),
    {"visit_id": some(7), "settlement_no": "S-1", "customer_gross_fen": 80_776, "customer_discount_fen": 776},
)
"""Of 807.76 yuan 7.76 were let off."""


@pytest.fixture
def pair(tmp_path: Path) -> tuple[TestHub, Installation, Installation]:
    """A hub; a dealer that has served the car and has sent that; and another one."""
    return two_dealers(tmp_path)


@pytest.fixture
def browser(pair: tuple[TestHub, Installation, Installation]) -> Visitor:
    """The administrator of the other dealer, in English."""
    hub, _, away = pair
    return browser_of(away, Door(hub, away))


@pytest.fixture
def sync_twice(pair: tuple[TestHub, Installation, Installation]) -> Callable[[], None]:
    """Two rounds of the other dealer: up and down."""
    hub, _, away = pair

    def rounds() -> None:
        """What was saved goes, and what it brought comes."""
        sync(away, hub)
        sync(away, hub)

    return rounds


@pytest.fixture
def twin(pair: tuple[TestHub, Installation, Installation]) -> None:
    """Another car with the same plate, which the first dealer has by its plate alone."""
    hub, home, _ = pair
    worn: dict[str, Value] = {"vehicle_id": some(40), "plate_no": PLATE_NO}
    commit(home.node(), [Draft(VEHICLE, some(40), {"model_name": "雅阁"}), Draft(PLATE, some(41), worn)])
    sync(home, hub)


@pytest.mark.usefixtures("twin")
def test_each_of_several_cars_leads_on(browser: Visitor):
    """Each is taken on with the reason that was given; nobody counts dealers."""
    page = asked(browser, way="plate", sought=PLATE_NO, reason="towed_in")

    sections = [section_of(page, named) for named in (VIN, "雅阁")]
    forms = [Fields(one).forms["/look-ups/take-on"] for one in sections]
    assert {one["reason"] for one in forms} == {"towed_in"}
    assert {one["vehicle_id"] for one in forms} == {record_text(one) for one in (CAR, some(40))}
    assert "Other dealers with visits" not in page


@pytest.mark.usefixtures("twin")
def test_among_several_cars_the_keyboard_takes_none_on(browser: Visitor):
    """It begins at the line that says how to choose; with one car found it begins at taking that on."""
    several, one = asked(browser, way="plate", sought=PLATE_NO), asked(browser)

    assert "data-focus>Several cars have this number." in several
    assert "data-autofocus" not in "".join(section_of(several, named) for named in (VIN, "雅阁"))
    assert "data-autofocus>Take it on" in section_of(one, VIN)


@pytest.mark.usefixtures("twin")
def test_one_of_several_cars_is_asked_for_by_its_vin(browser: Visitor):
    """Its history comes with the reason that was given, without anything being typed again."""
    page = asked(browser, way="plate", sought=PLATE_NO, reason="towed_in")

    answered = browser.submit(section_of(page, VIN), "/look-ups", {}).text

    assert "A-1" in section_of(answered, VIN)
    assert "Other dealers with visits</dt><dd>1" in answered
    assert Fields(answered).forms["/look-ups"]["reason"] == "towed_in"


@pytest.mark.usefixtures("twin")
def test_the_button_of_one_of_several_cars_claims_no_comparison(browser: Visitor):
    """It says that the VIN is as the hub has shown it, which is why its check digit is not judged."""
    page = asked(browser, way="plate", sought=PLATE_NO)

    sent = Fields(section_of(page, VIN)).forms["/look-ups"]

    assert (sent.get("is_shown"), sent.get("is_vin_compared")) == ("1", None)


@pytest.mark.parametrize(
    ("way", "box", "right", "wrong"),
    [
        pytest.param("vin", "is_vin_compared", MISTYPED, OTHER_MISTYPED, id="a VIN that was compared"),
        pytest.param("vin", "is_shown", MISTYPED, OTHER_MISTYPED, id="a VIN that the hub has shown"),
        pytest.param("phone", "sought_is_read_out", "1390013900", "1390013901", id="a number that was read out"),
    ],
)
def test_a_tick_vouches_for_one_number_and_no_other(browser: Visitor, way: str, box: str, right: str, wrong: str):
    """The next question from the answer is judged anew, and nothing in it is ticked."""
    answer = asked(browser, way=way, sought=right, **{box: "1"})

    refused = browser.submit(answer, "/look-ups", {"sought": wrong})

    assert refused.status_code == 422
    assert " checked" not in answer


def test_a_car_known_here_by_its_plate_is_no_other_dealers(
    pair: tuple[TestHub, Installation, Installation], browser: Visitor, sync_twice: Callable[[], None]
):
    """The hub brings back what this site has told it: the page says so, and leads to the file that is here."""
    _, _, away = pair
    worn: dict[str, Value] = {"vehicle_id": some(40), "plate_no": "湘A54321"}
    commit(away.node(), [Draft(VEHICLE, some(40), {"model_name": "雅阁"}), Draft(PLATE, some(41), worn)])
    sync_twice()

    section = section_of(asked(browser, way="plate", sought="湘A54321"), "雅阁")

    assert "This is your own file" in section
    assert f'href="/vehicles/{record_text(some(40))}"' in section
    assert [words in section for words in ("/look-ups/take-on", "Other dealers with visits")] == [False] * 2


def test_a_car_that_stands_in_an_order_here_is_not_offered_again(
    pair: tuple[TestHub, Installation, Installation], browser: Visitor, sync_twice: Callable[[], None]
):
    """Its history comes because of the order, so the answer leads to its file instead of to taking it on."""
    hub, _, away = pair
    ordered: dict[str, Value] = {"ro_no": "B-1", "vehicle_id": CAR, "status": "open", "opened_at": hub.clock.now_ms()}
    commit(away.node(), [Draft(VEHICLE, CAR, {"vin": VIN}), Draft(VISIT, some(7), ordered)])
    sync_twice()

    section = section_of(asked(browser), VIN)

    assert f'href="{FILE}"' in section
    assert "/look-ups/take-on" not in section
    assert "This car has a file here" in section
    assert "followed here already" not in section


@pytest.mark.parametrize(
    ("settled", "said"),
    [
        pytest.param((SETTLED,), "Settled with the customer 800.00", id="settled"),
        pytest.param((), "Customer pays, before any discount 807.76", id="no settlement known"),
    ],
)
def test_lines_and_orders_say_what_they_came_to(
    pair: tuple[TestHub, Installation, Installation],
    browser: Visitor,
    sync_twice: Callable[[], None],
    settled: tuple[Draft, ...],
    said: str,
):
    """Of two parts the line says what both cost; of an order what was settled, where that is known."""
    hub, _, away = pair
    ordered: dict[str, Value] = {"ro_no": "B-1", "vehicle_id": CAR, "status": "open", "customer_fen": 80_776}
    fitted: dict[str, Value] = {"part_name": "前刹车片", "price_fen": 8_888, "amount_fen": 17_776}
    drafts = [
        Draft(VEHICLE, CAR, {"vin": VIN}),
        Draft(VISIT, some(7), {**ordered, "opened_at": hub.clock.now_ms()}),
        Draft(PART_LINE, some(8), {**fitted, "visit_id": some(7), "quantity_hundredths": 200}),
    ]
    commit(away.node(), [*drafts, *settled])
    sync_twice()

    row = section_of(asked(browser), VIN).split("<td>B-1</td>")[1].split("</tr>")[0]

    assert "前刹车片 177.76" in row
    assert re.findall(r"[0-9]+\.[0-9]{2}", row) == ["177.76", said.rsplit(" ", 1)[1]]
    assert said in row


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        pytest.param([VIN], ("Open recall", "S2026M0001 Brake hose"), id="open"),
        pytest.param([make_vins(2)[1]], ("No open recall is known for this car.",), id="none known"),
        pytest.param([], ("Recalls unknown",), id="no VIN"),
    ],
)
@pytest.mark.usefixtures("twin")
def test_the_answer_says_what_is_known_of_recalls(
    pair: tuple[TestHub, Installation, Installation],
    browser: Visitor,
    sync_twice: Callable[[], None],
    listed: list[str],
    said: tuple[str, ...],
):
    """By the lists that this machine holds: an open one by name, none known, or nothing for a car without a number."""
    hub, _, _ = pair
    publish(hub, listed or [VIN])
    sync_twice()

    page = asked(browser, way="plate", sought=PLATE_NO)

    section = section_of(page, VIN if listed else "雅阁")
    assert [text in section for text in said] == [True] * len(said)


def test_a_car_that_is_awaited_is_named_by_its_vin(browser: Visitor):
    """The hub has shown it, so whoever took the car on reads it before its record comes."""
    browser.submit(asked(browser), "/look-ups/take-on", {})

    assert VIN in row_of_car(browser)


def test_a_car_that_is_awaited_and_was_never_shown_says_when_its_vin_comes(
    pair: tuple[TestHub, Installation, Installation], browser: Visitor
):
    """Taken on elsewhere than on this page, for instance by a command."""
    _, _, away = pair
    take_on(away.node(), CAR, "recall")

    assert "comes with the next sync" in row_of_car(browser)


@pytest.fixture
def worked_on(pair: tuple[TestHub, Installation, Installation]) -> None:
    """The order of the first dealer says what was done, besides the part that it fitted."""
    hub, home, _ = pair
    job: dict[str, Value] = {"visit_id": some(5), "op_name": "换机油", "complaint": "漏油"}
    labour: dict[str, Value] = {"visit_id": some(5), "job_id": some(30), "labour_name": "拆装"}
    commit(home.node(), [Draft(JOB, some(30), job), Draft(LABOUR_LINE, some(31), labour)])
    sync(home, hub)


@pytest.mark.usefixtures("worked_on")
def test_a_car_that_was_taken_on_shows_its_work_as_the_look_up_did(browser: Visitor, sync_twice: Callable[[], None]):
    """Jobs, labour and parts stand behind what they are, in the answer and then in the file, with whose they are."""
    answered = asked(browser)
    browser.submit(answered, "/look-ups/take-on", {})

    sync_twice()

    told = [" ".join(re.sub(r"<[^>]+>", " ", page).split()) for page in (answered, browser.open(FILE))]
    work = "Job 换机油 · Labour line 拆装 · Part line 滤芯"
    assert [work in text for text in told] == [True, True]
    assert "A-1 Site A001 A001" in told[1]
