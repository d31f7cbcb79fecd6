"""Attempts to reach owners, as the hub writes them down: letters that were posted, letters that came back.

Decides which cars may be named, whom an attempt was meant for, and that the same list given twice is written once.
Does not decide what attempts come to (`contacts`).

Rules
1. A list that names a car outside the campaign is refused whole: it is another campaign's list.
2. An attempt is meant for whoever owned the car on its day, as far as anybody knows.
3. The same car, channel, result and day is one attempt. What is noted already is left as it is, so a command that was
   stopped half-way is given again.
4. Only a letter comes back, here as at a dealer's desk.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

from carnet_hub.core.campaigns.campaign_plans import ListedLine
from carnet_hub.core.campaigns.recalls import Campaign, held_segments, require_campaign, withdrawn_of
from carnet_hub.core.counting.completions import car_of
from carnet_hub.core.counting.contacts import Attempt, campaign_attempts
from carnet_hub.core.counting.owners import ties_of
from carnet_hub.core.counting.withdrawals import Listed
from carnet_hub.core.failures import FaultyLine, ListRefused, Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import CONTACTS_PER_SET, FAULTY_LINES_SHOWN_MAX, MEMBERS_MAX
from carnet_hub.core.log.authoring import write_hub_set
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shelves import SegmentShelf
from carnet_hub.core.shown import shown_values
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RECORD_RANDOM_BYTES, VIN_CHARS, RecordId, new_record_id, vehicle_id
from carnet_protocol.kinds import RECALL_CONTACT
from carnet_protocol.legal_days import legal_day
from carnet_protocol.owners import present_holder
from carnet_protocol.reach import POSTED, RETURNED
from carnet_protocol.registry import Value
from carnet_protocol.state import head_op_ids, unpack_entries
from carnet_protocol.vin import normalise_vin

_RETRACTED_REGISTER: Final = 1
_STRANGER: Final = "not a vehicle of this campaign"
_NOON_MS: Final = 12 * 3600 * 1000
_DAY_MS: Final = 24 * 3600 * 1000
_BEIJING_MS: Final = 8 * 3600 * 1000
_EPOCH: Final = date(1970, 1, 1)

Watched = Callable[[Sequence[str]], Iterable[str]]
"""Shows how far a list has been written down."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a list of cars says of each of them.

    Attributes:
        channel, result: of the registry.
        day: in mainland China; not ahead.
    """

    channel: str
    result: str
    day: date

    def at_ms(self, now_ms: int) -> int:
        """Now for today, else noon of the day in mainland China: whoever notes a list of that day knows no hour."""
        if self.day == legal_day(now_ms):
            return now_ms
        return (self.day - _EPOCH).days * _DAY_MS - _BEIJING_MS + _NOON_MS


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of a list.

    Attributes:
        written: attempts that are new.
        known: cars of which the very same was noted before, or stands twice in the list.
    """

    written: int
    known: int


def note_attempts(
    hub: Hub,
    segments: SegmentShelf,
    campaign_no: str,
    lines: Iterable[ListedLine],
    tried: Tried,
    *,
    watched: Watched,
) -> Noted:
    """Write down one attempt for each car of a list, in batches that each stand.

    Raises:
        Unusable: no such campaign, a day ahead, a channel or result that is none, something returned that is no letter;
            nothing was written.
        ListRefused: it names cars outside the campaign, or nobody; nothing was written.
        StoreBusy, StoreError: see `ports`; what was written stands, and the same call goes on.
    """
    now_ms = hub.clock.now_ms()
    if tried.day > legal_day(now_ms):
        raise Unusable(f"{tried.day} lies ahead.", f"Give a day up to {legal_day(now_ms)}.")
    _check_codes(tried)
    with hub.store.read() as snapshot:
        campaign = require_campaign(hub, snapshot, campaign_no)
        listed = _listed(segments, campaign, lines)
        record = RecordId(campaign.row.id)
        attempts = campaign_attempts(hub, snapshot, record)
        fresh = [vin for vin in dict.fromkeys(listed) if not _is_noted(attempts.get(vin, ()), tried)]
    waiting = iter(watched(fresh))
    while batch := list(islice(waiting, CONTACTS_PER_SET)):
        with hub.store.read() as snapshot:
            drafts = list(_drafts(hub, snapshot, record, batch, tried))
        write_hub_set(hub, drafts)
    return Noted(len(fresh), len(listed) - len(fresh))


