"""Every vector of a rule does to the real code what it says: chains, folds, steps, ids, numbers and lists."""

from typing import Any

import pytest

from carnet_protocol import cbor
from carnet_protocol.chain import ChainHead, classify_link
from carnet_protocol.changeset import Header, read_set
from carnet_protocol.demands import demands_of, item_of
from carnet_protocol.envelope import read_envelope
from carnet_protocol.errors import Refused
from carnet_protocol.fold import effective_based_on, fold_record
from carnet_protocol.ids import (
    HubId,
    OpId,
    completion_id,
    golden_id,
    golden_op_id,
    handover_reading_id,
    new_record_id,
    op_id,
    ownership_id,
    settlement_id,
    settlement_share_id,
    staff_action_id,
    vehicle_id,
)
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.recall_lists import Step, apply_step, decode_step, encode_members, encode_step
from carnet_protocol.remedy import Work, WorkBench
from carnet_protocol.resolvers import is_legal_step, show
from carnet_protocol.segments import decode_segment, encode_segment, segment_hash, split_vin
from carnet_protocol.state import entries_from_wire, entries_to_wire, head_op_ids
from carnet_protocol.vin import VinPolicy, assess_vin, normalise_vin
from carnet_protocol.writes import Write
from support.vector_files import fields_of, reason_of, unhex, value_of, vectors


@vectors("chain.json")
def test_links_are_classified(vector: Any):
    """Next, duplicate, gap or fork."""
    envelope = read_envelope(unhex(vector["message_hex"]))
    header = cbor.decode_frame(envelope.payload, Header)
    found = read_set(envelope, envelope.payload, HubId(header.hub_id))
    head = ChainHead(vector["head"]["seq"], unhex(vector["head"]["set_hash_hex"]))
    known = unhex(vector["known_hash_hex"]) if vector["known_hash_hex"] else None

    assert classify_link(found.header, found.set_hash, head, known).value == vector["link"]


def writes_of(vector: Any) -> list[Write]:
    """The writes of a fold vector."""
    return [
        Write(
            OpId(unhex(one["op"])),
            one["time_ms"],
            unhex(one["author_hex"]),
            None if one["fields"] is None else fields_of(one["fields"]),
            {int(number): code for number, code in one["withheld"].items()},
            tuple(OpId(unhex(base)) for base in one["based_on"]),
        )
        for one in vector["writes"]
    ]


@vectors("fold.json")
@pytest.mark.parametrize("is_reversed", [False, True], ids=["", "reversed"])
def test_writes_fold_to_the_state(vector: Any, is_reversed: bool):
    """Entries, settled values, shown values and what an editor must have read, in both orders."""
    writes = writes_of(vector)

    folded = fold_record(reversed(writes) if is_reversed else writes)
    shown = show(REGISTRY[vector["kind"]], folded.entries)

    assert cbor.encode(entries_to_wire(folded.entries)).hex() == vector["entries_cbor_hex"]
    assert entries_from_wire(cbor.decode(unhex(vector["entries_cbor_hex"]))) == folded.entries
    assert [(one.register, one.overruled.op.hex(), one.by.hex()) for one in folded.settled] == [
        (one["register"], one["overruled"], one["by"]) for one in vector["settled"]
    ]
    stated = vector["shown"]
    assert shown.values == fields_of(stated["values"])
    assert {str(number): code for number, code in shown.withheld.items()} == stated["withheld"]
    assert (shown.is_deleted, shown.is_edit_after_delete) == (stated["is_deleted"], stated["is_edit_after_delete"])
    assert [
        (one.register, one.rule.value, one.shown.op.hex(), [entry.op.hex() for entry in one.overruled])
        for one in shown.contests
    ] == [(one["register"], one["rule"], one["shown"], one["overruled"]) for one in stated["contests"]]
    for number, read in vector["based_on_to_edit"].items():
        assert [one.hex() for one in head_op_ids(folded.entries, [int(number)])] == read


@vectors("void.json")
def test_void_ops_are_looked_through(vector: Any):
    """What an op counts as based on."""
    void = {unhex(one): tuple(OpId(unhex(base)) for base in bases) for one, bases in vector["void"].items()}

    found = effective_based_on(tuple(OpId(unhex(one)) for one in vector["based_on"]), void.get)

    assert [one.hex() for one in found] == vector["effective"]


