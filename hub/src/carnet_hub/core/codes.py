"""One-time codes: handed out by an operator, used by one machine, whatever they are for.

Decides how a code is made, kept, found and answered once. Does not decide what a code is good for nor who may use it
(`enrolment`, `recovering`), nor its form and its proofs (`carnet_protocol.enrolment`).

Rules
1. A code belongs to one dealer site, lives 72 hours and bears five wrong proofs. The hub keeps what derives from its
   secret, never the secret.
2. A wrong proof is counted; nothing else of a request that is refused leaves a trace.
3. The same request gets the same answer, byte for byte, however often it comes.
4. A restored hub takes no code that its backup calls unused: somebody may have used it since (`histories`).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.rows import InviteRow
from carnet_protocol import limits
from carnet_protocol.enrolment import SECRET_BYTES, InviteKeys, format_code
from carnet_protocol.errors import NotAllowed, NotAuthentic
from carnet_protocol.ids import DealerId
from carnet_protocol.reasons import Reason

NOBODY: Final = b""
"""The node of a code that nobody has used."""

_ACTIVE: Final = ("", "active")


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the operator hands to a dealer; the code exists nowhere else.

    Attributes:
        code: 45 characters in groups of five.
        expires_ms: ms since 1970 UTC.
    """

    code: str
    dealer_id: DealerId
    expires_ms: int


def issue_code(hub: Hub, dealer_id: bytes, derive: Callable[[bytes], InviteKeys]) -> Invitation:
    """Make a one-time code of a dealer site; expired codes are forgotten, used or not.

    Args:
        derive: the keys behind its secret, for the one purpose it serves.

    Raises:
        NotAllowed: no such dealer, or suspended; nothing was stored.
    """
    secret = hub.entropy.random_bytes(SECRET_BYTES)
    keys, now_ms = derive(secret), hub.clock.now_ms()
    expires_ms = now_ms + limits.INVITE_TTL_MS
    with hub.store.write() as transaction:
        require_active(transaction, dealer_id)
        stale = [(one.code_id,) for one in transaction.scan(InviteRow) if one.expires_ms < now_ms]
        transaction.remove(InviteRow, stale)
        row = InviteRow(keys.code_id, dealer_id, keys.node_key, keys.hub_key, now_ms, expires_ms, 0, NOBODY, b"", b"")
        transaction.put([row])
    return Invitation(format_code(hub.public_key, secret), DealerId(dealer_id), expires_ms)


def answer_once(
    hub: Hub, code_id: bytes, message: bytes, judge: Callable[[Transaction, InviteRow], tuple[bytes, bytes]]
) -> bytes:
    """Answer a request that names a code, in one transaction.

    Args:
        message: the request as it came.
        judge: refuses the request, or returns the node that has used the code now and the signed answer.

    Raises:
        NotAuthentic: BAD_CODE, there is no such code; or what `judge` refuses with: a BAD_PROOF is counted.
        Refused: what else `judge` refuses with; nothing is stored.
    """
    with hub.store.read() as snapshot:  # a code nobody gave out must not cost the lock
        _find_code(snapshot, code_id)
    asked_hash = hashlib.sha256(message).digest()
    with hub.store.write() as transaction:
        code = _find_code(transaction, code_id)
        if code.answer and code.asked_hash == asked_hash:
            return code.answer
        try:
            node_id, answer = judge(transaction, code)
        except NotAuthentic as wrong:
            if wrong.reason is not Reason.BAD_PROOF:
                raise
            transaction.put([code._replace(tries=code.tries + 1)])
            refusal = wrong
        else:
            transaction.put([code._replace(node_id=node_id, asked_hash=asked_hash, answer=answer)])
            return answer
    raise refusal


def end_open_codes(transaction: Transaction) -> None:
    """Let every code expire that nobody has used; a used one still answers the same request again."""
    open_codes = [one for one in transaction.scan(InviteRow) if one.node_id == NOBODY]
    transaction.put([one._replace(expires_ms=0) for one in open_codes])


def keys_of(code: InviteRow) -> InviteKeys:
    """The keys of both proofs."""
    return InviteKeys(code.code_id, code.node_key, code.hub_key)


def require_active(snapshot: Snapshot | Transaction, dealer_id: bytes) -> None:
    """Go on only with a dealer site that exists and is not suspended.

    Raises:
        NotAllowed: it is not.
    """
    dealer = snapshot.dealers([dealer_id]).get(dealer_id)
    if dealer is None:
        raise NotAllowed(Reason.NOT_FOUND, "no such dealer site")
    if dealer.status not in _ACTIVE:
        raise NotAllowed(Reason.SUSPENDED_NODE, "dealer site")


def _find_code(snapshot: Snapshot, code_id: bytes) -> InviteRow:
    code = snapshot.invite(code_id)
    if code is None:
        raise NotAuthentic(Reason.BAD_CODE, "no such code")
    return code
