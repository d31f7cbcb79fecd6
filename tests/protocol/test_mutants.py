"""Mutants of one valid change set: every bit flipped, every item of its CBOR dropped or doubled.

A flipped bit breaks the signature or a commitment. An item that is dropped or doubled is signed again with the right
key, so that nothing but the reader's own rules stands in its way. Other purposes, keys and algorithms are in
test_envelope.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import cbor2
import pytest

from carnet_protocol.changeset import read_set
from carnet_protocol.envelope import Purpose, read_envelope, seal_envelope, verify_envelope
from carnet_protocol.errors import Refused
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.opened import OpenedSet, nothing_erased, open_set
from carnet_protocol.ops import check_op
from support.protocol import HUB, customer_draft, sealed_set, signer

SET = sealed_set(customer_draft())
PAYLOAD = cbor2.loads(read_envelope(SET.message).payload)
OPS_AT = next(at for at, item in enumerate(PAYLOAD) if isinstance(item, bytes) and len(item) > 64)
OPS = cbor2.loads(PAYLOAD[OPS_AT])
VALUES_AT = 4
"""Where an op has its public values; here one, with label 0."""

OPENING = cbor2.loads(SET.opening)


def taken(message: bytes, opening: bytes) -> OpenedSet:
    """A set as the hub takes it: signature, header, ops, opening, registry.

    Raises:
        Refused: something about it does not hold.
    """
    envelope = read_envelope(message)
    payload = verify_envelope(envelope, signer().public_key, Purpose.CHANGESET, HUB)
    found = read_set(envelope, payload, HUB)
    for op in found.ops:
        check_op(op, REGISTRY)
    return open_set(found, opening, REGISTRY, nothing_erased)


def signed(payload: Any) -> bytes:
    """A message with this payload and a right signature."""
    return seal_envelope(cbor2.dumps(payload), Purpose.CHANGESET, HUB, signer())


def with_ops(ops: Any) -> bytes:
    """A message with these ops and a right signature."""
    return signed([cbor2.dumps(ops) if at == OPS_AT else item for at, item in enumerate(PAYLOAD)])


def mutants(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(what was done, value) for each item of nested lists and maps, dropped and, in a list, doubled."""
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield f"{path}[{at}] dropped", [*value[:at], *value[at + 1 :]]
            yield f"{path}[{at}] doubled", [*value[:at], item, *value[at:]]
            for what, inner in mutants(item, f"{path}[{at}]"):
                yield what, [*value[:at], inner, *value[at + 1 :]]
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{path}{{{key}}} dropped", {name: one for name, one in value.items() if name != key}
            for what, inner in mutants(item, f"{path}{{{key}}}"):
                yield what, {**value, key: inner}


def accepted(cases: Iterator[tuple[str, bytes, bytes]]) -> list[str]:
    """Names of the mutants that are taken all the same."""
    names = []
    for what, message, opening in cases:
        try:
            taken(message, opening)
        except Refused:
            continue
        names.append(what)
    return names


def flips(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every single bit flipped."""
    for at, bit in product(range(len(data)), range(8)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << bit
        yield f"byte {at} bit {bit}", bytes(flipped)


def test_the_set_itself_is_taken():
    """What gets mutated is valid to begin with, also when its payload is encoded and signed again."""
    assert taken(SET.message, SET.opening) == taken(signed(PAYLOAD), SET.opening) == taken(with_ops(OPS), SET.opening)


def test_no_flipped_bit_of_a_set_is_taken():
    """Each bit of the message matters."""
    assert accepted((what, flipped, SET.opening) for what, flipped in flips(SET.message)) == []


def test_no_flipped_bit_of_an_opening_is_taken():
    """Each bit of the opening beside a set matters: it stands in no signature, and is bound by the commitments."""
    assert accepted((what, SET.message, flipped) for what, flipped in flips(SET.opening)) == []


@pytest.mark.parametrize(
    ("parts", "made"),
    [
        pytest.param(PAYLOAD, lambda payload: (signed(payload), SET.opening), id="header"),
        pytest.param(OPENING, lambda opening: (SET.message, cbor2.dumps(opening)), id="opening"),
    ],
)
def test_no_item_may_be_missing_or_twice(parts: Any, made: Any):
    """A header or an opening with an item dropped or doubled is refused, although its author signed it like that."""
    assert accepted((what, *made(mutant)) for what, mutant in mutants(parts)) == []


def test_an_op_with_an_item_missing_or_twice_is_refused_or_says_less():
    """Of the mutants of its ops only those are taken that any author could have meant: a public value left out."""
    names = accepted((what, with_ops(mutant), SET.opening) for what, mutant in mutants(OPS))

    assert names == [f"[0][{VALUES_AT}]{{0}} dropped"]
