"""What a page or a receipt changes at a node, and what is not believed."""

from pathlib import Path

import msgspec
import pytest

from carnet_node.core.line.inbox import AnswersOutcome, PageOutcome, apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.node import Node
from carnet_node.core.records import SyncMark
from carnet_node.core.showing.views import feed_state, one_record
from carnet_protocol.envelope import Purpose, seal_envelope
from carnet_protocol.kinds import REGISTRY, VEHICLE
from carnet_protocol.messages import HubSet, PageRow
from carnet_protocol.registry import Kind, Value, ValueType
from support.desk import record
from support.exchange import answer, deliver, draft, shown
from support.model_hub import ModelHub, Treatment, signed
from support.node_builder import (
    DEALER_B,
    HUB,
    HUB_EPOCH,
    HUB_SIGNER,
    START_MS,
    TestClock,
    build_node,
    rows_of,
)
from support.protocol import signer

RED: dict[str, Value] = {"color": "red"}
BLUE: dict[str, Value] = {"color": "blue"}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


def test_a_page_brings_records_and_moves_the_cursor(node: Node, hub: ModelHub):
    """Base rows become projections in the same transaction that advances the cursor."""
    hub.write(draft(RED), draft(BLUE, 2), author=DEALER_B)

    outcome = apply_page(node, hub.page(node))

    assert outcome == PageOutcome(rows=2, verdicts=0, is_last=True, cursor=1, position=1)
    assert (shown(node).values, shown(node, 2).values, shown(node).mark) == (RED, BLUE, SyncMark.ACCEPTED)
    feed = feed_state(node)
    assert feed is not None
    assert (feed.cursor, feed.position, feed.outcomes_after, feed.as_of_ms) == (1, 1, 1, START_MS)


def test_own_work_stays_on_top_of_a_page(node: Node, hub: ModelHub):
    """Unsent work is folded onto whatever the hub sends, and both versions are kept."""
    commit(node, [draft(RED)])
    hub.write(draft(BLUE), author=DEALER_B, time_ms=START_MS - 5)

    apply_page(node, hub.page(node))

    view = shown(node)
    (contest,) = view.contests
    assert (view.values, view.mark) == (RED, SyncMark.LOCAL_ONLY)
    assert [one.values for one in contest.overruled] == [BLUE]
    assert check_rebuild(node).differences == ()


@pytest.mark.parametrize("order", ["receipts first", "page first", "page only"])
def test_receipts_and_pages_converge_in_either_order(node: Node, hub: ModelHub, order: str):
    """Whatever arrives first, or at all, the record ends as the hub holds it."""
    commit(node, [draft(RED)])
    receipts = deliver(node, hub, time_ms=START_MS + 9)
    page = hub.page(node)

    if order == "receipts first":
        answer(node, *receipts)
        apply_page(node, page)
    else:
        apply_page(node, page)
        if order == "page first":
            answer(node, *receipts)

    view = shown(node)
    assert (view.values, view.mark) == (RED, SyncMark.ACCEPTED)
    with node.store.read() as tx:
        stored = tx.record(VEHICLE, record(1))
        unconfirmed = tx.unconfirmed()
    assert stored is not None
    assert stored.entries == hub.records[VEHICLE.number, record(1)].entries
    assert unconfirmed == (0, None)


def test_a_receipt_is_kept_and_fixes_the_set_time(node: Node, hub: ModelHub):
    """The signed bytes are proof of delivery; the rank of the work is the one of the admission."""
    sealed = commit(node, [draft(RED)])
    (receipt,) = deliver(node, hub, time_ms=START_MS + 9)

    outcome = answer(node, receipt)

    with node.store.read() as tx:
        logged, stored = tx.set_by_nonce(sealed.nonce), tx.record(VEHICLE, record(1))
    assert logged is not None
    assert stored is not None
    assert outcome == AnswersOutcome(accepted=1, with_conflicts=0, parked=0, refused=0)
    assert logged.receipt == signed(receipt)
    assert [entry.time_ms for entry in stored.entries] == [START_MS + 9]


