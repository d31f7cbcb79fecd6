"""Vehicle identification numbers for tests: valid by construction, of no real person's car.

Decides what a test's VIN looks like. The check digit is worked out here a second time, from the standard's table as
text, so that a slip in `carnet_protocol.vin` cannot hide in numbers that it made.

    >>> make_vin("LSV", 123456)
    'LSVAB2C34RA123456'
"""

import random

PUBLISHED_VINS = ("1M8GDM9AXKP042788", "5GZCZ43D13S812715")
"""Samples that explain the check digit in print everywhere; the first has X as check digit."""

REAL_WMIS = ("LSV", "LFV", "LSG", "LHG", "LVS", "LRW", "LGX", "LFP")
"""Makers whose code is public knowledge: eight of mainland China."""

VIN_CHARACTERS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
YEAR_CHARACTERS = "ABCDEFGHJKLMNPRSTVWXY123456789"

_CHARACTERS = "0123456789 ABCDEFGH JKLMN P R STUVWXYZ"
_VALUES = "0123456789 12345678 12345 7 9 23456789"
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def right_digit(vin: str) -> str:
    """The check digit of 17 VIN characters, whatever stands at position 9."""
    values = [int(_VALUES[_CHARACTERS.index(character)]) for character in vin]
    remainder = sum(weight * value for weight, value in zip(_WEIGHTS, values, strict=True)) % 11
    return "X" if remainder == 10 else str(remainder)


def with_right_digit(vin: str) -> str:
    """The same number with position 9 corrected."""
    return vin[:8] + right_digit(vin) + vin[9:]


def with_wrong_digit(vin: str) -> str:
    """The same number with a check digit that is off by one."""
    digits = "0123456789X"
    return vin[:8] + digits[(digits.index(right_digit(vin)) + 1) % 11] + vin[9:]


def make_vin(wmi: str, serial: int, *, vds: str = "AB2C3", year_code: str = "R", plant: str = "A") -> str:
    """A VIN that every policy accepts, given a serial of digits.

    Args:
        wmi: 3 characters, or 6 for a small maker (then positions 12 to 14 are its second half).
        serial: 0 to 999,999, or 0 to 999 for a small maker.
        vds: 5 VIN characters, positions 4 to 8.
        year_code: position 10.
        plant: position 11.
    """
    second_code = wmi[3:]
    tail = f"{second_code}{serial:0{6 - len(second_code)}d}"
    return with_right_digit(f"{wmi[:3]}{vds}0{year_code}{plant}{tail}")


def make_vins(count: int, *, seed: int = 1) -> list[str]:
    """Distinct VINs of real makers, always the same for the same seed.

    Args:
        count: how many, up to a few hundred thousand.
        seed: any number.
    """
    rng = random.Random(seed)
    vins: dict[str, None] = {}
    while len(vins) < count:
        wmi, year_code, plant = rng.choice(REAL_WMIS), rng.choice("LMNPRS"), rng.choice("AB")
        vins[make_vin(wmi, rng.randrange(1_000_000), vds=rng.choice(_VARIANTS), year_code=year_code, plant=plant)] = (
            None
        )
    return list(vins)


_VARIANTS = ("AB2C3", "AB2D3", "AC4D1", "UD6NE")
