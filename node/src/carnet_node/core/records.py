"""What passes between the core and the node's store: plain values, no SQL and no storage types.

Decides the facts that are kept about the node's own sets, its base rows and its projections, and the states they can be
in. Does not decide how they are stored (adapters/tables) nor what follows from them (`overlay`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from carnet_protocol.changeset import EpochOrigin
from carnet_protocol.ids import DealerId, HubId, NodeId, RecordId
from carnet_protocol.messages import Verdict
from carnet_protocol.registry import Kind
from carnet_protocol.resolvers import Shown
from carnet_protocol.state import Entries, Entry

OWN_KEY_ID: Final = "own-key-id"
"""Local fact: the signing key this database belongs to; sets are signed with it."""


@dataclass(frozen=True, slots=True)
class Acting:
    """For whom a node acts while it serves one request.

    Attributes:
        action: what they do, as a code; None lets the set speak for itself (`visit.edit`).
    """

    staff: RecordId
    action: str | None = None


class Mark(IntEnum):
    """How far the node's own work on a record has come, as stored with its projection; the gravest comes last."""

    NOTHING_OWN = 0
    """Everything shown was sent by the hub."""
    WAITING = 1
    """Own work is on top that the base row does not hold yet."""
    PARKED = 2
    """Own work on top waits at the hub for something else, or cannot be folded here."""
    REFUSED = 3
    """The last own work on the record was refused; it has no effect."""


