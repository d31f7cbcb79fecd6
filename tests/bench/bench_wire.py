"""Bytes on the wire: what one more visit, or one edited field, costs a dealer's line.

Decides nothing about speed. Each figure is one push body as it would leave a node: change sets with signature, header,
openings and `based_on`, compressed with zstd level 3, divided by the number of ops. Every id is random and none repeats
where a real one would not: another vehicle and another customer per visit, and another earlier set behind every edit.

    python tests/bench/bench_wire.py
"""

import json
import random
import sys
from collections.abc import Callable
from typing import Any

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carnet_protocol import ids
from carnet_protocol.changeset import Draft, Link, build_ops, seal_set
from carnet_protocol.envelope import key_id_of
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import encode_batch
from carnet_protocol.ops import encode_ops

OPS_PER_SET = 100
SEED = 20_021
START_MS = 1_760_000_000_000
MINUTE_MS = 60_000
ZSTD_LEVEL = 3

VISIT_PUBLIC = [
    "ro_no",
    "vehicle_id",
    "customer_id",
    "status",
    "opened_at",
    "promised_at",
    "odometer_in_km",
    "is_odometer_unknown",
    "advisor_code",
    "visit_kind",
    "fuel_level_percent",
    "is_towed_in",
    "customer_fen",
    "warranty_fen",
    "internal_fen",
]
VISIT_PERSONAL = [
    "ro_no",
    "vehicle_id",
    "customer_id",
    "status",
    "opened_at",
    "promised_at",
    "odometer_in_km",
    "is_odometer_unknown",
    "advisor_code",
    "customer_fen",
    "warranty_fen",
    "internal_fen",
    "sender_name",
    "sender_phone",
    "plate_at_visit",
]

FIELD_MIX = {
    "visit, no personal field": VISIT_PUBLIC,
    "visit, three personal fields": VISIT_PERSONAL,
    "edit, one clear field": ["visit.promised_at"],
    "edit, one personal field": ["phone.number"],
}
"""What each figure is made of; printed beside the figures."""


class SeededSigner:
    """An Ed25519 key of the measurement."""

    def __init__(self, chance: random.Random) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        self.key_id = key_id_of(self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        return self._key.sign(message)


def visit_values(chance: random.Random, number: int) -> dict[str, Any]:
    """One realistic service visit; every id is somebody else's."""
    opened_at = START_MS + number * 7 * MINUTE_MS + chance.randrange(MINUTE_MS)
    return {
        "ro_no": f"SH01-R-251009-{number:04d}",
        "vehicle_id": chance.randbytes(16),
        "customer_id": ids.new_record_id(opened_at - chance.randrange(10**10), chance.randbytes(10)),
        "status": "open",
        "opened_at": opened_at,
        "promised_at": opened_at // MINUTE_MS * MINUTE_MS + chance.randrange(2, 30) * 15 * MINUTE_MS,
        "odometer_in_km": chance.randrange(180_000),
        "is_odometer_unknown": False,
        "advisor_code": f"A{chance.randrange(1, 9):02d}",
        "visit_kind": chance.choice(("repair", "maintenance", "recall")),
        "fuel_level_percent": chance.randrange(2, 20) * 5,
        "is_towed_in": chance.random() < 1 / 20,
        "customer_fen": chance.randrange(5_000, 500_000),
        "warranty_fen": chance.choice((0, chance.randrange(200_000))),
        "internal_fen": 0,
        "sender_name": chance.choice("王李张刘陈杨黄赵周吴") + chance.choice("伟芳娜敏静丽强磊军洋"),
        "sender_phone": f"+861{chance.choice('35789')}{chance.randrange(10**9):09d}",
        "plate_at_visit": f"沪{chance.choice('ABCDEF')}{chance.randrange(10**5):05d}",
    }


def visit_draft(chance: random.Random, number: int, names: list[str]) -> Draft:
    """A new visit with the named fields."""
    values = visit_values(chance, number)
    record = ids.new_record_id(values["opened_at"], chance.randbytes(10))
    return Draft(REGISTRY["visit"], record, {name: values[name] for name in names})


def edit_draft(chance: random.Random, number: int, kind_field: str) -> Draft:
    """One field of a record that another set wrote long ago."""
    kind, name = kind_field.split(".")
    values = visit_values(chance, number)
    value = values["sender_phone"] if name == "number" else values[name]
    created_ms = START_MS - chance.randrange(10**10)
    record = ids.new_record_id(created_ms, chance.randbytes(10))
    read = ids.op_id(ids.Nonce(chance.randbytes(ids.NONCE_BYTES)), chance.randrange(6))
    return Draft(REGISTRY[kind], record, {name: value}, (read,))


def push_bytes_per_op(chance: random.Random, make: Callable[[int], Draft], *, sets: int) -> float:
    """Compressed bytes of one push of `sets` sets of 100 ops, per op."""
    signer = SeededSigner(chance)
    hub, dealer, node = (chance.randbytes(16) for _ in range(3))
    epoch = chance.randbytes(8)
    pushed = []
    for seq in range(2, sets + 2):
        ops, opening = build_ops(tuple(make(seq * OPS_PER_SET + at) for at in range(OPS_PER_SET)), chance.randbytes(32))
        wall_ms = START_MS + seq * MINUTE_MS
        link = Link(hub, dealer, node, epoch, 1, seq, chance.randbytes(32), None, epoch, 10_000 + seq, wall_ms)
        pushed.append((seal_set(encode_ops(ops), chance.randbytes(ids.NONCE_BYTES), link, signer), opening))
    body = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(encode_batch(pushed))
    return len(body) / (sets * OPS_PER_SET)


def run(repetitions: int) -> list[dict[str, Any]]:
    """The four figures; sizes do not depend on the machine, so repetitions only change the random content.

    Args:
        repetitions: number of bodies to take the worst of; 1 at least.
    """
    targets = {"visit, no personal field": 160, "visit, three personal fields": 200}
    targets |= {"edit, one clear field": 60, "edit, one personal field": 90}
    rows = []
    for name, mix in FIELD_MIX.items():
        worst = max(_measure(name, mix, SEED + round_no) for round_no in range(repetitions))
        rows.append(
            {
                "name": f"wire: {name}",
                "value": round(worst, 1),
                "unit": "bytes per op",
                "floor": None,
                "ratio": None,
                "target": targets[name],
                "ok": worst <= targets[name],
                "mix": mix,
            }
        )
    return rows


def _measure(name: str, mix: list[str], seed: int) -> float:
    chance = random.Random(seed)
    if name.startswith("visit"):
        return push_bytes_per_op(chance, lambda number: visit_draft(chance, number, mix), sets=1)
    return push_bytes_per_op(chance, lambda number: edit_draft(chance, number, mix[0]), sets=1)


def test_a_visit_and_an_edit_fit_their_bytes() -> None:
    """Sets of 100 stay within 160, 200, 60 and 90 bytes per op on the wire."""
    figures = run(1)

    assert [figure for figure in figures if not figure["ok"]] == []


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        print(json.dumps(figure, ensure_ascii=False))
