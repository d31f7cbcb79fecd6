"""What a reader of the pages and of a report sees: figures that add up, reports by name, Chinese in Chinese marks."""

import html
import re
import tomllib
from importlib import resources

import pytest

from support.outside import DONE, NUMBER, OPEN, Outside, begin_outside
from support.recall_hub import VINS
from support.site import log_in, see

ASCII_MARK = re.compile(r"[\u4e00-\u9fff）][:;!?]|[：。；] |[\u4e00-\u9fff] ?\(|\([^)]*[\u4e00-\u9fff]")
"""A half-width mark after a Chinese word, room behind a full-width one, half-width brackets around Chinese."""


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A served hub; one of its cars is unsold, the owner of one does not answer; a report on that lies in `apart`."""
    folder = tmp_path_factory.mktemp("outside")
    made = begin_outside(folder, unreachable_tries=1)
    made.recall.leave("A001", VINS[3], "in_stock")
    made.recall.leave("A001", VINS[4], "scrapped")
    made.recall.call_in_vain("A001", OPEN)
    made.recall.days_pass(1)
    made.recall.make("cn-stage", folder / "apart")
    return made


def words_in(page: str) -> list[str]:
    """The texts that a person reads on a page."""
    body = re.sub(r"<(style|title)>.*?</\1>", "", page, flags=re.DOTALL)
    return [one.strip() for one in html.unescape(re.sub(r"<[^>]+>", "\n", body)).splitlines() if one.strip()]


def tiles_of(page: str) -> dict[str, int]:
    """The large figures of a page by their label, without the rate."""
    found = re.findall(r"<li[^>]*>([^<]+)<b>([\d,]+)</b></li>", page)
    return {label: int(figure.replace(",", "")) for label, figure in found}


def pages_of(outside: Outside, lang: str) -> dict[str, str]:
    """Pages of the site and the report, as they are sent."""
    cookie = log_in(outside, outside.token("reader"))
    paths = ("", "/campaigns", f"/campaigns/{NUMBER}", "/vehicle", "/reports", "/owners", "/releases", "/campaigns/S9")
    pages = {path: see(outside, f"/regulator{path}?lang={lang}", cookie).text for path in paths}
    for typed in (OPEN, DONE, "LHGCM82", "12"):
        pages[f"/check {typed}"] = outside.ask("POST", f"/check?lang={lang}", data={"vin": typed}).text
    pages["report"] = (outside.folder.parent / "apart" / f"report.{lang}.html").read_text(encoding="utf-8")
    return pages


@pytest.mark.parametrize("page", [f"/campaigns/{NUMBER}", "report"])
def test_the_large_figures_add_up(outside: Outside, page: str):
    """Unsold ones and those of owners whom nobody reaches have their own, so that a reader's sum is all involved."""
    tiles = tiles_of(pages_of(outside, "en")[page])

    assert tiles == {"Involved": 12, "Remedied": 1, "Open": 8, "Unsold": 1, "Unreachable": 1, "Removed": 1}
    assert sum(tiles.values()) == 2 * tiles["Involved"]


def test_no_chinese_page_has_a_half_width_mark(outside: Outside):
    """Colons and brackets beside Chinese words are full-width, and no room follows a full stop."""
    found = {
        path: [one for one in words_in(page) if ASCII_MARK.search(one)]
        for path, page in pages_of(outside, "zh").items()
    }

    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(("lang", "name"), [("zh", "召回阶段性报告"), ("en", "Stage report")])
def test_a_report_is_listed_by_its_name(outside: Outside, lang: str, name: str):
    """The heading of a report names its kind as its own page does; the code of its profile stands below."""
    page = pages_of(outside, lang)["/reports"]

    heading = page[page.index("<h2>") : page.index("</h2>")]
    assert (name in heading, "cn-stage" in heading, "cn-stage 2026-" in page) == (True, False, True)


def test_every_shipped_profile_has_its_name_on_the_pages():
    """The pages name a profile as its file does."""
    data = resources.files("carnet_hub").joinpath("data")
    profiles = [tomllib.loads(one.read_text(encoding="utf-8")) for one in data.joinpath("profiles").iterdir()]
    named = tomllib.loads(data.joinpath("site", "words.toml").read_text(encoding="utf-8"))["profile"]

    assert named == {one["profile"]: [one["label_zh"], one["label"]] for one in profiles}