def retract_attempt(hub: Hub, record: bytes, reason: str) -> str:
    """Say that a noted attempt did not happen; it stays readable.

    Returns: its VIN.

    Raises:
        Unusable: there is none, or it was taken back before; nothing changed.
        BadValue: the reason is none of the registry's.
    """
    with hub.store.read() as snapshot:
        row = snapshot.records(RECALL_CONTACT.number, [record]).get(record)
        values = shown_values(hub.registry, row) if row is not None else {}
    if row is None or not values:
        raise Unusable("There is no such attempt.", "Look its id up with `recalls contacts`.")
    if values.get("retracted"):
        raise Unusable("This attempt is retracted already.", "Nothing is left to do.")
    write_hub_set(hub, [_retraction(row, reason)])
    return str(values.get("vin") or "")


def _check_codes(tried: Tried) -> None:
    for name, code in (("channel", tried.channel), ("result", tried.result)):
        codes = RECALL_CONTACT.by_label[RECALL_CONTACT.labels[name]][1].codes
        if code not in codes:
            raise Unusable(f"{code[:40]} is no {name}.", f"Use one of: {', '.join(codes)}.")
    if tried.result == RETURNED and tried.channel != POSTED:
        raise Unusable("Only a letter comes back; nothing was noted.", f"Give the channel {POSTED}, or another result.")


def _listed(segments: SegmentShelf, campaign: Campaign, lines: Iterable[ListedLine]) -> list[str]:
    """The cars of a list, in its order."""
    members = Listed([*held_segments(segments, campaign.segment_hashes)])
    withdrawn = withdrawn_of(segments, campaign)
    found: list[str] = []
    faulty: list[FaultyLine] = []
    for line in islice(lines, MEMBERS_MAX):
        vin = normalise_vin(line.text)
        if car_of(vin) is not None and (vin in members or vin in withdrawn):
            found.append(vin)
        else:
            faulty.append(FaultyLine(line.file_name, line.line, _STRANGER, line.text[:VIN_CHARS]))
    if faulty:
        raise ListRefused(
            f"{len(faulty)} lines name no vehicle of this campaign.", faulty[:FAULTY_LINES_SHOWN_MAX], len(faulty)
        )
    if not found:
        raise ListRefused("The list names nobody.")
    return found


def _is_noted(attempts: Iterable[Attempt], tried: Tried) -> bool:
    same = (
        one for one in attempts if not one.is_retracted and (one.channel, one.result) == (tried.channel, tried.result)
    )
    return any(legal_day(one.at_ms) == tried.day for one in same)


def _drafts(hub: Hub, snapshot: RecordReads, campaign: RecordId, vins: Sequence[str], tried: Tried) -> Iterator[Draft]:
    owners = ties_of(hub, snapshot, [bytes(vehicle_id(vin)) for vin in vins])
    for vin in vins:
        car = bytes(vehicle_id(vin))
        owner = present_holder(owners.get(car, ()), tried.day)
        values: Mapping[str, Value] = {
            "campaign_id": campaign,
            "vin": vin,
            "vehicle_id": car,
            "customer_id": owner.customer if owner is not None else None,
            "channel": tried.channel,
            "result": tried.result,
            "contacted_at": tried.at_ms(hub.clock.now_ms()),
        }
        record = new_record_id(hub.clock.now_ms(), hub.entropy.random_bytes(RECORD_RANDOM_BYTES))
        yield Draft(RECALL_CONTACT, record, values)


def _retraction(row: RecordRow, reason: str) -> Draft:
    heads = head_op_ids(unpack_entries(row.entries), {_RETRACTED_REGISTER})
    return Draft(RECALL_CONTACT, row.id, {"retracted": reason}, heads)
