"""Households: who is born into them, how they are called, and what changes over ten years.

Decides that children have a parent's surname, that brothers and sisters share a generation's character, that names go
with sex and year of birth, that no two people of one household have one name (real families avoid it; the adversarial
setting does not), and that telephones, doors and cars are shared as families share them.
"""

from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Final

from faker.providers.person.zh_CN import Provider

from bench.population import numbers, words
from bench.population.country import Country
from bench.population.truth import DAYS, NOBODY, PERSON, Car, Home, Party, Place

_SIZES: Final = (1, 2, 3, 4)
_SIZE_WEIGHTS: Final = (35, 27, 23, 15)
_FLATNESS: Final = 14
"""Added to the rank of a character: the larger, the less the first ones stand out."""

_ONE_CHARACTER: Final = ((1970, 0.22), (1985, 0.32), (2000, 0.22), (2100, 0.07))
"""Share of given names of one character among those born before a year."""

_NAME_TRIES: Final = 40
_OLD_UNTIL: Final = 1978
_LUNAR_DAYS: Final = (21, 50)
"""How far the lunar date lies behind the solar one; the calendar itself is not computed."""

_PARENT_BORN_LAST: Final = 1984
"""Year of birth of the youngest parent of somebody who drives."""


def found_household(country: Country) -> list[Party]:
    """A new household with all its members, not yet entered."""
    household, place = country.new_household(), country.settle()
    members = _members(country, household, place)
    _settle_down(country, members, place)
    _give_phones(country, members)
    _give_cars(country, members, place)
    _give_wechat(country, members)
    return members


def person(country: Country, household: int, place: Place, *, years: tuple[int, int], surname: str = "") -> Party:
    """Somebody with a name and an id.

    Args:
        country: supplies chance and unique numbers.
        household: its number.
        place: where the id was issued.
        years: first and last year of birth.
        surname: of the family, if it is settled.
    """
    dice, knobs = country.dice, country.knobs
    sex = "female" if dice.random() < 0.42 else "male"
    year = dice.randint(*years)
    born = date(year, 1, 1) + timedelta(days=dice.randrange(365))
    day = f"{born:%Y%m%d}"
    lunar, settled = "", bool(surname)
    if dice.random() < knobs.lunar_birthday:
        lunar = f"{born - timedelta(days=dice.randint(*_LUNAR_DAYS)):%Y%m%d}"
    if not surname and dice.random() < knobs.minority:
        surname, given = _minority_name(dice)
    else:
        surname = surname or _surname(dice, knobs.compound_surname)
        given = given_name(dice, year, sex)
    made = Party(NOBODY, PERSON, household, surname, given, sex, day, lunar)
    if not settled:
        _meet_namesake(country, made, place)
    made.document = country.once(
        lambda chance: numbers.resident_id(chance, place.code, made.born, is_female=made.sex == "female")
    )
    return made


def given_name(dice: Random, year: int, sex: str, generation: str = "") -> str:
    """One or two characters as people of that year are called.

    Args:
        dice: the population's.
        year: of birth.
        sex: `female` or `male`.
        generation: the character that brothers and sisters share.
    """
    is_old = year < _OLD_UNTIL
    if sex == "female":
        stock = words.GIVEN_FEMALE_OLD if is_old else words.GIVEN_FEMALE_NEW
    else:
        stock = words.GIVEN_MALE_OLD if is_old else words.GIVEN_MALE_NEW
    last = _character(dice, stock)
    if generation:
        return generation + last
    share = next(share for before, share in _ONE_CHARACTER if year < before)
    return last if dice.random() < share else _character(dice, stock) + last


def _members(country: Country, household: int, place: Place) -> list[Party]:
    dice, knobs = country.dice, country.knobs
    size = dice.choices(_SIZES, _SIZE_WEIGHTS)[0]
    if size <= 2:
        span = (1950, 2002)
        members = [person(country, household, place, years=span)]
        if size == 2:
            members.append(_partner(country, members[0], place))
    else:
        members = [person(country, household, place, years=(1948, 1975))]
        members.append(_partner(country, members[0], place))
        members += _children(country, members[0], place, size - 2)
    if size > 1:
        _keep_names_apart(country, members)
        if dice.random() < knobs.same_name_household:
            _name_alike(country, members, place)
    return members


def _partner(country: Country, first: Party, place: Place) -> Party:
    year = int(first.born[:4])
    partner = person(country, first.household, place, years=(year - 4, min(year + 4, 2003)))
    if partner.sex == first.sex and country.dice.random() < 0.85:
        partner.sex = "male" if first.sex == "female" else "female"
        if "·" not in partner.name:
            partner.given = given_name(country.dice, int(partner.born[:4]), partner.sex)
        partner.document = _new_id(country, partner, place)
    return partner


