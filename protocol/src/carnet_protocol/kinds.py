"""The record kinds of Carnet, one line per field.

Decides what syncs. Tables, exports, forms and the spec are generated from or checked against this list: a new field is one
line here and one migration. Numbers and labels stand in signed bytes: never renumber, never reuse, only append.

Names follow STAR 5 where it has one (repair order, job, op code, pay type) in snake case; see docs/glossary.md.
Order matters where a resolver is ordered: the visit's states stand in their total rank, draft < open < completed < void <
settled < closed (design section 3).
"""

from typing import Final

from carnet_protocol.registry import (
    Audience,
    ErasureGroup,
    Field,
    Kind,
    Privacy,
    Register,
    Registry,
    Resolver,
    ValueType,
    Writer,
)

_LATEST, _STEWARD, _ONCE = Resolver.LATEST, Resolver.STEWARD, Resolver.ONCE
_IDENTITY, _CONTACT, _NOTES = ErasureGroup.IDENTITY, ErasureGroup.CONTACT, ErasureGroup.NOTES


def _text(name: str) -> Field:
    return Field(name, ValueType.TEXT)


def _code(name: str, *codes: str) -> Field:
    return Field(name, ValueType.CODE, codes=codes)


def _int(name: str, minimum: int = 0, maximum: int = 2**53) -> Field:
    return Field(name, ValueType.INT, minimum=minimum, maximum=maximum)


def _at(name: str) -> Field:
    return Field(name, ValueType.INSTANT)


def _on(name: str) -> Field:
    return Field(name, ValueType.DATE)


def _bool(name: str) -> Field:
    return Field(name, ValueType.BOOL)


def _bytes(name: str) -> Field:
    return Field(name, ValueType.BYTES)


def _ref(name: str, kind: str) -> Field:
    return Field(name, ValueType.REF, refers_to=kind)


def _one(number: int, one: Field, resolver: Resolver = _LATEST, *, masked: bool = False) -> Register:
    """A public register of one field."""
    return Register(number, one.name, (one,), resolver, masked=masked)


def _group(number: int, name: str, *fields: Field, resolver: Resolver = _LATEST, masked: bool = False) -> Register:
    """A public register of several fields that travel together."""
    return Register(number, name, fields, resolver, masked=masked)


def _personal(
    number: int, name: str, group: ErasureGroup, *fields: Field, resolver: Resolver = _LATEST, masked: bool = True
) -> Register:
    """A sealed register; masked for other sites unless said otherwise."""
    return Register(number, name, fields, resolver, Privacy.PERSONAL, group, masked)


def _retracted(number: int) -> Register:
    """The one mutable register of a fact."""
    return _one(number, _text("retracted"))


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

CAMPAIGN_STATES: Final = ("draft", "published", "withdrawn")

DEALER_SITE: Final = Kind(
    1,
    "dealer_site",
    Writer.HUB,
    Audience.ALL,
    (
        _one(0, _code("site_code"), _ONCE),
        _one(1, _text("site_name")),
        _one(2, _code("site_kind", "service_centre", "station", "quick_repair")),
        _group(3, "place", _code("province_code"), _code("city_code"), _text("city_name")),
        _one(4, _code("status", "active", "suspended", "terminated")),
    ),
)

CAMPAIGN: Final = Kind(
    2,
    "campaign",
    Writer.HUB,
    Audience.ALL,
    (
        _one(0, _code("campaign_no"), _ONCE),
        _group(
            1,
            "plan",
            _int("plan_version", 1),
            _text("title"),
            _text("defect"),
            _text("hazard"),
            _text("emergency_advice"),
            _text("remedy"),
            _bytes("segment_hashes"),
            _int("member_count"),
        ),
        _one(2, _text("scope")),
        _one(3, _text("producer")),
        _one(4, _code("hazard_level", "normal", "park_outside", "do_not_drive")),
        Register(5, "state", (_code("state", *CAMPAIGN_STATES),), Resolver.FORWARD),
        _one(6, _at("published_at")),
        _one(7, _bytes("root_hash")),
    ),
)

