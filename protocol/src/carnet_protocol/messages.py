"""What node and hub say to each other: the frames inside signed envelopes.

Decides the shape of every message but the change set itself. Each frame is a fixed-position CBOR array; a new field
means a new version number in the first position. Who sends what when is the session's business (node/core/outbox,
inbox; the hub's http entry point).

    message        purpose    signed by   answered by
    -------------  ---------  ----------  ------------------------------
    HubCard        enrol      hub         (anybody may ask)
    EnrolRequest   enrol      new node    EnrolAnswer (hub)
    (hello)        hello      node        (hub), with a token: see `hello`
    push batch     (sets)     node        one PushAnswer per set, with a Receipt
    feed request   (token)    -           Page (hub)
    RecoverRequest enrol      node        RecoverAnswer (hub)
    what was excluded (token) -           ExcludedPage (hub)
"""

from enum import IntEnum
from typing import Annotated, Any, Final, TypeVar

import msgspec

from carnet_protocol import cbor, limits
from carnet_protocol.changeset import Bytes8, Bytes14, Bytes32, Count, Instant, set_bytes
from carnet_protocol.envelope import Purpose, Signer, open_message, seal_envelope
from carnet_protocol.errors import Malformed
from carnet_protocol.ids import HubId
from carnet_protocol.ops import Id16, KindNumber
from carnet_protocol.reasons import Reason

T = TypeVar("T")

MESSAGE_VERSION: Final = 1

Version = Annotated[int, msgspec.Meta(ge=1, le=1)]
Name = Annotated[str, msgspec.Meta(max_length=limits.NAME_CHARS_MAX)]
WrappedKey = Annotated[bytes, msgspec.Meta(max_length=128)]
ReasonCode = Annotated[str, msgspec.Meta(max_length=limits.REASON_CHARS_MAX)]
Challenge = Annotated[bytes, msgspec.Meta(max_length=limits.CHALLENGE_BYTES_MAX)]


