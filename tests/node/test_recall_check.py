"""Hit, clear or unknown: the recall check at the desk, with the age of its data."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_node.core.commands.recall_work import CompleteRecall, complete_recall, retract_completion
from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import DeskSettings, Node
from carnet_node.core.recalls.recall_check import (
    RecallState,
    check_many,
    check_recalls,
)
from carnet_node.core.recalls.recall_set import Missing, missing_segments, store_segment
from carnet_node.core.showing.views import one_record
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import Malformed
from carnet_protocol.ids import completion_id, vehicle_id
from carnet_protocol.kinds import CAMPAIGN, RECALL_COMPLETION
from carnet_protocol.limits import CLOCK_OFFSET_ALARM_MS
from carnet_protocol.reasons import Reason
from carnet_protocol.recall_doubt import UnknownBecause
from carnet_protocol.segments import encode_segment, segment_hash
from carnet_protocol.vin import VinPolicy
from support.desk import record
from support.exchange import answer, deliver
from support.model_hub import ModelHub, Treatment
from support.node_builder import TestClock, build_node, rows_of
from support.recall_lists import TEXTS, announce, receive
from support.vins import with_wrong_digit

LISTED, ALSO_LISTED, UNLISTED = "1M8GDM9AXKP042788", "1M8GDM9A1KP042789", "LSVAA49J132047371"
FRAME = "AE861234567"
LIST = encode_segment([LISTED, FRAME])
OTHER_LIST = encode_segment([ALSO_LISTED])
STALE_MS = DeskSettings().recall_stale_after_ms


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


def state_of(node: Node, text: str = LISTED) -> tuple[RecallState, UnknownBecause | None]:
    """The answer in two words."""
    answered = check_recalls(node, text)
    return answered.state, answered.because


def wait(node: Node, ms: int) -> None:
    """Time passes at the node."""
    assert isinstance(node.clock, TestClock)
    node.clock.ms += ms


def complete(node: Node, number: int = 1) -> None:
    """The recall is carried out on a visit of this site."""
    visit = record(number)
    command = CompleteRecall(record(70), LISTED, vehicle_id(LISTED), visit, "open", node.clock.now_ms(), "replaced")
    commit(node, complete_recall(command))


def test_a_file_of_cars_is_answered_as_each_car_alone(node: Node, hub: ModelHub):
    """Many cars of one snapshot have the answers that single ones have."""
    announce(hub, LIST, count=2)
    receive(node, hub, LIST)
    cars = [LISTED, ALSO_LISTED, FRAME, UNLISTED, LISTED.lower()]

    assert list(check_many(node, cars)) == [check_recalls(node, car) for car in cars]


def test_a_number_in_a_file_that_can_be_no_vin_is_not_clear(node: Node, hub: ModelHub):
    """It may be mistyped, and nobody is there to be asked; one that is listed as it stands is a hit."""
    announce(hub, LIST, count=2)
    receive(node, hub, LIST)

    found = list(check_many(node, [with_wrong_digit(LISTED), FRAME]))

    assert [(one.state, one.because) for one in found] == [
        (RecallState.UNKNOWN, UnknownBecause.CHECK_DIGIT),
        (RecallState.HIT, None),
    ]


def test_a_piece_of_a_number_is_not_clear(node: Node, hub: ModelHub):
    """Where frame numbers are taken, the end of a VIN looks like a short one; a long one is answered about."""
    announce(hub, LIST, count=2)
    receive(node, hub, LIST)
    abroad = replace(node, settings=replace(node.settings, vin_policy=VinPolicy.LENIENT))

    found = list(check_many(abroad, [UNLISTED[-8:], "JZX1001234567"]))

    assert [(one.state, one.because) for one in found] == [
        (RecallState.UNKNOWN, UnknownBecause.NO_VIN),
        (RecallState.CLEAR, None),
    ]


def test_without_any_data_nothing_is_clear(node: Node):
    """Before the first page the answer is unknown and has no age."""
    answered = check_recalls(node, LISTED)

    assert (answered.state, answered.because) == (RecallState.UNKNOWN, UnknownBecause.NO_DATA)
    assert (answered.as_of_ms, answered.age_ms) == (None, None)


def test_a_listed_car_is_a_hit_with_the_campaigns_texts(node: Node, hub: ModelHub):
    """The desk sees which campaign, what is wrong and what to tell the customer."""
    announce(hub, LIST, count=2)
    receive(node, hub, LIST)

    answered = check_recalls(node, "1m8gdm9a-xkp042788")

    assert (answered.state, answered.identifier, answered.age_ms) == (RecallState.HIT, LISTED, 0)
    assert [(hit.campaign, hit.texts, hit.is_done) for hit in answered.hits] == [(record(70), TEXTS, False)]


@pytest.mark.parametrize(
    ("text", "state"),
    [
        pytest.param(LISTED, RecallState.HIT, id="listed"),
        pytest.param(ALSO_LISTED, RecallState.CLEAR, id="its neighbour"),
        pytest.param(UNLISTED, RecallState.CLEAR, id="another make"),
        pytest.param("ae86-1234567", RecallState.HIT, id="listed frame number"),
        pytest.param("AE861234568", RecallState.CLEAR, id="another frame number"),
    ],
)
def test_the_answer_is_exact(node: Node, hub: ModelHub, text: str, state: RecallState):
    """A neighbour of a listed car is clear, an old frame number is found as listed."""
    announce(hub, LIST, count=2)
    receive(node, hub, LIST)

    assert state_of(node, text) == (state, None)


@pytest.mark.parametrize(
    ("age_ms", "expected"),
    [
        pytest.param(STALE_MS, (RecallState.CLEAR, None), id="just fresh enough"),
        pytest.param(STALE_MS + 1, (RecallState.UNKNOWN, UnknownBecause.STALE), id="a millisecond too old"),
        pytest.param(-CLOCK_OFFSET_ALARM_MS, (RecallState.CLEAR, None), id="the clock went back a little"),
        pytest.param(-CLOCK_OFFSET_ALARM_MS - 1, (RecallState.UNKNOWN, UnknownBecause.CLOCK), id="it went back far"),
    ],
)
def test_stale_data_says_unknown_never_clear(node: Node, hub: ModelHub, age_ms: int, expected: tuple):
    """Beyond the site's limit an unlisted car is unknown, and so it is when the age cannot be known."""
    announce(hub, LIST, count=2)
    receive(node, hub, LIST)

    wait(node, age_ms)

    assert state_of(node, UNLISTED) == expected


