"""What is left of a personal value when it is masked."""

import pytest

from carnet_node.entrypoints.presenting import is_masked, mask
from carnet_protocol.registry import Value


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        pytest.param("张伟明", "张**", id="name"),
        pytest.param("张", "*", id="name of one character"),
        pytest.param("+8613800138000", "**********8000", id="telephone number"),
        pytest.param("1234", "****", id="short number"),
        pytest.param("1980-03-07", "**********", id="birthday"),
        pytest.param("中山路12号", "中*****", id="address"),
        pytest.param(True, None, id="no text"),
    ],
)
def test_a_masked_value_keeps_what_helps_and_not_what_identifies(value: Value, masked: Value):
    """Enough is left to tell two records apart at the desk, and no more."""
    assert mask(value) == masked


@pytest.mark.parametrize("street", ["湘江中路2段36号8-1204", "12 Lushan Rd, flat 1204", "中山路"])
def test_nothing_is_left_of_a_street(street: str):
    """Its last characters are the number of a door."""
    masked = mask(street, "street")

    assert masked == "*" * len(street)
    assert is_masked(masked)


@pytest.mark.parametrize("value", ["张伟明", "张", "+8613800138000", "1234", "1980-03-07", "中山路12号"])
def test_a_masked_value_is_known_for_one(value: str):
    """A form that sends it back cannot replace what it stands for."""
    assert is_masked(mask(value))
