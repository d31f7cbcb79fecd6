"""The made-up country: its truth obeys laws, its numbers look like life, and it is the same for one seed everywhere."""

import ast
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from bench.population import numbers
from bench.population.knobs import ADVERSARIAL, CARELESS, HARD, NORMAL, SETTINGS, Knobs, rates_of
from bench.population.truth import COMPANY, PERSON
from bench.population.world import Population, make_population

ROOT = Path(__file__).resolve().parents[2]
RECORDS = 3_000
SEED = 5

DIGEST = (
    "import hashlib; from bench.population.world import make_population; "
    "print(hashlib.sha256(repr(make_population(300, 9).records).encode()).hexdigest())"
)


@cache
def country(setting: str = "normal") -> Population:
    """A small country, made once."""
    return make_population(RECORDS, SEED, SETTINGS[setting])


def digest_with(hash_seed: str) -> str:
    """What a process of its own makes of one seed."""
    place = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    return subprocess.run(
        [sys.executable, "-c", DIGEST], cwd=ROOT, env=place, check=True, capture_output=True, text=True
    ).stdout


def share(population: Population, field: str) -> float:
    """The share of persons' records with something in a field."""
    found = [bool(getattr(one, field)) for one in population.records if one.party_kind == PERSON]
    return sum(found) / len(found)


def right_names(population: Population) -> float:
    """The share of persons' records whose name is the whole true one."""
    people = [one for one in population.records if one.party_kind == PERSON]
    return sum(one.full_name == population.parties[population.party_of[one.id]].name for one in people) / len(people)


def households_with_one_name_twice(population: Population) -> int:
    """How many households have two people of one full name."""
    found = Counter((one.household, one.name) for one in population.parties if one.kind == PERSON)
    return sum(count > 1 for count in found.values())


def test_one_seed_is_one_country_in_every_process():
    """Two processes with different hash seeds make the same records of one seed."""
    assert digest_with("1") == digest_with("2")


def test_another_seed_is_another_country():
    """No record of one seed is in the country of another."""
    first, second = make_population(200, 1), make_population(200, 2)

    assert not set(first.records) & set(second.records)


def test_every_record_belongs_to_one_party():
    """The truth names exactly the records there are, and parties stand at their numbers."""
    population = country()

    assert sorted(population.party_of) == [one.id for one in population.records]
    assert [one.number for one in population.parties] == list(range(len(population.parties)))
    assert {population.parties[one].kind for one in population.party_of.values()} == {PERSON, COMPANY}


def test_a_record_is_of_its_partys_kind():
    """A person is never put down as a company, nor the other way round."""
    population = country()

    assert all(one.party_kind == population.parties[population.party_of[one.id]].kind for one in population.records)


