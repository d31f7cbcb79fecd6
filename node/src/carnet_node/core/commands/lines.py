"""Jobs, labour and part lines of a repair order, and the money they add up to.

Decides what a job and a line need, what a line costs when nobody says, and the totals per pay type. Money is whole fen;
hours and quantities are hundredths. Totals are the sum of the lines, always: they are written with every change of a
line and computed again by every view.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import NewId, Read, draft_new, missing
from carnet_node.core.limits import LINE_HOURS_MAX, LINE_PIECES_MAX
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import Problem, ProblemCode
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import JOB, LABOUR_LINE, PART_LINE, PAY_TYPES
from carnet_protocol.registry import Kind, Value

"""Of a job that its customer is asked about, and has not answered."""

_HUNDREDTHS: Final = 100
_HALF: Final = 50
_MOST: Final[Mapping[str, tuple[tuple[str, ...], int, str]]] = {
    LABOUR_LINE.name: (("standard_hours", "actual_hours"), LINE_HOURS_MAX, "hours"),
    PART_LINE.name: (("quantity_hundredths",), LINE_PIECES_MAX, "pieces"),
}
"""Of each kind of line: which fields are bounded, by how many, of what."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job with its lines, as the form holds them; references are filled in here."""

    values: Values
    labour: Sequence[Values] = ()
    parts: Sequence[Values] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """The jobs and lines of a visit as its author has them before them."""

    jobs: tuple[Read, ...] = ()
    labour: tuple[Read, ...] = ()
    parts: tuple[Read, ...] = ()


NO_WORK: Final = Work()
"""An order without jobs and lines."""


