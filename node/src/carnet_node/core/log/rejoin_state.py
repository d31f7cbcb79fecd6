"""What a node remembers of its own epochs, so that a restored or copied database finds its way back.

Decides which facts are kept and where: a local setting that never syncs. They lie in the database and grow old with it;
the mark of what left the machine does not, and the hub states the rest at every hello. What follows from them is
`rejoin`.
"""

from dataclasses import dataclass, replace
from typing import Final

import msgspec

from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.records import ChainState, HighWaterMark, LoggedSet
from carnet_protocol import limits
from carnet_protocol.chain import NO_HEAD, ChainHead
from carnet_protocol.hello import EpochHead, HubEpoch

_SETTING: Final = "rejoin"


@dataclass(frozen=True, slots=True)
class OwnEpoch:
    """An earlier epoch of this node.

    Attributes:
        seq, set_hash: how far its sets were read back from the hub; the log may hold more.
    """

    epoch: bytes
    ordinal: int
    seq: int = 0
    set_hash: bytes = bytes(32)


@dataclass(frozen=True, slots=True)
class RejoinState:
    """What a database knows about where it stands among the copies of itself.

    Attributes:
        is_unreconciled: an epoch was opened before everything the hub holds of this node was back.
        closed: earlier epochs, by ordinal.
        answered_mark: the high-water mark that the present epoch answers to; it may name sets this database lacks.
        hub_newest: the newest epoch the hub held of this node at the last hello, and its head; None before.
        highest_ordinal: of any epoch of this node ever heard of.
        histories: the hub's, as it last stated them.
        former_nodes: whose database this was before; the hub's receipts may name them.
        former_epochs: the last ones of the machine before; every hello states them, so that it is told of us.
        has_former_rows: base rows of a history of the hub that a restore has ended are shown until all was read again.
        is_seal_due: the keys that count have changed since what waits was sealed, maybe several answers ago.
        restored_ms: when a backup was put in place; None for none, and once everything is back.
        opened_ms: when the present epoch was opened, by this node's clock; 0 for the first one.
    """

    is_unreconciled: bool = False
    closed: tuple[OwnEpoch, ...] = ()
    answered_mark: HighWaterMark | None = None
    hub_newest: OwnEpoch | None = None
    highest_ordinal: int = 1
    restored_ms: int | None = None
    histories: tuple[HubEpoch, ...] = ()
    former_nodes: tuple[bytes, ...] = ()
    former_epochs: tuple[OwnEpoch, ...] = ()
    has_former_rows: bool = False
    is_seal_due: bool = False
    opened_ms: int = 0


_decoder: Final = msgspec.msgpack.Decoder(RejoinState)


def load_rejoin(tx: ReadTransaction) -> RejoinState:
    """What is remembered; the default for a database that never had to rejoin."""
    stored = tx.setting(_SETTING)
    return RejoinState() if stored is None else _decoder.decode(stored)


def save_rejoin(tx: WriteTransaction, state: RejoinState) -> None:
    """Remember; of more than `EPOCHS_MAX` epochs the oldest are forgotten, and the hub tells them again."""
    kept = tuple(sorted(state.closed, key=lambda one: one.ordinal))[-limits.EPOCHS_MAX :]
    tx.put_setting(_SETTING, msgspec.msgpack.encode(replace(state, closed=kept)))


def head_of(tx: ReadTransaction, state: RejoinState, epoch: bytes) -> ChainHead:
    """How far an own epoch is known here: in the log, or read back from the hub."""
    read = next((ChainHead(one.seq, one.set_hash) for one in state.closed if one.epoch == epoch), NO_HEAD)
    logged = tx.epoch_head(epoch) or NO_HEAD
    return logged if logged.seq >= read.seq else read


def closed_heads(tx: ReadTransaction, state: RejoinState, chain: ChainState) -> list[EpochHead]:
    """The earlier epochs as a hello states them, newest first; then those of the machine whose database this was."""
    heads = []
    for one in sorted(state.closed, key=lambda one: one.ordinal, reverse=True):
        if one.epoch != chain.epoch:
            head = head_of(tx, state, one.epoch)
            heads.append(EpochHead(one.epoch, one.ordinal, head.seq, head.set_hash))
    former = [EpochHead(one.epoch, one.ordinal, one.seq, one.set_hash) for one in state.former_epochs]
    return [*heads[: limits.EPOCHS_MAX - len(former)], *former]


def with_epoch(state: RejoinState, epoch: OwnEpoch) -> RejoinState:
    """The state with an epoch added, or read further."""
    others = [one for one in state.closed if one.epoch != epoch.epoch]
    known = [one for one in state.closed if one.epoch == epoch.epoch]
    furthest = max([*known, epoch], key=lambda one: one.seq)
    highest = max(state.highest_ordinal, epoch.ordinal)
    return replace(state, closed=(*others, furthest), highest_ordinal=highest)


def unconfirmed_places(tx: ReadTransaction) -> list[tuple[bytes, int]]:
    """Where the first own set without a verdict stands, in each epoch that has one: epoch and seq, earlier first."""
    chain = tx.chain()
    if chain is None:
        return []
    epochs = [*(one.epoch for one in load_rejoin(tx).closed if one.epoch != chain.epoch), chain.epoch]
    firsts = [(epoch, tx.first_unconfirmed_seq(epoch)) for epoch in epochs]
    return [(epoch, seq) for epoch, seq in firsts if seq is not None]


def first_unconfirmed(tx: ReadTransaction) -> tuple[bytes, int] | None:
    """The place of the own set that is sent next; None when all have a verdict."""
    return next(iter(unconfirmed_places(tx)), None)


def unconfirmed_sets(tx: ReadTransaction, limit: int) -> list[LoggedSet]:
    """Own sets without a verdict, in the order in which they are sent.

    Args:
        limit: how many at most, 1 or more.
    """
    found: list[LoggedSet] = []
    for epoch, first in unconfirmed_places(tx):
        seq: int | None = first
        while seq is not None and len(found) < limit:
            read = tx.sets_from(epoch, seq, min(limit, limits.BATCH_SETS_MAX))
            found += [one for one in read if one.verdict is None]
            seq = read[-1].seq + 1 if read else None
    return found[:limit]


def is_behind_mark(tx: ReadTransaction, mark: HighWaterMark | None) -> bool:
    """Whether more has left this machine than its database knows: the database was restored or rolled back.

    Args:
        mark: from the high-water file; None when nothing ever left.
    """
    if mark is None or tx.chain() is None:
        return mark is not None
    known = tx.set_at(mark.epoch, mark.seq)
    if known is not None and known.set_hash == mark.set_hash:
        return False
    return mark != load_rejoin(tx).answered_mark
