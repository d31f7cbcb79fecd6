"""The door for requests from outside: in which order one is judged, answered and written down.

Decides the order, once for programs and people. A caller whose token is unknown leaves no trace but a count (status 401
at `/metrics`), so nobody fills the disk from outside; whoever is known is written down, answered or refused, before the
answer leaves. A revoked token is known: each use is a line that names it, at the pace of strangers, for its address and
for itself, so a leaked one fills no disk either. Haste is refused without a line each, for the same reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from carnet_hub.core.hub import Hub
from carnet_hub.core.outside.access_ledger import Access, noted, refusals_noted
from carnet_hub.core.outside.pace import Pace, household
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.outside.regulators import Scope, Token, check_scope, check_token
from carnet_hub.core.ports import Turn
from carnet_hub.core.regulator_limits import (
    ASKED_AT_ONCE,
    ASKED_PER_MINUTE,
    PUBLIC_ALL_AT_ONCE,
    PUBLIC_ALL_PER_MINUTE,
    PUBLIC_AT_ONCE,
    PUBLIC_PER_MINUTE,
    STRANGERS_AT_ONCE,
    STRANGERS_PER_MINUTE,
)

T = TypeVar("T")
LOG_IN: Final = "log-in"
ARRIVAL: Final = "home"
"""What the ledger says of a log-in, and of the page that says what a token covers, in place of a scope."""

_EVERYBODY: Final = "everybody"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        way: `api` or `page`.
        address: as the server knows it.
        recognise: gives the token, or refuses.
    """

    way: str
    address: str
    recognise: Callable[[], Token]


class Door:
    """The door of one process.

    Args:
        turn: requests are answered in threads; a bucket that two of them read before either writes would give twice.
        workers: that answer beside each other; each gives its share.
    """

    def __init__(self, hub: Hub, turn: Turn, *, workers: int = 1) -> None:
        self._hub = hub
        self._turn = turn
        self._known = Pace(per_minute=ASKED_PER_MINUTE, at_once=ASKED_AT_ONCE, workers=workers)
        self._strangers = Pace(per_minute=STRANGERS_PER_MINUTE, at_once=STRANGERS_AT_ONCE, workers=workers)
        self._public = Pace(per_minute=PUBLIC_PER_MINUTE, at_once=PUBLIC_AT_ONCE, workers=workers)
        self._everybody = Pace(per_minute=PUBLIC_ALL_PER_MINUTE, at_once=PUBLIC_ALL_AT_ONCE, workers=workers)

    def answer(self, caller: Caller, scope: Scope, subject: str, work: Callable[[Token], T]) -> T:
        """Judge a request, do its work and write it down.

        Args:
            subject: as it stands in the ledger; no personal value, no VIN.

        Raises:
            AccessRefused: see `regulator_refusals`, or by the work.
            StoreError: it could not be written down, so there is no answer.
        """
        token = self._known_token(caller)
        with noted(self._hub, Access(token.token_id, caller.way, scope.value, subject)):
            check_token(self._hub, token, caller.address)
            check_scope(token, scope)
            return work(token)

    def answer_once(self, caller: Caller, scope: Scope, subject: str, work: Callable[[Token, Access], T]) -> T:
        """The same for what can be answered once.

        Args:
            work: writes the access down in the transaction that spends its answer (`access_ledger.note_in`).

        Raises:
            AccessRefused: see `answer`.
            StoreError: it could not be written down, so there is no answer, and nothing is spent.
        """
        token = self._known_token(caller)
        access = Access(token.token_id, caller.way, scope.value, subject)
        with refusals_noted(self._hub, access):
            check_token(self._hub, token, caller.address)
            check_scope(token, scope)
            return work(token, access)

    def let_in(self, caller: Caller, asked: str, work: Callable[[Token], T]) -> T:
        """The same for what asks for no scope.

        Args:
            asked: `LOG_IN` or `ARRIVAL`.

        Raises:
            AccessRefused, StoreError: see `answer`.
        """
        token = self._known_token(caller)
        with noted(self._hub, Access(token.token_id, caller.way, asked)):
            check_token(self._hub, token, caller.address)
            return work(token)

    def _known_token(self, caller: Caller) -> Token:
        """The caller's token, which keeps its pace; who has none, or a revoked one, may not try for ever."""
        try:
            token = caller.recognise()
        except AccessRefused:
            self._keep_pace(self._strangers, household(caller.address))
            raise
        if token.revoked_ms:
            self._keep_pace(self._strangers, household(caller.address))
        self._keep_pace(self._strangers if token.revoked_ms else self._known, token.token_id.hex())
        return token

    def let_public_in(self, address: str) -> None:
        """Let a request through that needs no token.

        Raises:
            AccessRefused: TOO_MANY, of this household or of everybody.
        """
        self._keep_pace(self._public, household(address))
        self._keep_pace(self._everybody, _EVERYBODY)

    def _keep_pace(self, pace: Pace, caller: str) -> None:
        with self._turn:
            wait_s = pace.take(caller, self._hub.clock.now_ms())
        if wait_s:
            raise AccessRefused(Refusal.TOO_MANY, wait_s=wait_s)