def _children(country: Country, parent: Party, place: Place, count: int) -> list[Party]:
    dice = country.dice
    year = min(int(parent.born[:4]), _PARENT_BORN_LAST)  # a namesake's birthday may have made the parent a child
    surname = "" if "·" in parent.name else parent.surname
    children = [
        person(country, parent.household, place, years=(year + 22, min(year + 32, 2006)), surname=surname)
        for _ in range(count)
    ]
    if count == 2 and surname:
        if dice.random() < 0.6:
            stock = words.GIVEN_MALE_NEW if children[0].sex == "male" else words.GIVEN_FEMALE_NEW
            shared = _character(dice, stock)
            for child in children:
                child.given = given_name(dice, int(child.born[:4]), child.sex, shared)
        if dice.random() < country.knobs.twins:
            children[1].born, children[1].lunar = children[0].born, children[0].lunar
            children[1].document = _new_id(country, children[1], place)
    return children


def _keep_names_apart(country: Country, members: list[Party]) -> None:
    seen: set[str] = set()
    for member in members:
        for _ in range(_NAME_TRIES):
            if member.name not in seen:
                break
            if "·" in member.name:
                member.surname, member.given = _minority_name(country.dice)
            else:
                member.given = given_name(country.dice, int(member.born[:4]), member.sex)
        seen.add(member.name)


def _name_alike(country: Country, members: list[Party], place: Place) -> None:
    first, second = country.dice.sample(members, 2)
    second.surname, second.given = first.surname, first.given
    if second.sex != first.sex:
        second.sex = first.sex
        second.document = _new_id(country, second, place)


def _meet_namesake(country: Country, made: Party, place: Place) -> None:
    """Sometimes the name, rarely the birthday too, of a stranger in the same city."""
    dice, knobs = country.dice, country.knobs
    if dice.random() >= knobs.namesake:
        return
    other = country.stranger_of(place, made.household)
    if other is not None:
        made.surname, made.given, made.sex = other.surname, other.given, other.sex
        if dice.random() < knobs.namesake_birthday:
            made.born, made.lunar = other.born, other.lunar


def _new_id(country: Country, party: Party, place: Place) -> str:
    return country.once(lambda dice: numbers.resident_id(dice, place.code, party.born, is_female=party.sex == "female"))


def _settle_down(country: Country, members: list[Party], place: Place) -> None:
    homes: list[tuple[int, Home]] = [(0, country.move_to(place))]
    if country.dice.random() < country.knobs.moves_house:
        city = next(city for city in country.cities if city[0].city == place.city)
        homes.append((country.dice.randrange(300, DAYS), country.move_to(country.dice.choice(city))))
    for member in members:
        member.homes = list(homes)


def _give_phones(country: Country, members: list[Party]) -> None:
    dice, knobs = country.dice, country.knobs
    shared = country.phone(0) if len(members) > 1 and dice.random() < knobs.shared_phone else ""
    for member in members:
        first = shared if shared and dice.random() < 0.75 else country.phone(0)
        member.phones = [(0, first)]
        if dice.random() < knobs.changes_phone:
            day = dice.randrange(200, DAYS)
            member.phones.append((day, country.phone(day)))
            if first != shared:
                country.give_up_phone(first, day)


def _give_cars(country: Country, members: list[Party], place: Place) -> None:
    dice = country.dice
    if len(members) > 1 and dice.random() < country.knobs.shared_car:
        cars = _car_history(country, place)
        for member in members:
            member.cars = list(cars)
        return
    for member in members:
        member.cars = _car_history(country, place)


def _car_history(country: Country, place: Place) -> list[Car]:
    dice = country.dice
    if dice.random() < 0.7:
        return [country.car(place, 0)]
    sold = dice.randrange(400, DAYS)
    return [country.car(place, 0, sold), country.car(place, sold)]


def _give_wechat(country: Country, members: list[Party]) -> None:
    shared = country.once(numbers.wechat_name)
    is_shared = len(members) > 1 and country.dice.random() < country.knobs.shared_wechat
    for member in members:
        member.wechat = shared if is_shared else country.once(numbers.wechat_name)


def _minority_name(dice: Random) -> tuple[str, str]:
    """A name of two parts with the dot; it has no surname in the Chinese sense."""
    return dice.choice(words.MINORITY_GIVEN) + "·", dice.choice(words.MINORITY_FATHER)


def _surname(dice: Random, compound: float) -> str:
    if dice.random() < compound:
        return dice.choice(words.COMPOUND_SURNAMES)
    if dice.random() < 0.01:
        return dice.choice(words.READ_OTHERWISE)
    names, weights = _surnames()
    return dice.choices(names, cum_weights=weights)[0]


@cache
def _surnames() -> tuple[list[str], list[float]]:
    """The surnames of Faker with their weights summed up."""
    total, sums = 0.0, []
    for weight in Provider.last_names.values():
        total += weight
        sums.append(total)
    return list(Provider.last_names), sums


def _character(dice: Random, stock: str) -> str:
    """A character; those that stand first in the stock are the more frequent ones."""
    weights = _weights(len(stock))
    return dice.choices(stock, cum_weights=weights)[0]


@cache
def _weights(count: int) -> list[float]:
    total, sums = 0.0, []
    for rank in range(count):
        total += 1 / (rank + _FLATNESS)
        sums.append(total)
    return sums
