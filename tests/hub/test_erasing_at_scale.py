"""An erasure asks for what belongs to one person: its look-ups do not grow with the country."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from carnet_hub.adapters.store import SqlStore, open_store
from carnet_hub.core.log.rebuild import rebuild_if_outdated
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.upkeep.erasing import find_records
from carnet_protocol.ids import RecordId
from carnet_protocol.registry import Value
from support.authors import SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, customer, make_world, visit
from support.protocol import record

PERSON = RecordId(record("person"))


@pytest.fixture
def store(tmp_path: Path) -> SqlStore:
    """A store on a file."""
    return open_store(f"sqlite:///{tmp_path / 'hub.db'}")


@pytest.fixture
def world(store: SqlStore) -> HubWorld:
    """A hub without data."""
    return make_world(store)


class Watched:
    """A store whose cursor tells which statements it ran, and how SQLite would look for the rows."""

    def __init__(self, snapshot: Any) -> None:
        self.plans: list[str] = []
        self._snapshot = snapshot
        self._cursor = snapshot._cursor
        snapshot._cursor = self

    def execute(self, statement: str, parameters: Any = ()) -> Any:
        """Ask for the plan first, then run."""
        plan = self._cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        self.plans += [row[3] for row in plan]
        return self._cursor.execute(statement, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


@contextmanager
def watched(world: HubWorld) -> Iterator[tuple[Snapshot, list[str]]]:
    """A snapshot, and the plans of what is asked in it."""
    with world.hub.store.read() as snapshot:
        watch = Watched(snapshot)
        yield snapshot, watch.plans


def with_a_person(world: HubWorld) -> SiteAuthor:
    """A customer with a phone, a car, a plate and a visit; and somebody else with the same."""
    site = world.site("a")
    world.push_one(site.write(car()))
    for name in ("person", "somebody"):
        who = record(name)
        link: dict[str, Value] = {"vehicle_id": CAR, "customer_id": who, "role": "owner"}
        world.push_one(
            site.write(
                customer(name),
                draft_of("phone", record(f"phone of {name}"), {"customer_id": who, "number": "13900001111"}),
                draft_of("ownership", record(f"car of {name}"), link),
                visit(f"visit of {name}", customer_id=who),
                draft_of("job", record(f"job of {name}"), {"visit_id": record(f"visit of {name}"), "job_no": 1}),
            )
        )
    return site


def test_everything_of_a_person_and_nothing_of_others_is_found(world: HubWorld):
    """Phone, visit and job of the person are named, and nobody else's."""
    with_a_person(world)

    with world.hub.store.read() as snapshot:
        found = {(kind, one) for kind, one in find_records(world.hub, snapshot, PERSON)}

    assert found == {
        ("customer", PERSON),
        ("phone", record("phone of person")),
        ("visit", record("visit of person")),
        ("job", record("job of person")),
    }


def test_a_visit_that_names_the_person_in_a_value_not_shown_is_found(world: HubWorld):
    """Of two concurrent values one is shown; the visit may hold words about either person."""
    site, other = with_a_person(world), world.site("a2", "a")
    somebody = record("somebody")
    opened = site.write(visit("both", customer_id=PERSON))
    world.push_one(opened)
    for author, who in ((site, somebody), (other, PERSON)):
        world.clock.ms += 1000
        author.wall_ms = world.clock.ms
        changed = author.write(draft_of("visit", record("both"), {"customer_id": who}, based_on=(opened.op(),)))
        world.push_one(changed)

    with world.hub.store.read() as snapshot:
        found = [{one for _, one in find_records(world.hub, snapshot, RecordId(who))} for who in (PERSON, somebody)]

    assert [record("both") in one for one in found] == [True, True]


def test_no_look_up_reads_a_whole_table(world: HubWorld):
    """SQLite answers every question of an erasure by an index."""
    with_a_person(world)

    with watched(world) as (snapshot, plans):
        find_records(world.hub, snapshot, PERSON)

    assert any(plan.startswith("SEARCH record") for plan in plans)
    assert [plan for plan in plans if plan.startswith("SCAN record") and "ix_record_contested" not in plan] == []


def test_tables_of_an_older_program_are_folded_anew(world: HubWorld, store: SqlStore):
    """A hub that was updated finds what an older program had not written down, before it serves."""
    with_a_person(world)
    with store.write() as transaction:
        stored = [row._replace(parent=None) for row in transaction.scan(RecordRow) if row.anchor is not None]
        transaction.put(stored)
        transaction.set_setting("folded_as", b"1")

    outcomes = [rebuild_if_outdated(world.hub), rebuild_if_outdated(world.hub)]

    with store.read() as snapshot:
        found = {one for _, one in find_records(world.hub, snapshot, PERSON)}
    assert outcomes == [True, False]
    assert record("visit of person") in found
