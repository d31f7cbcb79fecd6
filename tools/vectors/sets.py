"""Ops, change sets and openings: the payload of an envelope with purpose `changeset`, and what travels beside it."""

from dataclasses import replace
from typing import Any

import msgspec

from carnet_protocol import cbor
from carnet_protocol.changeset import EpochOrigin, build_ops, reread_set, seal_set
from carnet_protocol.envelope import read_envelope
from carnet_protocol.ids import op_id
from carnet_protocol.ops import Action, encode_ops
from carnet_protocol.seals import encode_values, erase_from_opening, parse_opening, salts_of, seal_places
from tools.vectors.names import (
    CUSTOMER,
    EPOCH,
    HUB,
    PHONE,
    VISIT,
    Vector,
    draft,
    jsonable,
    key,
    link,
    named,
    nonce,
    record,
    seal,
)

VEHICLE_KIND, CUSTOMER_KIND = 8, 3
COLOR = 40
SEAL = named("commitment", 32)


def ops_valid() -> list[Vector]:
    """Ops of every action, with and without seals, at the edges of their bounds."""
    built, _ = build_ops((CUSTOMER, PHONE, VISIT), named("seed ops", 32))
    edit = draft("visit", "visit", {"status": "completed"}, (op_id(nonce("first"), 2),))
    delete = draft("phone", "phone", {}, (op_id(nonce("first"), 1),), Action.DELETE)
    ruling = draft("customer", "customer", {"segment": "taxi"}, (op_id(nonce("first"), 0),), Action.RULING)
    cases: list[tuple[str, bytes]] = [
        ("a customer, a phone and a visit", encode_ops(built)),
        ("an edit based on an earlier op", encode_ops(build_ops((edit,), named("seed edit", 32))[0])),
        ("a delete", encode_ops(build_ops((delete,), named("seed delete", 32))[0])),
        ("a ruling of the hub", encode_ops(build_ops((ruling,), named("seed ruling", 32))[0])),
        ("a cleared field", _op(fields={COLOR: None})),
        ("a register this version does not know", _op(fields={1600: "from the future"})),
        ("a field this version does not know", _op(fields={COLOR + 3: 5})),
        ("a seal over a register this version does not know", _op(seals={4: SEAL + bytes([250])})),
        ("256 op ids read", _op(based_on=bytes(16 * 256))),
        ("a text of 4096 bytes", _op(kind=2, fields={16: "a" * 4096})),
        ("labels in another order", _raw([[8, record("v"), 0, b"", {COLOR + 8: "gas", COLOR: "red"}, {}]])),
    ]
    return [{"name": name, "ops_hex": data.hex(), "ops": jsonable(cbor.decode(data))} for name, data in cases]


def ops_invalid() -> list[Vector]:
    """Each op breaks one rule; `stage` says whether its shape or the registry refuses it."""
    shape: list[tuple[str, str, bytes]] = [
        ("no op", "malformed", _raw([])),
        ("501 ops", "too-many-ops", _raw([[8, record("v"), 0, b"", {COLOR: 1}, {}]] * 501)),
        ("a map of ops", "malformed", _raw({0: 1})),
        ("five positions", "malformed", _raw([[8, record("v"), 0, b"", {COLOR: "red"}]])),
        ("seven positions", "malformed", _raw([[8, record("v"), 0, b"", {COLOR: "red"}, {}, 0]])),
        ("kind 0", "malformed", _op(kind=0)),
        ("a record id of 15 bytes", "malformed", _op(of=bytes(15))),
        ("an unknown action", "malformed", _op(action=3)),
        ("half an op id", "malformed", _op(based_on=bytes(24))),
        ("257 op ids read", "malformed", _op(based_on=bytes(16 * 257))),
        ("a write without a field", "malformed", _op(fields={})),
        ("a delete with a field", "malformed", _op(action=1)),
        ("a float", "forbidden-type", _op(fields={COLOR: 1.5})),
        ("an array as value", "forbidden-type", _op(fields={COLOR: ["red"]})),
        ("a map as value", "forbidden-type", _op(fields={COLOR: {1: 2}})),
        ("undefined as value", "forbidden-type", _op(fields={COLOR: "?"}).replace(b"\x61?", b"\xf7")),
        ("a bignum", "forbidden-type", _op(fields={COLOR: 2**64})),
        ("a date with a tag", "forbidden-type", _op(fields={COLOR: "?"}).replace(b"\x61?", b"\xc1\x00")),
        ("one label twice", "duplicate-key", _op(fields={COLOR: 1, 9: 2}).replace(b"\x09\x02", b"\x18\x28\x02")),
        ("label 2048", "malformed", _op(fields={2048: 1})),
        ("label -1", "malformed", _op(fields={-1: 1})),
        ("a name as label", "malformed", _op(fields={"color": "red"})),
        ("65 fields", "malformed", _op(fields=dict.fromkeys(range(65), 1))),
        ("erasure group 5", "malformed", _op(seals={5: SEAL + b"\x01"})),
        ("a seal over no register", "malformed", _op(seals={1: SEAL})),
        ("a register twice in one seal", "malformed", _op(seals={1: SEAL + b"\x01\x01"})),
        ("a register in two seals", "malformed", _op(seals={1: SEAL + b"\x01", 2: SEAL + b"\x01"})),
        ("a register open and sealed", "malformed", _op(seals={1: SEAL + b"\x05"})),
        ("nine levels", "too-deep", _op(fields={COLOR: [[[[[[1]]]]]]})),
        ("a byte after the end", "trailing-bytes", _op() + b"\x00"),
    ]
    registry: list[tuple[str, str, bytes]] = [
        ("an unknown kind", "unknown-kind", _op(kind=999)),
        ("a number for a code", "forbidden-type", _op(fields={COLOR: 7})),
        ("a code of 65 characters", "bad-field", _op(fields={COLOR: "x" * 65})),
        ("a number outside its bounds", "bad-field", _op(fields={33: 1899})),
        ("a state outside the list", "bad-field", _op(kind=12, fields={24: "flying"})),
        ("a day that is none", "bad-field", _op(fields={24: "2024-13-01"})),
        ("a reference of 15 bytes", "bad-field", _op(kind=12, fields={8: bytes(15)})),
        ("a text of 4097 bytes", "bad-field", _op(kind=2, fields={16: "a" * 4097})),
        ("a NUL character", "bad-field", _op(kind=2, fields={16: "a\x00"})),
        ("a name outside its seal", "bad-field", _op(kind=CUSTOMER_KIND, fields={8: "测试甲"})),
        ("an unknown field of a sealed register", "bad-field", _op(kind=CUSTOMER_KIND, fields={15: 1})),
        ("a public register under a seal", "bad-field", _op(seals={1: SEAL + b"\x04"})),
        ("another erasure group", "bad-field", _op(kind=CUSTOMER_KIND, fields={}, seals={2: SEAL + b"\x01"})),
        ("an unknown label with 2**63", "malformed", _op(fields={1600: 2**63})),
        ("an unknown label with 4097 bytes", "too-large", _op(fields={1600: bytes(4097)})),
    ]
    return [
        {"name": name, "stage": stage, "reason": reason, "ops_hex": data.hex()}
        for stage, cases in (("shape", shape), ("registry", registry))
        for name, reason, data in cases
    ]


