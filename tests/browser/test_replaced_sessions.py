"""Words that the node would not take: under another session, for whom they wait, until when, and how they come back."""

import json

import pytest
from playwright.sync_api import Page, Route, expect

from browser.front_desk import ADMINISTRATOR, FrontDesk, screens_of
from browser.test_interrupted import COMPLAINT, PATIENCE_MS, STATE, kept_of, write_check_in
from support.programs import Service
from support.staffed import PASSWORD

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

HOUR_MS = 3600 * 1000
CUSTOMER = "carnet-held /drafts/customer"
NAME = "[name=full_name]"
NOT_KEPT = "草稿未保存"


def log_in_again(desk: FrontDesk, staff_no: str = ADMINISTRATOR) -> None:
    """Log in anew in another window of the same browser."""
    other = desk.page.context.new_page()
    other.goto(f"{desk.url}/login")
    enter(other, staff_no)
    other.wait_for_selector("nav.screens")
    other.close()


def type_and_log_out_elsewhere(desk: FrontDesk, text: str) -> None:
    """A text that does not reach the node before the session ends in another window of the same browser."""
    desk.page.route("**/drafts/*", lambda route: route.abort())
    desk.page.fill(COMPLAINT, text)
    other = desk.page.context.new_page()
    other.goto(f"{desk.url}/staff/me")
    other.click("form[action='/logout'] button")
    other.wait_for_selector("[name=password]")
    other.close()
    desk.page.wait_for_selector("[name=password]")
    desk.page.unroute("**/drafts/*")


def come_back(desk: FrontDesk) -> None:
    """Their author logs in again, at the door to which the page has gone."""
    enter(desk.page, ADMINISTRATOR)


def enter(page: Page, staff_no: str) -> None:
    """Staff number and password, at the door, once its scripts have given it the keyboard."""
    page.wait_for_selector("[name=staff_no]:focus")
    page.fill("[name=staff_no]", staff_no)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")


def hold(desk: FrontDesk, fields: dict[str, str], *, form: str = CUSTOMER, age_ms: int = 0) -> None:
    """What a page of this window held when a session ended; nothing is in it yet that could let go of it."""
    desk.page.evaluate(
        """([name, fields, age]) => sessionStorage.setItem(name, JSON.stringify({
            person: document.body.dataset.person, at: Date.now() - age, sent: { fields, based_on: "", was: "" },
        }))""",
        [form, fields, age_ms],
    )


def returning(served: Service) -> tuple[str, str]:
    """The check-in of a car on file: its address, and under which name its words wait."""
    address = screens_of(served.data)["returning"]
    return address, f"carnet-held /drafts/check-in-{address.partition('=')[2]}"


def held(desk: FrontDesk) -> int:
    """How many forms wait in this window."""
    return sum(one.startswith("carnet-held ") for one in desk.page.evaluate("Object.keys(sessionStorage)"))


def test_words_typed_under_a_session_that_was_replaced_come_back_by_themselves(desk: FrontDesk):
    """The same person has logged in anew in another window: the form is shown anew under that session, and saves."""
    write_check_in(desk, "津E00001")
    log_in_again(desk)

    desk.page.fill(COMPLAINT, "smells of petrol")
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Tab")
    expect(desk.page.locator(STATE)).to_contain_text("草稿已保存")
    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector("h1 .state")

    assert "smells of petrol" in desk.page.inner_text("main")
    assert kept_of(desk, "津E00001") == (1, 0)


def test_a_form_does_not_go_out_under_the_session_of_a_colleague(desk: FrontDesk):
    """It stays on the page with every word, the page says why, and the words wait for their author."""
    desk.go("/staff")
    desk.page.fill("#f-staff_no", "D11")
    desk.page.fill("#f-full_name", "周同事")
    desk.page.keyboard.press("Control+Enter")
    code = desk.page.inner_text(".startcode")
    write_check_in(desk, "津E00002")
    other = FrontDesk(desk.page.context.new_page(), desk.url)
    other.begin("D11", code)

    desk.page.fill(COMPLAINT, "smells of petrol")
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.locator(STATE)).to_contain_text(NOT_KEPT)

    assert (desk.page.input_value(COMPLAINT), "/visits/new" in desk.page.url) == ("smells of petrol", True)
    assert held(desk) == 1


def test_whoever_comes_back_to_the_form_of_a_known_car_finds_their_words(desk: FrontDesk, served: Service):
    """Nothing had been kept of it when the session ended: the log-in leads to that very form."""
    desk.go(screens_of(served.data)["returning"])
    type_and_log_out_elsewhere(desk, "smells of petrol")

    come_back(desk)

    expect(desk.page.locator(COMPLAINT)).to_have_value("smells of petrol", timeout=PATIENCE_MS)


def test_more_work_typed_as_a_session_ends_is_seen_again_on_its_order(desk: FrontDesk, served: Service):
    """The form stands folded on the page of the order; with words in it, it is open."""
    desk.go(screens_of(served.data)["order"])
    desk.page.click("summary:has-text('增加项目')")
    type_and_log_out_elsewhere(desk, "smells of petrol")

    come_back(desk)

    expect(desk.page.locator(COMPLAINT)).to_have_value("smells of petrol", timeout=PATIENCE_MS)
    expect(desk.page.locator(COMPLAINT)).to_be_visible()


