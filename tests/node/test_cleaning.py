"""Typed text as it is kept: what cannot be seen is no text, and everything that can be seen stays."""

import pytest

from carnet_node.core.commands.cleaning import clean_code, clean_text, clean_values, phone_number, plate_number
from carnet_node.core.refusals import ProblemCode
from carnet_protocol.kinds import CUSTOMER, JOB
from carnet_protocol.kinds.fields import INTEGER_MAX

CODE = "91310115MA1K35J21R"
"""A made-up unified social credit code with a correct check character."""


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


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("\u200c", id="a joiner that parts"),
        pytest.param("\u200d\u200c\u200d", id="joiners"),
        pytest.param("\u3164", id="Hangul filler"),
        pytest.param("\u115f\u1160", id="fillers of a syllable"),
        pytest.param("\uffa0", id="half-width filler"),
        pytest.param("\u2800", id="blank of Braille"),
        pytest.param("\u034f\ufe0f", id="marks that sit on nothing"),
        pytest.param("\u00a0\u2003\u3000", id="blanks of every width"),
        pytest.param("\U000e0041", id="a tag"),
        pytest.param("\x00\x1f", id="controls"),
    ],
)
def test_what_shows_nothing_is_empty_in_every_field(typed: str):
    """A text, a code and a plate follow one rule, and none of them is a telephone number."""
    assert (clean_text(typed), clean_code(typed), plate_number(typed), phone_number(typed)) == (None,) * 4


@pytest.mark.parametrize(
    "typed", [pytest.param("\ue5e5", id="private use"), pytest.param("\U000323b0", id="a character of a later Unicode")]
)
def test_a_rare_name_is_text_though_this_program_cannot_name_its_characters(typed: str):
    """Names that no common set holds are written so in files of the authorities."""
    assert clean_text(typed) == typed


def test_a_plate_of_unseen_marks_is_none():
    """Else an order would stand in the list without a car."""
    assert (plate_number("\u200b"), plate_number("\u202e浙A12345")) == (None, "浙A12345")


def test_a_code_loses_unseen_marks():
    """What was pasted beside a code does not make another code of it."""
    assert clean_code("A\u200b07\ufeff") == "A07"
    assert clean_code("A\u200d07\u3164") == "A07"


def test_a_bound_is_told_in_the_unit_of_its_field():
    """Fen are fen for a program; what people type is the business of the pages."""
    _, (problem,) = clean_values(JOB, {"estimate_fen": -1})

    assert problem.what == f"The value is not within 0 to {INTEGER_MAX}."
    assert problem.bounds == (0, INTEGER_MAX)


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(CODE, id="as printed"),
        pytest.param("９１３１０１１５－ma1k35j2－1r", id="full width, small letters, dashes"),
        pytest.param(f"\u200b{CODE}", id="with a mark nobody sees"),
    ],
)
def test_a_credit_code_is_kept_in_one_spelling(typed: str):
    """Capital letters without separators, as the licence shows it."""
    assert clean_values(CUSTOMER, {"credit_code": typed}) == ({"credit_code": CODE}, [])


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        pytest.param(CODE[:-1] + "A", None, id="wrong check character"),
        pytest.param(CODE[:-1], None, id="too short"),
        pytest.param(CODE.replace("1K", "IK"), CODE, id="I for 1"),
        pytest.param(CODE.replace("0115", "OII5"), CODE, id="O for 0"),
        pytest.param("310115000012345", None, id="a registration number of before 2015"),
    ],
)
def test_a_credit_code_that_is_none_is_refused_with_what_was_meant(typed: str, suggestion: str | None):
    """Its check character decides, and nothing is mended in silence."""
    _, (problem,) = clean_values(CUSTOMER, {"credit_code": typed})

    assert (problem.field, problem.code, problem.suggestion) == ("credit_code", ProblemCode.BAD_VALUE, suggestion)


@pytest.mark.parametrize(
    ("number", "is_taken"),
    [
        pytest.param("44010119900307801X", True, id="as printed"),
        pytest.param("４４０１０１１９９００３０７８０１ｘ", True, id="full width, small letter"),
        pytest.param("440101900307801", True, id="fifteen digits of before 1999"),
        pytest.param("440101199003078011", False, id="wrong check digit"),
        pytest.param("440101199002308012", False, id="no such day"),
        pytest.param("44010119900307801", False, id="too short"),
    ],
)
def test_the_number_of_an_identity_card_is_judged_as_a_credit_code_is(number: str, is_taken: bool):
    """Its check digit decides, and its birthday."""
    _, problems = clean_values(CUSTOMER, {"id_type": "resident_id", "id_no": number})

    expected = [] if is_taken else [("id_no", ProblemCode.BAD_VALUE)]
    assert [(one.field, one.code) for one in problems] == expected


@pytest.mark.parametrize("id_type", ["passport", "hk_macau", "other", None])
def test_the_number_of_another_paper_is_not_judged(id_type: str | None):
    """No rule is known that all of them follow."""
    assert clean_values(CUSTOMER, {"id_type": id_type, "id_no": "440101199003078011"})[1] == []


def test_a_credit_code_that_is_too_long_has_one_problem():
    """What a field cannot hold is told once."""
    assert len(clean_values(CUSTOMER, {"credit_code": "9" * 5000})[1]) == 1
