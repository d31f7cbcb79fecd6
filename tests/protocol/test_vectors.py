"""Every vector of bytes does to the real code what it says, and the files are what the tool writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from tools.make_vectors import FILES, VECTORS, content

from carnet_protocol import cbor, hello, look_up, messages
from carnet_protocol.bundle import unpack_bundle
from carnet_protocol.changeset import read_set
from carnet_protocol.enrolment import EnrolCode, check_answer, check_request, invite_keys, parse_code
from carnet_protocol.envelope import Envelope, Purpose, envelope_hash, open_message, read_envelope, verify_envelope
from carnet_protocol.errors import Refused
from carnet_protocol.ids import HubId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import EnrolAnswer, EnrolRequest
from carnet_protocol.opened import open_set
from carnet_protocol.ops import check_op, decode_ops
from carnet_protocol.orders import check_key_change, read_erasure
from carnet_protocol.seals import SealPlace, commit, parse_opening, salts_of
from support.protocol import sealed_ops
from support.vector_files import fields_of, reason_of, unhex, value_of, vectors


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_what_the_tool_writes(name: str):
    """Whoever changes the wire format sees it here, and writes the files anew on purpose."""
    assert (VECTORS / name).read_text(encoding="utf-8") == content(name)


def test_no_file_is_left_over_or_undescribed():
    """Each file in the folder is made by the tool and stands in the table of the folder's page."""
    found = {path.name for path in VECTORS.glob("*.json")}
    page = (VECTORS / "README.md").read_text(encoding="utf-8")

    assert found == set(FILES)
    assert [name for name in FILES if Path(name).stem not in page] == []


@pytest.mark.parametrize("name", FILES)
def test_every_vector_has_a_name_of_its_own(name: str):
    """A vector can be spoken of."""
    names = [vector["name"] for vector in json.loads(content(name))["vectors"]]

    assert len(set(names)) == len(names) > 0


@vectors("cbor-invalid.json")
def test_items_outside_the_subset_are_refused(vector: Any):
    """Each item is refused with its reason."""
    with pytest.raises(Refused) as refusal:
        cbor.decode(unhex(vector["cbor_hex"]))

    assert reason_of(refusal) == vector["reason"]


@vectors("envelope-valid.json")
def test_valid_envelopes_verify(vector: Any):
    """Payload and identity of the message come out."""
    purpose, hub = Purpose(vector["purpose"]), HubId(unhex(vector["hub_id_hex"]))
    envelope = read_envelope(unhex(vector["message_hex"]))

    payload = verify_envelope(envelope, unhex(vector["public_key_hex"]), purpose, hub)

    assert payload.hex() == vector["payload_hex"]
    assert envelope_hash(envelope, purpose, hub).hex() == vector["message_hash_hex"]


@vectors("envelope-invalid.json")
def test_invalid_envelopes_are_refused(vector: Any):
    """Each with its reason."""
    with pytest.raises(Refused) as refusal:
        open_message(
            unhex(vector["message_hex"]),
            unhex(vector["public_key_hex"]),
            Purpose(vector["purpose"]),
            HubId(unhex(vector["hub_id_hex"])),
        )

    assert reason_of(refusal) == vector["reason"]


@vectors("ops-valid.json")
def test_valid_ops_are_read(vector: Any):
    """Every position comes out, and the registry has nothing against it."""
    ops = decode_ops(unhex(vector["ops_hex"]))

    for found, (kind, record, action, based_on, fields, seals) in zip(ops, vector["ops"], strict=True):
        assert check_op(found, REGISTRY).number == found.kind == kind
        assert (found.record, found.action, found.based_on_joined) == (value_of(record), action, value_of(based_on))
        assert (found.fields, found.seals) == (fields_of(fields), fields_of(seals))


@vectors("ops-invalid.json")
def test_invalid_ops_are_refused(vector: Any):
    """By their shape, or only by the registry, as the stage says."""
    data = unhex(vector["ops_hex"])
    if vector["stage"] == "registry":
        assert len(decode_ops(data)) == 1

    with pytest.raises(Refused) as refusal:
        check_op(decode_ops(data)[0], REGISTRY)

    assert reason_of(refusal) == vector["reason"]


