"""Challenges and tokens: checked by any worker that shares the key, good for a while, nothing stored."""

import pytest

from carnet_hub.core.exchange.sessions import (
    Session,
    check_challenge,
    issue_challenge,
    issue_token,
    open_token,
)
from carnet_protocol import limits
from carnet_protocol.errors import NotAuthentic
from carnet_protocol.ids import EpochId
from carnet_protocol.reasons import Reason

KEY = bytes(range(32))
NOW_MS = 1_700_000_000_000
SESSION = Session(b"k" * 16, EpochId(b"e" * 8), NOW_MS + limits.TOKEN_TTL_MS)


def flipped(data: bytes, at: int) -> bytes:
    """The same bytes with one bit changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def is_accepted(challenge: bytes, now_ms: int) -> bool:
    """Whether a hub with our key takes the challenge."""
    try:
        check_challenge(KEY, challenge, now_ms)
    except NotAuthentic:
        return False
    return True


@pytest.mark.parametrize("age_ms", [0, 1, limits.CHALLENGE_TTL_MS])
def test_a_fresh_challenge_is_accepted(age_ms: int):
    """A challenge is good until two minutes after it was issued."""
    challenge = issue_challenge(KEY, NOW_MS)

    assert is_accepted(challenge, NOW_MS + age_ms)


@pytest.mark.parametrize("age_ms", [limits.CHALLENGE_TTL_MS + 1, -limits.CHALLENGE_TTL_MS - 1])
def test_a_stale_challenge_is_refused(age_ms: int):
    """A challenge older than two minutes, or as far from the future, is refused as stale."""
    challenge = issue_challenge(KEY, NOW_MS)

    with pytest.raises(NotAuthentic) as refusal:
        check_challenge(KEY, challenge, NOW_MS + age_ms)

    assert refusal.value.reason is Reason.STALE_CHALLENGE


@pytest.mark.parametrize("at", [0, 7, 8, 39])
def test_an_altered_challenge_is_refused(at: int):
    """A flipped bit anywhere in a challenge makes it nobody's."""
    with pytest.raises(NotAuthentic):
        check_challenge(KEY, flipped(issue_challenge(KEY, NOW_MS), at), NOW_MS)


@pytest.mark.parametrize("challenge", [b"", b"short", bytes(40), bytes(64)])
def test_a_made_up_challenge_is_refused(challenge: bytes):
    """A challenge of another length or without our key is refused."""
    with pytest.raises(NotAuthentic):
        check_challenge(KEY, challenge, NOW_MS)


def test_a_challenge_fits_its_frame():
    """A challenge has at most the 64 bytes that a hub card allows."""
    assert len(issue_challenge(KEY, NOW_MS)) == 40


def test_a_token_names_its_session_at_every_worker():
    """Whoever shares the key reads the session that a token was issued for."""
    token = issue_token(KEY, SESSION)

    assert open_token(bytes(KEY), token, NOW_MS) == SESSION


def test_a_token_expires():
    """A token is good until the millisecond before its expiry."""
    token = issue_token(KEY, SESSION)

    assert open_token(KEY, token, SESSION.expires_ms - 1) == SESSION
    with pytest.raises(NotAuthentic) as refusal:
        open_token(KEY, token, SESSION.expires_ms)
    assert refusal.value.reason is Reason.BAD_TOKEN


@pytest.mark.parametrize("at", [0, 1, 16, 17, 25, 33, 64])
def test_an_altered_token_is_refused(at: int):
    """A flipped bit in version, names, epoch, expiry or seal makes a token worthless."""
    with pytest.raises(NotAuthentic) as refusal:
        open_token(KEY, flipped(issue_token(KEY, SESSION), at), NOW_MS)

    assert refusal.value.reason is Reason.BAD_TOKEN


@pytest.mark.parametrize("token", [b"", b"\x01", bytes(65), bytes(128)])
def test_a_made_up_token_is_refused(token: bytes):
    """A token of another length or without our key is refused."""
    with pytest.raises(NotAuthentic):
        open_token(KEY, token, NOW_MS)


def test_a_challenge_is_no_token():
    """Bytes issued for one purpose are worth nothing for the other, although one key stands behind both."""
    with pytest.raises(NotAuthentic):
        open_token(KEY, issue_challenge(KEY, NOW_MS), NOW_MS)


def test_another_hub_gives_out_other_tokens():
    """A token is refused by a hub with another session key."""
    with pytest.raises(NotAuthentic):
        open_token(bytes(32), issue_token(KEY, SESSION), NOW_MS)
