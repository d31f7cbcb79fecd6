"""What travels on a stick: bundle files as they are before encryption."""

import hashlib

from carnet_protocol import cbor
from carnet_protocol.bundle import PartKind, pack_bundle
from carnet_protocol.envelope import Purpose, seal_envelope
from carnet_protocol.ids import HubId
from carnet_protocol.messages import encode_batch
from carnet_protocol.recall_lists import encode_held
from tools.vectors.names import CUSTOMER, HUB, NODE, OTHER_HUB, SOME_MS, Vector, key, named, seal

NODE_KEY = key("node")


def bundle_valid() -> list[Vector]:
    """A bundle of a hello and a batch, an empty one, and one that says which recall lists its sender holds."""
    message, opening = seal(CUSTOMER, name="first")
    full = [(PartKind.HELLO, b"hello"), (PartKind.BATCH, encode_batch([(message, opening)]))]
    held = [(PartKind.HELLO, b"hello"), (PartKind.HELD, encode_held([named("a list", 32), named("another list", 32)]))]
    cases = [("hello and a batch", full), ("empty", []), ("hello and the recall lists that are here", held)]
    return [_bundle_vector(name, _bundle(parts), parts) for name, parts in cases]


def bundle_invalid() -> list[Vector]:
    """Bundles that are damaged, or made for somebody else; every reason is `bad-bundle`."""
    good = _bundle([(PartKind.HELLO, b"hello"), (PartKind.BATCH, b"batch")])
    cases = [
        ("cut by one byte", good[:-1]),
        ("cut in the manifest", good[:40]),
        ("a byte after the end", good + b"\x00"),
        ("a changed part", good[:-1] + b"X"),
        ("parts exchanged", good[:-10] + b"batchhello"),
        ("another version", good.replace(b"BUNDLE-1", b"BUNDLE-2")),
        ("made for another receiver", _bundle([], receiver=named("somebody else"))),
        ("made for another hub", _bundle([], hub=OTHER_HUB)),
        ("signed for another purpose", _bundle_head_for(Purpose.CHANGESET)),
    ]
    return [_bundle_vector(name, data, None) | {"reason": "bad-bundle"} for name, data in cases]


def _bundle(parts: list[tuple[PartKind, bytes]], *, receiver: bytes = HUB, hub: HubId = HUB) -> bytes:
    return pack_bundle(parts, sender=NODE, receiver=receiver, serial=1, created_ms=SOME_MS, hub=hub, signer=NODE_KEY)


def _bundle_head_for(purpose: Purpose) -> bytes:
    manifest = cbor.encode([1, NODE, HUB, 1, SOME_MS, []])
    head = seal_envelope(manifest, purpose, HUB, NODE_KEY)
    return b"CARNET-BUNDLE-1\n" + len(head).to_bytes(4, "big") + head


def _bundle_vector(name: str, data: bytes, parts: list[tuple[PartKind, bytes]] | None) -> Vector:
    vector: Vector = {
        "name": name,
        "hub_id_hex": HUB.hex(),
        "receiver_hex": HUB.hex(),
        "public_key_hex": NODE_KEY.public.hex(),
        "bundle_hex": data.hex(),
    }
    if parts is not None:
        vector["parts"] = [
            {"kind": kind.value, "body_hex": body.hex(), "sha256_hex": hashlib.sha256(body).hexdigest()}
            for kind, body in parts
        ]
    return vector
