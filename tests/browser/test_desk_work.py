"""A day at the counter with the hub out of reach: by keyboard, with an input method, and with a node that is killed."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from browser.front_desk import PLATE, FrontDesk, screens_of
from support.programs import Service
from support.vins import make_vin, make_vins, with_wrong_digit

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

VIN_WITH_A_LETTER = "LHGUD6NE4LBO29724"
"""A made-up number whose nought was read as the letter."""

STROKES_MAX = 200
"""Sixty seconds at forty words a minute, five characters each."""


class Keys:
    """A keyboard that counts; nothing else of the page is touched."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.strokes = 0

    def type(self, text: str) -> None:
        """Type a text."""
        self.strokes += len(text)
        self._page.keyboard.type(text)

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.strokes += 1
            self._page.keyboard.press(key)

    def next_until(self, name: str) -> None:
        """Enter goes to the next field, until this one has the focus."""
        for _ in range(40):
            if self._page.evaluate("document.activeElement.name ?? ''") == name:
                return
            self.press("Enter")
        raise AssertionError(f"{name} was never reached")


def count_pointers(page: Page) -> None:
    """Count what a mouse does, on every page that is opened from now on."""
    page.add_init_script(
        "addEventListener('pointerdown', () => "
        "sessionStorage.setItem('pointers', Number(sessionStorage.getItem('pointers')) + 1), true);"
    )


def pointers(page: Page) -> int:
    """How often a mouse was pressed, over all pages."""
    return int(page.evaluate("Number(sessionStorage.getItem('pointers'))"))


def test_a_mouse_is_counted_over_all_pages(desk: FrontDesk):
    """One press on a page that has long been left counts, so that the count of a flow can be trusted."""
    count_pointers(desk.page)
    desk.go("/visits")
    desk.page.click("h1")
    desk.go("/")

    assert pointers(desk.page) == 1


def test_a_returning_car_is_checked_in_by_keyboard_within_a_minute(desk: FrontDesk, language: str):
    """From the search box to the saved order without a mouse, in the strokes of a minute, whatever the language."""
    keys = Keys(desk.page)
    desk.speak(language)
    count_pointers(desk.page)
    desk.go("/")

    keys.type(PLATE)
    keys.press("Enter")
    desk.page.wait_for_selector(".hits a")
    keys.press("ArrowDown", "Enter")
    desk.page.wait_for_selector("h1:has-text('王小明')")
    keys.press("Alt+2")
    desk.page.wait_for_selector("[name=odometer_in_km]")
    keys.next_until("odometer_in_km")
    keys.type("43100")
    keys.next_until("jobs[0].complaint")
    keys.type("保养，刹车有异响")
    keys.press("Control+Enter")
    desk.page.wait_for_selector("h1 .state")

    assert desk.page.inner_text("h1").startswith("TJ01-RO-")
    assert "43,100 km" in desk.page.inner_text("main")
    assert (keys.strokes <= STROKES_MAX, pointers(desk.page)) == (True, 0)


def test_an_input_method_never_submits(desk: FrontDesk):
    """An Enter that ends a composition neither sends the search nor leaves the field."""
    desk.page.focus("#search")
    before = desk.page.url
    desk.page.evaluate(
        """() => {
            const box = document.getElementById("search");
            box.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
            box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, isComposing: true }));
            box.form.requestSubmit();
            box.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
        }"""
    )
    desk.page.wait_for_timeout(300)

    assert desk.page.url == before


def test_alt_and_a_digit_change_the_screen(desk: FrontDesk):
    """Screens are one stroke away."""
    desk.page.keyboard.press("Alt+5")
    desk.page.wait_for_url("**/sync")

    assert desk.page.inner_text("h1") == "同步中心"


