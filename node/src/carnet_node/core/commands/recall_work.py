"""Commands on recalls: this campaign was done on this car, during this visit.

Decides what a completion needs. It is a fact whose id derives from campaign, VIN and visit, so that saying it twice
makes one record, and the hub counts a pair (VIN, campaign) once however many dealers report it. Whether the car is
listed is not asked here: lists may be old, and a repair that was done was done.

When the car of an order is corrected, what was recorded on the order follows it: the work was done on the car that
stood there, and nobody should have to remember which campaigns to claim again. When an order is voided, it goes with
it: a void order proves nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.drafting import (
    CORRECTED,
    Drafts,
    Read,
    draft_edit,
    draft_new,
    draft_retraction,
    missing,
)
from carnet_node.core.refusals import ProblemCode, refuse, refuse_if_any
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import VIN_CHARS, RecordId, completion_id
from carnet_protocol.kinds import RECALL_COMPLETION
from carnet_protocol.registry import Value
from carnet_protocol.vin import normalise_vin


@dataclass(frozen=True, slots=True)
class CompleteRecall:
    """A recall was carried out.

    Attributes:
        vin: of the vehicle, 17 characters.
        visit_status: of the visit as read; a voided visit proves nothing.
        completed_at: ms since 1970.
        method: repaired, replaced, software, inspected_no_defect or refunded.
        values: odometer_km, technician_code, part_no, fitted_serial, where known.
        known: this very completion as shown here, if there is one.
    """

    campaign: RecordId
    vin: str
    vehicle: RecordId
    visit: RecordId
    visit_status: Value
    completed_at: int
    method: str
    values: Mapping[str, Value] = field(default_factory=dict)
    known: Read | None = None


def complete_recall(command: CompleteRecall) -> Drafts:
    """Record that a recall was done.

    Raises:
        CommandRefused: recorded on this visit already, a voided visit, a vehicle without a VIN, no method, or a value
            that is none.
    """
    vin = _whole_vin(command.vin)
    if command.visit_status == "void":
        raise refuse("visit_id", ProblemCode.LOCKED, "The order is void.", "Open a new order and record it there.")
    if command.known is not None:
        what = "retracted" if command.known.values.get("retracted") else "recorded"
        raise refuse(
            "campaign_id",
            ProblemCode.ALREADY_THERE,
            f"This campaign was {what} on this order already.",
            "Nothing, or record it on the order where the work was done.",
        )
    typed: dict[str, Value] = {
        **command.values,
        "campaign_id": command.campaign,
        "vin": vin,
        "vehicle_id": command.vehicle,
        "visit_id": command.visit,
        "completed_at": command.completed_at,
        "method": command.method,
    }
    cleaned, problems = clean_values(RECALL_COMPLETION, typed)
    if not cleaned.get("method"):
        problems.append(missing("method", "Say how the recall was carried out."))
    refuse_if_any(problems)
    record = completion_id(command.campaign, vin, command.visit)
    return (draft_new(RECALL_COMPLETION, record, cleaned),)


def retract_completion(read: Read, reason: str) -> Drafts:
    """Take back a completion that did not happen; it stays readable with the reason.

    Raises:
        CommandRefused: no reason, or retracted already.
    """
    return (draft_retraction(RECALL_COMPLETION, read, reason),)


def retract_all(recorded: Iterable[Read]) -> Drafts:
    """Take back every completion that stands, because its order never counted."""
    standing = (read for read in recorded if not read.values.get("retracted"))
    return tuple(draft_retraction(RECALL_COMPLETION, read, CORRECTED) for read in standing)


@dataclass(frozen=True, slots=True)
class MoveCompletions:
    """An order is about another car than it said.

    Attributes:
        vin, vehicle: of the right car.
        visit: the order.
        recorded: every completion of the order as read, retracted ones too.
    """

    vin: str
    vehicle: RecordId
    visit: RecordId
    recorded: Iterable[Read]


def move_completions(command: MoveCompletions) -> Drafts:
    """Take back what stands on the wrong car, and record it for the right one.

    Raises:
        CommandRefused: something stands there, and the right car has no VIN to record it for.
    """
    recorded = {read.record: read for read in command.recorded}
    wrong = [
        read
        for read in recorded.values()
        if not read.values.get("retracted") and read.values.get("vehicle_id") != command.vehicle
    ]
    if not wrong:
        return ()
    vin = _whole_vin(command.vin)
    drafts: list[Draft] = []
    for read in wrong:
        target = completion_id(RecordId(_campaign(read)), vin, command.visit)
        drafts.append(draft_retraction(RECALL_COMPLETION, read, CORRECTED))
        drafts += _stated_for(command.vehicle, vin, target, read, recorded.get(target))
    return tuple(drafts)


def _stated_for(vehicle: RecordId, vin: str, target: RecordId, read: Read, known: Read | None) -> Drafts:
    """A completion for the right car; one that was taken back when the order named another car stands again."""
    if known is None:
        values: dict[str, Value] = {**read.values, "vin": vin, "vehicle_id": vehicle}
        return (draft_new(RECALL_COMPLETION, target, values),)
    revived = draft_edit(RECALL_COMPLETION, known, {"retracted": None})
    return () if revived is None else (revived,)


def _campaign(read: Read) -> bytes:
    campaign = read.values.get("campaign_id")
    if not isinstance(campaign, bytes):
        raise refuse(
            "campaign_id",
            ProblemCode.MISSING,
            "A recall recorded on this order does not say which campaign it was.",
            "Take that completion back first.",
        )
    return campaign


def _whole_vin(typed: str) -> str:
    vin = normalise_vin(typed)
    if len(vin) != VIN_CHARS:
        raise refuse(
            "vin",
            ProblemCode.BAD_VIN,
            "A completion needs the 17 characters of the VIN.",
            "Add the VIN first, or take the completion back.",
        )
    return vin
