"""Taking another dealer's car on and giving it back, as commands.

Decides what has to be said. The adoption is a fact in this site's log: it counts when it arrives at the hub, with or
without a line now. How long the car is followed then, and whether this site may, is the hub's to say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.drafting import Drafts, NewId, Read, draft_edit, draft_new, missing
from carnet_node.core.refusals import refuse_if_any
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ADOPTION
from carnet_protocol.registry import Value

_GIVEN_BACK: Final = "withdrawn"
"""Of `RETRACTION_REASONS`: why an adoption does not hold any more where its own site says so."""


@dataclass(frozen=True, slots=True)
class TakeOn:
    """A car of others is needed here for a time.

    Attributes:
        vehicle: its record, which may not be here yet.
        reason: of `ADOPTION_REASONS`; empty for what was not said.
        customer: this site's customer at the desk; None for nobody.
        adopted_at: ms UTC since 1970.
    """

    vehicle: RecordId
    reason: str
    customer: RecordId | None
    adopted_at: int


def take_car_on(command: TakeOn, new_id: NewId) -> Drafts:
    """Record that this site takes a car on.

    Raises:
        CommandRefused: no reason, or one that is not on the list; nothing was drafted.
    """
    typed: dict[str, Value] = {
        "vehicle_id": command.vehicle,
        "reason": command.reason or None,
        "customer_id": command.customer,
        "adopted_at": command.adopted_at,
    }
    cleaned, problems = clean_values(ADOPTION, typed)
    if not command.reason:
        problems.append(missing("reason", "Say why the history of this car is needed."))
    refuse_if_any(problems)
    return (draft_new(ADOPTION, new_id(), cleaned),)


def give_car_back(adoptions: Iterable[Read]) -> Drafts:
    """Take back the adoptions of a car.

    Args:
        adoptions: those of this site that hold, as they were read.
    """
    drafts = (draft_edit(ADOPTION, one, {"retracted": _GIVEN_BACK}) for one in adoptions)
    return tuple(one for one in drafts if one is not None)
