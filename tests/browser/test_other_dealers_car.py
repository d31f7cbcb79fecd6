"""Another dealer's car in a real browser, in both languages: not found here, asked for, taken on, read, given back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browser.front_desk import ADMINISTRATOR, FrontDesk
from browser.inspection import foreign_words, grave_problems
from carnet_node.adapters.passwords import Argon2Passwords
from carnet_node.bootstrap import open_installation
from carnet_node.core.staff.staff import set_up
from carnet_node.settings import NodeSettings
from support.programs import Service, free_port, must_run, run_here, running
from support.staffed import PASSWORD
from support.vins import make_vins

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

PLATES = {"zh_CN": "湘A10001", "en": "湘A10002"}
CARS = dict(zip(PLATES, make_vins(2), strict=True))
"""What one language has taken on is not met by the other."""

FOLLOWED = {"zh_CN": "本店接管中", "en": "Followed here"}
ENDED = {"zh_CN": "接管已结束", "en": "Its time is over"}
JOB = "complaint=20261123;op_name=20261124;pay_type=customer"
"""What a person typed belongs to no language, and neither does the number of an order."""


@dataclass(frozen=True)
class Reader:
    """Somebody at the other dealer's desk, who reads one of the languages."""

    desk: FrontDesk
    language: str


def begin(folder: Path, hub: Service) -> Path:
    """Two dealers at a hub: the first has served two cars, the second one's people can log in."""
    home, away = folder / "home", folder / "away"
    for data, code in ((home, "A001"), (away, "B001")):
        run_here("carnet-hub", hub.data, "dealers", "add", code, code)
        invited = run_here("carnet-hub", hub.data, "dealers", "invite", code)["code"]
        run_here("carnet-node", data, "init")
        must_run("carnet-node", data, "enrol", "--hub", hub.url, invited)
    for language, vin in CARS.items():
        run_here("carnet-node", home, "vehicles", "add", vin, "--plate", PLATES[language])
        run_here("carnet-node", home, "visits", "add", "--vin", vin, "--km", "5000", "--job", JOB)
    must_run("carnet-node", home, "sync")
    installation = open_installation(NodeSettings(data_dir=away))
    set_up(installation.node(), Argon2Passwords(), {"staff_no": ADMINISTRATOR, "full_name": "20261125"}, PASSWORD)
    installation.store.close()
    return away


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Service]:
    """The desk of the dealer that has not seen the cars, with a line."""
    folder = tmp_path_factory.mktemp("two-dealers")
    hub = Service("carnet-hub", folder / "hub", free_port())
    run_here("carnet-hub", hub.data, "init")
    with running(hub):
        data = begin(folder, hub)
        with running(Service("carnet-node", data, free_port())) as service:
            yield service


@pytest.fixture
def reader(away: Service, chromium: Browser, language: str) -> Iterator[Reader]:
    """Somebody who is logged in."""
    with FrontDesk.opened(chromium, away.url, language=language) as desk:
        desk.log_in()
        yield Reader(desk, language)


def test_a_car_of_another_dealer_is_taken_on_and_given_back_by_keyboard(reader: Reader):
    """From a plate that nobody here knows to the history of the car, and back; nothing grave, no foreign word."""
    desk, page, language = reader.desk, reader.desk.page, reader.language
    page.fill("#search", PLATES[language])
    page.press("#search", "Enter")
    page.click("main a[href^='/look-ups?search=']")
    page.select_option("[name=reason]", "towed_in")
    with page.expect_navigation():
        page.press("[name=sought]", "Enter")
    answer, problems = page.inner_text("main"), grave_problems(desk)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    desk.press_sync()
    desk.go("/look-ups")
    row = page.locator("#taken ~ .scroll tr", has_text=CARS[language])
    followed = row.inner_text()
    row.locator("a").click()
    page.wait_for_url(re.compile(r"/vehicles/"))
    history = page.inner_text("main")
    desk.go("/look-ups")
    with page.expect_navigation():
        row.locator("form[action='/look-ups/give-back'] button").click()
    desk.press_sync()
    desk.go("/look-ups")

    assert CARS[language] in answer
    assert "20261124" in answer
    assert (FOLLOWED[language] in followed, "20261124" in history) == (True, True)
    assert ENDED[language] in row.inner_text()
    assert problems == grave_problems(desk) == ()
    seen = re.sub(r"\S+-RO-\S+", "", answer + page.inner_text("main"))
    assert foreign_words(seen, language) == frozenset()