def test_a_hit_on_stale_data_stays_a_hit(node: Node, hub: ModelHub):
    """A car that was listed is still stopped, and the screen says how old that is."""
    announce(hub, LIST, count=2)
    receive(node, hub, LIST)

    wait(node, STALE_MS + 1)

    assert state_of(node) == (RecallState.HIT, UnknownBecause.STALE)


def test_the_limit_is_the_sites(tmp_path: Path, hub: ModelHub):
    """A site may set how old recall data may be."""
    node = build_node(tmp_path, settings=replace(DeskSettings(), recall_stale_after_ms=10))
    apply_page(node, hub.page(node))

    wait(node, 11)

    assert state_of(node) == (RecallState.UNKNOWN, UnknownBecause.STALE)


def test_while_a_list_is_missing_nothing_is_clear(node: Node, hub: ModelHub):
    """A campaign whose list has not arrived makes every other car unknown; what is listed already is a hit."""
    announce(hub, LIST, count=2)
    announce(hub, OTHER_LIST, count=1, number=71)
    receive(node, hub, LIST)

    assert missing_segments(node) == (Missing(segment_hash(OTHER_LIST)),)
    assert [state_of(node, one)[0] for one in (LISTED, ALSO_LISTED)] == [RecallState.HIT, RecallState.UNKNOWN]
    assert store_segment(node, OTHER_LIST) == 1
    assert [state_of(node, one)[0] for one in (LISTED, ALSO_LISTED)] == [RecallState.HIT, RecallState.HIT]


@pytest.mark.parametrize("state", ["draft", "withdrawn"])
def test_only_published_campaigns_count(node: Node, hub: ModelHub, state: str):
    """A draft wants no list."""
    announce(hub, LIST, count=2, state=state)

    receive(node, hub)

    assert missing_segments(node) == ()


def test_a_withdrawn_campaign_is_forgotten(node: Node, hub: ModelHub):
    """After a withdrawal the list is dropped and the car is clear."""
    base = announce(hub, LIST, count=2)
    receive(node, hub, LIST)
    hub.write(Draft(CAMPAIGN, record(70), {"state": "withdrawn"}, base))

    receive(node, hub)

    assert state_of(node) == (RecallState.CLEAR, None)
    with node.store.read() as tx:
        assert tx.lists.wanted() == []


def test_a_new_version_of_a_campaign_replaces_its_lists(node: Node, hub: ModelHub):
    """Lists that the new version does not name are dropped, those it keeps are not fetched again."""
    base = announce(hub, LIST, count=2)
    receive(node, hub, LIST)
    announce(hub, LIST, OTHER_LIST, count=3, based_on=base)
    receive(node, hub)

    missing = missing_segments(node)
    store_segment(node, OTHER_LIST)

    assert missing == (Missing(segment_hash(OTHER_LIST)),)
    assert [state_of(node, one)[0] for one in (LISTED, ALSO_LISTED)] == [RecallState.HIT] * 2


