"""A session that ends in one window ends in all of them: none goes on showing what belongs to customers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.front_desk import FrontDesk, screens_of
from browser.moves import lock
from support.programs import Service
from support.staffed import PASSWORD

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

OWNER = "王小明"
COVERED = "document.documentElement.hasAttribute('data-covered')"
LOADED_MS = 30_000
"""How long a page may take to hear of something on a machine that does much else."""

OUT_OF_MEMORY = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
"""What a browser says to a page that "back" brings out of its memory; the driver's browser keeps none there."""

ELEVEN_MINUTES_MS = 11 * 60 * 1000


@pytest.fixture
def second(desk: FrontDesk, served: Service) -> Iterator[Page]:
    """Another window of the same browser, with a customer's page."""
    page = desk.page.context.new_page()
    page.goto(desk.url + screens_of(served.data)["customer"])
    expect(page.locator("h1")).to_contain_text(OWNER)
    yield page
    page.close()


@pytest.fixture
def up_again(served: Service) -> Iterator[Service]:
    """The served node, which runs again when the test is over."""
    yield served
    if not served.is_answering():
        served.start()


def is_at_the_door(page: Page) -> bool:
    """Whether a page asks for a password and names no customer, not even as its title."""
    expect(page.locator("[name=password]")).to_be_visible(timeout=LOADED_MS)
    return OWNER not in page.inner_text("body") + page.title()


@pytest.mark.parametrize(("screen", "button"), [("/", "[data-lock]"), ("/staff/me", "form[action='/logout'] button")])
def test_a_session_that_ends_in_one_window_ends_in_the_other(desk: FrontDesk, second: Page, screen: str, button: str):
    """Locked or logged out: the other window goes to the door by itself."""
    desk.go(screen)

    desk.page.click(button)

    assert (is_at_the_door(desk.page), is_at_the_door(second)) == (True, True)


def test_a_sheet_for_paper_is_not_left_open(desk: FrontDesk, served: Service):
    """The page of a printed order has no header, and goes to the door all the same."""
    sheet = desk.page.context.new_page()
    sheet.goto(desk.url + screens_of(served.data)["print"])
    expect(sheet.locator("body")).to_contain_text(OWNER)

    desk.page.keyboard.press("Alt+L")

    assert is_at_the_door(sheet)


def test_a_window_that_heard_nothing_goes_to_the_door_by_itself(second: Page, desk: FrontDesk):
    """The session ends without a word to the others, as when somebody left: each page asks again and again."""
    desk.page.evaluate(
        "fetch('/lock', { method: 'POST', body: new URLSearchParams({ token: document.body.dataset.token }) })"
    )

    assert is_at_the_door(second)


def test_who_unlocks_one_window_goes_on_in_the_other(desk: FrontDesk, second: Page):
    """It comes back to its own page without a second password."""
    lock(desk)
    is_at_the_door(second)

    desk.page.fill("[name=password]", PASSWORD)
    desk.page.keyboard.press("Enter")

    expect(second.locator("h1")).to_contain_text(OWNER, timeout=LOADED_MS)


def test_nothing_is_read_in_any_window_while_a_node_that_is_down_cannot_lock(
    desk: FrontDesk, second: Page, up_again: Service
):
    """Both are covered at once and say why; the node hears of the lock as soon as it is back."""
    up_again.kill()

    desk.page.click("[data-lock]")

    for page in (desk.page, second):
        expect(page.locator("main")).to_be_hidden()
        expect(page.locator(".cover")).to_contain_text("已输入的内容留在此页")
    assert second.title() == "Carnet"
    up_again.start()
    assert (is_at_the_door(desk.page), is_at_the_door(second)) == (True, True)


def test_back_does_not_show_a_page_after_the_lock(desk: FrontDesk, served: Service):
    """No page is kept by the browser, so the node is asked, and leads to the door."""
    desk.go(screens_of(served.data)["customer"])
    lock(desk)

    desk.page.go_back()

    assert is_at_the_door(desk.page)


def test_a_page_out_of_the_browsers_memory_is_covered_until_the_node_has_answered(desk: FrontDesk, served: Service):
    """It may have been there since before the lock."""
    desk.go(screens_of(served.data)["customer"])
    with served.frozen():
        desk.page.evaluate(OUT_OF_MEMORY)
        meanwhile = desk.page.evaluate(COVERED)

    expect(desk.page.locator("main")).to_be_visible(timeout=LOADED_MS)
    assert meanwhile


def test_a_page_that_nobody_uses_is_covered_when_no_node_locks_it(chromium: Browser, up_again: Service):
    """After as long as a session stays open that nobody uses; a key before that keeps the page open."""
    with FrontDesk.opened(chromium, up_again.url) as desk:
        desk.page.clock.install()
        desk.log_in()
        up_again.kill()
        desk.page.clock.fast_forward(ELEVEN_MINUTES_MS // 2)
        desk.page.keyboard.press("Shift")
        desk.page.clock.fast_forward(ELEVEN_MINUTES_MS // 2)
        expect(desk.page.locator("#strip")).to_have_text("未知：本机节点没有响应")
        is_covered_after_a_key = desk.page.evaluate(COVERED)
        desk.page.clock.fast_forward(ELEVEN_MINUTES_MS)

        expect(desk.page.locator("main")).to_be_hidden()
        assert not is_covered_after_a_key


def test_a_page_that_was_locked_without_need_opens_again(desk: FrontDesk):
    """Who opens the door's address although the session is open is led on."""
    desk.go("/locked?to=/visits")

    assert desk.page.url == f"{desk.url}/visits"
