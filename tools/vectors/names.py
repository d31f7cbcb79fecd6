"""Bytes, keys and ids that are functions of names, and how values are written in JSON."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from carnet_protocol.changeset import Draft, EpochOrigin, Link, build_ops, seal_set
from carnet_protocol.envelope import key_id_of
from carnet_protocol.ids import HubId, NodeId, Nonce, OpId, RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.ops import Action, encode_ops
from carnet_protocol.registry import Value

Vector = dict[str, Any]

SOME_MS: Final = 1_760_000_000_000


def named(name: str, size: int = 16) -> bytes:
    """Up to 64 bytes that are a function of a name."""
    return hashlib.sha512(b"carnet-vectors-v1:" + name.encode()).digest()[:size]


HUB: Final = HubId(named("hub"))
OTHER_HUB: Final = HubId(named("another hub"))
DEALER: Final = named("dealer")
NODE: Final = NodeId(named("node"))
EPOCH: Final = named("epoch", 8)
HUB_EPOCH: Final = named("hub epoch", 8)


@dataclass(frozen=True, slots=True)
class NamedKey:
    """An Ed25519 key pair that is a function of a name."""

    private: Ed25519PrivateKey
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The key id of the public key."""
        return key_id_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        return self.private.sign(message)


def key(name: str) -> NamedKey:
    """The signing key with this name."""
    private = Ed25519PrivateKey.from_private_bytes(named(f"{name} signing key", 32))
    return NamedKey(private, private.public_key().public_bytes_raw())


def exchange_key(name: str) -> bytes:
    """The public X25519 key with this name."""
    private = X25519PrivateKey.from_private_bytes(named(f"{name} exchange key", 32))
    return private.public_key().public_bytes_raw()


def record(name: str) -> RecordId:
    """The record id with this name."""
    return RecordId(named(f"record {name}"))


def nonce(name: str) -> Nonce:
    """The nonce with this name."""
    return Nonce(named(f"nonce {name}", 14))


def link(seq: int = 1, prev: bytes = bytes(32)) -> Link:
    """A place in the chain of `NODE`."""
    origin = EpochOrigin(bytes(8), 0, bytes(32), 0) if seq == 1 else None
    return Link(HUB, DEALER, NODE, EPOCH, 1, seq, prev, origin, HUB_EPOCH, 7, SOME_MS)


def draft(
    kind: str, of: str, values: dict[str, Value], based_on: tuple[OpId, ...] = (), action: Action = Action.WRITE
) -> Draft:
    """A draft on the record with this name."""
    return Draft(REGISTRY[kind], record(of), values, based_on, action)


CUSTOMER: Final = draft(
    "customer",
    "customer",
    {"party_kind": "person", "full_name": "测试甲", "sex": "female", "birth_on": "1970-01-01", "note": "evenings only"},
)
PHONE: Final = draft(
    "phone", "phone", {"customer_id": record("customer"), "number": "13000000000", "phone_kind": "mobile"}
)
VISIT: Final = draft(
    "visit",
    "visit",
    {
        "ro_no": "RO-1",
        "vehicle_id": record("vehicle"),
        "status": "open",
        "opened_at": SOME_MS,
        "odometer_in_km": 41_000,
        "is_towed_in": False,
        "advisor_code": None,
    },
)


def seal(*drafts: Draft, name: str, place: Link | None = None, signer: NamedKey | None = None) -> tuple[bytes, bytes]:
    """Message and opening of a set whose nonce and seed are functions of its name."""
    ops, opening = build_ops(drafts, named(f"seed {name}", 32))
    return seal_set(encode_ops(ops), nonce(name), place or link(), signer or key("node")), opening


def jsonable(value: object) -> Any:
    """A value as JSON: byte strings as {"hex": ...}, maps with their keys as text, frames by position name."""
    match value:
        case bytes():
            return {"hex": value.hex()}
        case dict():
            return {str(label): jsonable(one) for label, one in value.items()}
        case list() | tuple():
            return [jsonable(one) for one in value]
        case msgspec.Struct():
            return {name: jsonable(getattr(value, name)) for name in value.__struct_fields__}
        case _:
            return value
