"""Vehicle identification numbers: what a desk typed, and whether it can be a VIN.

Decides how typed text becomes the 17 characters everything else uses, which rules of the VIN standard they break, and
whether a market's policy accepts them. Does not decide who made the car (see `wmi`), whether such a car exists (no
check digit proves that), or which vehicle record the number belongs to: a vehicle's id derives from the characters
alone, valid or not.

Rules
1. Entry is forgiving in form only: full-width, lower case, spaces, dashes and invisible marks are mended silently.
2. A letter is never changed silently. I, O and Q are no VIN letters; 1 and 0 are *suggested* when they cure the number.
3. `STRICT` (China, United States, Canada) accepts a number without any problem. `LENIENT` (European Union, Japan) also
   accepts what those markets really produce: a filler at the check position, an unused year code, letters in the tail,
   and the frame number of a vehicle older than the standard, which it reports as not being a VIN. Such a number can be
   looked up in a recall list; it yields no vehicle id, which needs 17 characters.
4. The check digit is necessary, never sufficient: seventeen ones pass it, so repeated characters have their own rule.

    >>> assess_vin("1m8gdm9a-xkp042788", VinPolicy.STRICT).vin
    '1M8GDM9AXKP042788'
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final, assert_never

from carnet_protocol.errors import BadValue
from carnet_protocol.ids import VIN_CHARS
from carnet_protocol.reasons import Reason

VIN_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
"""The 33 characters of a VIN in the order that gives them their base-33 value. Source: ISO 3779 (no I, O, Q)."""

CHARACTER_VALUES: Final[Mapping[str, int]] = MappingProxyType(
    dict(zip(VIN_ALPHABET, (*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
)
"""What each character counts in the check sum (A-H 1-8, J-N 1-5, P 7, R 9, S-Z 2-9). Source: GB 16735-2019."""

POSITION_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
"""How much each position counts in the check sum; the check digit itself counts nothing. Source: as above."""

CHECK_DIGIT_AT: Final = 8
"""Where a VIN has its check digit, counted from 0. Source: GB 16735-2019."""

_PREFIX_WEIGHTS: Final = POSITION_WEIGHTS[:8] + POSITION_WEIGHTS[9:11]
_PREFIXES_REMEMBERED: Final = 65_536

CHECK_CHARACTERS: Final = "0123456789X"
"""Check digit by remainder modulo 11. Source: as above."""

YEAR_CODES: Final = "ABCDEFGHJKLMNPRSTVWXY123456789"
"""Codes of position 10 in order of years from 1980, again after 30 years. Source: ISO 3779 (no I, O, Q, U, Z, 0)."""

YEAR_FIRST: Final = 1980
"""Year of code A in the first cycle."""

SMALL_MAKER_MARK: Final = "9"
"""At position 3: positions 12-14 belong to the maker's code and only the last three are a serial. Source: ISO 3780."""

FRAME_CHARS_MIN: Final = 5
FRAME_CHARS_MAX: Final = 14
"""Length of a frame number older than the standard: Japanese ones have 9 to 12 characters. 15 and 16 are left out by
us, because a VIN with a lost character is far more common than such a number."""

WHOLE_FRAME_CHARS_MIN: Final = 9
"""Of a frame number that no list holds: six to eight characters are what people read out of the end of a VIN. Chosen by
us; a shorter frame number is answered about where a list holds it."""

DISTINCT_CHARS_MIN: Final = 4
"""Fewer different characters than this are a placeholder, not a VIN: chosen by us for seventeen ones and their like."""

_SUGGESTED: Final = str.maketrans("IOQ", "100")
_INVISIBLE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Pd"})
_MINUS: Final = "\N{MINUS SIGN}"
_PASSES_MAX: Final = 4
_TAIL_DIGITS: Final = 4
_SMALL_MAKER_TAIL_DIGITS: Final = 3


class VinPolicy(StrEnum):
    """How much of the standard a market enforces."""

    STRICT = "strict"
    LENIENT = "lenient"


