"""A settled order put right and a customer reminded, in each language; the day before that is `test_workshop_day`."""

import pytest
from playwright.sync_api import expect

from browser.front_desk import FrontDesk, screens_of
from browser.inspection import foreign_words
from support.programs import Service

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""


@pytest.fixture
def reader(desk: FrontDesk, language: str) -> FrontDesk:
    """Somebody who reads one of the languages."""
    desk.speak(language)
    return desk


def test_a_settled_order_is_put_right_and_the_correction_void(reader: FrontDesk, served: Service, language: str):
    """The first leads to the second while that counts, and offers another one when it is void."""
    address = screens_of(served.data)["order-settled"]
    reader.go(address)
    correct = reader.page.locator("details:has(form[action$='/correct'])")
    correct.locator("summary").click()
    with reader.page.expect_navigation(url=lambda url: not url.endswith(address)):
        correct.locator("button").click()
    other = reader.page.url
    foreign = foreign_words(reader.page.inner_text("main"), language)
    reader.go(address)
    leads_on = reader.page.locator(f"main a[href='{other.removeprefix(reader.url)}']").count()
    reader.page.goto(other)
    reader.page.click("details:has(form[action$='/void']) summary")
    reader.page.fill("[name=void_reason]", "20261123")
    with reader.page.expect_navigation():
        reader.page.click("form[action$='/void'] button")
    reader.go(address)

    assert (leads_on, reader.page.locator("form[action$='/correct']").count()) == (1, 1)
    assert foreign == frozenset()


def test_a_reminder_is_noted_with_its_result(reader: FrontDesk, language: str):
    """Without one it is refused at its row; after no answer the customer stays on the list."""
    reader.go("/due")
    button = reader.page.locator("form[action='/due/reminders'] button >> nth=0")
    button.click()
    expect(reader.page.locator("#f-result")).to_be_visible()
    words = foreign_words(reader.page.inner_text("#summary"), language)
    reader.page.select_option("#f-result", "no_answer")
    with reader.page.expect_navigation():
        reader.page.locator("form:has(#f-result) button").click()

    assert words == frozenset()
    assert reader.page.locator("form[action='/due/reminders']").count() >= 1
    assert reader.page.locator("tr.locked").count() >= 1