def test_the_way_of_a_set_shows_beside_the_record(node: Node, hub: ModelHub):
    """Local only, sent, accepted: the mark follows the work."""
    commit(node, [draft(RED)])
    marks = [shown(node).mark]

    (receipt,) = deliver(node, hub)
    marks.append(shown(node).mark)
    answer(node, receipt)
    marks.append(shown(node).mark)
    apply_page(node, hub.page(node))
    marks.append(shown(node).mark)

    assert marks == [SyncMark.LOCAL_ONLY, SyncMark.SENT, SyncMark.ACCEPTED, SyncMark.ACCEPTED]


def test_parked_work_is_shown_and_marked(node: Node, hub: ModelHub):
    """What waits at the hub keeps its effect here."""
    commit(node, [draft(RED)])

    answer(node, *deliver(node, hub, Treatment.PARK))

    assert (shown(node).values, shown(node).mark) == (RED, SyncMark.PARKED)


def test_refused_work_loses_its_effect_and_leaves_a_mark(node: Node, hub: ModelHub):
    """A refused edit gives way to what it was based on; later own work on the record answers the mark."""
    base = hub.write(draft(RED), author=DEALER_B)
    apply_page(node, hub.page(node))
    commit(node, [draft(BLUE, based_on=base)])

    answer(node, *deliver(node, hub, Treatment.REFUSE))
    refused = shown(node)
    commit(node, [draft({"color": "green"}, based_on=refused.heads.of([5]))])

    assert (refused.values, refused.mark) == (RED, SyncMark.REFUSED)
    assert (shown(node).values, shown(node).mark) == ({"color": "green"}, SyncMark.LOCAL_ONLY)


def test_a_void_op_of_an_accepted_set_has_no_effect(node: Node, hub: ModelHub):
    """An illegal step inside an accepted set is void; the rest of the set counts."""
    commit(node, [draft(RED), draft(BLUE, 2)])

    answer(node, *deliver(node, hub, void_ops=(0,)))

    assert one_record(node, VEHICLE, record(1)) is None
    assert shown(node, 2).values == BLUE


def test_the_later_verdict_counts(node: Node, hub: ModelHub):
    """A parked set that was released stays accepted, although the old receipt arrives afterwards."""
    sealed = commit(node, [draft(RED)])
    (parked,) = deliver(node, hub, Treatment.PARK)
    hub.decide(sealed.nonce, Treatment.ACCEPT)
    apply_page(node, hub.page(node))

    answer(node, parked)

    assert shown(node).mark is SyncMark.ACCEPTED


def test_a_page_that_comes_twice_changes_nothing_more(tmp_path: Path, hub: ModelHub):
    """Applying a page again leaves every row as it was."""
    node = build_node(tmp_path)
    commit(node, [draft(RED)])
    deliver(node, hub)
    page = hub.page(node)
    apply_page(node, page)
    before = rows_of(tmp_path)

    apply_page(node, page)

    assert rows_of(tmp_path) == before


def test_an_old_page_does_not_bring_back_old_values(node: Node, hub: ModelHub):
    """A page that comes late from a stick is recognised record by record."""
    base = hub.write(draft(RED), author=DEALER_B)
    old = hub.page(node)
    hub.write(draft(BLUE, based_on=base), author=DEALER_B)
    apply_page(node, hub.page(node))

    apply_page(node, old)

    feed = feed_state(node)
    assert feed is not None
    assert (shown(node).values, feed.position) == (BLUE, 2)


def test_settled_overruled_values_come_with_their_record(node: Node, hub: ModelHub):
    """What somebody overruled knowingly elsewhere can be read here."""
    first = hub.write(draft(RED), author=DEALER_B)
    second = hub.write(draft(BLUE), author=DEALER_B)
    hub.write(draft({"color": "green"}, based_on=first + second), author=DEALER_B)

    apply_page(node, hub.page(node))

    with node.store.read() as tx:
        settled = tx.settled_values(VEHICLE.number, record(1))
    label = VEHICLE.labels["color"]
    assert {(one.overruled.fields or {})[label] for one in settled} == {"red", "blue"}
    assert not any(one.is_own for one in settled)


