"""What comes back: receipts and pages, stored and folded so that both orders of arrival end in the same state.

Decides what is believed of a page or a receipt that is authentic (its caller has verified the hub's signature), and in
which order it takes effect. The rule of what is folded where is `overlay`.

Rules:
- A page is applied in one transaction: erasures, verdicts, base rows, settled values, evictions, projections, cursor.
  After the last of those with an erasure, or that take a shared value away, the files are scrubbed.
- Of two verdicts on one set the one with the higher position counts, whether it came in a receipt or in a page.
- Of two states of one record the later one counts: first by position of change, then by position of the page.
- A page must begin at or before the cursor; what it holds again is recognised.
- What belongs to another history of the hub is refused (hub-epoch-changed); how a node goes over is `histories`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from carnet_node.core.failures import NotEnrolled
from carnet_node.core.limits import KIND_NUMBER_MAX
from carnet_node.core.log.erasing import (
    apply_erasures,
    erase_settled,
    erasure_orders,
    hub_set_without_erased,
    note_scrub_due,
    scrub_if_due,
    without_erased,
)
from carnet_node.core.log.histories import came_back, is_of_this_history, leave_former_behind
from carnet_node.core.log.projecting import Key, OwnWork, reproject
from carnet_node.core.log.read_before import forget_read_before
from carnet_node.core.log.rejoin_state import load_rejoin
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.recalls.recall_set import want_segments
from carnet_node.core.records import (
    BaseRow,
    FeedState,
    HubSetRow,
    Identity,
    LoggedSet,
    SettledValue,
    SetVerdict,
)
from carnet_node.core.showing.golden import takes_values_away
from carnet_protocol import limits
from carnet_protocol.changeset import reread_set
from carnet_protocol.envelope import Purpose, open_message
from carnet_protocol.errors import Malformed, NotAuthentic, OutOfOrder
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAMPAIGN, ERASURE, GOLDEN
from carnet_protocol.messages import HubSet, Outcome, Page, PageRow, Receipt, Verdict
from carnet_protocol.reasons import Reason
from carnet_protocol.state import entries_from_wire


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt whose signature the caller has verified.

    Attributes:
        message: the bytes as received; kept as proof of delivery.
    """

    receipt: Receipt
    message: bytes


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """What a page changed.

    Attributes:
        rows: base rows that were news.
        verdicts: own sets whose verdict was news.
        is_last: nothing more was waiting at the hub.
    """

    rows: int
    verdicts: int
    is_last: bool
    cursor: int
    position: int


@dataclass(frozen=True, slots=True)
class AnswersOutcome:
    """What receipts said, by number of sets; a receipt that was known already counts too."""

    accepted: int
    with_conflicts: int
    parked: int
    refused: int


def apply_page(node: Node, page: Page, *, made_ms: int | None = None) -> PageOutcome:
    """Apply a verified page in one transaction.

    Args:
        made_ms: when the page was made, by this node's clock; default now. A page from a bundle is older than its
            import.

    Raises:
        NotAuthentic: the page is for another dealer or node, or a hub set inside it is not the hub's.
        OutOfOrder: another hub epoch (HUB_EPOCH_CHANGED), or a page that begins beyond the cursor (GAP).
        Malformed: a row that is no row.
        StoreBusy, StoreBroken, NotEnrolled: see the store. In each case nothing was changed.
    """
    _check_addressee(page, node.identity)
    hub_sets = [_hub_set_row(one, node.identity) for one in page.hub_sets]
    rows = [_base_row(row, page.position) for row in page.rows]
    now_ms = node.clock.now_ms()
    made_ms = now_ms if made_ms is None else made_ms
    with node.store.write() as tx:
        feed = _feed(tx)
        _check_order(page, feed)
        for hub_set in hub_sets:
            tx.add_hub_set(hub_set_without_erased(tx, node.identity.hub_id, hub_set))
        if hub_sets:
            tx.drop_hub_sets(came_back(tx, node.identity.hub_id, hub_sets))
        forget_read_before(tx, node.identity.hub_id)
        orders = [order for row in rows if row.kind == ERASURE.number for order in erasure_orders(row.entries)]
        touched = apply_erasures(tx, node.identity.hub_id, orders)
        golden = [row for row in rows if row.kind == GOLDEN.number]
        if any(takes_values_away(tx.base(row.kind, row.record), row) for row in golden):
            note_scrub_due(tx)
        stored = _take_verdicts(tx, node.identity, [(one.nonce, verdict_of(one)) for one in page.outcomes])
        news = [key for row, wire in zip(rows, page.rows, strict=True) if (key := _take_row(tx, row, wire)) is not None]
        touched |= stored.touched | set(news)
        if page.is_last:
            touched |= set(leave_former_behind(tx, node.identity.dealer_id))
        reproject(tx, OwnWork(tx, node.identity.hub_id), node.identity, sorted(touched))
        for kind, record in news:
            if kind == CAMPAIGN.number:
                want_segments(tx, record)
        moved = _advance(feed, page, made_ms, now_ms=now_ms)
        tx.put_feed(moved)
    if page.is_last:
        scrub_if_due(node)
    return PageOutcome(len(news), stored.count, page.is_last, moved.cursor, moved.position)


