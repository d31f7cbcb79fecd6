"""Saying hello: what node and hub find out about each other before anything is sent.

Decides what the node states, whether the answer is the hub's answer to this very question, in which situation the
node's chain is, and whether one more hello is needed. Does not send or fetch anything (`sync`); how a chain is healed
is `rejoin`. Nothing is ever overwritten.

    situation     what was found                                              what follows by itself
    ------------  ----------------------------------------------------------  ------------------------------------------
    GO            the hub's head lies on our chain                            lost sets of earlier epochs, if any
    ROLLED_BACK   the hub, or the mark of what left, is ahead of this log;    lost sets, then a new epoch; no writing
                  or a backup was put in place                                and no sending until then
    FORK          the same number carries another set there                   a new epoch when the hub refuses a set
    SUPERSEDED    another copy of this node has taken over                    writing stops; what waits is still sent
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from carnet_node.core.failures import HubRefused, NotEnrolled
from carnet_node.core.hub_link import HubLink
from carnet_node.core.leaving import SenderLock
from carnet_node.core.limits import REJOIN_HELLOS_MAX, TOKEN_MARGIN_MS
from carnet_node.core.log.erasing import scrub_if_due, stated_cursor
from carnet_node.core.log.histories import enter_history, goes_on_from, note_histories
from carnet_node.core.log.inheriting import emit_inherited
from carnet_node.core.log.newer_keys import settle_key, vouched_key
from carnet_node.core.log.offering import offer_hub_sets
from carnet_node.core.log.rejoin import (
    emit_again,
    finish_rejoin,
    lacks_nothing,
    note_hub_heads,
    note_reconciled,
    note_seal_due,
    take_lost,
)
from carnet_node.core.log.rejoin_state import closed_heads, is_behind_mark, load_rejoin
from carnet_node.core.log.signing import line_signers, seal_keys
from carnet_node.core.log.sync_state import after_contact, load_state, save_state
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, RunBlocking, WriteTransaction
from carnet_node.core.records import ChainState, FeedState, HighWaterMark
from carnet_protocol.changeset import EpochReason
from carnet_protocol.envelope import Purpose, Signer
from carnet_protocol.errors import NotAuthentic, OutOfOrder
from carnet_protocol.hello import HelloAnswer, HelloRequest, Situation
from carnet_protocol.kinds import SCHEMA_VERSION
from carnet_protocol.messages import (
    HubCard,
    open_frame,
    sign_frame,
)
from carnet_protocol.reasons import Reason

ANOTHER_KEY: Final = frozenset({Reason.UNKNOWN_KEY, Reason.SUSPENDED_NODE, Reason.REPLACED_KEY})
"""Refusals behind which another key may fare better."""


@dataclass(frozen=True, slots=True)
class SyncPorts:
    """What syncing needs besides the node."""

    link: HubLink
    run_blocking: RunBlocking
    sender: SenderLock


@dataclass(frozen=True, slots=True)
class Session:
    """A hello that was answered.

    Attributes:
        token: for push, feed and segments.
        usable_until_ms: by this node's clock.
        situation: see the table above.
        is_settled: another hello would bring nothing more.
    """

    token: bytes
    usable_until_ms: int
    situation: Situation
    is_settled: bool = True

    def is_usable(self, now_ms: int) -> bool:
        """Whether the token is still worth sending."""
        return now_ms < self.usable_until_ms


@dataclass(frozen=True, slots=True)
class Taken:
    """What an answer came to.

    Attributes:
        is_settled: another hello would bring nothing more.
    """

    situation: Situation
    is_settled: bool


async def say_hello(node: Node, ports: SyncPorts, *, software: str) -> Session:
    """Introduce the node until nothing of its own is left to take back, and learn its situation, which is remembered.

    Args:
        software: name and version of this program, for the operator's list.

    Raises:
        HubUnreachable: no usable answer.
        Refused: the hub said no, is another hub, or knows less than it has told us (hub-behind).
    """
    session = await _hello_again_if_stale(node, ports, software)
    for _ in range(REJOIN_HELLOS_MAX):
        if session.is_settled:
            break
        session = await _hello_again_if_stale(node, ports, software)
    await offer_hub_sets(node, ports.link, ports.run_blocking, session.token)
    return session


async def _hello_again_if_stale(node: Node, ports: SyncPorts, software: str) -> Session:
    """Under the key the hub knows: around a change of keys, or after a restore, that may be any of the folder.

    Raises:
        HubRefused: none is welcome; what is raised was said of a key that the hub knows, if it knows any.
    """
    refusals: list[HubRefused] = []
    for signer in await ports.run_blocking(lambda: tuple(line_signers(node))):
        try:
            return await _hello_fresh(node, ports, software, signer)
        except HubRefused as refusal:
            if refusal.reason not in ANOTHER_KEY:
                raise
            refusals.append(refusal)
    raise next((one for one in refusals if one.reason is not Reason.UNKNOWN_KEY), refusals[0])


async def _hello_fresh(node: Node, ports: SyncPorts, software: str, signer: Signer) -> Session:
    """One hello, and another when its challenge had grown old on the way."""
    try:
        return await _hello_once(node, ports, software, signer)
    except HubRefused as refusal:
        if refusal.reason is not Reason.STALE_CHALLENGE:
            raise
    return await _hello_once(node, ports, software, signer)


def judge_chain(
    tx: ReadTransaction, chain: ChainState, answer: HelloAnswer, mark: HighWaterMark | None, *, is_live: bool
) -> Situation:
    """The situation of our chain: what the hub says, and what we see ourselves.

    What the hub holds is compared with our own log, so that an answer from an old stick rolls nothing back. One from
    before this epoch was opened does not say who leads now: since then people may have let this copy go on.

    Args:
        chain: end of the own chain.
        answer: verified.
        mark: what left this machine, from outside the database.
        is_live: the answer came on the line.
    """
    stated = Situation(answer.situation)
    if stated is Situation.SUPERSEDED and not (is_live or _is_about_this_epoch(tx, chain, answer)):
        stated = Situation.GO
    if stated in (Situation.FORK, Situation.SUPERSEDED):
        return stated
    held = next((one for one in answer.own_epochs if one.epoch == chain.epoch), None)
    held_seq = 0 if held is None else held.head_seq
    if chain.is_rejoining or is_behind_mark(tx, mark) or held_seq > chain.seq:
        return Situation.ROLLED_BACK
    if held is None or held_seq == 0:
        return Situation.GO
    ours = tx.set_at(chain.epoch, held_seq)
    return Situation.GO if ours is not None and ours.set_hash == held.head_hash else Situation.FORK


def _is_about_this_epoch(tx: ReadTransaction, chain: ChainState, answer: HelloAnswer) -> bool:
    """Whether a bundle's answer is to a hello of the present epoch, or knows of a newer one.

    Such an answer names no challenge. What the hub held says which epoch was meant; where it held nothing, the time at
    which the hello was packed does, by our own clock.
    """
    if any(one.ordinal > chain.epoch_ordinal for one in answer.own_epochs):
        return True
    if answer.held_seq:
        meant = (chain.epoch, answer.held_seq, answer.held_hash)
        return any((one.epoch, one.head_seq, one.head_hash) == meant for one in answer.own_epochs)
    return answer.now_ms - answer.clock_offset_ms >= load_rejoin(tx).opened_ms


async def _hello_once(node: Node, ports: SyncPorts, software: str, signer: Signer) -> Session:
    identity = node.identity
    card = open_frame(await ports.link.card(), HubCard, identity.hub_signing_key, Purpose.ENROL, identity.hub_id)
    seen = await ports.run_blocking(partial(_position, node))
    request = await ports.run_blocking(partial(state_ourselves, node, card.challenge, software))
    message = sign_frame(request, Purpose.HELLO, identity.hub_id, signer)
    answer = open_frame(
        await ports.link.hello(message), HelloAnswer, identity.hub_signing_key, Purpose.HELLO, identity.hub_id
    )
    if answer.challenge != card.challenge or answer.node_id != identity.node_id:
        raise NotAuthentic(Reason.STALE_CHALLENGE, "an answer to another hello")
    if answer.hub_epoch == seen.hub_epoch and answer.position < seen.position:
        raise OutOfOrder(Reason.HUB_BEHIND, f"position {answer.position}, it had told us {seen.position}")
    taken = await ports.run_blocking(
        partial(take_answer, node, answer, contact_ms=node.clock.now_ms(), heard_as=signer.key_id)
    )
    now_ms = node.clock.now_ms()
    lifetime_ms = answer.token_expires_ms - answer.now_ms
    return Session(answer.token, now_ms + lifetime_ms - TOKEN_MARGIN_MS, taken.situation, taken.is_settled)


def state_ourselves(node: Node, challenge: bytes, software: str) -> HelloRequest:
    """Where this node stands, in one snapshot.

    Args:
        challenge: from the hub's card; empty in a bundle.
        software: name and version of this program.
    """
    scrub_if_due(node)
    with node.store.read() as tx:
        chain, feed = _enrolled(tx)
        cursor = stated_cursor(tx, feed)
        unsent, oldest_ms = tx.unconfirmed()
        closed = closed_heads(tx, load_rejoin(tx), chain)
    return HelloRequest(
        version=1,
        challenge=challenge,
        dealer_id=node.identity.dealer_id,
        node_id=node.identity.node_id,
        epoch=chain.epoch,
        epoch_ordinal=chain.epoch_ordinal,
        head_seq=chain.seq,
        head_hash=chain.set_hash,
        hub_epoch=feed.hub_epoch,
        cursor=cursor,
        unsent_sets=unsent,
        oldest_unsent_ms=oldest_ms or 0,
        wall_ms=node.clock.now_ms(),
        schema=SCHEMA_VERSION,
        software=software,
        closed=closed,
    )


def take_answer(node: Node, answer: HelloAnswer, *, contact_ms: int | None, heard_as: bytes | None = None) -> Taken:
    """Judge an answer that the hub signed for this node, and keep what follows from it.

    Args:
        contact_ms: when it came, by this node's clock; None from a bundle, which is no news about the line and may be
            too old to let a stopped copy write again.
        heard_as: id of the key under which the hub has answered just now; None from a bundle: it takes any.

    Raises:
        OutOfOrder: a stick brings an answer from another history of the hub.
        NotAuthentic, Malformed: own sets that are none came back; nothing was kept.
    """
    mark = node.high_water.read()
    with node.store.write() as tx:
        chain, feed = _enrolled(tx)
        situation = judge_chain(tx, chain, answer, mark, is_live=contact_ms is not None)
        note_hub_heads(tx, answer.own_epochs)
        state = replace(load_state(tx), situation=situation, backup_position=answer.backup_position)
        save_state(tx, state if contact_ms is None else after_contact(state, contact_ms))
        is_stopped = situation is Situation.SUPERSEDED or (chain.is_writing_stopped and contact_ms is None)
        if is_stopped != chain.is_writing_stopped:
            tx.put_chain(replace(chain, is_writing_stopped=is_stopped))
        if feed.clock_offset_ms != answer.clock_offset_ms:
            tx.put_feed(replace(feed, clock_offset_ms=answer.clock_offset_ms))
        _follow_hub(node, tx, answer, is_live=contact_ms is not None)
        is_settled = _take_back(node, tx, answer, situation, mark=mark, heard_as=heard_as)
    return Taken(situation, is_settled)


def _follow_hub(node: Node, tx: WriteTransaction, answer: HelloAnswer, *, is_live: bool) -> None:
    """Go on in the hub's present history, whichever it is. A stick is older than the line: it only leads further on.

    Raises:
        OutOfOrder: the hub does not say how its history goes on from ours, or the stick is from before ours; or the hub
            serves a history that has ended (hub-behind).
    """
    _, feed = _enrolled(tx)
    known = load_rejoin(tx).histories
    is_same = answer.hub_epoch == feed.hub_epoch
    if is_live and not is_same and answer.hub_epoch in {one.hub_epoch for one in known}:
        raise OutOfOrder(Reason.HUB_BEHIND, "the hub serves a history that has ended")
    is_stated = bool(answer.hub_epochs) and answer.hub_epochs[-1].hub_epoch == answer.hub_epoch
    is_onward = goes_on_from(answer.hub_epochs, known, feed.hub_epoch)
    if not is_same and not (is_stated and (is_live or is_onward)):
        raise OutOfOrder(Reason.HUB_EPOCH_CHANGED, "an answer from another history of the hub")
    if not is_same:
        enter_history(node, tx, feed, answer.hub_epochs)
    elif is_stated and is_live:
        note_histories(tx, answer.hub_epochs)


def _take_back(
    node: Node,
    tx: WriteTransaction,
    answer: HelloAnswer,
    situation: Situation,
    *,
    mark: HighWaterMark | None,
    heard_as: bytes | None,
) -> bool:
    """Take lost sets back and, when all are here, go on in a new epoch.

    Returns: whether another hello would bring nothing more.
    """
    if situation is Situation.SUPERSEDED:
        return True
    chain, _ = _enrolled(tx)
    if situation is Situation.ROLLED_BACK and not chain.is_rejoining:
        tx.put_chain(replace(chain, is_rejoining=True))
    before = seal_keys(tx)
    news = take_lost(node, tx, answer.lost_sets) if situation is not Situation.FORK else 0
    is_whole = lacks_nothing(tx, answer.own_epochs)
    if is_whole and (heard_as is not None or situation is not Situation.FORK):
        settle_key(node, tx, heard_as or vouched_key(tx, answer.own_epochs))
    if seal_keys(tx) not in (before, before[-1:]):  # the hub takes nothing new of a key that was replaced
        note_seal_due(tx)
    is_seal_due = load_rejoin(tx).is_seal_due
    match situation:
        case Situation.ROLLED_BACK if is_whole:
            if is_seal_due:
                note_reconciled(tx)
                emit_again(node, tx, EpochReason.RESTORED, mark)
            else:
                finish_rejoin(node, tx, mark)
            return False
        case Situation.GO:
            if is_seal_due:
                reason = EpochReason.HUB_ASKED if chain.is_writing_stopped else EpochReason.RESTORED
                emit_again(node, tx, reason, mark)
            if not is_whole:
                return news == 0
            note_reconciled(tx)
            emit_inherited(node, tx)
            return True
        case _:
            return news == 0


def _position(node: Node) -> FeedState:
    """How far the hub had been read before a hello: a page that comes meanwhile proves nothing about its answer."""
    with node.store.read() as tx:
        return _enrolled(tx)[1]


def _enrolled(tx: ReadTransaction) -> tuple[ChainState, FeedState]:
    chain, feed = tx.chain(), tx.feed()
    if chain is None or feed is None:
        raise NotEnrolled("no chain")
    return chain, feed
