"""A desk asks for another dealer's car: who may, what is shown, and that it is written down first.

Decides the order in which a look-up is judged, and what of a car's history its answer holds. Does not decide which
cars a number leads to (`finding_cars`), which registers are masked (`masking`), nor that the site may follow a car
from now on: that takes an adoption (`assigning`).

    signature, challenge, standing -> named a way and a reason of the lists? room left? own customer? -> cars
        -> one: the car, its plates, the technical history, newest visits first, until the answer is full
           several: each car and its plates, so that somebody can choose one by its VIN
        -> a line of the ledger, durable -> the signed answer

Rules
1. Only technical history is shown: visits with their work, readings, completions of recalls. No tie names a customer.
2. What other sites may not see is masked, as on every page. Of a visit that names the customer at the desk, or another
   record of the same customer, that customer's own papers are shown, if this customer holds the car.
3. A car that the asking site has by its plate alone is no other dealer's: it is shown where nothing else is found.
4. Work that the customer declined is no history, and work that nobody answered for is none once the order is over.
5. A refusal by a rule of this module is written down as well, with its code in place of an outcome.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.exchange.finding_cars import cars_held, find_cars
from carnet_hub.core.exchange.greeting import find_node, require_welcome
from carnet_hub.core.exchange.look_up_ledger import ANSWERED, reference, require_room, warn_if_unusual
from carnet_hub.core.exchange.sessions import check_challenge
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LOOK_UP_BYTES_MAX, REQUEST_BYTES_MAX
from carnet_hub.core.look_up_rows import LookUpRow
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import Node, RecordRow
from carnet_hub.core.sets.assigning import opens_history
from carnet_hub.core.sets.masking import entries_for
from carnet_hub.core.shown import shown_values
from carnet_protocol import cbor
from carnet_protocol.envelope import Purpose, read_envelope, verify_envelope
from carnet_protocol.errors import BadValue, NotAllowed, NotAuthentic, Refused
from carnet_protocol.kinds import (
    CUSTOMER,
    JOB,
    LABOUR_LINE,
    ODOMETER_READING,
    PART_LINE,
    PLATE,
    RECALL_COMPLETION,
    VEHICLE,
    VISIT,
)
from carnet_protocol.legal_days import legal_day
from carnet_protocol.limits import LOOK_UP_CARS_MAX, LOOK_UP_ROWS_MAX
from carnet_protocol.look_up import LOOK_UP_REASONS, WAYS, LookedUpCar, LookUpAnswer, LookUpRequest
from carnet_protocol.messages import MESSAGE_VERSION, PageRow, sign_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from carnet_protocol.state import entries_to_wire
from carnet_protocol.visits import is_wanted

_WORK: Final = (JOB.number, LABOUR_LINE.number, PART_LINE.number)
_DATED: Final = {ODOMETER_READING.number: "read_at", RECALL_COMPLETION.number: "completed_at"}
_LOOK_UP_ID_BYTES: Final = 8


class _Shown(NamedTuple):
    """A record of a car and what it shows."""

    row: RecordRow
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who asks.

    Attributes:
        persons: the customer at the desk and every record known to be the same customer; empty for nobody.
        held: cars that customer holds.
    """

    dealer_id: bytes
    persons: frozenset[bytes]
    held: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look-up comes to: the cars, and the rows that show them."""

    cars: tuple[LookedUpCar, ...]
    rows: tuple[PageRow, ...]
    is_cut: bool
    position: int


def answer_look_up(hub: Hub, session_key: bytes, message: bytes) -> bytes:
    """Show a desk what the hub knows of a car.

    Args:
        session_key: shared by all workers; made the challenge.
        message: the signed `LookUpRequest`, at most `REQUEST_BYTES_MAX`.

    Raises:
        Malformed, NotAuthentic: no request, not signed by an enrolled node, or on a challenge that is not fresh.
        NotAllowed: the node or its site is suspended; TOO_MANY_LOOK_UPS; FOREIGN_RECORD, another site's customer.
        BadValue: LOOK_UP_REASON, or a way that there is not. All but the first line are written down.
        StoreBusy, StoreError: the line could not be written, so nothing is shown.

    Returns: the signed `LookUpAnswer`.
    """
    node, request = _open_request(hub, message)
    check_challenge(session_key, request.challenge, hub.clock.now_ms())
    try:
        found, count = _judge(hub, node, request)
    except Refused as refusal:
        _note(hub, node, request, refusal.reason.value, ())
        raise
    _note(hub, node, request, ANSWERED, found.cars)
    warn_if_unusual(hub, node.dealer_id, count)
    answer = LookUpAnswer(
        MESSAGE_VERSION,
        request.challenge,
        node.node_id,
        found.position,
        hub.clock.now_ms(),
        found.is_cut,
        list(found.cars),
        list(found.rows),
    )
    return sign_frame(answer, Purpose.LOOK_UP, hub.hub_id, hub.signer)


def _open_request(hub: Hub, message: bytes) -> tuple[Node, LookUpRequest]:
    envelope = read_envelope(message, bytes_max=REQUEST_BYTES_MAX)
    node = find_node(hub, envelope.key_id)
    payload = verify_envelope(envelope, node.signing_key, Purpose.LOOK_UP, hub.hub_id)
    request = cbor.decode_frame(payload, LookUpRequest, bytes_max=REQUEST_BYTES_MAX)
    if (request.node_id, request.dealer_id) != (node.node_id, node.dealer_id):
        raise NotAuthentic(Reason.UNKNOWN_NODE, "the request names another node or site than the key's")
    require_welcome(node)
    return node, request


def _judge(hub: Hub, node: Node, request: LookUpRequest) -> tuple[_Found, int]:
    """What is shown, and how many look-ups the site has with this one."""
    with hub.store.read() as snapshot:
        count = require_room(snapshot, node.dealer_id, hub.clock.now_ms())
        if request.reason not in LOOK_UP_REASONS:
            raise BadValue(Reason.LOOK_UP_REASON, "reason", "not in the code list")
        asking = _asking(hub, snapshot, node.dealer_id, request.customer_id)
        cars = _without_own_plates(hub, snapshot, asking, find_cars(hub, snapshot, request.way, request.sought))
        return _shown_cars(hub, snapshot, asking, cars), count


def _without_own_plates(hub: Hub, snapshot: Snapshot, asking: _Asking, cars: Collection[bytes]) -> Collection[bytes]:
    """The cars without those that the asking site itself has by their plate alone, unless there are no others."""
    rows = snapshot.records(VEHICLE.number, list(cars)).values()
    own = ((row.id, shown_values(hub.registry, row)) for row in rows if row.owner == asking.dealer_id)
    unnumbered = {car for car, values in own if not (values.get("vin") or values.get("chassis_no"))}
    return [car for car in cars if car not in unnumbered] or cars


def _asking(hub: Hub, snapshot: Snapshot, dealer_id: bytes, customer: bytes | None) -> _Asking:
    if customer is None:
        return _Asking(dealer_id, frozenset(), frozenset())
    row = snapshot.records(CUSTOMER.number, [customer]).get(customer)
    if row is None or row.owner != dealer_id:
        raise NotAllowed(Reason.FOREIGN_RECORD, "the customer at the desk is none of the site's")
    member = snapshot.members([customer]).get(customer)
    cluster = () if member is None else snapshot.members_of([member.golden])
    persons = frozenset({customer, *(one.customer for one in cluster)})
    return _Asking(dealer_id, persons, frozenset(cars_held(hub, snapshot, persons, legal_day(hub.clock.now_ms()))))


def _shown_cars(hub: Hub, snapshot: Snapshot, asking: _Asking, cars: Collection[bytes]) -> _Found:
    chosen = sorted(cars)[:LOOK_UP_CARS_MAX]
    shown: list[LookedUpCar] = []
    rows: list[PageRow] = []
    for car in chosen:
        records = _records_of(hub, snapshot, car, is_whole=len(chosen) == 1)
        fitting = _fitting(hub, asking, records, is_linked=car in asking.held, room=LOOK_UP_ROWS_MAX - len(rows))
        followed = any(one.dealer_id == asking.dealer_id and opens_history(one) for one in snapshot.assignments([car]))
        others = {one.row.owner for one in records if one.row.kind == VISIT.number} - {asking.dealer_id}
        shown.append(LookedUpCar(car, followed, car in asking.held, len(others), len(fitting), len(records)))
        rows += fitting
    return _Found(tuple(shown), tuple(rows), len(cars) > len(chosen), snapshot.head().position)


def _records_of(hub: Hub, snapshot: Snapshot, car: bytes, *, is_whole: bool) -> list[_Shown]:
    """The car, its plates and, if it is shown whole, the technical history: what matters most stands first."""
    by_kind: dict[int, list[bytes]] = {VEHICLE.number: [car]}
    for _, kind, record in snapshot.anchored([car]):
        if kind == PLATE.number or (is_whole and kind in (VISIT.number, *_WORK, *_DATED)):
            by_kind.setdefault(kind, []).append(record)
    found: dict[int, list[_Shown]] = {}
    for kind, records in by_kind.items():
        rows = snapshot.records(kind, records).values()
        shown = [_Shown(row, shown_values(hub.registry, row)) for row in rows]
        found[kind] = sorted((one for one in shown if one.values), key=lambda one: one.row.id)
    return [*found.get(VEHICLE.number, ()), *found.get(PLATE.number, ()), *_history(found)]


def _history(found: Mapping[int, list[_Shown]]) -> Iterable[_Shown]:
    """Completions and readings, then visits with their work; the newest of each first, void visits left out."""
    for kind in (RECALL_COMPLETION.number, ODOMETER_READING.number):
        yield from _newest_first(found.get(kind, ()), _DATED[kind])
    work: dict[bytes, list[_Shown]] = {}
    for kind in _WORK:
        for one in found.get(kind, ()):
            work.setdefault(one.row.parent or b"", []).append(one)
    for visit in _newest_first(found.get(VISIT.number, ()), "opened_at"):
        if visit.values.get("status") != "void":
            yield visit
            yield from _wanted(visit, work.get(visit.row.id, ()))


def _wanted(visit: _Shown, work: Collection[_Shown]) -> Iterable[_Shown]:
    """The work of a visit without jobs that were not to be done, and without their lines (rule 4)."""
    jobs = (one for one in work if one.row.kind == JOB.number)
    left = {job.row.id for job in jobs if not is_wanted(visit.values, job.values)}
    return (one for one in work if left.isdisjoint((one.row.id, one.values.get("job_id"))))


def _newest_first(records: Iterable[_Shown], field: str) -> list[_Shown]:
    def moment(one: _Shown) -> int:
        """When it was, in ms; 0 where nobody said."""
        value = one.values.get(field)
        return value if isinstance(value, int) else 0

    return sorted(records, key=lambda one: (-moment(one), one.row.id))


def _fitting(hub: Hub, asking: _Asking, records: Iterable[_Shown], *, is_linked: bool, room: int) -> list[PageRow]:
    """As many rows as an answer has room for, from the first one on, masked for the reader.

    Args:
        is_linked: the customer at the desk holds the car.
        room: rows.
    """
    shown = list(records)
    own = {one.row.id for one in shown if is_linked and one.values.get("customer_id") in asking.persons}
    rows: list[PageRow] = []
    size = 0
    for one in shown[:room]:
        row = one.row
        size += len(row.entries)
        if size > LOOK_UP_BYTES_MAX:
            break
        plain = plain_entries(hub.box, row.kind, row.id, row.entries)
        is_own = row.id in own or (row.kind in _WORK and row.parent in own)
        entries = entries_for(hub, asking.dealer_id, row, plain, is_veiled=False, is_customers_own=is_own)
        rows.append(PageRow(row.kind, row.id, row.owner, row.changed, entries_to_wire(entries), [], False))
    return rows


def _note(hub: Hub, node: Node, request: LookUpRequest, outcome: str, cars: Collection[LookedUpCar]) -> None:
    """Write one look-up down; durable when this returns."""
    (only,) = cars if len(cars) == 1 else (None,)
    with hub.store.write() as transaction:
        row = LookUpRow(
            max(hub.clock.now_ms(), transaction.head().received_ms),
            hub.entropy.random_bytes(_LOOK_UP_ID_BYTES),
            node.dealer_id,
            node.node_id,
            request.staff_id or b"",
            request.way if request.way in WAYS else "",
            request.reason if request.reason in LOOK_UP_REASONS else "",
            reference(hub, request.way.encode() + b"\x00" + request.sought.encode()),
            reference(hub, only.vehicle_id) if only is not None else "",
            any(one.is_linked for one in cars),
            outcome,
            len(cars),
        )
        transaction.put([row])
