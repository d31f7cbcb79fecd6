"""The kinds around settling an order: what it came to for each pay type, and who pays which part of it.

Decides what is written down when a bill is settled. Both are facts of one dealer site and are received by that site
alone: no other site sees prices. Money is whole fen. Only a share may be negative: a correction order gives back. Which
totals agree is a rule of the node.
"""

from typing import Final

from carnet_protocol.kinds.fields import INTEGER_MAX, code, group, instant, integer, reference, retracted
from carnet_protocol.kinds.workshop import PAY_TYPES
from carnet_protocol.registry import Audience, Kind, Resolver, Writer

DISCOUNT_REASONS: Final = ("goodwill", "member", "offer", "rounding", "other")
PAYER_KINDS: Final = ("customer", "insurer", "maker", "own_site", "other")
PAY_METHODS: Final = ("cash", "card", "transfer", "wechat_pay", "alipay", "account", "claim", "other")

SETTLEMENT: Final = Kind(
    35,
    "settlement",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        group(
            0,
            "settlement",
            reference("visit_id", "visit"),
            code("settlement_no"),
            instant("settled_at"),
            resolver=Resolver.ONCE,
        ),
        group(
            1,
            "gross",
            integer("customer_gross_fen"),
            integer("warranty_gross_fen"),
            integer("internal_gross_fen"),
            resolver=Resolver.ONCE,
        ),
        group(
            2,
            "discount",
            integer("customer_discount_fen"),
            integer("warranty_discount_fen"),
            integer("internal_discount_fen"),
            code("discount_reason", *DISCOUNT_REASONS),
            resolver=Resolver.ONCE,
        ),
        group(
            3,
            "credit",
            integer("customer_credit_fen"),
            integer("warranty_credit_fen"),
            integer("internal_credit_fen"),
            resolver=Resolver.ONCE,
        ),
        retracted(4),
    ),
    parent="visit_id",
    is_fact=True,
)
"""An order was settled: the sum of its lines, what was let off, and what the order that it corrects had settled."""

SETTLEMENT_SHARE: Final = Kind(
    36,
    "settlement_share",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        group(
            0,
            "share",
            reference("visit_id", "visit"),
            reference("settlement_id", "settlement"),
            code("pay_type", *PAY_TYPES),
            code("payer_kind", *PAYER_KINDS),
            reference("customer_id", "customer"),
            integer("share_fen", -INTEGER_MAX),
            code("pay_method", *PAY_METHODS),
            resolver=Resolver.ONCE,
        ),
        retracted(1),
    ),
    parent="visit_id",
    is_fact=True,
)
"""One payer's part of a settlement; the shares of a pay type add up to what is due for it."""
