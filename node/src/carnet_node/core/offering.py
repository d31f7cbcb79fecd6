"""How sets travel to the hub: pushed, or offered back with the receipts a restored hub had given.

Decides the way of a batch and when the hub's own sets go back to it. Does not decide which sets (`outbox`, `histories`)
nor what the answers mean (`sync`, `inbox`).
"""

from collections.abc import Sequence
from functools import partial

from carnet_node.core.histories import as_lost, hub_sets_to_offer
from carnet_node.core.hub_link import HubLink
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

    A set for which the hub lacks the record is kept and offered again after the next hello.

    Raises:
        HubUnreachable, HubRefused, Malformed: the rest is offered again after the next hello.

    Returns: how many it has now.
    """
    count = 0
    while rows := await run_blocking(partial(_next_rows, node)):
        answers = decode_answers(await link.offer(token, encode_offer([as_lost(row) for row in rows])))
        if len(answers) != len(rows):
            raise Malformed(Reason.MALFORMED, f"{len(answers)} answers to {len(rows)} sets")
        taken = [row for row, answer in zip(rows, answers, strict=True) if answer.reason != Reason.UNKNOWN_BASE]
        if not taken:
            break
        await run_blocking(partial(_drop_rows, node, taken))
        count += len(taken)
    return count


def _next_rows(node: Node) -> list[HubSetRow]:
    with node.store.read() as tx:
        return hub_sets_to_offer(tx)


def _drop_rows(node: Node, rows: Sequence[HubSetRow]) -> None:
    with node.store.write() as tx:
        tx.drop_offered(rows)
