"""One round with the hub: send what waits, fetch what is new, and say how it ended.

Decides the order of steps and what each failure stops. Does not decide what is sent next (`outbox`), what an answer
means (`inbox`), how bytes travel (`hub_link`), or when the next round is (its caller).

Rules:
- Downloads never wait for uploads: batches and pages take turns, and a failure on one side stops that side only.
- A push that timed out is sent again in half the size; the hub knows what it has, so nothing happens twice.
- Receipts and pages are believed only when the hub signed them, and for what was sent or asked.
- A rolled-back node sends nothing until it has rejoined. One that forked sends, is refused, and emits what waits again
  under a new epoch; a superseded one still hands over what waits.
- The hub looks at the key before the place: a fork that a replaced key has signed is refused for the key, and would
  never be heard of as a fork. So where the hello has said fork, that refusal means the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from carnet_node.core.failures import AnotherSender, HubUnreachable, NodeFailure, NotEnrolled
from carnet_node.core.hub_link import FeedQuery
from carnet_node.core.line.inbox import PageOutcome, SignedReceipt, apply_answers, apply_page
from carnet_node.core.line.list_fetching import fetch_lists
from carnet_node.core.line.session import ANOTHER_KEY, Session, SyncPorts, say_hello
from carnet_node.core.log.offering import carry
from carnet_node.core.log.outbox import BatchSize, next_batch
from carnet_node.core.log.rejoin import emit_unconfirmed_again
from carnet_node.core.log.sync_state import (
    UNREACHABLE,
    after_contact,
    after_failure,
    after_page,
    load_state,
    save_state,
)
from carnet_node.core.node import Node
from carnet_node.core.records import FeedState, Identity, LoggedSet
from carnet_node.core.store_failures import StoreBusy
from carnet_protocol.envelope import Purpose
from carnet_protocol.errors import Malformed, NotAuthentic, Refused
from carnet_protocol.hello import Situation
from carnet_protocol.messages import (
    Page,
    PushAnswer,
    PushCode,
    Receipt,
    Verdict,
    open_frame,
)
from carnet_protocol.reasons import Reason

ROLLED_BACK: Final = "rolled-back"
"""Why a node that has not rejoined yet sends nothing."""


@dataclass(frozen=True, slots=True)
class PushReport:
    """What batches came to, in sets.

    Attributes:
        is_drained: nothing is left to send.
        stop: code of what stops sending until somebody acts; None while it may go on.
        resend_from: seq the hub asked for; None when it did not.
        emitted_again: sets that stand in a new epoch now, because the hub held others at their places.
    """

    sent: int = 0
    accepted: int = 0
    with_conflicts: int = 0
    parked: int = 0
    refused: int = 0
    is_drained: bool = False
    stop: str | None = None
    resend_from: int | None = None
    emitted_again: int = 0

    def and_then(self, later: "PushReport") -> "PushReport":
        """Both together; how it stands now is the later one's."""
        return PushReport(
            self.sent + later.sent,
            self.accepted + later.accepted,
            self.with_conflicts + later.with_conflicts,
            self.parked + later.parked,
            self.refused + later.refused,
            later.is_drained,
            later.stop,
            later.resend_from,
            self.emitted_again + later.emitted_again,
        )


@dataclass(frozen=True, slots=True)
class RoundReport:
    """How a round ended.

    Attributes:
        pages, rows, segments: fetched and stored.
        push_failure, pull_failure: what broke either side off; None when nothing did.
    """

    situation: Situation
    push: PushReport
    pages: int = 0
    rows: int = 0
    segments: int = 0
    push_failure: Exception | None = None
    pull_failure: Exception | None = None

    @property
    def is_complete(self) -> bool:
        """Whether nothing was left to send or to fetch."""
        return self.push.is_drained and self.push_failure is None and self.pull_failure is None


async def run_round(node: Node, ports: SyncPorts, *, software: str) -> RoundReport:
    """Say hello, then take turns, a batch up and a page down, until both sides are done or stopped.

    Args:
        software: name and version, for the operator's list.

    Raises:
        NodeFailure, Refused: a hello failed; without one nothing was sent or fetched. The failure is remembered.
    """
    session = await _greet(node, ports, software)
    sender, fetcher = _Sender(node, ports, session), _Fetcher(node, ports, session)
    while sender.is_going or fetcher.is_going:
        await sender.step()
        await fetcher.step()
    if fetcher.failure is None:
        await fetcher.fetch_lists()
    if sender.report.emitted_again and sender.failure is None:
        session = await _greet(node, ports, software)
    for failure in (sender.failure, fetcher.failure):
        if failure is not None:
            await ports.run_blocking(partial(remember_failure, node, failure))
    return RoundReport(
        session.situation,
        sender.report,
        fetcher.pages,
        fetcher.rows,
        fetcher.segments,
        sender.failure,
        fetcher.failure,
    )