class SyncMark(StrEnum):
    """The same for people: what a view shows beside a record."""

    LOCAL_ONLY = "local only"
    SENT = "sent"
    ACCEPTED = "accepted"
    PARKED = "parked"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this node is, fixed at enrolment; all of it public.

    Attributes:
        hub_signing_key, hub_exchange_key, hub_export_key: raw 32-byte public keys of the hub.
    """

    hub_id: HubId
    dealer_id: DealerId
    node_id: NodeId
    site_code: str
    site_name: str
    hub_signing_key: bytes
    hub_exchange_key: bytes
    hub_export_key: bytes


@dataclass(frozen=True, slots=True)
class ChainState:
    """The end of the node's own chain.

    Attributes:
        seq, set_hash: of the last set; 0 and 32 zero bytes before the first of this epoch.
        origin: the parent this epoch names; stands in its first set.
        is_writing_stopped: another copy of this node has taken over; nothing may be written here.
        is_rejoining: this database was restored; nothing is written until its lost sets are back, or somebody decides
            to go on without a line.
    """

    epoch: bytes
    epoch_ordinal: int
    seq: int
    set_hash: bytes
    origin: EpochOrigin
    is_writing_stopped: bool = False
    is_rejoining: bool = False


@dataclass(frozen=True, slots=True)
class FeedState:
    """How far the node has read the hub's feed.

    Attributes:
        cursor: to ask the next page with.
        position: hub position of the last page applied; stands in every new set as "seen".
        outcomes_after: outcomes up to this position are known here.
        as_of_ms: when the last page was made after which nothing more was waiting, by this node's clock; None before
            the first.
        clock_offset_ms: hub clock minus node clock, from the last hello.
    """

    hub_epoch: bytes
    cursor: int = 0
    position: int = 0
    outcomes_after: int = 0
    as_of_ms: int | None = None
    clock_offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class SetVerdict:
    """What the hub decided about one own set, from a receipt or a page; the one with the higher position counts.

    Attributes:
        code: the verdict itself.
        reason: code for parked and refused.
        position: where the set was folded if accepted; where the log entry stands otherwise.
        time_ms: set time fixed at admission.
        voids: reason by op index, of ops without effect in an accepted set.
        conflicts: registers in which the set met a different concurrent head.
    """

    code: Verdict
    reason: str | None
    position: int
    time_ms: int
    voids: Mapping[int, str]
    conflicts: int

    @property
    def is_accepted(self) -> bool:
        """Whether the set has an effect at the hub."""
        return self.code in (Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_CONFLICTS)

    @property
    def is_parked(self) -> bool:
        """Whether the set waits at the hub."""
        return self.code is Verdict.PARKED


@dataclass(frozen=True, slots=True)
class LoggedSet:
    """One of the node's own sets in its log.

    Attributes:
        log_id: order of writing, across epochs; 0 before it is stored.
        opening: in clear; the store encrypts it when `has_secret`.
        time_ms: set time, provisional until `verdict` fixes it.
        is_sent: it has left this machine at least once.
        verdict: what the hub decided; None while unknown.
        receipt: the signed receipt as received; None before it came.
        folded_at: where the hub folded it in its present history, also when it has excluded it since, and when a
            restore of the hub made that verdict void; None when it never did, or nobody knows.
    """

    log_id: int
    nonce: bytes
    epoch: bytes
    seq: int
    set_hash: bytes
    message: bytes
    opening: bytes
    has_secret: bool
    time_ms: int
    is_sent: bool = False
    verdict: SetVerdict | None = None
    receipt: bytes | None = None
    folded_at: int | None = None


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """Where an own op on a record stands: which set, which op of it."""

    log_id: int
    index: int


@dataclass(frozen=True, slots=True)
class BaseRow:
    """One record as the hub last sent it.

    Attributes:
        position: P, hub position of the page it came in.
        is_evicted: this site is no longer assigned; the record is hidden once no own work on it is unreceipted.
        former_position: P in a history of the hub that a restore has ended; the row is shown until it comes anew. None
            for a row of the present history.
        former_epoch: the hub epoch of that history; None for a row of the present one.
        former_sets: log ids of the own sets that such a row holds, as they stood when its history ended.
    """

    kind: int
    record: RecordId
    owner: bytes
    position: int
    changed: int
    entries: Entries
    is_evicted: bool = False
    former_position: int | None = None
    former_epoch: bytes | None = None
    former_sets: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Projection:
    """One record folded: what the tables hold.

    Attributes:
        owner: dealer site (or hub) that created it.
        shown: resolved values; the typed columns are made of these.
        is_hidden: evicted.
    """

    kind: Kind
    record: RecordId
    owner: bytes
    entries: Entries
    shown: Shown
    mark: Mark
    is_hidden: bool = False

    @property
    def is_contested(self) -> bool:
        """Whether somebody should look: different concurrent values, or an edit of what another deleted."""
        return bool(self.shown.contests) or self.shown.is_edit_after_delete


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A projection as read back; shown values follow from `entries`."""

    kind: Kind
    record: RecordId
    owner: bytes
    entries: Entries
    mark: Mark
    is_deleted: bool
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class SettledValue:
    """A settled overruled value.

    Attributes:
        is_own: found while folding own work on top; False when the hub sent it.
    """

    kind: int
    record: RecordId
    register: int
    overruled: Entry
    by: bytes
    is_own: bool


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A request that was carried out under a key of its own (see `idempotency`).

    Attributes:
        key: SHA-256 of the key.
        asked: SHA-256 over the request.
        taken_ms: when the key was taken, ms since 1970.
        answer: JSON; None while it is being made and when it was too long, empty after an erasure.
    """

    key: bytes
    asked: bytes
    taken_ms: int
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class HubSetRow:
    """One of the hub's own sets, kept for a hub that was restored.

    Attributes:
        position: in the hub's present history; below 0 in one that has ended: the place among what is offered, the
            highest first.
        offered_in: the history of the hub, by its epoch, that has answered to it; None for none. It waits for the page
            that brings it back.
    """

    position: int
    time_ms: int
    message: bytes
    opening: bytes
    offered_in: bytes | None = None


@dataclass(frozen=True, slots=True)
class HighWaterMark:
    """The last set that left this machine, kept outside the database.

    Attributes:
        ordinal: of the epoch, so that a restored database never takes it again.
    """

    epoch: bytes
    seq: int
    set_hash: bytes
    ordinal: int = 1
