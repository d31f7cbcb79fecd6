"""A desk that is interrupted: its node stands still in the middle of a save, or its session ends under somebody."""

from contextlib import ExitStack

import pytest
from playwright.sync_api import Route, expect

from browser.front_desk import ADMINISTRATOR, FrontDesk
from support.programs import Service
from support.staffed import PASSWORD

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

PATIENCE_MS = 60_000
"""Two questions in a row that nobody answers, each given up after five seconds, on a busy machine."""

FORM = "**/visits/new"
COMPLAINT = "[name='jobs[0].complaint']"
STATE = "[data-draft-state]"
SAVES_AGAIN = """addEventListener("DOMContentLoaded", () => {
    const state = document.querySelector("[data-draft-state]");
    let isSentAgain = false;
    const look = () => {
        console.info(state.textContent);
        if (!state.textContent.includes("尚未答复") || isSentAgain) return;
        isSentAgain = true;
        const field = document.querySelector("[name='jobs[0].complaint']");
        const since = sessionStorage.getItem("typed since");
        field.value += since ?? "";
        if (since) field.dispatchEvent(new Event("input", { bubbles: true }));
        document.querySelector("[data-save]").click();
    };
    if (state) new MutationObserver(look).observe(state, { childList: true });
});"""
"""Says on the console what the page says, and types on and saves again once it does not know; nothing else can look at
a page that is about to go, because the browser's driver waits for the next one."""

NOT_SAVED, NOT_KNOWN = "已输入的内容留在此页", "尚未答复是否已保存"


def write_check_in(desk: FrontDesk, plate: str) -> None:
    """Everything a check-in needs, kept by the node."""
    desk.go("/visits/new")
    desk.page.fill("[name='car.plate']", plate)
    desk.page.fill("[name=sender_name]", "赵敏")
    desk.page.fill("[name=sender_phone]", "13900001111")
    desk.page.check("[name=is_odometer_unknown]")
    desk.page.fill(COMPLAINT, "idle is")
    desk.page.keyboard.press("Tab")
    expect(desk.page.locator(STATE)).to_contain_text("草稿已保存")


def kept_of(desk: FrontDesk, plate: str) -> tuple[int, int]:
    """How many orders of a plate there are, and how many check-ins that are not saved."""
    desk.go("/visits")
    rows = desk.page.locator("table.orders a", has_text=plate)
    orders = set(rows.evaluate_all("all => all.map((one) => one.href)"))
    desk.go("/")
    return len(orders), desk.page.locator("a[href^='/visits/new']", has_text=plate).count()


def test_a_node_that_stands_still_when_the_last_word_is_kept_loses_nothing(served: Service, desk: FrontDesk):
    """The page stays as it is and says that nothing was saved; once the node goes on, the order is saved once."""
    write_check_in(desk, "津D00001")
    with served.frozen():
        desk.page.fill(COMPLAINT, "idle is rough")
        desk.page.keyboard.press("Control+Enter")
        expect(desk.page.locator(STATE)).to_contain_text(NOT_SAVED, timeout=PATIENCE_MS)
        typed = desk.page.input_value(COMPLAINT)

    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector("h1 .state")

    assert (typed, "idle is rough" in desk.page.inner_text("main")) == ("idle is rough", True)
    assert kept_of(desk, "津D00001") == (1, 0)


def test_a_save_that_nobody_answers_is_told_wherever_one_is(served: Service, desk: FrontDesk):
    """At the first block of the form the words stand inside the window, and the cursor stays in its field."""
    write_check_in(desk, "津D00009")
    sender = desk.page.locator("[name=sender_name]")
    with served.frozen():
        sender.fill("赵敏敏")
        desk.page.evaluate("scrollTo(0, 0)")
        desk.page.keyboard.press("Control+Enter")
        told = desk.page.get_by_role("alert").filter(has_text=NOT_SAVED)
        expect(told).to_be_in_viewport(ratio=1, timeout=PATIENCE_MS)

        expect(sender).to_be_focused()


def test_a_node_that_stands_still_with_the_form_saves_it_once(served: Service, desk: FrontDesk):
    """Nobody can know whether it is saved, and the page says so; saving again meanwhile makes no second order."""
    desk.page.add_init_script(SAVES_AGAIN)
    write_check_in(desk, "津D00002")
    with ExitStack() as still:

        def stop_first(route: Route) -> None:
            """The node has kept the last word; it stands still before it reads the form."""
            still.enter_context(served.frozen())
            route.continue_()

        desk.page.route(FORM, stop_first, times=1)
        with desk.page.expect_console_message(lambda said: NOT_KNOWN in said.text, timeout=PATIENCE_MS):
            desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector("h1 .state")

    assert kept_of(desk, "津D00002") == (1, 0)


