"""The kinds around telling owners of a recall, and around cars that must not be sold before it is done.

Decides what one attempt to reach an owner says, and what a dealer acknowledges. Neither holds a personal value: whom an
attempt was meant for is an id, and what came of it is a code.
"""

from typing import Final

from carnet_protocol.kinds.fields import code, group, instant, integer, reference, retracted
from carnet_protocol.registry import Audience, Kind, Resolver, Writer

CONTACT_CHANNELS: Final = ("phone", "sms", "wechat", "email", "post", "in_person")
CONTACT_RESULTS: Final = ("sent", "returned", "reached", "no_answer", "wrong_number", "refused")
"""`refused`: the owner was reached and will not come."""

RECALL_CONTACT: Final = Kind(
    29,
    "recall_contact",
    Writer.ANY_SITE,
    Audience.ASSIGNED,
    (
        group(
            0,
            "contact",
            reference("campaign_id", "campaign"),
            code("vin"),
            reference("vehicle_id", "vehicle"),
            reference("customer_id", "customer"),
            code("channel", *CONTACT_CHANNELS),
            code("result", *CONTACT_RESULTS),
            instant("contacted_at"),
            resolver=Resolver.ONCE,
        ),
        retracted(1),
    ),
    parent="vehicle_id",
    anchor="vehicle_id",
    is_fact=True,
)
"""Somebody tried to tell an owner of a recall, by one channel, and this came of it."""

STOP_SALE: Final = Kind(
    30,
    "stop_sale",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        group(
            0,
            "acknowledgement",
            reference("campaign_id", "campaign"),
            code("vin"),
            reference("vehicle_id", "vehicle"),
            integer("plan_version", 1),
            instant("acknowledged_at"),
            resolver=Resolver.ONCE,
        ),
        retracted(1),
    ),
    parent="vehicle_id",
    is_fact=True,
)
"""A dealer has taken note that an unsold car of its stock is not sold before the recall is done."""
