"""Deferred work of a car, from where it was declined to the order on which it is offered again.

Decides which record of the car's history is meant, and that it is deferred now. What an offer holds is
`commands.approvals`; which work is deferred is `vehicle_file`.
"""

from carnet_node.core.commands.approvals import drop_job, offer_again
from carnet_node.core.commands.drafting import Drafts, NewId, Read
from carnet_node.core.node import Node
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.saving.editing import nothing_here, require_visit
from carnet_node.core.showing.vehicle_file import DeferredItem, vehicle_file
from carnet_node.core.showing.views import VisitView
from carnet_protocol.ids import RecordId


def deferred_of(node: Node, vehicle: RecordId) -> tuple[DeferredItem, ...]:
    """What is deferred on a car, newest first.

    Raises:
        CommandRefused: no such car here.
    """
    file = vehicle_file(node, vehicle)
    if file is None:
        raise nothing_here("vehicle")
    return file.deferred


def offer_drafts(node: Node, order: VisitView, read: Read, job: RecordId, new_id: NewId) -> Drafts:
    """Deferred work of the car, proposed on an order of it.

    Args:
        read: the order as its author had it before them.

    Raises:
        CommandRefused: the work is not deferred on this car, or see `offer_again`.
    """
    item = _deferred(node, order, job)
    before = require_visit(node, item.visit.id)
    return offer_again(read, order.work(), item.job.read(), before.work(), new_id)


def drop_drafts(node: Node, order: VisitView, read: Read) -> Drafts:
    """Deferred work of an order's car that nobody offers any more.

    Args:
        read: the job that was declined, as its author had it before them.

    Raises:
        CommandRefused: it is not deferred on this car.
    """
    _deferred(node, order, read.record)
    return drop_job(read)


def _deferred(node: Node, order: VisitView, job: RecordId) -> DeferredItem:
    items = () if order.vehicle is None else deferred_of(node, order.vehicle.id)
    item = next((one for one in items if one.job.id == job), None)
    if item is None:
        what = "This work is not deferred on this car."
        raise refuse("job_id", ProblemCode.NOT_FOUND, what, "Look at the car's deferred work again.")
    return item
