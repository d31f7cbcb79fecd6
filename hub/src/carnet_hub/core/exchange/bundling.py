"""Bundles for a USB stick: what a node would have sent on the line, answered with what it would have got.

Decides which parts a bundle for a node holds and how the parts of a node's bundle are taken. Same bytes and same
checks as on the line, so a bundle may come twice, late or out of order. Does not decide the file around it
(encryption) nor the inside of any part.

A node's bundle holds a signed hello, which recall lists it holds, batches of its sets, what it offers to a hub that was
restored, or an enrolment request. A hello in a bundle proves who speaks and says where the node stood; it answers no
challenge, and no token is given for it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from carnet_hub.core.counting.withdrawals import split_hashes
from carnet_hub.core.cursors import position_of
from carnet_hub.core.exchange.greeting import as_present, find_node, open_greeting, require_welcome
from carnet_hub.core.exchange.hello import answer_hello
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.exchange.offers import receive_offer
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import BUNDLE_PAGES_BYTES_MAX, BUNDLE_PAGES_MAX
from carnet_hub.core.log.feed import read_page
from carnet_hub.core.rows import Node
from carnet_hub.core.sets.hellos import is_by_stick
from carnet_hub.core.shelves import SegmentShelf, intact_list
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
from carnet_protocol.recall_lists import decode_held

_NOTHING_SEEN: Final = bytes(8)

Parts = list[tuple[PartKind, bytes]]


@dataclass(frozen=True, slots=True)
class BundleCursor:
    """How far the receiver of a bundle has read.

    Attributes:
        cursor, hub_epoch: of its last page; zero for everything.
        outcomes_after: position of the last outcome it has.
        held: recall lists that it holds; None when it has not said so.
    """

    cursor: int = 0
    hub_epoch: bytes = _NOTHING_SEEN
    outcomes_after: int = 0
    held: frozenset[bytes] | None = None


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
    held: frozenset[bytes] | None = None
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
        elif kind == PartKind.HELD:
            held = decode_held(body)
    return Taken(as_present(hub, node), answers, tuple(codes), replace(since, held=held))


def parts_for(hub: Hub, segments: SegmentShelf, node: Node, since: BundleCursor) -> Parts:
    """Pages behind a node's cursor, and the member lists that it lacks, as far as there is room."""
    pages: Parts = [(PartKind.PAGE, message) for message in _pages(hub, node, since)]
    named = ((PartKind.SEGMENT, intact_list(segments, name)) for name in member_lists(hub, since))
    return [*pages, *fitting(pages, named)]


def fitting(parts: Parts, offered: Iterable[tuple[PartKind, bytes | None]]) -> Parts:
    """Those of some more parts for which a bundle has room.

    Args:
        parts: what it holds already.
        offered: None for what is not here.
    """
    room = limits.BUNDLE_BYTES_MAX - sum(len(body) for _, body in parts)
    found: Parts = []
    for kind, body in offered:
        if body is not None and len(body) <= room and len(parts) + len(found) < limits.BUNDLE_PARTS_MAX:
            found.append((kind, body))
            room -= len(body)
    return found


def member_lists(hub: Hub, since: BundleCursor) -> list[bytes]:
    """The member lists that a node lacks: of published campaigns, those that it does not hold.

    Of a node that has not said what it holds, those of campaigns that changed behind its cursor; of all of them when
    that is of another history.
    """
    position = position_of(since.cursor) if since.hub_epoch == hub.hub_epoch else 0
    names: dict[bytes, None] = {}
    with hub.store.read() as snapshot:
        for row, values in shown_records(hub.registry, snapshot, "campaign"):
            if row.changed > position if since.held is None else values.get("state") == "published":
                names.update(dict.fromkeys(split_hashes(values.get("segment_hashes"))))
    return [one for one in names if one not in (since.held or ())]


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
    if not is_by_stick(request):
        raise Malformed(Reason.BAD_BUNDLE, "a hello that was said on the line")
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
