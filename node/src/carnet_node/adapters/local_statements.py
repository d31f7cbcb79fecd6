"""SQL of the tables that belong to one node alone, compiled once from `local_tables`."""

from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects import sqlite

from carnet_node.adapters import local_tables
from carnet_node.adapters.statements import STORED_COLUMNS, Statement, by_key, upsert
from carnet_node.adapters.tables import IN_SHOP, IN_WORK, NODE_METADATA, REQUESTED, SETTLED, projection_table
from carnet_node.core.local_facts import INVENTED_NAME

MODULE: Final = local_tables
"""Importing it is what declares the tables."""


def _table(name: str) -> Table:
    return NODE_METADATA.tables[name]


_credential, _failure, _session = _table("staff_credential"), _table("login_failure"), _table("staff_session")
_draft, _access, _not_same = _table("form_draft"), _table("access_entry"), _table("not_same")
_limit: BindParameter[int] = bindparam("row_limit")

GET_CREDENTIAL: Final = by_key(_credential)
CREDENTIALS: Final = Statement(select(_credential).order_by(_credential.c.staff))
PUT_CREDENTIAL: Final = upsert(_credential)
DROP_CREDENTIAL: Final = Statement(delete(_credential).where(_credential.c.staff == bindparam("staff")))

GET_FAILURES: Final = by_key(_failure)
PUT_FAILURES: Final = upsert(_failure)
DROP_FAILURES: Final = Statement(delete(_failure).where(_failure.c.name_hash == bindparam("name_hash")))
_is_invented = func.substr(_failure.c.name_hash, 1, len(INVENTED_NAME)) == INVENTED_NAME
_newest_invented = select(_failure.c.name_hash).where(_is_invented).order_by(_failure.c.last_ms.desc()).limit(_limit)
TRIM_FAILURES: Final = Statement(delete(_failure).where(_is_invented, _failure.c.name_hash.not_in(_newest_invented)))

GET_SESSION: Final = by_key(_session)
SESSIONS_OF: Final = Statement(
    select(_session)
    .where(_session.c.staff == bindparam("staff"))
    .order_by(_session.c.opened_ms.desc(), _session.c.token_hash)
)
PUT_SESSION: Final = upsert(_session)
DROP_SESSION: Final = Statement(delete(_session).where(_session.c.token_hash == bindparam("token_hash")))
DROP_SESSIONS_OF: Final = Statement(delete(_session).where(_session.c.staff == bindparam("staff")))
DROP_SESSIONS_BEFORE: Final = Statement(delete(_session).where(_session.c.opened_ms < bindparam("before")))
DROP_SESSIONS: Final = Statement(delete(_session))

GET_DRAFT: Final = by_key(_draft)
DRAFTS_OF: Final = Statement(
    select(_draft).where(_draft.c.staff == bindparam("staff")).order_by(_draft.c.saved_ms.desc(), _draft.c.form)
)
PUT_DRAFT: Final = upsert(_draft)
DROP_DRAFT: Final = Statement(
    delete(_draft).where(_draft.c.staff == bindparam("staff"), _draft.c.form == bindparam("form"))
)
DROP_DRAFTS_BEFORE: Final = Statement(delete(_draft).where(_draft.c.saved_ms < bindparam("before")))
DROP_DRAFTS_ABOUT: Final = Statement(delete(_draft).where(_draft.c.record == bindparam("record")))

ADD_ACCESS: Final = Statement(
    sqlite.insert(_access).values(
        {column.name: bindparam(column.name) for column in _access.columns if column.name != "entry_no"}
    )
)
FORGET_ACCESS: Final = Statement(delete(_access).where(_access.c.at_ms < bindparam("before")))
_entry = select(_access).where(_access.c.at_ms >= bindparam("since"))
_newest = (_access.c.at_ms.desc(), _access.c.entry_no.desc())
ACCESSES: Final = Statement(_entry.order_by(*_newest).limit(_limit))
ACCESSES_OF: Final = Statement(_entry.where(_access.c.staff == bindparam("staff")).order_by(*_newest).limit(_limit))

PUT_NOT_SAME: Final = upsert(_not_same)
NOT_SAME_WITH: Final = Statement(
    select(_not_same)
    .where(or_(_not_same.c.first == bindparam("record"), _not_same.c.second == bindparam("other")))
    .order_by(_not_same.c.at_ms.desc())
    .limit(literal_column("1000"))
)
DROP_NOT_SAME: Final = Statement(
    delete(_not_same).where(_not_same.c.first == bindparam("first"), _not_same.c.second == bindparam("second"))
)

