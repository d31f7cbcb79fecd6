"""What a desk may type as a VIN, what is mended, what is refused and what is only suggested."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason
from carnet_protocol.vin import (
    VinAssessment,
    VinPolicy,
    VinProblem,
    assess_vin,
    check_digit,
    model_year_candidates,
    normalise_vin,
    parse_vin,
    vin_prefix,
)
from support.vins import (
    PUBLISHED_VINS,
    VIN_CHARACTERS,
    YEAR_CHARACTERS,
    make_vin,
    make_vins,
    right_digit,
    with_right_digit,
    with_wrong_digit,
)

PUBLISHED = PUBLISHED_VINS[0]

vin_texts = st.text(VIN_CHARACTERS, min_size=17, max_size=17)


def row(label: str, *values: object):
    """One labelled row of a table of cases."""
    return pytest.param(*values, id=label)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        row("already in normal form", PUBLISHED, PUBLISHED),
        row("lower case", "1m8gdm9axkp042788", PUBLISHED),
        row("full width", "１Ｍ８ＧＤＭ９ＡＸＫＰ０４２７８８", PUBLISHED),
        row("spaces", " 1M8 GDM9AX\tKP042788\n", PUBLISHED),
        row("ideographic space", "1M8GDM9AX\u3000KP042788", PUBLISHED),
        row("hyphens", "1M8-GDM9AX-KP042788", PUBLISHED),
        row("full-width hyphen", "1M8－GDM9AX－KP042788", PUBLISHED),
        row("en dash, em dash, minus", "1M8\u2013GDM9\u2014AX\u2212KP042788", PUBLISHED),
        row("byte order mark", "\ufeff1M8GDM9AXKP042788", PUBLISHED),
        row("zero-width space", "1M8GDM9AX\u200bKP042788", PUBLISHED),
        row("nothing", "", ""),
    ],
)
def test_the_form_of_an_entry_is_mended(typed: str, meant: str):
    """Width, case, spaces, dashes and invisible marks of a typed number leave no trace."""
    assert normalise_vin(typed) == meant


@pytest.mark.parametrize("typed", ["1M8GDM9AXKPO42788", "IM8GDM9AXKP042788", "1M8GDM9AXKP*42788"])
def test_a_letter_is_never_changed_by_normalising(typed: str):
    """A wrong character stays what it is, so that a person sees it."""
    assert normalise_vin(typed) == typed


@given(st.text())
@example("A-\u0301")
@example("\u1fb7")
def test_normalising_twice_changes_nothing_more(text: str):
    """The normal form of a normal form is itself."""
    once = normalise_vin(text)

    assert normalise_vin(once) == once


@pytest.mark.parametrize(
    ("vin", "digit"),
    [
        row("published, X", "1M8GDM9AXKP042788", "X"),
        row("published, 1", "5GZCZ43D13S812715", "1"),
        row("ones", "1" * 17, "1"),
        row("zeros", "0" * 17, "0"),
    ],
)
def test_the_check_digit_is_the_published_one(vin: str, digit: str):
    """Published numbers carry the digit that we compute."""
    assert check_digit(vin) == digit


@given(vin_texts)
def test_the_check_digit_agrees_with_a_second_computation(vin: str):
    """Two independent tables of values yield one digit for any number."""
    assert check_digit(vin) == right_digit(vin)


@given(vin_texts, st.sampled_from(VIN_CHARACTERS))
def test_position_nine_plays_no_part_in_its_own_value(vin: str, filler: str):
    """Whatever stands at the check position, the digit called for is the same."""
    assert check_digit(vin[:8] + filler + vin[9:]) == check_digit(vin)


@given(vin_texts, st.integers(0, 16).filter(lambda place: place != 8), st.sampled_from("0123456789"))
def test_a_wrong_digit_anywhere_is_noticed(vin: str, place: int, digit: str):
    """Replacing one character by a digit of another value changes the check digit."""
    changed = vin[:place] + digit + vin[place + 1 :]
    has_same_value = check_digit("0" * 16 + vin[place]) == check_digit("0" * 16 + digit)

    assert (check_digit(changed) == check_digit(vin)) is has_same_value


@pytest.mark.parametrize(
    "text",
    [
        row("16 characters", "1M8GDM9AXKP04278"),
        row("18 characters", "1M8GDM9AXKP0427888"),
        row("letter O", "1M8GDM9AXKPO42788"),
        row("lower case", "1m8gdm9axkp042788"),
        row("Arabic digit", "1M8GDM9AXKP04278\u0668"),
        row("empty", ""),
    ],
)
def test_a_check_digit_exists_only_for_vin_characters(text: str):
    """Anything but 17 characters of the alphabet has no check digit."""
    with pytest.raises(BadValue) as refusal:
        check_digit(text)

    assert (refusal.value.reason, refusal.value.field) == (Reason.BAD_VIN, "vin")


@pytest.mark.parametrize("vin", [*PUBLISHED_VINS, *make_vins(20), make_vin("LA910E", 7)])
def test_a_valid_number_has_no_problem(vin: str):
    """Published and well-made numbers pass the strict policy as they stand."""
    assert assess_vin(vin, VinPolicy.STRICT) == VinAssessment(vin, is_acceptable=True, problems=(), suggestion=None)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        row("one character lost", PUBLISHED[:-1], {VinProblem.WRONG_LENGTH}),
        row("one character too many", PUBLISHED + "1", {VinProblem.WRONG_LENGTH}),
        row("nothing", "", {VinProblem.WRONG_LENGTH}),
        row("frame number", "JZX100-1234567", {VinProblem.FRAME_NUMBER}),
        row("letter O", "1M8GDM9AXKPO42788", {VinProblem.FORBIDDEN_LETTER}),
        row("letters I and Q", "IM8GDM9AXKPQ42788", {VinProblem.FORBIDDEN_LETTER}),
        row("asterisk", "1M8GDM9AXKP*42788", {VinProblem.FORBIDDEN_CHARACTER}),
        row("Chinese character", "京M8GDM9AXKP042788", {VinProblem.FORBIDDEN_CHARACTER}),
        row("wrong check digit", "1M8GDM9A1KP042788", {VinProblem.WRONG_CHECK_DIGIT}),
        row("two characters swapped", "1M8GDM9AXKP024788", {VinProblem.WRONG_CHECK_DIGIT}),
        row("letter at the check position", "1M8GDM9AZKP042788", {VinProblem.WRONG_CHECK_DIGIT}),
        row("ones", "1" * 17, {VinProblem.REPEATED_CHARACTERS}),
        row("zeros", "0" * 17, {VinProblem.REPEATED_CHARACTERS, VinProblem.BAD_YEAR_CODE}),
        row("ones as frame number", "1" * 12, {VinProblem.FRAME_NUMBER, VinProblem.REPEATED_CHARACTERS}),
        row("asterisk in a frame number", "JZX100*12345", {VinProblem.FRAME_NUMBER, VinProblem.FORBIDDEN_CHARACTER}),
    ],
)
def test_each_broken_rule_is_named(text: str, problems: set[VinProblem]):
    """A number's problems are exactly the rules that it breaks."""
    assert set(assess_vin(text, VinPolicy.STRICT).problems) == problems


