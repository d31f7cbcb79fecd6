"""A purge takes what has outlived its term, here and at every node, and nothing that a law has kept."""

from dataclasses import astuple
from pathlib import Path

import pytest

from carnet_hub.adapters.store import SqlStore
from carnet_hub.core.cursors import end_of
from carnet_hub.core.exchange.hello import answer_hello
from carnet_hub.core.failures import RetentionRuns, Unusable
from carnet_hub.core.log.rebuild import check_projections
from carnet_hub.core.outside.access_ledger import NOTICES, note_access, operator_access
from carnet_hub.core.sets.erased_persons import RETENTION
from carnet_hub.core.upkeep.erasing import erase_customer, list_erasures
from carnet_hub.core.upkeep.purging import WAITING, Purged, purge_all, purge_customer
from carnet_hub.core.upkeep.retention_report import ACCESSES, BESIDES, STAYS, HeldRow, retention_rows
from carnet_protocol.changeset import Draft
from carnet_protocol.envelope import Purpose
from carnet_protocol.ids import OpId, RecordId, ownership_id
from carnet_protocol.kinds import ERASURE
from carnet_protocol.messages import sign_frame
from carnet_protocol.ops import Action
from carnet_protocol.registry import ErasureGroup, Value
from carnet_protocol.retention import bundled_text, parse_retention
from support.authors import SiteAuthor, draft_of
from support.hub_world import CAR, VIN, HubWorld, car, customer, hello_of, visit
from support.master_world import link
from support.protocol import record

CLASSES = parse_retention(bundled_text("cn") or b"")
YEAR_MS = 31_556_952_000
PERSON = RecordId(record("customer"))
NAME, NUMBER, NOTE = "测试甲", "13800007777", "Stieglitz-3M8VD"


def phone(name: str = "phone", whose: str = "customer") -> Draft:
    """A phone of a customer."""
    return draft_of("phone", record(name), {"customer_id": record(whose), "number": NUMBER})


def tie(whose: str = "customer", *, to_on: str | None = None, from_on: str | None = "2016-05-01") -> Draft:
    """The car belongs, or belonged, to a customer."""
    link = {"vehicle_id": CAR, "customer_id": record(whose), "role": "owner", "from_on": from_on, "to_on": to_on}
    values = {name: value for name, value in link.items() if value is not None}
    return draft_of("ownership", ownership_id(CAR, RecordId(record(whose)), "owner"), values)


def untie(made: OpId) -> Draft:
    """The record that the car belongs to the customer is deleted."""
    link = ownership_id(CAR, PERSON, "owner")
    return draft_of("ownership", link, {}, based_on=(made,), action=Action.DELETE)


def heard(world: HubWorld, *sites: SiteAuthor, unsent_sets: int = 0) -> None:
    """Nodes say hello now, with nothing left to send unless said otherwise."""
    for site in sites:
        site.wall_ms = world.clock.ms
        hello = hello_of(site, unsent_sets=unsent_sets)
        answer_hello(world.hub, hello, sign_frame(hello, Purpose.HELLO, world.hub.hub_id, site.signer))


def later(world: HubWorld, years: float, *sites: SiteAuthor) -> None:
    """Years pass, and the nodes are heard of again."""
    world.clock.ms += int(years * YEAR_MS)
    heard(world, *sites)


def purge(world: HubWorld, purpose: str = "marketing") -> Purged:
    """The sum of a purge's steps."""
    steps = [Purged(0, 0, 0, 0), *purge_all(world.hub, CLASSES, purpose)]
    return Purged(*map(sum, zip(*map(astuple, steps), strict=True)))


def rows(world: HubWorld) -> list[HeldRow]:
    """The report."""
    return retention_rows(world.hub, CLASSES, lambda found: found)


def verdicts(world: HubWorld, held: str = "customer") -> dict[str, int]:
    """How many of something stand under which verdict."""
    return {row.verdict: row.count for row in rows(world) if row.held == held}


def is_on_disk(tmp_path: Path, text: str) -> bool:
    """Whether any file of the hub holds a text."""
    return any(text.encode() in path.read_bytes() for path in tmp_path.glob("hub.db*"))