def test_what_was_typed_outlives_a_killed_node_and_a_closed_browser(served: Service, chromium: Browser):
    """After the power comes back, another window shows the form as it was left."""
    with FrontDesk.opened(chromium, served.url) as desk:
        desk.log_in()
        desk.go("/visits/new")
        desk.page.fill("[name=sender_name]", "没保存的王先生")
        desk.page.keyboard.press("Tab")
        desk.page.wait_for_selector("[data-draft-state]:has-text('草稿已保存')")
    served.kill()
    served.start()

    with FrontDesk.opened(chromium, served.url) as desk:
        desk.log_in()
        desk.go("/visits/new")

        assert desk.page.input_value("[name=sender_name]") == "没保存的王先生"


def test_a_save_that_nobody_answers_keeps_the_page_and_the_draft_has_its_last_word(served: Service, desk: FrontDesk):
    """The node dies while somebody types: the page stays as it is, says so, and is saved once the node is back."""
    desk.go("/visits/new")
    desk.page.fill("[name='car.plate']", "津C00001")
    desk.page.fill("[name=sender_name]", "赵敏")
    desk.page.fill("[name=sender_phone]", "13900001111")
    desk.page.check("[name=is_odometer_unknown]")
    served.kill()
    desk.page.focus("[name='jobs[0].complaint']")
    desk.page.keyboard.type("idle is rough")
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.locator("[data-draft-state]")).to_contain_text("已输入的内容留在此页")
    desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(desk.page.locator("#strip")).to_have_text("未知：本机节点没有响应")
    desk.complaints.clear()
    served.start()

    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector("h1 .state")

    assert "idle is rough" in desk.page.inner_text("main")


def test_the_last_word_is_kept_before_a_form_is_saved(desk: FrontDesk):
    """Ctrl+Enter out of a field sends its text to the draft, then the form; a refused one goes again, for its page."""
    desk.go("/visits/new")
    sent: list[str] = []
    desk.page.on("request", lambda one: sent.append(one.url.removeprefix(desk.url)) if one.method == "POST" else None)

    desk.page.focus("[name=belongings]")
    desk.page.keyboard.type("umbrella")
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Control+Enter")

    told = [re.sub(r"-new-.*", "", one) for one in sent if one != "/duplicates"]
    assert told == ["/drafts/check-in", "/visits/new", "/visits/new"]


def test_damage_is_marked_by_keyboard(desk: FrontDesk, served: Service):
    """Arrow keys move a cross on the outline, Enter marks; the mark is told in words, and kept with what is typed."""
    desk.go(screens_of(served.data)["returning"])

    desk.page.focus("[data-frame]")
    with desk.page.expect_response("**/drafts/*"):
        for key in ("ArrowUp", "ArrowRight", "Enter"):
            desk.page.keyboard.press(key)
    desk.page.reload()

    assert desk.page.input_value("[name=damage_marks]") == "scratch 520 480"
    assert "划痕：横 520，纵 480" in desk.page.inner_text("[data-list-of-marks]")


def test_what_was_meant_is_taken_with_one_key(desk: FrontDesk):
    """A letter that no VIN has is refused with what was probably meant; one button puts it there, without a mouse."""
    desk.go("/visits/new")
    desk.page.fill("[name='car.vin']", VIN_WITH_A_LETTER)
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Control+Enter")
    desk.page.focus("[data-take]")
    desk.page.keyboard.press("Enter")
    focused = desk.page.evaluate("document.activeElement.name")

    assert (focused, desk.page.input_value("[name='car.vin']")) == ("car.vin", VIN_WITH_A_LETTER.replace("O", "0"))
    assert desk.page.locator("[data-take]").count() == 0


def test_a_letter_that_no_vin_has_is_told_while_typing(desk: FrontDesk):
    """The fix stands beside the field before anything is saved; Enter goes to it, Enter takes it."""
    desk.go("/visits/new")
    desk.page.fill("[name='car.vin']", "")
    desk.page.keyboard.type(VIN_WITH_A_LETTER)
    desk.page.wait_for_selector("[data-doubts] [data-take]")
    desk.page.keyboard.press("Enter")
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("[data-doubts] .problem")).to_have_count(0)

    assert desk.page.input_value("[name='car.vin']") == VIN_WITH_A_LETTER.replace("O", "0")
    assert desk.page.evaluate("document.activeElement.name") == "car.vin"


