"""Who is asking: challenges, signed hellos and the tokens that follow them.

Decides whether a challenge is one of ours and still fresh, whether a hello is signed by the node it names, and what a
token is good for. Nothing is stored: challenge and token are authenticated by a key that all workers share, so any of
them can check what another gave out. Does not decide what a hello finds out about a node's chain (`hello`), nor
whether pushed sets are believed: those are signed, whoever brings them.

    challenge = 8 bytes issue time ms | 32 bytes HMAC
    token     = 1 byte version | key id | epoch | 8 bytes expiry ms | 32 bytes HMAC
"""

import hmac
from dataclasses import dataclass
from typing import Final

from carnet_protocol import cbor, limits
from carnet_protocol.envelope import KEY_ID_BYTES, Purpose, read_envelope, verify_envelope
from carnet_protocol.errors import NotAuthentic
from carnet_protocol.hello import HelloRequest
from carnet_protocol.ids import EPOCH_BYTES, EpochId, HubId
from carnet_protocol.reasons import Reason

_CHALLENGE_DOMAIN: Final = b"carnet/challenge/v1\x00"
_TOKEN_DOMAIN: Final = b"carnet/token/v1\x00"
_TOKEN_VERSION: Final = b"\x01"
_TIME_BYTES: Final = 8
_TOKEN_BODY_BYTES: Final = 1 + KEY_ID_BYTES + EPOCH_BYTES + _TIME_BYTES


@dataclass(frozen=True, slots=True)
class Session:
    """What a token says about who is asking.

    Attributes:
        key_id: of the key that signed the hello; the node is looked up by it at every request, so that a suspension or
            a new key counts at once.
        epoch: the chain the node writes; a session under a superseded one is a second copy.
        expires_ms: hub clock, ms since 1970.
    """

    key_id: bytes
    epoch: EpochId
    expires_ms: int


def issue_challenge(session_key: bytes, now_ms: int) -> bytes:
    """A nonce for one hello, 40 bytes, good for `CHALLENGE_TTL_MS` at every worker.

    Args:
        session_key: 32 bytes shared by all workers.
        now_ms: hub clock.
    """
    stamp = now_ms.to_bytes(_TIME_BYTES, "big", signed=True)
    return stamp + hmac.digest(session_key, _CHALLENGE_DOMAIN + stamp, "sha256")


def check_challenge(session_key: bytes, challenge: bytes, now_ms: int) -> None:
    """Accept a challenge that this hub issued in the last two minutes.

    Raises:
        NotAuthentic: not one of ours, too old, or from the future (a hub's clock was set back meanwhile).
    """
    stamp, mac = challenge[:_TIME_BYTES], challenge[_TIME_BYTES:]
    if not hmac.compare_digest(mac, hmac.digest(session_key, _CHALLENGE_DOMAIN + stamp, "sha256")):
        raise NotAuthentic(Reason.STALE_CHALLENGE, "not issued by this hub")
    age_ms = now_ms - int.from_bytes(stamp, "big", signed=True)
    if not -limits.CHALLENGE_TTL_MS <= age_ms <= limits.CHALLENGE_TTL_MS:
        raise NotAuthentic(Reason.STALE_CHALLENGE, f"{age_ms} ms old")


def key_id_of_hello(message: bytes) -> bytes:
    """The key id that claims to have signed a hello, to look its node up before verifying.

    Raises:
        Malformed: no signed message.
    """
    return read_envelope(message).key_id


def open_hello(message: bytes, public_key: bytes, node_id: bytes, hub: HubId) -> HelloRequest:
    """Verify a hello against the key of the node that claims to have signed it. The challenge is not looked at.

    Args:
        message: the signed request.
        public_key, node_id: of the enrolled node behind `key_id_of_hello`.

    Raises:
        Malformed, NotAuthentic: altered, for another purpose or hub, no hello, or in the name of another node.
    """
    payload = verify_envelope(read_envelope(message), public_key, Purpose.HELLO, hub)
    request = cbor.decode_frame(payload, HelloRequest)
    if request.node_id != node_id:
        raise NotAuthentic(Reason.BAD_SIGNATURE, "signed by another node's key")
    return request


def issue_token(session_key: bytes, session: Session) -> bytes:
    """The opaque token of a session, 65 bytes."""
    stamp = session.expires_ms.to_bytes(_TIME_BYTES, "big", signed=True)
    body = _TOKEN_VERSION + session.key_id + session.epoch + stamp
    return body + hmac.digest(session_key, _TOKEN_DOMAIN + body, "sha256")


def open_token(session_key: bytes, token: bytes, now_ms: int) -> Session:
    """The session behind a token.

    Raises:
        NotAuthentic: not one of ours, or expired. The node says hello again.
    """
    body, mac = token[:_TOKEN_BODY_BYTES], token[_TOKEN_BODY_BYTES:]
    if len(body) != _TOKEN_BODY_BYTES or body[:1] != _TOKEN_VERSION:
        raise NotAuthentic(Reason.BAD_TOKEN, "no token of this hub")
    if not hmac.compare_digest(mac, hmac.digest(session_key, _TOKEN_DOMAIN + body, "sha256")):
        raise NotAuthentic(Reason.BAD_TOKEN, "not issued by this hub")
    expires_ms = int.from_bytes(body[-_TIME_BYTES:], "big", signed=True)
    if now_ms >= expires_ms:
        raise NotAuthentic(Reason.BAD_TOKEN, "expired")
    return Session(body[1:17], EpochId(body[17:25]), expires_ms)
