"""Codes of places and postcodes, as somebody types them into an address.

Decides which digits can be a code of a place or a postcode, so that a telephone's area code or a postcode in the wrong
field is told by its name there. Only digits are judged: the name of a district is a name, and what has letters may be a
postcode of another country. Which places exist is not judged.

    >>> place_problems({"city_code": "0571"}, "")[0].what
    "This is the area code of a telephone and no code of a place."
"""

import re
from collections.abc import Mapping
from typing import Final

from carnet_node.core.refusals import Problem, ProblemCode
from carnet_protocol.registry import Value

_OF_PROVINCE: Final = re.compile(r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12])[0-9]*", re.ASCII)
"""Source: GB/T 2260-2007."""

_DIGITS: Final = {"province_code": (2, 6), "city_code": (4, 6, 9, 12), "district_code": (6, 9, 12)}
"""How many digits a code has: six; fewer name the larger place, nine and twelve are those of the statistics office."""

_PROVINCE_ITSELF: Final = "00"
"""What stands where a code would name the city. Source: GB/T 2260-2007."""

_AREA_CODE: Final = re.compile(r"0[0-9]{2,3}", re.ASCII)
_POSTCODE: Final = re.compile(r"[0-8][0-9]{5}", re.ASCII)


def place_problems(values: Mapping[str, Value], where: str) -> list[Problem]:
    """What is wrong with codes and postcode of an address.

    Args:
        values: clean, of an address.
        where: stands before the field names of problems.
    """
    problems = []
    for name in ("province_code", "city_code", "district_code", "postcode"):
        typed = values.get(name)
        if isinstance(typed, str) and typed.isdecimal():
            found = _postcode_problem(typed) if name == "postcode" else _code_problem(name, typed)
            problems += [] if found is None else [Problem(where + name, ProblemCode.BAD_VALUE, *found)]
    return problems


def is_area_code(typed: str) -> bool:
    """Whether digits are what stands in front of a telephone number of a Chinese town, and nothing else."""
    return _AREA_CODE.fullmatch(typed) is not None


def _postcode_problem(typed: str) -> tuple[str, str] | None:
    if _POSTCODE.fullmatch(typed):
        return None
    if is_area_code(typed):
        what = "This is the area code of a telephone and no postcode."
        return what, "It stands in front of the telephone number. Enter six digits here, or leave this empty."
    return "A postcode has six digits, and the first is no 9.", "Correct it, or leave it empty."


def _code_problem(name: str, typed: str) -> tuple[str, str] | None:
    is_named = name == "province_code" or typed[2:4] != _PROVINCE_ITSELF
    if _OF_PROVINCE.fullmatch(typed) and len(typed) in _DIGITS[name] and is_named:
        return None
    if is_area_code(typed):
        what = "This is the area code of a telephone and no code of a place."
        return what, "It stands in front of the telephone number. Enter the name of the place here."
    if _POSTCODE.fullmatch(typed):
        return "No place has this code; it looks like a postcode.", "A postcode has a field of its own."
    return "No place has this code.", "Enter the name of the place, or the six digits of its code."
