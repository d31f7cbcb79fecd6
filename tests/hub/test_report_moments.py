"""The moment a report stands for: a position of the log and a day on which it was the end."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from carnet_hub.core.failures import Unusable
from carnet_protocol.legal_days import legal_day
from support.recall_hub import VINS, RecallHub, begin_recall


@pytest.fixture
def recall(tmp_path: Path) -> RecallHub:
    """One vehicle done after ten days, and three more after thirty."""
    found = begin_recall(tmp_path / "hub")
    found.note("owner_notice")
    found.days_pass(10)
    found.complete("A001", VINS[0])
    found.days_pass(20)
    for vin in VINS[1:4]:
        found.complete("B001", vin)
    return found


def test_a_filing_of_the_past_is_refused(recall: RecallHub, tmp_path: Path):
    """What was erased since cannot be counted again, so nobody is told a figure of yesterday."""
    with pytest.raises(Unusable, match="of today"):
        recall.make("cn-filing-2002-annex1", tmp_path / "filing", position=recall.position - 1)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        pytest.param({"position": 0}, "no position", id="position 0"),
        pytest.param({"position": 10_000}, "no position", id="behind the end"),
        pytest.param({"days": 1}, "lies ahead", id="tomorrow"),
        pytest.param({"days": -400}, "Nothing was in the log", id="before the hub"),
        pytest.param({"days": -30, "at_end": True}, "was reached on", id="a position behind its day"),
        pytest.param({"days": 0, "passed": 4}, "had passed position", id="a position passed before its day"),
    ],
)
def test_a_moment_that_is_none_is_refused(recall: RecallHub, tmp_path: Path, asked: dict[str, Any], problem: str):
    """A day ahead or before the log, and a position that the log or the day does not have, write nothing."""
    given: dict[str, Any] = {"position": asked["position"]} if "position" in asked else {}
    if "days" in asked:
        given["as_of"] = legal_day(recall.hub.clock.ms) + timedelta(asked["days"])
    if "at_end" in asked:
        given["position"] = recall.position
    if "passed" in asked:
        given["position"] = recall.position - asked["passed"]

    with pytest.raises(Unusable, match=problem):
        recall.make("cn-stage", tmp_path / "report", **given)

    assert not (tmp_path / "report").exists()


def test_a_position_stands_for_every_day_until_it_was_passed(recall: RecallHub, tmp_path: Path):
    """It may be asked for as of its own day, the day on which the log went on behind it, and any between."""
    position, day = recall.position, legal_day(recall.hub.clock.ms)
    recall.days_pass(5)
    recall.note("outreach_closed")

    made = [recall.make("cn-stage", tmp_path / str(n), position=position, as_of=day + timedelta(n)) for n in (0, 5)]

    assert [one.report.moment.as_of - day for one in made] == [timedelta(0), timedelta(5)]