@vectors("changeset-valid.json")
def test_valid_change_sets_are_read(vector: Any):
    """Header, hashes, op ids and ops come out, and the opening fits."""
    hub = HubId(unhex(vector["hub_id_hex"]))
    envelope = read_envelope(unhex(vector["message_hex"]))
    payload = verify_envelope(envelope, unhex(vector["public_key_hex"]), Purpose.CHANGESET, hub)

    found = read_set(envelope, payload, hub)

    stated = vector["header"]
    assert payload.hex() == vector["payload_hex"]
    assert (found.set_hash.hex(), found.ops_hash.hex()) == (vector["set_hash_hex"], vector["ops_hash_hex"])
    assert (found.header.seq, found.header.wall_ms, found.header.schema) == (
        stated["seq"],
        stated["wall_ms"],
        stated["schema"],
    )
    assert (found.header.prev, found.header.nonce) == (value_of(stated["prev"]), value_of(stated["nonce"]))
    assert [found.op_id(index).hex() for index in range(len(found.ops))] == vector["op_ids_hex"]
    assert found.header.ops.hex() == vector["ops_hex"]
    if vector["opening_hex"]:
        opened = open_set(found, unhex(vector["opening_hex"]), REGISTRY, lambda record, group: False)
        assert [one.withheld for one in opened.ops] == [{}] * len(found.ops)


@vectors("changeset-invalid.json")
def test_invalid_change_sets_are_refused(vector: Any):
    """The header, or the ops inside it, refuse with their reason."""
    payload = unhex(vector["payload_hex"])

    with pytest.raises(Refused) as refusal:
        _ = read_set(Envelope(b"", bytes(16), payload, bytes(64)), payload, HubId(unhex(vector["hub_id_hex"]))).ops

    assert reason_of(refusal) == vector["reason"]


@vectors("openings-valid.json")
def test_valid_openings_match(vector: Any):
    """What is not erased opens, what is erased has no value, and each seal is as spelled out."""
    ops = decode_ops(unhex(vector["ops_hex"]))
    places = {SealPlace(index, group) for index, op in enumerate(ops) for group in op.seals}
    erased = {SealPlace(*place) for place in vector["erased"]}

    opening = parse_opening(unhex(vector["opening_hex"]), ops)

    assert set(opening.values) == places - erased
    for seal in vector.get("seals", []):
        place = SealPlace(seal["op_index"], seal["group"])
        salt = salts_of(unhex(vector["seed_hex"])).at(place)
        assert salt.hex() == seal["salt_hex"]
        assert commit(salt, place, unhex(seal["value_bytes_hex"])).hex() == seal["commitment_hex"]
        assert opening.values[place].hex() == seal["value_bytes_hex"]


@vectors("openings-invalid.json")
def test_invalid_openings_are_refused(vector: Any):
    """A value of another place, seed or content, a missing one, or another shape."""
    change_set = sealed_ops(*decode_ops(unhex(vector["ops_hex"])))

    with pytest.raises(Refused) as refusal:
        open_set(change_set, unhex(vector["opening_hex"]), REGISTRY, lambda record, group: False)

    assert reason_of(refusal) == vector["reason"]


@vectors("enrolment-valid.json")
def test_an_enrolment_holds_on_both_sides(vector: Any):
    """Code, keys and proofs fit together."""
    secret, hub_key = unhex(vector["secret_hex"]), unhex(vector["hub_signing_key_hex"])
    keys = invite_keys(secret)
    request_message = unhex(vector["request_message_hex"])
    request = cbor.decode_frame(read_envelope(request_message).payload, EnrolRequest)
    answer = cbor.decode_frame(unhex(vector["answer_payload_hex"]), EnrolAnswer)

    typed = {parse_code(text) for text in [vector["code"], *vector["code_typed_otherwise"]]}

    assert typed == {EnrolCode(unhex(vector["fingerprint_hex"]), secret)}
    assert keys.code_id.hex() == vector["code_id_hex"]
    assert (keys.node_key.hex(), keys.hub_key.hex()) == (vector["node_proof_key_hex"], vector["hub_proof_key_hex"])
    check_request(keys, hub_key, request)
    check_answer(keys, request_message, answer)


