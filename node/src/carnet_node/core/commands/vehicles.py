"""Commands on vehicles: the car, its plates, who it belongs to, how far it has gone.

Decides what is checked before a shared record is written. A vehicle's id derives from its VIN, so two sites that meet
the same car with the cable out make the same record; an old frame number gives none, and its vehicle a random id.
Plates may be missing, an odometer reading below the last is kept (it is flagged where it is shown), and nobody's
ownership is overwritten: who owned what until when are facts of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from carnet_master.cars import PlateSlip, meant_plate, normalise_plate, plate_slip
from carnet_node.core.commands.cleaning import clean_code, clean_values, plate_number
from carnet_node.core.commands.customers import Values, period_problems
from carnet_node.core.commands.drafting import (
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
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import CommandRefused, Problem, ProblemCode, refuse, refuse_if_any, refuse_together
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import VIN_CHARS, RecordId, ownership_id, vehicle_id
from carnet_protocol.kinds import ODOMETER_READING, OWNERSHIP, PLATE, VEHICLE
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy, VinProblem, assess_vin

_VIN_TEXT: Mapping[VinProblem, str] = {
    VinProblem.WRONG_LENGTH: "It has not 17 characters.",
    VinProblem.FRAME_NUMBER: "It looks like the frame number of an older car, not like a VIN.",
    VinProblem.FORBIDDEN_LETTER: "It holds I, O or Q, which no VIN has.",
    VinProblem.FORBIDDEN_CHARACTER: "It holds something other than letters and digits.",
    VinProblem.REPEATED_CHARACTERS: "It is a placeholder.",
    VinProblem.WRONG_CHECK_DIGIT: "The ninth character does not fit the others.",
    VinProblem.BAD_YEAR_CODE: "The tenth character is no year.",
    VinProblem.LETTER_IN_TAIL: "The last four characters are not all digits.",
}

_SLIP_TEXT: Mapping[PlateSlip, tuple[str, str]] = {
    PlateSlip.DIGITS_ALONE: (
        "A plate has a letter or a Chinese character beside its digits.",
        "A telephone number or a postcode has a field of its own. Compare this one with the number plate on the car.",
    ),
    PlateSlip.OFFICE: (
        "Behind the province a plate has a letter, and this is none that a plate has there.",
        "Compare it with the number plate on the car.",
    ),
    PlateSlip.LENGTH: (
        "A plate of a province has seven characters, that of a new-energy car eight.",
        "Compare it with the number plate on the car.",
    ),
}

_SAYS_ALL = (
    VinProblem.FORBIDDEN_CHARACTER,
    VinProblem.WRONG_LENGTH,
    VinProblem.FRAME_NUMBER,
    VinProblem.FORBIDDEN_LETTER,
    VinProblem.REPEATED_CHARACTERS,
)
"""A number that has one of these is another one once it is mended: what else is wrong with it says nothing."""


@dataclass(frozen=True, slots=True)
class AddVehicle:
    """A car at the desk.

    Attributes:
        vin: as typed or scanned.
        policy: of the market.
        known: the vehicle as shown here, when the desk found it before saving.
        today: at the site, by which days are judged; None where no day is known.
    """

    vin: str
    policy: VinPolicy
    values: Values = field(default_factory=dict)
    known: Read | None = None
    today: Today | None = None


@dataclass(frozen=True, slots=True)
class NewVehicle:
    """The vehicle's record id and what has to be written; no draft when all of it is known already."""

    record: RecordId
    drafts: Drafts


@dataclass(frozen=True, slots=True)
class AddOwnership:
    """A customer's role for a vehicle.

    Attributes:
        role: owner, lessee, driver or payer.
        known: this very link as shown here, when there is one (somebody buys a car back).
        today: as of `AddVehicle`.
    """

    vehicle: RecordId
    customer: RecordId
    role: str
    values: Values = field(default_factory=dict)
    known: Read | None = None
    today: Today | None = None


@dataclass(frozen=True, slots=True)
class ReadOdometer:
    """A reading of the odometer.

    Attributes:
        odometer_km: 0 to 9,999,999; 0 is a reading of zero, never "unknown".
        read_at: ms since 1970.
        source: visit, handover, statement, or odometer_replaced for a new instrument.
        today: as of `AddVehicle`.
    """

    vehicle: RecordId
    odometer_km: int
    read_at: int
    source: str
    visit: RecordId | None = None
    today: Today | None = None


