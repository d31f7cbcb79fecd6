"""Hold the messages of our vectors against docs/spec/carnet.cddl with a CDDL validator that is not ours.

Decides whether the grammar in the specification describes the bytes we send. It imports nothing of Carnet and runs in
the environment of `make interop`, because the validator needs an older CBOR decoder than the product.

Rules
1. Every frame, op list, opening, envelope and fold state of the valid vectors fits its rule of the grammar.
2. Every such frame with a position left out, and with a position too many, does not: a grammar that accepts everything
   proves nothing.
3. Each refused op that breaks its shape in a way a grammar can say does not fit either.
4. No vector, or a rule without any vector, is a failure.

    python tests/interop/check_cddl.py [FOLDER OF VECTORS]
"""

import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Final

import cbor2
from zcbor import CddlValidationError, DataTranslator

ROOT: Final = Path(__file__).parents[2]
GRAMMAR: Final = ROOT / "docs" / "spec" / "carnet.cddl"

REPETITIONS_MAX: Final = 128
"""How often the validator repeats what the grammar leaves unbounded; more than any vector needs."""

RULES: Final = {
    "EnrolRequest": "enrol-request",
    "EnrolAnswer": "enrol-answer",
    "HubCard": "hub-card",
    "HelloRequest": "hello-request",
    "HelloAnswer": "hello-answer",
    "Receipt": "delivery-receipt",
    "Page": "page",
    "RecoverRequest": "recover-request",
    "RecoverAnswer": "recover-answer",
    "ExcludedPage": "excluded-page",
    "LookUpRequest": "look-up-request",
    "LookUpAnswer": "look-up-answer",
    "batch": "batch",
    "answers": "answers",
}
"""Rule of the grammar by the frame name of messages.json."""

BEYOND_A_GRAMMAR: Final = {
    "half an op id": "a multiple of 16",
    "a write without a field": "depends on the action",
    "a delete with a field": "depends on the action",
    "65 fields": "a map's size",
    "a register twice in one seal": "the content of a byte string",
    "a register in two seals": "the content of byte strings",
    "a register open and sealed": "two maps at once",
    "one label twice": "decided by the decoder",
    "a byte after the end": "decided by the decoder",
    "a bignum": "the validator reads a bignum as an integer",
}
"""Refused ops that fit the grammar all the same, and why; the list is checked both ways."""


def main(folder: Path) -> int:
    """Print one line for each disagreement and a closing line; 1 if anything is amiss."""
    types = DataTranslator.from_cddl(GRAMMAR.read_text(encoding="utf-8"), REPETITIONS_MAX).my_types
    samples = list(read_samples(folder))
    faults = [f"{rule}: no vector" for rule in sorted(wanted_rules() - {rule for _, rule, _ in samples})]
    refused = 0
    for name, rule, data in samples:
        if not fits(types[rule], data):
            faults.append(f"{name}: valid, but does not fit the rule {rule}")
        for what, other in wrong_lengths(data):
            refused += 1
            if fits(types[rule], other):
                faults.append(f"{name}: {what}, but fits the rule {rule}")
    for name, data in refused_ops(folder):
        refused += 1
        if fits(types["op-list"], data) != (name in BEYOND_A_GRAMMAR):
            faults.append(f"ops-invalid, {name}: refused, and the rule op-list says otherwise than expected")
    for fault in faults:
        print(f"cddl: {fault}")
    print(f"cddl: {len(samples)} valid and {refused} invalid items judged, {len(faults)} faults")
    return 1 if faults or not samples or not refused else 0


def wanted_rules() -> set[str]:
    """The rules that must have been tried."""
    return {*RULES.values(), "envelope", "change-set", "op-list", "set-opening", "record-entry"}


def fits(rule: Any, data: bytes) -> bool:
    """Whether the validator, which prints what it tried, accepts bytes under a rule."""
    with redirect_stdout(StringIO()):
        try:
            rule.validate_str(data)
        except (CddlValidationError, ValueError, TypeError, cbor2.CBORDecodeError):
            return False
    return True


def read_samples(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """(name, rule, bytes) of every valid item in the vectors."""
    for vector in read(folder / "messages.json"):
        yield vector["name"], RULES[vector["frame"]], bytes.fromhex(vector["cbor_hex"])
    for vector in read(folder / "envelope-valid.json"):
        yield vector["name"], "envelope", bytes.fromhex(vector["message_hex"])
    for vector in read(folder / "ops-valid.json"):
        yield vector["name"], "op-list", bytes.fromhex(vector["ops_hex"])
    for vector in read(folder / "changeset-valid.json"):
        yield vector["name"], "change-set", bytes.fromhex(vector["payload_hex"])
        yield vector["name"], "op-list", bytes.fromhex(vector["ops_hex"])
    for vector in read(folder / "openings-valid.json"):
        if vector["opening_hex"]:
            yield vector["name"], "set-opening", bytes.fromhex(vector["opening_hex"])
    for vector in read(folder / "fold.json"):
        for entry in cbor2.loads(bytes.fromhex(vector["entries_cbor_hex"])):
            yield vector["name"], "record-entry", cbor2.dumps(entry)


def refused_ops(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The ops that are refused for their shape."""
    for vector in read(folder / "ops-invalid.json"):
        if vector["stage"] == "shape":
            yield vector["name"], bytes.fromhex(vector["ops_hex"])


def wrong_lengths(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The same array with its last position left out, and with one more; lists of arrays have no fixed length."""
    value = cbor2.loads(data)
    positions = value.value if isinstance(value, cbor2.CBORTag) else value
    if not isinstance(positions, list) or all(isinstance(one, list) for one in positions):
        return
    for what, changed in (("a position missing", positions[:-1]), ("a position too many", [*positions, 0])):
        tagged = cbor2.CBORTag(value.tag, changed) if isinstance(value, cbor2.CBORTag) else changed
        yield what, cbor2.dumps(tagged)


def read(path: Path) -> list[dict[str, Any]]:
    """The vectors in a file."""
    listed: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    return listed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "vectors"))
