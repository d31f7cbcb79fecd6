"""Is there an open recall on this car? Answered exactly, offline, with the age of the data.

Decides what makes the answer *hit*, *clear* or *unknown*. The look-up itself is `open_recalls`; which lists this node
holds is `recall_set`.

Rules:
- Stale data, a missing list or no data at all never says *clear*: it says *unknown*. A hit stays a hit, however old.
- Data from ahead of this machine's clock has no age that anybody could know, so it is as good as stale.
- A completion recorded here counts at once and is marked until the hub has confirmed it. A campaign with several items
  is open until all required ones are done; an interim remedy, and a refusal, leave it open.
- What another dealer did counts by the hub's list of the remedied, until that list is too old. It does not count
  against what is known here: where a completion was taken back, only those that stand here count.
- A car that the hub calls gone (exported, scrapped, stolen) and that stands here has an open recall, and wants somebody
  to look at it.
- What must not be driven stands first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from carnet_node.core.limits import CHILDREN_MAX, RECALL_PREFIXES_HELD
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.recalls.bitmaps import Row, read_row
from carnet_node.core.recalls.open_recalls import BitmapKey, ExceptionKey, find_key
from carnet_node.core.recalls.recall_set import manifest_state
from carnet_node.core.recalls.recall_terms import (
    ALONE,
    NO_TERMS,
    NOTHING_DONE,
    DoneSoFar,
    Lineage,
    RecallTerms,
    done_so_far,
    lineage_of,
    shown_fields,
    stored_work,
    terms_of,
)
from carnet_node.core.records import Mark, StoredRecord
from carnet_protocol.ids import VIN_CHARS, RecordId, vehicle_id
from carnet_protocol.kinds import CAMPAIGN, RECALL_COMPLETION, VEHICLE
from carnet_protocol.recall_doubt import UnknownBecause, age_of, doubt_of_age, doubt_of_number
from carnet_protocol.recall_lists import ListKind
from carnet_protocol.registry import Value
from carnet_protocol.vin import assess_vin, is_piece, normalise_vin

_TEXTS = ("campaign_no", "title", "hazard_level", "defect", "hazard", "emergency_advice", "remedy")
_MOST_DANGEROUS_FIRST = {"do_not_drive": 0, "park_outside": 1}


class RecallState(StrEnum):
    """What the desk may tell the customer."""

    HIT = "hit"
    CLEAR = "clear"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RecallHit:
    """A published campaign that lists the car.

    Attributes:
        texts: campaign number, title, hazard level and the mandatory texts, by field name.
        is_done: nothing is left to do, by the completions known here.
        is_unconfirmed: one of these was recorded at this site and the hub has not confirmed it yet.
        terms: what the campaign asks; no repair is booked while its remedy is not available.
        is_done_elsewhere: nothing is left to do by the hub's list alone.
        is_gone: by the hub's list the car was exported, scrapped or stolen.
        so_far: which items are done, whether the interim remedy is, and why recorded work counts nothing.
        lineage: which recall this one replaces, and which replace it.
    """

    campaign: RecordId
    texts: dict[str, Value]
    is_done: bool = False
    is_unconfirmed: bool = False
    terms: RecallTerms = NO_TERMS
    so_far: DoneSoFar = NOTHING_DONE
    is_done_elsewhere: bool = False
    is_gone: bool = False
    lineage: Lineage = ALONE


@dataclass(frozen=True, slots=True)
class RecallAnswer:
    """The answer at the desk.

    Attributes:
        identifier: what was asked, in normal form.
        hits: campaigns that list the car, open ones first, the most dangerous of them on top.
        as_of_ms: when the data was made, by this node's clock; None when there is none.
        age_ms: how old that is; None likewise, and when it lies further ahead of the clock than clocks differ.
        because: for unknown, and for a hit on stale data.
        lists_as_of_ms: for when it is known who was done elsewhere and who is gone, by this node's clock; None before
            that has arrived.
    """

    state: RecallState
    identifier: str
    hits: tuple[RecallHit, ...]
    as_of_ms: int | None
    age_ms: int | None
    because: UnknownBecause | None
    lists_as_of_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AsOf:
    """How far answers about recalls can be relied on.

    Attributes:
        as_of_ms: when the data was made, by this node's clock; None when there is none.
        because: why no car may be called clear; None when those without a hit are.
    """

    as_of_ms: int | None
    because: UnknownBecause | None


def check_recalls(node: Node, text: str) -> RecallAnswer:
    """Look a car up in every open campaign.

    Args:
        text: a VIN or frame number as typed; a mistyped one is simply listed nowhere, so check it first.
    """
    with node.store.read() as tx:
        return check_recalls_within(tx, node, text)


def check_car(node: Node, text: str) -> RecallAnswer:
    """As `check_many`, for one number as typed or scanned."""
    (answer,) = check_many(node, [text])
    return answer


def check_many(node: Node, texts: Iterable[str]) -> Iterator[RecallAnswer]:
    """As `check_recalls`, for what people write: one answer each, in their order, all of one snapshot.

    Args:
        texts: as written; one that cannot be a VIN, or is a piece of one, and is listed nowhere is *unknown*, because
            another car may be meant.
    """
    with node.store.read() as tx:
        book = RecallBook(tx, node)
        for text in texts:
            answer = book.answer(text)
            if answer.state is RecallState.CLEAR and not answer.hits:
                assessed = assess_vin(text, node.settings.vin_policy)
                if not assessed.is_acceptable or is_piece(assessed):
                    answer = replace(answer, state=RecallState.UNKNOWN, because=doubt_of_number(assessed))
            yield answer


def check_recalls_within(tx: ReadTransaction, node: Node, text: str) -> RecallAnswer:
    """As `check_recalls`, inside a snapshot the caller has begun."""
    return RecallBook(tx, node).answer(text)


def _doubt(tx: ReadTransaction, as_of_ms: int | None, now_ms: int, stale_after_ms: int) -> UnknownBecause | None:
    """Why the data that is here lets nobody say "clear"; None when it does."""
    if as_of_ms is None:
        return UnknownBecause.NO_DATA
    is_missing = tx.lists.count_missing(ListKind.MEMBERS)
    return doubt_of_age(as_of_ms, now_ms, stale_after_ms) or (UnknownBecause.LISTS_MISSING if is_missing else None)


def danger_of(hit: RecallHit) -> int:
    """The place of a recall among others: 0 for what must not be driven."""
    return _MOST_DANGEROUS_FIRST.get(str(hit.texts.get("hazard_level")), len(_MOST_DANGEROUS_FIRST))


class RecallBook:
    """One snapshot that is asked about one car or many: what is the same for all of them is read once."""

    def __init__(self, tx: ReadTransaction, node: Node) -> None:
        self._tx = tx
        feed, now_ms, stale_after_ms = tx.feed(), node.clock.now_ms(), node.settings.recall_stale_after_ms
        self._as_of_ms = None if feed is None else feed.as_of_ms
        self._age_ms = None if self._as_of_ms is None else age_of(self._as_of_ms, now_ms)
        self._because = _doubt(tx, self._as_of_ms, now_ms, stale_after_ms)
        self._lists_ms = manifest_state(tx).complete_ms
        self._counts_remedied = (
            self._lists_ms is not None and doubt_of_age(self._lists_ms, now_ms, stale_after_ms) is None
        )
        self._rows: dict[str, list[tuple[RecordId, int, Row]]] = {}
        self._campaigns: dict[RecordId, tuple[dict[str, Value], RecallTerms, Lineage]] = {}

    @property
    def as_of(self) -> AsOf:
        """How far everything that this snapshot answers can be relied on."""
        return AsOf(self._as_of_ms, self._because)

    def answer(self, text: str) -> RecallAnswer:
        """Hit, clear or unknown.

        Args:
            text: as for `check_recalls`.
        """
        identifier = normalise_vin(text)
        hits = self._hits(identifier)
        if any(not hit.is_done for hit in hits):
            state = RecallState.HIT
        else:
            state = RecallState.CLEAR if self._because is None else RecallState.UNKNOWN
        return RecallAnswer(state, identifier, hits, self._as_of_ms, self._age_ms, self._because, self._lists_ms)

    def _hits(self, identifier: str) -> tuple[RecallHit, ...]:
        listed = self._lists_of(identifier)
        campaigns = sorted(campaign for campaign, kind in listed if kind == ListKind.MEMBERS)
        if not campaigns:
            return ()
        standing, taken_back = self._completions(identifier)
        hits: list[RecallHit] = []
        for campaign in campaigns:
            counts = self._counts_remedied and campaign not in taken_back
            is_remedied = counts and (campaign, ListKind.REMEDIED) in listed
            hit = self._hit(campaign, standing.get(campaign, ()), is_remedied=is_remedied)
            hits.append(replace(hit, is_gone=True) if (campaign, ListKind.REMOVED) in listed else hit)
        return tuple(sorted(hits, key=lambda hit: (hit.is_done, danger_of(hit))))

    def _lists_of(self, identifier: str) -> frozenset[tuple[RecordId, int]]:
        """(campaign, kind) of every list in use that an identifier is on."""
        match find_key(identifier):
            case BitmapKey(prefix, serial):
                rows = self._rows.get(prefix)
                if rows is None:
                    if len(self._rows) >= RECALL_PREFIXES_HELD:
                        self._rows.clear()
                    listed = self._tx.lists.bitmaps(prefix)
                    rows = self._rows[prefix] = [(one, kind, read_row(row)) for one, kind, row in listed]
                return frozenset((campaign, kind) for campaign, kind, row in rows if row.has(serial))
            case ExceptionKey(text):
                return frozenset(self._tx.lists.exceptions(text))

    def _campaign(self, campaign: RecordId) -> tuple[dict[str, Value], RecallTerms, Lineage]:
        """What a campaign says and asks, and what it replaces."""
        known = self._campaigns.get(campaign)
        if known is None:
            stored = self._tx.record(CAMPAIGN, campaign)
            values = {} if stored is None else shown_fields(stored)
            texts = {name: values.get(name) for name in _TEXTS}
            known = self._campaigns[campaign] = (texts, terms_of(self._tx, campaign), lineage_of(self._tx, campaign))
        return known

    def _hit(self, campaign: RecordId, completions: Sequence[StoredRecord], *, is_remedied: bool) -> RecallHit:
        texts, terms, lineage = self._campaign(campaign)
        so_far = done_so_far(terms, map(stored_work, completions))
        is_unconfirmed = any(one.mark is not Mark.NOTHING_OWN for one in completions) and not is_remedied
        is_done = so_far.is_done or is_remedied
        is_elsewhere = is_remedied and not so_far.is_done
        return RecallHit(campaign, texts, is_done, is_unconfirmed, terms, so_far, is_elsewhere, lineage=lineage)

    def _completions(self, identifier: str) -> tuple[dict[RecordId, list[StoredRecord]], frozenset[RecordId]]:
        """Completions of this car that stand, by campaign, and campaigns of which one was taken back.

        An unconfirmed one only where no confirmed one says as much.
        """
        found: dict[RecordId, list[StoredRecord]] = {}
        taken_back: set[RecordId] = set()
        for stored in self._recorded(identifier):
            values = shown_fields(stored)
            campaign = values.get("campaign_id")
            if isinstance(campaign, bytes) and values.get("retracted"):
                taken_back.add(RecordId(campaign))
            elif isinstance(campaign, bytes) and stored.mark is not Mark.REFUSED:
                found.setdefault(RecordId(campaign), []).append(stored)
        standing = {campaign: self._confirmed_first(campaign, stored) for campaign, stored in found.items()}
        return standing, frozenset(taken_back)

    def _recorded(self, identifier: str) -> Iterator[StoredRecord]:
        """Every completion that is kept here under a number: a VIN names its record, a frame number is looked up."""
        if len(identifier) == VIN_CHARS:
            yield from self._tx.find_equal(RECALL_COMPLETION, "vehicle_id", vehicle_id(identifier), CHILDREN_MAX)
            return
        for car in self._tx.find_equal(VEHICLE, "chassis_no", identifier, CHILDREN_MAX):
            done = self._tx.find_equal(RECALL_COMPLETION, "vehicle_id", car.record, CHILDREN_MAX)
            yield from (one for one in done if shown_fields(one).get("vin") == identifier)

    def _confirmed_first(self, campaign: RecordId, stored: list[StoredRecord]) -> list[StoredRecord]:
        """Those that matter: the confirmed ones alone when they leave nothing to do, else all."""
        _, terms, _ = self._campaign(campaign)
        confirmed = [one for one in stored if one.mark is Mark.NOTHING_OWN]
        return confirmed if done_so_far(terms, map(stored_work, confirmed)).is_done else stored
