"""The first day of a site in a real browser: set up, logged in, a car that nobody has seen before; no hub anywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from browser.front_desk import ADMINISTRATOR, FrontDesk
from browser.inspection import grave_problems, looked_at
from support.cli_node import enrol_folder
from support.programs import Service, free_port, running
from support.staffed import PASSWORD
from support.vins import make_vins

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

NEW_PLATE = "沪AD12345"
"""Eight characters: a new-energy car."""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Service]:
    """A served node that has joined its site and that nobody sets up."""
    with _served_alone(tmp_path_factory.mktemp("first-day")) as service:
        yield service


@contextmanager
def _served_alone(folder: Path) -> Iterator[Service]:
    enrol_folder(folder)
    with running(Service("carnet-node", folder / "data", free_port(), ("--offline",))) as service:
        yield service


def test_whoever_comes_first_sees_the_set_up(empty: Service, chromium: Browser, language: str):
    """Any address leads there; the page is accessible, fits its window and has no word of the other language."""
    with FrontDesk.opened(chromium, empty.url, language=language, scale=2) as desk:
        desk.go("/")
        stands_at, seen = desk.page.url, looked_at(desk, "set-up", language)

    assert stands_at.endswith("/set-up")
    assert (seen.grave, seen.wider, seen.foreign, desk.complaints) == ((), {}, frozenset(), [])


def test_a_site_is_set_up_and_its_first_person_logs_in(tmp_path: Path, chromium: Browser, language: str):
    """By keyboard: a weak password is told, a good one opens the desk; another browser logs in with it."""
    too_short, wrong, screen = {
        "zh_CN": ("密码须为 8 至", "密码", "接车"),
        "en": ("A password has 8 to", "password", "Check-in"),
    }[language]
    with _served_alone(tmp_path) as service:
        refused, problems, opened, closed_again = _set_up(chromium, service, language)
        told, at_home = _come_back(chromium, service, language)

    assert (too_short in refused, problems) == (True, ())
    assert (screen in opened, closed_again.endswith("/set-up")) == (True, False)
    assert (wrong in told, screen in at_home) == (True, True)


def _set_up(chromium: Browser, service: Service, language: str) -> tuple[str, tuple[tuple[str, str], ...], str, str]:
    """What the refused form says, what is wrong with it, what is open afterwards, and where its address leads then."""
    with FrontDesk.opened(chromium, service.url, language=language) as desk:
        desk.go("/set-up")
        for text in (ADMINISTRATOR, "\t", "陈立群", "\t", "short", "\n", "short", "\n"):
            desk.type_or_press(text)
        expect(desk.page.locator("#summary")).to_be_visible()
        refused, problems = desk.page.inner_text("main"), grave_problems(desk)
        desk.page.fill("[name=password]", PASSWORD)
        desk.page.fill("[name=password_again]", PASSWORD)
        desk.page.keyboard.press("Enter")
        desk.page.wait_for_selector("nav.screens")
        opened = desk.page.inner_text("nav.screens")
        desk.go("/set-up")
        return refused, problems, opened, desk.page.url


def _come_back(chromium: Browser, service: Service, language: str) -> tuple[str, str]:
    """What another browser shows whose user mistypes the password first: what is wrong, and then the desk."""
    with FrontDesk.opened(chromium, service.url, language=language) as desk:
        desk.go("/login")
        for text in (ADMINISTRATOR, "\t", "a wrong password", "\n"):
            desk.type_or_press(text)
        expect(desk.page.locator("#summary")).to_be_visible()
        told = desk.page.inner_text("#summary")
        desk.log_in()
        return told, desk.page.inner_text("nav.screens")


def test_a_car_that_nobody_knows_is_checked_in_and_printed(served: Service, chromium: Browser, language: str):
    """An unknown plate and Enter open the check-in with it filled in; the order is numbered offline and prints."""
    plate = NEW_PLATE if language == "en" else NEW_PLATE[:-1] + "6"
    name, number = ("李测试", "13900001111") if language == "en" else ("赵检验", "13700002222")
    with FrontDesk.opened(chromium, served.url, language=language) as desk:
        desk.log_in()
        desk.page.fill("#search", plate)
        desk.page.keyboard.press("Enter")
        desk.page.wait_for_selector("[name='car.plate']")
        filled_in = desk.page.input_value("[name='car.plate']")
        typed = {
            "car.vin": make_vins(90)[88 if language == "en" else 89],
            "party.full_name": name,
            "party.number": number,
            "sender_name": name,
            "sender_phone": number,
            "odometer_in_km": "１２０００",
            "jobs[0].complaint": "Noise 异响",
        }
        for field, text in typed.items():
            desk.page.fill(f"[name='{field}']", text)
        desk.page.keyboard.press("Control+Enter")
        desk.page.wait_for_selector("h1 .state")
        order_no = desk.page.inner_text("h1").split()[0]
        desk.page.click("a[href$='/print/order']")
        desk.page.wait_for_load_state("load")
        printed = desk.page.inner_text("body")

    assert (filled_in, order_no.startswith("TJ01-RO-")) == (plate, True)
    assert all(one in printed for one in (order_no, plate, "12,000 km", "Noise 异响"))
    assert ("Issued offline" in printed, "离线" in printed) == (language == "en", language == "zh_CN")
