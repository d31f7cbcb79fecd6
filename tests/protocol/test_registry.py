"""What may be declared, and what the fields of every kind accept."""

from copy import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol import limits
from carnet_protocol.errors import BadValue, BrokenRule
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import (
    Audience,
    ErasureGroup,
    Field,
    Kind,
    Privacy,
    Register,
    Registry,
    Resolver,
    ValueType,
    Writer,
    register_of_label,
)

COLOR = Field("color", ValueType.CODE)
STATE = Field("state", ValueType.CODE, codes=("a", "b"))
NOTE = Field("note", ValueType.TEXT)


def kind(*registers: Register, number: int = 1, name: str = "thing") -> Kind:
    """A kind with these registers."""
    return Kind(number, name, Writer.ANY_SITE, Audience.ALL, registers)


def personal(number: int = 0, **changes: Any) -> Register:
    """A sealed register with one note."""
    return Register(number, "note", (NOTE,), **{"privacy": Privacy.PERSONAL, "group": ErasureGroup.NOTES} | changes)


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param([kind(), kind(name="other")], id="two kinds with one number"),
        pytest.param([kind(), kind(number=2)], id="two kinds with one name"),
        pytest.param([kind(Register(0, "a", (COLOR,)), Register(0, "b", (NOTE,)))], id="two registers with one number"),
        pytest.param([kind(Register(0, "a", (COLOR,)), Register(1, "b", (COLOR,)))], id="two fields with one name"),
        pytest.param([kind(Register(0, "a", ()))], id="a register without fields"),
        pytest.param(
            [kind(Register(0, "a", tuple(Field(f"f{n}", ValueType.INT) for n in range(9))))],
            id="nine fields in a register",
        ),
        pytest.param([kind(Register(256, "a", (COLOR,)))], id="register 256"),
        pytest.param([kind(Register(-1, "a", (COLOR,)))], id="register -1"),
        pytest.param([kind(personal(group=None))], id="personal without an erasure group"),
        pytest.param([kind(personal(privacy=Privacy.PUBLIC))], id="public with an erasure group"),
        pytest.param([kind(personal(privacy=Privacy.SECRET))], id="secret outside the secret group"),
        pytest.param([kind(personal(group=ErasureGroup.SECRET))], id="personal inside the secret group"),
        pytest.param([kind(personal(resolver=Resolver.ONCE))], id="once on personal values"),
        pytest.param([kind(personal(resolver=Resolver.RESTRICTIVE))], id="restrictive on personal values"),
        pytest.param([kind(Register(0, "a", (COLOR,), Resolver.FORWARD))], id="forward without an order"),
        pytest.param([kind(Register(0, "a", (NOTE,), Resolver.RESTRICTIVE))], id="restrictive without an order"),
        pytest.param([kind(Register(0, "a", (STATE, COLOR), Resolver.FORWARD))], id="forward on two fields"),
    ],
)
def test_a_declaration_that_breaks_a_rule_is_a_bug(kinds: list[Kind]):
    """Each rule of the registry, broken once, is reported as a broken rule."""
    with pytest.raises(BrokenRule):
        Registry(kinds)


def test_a_registry_within_the_rules_is_accepted():
    """The edges of the rules are inside: eight fields, register 255, an ordered state, a sealed note."""
    eight = tuple(Field(f"f{n}", ValueType.INT) for n in range(8))

    registry = Registry(
        [kind(Register(255, "edge", eight), Register(1, "state", (STATE,), Resolver.FORWARD), personal(2))]
    )

    assert registry["thing"].labels["f7"] == 255 * 8 + 7


def test_grouping_is_read_off_a_label():
    """A label this version does not know still belongs to a register: its number divided by eight."""
    assert [register_of_label(label) for label in (0, 7, 8, 2047)] == [0, 0, 1, 255]


