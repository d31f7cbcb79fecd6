"""The recall lists that this node holds: which it wants, which it takes, and what stays in use meanwhile.

Decides which manifest is taken, what has to be fetched (steps from what is here, or a whole segment), and that nothing
is stored whose hash is not the one that was named. Does not decide what a list says about a car (`recall_check`), how
bytes travel (`list_fetching`), or what a step is (`carnet_protocol.recall_lists`).

Rules
1. Members are the segments that a published campaign's record names; who is remedied or removed, the manifest says.
   Without a manifest the member lists are complete all the same: a recall never waits for one.
2. A manifest is taken when the hub signed it, in the history that this node follows, and it is newer than the one in
   use. One of changes is laid over what is here, and taken if the whole then has the root that was signed.
3. What is in use stays in use until all segments that take its place are here. A campaign that is no longer published
   is forgotten at once.
4. Steps are taken all or not at all: what comes out is written in canonical bytes and its SHA-256 compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from carnet_node.core.limits import LISTS_ASKED_EVERY_MS
from carnet_node.core.list_ports import WantedSegment
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.recalls.bitmaps import unpack
from carnet_node.core.recalls.open_recalls import campaign_rows
from carnet_node.core.recalls.recall_terms import shown_fields
from carnet_node.core.records import FeedState
from carnet_protocol import cbor
from carnet_protocol.errors import Malformed, OutOfOrder
from carnet_protocol.ids import HASH_BYTES, RecordId
from carnet_protocol.kinds import CAMPAIGN
from carnet_protocol.reasons import Reason
from carnet_protocol.recall_lists import (
    STATE_BYTES,
    ListEntry,
    ListKind,
    RecallManifest,
    SegmentRef,
    apply_step,
    decode_step,
    encode_members,
    read_manifest,
    root_of,
)
from carnet_protocol.segments import PrefixMembers, Segment, decode_segment, segment_hash

_SETTING: Final = "recall-manifest"
_BY_MANIFEST: Final = (ListKind.REMEDIED, ListKind.REMOVED)


@dataclass(frozen=True, slots=True)
class ManifestState:
    """Which manifest is in use.

    Attributes:
        made_ms: when the hub made it, by this node's clock.
        stated_ms: the same by the hub's clock.
        complete_ms: `made_ms` of the newest one of which every list was here; None before the first.
        asked_ms: when the hub was last asked for a newer one.
    """

    hub_epoch: bytes = b""
    position: int = 0
    made_ms: int = 0
    stated_ms: int = 0
    complete_ms: int | None = None
    asked_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A segment to fetch.

    Attributes:
        name: its hash.
        steps: hashes of the steps that lead to it from `start`; empty when it is to be fetched whole.
        start: the segment that is here.
    """

    name: bytes
    steps: tuple[bytes, ...] = ()
    start: bytes = b""


_decoder = msgspec.msgpack.Decoder(ManifestState)


def manifest_state(tx: ReadTransaction) -> ManifestState:
    """Which manifest is in use; an empty one when there is none."""
    stored = tx.setting(_SETTING)
    try:
        return ManifestState() if stored is None else _decoder.decode(stored)
    except msgspec.DecodeError:
        return ManifestState()


def holds_lists(node: Node) -> bool:
    """Whether some published campaign has lists, here already or not."""
    with node.store.read() as tx:
        return bool(tx.lists.wanted())


def held_lists(node: Node) -> list[bytes] | None:
    """The segments that are here, by their hashes; None where no published campaign has any list."""
    with node.store.read() as tx:
        wanted = tx.lists.wanted()
    return [one.segment_hash for one in wanted if one.is_stored] if wanted else None


def since_position(node: Node) -> int:
    """Up to which position the manifest in use reaches, in the history that this node follows; 0 for none."""
    with node.store.read() as tx:
        state, feed = manifest_state(tx), tx.feed()
    return state.position if feed is not None and state.hub_epoch == feed.hub_epoch else 0


def is_manifest_due(node: Node) -> bool:
    """Whether to ask for a newer manifest: after a while, and whenever members are missing."""
    with node.store.read() as tx:
        asked_ms = manifest_state(tx).asked_ms
        if asked_ms is None or tx.lists.count_missing(ListKind.MEMBERS):
            return True
    return not 0 <= node.clock.now_ms() - asked_ms < LISTS_ASKED_EVERY_MS


def note_asked(node: Node) -> None:
    """Remember that the hub was asked."""
    with node.store.write() as tx:
        _save(tx, replace(manifest_state(tx), asked_ms=node.clock.now_ms()))


def ask_again(node: Node) -> None:
    """Let the next round ask for a newer manifest: the hub no longer has what the one in use names."""
    with node.store.write() as tx:
        _save(tx, replace(manifest_state(tx), asked_ms=None))