CUSTOMER: Final = Kind(
    3,
    "customer",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        _one(0, _code("party_kind", "person", "company"), _STEWARD),
        _personal(
            1,
            "name",
            _IDENTITY,
            _text("full_name"),
            _text("pinyin"),
            _text("salutation"),
            _code("sex", "female", "male", "unknown"),
            resolver=_STEWARD,
        ),
        Register(
            2,
            "id_document",
            (_code("id_type", "resident_id", "passport", "hk_macau", "other"), _text("id_no"), _text("id_name")),
            _STEWARD,
            Privacy.SECRET,
            ErasureGroup.SECRET,
            True,
        ),
        _personal(
            3,
            "birth",
            _IDENTITY,
            _on("birth_on"),
            _code("birth_calendar", "solar", "lunar"),
            _bool("birth_leap_month"),
            resolver=_STEWARD,
        ),
        _personal(
            4,
            "company",
            _IDENTITY,
            _text("company_name"),
            _code("credit_code"),
            _text("company_contact"),
            resolver=_STEWARD,
        ),
        _one(5, _code("segment", "private", "company", "taxi")),
        _one(6, _code("lead_source"), _ONCE),
        _personal(7, "note", _NOTES, _text("note")),
    ),
)

PHONE: Final = Kind(
    4,
    "phone",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        _one(0, _ref("customer_id", "customer"), _ONCE),
        _personal(1, "number", _CONTACT, _text("number"), _code("phone_kind", "mobile", "home", "work", "fax")),
        _one(2, _bool("is_preferred")),
        _one(3, _at("verified_at")),
        _one(4, _bool("is_bad")),
    ),
    parent="customer_id",
)

ADDRESS: Final = Kind(
    5,
    "address",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        _one(0, _ref("customer_id", "customer"), _ONCE),
        _personal(
            1,
            "place",
            _CONTACT,
            _code("province_code"),
            _code("city_code"),
            _code("district_code"),
            _text("street"),
            _code("postcode"),
        ),
        _one(2, _code("address_kind", "home", "work", "registered", "post")),
        _group(3, "validity", _on("from_on"), _on("to_on")),
    ),
    parent="customer_id",
)

CONTACT_PREFERENCE: Final = Kind(
    6,
    "contact_preference",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        _one(0, _ref("customer_id", "customer"), _ONCE),
        Register(1, "do_not_contact", (_bool("do_not_contact"),), Resolver.RESTRICTIVE),
        _one(2, _code("channel", "phone", "sms", "wechat", "email", "post")),
        _group(3, "window", _int("from_hour", 0, 23), _int("to_hour", 0, 23)),
        _one(4, _int("contacts_per_month_max", 0, 31)),
    ),
    parent="customer_id",
)

CONSENT: Final = Kind(
    7,
    "consent",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        _group(
            0,
            "statement",
            _ref("customer_id", "customer"),
            _code("purpose", "service", "marketing", "survey", "sharing"),
            _code("channel"),
            _code("statement", "granted", "withdrawn"),
            _at("stated_at"),
            _code("evidence"),
            resolver=_ONCE,
        ),
        _retracted(1),
    ),
    parent="customer_id",
    is_fact=True,
)

VEHICLE: Final = Kind(
    8,
    "vehicle",
    Writer.ANY_SITE,
    Audience.ASSIGNED,
    (
        _one(0, _code("vin"), _ONCE),
        _one(1, _code("engine_no"), _STEWARD),
        _one(2, _code("chassis_no"), _STEWARD),
        _one(3, _on("build_on"), _STEWARD),
        _group(4, "model", _code("model_code"), _int("model_year", 1900, 2200), _text("model_name")),
        _one(5, _code("color")),
        _one(6, _code("fuel")),
        _one(7, _code("lifecycle", "active", "sold", "exported", "scrapped", "stolen"), _STEWARD),
    ),
)