@pytest.fixture
def site(world: HubWorld) -> SiteAuthor:
    """A site with a prospect: a name, a phone and a note, and no car."""
    site = world.site("a")
    world.push_one(site.write(customer(note=NOTE), phone()))
    return site


def test_a_prospect_goes_after_the_marketing_term(world: HubWorld, site: SiteAuthor, tmp_path: Path, scratch: SqlStore):
    """Somebody without car and order goes as a whole once the term has ended, from the files too."""
    later(world, 3.1, site)

    found = purge(world)
    world.hub.store.scrub()

    assert (found.persons, found.records) == (1, 2)
    assert not any(is_on_disk(tmp_path, text) for text in (NUMBER, NOTE))
    assert check_projections(world.hub, scratch).differences == ()


def test_nothing_goes_before_its_term(world: HubWorld, site: SiteAuthor):
    """The day before the term ends a purge takes nothing, and the report says that it runs."""
    later(world, 2.99, site)

    assert purge(world) == Purged(0, 0, 0, 0)
    assert verdicts(world) == {"running": 1}


@pytest.mark.parametrize(
    ("clock_years", "read_years", "persons"),
    [
        pytest.param(1.0, 1.0, 0, id="packed before the term ended"),
        pytest.param(30.0, 1.0, 0, id="the same, by a clock far ahead"),
        pytest.param(3.1, 3.05, 1, id="packed after it had read what was committed behind the term"),
        pytest.param(-30.0, 3.05, 1, id="the same, by a clock far behind"),
    ],
)
def test_a_stick_counts_from_what_its_node_had_read(
    world: HubWorld, site: SiteAuthor, clock_years: float, read_years: float, persons: int
):
    """How long a stick was on its way nobody can tell; it was packed after the last commit that its node knew."""
    start = world.clock.ms
    world.clock.ms = start + int(read_years * YEAR_MS)
    world.write(draft_of("campaign", record("campaign"), {"title": "anything"}))
    cursor = end_of(world.position())
    world.clock.ms = start + int(3.1 * YEAR_MS)

    hello = hello_of(site, challenge=b"", cursor=cursor, wall_ms=start + int(clock_years * YEAR_MS))
    answer_hello(world.hub, hello, sign_frame(hello, Purpose.HELLO, world.hub.hub_id, site.signer))

    assert purge(world).persons == persons


def test_a_purge_is_an_order_for_every_node(world: HubWorld, site: SiteAuthor):
    """What a purge takes stands in the log as an erasure on the ground of retention, and travels as any other."""
    later(world, 3.1, site)

    purge(world)

    orders = list_erasures(world.hub)
    assert {one.ground for one in orders} == {RETENTION}
    assert {named for one in orders for named in one.records} == {PERSON, record("phone")}
    assert {row.record for row in world.page(site).rows if row.kind == ERASURE.number} == {one.order for one in orders}


def test_a_second_purge_finds_nothing(world: HubWorld, site: SiteAuthor):
    """What is gone is no longer held."""
    later(world, 3.1, site)
    purge(world)

    assert purge(world) == Purged(0, 0, 0, 0)
    assert verdicts(world) == {}


def test_a_first_owner_stays_for_ten_years_and_marketing_goes(world: HubWorld, site: SiteAuthor, tmp_path: Path):
    """Of who bought the car new nothing that the law wants goes before ten years; the note goes after three."""
    world.push_one(site.write(car(), tie(to_on="2017-01-01")))
    later(world, 3.1, site)

    found = purge(world)

    assert (found.persons, found.besides, found.records) == (0, 1, 1)
    assert world.shown("phone", record("phone"))["number"] == NUMBER
    assert not is_on_disk(tmp_path, NOTE)
    assert is_on_disk(tmp_path, NUMBER)
    with pytest.raises(RetentionRuns) as refusal:
        purge_customer(world.hub, CLASSES, "recall_contact", PERSON)
    assert refusal.value.verdict == "statutory"


