"""The sync centre: what waits, what came back and why, what stands beside each other, what the hub has signed.

Decides how change sets become documents that people know, and which refused work leads to which form. Line and sync as
such are `status`; what could be wrong with the machine is `doctor`.
"""

from dataclasses import dataclass

from carnet_node.core.desk_limits import FORMER_VALUES_MAX, RECEIPTS_SHOWN_MAX, WAITING_DOCUMENTS_MAX
from carnet_node.core.limits import LIST_ROWS_MAX, SETS_COUNTED_MAX
from carnet_node.core.log.held_back import HeldBack, list_held_back
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import OWN_KEY_ID
from carnet_node.core.showing.conflicts import OverruledValue, list_conflicts, list_former
from carnet_node.core.showing.record_view import RecordView, view_record
from carnet_node.core.showing.status import Status, document_of, documented_keys, status_of
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import Verdict

_DOCUMENTS_FIRST = ("visit", "customer", "vehicle")


@dataclass(frozen=True, slots=True)
class Document:
    """A document that people know: a repair order, a customer, a vehicle, or something of the site itself.

    Attributes:
        kind: name of its kind; "other" for a kind this version does not know.
        view: None when it was deleted, or is not shown here.
    """

    kind: str
    record: RecordId
    view: RecordView | None


@dataclass(frozen=True, slots=True)
class WaitingDocument:
    """A document with work that the hub has not judged; `saves` is how many of its saves wait."""

    document: Document
    saves: int


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """A save that was held back, and the document it belongs to: the place where it is corrected."""

    held: HeldBack
    document: Document | None


@dataclass(frozen=True, slots=True)
class ContestedDocument:
    """A value that is not shown, and the document it belongs to."""

    value: OverruledValue
    document: Document


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One receipt the hub has signed.

    Attributes:
        seq: number of the set in the node's chain.
        decided_ms: set time fixed at admission.
    """

    seq: int
    verdict: Verdict
    position: int
    decided_ms: int
    is_signed: bool


@dataclass(frozen=True, slots=True)
class SyncCentre:
    """Everything of it, in one reading.

    Attributes:
        waiting: documents first, each once; at most `WAITING_DOCUMENTS_MAX`.
        held: parked and refused saves, newest first.
        conflicts: open overruled values, each with the document it belongs to.
        former: the last `FORMER_VALUES_MAX` that somebody overruled knowingly and that stand nowhere today.
        receipts: the last ones, newest first.
        key_id: short form of the key that signs, as the hub operator sees it.
    """

    status: Status
    waiting: tuple[WaitingDocument, ...]
    held: tuple[HeldDocument, ...]
    conflicts: tuple[ContestedDocument, ...]
    former: tuple[ContestedDocument, ...]
    receipts: tuple[ReceiptLine, ...]
    epoch_ordinal: int
    key_id: str


def sync_centre(node: Node) -> SyncCentre:
    """What the sync centre shows.

    Raises:
        NotEnrolled: there is nothing to say yet.
    """
    held, overruled = list_held_back(node, limit=LIST_ROWS_MAX), list_conflicts(node)
    settled = list_former(node, limit=FORMER_VALUES_MAX)
    with node.store.read() as tx:
        waiting = _waiting(node, tx)
        documents = [held_document(node, tx, one) for one in held]
        conflicts = [ContestedDocument(one, _contested_document(node, tx, one)) for one in overruled]
        former = [ContestedDocument(one, _contested_document(node, tx, one)) for one in settled]
        latest = tx.sets_decided(RECEIPTS_SHOWN_MAX)
        chain, key_id = tx.chain(), tx.setting(OWN_KEY_ID) or node.signer.key_id
    receipts = [
        ReceiptLine(one.seq, one.verdict.code, one.verdict.position, one.verdict.time_ms, one.receipt is not None)
        for one in latest
        if one.verdict is not None
    ]
    return SyncCentre(
        status_of(node),
        waiting,
        tuple(documents),
        tuple(conflicts),
        tuple(former),
        tuple(receipts),
        0 if chain is None else chain.epoch_ordinal,
        key_id.hex()[:16],
    )


def _waiting(node: Node, tx: ReadTransaction) -> tuple[WaitingDocument, ...]:
    saves: dict[tuple[str, RecordId], int] = {}
    for message in tx.unconfirmed_messages(SETS_COUNTED_MAX):
        touched = documented_keys(message, node)
        for key in {document_of(tx, REGISTRY.by_number.get(kind), record) for kind, record in touched}:
            saves[key] = saves.get(key, 0) + 1
    listed = [WaitingDocument(_document(node, tx, key), count) for key, count in saves.items()]
    listed.sort(key=lambda one: (_rank(one.document.kind), one.document.record))
    return tuple(listed[:WAITING_DOCUMENTS_MAX])


def _rank(kind: str) -> int:
    return _DOCUMENTS_FIRST.index(kind) if kind in _DOCUMENTS_FIRST else len(_DOCUMENTS_FIRST)


def held_document(node: Node, tx: ReadTransaction, held: HeldBack) -> HeldDocument:
    """A save that was held back, beside the document that it belongs to."""
    keys = [document_of(tx, one.kind, one.record) for one in held.ops]
    keys.sort(key=lambda one: _rank(one[0]))
    return HeldDocument(held, _document(node, tx, keys[0]) if keys else None)


def _contested_document(node: Node, tx: ReadTransaction, overruled: OverruledValue) -> Document:
    return _document(node, tx, document_of(tx, overruled.record.kind, overruled.record.id))


def _document(node: Node, tx: ReadTransaction, key: tuple[str, RecordId]) -> Document:
    name, record = key
    kind = REGISTRY.by_name.get(name)
    stored = None if kind is None else tx.record(kind, record)
    return Document(name, record, view_record(tx, node.identity, stored))
