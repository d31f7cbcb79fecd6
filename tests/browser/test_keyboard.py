"""The keyboard in a real browser: from the search box to a hit and back, at the door, and between unsaved check-ins."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, expect

from browser.front_desk import ADMINISTRATOR, PLATE, SIZES, FrontDesk, screens_of
from browser.moves import ask_who, lock, write_former_system
from support.programs import Service
from support.staffed import PASSWORD

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

ONE, OTHER = "浙A55K55", "浙B77777"


@pytest.fixture
def found(desk: FrontDesk) -> FrontDesk:
    """Somebody who has searched for a name that two hits have."""
    desk.search("王小明")
    return desk


def begin(desk: FrontDesk, plate: str) -> None:
    """Search for a plate that nobody knows, and check it in."""
    desk.go("/")
    desk.page.keyboard.press("Alt+0")
    desk.page.keyboard.type(plate)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector("[name='car.plate']")


def type_into(desk: FrontDesk, name: str, text: str) -> None:
    """Type into a field, and wait until it is kept."""
    desk.page.focus(f"[name='{name}']")
    desk.page.keyboard.type(text)
    with desk.page.expect_response("**/drafts/*"):
        desk.page.keyboard.press("Tab")


def test_arrow_down_in_the_search_box_goes_to_the_first_hit(found: FrontDesk):
    """Enter opens it, and Escape goes back to the box."""
    found.page.keyboard.press("ArrowDown")
    expect(found.page.locator(".hits a").first).to_be_focused()
    found.page.keyboard.press("Escape")
    expect(found.page.locator("#search")).to_be_focused()
    found.page.keyboard.press("ArrowDown")
    found.page.keyboard.press("Enter")
    found.page.wait_for_url("**/customers/*")

    assert "王小明" in found.page.inner_text("h1")


def test_a_sheet_for_paper_has_the_keys_too(desk: FrontDesk, served: Service):
    """A digit leads to its screen, and Alt+L locks, as everywhere."""
    desk.go(screens_of(served.data)["print-order"])
    desk.page.keyboard.press("Alt+3")
    desk.page.wait_for_url("**/visits")
    desk.go(screens_of(served.data)["print-order"])
    desk.page.keyboard.press("Alt+L")
    desk.page.wait_for_url("**/locked?*")

    assert "/print/order" in unquote(desk.page.url)


@pytest.mark.parametrize("view", ["desk", "zoomed"])
def test_the_board_of_today_opens_at_now(desk: FrontDesk, served: Service, view: str):
    """The row of now is in sight, the board ends above the strip, and the form of a call is no deeper than it."""
    width, height = SIZES[view]
    desk.page.set_viewport_size({"width": width, "height": height})
    desk.go(screens_of(served.data)["day"])

    found = desk.page.evaluate(
        """() => {
            const row = document.querySelector("[aria-current=time]").getBoundingClientRect();
            const pane = document.querySelector(".pane").getBoundingClientRect();
            const form = document.querySelector("[data-draft='/drafts/call']").getBoundingClientRect();
            const strip = document.querySelector(".strip").getBoundingClientRect();
            const isSeen = row.top >= pane.top && row.bottom <= pane.bottom + 1;
            return [isSeen, form.top <= pane.top, pane.bottom <= strip.top];
        }"""
    )

    assert found == [True, True, True]


def test_going_back_shows_the_results_again(found: FrontDesk):
    """The results have an address of their own, in which nothing stands of what was searched for."""
    found.page.click(".hits a")
    found.page.wait_for_url("**/customers/*")

    found.page.go_back()

    expect(found.page.locator(".hits a").first).to_be_visible()
    assert found.page.url.rsplit("/", 1)[1].isalnum()


def test_a_check_in_of_another_car_leaves_the_first_as_it_was(desk: FrontDesk):
    """Typed, left for another plate, and found again by its own: every word stands there."""
    begin(desk, ONE)
    type_into(desk, "party.full_name", "断电")
    begin(desk, OTHER)
    of_other = desk.page.input_value("[name='party.full_name']")
    desk.go("/")
    listed = desk.page.inner_text("main")
    begin(desk, ONE)

    assert (of_other, desk.page.input_value("[name='party.full_name']")) == ("", "断电")
    assert ONE in listed
    assert OTHER in listed


def test_a_check_in_of_a_known_plate_text_begins_at_the_vin(desk: FrontDesk):
    """The plate came from the search box, so the keyboard is in the field after it."""
    begin(desk, "浙E22222")

    expect(desk.page.locator("[name='car.vin']")).to_be_focused()


def test_who_brings_the_car_is_offered_from_the_customer_just_typed(desk: FrontDesk):
    """Name and phone are those of the customer until somebody types others; Enter selects what stands there."""
    begin(desk, "浙C11111")
    type_into(desk, "party.full_name", "李测试")
    type_into(desk, "party.number", "13900001111")
    offered = [desk.page.input_value(f"[name={name}]") for name in ("sender_name", "sender_phone")]
    desk.page.focus("[name=sender_name]")
    desk.page.keyboard.press("Enter")
    selected = desk.page.evaluate("[document.activeElement.selectionStart, document.activeElement.selectionEnd]")
    desk.page.fill("[name=sender_name]", "王")
    type_into(desk, "party.full_name", "更")

    assert offered == ["李测试", "13900001111"]
    assert selected == [0, len("13900001111")]
    assert desk.page.input_value("[name=sender_name]") == "王"


def test_the_screen_key_of_a_cars_page_checks_in_that_car(desk: FrontDesk, served: Service):
    """Alt+2 on the page of a car begins with its plate and its owner."""
    desk.go(screens_of(served.data)["vehicle"])
    desk.page.keyboard.press("Alt+2")
    desk.page.wait_for_selector("form.checkin")

    assert PLATE in desk.page.inner_text("h1")


@pytest.mark.parametrize("key", ["Enter", "Control+Enter"])
def test_the_door_opens_by_keyboard(served: Service, chromium: Browser, key: str):
    """Enter goes on to the field that is empty and sends when none is; Ctrl+Enter sends."""
    with FrontDesk.opened(chromium, served.url) as desk:
        desk.go("/login")
        desk.page.keyboard.type(ADMINISTRATOR)
        desk.page.keyboard.press("Enter")
        expect(desk.page.locator("[name=password]")).to_be_focused()
        desk.page.keyboard.type(PASSWORD)
        desk.page.keyboard.press(key)

        expect(desk.page.locator("nav.screens")).to_be_visible()


def test_a_field_that_is_full_says_so(desk: FrontDesk):
    """What was pasted beyond the room of a field is gone, and nobody is left to find out on paper."""
    desk.go("/customers/new")

    desk.page.fill("[name=full_name]", "王" * 200)

    expect(desk.page.locator("#told")).to_contain_text("最多 100 个字符")
    assert desk.page.input_value("[name=full_name]") == "王" * 100


def test_a_field_that_is_exactly_full_says_nothing(desk: FrontDesk):
    """An hour of two digits and a code of as many characters as its field takes have lost nothing."""
    desk.go("/customers/new")
    for name, text in (("preferences[0].from_hour", "10"), ("credit_code", "9" * 40)):
        desk.page.focus(f"[name='{name}']")
        desk.page.keyboard.type(text)

    assert desk.page.inner_text("#told") == ""


def test_a_key_that_a_full_field_does_not_take_is_told(desk: FrontDesk):
    """The third digit of an hour is gone, and the page says so."""
    desk.go("/customers/new")
    desk.page.focus("[name='preferences[0].from_hour']")
    desk.page.keyboard.type("105")

    expect(desk.page.locator("#told")).to_contain_text("最多 2 个字符")
    assert desk.page.input_value("[name='preferences[0].from_hour']") == "10"


def compose(desk: FrontDesk, text: str) -> None:
    """Put a text together by an input method and take it."""
    browser = desk.page.context.new_cdp_session(desk.page)
    browser.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    browser.send("Input.insertText", {"text": text})


def test_what_an_input_method_put_beyond_a_field_is_told(desk: FrontDesk):
    """A field may hold more while it is put together; what is too much goes when it is taken, and the page says so."""
    desk.go("/customers/new")
    desk.page.fill("[name=full_name]", "王" * 99)
    desk.page.focus("[name=full_name]")

    compose(desk, "小明")

    expect(desk.page.locator("#told")).to_contain_text("最多 100 个字符")
    assert len(desk.page.input_value("[name=full_name]")) == 100


def test_what_an_input_method_put_into_the_last_room_says_nothing(desk: FrontDesk):
    """The name is whole."""
    desk.go("/customers/new")
    desk.page.fill("[name=full_name]", "王" * 98)
    desk.page.focus("[name=full_name]")

    compose(desk, "小明")

    assert desk.page.input_value("[name=full_name]") == "王" * 98 + "小明"
    assert desk.page.inner_text("#told") == ""


def test_a_new_colleague_is_entered_by_keyboard(desk: FrontDesk):
    """Enter goes from the number to the name; Ctrl+Enter sends, and the code names the number as it is kept."""
    desk.go("/staff")
    desk.page.focus("#f-staff_no")
    desk.page.keyboard.type("Ｃ０９")
    desk.page.keyboard.press("Enter")
    desk.page.keyboard.type("赵敏")
    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector(".startcode")

    assert "C09 的启用码" in desk.page.inner_text(".notice.good")


def test_who_pays_is_read_in_full_on_a_small_screen(desk: FrontDesk):
    """In English, at twice the size, the choice is at least as wide as its longest word."""
    desk.speak("en")
    desk.page.set_viewport_size({"width": 683, "height": 384})
    desk.go("/visits/new")

    lacking = desk.page.eval_on_selector(
        "[name='jobs[0].pay_type']",
        """(one) => {
            const shown = one.offsetWidth;
            one.style.width = "auto";
            one.style.justifySelf = "start";
            return one.offsetWidth - shown;
        }""",
    )
    assert lacking <= 0


def test_who_a_new_customer_is_is_answered_by_keyboard(desk: FrontDesk):
    """The question stands first; one arrow chooses an answer, Ctrl+Enter saves, and the order has the file on hand."""
    ask_who(desk, "王小明", "13800138000")
    while not desk.page.evaluate("document.activeElement.name?.startsWith('alike.') ?? false"):
        desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Space")
    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector("h1 .state")

    assert desk.page.locator("main .pairs a[href^='/customers/']", has_text="王小明").count() == 1


def test_a_file_is_chosen_in_the_persons_words(desk: FrontDesk, tmp_path: Path):
    """The field is reached by keyboard, says what is missing, and then which file it is; the browser says nothing."""
    desk.go("/exchange")
    desk.page.focus("#file")
    desk.page.click("form[action='/exchange/import'] button")
    before, missing = desk.page.inner_text(".pick"), desk.page.eval_on_selector("#file", "one => one.validationMessage")
    desk.page.set_input_files("#file", write_former_system(tmp_path))

    assert ("选择文件" in before, "尚未选择文件。" in before, missing) == (True, True, "请先选择文件。")
    assert desk.page.inner_text(".pick [data-chosen]") == "former.xlsx"
    assert desk.page.eval_on_selector("#file", "one => one.offsetWidth * one.offsetHeight") <= 1


def test_the_screen_key_of_a_customers_page_checks_in_their_only_car(desk: FrontDesk, served: Service):
    """Alt+2 on the page of a customer with one car begins with both."""
    desk.go(screens_of(served.data)["customer"])
    desk.page.keyboard.press("Alt+2")
    desk.page.wait_for_selector("form.checkin")

    assert (PLATE in desk.page.inner_text("h1"), "王小明" in desk.page.inner_text("h1")) == (True, True)


def test_a_locked_screen_takes_the_password_at_once(desk: FrontDesk):
    """The keyboard is in the field as the page opens, and again after a wrong password."""
    lock(desk)
    expect(desk.page.locator("[name=password]")).to_be_focused()
    desk.page.keyboard.type("no such password")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector("#f-password-problem")
    expect(desk.page.locator("[name=password]")).to_be_focused()
    desk.page.keyboard.type(PASSWORD)
    desk.page.keyboard.press("Enter")

    expect(desk.page.locator("nav.screens")).to_be_visible()


@pytest.mark.parametrize("field", ["plate", "status"])
def test_enter_starts_the_question_for_a_document(desk: FrontDesk, field: str):
    """From a line of text as from a list that is closed; the keyboard begins in the question itself."""
    desk.go("/documents")
    expect(desk.page.locator("[name=plate]")).to_be_focused()
    desk.page.focus(f"[name={field}]")

    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")

    expect(desk.page.locator("#found")).to_be_visible()


def test_enter_in_an_open_list_chooses_and_asks_nothing(desk: FrontDesk):
    """Only the next Enter, when the list is closed, starts the question."""
    desk.go("/documents")
    desk.page.focus("[name=status]")
    desk.page.keyboard.press("Alt+ArrowDown")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_timeout(300)
    before = desk.page.url

    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")

    assert (before.endswith("/documents"), desk.page.url.endswith("/documents")) == (True, False)


def test_ctrl_enter_saves_no_form_that_its_author_is_not_in(desk: FrontDesk, served: Service):
    """At the odometer beside completing, the empty form for more work stays where it is, and so does the number."""
    desk.go(screens_of(served.data)["order"])
    posts: list[str] = []
    desk.page.on("request", lambda one: posts.append(one.url) if one.method == "POST" else None)
    reading = desk.page.locator("header ~ main form:not([data-saves]) input:not([type=hidden])").first
    reading.fill("43210")
    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_timeout(300)

    assert (reading.input_value(), [one for one in posts if "/jobs" in one]) == ("43210", [])
