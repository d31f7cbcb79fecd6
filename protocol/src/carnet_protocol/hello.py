"""The hello: where a node stands, what the hub holds of it, and what either returns to the other after a restore.

Decides the shape of these frames. What a situation means is told in docs/spec/sync.md; who judges it is the hub's
`hello` and the node's `session`.
"""

from enum import IntEnum
from typing import Annotated

import msgspec

from carnet_protocol import cbor, limits
from carnet_protocol.changeset import Bytes8, Bytes32, Count, Instant, Schema
from carnet_protocol.errors import Malformed
from carnet_protocol.messages import (
    Challenge,
    Frame,
    Name,
    Version,
)
from carnet_protocol.ops import Id16
from carnet_protocol.reasons import Reason


class Situation(IntEnum):
    """What a hello found out about the node's chain."""

    GO = 0
    ROLLED_BACK = 1
    FORK = 2
    SUPERSEDED = 3


class EpochHead(Frame, frozen=True):
    """How far one epoch of a node's chain is held by whoever says so.

    Attributes:
        head_seq, head_hash: of the last set held; 0 and zero bytes for none.
    """

    epoch: Bytes8
    ordinal: Count
    head_seq: Count
    head_hash: Bytes32


class HubEpoch(Frame, frozen=True):
    """One history of the hub: it begins with the hub itself, or where a restored backup ended.

    Attributes:
        position: R, the last position that this history shares with the ones before it; 0 for the first.
        cursor: the cursor behind everything up to that position.
    """

    hub_epoch: Bytes8
    position: Count
    cursor: Count


class LostSet(Frame, frozen=True):
    """A set that its receiver has lost, with the hub's receipt for it: a node's own, or one the hub had admitted.

    Attributes:
        receipt: empty for a set of the hub's own.
    """

    message: bytes
    opening: bytes
    receipt: bytes


EpochHeads = Annotated[list[EpochHead], msgspec.Meta(max_length=limits.EPOCHS_MAX)]
HubEpochs = Annotated[list[HubEpoch], msgspec.Meta(max_length=limits.EPOCHS_MAX)]


class HelloRequest(Frame, frozen=True):
    """Where a node stands; signed on a nonce (`challenge`) that the hub issued.

    Attributes:
        epoch, epoch_ordinal, head_seq, head_hash: the end of the chain it writes.
        closed: its earlier epochs, newest first; the hub returns what it holds beyond these heads.
    """

    version: Version
    challenge: Challenge
    dealer_id: Id16
    node_id: Id16
    epoch: Bytes8
    epoch_ordinal: Count
    head_seq: Count
    head_hash: Bytes32
    hub_epoch: Bytes8
    cursor: Count
    unsent_sets: Count
    oldest_unsent_ms: Instant
    wall_ms: Instant
    schema: Schema
    software: Name
    closed: EpochHeads


class HelloAnswer(Frame, frozen=True):
    """What the hub holds of the node's chain, and a token for this session.

    Attributes:
        challenge: of the request this answers, so that an old answer cannot be played back.
        held_seq, held_hash: last set held of the node's epoch; 0 and zero bytes for none. The node checks its own log
            there.
        lost_sets: the node's own sets beyond the heads it stated, as many as one answer carries; none for a superseded
            copy.
        own_epochs: every epoch held of this node, newest first; a node that holds all of them has lost nothing.
        clock_offset_ms: hub clock minus node clock.
        backup_position: everything up to here is in the hub's off-site backup.
        hub_epochs: the hub's histories, oldest first; the last one is `hub_epoch`.
    """

    version: Version
    challenge: Challenge
    node_id: Id16
    situation: Annotated[int, msgspec.Meta(ge=0, le=3)]
    hub_epoch: Bytes8
    position: Count
    held_seq: Count
    held_hash: Bytes32
    lost_sets: Annotated[list[LostSet], msgspec.Meta(max_length=limits.BATCH_SETS_MAX)]
    own_epochs: EpochHeads
    clock_offset_ms: Instant
    backup_position: Count
    hub_epochs: HubEpochs
    token: Annotated[bytes, msgspec.Meta(max_length=limits.TOKEN_BYTES_MAX)]
    token_expires_ms: Instant
    now_ms: Instant


def encode_offer(sets: list[LostSet]) -> bytes:
    """The inflated body of an offer to a restored hub."""
    return cbor.encode([[one.message, one.opening, one.receipt] for one in sets])


def decode_offer(data: bytes) -> list[LostSet]:
    """The sets of an offer, not verified.

    Raises:
        Malformed: too large, another shape, or too many sets.
    """
    listed = cbor.decode(data, bytes_max=limits.MESSAGE_BYTES_MAX)
    if type(listed) is not list or len(listed) > limits.BATCH_SETS_MAX:
        raise Malformed(Reason.MALFORMED, "an offer is a list of at most 500 sets")
    return cbor.to_frame(listed, list[LostSet])
