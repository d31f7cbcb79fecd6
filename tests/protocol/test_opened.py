"""A set with its personal values beside it: matched, missing, erased."""

import pytest

from carnet_protocol import cbor
from carnet_protocol.errors import BadValue, NotAuthentic, Refused
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.opened import IsErased, OpenedSet, nothing_erased, open_set
from carnet_protocol.ops import Op
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import ErasureGroup, Registry, Value
from carnet_protocol.seals import SealPlace, commit, encode_values, parse_opening, salts_of
from carnet_protocol.state import Withheld
from carnet_protocol.writes import Write
from support.protocol import (
    DEALER,
    Sealed,
    customer_draft,
    draft,
    fixed,
    op,
    record,
    sealed_ops,
    sealed_set,
    visit_draft,
)

IDENTITY, NOTES, SECRET = ErasureGroup.IDENTITY, ErasureGroup.NOTES, ErasureGroup.SECRET
SET = sealed_set(customer_draft(note="calls in the evening"), visit_draft())
SEED = fixed("seed", 32)
CUSTOMER = REGISTRY["customer"]


def erased(*groups: int) -> IsErased:
    """The predicate of erasure records on the customer."""
    return lambda found, group: found == record("customer") and group in groups


def opened(sealed: Sealed = SET, opening: bytes | None = None, is_erased: IsErased = nothing_erased) -> OpenedSet:
    """The set with its own opening unless another is given."""
    return open_set(sealed.change_set, sealed.opening if opening is None else opening, REGISTRY, is_erased)


def names(values: object) -> dict[str, Value]:
    """Customer values by field name."""
    assert isinstance(values, dict)
    return {CUSTOMER.by_label[label][1].name: value for label, value in values.items()}


def test_public_and_personal_values_come_together():
    """The fold gets one map per op, whatever stood in the open and whatever under a seal."""
    customer, visit = opened().ops

    assert names(customer.fields) == {
        "party_kind": "person",
        "full_name": "测试甲",
        "birth_on": "1970-01-01",
        "id_no": "000000000000000000",
        "note": "calls in the evening",
    }
    assert visit.fields == SET.ops[1].fields
    assert (customer.withheld, visit.withheld) == ({}, {})


def test_an_opening_is_kept_as_received():
    """Nothing erased, nothing written anew."""
    assert opened().opening == SET.opening


def test_an_opening_that_does_not_match_refuses_the_set():
    """The values of another set are not taken."""
    other = sealed_set(customer_draft(full_name="测试丙", note="x"), visit_draft())

    with pytest.raises(NotAuthentic) as refusal:
        opened(opening=other.opening)

    assert refusal.value.reason is Reason.OPENING_MISMATCH


def test_a_missing_opening_without_an_erasure_refuses_the_set():
    """Values may not simply be left out."""
    with pytest.raises(NotAuthentic) as refusal:
        opened(opening=b"")

    assert refusal.value.reason is Reason.OPENING_MISSING


def test_one_missing_value_without_an_erasure_refuses_the_set():
    """Nor may one of several."""
    seed, entries = cbor.decode(SET.opening)
    salts = salts_of(seed)
    partial = [[salts.at(SealPlace(0, group)), one] for group, one in zip((1, 3, 4), entries, strict=True)]

    with pytest.raises(NotAuthentic) as refusal:
        opened(opening=cbor.encode([None, [partial[0], None, partial[2]]]), is_erased=erased(SECRET))

    assert refusal.value.reason is Reason.OPENING_MISSING


def test_a_missing_opening_is_accepted_with_its_erasure():
    """If every group is erased, nothing needs to come along; the registers say why they have no value."""
    customer, _ = opened(opening=b"", is_erased=erased(IDENTITY, NOTES, SECRET)).ops

    assert names(customer.fields) == {"party_kind": "person"}
    assert customer.withheld == dict.fromkeys([1, 2, 3, 7], Withheld.ERASED)


