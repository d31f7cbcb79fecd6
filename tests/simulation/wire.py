"""The lines between nodes and hub: everything that is sent may be lost, late, twice or in part.

Decides how pushes, answers and pages travel in a schedule. What they carry are signed bytes from the real functions:
`outbox.next_batch`, `ingest.receive_sets`, `feed.read_page`, `inbox.apply_answers`, `inbox.apply_page`; for whole
rounds `sync.run_round` over a line that loses, doubles, delays, cuts and bends what it carries.
"""

import random
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from carnet_hub.core.exchange.enrolment import PublicKeys
from carnet_hub.core.exchange.greeting import as_present, find_node, greet_node, hub_card, recognise, require_welcome
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.exchange.offers import receive_offer
from carnet_hub.core.exchange.recovering import answer_recovery
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.excluded import read_excluded
from carnet_hub.core.log.feed import read_page as read_feed_page
from carnet_hub.core.ports import StoreError
from carnet_hub.core.rows import Node as HubNode
from carnet_node.core.failures import HubRefused, HubUnreachable
from carnet_node.core.hub_link import FeedQuery, HubLink
from carnet_node.core.line.inbox import apply_answers, apply_page
from carnet_node.core.line.session import SyncPorts
from carnet_node.core.line.sync import RoundReport, check_answers, read_page, run_round
from carnet_node.core.log.outbox import BatchSize, next_batch
from carnet_node.core.log.signing import line_signers
from carnet_node.core.node import Node
from carnet_node.core.records import FeedState, LoggedSet
from carnet_protocol.envelope import Signer
from carnet_protocol.errors import NotAuthentic, Refused
from carnet_protocol.hello import decode_offer
from carnet_protocol.messages import PushAnswer, PushCode, decode_batch, encode_answers
from carnet_protocol.reasons import Reason
from simulation.faults import Strokes
from simulation.power import SimCrash
from simulation.world import SESSION_KEY, Machine, World, hub_keyring
from support.protocol import exchange_key

T = TypeVar("T")

PAGE_ROWS: Final = 2
"""Rows of one page: small, so that nearly every page is torn out of something larger."""

KEPT_MAX: Final = 12
"""Messages on their way to one node; older ones are lost for good."""


@dataclass(frozen=True)
class LineTrouble:
    """What may happen to the messages of a round.

    Attributes:
        kinds: of `faults.LINE_FAULTS`; empty for a good line.
        rate: how likely each message meets one, 0 to 1.
    """

    strokes: Strokes
    kinds: tuple[str, ...] = ()
    rate: float = 0.0


