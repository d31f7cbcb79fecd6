"""Commands on telling owners of a recall, and on cars that are not sold before it is done.

Decides what an attempt and an acknowledgement have to say. Both are facts: one is made for each call, and a mistake is
taken back with a reason. Neither holds a name or a number.
"""

from dataclasses import dataclass

from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.drafting import Drafts, NewId, Read, draft_new, draft_retraction, missing
from carnet_node.core.refusals import Problem, ProblemCode, refuse_if_any
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import RECALL_CONTACT, STOP_SALE
from carnet_protocol.reach import POSTED, RETURNED
from carnet_protocol.registry import Value


@dataclass(frozen=True, slots=True)
class NoteContact:
    """Somebody tried to tell an owner of a recall.

    Attributes:
        vin: of the car, 17 characters.
        customer: whom it was meant for.
        channel, result: of the registry; empty for what was not said.
        contacted_at: ms since 1970.
    """

    campaign: RecordId
    vin: str
    vehicle: RecordId
    customer: RecordId
    channel: str
    result: str
    contacted_at: int


@dataclass(frozen=True, slots=True)
class StopSale:
    """An unsold car that a recall lists, as somebody takes note of it.

    Attributes:
        plan_version: of the campaign; a later plan asks again.
    """

    campaign: RecordId
    vin: str
    vehicle: RecordId
    plan_version: int


def note_contact(command: NoteContact, new_id: NewId) -> Drafts:
    """Record an attempt and what came of it.

    Raises:
        CommandRefused: no channel, no result, or a letter's result of something that was no letter; with every problem.
    """
    typed: dict[str, Value] = {
        "campaign_id": command.campaign,
        "vin": command.vin,
        "vehicle_id": command.vehicle,
        "customer_id": command.customer,
        "channel": command.channel or None,
        "result": command.result or None,
        "contacted_at": command.contacted_at,
    }
    cleaned, problems = clean_values(RECALL_CONTACT, typed)
    if not cleaned.get("channel"):
        problems.append(missing("channel", "Say how the owner was to be reached."))
    if not cleaned.get("result"):
        problems.append(missing("result", "Say what came of it; a call nobody answered counts too."))
    if cleaned.get("result") == RETURNED and cleaned.get("channel") != POSTED:
        what = "Only a letter comes back."
        problems.append(Problem("result", ProblemCode.BAD_VALUE, what, "Choose the letter, or what came of the call."))
    refuse_if_any(problems)
    return (draft_new(RECALL_CONTACT, new_id(), cleaned),)


def retract_contact(read: Read, reason: str) -> Drafts:
    """Take back an attempt that was not made; it stays readable with the reason.

    Raises:
        CommandRefused: no reason, or retracted already.
    """
    return (draft_retraction(RECALL_CONTACT, read, reason),)


def acknowledge_stops(stops: tuple[StopSale, ...], now_ms: int, new_id: NewId) -> Drafts:
    """Take note that these cars are not sold before their recalls are done.

    Args:
        now_ms: ms since 1970.
    """
    return tuple(
        draft_new(
            STOP_SALE,
            new_id(),
            {
                "campaign_id": one.campaign,
                "vin": one.vin,
                "vehicle_id": one.vehicle,
                "plan_version": one.plan_version,
                "acknowledged_at": now_ms,
            },
        )
        for one in stops
    )
