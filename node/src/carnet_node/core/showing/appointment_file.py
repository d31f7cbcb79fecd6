"""Everything known here about one appointment: who may have called, which car is meant, which order it leads to.

Decides what a number and a plate mean among what is on file: a car that is named, else the only one that carries the
plate; customers who have the number. Nothing of it is written: a call stays what was said. The other way round:
when the car of an order is expected back.
"""

from dataclasses import dataclass

from carnet_node.core.commands.appointments import EXPECTED
from carnet_node.core.limits import CHILDREN_MAX, FIND_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_node.core.showing.searching import Found, FoundBy, find
from carnet_node.core.showing.views import one_record
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import APPOINTMENT, CUSTOMER, VEHICLE, VISIT
from carnet_protocol.registry import Kind, Value


@dataclass(frozen=True, slots=True)
class AppointmentFile:
    """An appointment and what is on file about it.

    Attributes:
        car: that it names, or the only one here that carries its plate; None when neither is known.
        customers: whom it names, or whoever has the number here.
        order: that its car came for, or comes back to.
        former: the one it follows.
    """

    appointment: RecordView
    car: RecordView | None
    customers: tuple[RecordView, ...]
    order: RecordView | None
    former: RecordView | None


def appointment_file(node: Node, record: RecordId) -> AppointmentFile | None:
    """The file of an appointment; None when there is none here."""
    view = one_record(node, APPOINTMENT, record)
    if view is None:
        return None
    said = view.values
    return AppointmentFile(
        view,
        car_of_call(node, view),
        _customers(node, view),
        _named(node, VISIT, said.get("visit_id")),
        _named(node, APPOINTMENT, said.get("follows_id")),
    )


def expected_back(node: Node, visit: RecordId) -> tuple[RecordView, ...]:
    """The appointments of this site that still bring the car of an order back, by their slots; without one last."""
    with node.store.read() as tx:
        named = view_all(tx, node.identity, tx.find_equal(APPOINTMENT, "visit_id", visit, CHILDREN_MAX))
    standing = [one for one in named if one.is_own and one.values.get("status") in EXPECTED]
    return tuple(sorted(standing, key=_place))


def car_of_call(node: Node, appointment: RecordView) -> RecordView | None:
    """The car that an appointment names, else the only one here that carries its plate."""
    named = _named(node, VEHICLE, appointment.values.get("vehicle_id"))
    if named is not None:
        return named
    found = _found(node, appointment.values.get("plate_no"), VEHICLE, FoundBy.PLATE)
    return found[0].view if len(found) == 1 else None


def _place(view: RecordView) -> tuple[bool, int]:
    starts_at = view.values.get("starts_at")
    return (False, starts_at) if isinstance(starts_at, int) else (True, 0)


def _customers(node: Node, appointment: RecordView) -> tuple[RecordView, ...]:
    named = _named(node, CUSTOMER, appointment.values.get("customer_id"))
    if named is not None:
        return (named,)
    found = _found(node, appointment.values.get("caller_phone"), CUSTOMER, FoundBy.PHONE)
    return tuple(one.view for one in found)


def _found(node: Node, text: Value, kind: Kind, by: FoundBy) -> tuple[Found, ...]:
    if not isinstance(text, str):
        return ()
    return tuple(one for one in find(node, text, limit=FIND_ROWS_MAX, kind=kind) if one.by is by)


def _named(node: Node, kind: Kind, record: Value) -> RecordView | None:
    return one_record(node, kind, RecordId(record)) if isinstance(record, bytes) else None