@pytest.mark.parametrize(
    ("vin", "is_placeholder"),
    [
        row("three different characters", "12312312312312312", True),
        row("four different characters", "12341234123412341", False),
    ],
)
def test_few_different_characters_are_a_placeholder(vin: str, is_placeholder: bool):
    """Fewer than four different characters are no VIN, even with the right check digit."""
    problems = assess_vin(vin, VinPolicy.LENIENT).problems

    assert (VinProblem.REPEATED_CHARACTERS in problems) is is_placeholder


@pytest.mark.parametrize("code", VIN_CHARACTERS)
def test_the_year_code_leaves_out_u_z_and_zero(code: str):
    """Thirty of the thirty-three characters can stand at position 10."""
    problems = assess_vin(make_vin("LSV", 1, year_code=code), VinPolicy.STRICT).problems

    assert problems == ((VinProblem.BAD_YEAR_CODE,) if code in "UZ0" else ())


@pytest.mark.parametrize(
    ("wmi", "tail", "is_refused"),
    [
        row("letters at 12 and 13", "LSV", "AB1234", False),
        row("letter at 14", "LSV", "ABC123", True),
        row("letter at 17", "LSV", "12345A", True),
        row("small maker, letter at 14", "LA9", "10E123", False),
        row("small maker, letter at 15", "LA9", "10EA23", True),
    ],
)
def test_the_tail_is_numeric(wmi: str, tail: str, is_refused: bool):
    """The last four characters are digits, of a small maker the last three."""
    vin = with_right_digit(f"{wmi}AB2C30RA{tail}")

    assert assess_vin(vin, VinPolicy.STRICT).problems == ((VinProblem.LETTER_IN_TAIL,) if is_refused else ())


@pytest.mark.parametrize(
    ("length", "problem"),
    [
        row("4 characters", 4, VinProblem.WRONG_LENGTH),
        row("5 characters", 5, VinProblem.FRAME_NUMBER),
        row("14 characters", 14, VinProblem.FRAME_NUMBER),
        row("15 characters", 15, VinProblem.WRONG_LENGTH),
        row("16 characters", 16, VinProblem.WRONG_LENGTH),
        row("18 characters", 18, VinProblem.WRONG_LENGTH),
    ],
)
def test_a_frame_number_has_5_to_14_characters(length: int, problem: VinProblem):
    """Other lengths than 17 are frame numbers only where a VIN with a lost character is out of the question."""
    number = "JZX100123456789012"[:length]

    assert assess_vin(number, VinPolicy.LENIENT).problems == (problem,)


