"""Steps between the states of a recall list, and the manifest that names them."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol import cbor
from carnet_protocol.envelope import Purpose
from carnet_protocol.errors import Malformed, NotAuthentic
from carnet_protocol.ids import HubId
from carnet_protocol.limits import HELD_LISTS_MAX
from carnet_protocol.messages import sign_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.recall_lists import (
    NOBODY,
    ListEntry,
    RecallManifest,
    Step,
    apply_step,
    decode_held,
    decode_step,
    encode_held,
    encode_members,
    encode_step,
    join_steps,
    read_manifest,
    root_of,
    step_between,
)
from carnet_protocol.segments import Segment, decode_segment, encode_segment, join_vin
from support.frames import LIST_ENTRY, RECALL_MANIFEST
from support.protocol import HUB, fixed, signer
from support.vins import with_wrong_digit

PREFIXES = ("LSVAB2C3RA", "LSVAB2C3RB")
CARS = [join_vin(prefix, serial) for prefix in PREFIXES for serial in (0, 1, 127, 128, 70_000)]
ANYBODY = [*CARS, *map(with_wrong_digit, CARS[:2]), "JZX1001234567"]

sets = st.sets(st.sampled_from(ANYBODY))
histories = st.lists(sets, min_size=2, max_size=6)


def listed(vins: set[str]) -> Segment:
    """A set of vehicles as a list."""
    return decode_segment(encode_segment(vins))


def steps_of(history: Sequence[set[str]]) -> list[Step]:
    """The step from each state to the next."""
    states = [listed(one) for one in history]
    return [step_between(earlier, later) for earlier, later in pairwise(states)]


def joined(steps: Sequence[Step]) -> Step:
    """Several steps as one."""
    first, *rest = steps
    for one in rest:
        first = join_steps(first, one)
    return first


@given(histories)
def test_steps_lead_from_the_first_state_to_the_last(history: list[set[str]]):
    """Applied one after the other they give the set at the end, byte for byte."""
    state = listed(history[0])
    for step in steps_of(history):
        state = apply_step(state, step)

    assert encode_members(state) == encode_segment(history[-1])


@given(histories, st.data())
def test_joined_steps_lead_on_from_every_state_between(history: list[set[str]], data: st.DataObject):
    """A node at any state that a joined step covers arrives at the same end."""
    start = data.draw(st.integers(0, len(history) - 1))

    behind = apply_step(listed(history[start]), joined(steps_of(history)))

    assert encode_members(behind) == encode_segment(history[-1])


@given(sets, sets)
def test_a_step_taken_twice_is_a_step_taken_once(before: set[str], after: set[str]):
    """What a stick brings again changes nothing more."""
    step = step_between(listed(before), listed(after))

    assert apply_step(apply_step(listed(before), step), step) == listed(after)


@given(histories)
def test_joining_is_the_same_in_any_grouping(history: list[set[str]]):
    """Which of the older steps a hub joins first leaves no trace in the bytes."""
    steps = steps_of(history)
    backwards = steps[-1]
    for one in reversed(steps[:-1]):
        backwards = join_steps(one, backwards)

    assert backwards == joined(steps)


@given(sets, sets.filter(bool))
def test_a_step_comes_back_as_it_was(added: set[str], dropped: set[str]):
    """Its bytes are read as the step they were written from."""
    step = Step(listed(added - dropped), listed(dropped))

    assert decode_step(encode_step(step)) == step


def reading_of(data: bytes) -> bytes | Reason:
    """The step in some bytes, written again, or why there is none."""
    try:
        return encode_step(decode_step(data))
    except Malformed as refusal:
        return refusal.reason


@given(st.binary(max_size=60))
def test_whatever_is_read_as_a_step_was_written_as_one(noise: bytes):
    """Bytes are refused with one reason, or are the form that the writer makes."""
    data = encode_step(Step(listed({CARS[0]}), NOBODY))[: max(0, 40 - len(noise))] + noise

    assert reading_of(data) in (data, Reason.BAD_SEGMENT)


def test_a_thousand_more_vehicles_of_one_line_fit_in_two_thousand_bytes():
    """What a plan adds on one production line costs a byte or two for each vehicle."""
    before = listed({join_vin(PREFIXES[0], 3 * number) for number in range(5_000)})
    after = listed({*before, *(join_vin(PREFIXES[0], 3 * number + 1) for number in range(1_000))})

    assert len(encode_step(step_between(before, after))) < 2_000


def signed(manifest: RecallManifest, purpose: Purpose = Purpose.CHECKPOINT, hub: HubId = HUB) -> bytes:
    """The manifest as the hub sends it."""
    return sign_frame(manifest, purpose, hub, signer("hub key"))


def test_a_signed_manifest_is_read():
    """What the hub signed comes back as it was."""
    message = signed(RECALL_MANIFEST)

    assert read_manifest(message, signer("hub key").public_key, HUB) == RECALL_MANIFEST


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(signed(RECALL_MANIFEST)[:-1] + b"\x00", id="broken signature"),
        pytest.param(signed(RECALL_MANIFEST, Purpose.FEED), id="signed as something else"),
        pytest.param(signed(RECALL_MANIFEST, hub=HubId(fixed("other hub", 16))), id="signed for another hub"),
    ],
)
def test_a_manifest_that_the_hub_did_not_sign_is_refused(message: bytes):
    """A signature that does not hold for this purpose and this hub is none."""
    with pytest.raises(NotAuthentic):
        read_manifest(message, signer("hub key").public_key, HUB)


def test_lists_that_are_not_ascending_are_refused():
    """One manifest has one form: the same list twice is another one."""
    twice = RecallManifest(1, RECALL_MANIFEST.hub_epoch, 9, 0, 0, [LIST_ENTRY, LIST_ENTRY], bytes(32))

    with pytest.raises(Malformed):
        read_manifest(signed(twice), signer("hub key").public_key, HUB)


def test_the_root_is_of_the_lists_and_not_of_their_order():
    """Whoever replaces single entries arrives at the root of the whole; another entry gives another root."""
    other = ListEntry(LIST_ENTRY.campaign, 2, 8, [])

    assert root_of([LIST_ENTRY, other]) == root_of([other, LIST_ENTRY]) != root_of([LIST_ENTRY])
    assert cbor.decode_frame(cbor.encode_frame(other), ListEntry) == other


def test_what_a_node_holds_is_said_once_and_in_order():
    """Whatever the order in which it is found, the bytes are the same."""
    one, other = fixed("one", 32), fixed("other", 32)

    said = encode_held([other, one, other])

    assert said == encode_held([one, other])
    assert decode_held(said) == {one, other}


def test_a_node_that_holds_more_than_can_be_said_leaves_the_last_out():
    """What is not said comes once more, and nothing is refused."""
    names = [number.to_bytes(32, "big") for number in range(HELD_LISTS_MAX + 1)]

    assert decode_held(encode_held(names)) == set(names[:-1])


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(cbor.encode([1, [bytes(31)]]), id="half a hash"),
        pytest.param(cbor.encode([2, []]), id="another version"),
        pytest.param(cbor.encode([1, [bytes(32)] * (HELD_LISTS_MAX + 1)]), id="too many"),
    ],
)
def test_what_no_node_says_of_its_lists_is_refused(said: bytes):
    """A damaged part stops the bundle before a stick is written for it."""
    with pytest.raises(Malformed):
        decode_held(said)