def test_an_erased_value_is_dropped_although_it_came():
    """Wherever a copy comes from, values under an erasure order are not taken in and not kept."""
    found = opened(is_erased=erased(IDENTITY))
    customer = found.ops[0]

    assert "full_name" not in names(customer.fields)
    assert names(customer.fields)["note"] == "calls in the evening"
    assert customer.withheld == {1: Withheld.ERASED, 3: Withheld.ERASED}
    assert "测试甲".encode() not in found.opening
    assert SEED not in found.opening


def test_an_erased_value_is_dropped_unread():
    """What is under an erasure order is not even decoded, so nonsense there refuses nothing."""
    place = SealPlace(0, 3)
    nonsense = b"\xff no CBOR at all"
    seal = commit(salts_of(SEED).at(place), place, nonsense) + bytes([7])
    message = sealed_ops(Op(3, record("customer"), 0, b"", {0: "person"}, {3: seal}))
    opening = cbor.encode([SEED, [nonsense]])

    with pytest.raises(Refused):
        open_set(message, opening, REGISTRY, nothing_erased)
    found = open_set(message, opening, REGISTRY, erased(NOTES))

    assert found.ops[0].withheld == {7: Withheld.ERASED}


def test_an_erasure_of_another_record_or_group_leaves_values_alone():
    """Erasure is per record and group."""
    assert opened(is_erased=erased(ErasureGroup.CONTACT)).opening == SET.opening
    assert opened(is_erased=lambda found, group: found == record("somebody else")).opening == SET.opening


def test_what_is_kept_after_an_erasure_opens_again():
    """The opening that is stored is itself valid, with the erasure known."""
    kept = opened(is_erased=erased(IDENTITY)).opening

    again = opened(opening=kept, is_erased=erased(IDENTITY))

    assert again.opening == kept
    assert set(parse_opening(kept, SET.ops).values) == {SealPlace(0, 3), SealPlace(0, 4)}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        pytest.param({8: "测试甲", 24: "1970-01-01"}, Reason.OPENING_MISMATCH, id="a register the seal does not name"),
        pytest.param({}, Reason.OPENING_MISMATCH, id="a register without a value"),
        pytest.param({8: 5}, Reason.FORBIDDEN_TYPE, id="a number for a name"),
        pytest.param({11: "other"}, Reason.BAD_FIELD, id="a code outside its list"),
        pytest.param({8: "甲" * 1366}, Reason.BAD_FIELD, id="a name over 4 KiB"),
        pytest.param({15: 2**63}, Reason.MALFORMED, id="an unknown label with a number over 64 bits"),
    ],
)
def test_sealed_values_are_held_against_seal_and_registry(values: dict[int, Value], reason: Reason):
    """What an author commits to must be what the seal says, and what the fields allow."""
    place = SealPlace(0, 1)
    value_bytes = encode_values(values)
    seal = commit(salts_of(SEED).at(place), place, value_bytes) + bytes([1])
    message = sealed_ops(Op(3, record("customer"), 0, b"", {0: "person"}, {1: seal}))

    with pytest.raises(Refused) as refusal:
        open_set(message, cbor.encode([SEED, [value_bytes]]), REGISTRY, nothing_erased)

    assert refusal.value.reason is reason


def test_an_unknown_kind_refuses_the_set():
    """A reader that knows fewer kinds says so."""
    small = Registry([REGISTRY["visit"]])

    with pytest.raises(BadValue) as refusal:
        open_set(SET.change_set, SET.opening, small, nothing_erased)

    assert refusal.value.reason is Reason.UNKNOWN_KIND


def test_a_delete_has_no_values():
    """Nothing is opened for it."""
    sealed = sealed_set(draft("phone", {"number": "13000000000"}), draft("vehicle", {"color": "red"}))
    deleting = sealed_ops(Op(4, record(), 1, bytes(16), {}, {}))

    assert opened(sealed).ops[1].fields == {40: "red"}
    assert open_set(deleting, b"", REGISTRY, nothing_erased).ops[0].fields is None


def test_an_opened_op_becomes_a_write_with_its_admission_record():
    """Id, set time, author and effective bases come from whoever admits it."""
    visit = opened().ops[1]

    made = visit.write(op(9), 5, DEALER, (op(1),))

    assert made == Write(op(9), 5, DEALER, visit.fields, {}, (op(1),))
