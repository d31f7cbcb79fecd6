"""The kinds around a day in the workshop: appointments, the bays and hours that can be booked, the stages of the board.

Decides the states of an appointment and which steps between them are legal. All of it belongs to one dealer site and is
received by that site alone: the hub counts appointments and shows nobody what one says. What a caller said stands in
openings: number, name, plate, wish.

An appointment is no order and has states of its own, because a car that waits for parts is booked back while its order
is open. Booking it again makes another appointment that names the one it follows; what became of that one stays.
"""

from typing import Final

from carnet_protocol.kinds.fields import code, date, flag, group, instant, integer, one, personal, reference, text
from carnet_protocol.registry import Audience, ErasureGroup, Kind, Register, Resolver, Writer

APPOINTMENT_STATES: Final = ("requested", "booked", "no_show", "cancelled", "arrived")
"""By rank: of two desks that know different things, the one that has the car before it is right."""

APPOINTMENT_TRANSITIONS: Final[dict[str | None, frozenset[str]]] = {
    None: frozenset({"requested", "booked"}),
    "requested": frozenset({"booked", "cancelled", "arrived"}),
    "booked": frozenset({"no_show", "cancelled", "arrived"}),
    "no_show": frozenset({"arrived"}),
    "cancelled": frozenset(),
    "arrived": frozenset(),
}
"""Legal steps: whoever comes late has come after all, and whoever cancelled is booked again under a new appointment."""

CANCEL_REASONS: Final = ("customer_wish", "workshop", "parts", "duplicate", "other")
REBOOK_REASONS: Final = ("parts", "no_show", "customer_wish", "workshop", "other")

APPOINTMENT: Final = Kind(
    31,
    "appointment",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        group(
            0,
            "request",
            instant("requested_at"),
            code("channel", "phone", "wechat", "in_person", "other"),
            resolver=Resolver.ONCE,
        ),
        personal(1, "caller", ErasureGroup.CONTACT, text("caller_name"), text("caller_phone")),
        personal(2, "plate", ErasureGroup.CONTACT, code("plate_no")),
        personal(3, "wish", ErasureGroup.NOTES, text("wish")),
        one(4, instant("wished_at")),
        one(5, reference("vehicle_id", "vehicle")),
        one(6, reference("customer_id", "customer")),
        group(
            7,
            "slot",
            instant("starts_at"),
            integer("planned_minutes", 5, 24 * 60),
            code("bay_code"),
            code("advisor_code"),
        ),
        one(8, instant("remind_at")),
        Register(
            9,
            "status",
            (code("status", *APPOINTMENT_STATES),),
            Resolver.FORWARD,
            transitions=APPOINTMENT_TRANSITIONS,
        ),
        one(10, code("cancel_reason", *CANCEL_REASONS)),
        group(
            11,
            "rebooked",
            reference("follows_id", "appointment"),
            code("rebooked_because", *REBOOK_REASONS),
            resolver=Resolver.ONCE,
        ),
        one(12, reference("visit_id", "visit")),
        one(13, instant("arrived_at")),
    ),
    parent="customer_id",
)
"""Somebody is expected. `visit_id` is the order that its car came for, or comes back to."""

BAY: Final = Kind(
    32,
    "bay",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        one(0, code("bay_code"), Resolver.ONCE),
        one(1, text("bay_name")),
        one(2, integer("place_no", 0, 999)),
        one(3, flag("is_in_use")),
    ),
)
"""A place to work on a car; a column of the day board."""

BOOKING_HOURS: Final = Kind(
    33,
    "booking_hours",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        group(0, "day", integer("weekday", 1, 7), date("special_on"), resolver=Resolver.ONCE),
        group(
            1,
            "hours",
            integer("opens_minute", 0, 24 * 60),
            integer("closes_minute", 0, 24 * 60),
            integer("slot_minutes", 5, 8 * 60),
        ),
        group(2, "capacity", integer("cars_per_slot_max", 0, 999), integer("minutes_per_day_max", 0, 1_000_000)),
    ),
)
"""What can be booked on a weekday (1 is Monday), or on one special day instead; minutes since midnight at the site."""

STAGE_SENSES: Final = ("waiting", "in_work", "on_hold", "finished")
"""What a stage means to the rules, whatever a site calls it."""

BOARD_STAGE: Final = Kind(
    34,
    "board_stage",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        one(0, code("stage"), Resolver.ONCE),
        one(1, text("stage_name")),
        one(2, integer("place_no", 0, 999)),
        one(3, code("stage_sense", *STAGE_SENSES)),
        one(4, flag("is_in_use")),
    ),
)
"""A column of the board of cars in the shop, as the site has named it."""
