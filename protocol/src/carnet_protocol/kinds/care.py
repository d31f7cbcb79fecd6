"""The kinds around care: when the papers of a customer's car run out, and that a customer was reminded of something.

Decides what a dealer site keeps to remind people by. Both are received by that site alone. Why somebody was called, and
on which day it was due, is sealed: a birthday must not stand in signed bytes, not even as the day of a call.
"""

from typing import Final

from carnet_protocol.kinds.fields import code, date, group, instant, personal, reference
from carnet_protocol.kinds.outreach import CONTACT_CHANNELS
from carnet_protocol.registry import Audience, ErasureGroup, Kind, Resolver, Writer

CAR_DATES: Final = Kind(
    37,
    "car_dates",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        group(
            0,
            "link",
            reference("vehicle_id", "vehicle"),
            reference("customer_id", "customer"),
            resolver=Resolver.ONCE,
        ),
        personal(1, "insurance", ErasureGroup.NOTES, date("insurance_until_on")),
        personal(2, "inspection", ErasureGroup.NOTES, date("inspection_until_on")),
    ),
    parent="customer_id",
)
"""Until when a car is insured and inspected, as its customer told this site."""

OCCASIONS: Final = ("birthday", "next_service", "insurance", "inspection", "appointment", "deferred_job")
REMINDER_RESULTS: Final = ("reached", "booked", "no_answer", "wrong_number", "refused", "sent")

REMINDER: Final = Kind(
    38,
    "reminder",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        group(
            0,
            "contact",
            reference("customer_id", "customer"),
            reference("vehicle_id", "vehicle"),
            reference("appointment_id", "appointment"),
            code("channel", *CONTACT_CHANNELS),
            code("result", *REMINDER_RESULTS),
            instant("contacted_at"),
            resolver=Resolver.ONCE,
        ),
        personal(1, "occasion", ErasureGroup.IDENTITY, code("occasion", *OCCASIONS), date("due_on")),
    ),
    parent="customer_id",
)
"""Somebody was reminded, congratulated or tried in vain, by one channel, and this came of it.

No fact, since a fact holds nothing sealed; one that was entered by mistake is deleted."""
