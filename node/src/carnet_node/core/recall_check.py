"""Is there an open recall on this car? Answered exactly, offline, with the age of the data.

Decides what makes the answer *hit*, *clear* or *unknown*, which member lists a node wants, and which it accepts. The
look-up itself is `open_recalls`.

Rules:
- Stale data, a missing list or no data at all never says *clear*: it says *unknown*. A hit stays a hit, however old.
- Data from ahead of this machine's clock has no age that anybody could know, so it is as good as stale.
- A completion recorded here counts at once and is marked until the hub has confirmed it. A campaign with several items
  is open until all required ones are done; an interim remedy, and a refusal, leave it open.
- What must not be driven stands first.
- A list is stored only if its hash is one a published campaign names and its count fits the campaign's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from carnet_node.core.commands.vehicles import check_vin
from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.node import Node
from carnet_node.core.open_recalls import BitmapKey, ExceptionKey, campaign_rows, find_key, is_member
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.recall_terms import (
    NO_TERMS,
    NOTHING_DONE,
    DoneSoFar,
    RecallTerms,
    done_so_far,
    shown_fields,
    terms_of,
)
from carnet_node.core.records import Mark, StoredRecord
from carnet_protocol.errors import Malformed
from carnet_protocol.ids import HASH_BYTES, VIN_CHARS, RecordId, vehicle_id
from carnet_protocol.kinds import CAMPAIGN, RECALL_COMPLETION
from carnet_protocol.limits import CLOCK_OFFSET_ALARM_MS
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from carnet_protocol.segments import decode_segment, segment_hash
from carnet_protocol.vin import normalise_vin

_TEXTS = ("campaign_no", "title", "hazard_level", "defect", "hazard", "emergency_advice", "remedy")
_MOST_DANGEROUS_FIRST = {"do_not_drive": 0, "park_outside": 1}


class RecallState(StrEnum):
    """What the desk may tell the customer."""

    HIT = "hit"
    CLEAR = "clear"
    UNKNOWN = "unknown"


class UnknownBecause(StrEnum):
    """Why nothing certain can be said."""

    NO_DATA = "no recall data has arrived yet"
    STALE = "the recall data is too old"
    LISTS_MISSING = "a member list has not arrived yet"
    CLOCK = "the recall data is newer than this machine's clock, so its age is not known"


@dataclass(frozen=True, slots=True)
class RecallHit:
    """A published campaign that lists the car.

    Attributes:
        texts: campaign number, title, hazard level and the mandatory texts, by field name.
        is_done: nothing is left to do, by the completions known here.
        is_unconfirmed: one of these was recorded at this site and the hub has not confirmed it yet.
        terms: what the campaign asks; no repair is booked while its remedy is not available.
        so_far: which items are done, and whether the interim remedy is.
    """

    campaign: RecordId
    texts: dict[str, Value]
    is_done: bool = False
    is_unconfirmed: bool = False
    terms: RecallTerms = NO_TERMS
    so_far: DoneSoFar = NOTHING_DONE


@dataclass(frozen=True, slots=True)
class RecallAnswer:
    """The answer at the desk.

    Attributes:
        identifier: what was asked, in normal form.
        hits: campaigns that list the car, open ones first, the most dangerous of them on top.
        as_of_ms: when the data was made, by this node's clock; None when there is none.
        age_ms: how old that is; None likewise, and when it lies further ahead of the clock than clocks differ.
        because: for unknown, and for a hit on stale data.
    """

    state: RecallState
    identifier: str
    hits: tuple[RecallHit, ...]
    as_of_ms: int | None
    age_ms: int | None
    because: UnknownBecause | None


def check_recalls(node: Node, text: str) -> RecallAnswer:
    """Look a car up in every open campaign.

    Args:
        text: a VIN or frame number as typed; a mistyped one is simply listed nowhere, so check it first.
    """
    with node.store.read() as tx:
        return check_recalls_within(tx, node, text)


def check_car(node: Node, text: str) -> RecallAnswer:
    """As `check_recalls`, for what somebody typed: a number that cannot be one of a car is listed nowhere by mistake.

    Args:
        text: a VIN or frame number as typed or scanned.

    Raises:
        CommandRefused: no campaign lists it, and the site's policy does not accept it as a VIN.
    """
    answer = check_recalls(node, text)
    if not answer.hits:
        check_vin(text, node.settings.vin_policy)
    return answer


def check_recalls_within(tx: ReadTransaction, node: Node, text: str) -> RecallAnswer:
    """As `check_recalls`, inside a snapshot the caller has begun."""
    identifier = normalise_vin(text)
    feed = tx.feed()
    as_of_ms = None if feed is None else feed.as_of_ms
    age_ms = None if as_of_ms is None else _age(as_of_ms, node.clock.now_ms())
    hits = _hits(tx, identifier)
    because = UnknownBecause.NO_DATA if as_of_ms is None else _doubt(tx, age_ms, node.settings.recall_stale_after_ms)
    if any(not hit.is_done for hit in hits):
        state = RecallState.HIT
    else:
        state = RecallState.CLEAR if because is None else RecallState.UNKNOWN
    return RecallAnswer(state, identifier, hits, as_of_ms, age_ms, because)


def missing_segments(node: Node) -> tuple[bytes, ...]:
    """Hashes of the member lists to fetch, each once."""
    with node.store.read() as tx:
        return tuple(dict.fromkeys(one.segment_hash for one in tx.segments() if not one.is_stored))


def store_segment(node: Node, data: bytes) -> int:
    """Keep a member list that a published campaign names.

    Args:
        data: canonical bytes, at most 64 MiB.

    Raises:
        Malformed: BAD_SEGMENT; no campaign names it, it is damaged, or it does not fit the announced count. The lists
            that are stored stay in use.

    Returns: how many members it has; 0 when it was stored already.
    """
    name = segment_hash(data)
    with node.store.read() as tx:
        naming = [one for one in tx.segments() if one.segment_hash == name]
    if not naming:
        raise Malformed(Reason.BAD_SEGMENT, "no published campaign names it")
    if naming[0].is_stored:
        return 0
    segment = decode_segment(data)
    rows = campaign_rows(segment)
    with node.store.write() as tx:
        tx.add_segment(name, segment.count, rows.bitmaps, rows.exceptions)
        for one in naming:
            _check_count(tx, one.campaign)
    return segment.count


def want_segments(tx: WriteTransaction, campaign: RecordId) -> None:
    """Note which lists a campaign names now; none unless it is published."""
    stored = tx.record(CAMPAIGN, campaign)
    hashes: list[bytes] = []
    if stored is not None and not stored.is_deleted and not stored.is_hidden:
        values = shown_fields(stored)
        joined = values.get("segment_hashes")
        if values.get("state") == "published" and isinstance(joined, bytes):
            whole = len(joined) - len(joined) % HASH_BYTES
            hashes = [joined[at : at + HASH_BYTES] for at in range(0, whole, HASH_BYTES)]
    tx.put_wanted_segments(campaign, hashes)


def _check_count(tx: WriteTransaction, campaign: RecordId) -> None:
    """Hold the stored lists of a campaign against its count: equal when all are here, never more."""
    stored = tx.record(CAMPAIGN, campaign)
    announced = None if stored is None else shown_fields(stored).get("member_count")
    have = tx.segment_count(campaign)
    is_complete = all(one.is_stored for one in tx.segments() if one.campaign == campaign)
    if not isinstance(announced, int):
        raise Malformed(Reason.BAD_SEGMENT, "the campaign announces no count")
    if have > announced or (is_complete and have != announced):
        raise Malformed(Reason.BAD_SEGMENT, f"{have} members, {announced} announced")


def _age(as_of_ms: int, now_ms: int) -> int | None:
    """How old the data is; a clock that was set back a little makes it new, one that was set back far says nothing."""
    age_ms = now_ms - as_of_ms
    return None if age_ms < -CLOCK_OFFSET_ALARM_MS else max(0, age_ms)


def _doubt(tx: ReadTransaction, age_ms: int | None, stale_after_ms: int) -> UnknownBecause | None:
    """Why data of this age lets nobody say "clear"; None when it does."""
    if age_ms is None:
        return UnknownBecause.CLOCK
    if age_ms > stale_after_ms:
        return UnknownBecause.STALE
    return UnknownBecause.LISTS_MISSING if tx.count_missing_segments() else None


def _hits(tx: ReadTransaction, identifier: str) -> tuple[RecallHit, ...]:
    match find_key(identifier):
        case BitmapKey(prefix, serial):
            rows = tx.recall_bitmaps(prefix)
            campaigns = [campaign for campaign, bitmap in rows if is_member(bitmap, serial)]
        case ExceptionKey(listed):
            campaigns = tx.recall_exceptions(listed)
    if not campaigns:
        return ()
    done = _completions(tx, identifier)
    hits = [_hit(tx, campaign, done.get(campaign, ())) for campaign in sorted(set(campaigns))]
    return tuple(sorted(hits, key=lambda hit: (hit.is_done, _danger(hit))))


def _danger(hit: RecallHit) -> int:
    return _MOST_DANGEROUS_FIRST.get(str(hit.texts.get("hazard_level")), len(_MOST_DANGEROUS_FIRST))


def _hit(tx: ReadTransaction, campaign: RecordId, completions: Sequence[StoredRecord]) -> RecallHit:
    stored = tx.record(CAMPAIGN, campaign)
    values = {} if stored is None else shown_fields(stored)
    terms = terms_of(tx, campaign)
    so_far = done_so_far(terms, map(shown_fields, completions))
    is_unconfirmed = any(one.mark is not Mark.NOTHING_OWN for one in completions)
    return RecallHit(
        campaign, {name: values.get(name) for name in _TEXTS}, so_far.is_done, is_unconfirmed, terms, so_far
    )


def _completions(tx: ReadTransaction, identifier: str) -> dict[RecordId, list[StoredRecord]]:
    """Completions of this car that stand, by campaign; an unconfirmed one only where no confirmed one says as much."""
    if len(identifier) != VIN_CHARS:
        return {}
    found: dict[RecordId, list[StoredRecord]] = {}
    for stored in tx.find_equal(RECALL_COMPLETION, "vehicle_id", vehicle_id(identifier), CHILDREN_MAX):
        values = shown_fields(stored)
        campaign = values.get("campaign_id")
        if isinstance(campaign, bytes) and not values.get("retracted") and stored.mark is not Mark.REFUSED:
            found.setdefault(RecordId(campaign), []).append(stored)
    return {campaign: _confirmed_first(tx, campaign, stored) for campaign, stored in found.items()}


def _confirmed_first(tx: ReadTransaction, campaign: RecordId, stored: list[StoredRecord]) -> list[StoredRecord]:
    """Those that matter: the confirmed ones alone when they leave nothing to do, else all."""
    confirmed = [one for one in stored if one.mark is Mark.NOTHING_OWN]
    return confirmed if done_so_far(terms_of(tx, campaign), map(shown_fields, confirmed)).is_done else stored
