"""Commands on what a customer says about proposed work: approve it, decline it, be offered it again, be done with it.

Decides what an answer needs, and what happens to work that was declined: it is deferred, offered again by a job of
another order that names it, until that one is approved or somebody drops it. A car on hold for an answer waits no
longer once every proposal of its order has one.
"""

from dataclasses import dataclass
from typing import Final

from carnet_node.core.commands.carrying import job_as_offered
from carnet_node.core.commands.drafting import Drafts, NewId, Read, draft_edit, missing
from carnet_node.core.commands.lines import Work
from carnet_node.core.commands.staging import CUSTOMER_APPROVAL, off_hold
from carnet_node.core.commands.visits import add_jobs, edit_job
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import Problem, ProblemCode, refuse, refuse_if_any
from carnet_protocol.kinds import JOB
from carnet_protocol.registry import Value
from carnet_protocol.visits import DECLINED, PROPOSED

APPROVED: Final = "approved"
_ANSWERS: Final = frozenset({APPROVED, DECLINED})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the customer said.

    Attributes:
        approval: approved or declined.
        channel: of the registry.
        at_ms: ms since 1970.
    """

    approval: str
    channel: str
    at_ms: int


def answer_job(visit: Read, work: Work, job: Read, answer: Answer, today: Today | None = None) -> Drafts:
    """Note the answer, and the order's new totals: declined work costs nothing. The last answer ends a hold for it.

    Args:
        today: at the site, by which days are judged; None where no day is known.

    Raises:
        CommandRefused: the order is locked, the job has this answer already, or no answer or way of asking was stated.
    """
    problems = []
    if answer.approval not in _ANSWERS:
        what = "An answer is approved or declined."
        problems.append(Problem("approval", ProblemCode.BAD_VALUE, what, "Say what the customer decided."))
    if not answer.channel:
        problems.append(missing("approval_channel", "Say how the customer was asked."))
    refuse_if_any(problems)
    if job.values.get("approval") == answer.approval:
        what = f"The job is {answer.approval} already."
        raise refuse("approval", ProblemCode.ALREADY_THERE, what, "Nothing.")
    said: dict[str, Value] = {
        "approval": answer.approval,
        "approval_at": answer.at_ms,
        "approval_channel": answer.channel,
    }
    is_last = not any(one.values.get("approval") == PROPOSED for one in work.jobs if one.record != job.record)
    ends_hold = is_last and visit.values.get("hold_reason") == CUSTOMER_APPROVAL
    return edit_job(visit, work, job, said, today, on_order=off_hold(visit.values, answer.at_ms) if ends_hold else None)


def offer_again(visit: Read, work: Work, job: Read, before: Work, new_id: NewId) -> Drafts:
    """Propose deferred work on the order of the next visit, as it was worked out then.

    Args:
        work: of this order.
        job: the one that was declined.
        before: the work of its order.

    Raises:
        CommandRefused: the job is not deferred, or the order is locked.
    """
    _require_deferred(job)
    return add_jobs(visit, work, [job_as_offered(job, before)], new_id)


def drop_job(job: Read) -> Drafts:
    """Deferred work is not offered any more.

    Raises:
        CommandRefused: the job is not deferred.
    """
    _require_deferred(job)
    draft = draft_edit(JOB, job, {"is_dropped": True})
    return () if draft is None else (draft,)


def _require_deferred(job: Read) -> None:
    if job.values.get("approval") != DECLINED or job.values.get("is_dropped"):
        what = "This work is not deferred."
        raise refuse("approval", ProblemCode.LOCKED, what, "Look at the car's deferred work again.")
