"""Tokens of regulators: who may look from outside, at what, from where and until when.

Decides what a token is, how it is kept, and whether a request that brings one goes on. Does not decide what is shown
(`regulator_views`, `vehicle_recalls`) nor how an access is written down (`access_ledger`).

Rules
1. The secret is shown once and kept nowhere; its hash is compared in constant time. Everything that is wrong with the
   token itself, revoked included, is one refusal, so that nobody learns which tokens there were. The hub itself knows
   a revoked token by its secret: that somebody still uses it is what an operator wants to see (`regulator_door`).
2. Only who knows the secret is told more, in this order: not confirmed since the hub was restored, past its term, from
   the wrong network, outside its scope. None of it says what would have been right.
3. A token is read anew with every request, so a revocation counts at every worker at once. A log-in of the site is a
   token's id under this hub's own seal, and is read in the same way.
4. Time is the hub's clock, never behind its log: a clock that was set back revives no token.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_network
from typing import Final

from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.outside.pace import parse_address
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.regulator_limits import (
    CAMPAIGNS_NAMED_MAX,
    NETWORKS_MAX,
    SECRET_BYTES,
    SESSION_TTL_MS,
    TOKEN_CHARS_MAX,
    TOKEN_DAYS_MAX,
    TOKENS_MAX,
)
from carnet_hub.core.regulator_rows import RegulatorTokenRow
from carnet_hub.core.sets.present import require_present
from carnet_hub.core.steward_codes import require_code
from carnet_protocol.limits import CODE_CHARS_MAX

TOKEN_ID_BYTES: Final = 8
TOKEN_MARK: Final = "crt1_"
_DAY_MS: Final = 24 * 3600 * 1000
_NOBODY: Final = bytes(32)
_SESSION_DOMAIN: Final = b"carnet/regulator-session/v1\x00"
_FORM_DOMAIN: Final = b"carnet/regulator-form/v1\x00"
_TIME_BYTES: Final = 8
_SESSION_BODY_BYTES: Final = TOKEN_ID_BYTES + _TIME_BYTES


class Scope(StrEnum):
    """What a token may be good for."""

    CAMPAIGNS = "campaigns"
    PROGRESS = "progress"
    VEHICLES = "vehicles"
    CHANGES = "changes"
    EXPORTS = "exports"
    OWNERS = "owners"
    """Ask for named exports, and read them when they are released."""
    RELEASE = "release"
    """Release what others asked for."""


DEFAULT_SCOPES: Final = (Scope.CAMPAIGNS, Scope.PROGRESS, Scope.VEHICLES, Scope.CHANGES, Scope.EXPORTS)
"""What a token is good for unless somebody says otherwise; none of it holds personal data."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody is let in for.

    Attributes:
        name: code of the authority or of its officer.
        campaigns: numbers; none for all.
        networks: as `192.0.2.0/24`; none for any.
    """

    name: str
    scopes: tuple[Scope, ...] = DEFAULT_SCOPES
    campaigns: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the hub knows it.

    Attributes:
        revoked_ms: 0 while it stands.
        is_confirmed: somebody said that it counts in the present history of the hub.
    """

    token_id: bytes
    grant: Grant
    created_ms: int
    expires_ms: int
    revoked_ms: int
    is_confirmed: bool

    def covers(self, campaign_no: str) -> bool:
        """Whether a campaign is one of those it was given for."""
        return not self.grant.campaigns or campaign_no in self.grant.campaigns


def issue_token(hub: Hub, grant: Grant, *, days: int) -> tuple[Token, str]:
    """Make a token.

    Args:
        days: until its end, 1 to `TOKEN_DAYS_MAX`.

    Returns: the token, and its text with the secret: shown now and never again.

    Raises:
        Unusable: no code as a name, no scope, no network, more than can be named, or too many tokens; nothing stored.
        StoreBusy, StoreError: see `ports`.
    """
    _check_grant(grant, days)
    token_id, secret = hub.entropy.random_bytes(TOKEN_ID_BYTES), hub.entropy.random_bytes(SECRET_BYTES)
    with hub.store.write() as transaction:
        now_ms = present_ms(hub, transaction)
        if sum(1 for _ in transaction.scan(RegulatorTokenRow)) >= TOKENS_MAX:
            raise Unusable(f"There are {TOKENS_MAX} tokens already.", "Write to the maintainers; no hub needs as many.")
        row = RegulatorTokenRow(
            token_id,
            grant.name,
            sha256(secret).digest(),
            " ".join(grant.scopes),
            " ".join(grant.campaigns),
            " ".join(str(ip_network(one)) for one in grant.networks),
            hub.hub_epoch,
            now_ms,
            now_ms + days * _DAY_MS,
            0,
        )
        transaction.put([row])
    return _token_of(hub, row), TOKEN_MARK + _base64(token_id + secret)


