"""Commands on service visits: open, edit, complete, void, and the work on them; settling them is `settlement`.

Decides what a repair order needs and which steps it may take from the state its author read. The customer's name and
the plate are kept with the visit as they were that day (filled in by `desk`): old orders must not follow a car to its
next owner. The odometer is either a reading or stated as unknown; zero never stands for unknown. A visit is voided with
a reason, never deleted, and only before settlement; afterwards a correction needs an order of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from carnet_node.core.commands.check_in import with_condition, with_estimate
from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import (
    CORRECTED,
    Drafts,
    NewId,
    Read,
    checked_values,
    draft_delete,
    draft_edit,
    draft_new,
    draft_retraction,
    missing,
    stated_anew,
)
from carnet_node.core.commands.lines import (
    NO_WORK,
    NewJob,
    Work,
    clean_line,
    draft_jobs,
    draft_loose,
    job_problems,
    line_amount,
    line_problems,
    totals_after,
)
from carnet_node.core.commands.recall_work import retract_all
from carnet_node.core.commands.staging import off_hold
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import Problem, ProblemCode, refuse, refuse_if_any
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import JOB, LABOUR_LINE, ODOMETER_READING, PART_LINE, VISIT, VISIT_STATES
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Value
from carnet_protocol.resolvers import is_legal_step
from carnet_protocol.visits import is_correction

_LOCKED: Final = ("void", "settled", "closed")
_OWN_STEPS: Final = (
    *("ro_no", "status", "void_reason", "customer_fen", "warranty_fen", "internal_fen"),
    *("stage", "hold_reason", "staged_at", "delivered_at", "corrects_id"),
)
"""Fields that only the commands of this module write."""

_ODOMETER_FIELDS: Final = frozenset({"odometer_in_km", "is_odometer_unknown"})
"""One register: the odometer at arrival, or that nobody could read it."""

READING_FIELDS: Final = _ODOMETER_FIELDS | {"vehicle_id"}
"""What the reading recorded with an order says: how far which car had gone."""


@dataclass(frozen=True, slots=True)
class NewLine:
    """A labour or part line, on a job or on the order as a whole."""

    kind: Kind
    job: RecordId | None
    values: Values


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """A car is taken in.

    Attributes:
        ro_no: made by `numbering`.
        opened_at: ms since 1970.
        is_draft: not yet agreed with the customer.
        today: at the site, by which days are judged; None where no day is known.
        loose: lines on no job.
        corrects: the settled order that this one puts right.
    """

    ro_no: str
    vehicle: RecordId
    opened_at: int
    customer: RecordId | None = None
    values: Values = field(default_factory=dict)
    jobs: Sequence[NewJob] = ()
    is_draft: bool = False
    today: Today | None = None
    loose: Sequence[NewLine] = ()
    corrects: RecordId | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A visit that was read goes to another state; `at_ms` is when, `today` as of `OpenVisit`.

    Attributes:
        credit: what the order that this one corrects had settled, in fen by pay type.
    """

    read: Read
    at_ms: int
    work: Work = NO_WORK
    values: Values = field(default_factory=dict)
    today: Today | None = None
    credit: Mapping[str, int] = field(default_factory=dict)


def open_visit(command: OpenVisit, new_id: NewId) -> Drafts:
    """Drafts of a new visit, its jobs and lines, and the odometer reading; the visit comes first.

    Raises:
        CommandRefused: no word about the odometer, or a value or line that is none.
    """
    typed = {**command.values, "opened_at": command.opened_at}
    cleaned, problems = clean_values(VISIT, typed, today=command.today)
    problems += _own_step_problems(cleaned) + _odometer_problems(cleaned)
    visit = new_id()
    jobs = draft_jobs(command.jobs, visit, 1, new_id, command.today)
    draft_loose(jobs, [(one.kind, one.values) for one in command.loose], visit, new_id)
    values, damage = with_condition(cleaned)
    values, estimate = with_estimate(values, jobs.drafts)
    refuse_if_any([*problems, *damage, *estimate, *jobs.problems])
    values |= {
        "ro_no": command.ro_no,
        "vehicle_id": command.vehicle,
        "customer_id": command.customer,
        "corrects_id": command.corrects,
        "status": "draft" if command.is_draft else "open",
        **(totals_after(NO_WORK, jobs.drafts) if jobs.drafts else {}),
    }
    checked_values(VISIT, values)
    return (draft_new(VISIT, visit, values), *jobs.drafts, *_reading(values, visit, new_id))


