"""What the hub asks of the world: time, randomness, files, threads, a place to keep secrets and a store.

Decides the contracts; adapters fulfil them and `tests/contract` holds every store to one suite.

The store's contract:

- `write()` is one transaction under the one lock of the hub: nobody else writes between its first read and its commit.
  It commits when the block ends and rolls back when the block raises. After the block, what it wrote is durable.
- `read()` is one snapshot: everything inside one block sees the same moment.
- Log positions that a snapshot shows are gapless: whoever has read up to P misses nothing at or below P, ever.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

from carnet_hub.core.count_ports import CountReads, OutreachCounts
from carnet_hub.core.failures import HubFailure
from carnet_hub.core.look_up_rows import LookUpRow
from carnet_hub.core.master_ports import MasterReads
from carnet_hub.core.relink_ports import RelinkReads
from carnet_hub.core.rows import (
    AdmissionRow,
    AssignmentDayRow,
    AssignmentRow,
    ChainRow,
    DealerRow,
    EpochRow,
    EvidenceRow,
    FeedRow,
    HelloRow,
    InviteRow,
    KeyRow,
    LogHead,
    LogRow,
    Node,
    NodeStatusRow,
    RecordRow,
    Row,
    SettledPlace,
    SettledRow,
    VoidRow,
    WaitingRow,
)

R = TypeVar("R", bound=Row)
T = TypeVar("T")


class StoreError(HubFailure):
    """The store could not do its work; the transaction left nothing behind."""

    def __init__(self, what: str, next_step: str = "Look at the database and its disk, then try again.") -> None:
        super().__init__(what, "Nothing was changed.", next_step)


class StoreBusy(StoreError):
    """Somebody else held the lock for longer than the store waits."""

    def __init__(self) -> None:
        super().__init__("The hub's database is busy with somebody else's work.", "Try again in a moment.")


class Clock(Protocol):
    """The hub's clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class Entropy(Protocol):
    """A source of random bytes."""

    def random_bytes(self, count: int) -> bytes:
        """`count` bytes nobody can predict."""


class Files(Protocol):
    """Small files, read and replaced as a whole."""

    def read(self, path: Path, *, bytes_max: int) -> bytes | None:
        """A file's content, or None when there is none.

        Raises:
            OSError: not readable, or longer than `bytes_max`.
        """

    def replace(self, path: Path, content: bytes, *, mode: int = 0o600) -> None:
        """Make `content` what the file holds, durably.

        Raises:
            OSError: no room or no permission; what the file held before is unchanged.
        """

    def names(self, folder: Path) -> list[str]:
        """Names of the plain files in a folder, sorted."""

    def is_private(self, path: Path) -> bool:
        """Whether nobody but the owner may read or write a file."""


class RunBlocking(Protocol):
    """How async code reaches blocking code: a thread in production, in place in the simulator."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Do the work; its exception is raised here."""


class Turn(Protocol):
    """What threads of one process take in turn: whoever has entered is alone until leaving."""

    def __enter__(self) -> object:
        """Wait for the others, and enter."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Leave; an exception goes on."""


class SecretBox(Protocol):
    """Authenticated encryption with the hub's data key, for secret values at rest."""

    @property
    def blind_key(self) -> bytes:
        """The key of keyed hashes over personal values: 32 bytes that derive from the data key."""

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """Encrypt a value, bound to its place."""

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Decrypt a value.

        Raises:
            HubFailure: damaged, moved to another place, or sealed under another key.
        """


class Escrow(Protocol):
    """The key for which nodes wrap their data keys."""

    def rewrap(self, wrapped: bytes, exchange_key: bytes) -> bytes:
        """A data key that was wrapped for this hub, wrapped for a node.

        Args:
            exchange_key: raw 32 bytes, X25519, of the node that gets it.

        Raises:
            BadValue: wrapped for another key, or damaged.
        """


class Alarms(Protocol):
    """Where the core reports what a person must look at. It never raises and never sees a personal value."""

    def set_failed(self, nonce: bytes, error: Exception) -> None:
        """A change set made the hub itself fail and was parked with the reason `internal`."""

    def count_failed(self, position: int, error: Exception) -> None:
        """While the log was folded, the count of recalls failed on an entry at or shortly before a position."""

    def model_unusable(self, model_id: bytes, detail: str) -> None:
        """A matching model that a person has activated cannot be used; it weighs nobody until that is mended."""

    def customer_unweighed(self, customer: bytes, error: Exception) -> None:
        """The matcher made the hub fail on a customer, who was left as it was."""

    def look_ups_unusual(self, dealer_id: bytes, count: int) -> None:
        """A site has looked up more cars in a day than a workshop meets; said once when it gets there."""


class Outreach(Protocol):
    """Where it is known how far the owners of a campaign's vehicles have been told."""

    def counts(self, campaign_no: str, position: int, /) -> OutreachCounts | None:
        """What was known at a log position; None while nobody keeps it, which a report says."""


