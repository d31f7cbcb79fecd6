"""How somebody proves who they are at this node: a password, once a start code, and what happens when it is wrong.

Decides who gets a session. Everything here belongs to one node: passwords never sync, so at another node of the site a
person begins with a start code again.

Rules:
- A wrong name and a wrong password are one refusal and cost the same time.
- An attempt is counted before it is judged, so that a hundred at once count as a hundred.
- After `FREE_ATTEMPTS` wrong ones each further one doubles a waiting time; while it runs nothing is judged, not even
  the right password. Names that nobody has are counted alike, and forgotten first: inventing many of them does not
  make the count of a colleague go away.
- A start code is good once and for `START_CODE_MS`. It does not log in: it lets its owner choose a password.
- Whoever has left the site gets no session, whatever they know.

The slow hash is computed between two short transactions, never inside one.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from carnet_node.core.commands.staff import folded_staff_no
from carnet_node.core.desk_limits import (
    FAILURES_FORGOTTEN_MS,
    FAILURES_KEPT_MAX,
    FREE_ATTEMPTS,
    LOCKOUT_FIRST_MS,
    LOCKOUT_MAX_MS,
    PASSWORD_CHARS_MAX,
    PASSWORD_CHARS_MIN,
    START_CODE_CHARS,
    START_CODE_MS,
)
from carnet_node.core.local_facts import INVENTED_NAME, KNOWN_NAME, Credential, LoginFailures
from carnet_node.core.local_ports import PasswordHasher
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.refusals import CommandRefused, Problem, ProblemCode, refuse
from carnet_node.core.staff.browser_sessions import OpenedSession, open_session
from carnet_node.core.staff.staff_list import is_working, member, member_by_no
from carnet_protocol.ids import RecordId

NO_CODE: Final = b""
NO_PASSWORD: Final = ""
_CODE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that a code read out is typed back."""

_READ_AS: Final = str.maketrans("ILO", "110")


