"""What leaves next, and what is on disk before it does."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from carnet_node.core.limits import BATCH_BYTES_MIN
from carnet_node.core.line.inbox import SignedReceipt, apply_answers
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.outbox import BatchSize, next_batch
from carnet_node.core.log.rejoin_state import is_behind_mark
from carnet_node.core.node import Node
from carnet_node.core.records import HighWaterMark
from carnet_protocol import limits
from carnet_protocol.changeset import set_bytes
from carnet_protocol.kinds import CUSTOMER
from support.desk import record
from support.exchange import deliver, draft
from support.model_hub import ModelHub, signed
from support.node_builder import TestHighWater, build_node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node with five unsent sets."""
    made = build_node(tmp_path)
    for number in range(1, 6):
        commit(made, [draft({"party_kind": "person", "full_name": "x" * 500}, number, CUSTOMER)])
    return made


def seqs(node: Node, size: BatchSize | None = None, *, from_seq: int | None = None) -> list[int]:
    """Numbers of the next batch."""
    return [one.seq for one in next_batch(node, size, from_seq=from_seq)]


def marks(node: Node) -> list[HighWaterMark]:
    """Every mark that was written."""
    assert isinstance(node.high_water, TestHighWater)
    return node.high_water.marks


def receive_verdicts(node: Node, *numbers: int) -> None:
    """The hub's receipts for these sets arrive."""
    hub = ModelHub()
    receipts = [one for one in deliver(node, hub) if one.seq in numbers]
    apply_answers(node, [SignedReceipt(one, signed(one)) for one in receipts])


def test_everything_without_a_verdict_leaves_in_order(node: Node):
    """A batch is the chain's next run, and the same run again until an answer comes."""
    assert [seqs(node), seqs(node)] == [[1, 2, 3, 4, 5]] * 2


def test_a_batch_ends_where_the_next_set_has_a_verdict(node: Node):
    """What is known at the hub is not sent again between what is not."""
    receive_verdicts(node, 1, 3)

    assert seqs(node) == [2]


def test_nothing_leaves_when_everything_has_a_verdict(node: Node):
    """An empty batch, and no new mark."""
    receive_verdicts(node, 1, 2, 3, 4, 5)
    before = list(marks(node))

    assert (seqs(node), marks(node)) == ([], before)


def test_a_gap_is_filled_from_the_number_the_hub_asks_for(node: Node):
    """After a gap sets are sent again although they have a verdict here."""
    receive_verdicts(node, 1, 2, 3)

    assert seqs(node, from_seq=2) == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("sets_max", "expected"), [(1, [1]), (4, [1, 2, 3, 4]), (5, [1, 2, 3, 4, 5]), (6, [1, 2, 3, 4, 5])]
)
def test_a_batch_holds_no_more_sets_than_asked(node: Node, sets_max: int, expected: list[int]):
    """The number of sets is bounded."""
    assert seqs(node, BatchSize(sets_max=sets_max)) == expected


@pytest.mark.parametrize(("spare", "expected"), [(-1, [1]), (0, [1, 2]), (1, [1, 2])])
def test_a_batch_holds_no_more_bytes_than_asked(node: Node, spare: int, expected: list[int]):
    """Bytes are counted with openings, to the byte."""
    size_of_two = sum(set_bytes(one.message, one.opening) for one in next_batch(node)[:2])

    assert seqs(node, BatchSize(bytes_max=size_of_two + spare)) == expected


def test_one_set_leaves_however_large(node: Node):
    """A set above the size asked for is not stuck for ever."""
    assert seqs(node, BatchSize(bytes_max=1)) == [1]


def test_the_mark_is_on_disk_before_a_set_leaves(node: Node):
    """The high-water file names the last set of the batch, with its hash."""
    batch = next_batch(node, BatchSize(sets_max=2))

    assert marks(node) == [HighWaterMark(batch[1].epoch, 2, batch[1].set_hash)]


def test_the_mark_never_goes_back(node: Node):
    """A smaller batch after a larger one leaves the mark where it was."""
    next_batch(node, BatchSize(sets_max=4))

    next_batch(node, BatchSize(sets_max=1))

    assert [mark.seq for mark in marks(node)] == [4]


def test_nothing_leaves_when_the_mark_cannot_be_written(node: Node):
    """A failing disk stops the batch: no set counts as sent."""
    node = _with_broken_mark(node)

    with pytest.raises(OSError, match="no disk"):
        next_batch(node)

    with node.store.read() as tx:
        assert tx.unconfirmed_on(CUSTOMER.number, record(1)) == (1, 0)


def _with_broken_mark(node: Node) -> Node:
    return replace(node, high_water=_BrokenMark())


class _BrokenMark:
    """A high-water file on a disk that is gone."""

    def read(self) -> HighWaterMark | None:
        return None

    def write(self, mark: HighWaterMark) -> None:
        raise OSError("no disk")

    def reserve_ordinal(self, wanted: int) -> int:
        raise OSError("no disk")


@dataclass(frozen=True)
class Case:
    """A mark, and whether the database is behind it."""

    seq: int | None
    is_same_hash: bool
    is_behind: bool


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(None, True, False), id="nothing ever left"),
        pytest.param(Case(5, True, False), id="the head itself"),
        pytest.param(Case(3, True, False), id="an earlier set"),
        pytest.param(Case(3, False, True), id="another set under this number"),
        pytest.param(Case(6, True, True), id="a set this database does not hold"),
    ],
)
def test_a_restored_database_is_behind_its_mark(node: Node, case: Case):
    """What left this machine must be in its log; if it is not, the database was restored or rolled back."""
    with node.store.read() as tx:
        chain = tx.chain()
        assert chain is not None
        held = tx.set_at(chain.epoch, case.seq or 0)
        set_hash = held.set_hash if held is not None and case.is_same_hash else bytes(32)
        mark = None if case.seq is None else HighWaterMark(chain.epoch, case.seq, set_hash)

        assert is_behind_mark(tx, mark) is case.is_behind


def test_a_batch_size_halves_to_a_floor_and_doubles_to_the_protocols_bound():
    """Halving never ends at nothing, and growth never exceeds what a hub takes."""
    size = BatchSize()
    for _ in range(40):
        size = size.halved()
    smallest = size
    for _ in range(40):
        size = size.doubled()

    assert smallest == BatchSize(BATCH_BYTES_MIN, 1)
    assert size == BatchSize(limits.BATCH_BYTES_MAX, limits.BATCH_SETS_MAX)
