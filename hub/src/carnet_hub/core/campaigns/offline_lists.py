"""The lists that every node holds of every recall, made anew each day, with the steps that lead to them.

Decides when lists are made, by whom, and what is on them. Everything here follows from the log and the segments on the
shelf: losing it costs every node a few megabytes and nothing else. Does not decide what a node is told
(`list_telling`), which steps are kept (`list_trails`), in which state a pair is (`pair_states`), or what a node does.

Rules
1. Members are the segments of the published plan. Remedied are the pairs that a completion has closed, removed those
   whose car was exported, scrapped or stolen and has not been seen since; each is one segment.
2. All lists are read in one snapshot, and the manifest names its position. Publishing makes the lists of one campaign;
   the others stay as they were made, and so does the day for which the whole stands.
3. A list that is as it was keeps its entry. A campaign that is no longer published keeps empty ones, so that a manifest
   of changes can say so.
4. A manifest that was made before the hub was restored is nobody's answer: it is made anew, on the same trails.
5. Files that neither the present nor the former manifest names are removed; a node in mid-fetch still finds its own.
6. A campaign of which a segment is missing stops nobody else's lists: it is late, and keeps those it had until a desk
   would not believe them any more; then nobody in it counts as done. It is tried again until its segment is back.
7. One process makes lists at a time. A manifest never takes the place of one of a later position of the same history.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.campaigns.list_trails import TrailStep, extend_trail, trail_step
from carnet_hub.core.campaigns.recalls import Campaign, count_pairs, held_segments
from carnet_hub.core.counting.progress import COMPLETED, PairState
from carnet_hub.core.exchange.list_telling import stored_manifest
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LISTS_EVERY_MS, LISTS_WAIT_S
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.sets.present import require_present
from carnet_hub.core.shelves import ListShelf, SegmentShelf, intact_list
from carnet_hub.core.shown import shown_records
from carnet_protocol import cbor
from carnet_protocol.recall_doubt import doubt_of_age
from carnet_protocol.recall_lists import (
    ListEntry,
    ListKind,
    RecallManifest,
    SegmentRef,
    StepRef,
    decode_step,
    root_of,
    step_between,
)
from carnet_protocol.segments import MemberSet, Segment, decode_segment, segment_hash

GONE: Final = frozenset({PairState.EXPORTED, PairState.SCRAPPED, PairState.STOLEN})
"""States of a car that no owner brings; one that is seen again has none of them."""

Watch = Callable[[list[Campaign]], Iterable[Campaign]]
Chosen = Callable[[Campaign], bool]


@dataclass(frozen=True, slots=True)
class ListFacts:
    """One list as an operator reads of it.

    Attributes:
        members: vehicles on it.
        whole_bytes: what a node fetches that has nothing.
        newest_bytes: what one fetches that had the state before; 0 when the list has no earlier state.
        steps: how many files the trail has.
        changed: log position at which it last changed.
    """

    campaign_no: str
    kind: str
    members: int
    whole_bytes: int
    newest_bytes: int
    steps: int
    changed: int


@dataclass(frozen=True, slots=True)
class LateLists:
    """A campaign whose lists could not be made.

    Attributes:
        what, next: why, and what to do.
        made_ms: for when the lists stand that it has; None for a campaign that has none.
    """

    campaign_no: str
    what: str
    next: str
    made_ms: int | None


@dataclass(frozen=True, slots=True)
class MadeLists:
    """What was made.

    Attributes:
        changed: lists that are not as the former manifest had them.
        facts: every list of a published campaign, by number and kind.
        late: campaigns whose lists stayed as they were, by number.
    """

    position: int
    made_ms: int
    changed: int
    facts: tuple[ListFacts, ...]
    late: tuple[LateLists, ...]


def are_due(hub: Hub, lists: ListShelf) -> bool:
    """Whether all lists have to be made: there are none, they are of another history, or a day old."""
    stored = stored_manifest(lists)
    return (
        stored is None
        or stored.hub_epoch != hub.hub_epoch
        or not 0 <= hub.clock.now_ms() - stored.made_ms < LISTS_EVERY_MS
    )


def make_lists(
    hub: Hub, segments: SegmentShelf, lists: ListShelf, watched: Watch = list, *, campaign_no: str | None = None
) -> MadeLists:
    """Make the lists of every published campaign and the manifest that names them.

    Args:
        watched: shows how far it has come.
        campaign_no: make those of this campaign alone; of all, where all are due.

    Raises:
        Unusable: another process has been making them for `LISTS_WAIT_S`, or those on the shelf are of a later position
            than this log has; the former manifest stands.
        HistoryEnded, StoreBusy, StoreError: see `present` and `ports`; likewise.
        OSError: the shelf cannot be written; likewise.
    """
    with lists.making(LISTS_WAIT_S) as is_ours:
        if not is_ours:
            raise Unusable("Another process is making the recall lists.", "Wait until it has ended.")
        if campaign_no is None or are_due(hub, lists):
            return _make(hub, segments, lists, watched, None)
        return _make(hub, segments, lists, watched, lambda one: one.values.get("campaign_no") == campaign_no)


def make_due_lists(hub: Hub, segments: SegmentShelf, lists: ListShelf) -> MadeLists | None:
    """Make all lists when they are due, else those that are late; None for neither, or while somebody else makes them.

    Raises:
        Unusable, HistoryEnded, StoreBusy, StoreError, OSError: see `make_lists`.
    """
    with lists.making(0) as is_ours:
        if not is_ours:
            return None
        if are_due(hub, lists):
            return _make(hub, segments, lists, list, None)
        late = lists.late()
        return _make(hub, segments, lists, list, lambda one: one.row.id in late) if late else None


def _make(hub: Hub, segments: SegmentShelf, lists: ListShelf, watched: Watch, chosen: Chosen | None) -> MadeLists:
    """The same for campaigns that are chosen, or for all, by the one who may."""
    former = stored_manifest(lists)
    with hub.store.read() as snapshot:
        position = _position(hub, snapshot, former)
        campaigns = _campaigns(hub, snapshot, chosen)
        maker = _ListMaker(hub, segments, lists, former, position)
        found = [maker.make(snapshot, campaign) for campaign in watched(campaigns)]
    made_ms = former.made_ms if chosen is not None and former is not None else hub.clock.now_ms()
    ordered = maker.entries()
    manifest = RecallManifest(1, hub.hub_epoch, position, made_ms, 0, ordered, root_of(ordered))
    made = {one.row.id for one in campaigns}
    lists.put_late({one: at_ms for one, at_ms in maker.late.items() if chosen is not None or one in made})
    lists.put_manifest(cbor.encode_frame(manifest))
    lists.keep_only({*_names(ordered), *_names(former.entries if former is not None else ())})
    numbers = {one.row.id: _number(one) for one in campaigns}
    shown = [one for one in ordered if one.campaign in numbers and one.segments]
    facts = sorted(
        (_facts_of(numbers[one.campaign], one) for one in shown), key=lambda one: (one.campaign_no, one.kind)
    )
    return MadeLists(position, made_ms, maker.changed, tuple(facts), tuple(one for one in found if one is not None))


def _position(hub: Hub, snapshot: Snapshot, former: RecallManifest | None) -> int:
    """The end of the log, which lies no earlier than that of the manifest on the shelf."""
    require_present(hub, snapshot)
    position = snapshot.head().position
    if former is not None and former.hub_epoch == hub.hub_epoch and former.position > position:
        raise Unusable(
            f"The recall lists here are of log position {former.position}, and this log ends at {position}.",
            "Look whether this is the right database; after a restore run `carnet-hub restored`.",
        )
    return position


class _ListMaker:
    """Writes the files of lists and their steps, and knows which lists have changed and which are late.

    Attributes:
        late: for when the lists of a campaign stand, of those that could not be made.
    """

    def __init__(
        self, hub: Hub, segments: SegmentShelf, lists: ListShelf, former: RecallManifest | None, position: int
    ) -> None:
        self._hub = hub
        self._segments = segments
        self._lists = lists
        self._position = position
        self._now_ms = hub.clock.now_ms()
        self._former_ms = former.made_ms if former is not None else self._now_ms
        self._entries = {(one.campaign, one.kind): one for one in former.entries} if former is not None else {}
        self.late = dict(lists.late())
        self.changed = 0

    def entries(self) -> list[ListEntry]:
        """Every list, ascending."""
        return [self._entries[key] for key in sorted(self._entries)]

    def make(self, snapshot: Snapshot, campaign: Campaign) -> LateLists | None:
        """The lists of a campaign as they are now; what stopped it, where a segment cannot be read."""
        record = campaign.row.id
        try:
            found = list(_lists_of(self._hub, self._segments, snapshot, campaign))
        except Unusable as failure:
            return self._leave(campaign, failure.what, failure.next)
        except OSError:
            number = _number(campaign)
            return self._leave(campaign, f"A member list of {number} cannot be read.", "Look at the disk.")
        self.late.pop(record, None)
        for kind, after in found:
            self._put(record, kind, after)
        return None

    def _leave(self, campaign: Campaign, what: str, next_step: str) -> LateLists:
        """Let a campaign keep its lists; who is done in it, only for as long as a desk believes that."""
        record = campaign.row.id
        made_ms = self.late.setdefault(record, self._former_ms)
        if doubt_of_age(made_ms, self._now_ms) is not None:
            self._put(record, ListKind.REMEDIED, [])
        has_lists = any((record, kind) in self._entries for kind in ListKind)
        return LateLists(_number(campaign), what, next_step, made_ms if has_lists else None)

    def _put(self, record: bytes, kind: ListKind, after: list[bytes]) -> None:
        key = (record, int(kind))
        if after or key in self._entries:
            self._entries[key] = self._next_entry(key, self._entries.get(key), after)

    def _next_entry(self, key: tuple[bytes, int], former: ListEntry | None, after: list[bytes]) -> ListEntry:
        """The entry of a list that consists of these segments now; the former one when it did before."""
        campaign, kind = key
        known = [] if former is None else former.segments
        names = [segment_hash(one) if kind == ListKind.MEMBERS else self._lists.put(one) for one in after]
        if former is not None and names == [one.sha256 for one in known]:
            return former
        self.changed += 1
        gone = [one for one in known if one.sha256 not in names]
        kept = {one.sha256: one for one in known}
        refs = [kept.get(name) or self._new(content, gone) for name, content in zip(names, after, strict=True)]
        return ListEntry(campaign, kind, self._position, refs)

    def _new(self, content: bytes, gone: list[SegmentRef]) -> SegmentRef:
        """A segment with the trail that leads to it from the one whose place it takes."""
        after = decode_segment(content)
        trail = self._trail_to(after, len(content), gone)
        refs = [StepRef(self._lists.put(one.content), len(one.content), one.froms) for one in trail]
        return SegmentRef(segment_hash(content), len(content), after.count, refs)

    def _trail_to(self, after: Segment, whole_bytes: int, gone: list[SegmentRef]) -> tuple[TrailStep, ...]:
        for former in gone:
            content = self._lists.get(former.sha256) or intact_list(self._segments, former.sha256)
            before = None if content is None else decode_segment(content)
            if before is not None and (len(gone) == 1 or _share_a_prefix(before, after)):
                newest = trail_step(former.sha256, step_between(before, after))
                return extend_trail(self._trail_of(former), newest, whole_bytes=whole_bytes)
        return ()

    def _trail_of(self, ref: SegmentRef) -> list[TrailStep]:
        """The steps of a trail as far as their files are here, from its end."""
        trail: list[TrailStep] = []
        for one in reversed(ref.trail):
            content = self._lists.get(one.sha256)
            if content is None:
                break
            trail.append(TrailStep(one.froms, decode_step(content), content))
        return trail[::-1]


def _campaigns(hub: Hub, snapshot: Snapshot, chosen: Chosen | None) -> list[Campaign]:
    """Campaigns by number: those that are chosen, or all."""
    found = [Campaign(row, values) for row, values in shown_records(hub.registry, snapshot, "campaign")]
    return sorted((one for one in found if chosen is None or chosen(one)), key=lambda one: (_number(one), one.row.id))


def _number(campaign: Campaign) -> str:
    return str(campaign.values.get("campaign_no"))


def _lists_of(
    hub: Hub, segments: SegmentShelf, snapshot: Snapshot, campaign: Campaign
) -> Iterator[tuple[ListKind, list[bytes]]]:
    """The segments of each list as it is now; none for a campaign that is not published."""
    if campaign.values.get("state") != "published":
        yield from ((kind, []) for kind in ListKind)
        return
    states = count_pairs(hub, segments, snapshot, campaign).states
    yield ListKind.MEMBERS, list(held_segments(segments, campaign.segment_hashes))
    yield ListKind.REMEDIED, _segment_of(states, COMPLETED)
    yield ListKind.REMOVED, _segment_of(states, GONE)


def _segment_of(states: Mapping[str, PairState], wanted: frozenset[PairState]) -> list[bytes]:
    members = MemberSet()
    for vin, state in states.items():
        if state in wanted:
            members.add(vin)
    return [members.encode()] if members else []


def _share_a_prefix(one: Segment, other: Segment) -> bool:
    """Whether two segments are of one cut of a list: all vehicles of a prefix stay together."""
    return not {group.prefix for group in one.members}.isdisjoint(group.prefix for group in other.members)


def _names(entries: Iterable[ListEntry]) -> Iterator[bytes]:
    for entry in entries:
        for one in entry.segments:
            yield one.sha256
            yield from (step.sha256 for step in one.trail)


def _facts_of(campaign_no: str, entry: ListEntry) -> ListFacts:
    newest = sum(one.trail[-1].size for one in entry.segments if one.trail)
    return ListFacts(
        campaign_no,
        ListKind(entry.kind).name.lower(),
        sum(one.members for one in entry.segments),
        sum(one.size for one in entry.segments),
        newest,
        sum(len(one.trail) for one in entry.segments),
        entry.changed,
    )
