"""The outside ledger sees what is lost, doubled or made up, and forgives what was in doubt."""

import pytest

from process.ledger import Held, Ledger, versions_gone_back


def ledger_of(*, state: str | None = "v1", doubt: str | None = None) -> Ledger:
    """A ledger with one customer, acknowledged as `state` and perhaps asked for more."""
    ledger = Ledger()
    item = ledger.new("customer", "a0-1")
    if state is not None:
        ledger.ask(item, state)
        ledger.acknowledge(item, "insert", "0a")
    if doubt is not None:
        ledger.ask(item, doubt)
    return ledger


def held(state: str, tag: str = "a0-1") -> Held:
    """That customer as a program shows it."""
    return Held("customer", tag, state)


@pytest.mark.parametrize(
    ("ledger", "shown"),
    [
        pytest.param(ledger_of(), [held("v1")], id="as acknowledged"),
        pytest.param(ledger_of(doubt="v2"), [held("v1")], id="the edit in doubt did not happen"),
        pytest.param(ledger_of(doubt="v2"), [held("v2")], id="the edit in doubt happened"),
        pytest.param(ledger_of(state=None, doubt="v1"), [], id="the insert in doubt did not happen"),
        pytest.param(ledger_of(state=None, doubt="v1"), [held("v1")], id="the insert in doubt happened"),
    ],
)
def test_what_may_be_there_is_no_fault(ledger: Ledger, shown: list[Held]):
    """Acknowledged states and those in doubt are both in order."""
    assert ledger.faults_in(shown) == []


@pytest.mark.parametrize(
    ("ledger", "shown", "fault"),
    [
        pytest.param(ledger_of(), [], "lost: customer a0-1, acknowledged as v1", id="gone"),
        pytest.param(ledger_of(), [held("v1"), held("v1")], "doubled: customer a0-1 is there 2 times", id="twice"),
        pytest.param(
            ledger_of(doubt="v3"),
            [held("v2")],
            "lost: customer a0-1 is v2, acknowledged as v1, asked for v3",
            id="neither acknowledged nor asked for",
        ),
        pytest.param(ledger_of(), [held("v1"), held("v1", "x")], "never asked for: x", id="made up"),
        pytest.param(
            ledger_of(state=None, doubt="v1"),
            [held("v1"), held("v1")],
            "doubled: customer a0-1 is there 2 times",
            id="in doubt, and twice",
        ),
    ],
)
def test_what_may_not_be_there_is_named(ledger: Ledger, shown: list[Held], fault: str):
    """Each way to lose, double or make up a document has a line of its own."""
    assert ledger.faults_in(shown) == [fault]


@pytest.mark.parametrize(
    ("after", "faults"),
    [
        pytest.param([held("v3")], [], id="the same"),
        pytest.param([held("v4")], [], id="newer"),
        pytest.param([held("v2")], ["shown and gone: customer a0-1 was v3, is v2"], id="older"),
        pytest.param([], ["shown and gone: customer a0-1 was v3, is None"], id="gone"),
    ],
)
def test_what_was_shown_does_not_go_back(after: list[Held], faults: list[str]):
    """A reader who saw a version sees that one or a later one after a restart."""
    assert versions_gone_back([held("v3")], after) == faults
