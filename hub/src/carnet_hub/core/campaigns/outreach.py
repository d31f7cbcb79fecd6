"""Whom to tell of a recall, and how: one notice for each car of a campaign that is still open.

Decides who is told, by which address or number and how far that can be trusted, and names every reason for which
somebody is not told. Does not decide whose car it is (`carnet_protocol.owners`), which customers are one person and
whose value counts (the master), what is open (`pair_states`), nor what a letter says (`notices`).

Rules
1. Being told of a recall is a purpose of its own. Whoever wants no offers is told all the same; who asks for quiet is
   written to rather than called, where there is an address; and only who said so of recalls themselves is left alone.
2. The latest confirmed contact over all dealers counts, as the golden record has it, with its day.
3. Nobody is told about a car that is removed, unsold or done. An owner who could not be reached is listed as that.
4. An erased owner is nobody; of whom a purge took some values is told all the same, by what is left.
5. A car that is listed by its frame number has its owner at the dealers alone (ADR 29); it is named, never passed over.
6. Values stand in what is returned and go nowhere else.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import islice
from typing import Final

from carnet_hub.core.campaigns.recalls import Campaign, count_campaign, members_of
from carnet_hub.core.counting.completions import car_of, tries_of
from carnet_hub.core.counting.contacts import campaign_attempts, reaches_of
from carnet_hub.core.counting.owners import Tie, ties_ever
from carnet_hub.core.counting.progress import STILL_OPEN, PairState
from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.golden import Golden, Member, golden_for, read_clusters, read_members
from carnet_hub.core.limits import CONTACT_FRESH_DAYS, CONTACT_OLD_DAYS, NOTICES_BATCH
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.sets.erased_persons import asked_erasures
from carnet_hub.core.shelves import SegmentShelf
from carnet_hub.core.shown import shown_values
from carnet_master.survivorship import Chosen
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.legal_days import legal_day
from carnet_protocol.orders import group_mask
from carnet_protocol.owners import first_holder, present_holder
from carnet_protocol.reach import NO_REACH, Reach
from carnet_protocol.registry import ErasureGroup, Value

_DAY_MS: Final = 24 * 3600 * 1000
_WHO: Final = group_mask([ErasureGroup.IDENTITY, ErasureGroup.CONTACT])
"""Erased groups (bits) without which nobody can be told."""


class Telling(StrEnum):
    """Whether an owner can be told, or why not."""

    TELL = "tell"
    UNREACHABLE = "unreachable"
    """Tried often enough; told again when somebody asks for it."""
    OWNER_UNKNOWN = "owner-unknown"
    FRAME_NUMBER = "frame-number"
    """No record of a car derives from its number, so no owner is found by it: a dealer who has the car tells them."""
    ERASED = "erased"
    DECLINED = "declined"
    """Asked not to be told of recalls."""
    NO_CONTACT = "no-contact"
    """The owner is known by name alone."""


class Confidence(StrEnum):
    """How far a telephone or address can be trusted."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


_STEPS: Final = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


@dataclass(frozen=True, slots=True)
class Contact:
    """A telephone number or an address.

    Attributes:
        values: of the golden record, by field name.
        as_of_ms: when it was last written or confirmed.
        site_count: sites that have the very same.
    """

    values: Mapping[str, Value]
    as_of_ms: int
    confidence: Confidence
    site_count: int


@dataclass(frozen=True, slots=True)
class Notice:
    """One car and its owner.

    Attributes:
        state: of the pair.
        customer: the owner's record at the site that knows the car; None when nobody is known.
        site: that site.
        name: person or company; empty where nobody can be told.
        is_quiet: asks not to be contacted in general: written to rather than called.
        first_owner: name of whom the car was sold to when new; empty where unknown, erased, or the same person.
        reach: what was tried so far.
    """

    vin: str
    state: PairState
    telling: Telling
    model_name: str = ""
    customer: bytes | None = None
    site: bytes | None = None
    name: str = ""
    phone: Contact | None = None
    place: Contact | None = None
    is_quiet: bool = False
    first_owner: str = ""
    reach: Reach = NO_REACH

    @property
    def is_written_to(self) -> bool:
        """Whether a letter goes out."""
        return self.telling is Telling.TELL and self.place is not None

    @property
    def is_texted(self) -> bool:
        """Whether a text message goes out."""
        return self.telling is Telling.TELL and self.phone is not None and not (self.is_quiet and self.is_written_to)


