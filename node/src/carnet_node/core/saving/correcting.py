"""Putting a settled order right, from the order that was settled wrong to the one that corrects it.

Decides which present facts the correction meets inside the write transaction: the work as it was settled, and whether
another order corrects it already. A void correction corrects nothing. What the new order begins with is
`commands.settlement`.
"""

from carnet_node.core.commands.settlement import Correction, correct_visit
from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.saving.basis import read_for_step
from carnet_node.core.saving.desk import OpenedVisit, open_within
from carnet_node.core.saving.editing import nothing_here
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_node.core.showing.views import VisitView, visit_view, visit_view_within
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import VISIT


def open_correction(node: Node, visit: RecordId, based_on: str) -> OpenedVisit:
    """Open the order that corrects a settled one.

    Args:
        based_on: heads of the settled order, as a view gave them out.

    Raises:
        CommandRefused: no such order or car here, not settled, corrected already; nothing was written.
        Malformed: heads that no view gave out.
    """
    with node.store.write() as tx:
        view = visit_view_within(tx, node.identity, visit)
        if view is None or view.vehicle is None:
            raise nothing_here(VISIT.name)
        read, now_ms = read_for_step(view.visit, based_on, ("status",)), node.clock.now_ms()
        known = _corrected_by(node, tx, view.visit)
        corrected_by = None if known is None else known.id
        command = Correction(read, view.vehicle.id, view.work(), corrected_by, now_ms)
        return open_within(node, tx, correct_visit(command), (), None)


def correction_of(node: Node, visit: RecordView) -> RecordView | None:
    """The order that corrects this one and counts; None where there is none."""
    with node.store.read() as tx:
        return _corrected_by(node, tx, visit)


def corrected_of(node: Node, view: VisitView) -> VisitView | None:
    """The order that this one corrects; None for one that corrects none, or one that is not here."""
    before = view.visit.values.get("corrects_id")
    return visit_view(node, RecordId(before)) if isinstance(before, bytes) else None


def _corrected_by(node: Node, tx: ReadTransaction, visit: RecordView) -> RecordView | None:
    """As `correction_of`, inside a snapshot; all orders of a car are few."""
    orders = tx.find_equal(VISIT, "vehicle_id", visit.values.get("vehicle_id"), CHILDREN_MAX)
    standing = (one for one in view_all(tx, node.identity, orders) if one.values.get("status") != "void")
    return next((one for one in standing if one.values.get("corrects_id") == visit.id), None)
