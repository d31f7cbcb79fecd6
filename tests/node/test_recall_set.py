"""The recall lists of a node: which manifest is taken, by which steps a list is reached, what stays in use."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet_node.core.line.inbox import apply_page
from carnet_node.core.node import DeskSettings, Node
from carnet_node.core.recalls.recall_check import RecallState, check_recalls
from carnet_node.core.recalls.recall_set import (
    Missing,
    is_manifest_due,
    manifest_state,
    missing_segments,
    since_position,
    take_manifest,
    take_steps,
)
from carnet_protocol.errors import Malformed, NotAuthentic, OutOfOrder
from carnet_protocol.reasons import Reason
from carnet_protocol.recall_lists import (
    ListEntry,
    ListKind,
    SegmentRef,
    encode_step,
    step_between,
)
from carnet_protocol.segments import decode_segment, encode_segment, segment_hash
from support.model_hub import ModelHub
from support.node_builder import HUB_EPOCH, START_MS, TestClock, build_node, rows_of
from support.offline_lists import Lists, begun, fetched
from support.recall_lists import announce, receive
from support.vins import make_vins

CARS = make_vins(12)
MANY = make_vins(300)
CAR, OTHER, THIRD = CARS[:3]
STALE_MS = DeskSettings().recall_stale_after_ms


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node."""
    return build_node(tmp_path)


def state_of(node: Node, vin: str) -> tuple[RecallState, bool, bool]:
    """The answer; whether it is done elsewhere; whether the car is gone."""
    answer = check_recalls(node, vin)
    return answer.state, any(hit.is_done_elsewhere for hit in answer.hits), any(hit.is_gone for hit in answer.hits)


def test_what_another_dealer_did_is_done_here_too(node: Node, hub: ModelHub):
    """A remedied car is clear, its neighbour is not, and the answer says for when that is known."""
    lists = begun(node, hub, CARS)
    lists.put(ListKind.REMEDIED, [CAR])

    fetched(node, lists)

    assert state_of(node, CAR) == (RecallState.CLEAR, True, False)
    assert state_of(node, OTHER) == (RecallState.HIT, False, False)
    assert check_recalls(node, CAR).lists_as_of_ms == START_MS


def test_a_car_that_the_hub_calls_gone_is_a_hit_and_an_alarm(node: Node, hub: ModelHub):
    """A scrapped car that stands here has its recall open, and wants somebody to look."""
    lists = begun(node, hub, CARS)
    lists.put(ListKind.REMOVED, [CAR])

    fetched(node, lists)

    assert state_of(node, CAR) == (RecallState.HIT, False, True)


def test_a_list_that_is_too_old_makes_nothing_clear(node: Node, hub: ModelHub):
    """Who was done elsewhere is not believed for ever: the car is a hit again."""
    lists = begun(node, hub, CARS)
    lists.put(ListKind.REMEDIED, [CAR])
    fetched(node, lists)
    assert isinstance(node.clock, TestClock)

    node.clock.ms += STALE_MS + 1

    assert state_of(node, CAR)[0] is RecallState.HIT


def test_a_new_plan_is_reached_by_its_step(node: Node, hub: ModelHub):
    """Of a plan with more vehicles only the step is fetched."""
    lists = begun(node, hub, MANY[:290])
    announce(hub, lists.put(ListKind.MEMBERS, MANY), count=300, based_on=lists.base)
    apply_page(node, hub.page(node))

    stored, link = fetched(node, lists)

    assert (stored, link.calls.count("segment"), missing_segments(node)) == (1, 1, ())
    assert state_of(node, MANY[299])[0] is RecallState.HIT


histories = st.lists(st.sets(st.sampled_from(CARS), min_size=1), min_size=1, max_size=5)


@settings(max_examples=12, deadline=None)
@given(history=histories, data=st.data())
def test_however_long_a_node_was_away_it_arrives_at_the_same_list(history, data, tmp_path_factory):
    """After any history, seen from any day on, exactly those are done who are on the last list."""
    node, hub = build_node(tmp_path_factory.mktemp("node")), ModelHub()
    lists = begun(node, hub, CARS)
    seen = data.draw(st.sets(st.integers(0, len(history) - 1)))

    for day, vins in enumerate(history):
        lists.put(ListKind.REMEDIED, sorted(vins))
        if day in seen:
            fetched(node, lists)
    fetched(node, lists)

    assert {vin for vin in CARS if state_of(node, vin)[1]} == history[-1]


