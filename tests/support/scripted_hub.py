"""A hub for tests of the node's sync: verifies and signs like the real one, decides what the test says.

    hub = ScriptedHub(node)
    ports = sync_ports(hub)
    anyio.run(lambda: run_round(node, ports, software="test"))

It keeps what it was sent, so that a set sent twice is a duplicate with the receipt of the first time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from carnet_node.core.failures import HubRefused, HubUnreachable
from carnet_node.core.hub_link import FeedQuery
from carnet_node.core.line.session import SyncPorts
from carnet_node.core.node import Node
from carnet_protocol.changeset import ChangeSet, reread_set
from carnet_protocol.envelope import Purpose
from carnet_protocol.hello import EpochHead, HelloAnswer, HelloRequest, Situation, decode_offer
from carnet_protocol.messages import (
    HubCard,
    Page,
    PageRow,
    PushAnswer,
    PushCode,
    Receipt,
    Verdict,
    decode_batch,
    encode_answers,
    open_frame,
    sign_frame,
)
from carnet_protocol.reasons import Reason
from support.node_builder import HUB, HUB_EPOCH, HUB_SIGNER, START_MS
from support.protocol import NamedSigner, signer

T = TypeVar("T")

Judge = Callable[[ChangeSet], tuple[PushCode, str | None]]


def accept_all(_: ChangeSet) -> tuple[PushCode, str | None]:
    """The judgement of a hub that likes everything."""
    return PushCode.ACCEPTED, None


@dataclass
class ScriptedHub:
    """One node's hub.

    Attributes:
        judge: what to do with a new set.
        pages: rows of the pages to hand out, in order; then empty pages.
        broken: method names whose next call raises this failure instead; taken from the front.
        hello_changes, page_changes: fields to change before signing.
    """

    node: Node
    signer: NamedSigner = field(default_factory=lambda: signer(HUB_SIGNER))
    judge: Judge = accept_all
    pages: list[list[PageRow]] = field(default_factory=list)
    segments: dict[bytes, bytes] = field(default_factory=dict)
    manifest: Callable[[int], bytes] | None = None
    broken: dict[str, list[Exception | None]] = field(default_factory=dict)
    hello_changes: dict[str, object] = field(default_factory=dict)
    page_changes: dict[str, object] = field(default_factory=dict)
    received: list[ChangeSet] = field(default_factory=list)
    answers: dict[bytes, PushAnswer] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    hellos: list[HelloRequest] = field(default_factory=list)
    batch_sizes: list[int] = field(default_factory=list)
    position: int = 0

    async def card(self) -> bytes:
        """The signed card with a new challenge."""
        self._call("card")
        challenge = b"challenge" + len(self.calls).to_bytes(2, "big")
        key = self.signer.public_key
        card = HubCard(1, HUB, HUB_EPOCH, key, bytes(32), bytes(32), 1, 1, START_MS, challenge)
        return sign_frame(card, Purpose.ENROL, HUB, self.signer)

    async def enrol(self, request: bytes) -> bytes:
        """Nobody enrols here."""
        raise NotImplementedError

    async def hello(self, message: bytes) -> bytes:
        """The signed answer: the head this hub has received, and a token of fifteen minutes."""
        self._call("hello")
        assert isinstance(self.node.signer, NamedSigner)
        request = open_frame(message, HelloRequest, self.node.signer.public_key, Purpose.HELLO, HUB)
        self.hellos.append(request)
        last = self.received[-1] if self.received else None
        answer = HelloAnswer(
            version=1,
            challenge=request.challenge,
            node_id=request.node_id,
            situation=int(Situation.GO),
            hub_epoch=HUB_EPOCH,
            position=self.position,
            held_seq=last.header.seq if last else 0,
            held_hash=last.set_hash if last else bytes(32),
            lost_sets=[],
            own_epochs=[],
            clock_offset_ms=0,
            backup_position=0,
            hub_epochs=[],
            token=b"token",
            token_expires_ms=START_MS + 900_000,
            now_ms=START_MS,
        )
        changed = msgspec.structs.replace(answer, **self.hello_changes)
        if changed.held_seq and "own_epochs" not in self.hello_changes:
            held = EpochHead(request.epoch, request.epoch_ordinal, changed.held_seq, changed.held_hash)
            changed = msgspec.structs.replace(changed, own_epochs=[held])
        return sign_frame(changed, Purpose.HELLO, HUB, self.signer)

    async def push(self, token: bytes, batch: bytes) -> bytes:
        """An answer per set; a failure scripted with `broken` comes after the sets were taken."""
        assert token == b"token"
        sets = [reread_set(message, HUB) for message, _ in decode_batch(batch)]
        self.batch_sizes.append(len(sets))
        answers = [self._receive(one) for one in sets]
        self._call("push")
        return encode_answers(answers)

    async def offer(self, token: bytes, offer: bytes) -> bytes:
        """An answer per set, as to a push."""
        assert token == b"token"
        self._call("offer")
        return encode_answers([self._receive(reread_set(one.message, HUB)) for one in decode_offer(offer)])

    async def feed(self, token: bytes, query: FeedQuery) -> bytes:
        """The next page."""
        assert token == b"token"
        self._call("feed")
        rows = self.pages.pop(0) if self.pages else []
        self.position += 1
        identity = self.node.identity
        page = Page(
            version=1,
            hub_epoch=query.hub_epoch,
            dealer_id=identity.dealer_id,
            node_id=identity.node_id,
            cursor_from=query.cursor,
            cursor_to=self.position,
            position=self.position,
            is_last=not self.pages,
            rows=rows,
            outcomes=[],
            hub_sets=[],
        )
        return sign_frame(msgspec.structs.replace(page, **self.page_changes), Purpose.FEED, HUB, self.signer)

    async def recall_lists(self, token: bytes, since: int) -> bytes:
        """The manifest that a test has put here, or that there is none."""
        assert token == b"token"
        if self.manifest is None:
            raise HubRefused(Reason.NOT_FOUND, "recall lists", 404)
        self._call("recall lists")
        return self.manifest(since)

    async def segment(self, token: bytes, sha256: bytes) -> bytes:
        """A stored list."""
        assert token == b"token"
        self._call("segment")
        if sha256 not in self.segments:
            raise HubRefused(Reason.NOT_FOUND, "segment", 404)
        return self.segments[sha256]

    def _receive(self, one: ChangeSet) -> PushAnswer:
        known = self.answers.get(one.nonce)
        if known is not None:
            return PushAnswer(int(PushCode.DUPLICATE), known.receipt, known.reason, None)
        code, reason = self.judge(one)
        if code > PushCode.REFUSED:
            return PushAnswer(int(code), None, reason, 1 if code is PushCode.GAP else None)
        self.received.append(one)
        self.position += 1
        receipt = Receipt(
            version=1,
            hub_epoch=HUB_EPOCH,
            node_id=one.header.node_id,
            epoch=one.header.epoch,
            seq=one.header.seq,
            nonce=one.header.nonce,
            set_hash=one.set_hash,
            verdict=int(Verdict(code)),
            reason=reason,
            position=self.position,
            time_ms=one.header.wall_ms,
            voids=[],
            conflicts=0,
        )
        answer = PushAnswer(int(code), sign_frame(receipt, Purpose.RECEIPT, HUB, self.signer), reason, None)
        self.answers[one.nonce] = answer
        return answer

    def _call(self, name: str) -> None:
        self.calls.append(name)
        waiting = self.broken.get(name)
        failure = waiting.pop(0) if waiting else None
        if failure is not None:
            raise failure


class FreeLock:
    """A sender's lock that nobody else wants."""

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Held at once."""
        yield


async def run_inline(work: Callable[[], T]) -> T:
    """Blocking work, done here and now as in the simulator."""
    return work()


def sync_ports(hub: ScriptedHub) -> SyncPorts:
    """Ports that lead to this hub."""
    return SyncPorts(hub, run_inline, FreeLock())


NO_LINE = HubUnreachable("no line")
TIMED_OUT = HubUnreachable("too slow", is_timeout=True)