async def _greet(node: Node, ports: SyncPorts, software: str) -> Session:
    """A hello whose failure is remembered."""
    try:
        return await say_hello(node, ports, software=software)
    except (NodeFailure, Refused) as error:
        await ports.run_blocking(partial(remember_failure, node, error))
        raise


class _Sender:
    """The sending half of a round: goes on until drained, stopped or broken off."""

    def __init__(self, node: Node, ports: SyncPorts, session: Session) -> None:
        self._node, self._ports, self._session = node, ports, session
        self._size = BatchSize()
        self.report = PushReport()
        self.failure: Exception | None = None
        self.is_going = True

    async def step(self) -> None:
        """One batch, if sending still goes on."""
        if not self.is_going:
            return
        asked = self.report.resend_from
        try:
            step = await push_step(self._node, self._ports, self._session, self._size, from_seq=asked)
        except (NodeFailure, Refused) as error:
            smaller = smaller_batch(error, self._size)
            self.is_going, self.failure = smaller is not None, None if smaller else error
            self._size = smaller or self._size
            return
        is_turning = step.resend_from is not None and step.resend_from == asked
        is_forking_on = bool(step.emitted_again and self.report.emitted_again)
        self.report = self.report.and_then(replace(step, stop=Reason.FORK.value) if is_forking_on else step)
        self.is_going = not (step.is_drained or self.report.stop or is_turning)


class _Fetcher:
    """The fetching half of a round: goes on until the last page or a failure."""

    def __init__(self, node: Node, ports: SyncPorts, session: Session) -> None:
        self._node, self._ports, self._session = node, ports, session
        self.pages, self.rows, self.segments = 0, 0, 0
        self.failure: Exception | None = None
        self.is_going = True

    async def step(self) -> None:
        """One page, if fetching still goes on."""
        if not self.is_going:
            return
        try:
            outcome = await pull_step(self._node, self._ports, self._session)
        except (NodeFailure, Refused) as error:
            self.is_going, self.failure = False, error
            return
        self.pages, self.rows = self.pages + 1, self.rows + outcome.rows
        self.is_going = not outcome.is_last

    async def fetch_lists(self) -> None:
        """Recall lists that the pages have named."""
        try:
            self.segments = await fetch_lists(self._node, self._ports, self._session, is_asked=True)
        except (NodeFailure, Refused) as error:
            self.failure = error


async def push_step(
    node: Node, ports: SyncPorts, session: Session, size: BatchSize, *, from_seq: int | None = None
) -> PushReport:
    """Send one batch and store what the hub said about each set.

    Args:
        from_seq: send from here, answered sets included: what the hub asked for after a gap.

    Raises:
        AnotherSender: somebody else on this machine is sending.
        HubUnreachable, HubRefused: what arrived is found out by sending again, which is harmless.
        Malformed, NotAuthentic: answers that are not the hub's, or not to this batch; nothing was stored.
    """
    if session.situation is Situation.ROLLED_BACK:
        return PushReport(stop=ROLLED_BACK)
    with ports.sender.hold():
        batch = await ports.run_blocking(partial(next_batch, node, size, from_seq=from_seq))
        if not batch:
            return PushReport(is_drained=True)
        answers = await carry(ports.link, session.token, batch)
        receipts = check_answers(node.identity, batch, answers)
        outcome = await ports.run_blocking(partial(apply_answers, node, receipts))
        is_fork = _is_fork(answers) or (session.situation is Situation.FORK and _is_key_refused(answers))
        again = await ports.run_blocking(partial(emit_unconfirmed_again, node)) if is_fork else 0
    return PushReport(
        sent=len(receipts),
        accepted=outcome.accepted,
        with_conflicts=outcome.with_conflicts,
        parked=outcome.parked,
        refused=outcome.refused,
        stop=_stop_of(answers),
        resend_from=_expected_seq(answers),
        emitted_again=again,
    )


async def pull_step(node: Node, ports: SyncPorts, session: Session, *, wait_s: int = 0) -> PageOutcome:
    """Fetch and apply one page, and remember that the line works.

    Args:
        wait_s: how long the hub may wait for news, 0 to 30 seconds.

    Raises:
        HubUnreachable, HubRefused: nothing was applied.
        Malformed, NotAuthentic, OutOfOrder: a page that is not the hub's answer to our question, and was not applied;
            or one behind which the same question would be asked again and again.
    """
    feed = await ports.run_blocking(partial(_feed, node))
    query = FeedQuery(feed.cursor, feed.hub_epoch, feed.outcomes_after, wait_s)
    page = read_page(await ports.link.feed(session.token, query), node.identity)
    if page.cursor_from != query.cursor:
        raise NotAuthentic(Reason.MALFORMED, "a page that answers another question")
    outcome = await ports.run_blocking(partial(_apply_and_remember, node, page))
    if not outcome.is_last and await ports.run_blocking(partial(_feed, node)) == feed:
        raise Malformed(Reason.MALFORMED, "a page that is not the last one, and leads no further")
    return outcome