def changeset_valid() -> list[Vector]:
    """A chain of three sets, a re-emission under a new epoch, and a set with a clock far off."""
    first, first_opening = seal(CUSTOMER, PHONE, VISIT, name="first")
    head = reread_set(first, HUB)
    edit = draft("visit", "visit", {"status": "completed"}, (head.op_id(2),))
    second, _ = seal(edit, name="second", place=link(2, head.set_hash))
    third, _ = seal(VISIT, name="third", place=link(3, reread_set(second, HUB).set_hash))
    origin = EpochOrigin(EPOCH, 1, head.set_hash, 1)
    moved = replace(link(), epoch=named("second epoch", 8), epoch_ordinal=2, origin=origin, prev=head.set_hash)
    again = seal_set(head.header.ops, head.nonce, moved, key("new machine"))
    early = seal_set(head.header.ops, nonce("early"), replace(link(), wall_ms=-(2**40)), key("node"))
    cases = [
        ("the first set of a node", first, first_opening, key("node").public),
        ("the second, an edit", second, b"", key("node").public),
        ("the third", third, b"", key("node").public),
        ("the first set again, after a restore, by a new machine", again, first_opening, key("new machine").public),
        ("a clock set to 1935", early, b"", key("node").public),
    ]
    return [_set_vector(*case) for case in cases]


def changeset_invalid() -> list[Vector]:
    """Payloads whose signature would hold and whose header is refused; the last two break a rule about their ops."""
    header = reread_set(seal(VISIT, name="plain")[0], HUB).header
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("another version", "malformed", {"version": 2}),
        ("another hub", "wrong-hub", {"hub_id": named("another hub")}),
        ("seq 0", "malformed", {"seq": 0}),
        ("an origin behind the first set", "malformed", {"seq": 2}),
        ("a first set without an origin", "malformed", {"origin": None}),
        ("a first set that continues another than its origin", "malformed", {"prev": named("other", 32)}),
        ("an epoch of 7 bytes", "malformed", {"epoch": bytes(7)}),
        ("a nonce of 13 bytes", "malformed", {"nonce": bytes(13)}),
        ("a negative position", "malformed", {"hub_position": -1}),
        ("a clock outside the range", "malformed", {"wall_ms": 2**54}),
        ("text for ops", "malformed", {"ops": "text"}),
        ("an op that builds on itself", "malformed", {"ops": _op(based_on=bytes(header.nonce) + b"\x00\x00")}),
        ("an op that builds on a later one", "malformed", {"ops": _op(based_on=bytes(header.nonce) + b"\x00\x01")}),
    ]
    vectors = [
        (name, reason, cbor.encode_frame(msgspec.structs.replace(header, **one))) for name, reason, one in changes
    ]
    positions = cbor.decode(cbor.encode_frame(header))
    vectors += [
        ("a position missing", "malformed", cbor.encode(positions[:-1])),
        ("a position too many", "malformed", cbor.encode([*positions, None])),
        ("a byte after the end", "trailing-bytes", cbor.encode(positions) + b"\x00"),
    ]
    return [
        {"name": name, "reason": reason, "hub_id_hex": HUB.hex(), "payload_hex": data.hex()}
        for name, reason, data in vectors
    ]