@dataclass(frozen=True, slots=True)
class Round:
    """A campaign, and everybody who is to be told of it, read while the snapshot is open.

    Attributes:
        position: of the log.
        open_count: how many notices there will be.
        site_codes: by site id.
    """

    campaign: Campaign
    position: int
    open_count: int
    site_codes: Mapping[bytes, str]
    notices: Iterator[Notice]


def begin_round(
    hub: Hub, segments: SegmentShelf, snapshot: Snapshot, campaign_no: str, *, again: bool = False
) -> Round:
    """Everybody who owns a car that is open in a campaign, in the order of its lists.

    Args:
        snapshot: stays open until the last notice was read.
        again: also tell those who could not be reached.

    Raises:
        Unusable: no such campaign, or a segment is missing.
    """
    counted = count_campaign(hub, segments, snapshot, campaign_no)
    progress = counted.progress
    wanted = {*STILL_OPEN, PairState.UNREACHABLE}
    pairs = ((vin, progress.state_of(vin)) for vin in members_of(segments, counted.campaign))
    asked = ((vin, state) for vin, state in pairs if state in wanted)
    count = sum(progress.totals[state] for state in wanted)
    campaign, tries_max = RecordId(counted.campaign.row.id), tries_of(counted.campaign.values)
    reaches = reaches_of(hub, snapshot, campaign_attempts(hub, snapshot, campaign), tries_asked=1)
    notices = read_notices(hub, snapshot, asked, reaches, None if again else tries_max)
    return Round(counted.campaign, counted.position, count, counted.site_codes, notices)


def confidence_of(as_of_ms: int, now_ms: int, site_count: int) -> Confidence:
    """How far a contact can be trusted: by its age, and one step further when two sites have the same."""
    days = (now_ms - as_of_ms) // _DAY_MS
    step = 2 if days <= CONTACT_FRESH_DAYS else 1 if days <= CONTACT_OLD_DAYS else 0
    return _STEPS[min(step + (site_count > 1), len(_STEPS) - 1)]


def read_notices(
    hub: Hub,
    snapshot: Snapshot,
    pairs: Iterable[tuple[str, PairState]],
    reaches: Mapping[str, Reach],
    tries_max: int | None,
) -> Iterator[Notice]:
    """One notice a pair.

    Args:
        reaches: by VIN, of those who were tried.
        tries_max: after so many failed attempts nobody is told; None for never.
    """
    waiting, now_ms = iter(pairs), hub.clock.now_ms()
    erased = asked_erasures(hub.registry, snapshot)
    while batch := dict(islice(waiting, NOTICES_BATCH)):
        cars = {vin: bytes(car) for vin in batch if (car := car_of(vin)) is not None}
        ties = ties_ever(hub, snapshot, cars.values())
        models = _models(hub, snapshot, cars.values())
        known = {vin: ties.get(car, []) for vin, car in cars.items()}
        owners = {one.customer for several in known.values() for one in several}
        people = _People(hub, snapshot, owners, erased, legal_day(now_ms))
        for vin, state in batch.items():
            if vin not in cars:
                yield Notice(vin, state, Telling.FRAME_NUMBER)
                continue
            notice = people.notice(vin, state, known[vin], models.get(cars[vin], ""), now_ms)
            notice = replace(notice, reach=reaches.get(vin, NO_REACH))
            is_given_up = tries_max is not None and notice.reach.failed_tries >= tries_max
            if is_given_up and notice.telling is Telling.TELL:
                notice = replace(notice, telling=Telling.UNREACHABLE)
            yield notice


