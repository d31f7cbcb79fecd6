"""Commands at the end of an order: the bill is settled, the car handed over, a settled order put right.

Decides what is written down then, and from which state. Whether a bill adds up is `settling`; what an order needs
otherwise is `visits`. A settlement and its shares are facts under ids that follow from the order, so two desks that
settle one order without a line write one settlement, and money is counted once.

Rules
1. Settling states the totals that the person saw. Where nobody says who pays, each pay type is paid by whom it is named
   after, in full.
2. Nobody is billed for work that was proposed and never answered: the answer is noted first. Declined work costs
   nothing.
3. Behind settlement nothing changes. What was settled wrong is put right by another order that names the first one,
   begins with its work and what its sheet says of the arrival, and credits what that one had settled; one order at a
   time.
4. Handing over notes when, how far the car had gone, when it should come back, and whether its customer may be called
   about that: a statement of its own, made only where somebody asked. An odometer that has gone on since arrival is a
   reading of the car, under an id that follows from the order as well. For an order that corrects another one nobody
   reads an odometer: the car left with the first.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from carnet_node.core.commands.carrying import job_as_done, loose_as_done
from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import Drafts, NewId, Read, checked_values, draft_new
from carnet_node.core.commands.lines import Work, totals_after, totals_of
from carnet_node.core.commands.settling import Bill, Settling, Share, settle_bill, usual_settling
from carnet_node.core.commands.vehicles import ReadOdometer, read_odometer
from carnet_node.core.commands.visits import OpenVisit, Step, odometer_out_problems, take_step
from carnet_node.core.refusals import Problem, ProblemCode, refuse, refuse_if_any
from carnet_protocol.ids import RecordId, handover_reading_id, settlement_id, settlement_share_id
from carnet_protocol.kinds import CONSENT, PAY_TYPES, SETTLEMENT, SETTLEMENT_SHARE, VISIT
from carnet_protocol.registry import Value
from carnet_protocol.visits import PROPOSED, is_correction

_BILLED: Final = frozenset({"settled", "closed"})
_HANDED_OVER: Final = ("odometer_out_km", "next_service_on", "next_service_km")
_CARRIED: Final = (
    *("advisor_code", "customer_name", "plate_at_visit", "visit_kind", "sender_name", "sender_phone"),
    "odometer_in_km",
)
_TO_CALL: Final = "service"
"""The purpose of a statement about being called when a car should come back."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A settled order is put right.

    Attributes:
        read: the order that was settled wrong.
        vehicle: its car.
        corrected_by: the order that puts it right already; None when there is none that counts.
        opened_at: ms since 1970.
    """

    read: Read
    vehicle: RecordId
    work: Work
    corrected_by: RecordId | None
    opened_at: int


def settle_visit(step: Step, said: Settling | None = None) -> Drafts:
    """The bill is settled; from here on the order does not change.

    Args:
        said: what the person stated; None for the usual payers. The credit is that of the step.

    Raises:
        CommandRefused: not completed, a day that cannot be, a job that nobody has answered, or a bill that does not add
            up (see `settle_bill`).
    """
    settled = checked_values(VISIT, {"settled_at": step.at_ms}, today=step.today)
    order = take_step(step, "settled", {**settled, **totals_after(step.work, ())})
    jobs = {one.record: one.values for one in step.work.jobs}
    refuse_if_any(_unanswered(jobs.values()))
    lines = [one.values for one in (*step.work.labour, *step.work.parts)]
    if said is None:
        totals = totals_of(jobs, lines)
        payer = step.read.values.get("customer_id")
        customer = RecordId(payer) if isinstance(payer, bytes) else None
        said = usual_settling({name: totals[f"{name}_fen"] for name in PAY_TYPES}, step.credit, customer)
    said = replace(said, credit=step.credit)
    return (*order, *_settlement(step, said, settle_bill(jobs, lines, said)))


def close_visit(step: Step) -> Drafts:
    """The car has been handed over; `step.values` are the odometer and when it should come back.

    Raises:
        CommandRefused: not settled, another field, an odometer below the one at arrival, or a service that is due
            before the car has left.
    """
    cleaned, problems = clean_values(VISIT, {**step.values, "delivered_at": step.at_ms}, today=step.today)
    problems += odometer_out_problems(step.read, cleaned) + _service_problems(step, cleaned)
    what = "This is not said at hand-over."
    problems += [Problem(name, ProblemCode.LOCKED, what, "Leave it out.") for name in _unasked(step)]
    refuse_if_any(problems)
    return take_step(step, "closed", cleaned)


def hand_over(step: Step, new_id: NewId, *, may_call: bool | None) -> Drafts:
    """As `close_visit`, with the reading of the odometer and what the customer said about being called.

    Args:
        may_call: None where nobody asked.

    Raises:
        CommandRefused: see `close_visit`; or there is no customer who could have said so.
    """
    closed = close_visit(step)
    drafts = (*closed, *_reading(step, closed))
    if may_call is None:
        return drafts
    customer = step.read.values.get("customer_id")
    if not isinstance(customer, bytes):
        what = "This order names no customer who could agree to be called."
        raise refuse("may_call", ProblemCode.MISSING, what, "Name the customer, or leave the answer out.")
    said: dict[str, Value] = {
        "customer_id": customer,
        "purpose": _TO_CALL,
        "statement": "granted" if may_call else "withdrawn",
        "stated_at": step.at_ms,
        "evidence": step.read.values.get("ro_no"),
    }
    return (*drafts, draft_new(CONSENT, new_id(), checked_values(CONSENT, said, today=step.today)))


def correct_visit(command: Correction) -> OpenVisit:
    """The order that puts a settled one right: it begins with the same work, and records no odometer of its own.

    Raises:
        CommandRefused: the order is not settled, or another one corrects it already.
    """
    before = command.read.values
    status = str(before.get("status"))
    if status not in _BILLED:
        what = f"An order that is {status} is not corrected by another one."
        raise refuse("status", ProblemCode.LOCKED, what, "Change it, or void it with a reason.")
    if command.corrected_by is not None:
        what = "Another order corrects this one already."
        raise refuse("corrects_id", ProblemCode.ALREADY_THERE, what, "Go on with that order, or correct it in turn.")
    customer = before.get("customer_id")
    carried = {name: before[name] for name in _CARRIED if before.get(name) is not None}
    odometer = {} if "odometer_in_km" in carried else {"is_odometer_unknown": True}
    return OpenVisit(
        ro_no="",
        vehicle=command.vehicle,
        opened_at=command.opened_at,
        customer=RecordId(customer) if isinstance(customer, bytes) else None,
        values={**carried, **odometer},
        jobs=[job_as_done(one, command.work) for one in command.work.jobs],
        loose=loose_as_done(command.work),
        corrects=command.read.record,
    )


def _unanswered(jobs: Iterable[Values]) -> list[Problem]:
    """Rule 2: what speaks against a bill, for each job that is only proposed."""
    then = "Note the answer first; work that is declined costs nothing."
    numbers = (str(one.get("job_no") or "") for one in jobs if one.get("approval") == PROPOSED)
    return [
        Problem("approval", ProblemCode.MISSING, f"Job {number} is proposed, and its customer has not answered.", then)
        for number in numbers
    ]


def _settlement(step: Step, said: Settling, bill: Bill) -> Drafts:
    """The facts of a bill that adds up."""
    visit = step.read.record
    record = settlement_id(visit)
    sums = bill.sums.items()
    stated: dict[str, Value] = {
        "visit_id": visit,
        "settlement_no": step.read.values.get("ro_no"),
        "settled_at": step.at_ms,
        **{f"{name}_gross_fen": one.gross_fen for name, one in sums},
    }
    if any(one.discount_fen for one in bill.sums.values()):
        stated |= {f"{name}_discount_fen": one.discount_fen for name, one in sums}
        stated["discount_reason"] = said.discount_reason
    if any(one.credit_fen for one in bill.sums.values()):
        stated |= {f"{name}_credit_fen": one.credit_fen for name, one in sums}
    cleaned, problems = clean_values(SETTLEMENT, stated, today=step.today)
    drafts = [draft_new(SETTLEMENT, record, cleaned)]
    for place, share in enumerate(bill.shares):
        values, found = clean_values(SETTLEMENT_SHARE, _share(visit, record, share), where=f"shares[{place}].")
        problems += found
        drafts.append(draft_new(SETTLEMENT_SHARE, settlement_share_id(record, place), values))
    refuse_if_any(problems)
    return tuple(drafts)


def _reading(step: Step, closed: Drafts) -> Drafts:
    """Rule 4: how far the car had gone when it left; what arrival told already is not recorded twice."""
    after: dict[str, Value] = dict(step.read.values)
    for one in closed:
        after |= one.values
    came_km, left_km, vehicle = (after.get(name) for name in ("odometer_in_km", "odometer_out_km", "vehicle_id"))
    if not isinstance(left_km, int) or not isinstance(vehicle, bytes) or is_correction(after):
        return ()
    if isinstance(came_km, int) and left_km <= came_km:
        return ()
    order = step.read.record
    reading = ReadOdometer(RecordId(vehicle), left_km, step.at_ms, "handover", order)
    return (read_odometer(reading, lambda: handover_reading_id(order)),)


def _share(visit: RecordId, settlement: RecordId, share: Share) -> dict[str, Value]:
    return {
        "visit_id": visit,
        "settlement_id": settlement,
        "pay_type": share.pay_type,
        "payer_kind": share.payer_kind,
        "customer_id": share.customer,
        "share_fen": share.fen,
        "pay_method": share.method or None,
    }


def _unasked(step: Step) -> list[str]:
    return [name for name in step.values if name not in _HANDED_OVER]


def _service_problems(step: Step, cleaned: dict[str, Value]) -> list[Problem]:
    """What is wrong with the next service: it is due behind this one."""
    found = []
    due_on, due_km = cleaned.get("next_service_on"), cleaned.get("next_service_km")
    if step.today is not None and isinstance(due_on, str) and due_on <= step.today.day.isoformat():
        what = "The next service is due before the car has left."
        found.append(Problem("next_service_on", ProblemCode.BAD_ORDER, what, "Enter a day to come."))
    gone_km = cleaned.get("odometer_out_km") or step.read.values.get("odometer_in_km")
    if isinstance(due_km, int) and isinstance(gone_km, int) and due_km <= gone_km:
        what = "The car has gone as far as that already."
        found.append(Problem("next_service_km", ProblemCode.BAD_ORDER, what, "Enter a distance to come."))
    return found
