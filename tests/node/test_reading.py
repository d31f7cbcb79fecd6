"""From what stands on a command line or in a JSON body to values of the registry."""

import pytest

from carnet_node.entrypoints.reading import instant_from_text, values_from_pairs
from carnet_protocol.errors import BadValue
from carnet_protocol.kinds import VISIT

NOON_MS = 1_767_268_800_000


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        pytest.param("2026-01-01T12:00:00+00:00", NOON_MS, id="with an offset"),
        pytest.param("2026-01-01T12:00:00", NOON_MS, id="without one it is UTC"),
        pytest.param("2026-01-01T20:00:00+08:00", NOON_MS, id="another offset"),
        pytest.param(str(NOON_MS), NOON_MS, id="milliseconds"),
        pytest.param("-1", -1, id="before 1970"),
    ],
)
def test_an_instant_is_iso_text_or_milliseconds(text: str, at_ms: int):
    """Both spellings of one moment give the same number."""
    assert instant_from_text("at", text) == at_ms


@pytest.mark.parametrize("text", ["soon", "--1", "\u00b2", "9" * 19, "9" * 5_000, "2026-13-01"])
def test_what_is_no_instant_is_refused_by_its_field(text: str):
    """Not even a number that is too long for Python gets through as anything but a refusal."""
    with pytest.raises(BadValue) as caught:
        instant_from_text("at", text)

    assert caught.value.field == "at"


@pytest.mark.parametrize(
    ("pair", "field"),
    [
        pytest.param("odometer_in_km", "odometer_in_km", id="no sign"),
        pytest.param("mileage=5", "mileage", id="no such field"),
        pytest.param("odometer_in_km=far", "odometer_in_km", id="no number"),
        pytest.param("is_towed_in=perhaps", "is_towed_in", id="neither yes nor no"),
        pytest.param("vehicle_id=car", "vehicle_id", id="no record id"),
    ],
)
def test_a_pair_that_means_nothing_is_refused_by_its_field(pair: str, field: str):
    """The refusal names the field and not the value."""
    with pytest.raises(BadValue) as caught:
        values_from_pairs(VISIT, [pair])

    assert caught.value.field == field
