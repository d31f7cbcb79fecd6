"""Recall lists from the hub: the manifest first, then whatever is missing.

Decides the order, and what a damaged answer stops. Does not decide what is taken (`recall_set`).

Rules:
- A node on which no recall is published asks for nothing.
- A manifest that is refused is remembered and stops nothing: the lists that are missing are fetched all the same.
- Every file that arrived is kept; a line that breaks in between costs the file it broke in.
- Steps that do not lead to the list, or that the hub no longer has, are followed by the list itself. A list that is
  damaged on the way is asked for again in the next round.
- A list that the hub no longer has stops no other one: a newer manifest names what took its place, so the next round
  asks for it.
"""

from functools import partial

from carnet_node.core.failures import HubRefused
from carnet_node.core.limits import SEGMENTS_PER_ROUND_MAX
from carnet_node.core.line.session import Session, SyncPorts
from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_set import (
    Missing,
    ask_again,
    holds_lists,
    is_manifest_due,
    missing_segments,
    note_asked,
    since_position,
    store_segment,
    take_manifest,
    take_steps,
)
from carnet_protocol.errors import Malformed, Refused
from carnet_protocol.reasons import Reason


async def fetch_lists(node: Node, ports: SyncPorts, session: Session, *, is_asked: bool = False) -> int:
    """Fetch the newest manifest and the lists that this node lacks; how many segments were stored.

    Args:
        is_asked: ask for a manifest now, however short ago that was done.

    Raises:
        HubUnreachable, HubRefused: what was stored before stays.
        Malformed, NotAuthentic, OutOfOrder: a manifest that was refused; the lists were fetched, those in use stay.
    """
    if not await ports.run_blocking(partial(holds_lists, node)):
        return 0
    refusal: Refused | None = None
    if is_asked or await ports.run_blocking(partial(is_manifest_due, node)):
        try:
            await _fetch_manifest(node, ports, session)
        except Refused as refused:
            if _is_about_the_session(refused):
                raise
            refusal = refused
    stored = 0
    for one in (await ports.run_blocking(partial(missing_segments, node)))[:SEGMENTS_PER_ROUND_MAX]:
        stored += await _fetch_segment(node, ports, session, one)
    if refusal is not None:
        raise refusal
    return stored


async def _fetch_manifest(node: Node, ports: SyncPorts, session: Session) -> None:
    """The changes behind the manifest in use, or the whole where they do not fit; nothing of a hub that has none."""
    since = await ports.run_blocking(partial(since_position, node))
    try:
        message = await ports.link.recall_lists(session.token, since)
    except HubRefused as refused:
        if refused.reason is not Reason.NOT_FOUND:
            raise
        return
    await ports.run_blocking(partial(note_asked, node))
    try:
        await ports.run_blocking(partial(take_manifest, node, message))
    except Malformed:
        if not since:
            raise
        message = await ports.link.recall_lists(session.token, 0)
        await ports.run_blocking(partial(take_manifest, node, message))


async def _fetch_segment(node: Node, ports: SyncPorts, session: Session, missing: Missing) -> int:
    """One segment, by steps or whole; 1 when it was stored, 0 for one that is damaged or gone."""
    if missing.steps and await _go_by_steps(node, ports, session, missing):
        return 1
    body = await _file(ports, session, missing.name)
    if body is None:
        await ports.run_blocking(partial(ask_again, node))
        return 0
    try:
        await ports.run_blocking(partial(store_segment, node, body))
    except Malformed:
        return 0
    return 1


async def _go_by_steps(node: Node, ports: SyncPorts, session: Session, missing: Missing) -> bool:
    """Whether the steps led to the segment, which is stored then."""
    contents: list[bytes] = []
    for one in missing.steps:
        content = await _file(ports, session, one)
        if content is None:
            return False
        contents.append(content)
    try:
        await ports.run_blocking(partial(take_steps, node, missing, contents))
    except Malformed:
        return False
    return True


async def _file(ports: SyncPorts, session: Session, name: bytes) -> bytes | None:
    """A file of the hub; None for one that it no longer has."""
    try:
        return await ports.link.segment(session.token, name)
    except HubRefused as refused:
        if refused.reason is not Reason.NOT_FOUND:
            raise
        return None


def _is_about_the_session(refused: Refused) -> bool:
    """Whether the hub said no to us, and not we to a manifest."""
    return isinstance(refused, HubRefused)
