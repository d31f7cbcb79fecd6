"""Every screen, in both languages: reachable by everybody, in its window, without a foreign word or a complaint."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from browser.front_desk import FrontDesk, screens_of
from support.programs import Service

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

GRAVE = ("serious", "critical")
SAME_IN_BOTH = re.compile(
    r"\b(?:TJ\d+-RO-\d+-\w+-\d+|Carnet|VIN|English|km|xlsx|CSV|A4|A5|Ctrl\+Enter|YYYY-MM-DD|HH:MM|TJ\d+|Tianjin one|"
    r"[A-Z]\d+|[0-9a-f]{16}|[A-Z0-9]{17})\b"
)
"""Names, codes and formats that no language translates."""

CHINESE = re.compile(r"[\u3400-\u9fff]+")
ENTERED = {
    "中文",
    "王小明",
    "陈立群",
    "周敏",
    "津",
    "雅阁",
    "珍珠白",
    "刹车异响",
    "更换制动片",
    "南京路",
    "号",
    "王",
    "南",
}
"""What `furnish` enters, whole and masked, and the button that changes the language."""

ENGLISH = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]{2,})*")


def grave_problems(desk: FrontDesk, name: str, path: str) -> list[tuple[str, str, str]]:
    """What axe finds on a screen: its name, the rule, the first place."""
    desk.go(path)
    violations = Axe().run(desk.page).response["violations"]
    return [(name, one["id"], one["nodes"][0]["html"]) for one in violations if one["impact"] in GRAVE]


def test_no_screen_has_a_serious_problem_of_accessibility(served: Service, chromium: Browser, language: str):
    """Axe finds nothing serious or critical, under the policy the pages are served with."""
    found: list[tuple[str, str, str]] = []
    with FrontDesk.opened(chromium, served.url, language=language) as desk:
        for name, path in {"login": "/login", "start": "/start"}.items():
            found += grave_problems(desk, name, path)
        desk.log_in()
        for name, path in (screens_of(served.data) | {"failure": "/no-such-page"}).items():
            found += grave_problems(desk, name, path)

    assert found == []


@pytest.mark.parametrize(("size", "scale"), [("desk", 1), ("tablet", 1), ("zoomed", 2)])
def test_no_screen_is_wider_than_its_window(served: Service, chromium: Browser, size: str, scale: float):
    """At the desk, on a tablet and at twice the size nothing has to be scrolled sideways."""
    with FrontDesk.opened(chromium, served.url, size=size, scale=scale) as desk:
        desk.log_in()
        wide = {}
        for name, path in screens_of(served.data).items():
            desk.go(path)
            wide[name] = desk.overflow()

    assert {name: by for name, by in wide.items() if by > 0} == {}


def test_a_chinese_page_has_no_english_words(desk: FrontDesk, served: Service):
    """Everything a reader sees is in their language; numbers, codes and names of files are in neither."""
    foreign = {}
    for name, path in screens_of(served.data).items():
        desk.go(path)
        text = SAME_IN_BOTH.sub(" ", desk.page.inner_text("body"))
        foreign[name] = ENGLISH.findall(text)

    assert {name: words for name, words in foreign.items() if words} == {}


def test_an_english_page_has_no_chinese_words(served: Service, chromium: Browser):
    """Everything but what people entered themselves, and the name of the other language, is English."""
    foreign = {}
    with FrontDesk.opened(chromium, served.url, language="en") as desk:
        desk.log_in()
        for name, path in screens_of(served.data).items():
            desk.go(path)
            foreign[name] = set(CHINESE.findall(desk.page.inner_text("body"))) - ENTERED

    assert {name: words for name, words in foreign.items() if words} == {}


def test_no_screen_breaks_its_own_policy(desk: FrontDesk, served: Service):
    """Neither a refused style nor a failing script is written to the console."""
    for path in screens_of(served.data).values():
        desk.go(path)

    assert desk.complaints == []


def test_a_page_weighs_little(desk: FrontDesk, served: Service):
    """With style and scripts a screen is at most 150 KB."""
    desk.go(screens_of(served.data)["customer"])

    weight = desk.page.evaluate("performance.getEntries().reduce((sum, one) => sum + (one.decodedBodySize ?? 0), 0)")
    assert 20_000 < weight <= 150_000
