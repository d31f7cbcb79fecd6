"""How often each thing happens in the made-up country.

Decides three settings. `NORMAL` is a network with ordinary care at the counter. `HARD` has the same people and more
careless records. `ADVERSARIAL` has much more of what is rare in life and dangerous for a matcher: twins, namesakes,
numbers and cars that go on to others, a relative's identity number on one form of a hundred, and in 16 of 10,000
households of several two people of one name. Those are as many as there would be if families gave names without looking
at each other's: 101 of 65,014 in this country (seeds 1 to 5, `_keep_names_apart` left out), while real ones avoid it.
`ONE_NAME` has it in one of twenty: nobody lives there, it shows what the risk is made of.

Every rate is a share between 0 and 1. `CARELESS` lists those that a harder setting raises: there, more is never easier.
"""

from dataclasses import dataclass, fields, replace
from typing import Final

CARELESS: Final = (
    "no_id",
    "no_phone",
    "no_birthday",
    "no_address",
    "no_car",
    "no_wechat",
    "no_sex",
    "wrong_character",
    "dropped_character",
    "title_only",
    "relative_phone",
    "wrong_phone",
    "wrong_id",
    "id_in_phone_field",
    "wrong_birthday",
    "placeholder_birthday",
    "wrong_car",
    "wrong_wechat",
    "old_details",
)
"""Rates of `Knobs` that make a record worth less."""


_MISSING_MOST: Final = 0.85
_MISTAKEN_MOST: Final = 0.5


@dataclass(frozen=True)
class Knobs:
    """Rates of the country and of its records.

    Attributes:
        namesake: a stranger in the same city takes the full name of somebody.
        namesake_birthday: of those, the share born on the same day as well.
        shared_phone: households in which one number is given for everybody.
        shared_car: households of more than one whose members use one car.
        recycled_phone: new numbers that somebody else had before.
        second_hand: cars bought from somebody else of the country.
        same_name_household: households with two members of one full name.
        twins: households with two members born on one day.
        relative_id: records that carry the id of another member of the household.
        unmarked_lunar: birthdays kept by the lunar calendar whose record does not say so.
        old_details: records with an address or number that was true before.
    """

    companies: float = 0.06
    sole_traders: float = 0.02
    taxi_drivers: float = 0.02
    minority: float = 0.03
    compound_surname: float = 0.006
    namesake: float = 0.01
    namesake_birthday: float = 0.002
    shared_phone: float = 0.30
    shared_car: float = 0.55
    shared_wechat: float = 0.02
    recycled_phone: float = 0.04
    second_hand: float = 0.05
    moves_house: float = 0.12
    changes_phone: float = 0.10
    lunar_birthday: float = 0.10
    unmarked_lunar: float = 0.30
    same_name_household: float = 0.0
    twins: float = 0.002
    relative_id: float = 0.0

    no_id: float = 0.52
    no_phone: float = 0.03
    no_birthday: float = 0.42
    no_address: float = 0.38
    no_car: float = 0.06
    no_wechat: float = 0.62
    no_sex: float = 0.30
    wrong_character: float = 0.018
    dropped_character: float = 0.005
    title_only: float = 0.025
    relative_phone: float = 0.02
    wrong_phone: float = 0.015
    wrong_id: float = 0.012
    id_in_phone_field: float = 0.001
    wrong_birthday: float = 0.010
    placeholder_birthday: float = 0.06
    wrong_car: float = 0.010
    wrong_wechat: float = 0.010
    old_details: float = 0.04


def harder(knobs: Knobs, *, errors: float, gaps: float) -> Knobs:
    """The same country with more careless records.

    Args:
        errors: what rates of mistakes are multiplied by, 1 or more; none rises above `_MISTAKEN_MOST`.
        gaps: what rates of missing values are multiplied by, 1 or more; none rises above `_MISSING_MOST`.
    """
    changed = {name: _harder(name, getattr(knobs, name), errors, gaps) for name in CARELESS}
    return replace(knobs, **changed)


def _harder(name: str, rate: float, errors: float, gaps: float) -> float:
    most, factor = (_MISSING_MOST, gaps) if name.startswith("no_") else (_MISTAKEN_MOST, errors)
    return min(rate * factor, most)


NORMAL: Final = Knobs()
HARD: Final = harder(NORMAL, errors=1.8, gaps=1.4)
ADVERSARIAL: Final = replace(
    NORMAL,
    same_name_household=0.0016,
    twins=0.03,
    relative_id=0.01,
    shared_phone=0.50,
    shared_car=0.80,
    shared_wechat=0.10,
    recycled_phone=0.12,
    second_hand=0.15,
    namesake=0.04,
    namesake_birthday=0.02,
)
ONE_NAME: Final = replace(ADVERSARIAL, same_name_household=0.05)

SETTINGS: Final = {"normal": NORMAL, "hard": HARD, "adversarial": ADVERSARIAL, "one name": ONE_NAME}
"""By the names that `make bench-master` prints."""


def rates_of(knobs: Knobs) -> dict[str, float]:
    """Every rate by its name."""
    return {one.name: getattr(knobs, one.name) for one in fields(knobs)}
