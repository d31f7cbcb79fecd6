"""Every statement of the store, built from the tables and compiled once per database product.

Decides the SQL. The text is made by SQLAlchemy from `tables`, so a renamed column fails at start; it runs on the
driver's own cursor with positional parameters, because an ORM in this path costs twenty times the rows it writes.
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    LargeBinary,
    Select,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    text,
    tuple_,
    union,
    union_all,
    update,
)
from sqlalchemy.sql.expression import Executable

from carnet_hub.adapters.count_statements import CountStatements
from carnet_hub.adapters.dialects import Dialect
from carnet_hub.adapters.master_statements import MasterStatements
from carnet_hub.adapters.master_tables import ALL_TABLES as TABLES
from carnet_hub.adapters.sql_text import Condition, LookUp, Statement, compiled
from carnet_hub.adapters.tables import SETTINGS
from carnet_hub.core import rows
from carnet_hub.core.anchor_rows import FormerAnchorRow, PlateKeyRow
from carnet_hub.core.kind_rules import PARTY_KINDS
from carnet_hub.core.look_up_rows import LookUpRow
from carnet_hub.core.sets.present import HUB_EPOCH
from carnet_hub.core.stewardship.models_in_use import ACTIVE, POLICY

LOG: Final = TABLES[rows.LogRow].c
ADMISSION: Final = TABLES[rows.AdmissionRow].c
CHAIN: Final = TABLES[rows.ChainRow].c
EPOCH: Final = TABLES[rows.EpochRow].c
RECORD: Final = TABLES[rows.RecordRow].c
SETTLED: Final = TABLES[rows.SettledRow].c
FORMER: Final = TABLES[FormerAnchorRow].c
PLATE: Final = TABLES[PlateKeyRow].c
FEED: Final = TABLES[rows.FeedRow].c
ASSIGNMENT: Final = TABLES[rows.AssignmentRow].c
DAY: Final = TABLES[rows.AssignmentDayRow].c
LOOK_UP: Final = TABLES[LookUpRow].c
VOID: Final = TABLES[rows.VoidRow].c
WAITING: Final = TABLES[rows.WaitingRow].c
ERASED: Final = TABLES[rows.ErasedRow].c
SEALED: Final = TABLES[rows.SealedRow].c
KEY: Final = TABLES[rows.KeyRow].c
DEALER: Final = TABLES[rows.DealerRow].c
EVIDENCE: Final = TABLES[rows.EvidenceRow].c
INVITE: Final = TABLES[rows.InviteRow].c
STATUS: Final = TABLES[rows.NodeStatusRow].c
HELLO: Final = TABLES[rows.HelloRow].c

ASKED_OFTEN: Final = (HUB_EPOCH, ACTIVE, POLICY)
"""Settings that every transaction asks for that takes customers in."""

SETTLED_PLACE: Final = ("position", "kind", "id", "register_no", "overruled", "by")
"""Columns of `rows.SettledPlace`."""


class Statements:
    """All statements for one database product."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.puts = {row_type: self._put(row_type) for row_type in TABLES}
        self.removals = {row_type: self._removal(row_type) for row_type in TABLES}
        self.clears = {row_type: self._text(delete(table)) for row_type, table in TABLES.items()}
        self.scans = {
            row_type: self._text(select(table).order_by(*table.primary_key.columns))
            for row_type, table in TABLES.items()
        }
        self._settings()
        self._log()
        self._sets()
        self._records()
        self._assignments()
        self._look_ups()
        self._people()
        self.master = MasterStatements(dialect)
        self.counts = CountStatements(dialect)

    def _text(self, statement: Executable) -> Statement:
        return compiled(statement, self.dialect)

    def _by(self, column: Column[Any], build: Callable[[Condition], Executable]) -> LookUp:
        return LookUp(self.dialect, column, build)

    def _put(self, row_type: type[rows.Row]) -> Statement:
        table = TABLES[row_type]
        statement = self._text(insert(table) if row_type is rows.LogRow else self.dialect.upsert(table))
        if statement.names != row_type._fields:
            raise AssertionError(f"columns of {table.name} differ from its row type")
        return statement

    def _removal(self, row_type: type[rows.Row]) -> Statement:
        keys = TABLES[row_type].primary_key.columns
        return self._text(delete(TABLES[row_type]).where(and_(*(key == bindparam(key.name) for key in keys))))

    def _settings(self) -> None:
        self.setting = self._text(select(SETTINGS.c.value).where(SETTINGS.c.name == bindparam("name")))
        named = (select(SETTINGS.c.name, SETTINGS.c.value).where(SETTINGS.c.name == name) for name in ASKED_OFTEN)
        self.asked_often = self._text(union_all(*named))
        self.set_setting = self._text(self.dialect.upsert(SETTINGS))

    def _log(self) -> None:
        end = select(LOG.position, LOG.received_ms).order_by(LOG.position.desc())
        self.head = self._text(end.limit(bindparam("limit")))
        self.log_rows = self._by(LOG.position, lambda hit: select(TABLES[rows.LogRow]).where(hit))
        self.log_facts = self._by(LOG.position, lambda hit: _log_facts().where(hit))
        self.log_after = self._text(_after(select(TABLES[rows.LogRow]), LOG.position))
        self.commit_times = self._by(LOG.position, lambda hit: select(LOG.position, LOG.received_ms).where(hit))
        self.change_opening = self._text(
            update(TABLES[rows.LogRow]).where(LOG.position == bindparam("at")).values(opening=bindparam("value"))
        )
        within = and_(LOG.position > bindparam("after"), LOG.position <= bindparam("upto"))
        sets = select(TABLES[rows.LogRow]).where(text("is_broadcast"), within).order_by(LOG.position)
        self.hub_sets = self._text(sets.limit(bindparam("limit")))
        self.outcomes = self._text(_outcomes())

    def _sets(self) -> None:
        admission = select(TABLES[rows.AdmissionRow])
        self.admissions = self._by(ADMISSION.nonce, admission.where)
        in_state = admission.where(text("state > 1"), ADMISSION.state == bindparam("state"))
        self.admissions_in = self._text(_after(in_state, ADMISSION.decided_at))
        counts = select(ADMISSION.node_id, func.count(ADMISSION.nonce)).group_by(ADMISSION.node_id)
        self.set_counts = self._text(counts.where(text("state > 1"), ADMISSION.state == bindparam("state")))
        self.epochs = self._by(EPOCH.node_id, lambda hit: select(TABLES[rows.EpochRow]).where(hit))
        in_epoch = and_(CHAIN.node_id == bindparam("node"), CHAIN.epoch == bindparam("epoch"))
        chain = select(TABLES[rows.ChainRow]).where(in_epoch)
        self.chain_places = self._by(CHAIN.seq, chain.where)
        self.chain_after = self._text(_after(chain, CHAIN.seq))
        self.voids = self._by(VOID.op, lambda hit: select(TABLES[rows.VoidRow]).where(hit))
        waiting = select(TABLES[rows.WaitingRow])
        self.waiting_for = self._by(WAITING.base_nonce, waiting.where)
        self.waiting_of = self._by(WAITING.nonce, waiting.where)

    def _records(self) -> None:
        record = select(TABLES[rows.RecordRow])
        of_kind = RECORD.kind == bindparam("kind")
        self.records = self._by(RECORD.id, lambda hit: record.where(of_kind, hit))
        self.records_of_kind = self._text(record.where(of_kind).order_by(RECORD.id))
        self.anchored = self._by(
            RECORD.anchor,
            lambda hit: select(RECORD.anchor, RECORD.kind, RECORD.id).where(RECORD.anchor.is_not(None), hit),
        )
        self.formerly_anchored = self._by(FORMER.vehicle, lambda hit: select(TABLES[FormerAnchorRow]).where(hit))
        self.children = self._by(RECORD.parent, lambda hit: record.where(RECORD.parent.is_not(None), hit))
        of_party = text(f"kind IN ({', '.join(map(str, PARTY_KINDS))})")
        self.party_records = self._by(
            RECORD.parent, lambda hit: record.where(RECORD.parent.is_not(None), of_party, hit)
        )
        behind = tuple_(RECORD.kind, RECORD.id) > tuple_(bindparam("after_kind"), bindparam("after_id"))
        contested = record.where(text("contests > 0"), behind).order_by(RECORD.kind, RECORD.id)
        self.contested = self._text(contested.limit(bindparam("limit")))
        settled = select(TABLES[rows.SettledRow])
        self.settled = self._by(SETTLED.id, lambda hit: settled.where(SETTLED.kind == bindparam("kind"), hit))
        place = [SETTLED[name] for name in SETTLED_PLACE]
        later = tuple_(*place) > tuple_(*(bindparam(f"after_{name}") for name in SETTLED_PLACE))
        self.settled_after = self._text(settled.where(later).order_by(*place).limit(bindparam("limit")))
        self.erased = self._by(ERASED.record, lambda hit: select(TABLES[rows.ErasedRow]).where(hit))
        self.sealed = self._by(SEALED.record, lambda hit: select(SEALED.position).where(hit))
        feed = select(TABLES[rows.FeedRow])
        self.feed = self._text(_after(feed.where(FEED.dealer_id == bindparam("dealer")), FEED.place))
        of_dealer = feed.where(FEED.dealer_id == bindparam("dealer"))
        self.feed_of = self._text(of_dealer.order_by(FEED.kind, FEED.id))

    def _assignments(self) -> None:
        assignment = select(TABLES[rows.AssignmentRow])
        self.assignments = self._by(ASSIGNMENT.vehicle_id, assignment.where)
        by_expiry = assignment.order_by(ASSIGNMENT.expires_ms, ASSIGNMENT.vehicle_id, ASSIGNMENT.dealer_id)
        self.next_expiries = self._text(by_expiry.limit(bindparam("limit")))
        behind = tuple_(ASSIGNMENT.since, ASSIGNMENT.vehicle_id) > tuple_(
            bindparam("after_since"), bindparam("after_vehicle")
        )
        of_dealer = assignment.where(ASSIGNMENT.dealer_id == bindparam("dealer"), behind)
        self.assignments_of = self._text(
            of_dealer.order_by(ASSIGNMENT.since, ASSIGNMENT.vehicle_id).limit(bindparam("limit"))
        )
        day = select(TABLES[rows.AssignmentDayRow]).where(DAY.day == bindparam("day"))
        self.assignment_days = self._text(day.order_by(DAY.dealer_id))
        self.assignment_day = self._by(DAY.dealer_id, day.where)

    def _look_ups(self) -> None:
        of_dealer = (
            LOOK_UP.dealer_id == bindparam("dealer"),
            LOOK_UP.at_ms >= bindparam("since"),
            LOOK_UP.operator == "",
        )
        found = select(TABLES[LookUpRow]).where(*of_dealer)
        newest = found.order_by(LOOK_UP.at_ms.desc(), LOOK_UP.look_up_id.desc())
        self.look_ups_of = self._text(newest.limit(bindparam("limit")))
        wearing = select(PLATE.record).where(PLATE.key == bindparam("key")).order_by(PLATE.record)
        self.plates_under = self._text(wearing.limit(bindparam("limit")))

    def _people(self) -> None:
        site_status = func.coalesce(DEALER.status, literal_column("''"))
        node = select(
            KEY.node_id, KEY.dealer_id, KEY.key_id, KEY.signing_key, KEY.exchange_key, KEY.status, site_status
        ).select_from(TABLES[rows.KeyRow].outerjoin(TABLES[rows.DealerRow], KEY.dealer_id == DEALER.dealer_id))
        self.nodes_by_key = self._by(KEY.key_id, node.where)
        current = node.where(KEY.status != literal_column("'retired'"))
        self.keys_of = self._by(KEY.node_id, lambda hit: select(TABLES[rows.KeyRow]).where(hit))
        self.nodes = self._text(current.order_by(KEY.node_id))
        self.dealers = self._by(DEALER.dealer_id, lambda hit: select(TABLES[rows.DealerRow]).where(hit))
        self.invite = self._text(select(TABLES[rows.InviteRow]).where(INVITE.code_id == bindparam("code")))
        self.statuses = self._by(STATUS.node_id, lambda hit: select(TABLES[rows.NodeStatusRow]).where(hit))
        self.hellos = self._by(HELLO.node_id, lambda hit: select(TABLES[rows.HelloRow]).where(hit))
        of_node = EVIDENCE.node_id == bindparam("node")
        self.evidence_count = self._text(select(func.count(EVIDENCE.set_hash)).where(of_node))
        evidence = select(TABLES[rows.EvidenceRow]).where(of_node)
        self.evidence = self._text(evidence.order_by(EVIDENCE.received_ms.desc()).limit(bindparam("limit")))


