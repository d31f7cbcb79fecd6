"""The queue and a customer as pages: Chinese and English, masked unless asked for, no script."""

import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from carnet_hub.core.stewardship.causes import CAUSES
from carnet_hub.core.stewardship.matching import REFUTED, SETTLED
from carnet_master.clusters import Effect
from carnet_master.survivorship import PINNED
from carnet_protocol.ids import record_text
from carnet_protocol.registry import Value
from support.authors import SiteAuthor, draft_of
from support.hub_cli import Printed, call, enrol, push, told
from support.hub_world import customer
from support.master_world import named
from support.protocol import record

WORDS = tomllib.loads(
    resources.files("carnet_hub").joinpath("data").joinpath("master_words.toml").read_text(encoding="utf-8")
)
DOCS = (Path(__file__).parents[2] / "docs" / "matching.md").read_text(encoding="utf-8")
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def site(data: Path, tmp_path: Path, capsys: Printed) -> SiteAuthor:
    """A dealer site with an enrolled node, whose customers a and b sound alike, and c is of their household."""
    site = enrol(capsys, data, tmp_path).author()
    for name, full_name in (("a", "赵小明"), ("b", "赵晓明"), ("c", "钱大华")):
        number: dict[str, Value] = {"customer_id": record(name), "number": "13912340001"}
        push(data, site, customer(name, full_name=full_name), draft_of("phone", record(f"phone {name}"), number))
    return site


def page(data: Path, path: Path, *arguments: str) -> str:
    """The page that a command writes."""
    assert call(data, "master", *arguments, "--html", path) == 0
    return path.read_text(encoding="utf-8")


def test_a_queue_page_says_in_both_languages_what_waits_and_why(data: Path, site: SiteAuthor, tmp_path: Path):
    """A pair has its cause in words, its probability, and what each comparison adds where somebody clicks."""
    written = page(data, tmp_path / "queue.html", "queue")

    assert "<td>同音字 homophone</td>" in written
    assert "<th>概率 Probability</th>" in written
    assert re.search(r"<details><summary>依据 Why</summary><pre>[^<]*contact +telephone +\+14", written)
    assert re.search(r"<td>0\.9\d+</td>", written)


def test_a_customer_page_holds_all_that_show_prints(data: Path, site: SiteAuthor, tmp_path: Path, capsys: Printed):
    """Golden values, records, relations, decisions with their effect in words, and former ids stand on one page."""
    by = ("--by", "st-7")
    told(capsys, data, "master", "accept", record_text(record("a")), record_text(record("b")), *by)
    told(capsys, data, "master", "pin", record_text(record("b")), "name", *by)

    written = page(data, tmp_path / "customer.html", "show", record_text(record("a")), "--show-personal")

    captions = re.findall(r"<caption>([^<]*)</caption>", written)
    assert captions == ["主档内容 Golden values", "来源档案 Records", "关联客户 Relations", "同人判定 Decisions"]
    assert "<td>同一客户 link</td>" in written
    assert "<td>指定内容 pin</td><td>st-7</td><td>姓名 name</td>" in written
    assert f"曾用编号 Former ids: {record_text(named('b'))}" in written
    assert "赵晓明" in written


@pytest.mark.parametrize("arguments", [("queue",), ("show", record_text(record("a")))], ids=lambda one: str(one[0]))
def test_a_page_is_masked_and_for_its_owner_alone(
    data: Path, site: SiteAuthor, tmp_path: Path, arguments: tuple[str, ...]
):
    """Without `--show-personal` no name and no number stands in a page, no script ever, and nobody else reads it."""
    path = tmp_path / "page.html"

    written = page(data, path, *arguments)

    assert record_text(record("a")) in written
    assert [one for one in ("赵小明", "钱大华", "13912340001", "<script", "http") if one in written] == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_same_list_is_a_workbook(data: Path, site: SiteAuthor, tmp_path: Path):
    """`--xlsx` beside `--html` writes the queue for an office."""
    page(data, tmp_path / "queue.html", "queue", "--xlsx", str(tmp_path / "queue.xlsx"))

    assert (tmp_path / "queue.xlsx").stat().st_size > 0


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ("cause", {cause.split(":")[-1] for cause in CAUSES} | {REFUTED, SETTLED}),
        ("effect", {one.value for one in Effect}),
        ("group", set(PINNED)),
    ],
)
def test_every_code_has_words(table: str, codes: set[str]):
    """No code reaches a page without its Chinese, and no words stand there for a code that is gone."""
    assert set(WORDS[table]) == codes
    assert [code for code, pair in WORDS[table].items() if len(pair) != 2 or not HAN.search(pair[0])] == []


def test_a_page_and_the_documentation_call_a_cause_the_same():
    """The Chinese of a cause is the one that docs/matching.md gives it."""
    beyond = {REFUTED, SETTLED}

    assert [code for code, (chinese, _) in WORDS["cause"].items() if code not in beyond and chinese not in DOCS] == []
