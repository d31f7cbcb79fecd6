"""Every refusal can be explained to a person, without anybody's data in it."""

import re

import pytest

from carnet_protocol import errors, limits
from carnet_protocol.reasons import Reason, explain


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_says_what_happened_what_is_safe_and_what_to_do(reason: Reason):
    """Three sentences, each of them with something in it, each ended."""
    text = explain(reason)

    assert all(re.fullmatch(r"[A-Z`].+\.", one, re.DOTALL) for one in (text.what, text.safe, text.next))


@pytest.mark.parametrize("reason", Reason)
def test_a_code_is_lower_case_with_dashes_and_fits_the_wire(reason: Reason):
    """Codes travel in receipts and verdicts, where their length is bounded."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", reason.value)
    assert len(reason.value) <= limits.REASON_CHARS_MAX


def test_a_refusal_shows_its_code_and_detail():
    """What a log prints is the code and what exactly."""
    assert str(errors.Malformed(Reason.TOO_DEEP, "9 levels")) == "too-deep: 9 levels"
    assert str(errors.OutOfOrder(Reason.GAP)) == "gap"


def test_a_bad_value_names_its_field():
    """A form can point at the field."""
    refusal = errors.BadValue(Reason.BAD_FIELD, "odometer_in_km", "not within 0 to 9")

    assert (refusal.field, str(refusal)) == ("odometer_in_km", "bad-field: odometer_in_km: not within 0 to 9")


@pytest.mark.parametrize(
    "leaf", [errors.Malformed, errors.NotAuthentic, errors.OutOfOrder, errors.NotAllowed, errors.BadValue]
)
def test_every_leaf_is_a_refusal(leaf: type[errors.Refused]):
    """One `except Refused` catches all that a sender can cause, and no bug of ours."""
    assert issubclass(leaf, errors.Refused)
    assert not issubclass(errors.BrokenRule, errors.Refused)
