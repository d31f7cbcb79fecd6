"""Two strangers and a typed code: what each can prove, and what a mistake or a man in the middle cannot."""

import hashlib
import hmac
import string
from itertools import product
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol import cbor
from carnet_protocol.enrolment import (
    EnrolCode,
    check_answer,
    check_request,
    format_code,
    invite_keys,
    parse_code,
    prove_answer,
    prove_request,
)
from carnet_protocol.envelope import key_id_of
from carnet_protocol.errors import BadValue, NotAuthentic
from carnet_protocol.reasons import Reason
from support.frames import ENROL_ANSWER, ENROL_REQUEST
from support.protocol import fixed, signer

HUB_KEY = signer("hub key").public_key
SECRET = fixed("secret", 10)
CODE = format_code(HUB_KEY, SECRET)
KEYS = invite_keys(SECRET)
REQUEST = msgspec.structs.replace(ENROL_REQUEST, proof=prove_request(KEYS, HUB_KEY, ENROL_REQUEST))
REQUEST_MESSAGE = cbor.encode_frame(REQUEST)
ANSWER = msgspec.structs.replace(ENROL_ANSWER, proof=prove_answer(KEYS, REQUEST_MESSAGE, ENROL_ANSWER))

secrets = st.binary(min_size=10, max_size=10)


@given(st.binary(min_size=32, max_size=32), secrets)
def test_a_code_carries_fingerprint_and_secret(key: bytes, secret: bytes):
    """What is printed is read back, whatever the bytes."""
    assert parse_code(format_code(key, secret)) == EnrolCode(key_id_of(key), secret)


def test_a_code_is_nine_groups_of_five():
    """It fits one line of a letter and has no letters that look like digits."""
    groups = CODE.split("-")

    assert [len(group) for group in groups] == [5] * 9
    assert set("".join(groups)) <= set(string.digits + "ABCDEFGHJKMNPQRSTVWXYZ")


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(CODE.lower(), id="lower case"),
        pytest.param(CODE.replace("-", " "), id="spaces"),
        pytest.param(CODE.replace("-", ""), id="no dashes"),
        pytest.param(f"  {CODE}\n", id="space around"),
        pytest.param(CODE.replace("1", "I").replace("0", "O"), id="look-alikes in capitals"),
        pytest.param(CODE.replace("1", "l").replace("0", "o"), id="look-alikes in small letters"),
        pytest.param("".join(chr(ord(char) + 0xFEE0) for char in CODE), id="full width"),
    ],
)
def test_spelling_does_not_matter(typed: str):
    """Case, width, dashes and look-alikes are forgiven."""
    assert parse_code(typed) == parse_code(CODE)


def test_any_single_mistyped_character_is_noticed():
    """The checksum sees every substitution but about one in 65,536; none of this code's gets through."""
    plain = CODE.replace("-", "")
    accepted = []
    for at, char in product(range(len(plain)), "0123456789ABCDEFGHJKMNPQRSTVWXYZ"):
        if plain[at] == char:
            continue
        try:
            parse_code(plain[:at] + char + plain[at + 1 :])
        except BadValue:
            continue
        accepted.append((at, char))

    assert accepted == []


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param(CODE[:-1], id="a character missing"),
        pytest.param(CODE + "0", id="a character too many"),
        pytest.param(CODE[:-1] + "U", id="a letter that is not used"),
        pytest.param(CODE[:-1] + "测", id="another script"),
        pytest.param("Z" * 45, id="a number over 224 bits"),
        pytest.param("0" * 45, id="zeros without their checksum"),
    ],
)
def test_what_is_no_code_is_refused(typed: str):
    """Length, alphabet and checksum each refuse for the field `code`."""
    with pytest.raises(BadValue) as refusal:
        parse_code(typed)

    assert (refusal.value.reason, refusal.value.field) == (Reason.BAD_CODE, "code")


def test_neighbours_exchanged_are_noticed():
    """Two adjacent characters swapped, the commonest slip, does not pass."""
    plain = CODE.replace("-", "")
    accepted = []
    for at in range(len(plain) - 1):
        swapped = plain[:at] + plain[at + 1] + plain[at] + plain[at + 2 :]
        if swapped == plain:
            continue
        try:
            parse_code(swapped)
        except BadValue:
            continue
        accepted.append(at)

    assert accepted == []


