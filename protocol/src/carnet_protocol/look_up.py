"""Looking up another dealer's car: the question of a desk and the hub's answer.

Decides the shape of both frames, the ways to ask and how many cars and records one answer carries. Does not decide
what of a record an answer shows (the hub's `looking_up`) nor who gets assigned: a look-up opens nothing; an `adoption`
does.

    message         purpose   signed by   answered by
    --------------  --------  ----------  ---------------------------
    LookUpRequest   look-up   node        LookUpAnswer (hub), look-up

A request is signed on a challenge out of the hub's card, as a hello is, so it cannot be played back later. The reason
and the way are plain text here: the hub refuses one that it does not know by name, and writes that down too.
"""

from typing import Annotated, Final

import msgspec

from carnet_protocol import limits
from carnet_protocol.changeset import Count, Instant
from carnet_protocol.kinds.vehicles import ADOPTION_REASONS
from carnet_protocol.messages import Challenge, Frame, PageRow, Version
from carnet_protocol.ops import Id16

BY_VIN: Final = "vin"
BY_PLATE: Final = "plate"
BY_PHONE: Final = "phone"
WAYS: Final = (BY_VIN, BY_PLATE, BY_PHONE)
"""By what a car is sought. A telephone number is that of a holder."""

LOOK_UP_REASONS: Final = ADOPTION_REASONS
"""Why somebody may look; whoever takes the car on states one of the same."""

_Code = Annotated[str, msgspec.Meta(max_length=limits.CODE_CHARS_MAX)]
_Sought = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.SOUGHT_CHARS_MAX)]


class LookUpRequest(Frame, frozen=True):
    """A desk asks for a car that other dealers know; signed on a challenge that the hub issued.

    Attributes:
        way: one of `WAYS`.
        sought: the number as typed.
        reason: one of `LOOK_UP_REASONS`.
        customer_id: the site's own customer who stands at the desk; None for nobody.
        staff_id: who of the site asks; None for the operator of a machine.
    """

    version: Version
    challenge: Challenge
    dealer_id: Id16
    node_id: Id16
    way: _Code
    sought: _Sought
    reason: _Code
    customer_id: Id16 | None
    staff_id: Id16 | None


class LookedUpCar(Frame, frozen=True):
    """One car that was found.

    Attributes:
        vehicle_id: its record.
        is_followed: the asking site is assigned already; its node has the history or is about to get it.
        is_linked: the customer at the desk is a holder: what concerns that customer is not masked.
        site_count: sites other than the asking one that have recorded a visit; 0 where several cars were found.
        row_count: rows of the answer that are this car's.
        known_count: records that there are of it; more than `row_count` where an answer has no room.
    """

    vehicle_id: Id16
    is_followed: bool
    is_linked: bool
    site_count: Count
    row_count: Count
    known_count: Count


class LookUpAnswer(Frame, frozen=True):
    """What the hub shows of the cars that it found.

    Attributes:
        challenge: of the request this answers.
        position: of the hub's log, up to which it speaks.
        is_cut: there are more cars than an answer carries.
        rows: of one car behind the other, as `row_count` says: the car and its plates, and behind them the technical
            history, newest visits first, if this is the only car found.
    """

    version: Version
    challenge: Challenge
    node_id: Id16
    position: Count
    now_ms: Instant
    is_cut: bool
    cars: Annotated[list[LookedUpCar], msgspec.Meta(max_length=limits.LOOK_UP_CARS_MAX)]
    rows: Annotated[list[PageRow], msgspec.Meta(max_length=limits.LOOK_UP_ROWS_MAX)]

    def rows_of(self, place: int) -> list[PageRow]:
        """The rows of the car at a place of `cars`; what is not there is left out."""
        begin = sum(car.row_count for car in self.cars[:place])
        return self.rows[begin : begin + self.cars[place].row_count]
