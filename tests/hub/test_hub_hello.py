"""Hello at the hub: the four situations of a node, and what is remembered of it."""

import pytest

from carnet_hub.core.exchange.hello import answer_hello, note_failure
from carnet_hub.core.rows import NodeStatusRow
from carnet_protocol.envelope import Purpose
from carnet_protocol.hello import HelloAnswer, Situation
from carnet_protocol.messages import sign_frame
from carnet_protocol.reasons import Reason
from support.authors import MadeSet, SiteAuthor
from support.hub_world import HubWorld, car, customer, hello_of

DAY_MS = 24 * 3600 * 1000


def say_hello(world: HubWorld, site: SiteAuthor, **changes: object) -> HelloAnswer:
    """The hub's answer to a node that stands where its author stands."""
    hello = hello_of(site, **changes)
    return answer_hello(world.hub, hello, sign_frame(hello, Purpose.HELLO, world.hub.hub_id, site.signer))


def say_by_stick(world: HubWorld, site: SiteAuthor, **changes: object) -> HelloAnswer:
    """The answer to one that was packed into a bundle."""
    return say_hello(world, site, challenge=b"", **changes)


def status(world: HubWorld, site: SiteAuthor) -> NodeStatusRow:
    """What the hub remembers of a node."""
    with world.hub.store.read() as snapshot:
        return snapshot.statuses([site.node_id])[site.node_id]


def pairs(answer: HelloAnswer) -> list[tuple[bytes, bytes]]:
    """The lost sets of an answer, as they were pushed."""
    return [(one.message, one.opening) for one in answer.lost_sets]


def pushed(world: HubWorld, site: SiteAuthor, count: int) -> list[MadeSet]:
    """Sets of a site that the hub has."""
    made = [site.write(customer(f"{site.name} {number}")) for number in range(count)]
    world.push(*made)
    return made


def test_a_node_without_history_goes_on(world: HubWorld):
    """A node the hub holds nothing of is told so and goes on."""
    answer = say_hello(world, world.site("a"))

    assert (answer.situation, answer.held_seq, answer.held_hash) == (Situation.GO, 0, bytes(32))


def test_a_node_that_is_level_goes_on(world: HubWorld):
    """A node whose head is the one held goes on behind it."""
    site = world.site("a")
    made = pushed(world, site, 3)

    answer = say_hello(world, site)

    assert (answer.situation, answer.held_seq, answer.held_hash) == (Situation.GO, 3, made[-1].set_hash)


def test_a_node_that_is_ahead_goes_on(world: HubWorld):
    """A node with unsent sets is told what is held and goes on."""
    site = world.site("a")
    made = pushed(world, site, 2)
    site.write(customer("unsent"))

    answer = say_hello(world, site)

    assert (answer.situation, answer.held_seq, answer.held_hash) == (Situation.GO, 2, made[-1].set_hash)


def test_a_rolled_back_node_gets_its_own_sets_back(world: HubWorld):
    """A node whose head lies behind what is held receives the sets it has lost, with their values, oldest first."""
    site = world.site("a")
    made = pushed(world, site, 4)
    site.step_back(made[1])

    answer = say_hello(world, site)

    assert (answer.situation, answer.held_seq) == (Situation.ROLLED_BACK, 4)
    assert pairs(answer) == [one.pushed for one in made[2:]]


def test_a_node_that_lost_everything_gets_everything_back(world: HubWorld):
    """A node that says hello with nothing in a known epoch receives all of its sets."""
    site = world.site("a")
    made = pushed(world, site, 2)

    answer = say_hello(world, site, head_seq=0, head_hash=bytes(32))

    assert pairs(answer) == [one.pushed for one in made]


def test_lost_sets_come_in_pieces(world: HubWorld):
    """One answer carries about a megabyte of lost sets; the next hello brings the rest."""
    site = world.site("a")
    big = {f"note {number}": "x" * 4000 for number in range(250)}
    made = [
        site.write(*(customer(f"{turn} {name}", note=text) for name, text in list(big.items())[:60]))
        for turn in range(6)
    ]
    world.push(*made)

    answer = say_hello(world, site, head_seq=0, head_hash=bytes(32))

    assert 0 < len(answer.lost_sets) < len(made)
    last = made[len(answer.lost_sets) - 1]
    rest = say_hello(world, site, head_seq=last.link.seq, head_hash=last.set_hash)
    assert [*pairs(answer), *pairs(rest)] == [one.pushed for one in made]


def test_another_set_at_a_known_seq_is_a_fork(world: HubWorld):
    """A node whose head differs from the set held at that seq has forked."""
    site = world.site("a")
    pushed(world, site, 2)

    answer = say_hello(world, site, head_seq=1, head_hash=b"x" * 32)

    assert answer.situation == Situation.FORK


def test_a_copy_under_an_old_epoch_is_superseded(world: HubWorld):
    """Once a newer epoch is open, a hello under the old one means that another copy has taken over."""
    site = world.site("a")
    made = pushed(world, site, 1)
    site.open_epoch()
    world.push_one(site.write(car()))
    old = SiteAuthor("a", "a", hub_epoch=site.hub_epoch)
    old.step_back(made[0])

    answer = say_hello(world, old)

    assert answer.situation == Situation.SUPERSEDED


