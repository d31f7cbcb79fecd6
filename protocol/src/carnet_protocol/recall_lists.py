"""The three lists of each recall that a node holds, the steps from one state of a list to the next, and who signs them.

Decides the bytes of a step and of the manifest, and what applying a step means. Does not decide which states are
remembered (the hub's `list_trails`), what a node fetches, or who is on a list.

Rules
1. A campaign has three lists: its members, those on which it is done, and those whose car is gone. What is left to do
   is members - remedied - removed, so that a day changes little.
2. A list is a few segments (see `segments`). The state of a segment *is* its name, the SHA-256 of its canonical bytes:
   whoever arrives at a state by steps compares the hash of what came out, so a step needs to be trusted by nobody.
3. A step says of everybody whom it touches whether they are on the list behind it, whatever was so before. So one
   step serves several states: any state between its beginning and its end leads to its end.
4. The bytes of a step: ``"CSTP" 01``, the length of the first segment (4 bytes, big-endian), a segment of those who
   are added, a segment of those who are dropped. Nobody is in both, and somebody is in one.
5. The manifest names every list: its segments, and a trail of steps that ends at each. It is signed by the hub with
   purpose `checkpoint`. One that builds on an earlier position holds only lists that changed behind it; `root` covers
   all of them, so both kinds prove the same.

    >>> before, after = decode_segment(encode_segment(["A1"])), decode_segment(encode_segment(["B1"]))
    >>> list(apply_step(before, step_between(before, after)))
    ['B1']
"""

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Annotated, Final

import msgspec

from carnet_protocol import cbor, limits
from carnet_protocol.changeset import Bytes8, Bytes32, Count, Instant
from carnet_protocol.envelope import Purpose, read_envelope, verify_envelope
from carnet_protocol.errors import Malformed
from carnet_protocol.ids import HubId
from carnet_protocol.messages import Frame, Version
from carnet_protocol.ops import Id16
from carnet_protocol.reasons import Reason
from carnet_protocol.segments import MemberSet, PrefixMembers, Segment, decode_segment, encode_segment

STEP_MAGIC: Final = b"CSTP\x01"
"""Four letters and the version of the form."""

STATE_BYTES: Final = 8
"""How much of a state's hash a trail gives: enough to find the place, and the whole hash is compared at the end."""

_LENGTH_BYTES: Final = 4
_LISTS_DOMAIN: Final = b"carnet/recall-manifest/v1\x00"


class ListKind(IntEnum):
    """Which list of a campaign; part of signed bytes."""

    MEMBERS = 0
    REMEDIED = 1
    REMOVED = 2


@dataclass(frozen=True, slots=True)
class Step:
    """Who is on a list behind it, and who is not; of everybody else it says nothing."""

    added: Segment
    dropped: Segment

    @property
    def count(self) -> int:
        """Identifiers that it speaks of."""
        return self.added.count + self.dropped.count


class StepRef(Frame, frozen=True):
    """A step as the manifest names it.

    Attributes:
        sha256: of its bytes.
        froms: the states that it leads from, oldest first, `STATE_BYTES` of each hash; it leads to the first state of
            the step behind it, and the last one to the segment itself.
    """

    sha256: Bytes32
    size: Annotated[int, msgspec.Meta(ge=0, le=limits.SEGMENT_BYTES_MAX)]
    froms: Annotated[bytes, msgspec.Meta(min_length=STATE_BYTES, max_length=STATE_BYTES * limits.LIST_STATES_MAX)]


class SegmentRef(Frame, frozen=True):
    """One segment of a list.

    Attributes:
        sha256: of its canonical bytes.
        members: how many are in it.
        trail: steps that lead to it, in their order; whoever is at none of their states fetches it whole.
    """

    sha256: Bytes32
    size: Annotated[int, msgspec.Meta(ge=0, le=limits.SEGMENT_BYTES_MAX)]
    members: Annotated[int, msgspec.Meta(ge=0, le=limits.SEGMENT_MEMBERS_MAX)]
    trail: Annotated[list[StepRef], msgspec.Meta(max_length=limits.LIST_STEPS_MAX)]


class ListEntry(Frame, frozen=True):
    """One list of one campaign.

    Attributes:
        kind: see `ListKind`.
        changed: log position at which the hub saw it change.
        segments: none for a list on which nobody is.
    """

    campaign: Id16
    kind: Annotated[int, msgspec.Meta(ge=0, le=2)]
    changed: Count
    segments: Annotated[list[SegmentRef], msgspec.Meta(max_length=limits.LIST_SEGMENTS_MAX)]


class RecallManifest(Frame, frozen=True):
    """Every list that the hub keeps, or those that changed behind an earlier manifest.

    Attributes:
        position: log position at which the lists were made.
        made_ms: when that was, by the hub's clock.
        since: position of the manifest it builds on; 0 for all lists.
        entries: ascending by campaign and kind.
        root: `root_of` all lists, those that are left out too.
    """

    version: Version
    hub_epoch: Bytes8
    position: Count
    made_ms: Instant
    since: Count
    entries: Annotated[list[ListEntry], msgspec.Meta(max_length=limits.LISTS_MAX)]
    root: Bytes32


class HeldLists(Frame, frozen=True):
    """The segments that a node holds, so that a stick brings the others.

    Attributes:
        names: hashes, ascending.
    """

    version: Version
    names: Annotated[list[Bytes32], msgspec.Meta(max_length=limits.HELD_LISTS_MAX)]


