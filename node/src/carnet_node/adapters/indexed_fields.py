"""Which fields of records are looked for, and how: what indexes the tables have beside those of keys and parents.

Decides names only; `tables` makes the indexes, and a migration for each that is added here.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Searched:
    """How the search box asks for a field.

    Attributes:
        tails: lengths of endings that are indexed; 0 is the whole value (and its beginnings).
        is_crowded: thousands share an ending; the index then holds all by which they are told apart.
    """

    kind: str
    field: str
    tails: tuple[int, ...]
    is_crowded: bool = False


SEARCHED: Final = (
    Searched("customer", "full_name", (0,)),
    Searched("customer", "pinyin", (0,)),
    Searched("customer", "company_name", (0,)),
    Searched("customer", "birth_on", (5,)),
    Searched("phone", "number", (0, 4)),
    Searched("vehicle", "vin", (0, 6)),
    Searched("vehicle", "chassis_no", (0, 6)),
    Searched("plate", "plate_no", (0, 4, 5)),
    Searched("visit", "ro_no", (0, 4), is_crowded=True),
    Searched("campaign", "campaign_no", (0,)),
)

LINKED: Final = frozenset(
    {
        ("appointment", "vehicle_id"),
        ("campaign", "supersedes_id"),
        ("appointment", "visit_id"),
        ("appointment", "starts_at"),
        ("car_dates", "vehicle_id"),
        ("ownership", "customer_id"),
        ("odometer_reading", "visit_id"),
        ("recall_completion", "visit_id"),
        ("recall_completion", "completed_at"),
        ("settlement", "settled_at"),
        ("visit", "customer_id"),
        ("visit", "opened_at"),
    }
)
"""What views follow backwards or go by, although it is nobody's parent; each index costs a page per save."""

SELDOM: Final = {
    "vehicle": ("lifecycle",),
    "visit": ("next_service_on", "completed_at", "settled_at"),
    "car_dates": ("insurance_until_on", "inspection_until_on"),
}
"""Fields that are looked for only where they are stated, and that many records leave out, or state late in their life:
a new order costs no page of these."""