def test_an_owner_is_in_use_whatever_the_age(world: HubWorld, site: SiteAuthor):
    """A tie that has not ended keeps its owner, because a recall may come."""
    world.push_one(site.write(car(), tie()))
    later(world, 30, site)

    assert [purge(world, one).persons for one in ("marketing", "service_record", "recall_contact")] == [0, 0, 0]
    assert verdicts(world) == {"in_use": 1}


def test_a_former_owner_goes_when_every_term_has_ended(world: HubWorld, site: SiteAuthor):
    """Ten years after the sale, and five after the last word on it, what is left of a former first owner may go."""
    world.push_one(site.write(car(), tie(to_on="2017-01-01"), visit(customer_id=PERSON, customer_note=NOTE)))
    later(world, 4.9, site)
    assert purge(world, "service_record").persons == 0

    later(world, 0.2, site)

    assert purge(world, "service_record").persons == 1
    assert world.shown("visit", record("visit"))["ro_no"] == "RO-visit"


def test_a_second_owner_is_nobody_s_first(world: HubWorld, site: SiteAuthor):
    """Who owned the car after somebody else is held for the dealer's five years."""
    world.push_one(
        site.write(
            car(), customer("second"), tie(to_on="2018-01-01"), tie("second", from_on="2018-01-01", to_on="2026-01-01")
        )
    )
    later(world, 1, site)

    governed = {row.governed_by.id: row.count for row in rows(world) if row.held == "customer"}

    assert governed == {"dealer-5y": 2}


def test_a_deleted_tie_still_says_who_bought_the_car_new(world: HubWorld, site: SiteAuthor):
    """Nobody is in use by a record that was deleted, and the first owner stays for ten years all the same."""
    made = site.write(car(), tie(from_on="2026-05-01"))
    world.push_one(made)
    world.push_one(site.write(untie(made.op(1))))
    later(world, 6, site)

    kept = (purge(world, "recall_contact").persons, verdicts(world))
    later(world, 4.5, site)

    assert kept == (0, {"statutory": 1})
    assert purge(world, "recall_contact").persons == 1


def test_another_version_of_a_tie_counts(world: HubWorld, site: SiteAuthor):
    """A tie that another version of the record says has not ended keeps its owner."""
    made = site.write(car(), tie())
    world.push_one(made)
    link = ownership_id(CAR, PERSON, "owner")
    ends = draft_of("ownership", link, {"to_on": "2018-01-01"})
    world.push_one(site.write(ends))
    later(world, 30, site)

    assert purge(world, "recall_contact").persons == 0


def test_a_silent_site_keeps_its_persons(world: HubWorld, site: SiteAuthor):
    """While a node of the site has not been heard of since the term ended, its work may tie the person to a car."""
    silent = world.site("a2", "a")
    later(world, 3.1, site)

    assert verdicts(world) == {WAITING: 1}
    assert purge(world).persons == 0
    heard(world, silent, unsent_sets=2)
    assert purge(world).persons == 0
    heard(world, silent)
    assert purge(world).persons == 1


def test_a_silent_site_keeps_a_person_that_another_keeps_too(world: HubWorld, site: SiteAuthor):
    """Unsent work of a site that keeps another record of the same person holds every record of that person."""
    silent = world.site("b")
    world.push_one(silent.write(customer("mate")))
    link(world, "customer", "mate")
    later(world, 3.1, site)
    heard(world, silent, unsent_sets=1)

    waiting = (verdicts(world), purge(world).persons)
    heard(world, silent)

    assert waiting == ({WAITING: 2}, 0)
    assert purge(world).persons == 2


def test_late_work_about_somebody_purged_is_kept(world: HubWorld, site: SiteAuthor):
    """A visit that an old stick brings keeps what a law has kept: a purge stands for what it names alone."""
    later(world, 3.1, site)
    purge(world)

    world.push_one(site.write(car(), visit(customer_id=PERSON, customer_note=NOTE)))

    assert world.shown("visit", record("visit"))["customer_note"] == NOTE
    assert {one.ground for one in list_erasures(world.hub)} == {RETENTION}