def check_part(vector: Any) -> None:
    """Parse a code, or check the proof of a frame."""
    if vector["part"] == "code":
        parse_code(vector["code"])
        return
    keys, payload = invite_keys(unhex(vector["secret_hex"])), unhex(vector["payload_hex"])
    if vector["part"] == "request":
        check_request(keys, unhex(vector["hub_signing_key_hex"]), cbor.decode_frame(payload, EnrolRequest))
    else:
        check_answer(keys, unhex(vector["request_message_hex"]), cbor.decode_frame(payload, EnrolAnswer))


@vectors("enrolment-invalid.json")
def test_a_broken_enrolment_is_refused(vector: Any):
    """A mistyped code, or a frame that somebody changed."""
    with pytest.raises(Refused) as refusal:
        check_part(vector)

    assert reason_of(refusal) == vector["reason"]


@vectors("messages.json")
def test_frames_are_read_and_written(vector: Any):
    """Bytes give the frame, the frame gives the bytes."""
    data = unhex(vector["cbor_hex"])

    match vector["frame"]:
        case "batch":
            assert messages.encode_batch(messages.decode_batch(data)) == data
        case "answers":
            assert messages.encode_answers(messages.decode_answers(data)) == data
        case name:
            home = next(module for module in (messages, hello, look_up) if hasattr(module, name))
            frame = cbor.decode_frame(data, getattr(home, name))
            assert list(vector["value"]) == list(type(frame).__struct_fields__)
            assert cbor.encode_frame(frame) == data


@vectors("bundle-valid.json")
def test_valid_bundles_are_taken_apart(vector: Any):
    """Every part comes out."""
    _, parts = unpack_bundle(
        unhex(vector["bundle_hex"]),
        unhex(vector["public_key_hex"]),
        HubId(unhex(vector["hub_id_hex"])),
        unhex(vector["receiver_hex"]),
    )

    assert [(kind, body.hex()) for kind, body in parts] == [(one["kind"], one["body_hex"]) for one in vector["parts"]]


@vectors("bundle-invalid.json")
def test_invalid_bundles_are_refused(vector: Any):
    """Damaged, re-purposed, or for somebody else."""
    with pytest.raises(Refused) as refusal:
        unpack_bundle(
            unhex(vector["bundle_hex"]),
            unhex(vector["public_key_hex"]),
            HubId(unhex(vector["hub_id_hex"])),
            unhex(vector["receiver_hex"]),
        )

    assert reason_of(refusal) == vector["reason"]


@vectors("orders.json")
def test_orders_are_read(vector: Any):
    """A key change proves itself, an erasure names records and groups, and all stand in signed sets."""
    hub = HubId(unhex(vector["hub_id_hex"]))
    envelope = read_envelope(unhex(vector["message_hex"]))
    payload = verify_envelope(envelope, unhex(vector["public_key_hex"]), Purpose.CHANGESET, hub)
    (found,) = read_set(envelope, payload, hub).ops
    kind = check_op(found, REGISTRY)
    fields = {kind.by_label[label][1].name: value for label, value in found.fields.items()}

    assert kind.name == vector["name"]
    assert fields == {name: value_of(value) for name, value in vector["fields"].items()}
    if kind.name == "key_change":
        check_key_change(hub, fields)
    if kind.name == "erasure":
        assert len(read_erasure(fields["record_ids"], fields["groups"]).records) == 2


@vectors("key-change-invalid.json")
def test_key_changes_without_proof_are_refused(vector: Any):
    """A new key that nobody proved to hold."""
    fields = {name: value_of(value) for name, value in vector["fields"].items()}

    with pytest.raises(Refused) as refusal:
        check_key_change(HubId(unhex(vector["hub_id_hex"])), fields)

    assert reason_of(refusal) == vector["reason"]
