"""What the core asks of the node's database: the read half of its port.

Decides how rows become the core's values. Runs inside a transaction that `store` has begun: a snapshot for readers, the
write lock for writers. Reads by key are single statements; nothing here reads a whole table but the iterators that
`rebuild` uses.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

import msgspec

from carnet_node.adapters import local_statements as local
from carnet_node.adapters import statements as sql
from carnet_node.adapters.at_rest import AtRest
from carnet_node.adapters.local_facts import SqlLocalReads
from carnet_node.adapters.recall_lists import SqlListReads
from carnet_node.adapters.shop_reads import SqlShopReads
from carnet_node.adapters.statements import Statement
from carnet_node.adapters.tables import has_keyed_hash, index_column
from carnet_node.core.records import (
    BaseRow,
    ChainState,
    FeedState,
    HubSetRow,
    Identity,
    KeptAnswer,
    LoggedSet,
    Mark,
    OwnPlace,
    SettledValue,
    SetVerdict,
    StoredRecord,
)
from carnet_protocol.chain import ChainHead
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import APPOINTMENT, CUSTOMER, GOLDEN, VISIT
from carnet_protocol.messages import Verdict
from carnet_protocol.registry import Kind, Privacy, Value, ValueType

T = TypeVar("T")

_IDENTITY: Final = msgspec.msgpack.Decoder(Identity)
_CHAIN: Final = msgspec.msgpack.Decoder(ChainState)
_FEED: Final = msgspec.msgpack.Decoder(FeedState)
_LOG_IDS: Final = msgspec.msgpack.Decoder(frozenset[int])
_VOIDS: Final = msgspec.msgpack.Decoder(dict[int, str])
_PREFIX_END: Final = "\U0010ffff"


class SqlReadTransaction:
    """One snapshot of the node's database; see `core.ports.ReadTransaction`."""

    def __init__(self, connection: Any, at_rest: AtRest) -> None:
        self._connection = connection
        self._at_rest = at_rest

    @property
    def local(self) -> SqlLocalReads:
        """What is known about the people at this desk."""
        return SqlLocalReads(self._connection, self._at_rest)

    @property
    def lists(self) -> SqlListReads:
        """Recall lists."""
        return SqlListReads(self._connection)

    @property
    def shop(self) -> SqlShopReads:
        """The workshop's day."""
        return SqlShopReads(self._connection)

    def identity(self) -> Identity | None:
        """Who this node is; None before enrolment."""
        return self._state("identity", _IDENTITY)

    def chain(self) -> ChainState | None:
        """The end of the own chain, read from the log itself; None before enrolment."""
        chain = self._state("chain", _CHAIN)
        last = None if chain is None else self._one(sql.LAST_OF, epoch=chain.epoch)
        return replace(chain, seq=last[0], set_hash=last[1]) if chain is not None and last is not None else chain

    def feed(self) -> FeedState | None:
        """How far the feed was read; None before enrolment."""
        return self._state("feed", _FEED)

    def kept_answer(self, key: bytes) -> KeptAnswer | None:
        """The request that took a key."""
        row = self._one(sql.GET_KEPT, key=key)
        if row is None:
            return None
        _, taken_ms, asked, answer = row
        plain = self._at_rest.open_kept(key, "answer", answer) if answer else answer
        return KeptAnswer(key, self._at_rest.open_kept(key, "asked", asked), taken_ms, plain)

    def setting(self, name: str) -> bytes | None:
        """A small local fact that never syncs."""
        row = self._one(sql.GET_STATE, name=f"setting.{name}")
        return row[1] if row else None

    def open_one_secret(self) -> None:
        """Open some secret value that is stored, if there is one."""
        from carnet_node.adapters.stored_secrets import open_one_secret  # noqa: PLC0415  (once in a database's life)

        open_one_secret(self._connection, self._at_rest)

    def record(self, kind: Kind, record: RecordId) -> StoredRecord | None:
        """A projection, hidden and deleted ones too."""
        row = self._connection.execute(sql.projection(kind.name).get.sql, (record,)).fetchone()
        return self._stored(kind, row) if row else None

    def find_equal(
        self, kind: Kind, field: str, value: Value, limit: int, after: RecordId | None = None
    ) -> list[StoredRecord]:
        """Visible records by value, by ascending id; a secret text through its keyed hash."""
        register = kind.register_of(field)
        column: str = field
        asked: Value | bytes = value
        if has_keyed_hash(register, kind.by_label[kind.labels[field]][1]):
            column, asked = index_column(field), self._at_rest.keyed_hash(kind, field, value)
        rows = self._all(sql.find(kind.name, column), value=asked, after=after or b"", row_limit=limit)
        return [self._stored(kind, row) for row in rows]

    def find_tail(self, kind: Kind, field: str, tail: str, limit: int) -> list[StoredRecord]:
        """Visible records whose value ends with this text, newer ids first; none for an ending too short."""
        lengths = sql.INDEXED_TAILS.get((kind.name, field), ())
        indexed = max((one for one in lengths if one <= len(tail)), default=0)
        if not indexed:
            return []
        statement = sql.find_tail(kind.name, field, indexed)
        rows = self._all(statement, indexed=tail[-indexed:], tail=tail, row_limit=limit)
        return [self._stored(kind, row) for row in rows]

    def find_prefix(self, kind: Kind, field: str, prefix: str, limit: int) -> list[StoredRecord]:
        """Visible records whose value begins with this text, in order of the value."""
        statement = sql.find_prefix(kind.name, field)
        rows = self._all(statement, low=prefix, high=prefix + _PREFIX_END, row_limit=limit)
        return [self._stored(kind, row) for row in rows]

    def find_name_key(self, prefix: str, limit: int) -> list[StoredRecord]:
        """Visible customers with a key of their name that begins so, in order of the key."""
        rows = self._all(local.customers_by_key(), low=prefix, high=prefix + _PREFIX_END, row_limit=limit)
        return [self._stored(CUSTOMER, row) for row in rows]

    def golden_of(self, record: RecordId) -> StoredRecord | None:
        """The visible golden record that an id leads to."""
        rows = self._all(local.golden_of(), record=record, row_limit=1)
        return self._stored(GOLDEN, rows[0]) if rows else None

    def orders_in_shop(self, owner: bytes, limit: int) -> list[StoredRecord]:
        """Orders of a site whose car has not been handed over, settled ones last, by promised time."""
        rows = self._all(local.orders_to_do(), owner=owner, row_limit=limit)
        if len(rows) < limit:
            rows += self._all(local.orders_settled(), owner=owner, row_limit=limit - len(rows))
        return [self._stored(VISIT, row) for row in rows]

    def newest_in_shop(self, owner: bytes, limit: int) -> list[StoredRecord]:
        """Orders of a site whose car has not been handed over, the one opened last first."""
        return [self._stored(VISIT, row) for row in self._all(local.newest_in_shop(), owner=owner, row_limit=limit)]

    def orders_of_advisor(self, owner: bytes, advisor_code: str, limit: int) -> list[StoredRecord]:
        """Orders of a site that one advisor still has to work on, by promised time; those without one first."""
        rows = self._all(local.orders_of_advisor(), owner=owner, advisor_code=advisor_code, row_limit=limit)
        return [self._stored(VISIT, row) for row in rows]

    def overdue_orders(self, owner: bytes, before_ms: int) -> int:
        """How many orders of a site are in work and were promised for before a moment."""
        return int(self._one(local.overdue_orders(), owner=owner, before=before_ms)[0])

    def orders_opened(self, owner: bytes, since_ms: int, before_ms: int, limit: int) -> list[StoredRecord]:
        """Orders of a site opened in a half-open span, newest first."""
        rows = self._all(local.orders_opened(), owner=owner, since=since_ms, before=before_ms, row_limit=limit)
        return [self._stored(VISIT, row) for row in rows]

    def appointments_of(self, owner: bytes, since_ms: int, before_ms: int, limit: int) -> list[StoredRecord]:
        """Appointments of a site whose slot begins in a half-open span, earliest first."""
        rows = self._all(local.appointments_of(), owner=owner, since=since_ms, before=before_ms, row_limit=limit)
        return [self._stored(APPOINTMENT, row) for row in rows]

    def appointments_requested(self, owner: bytes, limit: int) -> list[StoredRecord]:
        """Appointments of a site that wait for a slot, the oldest first."""
        rows = self._all(local.appointments_requested(), owner=owner, row_limit=limit)
        return [self._stored(APPOINTMENT, row) for row in rows]

    def list_records(self, kind: Kind, after: RecordId | None, limit: int) -> list[StoredRecord]:
        """Visible records by ascending id."""
        rows = self._all(sql.projection(kind.name).after, after=after or b"", row_limit=limit)
        return [self._stored(kind, row) for row in rows]

    def list_deleted(self, kind: Kind, after: RecordId | None, limit: int) -> list[StoredRecord]:
        """Deleted records by ascending id; every row of the kind behind `after` may be looked at."""
        rows = self._all(sql.projection(kind.name).deleted, after=after or b"", row_limit=limit)
        return [self._stored(kind, row) for row in rows]

    def contested(self, kind: Kind) -> Iterator[StoredRecord]:
        """Visible records somebody should look at, by ascending id."""
        for row in self._connection.execute(sql.projection(kind.name).contested.sql):
            yield self._stored(kind, row)

    def projections(self, kind: Kind) -> Iterator[StoredRecord]:
        """Every projection of a kind by ascending id."""
        for row in self._connection.execute(sql.projection(kind.name).every.sql):
            yield self._stored(kind, row)

    def columns(self, kind: Kind, record: RecordId) -> Mapping[str, Value] | None:
        """The typed columns of a projection, secret ones opened."""
        cursor = self._connection.execute(sql.projection(kind.name).columns.sql, (record,))
        row = cursor.fetchone()
        if row is None:
            return None
        stored = dict(zip([column[0] for column in cursor.description], row, strict=True))
        values: dict[str, Value] = {}
        for register in kind.registers:
            for one in register.fields:
                value = stored[one.name]
                if register.privacy is Privacy.SECRET:
                    value = self._at_rest.open_value(kind, record, one.name, value)
                elif one.type is ValueType.BOOL and value is not None:
                    value = bool(value)
                values[one.name] = value
        return values

    def base(self, kind: int, record: RecordId) -> BaseRow | None:
        """A base row."""
        row = self._one(sql.GET_BASE, kind=kind, record=record)
        if row is None:
            return None
        _, _, owner, position, changed, entries, is_evicted, former, ended, held = row
        unpacked = self._at_rest.unpack(kind, record, entries)
        sets = _LOG_IDS.decode(held) if held else frozenset()
        return BaseRow(kind, record, owner, position, changed, unpacked, bool(is_evicted), former, ended, sets)

    def known_keys(self) -> Iterator[tuple[int, RecordId]]:
        """Every record with a base row or own work, ascending, each once."""
        yield from self._connection.execute(sql.KNOWN_KEYS.sql)

    def own_places(self, kind: int, record: RecordId) -> list[OwnPlace]:
        """The own ops on a record, in log order."""
        return [OwnPlace(*row) for row in self._all(sql.OWN_PLACES, kind=kind, record=record)]

    def set_by_id(self, log_id: int) -> LoggedSet:
        """One own set."""
        row = self._one(sql.SET_BY_ID, log_id=log_id)
        if row is None:
            raise LookupError(f"no own set {log_id}")
        return self._logged(row)

    def set_by_nonce(self, nonce: bytes) -> LoggedSet | None:
        """One own set by its identity."""
        row = self._one(sql.SET_BY_NONCE, nonce=nonce)
        return self._logged(row) if row else None

    def set_at(self, epoch: bytes, seq: int) -> LoggedSet | None:
        """One own set by its place in the chain."""
        row = self._one(sql.SET_AT, epoch=epoch, seq=seq)
        return self._logged(row) if row else None

    def sets_from(self, epoch: bytes, seq: int, limit: int) -> list[LoggedSet]:
        """Own sets of an epoch from a seq on, ascending."""
        return [self._logged(row) for row in self._all(sql.SETS_FROM, epoch=epoch, seq=seq, row_limit=limit)]

    def epoch_head(self, epoch: bytes) -> ChainHead | None:
        """The last own set of an epoch."""
        row = self._one(sql.LAST_OF, epoch=epoch)
        return ChainHead(row[0], row[1]) if row else None

    def unconfirmed_epochs(self) -> list[bytes]:
        """Epochs with own sets without a verdict, the one begun first in this log first."""
        return [row[0] for row in self._all(sql.UNCONFIRMED_EPOCHS)]

    def first_unconfirmed_seq(self, epoch: bytes) -> int | None:
        """Lowest seq of an epoch without a verdict."""
        row = self._one(sql.FIRST_UNCONFIRMED, epoch=epoch)
        return row[0] if row else None

    def unconfirmed_on(self, kind: int, record: RecordId) -> tuple[int, int]:
        """Own sets on a record without a verdict: how many have not left, and how many have."""
        counts = {bool(is_sent): count for is_sent, count in self._all(sql.UNCONFIRMED_ON, kind=kind, record=record)}
        return counts.get(False, 0), counts.get(True, 0)

    def unconfirmed(self) -> tuple[int, int | None]:
        """How many own sets have no verdict, and the set time of the oldest."""
        row = self._one(sql.UNCONFIRMED)
        return (row[0], row[1]) if row else (0, None)

    def unconfirmed_messages(self, limit: int) -> list[bytes]:
        """What own sets without a verdict say in signed bytes, in the order of the chain."""
        return [row[0] for row in self._all(sql.UNCONFIRMED_MESSAGES, row_limit=limit)]

    def count_held_back(self) -> Mapping[Verdict, int]:
        """How many own sets are parked, and how many refused; verdicts nobody has got are missing."""
        return {Verdict(code): count for code, count in self._all(sql.HELD_BACK_COUNTS) if code >= Verdict.PARKED}

    def sets_held_back(self, limit: int) -> list[LoggedSet]:
        """Own sets that were parked or refused, or of which some op is void; newest first."""
        return [self._logged(row) for row in self._all(sql.SETS_HELD_BACK, row_limit=limit)]

    def sets_decided(self, limit: int) -> list[LoggedSet]:
        """Own sets with a verdict, the last written first."""
        return [self._logged(row) for row in self._all(sql.SETS_DECIDED, row_limit=limit)]

    def settled_values(self, kind: int, record: RecordId) -> list[SettledValue]:
        """Settled overruled values of a record."""
        return [self._settled(row) for row in self._all(sql.SETTLED_OF, kind=kind, record=record)]

    def settled(self) -> Iterator[SettledValue]:
        """Settled overruled values of all records, newest first."""
        for row in self._connection.execute(sql.EVERY_SETTLED.sql):
            yield self._settled(row)

    def erased_groups(self, record: RecordId) -> int:
        """Erasure groups erased on a record, as a bit mask."""
        row = self._one(sql.GET_ERASED, record=record)
        return row[1] if row else 0

    def former_keys(self) -> list[tuple[int, RecordId]]:
        """Records whose base row is one of a former history."""
        return [(kind, RecordId(record)) for kind, record in self._all(sql.FORMER_KEYS)]

    def hub_sets_with_values(self) -> list[HubSetRow]:
        """The hub's own sets that have an opening."""
        return [self._hub_set(row) for row in self._all(sql.HUB_SETS_WITH_VALUES)]

    def former_hub_sets(self) -> list[HubSetRow]:
        """Hub sets of former histories, in the order they had."""
        return [self._hub_set(row) for row in self._all(sql.FORMER_HUB_SETS)]

    def hub_sets_to_offer(self, hub_epoch: bytes, limit: int) -> list[HubSetRow]:
        """Those to which a history has not answered: those without values first, in the order they had."""
        rows = self._all(sql.HUB_SETS_TO_OFFER, hub_epoch=hub_epoch, row_limit=limit)
        return [self._hub_set(row) for row in rows]

    def former_record(self, source: str, kind: str, former_id: str) -> RecordId | None:
        """Which record a record of a former system became at import."""
        row = self._one(sql.GET_FORMER, source=source, kind=kind, former_id=former_id)
        return row[3] if row else None

    def _state(self, name: str, decoder: msgspec.msgpack.Decoder[T]) -> T | None:
        row = self._connection.execute(sql.GET_STATE.sql, (name,)).fetchone()
        return decoder.decode(row[1]) if row else None

    def _one(self, statement: Statement, **values: Any) -> Any:
        return self._connection.execute(statement.sql, statement.arguments(values)).fetchone()

    def _all(self, statement: Statement, **values: Any) -> list[Any]:
        return self._connection.execute(statement.sql, statement.arguments(values)).fetchall()

    def _stored(self, kind: Kind, row: Any) -> StoredRecord:
        record, owner, entries, mark, is_deleted, is_hidden = row
        unpacked = self._at_rest.unpack(kind.number, record, entries)
        return StoredRecord(kind, record, owner, unpacked, Mark(mark), bool(is_deleted), bool(is_hidden))

    def _settled(self, row: Any) -> SettledValue:
        kind, record, register, _, by, is_own, stored = row
        (entry,) = self._at_rest.unpack(kind, record, stored)
        return SettledValue(kind, record, register, entry, by, bool(is_own))

    def _hub_set(self, row: Any) -> HubSetRow:
        position, time_ms, message, stored, offered_in = row
        return HubSetRow(position, time_ms, message, self._at_rest.open_hub_opening(message, stored), offered_in)

    def _logged(self, row: Any) -> LoggedSet:
        log_id, nonce, epoch, seq, set_hash, message, opening, has_secret, time_ms, is_sent, *rest = row
        *decided, receipt, folded_at = rest
        if has_secret:
            opening = self._at_rest.open_opening(nonce, opening)
        return LoggedSet(
            log_id=log_id,
            nonce=nonce,
            epoch=epoch,
            seq=seq,
            set_hash=set_hash,
            message=message,
            opening=opening,
            has_secret=bool(has_secret),
            time_ms=time_ms,
            is_sent=bool(is_sent),
            verdict=_verdict(decided),
            receipt=receipt,
            folded_at=folded_at,
        )


def _verdict(columns: Sequence[Any]) -> SetVerdict | None:
    """What the hub decided about a set; None while unknown."""
    code, reason, position, time_ms, voids, conflicts = columns
    if code is None:
        return None
    reasons = _VOIDS.decode(voids)
    return SetVerdict(Verdict(code), reason, position, time_ms, reasons, conflicts)