def test_an_evicted_record_is_hidden_and_comes_back(node: Node, hub: ModelHub):
    """Losing access hides a record; being assigned again shows it as it is then."""
    base = hub.write(draft(RED), author=DEALER_B)
    key = (VEHICLE.number, record(1))
    apply_page(node, hub.page(node))

    hub.evict(node, key)
    apply_page(node, hub.page(node))
    hidden = one_record(node, VEHICLE, record(1))
    hub.records[key].evicted_for.clear()
    hub.write(draft(BLUE, based_on=base), author=DEALER_B)
    apply_page(node, hub.page(node))

    assert (hidden, shown(node).values) == (None, BLUE)


def test_an_eviction_that_a_restored_hub_has_forgotten_is_undone(node: Node, hub: ModelHub):
    """Only the mark was later than the hub's backup; the record is shown when it comes as it was before."""
    hub.write(draft(RED), author=DEALER_B)
    key = (VEHICLE.number, record(1))
    apply_page(node, hub.page(node))
    before = hub.records[key].changed
    hub.evict(node, key)
    apply_page(node, hub.page(node))

    with node.store.write() as tx:
        tx.end_hub_history(before, ended=HUB_EPOCH)
    hub.records[key].evicted_for.clear()
    hub.records[key].changed = before
    apply_page(node, hub.page(node, cursor=0))

    assert shown(node).values == RED


def test_a_forgotten_eviction_claims_no_values_that_were_never_read(node: Node, hub: ModelHub):
    """P of a row whose mark alone was later than the backup stays where its values were read."""
    hub.write(draft(RED), author=DEALER_B)
    apply_page(node, hub.page(node))
    read_at = hub.position
    hub.write(draft(BLUE, 2), author=DEALER_B)
    restored_to = hub.position
    hub.evict(node, (VEHICLE.number, record(1)))
    apply_page(node, hub.page(node))

    with node.store.write() as tx:
        tx.end_hub_history(restored_to, ended=HUB_EPOCH)

    with node.store.read() as tx:
        base = tx.base(VEHICLE.number, record(1))
    assert base is not None
    assert (base.position, base.former_position, base.changed) == (read_at, read_at, 0)


def test_an_eviction_waits_for_unreceipted_work(node: Node, hub: ModelHub):
    """While own work on the record has no verdict the record stays, with what was known of it."""
    base = hub.write(draft(RED), author=DEALER_B)
    apply_page(node, hub.page(node))
    commit(node, [draft({"fuel": "diesel"}, based_on=())])

    hub.evict(node, (VEHICLE.number, record(1)))
    apply_page(node, hub.page(node))
    waiting = shown(node).values
    answer(node, *deliver(node, hub))

    assert (waiting, base != ()) == ({**RED, "fuel": "diesel"}, True)
    assert one_record(node, VEHICLE, record(1)) is None
    assert check_rebuild(node).differences == ()


def test_a_kind_this_version_does_not_know_is_kept_unseen(node: Node, hub: ModelHub):
    """A record of an unknown kind is stored opaque and stops nothing."""
    page = hub.page(node)
    strange = PageRow(999, record(1), DEALER_B, 1, [[bytes(16), 1, DEALER_B, {0: "x"}, {}, False, b""]], [], False)

    apply_page(node, msgspec.structs.replace(page, rows=[strange]))

    with node.store.read() as tx:
        assert tx.base(999, record(1)) is not None
    assert check_rebuild(node).differences == ()