@pytest.mark.parametrize(
    ("data", "count"),
    [
        pytest.param(OTHER_LIST, 2, id="no campaign names it"),
        pytest.param(LIST[:-1], 2, id="cut short"),
        pytest.param(b"", 2, id="nothing"),
        pytest.param(LIST, 3, id="fewer members than announced"),
        pytest.param(LIST, 1, id="more members than announced"),
    ],
)
def test_a_list_that_does_not_fit_is_not_stored(tmp_path: Path, hub: ModelHub, data: bytes, count: int):
    """A wrong hash or count leaves everything as it was, and the answer unknown."""
    node = build_node(tmp_path)
    announce(hub, LIST, count=count)
    receive(node, hub)
    before = rows_of(tmp_path)

    with pytest.raises(Malformed) as refused:
        store_segment(node, data)

    assert refused.value.reason is Reason.BAD_SEGMENT
    assert rows_of(tmp_path) == before
    assert state_of(node)[0] is RecallState.UNKNOWN


def test_a_list_is_stored_once(node: Node, hub: ModelHub):
    """A second copy of a list changes nothing."""
    announce(hub, LIST, count=2)
    receive(node, hub, LIST)

    assert store_segment(node, LIST) == 0


def test_a_completion_counts_at_once_and_says_that_it_is_unconfirmed(node: Node, hub: ModelHub):
    """After the repair the car is clear here, with a mark until the hub has the completion."""
    announce(hub, LIST, count=2)
    receive(node, hub, LIST)
    complete(node)
    unconfirmed = check_recalls(node, LISTED)
    answer(node, *deliver(node, hub))
    apply_page(node, hub.page(node))
    confirmed = check_recalls(node, LISTED)

    marks = [(one.state, one.hits[0].is_done, one.hits[0].is_unconfirmed) for one in (unconfirmed, confirmed)]
    assert marks == [(RecallState.CLEAR, True, True), (RecallState.CLEAR, True, False)]


def test_a_refused_completion_does_not_count(node: Node, hub: ModelHub):
    """When the hub refuses the completion the car is a hit again."""
    announce(hub, LIST, count=2)
    receive(node, hub, LIST)
    complete(node)

    answer(node, *deliver(node, hub, Treatment.REFUSE))

    assert state_of(node)[0] is RecallState.HIT


def test_a_retracted_completion_does_not_count(node: Node, hub: ModelHub):
    """A completion that was taken back opens the recall again."""
    announce(hub, LIST, count=2)
    receive(node, hub, LIST)
    complete(node)
    recorded = one_record(node, RECALL_COMPLETION, completion_id(record(70), LISTED, record(1)))
    assert recorded is not None

    commit(node, retract_completion(recorded.read(), "entered_in_error"))

    assert state_of(node)[0] is RecallState.HIT


def test_open_campaigns_stand_before_done_ones(node: Node, hub: ModelHub):
    """A car with one recall done and one open is a hit, the open one first."""
    announce(hub, LIST, count=2)
    announce(hub, encode_segment([LISTED]), count=1, number=71)
    receive(node, hub, LIST, encode_segment([LISTED]))
    complete(node)

    answered = check_recalls(node, LISTED)

    assert answered.state is RecallState.HIT
    assert [(hit.campaign, hit.is_done) for hit in answered.hits] == [(record(71), False), (record(70), True)]


def lineage_of(node: Node) -> dict[object, tuple[str, tuple[str, ...]]]:
    """By campaign number, which recall it replaces and which replace it."""
    hits = check_recalls(node, LISTED).hits
    return {hit.texts["campaign_no"]: (hit.lineage.supersedes, hit.lineage.superseded_by) for hit in hits}


def test_recalls_that_replace_each_other_are_named_in_the_answer(node: Node, hub: ModelHub):
    """A car on both lists is a hit of both, and each names the other."""
    announce(hub, LIST, count=2, campaign_no="S1")
    announce(hub, LIST, count=2, number=71, campaign_no="S2", supersedes_id=record(70))

    receive(node, hub, LIST)

    assert lineage_of(node) == {"S1": ("", ("S2",)), "S2": ("S1", ())}


def test_a_recall_that_was_withdrawn_replaces_none(node: Node, hub: ModelHub):
    """The earlier recall stands alone again."""
    announce(hub, LIST, count=2, campaign_no="S1")
    announce(hub, LIST, count=2, number=71, campaign_no="S2", supersedes_id=record(70), state="withdrawn")

    receive(node, hub, LIST)

    assert lineage_of(node) == {"S1": ("", ())}
