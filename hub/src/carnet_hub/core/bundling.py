"""Bundles for a USB stick: what a node would have sent on the line, answered with what it would have got.

Decides which parts a bundle for a node holds and how the parts of a node's bundle are taken. Same bytes and same
checks as on the line, so a bundle may come twice, late or out of order. Does not decide the file around it
(encryption) nor the inside of any part.

A node's bundle holds a signed hello, batches of its sets, what it offers to a hub that was restored, or an enrolment
request. A hello in a bundle proves who speaks and says where the node stands; its challenge is old by nature and is not
looked at, and no token is given for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.feed import position_of, read_page
from carnet_hub.core.greeting import as_present, find_node, open_greeting, require_welcome
from carnet_hub.core.hello import answer_hello
from carnet_hub.core.hub import Hub
from carnet_hub.core.ingest import receive_sets
from carnet_hub.core.limits import BUNDLE_PAGES_BYTES_MAX, BUNDLE_PAGES_MAX
from carnet_hub.core.offers import receive_offer
from carnet_hub.core.recalls import split_hashes
from carnet_hub.core.rows import Node
from carnet_hub.core.shelves import SegmentShelf
from carnet_hub.core.shown import shown_records
from carnet_protocol import cbor, limits
from carnet_protocol.bundle import PartKind, bundle_key_id, pack_bundle, unpack_bundle
from carnet_protocol.envelope import Purpose, read_envelope
from carnet_protocol.errors import Malformed
from carnet_protocol.hello import HelloRequest, decode_offer
from carnet_protocol.messages import (
    Page,
    decode_batch,
    encode_answers,
    sign_frame,
)
from carnet_protocol.reasons import Reason

_NOTHING_SEEN: Final = bytes(8)

Parts = list[tuple[PartKind, bytes]]


@dataclass(frozen=True, slots=True)
class BundleCursor:
    """How far the receiver of a bundle has read.

    Attributes:
        cursor, hub_epoch: of its last page; zero for everything.
        outcomes_after: position of the last outcome it has.
    """

    cursor: int = 0
    hub_epoch: bytes = _NOTHING_SEEN
    outcomes_after: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """What a node's bundle came to.

    Attributes:
        parts: answers for the way back.
        set_codes: `PushCode` of each set, in order.
        since: how far the node has read, for the pages of the answer.
    """

    node: Node
    parts: Parts
    set_codes: tuple[int, ...]
    since: BundleCursor


def take_bundle(hub: Hub, plain: bytes) -> Taken:
    """Take a node's bundle part by part, as if each had come on the line.

    Args:
        plain: decrypted.

    Raises:
        Malformed, NotAuthentic: no bundle, not an enrolled node's, altered, or for another hub; nothing was taken.
        NotAllowed: the node or its dealer is suspended; nothing was taken.
    """
    signer = find_node(hub, bundle_key_id(plain))
    _, parts = unpack_bundle(plain, signer.signing_key, hub.hub_id, hub.hub_id)
    node = as_present(hub, signer)
    require_welcome(node)
    answers: Parts = []
    codes: list[int] = []
    since = BundleCursor()
    for kind, body in parts:
        if kind == PartKind.HELLO:
            answer, since = _take_hello(hub, node, body)
            answers.append((PartKind.HELLO, answer))
        elif kind == PartKind.BATCH:
            answered = receive_sets(hub, decode_batch(body))
            codes.extend(one.code for one in answered)
            answers.append((PartKind.ANSWERS, encode_answers(answered)))
        elif kind == PartKind.OFFER:
            answered = receive_offer(hub, decode_offer(body))
            codes.extend(one.code for one in answered)
            answers.append((PartKind.ANSWERS, encode_answers(answered)))
    return Taken(as_present(hub, node), answers, tuple(codes), since)


def parts_for(hub: Hub, segments: SegmentShelf, node: Node, since: BundleCursor) -> Parts:
    """Pages behind a node's cursor, and the recall segments of campaigns that changed since.

    Args:
        segments: those that do not fit are left to the next bundle.
    """
    parts: Parts = [(PartKind.PAGE, message) for message in _pages(hub, node, since)]
    room = limits.BUNDLE_BYTES_MAX - sum(len(body) for _, body in parts)
    for name in _changed_segments(hub, since):
        body = segments.get(name)
        if body is not None and len(body) <= room and len(parts) < limits.BUNDLE_PARTS_MAX:
            parts.append((PartKind.SEGMENT, body))
            room -= len(body)
    return parts


def pack_for(hub: Hub, node: Node, parts: Parts) -> bytes:
    """The signed bundle for a node, ready to be encrypted to its exchange key.

    Raises:
        Malformed: more than a bundle holds.
    """
    now_ms = hub.clock.now_ms()
    return pack_bundle(
        parts,
        sender=hub.hub_id,
        receiver=node.node_id,
        serial=max(0, now_ms),
        created_ms=now_ms,
        hub=hub.hub_id,
        signer=hub.signer,
    )


def _take_hello(hub: Hub, node: Node, message: bytes) -> tuple[bytes, BundleCursor]:
    speaker, request = open_greeting(hub, message)
    if speaker.node_id != node.node_id:
        raise Malformed(Reason.BAD_BUNDLE, "a hello of another node")
    answer = sign_frame(answer_hello(hub, request, message), Purpose.HELLO, hub.hub_id, hub.signer)
    return answer, _cursor_of(hub, request)


def _cursor_of(hub: Hub, request: HelloRequest) -> BundleCursor:
    if request.hub_epoch != hub.hub_epoch:  # the hub was restored: the node goes over with the answer beside the pages
        return BundleCursor()
    return BundleCursor(request.cursor, request.hub_epoch)


def _pages(hub: Hub, node: Node, since: BundleCursor) -> Iterator[bytes]:
    cursor, hub_epoch, outcomes_after = since.cursor, since.hub_epoch, since.outcomes_after
    size = 0
    for _ in range(BUNDLE_PAGES_MAX):
        message = read_page(hub, node, cursor=cursor, hub_epoch=hub_epoch, outcomes_after=outcomes_after)
        size += len(message)
        if size > BUNDLE_PAGES_BYTES_MAX:
            return
        yield message
        page = cbor.decode_frame(read_envelope(message).payload, Page)
        if page.is_last:
            return
        cursor, hub_epoch = page.cursor_to, page.hub_epoch
        outcomes_after = max((one.position for one in page.outcomes), default=outcomes_after)


def _changed_segments(hub: Hub, since: BundleCursor) -> list[bytes]:
    """Segments of campaigns that changed behind a cursor; of all of them when it is of another history."""
    position = position_of(since.cursor) if since.hub_epoch == hub.hub_epoch else 0
    names: dict[bytes, None] = {}
    with hub.store.read() as snapshot:
        for row, values in shown_records(hub.registry, snapshot, "campaign"):
            if row.changed > position:
                names.update(dict.fromkeys(split_hashes(values.get("segment_hashes"))))
    return list(names)
