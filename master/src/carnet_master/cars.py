"""Plates and VINs as they are compared.

Decides which spelling of a plate or VIN is compared. Does not decide what it proves: a car is shared and sold, so
neither is ever enough (see `tiers`).

Rules
1. A VIN is the protocol's normal form, if it is 17 characters of its alphabet and no placeholder; the check digit is
   not asked, because China issues numbers without one. I, O and Q were read as letters and are 1, 0 and 0.
2. A plate is a province's character, a letter and five or six characters more, without separators; no I and no O. A
   plate of another form (army, police, trailer marks, abroad) is taken when it has four characters and a digit. A
   temporary one is left out: it goes from car to car.

    >>> read_plate("京Ａ·12345"), read_plate("临京A1234"), read_vin("lsvfv6183c2123456")
    ('京A12345', None, 'LSVFV6183C2123456')
"""

import re
import unicodedata
from enum import Enum
from typing import Final

from carnet_master.limits import CAR_CHARS_MAX, FOLD_PASSES_MAX, TEXT_CHARS_MAX
from carnet_protocol.vin import DISTINCT_CHARS_MIN, has_vin_characters, normalise_vin

_SEPARATORS: Final = re.compile(r"[\s\-_·•‧・.]+")
_LETTERS_MEANT: Final = str.maketrans("IOQ", "100")
_LETTERS_OF_NO_PLATE: Final = str.maketrans("IO", "10")
"""Source: GA 36-2018: the serial part of a plate has no I and no O; Q it has."""
_PROVINCE: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CIVIL: Final = re.compile(f"[{_PROVINCE}][A-Z][0-9A-Z]{{4,5}}[0-9A-Z学警港澳挂领使]")
_OTHER: Final = re.compile(r"(?=.*\d)[0-9A-Z\u4e00-\u9fff]{4,10}")
_TEMPORARY: Final = re.compile("临|试|超")
_GIVEN_OUT: Final = re.compile(f"[{_PROVINCE}][A-HJ-Z](?:[0-9A-Z]{{4,5}}[0-9A-Z学警港澳挂领使]|[0-9A-Z]{{4}}应急)")
"""Source: GA 36-2018: the office is a letter, but never I; which ones a province has is not asked, as new ones come."""
_PREFIX_CHARS: Final = 2


class PlateSlip(Enum):
    """What keeps a text from being the plate it begins like."""

    DIGITS_ALONE = "digits alone"
    OFFICE = "no letter of an office behind the province"
    LENGTH = "not seven or eight characters"


def normalise_plate(text: str) -> str:
    """A plate in one spelling: upper case, half width, no separators. Which plates exist is not judged.

    Args:
        text: what was typed, any Unicode; the caller bounds its length.
    """
    for _ in range(FOLD_PASSES_MAX):
        folded = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text).upper())
        if folded == text:
            break
        text = folded
    return text


def read_plate(text: str) -> str | None:
    """A plate as it is compared, or None when it is none that stays with a car.

    Args:
        text: as stored, any Unicode.
    """
    plate = normalise_plate(text[:TEXT_CHARS_MAX])
    if len(plate) > CAR_CHARS_MAX or _TEMPORARY.search(plate):
        return None
    mended = plate[:_PREFIX_CHARS] + plate[_PREFIX_CHARS:].translate(_LETTERS_MEANT)
    if _CIVIL.fullmatch(mended):
        return mended if len(set(mended[_PREFIX_CHARS:])) > 1 else None
    return plate if _OTHER.fullmatch(plate) and len(set(plate)) > 1 else None


def meant_plate(text: str) -> str | None:
    """The plate that was probably meant where one of a province has I or O in its serial part; None otherwise.

    Args:
        text: what was typed, any Unicode.
    """
    plate = normalise_plate(text[:TEXT_CHARS_MAX])
    meant = plate[:_PREFIX_CHARS] + plate[_PREFIX_CHARS:].translate(_LETTERS_OF_NO_PLATE)
    return meant if meant != plate and _CIVIL.fullmatch(meant) else None


def plate_slip(text: str) -> PlateSlip | None:
    """Why a text cannot be a plate; None for one that can, and for one that shows nothing.

    Only digits alone and what begins with a province are judged: temporary plates and those of other countries, of
    embassies and of the army have forms of their own. I and O in a serial part are `meant_plate`'s.

    Args:
        text: what was typed, any Unicode.
    """
    plate = normalise_plate(text[:TEXT_CHARS_MAX])
    if plate.isdecimal():
        return PlateSlip.DIGITS_ALONE
    is_of_province = plate != "" and plate[0] in _PROVINCE and _TEMPORARY.search(plate) is None
    if not is_of_province or _GIVEN_OUT.fullmatch(plate) or meant_plate(plate) is not None:
        return None
    has_office = len(plate) == 1 or re.match("[A-HJ-Z]", plate[1]) is not None
    return PlateSlip.LENGTH if has_office else PlateSlip.OFFICE


def read_vin(text: str) -> str | None:
    """A VIN as it is compared, or None when the text cannot be one or is a placeholder.

    Args:
        text: as stored, any Unicode.
    """
    vin = normalise_vin(text[:TEXT_CHARS_MAX]).translate(_LETTERS_MEANT)
    return vin if has_vin_characters(vin) and len(set(vin)) >= DISTINCT_CHARS_MIN else None