class VinProblem(StrEnum):
    """One rule that the text breaks. The code travels; screens translate it."""

    WRONG_LENGTH = "wrong-length"
    """Neither 17 characters nor a possible frame number."""
    FRAME_NUMBER = "frame-number"
    """Not a VIN; it may be the frame number of a vehicle older than the standard."""
    FORBIDDEN_LETTER = "forbidden-letter"
    """I, O or Q among 17 characters."""
    FORBIDDEN_CHARACTER = "forbidden-character"
    """Anything but a digit or a letter A to Z."""
    REPEATED_CHARACTERS = "repeated-characters"
    """So few different characters that it is a placeholder."""
    WRONG_CHECK_DIGIT = "wrong-check-digit"
    """Position 9 is not what the other sixteen say."""
    BAD_YEAR_CODE = "bad-year-code"
    """Position 10 is U, Z or 0."""
    LETTER_IN_TAIL = "letter-in-tail"
    """The last four characters (three, if the maker is a small one) are not all digits."""


_TOLERATED_BY_LENIENT: Final = frozenset(
    {VinProblem.FRAME_NUMBER, VinProblem.WRONG_CHECK_DIGIT, VinProblem.BAD_YEAR_CODE, VinProblem.LETTER_IN_TAIL}
)


@dataclass(frozen=True, slots=True)
class VinAssessment:
    """What one typed number is worth under one policy.

    Attributes:
        vin: the text in normal form; may be no VIN at all.
        is_acceptable: whether the policy takes it as it stands.
        problems: every rule it breaks, in the order of `VinProblem`; under `LENIENT` these may be mere warnings.
        suggestion: the number with I, O and Q read as 1, 0 and 0, only when that makes it acceptable; else None.
    """

    vin: str
    is_acceptable: bool
    problems: tuple[VinProblem, ...]
    suggestion: str | None


def normalise_vin(text: str) -> str:
    """The text as the standard would print it: ASCII where it can be, upper case, no spaces, dashes or invisible marks.

    Applying it twice changes nothing more. It neither judges nor shortens; the caller bounds the length of its input.

    Args:
        text: what was typed, pasted or scanned, any Unicode.
    """
    if text.isascii() and text.isalnum():
        return text.upper()
    for _ in range(_PASSES_MAX):
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
        stripped = "".join(character for character in folded if not _is_separator(character))
        if stripped == text:
            break
        text = stripped
    return text


def check_digit(vin: str) -> str:
    """The check digit the other sixteen characters call for, "0" to "9" or "X".

    Args:
        vin: 17 characters in normal form; position 9 may hold any VIN character and plays no part.

    Raises:
        BadValue: BAD_VIN, when it is not 17 characters of the VIN alphabet.

    Source: GB 16735-2019 and ISO 3779, check digit; 49 CFR 565.15.
    """
    _require_vin_characters(vin)
    return CHECK_CHARACTERS[weigh(vin, POSITION_WEIGHTS) % 11]


def weigh(characters: str, weights: Sequence[int]) -> int:
    """What some characters of the VIN alphabet add to the check sum, each at a position of this weight."""
    return sum(CHARACTER_VALUES[character] * weight for character, weight in zip(characters, weights, strict=True))


@lru_cache(maxsize=_PREFIXES_REMEMBERED)
def weigh_prefix(prefix: str) -> int | None:
    """What positions 1-8, 10 and 11 add to the check sum, or None when they are no prefix. Lists repeat them."""
    if len(prefix) != len(_PREFIX_WEIGHTS) or not CHARACTER_VALUES.keys() >= set(prefix):
        return None
    return weigh(prefix, _PREFIX_WEIGHTS)


def assess_vin(text: str, policy: VinPolicy) -> VinAssessment:
    """What is wrong with a typed number, whether the policy takes it all the same, and what may have been meant.

    Args:
        text: what was typed, any Unicode.
        policy: the rule of the market.
    """
    vin = normalise_vin(text)
    problems = _problems_of(vin)
    suggestion = None
    if VinProblem.FORBIDDEN_LETTER in problems:
        mended = vin.translate(_SUGGESTED)
        suggestion = mended if _accepts(policy, _problems_of(mended)) else None
    return VinAssessment(vin, _accepts(policy, problems), problems, suggestion)


def parse_vin(text: str, policy: VinPolicy) -> str:
    """The number in normal form, if the policy accepts it.

    Under `LENIENT` the result may be a frame number of 5 to 14 characters; `assess_vin` says so.

    Args:
        text: what was typed, any Unicode.
        policy: the rule of the market.

    Raises:
        BadValue: BAD_VIN on field "vin", naming the problems and not the number; nothing is kept.
    """
    assessment = assess_vin(text, policy)
    if not assessment.is_acceptable:
        raise BadValue(Reason.BAD_VIN, "vin", ", ".join(assessment.problems))
    return assessment.vin