@vectors("steps.json")
def test_steps_are_judged(vector: Any):
    """Legal or not, from what was read."""
    register = REGISTRY["visit"].by_number[3]

    assert is_legal_step(register, vector["read"], vector["written"]) == vector["is_legal"]


@vectors("demands.json")
def test_work_is_judged_by_what_was_demanded_then(vector: Any):
    """What the records hold, and what the work of one moment comes to."""
    stated = (vector["campaign"], vector["values"], *vector["items"])
    campaign, values, *items = ({name: value_of(value) for name, value in one.items()} for one in stated)
    work = Work(vector["method"], vector["done_ms"], values)

    outcome = WorkBench(demands_of(campaign, [item_of(one) for one in items])).hear(work)

    assert outcome.value == vector["outcome"]


@vectors("ids.json")
def test_ids_are_derived(vector: Any):
    """Each id follows from what is given."""
    given = vector["given"]
    parts: Any = {name.removesuffix("_hex"): unhex(one) for name, one in given.items() if name.endswith("_hex")}
    derive: dict[str, Any] = {
        "vehicle": lambda: vehicle_id(given["vin"]),
        "ownership": lambda: ownership_id(parts["vehicle"], parts["customer"], given["role"]),
        "completion": lambda: completion_id(parts["campaign"], given["vin"], parts["visit"]),
        "new": lambda: new_record_id(given["now_ms"], parts["random"]),
        "staff-action": lambda: staff_action_id(parts["nonce"]),
        "settlement": lambda: settlement_id(parts["visit"]),
        "settlement-share": lambda: settlement_share_id(parts["settlement"], given["place"]),
        "handover-reading": lambda: handover_reading_id(parts["visit"]),
        "golden": lambda: golden_id(parts["customer"]),
        "golden-op": lambda: golden_op_id(parts["golden"], given["position"]),
        "op": lambda: op_id(parts["nonce"], given["index"]),
    }

    assert derive[vector["name"].split()[0]]().hex() == vector["id_hex"]


@vectors("vin.json")
@pytest.mark.parametrize("policy", VinPolicy)
def test_typed_numbers_are_judged(vector: Any, policy: VinPolicy):
    """Normal form, problems, verdict and suggestion of each policy."""
    found = assess_vin(vector["typed"], policy)

    assert (found.vin, list(found.problems)) == (vector["vin"], vector["problems"])
    assert found.is_acceptable == vector[f"is_acceptable_{policy.value}"]
    assert found.suggestion == vector[f"suggestion_{policy.value}"]


@vectors("segments-valid.json")
def test_recall_lists_are_written_and_read(vector: Any):
    """One list, one form, one hash; each member splits as stated."""
    data = encode_segment(reversed(vector["vins"]))

    assert data.hex() == vector["segment_hex"]
    assert segment_hash(data).hex() == vector["sha256_hex"]
    assert set(decode_segment(data)) == {normalise_vin(vin) for vin in vector["vins"]}
    assert [list(parts) if (parts := split_vin(vin)) else None for vin in vector["vins"]] == vector["split"]


@vectors("steps-between-lists-valid.json")
def test_steps_between_recall_lists_are_written_read_and_applied(vector: Any):
    """One step, one form; behind it is the list with the stated hash."""
    before, added, dropped = (decode_segment(encode_segment(vector[name])) for name in ("vins", "added", "dropped"))
    data = encode_step(Step(added, dropped))

    assert data.hex() == vector["step_hex"]
    assert segment_hash(encode_members(apply_step(before, decode_step(data)))).hex() == vector["sha256_hex"]


@vectors("steps-between-lists-invalid.json")
def test_other_bytes_are_no_step(vector: Any):
    """Each is refused with its reason."""
    with pytest.raises(Refused) as refusal:
        decode_step(unhex(vector["step_hex"]))

    assert reason_of(refusal) == vector["reason"]


@vectors("segments-invalid.json")
def test_other_bytes_are_no_recall_list(vector: Any):
    """Each is refused with its reason."""
    with pytest.raises(Refused) as refusal:
        decode_segment(unhex(vector["segment_hex"]))

    assert reason_of(refusal) == vector["reason"]