@dataclass(frozen=True, slots=True)
class JobDrafts:
    """Drafts of jobs and lines, what they are worth, and their problems."""

    drafts: list[Draft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def draft_jobs(
    jobs: Sequence[NewJob], visit: RecordId, job_no_from: int, new_id: NewId, today: Today | None = None
) -> JobDrafts:
    """Jobs and lines of a visit, numbered on from `job_no_from` where the form gives no number.

    Args:
        today: at the site, by which days are judged; None where no day is known.
    """
    made = JobDrafts()
    for place, job in enumerate(jobs):
        where = f"jobs[{place}]."
        values, problems = clean_values(JOB, job.values, where=where, today=today)
        made.problems.extend(problems + job_problems(values, where))
        job_id = new_id()
        values = {"pay_type": "customer", **_stated(values), "visit_id": visit}
        values.setdefault("job_no", job_no_from + place)
        made.drafts.append(draft_new(JOB, job_id, values))
        for kind, listed, name in ((LABOUR_LINE, job.labour, "labour"), (PART_LINE, job.parts, "parts")):
            for line_place, line in enumerate(listed):
                cleaned, line_problems = clean_line(kind, line, f"{where}{name}[{line_place}].")
                made.problems.extend(line_problems)
                placed = {**cleaned, "visit_id": visit, "job_id": job_id}
                made.drafts.append(draft_new(kind, new_id(), placed))
    return made


def draft_loose(made: JobDrafts, lines: Iterable[tuple[Kind, Values]], visit: RecordId, new_id: NewId) -> None:
    """Lines on the order as a whole, added to the drafts of its jobs.

    Args:
        lines: with their kind.
    """
    for place, (kind, line) in enumerate(lines):
        cleaned, problems = clean_line(kind, line, f"lines[{place}].")
        made.problems.extend(problems)
        made.drafts.append(draft_new(kind, new_id(), {**cleaned, "visit_id": visit}))


def clean_line(kind: Kind, typed: Values, where: str = "") -> tuple[dict[str, Value], list[Problem]]:
    """A labour or part line with its amount, and its problems."""
    values, problems = clean_values(kind, typed, where=where)
    problems += line_problems(kind, values, where)
    if not problems:
        values["amount_fen"] = line_amount(kind, values)
    return values, problems


def job_problems(values: Values, where: str) -> list[Problem]:
    """What a job lacks: something that says what is to be done."""
    if not any(values.get(name) for name in ("complaint", "op_name", "op_code", "campaign_id")):
        return [missing(where + "complaint", "A job needs a complaint, an operation or a campaign.")]
    return []


def line_problems(kind: Kind, values: Values, where: str) -> list[Problem]:
    """What a line lacks, a name and for parts a quantity, or has too much of."""
    code, name = ("labour_op_code", "labour_name") if kind is LABOUR_LINE else ("part_no", "part_name")
    found: list[Problem] = []
    if not values.get(code) and not values.get(name):
        found.append(missing(where + name, "A line needs a code or a name."))
    if kind is PART_LINE and values.get("quantity_hundredths") is None:
        found.append(missing(where + "quantity_hundredths", "A part line needs a quantity."))
    fields, most, unit = _MOST[kind.name]
    for one in fields:
        quantity = values.get(one)
        if isinstance(quantity, int) and quantity > most * _HUNDREDTHS:
            what = f"One line has at most {most} {unit}."
            bounds = (0, most * _HUNDREDTHS)
            found.append(Problem(where + one, ProblemCode.BAD_VALUE, what, "Correct it.", bounds=bounds))
    return found


def line_amount(kind: Kind, values: Values) -> int:
    """What a line costs in fen: as stated (a discount), or quantity times price, half a fen rounded up."""
    stated = values.get("amount_fen")
    if isinstance(stated, int):
        return stated
    quantity, price = quantity_and_price(kind, values)
    return 0 if quantity is None or price is None else (quantity * price + _HALF) // _HUNDREDTHS


def quantity_and_price(kind: Kind, values: Values) -> tuple[int | None, int | None]:
    """How much a line is of, in hundredths, and what one costs, in fen; None for what nobody stated.

    Hours are those that were worked, or the standard ones where nobody says.
    """
    if kind is LABOUR_LINE:
        hours = values.get("actual_hours")
        quantity, price = (values.get("standard_hours") if hours is None else hours), values.get("rate_fen")
    else:
        quantity, price = values.get("quantity_hundredths"), values.get("price_fen")
    return quantity if isinstance(quantity, int) else None, price if isinstance(price, int) else None


def totals_of(jobs: Mapping[RecordId, Values], lines: Iterable[Values]) -> dict[str, int]:
    """The money of a visit by field of its `totals` register.

    Args:
        jobs: values by job id; lines of a declined job count nothing, lines without a job the customer pays.
        lines: labour and part lines.
    """
    totals = dict.fromkeys((f"{pay_type}_fen" for pay_type in PAY_TYPES), 0)
    for line in lines:
        job_id = line.get("job_id")
        job = jobs.get(RecordId(job_id), {}) if isinstance(job_id, bytes) else {}
        amount = line.get("amount_fen")
        if job.get("approval") == "declined" or not isinstance(amount, int):
            continue
        pay_type = job.get("pay_type")
        totals[f"{pay_type if pay_type in PAY_TYPES else 'customer'}_fen"] += amount
    return totals


def totals_after(work: Work, drafts: Iterable[Draft]) -> dict[str, int]:
    """The money of a visit as read, with some drafts on top: new, changed and removed jobs and lines."""
    jobs: dict[RecordId, Values] = {one.record: one.values for one in work.jobs}
    lines: dict[RecordId, Values] = {one.record: one.values for one in (*work.labour, *work.parts)}
    for draft in drafts:
        record = RecordId(draft.record)
        target = jobs if draft.kind is JOB else lines
        if draft.kind not in (JOB, LABOUR_LINE, PART_LINE):
            continue
        if not draft.values:
            target.pop(record, None)
        else:
            target[record] = {**target.get(record, {}), **draft.values}
    return totals_of(jobs, lines.values())


def _stated(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}