@dataclass
class Line:
    """What is on its way to one node.

    Attributes:
        answers: batches and the hub's answers to them, not delivered yet or delivered before.
        pages: signed pages, the same.
        resend_from: the seq the hub asked for after a gap.
        delayed: requests that arrive at the hub later.
        partition: `up` while nothing reaches the hub, `down` while no answer comes back, "" otherwise.
    """

    machine: Machine
    world: World
    answers: list[tuple[tuple[LoggedSet, ...], list[PushAnswer]]] = field(default_factory=list)
    pages: list[bytes] = field(default_factory=list)
    resend_from: int | None = None
    delayed: list[Callable[[], bytes]] = field(default_factory=list)
    partition: str = ""

    @property
    def node(self) -> Node:
        """The node at this end."""
        return self.machine.node

    @property
    def hub(self) -> Hub:
        """The hub at the other end."""
        return self.world.hub

    def push(self, sets_max: int) -> int:
        """Send a batch to the hub; its answers are on their way back.

        Returns: sets sent.
        """
        batch = next_batch(self.node, BatchSize(sets_max=sets_max), from_seq=self.resend_from)
        if not batch:
            self.resend_from = None
            return 0
        answers = receive_sets(self.hub, [(one.message, one.opening) for one in batch])
        gaps = [one.expected_seq for one in answers if PushCode(one.code) is PushCode.GAP]
        self.resend_from = gaps[0] if gaps else None
        self.answers = [*self.answers, (batch, answers)][-KEPT_MAX:]
        return len(batch)

    def push_tail(self, dice: random.Random) -> int:
        """Send sets from the middle of the queue, as an old stick would: the hub sees a gap and takes nothing."""
        batch = next_batch(self.node)
        tail = batch[dice.randint(1, len(batch) - 1) :] if len(batch) > 1 else ()
        if tail:
            receive_sets(self.hub, [(one.message, one.opening) for one in tail])
        return len(tail)

    def deliver_answers(self, dice: random.Random, at: int) -> int:
        """Hand the node an answer, or a part of it.

        Returns: receipts delivered.
        """
        batch, answers = self.answers[at]
        receipts = check_answers(self.node.identity, batch, answers)
        chosen = [one for one in receipts if dice.random() < 0.7]
        apply_answers(self.node, chosen)
        return len(chosen)

    def fetch(self, rows_max: int = PAGE_ROWS) -> int:
        """Ask the hub for the next page; it is on its way back.

        Returns: its index among the pages on their way.
        """
        feed = self.feed()
        asking = self.as_known()
        page = read_feed_page(
            self.hub,
            asking,
            cursor=feed.cursor,
            hub_epoch=feed.hub_epoch,
            outcomes_after=feed.outcomes_after,
            rows_max=rows_max,
        )
        self.pages = [*self.pages, page][-KEPT_MAX:]
        return len(self.pages) - 1

    def as_known(self) -> HubNode:
        """This node as the hub knows it now.

        Raises:
            NotAllowed: it is turned away.
        """
        *others, last = line_signers(self.node)
        for signer in others:
            with suppress(NotAuthentic):  # a restored hub may know an earlier key only
                return self._welcome(signer)
        return self._welcome(last)

    def _welcome(self, signer: Signer) -> HubNode:
        known = as_present(self.hub, find_node(self.hub, signer.key_id))
        require_welcome(known)
        return known

    def deliver_page(self, at: int) -> bool:
        """Hand the node a page, new or old.

        Returns: whether it was the last one.
        """
        return apply_page(self.node, read_page(self.pages[at], self.node.identity)).is_last

    def feed(self) -> FeedState:
        """How far the node has read."""
        with self.node.store.read() as tx:
            feed = tx.feed()
        assert feed is not None
        return feed

    def round(self, dice: random.Random, trouble: LineTrouble) -> RoundReport:
        """A whole round of the node's own sync.

        Raises:
            HubUnreachable, Refused: the hello did not come through.
        """
        ports = sync_ports(FaultyLink(self, dice, trouble))
        return finish(run_round(self.node, ports, software="simulation"))