def save_twice(desk: FrontDesk, *, typed_since: str) -> int:
    """Save, with the answer lost on its way; type on and save again. Returns how often a script sent the form."""
    sent: list[str] = []

    def lose_answer(route: Route) -> None:
        """The node saves, and the browser hears nothing of it."""
        form = route.request
        if form.resource_type == "fetch":
            sent.append(form.url)
        if len(sent) > 1:
            route.continue_()
        else:
            assert "/visits/" in route.fetch().json()["go"]

    desk.page.evaluate("text => sessionStorage.setItem('typed since', text)", typed_since)
    desk.page.route(FORM, lose_answer)
    with desk.page.expect_console_message(lambda said: NOT_KNOWN in said.text, timeout=PATIENCE_MS):
        desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector("h1 .state, main a[data-focus]")
    return len(sent)


def test_a_form_whose_answer_is_lost_leads_to_what_was_saved(desk: FrontDesk):
    """It goes out twice under one key, and the second answer is that of the first."""
    desk.page.add_init_script(SAVES_AGAIN)
    write_check_in(desk, "津D00004")

    sent = save_twice(desk, typed_since="")

    assert (sent, desk.page.locator("h1 .state").count()) == (2, 1)
    assert kept_of(desk, "津D00004") == (1, 0)


def test_a_word_typed_before_it_is_saved_again_makes_no_second_order(desk: FrontDesk):
    """The page says that it was saved before, shows the later words, and leads to the order."""
    desk.page.add_init_script(SAVES_AGAIN)
    write_check_in(desk, "津D00005")

    sent = save_twice(desk, typed_since=" and brakes squeal")

    said = desk.page.inner_text("main")
    assert (sent, "idle is and brakes squeal" in said, "打开已保存的记录" in said) == (2, True, True)
    assert kept_of(desk, "津D00005") == (1, 0)


@pytest.mark.parametrize(("screen", "button"), [("/staff/me", "form[action='/logout'] button"), ("/", "[data-lock]")])
def test_what_is_typed_while_a_session_ends_comes_back(desk: FrontDesk, screen: str, button: str):
    """Logged out or locked from another window: who comes back finds the words that the node has not got, too."""
    write_check_in(desk, "津D00003")
    desk.page.route("**/drafts/*", lambda route: route.abort())
    desk.page.fill(COMPLAINT, "smells of petrol")
    other = desk.page.context.new_page()
    other.goto(desk.url + screen)
    other.click(button)
    other.wait_for_selector("[name=password]")
    other.close()

    desk.page.wait_for_selector("[name=password]")
    desk.page.unroute("**/drafts/*")
    if desk.page.locator("[name=staff_no]:not([readonly])").count():
        desk.page.fill("[name=staff_no]", ADMINISTRATOR)
    desk.page.fill("[name=password]", PASSWORD)
    desk.page.keyboard.press("Enter")

    expect(desk.page.locator(COMPLAINT)).to_have_value("smells of petrol", timeout=PATIENCE_MS)
    expect(desk.page.locator("[name='car.plate']")).to_have_value("津D00003")
    expect(desk.page.locator(STATE)).to_contain_text("草稿已保存")
    assert desk.page.evaluate("sessionStorage.length") == 0


def test_what_waits_for_somebody_else_is_gone(desk: FrontDesk):
    """Words of a colleague who was logged in at this window before are shown to nobody."""
    left = {"person": "somebody else", "sent": {"fields": {"full_name": "别人"}, "based_on": "", "was": ""}}
    desk.page.evaluate(
        "one => sessionStorage.setItem('carnet-held /drafts/customer', JSON.stringify({ ...one, at: Date.now() }))",
        left,
    )

    desk.go("/customers/new")

    assert (desk.page.input_value("[name=full_name]"), desk.page.evaluate("sessionStorage.length")) == ("", 0)