def openings_valid() -> list[Vector]:
    """An opening in full and after each erasure, with salts and commitments spelled out."""
    seed = named("seed openings", 32)
    ops, opening = build_ops((CUSTOMER, PHONE), seed)
    full, places = parse_opening(opening, ops), seal_places(ops)
    vectors = [_opening_vector("in full", encode_ops(ops), opening, erased=[])]
    for count in range(1, len(places) + 1):
        kept = erase_from_opening(full, places[:count].__contains__).encode(places)
        name = f"after erasure of the first {count} of {len(places)} groups"
        vectors.append(_opening_vector(name, encode_ops(ops), kept, erased=list(places[:count])))
    vectors.append(_opening_vector("missing altogether", encode_ops(ops), b"", erased=list(places)))
    seals = [
        {
            "op_index": place.op_index,
            "group": place.group,
            "salt_hex": salts_of(seed).at(place).hex(),
            "value_bytes_hex": full.values[place].hex(),
            "commitment_hex": ops[place.op_index].seals[place.group][:32].hex(),
        }
        for place in places
    ]
    return [vectors[0] | {"seed_hex": seed.hex(), "seals": seals}, *vectors[1:]]


def openings_invalid() -> list[Vector]:
    """Openings that do not match their commitments, or have another shape; `erased` places may be missing."""
    seed = named("seed openings", 32)
    ops, opening = build_ops((CUSTOMER, PHONE), seed)
    entries, places = cbor.decode(opening)[1], seal_places(ops)
    salted: list[list[bytes] | None] = [[salts_of(seed).at(p), one] for p, one in zip(places, entries, strict=True)]
    cases: list[tuple[str, str, object]] = [
        ("another value", "opening-mismatch", [seed, [encode_values({8: "测试乙"}), *entries[1:]]]),
        ("another seed", "opening-mismatch", [named("another seed", 32), entries]),
        ("two values exchanged", "opening-mismatch", [seed, [entries[1], entries[0], entries[2]]]),
        ("salts of zero bytes", "opening-mismatch", [None, [[bytes(32), one] for one in entries]]),
        ("one value missing without an erasure", "opening-missing", [None, [None, *salted[1:]]]),
        ("an entry missing", "malformed", [seed, entries[:-1]]),
        ("an entry too many", "malformed", [seed, [*entries, b""]]),
        ("a value missing although the seed is there", "malformed", [seed, [None, *entries[1:]]]),
        ("a seed of 31 bytes", "malformed", [seed[:31], entries]),
        ("values without salts", "malformed", [None, entries]),
    ]
    vectors = [_refused_opening(name, reason, encode_ops(ops), cbor.encode(value)) for name, reason, value in cases]
    vectors.append(_refused_opening("missing without an erasure", "opening-missing", encode_ops(ops), b""))
    public = encode_ops(build_ops((VISIT,), seed)[0])
    return [*vectors, _refused_opening("an opening without a seal", "malformed", public, cbor.encode([seed, []]))]


def _set_vector(name: str, message: bytes, opening: bytes, public_key: bytes) -> Vector:
    found = reread_set(message, HUB)
    return {
        "name": name,
        "public_key_hex": public_key.hex(),
        "hub_id_hex": HUB.hex(),
        "message_hex": message.hex(),
        "payload_hex": read_envelope(message).payload.hex(),
        "opening_hex": opening.hex(),
        "set_hash_hex": found.set_hash.hex(),
        "ops_hash_hex": found.ops_hash.hex(),
        "op_ids_hex": [found.op_id(index).hex() for index in range(len(found.ops))],
        "header": jsonable(msgspec.structs.replace(found.header, ops=b"")) | {"ops": "see ops_hex"},
        "ops_hex": found.header.ops.hex(),
    }


def _opening_vector(name: str, ops: bytes, opening: bytes, erased: list[Any]) -> Vector:
    return {"name": name, "ops_hex": ops.hex(), "opening_hex": opening.hex(), "erased": [list(one) for one in erased]}


def _refused_opening(name: str, reason: str, ops: bytes, opening: bytes) -> Vector:
    return {"name": name, "reason": reason, "ops_hex": ops.hex(), "opening_hex": opening.hex(), "erased": []}


def _op(**changes: Any) -> bytes:
    """The bytes of one op on a vehicle, with some positions changed."""
    parts: dict[str, object] = {
        "kind": VEHICLE_KIND,
        "of": record("vehicle"),
        "action": 0,
        "based_on": b"",
        "fields": {COLOR: "red"},
        "seals": {},
    }
    return _raw([list((parts | changes).values())])


def _raw(value: object) -> bytes:
    return cbor.encode(value)
