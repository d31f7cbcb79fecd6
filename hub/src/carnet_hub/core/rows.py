"""What the hub keeps, as plain rows: the vocabulary between core and store.

Decides which facts exist and what identifies each. Not how they are stored (`adapters.tables` declares one table per
row type, with the same columns in the same order) nor what they mean together (the modules that write them).

Three sorts of rows, and the difference matters for `rebuild`:
- the **log** (`LogRow`), which is the truth;
- **projections**, which are functions of the log and can be dropped and folded again: everything in `PROJECTIONS`;
- **observations** (`NodeStatusRow`, `HelloRow`, `EvidenceRow`, `InviteRow`), which nothing else depends on.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from carnet_hub.core.anchor_rows import ANCHOR_PROJECTIONS, AnchorRow
from carnet_hub.core.count_rows import COUNT_PROJECTIONS, CountedRow
from carnet_hub.core.look_up_rows import LookUpRow
from carnet_hub.core.master_rows import MASTER_PROJECTIONS, MasterRow
from carnet_hub.core.regulator_rows import RegulatorRow


class LogKind(IntEnum):
    """What one entry of the hub's log says."""

    ADMIT = 1
    """A change set was folded here."""
    PARK = 2
    """A change set waits; it holds its place in its node's chain."""
    REFUSE = 3
    """A change set has no effect; its ops are void and transparent."""
    RELEASE = 4
    """A parked change set was decided again: folded here, or refused."""
    EXCLUDE = 5
    """A folded change set counts as if it had never had an effect (a key was compromised)."""
    REPEAT = 6
    """A known change set took another place in a chain (re-emitted under a new epoch); it has no further effect."""


class SetState(IntEnum):
    """Where a change set stands now."""

    FOLDED = 1
    PARKED = 2
    REFUSED = 3
    EXCLUDED = 4
    LOST = 5
    """Never arrived; an operator declared ops of it lost. When it does arrive, those ops are void."""


class LogRow(NamedTuple):
    """One entry of the log. Positions run 1, 2, 3 ... without holes, in commit order.

    Attributes:
        received_ms: the hub's clock at the entry, never going back.
        epoch, seq, set_hash, nonce, ops_hash: of the change set this entry is about.
        time_ms: the set time fixed at admission.
        verdict: `Verdict` as of this entry.
        voids: packed (op index, reason) pairs, see `receipts`.
        message, opening: the set as received; None and empty for RELEASE and EXCLUDE. The opening is sealed at rest
            when it holds a secret value, and shrinks when an erasure covers it.
        is_broadcast: a set of the hub whose kinds go to everybody.
        detail: packed facts of a RELEASE or EXCLUDE: operator's reason, ops declared lost.
    """

    position: int
    kind: int
    hub_epoch: bytes
    received_ms: int
    dealer_id: bytes
    node_id: bytes
    epoch: bytes
    seq: int
    set_hash: bytes
    nonce: bytes
    ops_hash: bytes
    time_ms: int
    verdict: int
    reason: str | None
    voids: bytes
    conflicts: int
    message: bytes | None
    opening: bytes
    is_broadcast: bool
    detail: bytes


class AdmissionRow(NamedTuple):
    """What is known of a change set, by nonce.

    Attributes:
        op_count: 0 when its ops could not be read.
        stored_at, decided_at: positions of the entries that hold its bytes and decided its present state.
    """

    nonce: bytes
    dealer_id: bytes
    node_id: bytes
    ops_hash: bytes
    op_count: int
    stored_at: int
    decided_at: int
    state: int
    void_count: int


class ChainRow(NamedTuple):
    """One place of a node's chain and the set that stands there."""

    node_id: bytes
    epoch: bytes
    seq: int
    set_hash: bytes
    nonce: bytes
    position: int
    is_repeat: bool


class EpochRow(NamedTuple):
    """One epoch of a node: where it came from and how far it is held."""

    node_id: bytes
    epoch: bytes
    ordinal: int
    reason: int
    parent_epoch: bytes
    parent_seq: int
    parent_hash: bytes
    head_seq: int
    head_hash: bytes
    opened_at: int


class RecordRow(NamedTuple):
    """The state of one record.

    Attributes:
        owner: dealer site (or hub) of the first op.
        changed: log position of the last change.
        anchor: vehicle whose assignments decide the audience, None for none or not yet known.
        parent: record it belongs to, for kinds without an anchor of their own; else the customer it names, if any.
        contests: registers with several different heads.
        entries: `state.pack_entries`, sealed at rest when it holds a secret value.
    """

    kind: int
    id: bytes
    owner: bytes
    changed: int
    anchor: bytes | None
    parent: bytes | None
    contests: int
    entries: bytes


class SettledRow(NamedTuple):
    """A value that an author read beside others and did not keep."""

    kind: int
    id: bytes
    register_no: int
    overruled: bytes
    by: bytes
    position: int
    entry: bytes


SettledPlace = tuple[int, int, bytes, int, bytes, bytes]
"""Where a settled value stands in the list of all: its position, then what identifies it."""


class FeedRow(NamedTuple):
    """The place of a record's last change in one dealer's feed; the all-zero dealer is everybody's."""

    dealer_id: bytes
    kind: int
    id: bytes
    place: int
    is_evicted: bool


