"""A state of a vehicle has one name: on the pages, in the report, in the book of words."""

import tomllib
from importlib import resources
from pathlib import Path

import pytest

SHARED = {
    "repaired": "remedied_repaired",
    "replaced": "remedied_replaced",
    "software": "remedied_software",
    "inspected_no_defect": "remedied_inspected_ok",
    "refunded": "remedied_refunded",
    "exported": "exported",
    "scrapped": "scrapped",
    "stolen": "stolen",
    "withdrawn": "removed_other",
    "in_stock": "in_stock",
    "unreachable": "unreachable",
    "open": "open_reachable",
}
"""States of the pages, and the items of a report that count them."""

Words = dict[str, dict[str, list[str]]]


def words(name: str) -> Words:
    """One of the hub's files of words."""
    return tomllib.loads(resources.files("carnet_hub").joinpath("data", *name.split("/")).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("state", "item"), SHARED.items(), ids=SHARED)
def test_a_state_is_called_alike_on_a_page_and_in_a_report(state: str, item: str):
    """Whoever compares the two finds the same words, in both languages."""
    assert words("site/words.toml")["state"][state] == words("report_words.toml")["state"][item]


def test_work_is_called_like_the_state_it_leads_to():
    """The method of a completion and the state of its car are one word."""
    pages = words("site/words.toml")
    both = pages["method"].keys() & pages["state"].keys()

    assert len(both) == 5
    assert {name: pages["method"][name] for name in both} == {name: pages["state"][name] for name in both}


def test_every_shared_state_stands_in_the_book_of_words():
    """Its Chinese name is the one that the glossary gives."""
    glossary = (Path(__file__).parents[2] / "docs/glossary.md").read_text(encoding="utf-8")
    names = [chinese for chinese, _ in words("report_words.toml")["state"].values()]

    assert [one for one in names if one not in glossary] == ["其他方式完成"]


def test_what_is_done_until_there_is_a_remedy_has_one_name():
    """The word of the glossary, wherever the pages speak of it."""
    pages = words("site/words.toml")
    said = (pages["state"]["interim_done"], pages["method"]["interim"], pages["fate"]["interim"])

    assert all("临时措施" in chinese and "interim remedy" in english for chinese, english in said)
