"""What leaves next: the own sets the hub has not judged.

Decides which sets make up a batch, how a batch shrinks after a time-out and grows again, and that the high-water mark
is on disk before anything leaves. Does not send (`sync`), and does not judge answers (`inbox`).

Rules:
- A batch is one contiguous run of sets of one epoch without a verdict, in the order of the chain; an earlier epoch
  goes first, because a later one builds on it. A set that was sent but not answered is sent again: the hub knows what
  it has.
- At least one set, however large; then as many as fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from carnet_node.core.failures import NotEnrolled
from carnet_node.core.leaving import HighWater
from carnet_node.core.limits import BATCH_BYTES_MIN
from carnet_node.core.log.rejoin_state import first_unconfirmed
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import ChainState, HighWaterMark, LoggedSet
from carnet_protocol import limits
from carnet_protocol.changeset import set_bytes


@dataclass(frozen=True, slots=True)
class BatchSize:
    """How much to send at once on this line.

    Attributes:
        bytes_max: 16 KiB to 1 MiB.
        sets_max: 1 to 500.
    """

    bytes_max: int = limits.BATCH_BYTES_MAX
    sets_max: int = limits.BATCH_SETS_MAX

    def halved(self) -> "BatchSize":
        """After a time-out: half of both, but never nothing."""
        return BatchSize(max(self.bytes_max // 2, BATCH_BYTES_MIN), max(self.sets_max // 2, 1))

    def doubled(self) -> "BatchSize":
        """After a batch that went through: twice as much, up to the bounds of the protocol."""
        return BatchSize(min(self.bytes_max * 2, limits.BATCH_BYTES_MAX), min(self.sets_max * 2, limits.BATCH_SETS_MAX))


def next_batch(
    node: Node, size: BatchSize | None = None, *, from_seq: int | None = None, epoch: bytes | None = None
) -> tuple[LoggedSet, ...]:
    """The sets to send now; empty when the hub has judged all.

    The high-water mark covers them before this returns, and they count as sent.

    Args:
        size: default the largest the protocol allows.
        from_seq: begin here, sets with a verdict included: what the hub asked for after a gap, 1 or more.
        epoch: of that set; default the one whose turn it is.

    Raises:
        NotEnrolled, StoreBusy, StoreBroken: nothing may leave.
    """
    size = size or BatchSize()
    with node.store.read() as tx:
        chain = tx.chain()
        if chain is None:
            raise NotEnrolled("no chain")
        place = first_unconfirmed(tx) if from_seq is None else (epoch or _turn(tx, chain), from_seq)
        batch = () if place is None else _pick(tx, place, size, is_repeat=from_seq is not None)
    if not batch:
        return ()
    last = batch[-1]
    mark = HighWaterMark(last.epoch, last.seq, last.set_hash, chain.epoch_ordinal)
    raise_mark(node.high_water, mark, present=chain.epoch)
    if not all(one.is_sent for one in batch):
        with node.store.write() as writing:
            writing.mark_sent(last.epoch, last.seq)
    return batch


def raise_mark(high_water: HighWater, mark: HighWaterMark, *, present: bytes | None = None) -> None:
    """Move the mark on; it is never lowered: a repeated batch ends before sets that left earlier, as do closed epochs.

    Args:
        present: the epoch that is written now; default the mark's own.

    Raises:
        HighWaterUnreadable: the present one is damaged, or the disk does not take the new one; nothing may leave.
    """
    standing = high_water.read()
    is_same = standing is not None and standing.epoch == mark.epoch
    if standing is None or (is_same and standing.seq < mark.seq) or (not is_same and present in (None, mark.epoch)):
        high_water.write(mark)


def _turn(tx: ReadTransaction, chain: ChainState) -> bytes:
    """The epoch whose sets go next."""
    first = first_unconfirmed(tx)
    return chain.epoch if first is None else first[0]


def _pick(tx: ReadTransaction, place: tuple[bytes, int], size: BatchSize, *, is_repeat: bool) -> tuple[LoggedSet, ...]:
    candidates = tx.sets_from(*place, size.sets_max)
    if not is_repeat:
        candidates = _leading_unconfirmed(candidates)
    picked: list[LoggedSet] = []
    room = size.bytes_max
    for one in candidates:
        room -= set_bytes(one.message, one.opening)
        if picked and room < 0:
            break
        picked.append(one)
    return tuple(picked)


def _leading_unconfirmed(candidates: Sequence[LoggedSet]) -> list[LoggedSet]:
    run: list[LoggedSet] = []
    for one in candidates:
        if one.verdict is not None:
            break
        run.append(one)
    return run