class LoginRefused(CommandRefused):
    """Nobody was logged in.

    Attributes:
        wait_ms: how long until the next attempt is judged; 0 for now.
    """

    def __init__(self, problem: Problem, wait_ms: int = 0) -> None:
        super().__init__((problem,))
        self.wait_ms = wait_ms
        self.safe = "Nobody was logged in. What was typed into forms before is kept."


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one attempt is judged by.

    Attributes:
        staff: None for a name that nobody here has, or nobody who works here.
    """

    name_hash: bytes
    staff: RecordId | None
    credential: Credential | None


def waiting_ms(count: int) -> int:
    """How long after so many wrong attempts nothing is judged, ms."""
    beyond = count - FREE_ATTEMPTS
    return 0 if beyond < 0 else min(LOCKOUT_FIRST_MS << min(beyond, 16), LOCKOUT_MAX_MS)


def log_in(node: Node, hasher: PasswordHasher, staff_no: str, password: str) -> OpenedSession:
    """Open a session for whoever knows the password of a staff number.

    Raises:
        LoginRefused: wrong, or too many wrong ones; nothing says which of name and password it was.
    """
    with node.store.write() as tx:
        attempt = _count_attempt(node, tx, staff_no)
    encoded = attempt.credential.password_hash if attempt.credential is not None else NO_PASSWORD
    is_right = hasher.verify(encoded or hasher.nobody, password[:PASSWORD_CHARS_MAX])
    if not is_right or attempt.staff is None or len(password) > PASSWORD_CHARS_MAX:
        raise _wrong()
    renewed = hasher.hash(password) if hasher.is_outdated(encoded) else None
    with node.store.write() as tx:
        credential = _still_valid(tx, attempt)
        tx.local.drop_login_failures(attempt.name_hash)
        if renewed is not None:
            tx.local.put_credential(replace(credential, password_hash=renewed))
        return open_session(node, tx, attempt.staff)


def begin_with_code(node: Node, hasher: PasswordHasher, staff_no: str, code: str, password: str) -> OpenedSession:
    """Choose a password with a one-time start code, and log in.

    Raises:
        LoginRefused: wrong, used or too old a code, or too many wrong attempts.
        CommandRefused: a password that is too short or too long; the code is still good.
    """
    check_password(password, staff_no)
    with node.store.write() as tx:
        attempt = _count_attempt(node, tx, staff_no)
    if attempt.staff is None or not _is_code(attempt.credential, code, node.clock.now_ms()):
        raise _wrong_code()
    encoded = hasher.hash(password)
    with node.store.write() as tx:
        if not _is_code(tx.local.credential(attempt.staff), code, node.clock.now_ms()):
            raise _wrong_code()
        tx.local.drop_login_failures(attempt.name_hash)
        return _first_session(node, tx, attempt.staff, encoded)


def change_password(node: Node, hasher: PasswordHasher, staff: RecordId, *, present: str, chosen: str) -> OpenedSession:
    """Another password; every session of this person ends, and a new one opens.

    Raises:
        LoginRefused: the present password is wrong, or too many wrong attempts.
        CommandRefused: the new one is too short or too long.
    """
    with node.store.read() as tx:
        found = member(tx, node.identity, staff)
    staff_no = str(found.values.get("staff_no")) if found is not None else ""
    check_password(chosen, staff_no)
    try:
        is_theirs = confirm_password(node, hasher, staff_no, present) == staff
    except LoginRefused as refused:
        raise LoginRefused(replace(refused.problems[0], field="present"), refused.wait_ms) from refused
    if not is_theirs:  # somebody else's, under the same number
        raise LoginRefused(replace(_wrong_password().problems[0], field="present"))
    encoded = hasher.hash(chosen)
    with node.store.write() as tx:
        return _first_session(node, tx, staff, encoded)


def confirm_password(node: Node, hasher: PasswordHasher, staff_no: str, password: str) -> RecordId:
    """Whose password it is, without opening a session: for the lock screen.

    Raises:
        LoginRefused: as `log_in`.
    """
    with node.store.write() as tx:
        attempt = _count_attempt(node, tx, staff_no)
    encoded = attempt.credential.password_hash if attempt.credential is not None else NO_PASSWORD
    if not hasher.verify(encoded or hasher.nobody, password[:PASSWORD_CHARS_MAX]) or attempt.staff is None:
        raise _wrong_password()
    with node.store.write() as tx:
        _still_valid(tx, attempt)
        tx.local.drop_login_failures(attempt.name_hash)
    return attempt.staff


def check_password(password: str, staff_no: str) -> None:
    """Accept a password somebody chose.

    Raises:
        CommandRefused: too short, too long, or the staff number.
    """
    what = f"A password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters."
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX or not _is_utf8(password):
        raise refuse(
            "password", ProblemCode.WEAK_PASSWORD, what, "Choose a longer one; a sentence is easy to remember."
        )
    if folded_staff_no(password) == folded_staff_no(staff_no):
        raise refuse("password", ProblemCode.WEAK_PASSWORD, "The password is the staff number.", "Choose another one.")


def new_start_code(node: Node, tx: WriteTransaction, staff: RecordId) -> str:
    """A one-time start code; the password and every session of this person end with it."""
    drawn = node.entropy.random_bytes(START_CODE_CHARS)
    code = "".join(_CODE_ALPHABET[byte % len(_CODE_ALPHABET)] for byte in drawn)
    now_ms = node.clock.now_ms()
    tx.local.put_credential(Credential(staff, NO_PASSWORD, _code_hash(staff, code), now_ms + START_CODE_MS, now_ms))
    tx.local.drop_sessions_of(staff)
    return f"{code[: START_CODE_CHARS // 2]}-{code[START_CODE_CHARS // 2 :]}"


def name_hash_of(staff_no: str, *, is_known: bool) -> bytes:
    """Under what attempts on a name are counted.

    Args:
        is_known: the name is on the staff list.
    """
    digest = sha256(folded_staff_no(staff_no)[:PASSWORD_CHARS_MAX].encode(errors="replace")).digest()
    return (KNOWN_NAME if is_known else INVENTED_NAME) + digest[1:]


def _count_attempt(node: Node, tx: WriteTransaction, staff_no: str) -> _Attempt:
    found = member_by_no(tx, node.identity, staff_no)
    name_hash, now_ms = name_hash_of(staff_no, is_known=found is not None), node.clock.now_ms()
    known = tx.local.login_failures(name_hash)
    if known is None or not 0 <= now_ms - known.last_ms < FAILURES_FORGOTTEN_MS:
        known = LoginFailures(name_hash, 0, now_ms)
    left_ms = known.last_ms + waiting_ms(known.count) - now_ms
    if left_ms > 0:
        what = "Too many wrong attempts under this number."
        raise LoginRefused(
            Problem("password", ProblemCode.WAIT, what, "Wait, or ask your manager for a start code."), left_ms
        )
    tx.local.put_login_failures(LoginFailures(name_hash, known.count + 1, now_ms), FAILURES_KEPT_MAX)
    if found is None or not is_working(found):
        return _Attempt(name_hash, None, None)
    return _Attempt(name_hash, found.id, tx.local.credential(found.id))


def _still_valid(tx: ReadTransaction, attempt: _Attempt) -> Credential:
    """The credential that was judged, if it still stands: it may have been taken away meanwhile."""
    credential = None if attempt.staff is None else tx.local.credential(attempt.staff)
    if credential is None or credential != attempt.credential:
        raise _wrong()
    return credential


def _first_session(node: Node, tx: WriteTransaction, staff: RecordId, encoded: str) -> OpenedSession:
    tx.local.put_credential(Credential(staff, encoded, NO_CODE, 0, node.clock.now_ms()))
    tx.local.drop_sessions_of(staff)
    return open_session(node, tx, staff)


def _is_code(credential: Credential | None, typed: str, now_ms: int) -> bool:
    if credential is None or credential.code_hash == NO_CODE:
        return False
    folded = "".join(one for one in folded_staff_no(typed).translate(_READ_AS) if one in _CODE_ALPHABET)
    is_fresh = credential.code_until_ms - START_CODE_MS <= now_ms < credential.code_until_ms
    return compare_digest(_code_hash(credential.staff, folded), credential.code_hash) and is_fresh


def _code_hash(staff: RecordId, code: str) -> bytes:
    return sha256(staff + code.encode()).digest()


def _is_utf8(text: str) -> bool:
    return text.encode(errors="replace").decode() == text


def _wrong() -> LoginRefused:
    next_step = "Type both again. Whoever holds a start code begins with that instead; your manager gives one."
    what = "The staff number and the password do not belong together."
    return LoginRefused(Problem("password", ProblemCode.WRONG_LOGIN, what, next_step))


def _wrong_password() -> LoginRefused:
    """Where the number is known and only the password was asked for."""
    what, then = "This password is not right.", "Type it again, or ask your manager for a start code."
    return LoginRefused(Problem("password", ProblemCode.WRONG_LOGIN, what, then))


def _wrong_code() -> LoginRefused:
    next_step = "Type both again as they were given to you, or ask your manager for a new start code."
    what = "The staff number and the start code do not belong together, or the code was used or is too old."
    return LoginRefused(Problem("code", ProblemCode.WRONG_LOGIN, what, next_step))
