"""The pictures of the guides: every page of the front desk has one in each language, and somebody can find it."""

from pathlib import Path

import pytest
from tools.desk_pictures.screens import LANGUAGES, pictured

from browser.inspection import address_of, addresses
from browser.test_screens import NO_SCREEN

GUIDES = Path(__file__).parents[2] / "docs" / "guides"


def test_every_page_has_a_picture():
    """A page that is added to the application and not drawn is named here."""
    drawn = {address_of(address) for address in pictured().values()}

    assert addresses().keys() - drawn == NO_SCREEN.keys() - {"/set-up"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pictures_are_there_and_no_others(language: str):
    """Each one was drawn in this language, and none is left of a screen that is gone."""
    there = {one.name.removesuffix(f"-{language}.webp") for one in (GUIDES / "dealer").glob(f"*-{language}.webp")}

    assert there == pictured().keys()


@pytest.mark.parametrize(("language", "guide"), [("zh", "dealer.zh.md"), ("en", "dealer.md")])
def test_the_guide_shows_or_names_every_picture(language: str, guide: str):
    """A reader finds each screen by its name, in their language."""
    text = (GUIDES / guide).read_text(encoding="utf-8")

    assert [name for name in pictured() if f"(dealer/{name}-{language}.webp)" not in text] == []
