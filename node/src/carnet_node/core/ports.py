"""What the core needs from the world: time, randomness, storage, secrets, and the mark of what left the machine.

Decides the contracts only. Production adapters stand in `adapters`; the simulator and the tests pass seeded ones to the
same code. Core and store are synchronous; whoever lives in an event loop reaches them through `run_blocking`.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar

from carnet_node.core.list_ports import ListReads, ListWrites
from carnet_node.core.local_ports import LocalReads, LocalWrites
from carnet_node.core.records import (
    BaseRow,
    ChainState,
    FeedState,
    HubSetRow,
    Identity,
    KeptAnswer,
    LoggedSet,
    OwnPlace,
    Projection,
    SettledValue,
    SetVerdict,
    StoredRecord,
)
from carnet_node.core.shop_ports import ShopReads
from carnet_protocol.chain import ChainHead
from carnet_protocol.ids import RecordId
from carnet_protocol.messages import Verdict
from carnet_protocol.registry import Kind, Value

T = TypeVar("T")


class Clock(Protocol):
    """The machine's clock; it may be wrong by years, and nothing but a tie depends on it."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking anybody else."""


class Entropy(Protocol):
    """Random bytes that nobody can predict."""

    def random_bytes(self, count: int) -> bytes:
        """`count` fresh bytes."""


class SecretBox(Protocol):
    """Encryption at rest with the node's data key."""

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """AES-GCM; `aad` names the place, so that a ciphertext moved elsewhere does not open."""

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """The counterpart of `seal`."""

    def blind_index(self, text: str) -> bytes:
        """A keyed hash of a value, to find it without keeping it."""


class Files(Protocol):
    """Small files, read and replaced as a whole."""

    def read(self, path: Path, *, bytes_max: int) -> bytes | None:
        """The content; None when there is no such file.

        Raises:
            OSError: unreadable, or longer than `bytes_max`.
        """

    def replace(self, path: Path, content: bytes) -> None:
        """Put content in place of a file, private and durable: a reader sees the old one or the new one.

        Raises:
            OSError: not writable; the old file is unchanged.
        """

    def mode(self, path: Path) -> int:
        """The permission bits of a file."""


class RunBlocking(Protocol):
    """Blocking work from inside an event loop: a thread in production, inline in the simulator."""

    def __call__(self, work: Callable[[], T]) -> Awaitable[T]:
        """The result of `work`."""