def check_vin(text: str, policy: VinPolicy) -> str:
    """The number in normal form: a VIN, or under a lenient policy perhaps a frame number.

    Raises:
        CommandRefused: the policy does not accept it; with a suggestion where one cures it.
    """
    assessment = assess_vin(text, policy)
    if assessment.is_acceptable:
        return assessment.vin
    what = " ".join(_VIN_TEXT[problem] for problem in _that_matter(assessment.problems))
    next_step = "Compare it with the plate on the car."
    if assessment.suggestion:
        next_step = "Compare it with the plate on the car. 1 and 0 instead of I, O and Q would make it valid."
    is_confirmable = not assessment.suggestion and assess_vin(text, VinPolicy.LENIENT).is_acceptable
    if is_confirmable:
        next_step = (
            "Compare it with the plate on the car; if it is the same there, confirm “VIN compared with the car”."
        )
    problem = Problem("vin", ProblemCode.BAD_VIN, what, next_step, assessment.suggestion, is_confirmable=is_confirmable)
    raise CommandRefused((problem,), Reason.BAD_VIN)


def add_vehicle(command: AddVehicle, new_id: NewId) -> NewVehicle:
    """The vehicle of a VIN, new or known.

    Raises:
        CommandRefused: the VIN is not acceptable, or a value is none.
    """
    typed = {name: one for name, one in command.values.items() if name != "vin"}
    values, problems = clean_values(VEHICLE, typed, today=command.today)
    vin = refuse_together(problems, lambda: check_vin(command.vin, command.policy))
    if len(vin) != VIN_CHARS:
        record = command.known.record if command.known else new_id()
        values["chassis_no"] = vin
    else:
        record = vehicle_id(vin)
        values["vin"] = vin
    if command.known is None:
        return NewVehicle(record, (draft_new(VEHICLE, record, values),))
    draft = draft_edit(VEHICLE, command.known, values)
    return NewVehicle(record, () if draft is None else (draft,))


def edit_vehicle(read: Read, changes: Values, today: Today | None = None) -> Drafts:
    """What changes of a vehicle; no draft when nothing does.

    Args:
        today: as of `AddVehicle`.

    Raises:
        CommandRefused: the VIN would change (it is another car then), or a value is none.
    """
    cleaned = checked_values(VEHICLE, stated_anew(read, changes), today=today)
    if cleaned.get("vin", read.values.get("vin")) != read.values.get("vin"):
        raise refuse("vin", ProblemCode.LOCKED, "A car keeps its VIN.", "Add the other VIN as another vehicle.")
    draft = draft_edit(VEHICLE, read, cleaned)
    return () if draft is None else (draft,)


def check_plate(text: str) -> None:
    """Accept a number that somebody typed.

    Raises:
        CommandRefused: something that is neither letter nor digit stands in it, Chinese or foreign; digits alone, or a
            province without the letter and the serial part of its plates; or I or O where a Chinese plate has none,
            with the one that was probably meant.
    """
    refuse_if_any(plate_problems(text))


def plate_problems(typed: Value) -> list[Problem]:
    """What keeps a number that somebody typed from being that of a plate; nothing for an empty one."""
    text = typed if isinstance(typed, str) else ""
    if any(not one.isalnum() for one in clean_code(normalise_plate(text)) or ""):
        what = "A plate has letters, digits and Chinese characters, with dots, dashes and spaces between them at most."
        return [Problem("plate_no", ProblemCode.BAD_VALUE, what, "Compare it with the number plate on the car.")]
    slip = plate_slip(plate_number(text) or "")
    if slip is not None:
        what, then = _SLIP_TEXT[slip]
        return [Problem("plate_no", ProblemCode.BAD_VALUE, what, then)]
    meant = meant_plate(text)
    if meant is None:
        return []
    what = "The letters I and O stand on no plate behind the first two characters."
    then = "Compare it with the plate on the car. It shows 1 instead of I, and 0 instead of O."
    return [Problem("plate_no", ProblemCode.BAD_VALUE, what, then, meant)]


def add_plate(vehicle: RecordId, values: Values, new_id: NewId, today: Today | None = None) -> Drafts:
    """A plate the vehicle carries or carried, as somebody typed it.

    Args:
        today: as of `AddVehicle`.

    Raises:
        CommandRefused: no number, one that no plate shows, or a period that cannot be.
    """
    doubts = plate_problems(values.get("plate_no"))
    return refuse_together(doubts, lambda: carry_plate(vehicle, values, new_id, today))


