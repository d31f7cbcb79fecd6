"""The kinds around a customer: who they are, how to reach them, and what they allow.

Decides the source record that one dealer site keeps of a party. Only that site writes it; the hub joins sites in the
master.
"""

from typing import Final

from carnet_protocol.kinds.fields import (
    code,
    date,
    flag,
    group,
    instant,
    integer,
    one,
    personal,
    reference,
    retracted,
    text,
)
from carnet_protocol.registry import Audience, ErasureGroup, Kind, Privacy, Register, Resolver, Writer

CUSTOMER: Final = Kind(
    3,
    "customer",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        one(0, code("party_kind", "person", "company"), Resolver.STEWARD),
        personal(
            1,
            "name",
            ErasureGroup.IDENTITY,
            text("full_name"),
            text("pinyin"),
            text("salutation"),
            code("sex", "female", "male", "unknown"),
            resolver=Resolver.STEWARD,
        ),
        Register(
            2,
            "id_document",
            (code("id_type", "resident_id", "passport", "hk_macau", "other"), text("id_no"), text("id_name")),
            Resolver.STEWARD,
            Privacy.SECRET,
            ErasureGroup.SECRET,
            True,
        ),
        personal(
            3,
            "birth",
            ErasureGroup.IDENTITY,
            date("birth_on"),
            code("birth_calendar", "solar", "lunar"),
            flag("birth_leap_month"),
            resolver=Resolver.STEWARD,
        ),
        personal(
            4,
            "company",
            ErasureGroup.IDENTITY,
            text("company_name"),
            code("credit_code"),
            text("company_contact"),
            resolver=Resolver.STEWARD,
        ),
        one(5, code("segment", "private", "company", "taxi")),
        one(6, code("lead_source"), Resolver.ONCE),
        personal(7, "note", ErasureGroup.NOTES, text("note")),
        personal(8, "messenger", ErasureGroup.CONTACT, text("wechat")),
    ),
)

PHONE: Final = Kind(
    4,
    "phone",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        one(0, reference("customer_id", "customer"), Resolver.ONCE),
        personal(
            1, "number", ErasureGroup.CONTACT, text("number"), code("phone_kind", "mobile", "home", "work", "fax")
        ),
        one(2, flag("is_preferred")),
        one(3, instant("verified_at")),
        one(4, flag("is_bad")),
    ),
    parent="customer_id",
)

ADDRESS: Final = Kind(
    5,
    "address",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        one(0, reference("customer_id", "customer"), Resolver.ONCE),
        personal(
            1,
            "place",
            ErasureGroup.CONTACT,
            code("province_code"),
            code("city_code"),
            code("district_code"),
            text("street"),
            code("postcode"),
        ),
        one(2, code("address_kind", "home", "work", "registered", "post")),
        group(3, "validity", date("from_on"), date("to_on")),
        one(4, instant("verified_at")),
    ),
    parent="customer_id",
)

CONTACT_PREFERENCE: Final = Kind(
    6,
    "contact_preference",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        one(0, reference("customer_id", "customer"), Resolver.ONCE),
        Register(1, "do_not_contact", (flag("do_not_contact"),), Resolver.RESTRICTIVE),
        one(2, code("channel", "phone", "sms", "wechat", "email", "post")),
        group(3, "window", integer("from_hour", 0, 23), integer("to_hour", 0, 23)),
        one(4, integer("contacts_per_month_max", 0, 31)),
    ),
    parent="customer_id",
)

CONSENT: Final = Kind(
    7,
    "consent",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        group(
            0,
            "statement",
            reference("customer_id", "customer"),
            code("purpose", "service", "marketing", "survey", "sharing", "recall"),
            code("channel"),
            code("statement", "granted", "withdrawn"),
            instant("stated_at"),
            code("evidence"),
            resolver=Resolver.ONCE,
        ),
        retracted(1),
    ),
    parent="customer_id",
    is_fact=True,
)
