"""What the whole country remembers while it grows: dice, places, and numbers that exist once or pass from hand to hand.

Decides that plates, telephones, ids and VINs are unique unless a knob lets one pass on, and which numbers and cars are
free to be passed on: those whose former user gave them up earlier. Does not decide who gets them (`people`, `firms`).
"""

import csv
from bisect import insort
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from bench.population import numbers
from bench.population.knobs import Knobs
from bench.population.truth import DAYS, NOBODY, Car, Home, Party, Place
from bench.population.words import ESTATES, STREET_KINDS, STREETS

_DISTRICTS: Final = Path(__file__).with_name("districts.csv")
_WAITING: Final = 500
"""How many given-up numbers or cars are kept for others; more would only make the look-up longer."""

_REST_DAYS: Final = 90
"""A number rests this long before somebody else gets it."""


class Country:
    """Everybody so far, and what the next ones may take over.

    Attributes:
        dice: the one source of chance.
        cities: districts by city, in the order of their codes.
        parties: everybody; a party's number is its place here.
    """

    def __init__(self, seed: int, knobs: Knobs) -> None:
        self.dice: Final = Random(f"population {seed}")
        self.knobs: Final = knobs
        self.cities: Final = _read_cities()
        self._big_first: Final = [1.0 / (rank + 3) for rank in range(len(self.cities))]
        self.parties: Final[list[Party]] = []
        self._taken: Final[set[str]] = set()
        self._phones: Final[list[tuple[int, str]]] = []
        self._cars: Final[dict[str, list[tuple[int, str]]]] = {}
        self._households = 0

    def new_household(self) -> int:
        """The next household's number."""
        self._households += 1
        return self._households

    def settle(self) -> Place:
        """A district; large cities have more people."""
        city = self.dice.choices(self.cities, self._big_first)[0]
        return self.dice.choice(city)

    def move_to(self, place: Place) -> Home:
        """A door in a district."""
        dice = self.dice
        estate = dice.choice(ESTATES) if dice.random() < 0.4 else ""
        room = (dice.randint(1, 30), dice.randint(1, 4), dice.randint(1, 28) * 100 + dice.randint(1, 4))
        street = dice.choice(STREETS) + dice.choice(STREET_KINDS)
        return Home(place, street, dice.randint(1, 400), estate, room)

    def once(self, make: Callable[[Random], str]) -> str:
        """A number nobody has."""
        while True:
            number = make(self.dice)
            if number not in self._taken:
                self._taken.add(number)
                return number

    def phone(self, since: int) -> str:
        """A mobile number, sometimes one that somebody gave up before that day."""
        if self.dice.random() < self.knobs.recycled_phone and self._phones and self._phones[0][0] <= since:
            return self._phones.pop(0)[1]
        return self.once(numbers.mobile)

    def give_up_phone(self, number: str, day: int) -> None:
        """Somebody has another number from this day on."""
        insort(self._phones, (day + _REST_DAYS, number))
        del self._phones[_WAITING:]

    def car(self, place: Place, since: int, until: int = DAYS) -> Car:
        """A car with its plate; second-hand ones get a new plate. It is sold on `until`."""
        waiting = self._cars.setdefault(place.city, [])
        is_used = self.dice.random() < self.knobs.second_hand and bool(waiting) and waiting[0][0] <= since
        vin = waiting.pop(0)[1] if is_used else self.once(numbers.vin)
        if until < DAYS:
            insort(waiting, (until, vin))
            del waiting[_WAITING:]
        is_electric = self.dice.random() < 0.15
        province = place.code[:2]
        return Car(vin, self.once(lambda dice: numbers.plate(dice, province, is_electric=is_electric)), since)

    def stranger_of(self, place: Place, household: int) -> Party | None:
        """Somebody of the same city in another household, if one of a few met at random is."""
        for _ in range(12):
            if not self.parties:
                break
            met = self.parties[self.dice.randrange(len(self.parties))]
            if met.given and met.household != household and met.homes and met.homes[0][1].place.city == place.city:
                return met
        return None

    def enter(self, party: Party) -> Party:
        """Take somebody into the country."""
        if party.number != NOBODY:
            raise ValueError("a party is entered once")
        party.number = len(self.parties)
        self.parties.append(party)
        return party


def _read_cities() -> list[list[Place]]:
    cities: dict[str, list[Place]] = {}
    with _DISTRICTS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            place = Place(row["code"], row["province"], row["city"], row["district"])
            cities.setdefault(place.city, []).append(place)
    return list(cities.values())
