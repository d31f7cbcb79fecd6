"""Settled, handed over, put right, on paper and reminded, in each language: by keyboard, without a foreign word."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from browser.front_desk import FrontDesk, screens_of
from browser.inspection import foreign_words
from support.programs import Service

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

HEADINGS = {"print-settlement": "结算单", "print-warranty": "三包维修记录"}
WIDTHS = {"A4": 595, "A5": 420}
"""Of paper, in points."""


@pytest.fixture
def reader(desk: FrontDesk, language: str) -> FrontDesk:
    """Somebody who reads one of the languages."""
    desk.speak(language)
    return desk


@pytest.mark.parametrize("sheet", HEADINGS)
@pytest.mark.parametrize("size", WIDTHS)
def test_a_sheet_of_the_end_is_one_page(desk: FrontDesk, served: Service, tmp_path: Path, sheet: str, size: str):
    """Bill and record fit on either paper, with their number and without what is for the screen."""
    desk.go(f"{screens_of(served.data)[sheet]}?size={size}")

    desk.page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)

    document = PdfReader(tmp_path / "sheet.pdf")
    text = document.pages[0].extract_text()
    assert (len(document.pages), round(float(document.pages[0].mediabox.width))) == (1, WIDTHS[size])
    assert (HEADINGS[sheet] in text, "1 / 1" in text, "返回维修单" in text) == (True, True, False)


def test_a_bill_that_does_not_add_up_leads_to_its_field(reader: FrontDesk, served: Service, language: str):
    """Ctrl+Enter sends it; the first problem has the keyboard, and its link leads to the amount that is wrong."""
    reader.go(screens_of(served.data)["settle"])
    reader.page.fill("[name='shares[0].share_fen']", "1.005")
    reader.page.keyboard.press("Control+Enter")
    summary = reader.page.locator("#summary")
    expect(summary).to_be_focused()
    summary.locator("a >> nth=0").click()

    assert reader.page.evaluate("document.activeElement.name") == "shares[0].share_fen"
    assert foreign_words(reader.page.inner_text("main .notice"), language) == frozenset()


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