def test_a_wrong_check_digit_is_told_while_typing_until_the_car_was_looked_at(desk: FrontDesk):
    """Ticking that it was compared takes the sentence away."""
    desk.go("/visits/new")
    desk.page.fill("[name='car.vin']", with_wrong_digit(make_vin("LSV", 6)))
    desk.page.wait_for_selector("[data-doubts] .problem")
    desk.page.check("[name='car.is_vin_compared']")

    expect(desk.page.locator("[data-doubts] .problem")).to_have_count(0)


def test_an_answer_that_comes_under_a_press_waits_for_the_release(desk: FrontDesk):
    """Leaving the phone by pressing a box asks who is on file; the box stays under the finger, and takes the click."""
    desk.go("/visits/new")
    desk.page.fill("[name='party.number']", "13800138000")
    box = desk.page.locator("[name='car.is_vin_compared']")
    box.scroll_into_view_if_needed()
    place, was_ticked = box.bounding_box(), box.is_checked()
    assert place is not None
    desk.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    with desk.page.expect_response(re.compile("/duplicates")):
        desk.page.mouse.down()
    desk.page.wait_for_timeout(100)
    desk.page.mouse.up()

    expect(box).to_be_checked(checked=not was_ticked)
    expect(desk.page.locator("[data-same='party.known']")).to_be_visible()


def test_a_press_that_never_ends_holds_no_answer_back(desk: FrontDesk):
    """A scrollbar swallows the release; the next key brings the answers of the node again."""
    desk.go("/visits/new")
    desk.page.evaluate("document.dispatchEvent(new PointerEvent('pointerdown'))")
    desk.page.fill("[name=sender_phone]", "1380013800")
    desk.page.keyboard.press("Tab")

    expect(desk.page.locator("[name=sender_phone_is_read_out]")).to_be_visible()


def test_a_number_that_was_read_out_stays_so_when_the_car_is_compared(desk: FrontDesk):
    """Its box keeps the tick: one box asks nothing anew of the other's field."""
    desk.go("/visits/new")
    desk.page.fill("[name=sender_phone]", "1390013900")
    desk.page.keyboard.press("Tab")
    desk.page.check("[name=sender_phone_is_read_out]")
    desk.page.check("[name='car.is_vin_compared']")
    desk.page.wait_for_timeout(300)

    expect(desk.page.locator("[name=sender_phone_is_read_out]")).to_be_checked()


def test_a_begun_form_says_at_once_what_is_doubtful_in_it(desk: FrontDesk):
    """Opened again, a number that is too short is asked about as when it was typed."""
    desk.go("/visits/new")
    desk.page.fill("[name=sender_phone]", "1390013900")
    desk.page.keyboard.press("Tab")
    desk.page.wait_for_selector("[data-draft-state]:has-text('草稿已保存')")
    desk.page.reload()

    expect(desk.page.locator("[name=sender_phone_is_read_out]")).to_be_visible()


def test_a_frame_around_a_question_lies_over_no_message(desk: FrontDesk):
    """The box that is ticked stands below the words that ask for it, frame and all."""
    desk.go("/visits/new")
    desk.page.fill("[name='sender_phone']", "1380013800")
    desk.page.keyboard.press("Tab")
    field = desk.page.locator("[data-doubts]", has=desk.page.locator("[name=sender_phone_is_read_out]"))
    expect(field.locator(".problem")).to_be_visible()

    apart = field.evaluate(
        """(field) => {
            const [words, box] = [".problem", ".asked"].map((one) => field.querySelector(one));
            const drawn = getComputedStyle(box);
            const around = drawn.outlineStyle === "none" ? "0" : drawn.outlineOffset;
            return box.getBoundingClientRect().top - parseFloat(around) - words.getBoundingClientRect().bottom;
        }"""
    )
    assert apart >= 0