def carry_plate(vehicle: RecordId, values: Values, new_id: NewId, today: Today | None = None) -> Drafts:
    """As `add_plate`, of a plate that is on file elsewhere: its number stays as it was taken then.

    Raises:
        CommandRefused: no number, or a period that cannot be.
    """
    cleaned, problems = clean_values(PLATE, values, today=today)
    if not cleaned.get("plate_no"):
        problems.append(missing("plate_no", "A plate needs its number."))
    refuse_if_any(problems + period_problems(cleaned, ""))
    return (draft_new(PLATE, new_id(), {**cleaned, "vehicle_id": vehicle}),)


def edit_plate(read: Read, changes: Values, today: Today | None = None) -> Drafts:
    """What changes of a plate, for example the day it was taken off; no draft when nothing does.

    Args:
        today: as of `AddVehicle`.

    Raises:
        CommandRefused: the number would be gone or is one that no plate shows, or the period cannot be.
    """
    stated = stated_anew(read, changes)
    cleaned, problems = clean_values(PLATE, stated, today=today)
    problems = problems or plate_problems(stated.get("plate_no"))
    after = {**read.values, **cleaned}
    if not after.get("plate_no"):
        problems.append(missing("plate_no", "A plate needs its number."))
    refuse_if_any(problems + period_problems(after, ""))
    draft = draft_edit(PLATE, read, cleaned)
    return () if draft is None else (draft,)


def remove_plate(read: Read) -> Drafts:
    """Take away a plate that was entered by mistake."""
    return (draft_delete(PLATE, read),)


def add_ownership(command: AddOwnership) -> Drafts:
    """Link a customer to a vehicle; the link's id derives from both and the role.

    Raises:
        CommandRefused: no role or an unknown one, or a period that cannot be.
    """
    typed: dict[str, Value] = {**command.values, "role": command.role}
    cleaned, problems = clean_values(OWNERSHIP, typed, today=command.today)
    if not cleaned.get("role"):
        problems.append(missing("role", "Say who this is: owner, lessee, driver or payer."))
    refuse_if_any(problems + period_problems(cleaned, ""))
    record = ownership_id(command.vehicle, command.customer, command.role)
    if command.known is None:
        link: dict[str, Value] = {"vehicle_id": command.vehicle, "customer_id": command.customer}
        return (draft_new(OWNERSHIP, record, {**cleaned, **link}),)
    return edit_ownership(command.known, {name: one for name, one in cleaned.items() if name != "role"})


def edit_ownership(read: Read, changes: Values, today: Today | None = None) -> Drafts:
    """What changes of a link, for example the day it ended; no draft when nothing does.

    Args:
        today: as of `AddVehicle`.

    Raises:
        CommandRefused: the period cannot be.
    """
    cleaned, problems = clean_values(OWNERSHIP, stated_anew(read, changes), today=today)
    refuse_if_any(problems + period_problems({**read.values, **cleaned}, ""))
    draft = draft_edit(OWNERSHIP, read, cleaned)
    return () if draft is None else (draft,)


def read_odometer(command: ReadOdometer, new_id: NewId) -> Draft:
    """Record a reading. One below the last, or implausibly far above it, is kept: the view flags it.

    Raises:
        CommandRefused: not a number of kilometres, an unknown source, or a day that cannot be.
    """
    values: dict[str, Value] = {
        "vehicle_id": command.vehicle,
        "odometer_km": command.odometer_km,
        "read_at": command.read_at,
        "source": command.source,
        "visit_id": command.visit,
    }
    return draft_new(ODOMETER_READING, new_id(), checked_values(ODOMETER_READING, values, today=command.today))


def retract_reading(read: Read, reason: str) -> Drafts:
    """Take back a reading that was mistyped.

    Raises:
        CommandRefused: no reason, or retracted already.
    """
    return (draft_retraction(ODOMETER_READING, read, reason),)


def _that_matter(problems: tuple[VinProblem, ...]) -> tuple[VinProblem, ...]:
    """Of several things that are wrong with a number, the one that makes the others follow; all where none does."""
    return next(((one,) for one in _SAYS_ALL if one in problems), problems)