def test_an_unknown_field_of_a_known_kind_is_folded_and_kept(node: Node, hub: ModelHub):
    """A newer hub's extra field lies in the entries and disturbs no view."""
    hub.write(draft(RED), author=DEALER_B)
    page = hub.page(node)
    row = msgspec.structs.replace(
        page.rows[0], entries=[[bytes(16), 1, DEALER_B, {40: "red", 1999: 7}, {}, False, b""]]
    )

    apply_page(node, msgspec.structs.replace(page, rows=[row]))

    with node.store.read() as tx:
        stored = tx.record(VEHICLE, record(1))
    assert stored is not None
    assert stored.entries[0].fields == {40: "red", 1999: 7}
    assert shown(node).values == RED


def test_the_hubs_own_sets_are_kept(node: Node, hub: ModelHub):
    """A hub set with the hub's signature is offered when the history it came in has ended."""
    message = seal_envelope(b"x", Purpose.CHANGESET, HUB, signer(HUB_SIGNER))

    apply_page(node, msgspec.structs.replace(hub.page(node), hub_sets=[HubSet(5, 1, message, b"")]))
    with node.store.write() as tx:
        tx.end_hub_history(0, ended=HUB_EPOCH)

    with node.store.read() as tx:
        assert [one.message for one in tx.former_hub_sets()] == [message]


def test_values_that_could_never_be_erased_are_not_kept(node: Node, hub: ModelHub):
    """Of a hub set that this version cannot read the signed bytes stay, and the values beside it do not."""
    message = seal_envelope(b"x", Purpose.CHANGESET, HUB, signer(HUB_SIGNER))

    apply_page(node, msgspec.structs.replace(hub.page(node), hub_sets=[HubSet(5, 1, message, b"values")]))

    with node.store.read() as tx:
        assert tx.hub_sets_with_values() == []


def test_the_age_of_the_data_is_that_of_the_last_complete_page(node: Node, hub: ModelHub):
    """Only a page after which nothing waited makes the data younger; a page from a stick is as old as it says."""
    assert isinstance(node.clock, TestClock)
    hub.write(draft(RED), author=DEALER_B)
    hub.write(draft(BLUE, 2), author=DEALER_B)
    ages = []

    for page, made_ms in ((hub.page(node, rows_max=1), None), (hub.page(node), START_MS - 500), (hub.page(node), None)):
        node.clock.ms += 1_000
        apply_page(node, page, made_ms=made_ms)
        feed = feed_state(node)
        assert feed is not None
        ages.append(feed.as_of_ms)

    assert ages == [None, START_MS - 500, START_MS + 3_000]


def test_a_clock_that_was_ahead_does_not_keep_the_data_young(node: Node, hub: ModelHub):
    """An age noted while the clock was ten years ahead goes with the first page after the clock was set right."""
    assert isinstance(node.clock, TestClock)
    node.clock.ms += 10 * 365 * 24 * 3600 * 1000
    apply_page(node, hub.page(node))
    node.clock.ms = START_MS + 1_000

    apply_page(node, hub.page(node))

    feed = feed_state(node)
    assert feed is not None
    assert feed.as_of_ms == START_MS + 1_000


ANY_VALUE: dict[ValueType, Value] = {
    ValueType.TEXT: "x",
    ValueType.CODE: "x",
    ValueType.DATE: "2026-01-01",
    ValueType.INT: 1,
    ValueType.INSTANT: 1,
    ValueType.BOOL: True,
    ValueType.REF: bytes(16),
    ValueType.BYTES: b"x",
}


@pytest.mark.parametrize("kind", REGISTRY.kinds, ids=lambda kind: kind.name)
def test_every_field_of_every_kind_survives_a_page(node: Node, hub: ModelHub, kind: Kind):
    """A record with a value in each field is received, stored in its columns, read back and rebuilt."""
    fields = [one for register in kind.registers for one in register.fields]
    values = {one.name: one.codes[0] if one.codes else ANY_VALUE[one.type] for one in fields}
    values |= {one.name: one.minimum for one in fields if one.type is ValueType.INT}
    hub.write(draft(values, kind=kind), author=node.identity.dealer_id)

    apply_page(node, hub.page(node))

    with node.store.read() as tx:
        assert tx.columns(kind, record(1)) == values
    assert check_rebuild(node).differences == ()
