"""Numbers of documents: resident identity number, unified social credit code, and other documents.

Decides whether a typed number can be one, by its own check digit and a real date, and what it says. Does not decide
whether such a document exists, nor whether a number belongs to the one who gave it.

Rules
1. A number counts only with a correct check digit. A wrong one is no identity: it may still help a steward, by its
   first fourteen and its last twelve characters, one of which survives a slip in the other.
2. The county of an identity number is never a reason to refuse it: more than half of the correct numbers name a
   county that the public tables do not have for that year. `is_county_known` is a warning for people.
3. A number of fifteen digits is the same number as one of eighteen; the century was 19.
4. Numbers that stand in textbooks are nobody's.

    >>> read_resident_id("440101900307801").number
    '44010119900307801X'

Source: GB 11643-1999; GB 32100-2015.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from carnet_master.folding import fold_text
from carnet_master.limits import BIRTH_YEAR_MAX, BIRTH_YEAR_MIN, CODE_CHARS_MAX, TEXT_CHARS_MAX

_SEPARATORS: Final = re.compile(r"[\s\-_.·]+")
_EIGHTEEN: Final = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_FIFTEEN: Final = re.compile(r"[1-9]\d{14}", re.ASCII)
_CREDIT_CODE: Final = re.compile(r"[1-9A-HJ-NPQRTUWXY][1239]\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_TEXTBOOK: Final = frozenset({"11010519491231002X", "440524188001010014", "34052419800101001X", "11010119900307803X"})
_CENTURY: Final = "19"
_PRINTED_CHARS: Final = 18
_HEAD_CHARS: Final = 14
_TAIL_FROM: Final = 6
_ORGANISATION: Final = slice(8, 17)
_SOLE_TRADER: Final = "92"
_DOCUMENT_DIGITS_MIN: Final = 4
_DOCUMENT_CHARS_MIN: Final = 7


@dataclass(frozen=True, slots=True)
class ResidentId:
    """A resident identity number, or what is left of a mistyped one.

    Attributes:
        number: 18 characters, X in upper case.
        is_valid: whether check digit and date are right; only then it is an identity.
    """

    number: str
    is_valid: bool = True

    @property
    def birth(self) -> str | None:
        """The date of birth, YYYYMMDD; None when there is no such day."""
        born = self.number[6:14]
        return born if _is_day(born) else None

    @property
    def sex(self) -> str | None:
        """Either "male" or "female", as position 17 is odd or even; None for a mistyped number."""
        if not self.is_valid:
            return None
        return "male" if int(self.number[16]) % 2 else "female"

    @property
    def head(self) -> str:
        """County and date of birth: survives a slip in the last four characters."""
        return self.number[:_HEAD_CHARS]

    @property
    def tail(self) -> str:
        """Date of birth, sequence and check digit: survives a slip in the county."""
        return self.number[_TAIL_FROM:]


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A unified social credit code with a correct check digit."""

    code: str

    @property
    def organisation(self) -> str:
        """Characters 9 to 17: the organisation code of before 2015, which a legal person keeps."""
        return self.code[_ORGANISATION]

    @property
    def is_sole_trader(self) -> bool:
        """Whether the code is that of one person's business."""
        return self.code.startswith(_SOLE_TRADER)


def read_resident_id(text: str) -> ResidentId | None:
    """A valid resident identity number in a text, or None. Anything else around it makes it none.

    Args:
        text: as stored, any Unicode.
    """
    found = read_mistyped_id(text)
    return found if found is not None and found.is_valid else None


def read_printed_id(text: str) -> ResidentId | None:
    """As `read_resident_id`, but only in the form of today: fifteen digits have no check digit and may be anything."""
    return read_resident_id(text) if len(_compact(text)) == _PRINTED_CHARS else None


def read_mistyped_id(text: str) -> ResidentId | None:
    """As `read_resident_id`, and also a number of the right shape with a wrong check digit or date."""
    number = _compact(text)
    if _FIFTEEN.fullmatch(number):
        longer = number[:6] + _CENTURY + number[6:]
        number = longer + _check_digit(longer)
        if not _is_day(number[6:14]):
            return None
    if not _EIGHTEEN.fullmatch(number) or number in _TEXTBOOK or len(set(number)) == 1:
        return None
    return ResidentId(number, is_valid=_check_digit(number[:17]) == number[17] and _is_day(number[6:14]))


def read_credit_code(text: str) -> CreditCode | None:
    """A unified social credit code with a correct check digit, or None.

    Args:
        text: as stored, any Unicode.
    """
    code = _compact(text)
    if not _CREDIT_CODE.fullmatch(code):
        return None
    from stdnum.cn import uscc  # noqa: PLC0415  (20 ms to load, and most customers are people)

    return CreditCode(code) if uscc.is_valid(code) else None


def read_document(id_type: str, text: str) -> str | None:
    """Another document than the resident identity card: its type and number as one value, or None.

    Args:
        id_type: code of the registry; "" when it was not said.
        text: as stored, any Unicode.
    """
    if not text:
        return None
    number = "".join(one for one in _compact(text) if one.isascii() and one.isalnum())[:CODE_CHARS_MAX]
    has_digits = sum(one.isdigit() for one in number) >= _DOCUMENT_DIGITS_MIN
    is_long_enough = len(number) >= _DOCUMENT_CHARS_MIN and len(set(number)) > 1
    return f"{id_type or 'other'}:{number}" if has_digits and is_long_enough else None


def is_county_known(number: str) -> bool:
    """Whether public tables know the county of a number for its year of birth. A warning for people, never a rule.

    Args:
        number: 18 characters, valid.
    """
    from stdnum.cn import ric  # noqa: PLC0415  (its table of counties takes 50 ms to load)
    from stdnum.exceptions import ValidationError  # noqa: PLC0415

    try:
        return bool(ric.get_birth_place(number))
    except ValidationError:
        return False


def _compact(text: str) -> str:
    if text.isascii() and text.isalnum():
        return text[:TEXT_CHARS_MAX].upper()
    return _SEPARATORS.sub("", fold_text(text)).upper()


@lru_cache(maxsize=4096)
def _check_digit(first: str) -> str:
    """ISO 7064 MOD 11-2 over 17 digits."""
    from stdnum.cn import ric  # noqa: PLC0415

    return ric.calc_check_digit(first + "0")


def _is_day(digits: str) -> bool:
    if not BIRTH_YEAR_MIN <= int(digits[:4]) <= BIRTH_YEAR_MAX:
        return False
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
