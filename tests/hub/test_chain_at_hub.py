"""The chain of a node at the hub: forks, replays, reused identities, sets out of order, new epochs."""

from dataclasses import replace
from pathlib import Path

from carnet_hub.adapters.store import open_store
from carnet_hub.core import rows
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_protocol.changeset import EpochOrigin
from carnet_protocol.messages import PushCode
from carnet_protocol.reasons import Reason
from support.authors import SiteAuthor
from support.hub_world import CAR, HubWorld, car, customer
from support.protocol import fixed


def test_a_fork_keeps_both_bodies_and_the_first_one_s_effect(world: HubWorld):
    """Another set at a known seq is a fork: it is kept as evidence, and no record differs."""
    site = world.site("a")
    world.push_one(site.write(car(color="red")))
    twin = SiteAuthor("a", "a", hub_epoch=site.hub_epoch, wall_ms=site.wall_ms + 1)
    before = world.digest((rows.LogRow, *rows.PROJECTIONS))

    answer = world.push_one(twin.write(car(color="blue")))

    assert (answer.code, answer.reason, answer.receipt) == (PushCode.FORK, Reason.FORK.value, None)
    assert world.digest((rows.LogRow, *rows.PROJECTIONS)) == before
    with world.hub.store.read() as snapshot:
        assert [row.message for row in snapshot.evidence(site.node_id, 10)] == [twin.made[0].message]


def test_a_replayed_fork_is_kept_once(world: HubWorld):
    """The same forked body pushed many times fills nothing."""
    site = world.site("a")
    world.push_one(site.write(car()))
    twin = SiteAuthor("a", "a", hub_epoch=site.hub_epoch, wall_ms=site.wall_ms + 1)
    forked = twin.write(car(color="blue"))

    for _ in range(3):
        world.push_one(forked)

    with world.hub.store.read() as snapshot:
        assert len(snapshot.evidence(site.node_id, 10)) == 1


def test_a_reused_nonce_with_other_ops_is_a_fork(world: HubWorld):
    """A set that takes the identity of another with different ops is turned away and kept as evidence."""
    site = world.site("a")
    first = site.write(car(color="red"))
    world.push_one(first)
    other = SiteAuthor("x").write(car(color="blue"))

    answer = world.push_one(site.emit(other.ops_bytes, b"", first.nonce, 1))

    assert (answer.code, answer.reason) == (PushCode.FORK, Reason.NONCE_REUSED.value)
    assert world.shown("vehicle", CAR)["color"] == "red"


def test_another_site_cannot_take_over_a_nonce(world: HubWorld):
    """A set with the nonce and the ops of another site's set is no duplicate."""
    first = world.site("a").write(car(color="red"))
    world.push_one(first)
    other = world.site("b")

    answer = world.push_one(other.emit(first.ops_bytes, b"", first.nonce, 1))

    assert (answer.code, answer.reason) == (PushCode.FORK, Reason.NONCE_REUSED.value)


def test_a_replayed_set_is_a_duplicate_without_effect(world: HubWorld):
    """A set that arrives again changes no table."""
    made = world.site("a").write(car())
    first = world.push_one(made)
    before = world.digest()

    again = world.push_one(made)

    assert (again.code, again.receipt) == (PushCode.DUPLICATE, first.receipt)
    assert world.digest() == before


def test_reordered_sets_are_taken_in_the_order_of_their_chain(world: HubWorld):
    """A set ahead of its chain is a gap that names what is missing; afterwards it is accepted."""
    site = world.site("a")
    first, second, third = site.write(car()), site.write(car(color="red")), site.write(car(color="blue"))

    answers = world.push(third, second, first, second, third)

    assert [(answer.code, answer.expected_seq) for answer in answers] == [
        (PushCode.GAP, 1),
        (PushCode.GAP, 1),
        (PushCode.ACCEPTED, None),
        (PushCode.ACCEPTED, None),
        (PushCode.ACCEPTED_WITH_CONFLICTS, None),
    ]


def test_a_set_emitted_again_under_a_new_epoch_is_a_duplicate(world: HubWorld):
    """A known set at a new place of its node's chain gets its first receipt and has no second effect."""
    site = world.site("a")
    first = site.write(car(color="red"))
    receipt = world.push_one(first).receipt
    site.open_epoch()
    again = site.emit_again(first)
    state = world.digest((rows.RecordRow, rows.FeedRow))

    answer = world.push_one(again)

    assert (answer.code, answer.receipt) == (PushCode.DUPLICATE, receipt)
    assert world.digest((rows.RecordRow, rows.FeedRow)) == state


def test_the_chain_goes_on_behind_a_set_emitted_again(world: HubWorld):
    """A re-emitted set holds its place in the new epoch, so the next one links to it."""
    site = world.site("a")
    first = site.write(car(color="red"))
    world.push_one(first)
    site.open_epoch()

    answers = world.push(site.emit_again(first), site.write(customer()))

    assert [answer.code for answer in answers] == [PushCode.DUPLICATE, PushCode.ACCEPTED]


