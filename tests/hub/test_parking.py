"""Parked sets: what waits, what sets it free, and what an operator may decide."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import cbor2
import pytest

from carnet_hub.core import rows
from carnet_hub.core.exchange.freeing import free_forgotten, judge_again
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.exchange.quarantine import (
    every_parked,
    explain_parked,
    give_up_parked,
    list_parked,
    release_parked,
)
from carnet_hub.core.limits import RELEASES_PER_GROUP_MAX
from carnet_hub.core.ports import HubStore, Snapshot, StoreError, Transaction
from carnet_protocol import cbor
from carnet_protocol.changeset import PAYLOAD_VERSION, Header
from carnet_protocol.envelope import Purpose, seal_envelope
from carnet_protocol.errors import BadValue, NotAllowed
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.kinds.fields import integer
from carnet_protocol.kinds.fields import one as one_field
from carnet_protocol.messages import PushCode, Verdict
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Audience, Kind, Registry, Writer
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, customer, visit
from support.protocol import fixed, record


def edit(site: SiteAuthor, base: OpId, color: str = "blue") -> MadeSet:
    """An edit of the car's colour that builds on an op."""
    return site.write(draft_of("vehicle", CAR, {"color": color}, based_on=(base,)))


def of_an_unknown_kind(site: SiteAuthor) -> tuple[bytes, bytes]:
    """A set with a kind of record that no version has yet."""
    link = site.link()
    ops = cbor2.dumps([[999, record("future"), 0, b"", {0: 1}, {}]])
    where = (link.hub_id, link.dealer_id, link.node_id, link.epoch, 1, link.seq, link.prev, link.origin)
    header = Header(PAYLOAD_VERSION, *where, 2, link.hub_epoch, 0, link.wall_ms, fixed("future", 14), ops)
    return seal_envelope(cbor.encode_frame(header), Purpose.CHANGESET, site.hub_id, site.signer), b""


