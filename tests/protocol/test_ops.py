"""What makes an op well formed, and what it writes."""

from typing import Any

import pytest

from carnet_protocol import cbor, limits
from carnet_protocol.changeset import Draft, build_ops
from carnet_protocol.errors import BadValue, Malformed, Refused
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.ops import Action, Op, check_op, decode_ops, encode_ops
from carnet_protocol.reasons import Reason
from support.protocol import customer_draft, fixed, op, record, visit_draft

VEHICLE, CUSTOMER = REGISTRY["vehicle"].number, REGISTRY["customer"].number
COLOR, MODEL, NAME, NOTE = 5 * 8, 4 * 8, 1 * 8, 7 * 8
SEAL = fixed("commitment", 32)


def raw(**changes: Any) -> list[object]:
    """The positions of a valid op on a vehicle."""
    parts: dict[str, object] = {
        "kind": VEHICLE,
        "record": record(),
        "action": 0,
        "based_on": b"",
        "fields": {COLOR: "red"},
        "seals": {},
    }
    return list((parts | changes).values())


def decoded(*ops: list[object]) -> tuple[Op, ...]:
    """Ops as a reader sees them."""
    return decode_ops(cbor.encode(list(ops)))


def checked(**changes: Any) -> Op:
    """One op, decoded and held against the registry."""
    (found,) = decoded(raw(**changes))
    check_op(found, REGISTRY)
    return found


def test_ops_come_back_as_they_were_built():
    """Encoding and decoding the ops of a set are inverse."""
    ops, _ = build_ops((customer_draft(), visit_draft()), fixed("seed", 32))

    assert decode_ops(encode_ops(ops)) == ops


def test_the_order_of_values_does_not_change_the_bytes():
    """Our encoder sorts labels, so equal ops have equal bytes."""
    forwards = Draft(REGISTRY["vehicle"], record(), {"color": "red", "fuel": "gas"})
    backwards = Draft(REGISTRY["vehicle"], record(), {"fuel": "gas", "color": "red"})

    assert encode_ops(build_ops((forwards,), bytes(32))[0]) == encode_ops(build_ops((backwards,), bytes(32))[0])


def test_an_op_says_which_registers_it_writes():
    """Open and sealed registers are known to anybody, without a value of the latter."""
    found = checked(kind=CUSTOMER, fields={0: "person"}, seals={1: SEAL + bytes([1, 3]), 3: SEAL + bytes([7])})

    assert found.registers == {0, 1, 3, 7}
    assert found.sealed_registers == {1: 1, 3: 1, 7: 3}


def test_an_op_names_what_its_author_read():
    """`based_on` is a tuple of op ids, in the order written."""
    assert checked(based_on=op(2) + op(1)).based_on == (op(2), op(1))
    assert checked().based_on == ()


MALFORMED = [
    pytest.param({"kind": 0}, Reason.MALFORMED, id="kind 0"),
    pytest.param({"kind": 65536}, Reason.MALFORMED, id="kind 65536"),
    pytest.param({"record": bytes(15)}, Reason.MALFORMED, id="a record id of 15 bytes"),
    pytest.param({"record": bytes(17)}, Reason.MALFORMED, id="a record id of 17 bytes"),
    pytest.param({"action": 3}, Reason.MALFORMED, id="an unknown action"),
    pytest.param({"based_on": bytes(17)}, Reason.MALFORMED, id="half an op id"),
    pytest.param({"based_on": bytes(16 * 257)}, Reason.MALFORMED, id="257 op ids"),
    pytest.param({"fields": {}}, Reason.MALFORMED, id="a write without a field"),
    pytest.param({"action": 1}, Reason.MALFORMED, id="a delete with a field"),
    pytest.param({"fields": {COLOR: 1.5}}, Reason.FORBIDDEN_TYPE, id="a float"),
    pytest.param({"fields": {COLOR: float("nan")}}, Reason.FORBIDDEN_TYPE, id="not a number"),
    pytest.param({"fields": {COLOR: ["red"]}}, Reason.FORBIDDEN_TYPE, id="an array as value"),
    pytest.param({"fields": {COLOR: {1: 2}}}, Reason.FORBIDDEN_TYPE, id="a map as value"),
    pytest.param({"fields": {2048: 1}}, Reason.MALFORMED, id="label 2048"),
    pytest.param({"fields": {-1: 1}}, Reason.MALFORMED, id="label -1"),
    pytest.param({"fields": {"color": "red"}}, Reason.MALFORMED, id="a name as label"),
    pytest.param({"fields": {True: 1}}, Reason.MALFORMED, id="true as label"),
    pytest.param({"fields": dict.fromkeys(range(65), 1)}, Reason.MALFORMED, id="65 fields"),
    pytest.param({"fields": [[COLOR, "red"]]}, Reason.MALFORMED, id="fields as an array"),
    pytest.param({"seals": {0: SEAL + b"\x01"}}, Reason.MALFORMED, id="erasure group 0"),
    pytest.param({"seals": {5: SEAL + b"\x01"}}, Reason.MALFORMED, id="erasure group 5"),
    pytest.param({"seals": {1: SEAL}}, Reason.MALFORMED, id="a seal over no register"),
    pytest.param({"seals": {1: SEAL[:31]}}, Reason.MALFORMED, id="a commitment of 31 bytes"),
    pytest.param({"seals": {1: SEAL + bytes(range(65))}}, Reason.MALFORMED, id="a seal over 65 registers"),
    pytest.param({"seals": {1: SEAL + b"\x01\x01"}}, Reason.MALFORMED, id="a register twice in one seal"),
    pytest.param({"seals": {1: SEAL + b"\x01", 2: SEAL + b"\x01"}}, Reason.MALFORMED, id="a register in two seals"),
    pytest.param({"seals": {1: SEAL + b"\x05"}}, Reason.MALFORMED, id="a register open and sealed"),
]


