"""Envelopes that verify, and envelopes that do not: altered, re-purposed, of another profile, badly framed."""

from typing import Any

import cbor2

from carnet_protocol.envelope import Purpose, envelope_hash, external_aad, read_envelope, seal_envelope
from carnet_protocol.ids import HubId
from tools.vectors.names import CUSTOMER, HUB, OTHER_HUB, PHONE, VISIT, NamedKey, Vector, key, named, seal

NODE_KEY = key("node")
PAYLOAD = b"what was said"
PROTECTED = cbor2.dumps({1: -19, 4: NODE_KEY.key_id})


def envelope_valid() -> list[Vector]:
    """One message per purpose, two other sizes and a real change set."""
    cases = [(purpose.value, purpose, HUB, PAYLOAD) for purpose in Purpose]
    cases += [("empty payload", Purpose.HELLO, HUB, b""), ("another hub", Purpose.HELLO, OTHER_HUB, PAYLOAD)]
    cases += [("1000 bytes", Purpose.FEED, HUB, named("long", 50) * 20)]
    vectors = [
        _valid(name, seal_envelope(body, purpose, hub, NODE_KEY), purpose, hub) for name, purpose, hub, body in cases
    ]
    message, _ = seal(CUSTOMER, PHONE, VISIT, name="first")
    vectors.append(_valid("a change set", message, Purpose.CHANGESET, HUB))
    loose = b"\xd2" + b"\x98\x04" + message[2:]
    return [*vectors, _valid("an array header spelled longer than necessary", loose, Purpose.CHANGESET, HUB)]


def envelope_invalid() -> list[Vector]:
    """Messages that each break one rule.

    Class `signature` and `aad`: any COSE library refuses them. Class `profile` and `framing`: rules of this protocol.
    """
    return [*_altered(), *_repurposed(), *_other_profiles(), *_badly_framed()]


def _valid(name: str, message: bytes, purpose: Purpose, hub: HubId) -> Vector:
    envelope = read_envelope(message)
    return _vector(name, message, purpose=purpose, hub=hub, payload=envelope.payload) | {
        "message_hash_hex": envelope_hash(envelope, purpose, hub).hex(),
        "class": "valid",
        "reason": None,
    }


def _vector(
    name: str,
    message: bytes,
    *,
    purpose: Purpose = Purpose.CHANGESET,
    hub: HubId = HUB,
    payload: bytes = PAYLOAD,
    verifier: NamedKey = NODE_KEY,
) -> Vector:
    return {
        "name": name,
        "purpose": purpose.value,
        "hub_id_hex": hub.hex(),
        "public_key_hex": verifier.public.hex(),
        "external_aad_hex": external_aad(purpose, hub).hex(),
        "message_hex": message.hex(),
        "payload_hex": payload.hex(),
    }


def _refused(kind: str, reason: str, name: str, message: bytes, **more: Any) -> Vector:
    return _vector(name, message, **more) | {"class": kind, "reason": reason}


def _altered() -> list[Vector]:
    good = seal_envelope(PAYLOAD, Purpose.CHANGESET, HUB, NODE_KEY)
    other = seal_envelope(b"something else", Purpose.CHANGESET, HUB, NODE_KEY)
    thief = key("thief")
    stolen = thief.sign(cbor2.dumps(["Signature1", PROTECTED, external_aad(Purpose.CHANGESET, HUB), PAYLOAD]))
    at_payload = good.index(PAYLOAD)
    cases = [
        ("one bit of the payload flipped", _flip(good, at_payload)),
        ("first bit of the signature flipped", _flip(good, len(good) - 64, 0x80)),
        ("last bit of the signature flipped", _flip(good, len(good) - 1)),
        ("a signature of zero bytes", good[:-64] + bytes(64)),
        ("the signature of another payload", good[:-64] + other[-64:]),
        ("signed by another key under this key's id", _framed([PROTECTED, {}, PAYLOAD, stolen])),
        ("signed over the payload alone", _framed([PROTECTED, {}, PAYLOAD, NODE_KEY.sign(PAYLOAD)])),
    ]
    refused = [_refused("signature", "bad-signature", name, message) for name, message in cases]
    by_thief = seal_envelope(PAYLOAD, Purpose.CHANGESET, HUB, thief)
    return [*refused, _refused("signature", "bad-signature", "signed by a key nobody looked up", by_thief)]


