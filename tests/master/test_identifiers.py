"""How document numbers are read. The numbers are made up; none is of a real person."""

import pytest

from carnet_master.identifiers import (
    is_county_known,
    read_credit_code,
    read_document,
    read_mistyped_id,
    read_resident_id,
)

MAN, WOMAN = "44010119900307801X", "440101199003078028"
CODE = "91310115MA1K35J21R"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        pytest.param(MAN, MAN, id="as printed"),
        pytest.param(MAN.lower(), MAN, id="small x"),
        pytest.param("４４０１０１１９９００３０７８０１Ｘ", MAN, id="full width"),
        pytest.param("440101 19900307 801X", MAN, id="spaces"),
        pytest.param("440101900307801", MAN, id="fifteen digits"),
        pytest.param("999999199003078011", None, id="wrong check digit"),
        pytest.param("440101199002308012", None, id="no such day"),
        pytest.param("440101900230801", None, id="fifteen digits, no such day"),
        pytest.param("44010119900307801", None, id="a digit lost"),
        pytest.param("11010519491231002X", None, id="the number of the textbooks"),
        pytest.param("111111111111111111", None, id="one digit"),
        pytest.param("E12345678", None, id="a passport"),
        pytest.param("", None, id="empty"),
    ],
)
def test_an_identity_number_counts_when_it_is_valid(typed: str, number: str | None):
    """Check digit and date decide; spelling does not."""
    found = read_resident_id(typed)

    assert (found.number if found else None) == number


def test_an_identity_number_says_birth_and_sex():
    """Position 17 is odd for a man and even for a woman, and the date stands in between."""
    found = [read_resident_id(number) for number in (MAN, WOMAN)]

    assert [(one.birth, one.sex) for one in found if one] == [("19900307", "male"), ("19900307", "female")]


def test_the_county_is_no_rule():
    """A number whose county the tables do not know for that year is valid all the same, with a warning for people."""
    unknown = read_resident_id("130125196001010018") or read_mistyped_id("130125196001010018")

    assert unknown is not None
    assert not is_county_known("130125196001010018")
    assert is_county_known("310101198001010017")


def test_a_mistyped_number_keeps_its_parts():
    """A number with a wrong check digit is no identity; the part without the slip is still the same."""
    county, end = read_mistyped_id("44010219900307801X"), read_mistyped_id("440101199003078011")

    assert county is not None
    assert end is not None
    assert (county.is_valid, end.is_valid) == (False, False)
    assert (county.tail, end.head) == (MAN[6:], MAN[:14])
    assert county.sex is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param(CODE, CODE, id="as printed"),
        pytest.param(CODE.lower(), CODE, id="small letters"),
        pytest.param("91310115-MA1K35J2-1R", CODE, id="dashes"),
        pytest.param("91310115MA1K35J21A", None, id="wrong check character"),
        pytest.param("91310115MA1K35J2I", None, id="a letter that is none"),
        pytest.param(MAN, None, id="an identity number"),
    ],
)
def test_a_credit_code_counts_when_it_is_valid(typed: str, code: str | None):
    """The check character decides."""
    found = read_credit_code(typed)

    assert (found.code if found else None) == code


def test_a_credit_code_says_organisation_and_trader():
    """Nine characters are the organisation; the first two tell a sole trader."""
    firm, trader = read_credit_code(CODE), read_credit_code("92310115MA1K35J22R")

    assert firm is not None
    assert trader is not None
    assert (firm.organisation, firm.is_sole_trader) == ("MA1K35J21", False)
    assert trader.is_sole_trader


@pytest.mark.parametrize(
    ("id_type", "typed", "document"),
    [
        pytest.param("passport", " e1234 5678", "passport:E12345678", id="passport"),
        pytest.param("hk_macau", "H12345678", "hk_macau:H12345678", id="permit"),
        pytest.param("", "G12345678", "other:G12345678", id="nobody said which"),
        pytest.param("passport", "E123", None, id="too short"),
        pytest.param("passport", "护照", None, id="no number"),
        pytest.param("passport", "00000000", None, id="noughts"),
    ],
)
def test_another_document_is_its_type_and_number(id_type: str, typed: str, document: str | None):
    """A passport and a permit of one number are two documents."""
    assert read_document(id_type, typed) == document