def list_tokens(hub: Hub) -> list[Token]:
    """Every token there ever was, oldest first."""
    with hub.store.read() as snapshot:
        tokens = [_token_of(hub, row) for row in snapshot.scan(RegulatorTokenRow)]
    return sorted(tokens, key=lambda one: (one.created_ms, one.token_id))


def revoke_token(hub: Hub, token_id: bytes) -> Token:
    """Let nobody in with a token any more, from this moment on.

    Raises:
        Unusable: there is none; nothing changed. Revoking twice keeps the first moment.
    """
    with hub.store.write() as transaction:
        row = _require_row(transaction, token_id)
        if not row.revoked_ms:
            row = row._replace(revoked_ms=present_ms(hub, transaction))
            transaction.put([row])
    return _token_of(hub, row)


def confirm_token(hub: Hub, token_id: bytes) -> Token:
    """Let a token count in the present history of the hub, after a restore.

    Raises:
        Unusable: there is none, or it is revoked; nothing changed.
    """
    with hub.store.write() as transaction:
        row = _require_row(transaction, token_id)
        if row.revoked_ms:
            raise Unusable("The token is revoked.", "Make a new one with `regulator token add`.")
        row = row._replace(hub_epoch=hub.hub_epoch)
        transaction.put([row])
    return _token_of(hub, row)


def recognise_token(hub: Hub, text: str) -> Token:
    """The token behind what somebody sent, which may be revoked: `check_token` refuses that one.

    Raises:
        AccessRefused: TOKEN_REFUSED.
    """
    token_id, secret = _parts(text)
    with hub.store.read() as snapshot:
        row = _find_row(snapshot, token_id)
    kept = row.secret_hash if row is not None else _NOBODY
    is_right = hmac.compare_digest(kept, sha256(secret).digest())
    if row is None or not is_right:
        raise AccessRefused(Refusal.TOKEN_REFUSED)
    return _token_of(hub, row)


def check_token(hub: Hub, token: Token, address: str) -> None:
    """Go on only with a token that counts now and here.

    Args:
        address: of the caller, as the server knows it.

    Raises:
        AccessRefused: TOKEN_REFUSED, it was revoked; TOKEN_UNCONFIRMED, TOKEN_EXPIRED, WRONG_ADDRESS.
        HistoryEnded: the hub was restored beside this process, which knows nothing of it.
    """
    with hub.store.read() as snapshot:
        require_present(hub, snapshot)
        now_ms = present_ms(hub, snapshot)
    if token.revoked_ms:
        raise AccessRefused(Refusal.TOKEN_REFUSED)
    if not token.is_confirmed:
        raise AccessRefused(Refusal.TOKEN_UNCONFIRMED)
    if now_ms >= token.expires_ms:
        raise AccessRefused(Refusal.TOKEN_EXPIRED)
    if token.grant.networks and not _is_within(address, token.grant.networks):
        raise AccessRefused(Refusal.WRONG_ADDRESS)


def check_scope(token: Token, scope: Scope) -> None:
    """Go on only with a token that is good for something.

    Raises:
        AccessRefused: OUT_OF_SCOPE.
    """
    if scope not in token.grant.scopes:
        raise AccessRefused(Refusal.OUT_OF_SCOPE)


def open_session(session_key: bytes, token: Token, now_ms: int) -> str:
    """What a browser keeps after a log-in: the token's id and the end of the log-in, sealed; no secret."""
    body = token.token_id + (now_ms + SESSION_TTL_MS).to_bytes(_TIME_BYTES, "big")
    return _base64(body + hmac.digest(session_key, _SESSION_DOMAIN + body, "sha256"))


