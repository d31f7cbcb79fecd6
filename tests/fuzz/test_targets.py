"""The fuzzers' readers and their oracle, without a fuzzer: seeds pass, old findings stay mended, faults are seen."""

import time
from pathlib import Path

import pytest

from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason
from fuzz.oracle import GROWTH_BYTES_MAX, Finding, examine, peak_bytes
from fuzz.targets import TARGETS

FINDINGS = sorted((Path(__file__).parent / "findings").glob("*/*"))
"""Inputs that once were trouble: `findings/<target>/<what it was>`."""


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_its_seeds(name: str):
    """Every seed of a target is read or refused within the bounds, and at least one is read."""
    target = TARGETS[name]

    refused = [examine(target.read, seed) for seed in target.seeds()]

    assert False in refused


def test_old_findings_stay_mended():
    """Every input that was trouble before is read or refused now."""
    outcomes = {path.name: examine(TARGETS[path.parent.name].read, path.read_bytes()) for path in FINDINGS}

    assert set(outcomes.values()) <= {True, False}


def test_a_refusal_is_no_finding():
    """A typed refusal is what a reader is for."""

    def refuse(data: bytes) -> None:
        raise Malformed(Reason.MALFORMED, str(len(data)))

    assert examine(refuse, b"x") is True


def leak(data: bytes) -> None:
    """Let an error of the language out."""
    raise KeyError(len(data))


def dawdle(data: bytes) -> None:
    """Think about a byte for longer than a second."""
    until = time.process_time() + 1.05
    while time.process_time() < until:
        pass


def devour(data: bytes) -> None:
    """Take more memory than any input is worth, whatever this process has had before."""
    bytearray(b"\x01") * (peak_bytes() + 2 * GROWTH_BYTES_MAX)


@pytest.mark.parametrize(
    ("read", "what"),
    [
        pytest.param(leak, "KeyError came out", id="another exception"),
        pytest.param(dawdle, r"took 1\.\d s", id="too slow"),
        pytest.param(devour, r"took \d{9,} bytes", id="too much memory"),
    ],
)
def test_trouble_is_a_finding(read, what: str):
    """Another exception than a refusal, more than a second and more than 64 MB are findings."""
    with pytest.raises(Finding, match=what):
        examine(read, b"x")