class _People:
    """The owners of a batch of cars, opened together; `erased` as of `asked_erasures`."""

    def __init__(
        self, hub: Hub, snapshot: Snapshot, customers: Collection[bytes], erased: Mapping[bytes, int], today: date
    ) -> None:
        clusters = {one: row.golden for one, row in snapshot.members(customers).items()}
        self._today = today
        self._erased = erased
        self._cluster_of = clusters
        self._clusters = read_clusters(hub, snapshot, clusters.values())
        self._alone = read_members(hub, snapshot, [one for one in customers if one not in clusters])

    def notice(self, vin: str, state: PairState, ties: Sequence[Tie], model: str, now_ms: int) -> Notice:
        """What is known of the owner of one car."""
        standing = (one for one in ties if not one.is_deleted)
        owner, first = present_holder(standing, self._today), first_holder(ties)
        if owner is None:
            return Notice(vin, state, Telling.OWNER_UNKNOWN, model, first_owner=self._name(first))
        found = (owner.customer, owner.site)
        if self._erased.get(owner.customer, 0) & _WHO:
            return Notice(vin, state, Telling.ERASED, model, *found, first_owner=self._name(first))
        members = self._members(owner.customer)
        if not members:
            return Notice(vin, state, Telling.OWNER_UNKNOWN, model, *found, first_owner=self._name(first))
        seen = golden_for(owner.customer, members, None)
        before = self._name(first) if first is not None and first.customer not in _records(members) else ""
        if any(one.declines_recalls for one in members):
            return Notice(vin, state, Telling.DECLINED, model, *found, first_owner=before)
        phone = _contact(seen.values.phones[0], members, now_ms) if seen.values.phones else None
        place = _contact(seen.values.place, members, now_ms) if _has_street(seen.values.place) else None
        telling = Telling.NO_CONTACT if phone is None and place is None else Telling.TELL
        name = _called(seen)
        return Notice(vin, state, telling, model, *found, name, phone, place, seen.is_silent, before)

    def _members(self, customer: bytes) -> tuple[Member, ...]:
        """Everybody who is one person with a customer; the customer alone where nobody is."""
        golden = self._cluster_of.get(customer)
        if golden is not None:
            return self._clusters.get(golden, ())
        return (self._alone[customer],) if customer in self._alone else ()

    def _name(self, tie: Tie | None) -> str:
        if tie is None or self._erased.get(tie.customer, 0) & _WHO:
            return ""
        members = self._members(tie.customer)
        return _called(golden_for(tie.customer, members, None)) if members else ""


def _records(members: Iterable[Member]) -> set[bytes]:
    return {one.source.record for one in members}


def _called(seen: Golden) -> str:
    """A person's name, or a company's."""
    for chosen, field in ((seen.values.name, "full_name"), (seen.values.company, "company_name")):
        name = chosen.written.values.get(field) if chosen is not None else None
        if name:
            return str(name)
    return ""


def _has_street(chosen: Chosen | None) -> bool:
    return chosen is not None and bool(chosen.written.values.get("street"))


def _contact(chosen: Chosen | None, members: Sequence[Member], now_ms: int) -> Contact | None:
    if chosen is None:
        return None
    values, as_of_ms = chosen.written.values, chosen.written.at_ms
    said = [(one.source.site, held.values) for one in members for held in (*one.source.phones, *one.source.places)]
    key = "number" if "number" in values else "street"
    sites = {site for site, held in said if held.get(key) == values.get(key)}
    return Contact(values, as_of_ms, confidence_of(as_of_ms, now_ms, len(sites)), len(sites))


def _models(hub: Hub, snapshot: Snapshot, cars: Iterable[bytes]) -> dict[bytes, str]:
    rows = snapshot.records(VEHICLE.number, list(cars))
    return {one: str(shown_values(hub.registry, row).get("model_name") or "") for one, row in rows.items()}
