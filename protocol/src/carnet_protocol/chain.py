"""One node's chain of change sets: what continues it and what does not.

Decides, for a verified set and what the reader already holds, whether the set is next, known, ahead, or a fork. Does
not decide what happens then. Rules: per (node, epoch) seq runs 1, 2, 3 ... without holes; `prev` is the hash of the set
before; the first set of an epoch names its parent. An epoch that was closed still accepts sets that extend its known
prefix: an old USB bundle is welcome.

    link                       | reader holds
    ---------------------------+----------------------------------------------------
    NEXT                       | (seq - 1, prev) as this epoch's head, or nothing and seq is 1
    DUPLICATE                  | the same hash at this seq
    FORK                       | another hash at this seq, or another head than prev
    GAP                        | a head below seq - 1
"""

from dataclasses import dataclass
from enum import Enum

from carnet_protocol.changeset import Header


class ChainLink(Enum):
    """How a set relates to what is held of its epoch."""

    NEXT = "next"
    DUPLICATE = "duplicate"
    GAP = "gap"
    FORK = "fork"


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last set held of one (node, epoch); `seq` 0 with 32 zero bytes for none."""

    seq: int
    set_hash: bytes


NO_HEAD = ChainHead(0, bytes(32))


def classify_link(header: Header, set_hash: bytes, head: ChainHead, known_hash: bytes | None) -> ChainLink:
    """Relate a set to the chain its reader holds.

    Args:
        header, set_hash: of a verified set.
        head: last set held of the set's epoch; `NO_HEAD` when the epoch is new.
        known_hash: hash held at `header.seq`, None when that seq is not held.
    """
    if known_hash is not None:
        return ChainLink.DUPLICATE if known_hash == set_hash else ChainLink.FORK
    if header.seq > head.seq + 1:
        return ChainLink.GAP
    if header.seq <= head.seq:
        return ChainLink.FORK
    if header.seq == 1:
        return ChainLink.NEXT
    return ChainLink.NEXT if header.prev == head.set_hash else ChainLink.FORK
