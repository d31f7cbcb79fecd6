"""SQL of the node's store, compiled once from the SQLModel tables.

Decides the statements; `read_transaction` and `write_transaction` decide when they run. Stating them in terms of the
tables means that a column that is added to one of them appears in every statement that needs it, and that a misspelt
one fails at import instead of at a dealer's desk. A statement becomes text when it is first used: a command uses few.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    Compiled,
    Table,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import sqlite

from carnet_node.adapters import tables
from carnet_node.adapters.indexed_fields import SEARCHED
from carnet_node.adapters.tables import NODE_METADATA, projection_table
from carnet_protocol.messages import Verdict
from carnet_storage.adapters.sqlite_text import sqlite_text

_DIALECT: Final = sqlite_text()


class Statement:
    """A clause as text for SQLite, made when it is first used."""

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause

    @cached_property
    def sql(self) -> str:
        """The text."""
        return str(self._compiled)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Its parameters, in the order of the text."""
        return tuple(self._compiled.positiontup or ())  # type: ignore[attr-defined]

    @cached_property
    def constants(self) -> Mapping[str, Any]:
        """Parameters that never change."""
        return {name: value for name, value in self._compiled.params.items() if value is not None}

    def arguments(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values in the order the text wants them."""
        if self.constants:
            values = {**self.constants, **values}
        return tuple([values[name] for name in self.names])

    @cached_property
    def _compiled(self) -> Compiled:
        return self._clause.compile(dialect=_DIALECT)


def table(name: str) -> Table:
    """A bookkeeping table."""
    return NODE_METADATA.tables[name]


def upsert(into: Table) -> Statement:
    """Insert a whole row, or replace every column of the row with the same primary key."""
    insert = sqlite.insert(into).values({column.name: bindparam(column.name) for column in into.columns})
    keys = [column.name for column in into.primary_key]
    others = {column.name: insert.excluded[column.name] for column in into.columns if column.name not in keys}
    if not others:
        return Statement(insert.on_conflict_do_nothing())
    return Statement(insert.on_conflict_do_update(index_elements=keys, set_=others))


def insert_new(into: Table) -> Statement:
    """Insert a whole row; do nothing when its key is taken."""
    insert = sqlite.insert(into).values({column.name: bindparam(column.name) for column in into.columns})
    return Statement(insert.on_conflict_do_nothing())


def by_key(of: Table) -> Statement:
    """Every column of the row with a primary key."""
    return Statement(select(of).where(*[column == bindparam(column.name) for column in of.primary_key]))


STORED_COLUMNS: Final = ("id", "owner", "entries", "mark", "is_deleted", "is_hidden")


@dataclass(frozen=True, slots=True)
class ProjectionStatements:
    """What is asked of one projection table."""

    put: Statement
    drop: Statement
    drop_all: Statement
    get: Statement
    columns: Statement
    after: Statement
    deleted: Statement
    every: Statement
    contested: Statement


@cache
def projection(kind: str) -> ProjectionStatements:
    """The statements of a kind's projection table."""
    of = projection_table(kind)
    stored = select(*[of.c[name] for name in STORED_COLUMNS])
    visible = (of.c.is_deleted == literal_column("0"), of.c.is_hidden == literal_column("0"))
    limit: BindParameter[int] = bindparam("row_limit")
    return ProjectionStatements(
        put=upsert(of),
        drop=Statement(delete(of).where(of.c.id == bindparam("id"))),
        drop_all=Statement(delete(of)),
        get=Statement(stored.where(of.c.id == bindparam("id"))),
        columns=by_key(of),
        after=Statement(stored.where(of.c.id > bindparam("after"), *visible).order_by(of.c.id).limit(limit)),
        deleted=Statement(
            stored.where(of.c.id > bindparam("after"), of.c.is_deleted == literal_column("1"))
            .order_by(of.c.id)
            .limit(limit)
        ),
        every=Statement(stored.order_by(of.c.id)),
        contested=Statement(stored.where(of.c.is_contested, *visible).order_by(of.c.id)),
    )


@cache
def find(kind: str, column: str) -> Statement:
    """Visible records by a value, behind an id, by ascending id."""
    of = projection_table(kind)
    visible = (of.c.is_deleted == literal_column("0"), of.c.is_hidden == literal_column("0"))
    wanted = (of.c[column] == bindparam("value"), of.c.id > bindparam("after"))
    stored = select(*[of.c[name] for name in STORED_COLUMNS]).where(*wanted, *visible)
    return Statement(stored.order_by(of.c.id).limit(bindparam("row_limit")))


@cache
def find_tail(kind: str, column: str, indexed: int) -> Statement:
    """Visible records by an ending, of which so many characters are indexed; newer ids first.

    Thousands may share an ending: the ids are chosen first, out of the index where it holds all that is asked of them.
    """
    of = projection_table(kind)
    visible = (of.c.is_deleted == literal_column("0"), of.c.is_hidden == literal_column("0"))
    tail: BindParameter[str] = bindparam("tail")
    ids = select(of.c.id).where(
        func.substr(of.c[column], literal_column(str(-indexed))) == bindparam("indexed"),
        func.substr(of.c[column], -func.length(tail)) == tail,
        *visible,
    )
    newest = ids.order_by(of.c.id.desc()).limit(bindparam("row_limit"))
    stored = select(*[of.c[name] for name in STORED_COLUMNS]).where(of.c.id.in_(newest))
    return Statement(stored.order_by(of.c.id.desc()))


@cache
def find_prefix(kind: str, column: str) -> Statement:
    """Visible records whose value lies in a half-open range, in order of the value."""
    of = projection_table(kind)
    visible = (of.c.is_deleted == literal_column("0"), of.c.is_hidden == literal_column("0"))
    stored = select(*[of.c[name] for name in STORED_COLUMNS]).where(
        of.c[column] >= bindparam("low"), of.c[column] < bindparam("high"), *visible
    )
    return Statement(stored.order_by(of.c[column], of.c.id).limit(bindparam("row_limit")))


_own_set, _own_op, _base = table("own_set"), table("own_op"), table("base_record")
_settled, _state, _erased = table("settled_value"), table("node_state"), table("erased_groups")
_kept = table("kept_answer")
_limit: BindParameter[int] = bindparam("row_limit")

PUT_STATE: Final = upsert(_state)
GET_STATE: Final = by_key(_state)

ADD_SET: Final = Statement(
    sqlite.insert(_own_set).values(
        {column.name: bindparam(column.name) for column in _own_set.columns if column.name != "log_id"}
    )
)
SET_BY_ID: Final = by_key(_own_set)
SET_BY_NONCE: Final = Statement(select(_own_set).where(_own_set.c.nonce == bindparam("nonce")))
SET_AT: Final = Statement(
    select(_own_set).where(_own_set.c.epoch == bindparam("epoch"), _own_set.c.seq == bindparam("seq"))
)
LAST_OF: Final = Statement(
    select(_own_set.c.seq, _own_set.c.set_hash)
    .where(_own_set.c.epoch == bindparam("epoch"))
    .order_by(_own_set.c.seq.desc())
    .limit(literal_column("1"))
)
SETS_FROM: Final = Statement(
    select(_own_set)
    .where(_own_set.c.epoch == bindparam("epoch"), _own_set.c.seq >= bindparam("seq"))
    .order_by(_own_set.c.seq)
    .limit(_limit)
)
SETS_HELD_BACK: Final = Statement(
    select(_own_set).where(tables.HELD_BACK).order_by(_own_set.c.log_id.desc()).limit(_limit)
)
SETS_DECIDED: Final = Statement(
    select(_own_set).where(_own_set.c.verdict.is_not(None)).order_by(_own_set.c.log_id.desc()).limit(_limit)
)
HELD_BACK_COUNTS: Final = Statement(
    select(_own_set.c.verdict, func.count()).where(tables.HELD_BACK).group_by(_own_set.c.verdict)
)
UNCONFIRMED_EPOCHS: Final = Statement(
    select(_own_set.c.epoch)
    .where(_own_set.c.verdict.is_(None))
    .group_by(_own_set.c.epoch)
    .order_by(func.min(_own_set.c.log_id))
)
FIRST_UNCONFIRMED: Final = Statement(
    select(func.min(_own_set.c.seq)).where(_own_set.c.epoch == bindparam("epoch"), _own_set.c.verdict.is_(None))
)
UNCONFIRMED: Final = Statement(select(func.count(), func.min(_own_set.c.time_ms)).where(_own_set.c.verdict.is_(None)))
UNCONFIRMED_MESSAGES: Final = Statement(
    select(_own_set.c.message)
    .where(_own_set.c.verdict.is_(None))
    .order_by(_own_set.c.epoch, _own_set.c.seq)
    .limit(_limit)
)
UNCONFIRMED_ON: Final = Statement(
    select(_own_set.c.is_sent, func.count(func.distinct(_own_set.c.log_id)))
    .select_from(_own_op.join(_own_set, _own_op.c.log_id == _own_set.c.log_id))
    .where(_own_op.c.kind == bindparam("kind"), _own_op.c.record == bindparam("record"), _own_set.c.verdict.is_(None))
    .group_by(_own_set.c.is_sent)
)
_is_which = _own_set.c.log_id == bindparam("which")
_DECIDED: Final = ("verdict", "reason", "verdict_position", "verdict_ms", "voids", "conflicts")
PUT_REFUSAL: Final = Statement(update(_own_set).where(_is_which).values({name: bindparam(name) for name in _DECIDED}))
PUT_VERDICT: Final = Statement(
    update(_own_set).where(_is_which).values({name: bindparam(name) for name in (*_DECIDED, "folded_at")})
)
MOVE_SET: Final = Statement(
    update(_own_set)
    .where(_is_which, _own_set.c.verdict.is_(None))
    .values({name: bindparam(name) for name in ("epoch", "seq", "set_hash", "message")})
    .values(is_sent=literal_column("0"))
)
PUT_RECEIPT: Final = Statement(update(_own_set).where(_is_which).values(receipt=bindparam("receipt")))
PUT_OPENING: Final = Statement(update(_own_set).where(_is_which).values(opening=bindparam("opening")))
MARK_SENT: Final = Statement(
    update(_own_set)
    .where(_own_set.c.epoch == bindparam("which"), _own_set.c.seq <= bindparam("seq_to"), _own_set.c.is_sent.is_(False))
    .values(is_sent=literal_column("1"))
)

ADD_OWN_OP: Final = upsert(_own_op)
OWN_PLACES: Final = Statement(
    select(_own_op.c.log_id, _own_op.c.op_index)
    .where(_own_op.c.kind == bindparam("kind"), _own_op.c.record == bindparam("record"))
    .order_by(_own_op.c.log_id, _own_op.c.op_index)
)
KNOWN_KEYS: Final = Statement(
    select(_base.c.kind, _base.c.record).union(select(_own_op.c.kind, _own_op.c.record)).order_by("kind", "record")
)

PUT_BASE: Final = upsert(_base)
GET_BASE: Final = by_key(_base)

PUT_SETTLED: Final = upsert(_settled)
SETTLED_OF: Final = Statement(
    select(_settled)
    .where(_settled.c.kind == bindparam("kind"), _settled.c.record == bindparam("record"))
    .order_by(_settled.c.register_no, _settled.c.overruled, _settled.c.settled_by, _settled.c.is_own)
)
EVERY_SETTLED: Final = Statement(select(_settled).order_by(literal_column("rowid").desc()))
DROP_SETTLED: Final = Statement(
    delete(_settled).where(
        _settled.c.kind == bindparam("kind"),
        _settled.c.record == bindparam("record"),
        _settled.c.is_own == bindparam("is_own"),
    )
)
DROP_OWN_SETTLED: Final = Statement(delete(_settled).where(_settled.c.is_own))

GET_ERASED: Final = by_key(_erased)
PUT_ERASED: Final = upsert(_erased)

_hub_set = table("hub_set")
_has_values = _hub_set.c.opening != literal_column("x''")
_after: BindParameter[int] = bindparam("after")
_is_folded = _own_set.c.verdict <= literal_column(str(int(Verdict.ACCEPTED_WITH_CONFLICTS)))
# A row at position P holds what was folded up to P, also a set that was excluded behind P, or whose verdict a restore
# took back; it does not hold what was excluded by P.
_was_folded = or_(_is_folded, _own_set.c.verdict.is_(None), _own_set.c.verdict_position > _base.c.position)

FORMER_KEYS: Final = Statement(select(_base.c.kind, _base.c.record).where(_base.c.former_position.is_not(None)))
_is_later = or_(_base.c.position > _after, _base.c.changed > _after)
RECEIVED_AFTER: Final = Statement(select(_base.c.kind, _base.c.record).where(_is_later))
DECIDED_AFTER: Final = Statement(
    select(_own_op.c.kind, _own_op.c.record)
    .select_from(_own_op.join(_own_set, _own_op.c.log_id == _own_set.c.log_id))
    .where(_own_set.c.verdict_position > _after)
)
HELD_AFTER: Final = Statement(
    select(_own_op.c.kind, _own_op.c.record, _own_op.c.log_id)
    .distinct()
    .select_from(
        _base.join(_own_op, (_own_op.c.kind == _base.c.kind) & (_own_op.c.record == _base.c.record)).join(
            _own_set, _own_set.c.log_id == _own_op.c.log_id
        )
    )
    .where(_is_later, _base.c.former_position.is_(None), _own_set.c.folded_at <= _base.c.position, _was_folded)
)
DROP_BASE: Final = Statement(
    delete(_base).where(_base.c.kind == bindparam("kind"), _base.c.record == bindparam("record"))
)
END_ROWS: Final = Statement(
    update(_base)
    .where(_is_later)
    .values(
        former_position=func.coalesce(_base.c.former_position, _base.c.position),
        former_epoch=func.coalesce(_base.c.former_epoch, bindparam("ended")),
        position=func.min(_base.c.position, _after),
        changed=literal_column("0"),
    )
)
PUT_FORMER_SETS: Final = Statement(
    update(_base)
    .where(_base.c.kind == bindparam("of_kind"), _base.c.record == bindparam("of_record"))
    .values(former_sets=bindparam("held"))
)
END_VERDICTS: Final = Statement(
    update(_own_set)
    .where(_own_set.c.verdict_position > _after)
    .values(
        time_ms=_own_set.c.verdict_ms,
        **{name: null() for name in _DECIDED},
    )
)
END_FOLDS: Final = Statement(update(_own_set).where(_own_set.c.folded_at > _after).values(folded_at=null()))
END_HUB_SETS: Final = Statement(
    update(_hub_set).where(_hub_set.c.position > _after).values(position=bindparam("lowest") - _hub_set.c.position)
)
LOWEST_HUB_SET: Final = Statement(select(func.min(_hub_set.c.position)))
_is_former = _hub_set.c.position < literal_column("0")
FORMER_HUB_SETS: Final = Statement(select(_hub_set).where(_is_former).order_by(_hub_set.c.position.desc()))
HUB_SETS_TO_OFFER: Final = Statement(
    select(_hub_set)
    .where(_is_former, or_(_hub_set.c.offered_in.is_(None), _hub_set.c.offered_in != bindparam("hub_epoch")))
    .order_by(_has_values, _hub_set.c.position.desc())
    .limit(_limit)
)
NOTE_OFFERED: Final = Statement(
    update(_hub_set).where(_hub_set.c.position == bindparam("which")).values(offered_in=bindparam("hub_epoch"))
)
DROP_HUB_SET: Final = Statement(delete(_hub_set).where(_hub_set.c.position == bindparam("position")))

ADD_HUB_SET: Final = insert_new(_hub_set)
HUB_SETS_WITH_VALUES: Final = Statement(select(_hub_set).where(_has_values).order_by(_hub_set.c.position))

GET_SERIES: Final = by_key(table("series_number"))
PUT_SERIES: Final = upsert(table("series_number"))
GET_FORMER: Final = by_key(table("former_id"))
PUT_FORMER: Final = upsert(table("former_id"))

GET_KEPT: Final = by_key(_kept)
PUT_KEPT: Final = upsert(_kept)
FORGET_KEPT: Final = Statement(
    delete(_kept).where(
        or_(
            _kept.c.taken_ms < bindparam("before"),
            _kept.c.key.not_in(select(_kept.c.key).order_by(_kept.c.taken_ms.desc()).limit(_limit)),
        )
    )
)
DROP_KEPT: Final = Statement(update(_kept).values(answer=literal_column("x''")))

INDEXED_TAILS: Final = {(one.kind, one.field): one.tails for one in SEARCHED}
"""Which endings are indexed; a look-up of a shorter one would read the whole table."""
