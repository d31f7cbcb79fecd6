"""What a customer is told that an order will cost, as it stands on the reception sheet and on the page of the order.

Decides which work counts, and when the sum is only the least. Does not decide what is due (`bill`), nor what an order
states (`commands.check_in`).

Rules
1. Work that the customer pays counts, by the pay types of the bill; declined work does not. Work that waits for the
   customer's answer is in no sum: it is named beside it, since nobody agreed to it.
2. A job counts with its estimate. One without counts with its priced lines.
3. An estimate in all that was stated, and is not just the sum of the jobs at arrival, stands for the work it was stated
   for, unless that comes to more by now. A job that was taken up later and approved comes on top.
4. A job with neither estimate nor price is named, and the sum is the least it will cost, unless what was stated in all
   is more than the jobs together: then it covers that job.
"""

from dataclasses import dataclass, field

from carnet_node.core.commands.approvals import APPROVED
from carnet_node.core.showing.bill import CUSTOMER, is_declined, lines_of, pay_type_of, priced_fen, unanswered_jobs
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import JobView, VisitView
from carnet_protocol.ids import RecordId


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the customer's part of an order is estimated at.

    Attributes:
        fen: in all; None where nothing says.
        by_job: what each job comes to, in fen, also one that waits; one without estimate and price is missing.
        loose_fen: what the lines on no job come to.
        unknown: jobs that nothing is known of, and that nothing covers: `fen` is the least.
        waiting: jobs that the customer was asked about and has not answered; nothing of them was added to `fen`.
        is_stated: somebody stated an estimate, of the order or of a job.
    """

    fen: int | None = None
    by_job: dict[RecordId, int] = field(default_factory=dict)
    loose_fen: int = 0
    unknown: tuple[JobView, ...] = ()
    waiting: tuple[JobView, ...] = ()
    is_stated: bool = False


def estimate_of(view: VisitView) -> Estimate:
    """The estimate of an order as it is now."""
    jobs = [one for one in view.jobs if pay_type_of(one) == CUSTOMER and not is_declined(one)]
    waiting = tuple(one for one in unanswered_jobs(view) if one in jobs)
    agreed = [one for one in jobs if one not in waiting]
    later = {one.job.id for one in agreed if _is_approved_later(view, one)}
    by_job = {one.job.id: fen for one in jobs if (fen := _job_fen(one)) is not None}
    agreed_fen = {one.job.id: by_job[one.job.id] for one in agreed if one.job.id in by_job}
    loose_fen = priced_fen((*view.loose_labour, *view.loose_parts))
    stated = _told_in_all(view)
    first_fen = (loose_fen or 0) + sum(fen for job, fen in agreed_fen.items() if job not in later)
    is_covering = stated is not None and stated > first_fen
    missing = [one for one in agreed if one.job.id not in by_job]
    unknown = tuple(one for one in missing if one.job.id in later or not is_covering)
    is_known = stated is not None or loose_fen is not None or bool(agreed_fen)
    later_fen = sum(fen for job, fen in agreed_fen.items() if job in later)
    return Estimate(
        fen=max(stated or 0, first_fen) + later_fen if is_known else None,
        by_job=by_job,
        loose_fen=loose_fen or 0,
        unknown=unknown,
        waiting=waiting,
        is_stated=_stated_fen(view.visit) is not None or any(_stated_fen(one.job) is not None for one in jobs),
    )


def _told_in_all(view: VisitView) -> int | None:
    """What was stated of the order; not where it is just the sum of its jobs, which is added up anew (rule 3)."""
    stated = _stated_fen(view.visit)
    first = [one for one in view.jobs if pay_type_of(one) == CUSTOMER and one.job.written_ms <= view.visit.written_ms]
    estimates = [fen for one in first if (fen := _stated_fen(one.job)) is not None]
    return None if estimates and stated == sum(estimates) else stated


def _job_fen(job: JobView) -> int | None:
    stated = _stated_fen(job.job)
    return priced_fen(lines_of(job)) if stated is None else stated


def _stated_fen(view: RecordView) -> int | None:
    fen = view.values.get("estimate_fen")
    return fen if isinstance(fen, int) else None


def _is_approved_later(view: VisitView, job: JobView) -> bool:
    """It was begun after the order, and the customer agreed: what was stated in all was stated without it."""
    return job.job.values.get("approval") == APPROVED and job.job.written_ms > view.visit.written_ms
