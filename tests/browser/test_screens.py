"""Every screen, in both languages: reachable by everybody, in its window, without a foreign word or a complaint.

All of them are walked through once in each language, and every claim is about what was noted on the way.
"""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from browser.front_desk import FrontDesk, screens_of
from browser.inspection import Seen, addresses, looked_at, page_templates, steps
from support.programs import Service

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

NO_SCREEN = {
    "/set-up": "only at a node that nobody has set up: `test_first_day` looks at it",
    "/strip": "a part of every page",
    "/exchange/import/rejected.csv": "a file",
    "/exchange/import/rejected.xlsx": "a file",
}
"""Addresses that the walk leaves out, and why."""

REFUSED = re.compile(r"status of (?:404|409|422|503)")
"""What a browser says of a form that was refused or saved before, of a page that there is not, and of a hub out of
reach."""


@dataclass(frozen=True)
class Walk:
    """Everything that was seen in one language, and what the browser wrote to its console meanwhile."""

    language: str
    screens: tuple[Seen, ...]
    complaints: tuple[str, ...]


@pytest.fixture(scope="module", params=["zh_CN", "en"])
def walk(
    request: pytest.FixtureRequest, served: Service, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Walk:
    """From the door through every screen to the lock, at two device pixels a pixel."""
    language, folder, seen = str(request.param), tmp_path_factory.mktemp("former"), []
    with FrontDesk.opened(chromium, served.url, language=language, scale=2) as desk:
        for name in ("login", "start"):
            desk.go(f"/{name}")
            seen.append(looked_at(desk, name, language))
        desk.log_in()
        screens = screens_of(served.data)
        for name, path in (screens | {"failure": "/no-such-page"}).items():
            desk.go(path)
            seen.append(looked_at(desk, name, language))
        seen += [looked_at(desk, name, language) for name in steps(desk, screens, folder)]
        complaints = tuple(one for one in desk.complaints if not REFUSED.search(one))
    return Walk(language, tuple(seen), complaints)


def test_the_walk_leads_to_every_address(walk: Walk):
    """A page that is added to the application and not walked through is named here."""
    assert addresses().keys() - {one.address for one in walk.screens} == NO_SCREEN.keys()


def test_the_walk_sees_every_template(walk: Walk):
    """A page that is drawn only in answer to a form is no exception."""
    assert page_templates() - {one.page for one in walk.screens} == {"set_up"}


def test_no_screen_has_a_serious_problem_of_accessibility(walk: Walk):
    """Axe finds nothing serious or critical, under the policy the pages are served with."""
    assert {one.name: one.grave for one in walk.screens if one.grave} == {}


def test_no_screen_is_wider_than_its_window(walk: Walk):
    """At the desk, on a tablet and at twice the size (683 by 384, scale 2) nothing has to be scrolled sideways."""
    assert {one.name: one.wider for one in walk.screens if one.wider} == {}


def test_every_screen_is_named_at_the_top_without_scrolling(walk: Walk):
    """The list of screens wraps where the window is narrow or the text is twice as large."""
    assert {one.name: one.outside for one in walk.screens if one.outside} == {}


def test_no_screen_has_a_word_of_the_other_language(walk: Walk):
    """Everything but numbers, codes, formats and what people entered is in the reader's language."""
    assert {one.name: one.foreign for one in walk.screens if one.foreign} == {}


def test_no_screen_breaks_its_own_policy(walk: Walk):
    """Neither a refused style nor a failing script is written to the console; a refused form is no failure."""
    assert walk.complaints == ()


def test_a_page_weighs_little(desk: FrontDesk, served: Service):
    """With style and scripts a screen is at most 150 KB."""
    desk.go(screens_of(served.data)["customer"])

    weight = desk.page.evaluate("performance.getEntries().reduce((sum, one) => sum + (one.decodedBodySize ?? 0), 0)")
    assert 20_000 < weight <= 150_000