@dataclass
class OneWrite:
    """A store whose disk fails after one transaction."""

    store: HubStore
    writes: int = 0

    def read(self) -> AbstractContextManager[Snapshot]:
        """A snapshot, as ever."""
        return self.store.read()

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction, once."""
        self.writes += 1
        if self.writes > 1:
            raise StoreError("The disk is gone.")
        return self.store.write()

    def scrub(self) -> None:
        """Nothing."""


def _chain(site: SiteAuthor, base: MadeSet, length: int) -> list[MadeSet]:
    """Edits of a car, each built on the one before."""
    made = [edit(site, base.op())]
    while len(made) < length:
        made.append(edit(site, made[-1].op(), f"color {len(made)}"))
    return made


def test_an_edit_of_something_that_has_not_arrived_is_parked(world: HubWorld):
    """A set built on an unknown op is parked, names what it waits for, and changes no record."""
    one, other = world.site("a"), world.site("b")
    late = one.write(car(color="red"))

    answer = world.push_one(edit(other, late.op()))

    assert (answer.code, answer.reason) == (PushCode.PARKED, Reason.UNKNOWN_BASE.value)
    assert [(one.reason, one.waits_for) for one in list_parked(world.hub)] == [(Reason.UNKNOWN_BASE, (late.op(),))]
    assert world.entries("vehicle", CAR) == ()


def test_a_parked_set_goes_on_when_its_base_arrives(world: HubWorld):
    """The arrival of the base folds it and, at the next position, the set that waited."""
    one, other = world.site("a"), world.site("b")
    late = one.write(car(color="red"))
    waiting = edit(other, late.op())
    world.push_one(waiting)

    world.push_one(late)

    assert world.shown("vehicle", CAR)["color"] == "blue"
    assert [(row.kind, row.nonce, row.verdict) for row in world.log()[-2:]] == [
        (rows.LogKind.ADMIT, late.nonce, Verdict.ACCEPTED),
        (rows.LogKind.RELEASE, waiting.nonce, Verdict.ACCEPTED),
    ]


def test_a_whole_row_of_waiting_sets_goes_on_at_once(world: HubWorld):
    """A set that waits for a parked set waits for what that one waits for, and both are released in order."""
    one, other = world.site("a"), world.site("b")
    late = one.write(car(color="red"))
    second = edit(other, late.op(), "blue")
    third = edit(other, second.op(), "white")
    world.push(second, third)

    world.push_one(late)

    assert world.shown("vehicle", CAR)["color"] == "white"
    assert list_parked(world.hub) == []
    assert [row.nonce for row in world.log()[-3:]] == [late.nonce, second.nonce, third.nonce]


def test_the_rest_of_the_chain_does_not_wait(world: HubWorld):
    """What a node sent after a parked set is accepted if it does not build on it."""
    site = world.site("a")
    parked = edit(site, OpId(fixed("nobody's")))

    answers = world.push(parked, site.write(customer()))

    assert [answer.code for answer in answers] == [PushCode.PARKED, PushCode.ACCEPTED]


def test_a_duplicate_of_a_released_set_gets_the_release(world: HubWorld):
    """Pushed again, a set that has been released since gets the receipt of its release."""
    one, other = world.site("a"), world.site("b")
    late = one.write(car(color="red"))
    waiting = edit(other, late.op())
    parked = world.receipt(world.push_one(waiting))
    world.push_one(late)

    released = world.receipt(world.push_one(waiting))

    assert (parked.verdict, released.verdict) == (Verdict.PARKED, Verdict.ACCEPTED)
    assert (released.position, released.time_ms) == (world.position(), parked.time_ms)


def test_a_set_may_wait_for_two_others(world: HubWorld):
    """A set that builds on two unknown ops goes on when the second arrives, not before."""
    one, other, third = world.site("a"), world.site("b"), world.site("c")
    left, right = one.write(car(color="red")), other.write(car(color="blue"))
    both = third.write(draft_of("vehicle", CAR, {"color": "white"}, based_on=(left.op(), right.op())))
    world.push(both, left)
    assert len(list_parked(world.hub)) == 1

    world.push_one(right)

    assert list_parked(world.hub) == []
    assert world.show("vehicle", CAR).contests == ()


def test_an_unknown_kind_is_parked_whole(world: HubWorld):
    """A set of a newer registry is kept, complete and unread, and says why."""
    site = world.site("a")

    (answer,) = receive_sets(world.hub, [of_an_unknown_kind(site)])

    assert (answer.code, answer.reason) == (PushCode.PARKED, Reason.UNKNOWN_KIND.value)
    assert explain_parked(world.hub, fixed("future", 14)).obstacle is Reason.UNKNOWN_KIND


def test_the_thirty_third_version_of_a_field_is_parked(world: HubWorld):
    """A register takes 32 concurrent values; the next one waits for a decision."""
    sites = [world.site(f"site {number}") for number in range(33)]

    codes = [world.push_one(site.write(car(color=f"color {number}"))).code for number, site in enumerate(sites)]

    assert codes == [PushCode.ACCEPTED] + [PushCode.ACCEPTED_WITH_CONFLICTS] * 31 + [PushCode.PARKED]
    assert [one.reason for one in list_parked(world.hub)] == [Reason.TOO_MANY_HEADS]


def test_too_many_heads_can_be_released_after_the_decision(world: HubWorld):
    """Once the conflict is decided, the set that found no room is released by hand."""
    sites = [world.site(f"site {number}") for number in range(33)]
    made = [site.write(car(color=f"color {number}")) for number, site in enumerate(sites)]
    world.push(*made)
    heads = tuple(OpId(entry.op) for entry in world.entries("vehicle", CAR))
    world.write(draft_of("vehicle", CAR, {"vin": "LSVAB2C34RA123456", "color": "black"}, based_on=heads))

    release_parked(world.hub, made[-1].nonce, note="decided by telephone")

    assert len(world.entries("vehicle", CAR)) == 2


def test_an_update_reads_what_an_earlier_program_parked(world: HubWorld):
    """A hub that knows the kind judges the set again at its start, and what waits for the set goes on."""
    site = world.site("a")
    receive_sets(world.hub, [of_an_unknown_kind(site)])
    future = Kind(999, "future", Writer.OWNER_SITE, Audience.OWNER_SITE, (one_field(0, integer("count")),))
    updated = replace(world.hub, registry=Registry((*REGISTRY.kinds, future)))

    again = judge_again(updated)

    assert (again.judged, again.released) == (1, (fixed("future", 14),))
    with world.hub.store.read() as snapshot:
        assert list(snapshot.records(999, [record("future")])) == [record("future")]


def test_sets_that_no_arrival_would_free_are_judged_at_the_start(world: HubWorld):
    """A set that found no room goes on once there is room; one that still waits for an op is not touched."""
    sites = [world.site(f"site {number}") for number in range(33)]
    made = [site.write(car(color=f"color {number}")) for number, site in enumerate(sites)]
    world.push(*made, edit(sites[0], OpId(fixed("nobody's"))))
    heads = tuple(OpId(entry.op) for entry in world.entries("vehicle", CAR))
    world.write(draft_of("vehicle", CAR, {"vin": "LSVAB2C34RA123456", "color": "black"}, based_on=heads))

    again = judge_again(world.hub)

    assert (again.judged, again.released) == (1, (made[-1].nonce,))
    assert [one.reason for one in list_parked(world.hub)] == [Reason.UNKNOWN_BASE]


def test_what_a_dead_process_left_behind_is_found(world: HubWorld):
    """Sets whose base has come, and whose turn never came, go on at the next look of the service."""
    base = world.site("b").write(car(color="red"))
    waiting = _chain(world.site("a"), base, RELEASES_PER_GROUP_MAX + 1)
    world.push(*waiting)
    with pytest.raises(StoreError):
        receive_sets(replace(world.hub, store=OneWrite(world.hub.store)), [base.pushed])

    found = free_forgotten(world.hub)

    assert (found.judged, found.released) == (1, (waiting[-1].nonce,))
    assert list_parked(world.hub) == []


def test_a_look_for_forgotten_sets_leaves_the_others_alone(world: HubWorld):
    """A set that waits for an update, and one that waits for an op, are not judged again every few minutes."""
    receive_sets(world.hub, [of_an_unknown_kind(world.site("a"))])
    world.push_one(edit(world.site("b"), OpId(fixed("nobody's"))))

    found = free_forgotten(world.hub)

    assert (found.judged, len(list_parked(world.hub))) == (0, 2)


def test_a_start_leaves_no_entry_where_nothing_has_changed(world: HubWorld):
    """A set that still cannot be read stays parked, and the log as it was."""
    receive_sets(world.hub, [of_an_unknown_kind(world.site("a"))])
    before = world.digest()

    again = judge_again(world.hub)

    assert (again.judged, again.released, world.digest()) == (1, (), before)


def test_a_release_that_cannot_succeed_changes_nothing(world: HubWorld):
    """Releasing a set that still waits is refused with what it waits for, and leaves no entry."""
    parked = edit(world.site("a"), OpId(fixed("nobody's")))
    world.push_one(parked)
    before = world.digest()

    with pytest.raises(NotAllowed) as refusal:
        release_parked(world.hub, parked.nonce, note="please")

    assert (refusal.value.reason, world.digest()) == (Reason.UNKNOWN_BASE, before)


def test_a_release_needs_a_note(world: HubWorld):
    """An operator's decision without a reason is refused."""
    parked = edit(world.site("a"), OpId(fixed("nobody's")))
    world.push_one(parked)

    with pytest.raises(BadValue):
        release_parked(world.hub, parked.nonce, note=" ")