class RecordReads(Protocol):
    """Records and the log behind them, as asked of the present or of any position that has passed (`past`)."""

    def head(self) -> LogHead:
        """The end of the log."""

    def log_rows(self, positions: Collection[int]) -> dict[int, LogRow]:
        """Log entries by position."""

    def log_facts(self, positions: Collection[int]) -> dict[int, LogRow]:
        """The same without their bytes: neither `message` nor `opening`."""

    def admissions(self, nonces: Collection[bytes]) -> dict[bytes, AdmissionRow]:
        """What is known of change sets."""

    def records(self, kind: int, ids: Collection[bytes]) -> dict[bytes, RecordRow]:
        """Records of one kind by id."""

    def records_of_kind(self, kind: int) -> Iterator[RecordRow]:
        """Every record of a kind, by id."""

    def anchored(self, vehicle_ids: Collection[bytes]) -> list[tuple[bytes, int, bytes]]:
        """(vehicle, kind, id) of every record that is anchored to one of these vehicles now."""


class Snapshot(RecordReads, MasterReads, RelinkReads, CountReads, Protocol):
    """Reads. Look-ups take many keys at once and answer with what exists."""

    def formerly_anchored(self, vehicle_ids: Collection[bytes]) -> list[tuple[bytes, int, bytes]]:
        """(vehicle, kind, id) of every record that named one of these vehicles once and then another."""

    def setting(self, name: str) -> bytes | None:
        """One fact of the hub itself (`hub_id`, `hub_epoch`); None when it was never set."""

    def log_after(self, position: int, limit: int) -> list[LogRow]:
        """The next entries behind a position, ascending."""

    def commit_times(self, positions: Collection[int]) -> dict[int, int]:
        """`received_ms` by position."""

    def admissions_in(self, state: int, after_position: int, limit: int) -> list[AdmissionRow]:
        """Change sets in one state, by the position that decided it."""

    def epochs(self, node_ids: Collection[bytes]) -> list[EpochRow]:
        """All epochs of some nodes."""

    def chain_places(self, places: Collection[tuple[bytes, bytes, int]]) -> dict[tuple[bytes, bytes, int], ChainRow]:
        """What stands at (node, epoch, seq)."""

    def chain_after(self, node_id: bytes, epoch: bytes, seq: int, limit: int) -> list[ChainRow]:
        """The next places of one epoch behind a seq, ascending."""

    def children(self, parent_ids: Collection[bytes]) -> list[RecordRow]:
        """Records that belong to one of these, and anchored ones that name one of these customers."""

    def contested(self, after: tuple[int, bytes], limit: int) -> list[RecordRow]:
        """Records with open overruled values, behind (kind, id)."""

    def settled(self, kind: int, ids: Collection[bytes]) -> list[SettledRow]:
        """Settled overruled values of records, by position."""

    def settled_after(self, after: SettledPlace, limit: int) -> list[SettledRow]:
        """Settled overruled values behind (position, key), ascending."""

    def assignments(self, vehicle_ids: Collection[bytes]) -> list[AssignmentRow]:
        """Who receives what is anchored to these vehicles."""

    def next_expiries(self, limit: int) -> list[AssignmentRow]:
        """The assignments that expire first, by (expiry, vehicle, dealer)."""

    def assignments_of(self, dealer_id: bytes, after: tuple[int, bytes], limit: int) -> list[AssignmentRow]:
        """The assignments of one site behind (since, vehicle), ascending."""

    def assignment_days(self, day: int) -> list[AssignmentDayRow]:
        """What every site was assigned on one day, by site."""

    def assignment_day(self, day: int, dealer_id: bytes) -> AssignmentDayRow | None:
        """What one site was assigned on one day; None for no shared history."""

    def look_ups_of(self, dealer_id: bytes, since_ms: int, limit: int) -> list[LookUpRow]:
        """What one site looked up at a moment or later, newest first."""

    def plates_under(self, key: bytes, limit: int) -> list[bytes]:
        """The first records of plates with a key (`plate_keys`), by id."""

    def voids(self, ops: Collection[bytes]) -> dict[bytes, VoidRow]:
        """Which of these ops are void."""

    def waiting_for(self, base_nonces: Collection[bytes]) -> list[WaitingRow]:
        """Who waits for an op of one of these sets."""

    def waiting_of(self, nonces: Collection[bytes]) -> list[WaitingRow]:
        """What these parked sets wait for."""

    def erased(self, records: Collection[bytes]) -> dict[bytes, int]:
        """Erased groups (bits) by record."""

    def sealed_positions(self, records: Collection[bytes]) -> list[int]:
        """Log entries that hold personal values of these records, ascending."""

    def nodes_by_key(self, key_ids: Collection[bytes]) -> dict[bytes, Node]:
        """Nodes by the id of a key they have or had."""

    def keys_of(self, node_ids: Collection[bytes]) -> list[KeyRow]:
        """Every key these nodes have or had."""

    def nodes(self) -> list[Node]:
        """Every node with its newest key, by node id."""

    def dealers(self, dealer_ids: Collection[bytes]) -> dict[bytes, DealerRow]:
        """Dealer sites by id."""

    def feed(self, dealer_ids: Collection[bytes], after_place: int, limit: int) -> list[FeedRow]:
        """The next rows of some feeds, merged by place."""

    def feed_of(self, dealer_id: bytes) -> Iterator[FeedRow]:
        """A whole feed, by (kind, id)."""

    def outcomes(self, node_id: bytes, after: int, upto: int, limit: int) -> list[LogRow]:
        """The deciding entries of a node's own sets, decided in (after, upto], ascending, without their bytes."""

    def hub_sets(self, after: int, upto: int, limit: int) -> list[LogRow]:
        """The hub's broadcast sets with a position in (after, upto], ascending."""

    def invite(self, code_id: bytes) -> InviteRow | None:
        """The invitation with a code's id."""

    def set_counts(self, state: int) -> dict[bytes, int]:
        """How many change sets of each node are in one state other than folded."""

    def statuses(self, node_ids: Collection[bytes]) -> dict[bytes, NodeStatusRow]:
        """What nodes last said about themselves."""

    def hellos(self, node_ids: Collection[bytes]) -> list[HelloRow]:
        """The last hellos of some nodes, as they signed them."""

    def evidence(self, node_id: bytes, limit: int) -> list[EvidenceRow]:
        """Contradicting bodies of one node, newest first."""

    def evidence_count(self, node_id: bytes) -> int:
        """How many contradicting bodies of one node are kept."""

    def scan(self, row_type: type[R]) -> Iterator[R]:
        """Every row of a sort, by key."""


