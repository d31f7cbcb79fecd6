"""What a signature covers, and what is refused before anything is parsed."""

import hashlib
from itertools import product

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol.envelope import (
    Purpose,
    envelope_hash,
    external_aad,
    key_id_of,
    open_message,
    read_envelope,
    seal_envelope,
    verify_envelope,
)
from carnet_protocol.errors import Malformed, NotAuthentic, Refused
from carnet_protocol.ids import HubId
from carnet_protocol.reasons import Reason
from support.protocol import HUB, OTHER_HUB, fixed, signer

KEY = signer()
PAYLOAD = b"what was said"
MESSAGE = seal_envelope(PAYLOAD, Purpose.CHANGESET, HUB, KEY)
PROTECTED = cbor2.dumps({1: -19, 4: KEY.key_id})


def opened(message: bytes, purpose: Purpose = Purpose.CHANGESET, hub: HubId = HUB) -> bytes:
    """The payload of a message signed by `KEY`."""
    return open_message(message, KEY.public_key, purpose, hub)


def signed_with(protected: bytes, *, unprotected: object = None, payload: object = PAYLOAD) -> bytes:
    """A message whose signature is right for another profile."""
    aad = external_aad(Purpose.CHANGESET, HUB)
    signature = KEY.sign(cbor2.dumps(["Signature1", protected, aad, payload]))
    return b"\xd2" + cbor2.dumps([protected, {} if unprotected is None else unprotected, payload, signature])


@given(st.binary(max_size=300))
def test_a_sealed_payload_comes_back(payload: bytes):
    """Opening what was sealed for the same purpose and hub yields the payload."""
    assert opened(seal_envelope(payload, Purpose.CHANGESET, HUB, KEY)) == payload


def test_the_message_is_an_ordinary_cose_sign1():
    """Somebody who knows RFC 9052 reads tag 18 around [protected, {}, payload, signature] and verifies it."""
    tag = cbor2.loads(MESSAGE)
    protected, unprotected, payload, signature = tag.value

    to_verify = cbor2.dumps(["Signature1", protected, b"carnet/changeset/v1\x00" + HUB, payload])
    Ed25519PublicKey.from_public_bytes(KEY.public_key).verify(signature, to_verify)

    assert (tag.tag, cbor2.loads(protected), unprotected, payload) == (18, {1: -19, 4: KEY.key_id}, {}, PAYLOAD)


def test_a_key_id_is_half_of_a_cose_key_thumbprint():
    """The first 16 bytes of SHA-256 over the deterministic CBOR of {1: 1, -1: 6, -2: key} (RFC 9679)."""
    cose_key = cbor2.dumps({1: 1, -1: 6, -2: KEY.public_key}, canonical=True)

    assert key_id_of(KEY.public_key) == hashlib.sha256(cose_key).digest()[:16]


def test_any_flipped_bit_is_refused():
    """Each single bit of a message, from tag to signature, matters."""
    accepted = []
    for at, bit in product(range(len(MESSAGE)), range(8)):
        flipped = bytearray(MESSAGE)
        flipped[at] ^= 1 << bit
        try:
            opened(bytes(flipped))
        except Refused:
            continue
        accepted.append((at, bit))

    assert accepted == []


@pytest.mark.parametrize("value", [0x00, 0x01, 0x7F, 0x80, 0xFF])
def test_any_replaced_byte_is_refused(value: int):
    """The same holds for a byte that becomes something else altogether."""
    accepted = []
    for at in range(len(MESSAGE)):
        if MESSAGE[at] == value:
            continue
        try:
            opened(MESSAGE[:at] + bytes([value]) + MESSAGE[at + 1 :])
        except Refused:
            continue
        accepted.append(at)

    assert accepted == []


@pytest.mark.parametrize("length", range(len(MESSAGE)))
def test_a_truncated_message_is_refused(length: int):
    """A message cut at any point is malformed."""
    with pytest.raises(Malformed):
        read_envelope(MESSAGE[:length])


@pytest.mark.parametrize(("made_for", "asked_for"), list(product(Purpose, Purpose)))
def test_a_signature_holds_for_its_own_purpose_only(made_for: Purpose, asked_for: Purpose):
    """Of all pairs of purposes only the equal ones verify."""
    message = seal_envelope(PAYLOAD, made_for, HUB, KEY)

    if made_for is asked_for:
        assert opened(message, asked_for) == PAYLOAD
        return
    with pytest.raises(NotAuthentic) as refusal:
        opened(message, asked_for)
    assert refusal.value.reason is Reason.BAD_SIGNATURE


def test_a_signature_holds_for_its_own_hub_only():
    """A message made for one hub is worth nothing at another."""
    with pytest.raises(NotAuthentic):
        opened(MESSAGE, hub=OTHER_HUB)


def test_no_two_purposes_and_hubs_share_their_bound_bytes():
    """Purpose and hub cannot run into each other: each pair has its own external data."""
    pairs = list(product(Purpose, [HUB, OTHER_HUB]))

    assert len({external_aad(purpose, hub) for purpose, hub in pairs}) == len(pairs)


def test_another_key_is_refused_by_its_id():
    """The key id in the message must be that of the key the reader looked up."""
    with pytest.raises(NotAuthentic, match="key id"):
        open_message(MESSAGE, signer("another key").public_key, Purpose.CHANGESET, HUB)


