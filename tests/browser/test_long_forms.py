"""Forms that are longer than their window, and forms that hold what was typed on another day, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from browser.front_desk import SIZES, FrontDesk, screens_of
from support.programs import Service

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

FIELDS_MAX = 150
"""More than any form has; a walk through one ends at its last field."""

SAVE_IS_SEEN = """() => {
    const box = document.querySelector("[data-save]").getBoundingClientRect();
    const at = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
    return at !== null && at.closest("[data-save]") !== null;
}"""
"""Whether a click in the middle of the button meets it: it lies in the window and beneath nothing."""

HIDDEN = """() => {
    const field = document.activeElement;
    if (field.matches("[data-save]")) return "end";
    const box = field.getBoundingClientRect();
    const bar = document.querySelector(".save").getBoundingClientRect();
    const below = bar.top < box.bottom && box.top < bar.bottom && !field.closest(".save");
    return below || box.bottom > innerHeight || box.top < 0 ? field.name || field.outerHTML.slice(0, 80) : "";
}"""
"""The name of the field with the keyboard where it lies beneath the bar or outside the window; "end" at the button."""


@pytest.fixture(params=["desk", "zoomed"])
def window(request: pytest.FixtureRequest, served: Service, chromium: Browser) -> Iterator[FrontDesk]:
    """Somebody at a usual screen, and at one of which they see a quarter, twice as large."""
    size = str(request.param)
    scale = SIZES["desk"][0] / SIZES[size][0]
    with FrontDesk.opened(chromium, served.url, size=size, scale=scale) as opened:
        opened.log_in()
        yield opened


@pytest.mark.parametrize("screen", ["check-in", "returning", "customer-edit", "vehicle-edit"])
def test_the_button_that_saves_is_seen_from_the_first_field_on(window: FrontDesk, served: Service, screen: str):
    """Whoever has typed what they came for saves without looking for the end of the form."""
    window.go(screens_of(served.data)[screen])

    assert window.page.evaluate(SAVE_IS_SEEN)


@pytest.mark.parametrize("screen", ["check-in", "customer-edit"])
def test_no_field_is_reached_beneath_the_bar_that_saves(window: FrontDesk, served: Service, screen: str):
    """Tab leads through the form, and every field it stops at stands free in the window."""
    window.go(screens_of(served.data)[screen])
    hidden: list[str] = []

    for _ in range(FIELDS_MAX):
        window.page.keyboard.press("Tab")
        found = str(window.page.evaluate(HIDDEN))
        if found == "end":
            break
        hidden += [found] if found else []

    assert (found, hidden) == ("end", [])


@pytest.mark.parametrize(
    ("screen", "field", "said"),
    [
        pytest.param("order-edit", "belongings", "尚未保存", id="an order"),
        pytest.param("customer-edit", "wechat", "尚未保存", id="a customer"),
        pytest.param("vehicle-edit", "engine_no", "尚未保存", id="a car"),
        pytest.param("order-work", "jobs[0].op_name", "尚未保存", id="the work of an order"),
    ],
)
def test_what_was_typed_before_says_so_and_can_be_thrown_away(
    desk: FrontDesk, served: Service, screen: str, field: str, said: str
):
    """The form is not taken for what is on file; thrown away, it shows that again, and nothing comes back."""
    address = screens_of(served.data)[screen]
    desk.go(address)
    on_file = desk.page.input_value(f"[name='{field}']")
    first = desk.page.locator(".unsaved").count()
    desk.page.fill(f"[name='{field}']", "typed last week")
    with desk.page.expect_response("**/drafts/*"):
        desk.page.keyboard.press("Tab")

    desk.go(address)
    told, typed = desk.page.inner_text(".unsaved"), desk.page.input_value(f"[name='{field}']")
    desk.page.focus(f"[name='{field}']")
    desk.page.keyboard.type(", and more")
    desk.page.click(".unsaved summary")
    desk.page.click(".unsaved button")
    expect(desk.page.locator(".unsaved")).to_have_count(0)
    desk.go(address)

    assert (first, said in told, typed) == (0, True, "typed last week")
    assert desk.page.input_value(f"[name='{field}']") == on_file


def test_a_check_in_that_is_not_saved_can_be_thrown_away(desk: FrontDesk):
    """It leads to the first page, and the next check-in is empty."""
    desk.go("/visits/new")
    desk.page.fill("[name=belongings]", "雨伞")
    with desk.page.expect_response("**/drafts/*"):
        desk.page.keyboard.press("Tab")

    desk.go("/visits/new")
    desk.page.click(".unsaved summary")
    desk.page.click(".unsaved form[action$='/drop'] button")
    desk.page.wait_for_url(lambda url: url.rstrip("/") == desk.url)
    desk.go("/visits/new")

    assert desk.page.input_value("[name=belongings]") == ""


def test_enter_leads_through_a_check_in_to_its_note(desk: FrontDesk):
    """Past the closed lines of each job, to what was agreed; in the note, Enter begins a line."""
    desk.go("/visits/new")
    desk.page.focus("[name='jobs[0].complaint']")
    passed = [""]
    while passed[-1] != "customer_note" and len(passed) < FIELDS_MAX:
        desk.page.keyboard.press("Enter")
        passed.append(str(desk.page.evaluate("document.activeElement.name")))

    assert passed[-1] == "customer_note"
    assert {"jobs[1].complaint", "promised_at", "old_part_wish"} <= set(passed)


def test_the_keyboard_goes_on_from_the_outline_to_its_marks(desk: FrontDesk, served: Service):
    """The button that takes the first mark away is next."""
    desk.go(screens_of(served.data)["returning"])
    desk.page.focus("[data-frame]")
    desk.page.keyboard.press("Enter")

    desk.page.keyboard.press("Tab")

    assert desk.page.evaluate("document.activeElement.closest('[data-list-of-marks]') !== null")
