"""Numbers that a person or a car carries: valid by construction, of nobody.

Decides how a resident id, a credit code, a telephone, a plate, a VIN and a WeChat name are made from seeded dice. The
check characters are worked out here from the published rules, a second time beside the product, so that a slip there
cannot hide.
"""

from random import Random
from typing import Final

from support.vins import REAL_WMIS, make_vin

_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"
"""Source: GB 11643-1999, ISO 7064 MOD 11-2."""

_CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
"""Source: GB 32100-2015, modulo 31."""

_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
"""Source: GB 11714-1997, the check character of the organisation code inside a credit code."""

_PLATE_TAIL: Final = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_MOBILE_HEADS: Final = (
    "130",
    "131",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "158",
    "159",
    "177",
    "186",
    "189",
)
_VARIANTS: Final = ("AB2C3", "AB2D3", "AC4D1", "UD6NE", "BB1E7", "CM5F2", "DN8K4")
_YEARS: Final = "CDEFGHJKLMNPRS"

COMPANY_PREFIX: Final = "91"
SOLE_TRADER_PREFIX: Final = "92"
PROVINCE_LETTERS: Final = {
    "11": "京", "12": "津", "13": "冀", "14": "晋", "15": "蒙", "21": "辽", "22": "吉", "23": "黑", "31": "沪",
    "32": "苏", "33": "浙", "34": "皖", "35": "闽", "36": "赣", "37": "鲁", "41": "豫", "42": "鄂", "43": "湘",
    "44": "粤", "45": "桂", "46": "琼", "50": "渝", "51": "川", "52": "贵", "53": "云", "61": "陕", "62": "甘",
    "64": "宁", "65": "新",
}  # fmt: skip
"""The first character of a plate by the province's division code."""


def resident_id(dice: Random, district: str, born: str, *, is_female: bool) -> str:
    """An 18-character id with its check character.

    Args:
        dice: the population's.
        district: six digits.
        born: YYYYMMDD.
        is_female: makes the order digit even.
    """
    order = dice.randrange(500) * 2 + (0 if is_female else 1)
    body = f"{district}{born}{order:03}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _ID_WEIGHTS, strict=True))
    return body + _ID_CHECKS[total % 11]


def short_id(long: str) -> str:
    """The 15-digit form that was given out until 1999, of somebody born in the last century."""
    return long[:6] + long[8:17]


def credit_code(dice: Random, district: str, prefix: str) -> str:
    """An 18-character unified social credit code; its characters 9 to 17 are a valid organisation code."""
    organisation = "".join(dice.choices(_CREDIT_ALPHABET, k=8))
    values = [_organisation_value(one) for one in organisation]
    rest = 11 - sum(weight * value for weight, value in zip(_ORGANISATION_WEIGHTS, values, strict=True)) % 11
    body = prefix + district + organisation + {10: "X", 11: "0"}.get(rest, str(rest))
    numbers = [_CREDIT_ALPHABET.index(one) for one in body]
    total = sum(weight * number for weight, number in zip(_CREDIT_WEIGHTS, numbers, strict=True))
    return body + _CREDIT_ALPHABET[(31 - total % 31) % 31]


def _organisation_value(character: str) -> int:
    return int(character) if character.isdigit() else ord(character) - ord("A") + 10


def mobile(dice: Random) -> str:
    """Eleven digits."""
    return f"{dice.choice(_MOBILE_HEADS)}{dice.randrange(10**8):08}"


def landline(dice: Random) -> str:
    """Area code, a dash and seven or eight digits."""
    area = dice.choice(("10", "21", "22", "28", "512", "571", "755", "931"))
    return f"0{area}-{dice.randrange(2, 9)}{dice.randrange(10**7):07}"


def plate(dice: Random, province: str, *, is_electric: bool) -> str:
    """A plate of seven characters, eight with a new-energy car."""
    head = PROVINCE_LETTERS[province] + dice.choice("AAABCDE")
    if is_electric:
        return f"{head}{dice.choice('DF')}{dice.randrange(10**5):05}"
    return head + "".join(dice.choices(_PLATE_TAIL[:10], k=3)) + "".join(dice.choices(_PLATE_TAIL, k=2))


def vin(dice: Random) -> str:
    """A valid VIN of a maker in China."""
    serial = dice.randrange(1_000_000)
    maker, model, plant = dice.choice(REAL_WMIS), dice.choice(_VARIANTS), dice.choice("ABCDEFGH")
    return make_vin(maker, serial, vds=model, year_code=dice.choice(_YEARS), plant=plant)


def wechat_name(dice: Random) -> str:
    """What people call themselves there: letters and digits."""
    if dice.random() < 0.5:
        return "wxid_" + "".join(dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=12))
    return "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=5)) + str(dice.randrange(10**4))