def test_four_stages_stand_side_by_side_at_twice_the_size(served: Service, chromium: Browser):
    """Nothing of the usual board is cut off; more stages scroll inside it."""
    with FrontDesk.opened(chromium, served.url, size="zoomed", scale=2) as desk:
        desk.log_in()
        desk.go("/board")

        hidden = desk.page.locator("[data-cars]").evaluate("(one) => one.scrollWidth - one.clientWidth")
        assert (desk.page.locator(".column").count(), hidden) == (4, 0)


def test_somebody_on_file_is_pointed_out_and_taken(desk: FrontDesk):
    """The same phone is noticed while typing; one button takes the customer on file into the form."""
    desk.go("/visits/new")
    desk.page.fill("[name='party.number']", "13800138000")
    desk.page.keyboard.press("Tab")
    desk.page.click("[data-same='party.known']")
    desk.page.wait_for_selector(".known a")

    assert desk.page.inner_text(".known a") == "王小明"


def test_a_car_that_is_recognised_by_its_plate_is_taken_and_stays(desk: FrontDesk):
    """Nobody is sent to look for it elsewhere; one button takes it into the form, and there it is after a reload."""
    desk.go("/visits/new")
    desk.page.fill("[name='car.plate']", PLATE)
    desk.page.keyboard.press("Tab")
    same = desk.page.locator("[data-same='car.known']")
    expect(same).to_be_visible()
    expect(desk.page.locator(".elsewhere")).to_be_hidden()

    same.click()
    desk.page.wait_for_selector(".known .code")
    desk.page.reload()

    assert desk.page.inner_text(".known .code") == make_vins(1)[0]
    assert desk.page.locator(".elsewhere").count() == 0


def test_a_new_customer_who_is_on_file_is_found_while_typing(desk: FrontDesk):
    """Name and phone bring the question up on the form of a customer too; one button leads to the file there is."""
    desk.go("/customers/new")
    desk.page.fill("[name=full_name]", "王小明")
    desk.page.fill("[name='phones[0].number']", "13800138000")
    desk.page.keyboard.press("Tab")
    desk.page.click("[data-same]")
    desk.page.wait_for_selector("a[href$='/edit']")

    assert "王小明" in desk.page.inner_text("h1")


def test_two_windows_that_change_one_customer_lose_nothing(served: Service, chromium: Browser):
    """The second save stands beside the first, and the page shows both."""
    edit = screens_of(served.data)["customer-edit"]
    with FrontDesk.opened(chromium, served.url) as first, FrontDesk.opened(chromium, served.url) as second:
        for window in (first, second):
            window.log_in()
            window.go(edit)
        for window, segment in ((first, "taxi"), (second, "company")):
            window.page.select_option("[name=segment]", segment)
            window.page.keyboard.press("Control+Enter")
            window.page.wait_for_selector("#history")
        shown = second.page.inner_text(".notice.warn:has(table)")

    assert "出租" in shown
    assert "单位" in shown


def test_a_sheet_is_one_page_on_either_paper(desk: FrontDesk, served: Service, tmp_path: Path):
    """The reception sheet fits on A4 and on A5, with its page number and without what is for the screen."""
    pages = {}
    for size in ("A4", "A5"):
        desk.go(f"{screens_of(served.data)['print']}?size={size}")
        desk.page.pdf(path=tmp_path / f"{size}.pdf", prefer_css_page_size=True)
        document = PdfReader(tmp_path / f"{size}.pdf")
        text = document.pages[0].extract_text()
        pages[size] = (len(document.pages), round(float(document.pages[0].mediabox.width)), "1 / 1" in text)

    assert pages == {"A4": (1, 595, True), "A5": (1, 420, True)}
    assert re.search("返回维修单", text) is None
