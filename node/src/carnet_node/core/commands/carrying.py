"""What of a job goes into another order: the work, its lines and what they cost, and nothing of what became of it.

Decides which fields are taken along when an order is corrected, or declined work is offered again.
"""

from collections.abc import Iterable
from typing import Final

from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import Read
from carnet_node.core.commands.lines import NewJob, Work
from carnet_node.core.commands.visits import NewLine
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import LABOUR_LINE, PART_LINE
from carnet_protocol.registry import Value
from carnet_protocol.visits import PROPOSED

_JOB: Final = ("op_code", "op_name", "complaint", "cause", "correction", "pay_type", "campaign_id", "estimate_fen")
_LABOUR: Final = ("labour_op_code", "labour_name", "standard_hours", "actual_hours", "rate_fen", "amount_fen")
_LABOUR_DONE: Final = ("technician_code",)
_PARTS: Final = ("part_no", "part_name", "quantity_hundredths", "price_fen", "amount_fen")
_PARTS_DONE: Final = ("removed_serial", "fitted_serial")


def job_as_done(job: Read, work: Work) -> NewJob:
    """A job with its lines as it was done, for an order that states the same work again."""
    labour, parts = _lines_of(work.labour, job.record), _lines_of(work.parts, job.record)
    values = {**_kept(job.values, _JOB), **_kept(job.values, ("approval",))}
    return NewJob(
        values,
        [_kept(one.values, (*_LABOUR, *_LABOUR_DONE)) for one in labour],
        [_kept(one.values, (*_PARTS, *_PARTS_DONE)) for one in parts],
    )


def job_as_offered(job: Read, work: Work) -> NewJob:
    """A job with its lines as it could be done, proposed anew."""
    labour, parts = _lines_of(work.labour, job.record), _lines_of(work.parts, job.record)
    values = {**_kept(job.values, _JOB), "approval": PROPOSED, "offered_from_id": job.record}
    return NewJob(
        values,
        [_kept(one.values, _LABOUR) for one in labour],
        [_kept(one.values, _PARTS) for one in parts],
    )


def loose_as_done(work: Work) -> list[NewLine]:
    """The lines that stand on no job."""
    jobs = {one.record for one in work.jobs}
    found = []
    for kind, lines, fields in (
        (LABOUR_LINE, work.labour, (*_LABOUR, *_LABOUR_DONE)),
        (PART_LINE, work.parts, (*_PARTS, *_PARTS_DONE)),
    ):
        found += [
            NewLine(kind, None, _kept(one.values, fields)) for one in lines if one.values.get("job_id") not in jobs
        ]
    return found


def _lines_of(lines: Iterable[Read], job: RecordId) -> list[Read]:
    return [one for one in lines if one.values.get("job_id") == job]


def _kept(values: Values, fields: Iterable[str]) -> dict[str, Value]:
    return {name: values[name] for name in fields if values.get(name) is not None}