class Frame(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A message body: a CBOR array with fixed positions."""


class Verdict(IntEnum):
    """What the hub did with a set; part of the signed receipt."""

    ACCEPTED = 0
    ACCEPTED_WITH_CONFLICTS = 1
    PARKED = 2
    REFUSED = 3


class PushCode(IntEnum):
    """How one set of a push was answered; only the first five carry a receipt."""

    ACCEPTED = 0
    ACCEPTED_WITH_CONFLICTS = 1
    PARKED = 2
    REFUSED = 3
    DUPLICATE = 4
    GAP = 5
    FORK = 6
    REJECTED = 7


class HubCard(Frame, frozen=True):
    """Who the hub is; self-signed, believed only against the fingerprint in an enrolment code or a pinned key."""

    version: Version
    hub_id: Id16
    hub_epoch: Bytes8
    signing_key: Bytes32
    exchange_key: Bytes32
    export_key: Bytes32
    schema_min: Count
    schema_max: Count
    now_ms: Instant
    challenge: Challenge


class EnrolRequest(Frame, frozen=True):
    """A new node asks in, with proof that it knows the code (see `enrolment`)."""

    version: Version
    code_id: Bytes8
    node_id: Id16
    signing_key: Bytes32
    exchange_key: Bytes32
    node_name: Name
    wall_ms: Instant
    proof: Bytes32


class EnrolAnswer(Frame, frozen=True):
    """The hub's welcome, with its own proof that it knows the code."""

    version: Version
    hub_id: Id16
    hub_epoch: Bytes8
    dealer_id: Id16
    node_id: Id16
    site_code: Name
    site_name: Name
    hub_signing_key: Bytes32
    hub_exchange_key: Bytes32
    hub_export_key: Bytes32
    position: Count
    now_ms: Instant
    proof: Bytes32


class RecoverRequest(Frame, frozen=True):
    """A node of the site asks for the data key of one that is lost, with proof that it knows a recovery code.

    Attributes:
        wrapped: the data key as the lost node wrapped it for the hub (see `recovery`).
    """

    version: Version
    code_id: Bytes8
    node_id: Id16
    wrapped: WrappedKey
    proof: Bytes32


class RecoverAnswer(Frame, frozen=True):
    """The same data key, wrapped for the asking node, with the hub's proof that it knows the code."""

    version: Version
    node_id: Id16
    wrapped: WrappedKey
    proof: Bytes32


class VoidOp(Frame, frozen=True):
    """An op of an accepted set that has no effect, and why."""

    index: Annotated[int, msgspec.Meta(ge=0, le=65535)]
    reason: ReasonCode


class Receipt(Frame, frozen=True):
    """Proof of delivery, signed after the durable commit and rebuilt identically for a duplicate.

    Attributes:
        position: of the hub's log entry.
        time_ms: the set time fixed at admission.
        voids: ops without effect.
        conflicts: registers in which this set met a different concurrent head.
    """

    version: Version
    hub_epoch: Bytes8
    node_id: Id16
    epoch: Bytes8
    seq: Count
    nonce: Bytes14
    set_hash: Bytes32
    verdict: Annotated[int, msgspec.Meta(ge=0, le=3)]
    reason: ReasonCode | None
    position: Count
    time_ms: Instant
    voids: list[VoidOp]
    conflicts: Count


class PushAnswer(Frame, frozen=True):
    """The answer to one pushed set.

    Attributes:
        receipt: signed `Receipt` bytes for codes 0 to 4, None otherwise.
        reason: for parked, refused, gap, fork and rejected.
        expected_seq: for a gap, the seq to send first.
    """

    code: Annotated[int, msgspec.Meta(ge=0, le=7)]
    receipt: bytes | None
    reason: ReasonCode | None
    expected_seq: Count | None


class Outcome(Frame, frozen=True):
    """What became of one of the asking node's own sets, as of a page.

    Attributes:
        position: where it was folded, for accepted ones; where the entry stands, for others.
    """

    nonce: Bytes14
    verdict: Annotated[int, msgspec.Meta(ge=0, le=3)]
    reason: ReasonCode | None
    position: Count
    time_ms: Instant
    voids: list[VoidOp]
    conflicts: Count


class SettledRow(Frame, frozen=True):
    """A settled overruled value: register, the entry that was not kept, the op that overruled it."""

    register: Annotated[int, msgspec.Meta(ge=0, le=255)]
    entry: list[Any]
    by: Id16


class PageRow(Frame, frozen=True):
    """A base row: one record as of the page's position, masked for the reader.

    Attributes:
        owner: dealer site (or hub) that created the record.
        changed: position at which the record last changed for this reader: a write, an erasure, an exclusion, or that
            it came into the reader's sight or left it. An old page cannot undo a later one.
        entries: see `state.entries_from_wire`.
        is_evicted: the reader is no longer assigned; the record is hidden there, never deleted.
    """

    kind: KindNumber
    record: Id16
    owner: Id16
    changed: Count
    entries: list[Any]
    settled: list[SettledRow]
    is_evicted: bool


class HubSet(Frame, frozen=True):
    """One of the hub's own change sets, for the node to keep and to offer to a restored hub."""

    position: Count
    time_ms: Instant
    message: bytes
    opening: bytes


class Page(Frame, frozen=True):
    """One page of the feed, read in one database snapshot.

    Attributes:
        cursor_from: the cursor asked with.
        cursor_to: the cursor to ask with next.
        position: P, the hub's position in the snapshot. An own op is inside a base row if and only if its set was
            folded at a position <= the P stored with that row.
        is_last: nothing more was waiting.
    """

    version: Version
    hub_epoch: Bytes8
    dealer_id: Id16
    node_id: Id16
    cursor_from: Count
    cursor_to: Count
    position: Count
    is_last: bool
    rows: Annotated[list[PageRow], msgspec.Meta(max_length=limits.PAGE_ROWS_MAX)]
    outcomes: Annotated[list[Outcome], msgspec.Meta(max_length=limits.PAGE_OUTCOMES_MAX)]
    hub_sets: list[HubSet]


class ExcludedSet(Frame, frozen=True):
    """A set of the reader's site that has lost its effect after a key was compromised.

    Attributes:
        position: of the log entry that took its effect.
        node_id: whose key had signed it.
        time_ms: its set time.
        opening: without what was erased.
    """

    position: Count
    node_id: Id16
    time_ms: Instant
    message: bytes
    opening: bytes


class ExcludedPage(Frame, frozen=True):
    """Excluded sets of the reader's site, by position, read in one database snapshot.

    Attributes:
        after: position asked with.
        is_last: nothing more stands behind.
    """

    version: Version
    hub_epoch: Bytes8
    dealer_id: Id16
    node_id: Id16
    after: Count
    is_last: bool
    sets: Annotated[list[ExcludedSet], msgspec.Meta(max_length=limits.BATCH_SETS_MAX)]


def sign_frame(frame: Frame, purpose: Purpose, hub: HubId, signer: Signer) -> bytes:
    """A frame as a signed message."""
    return seal_envelope(cbor.encode_frame(frame), purpose, hub, signer)


def encode_batch(sets: list[tuple[bytes, bytes]]) -> bytes:
    """The inflated body of a push: ``[[message, opening], ...]``."""
    return cbor.encode([[message, opening] for message, opening in sets])


def decode_batch(data: bytes) -> list[tuple[bytes, bytes]]:
    """The sets of a push, not verified.

    Raises:
        Malformed: too large, another shape, or too many sets.
    """
    listed = cbor.decode(data, bytes_max=limits.MESSAGE_BYTES_MAX)
    if type(listed) is not list or len(listed) > limits.BATCH_SETS_MAX:
        raise Malformed(Reason.MALFORMED, f"a batch is a list of at most {limits.BATCH_SETS_MAX} sets")
    sets = cbor.to_frame(listed, list[tuple[bytes, bytes]])
    for message, opening in sets:
        if set_bytes(message, opening) > limits.SET_BYTES_MAX:
            raise Malformed(Reason.TOO_LARGE, f"a set of {set_bytes(message, opening)} bytes")
    return sets


def encode_answers(answers: list[PushAnswer]) -> bytes:
    """The body of the reply to a push."""
    return cbor.encode([[one.code, one.receipt, one.reason, one.expected_seq] for one in answers])


def decode_answers(data: bytes) -> list[PushAnswer]:
    """The answers to a push, in the order of the sets sent.

    Raises:
        Malformed: another shape.
    """
    return cbor.to_frame(cbor.decode(data), list[PushAnswer])


def open_frame(message: bytes, frame: type[T], public_key: bytes, purpose: Purpose, hub: HubId) -> T:
    """Verify a signed message and read its frame.

    Raises:
        Malformed, NotAuthentic: see `envelope.open_message` and `cbor.decode_frame`.
    """
    return cbor.decode_frame(open_message(message, public_key, purpose, hub), frame)
