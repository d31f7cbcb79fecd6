"""The hub's own pages in a real browser: accessible, within their width, silent, and usable without a pointer."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from browser.front_desk import SIZES
from browser.inspection import GRAVE
from carnet_hub.core.outside.regulators import Scope
from support.outside import DONE, NUMBER, OPEN, STRANGER, begin_outside
from support.programs import Service, free_port, run_here, running

ANSWERED = ("401", "404", "422")
"""What the walk is refused on purpose: a wrong token, a car of no campaign, a number nobody has."""

SCOPES = tuple(word for scope in Scope for word in ("--scope", scope.value))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Where a hub with a recall is served, and a regulator's token."""
    folder = tmp_path_factory.mktemp("site")
    begin_outside(folder).recall.hub.app.close()
    with running(Service("carnet-hub", folder / "hub", free_port())) as service:
        yield service.url, run_here("carnet-hub", service.data, "regulator", "token", "add", "samr", *SCOPES)["token"]


def look_up(page: Page, vin: str) -> None:
    """Type a number and send it with Enter."""
    page.fill("[name=vin]", vin)
    page.press("[name=vin]", "Enter")
    page.wait_for_selector("section h2")


def walk(page: Page, url: str, token: str, lang: str) -> Iterator[str]:
    """Every page, by keyboard where there is a form; yields its name when it stands."""
    page.goto(f"{url}/check?lang={lang}")
    look_up(page, OPEN)
    yield "check"
    look_up(page, DONE)
    yield "nothing open"
    page.goto(f"{url}/regulator/login?lang={lang}")
    page.fill("[name=token]", "crt1_wrong")
    page.press("[name=token]", "Enter")
    page.wait_for_selector("[role=alert]")
    yield "wrong token"
    page.fill("[name=token]", token)
    page.press("[name=token]", "Enter")
    page.wait_for_selector("nav")
    yield "campaigns"
    for name in (f"campaigns/{NUMBER}", "reports", "vehicle"):
        page.goto(f"{url}/regulator/{name}?lang={lang}")
        yield name
    look_up(page, DONE)
    yield "a vehicle"
    page.goto(f"{url}/regulator/owners?lang={lang}")
    page.fill("[name=case_no]", "2026-12")
    page.fill("[name=vins]", STRANGER)
    page.focus("main form button")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    yield "a request for a car of no campaign"
    page.fill("[name=vins]", OPEN)
    page.focus("main form button")
    page.keyboard.press("Enter")
    page.wait_for_selector("main table")
    yield "requests for owners"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_is_accessible_within_its_width_and_silent(site: tuple[str, str], chromium: Browser, lang: str):
    """No page has what axe calls grave, none is wider than a narrow window, and the browser complains of nothing."""
    url, token = site
    page = chromium.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    found: list[object] = []

    for name in walk(page, url, token, lang):
        grave = [one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in GRAVE]
        for width, height in SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            found += [
                (name, width)
                for wider in [page.evaluate("document.documentElement.scrollWidth - innerWidth")]
                if wider > 0
            ]
        found += [(name, one) for one in grave]

    assert (found, [one for one in complaints if not any(code in one for code in ANSWERED)]) == ([], [])
    page.close()
