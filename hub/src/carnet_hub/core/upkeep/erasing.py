"""Erasing a person: which records an order names, and which nodes have carried it out.

Decides, from a customer's id, what belongs to that customer, and reads from a node's own signed word whether it has
erased. Does not decide what an erasure takes away (`effects` here, `core/erasing` at a node).

    what                         found by                                          groups that hold values there
    ---------------------------  ------------------------------------------------  -----------------------------
    the customer                 the id                                            identity, secret, notes
    phones, addresses and more   the customer as parent                            contact
    appointments, reminders      the customer as parent                            identity, contact, notes
    dates of cars                the customer as parent                            notes
    visits and their jobs        the visit names the customer                      identity, contact, notes
    plates                       of vehicles that nobody else was linked to        contact
    visits and their jobs        of those vehicles, if they name nobody            identity, contact, notes

Somebody else who was erased with the same groups before is nobody: the order then left these records to this person.
Somebody of whom a purge took some values is still somebody.

Public fields stay: what was repaired on which vehicle, when, at which mileage, and which recalls are done. They name a
vehicle and no person, and the law keeps them (recall records: five years at the dealer, ten at the producer). The
ownership stays as two ids. Who erased is told by hellos: a node states, signed, how far it has read, and reads an order
by carrying it out.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.failures import AlreadyErased, Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LIST_ROWS_MAX
from carnet_hub.core.log.authoring import write_in
from carnet_hub.core.ports import Snapshot, StoreError
from carnet_hub.core.rows import HelloRow, Node, RecordRow
from carnet_hub.core.sets.erased_persons import RETENTION, erased_persons
from carnet_hub.core.sets.hellos import Said, kept_hellos
from carnet_hub.core.shown import shown_records, shown_values
from carnet_protocol.changeset import Draft
from carnet_protocol.envelope import Purpose, read_envelope, verify_envelope
from carnet_protocol.errors import Refused
from carnet_protocol.ids import RECORD_RANDOM_BYTES, RecordId, new_record_id, record_text
from carnet_protocol.kinds import CUSTOMER, ERASURE, OWNERSHIP, PLATE, REGISTRY, VISIT
from carnet_protocol.limits import OPS_PER_SET_MAX
from carnet_protocol.orders import ERASURE_RECORDS_MAX, ErasureOrder, read_erasure
from carnet_protocol.registry import ErasureGroup, Kind

GROUNDS: Final = ("request", "order")
"""Why a person is erased. What has outlived its term is taken by a purge, which knows the terms (`purging`)."""

_REVOKED: Final = "revoked"


@dataclass(frozen=True, slots=True)
class Erased:
    """An order that was given.

    Attributes:
        position: of the order in the log.
        orders: ids of the erasure records, each of at most 256 records.
        records: by kind name, how many records it names.
    """

    position: int
    orders: tuple[RecordId, ...]
    records: dict[str, int]


class ReceiptState(StrEnum):
    """What is known of one node and one order."""

    CONFIRMED = "confirmed"
    MISSING = "missing"
    REVOKED = "revoked"
    """Its keys are revoked: it is told nothing any more, and its word counts for nothing."""


@dataclass(frozen=True, slots=True)
class NodeReceipt:
    """One node's word on an order.

    Attributes:
        said_ms: when its newest hello came, by the hub's clock; None before the first.
        read_to: log position up to which it said it has read.
        hello: the signed message; empty before the first, and when it is of another history of the hub.
    """

    node: Node
    state: ReceiptState
    said_ms: int | None
    read_to: int
    hello: bytes


@dataclass(frozen=True, slots=True)
class ErasureLine:
    """One order in a list."""

    order: RecordId
    position: int
    ground: str
    groups: tuple[ErasureGroup, ...]
    records: tuple[RecordId, ...]
    confirmed: int
    missing: int


def erase_customer(hub: Hub, customer: RecordId, groups: frozenset[ErasureGroup], *, ground: str) -> Erased:
    """Order the erasure of a customer's values, here and at every node, for ever.

    Args:
        groups: at least one.
        ground: one of `GROUNDS`; every node receives it, so it is a code and never a text.

    Raises:
        Unusable: no such customer, no group, another ground, or more records than one set names; nothing was changed.
        StoreBusy, StoreError: see `ports`. The order stands, and so does the erasure in the tables, when only the
            scrubbing of the files failed.
        AlreadyErased: every record that the order would name is erased with these groups; no second order was written.
    """
    if ground == RETENTION:
        raise Unusable(
            "Nobody is erased on the ground of a term by hand.",
            "Use `retention purge`: it knows which terms have ended, and refuses what the law has kept.",
        )
    if ground not in GROUNDS or not groups:
        raise Unusable(f"An erasure needs a ground ({', '.join(GROUNDS)}) and a group.", "Name both.")
    with hub.store.write() as transaction:
        found = find_records(hub, transaction, customer, groups)
        ids = [record for _, record in found]
        _require_unerased(hub, transaction, customer, ids, groups)
        parts = [ids[at : at + ERASURE_RECORDS_MAX] for at in range(0, len(ids), ERASURE_RECORDS_MAX)]
        if len(parts) > OPS_PER_SET_MAX:
            raise Unusable(f"{len(ids)} records belong to this customer; one order names fewer.", "Ask the developers.")
        drafts = [erasure_draft(hub, part, groups, ground) for part in parts]
        row, _ = write_in(hub, transaction, drafts)
    counts: dict[str, int] = {}
    for kind, _ in found:
        counts[kind] = counts.get(kind, 0) + 1
    return Erased(row.position, tuple(RecordId(draft.record) for draft in drafts), counts)


def scrub_files(hub: Hub) -> None:
    """Take what was erased out of the database's files too; what cannot be done now is tried again by `serve`."""
    with suppress(StoreError):
        hub.store.scrub()


