"""Arbitrary bytes never leak anything but a refusal out of a decoder.

Random bytes seldom get past the first check, so each decoder is also fed valid messages with a few bytes changed, cut
or doubled, and well-formed CBOR of the wrong shape.
"""

from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol import bundle, cbor, messages
from carnet_protocol.changeset import Header, read_set, reread_set
from carnet_protocol.enrolment import format_code, parse_code
from carnet_protocol.envelope import Envelope, read_envelope
from carnet_protocol.errors import Refused
from carnet_protocol.ids import parse_record_text, split_op_ids, vehicle_id
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.opened import nothing_erased, open_set
from carnet_protocol.ops import check_op, decode_ops
from carnet_protocol.resolvers import show
from carnet_protocol.seals import decode_values, parse_opening
from carnet_protocol.state import entries_from_wire, pack_entries
from support.frames import EXAMPLES, example_bundle, wire_entries
from support.protocol import HUB, sealed_set, signer

SET = sealed_set()
KEY = signer().public_key


def read_ops(data: bytes) -> object:
    """Decode and check ops."""
    ops = decode_ops(data)
    for op in ops:
        check_op(op, REGISTRY)
    return ops


def read_entries(data: bytes) -> object:
    """Entries of a page, as far as the screen."""
    entries = entries_from_wire(cbor.decode(data))
    show(REGISTRY["customer"], entries)
    return pack_entries(entries)


def read_header(data: bytes) -> object:
    """A payload whose signature was right."""
    found = read_set(Envelope(b"", bytes(16), data, bytes(64)), data, HUB)
    return open_set(found, SET.opening, REGISTRY, nothing_erased)


def _read_frame(frame: type[msgspec.Struct], data: bytes) -> object:
    return cbor.decode_frame(data, frame)


Decoder = tuple[Callable[[bytes], object], bytes]

DECODERS: dict[str, Decoder] = {
    "envelope": (read_envelope, SET.message),
    "change set": (lambda data: reread_set(data, HUB), SET.message),
    "header": (read_header, cbor.encode_frame(SET.change_set.header)),
    "bare header": (lambda data: cbor.decode_frame(data, Header), cbor.encode_frame(SET.change_set.header)),
    "ops": (read_ops, SET.change_set.header.ops),
    "opening": (lambda data: parse_opening(data, SET.ops), SET.opening),
    "sealed values": (decode_values, cbor.encode({8: "x", 16: None})),
    "entries": (read_entries, cbor.encode(wire_entries())),
    "batch": (messages.decode_batch, messages.encode_batch([(SET.message, SET.opening)])),
    "answers": (messages.decode_answers, messages.encode_answers([messages.PushAnswer(5, None, "gap", 3)])),
    "bundle": (lambda data: bundle.unpack_bundle(data, KEY, HUB, HUB), example_bundle()),
    "bundle key": (bundle.bundle_key_id, example_bundle()),
    "op ids": (split_op_ids, bytes(32)),
}
for frame, example in EXAMPLES.items():
    DECODERS[f"frame {frame.__name__}"] = partial(_read_frame, frame), cbor.encode_frame(example)


@st.composite
def mangled(draw: st.DrawFn, valid: bytes) -> bytes:
    """A valid message with a few bytes changed, cut out or doubled."""
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(["set", "cut", "double", "truncate"])):
            case "set":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del data[at : at + draw(st.integers(1, 4))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 4))]
            case _:
                del data[at:]
    return bytes(data)


LEAVES = st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats() | st.binary(max_size=40) | st.text()
SHAPES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=8)
        | st.dictionaries(st.integers(-3, 2100) | st.text() | st.booleans(), inner, max_size=4)
    ),
    max_leaves=20,
).map(cbor.encode)


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_reads_its_valid_example(name: str):
    """The examples that get mangled are valid to begin with."""
    decode, valid = DECODERS[name]

    assert decode(valid) is not None


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
def test_bytes_leak_nothing_but_a_refusal(name: str, data: st.DataObject):
    """Whatever arrives, a decoder returns a value or raises a refusal."""
    decode, valid = DECODERS[name]
    arrived = data.draw(st.one_of(mangled(valid), SHAPES, st.binary(max_size=200)))

    try:
        outcome = "read", decode(arrived)
    except Refused as refusal:
        outcome = "refused", refusal.reason

    assert outcome[0] in ("read", "refused")


CODE = format_code(KEY, bytes(10))
TEXTS: dict[str, tuple[Callable[[str], object], str]] = {
    "enrolment code": (parse_code, CODE),
    "record id": (parse_record_text, "018f0000-0000-7000-8000-000000000000"),
    "vin": (vehicle_id, "LSGTEST0000000017"),
}


@pytest.mark.parametrize("name", TEXTS)
@given(data=st.data())
def test_text_leaks_nothing_but_a_refusal(name: str, data: st.DataObject):
    """Whatever is typed, a parser returns a value or raises a refusal."""
    parse, valid = TEXTS[name]
    typed = data.draw(st.text() | st.text(alphabet=sorted({*valid, "I", "ſ", "１", "ß", "\ud800"}), max_size=60))

    try:
        outcome = "read", parse(typed)
    except Refused as refusal:
        outcome = "refused", refusal.reason

    assert outcome[0] in ("read", "refused")
