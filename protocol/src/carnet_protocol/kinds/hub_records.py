"""The kinds that speak about the network itself: sites, nodes, keys, campaigns, orders of the hub.

Decides what every node is told. All are written by the hub, except a key change, which the node concerned signs itself.
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
    reference,
    retracted,
    text,
)
from carnet_protocol.limits import CAMPAIGN_ITEMS_MAX, EVIDENCE_BITS_MAX, UNREACHABLE_TRIES_MAX
from carnet_protocol.registry import Audience, Kind, Register, Resolver, Writer

DEALER_SITE: Final = Kind(
    1,
    "dealer_site",
    Writer.HUB,
    Audience.ALL,
    (
        one(0, code("site_code"), Resolver.ONCE),
        one(1, text("site_name")),
        one(2, code("site_kind", "service_centre", "station", "quick_repair")),
        group(3, "place", code("province_code"), code("city_code"), text("city_name")),
        one(4, code("status", "active", "suspended", "terminated")),
    ),
)

CAMPAIGN_STATES: Final = ("draft", "published", "withdrawn")
REMEDY_STATES: Final = ("available", "interim", "not_yet")

CAMPAIGN: Final = Kind(
    2,
    "campaign",
    Writer.HUB,
    Audience.ALL,
    (
        one(0, code("campaign_no"), Resolver.ONCE),
        group(
            1,
            "plan",
            integer("plan_version", 1),
            text("title"),
            text("defect"),
            text("hazard"),
            text("emergency_advice"),
            text("remedy"),
            octets("segment_hashes"),
            integer("member_count"),
        ),
        one(2, text("scope")),
        one(3, text("producer")),
        one(4, code("hazard_level", "normal", "park_outside", "do_not_drive")),
        Register(5, "state", (code("state", *CAMPAIGN_STATES),), Resolver.FORWARD),
        one(6, instant("published_at")),
        one(7, octets("root_hash")),
        one(8, octets("plan_hash")),
        one(9, code("authority_no")),
        group(10, "lineage", reference("parent_id", "campaign"), reference("supersedes_id", "campaign")),
        group(11, "availability", code("remedy_state", *REMEDY_STATES), text("interim_remedy")),
        one(12, date("outreach_closed_on")),
        group(13, "withdrawals", octets("withdrawn_members"), integer("withdrawn_count")),
        group(
            14,
            "evidence",
            integer("evidence_bits", 0, EVIDENCE_BITS_MAX),
            instant("evidence_asked_at"),
            octets("former_evidence"),
        ),
        one(15, integer("unreachable_tries", 1, UNREACHABLE_TRIES_MAX)),
    ),
)

CAMPAIGN_ITEM: Final = Kind(
    28,
    "campaign_item",
    Writer.HUB,
    Audience.ALL,
    (
        group(
            0,
            "place",
            reference("campaign_id", "campaign"),
            integer("item_no", 1, CAMPAIGN_ITEMS_MAX),
            resolver=Resolver.ONCE,
        ),
        group(
            1,
            "part",
            text("label"),
            code("part_no"),
            code("software_version"),
            flag("is_required"),
            instant("numbers_asked_at"),
            octets("former_numbers"),
            instant("left_out_at"),
        ),
    ),
    parent="campaign_id",
)
"""One of the things that a campaign does on a car: a car with two of them counts once, when both are done."""

CAMPAIGN_EVENTS: Final = (
    "investigation_opened",
    "investigation_closed",
    "authority_notice",
    "objection_filed",
    "defect_confirmed",
    "plan_filed",
    "published",
    "public_notice",
    "owner_notice",
    "stage_report",
    "outreach_closed",
    "recall_finished",
    "final_report",
    "withdrawn",
)

CAMPAIGN_WITHDRAWAL_REASONS: Final = ("no_defect", "published_in_error", "other_campaign", "authority_order", "other")
"""Why a campaign was taken back; appended to, never renamed."""

CAMPAIGN_EVENT: Final = Kind(
    27,
    "campaign_event",
    Writer.HUB,
    Audience.OWNER_SITE,
    (
        group(
            0,
            "event",
            code("campaign_no"),
            code("event", *CAMPAIGN_EVENTS),
            date("happened_on"),
            code("file_reference"),
            integer("plan_version", 1),
            octets("plan_hash"),
            resolver=Resolver.ONCE,
        ),
        retracted(1),
        group(2, "grounds", code("reason", *CAMPAIGN_WITHDRAWAL_REASONS), text("explanation"), resolver=Resolver.ONCE),
        group(3, "withdrawals", octets("withdrawn_members"), integer("withdrawn_count"), resolver=Resolver.ONCE),
    ),
    is_fact=True,
)
"""What happened in a campaign before the law: the hub's alone, since an investigation is nobody else's business yet."""

NODE: Final = Kind(
    17,
    "node",
    Writer.HUB,
    Audience.ALL,
    (
        one(0, reference("dealer_id", "dealer_site"), Resolver.ONCE),
        group(1, "keys", octets("signing_key"), octets("exchange_key")),
        Register(2, "status", (code("status", "active", "suspended", "revoked"),), Resolver.RESTRICTIVE),
        one(3, instant("enrolled_at")),
        one(4, text("node_name")),
    ),
    parent="dealer_id",
)

REVOCATION: Final = Kind(
    18,
    "revocation",
    Writer.HUB,
    Audience.ALL,
    (
        group(
            0,
            "order",
            reference("node_id", "node"),
            octets("key_id"),
            code("revocation_kind", "retired", "compromised"),
            integer("suspect_from_position"),
            text("reason"),
            resolver=Resolver.ONCE,
        ),
        retracted(1),
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
        group(
            0,
            "change",
            reference("node_id", "node"),
            octets("new_signing_key"),
            octets("new_exchange_key"),
            octets("proof"),
            resolver=Resolver.ONCE,
        ),
        retracted(1),
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
        group(
            0,
            "order",
            octets("record_ids"),
            integer("groups", 1, 15),
            code("ground", "request", "retention", "order"),
            resolver=Resolver.ONCE,
        ),
        retracted(1),
    ),
    is_fact=True,
)

HUB_KEY: Final = Kind(
    21,
    "hub_key",
    Writer.HUB,
    Audience.ALL,
    (
        group(0, "key", code("purpose", "sign", "exchange", "export"), octets("public_key"), resolver=Resolver.ONCE),
        Register(1, "status", (code("status", "active", "retired", "revoked"),), Resolver.RESTRICTIVE),
    ),
)
