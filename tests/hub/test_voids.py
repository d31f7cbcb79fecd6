"""Void ops: illegal steps of a document, judged from what their author had read, looked through by everybody else."""

import pytest

from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import VISIT_TRANSITIONS
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, visit
from support.protocol import fixed, record

VISIT = record("visit")


def step(site: SiteAuthor, status: str, *based_on: OpId, **values: Value) -> MadeSet:
    """A step of the visit from what was read."""
    return site.write(draft_of("visit", VISIT, {"status": status, **values}, based_on=based_on))


def walk(world: HubWorld, site: SiteAuthor, *states: str) -> OpId:
    """Take a new visit through states; returns the last op."""
    made = site.write(visit(status=states[0]))
    world.push_one(made)
    for status in states[1:]:
        made = step(site, status, made.op())
        world.push_one(made)
    return made.op()


WAYS: dict[str, tuple[str, ...]] = {
    "draft": ("draft",),
    "open": ("open",),
    "completed": ("open", "completed"),
    "void": ("open", "void"),
    "settled": ("open", "completed", "settled"),
    "closed": ("open", "completed", "settled", "closed"),
}
STEPS = [(before, after) for before in WAYS for after in WAYS if before != after]


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_a_step_counts_only_if_the_document_may_take_it(world: HubWorld, before: str, after: str):
    """Every pair of states is a legal step exactly when the table of transitions says so."""
    site = world.site("a")
    read = walk(world, site, *WAYS[before])

    receipt = world.receipt(world.push_one(step(site, after, read)))

    is_legal = after in VISIT_TRANSITIONS[before]
    assert [(void.index, void.reason) for void in receipt.voids] == (
        [] if is_legal else [(0, Reason.ILLEGAL_TRANSITION.value)]
    )
    assert world.shown("visit", VISIT)["status"] == (after if is_legal else before)


@pytest.mark.parametrize(
    ("status", "counts"), [("draft", True), ("open", True), ("completed", False), ("closed", False)]
)
def test_a_document_begins_as_a_draft_or_open(world: HubWorld, status: str, counts: bool):
    """A new visit in a later state has no effect."""
    receipt = world.receipt(world.push_one(world.site("a").write(visit(status=status))))

    assert (receipt.voids == [], world.entries("visit", VISIT) != ()) == (counts, counts)


def test_the_rest_of_the_set_counts(world: HubWorld):
    """A void op takes nothing else of its set with it."""
    site = world.site("a")
    read = walk(world, site, "open")

    world.push_one(site.write(*_both(read)))

    assert world.shown("visit", VISIT)["status"] == "open"
    assert world.shown("vehicle", CAR) == {"color": "red"}


def test_a_step_is_judged_by_what_was_read_not_by_what_arrived(world: HubWorld):
    """Two nodes that both read an open visit may both step on; the further state shows."""
    one, second = world.site("a"), world.site("a2", "a")
    read = walk(world, one, "open")
    world.push_one(step(one, "void", read))

    receipt = world.receipt(world.push_one(step(second, "completed", read)))

    assert receipt.voids == []
    assert world.shown("visit", VISIT)["status"] == "void"


def test_a_step_from_a_state_that_has_been_replaced_is_judged_from_the_log(world: HubWorld):
    """What an op in `based_on` wrote counts, although a later write has taken its place."""
    one, second = world.site("a"), world.site("a2", "a")
    made = one.write(visit(status="open"))
    world.push_one(made)
    world.push_one(step(one, "completed", made.op()))

    illegal = world.receipt(world.push_one(step(second, "settled", made.op())))
    legal = world.receipt(world.push_one(step(second, "void", made.op())))

    assert ([void.reason for void in illegal.voids], legal.voids) == ([Reason.ILLEGAL_TRANSITION.value], [])


def test_what_builds_on_a_void_op_builds_on_what_that_was_built_on(world: HubWorld):
    """An edit based on a void op replaces the head that the void op had read."""
    site = world.site("a")
    read = walk(world, site, "open")
    void = step(site, "closed", read, ro_no="RO-X")
    world.push_one(void)

    world.push_one(step(site, "completed", void.op()))

    assert world.shown("visit", VISIT)["status"] == "completed"
    assert world.show("visit", VISIT).contests == ()


def test_a_void_op_of_the_same_set_is_looked_through(world: HubWorld):
    """Inside one set too, an op based on a void one is based on what that one had read."""
    site = world.site("a")
    read = walk(world, site, "open")
    illegal = draft_of("visit", VISIT, {"status": "closed"}, based_on=(read,))
    made = site.write(illegal, draft_of("visit", VISIT, {"status": "completed"}, based_on=(_next_op(site),)))

    receipt = world.receipt(world.push_one(made))

    assert [void.index for void in receipt.voids] == [0]
    assert world.shown("visit", VISIT)["status"] == "completed"


def test_what_builds_on_a_refused_set_builds_on_what_that_was_built_on(world: HubWorld):
    """The ops of a refused set are void as well, and its followers replace what it had read."""
    site = world.site("a")
    read = walk(world, site, "open")
    refused = site.write(
        draft_of("visit", VISIT, {"ro_no": "RO-2"}, based_on=(read,)),
        draft_of("campaign", record("campaign"), {"campaign_no": "C"}),
    )
    world.push_one(refused)

    world.push_one(site.write(draft_of("visit", VISIT, {"ro_no": "RO-3"}, based_on=(refused.op(),))))

    assert world.shown("visit", VISIT)["ro_no"] == "RO-3"
    assert world.show("visit", VISIT).contests == ()


def _both(read: OpId) -> tuple[Draft, Draft]:
    illegal = draft_of("visit", VISIT, {"status": "closed"}, based_on=(read,))
    return illegal, draft_of("vehicle", CAR, {"color": "red"})


def _next_op(site: SiteAuthor) -> OpId:
    """The id of the first op of the set that the author is about to write."""
    return OpId(fixed(f"nonce {site.name} {len(site.made) + 1}", 14) + bytes(2))