class AssignmentRow(NamedTuple):
    """A dealer site that receives what is anchored to a vehicle, or only what it wrote of the vehicle itself.

    Attributes:
        since: position of the set that brought it.
        reason: a `Ground`, see `assigning`.
        is_shared: other sites had written about the vehicle; counts against the site's day.
    """

    vehicle_id: bytes
    dealer_id: bytes
    since: int
    expires_ms: int
    reason: str
    op: bytes
    is_shared: bool


class AssignmentDayRow(NamedTuple):
    """How many shared histories opened to one site on one day (UTC, counted from 1970), and how many were put off."""

    day: int
    dealer_id: bytes
    granted: int
    put_off: int


class VoidRow(NamedTuple):
    """An op without effect, and what it was based on: whoever builds on it builds on that."""

    op: bytes
    position: int
    reason: str
    based_on: bytes


class WaitingRow(NamedTuple):
    """A parked set and one op it waits for."""

    base: bytes
    nonce: bytes
    base_nonce: bytes


class ErasedRow(NamedTuple):
    """Erasure groups of a record that are gone for ever, as bits (1 << group - 1)."""

    record: bytes
    groups: int


class SealedRow(NamedTuple):
    """Which log entries hold personal values of a record, so that an erasure finds them."""

    record: bytes
    position: int


class KeyRow(NamedTuple):
    """A signing key that is or was a node's.

    Attributes:
        status: active, suspended, revoked (as the node's), or retired (replaced by a newer key).
    """

    key_id: bytes
    node_id: bytes
    dealer_id: bytes
    signing_key: bytes
    exchange_key: bytes
    status: str


class DealerRow(NamedTuple):
    """A dealer site as admission needs it."""

    dealer_id: bytes
    site_code: str
    status: str


class EvidenceRow(NamedTuple):
    """A body that contradicts one the log holds: a fork, or a reused nonce. The opening is not kept."""

    set_hash: bytes
    node_id: bytes
    epoch: bytes
    seq: int
    nonce: bytes
    reason: str
    received_ms: int
    message: bytes


class NodeStatusRow(NamedTuple):
    """What a node last said of itself, attempts that failed since then, and how far the hub's clock is ahead of its."""

    node_id: bytes
    last_seen_ms: int
    clock_offset_ms: int
    situation: int
    epoch: bytes
    head_seq: int
    cursor: int
    unsent_sets: int
    oldest_unsent_ms: int
    schema_version: int
    software: str
    failures: int
    last_failure: str
    last_failure_ms: int


class HelloRow(NamedTuple):
    """The last hello a node has signed, as it came: its own word on how far it has read and erased."""

    node_id: bytes
    received_ms: int
    message: bytes


class InviteRow(NamedTuple):
    """A one-time enrolment code, without its secret: only what both sides derive from it.

    Attributes:
        tries: proofs that did not hold.
        node_id, asked_hash, answer: who used it, SHA-256 of the request, the signed answer; empty while nobody has.
    """

    code_id: bytes
    dealer_id: bytes
    node_key: bytes
    hub_key: bytes
    created_ms: int
    expires_ms: int
    tries: int
    node_id: bytes
    asked_hash: bytes
    answer: bytes


class Node(NamedTuple):
    """A node as its messages are judged.

    Attributes:
        key_status: see `KeyRow.status`.
        dealer_status: active, suspended, terminated; empty when the site has no status.
    """

    node_id: bytes
    dealer_id: bytes
    key_id: bytes
    signing_key: bytes
    exchange_key: bytes
    key_status: str
    dealer_status: str

    @property
    def is_welcome(self) -> bool:
        """Whether its messages are taken at all."""
        return self.key_status == "active" and self.dealer_status in ("", "active")


class LogHead(NamedTuple):
    """The end of the log: position 0 at time 0 for an empty one."""

    position: int
    received_ms: int


_Apart = AnchorRow | MasterRow | RegulatorRow | LookUpRow | CountedRow

Row = (
    LogRow
    | AdmissionRow
    | ChainRow
    | EpochRow
    | RecordRow
    | SettledRow
    | FeedRow
    | AssignmentRow
    | AssignmentDayRow
    | VoidRow
    | WaitingRow
    | ErasedRow
    | SealedRow
    | KeyRow
    | DealerRow
    | EvidenceRow
    | NodeStatusRow
    | HelloRow
    | InviteRow
    | _Apart
)

_APART: Final[dict[type[Row], int]] = dict(
    [*ANCHOR_PROJECTIONS.items(), *MASTER_PROJECTIONS.items(), *COUNT_PROJECTIONS.items()]
)

PROJECTIONS: Final[dict[type[Row], int]] = {
    AdmissionRow: 1,
    ChainRow: 3,
    EpochRow: 2,
    RecordRow: 2,
    SettledRow: 5,
    FeedRow: 3,
    AssignmentRow: 2,
    AssignmentDayRow: 2,
    VoidRow: 1,
    WaitingRow: 2,
    ErasedRow: 1,
    SealedRow: 2,
    KeyRow: 1,
    DealerRow: 1,
} | _APART
"""Everything that `rebuild` drops and folds again, and how many of a row's first columns identify it."""

EVERYBODY: Final = bytes(16)
"""The dealer id under which broadcast records stand in the feed."""
