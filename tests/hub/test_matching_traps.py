"""What people type that must never join strangers, on the real hub with the shipped models and everything allowed."""

from dataclasses import replace

import pytest

from carnet_hub.adapters.weighing import ShippedWeigher
from carnet_hub.core.stewardship.matching import write_policy
from carnet_master.tiers import Mode, Policy
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, ownership_id, vehicle_id
from carnet_protocol.registry import Value
from support.authors import draft_of
from support.hub_world import HubWorld, customer
from support.master_world import clusters, know, push, say
from support.protocol import record
from support.vins import make_vins

FIRST_ID, SECOND_ID = "110105198502031245", "440308199002151233"
"""Numbers made up for tests; their check digits are right."""

PHONE = "13912340001"


@pytest.fixture
def world(world: HubWorld) -> HubWorld:
    """A hub whose matcher may link everything it is sure of."""
    with world.hub.store.write() as transaction:
        write_policy(transaction, Policy(Mode.ALL))
    world.hub = replace(world.hub, weigher=ShippedWeigher())
    return world


def two(
    world: HubWorld, one: dict[str, Value], other: dict[str, Value], *, phone: str | None = PHONE
) -> list[set[str]]:
    """Two sites record a customer each, with the same phone unless said otherwise; who is with whom then."""
    for name, site, values in (("first", "a", one), ("second", "b", other)):
        author = world.site(site)
        know(world, author, name, **values)
        if phone is not None:
            say(world, author, "phone", f"phone {name}", name, number=phone)
    return clusters(world, "first", "second")


def named(name: str, number: str | None = None) -> dict[str, Value]:
    """A person with a name, and perhaps a document."""
    document: dict[str, Value] = {} if number is None else {"id_type": "resident_id", "id_no": number}
    return {"full_name": name, **document}


TOGETHER: dict[str, tuple[dict[str, Value], dict[str, Value]]] = {
    "one name and one phone": (named("赵小明"), named("赵小明")),
    "one document, a title beside the name": (named("赵小明", FIRST_ID), named("赵小明先生", FIRST_ID)),
    "one document, written in traditional script": (named("陈卫东", FIRST_ID), named("陳衛東", FIRST_ID)),
}

APART: dict[str, tuple[dict[str, Value], dict[str, Value]]] = {
    "two names": (named("赵小明"), named("钱大华")),
    "a title on both sides": (named("赵先生"), named("赵先生")),
    "a title and a name": (named("赵先生"), named("赵小明")),
    "two documents under one name": (named("赵小明", FIRST_ID), named("赵小明", SECOND_ID)),
    "one document, two names": (named("赵小明", FIRST_ID), named("钱大华", FIRST_ID)),
    "two birthdays": (
        {**named("赵小明"), "birth_on": "1985-02-03", "birth_calendar": "solar"},
        {**named("赵小明"), "birth_on": "1990-07-15", "birth_calendar": "solar"},
    ),
    "a person and a company": (
        named("赵小明"),
        {"party_kind": "company", "full_name": None, "company_name": "赵小明汽车贸易有限公司"},
    ),
    "nothing but a phone": (named(""), named("")),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_what_agrees_is_one_customer(world: HubWorld, case: str):
    """Two records that agree where it counts are linked."""
    assert two(world, *TOGETHER[case]) == [{"first", "second"}]


@pytest.mark.parametrize("case", APART)
def test_what_only_seems_to_agree_stays_two(world: HubWorld, case: str):
    """A shared phone joins nobody whose names or documents say otherwise, or say nothing."""
    assert two(world, *APART[case]) == []


def test_a_name_alone_finds_nobody(world: HubWorld):
    """Two records with nothing but one name are not even compared."""
    assert two(world, named("赵小明"), named("赵小明"), phone=None) == []
    with world.hub.store.read() as snapshot:
        assert snapshot.decision_counts() == {}


def test_a_document_typed_as_a_phone_is_a_document(world: HubWorld):
    """A number that stands in the wrong field links all the same, and is no phone."""
    author = world.site("a")
    know(world, author, "first", full_name="赵小明")
    say(world, author, "phone", "phone first", "first", number=FIRST_ID)

    know(world, world.site("b"), "second", full_name="赵小明", id_type="resident_id", id_no=FIRST_ID)

    assert clusters(world, "first", "second") == [{"first", "second"}]


def test_a_fleet_joins_nobody(world: HubWorld):
    """A taxi company with more cars than a family, and the drivers who are tied to them, are never one."""
    site = world.site("a")
    vins = make_vins(60)
    company: dict[str, Value] = {"party_kind": "company", "full_name": None, "company_name": "测试出租汽车有限公司"}
    know(world, site, "company", **company)
    for at in range(0, len(vins), 20):
        push(world, site.write(*(draft for vin in vins[at : at + 20] for draft in _taxi(vin))))
    other = world.site("b")
    for number, vin in enumerate(vins[:5]):
        know(world, other, f"driver {number}", full_name=f"赵小{'一二三四五'[number]}")
        push(world, other.write(_tie(vin, f"driver {number}", "driver")))

    names = ["company", *(f"driver {number}" for number in range(5))]
    assert clusters(world, *names) == []


def test_a_telephone_of_the_desk_links_nobody(world: HubWorld):
    """Two strangers of one frequent name, for both of whom a desk typed its own telephone, stay two and unasked."""
    site = world.site("a")
    names = ["李强", "陈静", "赵建国", "周婷", "吴磊", "郑爽", "张丽", "张丽"]
    for number, name in enumerate(names):
        know(world, site, f"customer {number}", full_name=name)
        say(world, site, "phone", f"phone {number}", f"customer {number}", number=PHONE)

    assert clusters(world, *(f"customer {number}" for number in range(len(names)))) == []
    with world.hub.store.read() as snapshot:
        assert snapshot.proposal_counts() == {}


def test_father_and_son_of_one_name_are_not_joined_by_a_third_record(world: HubWorld):
    """A record without a birthday, behind the telephone of two people of its name, is a question about both."""
    for name, site, born in (("father", "a", "1960-02-03"), ("son", "b", "1988-05-06"), ("unknown", "c", None)):
        values: dict[str, Value] = {} if born is None else {"birth_on": born, "birth_calendar": "solar"}
        author = world.site(site)
        push(
            world,
            author.write(
                customer(name, full_name="赵小明", **values),
                draft_of("phone", record(f"phone {name}"), {"customer_id": record(name), "number": PHONE}),
            ),
        )

    assert clusters(world, "father", "son", "unknown") == []
    with world.hub.store.read() as snapshot:
        assert snapshot.proposal_counts() == {"birth_conflict": 1, "namesake": 2}


def test_a_wrong_number_stops_speaking(world: HubWorld):
    """A phone that somebody has marked as wrong finds nobody any more."""
    author = world.site("a")
    know(world, author, "first", full_name="赵小明")
    say(world, author, "phone", "phone first", "first", number=PHONE, is_bad=True)

    know(world, world.site("b"), "second", full_name="赵小明")
    say(world, world.sites["b"], "phone", "phone second", "second", number=PHONE)

    assert clusters(world, "first", "second") == []


def _taxi(vin: str) -> list[Draft]:
    return [draft_of("vehicle", vehicle_id(vin), {"vin": vin}), _tie(vin, "company", "owner")]


def _tie(vin: str, name: str, role: str) -> Draft:
    car, who = vehicle_id(vin), record(name)
    values: dict[str, Value] = {"vehicle_id": car, "customer_id": who, "role": role}
    return draft_of("ownership", ownership_id(car, RecordId(who), role), values)