def test_true_pairs_are_all_pairs_of_a_party():
    """A party with n records has n (n - 1) / 2 true pairs, the smaller id first."""
    population = country()
    counts = Counter(population.party_of.values())

    pairs = list(population.true_pairs())

    assert len(pairs) == len(set(pairs)) == sum(count * (count - 1) // 2 for count in counts.values())
    assert all(first < second for first, second in pairs)


def test_a_resident_id_holds_the_true_birthday_and_a_right_check_digit():
    """Every person's id is valid, tells the day of birth and the sex, and belongs to nobody else."""
    people = [one for one in country().parties if one.kind == PERSON]

    for one in people:
        weights = [2 ** (17 - at) % 11 for at in range(17)]
        total = sum(int(digit) * weight for digit, weight in zip(one.document, weights, strict=False))
        assert one.document[17] == "10X98765432"[total % 11]
        assert one.document[6:14] == f"{date.fromisoformat(one.born):%Y%m%d}"
        assert int(one.document[16]) % 2 == (one.sex == "male")
    assert len({one.document for one in people}) == len(people)


@pytest.mark.parametrize("setting", ["normal", "hard"])
def test_no_family_has_one_name_twice(setting: str):
    """Two people behind one door have different full names outside the adversarial setting."""
    assert households_with_one_name_twice(country(setting)) == 0


def test_a_setting_has_one_name_behind_one_door():
    """The setting made for it has families with one full name twice."""
    assert households_with_one_name_twice(country("one name")) > 10


def test_a_car_is_with_one_household_at_a_time():
    """A second-hand car comes to its new household after the former one sold it."""
    homes: dict[str, set[tuple[int, int]]] = {}
    for party in country("adversarial").parties:
        for car in party.cars:
            homes.setdefault(car.vin, set()).add((car.since, party.household))

    used = [sorted(owners) for owners in homes.values() if len(owners) > 1]
    assert used
    assert all(len({since for since, _ in owners}) == len(owners) for owners in used)


def test_a_recycled_number_rested_before_somebody_else_got_it():
    """Two households have one number only if the first gave it up earlier."""
    holders: dict[str, dict[int, tuple[int, int]]] = {}
    for party in country("adversarial").parties:
        for at, (since, number) in enumerate(party.phones):
            until = party.phones[at + 1][0] if at + 1 < len(party.phones) else 10**6
            holders.setdefault(number, {})[party.household] = (since, until)

    recycled = [sorted(periods.values()) for periods in holders.values() if len(periods) > 1]
    assert recycled
    assert all(first[1] < second[0] for periods in recycled for first, second in pairwise(periods))


def test_surnames_are_as_frequent_as_in_life():
    """The three first surnames are borne by about a fifth of the people, and no full name by a hundredth of them."""
    people = [one for one in country().parties if one.kind == PERSON]

    heads = sum(one.surname in "王李张" for one in people) / len(people)
    most = Counter(one.name for one in people).most_common(1)[0][1] / len(people)

    assert 0.17 < heads < 0.25
    assert most < 0.01


@pytest.mark.parametrize("name", CARELESS)
def test_a_harder_setting_never_lowers_a_careless_rate(name: str):
    """Each rate that makes a record worth less is higher in the hard setting, and a share of one at most."""
    assert getattr(NORMAL, name) < getattr(HARD, name) <= 1


def test_every_rate_is_a_share():
    """All rates of all settings lie between nought and one."""
    rates = [rate for knobs in SETTINGS.values() for rate in rates_of(knobs).values()]

    assert all(0 <= rate <= 1 for rate in rates)


def test_harder_records_hold_less():
    """Names are right less often, and ids, telephones and birthdays rarer, in the hard setting."""
    normal, hard = country(), country("hard")

    assert right_names(hard) < right_names(normal)
    assert all(share(hard, field) < share(normal, field) for field in ("id_no", "phones", "birth_on", "wechat"))


def test_a_rate_of_nought_switches_a_mistake_off():
    """With every careless rate at nought each name is either the true one or only spelt in another way."""
    careful = Knobs(**{**rates_of(NORMAL), **dict.fromkeys(CARELESS, 0.0)})

    population = make_population(300, 3, careful)

    assert right_names(population) > 0.9
    assert all(one.id_no and one.birth_on and one.phones for one in population.records if one.party_kind == PERSON)


def test_a_driver_is_not_the_fleet_whose_car_he_drives():
    """Taxi drivers share a car with their company and are parties of their own."""
    parties = country().parties
    fleets = {one.household: one for one in parties if one.kind == COMPANY and one.segment == "taxi"}
    drivers = [one for one in parties if one.kind == PERSON and one.segment == "taxi"]

    assert drivers
    assert all(one.cars[0].vin in {car.vin for car in fleets[one.household].cars} for one in drivers)


def test_a_sole_traders_shop_stands_beside_its_owner():
    """A shop has a credit code that begins with 92 and shares the household and the number of a person."""
    parties = country().parties
    shops = [one for one in parties if one.document.startswith(numbers.SOLE_TRADER_PREFIX) and one.kind == COMPANY]

    owners = {(one.household, one.phones[0][1]) for one in parties if one.kind == PERSON}
    assert shops
    assert all((one.household, one.phones[0][1]) in owners for one in shops)


def test_the_adversarial_setting_is_the_normal_one_at_the_counter():
    """Only what is true differs from the normal setting, not how carefully it is typed."""
    assert all(getattr(ADVERSARIAL, name) == getattr(NORMAL, name) for name in CARELESS)


def test_a_parent_with_a_namesakes_birthday_has_children():
    """Where everybody is a namesake of somebody younger, families are founded all the same."""
    namesakes = replace(ADVERSARIAL, namesake=0.9, namesake_birthday=0.9)

    made = make_population(3_000, 1, namesakes)

    assert len(made.records) >= 3_000


def test_the_country_knows_nothing_of_the_matcher():
    """No module of the population imports the product, or a dictionary of readings or scripts."""
    allowed = {"bench", "support", "faker", *sys.stdlib_module_names}
    imported = {
        (alias.name if isinstance(node, ast.Import) else str(node.module)).partition(".")[0]
        for path in (ROOT / "tests" / "bench" / "population").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }

    assert imported <= allowed