PLATE: Final = Kind(
    9,
    "plate",
    Writer.ANY_SITE,
    Audience.ASSIGNED,
    (
        _one(0, _ref("vehicle_id", "vehicle"), _ONCE),
        _personal(1, "plate", _CONTACT, _code("plate_no"), _code("plate_color"), masked=False),
        _group(2, "validity", _on("from_on"), _on("to_on")),
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
        _group(
            0,
            "link",
            _ref("vehicle_id", "vehicle"),
            _ref("customer_id", "customer"),
            _code("role", "owner", "lessee", "driver", "payer"),
            resolver=_ONCE,
        ),
        _group(1, "period", _on("from_on"), _on("to_on"), resolver=_STEWARD),
        _one(2, _code("evidence")),
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
        _group(
            0,
            "reading",
            _ref("vehicle_id", "vehicle"),
            _int("odometer_km", 0, 9_999_999),
            _at("read_at"),
            _code("source", "visit", "handover", "statement", "odometer_replaced"),
            _ref("visit_id", "visit"),
            resolver=_ONCE,
        ),
        _retracted(1),
    ),
    parent="vehicle_id",
    anchor="vehicle_id",
    is_fact=True,
)

VISIT: Final = Kind(
    12,
    "visit",
    Writer.OWNER_SITE,
    Audience.ASSIGNED,
    (
        _one(0, _code("ro_no"), _ONCE),
        _one(1, _ref("vehicle_id", "vehicle")),
        _one(2, _ref("customer_id", "customer"), masked=True),
        Register(3, "status", (_code("status", *VISIT_STATES),), Resolver.FORWARD, transitions=VISIT_TRANSITIONS),
        _one(4, _at("opened_at")),
        _one(5, _at("promised_at")),
        _one(6, _at("completed_at")),
        _one(7, _at("settled_at")),
        _group(8, "odometer", _int("odometer_in_km", 0, 9_999_999), _bool("is_odometer_unknown")),
        _one(9, _int("odometer_out_km", 0, 9_999_999)),
        _personal(10, "sender", _CONTACT, _text("sender_name"), _text("sender_phone")),
        _personal(11, "customer_snapshot", _IDENTITY, _text("customer_name")),
        _personal(12, "plate_at_visit", _CONTACT, _code("plate_at_visit"), masked=False),
        _one(13, _code("advisor_code"), masked=True),
        _one(14, _int("fuel_level_percent", 0, 100)),
        _one(15, _bool("is_towed_in")),
        _one(16, _code("visit_kind", "repair", "maintenance", "recall", "accident", "other")),
        _personal(17, "customer_note", _NOTES, _text("customer_note")),
        _personal(18, "internal_note", _NOTES, _text("internal_note")),
        _group(
            19, "totals", _int("customer_fen"), _int("warranty_fen"), _int("internal_fen"), masked=True
        ),
        _one(20, _text("void_reason")),
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
        _one(0, _ref("visit_id", "visit"), _ONCE),
        _one(1, _int("job_no", 1, 999)),
        _group(2, "operation", _code("op_code"), _text("op_name")),
        _personal(3, "complaint", _NOTES, _text("complaint"), masked=False),
        _personal(4, "cause", _NOTES, _text("cause"), masked=False),
        _personal(5, "correction", _NOTES, _text("correction"), masked=False),
        _one(6, _code("pay_type", "customer", "warranty", "internal")),
        _one(7, _code("approval", "proposed", "approved", "declined")),
        _one(8, _ref("campaign_id", "campaign")),
        _one(9, _bool("is_repeat_repair")),
    ),
    parent="visit_id",
)