def find_records(
    hub: Hub, snapshot: Snapshot, customer: RecordId, groups: frozenset[ErasureGroup] = frozenset(ErasureGroup)
) -> list[tuple[str, RecordId]]:
    """(kind name, id) of a customer and of everything that may hold values of that person.

    Args:
        groups: that are to be erased.

    Raises:
        Unusable: there is no such customer.
    """
    if customer not in snapshot.records(CUSTOMER.number, [customer]):
        raise Unusable(f"There is no customer {record_text(customer)}.", "Look the id up at the dealer.")
    plates, nameless = _at_own_vehicles(hub, snapshot, customer, sum(1 << (group - 1) for group in groups))
    visits = [*(row.id for row in _naming(hub, snapshot, VISIT, customer)), *(row.id for row in nameless)]
    belonging = [*snapshot.children([customer]), *snapshot.children(visits)]
    found = [(CUSTOMER.number, customer), *((VISIT.number, one) for one in visits)]
    found += [(row.kind, row.id) for row in (*belonging, *plates)]
    sealed = {kind.number: kind.name for kind in REGISTRY.kinds if any(one.group for one in kind.registers)}
    return [(sealed[kind], RecordId(record)) for kind, record in dict.fromkeys(found) if kind in sealed]


def list_erasures(hub: Hub) -> list[ErasureLine]:
    """Every order, oldest first, with how many nodes have carried it out."""
    with hub.store.read() as snapshot:
        said = kept_hellos(hub, snapshot.scan(HelloRow))
        told = _told(snapshot.nodes(), said)
        lines = [
            line
            for row, values in shown_records(hub.registry, snapshot, "erasure")
            if (line := _line(row, dict(values), told)) is not None
        ]
    return sorted(lines, key=lambda line: line.position)


def show_receipts(hub: Hub, order: RecordId) -> list[NodeReceipt]:
    """What every node has said about an order, its signature checked; those still missing first.

    Raises:
        Unusable: there is no such order.
    """
    with hub.store.read() as snapshot:
        row = snapshot.records(ERASURE.number, [order]).get(order)
        if row is None:
            raise Unusable(f"There is no erasure {record_text(order)}.", "Look it up with `erasures list`.")
        said = kept_hellos(hub, snapshot.scan(HelloRow))
        found = [_receipt(hub, snapshot, node, said.get(node.node_id), row.changed) for node in snapshot.nodes()]
    return sorted(found, key=lambda one: (one.state is not ReceiptState.MISSING, one.node.node_id))


def _require_unerased(
    hub: Hub, snapshot: Snapshot, customer: RecordId, records: Sequence[RecordId], groups: frozenset[ErasureGroup]
) -> None:
    """Refuse an order that would say again what earlier ones say of every record."""
    wanted = sum(1 << (group - 1) for group in groups)
    erased = snapshot.erased(records)
    if any(erased.get(record, 0) & wanted != wanted for record in records):
        return
    orders = (
        RecordId(row.id)
        for row, values in shown_records(hub.registry, snapshot, "erasure")
        if (line := _line(row, dict(values), _Told(()))) is not None and customer in line.records
    )
    raise AlreadyErased(record_text(customer), tuple(map(record_text, orders)))


def erasure_draft(hub: Hub, records: Sequence[RecordId], groups: frozenset[ErasureGroup], ground: str) -> Draft:
    """One order for at most 256 records."""
    record = new_record_id(hub.clock.now_ms(), hub.entropy.random_bytes(RECORD_RANDOM_BYTES))
    return Draft(ERASURE, record, {**ErasureOrder(tuple(records), groups).fields(), "ground": ground})


