"""The kinds around a service visit: the repair order, its jobs and lines, promises moved, and a recall done during it.

Decides the states of a repair order and which steps between them are legal. Order matters: the states stand in their
total rank, draft < open < completed < void < settled < closed.
"""

from typing import Final

from carnet_protocol.kinds.fields import (
    code,
    date,
    flag,
    group,
    instant,
    integer,
    octets,
    one,
    personal,
    reference,
    retracted,
    text,
)
from carnet_protocol.limits import ITEM_BITS_MAX
from carnet_protocol.registry import Audience, ErasureGroup, Kind, Register, Resolver, Writer

VISIT_STATES: Final = ("draft", "open", "completed", "void", "settled", "closed")

VISIT_TRANSITIONS: Final[dict[str | None, frozenset[str]]] = {
    None: frozenset({"draft", "open"}),
    "draft": frozenset({"open", "void"}),
    "open": frozenset({"completed", "void"}),
    "completed": frozenset({"settled", "void"}),
    "void": frozenset(),
    "settled": frozenset({"closed"}),
    "closed": frozenset(),
}
"""Legal steps of a repair order: void needs a reason and only before settlement; afterwards a correction order."""

HOLD_REASONS: Final = ("parts", "customer_approval", "sublet", "claim_authorisation", "other")
"""Why work on a car that is in the shop cannot go on."""

APPROVAL_CHANNELS: Final = ("in_person", "phone", "wechat", "sms", "other")
PAY_TYPES: Final = ("customer", "warranty", "internal")

VISIT: Final = Kind(
    12,
    "visit",
    Writer.OWNER_SITE,
    Audience.ASSIGNED,
    (
        one(0, code("ro_no"), Resolver.ONCE),
        one(1, reference("vehicle_id", "vehicle")),
        one(2, reference("customer_id", "customer"), masked=True),
        Register(3, "status", (code("status", *VISIT_STATES),), Resolver.FORWARD, transitions=VISIT_TRANSITIONS),
        one(4, instant("opened_at")),
        one(5, instant("promised_at")),
        one(6, instant("completed_at")),
        one(7, instant("settled_at")),
        group(8, "odometer", integer("odometer_in_km", 0, 9_999_999), flag("is_odometer_unknown")),
        one(9, integer("odometer_out_km", 0, 9_999_999)),
        personal(10, "sender", ErasureGroup.CONTACT, text("sender_name"), text("sender_phone")),
        personal(11, "customer_snapshot", ErasureGroup.IDENTITY, text("customer_name")),
        personal(12, "plate_at_visit", ErasureGroup.CONTACT, code("plate_at_visit"), masked=False),
        one(13, code("advisor_code"), masked=True),
        one(14, integer("fuel_level_percent", 0, 100)),
        one(15, flag("is_towed_in")),
        one(16, code("visit_kind", "repair", "maintenance", "recall", "accident", "other")),
        personal(17, "customer_note", ErasureGroup.NOTES, text("customer_note")),
        personal(18, "internal_note", ErasureGroup.NOTES, text("internal_note")),
        group(19, "totals", integer("customer_fen"), integer("warranty_fen"), integer("internal_fen"), masked=True),
        personal(20, "void_reason", ErasureGroup.NOTES, text("void_reason"), masked=False),
        group(21, "walk_round", flag("is_walked_round"), code("damage_outline"), text("damage_marks"), masked=True),
        personal(22, "belongings", ErasureGroup.NOTES, text("belongings")),
        one(23, code("old_part_wish", "take_along", "show_first", "dispose"), masked=True),
        one(24, integer("estimate_fen"), masked=True),
        group(25, "shop_stage", code("stage"), code("hold_reason", *HOLD_REASONS), instant("staged_at"), masked=True),
        one(26, instant("delivered_at")),
        group(27, "next_service", date("next_service_on"), integer("next_service_km", 0, 9_999_999)),
        one(28, reference("corrects_id", "visit"), Resolver.ONCE),
    ),
    parent="vehicle_id",
    anchor="vehicle_id",
)

