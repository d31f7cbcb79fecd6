"""What the strip at the desk says: the line, the sync, and what waits.

Decides when each of these is known. Line and sync are two facts: the hub may answer while a set is stuck, and
everything may be sent while the line is down now. A stick is an exchange like a round, and says nothing about the line.
What cannot be known says *unknown* and never "fine". What waits is counted by document (customer, vehicle, repair
order), because nobody at the desk counts change sets.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_node.core.failures import NotEnrolled
from carnet_node.core.limits import LINE_FRESH_MS, PARENTS_MAX, SETS_COUNTED_MAX
from carnet_node.core.log.newer_keys import is_key_gone
from carnet_node.core.log.rejoin_state import load_rejoin
from carnet_node.core.log.signing import is_key_in_doubt
from carnet_node.core.log.sync_state import UNREACHABLE, SyncState, load_state
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_protocol.changeset import reread_set
from carnet_protocol.hello import Situation
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import REGISTRY, STAFF_ACTION
from carnet_protocol.messages import (
    Verdict,
)
from carnet_protocol.reasons import Reason, ReasonText
from carnet_protocol.registry import Kind
from carnet_protocol.resolvers import show

KEY_IN_DOUBT: Final = ReasonText(
    "The database is older than the keys beside it, and which of these keys the hub takes is not certain yet.",
    "Everything recorded here is kept, and no key is taken away.",
    "Sync once, or go on carrying sticks to the hub and back. "
    "If the hub knows none of these keys: `carnet-node enrol --recover`.",
)
"""What is said while a key is in doubt (`newer_keys`)."""

_DOCUMENTS: Final = ("customer", "vehicle", "visit")
_ANSWERS: Final = frozenset(reason.value for reason in Reason)


class Line(StrEnum):
    """Whether the hub can be reached."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class Sync(StrEnum):
    """How far this node and the hub agree."""

    COMPLETE = "complete"
    WAITING = "waiting"
    CATCHING_UP = "catching up"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the hub has not judged.

    Attributes:
        documents: how many of each kind; a phone counts as its customer, a line as its repair order.
        is_at_least: there are more sets than were looked at.
        oldest_ms: set time of the oldest; None when nothing waits.
    """

    sets: int
    documents: Mapping[str, int]
    is_at_least: bool
    oldest_ms: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """Everything the strip and `status` show.

    Attributes:
        parked, refused: own sets in that state now.
        feed_as_of_ms: how old the data of others and the recalls is; None before the first complete page.
        clock_offset_ms: hub clock minus this machine's, at the last hello.
        is_writing_stopped: another copy of this node has taken over.
        is_rejoining: a backup was put in place; nothing is written until what was lost is back.
        is_unreconciled: the desk writes again, and what was lost may still be missing.
        is_key_in_doubt: the database is older than the keys beside it; which one the hub takes is not certain yet.
        is_key_gone: the hub takes a key of this node that is not here any more, as its receipts say.
    """

    site_code: str
    site_name: str
    line: Line
    sync: Sync
    state: SyncState
    waiting: Waiting
    parked: int
    refused: int
    feed_as_of_ms: int | None
    clock_offset_ms: int
    is_writing_stopped: bool
    is_rejoining: bool
    is_unreconciled: bool
    is_key_in_doubt: bool
    is_key_gone: bool

    @property
    def doubt(self) -> ReasonText | None:
        """What to say about a key in doubt; None when none is, and when the refusal says more."""
        return KEY_IN_DOUBT if self.is_key_in_doubt and not self.is_key_gone else None

    @property
    def refusal(self) -> Reason | None:
        """Why the hub refuses this node at present, by line or by stick; None when it does not, or nobody knows."""
        failure = self.state.failure
        if self.line is Line.ONLINE and failure in _ANSWERS:
            return Reason(failure)
        return Reason.REPLACED_KEY if self.is_key_gone else None


def status_of(node: Node) -> Status:
    """The present status, in one snapshot.

    Raises:
        NotEnrolled: there is nothing to say yet.
    """
    with node.store.read() as tx:
        chain, feed, state, rejoin = tx.chain(), tx.feed(), load_state(tx), load_rejoin(tx)
        if chain is None or feed is None:
            raise NotEnrolled("no chain")
        waiting, held_back = _waiting(tx, node), tx.count_held_back()
        is_in_doubt, is_gone = is_key_in_doubt(tx), is_key_gone(node, tx)
    return Status(
        node.identity.site_code,
        node.identity.site_name,
        judge_line(state, node.clock.now_ms()),
        judge_sync(state, waiting.sets),
        state,
        waiting,
        held_back.get(Verdict.PARKED, 0),
        held_back.get(Verdict.REFUSED, 0),
        feed.as_of_ms,
        feed.clock_offset_ms,
        chain.is_writing_stopped,
        chain.is_rejoining,
        rejoin.is_unreconciled,
        is_in_doubt,
        is_gone,
    )


def judge_line(state: SyncState, now_ms: int) -> Line:
    """Whether the hub can be reached, as far as anybody knows.

    A refusal is an answer, and a fault of this machine says nothing about the line. A clock that was set back makes the
    last contact lie ahead; then nothing is known.
    """
    if state.failure is not None and (state.contact_ms is None or (state.failure_ms or 0) >= state.contact_ms):
        if state.failure == UNREACHABLE:
            return Line.OFFLINE
        return Line.ONLINE if state.failure in _ANSWERS else Line.UNKNOWN
    if state.contact_ms is None or not 0 <= now_ms - state.contact_ms <= LINE_FRESH_MS:
        return Line.UNKNOWN
    return Line.ONLINE


def judge_sync(state: SyncState, waiting_sets: int) -> Sync:
    """How far node and hub agree; a stop is said before anything else."""
    if state.situation is not Situation.GO:
        return Sync.STOPPED
    if waiting_sets:
        return Sync.WAITING
    if state.is_catching_up:
        return Sync.CATCHING_UP
    return Sync.UNKNOWN if state.last_exchange is None else Sync.COMPLETE


def _waiting(tx: ReadTransaction, node: Node) -> Waiting:
    sets, oldest_ms = tx.unconfirmed()
    messages = tx.unconfirmed_messages(SETS_COUNTED_MAX)
    keys = {key for message in messages for key in documented_keys(message, node)}
    return Waiting(sets, _count_documents(tx, keys), len(messages) < sets, oldest_ms)


def documented_keys(message: bytes, node: Node) -> set[tuple[int, RecordId]]:
    """Kind and id of the records that an own set is about; who made it is no document."""
    ops = reread_set(message, node.identity.hub_id).ops
    return {(op.kind, RecordId(op.record)) for op in ops if op.kind != STAFF_ACTION.number}


def _count_documents(tx: ReadTransaction, keys: Iterable[tuple[int, RecordId]]) -> Mapping[str, int]:
    documents = {document_of(tx, REGISTRY.by_number.get(kind), record) for kind, record in keys}
    counts = Counter(kind for kind, _ in documents)
    return dict(sorted(counts.items()))


def document_of(tx: ReadTransaction, kind: Kind | None, record: RecordId) -> tuple[str, RecordId]:
    """The document a record belongs to: itself, or the nearest parent that is one."""
    for _ in range(PARENTS_MAX):
        if kind is None or kind.name in _DOCUMENTS or kind.parent is None:
            break
        stored = tx.record(kind, record)
        label = kind.labels[kind.parent]
        reference = None if stored is None else show(kind, stored.entries).values.get(label)
        refers_to = kind.by_label[label][1].refers_to
        if not isinstance(reference, bytes) or refers_to is None:
            break
        kind, record = REGISTRY[refers_to], RecordId(reference)
    return ("other" if kind is None else kind.name, record)
