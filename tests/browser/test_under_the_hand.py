"""What an answer of the node adds to a form or takes out of it, under somebody who goes on typing."""

import pytest
from playwright.sync_api import expect

from browser.front_desk import PLATE, FrontDesk, screens_of
from support.programs import Service

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""


IN_SIGHT = """(one) => {
    const [box, head] = [one.getBoundingClientRect(), document.querySelector("header").getBoundingClientRect().bottom];
    return box.top >= head - 1 && box.bottom <= innerHeight;
}"""


@pytest.mark.parametrize("scrolled", [0, 150])
def test_an_answer_is_seen_and_so_is_the_field_under_the_hand(desk: FrontDesk, scrolled: int):
    """Who may be meant is put in above the form: the question is read, and the field that has the keyboard too."""
    desk.go("/visits/new")
    desk.page.evaluate("(top) => scrollTo(0, top)", scrolled)
    desk.page.focus("[name='car.plate']")
    desk.page.keyboard.type(PLATE)
    desk.page.keyboard.press("Tab")
    question = desk.page.locator(".notice", has=desk.page.locator("[data-same='car.known']"))
    expect(question).to_be_visible()
    desk.page.wait_for_timeout(100)

    assert question.evaluate(IN_SIGHT)
    assert desk.page.locator(":focus").evaluate(IN_SIGHT)
    assert desk.page.evaluate("document.activeElement.name") == "car.vin"


def test_a_box_or_a_candidate_that_goes_leaves_the_keyboard_in_the_form(desk: FrontDesk):
    """The next field has it, and never the page as a whole."""
    has_keys = "document.activeElement.name"
    desk.go("/visits/new")
    desk.page.fill("[name=sender_phone]", "1380013800")
    desk.page.keyboard.press("Tab")
    desk.page.check("[name=sender_phone_is_read_out]")
    desk.page.fill("[name=sender_phone]", "13800138000")
    desk.page.keyboard.press("Tab")
    expect(desk.page.locator("[name=sender_phone_is_read_out]")).to_have_count(0)
    after_box = desk.page.evaluate(has_keys)
    desk.page.focus("[data-not-same]")
    desk.page.keyboard.press("Enter")

    assert (after_box, desk.page.evaluate(has_keys)) == ("odometer_in_km", "car.plate")


def test_a_refused_check_in_that_is_loaded_again_goes_on_in_its_form(desk: FrontDesk):
    """Its link leads to the question; loaded again, it is asked as in typing, and the form has the keyboard."""
    has_keys = "document.activeElement.id"
    desk.go("/visits/new")
    desk.page.fill("[name='car.plate']", PLATE)
    desk.page.fill("[name=sender_name]", "李芳")
    desk.page.keyboard.press("Control+Enter")
    desk.page.click("#summary a[href='#f-car-alike']")
    after_link = desk.page.evaluate(has_keys)
    desk.page.reload()

    expect(desk.page.locator("[data-same='car.known']")).to_be_visible()
    assert (after_link, desk.page.evaluate(has_keys)) == ("f-car-alike", "f-car-vin")


def test_a_masked_number_is_shown_on_request_and_keeps_the_keyboard(desk: FrontDesk, served: Service):
    """One key shows the number, and only that one; its button goes, and the number is read out in its place."""
    desk.go(screens_of(served.data)["customer"])

    desk.page.focus("[data-reveal^='phone/'] button")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector("text=138 0013 8000")

    assert "南京路" not in desk.page.inner_text("main")
    assert desk.page.evaluate("document.activeElement.textContent") == "138 0013 8000"
