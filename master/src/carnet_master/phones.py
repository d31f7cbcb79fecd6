"""What a typed telephone number says: the numbers in one spelling, and an identity number that was typed there instead.

Decides how telephone fields are read for comparison. Does not decide what is stored, nor which numbers of the whole
network are shared by too many customers: that is counted (`keys`), this is known beforehand.

Rules
1. Extensions are left out: two people of one company share the line.
2. Chinese mobiles are recognised by their shape, so that a range given out next year needs no new library. Everything
   else is judged by the metadata of libphonenumber, and an invalid number is none.
3. A local number without its area code is none: the code cannot be guessed.
4. Service numbers (400, 800, 95) and placeholders such as 13800138000 are nobody's.
5. Eighteen characters that are an identity number are that and no telephone.

    >>> read_phones(["０１０-65123456转802", "138 0013 8000"]).numbers
    ('+861065123456',)

Source: ITU-T E.164.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from carnet_master.folding import fold_text
from carnet_master.identifiers import ResidentId, read_printed_id
from carnet_master.limits import PHONE_DIGITS_MIN, PHONE_PARTS_MAX, PHONES_MAX

_EXTENSION: Final = re.compile(r"(?:\s*(?:转|分机|内线|ext\.?|extension|x|#|\*)[\s:.]*\d{1,6})\s*$")
_TRAILING_EXTENSION: Final = re.compile(r"(?<=\d{7})\s*[-_]\s*\d{1,5}$")
_SEPARATED: Final = re.compile(r"[/、;,|\\]|\s{1,}(?=(?:\+|0|1[3-9]))|和|或")
_NOISE: Final = re.compile(r"[^\d+]+")
_MOBILE: Final = re.compile(r"(?:\+?0{0,2}86|0|12593|17951)?(1[3-9]\d{9})")
_RUN_UP: Final = "01234567890123456789"
_RUN_DOWN: Final = _RUN_UP[::-1]
_SERVICE: Final = re.compile(r"\+86(?:400|800)\d{7}|\+86(?:95|96|12)\d{3,8}|\+8610086|\+8610010|\+8610000")
_PLACEHOLDERS: Final = frozenset({"+8613800138000", "+8613800000000", "+8613812345678", "+8613912345678"})
_TAIL_DIGITS: Final = 8
_TAIL_VARIETY_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class Phones:
    """What the telephone fields of one record say.

    Attributes:
        numbers: E.164, sorted, each once, without those that are nobody's.
        resident_ids: identity numbers that were typed there instead.
    """

    numbers: tuple[str, ...] = ()
    resident_ids: tuple[ResidentId, ...] = ()


def read_phones(texts: Iterable[str]) -> Phones:
    """The telephone numbers of one record as they are compared.

    Args:
        texts: as stored, any Unicode; one field may hold several numbers.
    """
    numbers: set[str] = set()
    ids: dict[str, ResidentId] = {}
    for text in texts:
        found = read_printed_id(text)
        if found is not None:
            ids[found.number] = found
        else:
            numbers.update(_numbers_in(fold_text(text)))
    return Phones(tuple(sorted(numbers)[:PHONES_MAX]), tuple(ids[number] for number in sorted(ids)))


def is_generic_phone(number: str) -> bool:
    """Whether a number is nobody's by its look: a service number, a placeholder, one digit repeated, a run of digits.

    Args:
        number: E.164.
    """
    tail = number[-_TAIL_DIGITS:]
    return (
        number in _PLACEHOLDERS
        or _SERVICE.fullmatch(number) is not None
        or len(set(tail)) < _TAIL_VARIETY_MIN
        or tail in _RUN_UP
        or tail in _RUN_DOWN
    )


def load_metadata() -> None:
    """Load the metadata of numbers now, so that the first record need not wait for it."""
    _valid_number("01065123456")


def _numbers_in(text: str) -> set[str]:
    """One field: as one number, or else as several."""
    whole = _read_one(text)
    if whole is not None:
        return {whole} - {""}
    parts = [part for part in _SEPARATED.split(text) if part.strip()][:PHONE_PARTS_MAX]
    return {number for part in parts if (number := _read_one(part))} if len(parts) > 1 else set()


def _read_one(text: str) -> str | None:
    """E.164; "" for a number that is nobody's; None when it is not one number."""
    stripped = _EXTENSION.sub("", text.strip())
    stripped = _TRAILING_EXTENSION.sub("", stripped)
    digits = _NOISE.sub("", stripped)
    mobile = _MOBILE.fullmatch(digits)
    number = f"+86{mobile[1]}" if mobile else _valid_number(digits)
    if number is None:
        return None
    return "" if is_generic_phone(number) else number


@lru_cache(maxsize=4096)
def _valid_number(digits: str) -> str | None:
    if not digits.isascii() or len(digits) < PHONE_DIGITS_MIN:
        return None
    import phonenumbers  # noqa: PLC0415  (20 ms to load, and most numbers are mobiles)

    try:
        number = phonenumbers.parse(digits, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
