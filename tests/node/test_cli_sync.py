"""What `sync` tells people when a round is over."""

from carnet_node.core.line.sync import PushReport, RoundReport
from carnet_node.entrypoints.cli.service import round_lines
from carnet_protocol.hello import Situation


def test_a_machine_that_was_replaced_is_told_so():
    """A superseded machine learns it from the round itself, with the one thing that people may decide."""
    lines = round_lines(RoundReport(Situation.SUPERSEDED, PushReport(sent=1, accepted=1)))

    assert lines[2:] == [
        "Another machine has taken over; nothing can be saved here. What waits is handed over.",
        "If this is the machine that should go on: `carnet-node rejoin --take-over`.",
    ]


def test_a_round_like_any_other_says_what_went_and_came():
    """Without anything unusual there are two lines."""
    lines = round_lines(RoundReport(Situation.GO, PushReport(sent=2, accepted=2), rows=7))

    assert lines == ["change sets sent: 2 (2 accepted)", "records fetched: 7, recall lists: 0"]