def apply_answers(node: Node, receipts: Sequence[SignedReceipt]) -> AnswersOutcome:
    """Store verified receipts and what they say about own sets; a receipt that was superseded replaces no later one.

    Raises:
        NotAuthentic: a receipt for another node, or for a set this node did not write.
        OutOfOrder: a receipt of another hub epoch.
        StoreBusy, StoreBroken, NotEnrolled: see the store. In each case nothing was changed.
    """
    with node.store.write() as tx:
        feed = _feed(tx)
        for one in receipts:
            logged = _receipted(tx, one.receipt, node.identity, feed)
            if logged.receipt is None or logged.verdict is None or one.receipt.position >= logged.verdict.position:
                tx.put_receipt(logged.log_id, one.message)
        stored = _take_verdicts(tx, node.identity, [(one.receipt.nonce, verdict_of(one.receipt)) for one in receipts])
        reproject(tx, OwnWork(tx, node.identity.hub_id), node.identity, sorted(stored.touched))
    verdicts = [Verdict(one.receipt.verdict) for one in receipts]
    return AnswersOutcome(*(verdicts.count(verdict) for verdict in Verdict))


def verdict_of(stated: Receipt | Outcome) -> SetVerdict:
    """What a receipt or an outcome says about a set."""
    return SetVerdict(
        Verdict(stated.verdict),
        stated.reason,
        stated.position,
        stated.time_ms,
        {void.index: void.reason for void in stated.voids},
        stated.conflicts,
    )


@dataclass(frozen=True, slots=True)
class _News:
    """How many verdicts were news, and the records of their sets."""

    count: int
    touched: set[Key]


def _take_verdicts(tx: WriteTransaction, identity: Identity, stated: Iterable[tuple[bytes, SetVerdict]]) -> _News:
    """Store the verdicts that are news."""
    count = 0
    touched: set[Key] = set()
    for nonce, verdict in stated:
        logged = tx.set_by_nonce(nonce)
        if logged is None or not _is_news(verdict, logged.verdict):
            continue
        tx.put_verdict(logged.log_id, verdict)
        ops = reread_set(logged.message, identity.hub_id).ops
        touched |= {(op.kind, RecordId(op.record)) for op in ops}
        count += 1
    return _News(count, touched)


def _is_news(stated: SetVerdict, known: SetVerdict | None) -> bool:
    return known is None or stated.position > known.position


def _take_row(tx: WriteTransaction, row: BaseRow, wire: PageRow) -> Key | None:
    """Store a base row unless a later one is here; the record's key if it was news."""
    known = tx.base(row.kind, row.record)
    if known is not None and (row.changed, row.position) < (known.changed, known.position):
        return None
    if row.is_evicted and known is not None and row.kind != GOLDEN.number:
        # What was inside the base row stays inside: only the mark is new, and P with it would claim more.
        row = replace(known, changed=row.changed, is_evicted=True)
    erased = tx.erased_groups(row.record)
    tx.put_base(without_erased(row, erased) if erased else row)
    settled = [
        SettledValue(row.kind, row.record, one.register, entries_from_wire([one.entry])[0], one.by, False)
        for one in wire.settled
    ]
    if settled or (known is not None and not row.is_evicted):
        tx.replace_settled(row.kind, row.record, settled, is_own=False)
    if erased:
        erase_settled(tx, row.kind, row.record, erased)
    return row.kind, row.record


