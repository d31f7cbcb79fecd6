"""Recalls that an order leaves undone: open on its car, or taken up among its jobs and never recorded as done.

Decides what somebody is asked before a car goes on with its recall open, and which jobs no paper may call done. Nothing
is forbidden by that: whoever says that the recall stays open goes on. Programs are not asked; what they leave open is
said behind (`recall_remarks`). Whether a recall is open for a car is `recall_check`.

Rules
1. A recall is open on an order while neither what is known of the car nor what stands on the order closes it.
2. A job that names a recall is done work once something other than the owner's refusal stands on the order for it, or
   on an order that this one corrects: its jobs were carried over, what was recorded was not.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_check import RecallAnswer, RecallHit
from carnet_node.core.recalls.recall_terms import done_so_far, work_of
from carnet_node.core.refusals import Problem, ProblemCode
from carnet_node.core.showing.views import VisitView, one_record, vehicle_view, visit_view
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAMPAIGN
from carnet_protocol.registry import Value
from carnet_protocol.remedy import REFUSED

LEFT_OPEN: Final = "is_recall_left_open"
"""The box by which somebody says that a recall stays open."""


def open_recalls(node: Node, view: VisitView) -> tuple[RecallHit, ...]:
    """The recalls that are open on an order's car, the most dangerous first; none where nobody can know."""
    car = None if view.vehicle is None else vehicle_view(node, view.vehicle.id)
    return () if car is None else still_open(view, car.recalls)


def still_open(view: VisitView, recalls: RecallAnswer | None) -> tuple[RecallHit, ...]:
    """Rule 1.

    Args:
        recalls: of the order's car; None for a car without a number.
    """
    return () if recalls is None else tuple(hit for hit in recalls.hits if not _is_done(view, hit))


def left_open_doubts(hits: Iterable[RecallHit]) -> list[Problem]:
    """What is asked before a car goes on with these recalls open."""
    then = "Record it on the page of the order, or tick that it stays open."
    numbers = (str(hit.texts.get("campaign_no")) for hit in hits)
    return [
        Problem(
            LEFT_OPEN,
            ProblemCode.READ_AGAIN,
            f"Recall {number} is still open on this car.",
            then,
            is_confirmable=True,
        )
        for number in numbers
    ]


def unrecorded_recalls(node: Node, view: VisitView) -> dict[RecordId, str]:
    """Rule 2: the jobs that are no done work, each with the number of its recall; empty where it is not known here."""
    recorded = {one for order in _corrected(node, view) for one in _recorded(order)}
    named = ((job.job.id, job.job.values.get("campaign_id")) for job in view.jobs)
    return {
        job: _number(node, RecordId(campaign))
        for job, campaign in named
        if isinstance(campaign, bytes) and campaign not in recorded
    }


def _is_done(view: VisitView, hit: RecallHit) -> bool:
    """Whether nothing is left to do: by what is known of the car, or by what was recorded on this order."""
    here = (one.values for one in view.completions if one.values.get("campaign_id") == hit.campaign)
    return hit.is_done or done_so_far(hit.terms, (work_of(one) for one in here if not one.get("retracted"))).is_done


def _corrected(node: Node, view: VisitView) -> Iterator[VisitView]:
    """An order, the one that it corrects, and so on."""
    order: VisitView | None = view
    seen: set[RecordId] = set()
    while order is not None and order.visit.id not in seen:
        yield order
        seen.add(order.visit.id)
        before = order.visit.values.get("corrects_id")
        order = visit_view(node, RecordId(before)) if isinstance(before, bytes) else None


def _recorded(view: VisitView) -> Iterator[Value]:
    """The campaigns of which something stands on an order, a refusal apart."""
    for one in view.completions:
        if not one.values.get("retracted") and one.values.get("method") != REFUSED:
            yield one.values.get("campaign_id")


def _number(node: Node, campaign: RecordId) -> str:
    known = one_record(node, CAMPAIGN, campaign)
    return "" if known is None else str(known.values.get("campaign_no") or "")