def test_an_op_can_only_be_lost_to_who_waits_for_it(world: HubWorld):
    """Declaring an op lost that the set does not wait for is refused."""
    parked = edit(world.site("a"), OpId(fixed("nobody's")))
    world.push_one(parked)

    with pytest.raises(BadValue):
        release_parked(world.hub, parked.nonce, note="gone", lost=[OpId(fixed("another"))])


def test_only_a_parked_set_can_be_released(world: HubWorld):
    """A nonce that no parked set has is not found."""
    made = world.site("a").write(car())
    world.push_one(made)

    with pytest.raises(NotAllowed) as refusal:
        release_parked(world.hub, made.nonce, note="why not")

    assert refusal.value.reason is Reason.NOT_FOUND


def test_a_lost_base_lets_everybody_who_waits_go_on(world: HubWorld):
    """Declaring an op lost releases the set named and every other that waited for the same op."""
    lost = OpId(fixed("lost"))
    first, second = edit(world.site("a"), lost, "red"), edit(world.site("b"), lost, "blue")
    world.push(first, second)

    released = release_parked(world.hub, first.nonce, note="the disk is gone", lost=[lost])

    assert (released.row.nonce, released.followed) == (first.nonce, (second.nonce,))
    assert len(world.entries("vehicle", CAR)) == 2


