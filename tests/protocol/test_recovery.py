"""Recovery of a data key: both sides prove the code, and a code made for one purpose is worth nothing for the other."""

import msgspec
import pytest

from carnet_protocol.enrolment import InviteKeys, check_answer, check_request, invite_keys, prove_answer, prove_request
from carnet_protocol.errors import NotAuthentic
from carnet_protocol.messages import RecoverAnswer, RecoverRequest
from carnet_protocol.recovery import recovery_keys
from support.frames import RECOVER_ANSWER, RECOVER_REQUEST
from support.protocol import fixed, signer

KEYS = recovery_keys(b"ten-secret")
HUB_KEY = signer("hub key").public_key
MESSAGE = b"the request as it was sent"


def proved_request(keys: InviteKeys = KEYS) -> RecoverRequest:
    """A request whose author knows the secret."""
    return msgspec.structs.replace(RECOVER_REQUEST, proof=prove_request(keys, HUB_KEY, RECOVER_REQUEST))


def proved_answer() -> RecoverAnswer:
    """An answer to `MESSAGE` whose author knows the secret."""
    return msgspec.structs.replace(RECOVER_ANSWER, proof=prove_answer(KEYS, MESSAGE, RECOVER_ANSWER))


def test_both_sides_prove_that_they_know_the_code():
    """A request and an answer made with the code's keys hold."""
    check_request(KEYS, HUB_KEY, proved_request())
    check_answer(KEYS, MESSAGE, proved_answer())


def test_an_enrolment_code_recovers_nothing():
    """The same secret gives other keys for an enrolment, under another name."""
    other = invite_keys(b"ten-secret")

    assert other.code_id != KEYS.code_id
    with pytest.raises(NotAuthentic):
        check_request(KEYS, HUB_KEY, proved_request(other))


@pytest.mark.parametrize("field", ["node_id", "wrapped"])
def test_a_changed_request_is_refused(field: str):
    """Whoever exchanges the asker or the wrapped key in between breaks the proof."""
    length = len(getattr(RECOVER_REQUEST, field))
    changed = msgspec.structs.replace(proved_request(), **{field: fixed("thief", length)})

    with pytest.raises(NotAuthentic):
        check_request(KEYS, HUB_KEY, changed)


def test_a_request_meant_for_another_hub_is_refused():
    """The proof is bound to the hub key that the node has seen."""
    with pytest.raises(NotAuthentic):
        check_request(KEYS, signer("another hub").public_key, proved_request())


def test_an_answer_to_another_request_is_refused():
    """An old answer cannot be played back to a new question."""
    with pytest.raises(NotAuthentic):
        check_answer(KEYS, b"another request", proved_answer())