def _outcomes() -> Select[Any]:
    """Deciding entries of a node's own sets, also of those it re-emitted for another node of its site."""
    node: BindParameter[bytes] = bindparam("node")
    after: BindParameter[int] = bindparam("after")
    upto: BindParameter[int] = bindparam("upto")
    own = select(ADMISSION.decided_at).where(
        ADMISSION.node_id == node, ADMISSION.decided_at > after, ADMISSION.decided_at <= upto
    )
    sets = TABLES[rows.ChainRow].join(TABLES[rows.AdmissionRow], CHAIN.nonce == ADMISSION.nonce)
    is_news = or_(ADMISSION.decided_at > after, CHAIN.position > after)
    again = select(ADMISSION.decided_at).select_from(sets).where(text("is_repeat"), CHAIN.node_id == node, is_news)
    hit = LOG.position.in_(union(own, again))
    return _log_facts().where(hit).order_by(LOG.position).limit(bindparam("limit"))


def _log_facts() -> Select[Any]:
    """Log entries without their bytes."""
    columns: list[ColumnElement[Any]] = [
        null().label("message") if column is LOG.message else column
        for column in TABLES[rows.LogRow].columns
        if column is not LOG.opening
    ]
    nothing = cast(literal_column("''"), LargeBinary).label("opening")
    columns.insert(list(TABLES[rows.LogRow].columns).index(LOG.opening), nothing)
    return select(*columns)


def _after(statement: Select[Any], column: Column[Any]) -> Select[Any]:
    """The next rows behind a value of a column."""
    return statement.where(column > bindparam("after")).order_by(column).limit(bindparam("limit"))