def root_of(entries: Iterable[ListEntry]) -> bytes:
    """One hash over all lists, in whatever order they come."""
    digest = hashlib.sha256(_LISTS_DOMAIN)
    for entry in sorted(entries, key=lambda one: (one.campaign, one.kind)):
        digest.update(hashlib.sha256(cbor.encode_frame(entry)).digest())
    return digest.digest()


def read_manifest(message: bytes, public_key: bytes, hub: HubId) -> RecallManifest:
    """A manifest that the hub signed.

    Raises:
        Malformed, NotAuthentic: see `envelope.open_message`; larger than `RECALL_MANIFEST_BYTES_MAX`, or lists that
            are not ascending.
    """
    bytes_max = limits.RECALL_MANIFEST_BYTES_MAX
    payload = verify_envelope(read_envelope(message, bytes_max=bytes_max), public_key, Purpose.CHECKPOINT, hub)
    manifest = decode_manifest(payload)
    places = [(one.campaign, one.kind) for one in manifest.entries]
    if any(later <= earlier for earlier, later in pairwise(places)):
        raise Malformed(Reason.MALFORMED, "lists not ascending")
    return manifest


def decode_manifest(payload: bytes) -> RecallManifest:
    """The frame alone, whoever made it.

    Raises:
        Malformed: too large, or another shape.
    """
    return cbor.decode_frame(payload, RecallManifest, bytes_max=limits.RECALL_MANIFEST_BYTES_MAX)


def step_between(before: Segment, after: Segment) -> Step:
    """The smallest step from one state to another."""
    return Step(_beyond(after, before), _beyond(before, after))


def join_steps(earlier: Step, later: Step) -> Step:
    """One step that does what two do one after the other; it serves the states of both."""
    return Step(
        _united(_beyond(earlier.added, later.dropped), later.added),
        _united(_beyond(earlier.dropped, later.added), later.dropped),
    )


def apply_step(segment: Segment, step: Step) -> Segment:
    """The list behind a step. Applying a step twice changes nothing more."""
    return _united(_beyond(segment, step.dropped), step.added)


def encode_members(segment: Segment) -> bytes:
    """The canonical bytes of a list in memory.

    Raises:
        BadValue: TOO_LARGE, the bytes exceed `SEGMENT_BYTES_MAX`.
    """
    held = MemberSet()
    held.take(segment)
    return held.encode()


def encode_step(step: Step) -> bytes:
    """The one byte form of a step.

    Raises:
        BadValue: TOO_LARGE, see `encode_members`.
    """
    added = encode_members(step.added)
    return STEP_MAGIC + len(added).to_bytes(_LENGTH_BYTES, "big") + added + encode_members(step.dropped)


def decode_step(data: bytes) -> Step:
    """The step in canonical bytes.

    Args:
        data: at most `SEGMENT_BYTES_MAX` bytes.

    Raises:
        Malformed: BAD_SEGMENT, on bytes that `encode_step` would not have made: another magic or version, cut short or
            followed by more, a segment that is none, somebody added and dropped at once, or a step that does nothing.
    """
    begin = len(STEP_MAGIC) + _LENGTH_BYTES
    if not data.startswith(STEP_MAGIC) or not begin <= len(data) <= limits.SEGMENT_BYTES_MAX:
        raise Malformed(Reason.BAD_SEGMENT, "no step, or larger than allowed")
    length = int.from_bytes(data[len(STEP_MAGIC) : begin], "big")
    step = Step(decode_segment(data[begin : begin + length]), decode_segment(data[begin + length :]))
    if step.count == 0 or _beyond(step.added, step.dropped).count != step.added.count:
        raise Malformed(Reason.BAD_SEGMENT, "somebody is added and dropped, or nobody is either")
    return step


def encode_held(names: Iterable[bytes]) -> bytes:
    """What a node says of the segments that it holds.

    Args:
        names: their hashes; beyond `HELD_LISTS_MAX` of them the last are left out.
    """
    return cbor.encode_frame(HeldLists(1, sorted(set(names))[: limits.HELD_LISTS_MAX]))


def decode_held(data: bytes) -> frozenset[bytes]:
    """The hashes of the segments that a node holds.

    Raises:
        Malformed: too large, too many, or another shape.
    """
    return frozenset(cbor.decode_frame(data, HeldLists).names)


NOBODY: Final = decode_segment(encode_segment([]))
"""The list on which nobody is."""


def _beyond(one: Segment, other: Segment) -> Segment:
    """Who is on one list and not on the other."""
    serials_of = {group.prefix: group.serials for group in other.members}
    kept = ((group.prefix, _minus(group.serials, serials_of.get(group.prefix))) for group in one.members)
    gone = {*other.exceptions}
    exceptions = tuple(text for text in one.exceptions if text not in gone)
    return Segment(tuple(PrefixMembers(prefix, serials) for prefix, serials in kept if serials), exceptions)


def _united(one: Segment, other: Segment) -> Segment:
    """Who is on one of two lists."""
    serials_of = {group.prefix: group.serials for group in one.members}
    for group in other.members:
        mine = serials_of.get(group.prefix, ())
        serials_of[group.prefix] = array("I", sorted({*mine, *group.serials})) if mine else group.serials
    exceptions = sorted({*one.exceptions, *other.exceptions}, key=str.encode)
    return Segment(tuple(PrefixMembers(one, serials_of[one]) for one in sorted(serials_of)), tuple(exceptions))


def _minus(serials: Sequence[int], others: Sequence[int] | None) -> Sequence[int]:
    if not others:
        return serials
    if serials == others:
        return ()
    gone = frozenset(others)
    return array("I", [serial for serial in serials if serial not in gone])