def test_a_late_value_of_what_was_purged_is_erased(world: HubWorld, site: SiteAuthor, tmp_path: Path):
    """A stick that brings another version of a purged record brings no value back."""
    later(world, 3.1, site)
    purge(world)

    world.push_one(site.write(draft_of("phone", record("phone"), {"number": "13911112222"})))

    assert not is_on_disk(tmp_path, "13911112222")


def test_a_new_phone_of_an_owner_outlives_the_purge_of_a_note(world: HubWorld, site: SiteAuthor):
    """After the note of an owner has gone, a phone that is written down later stays."""
    world.push_one(site.write(car(), tie()))
    later(world, 3.1, site)
    purge(world)

    world.push_one(site.write(phone("newer")))

    assert world.shown("phone", record("newer"))["number"] == NUMBER


def test_a_request_still_takes_what_comes_late(world: HubWorld, site: SiteAuthor, tmp_path: Path):
    """Of somebody purged and then erased on request, what comes late is erased on arrival."""
    world.push_one(site.write(car(), tie()))
    later(world, 3.1, site)
    purge(world)
    erase_customer(world.hub, PERSON, frozenset(ErasureGroup), ground="request")

    world.push_one(site.write(draft_of("phone", record("late"), {"customer_id": PERSON, "number": "13922223333"})))

    assert not is_on_disk(tmp_path, "13922223333")


@pytest.mark.parametrize(
    ("purpose", "says"),
    [("dreams", "Nothing is held"), ("recall_record", "names vehicles and no person")],
)
def test_a_purpose_that_holds_nobody_is_refused(world: HubWorld, purpose: str, says: str):
    """A purge for no purpose, or for one that names no person, is refused."""
    with pytest.raises(Unusable, match=says):
        list(purge_all(world.hub, CLASSES, purpose))


def test_nobody_is_erased_on_a_term_by_hand(world: HubWorld, site: SiteAuthor):
    """An erasure on the ground of retention is refused: a purge knows the terms."""
    with pytest.raises(Unusable, match="by hand"):
        erase_customer(world.hub, PERSON, frozenset(ErasureGroup), ground=RETENTION)


def test_somebody_unknown_is_refused(world: HubWorld):
    """A purge of one customer of whom nothing is held says so."""
    with pytest.raises(Unusable, match="Nothing is held of a customer"):
        purge_customer(world.hub, CLASSES, "marketing", PERSON)


def test_the_report_counts_and_names_nobody(world: HubWorld, site: SiteAuthor):
    """Customers stand by verdict, records of vehicles stay, and a note beside other reasons is told apart."""
    world.push_one(site.write(car(), customer("owner", note="x"), tie("owner"), visit()))
    later(world, 1, site)

    found = {(row.held, row.governed_by.id, row.verdict): (row.age_years, row.count) for row in rows(world)}

    assert found == {
        ("customer", "marketing-3y", "running"): (1, 1),
        ("customer", "dealer-5y", "in_use"): (1, 1),
        (BESIDES, "marketing-3y", "running"): (1, 1),
        ("vehicle", "dealer-5y", STAYS): (1, 1),
        ("visit", "dealer-5y", STAYS): (1, 1),
        ("ownership", "dealer-5y", STAYS): (1, 1),
    }


def test_the_report_counts_what_recalls_leave_behind(world: HubWorld, site: SiteAuthor):
    """Attempts to reach owners, stopped sales and the ledger of accesses stay, and are counted with their age."""
    about: dict[str, Value] = {"campaign_id": record("campaign"), "vin": VIN, "vehicle_id": CAR}
    tried = draft_of("recall_contact", record("tried"), {**about, "channel": "phone", "result": "reached"})
    world.push_one(site.write(car(), tried, draft_of("stop_sale", record("stop"), {**about, "plan_version": 1})))
    note_access(world.hub, operator_access(NOTICES, "S2026M0001", "op-1"))
    later(world, 2, site)

    kept = ("recall_contact", "stop_sale", ACCESSES)
    found = {row.held: (row.governed_by.id, row.verdict, row.age_years, row.count) for row in rows(world)}

    assert {name: found[name] for name in kept} == dict.fromkeys(kept, ("recall-10y", STAYS, 2, 1))
