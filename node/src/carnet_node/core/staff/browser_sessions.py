"""Sessions at the desk: one person at one browser, from login to its end.

Decides when a session is open, locked or over. It slides with every request and is locked after ten quiet minutes,
since the counter is open to the public; it is over with the working day, or when the person leaves the site. A locked
session keeps everything that was typed: the password of the same person opens it again.

    open --10 min without a request, or "lock"--> locked --password--> open
    open, locked --12 h, logout, left--> over

A browser holds a random token; only its hash is stored.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from hashlib import sha256

from carnet_node.core.desk_limits import (
    SESSION_IDLE_MS,
    SESSION_MAX_MS,
    SESSION_TOKEN_BYTES,
    SESSION_TOUCH_MS,
    SESSIONS_PER_STAFF_MAX,
)
from carnet_node.core.local_facts import StaffSession
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.staff.staff_list import is_working, member
from carnet_protocol.ids import RecordId


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session.

    Attributes:
        token: for the browser alone; never stored, never logged.
    """

    token: str
    staff: RecordId


@dataclass(frozen=True, slots=True)
class PresentSession:
    """A session that is not over.

    Attributes:
        staff: whose it is.
        is_locked: nothing is shown before the password was given again.
        ends_ms: when it is over at the latest.
    """

    staff: RecordView
    is_locked: bool
    ends_ms: int

    @property
    def role(self) -> str:
        """The role of the person, as the records say now."""
        return str(self.staff.values.get("role") or "")


def open_session(node: Node, tx: WriteTransaction, staff: RecordId) -> OpenedSession:
    """Open a session for somebody who has proved who they are; old ones are cleared away."""
    now_ms = node.clock.now_ms()
    token = urlsafe_b64encode(node.entropy.random_bytes(SESSION_TOKEN_BYTES)).rstrip(b"=").decode()
    tx.local.drop_sessions_before(now_ms - SESSION_MAX_MS)
    for surplus in tx.local.sessions_of(staff)[SESSIONS_PER_STAFF_MAX - 1 :]:
        tx.local.drop_session(surplus.token_hash)
    tx.local.put_session(StaffSession(_hash(token), staff, now_ms, now_ms, is_locked=False))
    return OpenedSession(token, staff)


def present_session(node: Node, token: str) -> PresentSession | None:
    """The session behind a browser's token; None when it is over. Its last request is noted about once a minute."""
    now_ms = node.clock.now_ms()
    with node.store.read() as tx:
        session = tx.local.session(_hash(token))
        shown = _judge(node, tx, session, now_ms)
    if session is None or shown is None or shown.is_locked:
        return shown
    if abs(now_ms - session.seen_ms) >= SESSION_TOUCH_MS:
        with node.store.write() as tx:
            fresh = tx.local.session(session.token_hash)
            if fresh is not None and not fresh.is_locked:
                tx.local.put_session(replace(fresh, seen_ms=now_ms))
    return shown


def look_at_session(node: Node, token: str) -> PresentSession | None:
    """As `present_session`, for what a page does by itself: it does not keep the session awake."""
    with node.store.read() as tx:
        return _judge(node, tx, tx.local.session(_hash(token)), node.clock.now_ms())


def lock_session(node: Node, token: str) -> None:
    """Lock the screen now."""
    with node.store.write() as tx:
        session = tx.local.session(_hash(token))
        if session is not None:
            tx.local.put_session(replace(session, is_locked=True))


def unlock_session(node: Node, token: str, staff: RecordId) -> bool:
    """Open a locked session again for the person it belongs to, whose password was confirmed.

    Returns: whether it was theirs and is not over.
    """
    now_ms = node.clock.now_ms()
    with node.store.write() as tx:
        session = tx.local.session(_hash(token))
        if session is None or session.staff != staff or _judge(node, tx, session, now_ms) is None:
            return False
        tx.local.put_session(replace(session, is_locked=False, seen_ms=now_ms))
    return True


def log_out(node: Node, token: str) -> None:
    """End a session."""
    with node.store.write() as tx:
        tx.local.drop_session(_hash(token))


def _judge(node: Node, tx: ReadTransaction, session: StaffSession | None, now_ms: int) -> PresentSession | None:
    """Open, locked or over; a clock that was set back before the session began ends it."""
    if session is None or not 0 <= now_ms - session.opened_ms < SESSION_MAX_MS:
        return None
    staff = member(tx, node.identity, session.staff)
    if staff is None or not is_working(staff):
        return None
    is_idle = now_ms - session.seen_ms >= SESSION_IDLE_MS
    return PresentSession(staff, session.is_locked or is_idle, session.opened_ms + SESSION_MAX_MS)


def _hash(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
