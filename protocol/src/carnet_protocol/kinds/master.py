"""The kinds of the customer master: what was decided about who is who, and what a site gets to see of it.

Decides the two records behind "one person is one customer". An *identity* decision is a fact of the hub about two
customers; it stands in the hub's log and nowhere else, and holds no personal value. A *golden* record is what the hub
derives from linked customers, made for one reader when a page is read; nobody ever writes one. How decisions become
clusters is the master's business (`carnet_master.clusters`), which values a reader gets is the hub's.

Fields of one golden value travel together with where it comes from: the site, that site's own record if the reader may
know it, and when it was written.
"""

from typing import Final

from carnet_protocol.kinds.fields import (
    INTEGER_MAX,
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
from carnet_protocol.registry import Audience, ErasureGroup, Field, Kind, Register, Resolver, Writer

IDENTITY_EFFECTS: Final = ("link", "split", "retract", "relate", "propose", "dismiss", "pin")
IDENTITY_AUTHORITIES: Final = ("auto", "steward")

IDENTITY: Final = Kind(
    25,
    "identity",
    Writer.HUB,
    Audience.OWNER_SITE,
    (
        group(
            0,
            "decision",
            reference("one_id", "customer"),
            reference("other_id", "customer"),
            code("effect", *IDENTITY_EFFECTS),
            code("authority", *IDENTITY_AUTHORITIES),
            code("cause"),
            reference("target_id", "identity"),
            code("decided_by"),
            resolver=Resolver.ONCE,
        ),
        group(
            1,
            "grounds",
            integer("weight_nanobits", -INTEGER_MAX),
            octets("levels"),
            octets("model_id"),
            resolver=Resolver.ONCE,
        ),
        retracted(2),
    ),
    is_fact=True,
)
"""One decision about two customers, by the matcher or by a steward, with the evidence it rests on."""


def _source(of: str) -> tuple[Field, Field, Field]:
    """Where a golden value comes from."""
    return reference(f"{of}_site_id", "dealer_site"), reference(f"{of}_record_id", "customer"), instant(f"{of}_at")


def _phone(number: int, name: str) -> Register:
    return personal(number, name, ErasureGroup.CONTACT, text(name), code(f"{name}_kind"), *_source(name), masked=False)


GOLDEN: Final = Kind(
    26,
    "golden",
    Writer.HUB,
    Audience.OWNER_SITE,
    (
        group(
            0, "cluster", octets("own_record_ids"), octets("former_ids"), integer("record_count"), integer("site_count")
        ),
        one(1, code("party_kind", "person", "company")),
        Register(2, "do_not_contact", (flag("do_not_contact"),), Resolver.RESTRICTIVE),
        personal(
            3,
            "name",
            ErasureGroup.IDENTITY,
            text("full_name"),
            text("salutation"),
            code("sex", "female", "male", "unknown"),
            *_source("name"),
            masked=False,
        ),
        personal(
            4,
            "birth",
            ErasureGroup.IDENTITY,
            date("birth_on"),
            code("birth_calendar", "solar", "lunar"),
            flag("birth_leap_month"),
            *_source("birth"),
            masked=False,
        ),
        personal(
            5,
            "company",
            ErasureGroup.IDENTITY,
            text("company_name"),
            code("credit_code"),
            text("company_contact"),
            *_source("company"),
            masked=False,
        ),
        _phone(6, "phone"),
        _phone(7, "phone_2"),
        _phone(8, "phone_3"),
        personal(
            9,
            "place",
            ErasureGroup.CONTACT,
            code("province_code"),
            code("city_code"),
            code("district_code"),
            text("street"),
            code("postcode"),
            *_source("place"),
            masked=False,
        ),
    ),
)
"""What one reader gets of a cluster of at least two source records: its own record ids, former ids, golden values."""
