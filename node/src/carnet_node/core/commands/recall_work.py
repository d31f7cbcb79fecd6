"""Commands on recalls: this campaign was done on this car, during this visit.

Decides what a completion needs. It is a fact whose id derives from campaign, VIN and visit, so that saying it twice
makes one record, and the hub counts a pair (VIN, campaign) once however many dealers report it. What is said beside it
on the same order (another item, the remedy after an interim one, what replaces a retracted statement) has an id of its
own. Whether the car is listed is not asked here: lists may be old, and a repair that was done was done. Work is dated
no earlier than the demands that are known here: whoever has read them lives after them, whatever the clock shows.

When the car of an order is corrected, what was recorded on the order follows it: the work was done on the car that
stood there, and nobody should have to remember which campaigns to claim again. When an order is voided, it goes with
it: a void order proves nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.drafting import (
    CORRECTED,
    Drafts,
    NewId,
    Read,
    draft_edit,
    draft_new,
    draft_retraction,
    missing,
)
from carnet_node.core.recalls.recall_terms import NO_TERMS, NOT_YET, WITH_INTERIM, RecallTerms, is_new, work_of
from carnet_node.core.refusals import Problem, ProblemCode, refuse, refuse_if_any
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import VIN_CHARS, RecordId, completion_id
from carnet_protocol.kinds import RECALL_COMPLETION
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from carnet_protocol.remedy import (
    CLOSING,
    FITTING,
    INTERIM,
    REFUSED,
    claimed_items,
    contradicts,
    evidence_field,
    missing_evidence,
)
from carnet_protocol.vin import VinPolicy, assess_vin, normalise_vin

SHOWN_FIELDS: Final = (
    "technician_code",
    "part_no",
    "software_version",
    "fitted_serial",
    "odometer_km",
    "photo_hash",
    "signature_hash",
    "items_done",
    "proof_level",
)
"""What may be said of the work; a completion is never born retracted."""

_WANTED: Final[Mapping[str, str]] = {
    "technician": "This campaign wants to know who did the work.",
    "part": "This campaign wants the number of the part, or of the software.",
    "photo": "This campaign wants a photo of the work.",
    "odometer": "This campaign wants the odometer reading.",
    "signature": "This needs the customer's signature.",
}


@dataclass(frozen=True, slots=True)
class CompleteRecall:
    """A recall was carried out, as a whole or in part; or the owner refuses it.

    Attributes:
        vin: of the vehicle, or its frame number where it is older than the standard.
        visit_status: of the visit as read; a voided visit proves nothing.
        completed_at: by the clock of this machine, ms since 1970.
        method: one of the registry's.
        values: of `SHOWN_FIELDS`, where known.
        terms: what the campaign asks.
        earlier: what was recorded for this campaign on this order before.
        further: the id for one more statement on this order.
    """

    campaign: RecordId
    vin: str
    vehicle: RecordId
    visit: RecordId
    visit_status: Value
    completed_at: int
    method: str
    values: Mapping[str, Value] = field(default_factory=dict)
    terms: RecallTerms = NO_TERMS
    earlier: tuple[Read, ...] = ()
    further: RecordId | None = None


def complete_recall(command: CompleteRecall) -> Drafts:
    """Record what was done about a recall.

    Raises:
        CommandRefused: said on this visit already, a voided visit, a vehicle without a number, no method, a remedy that
            is not available, evidence that the campaign wants and that is not there, another part than it names, none
            of several items, or a value that is none; with every problem.
        BadValue: BAD_FIELD, a value of another field than `SHOWN_FIELDS`; nothing is recorded.
    """
    for name in sorted(command.values.keys() - set(SHOWN_FIELDS)):
        raise BadValue(Reason.BAD_FIELD, name, f"what is said of the work is {', '.join(SHOWN_FIELDS)}")
    vin = _whole_number(command.vin)
    if command.visit_status == "void":
        raise refuse("visit_id", ProblemCode.LOCKED, "The order is void.", "Open a new order and record it there.")
    typed: dict[str, Value] = {
        **command.values,
        "campaign_id": command.campaign,
        "vin": vin,
        "vehicle_id": command.vehicle,
        "visit_id": command.visit,
        "completed_at": max(command.completed_at, command.terms.demands.known_ms),
        "method": command.method,
    }
    cleaned, problems = clean_values(RECALL_COMPLETION, typed)
    if not cleaned.get("method"):
        problems.append(missing("method", "Say how the recall was carried out."))
    refuse_if_any([*problems, *_unproved(command.terms, cleaned)])
    _refuse_repeated(command, cleaned)
    record = completion_id(command.campaign, vin, command.visit)
    if record in {read.record for read in command.earlier} and command.further is not None:
        record = command.further
    return (draft_new(RECALL_COMPLETION, record, cleaned),)


def _refuse_repeated(command: CompleteRecall, cleaned: Mapping[str, Value]) -> None:
    """What was said on this order is said once; another item, or the remedy after an interim one, is something new."""
    standing = [work_of(read.values) for read in command.earlier if not read.values.get("retracted")]
    if not is_new(command.terms, standing, work_of(cleaned)):
        raise refuse(
            "campaign_id",
            ProblemCode.ALREADY_THERE,
            "This campaign was recorded on this order already.",
            "Nothing; or take back what was recorded, if it was wrong.",
        )


def _unproved(terms: RecallTerms, values: Mapping[str, Value]) -> list[Problem]:
    """What a campaign wants and the values do not show."""
    method = str(values.get("method") or "")
    if method not in {*CLOSING, INTERIM, REFUSED}:
        return []
    problems = [*_unavailable(terms, method), *_wrong_items(terms, method, values)]
    asked = missing_evidence(terms.demands.evidence_bits, method, values)
    problems += [missing(evidence_field(name), _WANTED[name]) for name in asked]
    return problems


def _unavailable(terms: RecallTerms, method: str) -> list[Problem]:
    """A remedy that is not there cannot have been carried out."""
    if method == INTERIM and terms.remedy_state != WITH_INTERIM:
        what, then = "This campaign has no interim remedy.", "Say how the recall was carried out."
    elif method in FITTING and terms.remedy_state == NOT_YET:
        what = "The remedy of this campaign is not available yet."
        then = "Tell the owner the emergency advice; book the repair when the remedy is announced."
    else:
        return []
    return [Problem("method", ProblemCode.LOCKED, what, then)]


def _wrong_items(terms: RecallTerms, method: str, values: Mapping[str, Value]) -> list[Problem]:
    """Items that are not named, are none, or have another number than was stated."""
    if method not in CLOSING:
        return []
    asked = terms.demands.numbers_at(terms.demands.known_ms)
    claimed = claimed_items(asked, method, values.get("items_done"))
    if not claimed:
        return [missing("items_done", "Tick what was done; this campaign does several things.")]
    if not any(contradicts(asked[number], method, values) for number in claimed):
        return []
    part = "part_no" if values.get("part_no") else "software_version"
    what = "The campaign names another part or software number for this work."
    return [Problem(part, ProblemCode.BAD_VALUE, what, "Compare it with the part; record each part by itself.")]


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


def move_completions(command: MoveCompletions, new_id: NewId) -> Drafts:
    """Take back what stands on the wrong car, and record it for the right one.

    Args:
        new_id: for what was a further statement on its order.

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
    vin = _whole_number(command.vin)
    drafts: list[Draft] = []
    for read in wrong:
        target = completion_id(RecordId(_campaign(read)), vin, command.visit)
        if read.record != completion_id(RecordId(_campaign(read)), str(read.values.get("vin")), command.visit):
            target = new_id()
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


def number_of(vehicle: Mapping[str, Value]) -> str:
    """The number under which a campaign may list a car: its VIN, else its frame number; empty for neither.

    Args:
        vehicle: its values by field name.
    """
    return normalise_vin(str(vehicle.get("vin") or vehicle.get("chassis_no") or ""))


def _whole_number(typed: str) -> str:
    number = normalise_vin(typed)
    if len(number) != VIN_CHARS and not assess_vin(number, VinPolicy.LENIENT).is_acceptable:
        raise refuse(
            "vin",
            ProblemCode.BAD_VIN,
            "A completion needs the 17 characters of the VIN, or the frame number of an older car.",
            "Add it to the car first, or take the completion back.",
        )
    return number