def read_page(message: bytes, identity: Identity) -> Page:
    """A page that the hub signed.

    Raises:
        Malformed, NotAuthentic: not a page, or not the hub's.
    """
    return open_frame(message, Page, identity.hub_signing_key, Purpose.FEED, identity.hub_id)


def check_answers(identity: Identity, batch: Sequence[LoggedSet], answers: Sequence[PushAnswer]) -> list[SignedReceipt]:
    """The receipts among the answers to a batch, each signed by the hub and for the set that stands at its place.

    Raises:
        Malformed: not one answer per set.
        NotAuthentic: a receipt that is not the hub's, or for another set.
    """
    if len(answers) != len(batch):
        raise Malformed(Reason.MALFORMED, f"{len(answers)} answers to {len(batch)} sets")
    receipts: list[SignedReceipt] = []
    for sent, answer in zip(batch, answers, strict=True):
        if answer.receipt is None:
            continue
        receipt = read_receipt(answer.receipt, identity)
        if receipt.nonce != sent.nonce:
            raise NotAuthentic(Reason.BAD_SIGNATURE, "a receipt for another set")
        receipts.append(SignedReceipt(receipt, answer.receipt))
    return receipts


def read_receipt(message: bytes, identity: Identity) -> Receipt:
    """A receipt that the hub signed.

    Raises:
        Malformed, NotAuthentic: not a receipt, or not the hub's.
    """
    receipt = open_frame(message, Receipt, identity.hub_signing_key, Purpose.RECEIPT, identity.hub_id)
    Verdict(receipt.verdict)
    return receipt


def smaller_batch(error: Exception, size: BatchSize) -> BatchSize | None:
    """What to try after a failed push: half the size after a time-out, nothing for any other cause."""
    if not isinstance(error, HubUnreachable) or not error.is_timeout or size.halved() == size:
        return None
    return size.halved()


def remember_failure(node: Node, error: Exception) -> None:
    """Keep what went wrong, for `status`; another sender on this machine is no failure."""
    code = failure_code(error)
    if code is not None:
        with node.store.write() as tx:
            save_state(tx, after_failure(load_state(tx), node.clock.now_ms(), code))


def remember_answer(node: Node) -> None:
    """Keep that the hub answered outside a round: its silence is over; what else went wrong stays known."""
    with node.store.read() as tx:
        is_silent = load_state(tx).failure == UNREACHABLE
    if is_silent:
        with node.store.write() as tx:
            save_state(tx, after_contact(load_state(tx), node.clock.now_ms()))


def failure_code(error: Exception) -> str | None:
    """The code under which a failure is remembered: `unreachable`, a reason, or a failure of this machine by its name.

    Returns: None when nothing needs to be remembered.
    """
    match error:
        case HubUnreachable():
            return UNREACHABLE
        case Refused():
            return error.reason.value
        case AnotherSender() | StoreBusy():
            return None
        case _:
            return "".join(f"-{char.lower()}" if char.isupper() else char for char in type(error).__name__).lstrip("-")


def _apply_and_remember(node: Node, page: Page) -> PageOutcome:
    outcome = apply_page(node, page)
    with node.store.write() as tx:
        waiting, _ = tx.unconfirmed()
        now_ms = node.clock.now_ms()
        save_state(tx, after_page(load_state(tx), now_ms, is_last=page.is_last, is_all_sent=waiting == 0))
    return outcome


def _stop_of(answers: Sequence[PushAnswer]) -> str | None:
    """Why no further batch may follow this one."""
    for answer in answers:
        match PushCode(answer.code):
            case PushCode.FORK if answer.reason != Reason.FORK:
                return answer.reason or Reason.INTERNAL.value
            case PushCode.REJECTED:
                return answer.reason or Reason.INTERNAL.value
            case _:
                continue
    return None


def _is_fork(answers: Sequence[PushAnswer]) -> bool:
    """Whether another set of ours stands where one of these was to go; a reused identity is no such thing."""
    return any(PushCode(one.code) is PushCode.FORK and one.reason == Reason.FORK for one in answers)


def _is_key_refused(answers: Sequence[PushAnswer]) -> bool:
    """Whether the hub takes nothing new of a key that has signed here."""
    return any(PushCode(one.code) is PushCode.REJECTED and one.reason in ANOTHER_KEY for one in answers)


def _expected_seq(answers: Sequence[PushAnswer]) -> int | None:
    gaps = [answer.expected_seq for answer in answers if PushCode(answer.code) is PushCode.GAP]
    return gaps[0] if gaps else None


def _feed(node: Node) -> FeedState:
    with node.store.read() as tx:
        feed = tx.feed()
    if feed is None:
        raise NotEnrolled("no cursor")
    return feed
