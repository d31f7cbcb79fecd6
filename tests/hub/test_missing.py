"""What a node has made and the hub has never got."""

import pytest

from carnet_hub.core.exchange.missing import MissingSets, missing_of
from carnet_hub.core.rows import EpochRow, NodeStatusRow

FIRST = EpochRow(b"node", b"epoch one", 1, 0, bytes(8), 0, bytes(32), 40, b"head", 1)
SECOND = EpochRow(b"node", b"epoch two", 2, 1, b"epoch one", 43, b"parent", 2, b"head", 9)


def said(epoch: bytes, head_seq: int) -> NodeStatusRow:
    """A node that stood here at its last hello."""
    return NodeStatusRow(b"node", 1, 0, 0, epoch, head_seq, 0, 0, 0, 1, "", 0, "", 0)


@pytest.mark.parametrize(
    ("status", "epochs", "missing"),
    [
        pytest.param(None, [FIRST], [], id="never said hello"),
        pytest.param(said(b"epoch one", 40), [FIRST], [], id="level"),
        pytest.param(said(b"epoch one", 41), [FIRST], [MissingSets(1, 41, 41)], id="one ahead"),
        pytest.param(said(b"epoch two", 2), [FIRST, SECOND], [MissingSets(1, 41, 43)], id="a parent that went further"),
        pytest.param(said(b"epoch new", 3), [FIRST], [MissingSets(0, 1, 3)], id="an epoch not seen yet"),
        pytest.param(said(b"epoch new", 0), [FIRST], [], id="an epoch without a set"),
    ],
)
def test_what_is_missing_lies_between_what_was_stated_and_what_is_held(
    status: NodeStatusRow | None, epochs: list[EpochRow], missing: list[MissingSets]
):
    """Head at the last hello and parents of epochs, against the heads held."""
    assert list(missing_of(status, epochs)) == missing


def test_missing_sets_are_told_in_words():
    """The operator reads which sets, and of which epoch."""
    texts = [MissingSets(1, 41, 43).text, MissingSets(0, 1, 1).text]

    assert texts == ["change sets 41 to 43 of its epoch 1", "change set 1 of an epoch not seen yet"]
