"""What the hub keeps about look-ups of other dealers' cars, as plain rows; also that an operator ended an adoption.

No projection: the log says nothing of it, and no fold reads or clears it.
"""

from typing import NamedTuple


class LookUpRow(NamedTuple):
    """One look-up of a node whose signature held, answered or not.

    Attributes:
        at_ms: the hub's clock, never behind its log.
        look_up_id: 8 random bytes.
        staff_id: who of the site asked; empty for the operator of a machine.
        way: by what the car was sought; empty for a way that there is not.
        reason: of the list; empty for one that is not on it.
        sought: keyed hash of what was typed: equal ones are seen, none can be read.
        vehicle: keyed hash of the one car that was shown; empty for none or several.
        is_linked: a customer of the site held the car, so that prices and notes of that customer were shown.
        outcome: `answered`, or the code of the refusal; `ended` where an operator ended an adoption.
        cars: how many were shown.
        operator: code of who ended an adoption; empty for a look-up.
    """

    at_ms: int
    look_up_id: bytes
    dealer_id: bytes
    node_id: bytes
    staff_id: bytes
    way: str
    reason: str
    sought: str
    vehicle: str
    is_linked: bool
    outcome: str
    cars: int
    operator: str = ""
