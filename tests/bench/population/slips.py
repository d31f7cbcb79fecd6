"""One text with one mistake.

Decides how a name, a number, a day or a code goes wrong under somebody's fingers, ears or eyes. Each function takes the
right text and gives a wrong one, or the same where no such mistake is possible. How often it happens is the typist's
business.
"""

from datetime import date, timedelta
from random import Random
from typing import Final

from bench.population.sounds import ACCENT, SHAPE, SOUND
from bench.population.words import BEHIND_NAME, CALLED_BY, DOTS, TITLES_FEMALE, TITLES_MALE

_FULL_WIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_BESIDE: Final = {
    "0": "9", "1": "2", "2": "13", "3": "24", "4": "35", "5": "46", "6": "57", "7": "68", "8": "79", "9": "80",
}  # fmt: skip
"""Keys of the upper row, and those beside them."""

_LOOKS: Final = {"0": "OD", "1": "I7", "8": "B", "5": "S", "2": "Z", "B": "8", "S": "5", "Z": "2", "D": "0", "G": "6"}
"""What is read off a number plate, or a stamped number, that is not clean."""


def wrong_character(dice: Random, surname: str, given: str) -> tuple[str, str]:
    """One other character: mostly in the given name, mostly of the same sound."""
    table = dice.choices((SOUND, ACCENT, SHAPE), (75, 12, 13))[0]
    if dice.random() < 0.12:
        return _replaced(dice, surname, table), given
    return surname, _replaced(dice, given, table)


def _replaced(dice: Random, text: str, table: object) -> str:
    mapping = table if isinstance(table, dict) else dict(table)  # type: ignore[call-overload]
    places = [at for at, one in enumerate(text) if mapping.get(one)]
    if not places:
        return text
    at = dice.choice(places)
    return text[:at] + dice.choice(mapping[text[at]]) + text[at + 1 :]


def dropped_character(dice: Random, given: str) -> str:
    """A given name of two characters loses one."""
    return given if len(given) != 2 else dice.choice(given)


def title_only(dice: Random, surname: str, sex: str) -> str:
    """What a person is called instead of a name."""
    if len(surname) == 1 and dice.random() < 0.12:
        return dice.choice(CALLED_BY) + surname
    return surname + dice.choice(TITLES_FEMALE if sex == "female" else TITLES_MALE)


def with_something_behind(dice: Random, name: str) -> str:
    """The name and a remark in one field."""
    return name + dice.choice(BEHIND_NAME)


def spread(dice: Random, name: str) -> str:
    """A name of two characters with a space between them, as forms and tables like it."""
    return f"{name[0]}{dice.choice((' ', '  ', chr(0x3000)))}{name[1]}" if len(name) == 2 else name


def other_dot(dice: Random, name: str) -> str:
    """A long name with whatever the keyboard has for its dot."""
    return name.replace("·", dice.choice(DOTS))


def full_width(text: str) -> str:
    """Letters and digits as an input method in full-width mode leaves them."""
    return text.translate(_FULL_WIDTH)


def wrong_digits(dice: Random, number: str) -> str:
    """A neighbouring key, two digits changed over, one left out or one too many."""
    at = dice.randrange(3, len(number) - 1)
    kind = dice.randrange(10)
    if kind < 5 and number[at] in _BESIDE:
        return number[:at] + dice.choice(_BESIDE[number[at]]) + number[at + 1 :]
    if kind < 8:
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    return number[:at] + number[at + 1 :] if kind < 9 else number[:at] + number[at] + number[at:]


def misread(dice: Random, code: str) -> str:
    """A plate or a VIN with one character taken for another, or a neighbouring key."""
    places = [at for at, one in enumerate(code) if at > 1 and one in _LOOKS]
    if not places or dice.random() < 0.4:
        return wrong_digits(dice, code)
    at = dice.choice(places)
    return code[:at] + dice.choice(_LOOKS[code[at]]) + code[at + 1 :]


def wrong_day(dice: Random, born: str) -> str:
    """A birthday off by something that happens: day and month changed over, a year, a digit.

    Args:
        dice: the population's.
        born: YYYYMMDD.
    """
    year, month, day = born[:4], born[4:6], born[6:]
    kind = dice.randrange(4)
    if kind == 0 and int(day) <= 12 and day != month:
        return year + day + month
    if kind == 1:
        return _real(str(int(year) + dice.choice((-10, -1, 1))), month, day)
    if kind == 2:
        return _real(year, f"{int(month) % 12 + 1:02}", day)
    return f"{date(int(year), int(month), int(day)) + timedelta(days=dice.choice((-1, 1, 10))):%Y%m%d}"


def _real(year: str, month: str, day: str) -> str:
    """The nearest day that exists."""
    return f"{year}{month}{min(int(day), 28):02}"


def with_extension(dice: Random, number: str) -> str:
    """A number as somebody in an office gives it."""
    return f"{number}{dice.choice(('转', ' 转', 'ext.', '-'))}{dice.randrange(1, 900)}"
