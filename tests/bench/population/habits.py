"""How the staff of one dealer types: every site has its own ways, and keeps them.

Decides, once per dealer, how careful it is, how telephones, names, ids and addresses look there, and what is typed when
a form insists on something nobody asked for. Careful and careless sites together keep the average of the knobs.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from bench.population.words import SHOP_PHONES

_CARE: Final = (0.45, 0.7, 0.85, 1.0, 1.2, 1.8)
"""What a site's rates of mistakes are multiplied by; their mean is 1."""

_GAPS: Final = (0.75, 0.9, 1.0, 1.1, 1.25)
"""The same for what is left out."""

_PHONE_STYLES: Final = ("{0}{1}{2}", "{0}{1}{2}", "{0} {1} {2}", "{0}-{1}-{2}", "+86{0}{1}{2}", "86-{0}{1}{2}")
_ROOM_STYLES: Final = ("{0}栋{1}单元{2}室", "{0}-{1}-{2}", "{0}号楼{1}单元{2}", "{0}幢{2}室")


@dataclass(frozen=True, slots=True)
class Habits:
    """One site.

    Attributes:
        city: where it is.
        carelessness: multiplies rates of mistakes.
        gaps: multiplies rates of missing values.
        shop_phone: what is typed when the customer's number is not known; empty means nothing.
        adds_title: share of names with something written behind.
        traditional: share of records in traditional script.
        short_ids: share of ids in the 15-digit form, of those who ever had one.
        full_width: share of records typed in full-width characters.
        house_only: share of addresses without building and room.
        cars_kept: share of customers for whom an earlier car stays on file.
    """

    city: str
    carelessness: float
    gaps: float
    shop_phone: str
    phone_style: str
    room_style: str
    writes_region: bool
    adds_title: float
    traditional: float
    short_ids: float
    full_width: float
    house_only: float
    cars_kept: float


def take_up(dice: Random, city: str, own_phone: str) -> Habits:
    """The habits of a new dealer.

    Args:
        dice: the population's.
        city: where it is.
        own_phone: its own number, which some write down for customers.
    """
    return Habits(
        city=city,
        carelessness=dice.choice(_CARE),
        gaps=dice.choice(_GAPS),
        shop_phone=dice.choice(("", "", "", own_phone, dice.choice(SHOP_PHONES))),
        phone_style=dice.choice(_PHONE_STYLES),
        room_style=dice.choice(_ROOM_STYLES),
        writes_region=dice.random() < 0.3,
        adds_title=dice.choice((0.0, 0.0, 0.01, 0.04)),
        traditional=0.3 if dice.random() < 0.04 else 0.002,
        short_ids=dice.choice((0.0, 0.01, 0.05)),
        full_width=dice.choice((0.0, 0.0, 0.01)),
        house_only=dice.choice((0.3, 0.5, 0.7)),
        cars_kept=dice.choice((0.0, 0.2, 0.4)),
    )