def test_steps_are_fetched_from_where_the_node_stands(node: Node, hub: ModelHub):
    """One that was away for two days takes two steps; a new one takes the list."""
    lists = begun(node, hub, CARS)
    lists.put(ListKind.REMEDIED, CARS[:9])
    take_manifest(node, lists.signed())
    assert missing_segments(node) == (Missing(lists.entries[1].segments[0].sha256),)
    start = lists.entries[1].segments[0].sha256
    fetched(node, lists)
    lists.put(ListKind.REMEDIED, CARS[:10])
    lists.put(ListKind.REMEDIED, CARS[:11])
    ref = lists.entries[1].segments[0]
    long = replace_size(lists, ref)

    take_manifest(node, long.signed())

    steps = tuple(step.sha256 for step in ref.trail)
    assert missing_segments(node) == (Missing(ref.sha256, steps, start),)


def replace_size(lists: Lists, ref: SegmentRef) -> Lists:
    """The same lists, the whole said to be large."""
    entry = lists.entries[1]
    large = SegmentRef(ref.sha256, 1_000_000, ref.members, ref.trail)
    return replace(lists, entries={**lists.entries, 1: ListEntry(entry.campaign, 1, entry.changed, [large])})


def two_days(node: Node, hub: ModelHub) -> tuple[Lists, Missing]:
    """A node with yesterday's list of the remedied, which wants today's by one step."""
    lists = begun(node, hub, CARS)
    lists.put(ListKind.REMEDIED, [CAR])
    fetched(node, lists)
    lists.put(ListKind.REMEDIED, [CAR, OTHER])
    take_manifest(node, replace_size(lists, lists.entries[1].segments[0]).signed())
    (missing,) = missing_segments(node)
    assert missing.steps
    return lists, missing


@pytest.mark.parametrize("harm", ["torn", "of another campaign", "leads elsewhere"])
def test_a_step_that_does_not_fit_changes_nothing(node: Node, hub: ModelHub, tmp_path: Path, harm: str):
    """The list of yesterday stays in use, to the last row."""
    lists, missing = two_days(node, hub)
    step = lists.files[missing.steps[0]]
    elsewhere = encode_step(step_between(decode_segment(encode_segment([])), decode_segment(encode_segment([THIRD]))))
    sent = step[:-1] if harm == "torn" else elsewhere
    asked = missing if harm != "leads elsewhere" else replace(missing, steps=(segment_hash(elsewhere),))
    before = rows_of(tmp_path)

    with pytest.raises(Malformed) as refused:
        take_steps(node, asked, [sent])

    assert refused.value.reason is Reason.BAD_SEGMENT
    assert rows_of(tmp_path) == before
    assert state_of(node, CAR) == (RecallState.CLEAR, True, False)


def test_after_a_torn_step_the_list_is_fetched_whole(node: Node, hub: ModelHub):
    """A step is a short cut: when it is damaged, the long way is taken at once."""
    lists, missing = two_days(node, hub)

    stored, _ = fetched(node, lists, **{f"h{missing.steps[0].hex()}": lists.files[missing.steps[0]][:-1]})

    assert (stored, state_of(node, OTHER)) == (1, (RecallState.CLEAR, True, False))


def test_steps_that_are_gone_are_followed_by_the_list(node: Node, hub: ModelHub):
    """A step that the hub no longer has is no reason to go without the list."""
    lists, missing = two_days(node, hub)
    del lists.files[missing.steps[0]]

    stored, _ = fetched(node, lists)

    assert (stored, state_of(node, OTHER)) == (1, (RecallState.CLEAR, True, False))


def test_a_list_that_is_gone_stops_no_other(node: Node, hub: ModelHub):
    """The other lists are stored; the next round asks for a newer manifest, and the one after that for none."""
    lists = begun(node, hub, CARS)
    lists.put(ListKind.REMEDIED, [CAR])
    gone = lists.entries[ListKind.REMEDIED].segments[0].sha256
    lists.put(ListKind.REMOVED, [OTHER])
    content = lists.files.pop(gone)

    stored, _ = fetched(node, lists)
    is_due = is_manifest_due(node)
    lists.files[gone] = content
    again, _ = fetched(node, lists)

    assert (stored, is_due) == (1, True)
    assert (again, is_manifest_due(node), missing_segments(node)) == (1, False, ())


def test_a_torn_list_leaves_the_former_one_in_use(node: Node, hub: ModelHub):
    """What was known yesterday is answered today, and the list is still wanted."""
    lists = begun(node, hub, CARS)
    lists.put(ListKind.REMEDIED, [CAR])
    fetched(node, lists)
    content = lists.put(ListKind.REMEDIED, [THIRD])
    name = lists.entries[1].segments[0].sha256

    torn = replace(lists, files=dict.fromkeys(lists.files, b"torn"))
    stored, _ = fetched(node, torn, **{f"h{name.hex()}": content[:-1]})

    assert (stored, [state_of(node, vin)[1] for vin in (CAR, THIRD)]) == (0, [True, False])
    assert [one.name for one in missing_segments(node)] == [name]


