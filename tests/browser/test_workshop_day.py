"""A whole day in the workshop without a line, in both languages: from the call to the papers and the report.

One car goes through the day by keyboard and pointer (`workday`). What a page refuses, and what becomes of work that the
customer declines, is tested without a browser (tests/node/test_pages_appointments.py, test_pages_board.py).
"""

from operator import attrgetter
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.front_desk import PLATE, FrontDesk, screens_of
from browser.workday import ORDER, TYPED, Workday
from carnet_protocol.shop_figures import FIGURES, Figures
from support.programs import Service

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

STATES = {
    "zh_CN": ["已登记", "已受理", "已到店", "已完工", "已结算", "已交车"],
    "en": ["Asked for", "Booked", "Has come", "Work done", "Settled", "Handed over"],
}
ANSWERS = {"zh_CN": ("待确认", "已同意"), "en": ("Proposed", "Approved")}
SHEETS = {
    "zh_CN": {"settlement": "结算单", "warranty": "三包维修记录"},
    "en": {"settlement": "Settlement sheet", "warranty": "Repair record under the three guarantees"},
}
BACK = {"zh_CN": "返回维修单", "en": "Back to the order"}
"""A link that is for the screen."""

BAYS = {"zh_CN": "B2", "en": "B1"}
"""The car of one language does not stand in the way of the other's."""

OFFLINE = {"zh_CN": "离线开具", "en": "Issued offline"}
COUNTED = Figures(
    visits=1,
    promised=1,
    promises_kept=1,
    customer_fen=12_000,
    warranty_fen=6_000,
    appointments=1,
    appointments_kept=1,
)
"""What one car adds to the report of its ten days."""

SPLITS = {
    "200": ["¥200.00", "¥80.00"],
    "33.33%": ["¥40.00", "¥80.00"],
    "0.3": ["¥0.30", "¥119.70"],
    "1.005": [],
    "": ["¥0.00", "¥120.00"],
}
"""What a payer pays of 120 yuan -> what is stated then, and what is too much or left."""

LET_OFF = {"0.3": "¥119.70", "120": "¥0.00", "120.01": "", "-1": "", "": "¥120.00"}
"""What is let off of 120 yuan -> what is due then; nothing where it is no discount."""

HAS_FOCUS = "Emulation.setFocusEmulationEnabled"
"""A window under test has the focus whatever stands in front of it; without this it is as people's windows are."""

WIDTHS = {"A4": 595, "A5": 420}
"""Of paper, in points."""


@pytest.fixture
def day(desk: FrontDesk, language: str) -> Workday:
    """A car that nobody knows yet, at the desk of somebody who reads one of the languages."""
    desk.speak(language)
    number = list(STATES).index(language) + 1
    return Workday(desk, language, f"津C1000{number}", f"1391111000{number}")


def booked_and_taken_in(day: Workday, taken: str) -> list[str]:
    """From the call to the order; returns the states of the call."""
    noted = day.note_call()
    call = day.desk.page.url.removeprefix(day.desk.url)
    kept, has_link = day.ask_for_a_taken_slot(taken)
    booked = day.take_a_free_slot(BAYS[day.language])
    found = day.check_in()
    arrived, links = day.look_back(call)

    assert (kept, has_link) == (taken, True)
    assert (found, links) == ((day.plate, day.phone), 1)
    return [noted, booked, arrived]


def moved_about(day: Workday) -> None:
    """Held by two digits, dragged into work, held again with its reason asked for, and moved in the list."""
    assert day.hold_by_digits() == ("on_hold", True)
    assert day.drag_to("in_work") == "in_work"
    assert day.drag_to_hold("customer_approval") == ("in_work", "hold_reason", "on_hold")
    assert day.move_in_the_list("2") == (True, True)


def printed(day: Workday, folder: Path) -> None:
    """Bill and record are one page on either paper, with their number, and say that there was no line."""
    for sheet, heading in SHEETS[day.language].items():
        for size, width in WIDTHS.items():
            pages, wide, text = day.print_sheet(sheet, size, folder)

            assert (pages, wide) == (1, width), (sheet, size)
            assert [one for one in (heading, OFFLINE[day.language], day.plate, "1 / 1") if one not in text] == []
            assert BACK[day.language] not in text