def edit_visit(read: Read, changes: Values, reading: Read | None, new_id: NewId, today: Today | None = None) -> Drafts:
    """What changes of a visit's own fields; no draft when nothing does.

    Args:
        reading: the odometer reading recorded with this visit, None when there is none. A corrected odometer or car
            retracts it and records another, because readings are facts.
        today: as of `OpenVisit`.

    Raises:
        CommandRefused: voided, settled or closed; a field that only a step writes; no car; or a value that is none.
    """
    _require_editable(read)
    typed, problems = clean_values(VISIT, stated_anew(read, changes), today=today)
    cleaned, damage = with_condition(typed)
    problems += _own_step_problems(cleaned) + damage
    if _ODOMETER_FIELDS & cleaned.keys():
        problems += _odometer_problems({**read.values, **cleaned})
    if "vehicle_id" in cleaned and cleaned["vehicle_id"] is None:
        problems.append(missing("vehicle_id", "An order is about a car."))
    refuse_if_any(problems)
    draft = draft_edit(VISIT, read, cleaned)
    if draft is None:
        return ()
    corrected = _corrected_reading({**read.values, **cleaned}, read, reading, new_id)
    return (draft, *(corrected if READING_FIELDS & draft.values.keys() else ()))


def start_visit(step: Step) -> Drafts:
    """A draft becomes an open order."""
    return take_step(step, "open", {})


def complete_visit(step: Step) -> Drafts:
    """The work is done; totals are fixed as the sum of the lines read, and a car on hold waits no longer.

    Raises:
        CommandRefused: not open, a day that cannot be, or an odometer at hand-over below the one at arrival.
    """
    cleaned, problems = clean_values(VISIT, {**step.values, "completed_at": step.at_ms}, today=step.today)
    problems += odometer_out_problems(step.read, cleaned)
    refuse_if_any(problems + _own_step_problems(cleaned))
    ended = off_hold(step.read.values, step.at_ms)
    return take_step(step, "completed", {**cleaned, **ended, **totals_after(step.work, ())})


def void_visit(read: Read, reason: str, completions: Iterable[Read] = ()) -> Drafts:
    """The order never counted; its number stays used and it stays readable. Recalls done on it are taken back.

    Args:
        completions: of recalls, recorded with this order as read.

    Raises:
        CommandRefused: no reason, or settled already.
    """
    cleaned = checked_values(VISIT, {"void_reason": reason})
    if not cleaned["void_reason"]:
        refuse_if_any([missing("void_reason", "A voided order needs a reason.")])
    return take_step(Step(read, 0), "void", cleaned) + retract_all(completions)


def add_jobs(visit: Read, work: Work, jobs: Sequence[NewJob], new_id: NewId, today: Today | None = None) -> Drafts:
    """More work on an order, and its new totals.

    Args:
        today: as of `OpenVisit`.

    Raises:
        CommandRefused: the order is locked, or a job or line lacks something.
    """
    _require_editable(visit)
    numbers = [one.values.get("job_no") for one in work.jobs]
    job_no_from = 1 + max((number for number in numbers if isinstance(number, int)), default=0)
    made = draft_jobs(jobs, visit.record, job_no_from, new_id, today)
    refuse_if_any(made.problems)
    return (*made.drafts, *_totals_draft(visit, work, made.drafts))


def edit_job(
    visit: Read, work: Work, read: Read, changes: Values, today: Today | None = None, *, on_order: Values | None = None
) -> Drafts:
    """What changes of a job, and the totals if they do.

    Args:
        today: as of `OpenVisit`.
        on_order: what changes of the order with it; None for nothing.

    Raises:
        CommandRefused: the order is locked, or the job would say nothing any more.
    """
    _require_editable(visit)
    cleaned, problems = clean_values(JOB, stated_anew(read, changes), today=today)
    refuse_if_any(problems + job_problems({**read.values, **cleaned}, ""))
    return _with_totals(visit, work, draft_edit(JOB, read, cleaned), on_order)


def add_line(visit: Read, work: Work, line: NewLine, new_id: NewId) -> Drafts:
    """A labour or part line, and the order's new totals.

    Raises:
        CommandRefused: the order is locked, or the line lacks something.
    """
    _require_editable(visit)
    values, problems = clean_line(line.kind, line.values)
    refuse_if_any(problems)
    draft = draft_new(line.kind, new_id(), {**values, "visit_id": visit.record, "job_id": line.job})
    return _with_totals(visit, work, draft)


def edit_line(visit: Read, work: Work, kind: Kind, read: Read, changes: Values) -> Drafts:
    """What changes of a line, and the order's new totals. An amount that is not stated follows quantity and price.

    Raises:
        CommandRefused: the order is locked, or the line would lack something.
    """
    _require_editable(visit)
    cleaned, problems = clean_values(kind, changes)
    after = {**read.values, **cleaned}
    problems += line_problems(kind, after, "")
    refuse_if_any(problems)
    if "amount_fen" not in cleaned and cleaned:
        cleaned["amount_fen"] = line_amount(kind, {**after, "amount_fen": None})
    return _with_totals(visit, work, draft_edit(kind, read, cleaned))


def remove_line(visit: Read, work: Work, kind: Kind, read: Read) -> Drafts:
    """Take a line away, and the order's new totals.

    Raises:
        CommandRefused: the order is locked.
    """
    _require_editable(visit)
    return _with_totals(visit, work, draft_delete(kind, read))


