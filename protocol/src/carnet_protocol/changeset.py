"""A change set: the ops of one local transaction, and the header that links it to the one before.

Decides the payload of an envelope with purpose `changeset`, how an author builds one and how a reader takes one apart.
The ops stand in the payload as one nested byte string, so that a set re-emitted after a restore carries the same nonce
and the same ops bytes under a new epoch, seq and prev. Op id = nonce + 2-byte index.

Does not decide whether a set continues a chain (`chain`), whether it is allowed (the hub's admission), what it does
(`fold`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Annotated, Final

import msgspec

from carnet_protocol import cbor, limits
from carnet_protocol.envelope import Envelope, Purpose, Signer, envelope_hash, read_envelope, seal_envelope
from carnet_protocol.errors import BrokenRule, Malformed, NotAllowed, NotAuthentic
from carnet_protocol.ids import HubId, Nonce, OpId, RecordId, index_of, nonce_of, op_id
from carnet_protocol.kinds import SCHEMA_VERSION
from carnet_protocol.ops import Action, Id16, Op, decode_ops, make_op
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Value, register_of_label
from carnet_protocol.seals import EMPTY_OPENING, SealPlace, commit, encode_values, salts_of

PAYLOAD_VERSION: Final = 1

Bytes8 = Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]
Bytes14 = Annotated[bytes, msgspec.Meta(min_length=14, max_length=14)]
Bytes32 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Schema = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Instant = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]


class EpochReason(IntEnum):
    """Why a node opened an epoch."""

    ENROLLED = 0
    RESTORED = 1
    FORKED = 2
    HUB_ASKED = 3


class EpochOrigin(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The parent that the first set of an epoch names; all zero for a node's first epoch."""

    parent_epoch: Bytes8
    parent_seq: Count
    parent_hash: Bytes32
    reason: Annotated[int, msgspec.Meta(ge=0, le=3)]