JOB: Final = Kind(
    13,
    "job",
    Writer.OWNER_SITE,
    Audience.ASSIGNED,
    (
        one(0, reference("visit_id", "visit"), Resolver.ONCE),
        one(1, integer("job_no", 1, 999)),
        group(2, "operation", code("op_code"), text("op_name")),
        personal(3, "complaint", ErasureGroup.NOTES, text("complaint"), masked=False),
        personal(4, "cause", ErasureGroup.NOTES, text("cause"), masked=False),
        personal(5, "correction", ErasureGroup.NOTES, text("correction"), masked=False),
        one(6, code("pay_type", *PAY_TYPES)),
        one(7, code("approval", "proposed", "approved", "declined")),
        one(8, reference("campaign_id", "campaign")),
        one(9, flag("is_repeat_repair")),
        one(10, integer("estimate_fen"), masked=True),
        group(11, "answer", instant("approval_at"), code("approval_channel", *APPROVAL_CHANNELS), masked=True),
        one(12, reference("offered_from_id", "job"), Resolver.ONCE),
        one(13, flag("is_dropped"), masked=True),
    ),
    parent="visit_id",
)
"""A piece of work. One that the customer declined is deferred: it is offered again at the next visit, by a job that
names it, until that is approved or somebody drops it."""

PROMISE_CHANGE: Final = Kind(
    24,
    "promise_change",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        group(
            0,
            "change",
            reference("visit_id", "visit"),
            instant("promised_before_at"),
            instant("promised_at"),
            instant("changed_at"),
            code("reason", "parts", "more_work", "workshop", "customer_wish", "other"),
            resolver=Resolver.ONCE,
        ),
        retracted(1),
    ),
    parent="visit_id",
    is_fact=True,
)
"""The promised time of an order was moved: what had been promised, and why. The order itself holds the present one."""

LABOUR_LINE: Final = Kind(
    14,
    "labour_line",
    Writer.OWNER_SITE,
    Audience.ASSIGNED,
    (
        group(0, "place", reference("visit_id", "visit"), reference("job_id", "job"), resolver=Resolver.ONCE),
        group(1, "operation", code("labour_op_code"), text("labour_name")),
        group(2, "hours", integer("standard_hours"), integer("actual_hours")),
        group(3, "price", integer("rate_fen"), integer("amount_fen"), masked=True),
        one(4, code("technician_code"), masked=True),
    ),
    parent="visit_id",
)

PART_LINE: Final = Kind(
    15,
    "part_line",
    Writer.OWNER_SITE,
    Audience.ASSIGNED,
    (
        group(0, "place", reference("visit_id", "visit"), reference("job_id", "job"), resolver=Resolver.ONCE),
        group(1, "part", code("part_no"), text("part_name")),
        one(2, integer("quantity_hundredths", 1)),
        group(3, "price", integer("price_fen"), integer("amount_fen"), masked=True),
        group(4, "serials", code("removed_serial"), code("fitted_serial")),
    ),
    parent="visit_id",
)

COMPLETION_METHODS: Final = (
    "repaired",
    "replaced",
    "software",
    "inspected_no_defect",
    "refunded",
    "interim",
    "refused",
)
PROOF_LEVELS: Final = ("own_dealer", "other_workshop", "abroad")
"""Who did the work; nothing means the dealer who says so."""

RECALL_COMPLETION: Final = Kind(
    16,
    "recall_completion",
    Writer.ANY_SITE,
    Audience.ASSIGNED,
    (
        group(
            0,
            "completion",
            reference("campaign_id", "campaign"),
            code("vin"),
            reference("vehicle_id", "vehicle"),
            reference("visit_id", "visit"),
            instant("completed_at"),
            code("method", *COMPLETION_METHODS),
            integer("odometer_km", 0, 9_999_999),
            resolver=Resolver.ONCE,
        ),
        group(1, "evidence", code("technician_code"), code("part_no"), code("fitted_serial"), resolver=Resolver.ONCE),
        retracted(2),
        group(
            3,
            "proof",
            code("software_version"),
            octets("photo_hash"),
            octets("signature_hash"),
            integer("items_done", 0, ITEM_BITS_MAX),
            code("proof_level", *PROOF_LEVELS),
            resolver=Resolver.ONCE,
        ),
    ),
    parent="vehicle_id",
    anchor="vehicle_id",
    is_fact=True,
)
"""What was done about a recall on a car during a visit; `remedy` says what of it closes the recall."""