LABOUR_LINE: Final = Kind(
    14,
    "labour_line",
    Writer.OWNER_SITE,
    Audience.ASSIGNED,
    (
        _group(0, "place", _ref("visit_id", "visit"), _ref("job_id", "job"), resolver=_ONCE),
        _group(1, "operation", _code("labour_op_code"), _text("labour_name")),
        _group(2, "hours", _int("standard_hours"), _int("actual_hours")),
        _group(3, "price", _int("rate_fen"), _int("amount_fen"), masked=True),
        _one(4, _code("technician_code"), masked=True),
    ),
    parent="visit_id",
)

PART_LINE: Final = Kind(
    15,
    "part_line",
    Writer.OWNER_SITE,
    Audience.ASSIGNED,
    (
        _group(0, "place", _ref("visit_id", "visit"), _ref("job_id", "job"), resolver=_ONCE),
        _group(1, "part", _code("part_no"), _text("part_name")),
        _one(2, _int("quantity_hundredths", 1)),
        _group(3, "price", _int("price_fen"), _int("amount_fen"), masked=True),
        _group(4, "serials", _code("removed_serial"), _code("fitted_serial")),
    ),
    parent="visit_id",
)

RECALL_COMPLETION: Final = Kind(
    16,
    "recall_completion",
    Writer.ANY_SITE,
    Audience.ASSIGNED,
    (
        _group(
            0,
            "completion",
            _ref("campaign_id", "campaign"),
            _code("vin"),
            _ref("vehicle_id", "vehicle"),
            _ref("visit_id", "visit"),
            _at("completed_at"),
            _code("method", "repaired", "replaced", "software", "inspected_no_defect", "refunded"),
            _int("odometer_km", 0, 9_999_999),
            resolver=_ONCE,
        ),
        _group(1, "evidence", _code("technician_code"), _code("part_no"), _code("fitted_serial"), resolver=_ONCE),
        _retracted(2),
    ),
    parent="vehicle_id",
    anchor="vehicle_id",
    is_fact=True,
)

NODE: Final = Kind(
    17,
    "node",
    Writer.HUB,
    Audience.ALL,
    (
        _one(0, _ref("dealer_id", "dealer_site"), _ONCE),
        _group(1, "keys", _bytes("signing_key"), _bytes("exchange_key")),
        Register(2, "status", (_code("status", "active", "suspended", "revoked"),), Resolver.RESTRICTIVE),
        _one(3, _at("enrolled_at")),
        _one(4, _text("node_name")),
    ),
    parent="dealer_id",
)

REVOCATION: Final = Kind(
    18,
    "revocation",
    Writer.HUB,
    Audience.ALL,
    (
        _group(
            0,
            "order",
            _ref("node_id", "node"),
            _bytes("key_id"),
            _code("revocation_kind", "retired", "compromised"),
            _int("suspect_from_position"),
            _text("reason"),
            resolver=_ONCE,
        ),
        _retracted(1),
    ),
    parent="node_id",
    is_fact=True,
)

KEY_CHANGE: Final = Kind(
    19,
    "key_change",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        _group(
            0,
            "change",
            _ref("node_id", "node"),
            _bytes("new_signing_key"),
            _bytes("new_exchange_key"),
            _bytes("proof"),
            resolver=_ONCE,
        ),
        _retracted(1),
    ),
    parent="node_id",
    is_fact=True,
)

ERASURE: Final = Kind(
    20,
    "erasure",
    Writer.HUB,
    Audience.ALL,
    (
        _group(
            0,
            "order",
            _bytes("record_ids"),
            _int("groups", 1, 15),
            _code("ground", "request", "retention", "order"),
            resolver=_ONCE,
        ),
        _retracted(1),
    ),
    is_fact=True,
)

HUB_KEY: Final = Kind(
    21,
    "hub_key",
    Writer.HUB,
    Audience.ALL,
    (
        _group(0, "key", _code("purpose", "sign", "exchange", "export"), _bytes("public_key"), resolver=_ONCE),
        Register(1, "status", (_code("status", "active", "retired", "revoked"),), Resolver.RESTRICTIVE),
    ),
)

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
    )
)

SCHEMA_VERSION: Final = 1
"""Raised with every change of this file; stands in each change set."""
