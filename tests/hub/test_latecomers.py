"""Records that come late about somebody who was erased are erased on arrival, by an order of their own."""

from pathlib import Path

import pytest

from carnet_hub.adapters.store import SqlStore
from carnet_hub.core.log.rebuild import check_projections
from carnet_hub.core.upkeep.erasing import erase_customer, list_erasures
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.messages import PushCode
from carnet_protocol.registry import ErasureGroup
from support.authors import SiteAuthor, draft_of
from support.hub_world import HubWorld, car, customer, visit
from support.protocol import record

PERSON = RecordId(record("person"))
SECRET_NUMBER = "13900007777"
NOTE = "Stieglitz-3M8VD"


@pytest.fixture
def site(world: HubWorld) -> SiteAuthor:
    """A site whose customer was erased."""
    site = world.site("a")
    world.push(site.write(car()), site.write(customer("person"), customer("somebody")))
    erase_customer(world.hub, PERSON, frozenset(ErasureGroup), ground="request")
    return site


def phone(name: str, whose: bytes) -> Draft:
    """A phone of a customer."""
    return draft_of("phone", record(name), {"customer_id": whose, "number": SECRET_NUMBER})


def is_on_disk(tmp_path: Path, text: str) -> bool:
    """Whether any file of the hub holds a text."""
    return any(text.encode() in path.read_bytes() for path in tmp_path.glob("hub.db*"))


def test_a_late_phone_is_erased_with_its_owner(world: HubWorld, site: SiteAuthor, tmp_path: Path, scratch: SqlStore):
    """A phone that no order names loses its number before it reaches the disk, and nodes are ordered to erase it."""
    answer = world.push_one(site.write(phone("late", PERSON)))

    assert answer.code == PushCode.ACCEPTED
    assert [record("late") in one.records for one in list_erasures(world.hub)] == [False, True]
    assert not is_on_disk(tmp_path, SECRET_NUMBER)
    assert check_projections(world.hub, scratch).differences == ()


def test_a_late_visit_and_its_jobs_are_erased(world: HubWorld, site: SiteAuthor, tmp_path: Path):
    """What a late visit says about the person goes, and so does what its jobs say."""
    came = visit("came", customer_id=PERSON, customer_note=NOTE)
    job = draft_of("job", record("job"), {"visit_id": record("came"), "job_no": 1, "complaint": NOTE})

    world.push(site.write(came), site.write(job))

    named = {one for line in list_erasures(world.hub)[1:] for one in line.records}
    assert named == {record("came"), record("job")}
    assert not is_on_disk(tmp_path, NOTE)


def test_a_visit_that_turns_out_to_be_the_persons_is_scrubbed(world: HubWorld, site: SiteAuthor, tmp_path: Path):
    """What stood in the files before anybody said whose visit it was is gone from them with the answer."""
    came = site.write(visit("came", customer_note=NOTE))
    world.push(came)
    world.hub.store.scrub()
    tie = draft_of("visit", record("came"), {"customer_id": PERSON}, based_on=(came.op(),))

    world.push(site.write(tie))

    assert not is_on_disk(tmp_path, NOTE)


def test_a_parked_latecomer_is_erased_when_it_goes_on(world: HubWorld, site: SiteAuthor, tmp_path: Path):
    """A set that waited for its base is looked at when it takes effect."""
    base = site.write(customer("third"))
    other = world.site("a2", "a")
    waiting = other.write(
        draft_of("customer", record("third"), {"full_name": "Third"}, based_on=(base.op(),)), phone("late", PERSON)
    )
    assert world.push_one(waiting).code == PushCode.PARKED

    world.push_one(base)

    assert any(record("late") in one.records for one in list_erasures(world.hub))


def test_what_belongs_to_others_stays(world: HubWorld, site: SiteAuthor):
    """Somebody else's phone is nobody's latecomer."""
    world.push_one(site.write(phone("theirs", record("somebody"))))

    assert world.shown("phone", record("theirs"))["number"] == SECRET_NUMBER
    assert len(list_erasures(world.hub)) == 1


def test_the_same_latecomer_is_ordered_once(world: HubWorld, site: SiteAuthor):
    """A change of an erased latecomer needs no second order."""
    first = site.write(phone("late", PERSON))
    world.push_one(first)

    world.push_one(site.write(draft_of("phone", record("late"), {"number": SECRET_NUMBER}, based_on=(first.op(),))))

    assert len(list_erasures(world.hub)) == 2