def test_the_new_copy_goes_on(world: HubWorld):
    """The node under the newest epoch is not superseded by its own past."""
    site = world.site("a")
    pushed(world, site, 1)
    site.open_epoch()
    world.push_one(site.write(car()))

    assert say_hello(world, site).situation == Situation.GO


def test_an_epoch_that_has_sent_nothing_yet_goes_on(world: HubWorld):
    """A freshly opened epoch is unknown to the hub and goes on from nothing."""
    site = world.site("a")
    pushed(world, site, 1)
    site.open_epoch()

    answer = say_hello(world, site)

    assert (answer.situation, answer.held_seq) == (Situation.GO, 0)


def test_a_lost_set_that_had_been_emitted_again_keeps_its_values(world: HubWorld):
    """The values beside a re-emitted set come from its first arrival."""
    site = world.site("a")
    (first,) = pushed(world, site, 1)
    site.open_epoch()
    again = site.emit_again(first)
    world.push_one(again)

    answer = say_hello(world, site, head_seq=0, head_hash=bytes(32))

    assert pairs(answer)[-1] == (again.message, first.opening)


def test_the_hub_remembers_what_a_node_said(world: HubWorld):
    """Queue, age, cursor, clock and software of the last hello are kept."""
    site = world.site("a")
    say_hello(world, site, unsent_sets=4, oldest_unsent_ms=77, cursor=9, wall_ms=world.clock.ms - 5_000)

    with world.hub.store.read() as snapshot:
        row = snapshot.statuses([site.node_id])[site.node_id]
    assert (row.unsent_sets, row.oldest_unsent_ms, row.cursor) == (4, 77, 9)
    assert (row.clock_offset_ms, row.last_seen_ms, row.software) == (5_000, world.clock.ms, "tests")


def test_the_way_of_a_stick_is_no_error_of_the_clock(world: HubWorld):
    """A hello by stick was signed when it was packed: the clock differs by what the line had shown."""
    site = world.site("a")
    say_hello(world, site, wall_ms=world.clock.ms - 5_000)
    world.clock.ms += 5 * DAY_MS

    say_by_stick(world, site, head_seq=1, wall_ms=world.clock.ms - 2 * DAY_MS)

    assert status(world, site).clock_offset_ms == 5_000


@pytest.mark.parametrize(
    ("packed", "kept"),
    [
        pytest.param({"head_seq": 8}, (8, 1), id="its chain is further on"),
        pytest.param({"head_seq": 7, "cursor": 10}, (7, 1), id="it had read further"),
        pytest.param({"head_seq": 1, "epoch_ordinal": 2}, (1, 1), id="a newer epoch"),
        pytest.param({"head_seq": 6, "cursor": 10}, (7, 0), id="packed before that hello"),
        pytest.param({"head_seq": 7}, (7, 0), id="nothing new"),
    ],
)
def test_a_stick_takes_no_newer_hello_s_place(world: HubWorld, packed: dict[str, int], kept: tuple[int, int]):
    """Which hello is newer is told by chain and cursor, whatever any clock says; of an older one nothing is kept."""
    site = world.site("a")
    said_ms = world.clock.ms
    say_hello(world, site, head_seq=7, cursor=9)
    world.clock.ms += DAY_MS

    say_by_stick(world, site, **{"cursor": 9, "wall_ms": world.clock.ms + DAY_MS, **packed})

    found = status(world, site)
    assert (found.head_seq, (found.last_seen_ms - said_ms) // DAY_MS) == kept


def test_a_stick_of_the_present_history_takes_the_place_of_a_hello_of_an_ended_one(world: HubWorld):
    """What a node said before the hub was restored is no measure of what it says since."""
    site = world.site("a")
    say_hello(world, site, head_seq=7, cursor=9, hub_epoch=b"ended..!")

    say_by_stick(world, site, head_seq=7, cursor=3)

    assert status(world, site).cursor == 3


def test_failed_attempts_are_counted_until_the_next_hello(world: HubWorld):
    """Refused attempts add up with their last reason, and a hello that works ends the count."""
    site = world.site("a")
    note_failure(world.hub, site.node_id, Reason.BAD_SIGNATURE)
    note_failure(world.hub, site.node_id, Reason.STALE_CHALLENGE)

    with world.hub.store.read() as snapshot:
        failing = snapshot.statuses([site.node_id])[site.node_id]
    say_hello(world, site)
    with world.hub.store.read() as snapshot:
        healthy = snapshot.statuses([site.node_id])[site.node_id]
    assert (failing.failures, failing.last_failure) == (2, Reason.STALE_CHALLENGE.value)
    assert (healthy.failures, healthy.last_failure) == (0, "")


def test_a_name_that_a_database_cannot_hold_is_cleaned(world: HubWorld):
    """Control characters in what a node calls itself are dropped."""
    site = world.site("a")

    say_hello(world, site, software="carnet\x00 1")

    with world.hub.store.read() as snapshot:
        assert snapshot.statuses([site.node_id])[site.node_id].software == "carnet 1"