def test_a_lost_op_that_arrives_after_all_has_no_effect(world: HubWorld):
    """An op that was declared lost is void when its set arrives; the rest of that set counts."""
    one, other = world.site("a"), world.site("b")
    late = one.write(car(color="red"), customer("kept"))
    waiting = edit(other, late.op(), "blue")
    world.push_one(waiting)
    release_parked(world.hub, waiting.nonce, note="the disk is gone", lost=[late.op()])

    receipt = world.receipt(world.push_one(late))

    assert [(void.index, void.reason) for void in receipt.voids] == [(0, Reason.BASE_LOST.value)]
    assert world.shown("vehicle", CAR) == {"color": "blue"}
    assert world.entries("customer", record("kept")) != ()


def test_giving_a_set_up_lets_others_go_on_without_it(world: HubWorld):
    """A set that is given up has no effect, and what was built on it counts as built on what it was built on."""
    one = world.site("a")
    first = one.write(car(color="red"))
    (answer,) = receive_sets(world.hub, [of_an_unknown_kind(world.site("b"))])
    world.push_one(first)
    assert answer.code == PushCode.PARKED

    released = give_up_parked(world.hub, fixed("future", 14), note="a test version")

    assert (released.row.verdict, released.row.reason) == (Verdict.REFUSED, Reason.EXCLUDED.value)
    assert list_parked(world.hub) == []


def test_a_released_set_is_judged_by_the_rules_of_today(world: HubWorld):
    """A set that waited and turns out to touch another site's record is refused at its release."""
    one, other = world.site("a"), world.site("b")
    late = one.write(visit())
    foreign = other.write(draft_of("visit", record("visit"), {"status": "completed"}, based_on=(late.op(),)))
    assert world.push_one(foreign).code == PushCode.PARKED

    world.push_one(late)

    assert (world.log()[-1].kind, world.log()[-1].reason) == (rows.LogKind.RELEASE, Reason.FOREIGN_RECORD.value)
    assert world.shown("visit", record("visit"))["status"] == "open"


def test_any_number_of_waiting_sets_goes_on(world: HubWorld):
    """More sets than one transaction sets free are released all the same, without a hole in the log."""
    one, other = world.site("a"), world.site("b")
    late = one.write(car(color="red"))
    waiting = [edit(other, late.op(), f"color {number}") for number in range(3)]
    named = [draft_of("vehicle", record(f"car {n}"), {"color": "x"}, based_on=(late.op(),)) for n in range(600)]
    waiting += [other.write(draft) for draft in named]
    for at in range(0, len(waiting), 200):
        world.push(*waiting[at : at + 200])

    world.push_one(late)

    assert list_parked(world.hub) == []
    assert [row.position for row in world.log()] == list(range(1, world.position() + 1))


@pytest.mark.parametrize("batch", [pytest.param(1, id="one by one"), pytest.param(3, id="all at once")])
def test_every_parked_set_is_listed_once(world: HubWorld, batch: int):
    """However many sets one look-up brings, each parked one is there, oldest first."""
    one, second = world.site("a"), world.site("a2", "a")
    missing = one.write(car())
    waiting = [
        draft_of("vehicle", CAR, {"color": color}, based_on=(missing.op(),)) for color in ("red", "blue", "green")
    ]
    parked = [second.write(one) for one in waiting]
    world.push(*parked)

    assert [found.nonce for found in every_parked(world.hub, batch=batch)] == [made.nonce for made in parked]
