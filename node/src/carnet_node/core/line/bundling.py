"""Bundles for a USB stick: what the line would have carried, both ways.

Decides which parts a bundle for the hub holds (a hello, which recall lists are here, and every set without a verdict),
and how the parts of the hub's answer are taken. Same bytes and same checks as on the line, so a bundle may come twice,
late or out of order. Does not decide the file around it (encryption) nor the inside of a part.

A hello in a bundle is not an answer to a challenge: it says where the node stands, so that the hub knows which pages
to write.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from carnet_node.core.limits import BUNDLE_BATCHES_BYTES_MAX
from carnet_node.core.line.inbox import SignedReceipt, apply_answers, apply_page
from carnet_node.core.line.session import state_ourselves, take_answer
from carnet_node.core.line.sync import read_page, read_receipt
from carnet_node.core.log.histories import as_lost, hub_sets_to_offer
from carnet_node.core.log.outbox import BatchSize, next_batch
from carnet_node.core.log.rejoin import emit_unconfirmed_again
from carnet_node.core.log.rejoin_state import is_behind_mark, unconfirmed_places
from carnet_node.core.log.signing import stick_signer
from carnet_node.core.log.sync_state import after_stick, load_state, save_state
from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_set import held_lists, store_segment, take_manifest
from carnet_node.core.records import LoggedSet
from carnet_protocol.bundle import PartKind, pack_bundle, unpack_bundle
from carnet_protocol.envelope import Purpose
from carnet_protocol.errors import Malformed, NotAuthentic, OutOfOrder
from carnet_protocol.hello import HelloAnswer, LostSet, encode_offer
from carnet_protocol.messages import (
    PushAnswer,
    PushCode,
    decode_answers,
    encode_batch,
    open_frame,
    sign_frame,
)
from carnet_protocol.reasons import Reason
from carnet_protocol.recall_lists import encode_held

_NO_CHALLENGE: Final = b""
_HEALED_BY: Final = "bundle-that-healed"
"""Local setting: serial of the newest bundle after which sets were emitted again."""


@dataclass(frozen=True, slots=True)
class PackedBundle:
    """A bundle for the hub, before encryption.

    Attributes:
        sets: change sets in it.
        is_whole: nothing that waits was left out for its size.
    """

    plain: bytes
    sets: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What a bundle from the hub brought.

    Attributes:
        accepted, with_conflicts, parked, refused: own sets with a receipt in it.
        unanswered: own sets the hub could not take (a gap, a fork, a rejection).
        rows: base rows that were news.
        pages, segments: parts that were taken.
        made_ms: when it was made, by this node's clock.
    """

    made_ms: int
    accepted: int = 0
    with_conflicts: int = 0
    parked: int = 0
    refused: int = 0
    unanswered: int = 0
    pages: int = 0
    rows: int = 0
    segments: int = 0


def pack_for_hub(node: Node, *, software: str) -> PackedBundle:
    """Everything the hub has not judged, ready to be encrypted to its exchange key. Hold the sender's lock meanwhile.

    A restored node that has not rejoined only says hello: the answer brings its lost sets.

    Raises:
        NotEnrolled, StoreBusy, StoreBroken, HighWaterUnreadable: nothing left.
    """
    identity = node.identity
    signer = stick_signer(node)
    hello = state_ourselves(node, _NO_CHALLENGE, software)
    parts = [(PartKind.HELLO, sign_frame(hello, Purpose.HELLO, identity.hub_id, signer))]
    sets, size = 0, 0
    is_whole = True
    for count, part in () if _must_rejoin(node) else (*_held(node), *_hub_sets(node), *_batches(node)):
        size += len(part[1])
        if size > BUNDLE_BATCHES_BYTES_MAX:
            is_whole = False
            break
        parts.append(part)
        sets += count
    now_ms = node.clock.now_ms()
    plain = pack_bundle(
        parts,
        sender=identity.node_id,
        receiver=identity.hub_id,
        serial=max(0, now_ms),
        created_ms=now_ms,
        hub=identity.hub_id,
        signer=signer,
    )
    return PackedBundle(plain, sets, is_whole)


def take_from_hub(node: Node, plain: bytes) -> BundleReport:
    """Take a decrypted bundle from the hub, part by part, as if each had come on the line.

    Raises:
        Malformed, NotAuthentic: no bundle, not the hub's, altered, for another node; nothing was taken.
        OutOfOrder: pages of another hub history, or beyond what was read here; the parts before them were taken.
    """
    identity = node.identity
    manifest, parts = unpack_bundle(plain, identity.hub_signing_key, identity.hub_id, identity.node_id)
    with node.store.read() as tx:
        feed = tx.feed()
    made_ms = min(manifest.created_ms - (feed.clock_offset_ms if feed else 0), node.clock.now_ms())
    report = BundleReport(made_ms=made_ms)
    for kind, body in parts:
        match kind:
            case PartKind.HELLO:
                _take_hello(node, body)
            case PartKind.ANSWERS:
                report = _take_answers(node, body, report, serial=manifest.serial)
            case PartKind.PAGE:
                page = apply_page(node, read_page(body, identity), made_ms=made_ms)
                report = replace(report, pages=report.pages + 1, rows=report.rows + page.rows)
                _note_exchange(node, made_ms, is_last=page.is_last)
            case PartKind.LISTS:
                _take_lists(node, body)
            case PartKind.SEGMENT:
                report = replace(report, segments=report.segments + _take_segment(node, body))
            case _:
                continue
    return report