def _repurposed() -> list[Vector]:
    refused = [
        _refused(
            "aad",
            "bad-signature",
            f"made as {made.value}, offered as {asked.value}",
            seal_envelope(PAYLOAD, made, HUB, NODE_KEY),
            purpose=asked,
        )
        for made in Purpose
        for asked in Purpose
        if made is not asked
    ]
    elsewhere = seal_envelope(PAYLOAD, Purpose.CHANGESET, OTHER_HUB, NODE_KEY)
    return [*refused, _refused("aad", "bad-signature", "made for another hub", elsewhere)]


def _other_profiles() -> list[Vector]:
    kid = NODE_KEY.key_id
    headers: list[tuple[str, bytes, Any]] = [
        ("algorithm -8 (EdDSA)", cbor2.dumps({1: -8, 4: kid}), {}),
        ("algorithm -7 (ES256)", cbor2.dumps({1: -7, 4: kid}), {}),
        ("no algorithm", cbor2.dumps({4: kid}), {}),
        ("no key id", cbor2.dumps({1: -19}), {}),
        ("a key id of 15 bytes", cbor2.dumps({1: -19, 4: kid[:15]}), {}),
        ("headers in another order", cbor2.dumps({4: kid, 1: -19}), {}),
        ("one more protected header", cbor2.dumps({1: -19, 4: kid, 3: 0}), {}),
        ("an empty protected header", b"", {}),
        ("a key id in the unprotected header too", PROTECTED, {4: kid}),
    ]
    return [
        _refused("profile", "malformed", name, _framed([head, open_head, PAYLOAD, _right_signature(head, PAYLOAD)]))
        for name, head, open_head in headers
    ] + [
        _refused("profile", "malformed", "a payload of text", _framed([PROTECTED, {}, "text", bytes(64)])),
        _refused("profile", "malformed", "a detached payload", _framed([PROTECTED, {}, None, bytes(64)])),
        _refused("profile", "malformed", "a signature of 63 bytes", _framed([PROTECTED, {}, PAYLOAD, bytes(63)])),
    ]


def _badly_framed() -> list[Vector]:
    good = seal_envelope(PAYLOAD, Purpose.CHANGESET, HUB, NODE_KEY)
    signature = good[-64:]
    cases = [
        ("no tag", "malformed", good[1:]),
        ("tag 17", "malformed", b"\xd1" + good[1:]),
        ("the tag spelled longer than necessary", "malformed", b"\xd8\x12" + good[1:]),
        ("a tag inside the tag", "forbidden-type", b"\xd2" + good),
        ("an array of indefinite length", "malformed", b"\xd2\x9f" + good[2:] + b"\xff"),
        ("three parts", "malformed", _framed([PROTECTED, {}, PAYLOAD])),
        ("five parts", "malformed", _framed([PROTECTED, {}, PAYLOAD, signature, 0])),
        ("a map", "malformed", _framed({0: PROTECTED})),
        ("cut by one byte", "malformed", good[:-1]),
        ("nothing", "malformed", b""),
        ("a byte after the end", "trailing-bytes", good + b"\x00"),
    ]
    return [_refused("framing", reason, name, message) for name, reason, message in cases]


def _framed(parts: object) -> bytes:
    return b"\xd2" + cbor2.dumps(parts)


def _right_signature(protected: bytes, payload: bytes) -> bytes:
    return NODE_KEY.sign(cbor2.dumps(["Signature1", protected, external_aad(Purpose.CHANGESET, HUB), payload]))


def _flip(message: bytes, at: int, bit: int = 1) -> bytes:
    return message[:at] + bytes([message[at] ^ bit]) + message[at + 1 :]