def model_year_candidates(vin: str) -> tuple[int, ...]:
    """The two years the code at position 10 can mean, or none for a code the standard does not use.

    The cycle is 30 years, so a code alone never decides. For passenger cars sold in the United States a digit at
    position 7 points to 1980-2009 and a letter to 2010-2039. That is a hint for a screen and no more: China and Europe
    do not follow it, and in China the maker declares whether the code means calendar or model year. Keep both until a
    sale or production date decides.

    Args:
        vin: 17 characters in normal form.

    Returns: (first cycle 1980-2009, second cycle 2010-2039), or ().

    Raises:
        BadValue: BAD_VIN, when it is not 17 characters of the VIN alphabet.

    Source: ISO 3779, year code; 49 CFR 565.15 for position 7.
    """
    _require_vin_characters(vin)
    offset = YEAR_CODES.find(vin[9])
    if offset < 0:
        return ()
    return (YEAR_FIRST + offset, YEAR_FIRST + len(YEAR_CODES) + offset)


def is_piece(assessed: VinAssessment) -> bool:
    """Whether a number that no list holds is a piece of a VIN sooner than a whole frame number.

    Of a piece nobody may hear that nothing is open: another car may be meant.
    """
    return VinProblem.FRAME_NUMBER in assessed.problems and len(assessed.vin) < WHOLE_FRAME_CHARS_MIN


def vin_prefix(vin: str) -> str:
    """Positions 1 to 8, 10 and 11: maker, description, year and plant, without check digit and serial.

    Args:
        vin: at least 11 characters; nothing is checked.
    """
    return vin[:8] + vin[9:11]


def has_vin_characters(vin: str) -> bool:
    """Whether the text is 17 characters of the VIN alphabet, right or wrong otherwise."""
    return len(vin) == VIN_CHARS and all(character in CHARACTER_VALUES for character in vin)


def _require_vin_characters(vin: str) -> None:
    if not has_vin_characters(vin):
        raise BadValue(Reason.BAD_VIN, "vin", "not 17 characters of the VIN alphabet")


def _is_separator(character: str) -> bool:
    return character == _MINUS or unicodedata.category(character) in _INVISIBLE_CATEGORIES


def _accepts(policy: VinPolicy, problems: tuple[VinProblem, ...]) -> bool:
    match policy:
        case VinPolicy.STRICT:
            return not problems
        case VinPolicy.LENIENT:
            return _TOLERATED_BY_LENIENT.issuperset(problems)
        case _:
            assert_never(policy)


def _problems_of(vin: str) -> tuple[VinProblem, ...]:
    """Every broken rule of a number in normal form, in the order of the enum."""
    found = _vin_problems(vin) if len(vin) == VIN_CHARS else _frame_problems(vin)
    return tuple(problem for problem in VinProblem if problem in found)


def _frame_problems(number: str) -> set[VinProblem]:
    """What is wrong with a number of another length. I, O and Q are ordinary letters in an old frame number."""
    is_plausible = FRAME_CHARS_MIN <= len(number) <= FRAME_CHARS_MAX
    found = {VinProblem.FRAME_NUMBER if is_plausible else VinProblem.WRONG_LENGTH}
    if number and not (number.isascii() and number.isalnum()):
        found.add(VinProblem.FORBIDDEN_CHARACTER)
    if len(number) > 1 and len(set(number)) == 1:
        found.add(VinProblem.REPEATED_CHARACTERS)
    return found


def _vin_problems(vin: str) -> set[VinProblem]:
    """What is wrong with 17 characters. The check digit is judged only where it can be computed."""
    found: set[VinProblem] = set()
    strange = set(vin) - CHARACTER_VALUES.keys()
    if strange & set("IOQ"):
        found.add(VinProblem.FORBIDDEN_LETTER)
    if strange - set("IOQ"):
        found.add(VinProblem.FORBIDDEN_CHARACTER)
    if len(set(vin)) < DISTINCT_CHARS_MIN:
        found.add(VinProblem.REPEATED_CHARACTERS)
    if not strange and check_digit(vin) != vin[CHECK_DIGIT_AT]:
        found.add(VinProblem.WRONG_CHECK_DIGIT)
    if vin[9] in "UZ0":
        found.add(VinProblem.BAD_YEAR_CODE)
    tail_digits = _SMALL_MAKER_TAIL_DIGITS if vin[2] == SMALL_MAKER_MARK else _TAIL_DIGITS
    if not all(character in "0123456789" for character in vin[-tail_digits:]):
        found.add(VinProblem.LETTER_IN_TAIL)
    return found