@pytest.mark.parametrize(("change", "reason"), MALFORMED)
def test_an_op_of_another_shape_is_refused(change: dict[str, object], reason: Reason):
    """Shape is checked without a registry, each fault on its own."""
    with pytest.raises(Malformed) as refusal:
        decoded(raw(**change))

    assert refusal.value.reason is reason


OUTSIDE_THE_REGISTRY = [
    pytest.param({"kind": 999}, Reason.UNKNOWN_KIND, id="an unknown kind"),
    pytest.param({"fields": {COLOR: 7}}, Reason.FORBIDDEN_TYPE, id="a number for a code"),
    pytest.param({"fields": {COLOR: "x" * 65}}, Reason.BAD_FIELD, id="a code of 65 characters"),
    pytest.param({"fields": {MODEL + 1: 1899}}, Reason.BAD_FIELD, id="a number outside its bounds"),
    pytest.param({"fields": {0: "x" * 65}}, Reason.BAD_FIELD, id="a VIN of 65 characters"),
    pytest.param({"kind": CUSTOMER, "fields": {NAME: "甲"}}, Reason.BAD_FIELD, id="a name outside its seal"),
    pytest.param({"kind": CUSTOMER, "fields": {NAME + 7: 1}}, Reason.BAD_FIELD, id="a new field of a sealed register"),
    pytest.param({"seals": {1: SEAL + bytes([4])}}, Reason.BAD_FIELD, id="a public register under a seal"),
    pytest.param(
        {"kind": CUSTOMER, "fields": {}, "seals": {2: SEAL + bytes([1])}}, Reason.BAD_FIELD, id="another erasure group"
    ),
    pytest.param({"fields": {1600: 2**63}}, Reason.MALFORMED, id="an unknown label with a number over 64 bits"),
    pytest.param({"fields": {1600: "甲" * 1366}}, Reason.TOO_LARGE, id="an unknown label with a long text"),
    pytest.param({"fields": {1600: bytes(4097)}}, Reason.TOO_LARGE, id="an unknown label with many bytes"),
]


@pytest.mark.parametrize(("change", "reason"), OUTSIDE_THE_REGISTRY)
def test_an_op_outside_the_registry_is_refused(change: dict[str, object], reason: Reason):
    """Kind, field, seal and value are held against the registry."""
    with pytest.raises(Refused) as refusal:
        checked(**change)

    assert refusal.value.reason is reason


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"fields": {1600: "from the future"}}, id="an unknown register"),
        pytest.param({"fields": {COLOR + 3: 5}}, id="an unknown field of a known register"),
        pytest.param({"fields": {1600: None, 2047: True}}, id="the last label"),
        pytest.param({"kind": 1, "fields": {0: "A001"}}, id="the first kind"),
        pytest.param({"fields": {1600: 2**63 - 1, 1601: -(2**63)}}, id="an unknown label at either end of 64 bits"),
        pytest.param({"fields": {1600: "a" * 4096, 1601: bytes(4096)}}, id="an unknown label with 4096 bytes"),
        pytest.param({"fields": {1600 + n: n for n in range(64)}}, id="64 fields"),
        pytest.param({"seals": {4: SEAL + bytes([250])}}, id="an unknown register under a seal"),
        pytest.param({"fields": {}, "action": 1}, id="a delete"),
        pytest.param({"action": 2}, id="a ruling"),
        pytest.param({"fields": {COLOR: None}}, id="a cleared field"),
        pytest.param({"based_on": bytes(16 * 256)}, id="256 op ids"),
    ],
)
def test_an_op_within_the_rules_is_accepted(change: dict[str, object]):
    """Unknown labels of a known kind pass, and so do the edges of the bounds."""
    assert checked(**change).record == record()


def test_a_delete_writes_no_register_of_its_own():
    """What a delete hides is decided by what it read."""
    assert checked(fields={}, action=int(Action.DELETE)).registers == frozenset()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param([], Reason.MALFORMED, id="no op"),
        pytest.param({0: raw()}, Reason.MALFORMED, id="a map of ops"),
        pytest.param([raw()] * (limits.OPS_PER_SET_MAX + 1), Reason.TOO_MANY_OPS, id="501 ops"),
        pytest.param([raw()[:5]], Reason.MALFORMED, id="five positions"),
        pytest.param([[*raw(), 0]], Reason.MALFORMED, id="seven positions"),
    ],
)
def test_a_set_holds_one_to_500_ops_of_six_positions(value: object, reason: Reason):
    """The list itself is checked before its members."""
    with pytest.raises(Malformed) as refusal:
        decode_ops(cbor.encode(value))

    assert refusal.value.reason is reason


def test_500_ops_are_read():
    """The bound is inside."""
    assert len(decoded(*[raw()] * limits.OPS_PER_SET_MAX)) == 500


def test_ops_over_the_size_of_a_set_are_refused():
    """Bytes are counted before they are decoded."""
    with pytest.raises(Malformed) as refusal:
        decode_ops(bytes(limits.SET_BYTES_MAX + 1))

    assert refusal.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("kind", [1, 65_535])
def test_a_kind_is_a_number_of_two_bytes(kind: int):
    """Both ends of the range are well formed, whether anybody knows the kind or not."""
    assert decoded(raw(kind=kind))[0].kind == kind


def test_a_bad_field_is_named():
    """A refusal says which field, so that a form can point at it."""
    with pytest.raises(BadValue) as refusal:
        checked(fields={MODEL + 1: 1899})

    assert refusal.value.field == "model_year"
