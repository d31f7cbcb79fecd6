"""What a campaign asks and whom it lists, kept beside its sums; which pairs a change of either touches.

Decides when a campaign is counted from tables at all: its member lists lie outside the database, so one that is missing
leaves nothing of the campaign there but the word that it is not whole. Does not judge a pair (`following_counts`).

Rules
1. Nothing about how the campaign rests is kept: a remedy that becomes available touches no pair.
2. Other demands touch every pair of which something is known; other lists, those whose standing is another.
3. A campaign that is not whole is heard again as soon as its lists are back, with the rows that a fold would give it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain

import msgspec

from carnet_hub.core.count_rows import CountRow, LeftCarRow, ListedRow, PairRow, SumRow
from carnet_hub.core.counting.completions import terms_of
from carnet_hub.core.counting.kept_sums import pair_of, split_pair
from carnet_hub.core.counting.member_places import Rolls, listed_rows, member_count
from carnet_hub.core.counting.pair_states import Standing, Terms
from carnet_hub.core.counting.progress import PairState
from carnet_hub.core.counting.withdrawals import split_hashes, unpack_withdrawals
from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.shelves import SegmentShelf, intact_list
from carnet_hub.core.shown import shown_values
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAMPAIGN
from carnet_protocol.registry import Value
from carnet_protocol.segments import decode_segment


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A campaign of which a member list was missing when it was heard.

    Attributes:
        is_back: all its lists are here by now.
    """

    campaign: bytes
    campaign_no: str
    is_back: bool


def hear_campaign(hub: Hub, transaction: Transaction, campaign: bytes) -> set[bytes]:
    """Keep what a campaign asks and whom it lists now.

    Returns: the pairs that have to be judged again.
    """
    former = transaction.counts([campaign]).get(campaign)
    row = transaction.records(CAMPAIGN.number, [campaign]).get(campaign)
    values = shown_values(hub.registry, row) if row is not None else {}
    if not values:
        _forget(transaction, campaign)
        return set()
    terms = msgspec.msgpack.encode(_neutral(terms_of(hub, transaction, RecordId(campaign), values)))
    lists = _lists_of(values)
    if former is not None and former.is_whole and former.lists == lists:
        transaction.put([former._replace(terms=terms)])
        return set() if former.terms == terms else _known(transaction, campaign)
    members, withdrawn = _names_of(values)
    held = _held(hub.segments, [*members, *withdrawn])
    if held is None:
        _forget(transaction, campaign)
        transaction.put([CountRow(campaign, terms, lists, 0, False)])
        return set()
    listed, gone = held[: len(members)], held[len(members) :]
    rows = list(listed_rows(campaign, listed, gone))
    _list(transaction, campaign, rows)
    transaction.put([CountRow(campaign, terms, lists, member_count(rows), True)])
    same_terms = former is not None and former.is_whole and former.terms == terms
    return _moved(transaction, campaign, Rolls(rows), gone, only_others=same_terms)


def uncounted_campaigns(hub: Hub, snapshot: Snapshot) -> list[Uncounted]:
    """Campaigns that are not whole."""
    lacking = [row.campaign for row in snapshot.scan(CountRow) if not row.is_whole]
    rows = snapshot.records(CAMPAIGN.number, lacking)
    found = {record: shown_values(hub.registry, row) for record, row in sorted(rows.items())}
    return [
        Uncounted(record, str(values.get("campaign_no")), _held(hub.segments, chain(*_names_of(values))) is not None)
        for record, values in found.items()
    ]


def unpack_terms(row: CountRow) -> Terms:
    """What a campaign asks, as if it rested open."""
    return msgspec.msgpack.decode(row.terms, type=Terms)


def _neutral(terms: Terms) -> Terms:
    return replace(terms, resting=PairState.OPEN)


def _lists_of(values: Mapping[str, Value]) -> bytes:
    """SHA-256 over what a campaign says of its lists."""
    members, withdrawn = values.get("segment_hashes"), values.get("withdrawn_members")
    return sha256(msgspec.msgpack.encode([members, withdrawn])).digest()


def _names_of(values: Mapping[str, Value]) -> tuple[list[bytes], list[bytes]]:
    """The member lists that a campaign names, and the lists of those who were withdrawn."""
    withdrawn = unpack_withdrawals(values.get("withdrawn_members"))
    return split_hashes(values.get("segment_hashes")), [name for _, name in withdrawn]


def _held(shelf: SegmentShelf, names: Iterable[bytes]) -> list[bytes] | None:
    """Some member lists; None when one is missing or damaged."""
    found = [intact_list(shelf, name) for name in names]
    held = [one for one in found if one is not None]
    return held if len(held) == len(found) else None


def _list(transaction: Transaction, campaign: bytes, rows: list[ListedRow]) -> None:
    """Let a campaign list these and no others."""
    fresh = {row.place for row in rows}
    stale = sorted(row.place for row in transaction.listed_of([campaign]) if row.place not in fresh)
    transaction.remove(ListedRow, [(campaign, place) for place in stale])
    transaction.put(rows)


def _known(transaction: Transaction, campaign: bytes) -> set[bytes]:
    """Every pair of a campaign of which anything is known."""
    known = {row.pair for row in transaction.pair_sources_in(campaign)}
    return known | {row.pair for row in transaction.pairs_in(campaign)}


def _moved(
    transaction: Transaction, campaign: bytes, rolls: Rolls, withdrawn: Iterable[bytes], *, only_others: bool
) -> set[bytes]:
    """The pairs that other lists touch.

    Args:
        only_others: the demands are those of before, so a pair with the same standing is as it was.
    """
    was = {row.pair: row.standing for row in transaction.pairs_in(campaign)}
    asked = _known(transaction, campaign)
    asked |= {pair_of(campaign, vin) for segment in withdrawn for vin in decode_segment(segment)}
    left = (row.vin for row in transaction.scan(LeftCarRow))
    asked |= {pair_of(campaign, vin) for vin in left if rolls.standing(campaign, vin) is Standing.MEMBER}
    if not only_others:
        return asked
    return {pair for pair in asked if was.get(pair) != rolls.standing(*split_pair(pair)).value}


def _forget(transaction: Transaction, campaign: bytes) -> None:
    """Keep nothing of a campaign."""
    transaction.remove(ListedRow, [(campaign, row.place) for row in transaction.listed_of([campaign])])
    transaction.remove(PairRow, [(row.pair,) for row in list(transaction.pairs_in(campaign))])
    transaction.remove(SumRow, [(row.key,) for row in transaction.sums_in(campaign)])
    transaction.remove(CountRow, [(campaign,)])
