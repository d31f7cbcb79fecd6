"""The made-up country with its records and its truth.

Decides how many records somebody has, at which dealers and on which days, and hands out records in the order of their
ids, which say nothing. One seed and one setting give the same bytes on every machine. Households come whole: nobody is
cut off by the number of records asked for, so a few more may come.

    >>> population = make_population(1_000, seed=1)
    >>> len(population.records) >= 1_000
    True
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.population import numbers
from bench.population.country import Country
from bench.population.firms import found_company, found_fleet, found_shop
from bench.population.habits import Habits, take_up
from bench.population.knobs import NORMAL, Knobs
from bench.population.people import found_household
from bench.population.truth import COMPANY, DAYS, Party, SourceRecord
from bench.population.typist import Desk, write_down

_RECORDS_PER_DEALER: Final = 1_500
_DEALERS_MIN: Final = 12
_COUNTS: Final = (1, 2, 3, 4, 5)
_COUNT_WEIGHTS: Final = (46, 30, 14, 7, 3)
_SAME_DEALER: Final = 0.12
_OWN_CITY: Final = 0.85
_DRIVERS: Final = (4, 12)


@dataclass(frozen=True)
class Population:
    """Records and truth.

    Attributes:
        records: by id.
        party_of: the number of the party of each record.
        parties: by number.
    """

    records: tuple[SourceRecord, ...]
    party_of: dict[str, int]
    parties: tuple[Party, ...]

    def true_pairs(self) -> Iterator[tuple[str, str]]:
        """Every pair of records of one party, the smaller id first."""
        of_party: dict[int, list[str]] = {}
        for record in self.records:
            of_party.setdefault(self.party_of[record.id], []).append(record.id)
        for ids in of_party.values():
            for at, first in enumerate(ids):
                yield from ((first, second) for second in ids[at + 1 :])

    def are_one_household(self, first: str, second: str) -> bool:
        """Whether the parties of two records are related: behind one door, or owner and shop."""
        parties = self.parties[self.party_of[first]], self.parties[self.party_of[second]]
        return parties[0].household == parties[1].household


def make_population(records: int, seed: int, knobs: Knobs = NORMAL) -> Population:
    """A country with so many records.

    Args:
        records: 1 to some millions; whole households, so a few more may come.
        seed: any number; another one is another country.
        knobs: how often things happen.
    """
    country = Country(seed, knobs)
    dealers = _open_dealers(country, max(_DEALERS_MIN, records // _RECORDS_PER_DEALER))
    at_home = _by_city(dealers)
    party_of: dict[str, int] = {}
    written: list[SourceRecord] = []
    while len(written) < records:
        founded = [country.enter(party) for party in _found(country)]
        for party in founded:
            relatives = [one for one in founded if one is not party and one.household == party.household]
            for record in _records_of(country, party, relatives, dealers, at_home):
                if record.id not in party_of:
                    party_of[record.id] = party.number
                    written.append(record)
    written.sort(key=lambda one: one.id)
    return Population(tuple(written), party_of, tuple(country.parties))


def _found(country: Country) -> list[Party]:
    knobs, drawn = country.knobs, country.dice.random()
    if drawn < knobs.companies:
        return found_company(country)
    if drawn < knobs.companies + knobs.sole_traders:
        return found_shop(country)
    drivers = country.dice.randint(*_DRIVERS)
    if drawn < knobs.companies + knobs.sole_traders + knobs.taxi_drivers / drivers:
        return found_fleet(country, drivers)
    return found_household(country)


def _open_dealers(country: Country, count: int) -> list[Habits]:
    made = []
    for _ in range(count):
        city = country.settle().city
        made.append(take_up(country.dice, city, country.once(numbers.mobile)))
    return made


def _by_city(dealers: Sequence[Habits]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, one in enumerate(dealers):
        found.setdefault(one.city, []).append(number)
    return found


def _records_of(
    country: Country,
    party: Party,
    relatives: Sequence[Party],
    dealers: Sequence[Habits],
    at_home: dict[str, list[int]],
) -> Iterator[SourceRecord]:
    dice = country.dice
    count = dice.choices(_COUNTS, _COUNT_WEIGHTS)[0]
    if party.kind == COMPANY and party.segment == "taxi":
        count *= 3
    near = at_home.get(party.homes[0][1].place.city, ())
    visited: list[int] = []
    for day in sorted(dice.randrange(DAYS) for _ in range(count)):
        if visited and dice.random() < _SAME_DEALER:
            dealer = dice.choice(visited)
        elif near and dice.random() < _OWN_CITY:
            dealer = dice.choice(near)
        else:
            dealer = dice.randrange(len(dealers))
        visited.append(dealer)
        yield write_down(Desk(dice, country.knobs, dealers[dealer], dealer, day), party, relatives)
