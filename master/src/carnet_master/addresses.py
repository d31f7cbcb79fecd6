"""What a typed address says: district, road or estate, and the door.

Decides the parts of an address that are compared. Does not decide whether the place exists, and looks up no district by
its name: the code beside the street says it.

Rules
1. What stands before the road is administration (省, 市, 区, 镇, 街道) and is left out of the road.
2. The place is the first road (路, 街, 大道, 巷, 弄 ...), or else the first estate (小区, 花园, 村 ...).
3. The numbers behind the place are the door, in order, whatever stands between them: 3栋2单元501室 is 3-2-501. Chinese
   numerals count as numbers. An estate that stands behind the road has a door of its own: desks leave the road out.
4. A door is known when there are two numbers, or one behind an estate. A road with one number is a building with a
   thousand doors, and is compared as a place only.
5. A door of three numbers is one even when nobody said in which district.

    >>> read_address("310115", "上海市浦东新区张杨路５００号３号楼１２０１室").doors
    ('310115:张杨路:500-3-1201', ':张杨路:500-3-1201')
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from carnet_master.folding import HAN, fold_text
from carnet_master.limits import DOOR_NUMBERS_MAX, PLACE_CHARS_MAX

# The longer patterns are compiled when they are first used, and kept by `re`: few commands read a customer.
_DISTRICT: Final = re.compile(r"[1-9]\d{5}", re.ASCII)
_DISTRICT_CHARS: Final = 6
_REMARKS: Final = re.compile(r"\([^()]*\)?|\[[^\[\]]*\]?|【[^【】]*】?")
_ADMINISTRATION: Final = (
    f"^(?:[{HAN}]{{2,8}}?(?:特别行政区|自治区|自治州|自治县|自治旗|省))?"
    f"(?:[{HAN}]{{1,6}}?(?:市|地区|盟))?(?:[{HAN}]{{1,6}}?(?:新区|(?<![小社园校厂库景院])区|县|市|旗))?"
    f"(?:[{HAN}]{{1,6}}?(?:街道|镇|乡))?"
)
_ROAD: Final = (
    f"[{HAN}]+?(?:[东南西北中上下])?(?:\\d{{1,3}}|[一二三四五六七八九十]{{1,3}})?(?:大道|大街|胡同|公路|路|街|巷|弄|道)"
    "(?:[东南西北中][段路街])?"
)
_ESTATE: Final = (
    f"[{HAN}]+?(?:小区|花园|花苑|家园|家苑|公寓|新村|佳苑|雅苑|大厦|广场|苑|园|城|府|湾|邸|庭|里|坊|庄|村|屯|寨|营|组)"
)
_ESTATE_BEHIND: Final = f"\\d{{1,6}}[a-z]?[号弄院支]*(?P<estate>[{HAN}]{{2,{PLACE_CHARS_MAX}}}?)(?=\\d|[a-z][栋幢座])"
_UNIT_WORDS: Final = "号栋幢座楼层单室组弄巷院户房门"
_NUMBER: Final = re.compile(r"\d{1,6}[a-z]?|[a-z](?=[栋幢座楼区\-\d])")
_NUMERAL: Final = re.compile(r"[零〇一二三四五六七八九十百]{1,7}(?=[号栋幢座楼层单室组弄巷])")
_DIGITS: Final = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0}
_TEN: Final = 10
_HUNDRED: Final = 100
_DOOR_NUMBERS_MIN: Final = 2
_SURE_NUMBERS_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it is compared.

    Attributes:
        district: six digits of GB/T 2260; the city's code when no district was named; None when neither was.
        place: road or estate, or None.
        doors: district, place and numbers, in each way to say it; only where it can mean one home.
    """

    district: str | None = None
    place: str | None = None
    doors: tuple[str, ...] = ()


def read_address(district_code: str, street: str, *, city_code: str = "") -> Address:
    """An address as it is compared.

    Args:
        district_code, city_code: as stored; twelve digits of the statistics office are cut to six.
        street: as stored, any Unicode.
    """
    district = _district(district_code) or _district(city_code)
    text = _REMARKS.sub("", fold_text(street)).replace(" ", "")
    rest = re.sub(_ADMINISTRATION, "", text)
    road = re.match(_ROAD, rest)
    found = road or re.match(_ESTATE, rest)
    if found is None:
        return Address(district)
    behind = _NUMERAL.sub(lambda numeral: str(_value(numeral[0])), rest[found.end() :])
    place = found[0][:PLACE_CHARS_MAX]
    doors = list(_doors(district, place, _numbers(behind), least=1 if road is None else _DOOR_NUMBERS_MIN))
    estate = re.match(_ESTATE_BEHIND, behind)
    if estate and estate["estate"][0] not in _UNIT_WORDS:
        doors += _doors(district, estate["estate"], _numbers(behind[estate.end() :]), least=_DOOR_NUMBERS_MIN)
    return Address(district, place, tuple(dict.fromkeys(doors)))


def _doors(district: str | None, place: str, numbers: list[str], *, least: int) -> Iterator[str]:
    """Rules 4 and 5."""
    door = f"{place}:{'-'.join(numbers)}"
    if len(numbers) >= least:
        yield f"{district or ''}:{door}"
    if len(numbers) >= _SURE_NUMBERS_MIN:
        yield f":{door}"


def _district(code: str) -> str | None:
    folded = fold_text(code)[:_DISTRICT_CHARS]
    return folded if _DISTRICT.fullmatch(folded) else None


def _numbers(text: str) -> list[str]:
    """Numbers in order; leading noughts say nothing."""
    return [number.lstrip("0") or "0" for number in _NUMBER.findall(text)][:DOOR_NUMBERS_MAX]


def _value(numeral: str) -> int:
    """A Chinese numeral below a thousand; digits in a row are read one after the other."""
    if not {"十", "百"} & set(numeral):
        return int("".join(str(_DIGITS[one]) for one in numeral))
    total, digit = 0, 0
    for one in numeral:
        if one == "百":
            total, digit = total + (digit or 1) * _HUNDRED, 0
        elif one == "十":
            total, digit = total + (digit or 1) * _TEN, 0
        else:
            digit = _DIGITS[one]
    return total + digit
