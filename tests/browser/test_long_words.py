"""Texts without a space, as long as a form takes them: they break, and hide nothing beside or below them."""

from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from browser.front_desk import SIZES, FrontDesk
from carnet_node.core.desk_limits import TEXT_CHARS_MAX
from support.programs import Service

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

LONG = {
    "car.plate": "津D00001",
    "car.model_name": "M" * 100,
    "sender_name": "W" * 100,
    "sender_phone": "13900001111",
    "odometer_in_km": "5000",
    "belongings": "B" * 500,
    "jobs[0].complaint": "C" * TEXT_CHARS_MAX,
    "jobs[0].op_name": "P" * 200,
    "customer_note": "N" * TEXT_CHARS_MAX,
}
"""A check-in of a car that nobody knows."""

WIDTHS = {"A4": 595, "A5": 420}
"""Of paper, in points."""


@pytest.fixture(scope="module")
def long_order(served: Service, chromium: Browser) -> str:
    """The path of an order whose texts are as long as they may be."""
    with FrontDesk.opened(chromium, served.url) as desk:
        desk.log_in()
        desk.go("/visits/new")
        for name, text in LONG.items():
            desk.page.fill(f"[name='{name}']", text)
        desk.page.keyboard.press("Control+Enter")
        desk.page.wait_for_selector("h1 .state")
        return desk.page.url.removeprefix(served.url)


@pytest.fixture(scope="module")
def long_name(served: Service, chromium: Browser) -> Iterator[FrontDesk]:
    """The desk of somebody whose name is as long as it may be."""
    with FrontDesk.opened(chromium, served.url) as desk:
        desk.log_in()
        desk.go("/staff")
        desk.page.fill("form[action='/staff'] input[name=staff_no]:not([type=hidden])", "L01")
        desk.page.fill("[name=full_name]", "L" * 100)
        desk.page.click("form[action='/staff'] button.primary")
        code = desk.page.inner_text(".startcode")
    with FrontDesk.opened(chromium, served.url) as desk:
        desk.begin("L01", code)
        yield desk


def widths(desk: FrontDesk) -> dict[str, int]:
    """By how many pixels the open page is wider than its window, for each size; only where it is."""
    wider = {}
    for size, (width, height) in SIZES.items():
        desk.page.set_viewport_size({"width": width, "height": height})
        if desk.overflow() > 0:
            wider[size] = desk.overflow()
    return wider


@pytest.fixture(params=["reception", "order"])
def sheet(request: pytest.FixtureRequest) -> str:
    """Both sheets."""
    return str(request.param)


@pytest.mark.parametrize("paper", WIDTHS)
def test_a_sheet_prints_every_letter_of_a_text_without_a_space(
    desk: FrontDesk, long_order: str, sheet: str, paper: str, tmp_path: Path
):
    """Nothing is cut off or shrunk: the whole note, both boxes for signatures, and every page its number."""
    desk.go(f"{long_order}/print/{sheet}?size={paper}")
    desk.page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    document = PdfReader(tmp_path / "sheet.pdf")
    pages = [one.extract_text() for one in document.pages]
    text = normalize("NFKC", "".join(pages))

    assert round(float(document.pages[0].mediabox.width)) == WIDTHS[paper]
    assert (text.count("N") >= len(LONG["customer_note"]), text.count("签名与日期")) == (True, 2)
    assert all(f"{number} / {len(pages)}" in page for number, page in enumerate(pages, 1))


def test_a_sheet_is_no_wider_than_its_paper(desk: FrontDesk, long_order: str, sheet: str):
    """In print, at the width between the margins of A5, nothing stands out sideways."""
    desk.page.emulate_media(media="print")
    desk.page.set_viewport_size({"width": 490, "height": 700})

    desk.go(f"{long_order}/print/{sheet}?size=A5")

    assert desk.overflow() <= 0


def test_no_long_word_makes_a_screen_wider(long_name: FrontDesk, long_order: str):
    """The name of whoever is logged in, a car's model and what was written down break or end within the window."""
    desk = long_name
    wider: dict[str, int] = {}
    desk.go(long_order)
    car = desk.page.get_attribute("main a[href^='/vehicles/']", "href") or ""
    shown = {"home": "/", "order": long_order, "order-edit": f"{long_order}/edit", "order-work": f"{long_order}/work"}
    screens = {**shown, "car": car, "car-edit": f"{car}/edit", "check-in": f"/visits/new?vehicle={car.split('/')[-1]}"}
    for name, path in {**screens, "orders": "/visits", "sync": "/sync", "me": "/staff/me"}.items():
        desk.go(path)
        wider |= {f"{name}, {size}": pixels for size, pixels in widths(desk).items()}
    desk.go("/")
    desk.search("津D00001")

    assert wider | widths(desk) == {}


def test_a_long_word_in_a_list_stays_in_its_column(desk: FrontDesk, long_order: str):
    """On the first page no cell holds more than it is wide."""
    desk.go("/")

    spilt = desk.page.eval_on_selector_all(
        ".orders td", "all => all.filter((one) => one.scrollWidth > one.clientWidth).length"
    )
    assert (desk.page.locator(".orders td", has_text="MMMM").count(), spilt) == (1, 0)