def test_a_whole_day_goes_by_without_a_line(day: Workday, served: Service, tmp_path: Path, language: str):
    """The car is handed over with its papers, found again, and counted once; no page has a foreign word."""
    day.desk.go(screens_of(served.data)["appointment"])
    taken, before = day.desk.page.inner_text("#f-starts_at + dd strong"), day.ten_days()

    states = booked_and_taken_in(day, taken)
    moved_about(day)
    day.add_work(TYPED + "1", "1", "customer", is_asked=True)
    answers = day.ask_the_customer()
    day.add_work(TYPED + "2", "0.5", "warranty", is_asked=False)
    states.append(day.finish_work())
    told, due = day.split_bill(*SPLITS), day.let_off(*LET_OFF)
    leads_to, settled = day.settle()
    states += [settled, day.hand_over()]
    found, after = day.find(), day.ten_days()
    printed(day, tmp_path)

    grown = Figures(*(get(after) - get(before) for get in map(attrgetter, FIGURES)))
    assert (states, answers) == (STATES[language], ANSWERS[language])
    assert (told, due) == (list(SPLITS.values()), list(LET_OFF.values()))
    assert (leads_to, found, grown) == ("shares[0].share_fen", (1, 1), COUNTED)
    assert (day.foreign, day.grave) == (set(), set())


def test_a_board_that_is_left_open_shows_what_another_window_did(desk: FrontDesk):
    """Within half a minute and by itself; the car that was chosen stays chosen, and keeps the keyboard."""
    desk.page.clock.install()
    desk.go("/board")
    chosen = desk.page.locator(".card", has_text=PLATE)
    chosen.locator("input").focus()
    chosen.locator("input").check()
    other = FrontDesk(desk.page.context.new_page(), desk.url)
    other.go("/visits/new")
    typed = {"car.plate": "津C10003", "sender_name": TYPED, "sender_phone": "13911110003", "jobs[0].complaint": TYPED}
    for name, text in typed.items():
        other.page.fill(f"[name='{name}']", text)
    other.page.check("[name=is_odometer_unknown]")
    with other.page.expect_navigation(url=ORDER):
        other.page.keyboard.press("Control+Enter")
    before = desk.page.locator(".card", has_text="津C10003").count()

    desk.page.clock.run_for(31_000)

    expect(desk.page.locator(".card", has_text="津C10003")).to_have_count(1)
    assert before == 0
    expect(chosen.locator("input")).to_be_checked()
    expect(chosen.locator("input")).to_be_focused()


def test_a_car_that_moves_while_it_is_chosen_is_not_moved_unseen(desk: FrontDesk):
    """Neither under a pressed mouse button nor for somebody who comes back to the window and types a digit."""
    desk.page.clock.install()
    desk.go("/board")
    card = desk.page.locator(".card", has_text=PLATE)
    column = desk.page.locator("section", has=card)
    card.locator("input").check()
    stood = column.get_attribute("data-sense")
    other = FrontDesk(desk.page.context.new_page(), desk.url)
    other.go("/board")
    to = next(one for one in ("in_work", "finished") if one != stood)
    with other.page.expect_navigation():
        other.page.locator(".card", has_text=PLATE).drag_to(other.page.locator(f"[data-sense={to}]").first)
    window = desk.page.context.new_cdp_session(desk.page)
    window.send(HAS_FOCUS, {"enabled": False})
    other.page.bring_to_front()
    assert not desk.page.evaluate("document.hasFocus()")
    desk.page.evaluate("document.dispatchEvent(new PointerEvent('pointerdown'))")
    with desk.page.expect_response("**/board"):
        desk.page.clock.run_for(31_000)
    desk.page.wait_for_timeout(100)
    under_the_press = column.get_attribute("data-sense")
    desk.page.evaluate("document.dispatchEvent(new PointerEvent('pointerup'))")
    desk.page.clock.run_for(100)
    expect(column).to_have_attribute("data-sense", to)
    window.send(HAS_FOCUS, {"enabled": True})
    expect(card.locator("input")).to_be_focused()

    desk.page.keyboard.press("1")
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")

    assert under_the_press == stood
    expect(desk.page.locator("#summary")).to_be_visible()
    expect(column).to_have_attribute("data-sense", to)


def test_the_arrangement_is_filled_and_saved_by_keyboard(desk: FrontDesk):
    """Enter goes on to the next field and saves nothing; Ctrl+Enter saves every row."""
    desk.go("/arrangement")
    desk.page.locator("input[name='weekdays[0].opens_minute']").focus()
    for key in ("08:00", "\n", "17:30"):
        desk.type_or_press(key)
    name = desk.page.evaluate("document.activeElement.name")
    desk.page.locator("input[name='weekdays[1].opens_minute']").focus()
    for key in ("09:00", "\n", "12:00"):
        desk.type_or_press(key)
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Control+Enter")

    assert name == "weekdays[0].closes_minute"
    closing = [desk.page.locator(f"input[name='weekdays[{day}].closes_minute']").input_value() for day in (0, 1)]
    assert closing == ["17:30", "12:00"]


def test_a_question_to_the_hub_goes_out_by_keyboard(desk: FrontDesk):
    """Ctrl+Enter asks, as it saves elsewhere."""
    desk.go("/look-ups")
    desk.page.locator("form[data-queries] input:not([type=hidden])").first.focus()
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Control+Enter")

    assert desk.page.locator(".problem").count() > 0
