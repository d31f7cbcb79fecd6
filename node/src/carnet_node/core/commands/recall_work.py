"""Commands on recalls: this campaign was done on this car, during this visit.

Decides what a completion needs. It is a fact whose id derives from campaign, VIN and visit, so that saying it twice
makes one record, and the hub counts a pair (VIN, campaign) once however many dealers report it. Whether the car is
listed is not asked here: lists may be old, and a repair that was done was done.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.drafting import Drafts, Read, draft_new, draft_retraction, missing
from carnet_node.core.refusals import ProblemCode, refuse, refuse_if_any
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
    vin = normalise_vin(command.vin)
    if len(vin) != VIN_CHARS:
        raise refuse(
            "vin", ProblemCode.BAD_VIN, "A completion needs the 17 characters of the VIN.", "Add the VIN first."
        )
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