@pytest.mark.parametrize(
    ("text", "is_accepted_by_lenient"),
    [
        row("filler at the check position", "WVWAB2C3ZRA123456", True),
        row("unused year code", make_vin("JHM", 1, year_code="0"), True),
        row("letter in the tail", with_right_digit("LSVAB2C30RAABC123"), True),
        row("frame number", "JZX1001234567", True),
        row("letter O", "1M8GDM9AXKPO42788", False),
        row("asterisk", "1M8GDM9AXKP*42788", False),
        row("ones", "1" * 17, False),
        row("one character lost", PUBLISHED[:-1], False),
    ],
)
def test_the_lenient_policy_tolerates_what_its_markets_produce(text: str, is_accepted_by_lenient: bool):
    """What the strict policy refuses is a warning elsewhere, unless it can only be a slip."""
    strict, lenient = (assess_vin(text, policy) for policy in (VinPolicy.STRICT, VinPolicy.LENIENT))

    assert (strict.is_acceptable, lenient.is_acceptable) == (False, is_accepted_by_lenient)
    assert lenient.problems == strict.problems


@given(st.one_of(st.text(max_size=30), vin_texts, vin_texts.map(with_right_digit)))
def test_lenient_accepts_everything_that_strict_accepts(text: str):
    """Strict means no problem at all, and lenient never asks for more."""
    strict, lenient = (assess_vin(text, policy) for policy in (VinPolicy.STRICT, VinPolicy.LENIENT))

    assert strict.is_acceptable is (strict.problems == ())
    assert lenient.is_acceptable or not strict.is_acceptable


@pytest.mark.parametrize(
    ("text", "policy", "suggestion"),
    [
        row("O for 0", "1M8GDM9AXKPO42788", VinPolicy.STRICT, PUBLISHED),
        row("Q for 0", "1M8GDM9AXKPQ42788", VinPolicy.STRICT, PUBLISHED),
        row("I for 1, O for 0", "IM8GDM9AXKPO42788", VinPolicy.STRICT, PUBLISHED),
        row("still wrong check digit", "IM8GDM9A1KP042788", VinPolicy.STRICT, None),
        row("still wrong check digit, tolerated", "IM8GDM9A1KP042788", VinPolicy.LENIENT, "1M8GDM9A1KP042788"),
        row("ones typed as I", "I" * 17, VinPolicy.STRICT, None),
        row("frame number may hold an O", "JZO1001234567", VinPolicy.LENIENT, None),
    ],
)
def test_a_digit_is_suggested_when_it_cures_the_number(text: str, policy: VinPolicy, suggestion: str | None):
    """Reading I, O and Q as digits is offered only if the policy would accept the result."""
    assert assess_vin(text, policy).suggestion == suggestion


def test_a_suggestion_is_never_applied():
    """The number stays as typed and refused while its cure is only offered."""
    assessment = assess_vin("im8gdm9axkp042788", VinPolicy.STRICT)

    assert assessment == VinAssessment(
        "IM8GDM9AXKP042788", is_acceptable=False, problems=(VinProblem.FORBIDDEN_LETTER,), suggestion=PUBLISHED
    )


def test_parsing_gives_the_normal_form():
    """An accepted number comes back as the standard would print it."""
    assert parse_vin(" 1m8gdm9ax-kp042788", VinPolicy.STRICT) == PUBLISHED


def test_parsing_keeps_a_tolerated_number_as_it_is():
    """A wrong check digit that the market tolerates is kept, not corrected."""
    wrong = with_wrong_digit(PUBLISHED)

    assert parse_vin(wrong, VinPolicy.LENIENT) == wrong


def test_a_refusal_names_the_problems_and_not_the_number():
    """The refusal says which rules are broken on which field, without repeating what was typed."""
    with pytest.raises(BadValue) as refusal:
        parse_vin("0" * 17, VinPolicy.STRICT)

    assert refusal.value.reason is Reason.BAD_VIN
    assert refusal.value.detail == "vin: repeated-characters, bad-year-code"


@pytest.mark.parametrize(
    ("code", "years"),
    [
        row("first of the cycle", "A", (1980, 2010)),
        row("before a gap", "H", (1987, 2017)),
        row("after a gap", "J", (1988, 2018)),
        row("last letter", "Y", (2000, 2030)),
        row("first digit", "1", (2001, 2031)),
        row("last of the cycle", "9", (2009, 2039)),
        row("unused letter", "U", ()),
        row("unused digit", "0", ()),
    ],
)
def test_a_year_code_means_one_of_two_years(code: str, years: tuple[int, ...]):
    """Both years of the 30-year cycle are candidates, and an unused code has none."""
    assert model_year_candidates(make_vin("LSV", 1, year_code=code)) == years


def test_the_year_codes_follow_each_other_without_a_gap():
    """Thirty codes name the thirty years from 1980."""
    years = [model_year_candidates(make_vin("LSV", 1, year_code=code))[0] for code in YEAR_CHARACTERS]

    assert years == list(range(1980, 2010))


def test_a_frame_number_has_no_year():
    """Position 10 of something that is no VIN means nothing."""
    with pytest.raises(BadValue):
        model_year_candidates("JZX1001234567")


def test_the_prefix_leaves_out_check_digit_and_serial():
    """Positions 1 to 8, 10 and 11 are the prefix."""
    assert vin_prefix(PUBLISHED) == "1M8GDM9AKP"
