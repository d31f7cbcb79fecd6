"""How sets travel to the hub: pushed, or offered back with the receipts a restored hub had given.

Decides the way of a batch and when the hub's own sets go back to it. Does not decide which sets (`outbox`, `histories`)
nor what the answers mean (`sync`, `inbox`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from carnet_node.core.hub_link import HubLink
from carnet_node.core.log.histories import as_lost, hub_sets_to_offer
from carnet_node.core.node import Node
from carnet_node.core.ports import RunBlocking
from carnet_node.core.records import HubSetRow, LoggedSet
from carnet_protocol.errors import Malformed
from carnet_protocol.hello import LostSet, encode_offer
from carnet_protocol.messages import PushAnswer, decode_answers, encode_batch
from carnet_protocol.reasons import Reason


async def carry(link: HubLink, token: bytes, batch: Sequence[LoggedSet]) -> list[PushAnswer]:
    """Send a batch; one with a receipt in it is offered, so that the hub takes its own set times from there.

    Raises:
        HubUnreachable, HubRefused: what arrived is found out by sending again, which is harmless.
        Malformed: no list of answers.
    """
    if any(one.receipt is not None for one in batch):
        offer = [LostSet(one.message, one.opening, one.receipt or b"") for one in batch]
        return decode_answers(await link.offer(token, encode_offer(offer)))
    return decode_answers(await link.push(token, encode_batch([(one.message, one.opening) for one in batch])))


async def offer_hub_sets(node: Node, link: HubLink, run_blocking: RunBlocking, token: bytes) -> int:
    """Give a restored hub its own sets back, before anything else is sent.

    What was answered is kept until a page brings it back: if the hub is restored before that, it is offered once more.
    A set for which the hub lacks the record is offered again after the next hello.

    Raises:
        HubUnreachable, HubRefused, Malformed: the rest is offered again after the next hello.

    Returns: how many it has now.
    """
    count = 0
    while (found := await run_blocking(partial(_next_rows, node))).rows:
        rows = found.rows
        answers = decode_answers(await link.offer(token, encode_offer([as_lost(row) for row in rows])))
        if len(answers) != len(rows):
            raise Malformed(Reason.MALFORMED, f"{len(answers)} answers to {len(rows)} sets")
        taken = [row for row, answer in zip(rows, answers, strict=True) if answer.reason != Reason.UNKNOWN_BASE]
        if not taken:
            break
        await run_blocking(partial(_note_offered, node, replace(found, rows=taken)))
        count += len(taken)
    return count


@dataclass(frozen=True, slots=True)
class _Offered:
    """Hub sets, and the history of the hub that they are offered to."""

    rows: list[HubSetRow]
    hub_epoch: bytes


def _next_rows(node: Node) -> _Offered:
    with node.store.read() as tx:
        feed = tx.feed()
        return _Offered([], b"") if feed is None else _Offered(hub_sets_to_offer(tx, feed.hub_epoch), feed.hub_epoch)


def _note_offered(node: Node, offered: _Offered) -> None:
    with node.store.write() as tx:
        tx.note_offered(offered.rows, offered.hub_epoch)
