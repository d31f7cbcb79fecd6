"""The kinds around a vehicle: the car, its plates, who it belongs to, how far it has run.

Decides what several sites write about one car. Concurrent heads are everyday here; every enrolled site may write.
"""

from typing import Final

from carnet_protocol.kinds.fields import code, date, group, instant, integer, one, personal, reference, retracted, text
from carnet_protocol.registry import Audience, ErasureGroup, Kind, Resolver, Writer

VEHICLE: Final = Kind(
    8,
    "vehicle",
    Writer.ANY_SITE,
    Audience.ASSIGNED,
    (
        one(0, code("vin"), Resolver.ONCE),
        one(1, code("engine_no"), Resolver.STEWARD),
        one(2, code("chassis_no"), Resolver.STEWARD),
        one(3, date("build_on"), Resolver.STEWARD),
        group(4, "model", code("model_code"), integer("model_year", 1900, 2200), text("model_name")),
        one(5, code("color")),
        one(6, code("fuel")),
        one(7, code("lifecycle", "active", "sold", "exported", "scrapped", "stolen", "in_stock"), Resolver.STEWARD),
    ),
)

PLATE: Final = Kind(
    9,
    "plate",
    Writer.ANY_SITE,
    Audience.ASSIGNED,
    (
        one(0, reference("vehicle_id", "vehicle"), Resolver.ONCE),
        personal(1, "plate", ErasureGroup.CONTACT, code("plate_no"), code("plate_color"), masked=False),
        group(2, "validity", date("from_on"), date("to_on")),
    ),
    parent="vehicle_id",
    anchor="vehicle_id",
)

OWNERSHIP: Final = Kind(
    10,
    "ownership",
    Writer.ANY_SITE,
    Audience.ASSIGNED,
    (
        group(
            0,
            "link",
            reference("vehicle_id", "vehicle"),
            reference("customer_id", "customer"),
            code("role", "owner", "lessee", "driver", "payer"),
            resolver=Resolver.ONCE,
        ),
        group(1, "period", date("from_on"), date("to_on"), resolver=Resolver.STEWARD),
        one(2, code("evidence")),
    ),
    parent="vehicle_id",
    anchor="vehicle_id",
)

ODOMETER_READING: Final = Kind(
    11,
    "odometer_reading",
    Writer.ANY_SITE,
    Audience.ASSIGNED,
    (
        group(
            0,
            "reading",
            reference("vehicle_id", "vehicle"),
            integer("odometer_km", 0, 9_999_999),
            instant("read_at"),
            code("source", "visit", "handover", "statement", "odometer_replaced"),
            reference("visit_id", "visit"),
            resolver=Resolver.ONCE,
        ),
        retracted(1),
    ),
    parent="vehicle_id",
    anchor="vehicle_id",
    is_fact=True,
)

ADOPTION_REASONS: Final = ("at_desk", "towed_in", "by_phone", "recall")
"""Why a site needs the history of a car that others know: it is here, it is on its way, or its recall is asked for."""

ADOPTION: Final = Kind(
    39,
    "adoption",
    Writer.OWNER_SITE,
    Audience.ASSIGNED,
    (
        one(0, reference("vehicle_id", "vehicle"), Resolver.ONCE),
        group(
            1,
            "ground",
            code("reason", *ADOPTION_REASONS),
            reference("customer_id", "customer"),
            instant("adopted_at"),
            resolver=Resolver.ONCE,
            masked=True,
        ),
        retracted(2),
    ),
    parent="vehicle_id",
    anchor="vehicle_id",
    is_fact=True,
)
"""A site looked a car of others up and took it on: what it asks the hub to be assigned on, for a time.

In the log, so that folding it again arrives at the same assignments. Who stood at the desk is the site's own customer.
"""