def remove_job(visit: Read, work: Work, read: Read) -> Drafts:
    """Take a job away with its lines, and the order's new totals.

    Args:
        work: as its author read it; a line of the job that is not in it stays and counts for the customer.

    Raises:
        CommandRefused: the order is locked.
    """
    _require_editable(visit)
    drafts = [draft_delete(JOB, read)]
    for kind, lines in ((LABOUR_LINE, work.labour), (PART_LINE, work.parts)):
        drafts += [draft_delete(kind, one) for one in lines if one.values.get("job_id") == read.record]
    return (*drafts, *_totals_draft(visit, work, drafts))


def change_work(visit: Read, work: Work, changes: Drafts) -> Drafts:
    """Several changes of jobs and lines as one: each record once, and the order's totals after all of them.

    Args:
        changes: of the commands above, each with totals of its own; a line that goes with its job goes once.
    """
    drafts: dict[bytes, Draft] = {}
    for one in changes:
        if one.kind is not VISIT and (one.record not in drafts or not one.values):
            drafts[one.record] = one
    return (*drafts.values(), *_totals_draft(visit, work, list(drafts.values())))


def _with_totals(visit: Read, work: Work, draft: Draft | None, on_order: Values | None = None) -> Drafts:
    return () if draft is None else (draft, *_totals_draft(visit, work, [draft], on_order))


def _totals_draft(visit: Read, work: Work, drafts: Sequence[Draft], on_order: Values | None = None) -> Drafts:
    draft = draft_edit(VISIT, visit, {**(on_order or {}), **totals_after(work, drafts)})
    return () if draft is None else (draft,)


def take_step(step: Step, state: str, values: Values) -> Drafts:
    """One legal step, judged from the state the author read, as the hub will judge it.

    Raises:
        CommandRefused: the registry knows no such step.
    """
    register = VISIT.register_of("status")
    current = step.read.values.get("status")
    status = current if isinstance(current, str) else None
    if status == state or not is_legal_step(register, [status], state):
        raise refuse(
            "status",
            ProblemCode.ILLEGAL_STEP,
            f"An order that is {status} cannot become {state}.",
            _advice(status),
            Reason.ILLEGAL_TRANSITION,
        )
    draft = draft_edit(VISIT, step.read, {**values, "status": state})
    return () if draft is None else (draft,)


def _advice(status: str | None) -> str:
    if status in ("settled", "closed"):
        return "Open a correction order."
    if status == "void":
        return "Open a new order."
    return f"Open the order and look at its state; the states follow each other: {', '.join(VISIT_STATES)}."


def _require_editable(read: Read) -> None:
    status = read.values.get("status")
    if status in _LOCKED:
        raise refuse("status", ProblemCode.LOCKED, f"The order is {status}.", _advice(str(status)))


def _own_step_problems(values: Values) -> list[Problem]:
    return [
        Problem(name, ProblemCode.LOCKED, "This follows from other steps.", "Leave it out.")
        for name in _OWN_STEPS
        if name in values
    ]


def odometer_out_problems(read: Read, cleaned: Values) -> list[Problem]:
    """What is wrong with the odometer at hand-over: it does not run backwards."""
    begin, end = read.values.get("odometer_in_km"), cleaned.get("odometer_out_km")
    if not isinstance(begin, int) or not isinstance(end, int) or end >= begin:
        return []
    what = "The odometer at hand-over is below the one at arrival."
    advice = "Read it again, or correct the reading at arrival."
    return [Problem("odometer_out_km", ProblemCode.BAD_ORDER, what, advice)]


def _odometer_problems(values: Values) -> list[Problem]:
    reading, is_unknown = values.get("odometer_in_km"), values.get("is_odometer_unknown")
    if reading is None and not is_unknown:
        return [missing("odometer_in_km", "An order has an odometer reading, or says that it is unknown.")]
    if reading is not None and is_unknown:
        what = "A reading was entered and stated to be unknown."
        return [Problem("is_odometer_unknown", ProblemCode.BAD_VALUE, what, "Take one of the two away.")]
    return []


def _corrected_reading(after: Values, visit: Read, reading: Read | None, new_id: NewId) -> Drafts:
    said = (after.get("vehicle_id"), after.get("odometer_in_km"))
    if reading is not None and (reading.values.get("vehicle_id"), reading.values.get("odometer_km")) == said:
        return ()
    retracted = () if reading is None else (draft_retraction(ODOMETER_READING, reading, CORRECTED),)
    return (*retracted, *_reading(after, visit.record, new_id))


def _reading(visit_values: Values, visit: RecordId, new_id: NewId) -> Drafts:
    """The odometer at arrival as a fact of its own, from which the served one is derived; a correction repeats it."""
    if not isinstance(visit_values.get("odometer_in_km"), int) or is_correction(visit_values):
        return ()
    values: dict[str, Value] = {
        "vehicle_id": visit_values.get("vehicle_id"),
        "odometer_km": visit_values.get("odometer_in_km"),
        "read_at": visit_values.get("opened_at"),
        "source": "visit",
        "visit_id": visit,
    }
    return (draft_new(ODOMETER_READING, new_id(), values),)
