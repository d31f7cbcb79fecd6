"""The frames between node and hub: signed, sized, and read as they were written."""

from typing import Any

import msgspec
import pytest

from carnet_protocol import cbor, limits
from carnet_protocol.envelope import Purpose
from carnet_protocol.errors import Malformed, NotAuthentic
from carnet_protocol.messages import (
    Frame,
    Page,
    PushAnswer,
    PushCode,
    Receipt,
    Verdict,
    decode_answers,
    decode_batch,
    encode_answers,
    encode_batch,
    open_frame,
    sign_frame,
)
from carnet_protocol.reasons import Reason
from support.frames import EXAMPLES, HELLO_ANSWER, OUTCOME, PAGE, PAGE_ROW, RECEIPT
from support.protocol import HUB, sealed_set, signer

HUB_SIGNER = signer("hub key")
SET = sealed_set()

frames = pytest.mark.parametrize("frame", EXAMPLES, ids=lambda frame: frame.__name__)


@frames
def test_a_frame_comes_back_as_it_went(frame: type[msgspec.Struct]):
    """Every frame survives a round trip through its bytes."""
    example = EXAMPLES[frame]

    assert cbor.decode_frame(cbor.encode_frame(example), frame) == example


@frames
def test_a_frame_has_no_room_for_more(frame: type[msgspec.Struct]):
    """One position more or less is another version and is refused."""
    positions = cbor.decode(cbor.encode_frame(EXAMPLES[frame]))

    for other in ([*positions, None], positions[:-1]):
        with pytest.raises(Malformed):
            cbor.to_frame(other, frame)


@pytest.mark.parametrize(
    "frame", [one for one in EXAMPLES if one.__struct_fields__[0] == "version"], ids=lambda frame: frame.__name__
)
def test_a_frame_of_another_version_is_refused(frame: type[msgspec.Struct]):
    """A message body says its version first, and this program reads version 1."""
    positions = cbor.decode(cbor.encode_frame(EXAMPLES[frame]))

    with pytest.raises(Malformed):
        cbor.to_frame([2, *positions[1:]], frame)


def test_a_signed_frame_is_opened_by_who_knows_the_key():
    """A receipt signed by the hub is read by the node."""
    message = sign_frame(RECEIPT, Purpose.RECEIPT, HUB, HUB_SIGNER)

    assert open_frame(message, Receipt, HUB_SIGNER.public_key, Purpose.RECEIPT, HUB) == RECEIPT


def test_a_signed_frame_for_another_purpose_is_refused():
    """A page cannot pass for a receipt."""
    message = sign_frame(RECEIPT, Purpose.FEED, HUB, HUB_SIGNER)

    with pytest.raises(NotAuthentic):
        open_frame(message, Receipt, HUB_SIGNER.public_key, Purpose.RECEIPT, HUB)


def test_a_receipt_is_rebuilt_identically():
    """Signing is deterministic, so a duplicate gets the same bytes."""
    assert sign_frame(RECEIPT, Purpose.RECEIPT, HUB, HUB_SIGNER) == sign_frame(
        RECEIPT, Purpose.RECEIPT, HUB, HUB_SIGNER
    )


@pytest.mark.parametrize(
    ("example", "change"),
    [
        pytest.param(RECEIPT, {"verdict": 4}, id="a verdict beyond the list"),
        pytest.param(RECEIPT, {"reason": "x" * 41}, id="a reason of 41 characters"),
        pytest.param(RECEIPT, {"position": -1}, id="a negative position"),
        pytest.param(RECEIPT, {"time_ms": 2**53 + 1}, id="a time outside the range"),
        pytest.param(RECEIPT, {"set_hash": bytes(31)}, id="a hash of 31 bytes"),
        pytest.param(HELLO_ANSWER, {"situation": 4}, id="a situation beyond the list"),
        pytest.param(HELLO_ANSWER, {"token": bytes(129)}, id="a token of 129 bytes"),
        pytest.param(HELLO_ANSWER, {"lost_sets": [(b"only one",)]}, id="a lost set without its opening"),
        pytest.param(PAGE_ROW, {"kind": 0}, id="kind 0"),
        pytest.param(PAGE_ROW, {"is_evicted": 1}, id="a number for yes"),
        pytest.param(OUTCOME, {"nonce": bytes(16)}, id="a nonce of 16 bytes"),
    ],
)
def test_a_position_outside_its_range_is_refused(example: Frame, change: dict[str, Any]):
    """Codes, sizes and ranges are part of a frame."""
    data = cbor.encode_frame(msgspec.structs.replace(example, **change))

    with pytest.raises(Malformed):
        cbor.decode_frame(data, type(example))


@pytest.mark.parametrize(
    ("name", "item", "most"),
    [("rows", PAGE_ROW, limits.PAGE_ROWS_MAX), ("outcomes", OUTCOME, limits.PAGE_OUTCOMES_MAX)],
)
def test_a_page_is_bounded(name: str, item: Frame, most: int):
    """As many rows and outcomes as the bound says are read, one more is refused."""
    full = msgspec.to_builtins(msgspec.structs.replace(PAGE, **{name: [item] * most}), builtin_types=(bytes,))
    over = msgspec.to_builtins(msgspec.structs.replace(PAGE, **{name: [item] * (most + 1)}), builtin_types=(bytes,))

    assert len(getattr(cbor.to_frame(full, Page), name)) == most
    with pytest.raises(Malformed):
        cbor.to_frame(over, Page)


def test_a_batch_comes_back_as_it_went():
    """Sets and their openings travel in order."""
    sets = [(SET.message, SET.opening), (b"another", b"")]

    assert decode_batch(encode_batch(sets)) == sets


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param({}, Reason.MALFORMED, id="a map"),
        pytest.param([[b"message"]], Reason.MALFORMED, id="a set without its opening"),
        pytest.param([[b"m", "text"]], Reason.MALFORMED, id="an opening of text"),
        pytest.param([[b"m", b""]] * (limits.BATCH_SETS_MAX + 1), Reason.MALFORMED, id="501 sets"),
        pytest.param([[bytes(limits.SET_BYTES_MAX), b"x"]], Reason.TOO_LARGE, id="a set over 256 KiB"),
    ],
)
def test_a_batch_outside_its_bounds_is_refused(value: object, reason: Reason):
    """Number, shape and size are checked before any set is read."""
    with pytest.raises(Malformed) as refusal:
        decode_batch(cbor.encode(value))

    assert refusal.value.reason is reason


def test_a_set_of_exactly_the_bound_is_taken():
    """256 KiB of set and opening together are inside."""
    assert len(decode_batch(encode_batch([(bytes(limits.SET_BYTES_MAX - 1), b"x")]))) == 1


def test_answers_come_back_as_they_went():
    """One answer per set, in the order of the sets."""
    answers = [PushAnswer(0, b"receipt", None, None), PushAnswer(5, None, "gap", 7)]

    assert decode_answers(encode_answers(answers)) == answers


def test_codes_with_a_receipt_are_the_verdicts_and_duplicate():
    """The numbers of a verdict are the first numbers of a push answer."""
    assert [code.name for code in PushCode][:4] == [verdict.name for verdict in Verdict]
    assert [int(code) for code in PushCode][:4] == [int(verdict) for verdict in Verdict]
    assert [code.name for code in PushCode][4:] == ["DUPLICATE", "GAP", "FORK", "REJECTED"]