class ReadTransaction(Protocol):
    """One consistent snapshot of the node's database."""

    @property
    def local(self) -> LocalReads:
        """What is known about the people at this desk."""

    @property
    def lists(self) -> ListReads:
        """Recall lists."""

    @property
    def shop(self) -> ShopReads:
        """The workshop's day."""

    def identity(self) -> Identity | None:
        """Who this node is; None before enrolment."""

    def chain(self) -> ChainState | None:
        """The end of the own chain, read from the log itself; None before enrolment."""

    def feed(self) -> FeedState | None:
        """How far the feed was read; None before enrolment."""

    def record(self, kind: Kind, record: RecordId) -> StoredRecord | None:
        """A projection, hidden and deleted ones too."""

    def find_equal(
        self, kind: Kind, field: str, value: Value, limit: int, after: RecordId | None = None
    ) -> list[StoredRecord]:
        """Records whose shown value of an indexed field is this one, by ascending id; hidden and deleted ones left out.

        A secret field is found through its blind index.
        """

    def find_tail(self, kind: Kind, field: str, tail: str, limit: int) -> list[StoredRecord]:
        """Records whose shown value ends with this text, newer ids first; none for an ending too short."""

    def find_prefix(self, kind: Kind, field: str, prefix: str, limit: int) -> list[StoredRecord]:
        """Records whose shown value begins with this text, in order of the value."""

    def find_name_key(self, prefix: str, limit: int) -> list[StoredRecord]:
        """Customers with a key of their name (see `name_keys`) that begins so, in order of the key."""

    def golden_of(self, record: RecordId) -> StoredRecord | None:
        """The visible golden record that an id leads to: a customer of this site, or a golden id, present or former."""

    def orders_in_shop(self, owner: bytes, limit: int) -> list[StoredRecord]:
        """Orders of a site whose car has not been handed over, settled ones last, by promised time, none first."""

    def newest_in_shop(self, owner: bytes, limit: int) -> list[StoredRecord]:
        """Orders of a site whose car has not been handed over, the one opened last first."""

    def orders_of_advisor(self, owner: bytes, advisor_code: str, limit: int) -> list[StoredRecord]:
        """Orders of a site that one advisor still has to work on, by promised time; those without one first."""

    def overdue_orders(self, owner: bytes, before_ms: int) -> int:
        """How many orders of a site are in work and were promised for before a moment."""

    def orders_opened(self, owner: bytes, since_ms: int, before_ms: int, limit: int) -> list[StoredRecord]:
        """Orders of a site opened in a half-open span, newest first."""

    def appointments_of(self, owner: bytes, since_ms: int, before_ms: int, limit: int) -> list[StoredRecord]:
        """Appointments of a site whose slot begins in a half-open span, earliest first."""

    def appointments_requested(self, owner: bytes, limit: int) -> list[StoredRecord]:
        """Appointments of a site that wait for a slot, the oldest first."""

    def list_records(self, kind: Kind, after: RecordId | None, limit: int) -> list[StoredRecord]:
        """Records of a kind by ascending id; hidden and deleted ones are left out."""

    def list_deleted(self, kind: Kind, after: RecordId | None, limit: int) -> list[StoredRecord]:
        """Records of a kind that were deleted, by ascending id, hidden ones too."""

    def contested(self, kind: Kind) -> Iterator[StoredRecord]:
        """Records with open overruled values, or edited after a delete, by ascending id; hidden ones are left out."""

    def projections(self, kind: Kind) -> Iterator[StoredRecord]:
        """Every projection of a kind by ascending id, hidden and deleted ones too."""

    def columns(self, kind: Kind, record: RecordId) -> Mapping[str, Value] | None:
        """The typed columns of a projection, secret ones opened; for `rebuild --check`."""

    def base(self, kind: int, record: RecordId) -> BaseRow | None:
        """A base row."""

    def known_keys(self) -> Iterator[tuple[int, RecordId]]:
        """Kind and id of every record with a base row or own work, ascending, each once."""

    def own_places(self, kind: int, record: RecordId) -> list[OwnPlace]:
        """The own ops on a record, in log order."""

    def set_by_id(self, log_id: int) -> LoggedSet:
        """One own set."""

    def set_by_nonce(self, nonce: bytes) -> LoggedSet | None:
        """One own set by its identity."""

    def set_at(self, epoch: bytes, seq: int) -> LoggedSet | None:
        """One own set by its place in the chain."""

    def sets_from(self, epoch: bytes, seq: int, limit: int) -> list[LoggedSet]:
        """Own sets of an epoch from a seq on, ascending."""

    def epoch_head(self, epoch: bytes) -> ChainHead | None:
        """The last own set of an epoch; None when the log has none of it."""

    def unconfirmed_epochs(self) -> list[bytes]:
        """Epochs with own sets without a verdict, the one begun first in this log first."""

    def first_unconfirmed_seq(self, epoch: bytes) -> int | None:
        """Lowest seq of an epoch without a verdict; None when all have one."""

    def unconfirmed_on(self, kind: int, record: RecordId) -> tuple[int, int]:
        """Own sets on a record without a verdict: how many have not left, and how many have."""

    def unconfirmed(self) -> tuple[int, int | None]:
        """How many own sets have no verdict, and the set time of the oldest."""

    def unconfirmed_messages(self, limit: int) -> list[bytes]:
        """What own sets without a verdict say in signed bytes, in the order of the chain."""

    def count_held_back(self) -> Mapping[Verdict, int]:
        """How many own sets are parked, and how many refused; verdicts nobody has got are missing."""

    def sets_held_back(self, limit: int) -> list[LoggedSet]:
        """Own sets that were parked or refused, or of which some op is void; newest first."""

    def sets_decided(self, limit: int) -> list[LoggedSet]:
        """Own sets with a verdict, the last written first."""

    def settled_values(self, kind: int, record: RecordId) -> list[SettledValue]:
        """Settled overruled values of a record."""

    def settled(self) -> Iterator[SettledValue]:
        """Settled overruled values of all records, newest first."""

    def erased_groups(self, record: RecordId) -> int:
        """Erasure groups erased on a record, as a bit mask (bit 0 is group 1)."""

    def former_keys(self) -> list[tuple[int, RecordId]]:
        """Records whose base row is one of a history of the hub that a restore has ended."""
        ...

    def hub_sets_with_values(self) -> list[HubSetRow]:
        """The hub's own sets kept here that have an opening: about records of this site."""

    def former_hub_sets(self) -> list[HubSetRow]:
        """Hub sets of histories that a restore has ended and that no page has brought back, in the order they had."""

    def hub_sets_to_offer(self, hub_epoch: bytes, limit: int) -> list[HubSetRow]:
        """Those to which a history has not answered yet: those for everybody first, in the order they had."""

    def former_record(self, source: str, kind: str, former_id: str) -> RecordId | None:
        """Which record a record of a former system became at import."""

    def kept_answer(self, key: bytes) -> KeptAnswer | None:
        """The request that took a key."""

    def setting(self, name: str) -> bytes | None:
        """A small local fact that never syncs."""

    def open_one_secret(self) -> None:
        """Open some secret value that is stored, if there is one.

        Raises:
            KeysUnreadable: it was sealed with another data key.
        """


