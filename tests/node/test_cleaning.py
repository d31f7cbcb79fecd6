"""Typed text as it is kept: what cannot be seen is no text, and everything that can be seen stays."""

import pytest

from carnet_node.core.commands.cleaning import clean_code, clean_text, plate_number


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("\u200b", None, id="nothing but a mark without width"),
        pytest.param(" \u2060\ufeff ", None, id="marks and blanks"),
        pytest.param("\u202eabc", "abc", id="a mark that turns the line around"),
        pytest.param("王\u200b小明", "王小明", id="a mark inside a name"),
        pytest.param("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧", id="joiners of an emoji"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="a joiner of a script"),
    ],
)
def test_marks_that_nobody_sees_are_no_text(typed: str, kept: str | None):
    """A name of nothing else is none, and none turns the text beside it around."""
    assert clean_text(typed) == kept


def test_a_plate_of_unseen_marks_is_none():
    """Else an order would stand in the list without a car."""
    assert (plate_number("\u200b"), plate_number("\u202e浙A12345")) == (None, "浙A12345")


def test_a_code_loses_unseen_marks():
    """What was pasted beside a code does not make another code of it."""
    assert clean_code("A\u200b07\ufeff") == "A07"