def test_while_new_members_are_missing_the_former_ones_are_hits(node: Node, hub: ModelHub):
    """A plan whose list has not arrived stops the cars of the plan before, and clears nobody."""
    lists = begun(node, hub, [CAR])
    announce(hub, encode_segment([CAR, OTHER]), count=2, based_on=lists.base)

    receive(node, hub)

    assert [state_of(node, vin)[0] for vin in (CAR, OTHER, THIRD)] == [
        RecallState.HIT,
        RecallState.UNKNOWN,
        RecallState.UNKNOWN,
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"position": 1}, Reason.OLDER_LISTS, id="of an earlier position"),
        pytest.param({"made_ms": START_MS - 1}, Reason.OLDER_LISTS, id="made earlier at the same position"),
        pytest.param({"hub_epoch": b"restored"}, Reason.HUB_EPOCH_CHANGED, id="of another history"),
    ],
)
def test_an_older_manifest_is_refused_and_the_newer_kept(
    node: Node, hub: ModelHub, tmp_path: Path, changes: dict[str, Any], reason: Reason
):
    """Replayed, or of a hub that was put back to yesterday: refused by name, and nothing changes."""
    lists = begun(node, hub, CARS)
    lists.put(ListKind.REMEDIED, [CAR])
    fetched(node, lists)
    before = rows_of(tmp_path)

    with pytest.raises(OutOfOrder) as refused:
        take_manifest(node, lists.signed(**changes))

    assert refused.value.reason is reason
    assert rows_of(tmp_path) == before


def test_the_same_manifest_again_is_no_news(node: Node, hub: ModelHub):
    """A stick may bring what the line brought."""
    lists = begun(node, hub, CARS)
    lists.put(ListKind.REMEDIED, [CAR])

    assert [take_manifest(node, lists.signed()) for _ in range(2)] == [True, False]


def test_a_manifest_that_the_hub_did_not_sign_is_refused(node: Node, hub: ModelHub, tmp_path: Path):
    """One changed byte, and nothing is taken."""
    lists = begun(node, hub, CARS)
    message = bytearray(lists.signed())
    message[-1] ^= 1
    before = rows_of(tmp_path)

    with pytest.raises(NotAuthentic):
        take_manifest(node, bytes(message))

    assert rows_of(tmp_path) == before


def test_changes_that_do_not_add_up_are_asked_for_as_a_whole(node: Node, hub: ModelHub):
    """A node that has lost an entry finds it out by the root, and asks for everything."""
    lists = begun(node, hub, CARS)
    lists.put(ListKind.REMOVED, [THIRD])
    fetched(node, lists)
    with node.store.write() as tx:
        tx.lists.drop_entries()
    lists.put(ListKind.REMEDIED, [CAR])

    _, link = fetched(node, lists)

    assert link.calls.count("recall lists") == 2
    assert [state_of(node, vin)[1:] for vin in (CAR, THIRD)] == [(True, False), (False, True)]


def test_a_refused_manifest_does_not_stop_the_lists(node: Node, hub: ModelHub):
    """Members that are missing come all the same; the refusal is raised after them."""
    lists = begun(node, hub, [CAR])
    take_manifest(node, lists.signed(position=50))
    announce(hub, lists.put(ListKind.MEMBERS, [CAR, OTHER]), count=2, based_on=lists.base)
    apply_page(node, hub.page(node))

    with pytest.raises(OutOfOrder):
        fetched(node, lists)

    assert state_of(node, OTHER)[0] is RecallState.HIT


def test_without_a_published_recall_nothing_is_asked_for(node: Node):
    """Most rounds of a new network carry no word about lists."""
    stored, link = fetched(node, Lists())

    assert (stored, link.calls) == (0, [])


def test_a_node_asks_for_what_changed_behind_its_manifest(node: Node, hub: ModelHub):
    """Its position is the one of the manifest in use, 0 before the first."""
    lists = begun(node, hub, CARS)
    before = since_position(node)
    lists.put(ListKind.REMEDIED, [CAR])

    take_manifest(node, lists.signed())

    assert (before, since_position(node)) == (0, 2)
    with node.store.read() as tx:
        assert manifest_state(tx).hub_epoch == HUB_EPOCH