class WriteTransaction(ReadTransaction, Protocol):
    """One transaction that holds the write lock from its beginning; everything in it happens or nothing."""

    @property
    def local(self) -> LocalWrites:
        """What is known about the people at this desk, to be changed."""

    @property
    def lists(self) -> ListWrites:
        """Recall lists, to be changed."""

    def put_identity(self, identity: Identity) -> None:
        """Store who this node is."""

    def put_chain(self, chain: ChainState) -> None:
        """Open an epoch, or stop writing; where the chain stands in it follows from the log."""

    def put_feed(self, feed: FeedState) -> None:
        """Advance the cursor."""

    def append_set(self, logged: LoggedSet, touched: Sequence[tuple[int, RecordId]]) -> int:
        """Append an own set to the log; `touched` is (kind, record) by op index. Returns its log id."""

    def move_set(self, log_id: int, moved: LoggedSet) -> None:
        """Give an own set without a verdict another place in the chain: epoch, seq, hash and message; as if unsent."""

    def end_hub_history(self, position: int, *, ended: bytes) -> list[tuple[int, RecordId]]:
        """Take back what was read behind a position of a hub epoch, see `histories`; the records concerned, sorted."""

    def drop_bases(self, keys: Iterable[tuple[int, RecordId]]) -> None:
        """Forget what the hub sent of some records: the rows and their settled values."""

    def note_offered(self, rows: Sequence[HubSetRow], hub_epoch: bytes) -> None:
        """A history of the hub has answered to some hub sets."""

    def drop_hub_sets(self, rows: Sequence[HubSetRow]) -> None:
        """Forget some hub sets."""

    def put_verdict(self, log_id: int, verdict: SetVerdict | None) -> None:
        """Store what the hub decided; None forgets it, and where the hub had folded the set.

        Where an accepted set was folded stays known when it is excluded later.
        """

    def put_receipt(self, log_id: int, receipt: bytes) -> None:
        """Keep a signed receipt."""

    def put_opening(self, log_id: int, opening: bytes) -> None:
        """Replace an opening by one with fewer values (erasure)."""

    def mark_sent(self, epoch: bytes, seq_to: int) -> None:
        """The sets of an epoch up to this seq have left the machine."""

    def put_projection(self, projection: Projection) -> None:
        """Insert or replace a projection."""

    def drop_projections(self) -> None:
        """Remove every projection and what was derived from them."""

    def drop_projection(self, kind: Kind, record: RecordId) -> None:
        """Remove one projection, if there is one."""

    def put_base(self, base: BaseRow) -> None:
        """Insert or replace a base row."""

    def replace_settled(self, kind: int, record: RecordId, values: Iterable[SettledValue], *, is_own: bool) -> None:
        """Replace the settled overruled values of a record that were found here, or that the hub sent."""

    def add_erasure(self, record: RecordId, groups: int) -> None:
        """Remember erased groups of a record for ever."""

    def add_hub_set(self, row: HubSetRow) -> None:
        """Keep one of the hub's own sets; a known one changes nothing."""

    def next_number(self, series: str) -> int:
        """The next number of a local series: 1, 2, 3 ..."""

    def remember_former(self, source: str, kind: str, former_id: str, record: RecordId) -> None:
        """Remember which record a record of a former system became; never synced."""

    def keep_answer(self, kept: KeptAnswer) -> None:
        """Take a key, or add the answer to it; never synced."""

    def forget_answers(self, *, before_ms: int, newest_max: int) -> None:
        """Free the keys taken before an instant, and all but the newest ones."""

    def drop_answers(self) -> None:
        """Take the answers away; their keys stay taken."""

    def put_setting(self, name: str, value: bytes) -> None:
        """Store a small local fact that never syncs."""


class NodeStore(Protocol):
    """The node's database."""

    def scrub(self, *, is_asked: bool, is_quiet: bool) -> bool:
        """Let nothing that was erased or replaced stay in the database's files.

        Args:
            is_asked: an earlier call for the same values said that somebody else was asked.
            is_quiet: nobody is at work; a large database is rewritten only then, because no save can pass meanwhile.

        Raises:
            StoreBusy: somebody still reads an older state, a large database is at work, or its disk or memory has no
                room for a rewriting; call again later.
            StoreBroken: see `store_failures`.

        Returns: whether it is done; if not, another process was asked and will do it.
        """

    def read(self) -> AbstractContextManager[ReadTransaction]:
        """One snapshot.

        Raises:
            StoreBusy, StoreBroken: see `store_failures`.
        """

    def write(self) -> AbstractContextManager[WriteTransaction]:
        """One BEGIN IMMEDIATE transaction: committed when the block ends, rolled back when it raises.

        Raises:
            StoreBusy: another process kept the lock longer than the time-out; nothing was written.
            StoreBroken: the disk is full or the file is damaged; nothing was written.
        """
