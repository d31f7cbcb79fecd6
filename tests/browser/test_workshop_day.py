"""A day in the workshop by keyboard and pointer, in both languages: a call, its slot, the car, its stage, an answer."""

import re

import pytest
from playwright.sync_api import Locator

from browser.front_desk import FrontDesk, screens_of
from browser.inspection import foreign_words, grave_problems
from support.programs import Service

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

PHONES = {"zh_CN": "13911110001", "en": "13911110002"}
PLATES = {"zh_CN": "津C10001", "en": "津C10002"}
CARS = {"zh_CN": 1, "en": 2}
"""The last digit of a plate: what one language has entered is not met by the other."""

TYPED = "20261123"
"""What is typed where only a person's own words stand: it belongs to no language."""

STATES = {
    "zh_CN": {
        "requested": "已登记",
        "booked": "已受理",
        "arrived": "已到店",
        "parts": "等待配件",
        "declined": "未同意",
    },
    "en": {
        "requested": "Asked for",
        "booked": "Booked",
        "arrived": "Has come",
        "parts": "Waiting for parts",
        "declined": "Declined",
    },
}


@pytest.fixture
def reader(desk: FrontDesk, language: str) -> FrontDesk:
    """Somebody who reads one of the languages."""
    desk.speak(language)
    return desk


def card(desk: FrontDesk, plate: str) -> Locator:
    """The card of a car on the board."""
    return desk.page.locator(".card", has_text=plate)


def column_of(desk: FrontDesk, plate: str) -> str | None:
    """The stage under which a car stands."""
    return desk.page.locator("[data-stage]", has=card(desk, plate)).get_attribute("data-stage")


def checked_in(desk: FrontDesk, plate: str) -> None:
    """A car that nobody knows is taken in; its order is open then."""
    desk.go("/visits/new")
    typed = {"car.plate": plate, "sender_name": TYPED, "sender_phone": "13911119999", "jobs[0].complaint": TYPED}
    for name, text in typed.items():
        desk.page.fill(f"[name='{name}']", text)
    desk.page.check("[name=is_odometer_unknown]")
    with desk.page.expect_navigation(url=re.compile(r"/visits/[0-9a-f-]{36}$")):
        desk.page.keyboard.press("Control+Enter")


def test_a_call_becomes_an_order_by_keyboard(reader: FrontDesk, language: str):
    """Noted with a number alone, given the first slot that is offered, and checked in with what the call said."""
    page, words, states = reader.page, STATES[language], []
    reader.go("/appointments")
    page.focus("[name=caller_phone]")
    for text in (PHONES[language], "\n", PLATES[language]):
        reader.type_or_press(text)
    with page.expect_navigation(url=re.compile(r"/appointments/[0-9a-f-]{36}$")):
        page.keyboard.press("Control+Enter")
    states.append(page.inner_text("h1 .state"))
    page.click("a[href$='/edit']")
    offered = page.locator("#free option").first.get_attribute("value") or ""
    page.fill("[name=starts_at]", offered)
    page.fill("[name=planned_minutes]", "30")
    page.select_option("[name=bay_code]", f"B{CARS[language]}")
    problems = grave_problems(reader)
    with page.expect_navigation(url=re.compile(r"/appointments/[0-9a-f-]{36}$")):
        page.keyboard.press("Control+Enter")
    states.append(page.inner_text("h1 .state"))
    appointment = page.url
    page.click("form[action$='/check-in'] button")
    page.wait_for_selector("[name='appointment']")
    plate, phone = (page.input_value(f"[name='{name}']") for name in ("car.plate", "sender_phone"))
    page.fill("[name='sender_name']", TYPED)
    page.check("[name=is_odometer_unknown]")
    with page.expect_navigation(url=re.compile(r"/visits/[0-9a-f-]{36}$")):
        page.keyboard.press("Control+Enter")
    order = page.url.removeprefix(reader.url)
    page.goto(appointment)
    states.append(page.inner_text("h1 .state"))

    assert states == [words["requested"], words["booked"], words["arrived"]]
    assert (plate, phone, problems) == (PLATES[language], PHONES[language], ())
    assert page.locator(f"main a[href='{order}']").count() == 1
    assert foreign_words(page.inner_text("main"), language) == frozenset()