def recognise_session(hub: Hub, session_key: bytes, cookie: str) -> Token:
    """The token behind a log-in, which may have been revoked meanwhile: `check_token` refuses that one.

    Raises:
        AccessRefused: SESSION_OVER, it is none of this hub's, or its time is over; TOKEN_REFUSED, there is no such
            token any more.
    """
    sealed = _bytes_of(cookie)
    body, mac = sealed[:_SESSION_BODY_BYTES], sealed[_SESSION_BODY_BYTES:]
    if not hmac.compare_digest(mac, hmac.digest(session_key, _SESSION_DOMAIN + body, "sha256")):
        raise AccessRefused(Refusal.SESSION_OVER)
    with hub.store.read() as snapshot:
        row = _find_row(snapshot, body[:TOKEN_ID_BYTES])
        now_ms = present_ms(hub, snapshot)
    if now_ms >= int.from_bytes(body[TOKEN_ID_BYTES:], "big"):
        raise AccessRefused(Refusal.SESSION_OVER)
    if row is None:
        raise AccessRefused(Refusal.TOKEN_REFUSED)
    return _token_of(hub, row)


def form_mark(session_key: bytes, cookie: str) -> str:
    """What a form of a log-in carries, so that no other site can send one."""
    return hmac.digest(session_key, _FORM_DOMAIN + cookie.encode(), "sha256").hex()


def check_form(session_key: bytes, cookie: str, mark: str) -> None:
    """Go on only with a form of this very log-in.

    Raises:
        AccessRefused: FORM_STALE.
    """
    if not hmac.compare_digest(form_mark(session_key, cookie).encode(), mark.encode()):
        raise AccessRefused(Refusal.FORM_STALE)


def present_ms(hub: Hub, snapshot: Snapshot) -> int:
    """The hub's clock, never behind its log."""
    return max(hub.clock.now_ms(), snapshot.head().received_ms)


def _check_grant(grant: Grant, days: int) -> None:
    require_code("an authority", grant.name)
    if not 1 <= days <= TOKEN_DAYS_MAX:
        raise Unusable(f"A token cannot live {days} days.", f"Choose 1 to {TOKEN_DAYS_MAX} days.")
    if not grant.scopes:
        raise Unusable("A token without a scope is good for nothing.", f"Choose of {', '.join(Scope)}.")
    if len(grant.networks) > NETWORKS_MAX or len(grant.campaigns) > CAMPAIGNS_NAMED_MAX:
        raise Unusable(
            f"A token names at most {NETWORKS_MAX} networks and {CAMPAIGNS_NAMED_MAX} campaigns.",
            "Make several tokens.",
        )
    for number in grant.campaigns:
        if not 0 < len(number) <= CODE_CHARS_MAX or number != "".join(number.split()):
            raise Unusable(f"{number[:CODE_CHARS_MAX] or '(nothing)'} is no campaign number.", "See `recalls list`.")
    for one in grant.networks:
        _require_network(one)


def _require_network(text: str) -> None:
    try:
        ip_network(text)
    except ValueError as error:
        raise Unusable(
            f"{text[:CODE_CHARS_MAX]} is no network.",
            "Write it as 192.0.2.0/24 or 2001:db8::/32, with zeros behind the prefix, or as one address.",
        ) from error


def _is_within(address: str, networks: Iterable[str]) -> bool:
    caller = parse_address(address)
    return caller is not None and any(caller in ip_network(one) for one in networks)


def _token_of(hub: Hub, row: RegulatorTokenRow) -> Token:
    known = {one.value: one for one in Scope}
    scopes = tuple(known[name] for name in row.scopes.split() if name in known)
    grant = Grant(row.name, scopes, tuple(row.campaigns.split()), tuple(row.networks.split()))
    is_confirmed = row.hub_epoch == hub.hub_epoch
    return Token(row.token_id, grant, row.created_ms, row.expires_ms, row.revoked_ms, is_confirmed)


def _find_row(snapshot: Snapshot, token_id: bytes) -> RegulatorTokenRow | None:
    return next((row for row in snapshot.scan(RegulatorTokenRow) if row.token_id == token_id), None)


def _require_row(transaction: Transaction, token_id: bytes) -> RegulatorTokenRow:
    row = _find_row(transaction, token_id)
    if row is None:
        raise Unusable(f"There is no token {token_id.hex()}.", "Look it up with `regulator token list`.")
    return row


def _parts(text: str) -> tuple[bytes, bytes]:
    """Id and secret of a token's text; of what is none, an id that no token has."""
    if not text.startswith(TOKEN_MARK) or len(text) > TOKEN_CHARS_MAX:
        return b"", b""
    both = _bytes_of(text.removeprefix(TOKEN_MARK))
    return both[:TOKEN_ID_BYTES], both[TOKEN_ID_BYTES:]


def _bytes_of(text: str) -> bytes:
    """From base64url without padding; nothing for what is none."""
    if len(text) > TOKEN_CHARS_MAX:
        return b""
    try:
        return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
