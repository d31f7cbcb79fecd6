"""Authors of change sets: a site's node that keeps a chain and seals drafts.

Everything an author makes is a function of its name and of what it was asked to write, in order: no randomness.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from carnet_protocol.changeset import Draft, EpochOrigin, Link, build_ops, seal_set
from carnet_protocol.envelope import Purpose, Signer, envelope_hash, read_envelope
from carnet_protocol.ids import HubId, NodeId, Nonce, OpId, RecordId, op_id
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.ops import Action, encode_ops
from carnet_protocol.registry import Value
from support.protocol import HUB, SOME_MS, NamedSigner, fixed, signer

FIRST_ORIGIN = EpochOrigin(bytes(8), 0, bytes(32), 0)


@dataclass(frozen=True, slots=True)
class MadeSet:
    """A signed set and what its author knows about it."""

    message: bytes
    opening: bytes
    nonce: Nonce
    ops_bytes: bytes
    op_count: int
    set_hash: bytes
    link: Link

    @property
    def pushed(self) -> tuple[bytes, bytes]:
        """The set as it stands in a push."""
        return self.message, self.opening

    def op(self, index: int = 0) -> OpId:
        """The id of one op."""
        return op_id(self.nonce, index)


@dataclass
class SiteAuthor:
    """One node of a dealer site, as far as its chain goes.

    Attributes:
        name: decides key, node id and nonces.
        dealer: name of the site.
        wall_ms: the node's clock; tests set it.
        hub_position: how far it has read.
    """

    name: str
    dealer: str = "dealer"
    hub_id: HubId = HUB
    hub_epoch: bytes = field(default_factory=lambda: fixed("hub epoch", 8))
    wall_ms: int = SOME_MS
    hub_position: int = 0
    seq: int = 0
    prev: bytes = bytes(32)
    epoch_ordinal: int = 1
    origin: EpochOrigin = FIRST_ORIGIN
    made: list[MadeSet] = field(default_factory=list)

    @property
    def dealer_id(self) -> bytes:
        """The site's id."""
        return fixed(f"dealer {self.dealer}")

    @property
    def node_id(self) -> NodeId:
        """The node's id."""
        return NodeId(fixed(f"node {self.name}"))

    @property
    def epoch(self) -> bytes:
        """The epoch the author writes in."""
        return fixed(f"epoch {self.name} {self.epoch_ordinal}", 8)

    @property
    def signer(self) -> NamedSigner:
        """The node's key."""
        return signer(f"key {self.name}")

    def link(self) -> Link:
        """The place of the next set."""
        return Link(
            self.hub_id,
            self.dealer_id,
            self.node_id,
            self.epoch,
            self.epoch_ordinal,
            self.seq + 1,
            self.prev,
            self.origin if self.seq == 0 else None,
            self.hub_epoch,
            self.hub_position,
            self.wall_ms,
        )

    def write(self, *drafts: Draft, signed_by: Signer | None = None, **changes: Any) -> MadeSet:
        """Seal drafts as the next set and advance the chain.

        Args:
            drafts: at least one.
            signed_by: another key than the author's, for a forgery.
            changes: fields of the link that a test wants otherwise.
        """
        number = len(self.made) + 1
        ops, opening = build_ops(drafts, fixed(f"seed {self.name} {number}", 32))
        return self.emit(
            encode_ops(ops), opening, Nonce(fixed(f"nonce {self.name} {number}", 14)), len(ops), signed_by, **changes
        )

    def emit(
        self,
        ops_bytes: bytes,
        opening: bytes,
        nonce: Nonce,
        op_count: int,
        signed_by: Signer | None = None,
        **changes: Any,
    ) -> MadeSet:
        """Seal given ops under a given nonce as the next set: what a re-emission does."""
        link = replace(self.link(), **changes)
        message = seal_set(ops_bytes, nonce, link, signed_by or self.signer)
        set_hash = envelope_hash(read_envelope(message), Purpose.CHANGESET, HubId(link.hub_id))
        made = MadeSet(message, opening, nonce, ops_bytes, op_count, set_hash, link)
        self.made.append(made)
        self.seq = link.seq
        self.prev = set_hash
        return made

    def emit_again(self, made: MadeSet, **changes: Any) -> MadeSet:
        """Re-emit an earlier set at the next place: same nonce, same ops."""
        return self.emit(made.ops_bytes, made.opening, made.nonce, made.op_count, **changes)

    def step_back(self, made: MadeSet) -> None:
        """Forget everything after a set, as a restored database does."""
        self.seq, self.prev = made.link.seq, made.set_hash

    def open_epoch(self, reason: int = 1) -> None:
        """Go on under a new epoch whose parent is the present head."""
        self.origin = EpochOrigin(self.epoch, self.seq, self.prev, reason)
        self.epoch_ordinal += 1
        self.seq, self.prev = 0, self.origin.parent_hash


def draft_of(
    kind: str,
    record: bytes,
    values: Mapping[str, Value],
    *,
    based_on: tuple[OpId, ...] = (),
    action: Action = Action.WRITE,
) -> Draft:
    """A draft on a record given by id."""
    return Draft(REGISTRY[kind], RecordId(record), values, based_on, action)
