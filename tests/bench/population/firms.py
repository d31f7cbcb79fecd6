"""Companies and their branches, taxi fleets and their drivers, sole traders and their shops.

Decides that a branch and its parent are two parties, that a fleet is one party however many cars it has, that a driver
is a person beside the fleet whose car he drives, and that a sole trader's shop is a party of its own beside the owner.
People and firms may share a telephone, a door, a car; they are never the same.
"""

from dataclasses import replace
from typing import Final

from bench.population import numbers, words
from bench.population.country import Country
from bench.population.people import found_household, person
from bench.population.truth import COMPANY, DAYS, NOBODY, Party, Place

_BRANCHES: Final = 0.15
_FLEET_CARS: Final = 40
"""Cars of a fleet in the made-up country; the set of 3,000 taxis is a case of its own."""


def found_company(country: Country) -> list[Party]:
    """A company with cars and a person who answers for it, sometimes with a branch."""
    place = country.settle()
    name = _company_name(country, place, country.dice.choice(words.TRADES), country.dice.choice(words.FORMS))
    company = _firm(country, place, name, numbers.COMPANY_PREFIX, "company")
    founded = [company]
    if country.dice.random() < _BRANCHES:
        where = _elsewhere(country, place)
        branch_name = f"{name}{where.district.removesuffix('区').removesuffix('县').removesuffix('市')}分公司"
        branch = _firm(country, where, branch_name, numbers.COMPANY_PREFIX, "company", household=company.household)
        if country.dice.random() < 0.4:
            branch.phones, branch.contact = list(company.phones), company.contact
        founded.append(branch)
    return founded


def found_fleet(country: Country, drivers: int) -> list[Party]:
    """A taxi company, and drivers who come with its cars and their own telephones.

    Args:
        country: supplies chance and unique numbers.
        drivers: how many come as customers themselves.
    """
    place = country.settle()
    name = _company_name(country, place, "", country.dice.choice(words.TAXI_FORMS))
    fleet = _firm(country, place, name, numbers.COMPANY_PREFIX, "taxi")
    fleet.cars += [country.car(place, 0) for _ in range(max(_FLEET_CARS, drivers))]
    people = []
    for nth in range(drivers):
        driver = person(country, fleet.household, place, years=(1960, 2000))
        driver.segment = "taxi"
        driver.homes = [(0, country.move_to(place))]
        driver.phones = [(0, country.phone(0))]
        driver.wechat = country.once(numbers.wechat_name)
        driver.cars = [fleet.cars[nth // 2]]
        people.append(driver)
    return [fleet, *people]


def found_shop(country: Country) -> list[Party]:
    """A household one of whose members keeps a shop under an own credit code."""
    members = found_household(country)
    owner = members[0]
    place = owner.homes[0][1].place
    stem = owner.name if country.dice.random() < 0.5 else _trade_name(country)
    district = place.district.removesuffix("区")
    shop = _firm(
        country,
        place,
        f"{district}{stem}{country.dice.choice(words.SHOP_KINDS)}",
        numbers.SOLE_TRADER_PREFIX,
        "company",
        household=owner.household,
    )
    shop.phones, shop.contact, shop.cars = list(owner.phones), (owner.name, owner.phones[0][1]), list(owner.cars)
    return [*members, shop]


def _firm(
    country: Country, place: Place, name: str, prefix: str, segment: str, *, household: int | None = None
) -> Party:
    dice = country.dice
    contact = person(country, NOBODY, place, years=(1965, 2000))
    phone = country.phone(0)
    code = country.once(lambda chance: numbers.credit_code(chance, place.code, prefix))
    firm = Party(
        NOBODY,
        COMPANY,
        country.new_household() if household is None else household,
        name,
        "",
        document=code,
        segment=segment,
        contact=(contact.name, phone),
        phones=[(0, phone)],
        homes=[(0, replace(country.move_to(place), estate=""))],
    )
    if dice.random() < 0.3:
        firm.phones.append((dice.randrange(200, DAYS), country.once(numbers.landline)))
    if dice.random() < country.knobs.moves_house:
        elsewhere = replace(country.move_to(_elsewhere(country, place)), estate="")
        firm.homes.append((dice.randrange(300, DAYS), elsewhere))
    firm.cars = [country.car(place, 0) for _ in range(dice.choice((1, 1, 1, 2, 3, 5)))]
    return firm


def _elsewhere(country: Country, place: Place) -> Place:
    """A district of the same city."""
    return country.dice.choice(next(city for city in country.cities if city[0].city == place.city))


def _company_name(country: Country, place: Place, trade: str, form: str) -> str:
    return f"{place.city}{_trade_name(country)}{trade}{form}"


def _trade_name(country: Country) -> str:
    return "".join(country.dice.choices(words.TRADE_NAME_CHARACTERS, k=country.dice.choice((2, 2, 2, 3))))