class Header(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The payload of a change set.

    Attributes:
        version: of this frame; 1.
        epoch, epoch_ordinal: 8 random bytes chosen by the node, and a number for people.
        seq: 1, 2, 3 ... without holes inside an epoch.
        prev: hash of the set before; of the parent's last set for seq 1.
        origin: set for seq 1, None otherwise.
        schema: registry version of the author.
        hub_epoch, hub_position: how far the author had read the hub's log.
        wall_ms: the author's clock, ms since 1970; information, never trusted.
        nonce: 14 random bytes; the identity of the set across epochs.
        ops: encoded ops.
    """

    version: Annotated[int, msgspec.Meta(ge=1, le=1)]
    hub_id: Id16
    dealer_id: Id16
    node_id: Id16
    epoch: Bytes8
    epoch_ordinal: Count
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    prev: Bytes32
    origin: EpochOrigin | None
    schema: Schema
    hub_epoch: Bytes8
    hub_position: Count
    wall_ms: Instant
    nonce: Bytes14
    ops: bytes


@dataclass(frozen=True)
class ChangeSet:
    """A verified, parsed change set.

    Attributes:
        message: the envelope's bytes as received.
        set_hash: identity of the set (SHA-256 over what was signed); the next set's `prev`.
    """

    message: bytes
    set_hash: bytes
    header: Header

    @cached_property
    def ops(self) -> tuple[Op, ...]:
        """The ops, shape checked.

        Raises:
            Malformed: the nested byte string is not a list of ops, or one builds on itself or on a later one.
        """
        ops = decode_ops(self.header.ops)
        for index, op in enumerate(ops):
            if self.header.nonce in op.based_on_joined:
                self._check_own_bases(index, op)
        return ops

    @cached_property
    def ops_hash(self) -> bytes:
        """SHA-256 over the ops bytes: equal nonce and equal ops hash means the same set re-emitted."""
        return hashlib.sha256(self.header.ops).digest()

    @property
    def nonce(self) -> Nonce:
        """Identity of the set across epochs."""
        return Nonce(self.header.nonce)

    def op_id(self, index: int) -> OpId:
        """Id of the op at an index."""
        return op_id(self.nonce, index)

    def _check_own_bases(self, index: int, op: Op) -> None:
        """Causes come first inside a set too; such an op would wait for itself for ever."""
        if any(nonce_of(base) == self.nonce and index_of(base) >= index for base in op.based_on):
            raise Malformed(Reason.MALFORMED, f"op {index} builds on itself or on a later op of its set")


@dataclass(frozen=True, slots=True)
class Draft:
    """One op before sealing: public and personal values still together.

    Attributes:
        values: by field name; personal ones are sealed by `build_set`.
        based_on: the heads the author read in the registers written.
    """

    kind: Kind
    record: bytes
    values: Mapping[str, Value]
    based_on: tuple[OpId, ...] = ()
    action: Action = Action.WRITE


@dataclass(frozen=True, slots=True)
class Link:
    """Where a new set goes in its chain, and what its author had seen."""

    hub_id: bytes
    dealer_id: bytes
    node_id: bytes
    epoch: bytes
    epoch_ordinal: int
    seq: int
    prev: bytes
    origin: EpochOrigin | None
    hub_epoch: bytes
    hub_position: int
    wall_ms: int


def build_ops(drafts: tuple[Draft, ...], seed: bytes) -> tuple[tuple[Op, ...], bytes]:
    """Turn drafts into ops and the opening beside them.

    Args:
        drafts: 1 to 500.
        seed: 32 random bytes, never used for another set.

    Raises:
        BadValue: a field the kind does not have, or a value its field does not allow.
        Malformed: no draft, or more than 500; a delete with values, or anything else without.
        NotAllowed: an author who has read more versions than one op can name: 256.

    Returns: ops in the order of the drafts, and opening bytes (empty without personal values).
    """
    if not 0 < len(drafts) <= limits.OPS_PER_SET_MAX:
        raise Malformed(Reason.TOO_MANY_OPS, f"{len(drafts)} ops, 1 to {limits.OPS_PER_SET_MAX}")
    salts = salts_of(seed)
    ops: list[Op] = []
    sealed: list[bytes] = []
    for index, draft in enumerate(drafts):
        if (draft.action is Action.DELETE) == bool(draft.values):
            raise Malformed(Reason.MALFORMED, "a delete writes no field, every other op writes one")
        if len(draft.based_on) > limits.BASED_ON_PER_OP_MAX:
            raise NotAllowed(Reason.TOO_MANY_HEADS, f"builds on {len(draft.based_on)} ops")
        public, groups = _split_values(draft)
        seals: dict[int, bytes] = {}
        for group in sorted(groups):
            value_bytes = encode_values(groups[group])
            registers = bytes(sorted(set(map(register_of_label, groups[group]))))
            place = SealPlace(index, group)
            seals[group] = commit(salts.at(place), place, value_bytes) + registers
            sealed.append(value_bytes)
        record = RecordId(draft.record)
        ops.append(
            make_op(draft.kind, record, fields=public, seals=seals, based_on=draft.based_on, action=draft.action)
        )
    return tuple(ops), cbor.encode([seed, sealed]) if sealed else EMPTY_OPENING


def seal_set(ops_bytes: bytes, nonce: bytes, link: Link, signer: Signer) -> bytes:
    """Sign encoded ops into a change set at one place of a chain.

    Args:
        ops_bytes: from `encode_ops`; a re-emission passes the bytes of the earlier set.
        nonce: 14 random bytes; a re-emission passes the earlier nonce.

    Raises:
        BrokenRule: seq 1 without an origin, or an origin elsewhere.

    Returns: the envelope's bytes.
    """
    if (link.seq == 1) != (link.origin is not None):
        raise BrokenRule("the first set of an epoch, and no other, names its origin")
    header = Header(
        PAYLOAD_VERSION,
        link.hub_id,
        link.dealer_id,
        link.node_id,
        link.epoch,
        link.epoch_ordinal,
        link.seq,
        link.prev,
        link.origin,
        SCHEMA_VERSION,
        link.hub_epoch,
        link.hub_position,
        link.wall_ms,
        nonce,
        ops_bytes,
    )
    return seal_envelope(cbor.encode_frame(header), Purpose.CHANGESET, HubId(link.hub_id), signer)


def read_set(envelope: Envelope, payload: bytes, hub: HubId) -> ChangeSet:
    """A change set from a verified envelope.

    Args:
        envelope, payload: from `verify_envelope` with purpose `changeset`.
        hub: the hub this copy of Carnet belongs to.

    Raises:
        Malformed: the payload is no change set header, an origin stands where none belongs, or `prev` is not the hash
            that the origin names.
        NotAuthentic: made for another hub.
    """
    header = cbor.decode_frame(payload, Header, bytes_max=limits.SET_BYTES_MAX)
    if header.hub_id != hub:
        raise NotAuthentic(Reason.WRONG_HUB, "hub id")
    if (header.seq == 1) != (header.origin is not None):
        raise Malformed(Reason.MALFORMED, "the first set of an epoch, and no other, names its origin")
    if header.origin is not None and header.origin.parent_hash != header.prev:
        raise Malformed(Reason.MALFORMED, "the first set of an epoch continues another than its origin")
    return ChangeSet(envelope.message, envelope_hash(envelope, Purpose.CHANGESET, hub), header)


def reread_set(message: bytes, hub: HubId) -> ChangeSet:
    """A change set from our own log: verified when it was written, so only parsed."""
    envelope = read_envelope(message)
    return read_set(envelope, envelope.payload, hub)


def set_bytes(message: bytes, opening: bytes) -> int:
    """Size of a set as the 256 KiB bound counts it."""
    return len(message) + len(opening)


def _split_values(draft: Draft) -> tuple[dict[int, Value], dict[int, dict[int, Value]]]:
    """Public values by label, and personal ones by group and label; each checked."""
    public: dict[int, Value] = {}
    groups: dict[int, dict[int, Value]] = {}
    for name, value in draft.values.items():
        register = draft.kind.register_of(name)
        label = draft.kind.labels[name]
        draft.kind.by_label[label][1].check(value)
        target = public if register.group is None else groups.setdefault(int(register.group), {})
        target[label] = value
    return public, groups