ACCEPTED: list[Any] = [
    (Field("f", ValueType.TEXT), "甲" * 1365),
    (Field("f", ValueType.TEXT), "a" * 4096),
    (Field("f", ValueType.TEXT), ""),
    (Field("f", ValueType.CODE), "x" * 64),
    (STATE, "a"),
    (Field("f", ValueType.INT), 2**63 - 1),
    (Field("f", ValueType.INT), -(2**63)),
    (Field("f", ValueType.INT, minimum=0, maximum=9), 0),
    (Field("f", ValueType.INT, minimum=0, maximum=9), 9),
    (Field("f", ValueType.INSTANT), 0),
    (Field("f", ValueType.DATE), "2024-02-29"),
    (Field("f", ValueType.DATE), "0001-01-01"),
    (Field("f", ValueType.DATE), "9999-12-31"),
    (Field("f", ValueType.BOOL), False),
    (Field("f", ValueType.REF), bytes(16)),
    (Field("f", ValueType.BYTES), bytes(4096)),
]
REFUSED: list[Any] = [
    (Field("f", ValueType.TEXT), "甲" * 1366, Reason.BAD_FIELD),
    (Field("f", ValueType.TEXT), "a" * 4097, Reason.BAD_FIELD),
    (Field("f", ValueType.TEXT), "a\x00b", Reason.BAD_FIELD),
    (Field("f", ValueType.TEXT), "\ud800", Reason.BAD_FIELD),
    (Field("f", ValueType.TEXT), b"a", Reason.FORBIDDEN_TYPE),
    (Field("f", ValueType.TEXT), 1.5, Reason.FORBIDDEN_TYPE),
    (Field("f", ValueType.CODE), "x" * 65, Reason.BAD_FIELD),
    (STATE, "c", Reason.BAD_FIELD),
    (STATE, "", Reason.BAD_FIELD),
    (Field("f", ValueType.INT), 2**63, Reason.BAD_FIELD),
    (Field("f", ValueType.INT), 1.0, Reason.FORBIDDEN_TYPE),
    (Field("f", ValueType.INT), True, Reason.FORBIDDEN_TYPE),
    (Field("f", ValueType.INT, minimum=0, maximum=9), -1, Reason.BAD_FIELD),
    (Field("f", ValueType.INT, minimum=0, maximum=9), 10, Reason.BAD_FIELD),
    (Field("f", ValueType.INSTANT), "2024-01-01", Reason.FORBIDDEN_TYPE),
    (Field("f", ValueType.DATE), "2024-1-1", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "2024-00-01", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "2024-13-01", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "2024-01-00", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "20x4-01-01", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "2024-0x-01", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "2024-01-0x", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "2024-01-01T", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "2024001-01", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "2024-01001", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "2024-01-32", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "２０２４-01-01", Reason.BAD_FIELD),
    (Field("f", ValueType.DATE), "2024/01/01", Reason.BAD_FIELD),
    (Field("f", ValueType.BOOL), 1, Reason.FORBIDDEN_TYPE),
    (Field("f", ValueType.REF), bytes(15), Reason.BAD_FIELD),
    (Field("f", ValueType.REF), "0" * 16, Reason.FORBIDDEN_TYPE),
    (Field("f", ValueType.BYTES), bytes(4097), Reason.BAD_FIELD),
    (Field("f", ValueType.BYTES), bytearray(3), Reason.FORBIDDEN_TYPE),
    (Field("f", ValueType.BYTES), [1], Reason.FORBIDDEN_TYPE),
]


@pytest.mark.parametrize(("one", "value"), ACCEPTED, ids=lambda value: str(value)[:30])
def test_a_value_inside_its_field_is_accepted(one: Field, value: object):
    """The edge of each bound belongs to the field."""
    one.check(value)


@pytest.mark.parametrize(("one", "value", "reason"), REFUSED, ids=lambda value: ascii(value)[:30])
def test_a_value_outside_its_field_is_refused(one: Field, value: object, reason: Reason):
    """Type, size, range, form and code list each refuse with the field's name."""
    with pytest.raises(BadValue) as refusal:
        one.check(value)

    assert (refusal.value.reason, refusal.value.field) == (reason, one.name)


FIELDS = sorted({one for kind_ in REGISTRY.kinds for _, one in kind_.by_label.values()}, key=lambda one: one.name)
near_values = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(-(2**64), 2**64),
    st.sampled_from([-1, 0, 1, 9, 23, 24, 31, 32, 100, 101, 1899, 1900, 2200, 2201, 9_999_999, 10_000_000, 2**53 + 1]),
    st.binary(max_size=20),
    st.text(max_size=70),
    st.integers(62, 67).map("a".__mul__),
    st.text("a\x00甲\ud800", min_size=60, max_size=70),
    st.sampled_from([code for one in FIELDS for code in one.codes]),
)


@given(st.sampled_from(FIELDS), near_values)
def test_a_quick_test_never_accepts_what_a_close_look_refuses(one: Field, value: object):
    """The short cut through a field's rules is inside them."""
    close_look = copy(one)
    object.__setattr__(close_look, "fits", lambda _: False)

    if one.fits(value):
        close_look.check(value)


@pytest.mark.parametrize("value_type", ValueType)
def test_every_field_may_be_empty(value_type: ValueType):
    """Null clears a field of any type."""
    Field("f", value_type).check(None)


def test_an_unknown_field_name_is_refused_with_its_name():
    """A form that sends a field the kind does not have is told which."""
    with pytest.raises(BadValue) as refusal:
        REGISTRY["vehicle"].register_of("wings")

    assert refusal.value.field == "wings"


def test_labels_and_names_lead_to_the_same_field():
    """For every kind, label and name are two ways to one field."""
    for one in REGISTRY.kinds:
        for name, label in one.labels.items():
            register, found = one.by_label[label]
            assert (found.name, register) == (name, one.register_of(name))
            assert register.labels[label % 8] == label


def test_what_a_field_refers_to_exists():
    """References, parents and anchors name kinds and fields of the registry."""
    for one in REGISTRY.kinds:
        for _, found in one.by_label.values():
            assert found.refers_to is None or found.refers_to in REGISTRY.by_name
        assert {one.parent, one.anchor} - {None} <= one.labels.keys()


def test_a_fact_is_written_once_and_retracted():
    """All registers of a fact are `once`, except the reason why it no longer holds."""
    facts = [one for one in REGISTRY.kinds if one.is_fact]

    rules = {one.name: {r.name: r.resolver for r in one.registers if r.resolver is not Resolver.ONCE} for one in facts}

    assert rules == {one.name: {"retracted": Resolver.LATEST} for one in facts}


def test_no_kind_is_wider_than_an_op():
    """Every field of a kind fits into one op, and every register into one seal."""
    assert max(len(one.by_label) for one in REGISTRY.kinds) <= limits.FIELDS_PER_OP_MAX


def test_records_for_all_sites_hold_no_personal_field():
    """What is broadcast to every dealer is public."""
    broadcast = [one for one in REGISTRY.kinds if one.audience is Audience.ALL]

    assert [r.name for one in broadcast for r in one.registers if r.privacy is not Privacy.PUBLIC] == []