@dataclass
class FaultyLink:
    """`HubLink` to a hub in the same process; each message may meet trouble on its way there or back."""

    line: Line
    dice: random.Random
    trouble: LineTrouble

    async def card(self) -> bytes:
        """The hub's card."""
        keys = PublicKeys(exchange_key("hub"), bytes(32))
        return self._carry(b"", lambda _: hub_card(self.line.hub, keys, SESSION_KEY))

    async def enrol(self, request: bytes) -> bytes:
        """Everybody is enrolled already."""
        raise NotImplementedError

    async def hello(self, message: bytes) -> bytes:
        """The answer to a hello."""

        def greet(sent: bytes) -> bytes:
            answered = greet_node(self.line.hub, SESSION_KEY, sent)
            self.line.world.worker.mark.raise_if_due(self.line.hub)
            return answered

        return self._carry(message, greet)

    async def push(self, token: bytes, batch: bytes) -> bytes:
        """The answers to a batch."""

        def take(sent: bytes) -> bytes:
            recognise(self.line.hub, SESSION_KEY, token)
            return encode_answers(receive_sets(self.line.hub, decode_batch(sent)))

        return self._carry(batch, take)

    async def offer(self, token: bytes, offer: bytes) -> bytes:
        """The answers to an offer."""

        def take(sent: bytes) -> bytes:
            recognise(self.line.hub, SESSION_KEY, token)
            return encode_answers(receive_offer(self.line.hub, decode_offer(sent)))

        return self._carry(offer, take)

    async def feed(self, token: bytes, query: FeedQuery) -> bytes:
        """A page of few rows."""

        def give(_: bytes) -> bytes:
            return read_feed_page(
                self.line.hub,
                recognise(self.line.hub, SESSION_KEY, token),
                cursor=query.cursor,
                hub_epoch=query.hub_epoch,
                outcomes_after=query.outcomes_after,
                rows_max=PAGE_ROWS,
            )

        return self._carry(b"", give)

    async def excluded(self, token: bytes, after: int) -> bytes:
        """A page of what was excluded of the node's site."""

        def give(_: bytes) -> bytes:
            return read_excluded(self.line.hub, recognise(self.line.hub, SESSION_KEY, token), after=after)

        return self._carry(b"", give)

    async def recover(self, message: bytes) -> bytes:
        """A data key, for a question with a code."""
        return self._carry(message, lambda sent: answer_recovery(self.line.hub, hub_keyring(), sent))

    async def segment(self, token: bytes, sha256: bytes) -> bytes:
        """There are no recalls here."""
        raise NotImplementedError

    async def recall_lists(self, token: bytes, since: int) -> bytes:
        """There are no recalls here."""
        raise HubRefused(Reason.NOT_FOUND, "recall lists", 404)

    def _carry(self, request: bytes, work: Callable[[bytes], bytes]) -> bytes:
        """One request and its answer."""
        power = self.line.machine.power
        power.point("send")
        fault = self._draw()
        if fault == "delay":
            self.line.delayed.append(partial(work, request))
            del self.line.delayed[:-KEPT_MAX]
        if fault in ("drop", "delay") or self.line.partition == "up":
            raise HubUnreachable(f"lost on the way there ({fault})", is_timeout=self.dice.random() < 0.5)
        is_request = bool(request) and self.dice.random() < 0.5
        answer = self.at_hub(partial(work, bend(self.dice, fault, request) if is_request else request))
        if fault == "duplicate":
            answer = self.at_hub(partial(work, request))
        if fault == "lose answer" or self.line.partition == "down":
            raise HubUnreachable("lost on the way back", is_timeout=self.dice.random() < 0.5)
        power.point("received")
        return answer if is_request else bend(self.dice, fault, answer)

    def _draw(self) -> str:
        """What happens to a message; a partition begins here and ends with another step."""
        if self.line.partition:
            self.trouble.strokes.strike("partition")
            return ""
        if not self.trouble.kinds or self.dice.random() >= self.trouble.rate:
            return ""
        fault = self.dice.choice(self.trouble.kinds)
        self.trouble.strokes.strike(fault)
        if fault == "partition":
            self.line.partition = self.dice.choice(("up", "down"))
        return fault

    def at_hub(self, work: Callable[[], bytes]) -> bytes:
        """What the hub does with a request, as its HTTP door puts it."""
        try:
            return work()
        except Refused as refusal:
            raise HubRefused(refusal.reason, refusal.detail, 400) from refusal
        except (StoreError, OSError) as error:
            raise HubUnreachable("the hub's disk", status=503) from error
        except SimCrash as crash:
            if crash.process == self.line.machine.name:
                raise
            self.line.world.restart(crash.process)
            self.trouble.strokes.strike("hub crash in a request")
            raise HubUnreachable("the hub died") from None


def bend(dice: random.Random, fault: str, message: bytes) -> bytes:
    """A message as it arrives: cut short, with one bit wrong, or as it was."""
    if fault == "truncate":
        return message[: dice.randrange(len(message))] if message else message
    if fault == "flip a bit" and message:
        at = dice.randrange(len(message))
        return message[:at] + bytes([message[at] ^ 1 << dice.randrange(8)]) + message[at + 1 :]
    return message


class _FreeLock:
    """A sender lock that is always free."""

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold it."""
        yield


async def _in_place(work: Callable[[], T]) -> T:
    return work()


def sync_ports(link: HubLink) -> SyncPorts:
    """What a node's sync needs, over a link of this world."""
    return SyncPorts(link, _in_place, _FreeLock())


def finish(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("the simulated line never waits")