def _note_exchange(node: Node, made_ms: int, *, is_last: bool) -> None:
    """Remember how far this stick brought us; whoever turns a page of it once more changes nothing."""
    with node.store.write() as tx:
        before = load_state(tx)
        after = after_stick(before, made_ms, is_last=is_last)
        if after != before:
            save_state(tx, after)


def _held(node: Node) -> Iterator[tuple[int, tuple[PartKind, bytes]]]:
    """Which recall lists are here, so that the answer brings the others; nothing where no recall is published."""
    names = held_lists(node)
    if names is not None:
        yield 0, (PartKind.HELD, encode_held(names))


def _hub_sets(node: Node) -> Iterator[tuple[int, tuple[PartKind, bytes]]]:
    """The hub's own sets that a restored hub lacks; until its pages bring them back, or it has answered on a line."""
    with node.store.read() as tx:
        feed = tx.feed()
        rows = hub_sets_to_offer(tx, feed.hub_epoch) if feed is not None else []
    if rows:
        yield 0, (PartKind.OFFER, encode_offer([as_lost(row) for row in rows]))


def _batches(node: Node) -> Iterator[tuple[int, tuple[PartKind, bytes]]]:
    """(number of sets, part) of contiguous batches: of each epoch, from the first set without a verdict to its end.

    One with a receipt in it goes to a hub that was restored: it is offered, as on the line.
    """
    with node.store.read() as tx:
        places = unconfirmed_places(tx)
    for epoch, seq in places:
        from_seq = seq
        while batch := next_batch(node, BatchSize(), from_seq=from_seq, epoch=epoch):
            yield len(batch), _part_of(batch)
            from_seq = batch[-1].seq + 1


def _part_of(batch: Sequence[LoggedSet]) -> tuple[PartKind, bytes]:
    if any(one.receipt is not None for one in batch):
        return PartKind.OFFER, encode_offer([LostSet(one.message, one.opening, one.receipt or b"") for one in batch])
    return PartKind.BATCH, encode_batch([(one.message, one.opening) for one in batch])


def _must_rejoin(node: Node) -> bool:
    """Whether this database was restored and waits for its lost sets; then a stick only asks for them."""
    mark = node.high_water.read()
    with node.store.read() as tx:
        chain = tx.chain()
        return chain is None or chain.is_rejoining or is_behind_mark(tx, mark)


def _take_hello(node: Node, body: bytes) -> None:
    """What the hub says about our chain; an answer from before the newest contact is taken all the same."""
    identity = node.identity
    answer = open_frame(body, HelloAnswer, identity.hub_signing_key, Purpose.HELLO, identity.hub_id)
    if answer.challenge != _NO_CHALLENGE or answer.node_id != identity.node_id:
        raise NotAuthentic(Reason.BAD_BUNDLE, "an answer to another hello")
    take_answer(node, answer, contact_ms=None)


def _heal_fork(node: Node, answers: Sequence[PushAnswer], serial: int) -> None:
    """Emit again what the hub could not take because another set of ours stands there; once for each bundle."""
    if not any(PushCode(one.code) is PushCode.FORK and one.reason == Reason.FORK for one in answers):
        return
    with node.store.write() as tx:
        last = int.from_bytes(tx.setting(_HEALED_BY) or b"", "big")
        if serial > last:
            tx.put_setting(_HEALED_BY, serial.to_bytes(8, "big"))
    if serial > last:
        emit_unconfirmed_again(node)


def _take_answers(node: Node, body: bytes, report: BundleReport, *, serial: int) -> BundleReport:
    answers = decode_answers(body)
    signed = [one.receipt for one in answers if one.receipt is not None]
    outcome = apply_answers(node, [SignedReceipt(read_receipt(one, node.identity), one) for one in signed])
    _heal_fork(node, answers, serial)
    return replace(
        report,
        accepted=report.accepted + outcome.accepted,
        with_conflicts=report.with_conflicts + outcome.with_conflicts,
        parked=report.parked + outcome.parked,
        refused=report.refused + outcome.refused,
        unanswered=report.unanswered + sum(1 for one in answers if PushCode(one.code) > PushCode.DUPLICATE),
    )


def _take_lists(node: Node, body: bytes) -> None:
    """Take a manifest; one that is older than the line has brought is left alone, as any old stick is."""
    with suppress(Malformed, OutOfOrder):
        take_manifest(node, body)


def _take_segment(node: Node, body: bytes) -> int:
    """Store a list if a campaign names it; a list nobody asked for is left alone."""
    try:
        return 1 if store_segment(node, body) else 0
    except Malformed:
        return 0
