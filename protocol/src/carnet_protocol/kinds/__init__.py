"""The record kinds of Carnet, one line per field.

Decides what syncs. Tables, exports, forms and the spec are generated from or checked against this list: a new field is
one line in one of these modules and one migration. Numbers and labels stand in signed bytes: never renumber, never
reuse, only append (tests/vectors/registry.json holds them fast).

Names follow STAR 5 where it has one (repair order, job, op code, pay type) in snake case; see docs/glossary.md.
"""

from typing import Final

from carnet_protocol.kinds.care import CAR_DATES, OCCASIONS, REMINDER, REMINDER_RESULTS
from carnet_protocol.kinds.customers import ADDRESS, CONSENT, CONTACT_PREFERENCE, CUSTOMER, PHONE
from carnet_protocol.kinds.hub_records import (
    CAMPAIGN,
    CAMPAIGN_EVENT,
    CAMPAIGN_EVENTS,
    CAMPAIGN_ITEM,
    CAMPAIGN_STATES,
    CAMPAIGN_WITHDRAWAL_REASONS,
    DEALER_SITE,
    ERASURE,
    HUB_KEY,
    KEY_CHANGE,
    NODE,
    REVOCATION,
)
from carnet_protocol.kinds.master import GOLDEN, IDENTITY, IDENTITY_AUTHORITIES, IDENTITY_EFFECTS
from carnet_protocol.kinds.outreach import CONTACT_CHANNELS, CONTACT_RESULTS, RECALL_CONTACT, STOP_SALE
from carnet_protocol.kinds.settlement import (
    DISCOUNT_REASONS,
    PAY_METHODS,
    PAYER_KINDS,
    SETTLEMENT,
    SETTLEMENT_SHARE,
)
from carnet_protocol.kinds.shop_day import (
    APPOINTMENT,
    APPOINTMENT_STATES,
    APPOINTMENT_TRANSITIONS,
    BAY,
    BOARD_STAGE,
    BOOKING_HOURS,
    CANCEL_REASONS,
    REBOOK_REASONS,
    STAGE_SENSES,
)
from carnet_protocol.kinds.staff import STAFF, STAFF_ACTION, STAFF_ROLES, STAFF_STATES
from carnet_protocol.kinds.vehicles import ADOPTION, ADOPTION_REASONS, ODOMETER_READING, OWNERSHIP, PLATE, VEHICLE
from carnet_protocol.kinds.workshop import (
    APPROVAL_CHANNELS,
    COMPLETION_METHODS,
    HOLD_REASONS,
    JOB,
    LABOUR_LINE,
    PART_LINE,
    PAY_TYPES,
    PROMISE_CHANGE,
    PROOF_LEVELS,
    RECALL_COMPLETION,
    VISIT,
    VISIT_STATES,
    VISIT_TRANSITIONS,
)
from carnet_protocol.registry import Registry

SCHEMA_VERSION: Final = 1
"""Raised with every change of a kind; stands in each change set."""

REGISTRY: Final = Registry(
    (
        DEALER_SITE,
        CAMPAIGN,
        CUSTOMER,
        PHONE,
        ADDRESS,
        CONTACT_PREFERENCE,
        CONSENT,
        VEHICLE,
        PLATE,
        OWNERSHIP,
        ODOMETER_READING,
        VISIT,
        JOB,
        LABOUR_LINE,
        PART_LINE,
        RECALL_COMPLETION,
        NODE,
        REVOCATION,
        KEY_CHANGE,
        ERASURE,
        HUB_KEY,
        STAFF,
        STAFF_ACTION,
        PROMISE_CHANGE,
        IDENTITY,
        GOLDEN,
        CAMPAIGN_EVENT,
        CAMPAIGN_ITEM,
        RECALL_CONTACT,
        STOP_SALE,
        APPOINTMENT,
        BAY,
        BOOKING_HOURS,
        BOARD_STAGE,
        SETTLEMENT,
        SETTLEMENT_SHARE,
        CAR_DATES,
        REMINDER,
        ADOPTION,
    )
)
"""Every kind, by ascending number."""

__all__ = [
    "ADDRESS",
    "ADOPTION",
    "ADOPTION_REASONS",
    "APPOINTMENT",
    "APPOINTMENT_STATES",
    "APPOINTMENT_TRANSITIONS",
    "APPROVAL_CHANNELS",
    "BAY",
    "BOARD_STAGE",
    "BOOKING_HOURS",
    "CAMPAIGN",
    "CAMPAIGN_EVENT",
    "CAMPAIGN_EVENTS",
    "CAMPAIGN_ITEM",
    "CAMPAIGN_STATES",
    "CAMPAIGN_WITHDRAWAL_REASONS",
    "CANCEL_REASONS",
    "CAR_DATES",
    "COMPLETION_METHODS",
    "CONSENT",
    "CONTACT_CHANNELS",
    "CONTACT_PREFERENCE",
    "CONTACT_RESULTS",
    "CUSTOMER",
    "DEALER_SITE",
    "DISCOUNT_REASONS",
    "ERASURE",
    "GOLDEN",
    "HOLD_REASONS",
    "HUB_KEY",
    "IDENTITY",
    "IDENTITY_AUTHORITIES",
    "IDENTITY_EFFECTS",
    "JOB",
    "KEY_CHANGE",
    "LABOUR_LINE",
    "NODE",
    "OCCASIONS",
    "ODOMETER_READING",
    "OWNERSHIP",
    "PART_LINE",
    "PAYER_KINDS",
    "PAY_METHODS",
    "PAY_TYPES",
    "PHONE",
    "PLATE",
    "PROMISE_CHANGE",
    "PROOF_LEVELS",
    "REBOOK_REASONS",
    "RECALL_COMPLETION",
    "RECALL_CONTACT",
    "REGISTRY",
    "REMINDER",
    "REMINDER_RESULTS",
    "REVOCATION",
    "SCHEMA_VERSION",
    "SETTLEMENT",
    "SETTLEMENT_SHARE",
    "STAFF",
    "STAFF_ACTION",
    "STAFF_ROLES",
    "STAFF_STATES",
    "STAGE_SENSES",
    "STOP_SALE",
    "VEHICLE",
    "VISIT",
    "VISIT_STATES",
    "VISIT_TRANSITIONS",
]