def save_as_the_node_dies(served: Service, desk: FrontDesk, *, is_told: bool) -> None:
    """The node saves and is killed: before it has answered, or before the page of what was saved is asked for."""

    def die(route: Route) -> None:
        answered = route.fetch()
        assert "/visits/" in answered.json()["go"]
        served.kill()
        if is_told:
            route.fulfill(response=answered)
        else:
            route.abort()

    desk.page.route(FORM, die, times=1)
    desk.page.keyboard.press("Control+Enter")


def test_a_node_that_is_killed_after_it_has_answered_leaves_a_page_that_says_saved(served: Service, desk: FrontDesk):
    """The browser shows no page of its own; the order opens by itself once the node is back."""
    write_check_in(desk, "津D00006")

    save_as_the_node_dies(served, desk, is_told=True)
    expect(desk.page.locator(STATE)).to_contain_text("已保存。", timeout=PATIENCE_MS)
    stands_at = desk.page.url
    served.start()
    desk.page.wait_for_selector("h1 .state", timeout=PATIENCE_MS)

    assert "/visits/new" in stands_at
    assert kept_of(desk, "津D00006") == (1, 0)


def test_a_node_that_is_killed_before_it_has_answered_leaves_the_form_to_be_sent_again(
    served: Service, desk: FrontDesk
):
    """Nobody can know, and the page says so with every word on it; saved again, there is one order."""
    write_check_in(desk, "津D00007")

    save_as_the_node_dies(served, desk, is_told=False)
    expect(desk.page.locator(STATE)).to_contain_text(NOT_KNOWN, timeout=PATIENCE_MS)
    typed = desk.page.input_value(COMPLAINT)
    served.start()
    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector("h1 .state", timeout=PATIENCE_MS)

    assert typed == "idle is"
    assert kept_of(desk, "津D00007") == (1, 0)


@pytest.mark.parametrize(
    ("way", "leads_to"),
    [
        pytest.param("a[data-digit='4']", "/customers", id="a link"),
        pytest.param("form.search button", "/search/", id="a small form"),
    ],
)
def test_a_page_stays_while_its_node_is_down(served: Service, desk: FrontDesk, way: str, leads_to: str):
    """The browser shows no page of its own; what was typed stays, and the same click goes on once the node is back."""
    desk.go("/visits/new")
    served.kill()
    expect(desk.page.locator("#strip")).to_contain_text("没有响应", timeout=PATIENCE_MS)
    desk.page.fill(COMPLAINT, "idle is rough")
    desk.page.fill("#search", "王小明")
    desk.page.click(way)
    told = desk.page.get_by_role("alert").filter(has_text="停留在此页")
    expect(told).to_be_in_viewport(ratio=1, timeout=PATIENCE_MS)
    typed, stands_at = desk.page.input_value(COMPLAINT), desk.page.url
    served.start()
    expect(told).to_have_count(0, timeout=PATIENCE_MS)
    desk.page.click(way)
    desk.page.wait_for_url(f"**{leads_to}*")

    assert (typed, "/visits/new" in stands_at) == ("idle is rough", True)


def test_a_word_that_nobody_took_keeps_the_page(served: Service, desk: FrontDesk):
    """A draft that did not arrive is enough to stay, before the strip has looked: what was typed last is there."""
    desk.go("/visits/new")
    desk.page.route("**/strip", lambda _: None)  # nobody answers it, so that it learns nothing in time
    served.kill()
    desk.page.fill(COMPLAINT, "idle is rough")
    expect(desk.page.locator(STATE)).to_contain_text("草稿未保存", timeout=PATIENCE_MS)
    desk.page.click("a[data-digit='4']")
    expect(desk.page.get_by_role("alert").filter(has_text="停留在此页")).to_be_visible(timeout=PATIENCE_MS)
    typed, stands_at = desk.page.input_value(COMPLAINT), desk.page.url
    desk.page.unroute("**/strip")
    served.start()

    assert (typed, "/visits/new" in stands_at) == ("idle is rough", True)


def test_a_form_without_a_draft_says_that_it_was_not_saved(served: Service, desk: FrontDesk):
    """A role is chosen while the node is down: the choice stays on its page, and is sent again."""
    desk.go("/staff")
    row = desk.page.locator("tr:has-text('A07')")
    row.locator("select").select_option("manager")
    served.kill()
    row.locator("button").click()
    expect(desk.page.locator("#told")).to_contain_text(NOT_SAVED)
    served.start()
    with desk.page.expect_navigation():
        row.locator("button").click()

    assert desk.page.locator("tr:has-text('A07') select").input_value() == "manager"