def _base_row(row: PageRow, position: int) -> BaseRow:
    if not 0 < row.kind <= KIND_NUMBER_MAX:
        raise Malformed(Reason.MALFORMED, f"kind {row.kind}")
    entries = entries_from_wire(row.entries)
    return BaseRow(row.kind, RecordId(row.record), row.owner, position, row.changed, entries, row.is_evicted)


def _hub_set_row(one: HubSet, identity: Identity) -> HubSetRow:
    """A hub set, its signature checked: it will be offered to a restored hub as proof."""
    open_message(one.message, identity.hub_signing_key, Purpose.CHANGESET, identity.hub_id)
    return HubSetRow(one.position, one.time_ms, one.message, one.opening)


def _check_addressee(page: Page, identity: Identity) -> None:
    if page.dealer_id != identity.dealer_id or page.node_id != identity.node_id:
        raise NotAuthentic(Reason.UNKNOWN_NODE, "a page for another node")


def _check_order(page: Page, feed: FeedState) -> None:
    if page.hub_epoch != feed.hub_epoch:
        raise OutOfOrder(Reason.HUB_EPOCH_CHANGED, "a page of another hub epoch")
    if page.cursor_from > feed.cursor:
        raise OutOfOrder(Reason.GAP, f"a page from {page.cursor_from}, the cursor stands at {feed.cursor}")


def _receipted(tx: ReadTransaction, receipt: Receipt, identity: Identity, feed: FeedState) -> LoggedSet:
    """The own set a receipt is for.

    A receipt names where the set came from first: this node, a machine that it succeeded, or, under another epoch, the
    machine that succeeded this one and has sent again what lay in a backup. The nonce says which set is meant.
    """
    if not is_of_this_history(tx, feed, receipt.hub_epoch, receipt.position):
        raise OutOfOrder(Reason.HUB_EPOCH_CHANGED, "a receipt of another history of the hub")
    logged = tx.set_by_nonce(receipt.nonce)
    is_at_its_place = logged is not None and receipt.epoch == logged.epoch
    is_ours = receipt.node_id in (identity.node_id, *load_rejoin(tx).former_nodes)
    if logged is None or (is_at_its_place and not is_ours):
        raise NotAuthentic(Reason.UNKNOWN_NODE, "a receipt for somebody else's set")
    if is_at_its_place and (receipt.seq, receipt.set_hash) != (logged.seq, logged.set_hash):
        raise NotAuthentic(Reason.FORK, "a receipt for another set under this number")
    return logged


def _advance(feed: FeedState, page: Page, made_ms: int, *, now_ms: int) -> FeedState:
    """The cursor after a page. It only moves forward: an old page from a stick changes nothing.

    An age that lies ahead of the clock was noted while the clock was wrong; kept, it would make data look new for ever.
    """
    is_cut = len(page.outcomes) >= limits.PAGE_OUTCOMES_MAX
    known_to = max((one.position for one in page.outcomes), default=0) if is_cut else page.position
    is_newest = page.is_last and page.cursor_to >= feed.cursor and page.position >= feed.position
    noted_ms = feed.as_of_ms
    if is_newest:
        noted_ms = made_ms if noted_ms is None or noted_ms > now_ms else max(noted_ms, made_ms)
    return replace(
        feed,
        cursor=max(feed.cursor, page.cursor_to),
        position=max(feed.position, page.position),
        outcomes_after=max(feed.outcomes_after, known_to),
        as_of_ms=noted_ms,
    )


def _feed(tx: ReadTransaction) -> FeedState:
    feed = tx.feed()
    if feed is None:
        raise NotEnrolled("no cursor")
    return feed
