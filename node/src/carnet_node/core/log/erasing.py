"""Erasure at a node: what an erasure record of the hub takes away here.

Decides which stored values go: in the openings of own sets, in base rows and in settled overruled values. Answers kept
for repeated requests may show any of them, so all of these go; unsaved forms about an erased record go too. What an
erasure record covers is remembered for ever, so that a late page, a bundle or a restored backup brings nothing back.
Signatures and hashes still verify; an erased register has heads without values.

Whoever applies an order that is news here owes a scrub with it, wherever it came from: a page, a set that came back
without its value, a newer backup. What was deleted lies in the database's files until these are written anew and the
write-ahead log is emptied: here, or beside a replicating child by whoever supervises it; at once, or where that takes
long when nobody is at work. Until that was done the node does not claim to have read the page that brought the order:
its signed hello is its receipt, and must not promise too much. The same holds for the openings of the hub's rulings,
which are kept for a hub that was restored.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from carnet_node.core.limits import QUIET_MS
from carnet_node.core.log.projecting import Key, OwnWork
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.records import BaseRow, FeedState, HubSetRow
from carnet_node.core.store_failures import DiskFull, StoreBusy
from carnet_protocol.changeset import reread_set
from carnet_protocol.errors import Refused
from carnet_protocol.ids import RECORD_ID_BYTES, HubId, RecordId
from carnet_protocol.kinds import ERASURE, REGISTRY
from carnet_protocol.seals import erase_from_opening, parse_opening, seal_places
from carnet_protocol.state import Entries, Withheld, withhold

_RECORD_IDS = ERASURE.labels["record_ids"]
_GROUPS = ERASURE.labels["groups"]

_SCRUB_DUE: Final = "scrub-due"
"""Local fact: the cursor before the first erasure whose values may still lie in the files, and how many pages with
erasures came since; empty for none."""

_SCRUB_ASKED: Final = "scrub-asked"
"""Local fact: what was due when another process was asked to scrub."""

_CURSOR_BYTES: Final = 8
_COUNT_BYTES: Final = 4


def erasure_orders(entries: Entries) -> Iterator[tuple[RecordId, int]]:
    """What the entries of an erasure record order: (record, groups as a bit mask, bit 0 is group 1)."""
    for entry in entries:
        fields = entry.fields or {}
        joined, groups = fields.get(_RECORD_IDS), fields.get(_GROUPS)
        if not isinstance(joined, bytes) or not isinstance(groups, int):
            continue
        for at in range(0, len(joined) - RECORD_ID_BYTES + 1, RECORD_ID_BYTES):
            yield RecordId(joined[at : at + RECORD_ID_BYTES]), groups


def apply_erasures(tx: WriteTransaction, hub: HubId, orders: Sequence[tuple[RecordId, int]]) -> set[Key]:
    """Erase what is stored here of some records, for ever; with the first that is news a scrub of the files is due.

    Returns: the records to be projected anew.
    """
    touched: set[Key] = set()
    if any(groups & ~tx.erased_groups(record) for record, groups in orders):
        note_scrub_due(tx)
    if orders:
        tx.drop_answers()
    for record, groups in orders:
        tx.add_erasure(record, groups)
        tx.local.drop_drafts_about(record)
        for kind in REGISTRY.kinds:
            base = tx.base(kind.number, record)
            if base is not None:
                tx.put_base(without_erased(base, groups))
            if base is not None or tx.own_places(kind.number, record):
                erase_settled(tx, kind.number, record, groups)
                touched.add((kind.number, record))
    _erase_openings(tx, hub, touched)
    if orders:
        _erase_hub_sets(tx, hub)
    return touched


def note_scrub_due(tx: WriteTransaction) -> None:
    """Remember, with the erasure itself and before the cursor moves, that the files have to be scrubbed."""
    held, feed = tx.setting(_SCRUB_DUE), tx.feed()
    read_to = 0 if feed is None else feed.cursor
    cursor = held[:_CURSOR_BYTES] if held else read_to.to_bytes(_CURSOR_BYTES, "big")
    count = int.from_bytes(held[_CURSOR_BYTES:], "big") + 1 if held else 1
    tx.put_setting(_SCRUB_DUE, cursor + count.to_bytes(_COUNT_BYTES, "big"))


def carry_scrub_due(tx: WriteTransaction, cursor: int) -> None:
    """The hub's history has ended: in the next one the orders stand anywhere behind what the two share.

    Args:
        cursor: behind what they share.
    """
    held = tx.setting(_SCRUB_DUE)
    if held:
        shared = min(int.from_bytes(held[:_CURSOR_BYTES], "big"), cursor)
        tx.put_setting(_SCRUB_DUE, shared.to_bytes(_CURSOR_BYTES, "big") + held[_CURSOR_BYTES:])


def scrub_if_due(node: Node) -> None:
    """Scrub the files after an erasure, or see whether the process that was asked to has done it.

    When somebody reads the files or works, or there is no room, the next call goes on. An erasure that comes in between
    stays due.
    """
    with node.store.read() as tx:
        due, asked = tx.setting(_SCRUB_DUE), tx.setting(_SCRUB_ASKED)
        is_quiet = bool(due) and _is_quiet(tx, node.clock.now_ms())
    if not due:
        return
    try:
        is_done = node.store.scrub(is_asked=asked == due, is_quiet=is_quiet)
    except (StoreBusy, DiskFull):
        return
    if is_done or asked != due:
        with node.store.write() as tx:
            if tx.setting(_SCRUB_DUE) == due:
                tx.put_setting(_SCRUB_DUE, b"" if is_done else due)
                tx.put_setting(_SCRUB_ASKED, b"" if is_done else due)


def _is_quiet(tx: ReadTransaction, now_ms: int) -> bool:
    """Whether nobody has saved anything for a while; a clock that went backwards says nothing of that."""
    chain = tx.chain()
    last = tx.set_at(chain.epoch, chain.seq) if chain is not None and chain.seq else None
    return last is None or not 0 <= now_ms - last.time_ms < QUIET_MS


def stated_cursor(tx: ReadTransaction, feed: FeedState) -> int:
    """How far the node says it has read: not beyond an erasure whose values may still lie in its files."""
    held = tx.setting(_SCRUB_DUE)
    return min(feed.cursor, int.from_bytes(held[:_CURSOR_BYTES], "big")) if held else feed.cursor


def without_erased(base: BaseRow, groups: int) -> BaseRow:
    """A base row whose registers of some erasure groups have lost their values."""
    registers = _registers_in(base.kind, groups)
    return replace(base, entries=withhold(base.entries, registers, Withheld.ERASED)) if registers else base


def erase_settled(tx: WriteTransaction, kind: int, record: RecordId, groups: int) -> None:
    """Take the values of some erasure groups out of the overruled values the hub sent for a record."""
    registers = _registers_in(kind, groups)
    known = [one for one in tx.settled_values(kind, record) if not one.is_own]
    erased = [replace(one, overruled=withhold((one.overruled,), registers, Withheld.ERASED)[0]) for one in known]
    if erased != known:
        tx.replace_settled(kind, record, erased, is_own=False)


def _erase_openings(tx: WriteTransaction, hub: HubId, touched: Iterable[Key]) -> None:
    """Write the openings of own sets again without what is erased now."""
    work = OwnWork(tx, hub)
    places = {place.log_id for kind, record in touched for place in tx.own_places(kind, record)}
    for log_id in sorted(places):
        logged, opened = work.opened(log_id)
        if opened.opening != logged.opening:
            tx.put_opening(log_id, opened.opening)


def hub_set_without_erased(tx: ReadTransaction, hub: HubId, row: HubSetRow) -> HubSetRow:
    """A set of the hub's own without the values that are erased here.

    Of one that cannot be read (a newer version) only the signed bytes are kept: values that nobody can find could never
    be erased.
    """
    if not row.opening:
        return row
    try:
        ops = reread_set(row.message, hub).ops
        opening = parse_opening(row.opening, ops)
    except Refused:
        return replace(row, opening=b"")
    left = erase_from_opening(
        opening, lambda place: bool(tx.erased_groups(RecordId(ops[place.op_index].record)) >> (place.group - 1) & 1)
    )
    return row if left is opening else replace(row, opening=left.encode(seal_places(ops)))


def _erase_hub_sets(tx: WriteTransaction, hub: HubId) -> None:
    """Write the hub's own sets again without what is erased now."""
    for row in tx.hub_sets_with_values():
        left = hub_set_without_erased(tx, hub, row)
        if left != row:
            tx.drop_hub_sets([row])
            tx.add_hub_set(left)


def _registers_in(kind_number: int, groups: int) -> frozenset[int]:
    kind = REGISTRY.by_number.get(kind_number)
    if kind is None:
        return frozenset()
    return frozenset(one.number for one in kind.registers if one.group is not None and groups >> (one.group - 1) & 1)