def test_the_keys_are_the_ones_in_the_spec():
    """HKDF-SHA-256 without salt gives 8 bytes of name and two keys of 32."""
    material = HKDF(hashes.SHA256(), 72, salt=None, info=b"carnet/enrol/v1").derive(SECRET)

    assert (KEYS.code_id, KEYS.node_key, KEYS.hub_key) == (material[:8], material[8:40], material[40:])


def test_the_proofs_are_the_ones_in_the_spec():
    """HMAC over role, the other side's contribution, and the frame with an all-zero proof."""
    asked = cbor.encode_frame(msgspec.structs.replace(REQUEST, proof=bytes(32)))
    answered = cbor.encode_frame(msgspec.structs.replace(ANSWER, proof=bytes(32)))
    bound = hashlib.sha256(REQUEST_MESSAGE).digest()

    assert REQUEST.proof == hmac.digest(KEYS.node_key, b"node\x00" + HUB_KEY + asked, "sha256")
    assert ANSWER.proof == hmac.digest(KEYS.hub_key, b"hub\x00" + bound + answered, "sha256")


def test_who_knows_the_code_is_believed():
    """Both proofs hold when nobody interferes."""
    check_request(KEYS, HUB_KEY, REQUEST)
    check_answer(KEYS, REQUEST_MESSAGE, ANSWER)


@pytest.mark.parametrize(
    "change",
    [
        {"code_id": fixed("other", 8)},
        {"node_id": fixed("other")},
        {"signing_key": fixed("other", 32)},
        {"exchange_key": fixed("other", 32)},
        {"node_name": "somebody else"},
        {"wall_ms": 0},
        {"proof": bytes(32)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_nothing_in_a_request_can_be_changed(change: dict[str, Any]):
    """A man in the middle who swaps a key, a name or a time has no proof for it."""
    with pytest.raises(NotAuthentic) as refusal:
        check_request(KEYS, HUB_KEY, msgspec.structs.replace(REQUEST, **change))

    assert refusal.value.reason is Reason.BAD_PROOF


def test_a_request_is_bound_to_the_hub_key_the_node_saw():
    """Whoever showed the node another key cannot pass its request on."""
    with pytest.raises(NotAuthentic):
        check_request(KEYS, signer("man in the middle").public_key, REQUEST)


@pytest.mark.parametrize("name", [field for field in ANSWER.__struct_fields__ if field != "version"])
def test_nothing_in_an_answer_can_be_changed(name: str):
    """Each key, id, name and number of the welcome is covered by the hub's proof."""
    value = getattr(ANSWER, name)
    other = value + 1 if isinstance(value, int) else value[::-1] if isinstance(value, bytes) else value + "x"

    with pytest.raises(NotAuthentic):
        check_answer(KEYS, REQUEST_MESSAGE, msgspec.structs.replace(ANSWER, **{name: other}))


def test_an_answer_belongs_to_one_request():
    """A welcome recorded earlier does not answer another request."""
    with pytest.raises(NotAuthentic):
        check_answer(KEYS, REQUEST_MESSAGE + b"\x00", ANSWER)


def test_the_wrong_secret_proves_nothing():
    """Neither side is believed with the keys of another code, nor with its own role's key in the other's place."""
    other = invite_keys(fixed("another secret", 10))
    mirrored = type(KEYS)(KEYS.code_id, KEYS.hub_key, KEYS.node_key)

    for keys in (other, mirrored):
        with pytest.raises(NotAuthentic):
            check_request(keys, HUB_KEY, REQUEST)
        with pytest.raises(NotAuthentic):
            check_answer(keys, REQUEST_MESSAGE, ANSWER)


def test_the_secret_is_not_in_what_is_sent():
    """Neither message holds the secret or a key derived from it."""
    sent = REQUEST_MESSAGE + cbor.encode_frame(ANSWER)

    assert [one for one in (SECRET, KEYS.node_key, KEYS.hub_key) if one in sent] == []
