"""Verify our envelope vectors with a COSE library that is not ours.

Decides whether somebody who knows RFC 9052 and RFC 9864 only reads our messages as we do. It imports nothing of Carnet
and runs in its own environment (`make interop`), because the library needs an older CBOR decoder than the product.

Rules
1. Every valid vector verifies, says algorithm -19 (Ed25519) in its protected header, and carries the payload the vector
   names.
2. Every invalid vector of class `signature` or `aad` is refused by the library's verification.
3. The other classes break rules of our own profile, on which a general library has no opinion; they are only counted.
4. An empty list, an unreadable vector or a missing class is a failure: a check that looked at nothing proves nothing.

A file is `{"purpose": ..., "vectors": [...]}`; a vector has a `name`, `message_hex`, `public_key_hex`,
`external_aad_hex` and `payload_hex`, and an invalid one a `class` and a `reason`.

    python tests/interop/verify_vectors.py [FOLDER]
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import cbor2
from cwt import (
    COSE,
    COSEAlgs,
    COSEHeaders,
    COSEKey,
    COSEKeyCrvs,
    COSEKeyOps,
    COSEKeyParams,
    COSEKeyTypes,
    CWTError,
    VerifyError,
)

ED25519: Final = -19
"""Source: RFC 9864. Written out, so that another number in the library cannot pass unseen."""

SIGN1_TAG: Final = b"\xd2"
"""Tag 18 in one byte (RFC 9052, section 2). The library wants the tag; a message may travel without it."""

JUDGED_CLASSES: Final = ("signature", "aad")

Vector = dict[str, Any]


class Mismatch(Exception):
    """The library and the vector disagree."""


def main(folder: Path) -> int:
    """Judge both files in `folder`, print one line for each disagreement and a closing line; 1 if anything is amiss."""
    valid = read_vectors(folder / "envelope-valid.json")
    invalid = read_vectors(folder / "envelope-invalid.json")
    judged = [vector for vector in invalid if vector.get("class") in JUDGED_CLASSES]
    missing = [name for name in JUDGED_CLASSES if not any(vector.get("class") == name for vector in judged)]
    faults = [f"no invalid vector of class {name}" for name in missing]
    faults += [] if valid else ["no valid vector"]
    faults += disagreements(valid, check_valid) + disagreements(judged, check_invalid)
    for fault in faults:
        print(f"interop: {fault}")
    print(
        f"interop: {len(valid)} valid and {len(judged)} invalid vectors judged, "
        f"{len(invalid) - len(judged)} of our own profile left out, {len(faults)} faults"
    )
    return 1 if faults else 0


def read_vectors(path: Path) -> list[Vector]:
    """The list of vectors in a file; empty, and so a failure further on, if the file is absent."""
    if not path.is_file():
        print(f"interop: {path} is missing")
        return []
    vectors: list[Vector] = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    return vectors


def disagreements(vectors: list[Vector], check: Callable[[Vector], None]) -> list[str]:
    """One line for each vector that `check` objects to, or cannot even read."""
    lines = []
    for vector in vectors:
        try:
            check(vector)
        except Mismatch as mismatch:
            lines.append(f"{vector.get('name', '?')}: {mismatch}")
        except (CWTError, LookupError, TypeError, ValueError) as unreadable:
            lines.append(f"{vector.get('name', '?')}: unreadable vector: {unreadable!r}")
    return lines


def check_valid(vector: Vector) -> None:
    """Return if the library verifies the vector and reads the same payload.

    Raises:
        Mismatch: it does not.
    """
    expected = bytes.fromhex(vector["payload_hex"])
    try:
        protected, payload = verify(vector)
    except VerifyError as refusal:
        raise Mismatch("valid, but the library refuses it") from refusal
    if protected.get(COSEHeaders.ALG) != ED25519:
        raise Mismatch(f"algorithm {protected.get(COSEHeaders.ALG)} instead of {ED25519}")
    if payload != expected:
        raise Mismatch("the library reads another payload")


def check_invalid(vector: Vector) -> None:
    """Return if the library's verification refuses the vector.

    Raises:
        Mismatch: it accepts.
    """
    try:
        verify(vector)
    except VerifyError:
        return
    raise Mismatch(f"invalid ({vector.get('reason', 'no reason given')}), but the library accepts it")


def verify(vector: Vector) -> tuple[dict[Any, Any], bytes]:
    """The protected header and the payload of a vector whose signature holds.

    Raises:
        VerifyError: the signature does not hold.
        ValueError: the message is not a COSE_Sign1, or a field is not hexadecimal.
        KeyError: the vector lacks a field.
    """
    message = bytes.fromhex(vector["message_hex"])
    tagged = message if message.startswith(SIGN1_TAG) else SIGN1_TAG + message
    key = COSEKey.new(
        {
            COSEKeyParams.KTY: COSEKeyTypes.OKP,
            COSEKeyParams.ALG: COSEAlgs.ED25519,
            COSEKeyParams.KEY_OPS: [COSEKeyOps.VERIFY],
            COSEKeyParams.CRV: COSEKeyCrvs.ED25519,
            COSEKeyParams.X: bytes.fromhex(vector["public_key_hex"]),
            **_key_id(tagged),
        }
    )
    aad = bytes.fromhex(vector["external_aad_hex"])
    protected, _, payload = COSE.new().decode_with_headers(tagged, key, external_aad=aad)
    return protected, payload


def _key_id(tagged: bytes) -> dict[int, bytes]:
    """The library compares key ids when a message carries one; which key signed is our vector's business."""
    frame = cbor2.loads(tagged).value
    protected = cbor2.loads(frame[0]) if frame[0] else {}
    return {COSEKeyParams.KID: protected[COSEHeaders.KID]} if COSEHeaders.KID in protected else {}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "vectors"))