def test_a_car_is_moved_by_digits_and_by_dragging(reader: FrontDesk, language: str):
    """On hold by two digits and Enter, then back into work by the pointer; it stays chosen both times."""
    page, plate = reader.page, f"津D1000{CARS[language]}"
    checked_in(reader, plate)
    reader.go("/board")
    stages = page.eval_on_selector_all("[data-stage]", "all => all.map((one) => one.dataset.sense)")
    hold = str(stages.index("on_hold") + 1)
    card(reader, plate).locator("input").focus()
    with page.expect_navigation():
        for key in (hold, "1", "Enter"):
            page.keyboard.press(key)
    by_keys = column_of(reader, plate), STATES[language]["parts"] in card(reader, plate).inner_text()
    is_chosen = card(reader, plate).locator("input").is_checked()
    with page.expect_navigation():
        card(reader, plate).drag_to(page.locator("[data-sense=in_work]").first)

    assert (by_keys, is_chosen) == (("on_hold", True), True)
    assert column_of(reader, plate) == "in_work"
    assert grave_problems(reader) == ()
    assert foreign_words(page.inner_text("main"), language) == frozenset()


def test_a_car_that_is_dragged_to_hold_waits_for_its_reason(desk: FrontDesk):
    """Nothing is moved before somebody has said why; the keyboard stands in that field, and Enter moves it then."""
    page, plate = desk.page, "津D10009"
    checked_in(desk, plate)
    desk.go("/board")
    card(desk, plate).drag_to(page.locator("[data-sense=on_hold]").first)
    before, stands_in = column_of(desk, plate), page.evaluate("document.activeElement.name")
    page.select_option("[name=hold_reason]", "sublet")
    with page.expect_navigation():
        page.click("form[data-board] button[type=submit]")

    assert (before, stands_in) == ("waiting", "hold_reason")
    assert column_of(desk, plate) == "on_hold"


def test_the_list_moves_a_car_without_a_pointer(reader: FrontDesk, language: str):
    """The arrows choose the car, a digit its stage, Enter moves it; the page stays a list."""
    page, plate = reader.page, f"津E1000{CARS[language]}"
    checked_in(reader, plate)
    reader.go("/board/list")
    page.locator("tr", has_text=plate).locator("input").focus()
    with page.expect_navigation():
        page.keyboard.press("2")
        page.keyboard.press("Enter")
    row = page.locator("tr", has_text=plate)

    assert "/board/list?moved=" in page.url
    assert row.locator("input").evaluate("one => one === document.activeElement")
    assert page.locator("#f-stage option").nth(2).inner_text().removeprefix("2 ") in row.inner_text()


def test_a_customer_declines_and_is_asked_again_at_the_next_visit(reader: FrontDesk, language: str):
    """More work waits for an answer; declined it costs nothing, and the next order of the car offers it."""
    page, plate = reader.page, f"津F1000{CARS[language]}"
    checked_in(reader, plate)
    first = page.url
    page.click("summary >> nth=0")
    page.fill("[name='jobs[0].op_name']", TYPED + "1")
    page.check("[name='jobs[0].approval']")
    with page.expect_navigation(url=first):
        page.keyboard.press("Control+Enter")
    page.select_option("[name=approval_channel]", "phone")
    with page.expect_navigation(url=first):
        page.click("button[value=declined]")
    answered = page.inner_text("[aria-labelledby=answers]")
    page.click("main a[href^='/vehicles/']")
    page.click("a[href*='/visits/new?vehicle=']:not([data-digit])")
    page.fill("[name='sender_name']", TYPED)
    page.fill("[name='sender_phone']", "13911119999")
    page.check("[name=is_odometer_unknown]")
    with page.expect_navigation(url=re.compile(r"/visits/[0-9a-f-]{36}$")):
        page.keyboard.press("Control+Enter")
    with page.expect_navigation():
        page.click("form[action$='/offer'] button")

    assert STATES[language]["declined"] in answered
    assert TYPED + "1" in page.inner_text("[aria-labelledby=answers]")
    assert page.locator("form[action$='/offer']").count() == 0
    assert foreign_words(page.inner_text("main"), language) == frozenset()


def test_a_full_slot_is_refused_in_the_readers_words(reader: FrontDesk, served: Service, language: str):
    """The bay that is taken is named at its field; the form keeps what was typed."""
    page = reader.page
    reader.go(screens_of(served.data)["appointment"])
    taken = page.inner_text("#f-starts_at + dd")
    reader.go("/appointments/new")
    for name, text in {"caller_phone": "13911118888", "starts_at": taken, "planned_minutes": "15"}.items():
        page.fill(f"[name={name}]", text)
    page.select_option("[name=bay_code]", "B1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#summary")

    assert page.input_value("[name=caller_phone]") == "13911118888"
    assert page.locator("#summary a").count() >= 1
    assert foreign_words(page.inner_text("main"), language) == frozenset()
