"""Recalls that an order leaves undone: open on its car, or taken up among its jobs and never recorded as done.

Decides what somebody is asked before a car goes on with its recall open, and which jobs no paper may call done. Nothing
is forbidden by that: whoever says that the recall stays open goes on. Programs are not asked: what they leave open, and
that nobody knows of it, is said with what was saved. Whether a recall is open for a car is `recall_check`.

Rules
1. A recall is open on an order while neither what is known of the car nor what stands on the order closes it.
2. A job that names a recall is done work once something other than the owner's refusal stands on the order for it, or
   on an order that this one corrects: its jobs were carried over, what was recorded was not. Why it is not done is
   told by what was recorded: that somebody left it open is asked, and nowhere written down.
3. Of an order that corrects another one nothing is asked and no program is told: its car left with that.
4. A tick that recalls stay open names those that it was shown with: it answers for no recall that came behind it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_check import RecallAnswer, RecallHit, RecallState
from carnet_node.core.recalls.recall_terms import NOT_YET, done_so_far, work_of
from carnet_node.core.refusals import Problem, ProblemCode
from carnet_node.core.showing.reading_check import doubts_of
from carnet_node.core.showing.views import VisitView, one_record, vehicle_view, visit_view
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import CAMPAIGN
from carnet_protocol.registry import Value
from carnet_protocol.remedy import REFUSED
from carnet_protocol.visits import is_correction

LEFT_OPEN: Final = "is_recall_left_open"
"""The box by which somebody says that recalls stay open; it sends which (`left_open_answer`)."""

_UNNAMED: Final = "—"
"""For the number of a recall that does not say it."""


class Undone(StrEnum):
    """What is said of an order whose car goes on."""

    STILL_OPEN = "still-open"
    """A recall is open on the car."""
    UNKNOWN = "unknown"
    """Nobody can say that none is."""


class WhyOpen(StrEnum):
    """Why a recall is open on an order, as far as anything says so."""

    REFUSED = "the owner refuses it"
    UNCOUNTED = "what is recorded does not count"
    PART = "only a part of it is recorded"
    INTERIM = "only the interim remedy is recorded"
    NOT_YET = "its remedy is not available yet"
    UNRECORDED = "nothing of it is recorded as done"


@dataclass(frozen=True, slots=True)
class OrderRemark:
    """What a program is told of an order whose car goes on.

    Attributes:
        campaign_no: of the recall; None where no recall is meant, or it does not say its number.
        what: the same for people.
    """

    campaign_no: str | None
    remark: Undone
    what: str


def recalls_of_car(node: Node, view: VisitView) -> RecallAnswer | None:
    """What is known of recalls on an order's car; None for a car without a number, and without a car here."""
    car = None if view.vehicle is None else vehicle_view(node, view.vehicle.id)
    return None if car is None else car.recalls


def still_open(view: VisitView, recalls: RecallAnswer | None) -> tuple[RecallHit, ...]:
    """Rule 1.

    Args:
        recalls: of the order's car; None for a car without a number.

    Returns:
        The most dangerous first; none where nobody can know.
    """
    return () if recalls is None else tuple(hit for hit in recalls.hits if not _is_done(view, hit))


def open_at_leaving(view: VisitView, recalls: RecallAnswer | None) -> tuple[RecallHit, ...]:
    """As `still_open`, for whoever lets the car go; none for a correction (rule 3)."""
    return () if is_correction(view.visit.values) else still_open(view, recalls)


def why_open(view: VisitView, hits: Iterable[RecallHit]) -> dict[RecordId, WhyOpen]:
    """Why each of an order's open recalls is open, by campaign."""
    return {hit.campaign: _why_open(view, hit) for hit in hits}


def left_open_answer(hits: Iterable[RecallHit]) -> str:
    """What the box sends that stands beside these recalls: their ids."""
    return " ".join(record_text(hit.campaign) for hit in hits)


def leaving_doubts(node: Node, view: VisitView, odometer_km: Value, *, is_read_again: bool, said: str) -> list[Problem]:
    """What is asked before the work of an order is called done, or its car goes.

    Args:
        odometer_km: as typed at hand-over.
        is_read_again: it was read a second time, so nobody is asked about it.
        said: by the box `LEFT_OPEN`, rule 4.
    """
    car = None if view.vehicle is None else vehicle_view(node, view.vehicle.id)
    if car is None:
        return []
    named, hits = frozenset(said.split()), open_at_leaving(view, car.recalls)
    doubts: list[Problem] = []
    if not is_read_again:
        doubts += doubts_of(car.readings, odometer_km, node.clock.now_ms(), field="odometer_out_km")
    if not all(record_text(hit.campaign) in named for hit in hits):
        doubts += map(_doubt, hits)
    return doubts


def remarks_of(node: Node, view: VisitView) -> list[OrderRemark]:
    """What a program is told once the work of an order is called done, or its car has gone; nothing without a car."""
    if is_correction(view.visit.values):
        return []
    recalls = recalls_of_car(node, view)
    found = [
        OrderRemark(
            _number_of(hit) or None,
            Undone.STILL_OPEN,
            "this recall is still open on the car. The order is saved all the same; where the work was done, record "
            "it on the order's page.",
        )
        for hit in still_open(view, recalls)
    ]
    if view.vehicle is None or (recalls is not None and recalls.state is not RecallState.UNKNOWN):
        return found
    why = "the car has no VIN here" if recalls is None or recalls.because is None else recalls.because.value
    what = f"recalls unknown: {why}; this does not mean that there is none."
    return [*found, OrderRemark(None, Undone.UNKNOWN, what)]


def unrecorded_recalls(node: Node, view: VisitView) -> dict[RecordId, str]:
    """Rule 2: the jobs that are no done work, each with the number of its recall; empty where it is not known here."""
    recorded = {one for order in _corrected(node, view) for one in _recorded(order)}
    named = ((job.job.id, job.job.values.get("campaign_id")) for job in view.jobs)
    return {
        job: _number(node, RecordId(campaign))
        for job, campaign in named
        if isinstance(campaign, bytes) and campaign not in recorded
    }


def _doubt(hit: RecallHit) -> Problem:
    then = "Record it on the page of the order, or tick that it stays open."
    if hit.terms.remedy_state == NOT_YET:
        then = "Its remedy is not available yet: tell the owner, and tick that it stays open."
    what = f"Recall {_number_of(hit) or _UNNAMED} is still open on this car."
    return Problem(LEFT_OPEN, ProblemCode.READ_AGAIN, what, then, is_confirmable=True)


def _why_open(view: VisitView, hit: RecallHit) -> WhyOpen:
    here = (one.values for one in view.completions if one.values.get("campaign_id") == hit.campaign)
    standing = sorted((work_of(one) for one in here if not one.get("retracted")), key=lambda work: work.done_ms)
    found = {
        WhyOpen.REFUSED: bool(standing) and standing[-1].method == REFUSED,
        WhyOpen.UNCOUNTED: bool(hit.so_far.uncounted),
        WhyOpen.PART: bool(hit.so_far.items),
        WhyOpen.INTERIM: hit.so_far.has_interim,
        WhyOpen.NOT_YET: hit.terms.remedy_state == NOT_YET,
    }
    return next((why for why, is_so in found.items() if is_so), WhyOpen.UNRECORDED)


def _number_of(hit: RecallHit) -> str:
    return str(hit.texts.get("campaign_no") or "")


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
