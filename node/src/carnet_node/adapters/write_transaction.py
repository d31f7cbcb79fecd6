"""What the core changes in the node's database: the write half of its port.

Decides how the core's values become rows. Runs inside the BEGIN IMMEDIATE transaction that `store` has begun, so what
it reads cannot change under it, and everything it did is gone when the transaction rolls back. The statements are
prepared once per connection by the driver; no ORM object is made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from carnet_node.adapters import local_statements as local
from carnet_node.adapters import statements as sql
from carnet_node.adapters.at_rest import KINDS_WITH_SECRETS
from carnet_node.adapters.local_facts import SqlLocalWrites
from carnet_node.adapters.read_transaction import SqlReadTransaction
from carnet_node.adapters.recall_lists import SqlListWrites
from carnet_node.adapters.statements import Statement
from carnet_node.adapters.tables import has_keyed_hash
from carnet_node.core.name_keys import name_keys
from carnet_node.core.records import (
    BaseRow,
    ChainState,
    FeedState,
    HubSetRow,
    Identity,
    KeptAnswer,
    LoggedSet,
    Projection,
    SettledValue,
    SetVerdict,
)
from carnet_node.core.showing.golden import ids_leading_to
from carnet_protocol.ids import NO_HASH, RecordId
from carnet_protocol.kinds import CUSTOMER, GOLDEN, REGISTRY
from carnet_protocol.registry import Kind, Privacy, Value

_NAME_LABELS: Final = tuple(CUSTOMER.labels[name] for name in ("full_name", "pinyin", "company_name"))


class SqlWriteTransaction(SqlReadTransaction):
    """One write transaction; see `core.ports.WriteTransaction`."""

    @property
    def local(self) -> SqlLocalWrites:
        """What is known about the people at this desk, to be changed."""
        return SqlLocalWrites(self._connection, self._at_rest)

    @property
    def lists(self) -> SqlListWrites:
        """Recall lists, to be changed."""
        return SqlListWrites(self._connection)

    def put_identity(self, identity: Identity) -> None:
        """Store who this node is."""
        self._put_state("identity", identity)

    def put_chain(self, chain: ChainState) -> None:
        """Open an epoch, or stop writing; where the chain stands in it follows from the log."""
        self._put_state("chain", replace(chain, seq=0, set_hash=NO_HASH))

    def put_feed(self, feed: FeedState) -> None:
        """Advance the cursor."""
        self._put_state("feed", feed)

    def keep_answer(self, kept: KeptAnswer) -> None:
        """Take a key, or add the answer to it."""
        asked = self._at_rest.seal_kept(kept.key, "asked", kept.asked)
        answer = None if kept.answer is None else self._at_rest.seal_kept(kept.key, "answer", kept.answer)
        self._run(sql.PUT_KEPT, key=kept.key, taken_ms=kept.taken_ms, asked=asked, answer=answer)

    def forget_answers(self, *, before_ms: int, newest_max: int) -> None:
        """Free the keys taken before an instant, and all but the newest ones."""
        self._run(sql.FORGET_KEPT, before=before_ms, row_limit=newest_max)

    def drop_answers(self) -> None:
        """Take the answers away; their keys stay taken."""
        self._run(sql.DROP_KEPT)

    def put_setting(self, name: str, value: bytes) -> None:
        """Store a small local fact that never syncs."""
        self._run(sql.PUT_STATE, name=f"setting.{name}", value=value)

    def append_set(self, logged: LoggedSet, touched: Sequence[tuple[int, RecordId]]) -> int:
        """Append an own set to the log, and which records its ops touch."""
        opening = logged.opening
        if logged.has_secret:
            opening = self._at_rest.seal_opening(logged.nonce, opening)
        row = {
            "nonce": logged.nonce,
            "epoch": logged.epoch,
            "seq": logged.seq,
            "set_hash": logged.set_hash,
            "message": logged.message,
            "opening": opening,
            "has_secret": logged.has_secret,
            "time_ms": logged.time_ms,
            "is_sent": logged.is_sent,
            "receipt": logged.receipt,
            "folded_at": logged.folded_at,
            **_verdict_row(logged.verdict),
        }
        cursor = self._connection.execute(sql.ADD_SET.sql, sql.ADD_SET.arguments(row))
        log_id: int = cursor.lastrowid
        places = [(record, kind, log_id, index) for index, (kind, record) in enumerate(touched)]
        self._connection.executemany(sql.ADD_OWN_OP.sql, places)
        return log_id

    def move_set(self, log_id: int, moved: LoggedSet) -> None:
        """Give an own set without a verdict another place in the chain."""
        place = {"epoch": moved.epoch, "seq": moved.seq, "set_hash": moved.set_hash, "message": moved.message}
        self._run(sql.MOVE_SET, which=log_id, **place)

    def end_hub_history(self, position: int, *, ended: bytes) -> list[tuple[int, RecordId]]:
        """Forget what the hub decided after a position, and mark base rows received after it as former ones."""
        touched: set[tuple[int, RecordId]] = set(self.former_keys())
        for statement in (sql.RECEIVED_AFTER, sql.DECIDED_AFTER):
            touched.update(self._all(statement, after=position))
        held: dict[tuple[int, RecordId], list[int]] = {}
        for kind, record, log_id in self._all(sql.HELD_AFTER, after=position):
            held.setdefault((kind, record), []).append(log_id)
        self._run(sql.END_ROWS, after=position, ended=ended)
        for (kind, record), log_ids in held.items():
            self._run(sql.PUT_FORMER_SETS, of_kind=kind, of_record=record, held=msgspec.msgpack.encode(sorted(log_ids)))
        self._run(sql.END_VERDICTS, after=position)
        self._run(sql.END_FOLDS, after=position)
        (lowest,) = self._one(sql.LOWEST_HUB_SET)
        self._run(sql.END_HUB_SETS, after=position, lowest=min(lowest or 0, 0))
        return sorted(touched)

    def drop_bases(self, keys: Iterable[tuple[int, RecordId]]) -> None:
        """Forget what the hub sent of some records: the rows and their settled values."""
        for kind, record in keys:
            self._run(sql.DROP_BASE, kind=kind, record=record)
            self._run(sql.DROP_SETTLED, kind=kind, record=record, is_own=False)

    def note_offered(self, rows: Sequence[HubSetRow], hub_epoch: bytes) -> None:
        """A history of the hub has answered to some hub sets."""
        for row in rows:
            self._run(sql.NOTE_OFFERED, which=row.position, hub_epoch=hub_epoch)

    def drop_hub_sets(self, rows: Sequence[HubSetRow]) -> None:
        """Forget some hub sets."""
        self._connection.executemany(sql.DROP_HUB_SET.sql, [(row.position,) for row in rows])

    def put_verdict(self, log_id: int, verdict: SetVerdict | None) -> None:
        """Store what the hub decided; None forgets it, and where the hub had folded the set."""
        if verdict is None or verdict.is_accepted:
            folded_at = None if verdict is None else verdict.position
            self._run(sql.PUT_VERDICT, which=log_id, folded_at=folded_at, **_verdict_row(verdict))
        else:
            self._run(sql.PUT_REFUSAL, which=log_id, **_verdict_row(verdict))

    def put_receipt(self, log_id: int, receipt: bytes) -> None:
        """Keep a signed receipt."""
        self._run(sql.PUT_RECEIPT, which=log_id, receipt=receipt)

    def put_opening(self, log_id: int, opening: bytes) -> None:
        """Replace an opening by one with fewer values."""
        logged = self.set_by_id(log_id)
        stored = self._at_rest.seal_opening(logged.nonce, opening) if logged.has_secret else opening
        self._run(sql.PUT_OPENING, which=log_id, opening=stored)

    def mark_sent(self, epoch: bytes, seq_to: int) -> None:
        """The sets of an epoch up to this seq have left the machine."""
        self._run(sql.MARK_SENT, which=epoch, seq_to=seq_to)

    def put_projection(self, projection: Projection) -> None:
        """Insert or replace a projection."""
        kind, record, shown = projection.kind, projection.record, projection.shown
        fixed = (
            record,
            projection.owner,
            self._at_rest.pack(kind.number, record, projection.entries),
            int(projection.mark),
            shown.is_deleted,
            projection.is_contested,
            projection.is_hidden,
        )
        if kind.number in KINDS_WITH_SECRETS:
            fields = self._fields_with_secrets(kind, record, shown.values)
        else:
            fields = [shown.values.get(label) for label in kind.by_label]
        self._connection.execute(sql.projection(kind.name).put.sql, (*fixed, *fields))
        if kind is CUSTOMER:
            names = (shown.values.get(label) for label in _NAME_LABELS)
            is_found = not shown.is_deleted and not projection.is_hidden
            self._put_name_keys(record, name_keys(*names) if is_found else frozenset())
        elif kind is GOLDEN:
            self._put_golden_links(
                record, frozenset() if projection.is_hidden else ids_leading_to(record, shown.values)
            )

    def _put_golden_links(self, golden: RecordId, ids: frozenset[bytes]) -> None:
        """Only what differs is written."""
        before = {row[0] for row in self._all(local.LINKS_OF, golden=golden)}
        self._connection.executemany(local.DROP_LINK.sql, [(one, golden) for one in sorted(before - ids)])
        self._connection.executemany(local.ADD_LINK.sql, [(one, golden) for one in sorted(ids - before)])

    def _put_name_keys(self, record: RecordId, keys: frozenset[str]) -> None:
        """Only what differs is written: most edits of a customer leave the name alone."""
        before = {row[0] for row in self._all(local.KEYS_OF, record=record)}
        self._connection.executemany(local.DROP_KEY.sql, [(key, record) for key in sorted(before - keys)])
        self._connection.executemany(local.ADD_KEY.sql, [(key, record) for key in sorted(keys - before)])

    def _fields_with_secrets(self, kind: Kind, record: RecordId, values: Mapping[int, Value]) -> list[Any]:
        """The columns of a kind's fields in their order, secret ones sealed and followed by their keyed hash."""
        row: list[Any] = []
        for label, (register, one) in kind.by_label.items():
            value = values.get(label)
            if register.privacy is not Privacy.SECRET:
                row.append(value)
                continue
            row.append(self._at_rest.seal_value(kind, record, one.name, value))
            if has_keyed_hash(register, one):
                row.append(self._at_rest.keyed_hash(kind, one.name, value))
        return row

    def drop_projection(self, kind: Kind, record: RecordId) -> None:
        """Remove one projection, if there is one."""
        self._run(sql.projection(kind.name).drop, id=record)
        if kind is CUSTOMER:
            self._put_name_keys(record, frozenset())
        elif kind is GOLDEN:
            self._put_golden_links(record, frozenset())

    def drop_projections(self) -> None:
        """Remove every projection and the overruled values found here."""
        for kind in REGISTRY.kinds:
            self._connection.execute(sql.projection(kind.name).drop_all.sql)
        self._run(sql.DROP_OWN_SETTLED)
        self._run(local.DROP_KEYS)
        self._run(local.DROP_LINKS)

    def put_base(self, base: BaseRow) -> None:
        """Insert or replace a base row."""
        packed = self._at_rest.pack(base.kind, base.record, base.entries)
        place = (base.owner, base.position, base.changed)
        held = msgspec.msgpack.encode(sorted(base.former_sets)) if base.former_sets else None
        former = (base.former_position, base.former_epoch, held)
        row = (base.kind, base.record, *place, packed, base.is_evicted, *former)
        self._connection.execute(sql.PUT_BASE.sql, row)

    def replace_settled(self, kind: int, record: RecordId, values: Iterable[SettledValue], *, is_own: bool) -> None:
        """Replace the settled overruled values of a record that were found here, or that the hub sent."""
        self._run(sql.DROP_SETTLED, kind=kind, record=record, is_own=is_own)
        for one in values:
            packed = self._at_rest.pack(kind, record, (one.overruled,))
            row = (kind, record, one.register, one.overruled.op, one.by, is_own, packed)
            self._connection.execute(sql.PUT_SETTLED.sql, row)

    def add_erasure(self, record: RecordId, groups: int) -> None:
        """Remember erased groups of a record for ever."""
        self._run(sql.PUT_ERASED, record=record, groups=self.erased_groups(record) | groups)

    def add_hub_set(self, row: HubSetRow) -> None:
        """Keep one of the hub's own sets; a known one changes nothing."""
        stored = self._at_rest.seal_hub_opening(row.message, row.opening)
        self._connection.execute(sql.ADD_HUB_SET.sql, (row.position, row.time_ms, row.message, stored, row.offered_in))

    def next_number(self, series: str) -> int:
        """The next number of a local series."""
        row = self._one(sql.GET_SERIES, series=series)
        number: int = row[1] + 1 if row else 1
        self._run(sql.PUT_SERIES, series=series, last=number)
        return number

    def remember_former(self, source: str, kind: str, former_id: str, record: RecordId) -> None:
        """Remember which record a record of a former system became."""
        self._run(sql.PUT_FORMER, source=source, kind=kind, former_id=former_id, record=record)

    def _put_state(self, name: str, value: object) -> None:
        self._connection.execute(sql.PUT_STATE.sql, (name, msgspec.msgpack.encode(value)))

    def _run(self, statement: Statement, **values: Any) -> None:
        self._connection.execute(statement.sql, statement.arguments(values))


def _verdict_row(verdict: SetVerdict | None) -> dict[str, Value]:
    if verdict is None:
        return dict.fromkeys(("verdict", "reason", "verdict_position", "verdict_ms", "voids", "conflicts"))
    return {
        "verdict": int(verdict.code),
        "reason": verdict.reason,
        "verdict_position": verdict.position,
        "verdict_ms": verdict.time_ms,
        "voids": msgspec.msgpack.encode(dict(verdict.voids)),
        "conflicts": verdict.conflicts,
    }