def _naming(hub: Hub, snapshot: Snapshot, kind: Kind, customer: RecordId) -> Iterator[RecordRow]:
    """Records of a kind of which any head names a customer: those that show it, and contested ones."""
    showing = [row for row in snapshot.children([customer]) if row.kind == kind.number]
    yield from showing
    known = {row.id for row in showing}
    label = kind.labels["customer_id"]
    for row in contested_of(snapshot, kind.number):
        entries = plain_entries(hub.box, kind.number, row.id, row.entries)
        if row.id not in known and any((entry.fields or {}).get(label) == customer for entry in entries):
            yield row


def contested_of(snapshot: Snapshot, kind: int) -> Iterator[RecordRow]:
    """Every record of a kind with open overruled values, by id."""
    after = (kind, b"")
    while rows := [row for row in snapshot.contested(after, LIST_ROWS_MAX) if row.kind == kind]:
        yield from rows
        after = (kind, rows[-1].id)


def _at_own_vehicles(
    hub: Hub, snapshot: Snapshot, customer: RecordId, groups: int
) -> tuple[list[RecordRow], list[RecordRow]]:
    """Plates of the vehicles that were linked to this customer and to nobody else, and their visits that name nobody.

    Such a visit keeps the plate it was opened with, and what was said at the counter.
    """
    vehicles = {row.anchor for row in _naming(hub, snapshot, OWNERSHIP, customer) if row.anchor}
    anchored: dict[int, dict[bytes, bytes]] = {OWNERSHIP.number: {}, PLATE.number: {}, VISIT.number: {}}
    for vehicle, kind, record in snapshot.anchored(vehicles):
        if kind in anchored:
            anchored[kind][record] = vehicle
    links = snapshot.records(OWNERSHIP.number, anchored[OWNERSHIP.number]).values()
    owners = [(row.anchor, shown_values(hub.registry, row).get("customer_id")) for row in links]
    others = {owner for _, owner in owners if isinstance(owner, bytes) and owner != customer}
    taken = erased_persons(hub.registry, snapshot, others)
    gone = {record for record, erased in taken.items() if erased & groups == groups}
    shared = {vehicle for vehicle, owner in owners if owner in others - gone}
    plates, visits = (
        [row for _, row in sorted(snapshot.records(kind, _outside(anchored[kind], shared)).items())]
        for kind in (PLATE.number, VISIT.number)
    )
    return plates, [row for row in visits if shown_values(hub.registry, row).get("customer_id") is None]


def _outside(vehicles: dict[bytes, bytes], shared: set[bytes | None]) -> list[bytes]:
    """The records whose vehicle is not shared."""
    return [record for record, vehicle in vehicles.items() if vehicle not in shared]


@dataclass(frozen=True, slots=True)
class _Told:
    """How far nodes have read that count, ascending: counted once, asked for every order."""

    read_to: tuple[int, ...]


def _told(nodes: Iterable[Node], said: dict[bytes, Said]) -> _Told:
    counted = [node.node_id for node in nodes if node.key_status != _REVOKED]
    return _Told(tuple(sorted(said[one].read_to if one in said else -1 for one in counted)))


def _line(row: RecordRow, values: dict[str, object], told: _Told) -> ErasureLine | None:
    joined, groups = values.get("record_ids"), values.get("groups")
    if not isinstance(joined, bytes) or not isinstance(groups, int):
        return None
    order = read_erasure(joined, groups)
    missing = bisect_left(told.read_to, row.changed)
    return ErasureLine(
        RecordId(row.id),
        row.changed,
        str(values.get("ground") or ""),
        tuple(sorted(order.groups)),
        order.records,
        len(told.read_to) - missing,
        missing,
    )


def _state(node: Node, said: Said | None, position: int) -> ReceiptState:
    if node.key_status == _REVOKED:
        return ReceiptState.REVOKED
    return ReceiptState.CONFIRMED if said is not None and said.read_to >= position else ReceiptState.MISSING


def _receipt(hub: Hub, snapshot: Snapshot, node: Node, said: Said | None, position: int) -> NodeReceipt:
    state = _state(node, said, position)
    if said is None:
        return NodeReceipt(node, state, None, 0, b"")
    if state is ReceiptState.CONFIRMED and not _is_signed(hub, snapshot, said.row):
        state = ReceiptState.MISSING
    return NodeReceipt(node, state, said.row.received_ms, said.read_to, said.row.message)


def _is_signed(hub: Hub, snapshot: Snapshot, row: HelloRow) -> bool:
    """Whether a kept hello still verifies under a key its node has or had."""
    envelope = read_envelope(row.message)
    keys = {key.key_id: key.signing_key for key in snapshot.keys_of([row.node_id])}
    try:
        verify_envelope(envelope, keys.get(envelope.key_id, bytes(32)), Purpose.HELLO, hub.hub_id)
    except Refused:
        return False
    return True