class Transaction(Snapshot, Protocol):
    """Reads and writes under the lock. A look-up sees what was put before it."""

    def put(self, some: Sequence[Row]) -> None:
        """Insert rows of one sort, replacing those with the same key."""

    def remove(self, row_type: type[Row], keys: Collection[tuple[bytes | int, ...]]) -> None:
        """Delete rows by key."""

    def clear(self, row_type: type[Row]) -> None:
        """Delete every row of a sort."""

    def change_opening(self, position: int, opening: bytes) -> None:
        """Replace the opening of a log entry: the one thing in the log that an erasure may change."""

    def set_setting(self, name: str, value: bytes) -> None:
        """Set one fact of the hub itself."""

    def scrub_after(self) -> None:
        """Let nothing that this transaction deletes or replaces stay in the database's files once it is committed."""


class HubStore(Protocol):
    """One hub's durable memory; safe to share between threads."""

    def scrub(self) -> None:
        """Let nothing that was deleted or replaced stay in the database's files; nothing to do changes nothing.

        May hold up every writer for seconds. What cannot be done now is done by a later call.

        Raises:
            StoreError: not now.
        """

    def read(self) -> AbstractContextManager[Snapshot]:
        """One snapshot."""

    def write(self) -> AbstractContextManager[Transaction]:
        """One transaction under the one lock.

        Raises:
            StoreBusy: the lock was not to be had in time.
            StoreError: also when only the scrubbing after a commit failed; what was written stands then.
        """
