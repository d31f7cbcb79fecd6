"""What a repair record under the three guarantees (三包) says of an order beside the order itself.

Decides which jobs stand on it, what their material and labour come to, and how many days the car was under repair. Does
not decide what is printed where (`print_warranty.html`), nor when a car has to be exchanged.

Rules
1. The jobs that the maker pays stand on it, declined ones do not, as on the bill (`bill`). A recall that nobody
   recorded as done is no repair: it is left out, and named.
2. A repair lasts from the car's arrival to the end of the work, days of waiting for parts included. A day is 24 hours
   that have begun: less than one is a day.

    >>> days_under_repair(0, 25 * 3600 * 1000)
    2

Source: 家用汽车产品修理、更换、退货责任规定, order 150 of 2012, art. 13 (what the record holds), art. 19 (how days are
counted). The text in force since 2022, order 43 of 2021, was not at hand; see docs/guides/dealer.md.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final

from carnet_node.core.showing.bill import bill_of
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import JobView, VisitView
from carnet_protocol.ids import RecordId
from carnet_protocol.registry import Value

_DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class RepairRecord:
    """What the maker pays on an order.

    Attributes:
        left_out: recalls that are not recorded as done.
        material_fen, labour_fen: sums of the lines of the jobs, in fen.
        days: under repair, 1 or more; None while the work goes on.
    """

    jobs: tuple[JobView, ...]
    material_fen: int
    labour_fen: int
    days: int | None
    left_out: tuple[JobView, ...] = ()


def repair_record(view: VisitView, unrecorded: Container[RecordId] = ()) -> RepairRecord:
    """The record of an order; without jobs where nothing was repaired under the three guarantees.

    Args:
        unrecorded: jobs that are recalls and not recorded as done (`undone_recalls`).
    """
    paid = next((one.jobs for one in bill_of(view) if one.pay_type == "warranty"), ())
    days = days_under_repair(view.visit.values.get("opened_at"), view.visit.values.get("completed_at"))
    jobs = tuple(one for one in paid if one.job.id not in unrecorded)
    left_out = tuple(one for one in paid if one.job.id in unrecorded)
    material = _sum(line for one in jobs for line in one.parts)
    return RepairRecord(jobs, material, _sum(line for one in jobs for line in one.labour), days, left_out)


def days_under_repair(opened_at: Value, completed_at: Value) -> int | None:
    """Rule 2.

    Args:
        opened_at, completed_at: ms since 1970.

    Returns:
        1 or more; None where one of the two is not known.
    """
    if not isinstance(opened_at, int) or not isinstance(completed_at, int):
        return None
    return max(1, -((opened_at - completed_at) // _DAY_MS))


def _sum(lines: Iterable[RecordView]) -> int:
    return sum(fen for one in lines if isinstance(fen := one.values.get("amount_fen"), int))