def take_manifest(node: Node, message: bytes) -> bool:
    """Take a manifest into use; the lists that it names are wanted from now on.

    Raises:
        Malformed, NotAuthentic: not a manifest of this hub.
        Malformed: BAD_SEGMENT, changes that do not lead to the root from what is here: ask for the whole.
        OutOfOrder: HUB_EPOCH_CHANGED, of another history; OLDER_LISTS, older than the one in use; GAP, it builds on one
            that is not here. In each case nothing was changed.

    Returns: whether it was news.
    """
    manifest = read_manifest(message, node.identity.hub_signing_key, node.identity.hub_id)
    with node.store.write() as tx:
        state, feed = manifest_state(tx), tx.feed()
        if feed is None or manifest.hub_epoch != feed.hub_epoch:
            raise OutOfOrder(Reason.HUB_EPOCH_CHANGED, "recall lists of another history of the hub")
        held = _entries_below(tx, state, manifest)
        if held is None:
            return False
        for entry in manifest.entries:
            held[entry.campaign, entry.kind] = entry
        if root_of(held.values()) != manifest.root:
            raise Malformed(Reason.BAD_SEGMENT, "the lists do not add up to what was signed")
        if manifest.since == 0:
            tx.lists.drop_entries()
        for entry in manifest.entries:
            tx.lists.put_entry(RecordId(entry.campaign), entry.kind, cbor.encode_frame(entry))
        _want_named(
            tx, {RecordId(entry.campaign) for entry in (held.values() if manifest.since == 0 else manifest.entries)}
        )
        _save(tx, _in_use(state, manifest, feed, node.clock.now_ms()))
        _note_complete(tx)
    return True


def want_segments(tx: WriteTransaction, campaign: RecordId) -> None:
    """Note which lists a campaign has now; none unless it is published."""
    tx.lists.want(campaign, ListKind.MEMBERS, _named_members(tx, campaign))
    _want_named(tx, {campaign})


def missing_segments(node: Node) -> tuple[Missing, ...]:
    """What to fetch, each segment once; members first."""
    with node.store.read() as tx:
        wanted = tx.lists.wanted()
        lacking = [one for one in wanted if not one.is_stored and not one.is_former]
        named = {(one.campaign, one.kind): one for one in _entries(tx)} if lacking else {}
    here: dict[tuple[RecordId, int], list[bytes]] = {}
    for one in wanted:
        if one.is_stored:
            here.setdefault((one.campaign, one.kind), []).append(one.segment_hash)
    found: dict[bytes, Missing] = {}
    for one in lacking:
        place = (one.campaign, one.kind)
        plan = _way_to(one, named.get(place), here.get(place, ()))
        if one.segment_hash not in found or plan.steps:
            found[one.segment_hash] = plan
    return tuple(found.values())


def store_segment(node: Node, data: bytes) -> int:
    """Keep a whole segment that some list names.

    Args:
        data: canonical bytes, at most 64 MiB.

    Raises:
        Malformed: BAD_SEGMENT; no list names it, it is damaged, or it does not fit the announced count. The lists that
            are in use stay in use.

    Returns: how many members it has; 0 when it was stored already.
    """
    name = segment_hash(data)
    with node.store.read() as tx:
        naming = [one for one in tx.lists.wanted() if one.segment_hash == name]
    if not naming:
        raise Malformed(Reason.BAD_SEGMENT, "no published campaign names it")
    return 0 if naming[0].is_stored else _store(node, name, decode_segment(data))


def take_steps(node: Node, missing: Missing, contents: Sequence[bytes]) -> int:
    """Go from the segment that is here to the one that is missing.

    Args:
        contents: the bytes of each step.

    Raises:
        Malformed: BAD_SEGMENT; a step that was not named, is damaged, or leads elsewhere. What is in use stays in use,
            and the segment can be fetched whole.

    Returns: how many members it has.
    """
    if tuple(map(segment_hash, contents)) != missing.steps:
        raise Malformed(Reason.BAD_SEGMENT, "not the steps that were named")
    steps = [decode_step(one) for one in contents]
    with node.store.read() as tx:
        bitmaps, exceptions = tx.lists.rows_of(missing.start)
    members = tuple(PrefixMembers(prefix, unpack(bitmap)) for prefix, bitmap in bitmaps.items())
    segment = Segment(members, tuple(sorted(exceptions, key=str.encode)))
    for step in steps:
        segment = apply_step(segment, step)
    if segment_hash(encode_members(segment)) != missing.name:
        raise Malformed(Reason.BAD_SEGMENT, "the steps lead elsewhere")
    return _store(node, missing.name, segment)


def _store(node: Node, name: bytes, segment: Segment) -> int:
    rows = campaign_rows(segment)
    with node.store.write() as tx:
        tx.lists.add(name, segment.count, rows.bitmaps, rows.exceptions)
        for one in tx.lists.wanted():
            if one.segment_hash == name and one.kind == ListKind.MEMBERS and not one.is_former:
                _check_count(tx, one.campaign)
        _note_complete(tx)
    return segment.count