def test_another_node_of_the_site_may_emit_a_restored_set(world: HubWorld):
    """A new machine of the same site that sends a restored set again gets the first one's receipt."""
    first = world.site("a").write(car(color="red"))
    receipt = world.push_one(first).receipt

    answer = world.push_one(world.site("a2", "a").emit_again(first))

    assert (answer.code, answer.receipt) == (PushCode.DUPLICATE, receipt)


def test_a_new_epoch_continues_the_old_one(world: HubWorld):
    """An epoch whose parent is the node's own head opens, and its sets are accepted."""
    site = world.site("a")
    world.push_one(site.write(car()))
    site.open_epoch()

    answers = world.push(site.write(car(color="red")), site.write(customer()))

    assert [answer.code for answer in answers] == [PushCode.ACCEPTED, PushCode.ACCEPTED]


def test_an_epoch_with_a_foreign_parent_is_a_fork(world: HubWorld):
    """A parent that names another hash than the one held is a fork."""
    site = world.site("a")
    world.push_one(site.write(car()))
    site.open_epoch()
    site.origin = EpochOrigin(site.origin.parent_epoch, 1, fixed("elsewhere", 32), 1)
    site.prev = site.origin.parent_hash

    answer = world.push_one(site.write(car(color="red")))

    assert (answer.code, answer.reason) == (PushCode.FORK, Reason.FORK.value)


def test_a_second_first_epoch_is_a_fork(world: HubWorld):
    """A node that has a history cannot begin without a parent."""
    site = world.site("a")
    world.push_one(site.write(car()))
    twin = SiteAuthor("a", "a", hub_epoch=site.hub_epoch, epoch_ordinal=7)

    answer = world.push_one(twin.write(car(color="red")))

    assert (answer.code, answer.reason) == (PushCode.FORK, Reason.FORK.value)


def test_a_closed_epoch_still_takes_what_extends_it(world: HubWorld):
    """A set of an old bundle that continues a closed epoch is welcome."""
    site = world.site("a")
    first, late = site.write(car()), site.write(customer("late"))
    world.push_one(first)
    site.step_back(first)
    site.open_epoch()
    world.push_one(site.write(customer("new")))

    assert world.push_one(late).code == PushCode.ACCEPTED


def test_a_closed_epoch_refuses_another_set_at_a_known_seq(world: HubWorld):
    """Another body at a known seq of a closed epoch is a fork as well."""
    site = world.site("a")
    first = site.write(car())
    world.push_one(first)
    site.open_epoch()
    world.push_one(site.write(customer("new")))
    twin = SiteAuthor("a", "a", hub_epoch=site.hub_epoch, wall_ms=site.wall_ms + 1)

    assert world.push_one(twin.write(car(color="blue"))).code == PushCode.FORK


def test_an_epoch_whose_parent_is_still_to_come_waits(world: HubWorld):
    """A parent epoch that this hub has never seen makes the new one wait for it."""
    site = world.site("a")
    world.push_one(site.write(car()))
    site.open_epoch()
    unsent = site.write(customer("unsent"))
    site.open_epoch()

    answers = [world.push_one(site.write(customer("next"))), world.push_one(unsent), world.push_one(site.made[-1])]

    assert [answer.code for answer in answers] == [PushCode.GAP, PushCode.ACCEPTED, PushCode.ACCEPTED]


def test_a_duplicate_with_another_opening_changes_nothing(world: HubWorld):
    """A known set beside other bytes is a duplicate; the bytes are not looked at."""
    made = world.site("a").write(customer())
    first = world.push_one(made)
    before = world.digest()

    again = world.push_one(replace(made, opening=b"\x80"))

    assert (again.receipt, world.digest()) == (first.receipt, before)


def test_a_set_of_the_hub_that_is_offered_back_is_a_duplicate(world: HubWorld):
    """What a node keeps of the hub's own sets is recognised when it is pushed."""
    site = world.site("a")
    (kept,) = world.page(site).hub_sets
    before = world.digest()

    (answer,) = receive_sets(world.hub, [(kept.message, kept.opening)])

    assert (answer.code, world.digest()) == (PushCode.DUPLICATE, before)


def test_a_hub_that_lost_everything_takes_its_own_sets_back(world: HubWorld, tmp_path: Path):
    """The same hub on an empty database accepts its own enrolments again, and then the node's work."""
    site = world.site("a")
    made = site.write(car(color="red"))
    world.push_one(made)
    kept = world.page(site).hub_sets
    store = open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    store.make_tables()
    empty = world.as_worker(store)

    answers = receive_sets(empty.hub, [(one.message, one.opening) for one in kept])

    assert [answer.code for answer in answers] == [PushCode.ACCEPTED]
    assert empty.push_one(made).code == PushCode.ACCEPTED
    assert empty.shown("vehicle", CAR)["color"] == "red"
