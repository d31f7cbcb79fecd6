"""What the node keeps about the people at its desk, in its own database (see `core.local_ports`).

Decides how those values become rows. Runs inside the transaction that `store` has begun, on the same connection, so a
session that ends and a record that is written are one commit. Drafts are encrypted with the data key: they hold what a
customer said before anybody decided to keep it.
"""

from typing import Any, Final

import msgspec

from carnet_node.adapters import local_statements as sql
from carnet_node.adapters.at_rest import AtRest
from carnet_node.adapters.statements import Statement
from carnet_node.core.local_facts import (
    Access,
    AccessEntry,
    Credential,
    FormDraft,
    LoginFailures,
    NotSame,
    StaffSession,
)
from carnet_protocol.ids import RecordId

_CONTENT: Final = msgspec.msgpack.Decoder(tuple[dict[str, tuple[str, ...]], str])


class SqlLocalReads:
    """See `core.local_ports.LocalReads`."""

    def __init__(self, connection: Any, at_rest: AtRest) -> None:
        self._connection = connection
        self._at_rest = at_rest

    def credential(self, staff: RecordId) -> Credential | None:
        """How somebody proves who they are here."""
        row = self._one(sql.GET_CREDENTIAL, staff=staff)
        return Credential(*row) if row else None

    def credentials(self) -> list[Credential]:
        """All of them."""
        return [Credential(*row) for row in self._all(sql.CREDENTIALS)]

    def login_failures(self, name_hash: bytes) -> LoginFailures | None:
        """Wrong passwords under a name."""
        row = self._one(sql.GET_FAILURES, name_hash=name_hash)
        return LoginFailures(*row) if row else None

    def session(self, token_hash: bytes) -> StaffSession | None:
        """One session, ended by time or not."""
        row = self._one(sql.GET_SESSION, token_hash=token_hash)
        return _session(row) if row else None

    def sessions_of(self, staff: RecordId) -> list[StaffSession]:
        """Sessions of one person, newest first."""
        return [_session(row) for row in self._all(sql.SESSIONS_OF, staff=staff)]

    def draft(self, staff: RecordId, form: str) -> FormDraft | None:
        """What somebody has typed into a form."""
        row = self._one(sql.GET_DRAFT, staff=staff, form=form)
        return self._draft(row) if row else None

    def drafts_of(self, staff: RecordId) -> list[FormDraft]:
        """Everything somebody has typed and not saved, newest first."""
        return [self._draft(row) for row in self._all(sql.DRAFTS_OF, staff=staff)]

    def accesses(self, staff: RecordId | None, since_ms: int, limit: int) -> list[AccessEntry]:
        """The access log from a moment on, newest first."""
        if staff is None:
            rows = self._all(sql.ACCESSES, since=since_ms, row_limit=limit)
        else:
            rows = self._all(sql.ACCESSES_OF, staff=staff, since=since_ms, row_limit=limit)
        return [AccessEntry(who, Access(how), subject, count, at_ms) for _, who, how, subject, count, at_ms in rows]

    def not_same_with(self, record: RecordId) -> list[NotSame]:
        """What was said about a record."""
        return [NotSame(*row) for row in self._all(sql.NOT_SAME_WITH, record=record, other=record)]

    def _draft(self, row: Any) -> FormDraft:
        staff, form, record, content, saved_ms = row
        fields, heads = _CONTENT.decode(self._at_rest.open_draft(staff, form, content))
        return FormDraft(staff, form, record, fields, heads, saved_ms)

    def _one(self, statement: Statement, **values: Any) -> Any:
        return self._connection.execute(statement.sql, statement.arguments(values)).fetchone()

    def _all(self, statement: Statement, **values: Any) -> list[Any]:
        rows: list[Any] = self._connection.execute(statement.sql, statement.arguments(values)).fetchall()
        return rows


