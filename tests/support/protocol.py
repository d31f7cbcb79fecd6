"""Builders for the protocol's values, with defaults that mean something.

Everything is a function of names: the same call gives the same bytes in every run, so vectors and tests can share it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from carnet_protocol.changeset import ChangeSet, Draft, EpochOrigin, Link, build_ops, read_set, seal_set
from carnet_protocol.envelope import Purpose, key_id_of, read_envelope, verify_envelope
from carnet_protocol.ids import DealerId, EpochId, HubId, NodeId, Nonce, OpId, RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.ops import Action, Op, encode_ops
from carnet_protocol.registry import Value
from carnet_protocol.writes import Write


def fixed(name: str, size: int = 16) -> bytes:
    """Bytes that look random and are a function of a name (up to 64)."""
    return hashlib.sha512(b"carnet-tests:" + name.encode()).digest()[:size]


HUB = HubId(fixed("hub"))
OTHER_HUB = HubId(fixed("another hub"))
DEALER = DealerId(fixed("dealer"))
NODE = NodeId(fixed("node"))
EPOCH = EpochId(fixed("epoch", 8))
HUB_EPOCH = EpochId(fixed("hub epoch", 8))
SOME_MS = 1_760_000_000_000
"""A moment in October 2025."""


@dataclass(frozen=True, slots=True)
class NamedSigner:
    """A signer whose key is a function of a name."""

    private: Ed25519PrivateKey
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """The key id of the public key."""
        return key_id_of(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        return self.private.sign(message)


def signer(name: str = "node key") -> NamedSigner:
    """The Ed25519 signer with this name."""
    private = Ed25519PrivateKey.from_private_bytes(fixed(name, 32))
    return NamedSigner(private, private.public_key().public_bytes_raw())


def exchange_key(name: str = "node exchange key") -> bytes:
    """The public X25519 key with this name."""
    return X25519PrivateKey.from_private_bytes(fixed(name, 32)).public_key().public_bytes_raw()


def record(name: str = "record") -> RecordId:
    """The record id with this name."""
    return RecordId(fixed(name))


def nonce(name: str = "nonce") -> Nonce:
    """The nonce with this name."""
    return Nonce(fixed(name, 14))


def first_origin() -> EpochOrigin:
    """The origin of a node's first epoch."""
    return EpochOrigin(bytes(8), 0, bytes(32), 0)


def link(seq: int = 1, prev: bytes = bytes(32), **changes: Any) -> Link:
    """A place in the chain of `NODE`."""
    origin = first_origin() if seq == 1 else None
    made = Link(HUB, DEALER, NODE, EPOCH, 1, seq, prev, origin, HUB_EPOCH, 7, SOME_MS)
    return replace(made, **changes) if changes else made


def draft(
    kind: str,
    values: Mapping[str, Value],
    *,
    record_name: str = "record",
    based_on: tuple[OpId, ...] = (),
    action: Action = Action.WRITE,
) -> Draft:
    """A draft on the record with this name."""
    return Draft(REGISTRY[kind], record(record_name), values, based_on, action)


def customer_draft(**values: Value) -> Draft:
    """A customer with a public, two personal and one secret value; nobody real."""
    defaults: dict[str, Value] = {
        "party_kind": "person",
        "full_name": "测试甲",
        "birth_on": "1970-01-01",
        "id_no": "000000000000000000",
    }
    return draft("customer", defaults | values, record_name="customer")


def visit_draft(**values: Value) -> Draft:
    """A visit with public values only."""
    defaults: dict[str, Value] = {
        "ro_no": "RO-1",
        "vehicle_id": record("vehicle"),
        "status": "open",
        "opened_at": SOME_MS,
        "odometer_in_km": 41_000,
    }
    return draft("visit", defaults | values, record_name="visit")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed set with everything around it."""

    message: bytes
    opening: bytes
    ops: tuple[Op, ...]
    change_set: ChangeSet


def sealed_set(
    *drafts: Draft,
    nonce_name: str = "nonce",
    seed_name: str = "seed",
    place: Link | None = None,
    signed_by: NamedSigner | None = None,
) -> Sealed:
    """Seal drafts (a customer and a visit unless given) and read the set back."""
    ops, opening = build_ops(drafts or (customer_draft(), visit_draft()), fixed(seed_name, 32))
    key = signed_by or signer()
    message = seal_set(encode_ops(ops), nonce(nonce_name), place or link(), key)
    envelope = read_envelope(message)
    payload = verify_envelope(envelope, key.public_key, Purpose.CHANGESET, HUB)
    return Sealed(message, opening, ops, read_set(envelope, payload, HUB))


def sealed_ops(*ops: Op, nonce_name: str = "nonce") -> ChangeSet:
    """A set of ops that no careful author would make."""
    message = seal_set(encode_ops(ops), nonce(nonce_name), link(), signer())
    envelope = read_envelope(message)
    return read_set(envelope, envelope.payload, HUB)


def op(number: int) -> OpId:
    """A readable op id: 1 sorts before 2."""
    return OpId(number.to_bytes(16, "big"))


def a_write(
    number: int,
    fields: Mapping[int, Value] | None,
    *,
    based_on: tuple[int, ...] = (),
    time_ms: int | None = None,
    author: str = "dealer",
    withheld: Mapping[int, int] | None = None,
) -> Write:
    """The write with op id `number`; its set time is its number unless given. `None` for fields deletes."""
    bases = tuple(op(base) for base in based_on)
    moment = number if time_ms is None else time_ms
    return Write(op(number), moment, fixed(author), fields, withheld or {}, bases)