def _entries_below(
    tx: ReadTransaction, state: ManifestState, manifest: RecallManifest
) -> dict[tuple[bytes, int], ListEntry] | None:
    """The entries on which a manifest is laid; None for one that is in use already.

    Raises:
        OutOfOrder: older than the one in use, or on one that is not here.
    """
    if state.hub_epoch == manifest.hub_epoch:
        here, offered = (state.position, state.stated_ms), (manifest.position, manifest.made_ms)
        if offered == here:
            return None
        if offered < here:
            raise OutOfOrder(Reason.OLDER_LISTS, f"of position {manifest.position}, {state.position} is in use")
    if manifest.since == 0:
        return {}
    if state.hub_epoch != manifest.hub_epoch or manifest.since > state.position:
        raise OutOfOrder(Reason.GAP, f"recall lists on position {manifest.since}")
    return {(one.campaign, one.kind): one for one in _entries(tx)}


def _in_use(state: ManifestState, manifest: RecallManifest, feed: FeedState, now_ms: int) -> ManifestState:
    made_ms = min(manifest.made_ms - feed.clock_offset_ms, now_ms)
    return replace(
        state,
        hub_epoch=manifest.hub_epoch,
        position=manifest.position,
        made_ms=made_ms,
        stated_ms=manifest.made_ms,
    )


def _way_to(one: WantedSegment, entry: ListEntry | None, here: Sequence[bytes]) -> Missing:
    """How to get a segment: by the steps of its trail that lead on from what is here, if that is less to fetch."""
    refs = () if entry is None else entry.segments
    ref = next((ref for ref in refs if ref.sha256 == one.segment_hash), None)
    if ref is None:
        return Missing(one.segment_hash)
    ways = [way for start in here if (way := _from(ref, start)) is not None]
    sizes = {step.sha256: step.size for step in ref.trail}
    best = min(ways, key=lambda way: sum(sizes[name] for name in way.steps), default=Missing(ref.sha256))
    return best if sum(sizes[name] for name in best.steps) < ref.size else Missing(ref.sha256)


def _from(ref: SegmentRef, start: bytes) -> Missing | None:
    """The steps behind a state; None when the trail does not lead from there."""
    for place in reversed(range(len(ref.trail))):
        froms = ref.trail[place].froms
        if start[:STATE_BYTES] in (froms[at : at + STATE_BYTES] for at in range(0, len(froms), STATE_BYTES)):
            return Missing(ref.sha256, tuple(step.sha256 for step in ref.trail[place:]), start)
    return None


def _want_named(tx: WriteTransaction, campaigns: set[RecordId]) -> None:
    """Want what the manifest says of some campaigns besides their members; nothing of one that is not published."""
    named = {(one.campaign, one.kind): one for one in _entries(tx)}
    for campaign in sorted(campaigns):
        is_open = bool(_named_members(tx, campaign))
        for kind in _BY_MANIFEST:
            entry = named.get((campaign, kind))
            tx.lists.want(campaign, kind, [one.sha256 for one in entry.segments] if entry and is_open else [])


def _named_members(tx: ReadTransaction, campaign: RecordId) -> list[bytes]:
    """The segments that a published campaign names; none of any other."""
    stored = tx.record(CAMPAIGN, campaign)
    if stored is None or stored.is_deleted or stored.is_hidden:
        return []
    values = shown_fields(stored)
    joined = values.get("segment_hashes")
    if values.get("state") != "published" or not isinstance(joined, bytes):
        return []
    whole = len(joined) - len(joined) % HASH_BYTES
    return [joined[at : at + HASH_BYTES] for at in range(0, whole, HASH_BYTES)]


def _check_count(tx: WriteTransaction, campaign: RecordId) -> None:
    """Hold the stored members of a campaign against its count: equal when all are here, never more."""
    stored = tx.record(CAMPAIGN, campaign)
    announced = None if stored is None else shown_fields(stored).get("member_count")
    have = tx.lists.member_count(campaign)
    own = [one for one in tx.lists.wanted() if one.campaign == campaign and one.kind == ListKind.MEMBERS]
    is_complete = all(one.is_stored for one in own if not one.is_former)
    if not isinstance(announced, int):
        raise Malformed(Reason.BAD_SEGMENT, "the campaign announces no count")
    if have > announced or (is_complete and have != announced):
        raise Malformed(Reason.BAD_SEGMENT, f"{have} members, {announced} announced")


def _entries(tx: ReadTransaction) -> list[ListEntry]:
    return [cbor.decode_frame(one, ListEntry) for one in tx.lists.entries()]


def _note_complete(tx: WriteTransaction) -> None:
    """Remember the day for which who is done and who is gone is here in full."""
    state = manifest_state(tx)
    if state.hub_epoch and not any(tx.lists.count_missing(kind) for kind in _BY_MANIFEST):
        _save(tx, replace(state, complete_ms=state.made_ms))


def _save(tx: WriteTransaction, state: ManifestState) -> None:
    tx.put_setting(_SETTING, msgspec.msgpack.encode(state))