class SqlLocalWrites(SqlLocalReads):
    """See `core.local_ports.LocalWrites`."""

    def put_credential(self, credential: Credential) -> None:
        """Insert or replace."""
        row = (credential.staff, credential.password_hash, credential.code_hash)
        self._execute(sql.PUT_CREDENTIAL, (*row, credential.code_until_ms, credential.changed_ms))

    def drop_credential(self, staff: RecordId) -> None:
        """Nobody logs in under this name any more."""
        self._execute(sql.DROP_CREDENTIAL, (staff,))

    def put_login_failures(self, failures: LoginFailures, kept_max: int) -> None:
        """Insert or replace. Of names that nobody has, the newest `kept_max` are kept; staff names all are."""
        self._execute(sql.PUT_FAILURES, (failures.name_hash, failures.count, failures.last_ms))
        self._execute(sql.TRIM_FAILURES, sql.TRIM_FAILURES.arguments({"row_limit": kept_max}))

    def drop_login_failures(self, name_hash: bytes) -> None:
        """A success, or a reset."""
        self._execute(sql.DROP_FAILURES, (name_hash,))

    def put_session(self, session: StaffSession) -> None:
        """Insert or replace."""
        row = (session.token_hash, session.staff, session.opened_ms, session.seen_ms, session.is_locked)
        self._execute(sql.PUT_SESSION, row)

    def drop_session(self, token_hash: bytes) -> None:
        """The session is over."""
        self._execute(sql.DROP_SESSION, (token_hash,))

    def drop_sessions_of(self, staff: RecordId) -> None:
        """All sessions of one person are over."""
        self._execute(sql.DROP_SESSIONS_OF, (staff,))

    def drop_sessions_before(self, opened_ms: int) -> None:
        """Sessions opened before a moment are over."""
        self._execute(sql.DROP_SESSIONS_BEFORE, (opened_ms,))

    def drop_sessions(self) -> None:
        """Everybody has to log in again."""
        self._execute(sql.DROP_SESSIONS, ())

    def put_draft(self, draft: FormDraft) -> None:
        """Insert or replace."""
        plain = msgspec.msgpack.encode((dict(draft.fields), draft.heads))
        content = self._at_rest.seal_draft(draft.staff, draft.form, plain)
        self._execute(sql.PUT_DRAFT, (draft.staff, draft.form, draft.record, content, draft.saved_ms))

    def drop_draft(self, staff: RecordId, form: str) -> None:
        """It was saved, or given up."""
        self._execute(sql.DROP_DRAFT, (staff, form))

    def drop_drafts_before(self, saved_ms: int) -> None:
        """Old drafts are forgotten."""
        self._execute(sql.DROP_DRAFTS_BEFORE, (saved_ms,))

    def drop_drafts_about(self, record: RecordId) -> None:
        """The record was erased."""
        self._execute(sql.DROP_DRAFTS_ABOUT, (record,))

    def add_access(self, entry: AccessEntry, forget_before_ms: int) -> None:
        """Append to the access log; older entries than a moment go."""
        self._execute(sql.FORGET_ACCESS, (forget_before_ms,))
        row = (entry.staff, entry.access.value, entry.subject, entry.row_count, entry.at_ms)
        self._execute(sql.ADD_ACCESS, row)

    def put_not_same(self, decision: NotSame) -> None:
        """Remember a decision."""
        self._execute(sql.PUT_NOT_SAME, (decision.first, decision.second, decision.staff, decision.at_ms))

    def drop_not_same(self, first: RecordId, second: RecordId) -> None:
        """Forget it."""
        self._execute(sql.DROP_NOT_SAME, (first, second))

    def _execute(self, statement: Statement, row: tuple[Any, ...]) -> None:
        self._connection.execute(statement.sql, row)


def _session(row: Any) -> StaffSession:
    token_hash, staff, opened_ms, seen_ms, is_locked = row
    return StaffSession(token_hash, staff, opened_ms, seen_ms, bool(is_locked))
