"""A bundle file: whole and for this reader, or refused."""

import hashlib

import pytest

from carnet_protocol import cbor, limits
from carnet_protocol.bundle import MAGIC, Manifest, Part, PartKind, bundle_key_id, pack_bundle, unpack_bundle
from carnet_protocol.envelope import Purpose, seal_envelope
from carnet_protocol.errors import Malformed, NotAuthentic, Refused
from carnet_protocol.ids import HubId
from carnet_protocol.reasons import Reason
from support.protocol import HUB, NODE, OTHER_HUB, SOME_MS, fixed, signer

KEY = signer()
PARTS = [(PartKind.HELLO, b"hello"), (PartKind.BATCH, b"batch of sets"), (PartKind.SEGMENT, b"")]


def packed(parts: list[tuple[PartKind, bytes]] | None = None, *, hub: HubId = HUB, receiver: bytes = HUB) -> bytes:
    """A bundle from the node."""
    return pack_bundle(
        PARTS if parts is None else parts,
        sender=NODE,
        receiver=receiver,
        serial=4,
        created_ms=SOME_MS,
        hub=hub,
        signer=KEY,
    )


def unpacked(data: bytes) -> tuple[Manifest, list[tuple[str, bytes]]]:
    """A bundle as the hub reads it."""
    return unpack_bundle(data, KEY.public_key, HUB, HUB)


def with_manifest(parts: list[Part], rest: bytes, purpose: Purpose = Purpose.BUNDLE) -> bytes:
    """A bundle whose manifest says something else than its parts."""
    manifest = Manifest(1, NODE, HUB, 4, SOME_MS, parts)
    head = seal_envelope(cbor.encode_frame(manifest), purpose, HUB, KEY)
    return MAGIC + len(head).to_bytes(4, "big") + head + rest


def part(body: bytes, kind: str = "batch") -> Part:
    """A part as announced."""
    return Part(kind, len(body), hashlib.sha256(body).digest())


DATA = packed()


def test_parts_come_out_as_they_went_in():
    """Sender, serial and every part are read back in order."""
    manifest, parts = unpacked(DATA)

    assert parts == [(kind.value, body) for kind, body in PARTS]
    assert (manifest.sender, manifest.receiver, manifest.serial, manifest.created_ms) == (NODE, HUB, 4, SOME_MS)


def test_an_empty_bundle_is_a_bundle():
    """A node without news still says so."""
    assert unpacked(packed([]))[1] == []


def test_the_signing_key_is_found_before_anything_is_verified():
    """A reader looks the sender up by key id."""
    assert bundle_key_id(DATA) == KEY.key_id


@pytest.mark.parametrize("length", range(len(DATA)))
def test_a_bundle_cut_anywhere_is_refused(length: int):
    """A stick pulled out too early is noticed at every offset."""
    with pytest.raises(Refused):
        unpacked(DATA[:length])


def test_any_changed_byte_is_refused():
    """Each byte of the file matters: magic, length, manifest and parts."""
    accepted = []
    for at in range(len(DATA)):
        changed = bytearray(DATA)
        changed[at] ^= 0x01
        try:
            unpacked(bytes(changed))
        except Refused:
            continue
        accepted.append(at)

    assert accepted == []


def test_bytes_after_the_last_part_are_refused():
    """Nothing may hide behind the end."""
    with pytest.raises(Malformed) as refusal:
        unpacked(DATA + b"x")

    assert refusal.value.reason is Reason.BAD_BUNDLE


def test_a_bundle_for_somebody_else_is_refused():
    """A receiver takes only what was packed for it."""
    with pytest.raises(NotAuthentic) as refusal:
        unpacked(packed(receiver=fixed("somebody else")))

    assert refusal.value.reason is Reason.BAD_BUNDLE


def test_a_bundle_of_another_hub_is_refused():
    """The signature is bound to one hub."""
    with pytest.raises(NotAuthentic):
        unpacked(packed(hub=OTHER_HUB))


def test_a_bundle_signed_by_another_key_is_refused():
    """The key looked up must be the one that signed."""
    with pytest.raises(NotAuthentic):
        unpack_bundle(DATA, signer("another key").public_key, HUB, HUB)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(with_manifest([part(b"ab")], b"ab", Purpose.CHANGESET), id="a manifest for another purpose"),
        pytest.param(with_manifest([part(b"ab")], b"ax"), id="a part of another content"),
        pytest.param(with_manifest([part(b"ab")], b"abc"), id="a part too long"),
        pytest.param(with_manifest([part(b"ab"), part(b"cd")], b"cdab"), id="two parts exchanged"),
        pytest.param(with_manifest([part(b"x" * 20, kind="k" * 21)], b"x" * 20), id="a kind of 21 characters"),
        pytest.param(MAGIC.replace(b"1", b"2") + DATA[len(MAGIC) :], id="another version"),
        pytest.param(MAGIC + b"\xff\xff\xff\xff" + DATA[len(MAGIC) + 4 :], id="a head of 4 GiB"),
        pytest.param(b"", id="an empty file"),
    ],
)
def test_a_manifest_that_does_not_fit_its_file_is_refused(data: bytes):
    """Purpose, sizes, hashes and order are all checked, each with the reason of a bad bundle."""
    with pytest.raises(Refused) as refusal:
        unpacked(data)

    assert refusal.value.reason is Reason.BAD_BUNDLE


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(DATA[: len(MAGIC)], id="only the magic"),
        pytest.param(MAGIC + bytes(4), id="a manifest of no bytes"),
        pytest.param(MAGIC + (3).to_bytes(4, "big") + b"abc", id="a manifest that is no message"),
        pytest.param(MAGIC + (512 * 1024 + 1).to_bytes(4, "big") + bytes(512 * 1024 + 1), id="a manifest too large"),
        pytest.param(MAGIC + bytes(limits.BUNDLE_BYTES_MAX + 513 * 1024), id="a file too large"),
    ],
)
def test_what_is_no_bundle_names_no_key(data: bytes):
    """A reader that looks for the sender gets the same reason as one that reads it all."""
    with pytest.raises(Malformed) as refusal:
        bundle_key_id(data)

    assert refusal.value.reason is Reason.BAD_BUNDLE


def test_a_kind_of_part_from_the_future_is_handed_out():
    """The reader of the parts decides what it does not know."""
    _, parts = unpacked(with_manifest([part(b"ab", kind="novelty")], b"ab"))

    assert parts == [("novelty", b"ab")]


def test_too_many_parts_are_not_packed():
    """The bound on parts holds at the sender."""
    with pytest.raises(Malformed) as refusal:
        packed([(PartKind.HELLO, b"")] * (limits.BUNDLE_PARTS_MAX + 1))

    assert refusal.value.reason is Reason.TOO_LARGE


def test_as_many_parts_as_allowed_are_packed_and_read():
    """The manifest of the largest bundle fits its own bound."""
    _, parts = unpacked(packed([(PartKind.SEGMENT, b"x")] * limits.BUNDLE_PARTS_MAX))

    assert len(parts) == limits.BUNDLE_PARTS_MAX


def test_too_many_bytes_are_not_packed():
    """The bound on bytes holds at the sender."""
    with pytest.raises(Malformed):
        packed([(PartKind.SEGMENT, bytes(limits.BUNDLE_BYTES_MAX)), (PartKind.HELLO, b"x")])
