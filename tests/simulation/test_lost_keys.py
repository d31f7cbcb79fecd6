"""Schedules by hand about changes of keys that were lost with a disk, or came late: what waits arrives all the same."""

import pytest

from simulation.directed import directed_tape
from simulation.schedules import run_tape

BEGUN = ("A1 calm round", "A1 new", "A1 calm round x2", "A1 take image")
LOST = ("A1 rotate key", "A1 restore database", "A1 calm round", "A1 rotate key", "A1 restore database")

SCRIPTS = {
    "two changes lost, work on a line": (*BEGUN, *LOST, "A1 work offline", "A1 new x2", "A1 calm round", "A1 new"),
    "two changes lost, work by stick": (*BEGUN, *LOST, "A1 work offline", "A1 new x2", "A1 stick trips"),
    "two changes lost, nobody works offline": (*BEGUN, *LOST, "A1 stick trips", "A1 new", "A1 stick trips"),
    "four changes lost": (*BEGUN, *LOST, "A1 calm round", *LOST, "A1 stick trips", "A1 new", "A1 calm round"),
    "one taken, two lost": (*BEGUN, "A1 rotate key", "A1 calm round x2", "A1 restart", *LOST, "A1 stick trips"),
    "a change comes late": (
        *BEGUN,
        *("A1 rotate key", "A1 stick out", "A1 restore database", "A1 calm round", "A1 rotate key", "A1 new"),
        *("hub stick at hub", "A1 calm round", "A1 new", "A1 stick trips"),
    ),
    "a change comes late behind another lost one": (
        *BEGUN,
        *("A1 rotate key", "A1 stick out", "A1 restore database", "A1 calm round", "A1 rotate key"),
        *("A1 restore database", "A1 calm round", "hub stick at hub", "A1 stick trips", "A1 new", "A1 calm round"),
    ),
    "a change comes late at a database that waits": (
        *("A1 calm round", "A1 take image", "A1 rotate key", "A1 stick out", "A1 restore database", "A1 calm round"),
        *("A1 rotate key", "A1 new", "A1 take image", "A1 restore database", "hub stick at hub"),
        *("A1 calm round", "A1 new", "A1 stick trips"),
    ),
    "an old answer comes home in doubt": (
        *("A1 new", "A1 stick out", "hub stick at hub", *BEGUN, "A1 rotate key", "A1 calm round x2", "A1 restart"),
        *("A1 rotate key", "A1 restore database", "A1 work offline", "A1 stick home", "A1 new", "A1 stick trips"),
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("seed", range(3))
def test_lost_and_late_changes_of_keys_cost_nothing(name: str, seed: int):
    """Everything that was written arrives, under keys that the hub takes, and no such key goes."""
    outcome = run_tape(directed_tape(seed, SCRIPTS[name]))

    assert not outcome.stage.watch.complaints
    assert outcome.stage.did["rotate key"] >= 1
