"""The last word of a customer on one purpose, and what a refusal of recall contact is."""

import pytest

from carnet_protocol.consents import declines_recalls, last_word
from carnet_protocol.registry import Value

Consent = dict[str, Value]


def said(statement: str, stated_at: int | None = 1, purpose: str = "recall", **more: Value) -> Consent:
    """One statement."""
    return {"purpose": purpose, "statement": statement, "stated_at": stated_at, **more}


@pytest.mark.parametrize(
    ("consents", "word"),
    [
        pytest.param([], None, id="nothing said"),
        pytest.param([said("granted")], True, id="yes"),
        pytest.param([said("withdrawn")], False, id="no"),
        pytest.param([said("withdrawn", 1), said("granted", 2)], True, id="no, then yes"),
        pytest.param([said("granted", 1), said("withdrawn", 2)], False, id="yes, then no"),
        pytest.param([said("granted", 1), said("withdrawn", 1)], False, id="both at one moment"),
        pytest.param([said("withdrawn", 2, retracted="entered_in_error"), said("granted", 1)], True, id="taken back"),
        pytest.param([said("withdrawn", None), said("granted", -5)], True, id="no moment is before every moment"),
        pytest.param([said("withdrawn", 9, "marketing"), said("granted", 1)], True, id="another purpose"),
    ],
)
def test_the_last_word_that_stands_counts(consents: list[Consent], word: bool | None):
    """One word follows from all statements about a purpose, in any order."""
    assert [last_word(one, "recall") for one in (consents, consents[::-1])] == [word, word]


@pytest.mark.parametrize(
    ("consents", "is_left_alone"),
    [
        pytest.param([], False, id="silence"),
        pytest.param([said("granted")], False, id="yes"),
        pytest.param([said("withdrawn", 1, "marketing")], False, id="no offers"),
        pytest.param([said("withdrawn")], True, id="no recalls"),
    ],
)
def test_only_a_no_to_recalls_declines_them(consents: list[Consent], is_left_alone: bool):
    """Being told of recalls needs no consent; a last word against it is a refusal."""
    assert declines_recalls(consents) is is_left_alone