_key = _table("name_key")
KEYS_OF: Final = Statement(select(_key.c.key).where(_key.c.record == bindparam("record")))
ADD_KEY: Final = Statement(insert(_key).values(key=bindparam("key"), record=bindparam("record")))
DROP_KEY: Final = Statement(delete(_key).where(_key.c.key == bindparam("key"), _key.c.record == bindparam("record")))
DROP_KEYS: Final = Statement(delete(_key))

_link = _table("golden_link")
LINKS_OF: Final = Statement(select(_link.c.record).where(_link.c.golden == bindparam("golden")))
ADD_LINK: Final = Statement(insert(_link).values(record=bindparam("record"), golden=bindparam("golden")))
DROP_LINK: Final = Statement(
    delete(_link).where(_link.c.record == bindparam("record"), _link.c.golden == bindparam("golden"))
)
DROP_LINKS: Final = Statement(delete(_link))


@cache
def golden_of() -> Statement:
    """Visible golden records that an id leads to."""
    of = projection_table("golden")
    found = _stored(of).join(_link, _link.c.golden == of.c.id).where(_link.c.record == bindparam("record"))
    return Statement(found.order_by(of.c.id).limit(_limit))


@cache
def customers_by_key() -> Statement:
    """Visible customers with a key in a half-open range."""
    of = projection_table("customer")
    asked = (_key.c.key >= bindparam("low"), _key.c.key < bindparam("high"))
    found = _stored(of).join(_key, _key.c.record == of.c.id).where(*asked)
    return Statement(found.order_by(_key.c.key, _key.c.record).limit(_limit))


@cache
def orders_to_do() -> Statement:
    """Orders of a site whose car somebody still has to work on."""
    of = projection_table("visit")
    found = _stored(of).where(IN_SHOP, of.c.status != SETTLED, *_own_car(of))
    return Statement(found.order_by(of.c.promised_at).limit(_limit))


@cache
def orders_settled() -> Statement:
    """Orders of a site that are settled while the car is still there, or nobody has said that it went."""
    of = projection_table("visit")
    found = _stored(of).where(IN_SHOP, of.c.status == SETTLED, *_own_car(of))
    return Statement(found.order_by(of.c.promised_at).limit(_limit))


@cache
def newest_in_shop() -> Statement:
    """Orders of a site whose car has not been handed over, settled ones among them."""
    of = projection_table("visit")
    found = _stored(of).where(IN_SHOP, *_own_car(of))
    return Statement(found.order_by(of.c.opened_at.desc()).limit(_limit))


@cache
def orders_of_advisor() -> Statement:
    """Orders of a site that one advisor still has to work on."""
    of = projection_table("visit")
    his = (of.c.owner == bindparam("owner"), of.c.advisor_code == bindparam("advisor_code"))
    found = _stored(of).where(IN_SHOP, of.c.status != SETTLED, *his)
    return Statement(found.order_by(of.c.promised_at).limit(_limit))


@cache
def overdue_orders() -> Statement:
    """How many orders of a site are in work past a moment."""
    of = projection_table("visit")
    late = (*_own_car(of), of.c.promised_at < bindparam("before"))
    return Statement(select(func.count()).select_from(of).where(IN_SHOP, IN_WORK, *late, *_visible(of)))


@cache
def orders_opened() -> Statement:
    """Orders of a site opened in a half-open span."""
    of = projection_table("visit")
    span = (of.c.opened_at >= bindparam("since"), of.c.opened_at < bindparam("before"))
    found = _stored(of).where(*span, of.c.owner == bindparam("owner"))
    return Statement(found.order_by(of.c.opened_at.desc()).limit(_limit))


@cache
def appointments_of() -> Statement:
    """Appointments of a site whose slot begins in a half-open span."""
    of = projection_table("appointment")
    span = (of.c.starts_at >= bindparam("since"), of.c.starts_at < bindparam("before"))
    found = _stored(of).where(*span, of.c.owner == bindparam("owner"))
    return Statement(found.order_by(of.c.starts_at).limit(_limit))


@cache
def appointments_requested() -> Statement:
    """Appointments of a site that wait for a slot."""
    of = projection_table("appointment")
    found = _stored(of).where(REQUESTED, of.c.owner == bindparam("owner"))
    return Statement(found.order_by(of.c.requested_at).limit(_limit))


def _stored(of: Table) -> Select[Any]:
    return select(*[of.c[name] for name in STORED_COLUMNS]).where(*_visible(of))


def _own_car(of: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Orders of a site for which a car came: none that corrects another one, since its car left with that."""
    return of.c.owner == bindparam("owner"), of.c.corrects_id.is_(None)


def _visible(of: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return of.c.is_deleted == literal_column("0"), of.c.is_hidden == literal_column("0")