def test_what_waits_stands_in_its_fields_also_when_the_node_does_not_take_it_at_once(desk: FrontDesk):
    """The form that is saved next is the one that is seen."""
    hold(desk, {"full_name": "李四"})
    desk.page.route("**/drafts/*", lambda route: route.abort(), times=1)

    desk.go("/customers/new")

    expect(desk.page.locator(STATE)).to_contain_text(NOT_KEPT)
    assert (desk.page.input_value(NAME), held(desk)) == ("李四", 1)


def test_a_page_that_brings_words_back_is_not_loaded_under_somebody_who_types(desk: FrontDesk, served: Service):
    """What is typed while the words are on their way stands beside them, and both are kept."""
    address, form = returning(served)
    hold(desk, {"jobs[0].complaint": "idle is rough", "jobs[9].complaint": "smells of petrol"}, form=form)
    slow: list[Route] = []

    def keep_waiting(route: Route) -> None:
        """The words are on their way."""
        slow.append(route)

    desk.page.route("**/drafts/*", keep_waiting, times=1)
    desk.go(address)
    desk.page.evaluate("window.isSame = true")
    desk.page.fill("[name=belongings]", "umbrella")

    slow[0].continue_()
    with desk.page.expect_response("**/drafts/*"):
        desk.page.keyboard.press("Tab")
    expect(desk.page.locator(STATE)).to_contain_text("草稿已保存")

    assert desk.page.evaluate("window.isSame")
    assert desk.page.input_value(COMPLAINT) == "idle is rough"
    assert desk.page.input_value("[name=belongings]") == "umbrella"


def test_words_whose_field_is_not_on_the_page_are_shown_by_loading_it_anew(desk: FrontDesk, served: Service):
    """Nobody has touched the form, so nothing is lost by that."""
    address, form = returning(served)
    hold(desk, {"jobs[11].complaint": "smells of petrol"}, form=form)

    desk.go(address)

    expect(desk.page.locator("[name='jobs[11].complaint']")).to_have_value("smells of petrol", timeout=PATIENCE_MS)


def test_words_that_the_node_refuses_for_good_are_tried_once(desk: FrontDesk):
    """They stand in their field, the page says what to do, and no later page tries them again."""
    hold(desk, {"full_name": "李四"})
    desk.page.route("**/drafts/*", lambda route: route.fulfill(status=422, body="{}"), times=1)

    desk.go("/customers/new")

    expect(desk.page.locator(STATE)).to_contain_text("请分次保存")
    assert (desk.page.input_value(NAME), held(desk)) == ("李四", 0)


@pytest.mark.parametrize(
    ("kept", "left"),
    [
        pytest.param(json.dumps({"person": "x", "at": 0, "sent": {"fields": {}}}), 0, id="older than any session"),
        pytest.param("{", 0, id="damaged"),
        pytest.param("null", 0, id="nothing"),
    ],
)
def test_what_cannot_come_back_is_dropped_at_the_door(desk: FrontDesk, kept: str, left: int):
    """Already the page of the log-in forgets it, and its scripts go on."""
    desk.go("/staff/me")
    desk.page.click("form[action='/logout'] button")
    desk.page.wait_for_selector("[name=password]")
    desk.page.evaluate("([name, kept]) => sessionStorage.setItem(name, kept)", [CUSTOMER, kept])

    desk.go("/login")

    assert held(desk) == left
    assert not [said for said in desk.complaints if "Error" in said]


@pytest.mark.parametrize(("age_ms", "left"), [(11 * HOUR_MS, 1), (13 * HOUR_MS, 0)])
def test_words_wait_as_long_as_a_session_can_last(desk: FrontDesk, age_ms: int, left: int):
    """Twelve hours; the first page after that drops them."""
    hold(desk, {"full_name": "李四"}, age_ms=age_ms)

    desk.go("/")

    assert held(desk) == left


def test_somebody_else_at_this_desk_ends_the_waiting(desk: FrontDesk):
    """Whoever leaves a locked screen to somebody else leaves no words behind in its window."""
    desk.page.click("[data-lock]")
    desk.page.wait_for_selector("form[action='/logout'] button")
    hold(desk, {"full_name": "李四"})

    desk.page.click("form[action='/logout'] button")
    desk.page.wait_for_selector("[name=staff_no]")

    assert held(desk) == 0


def test_words_typed_after_a_session_has_ended_are_held_when_the_page_goes(desk: FrontDesk):
    """The answer to what a page sends as it goes comes to nobody, so they wait before it is sent."""
    write_check_in(desk, "津E00003")
    desk.page.route("**/drafts/*", lambda route: route.fulfill(status=401, body="{}"))
    desk.page.fill(COMPLAINT, "smells of petrol")
    expect(desk.page.locator(STATE)).to_contain_text(NOT_KEPT)

    with desk.page.expect_navigation(url=f"{desk.url}/"):
        desk.page.evaluate(
            """name => {
                const field = document.querySelector(name);
                field.value = "smells of petrol, badly";
                field.dispatchEvent(new Event("input", { bubbles: true }));
                location.assign("/");
            }""",
            COMPLAINT,
        )

    waiting = desk.page.evaluate("Object.values(sessionStorage).join()")
    assert "smells of petrol, badly" in waiting