def test_a_key_that_claims_another_id_is_refused():
    """Signing with one key under the id of another does not verify."""
    thief = signer("another key")
    signature = thief.sign(cbor2.dumps(["Signature1", PROTECTED, external_aad(Purpose.CHANGESET, HUB), PAYLOAD]))
    message = b"\xd2" + cbor2.dumps([PROTECTED, {}, PAYLOAD, signature])

    with pytest.raises(NotAuthentic):
        opened(message)


def test_a_key_that_is_no_point_is_refused():
    """Bytes that are no Ed25519 key refuse the message and leak no other error."""
    bad_key = b"\xff" * 32
    message = b"\xd2" + cbor2.dumps([cbor2.dumps({1: -19, 4: key_id_of(bad_key)}), {}, PAYLOAD, bytes(64)])

    with pytest.raises(NotAuthentic):
        open_message(message, bad_key, Purpose.CHANGESET, HUB)


KID = KEY.key_id


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(signed_with(cbor2.dumps({1: -8, 4: KID})), id="algorithm -8, EdDSA"),
        pytest.param(signed_with(cbor2.dumps({1: -7, 4: KID})), id="algorithm -7, ES256"),
        pytest.param(signed_with(cbor2.dumps({4: KID})), id="no algorithm"),
        pytest.param(signed_with(cbor2.dumps({1: -19})), id="no key id"),
        pytest.param(signed_with(cbor2.dumps({1: -19, 4: KID[:15]})), id="a key id of 15 bytes"),
        pytest.param(signed_with(cbor2.dumps({1: -19, 4: KID + b"\0"})), id="a key id of 17 bytes"),
        pytest.param(signed_with(cbor2.dumps({4: KID, 1: -19})), id="headers in another order"),
        pytest.param(signed_with(cbor2.dumps({1: -19, 4: KID, 2: [99]})), id="a critical header"),
        pytest.param(signed_with(cbor2.dumps({1: -19, 4: KID, 3: 0})), id="one header more"),
        pytest.param(signed_with(b""), id="an empty protected header"),
        pytest.param(signed_with(PROTECTED, unprotected={4: KID}), id="something in the unprotected header"),
        pytest.param(signed_with(PROTECTED, unprotected=[]), id="an array as unprotected header"),
        pytest.param(signed_with(PROTECTED, payload="text"), id="a payload of text"),
        pytest.param(signed_with(PROTECTED, payload=None), id="a detached payload"),
        pytest.param(MESSAGE[1:], id="no tag"),
        pytest.param(b"\xd2" + MESSAGE, id="two tags"),
        pytest.param(b"\xd8\x12" + MESSAGE[1:], id="the tag spelled longer"),
        pytest.param(b"\xd1" + MESSAGE[1:], id="tag 17, COSE_Mac0"),
        pytest.param(MESSAGE + b"\x00", id="a byte after the end"),
        pytest.param(b"\xd2" + cbor2.dumps([PROTECTED, {}, PAYLOAD, bytes(63)]), id="a signature of 63 bytes"),
        pytest.param(b"\xd2" + cbor2.dumps([PROTECTED, {}, PAYLOAD]), id="three parts"),
        pytest.param(b"\xd2" + cbor2.dumps([PROTECTED, {}, PAYLOAD, bytes(64), 0]), id="five parts"),
        pytest.param(b"\xd2" + cbor2.dumps({0: PROTECTED}), id="a map"),
        pytest.param(b"\xd2", id="nothing behind the tag"),
    ],
)
def test_another_profile_is_refused_before_any_signature_is_checked(message: bytes):
    """Only one spelling of the outer frame exists, even for messages whose signature would hold."""
    with pytest.raises(Malformed):
        read_envelope(message)


def test_a_long_message_is_refused_by_its_length():
    """The bound comes first."""
    with pytest.raises(Malformed) as refusal:
        read_envelope(MESSAGE, bytes_max=len(MESSAGE) - 2)

    assert refusal.value.reason is Reason.TOO_LARGE


def test_a_hash_names_what_was_signed_not_how_it_was_framed():
    """The same signed content in a longer framing is the same message; other content is another."""
    loose = MESSAGE.replace(b"\x4d" + PAYLOAD, b"\x58\x0d" + PAYLOAD)

    strict, same = read_envelope(MESSAGE), read_envelope(loose)

    assert strict.message != same.message
    assert verify_envelope(same, KEY.public_key, Purpose.CHANGESET, HUB) == PAYLOAD
    assert envelope_hash(strict, Purpose.CHANGESET, HUB) == envelope_hash(same, Purpose.CHANGESET, HUB)


def test_a_hash_is_another_for_each_purpose_hub_key_and_payload():
    """Nothing that was signed can be exchanged without changing the identity of the message."""
    messages = {
        seal_envelope(payload, purpose, hub, key): (purpose, hub)
        for payload, purpose, hub, key in product(
            [PAYLOAD, fixed("another")], [Purpose.HELLO, Purpose.FEED], [HUB, OTHER_HUB], [KEY, signer("another key")]
        )
    }

    hashes = {envelope_hash(read_envelope(message), *made_for) for message, made_for in messages.items()}

    assert len(hashes) == len(messages) == 16
