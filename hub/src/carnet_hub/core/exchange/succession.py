"""Which machine goes on for which: a new node of a site that has taken over the database of a lost one.

Decides when a machine counts as succeeded, and how far that reaches. A new machine states the last epoch of the one
whose database it has; nobody but that machine, its backups and the hub knows it. Decides nothing about keys: the lost
machine's key stays good, what it still holds is taken, and only an operator revokes it.

Rules:
- The first statement of a successor counts, with the newest epoch of the lost machine that either knows by then: it
  may have opened one without a line, or before the hub was restored. When people let that machine take over again, it
  opens a higher one and is told nothing any more.
- A node states its own earlier epochs first and then those of one other machine, newest first both. Its own may be
  unknown to a restored hub too; the other's begin where the ordinals rise again at the latest.
- Machine and successor belong to one dealer site.
"""

from collections.abc import Sequence, Set
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_protocol.hello import EpochHead, HelloRequest

_NODE_BYTES: Final = 16
_ORDINAL_BYTES: Final = 8


def note_succession(hub: Hub, transaction: Transaction, request: HelloRequest) -> None:
    """Remember whose epochs a node states besides its own.

    Args:
        request: authenticated.
    """
    if not request.closed:
        return
    own = {row.epoch for row in transaction.epochs([request.node_id])}
    if not {one.epoch for one in request.closed} - own:
        return
    siblings = _siblings(hub, transaction, request.node_id)
    held = {row.epoch: row for row in transaction.epochs(siblings)}
    for lost in sorted({held[one.epoch].node_id for one in request.closed if one.epoch in held}):
        stated = transaction.setting(_setting(lost)) or b""
        if stated[:_NODE_BYTES] != request.node_id:
            known = {row.epoch for row in held.values() if row.node_id == lost}
            highest = max(_newest_stated(request.closed, known), *(held[one].ordinal for one in known))
            transaction.set_setting(_setting(lost), request.node_id + highest.to_bytes(_ORDINAL_BYTES, "big"))


def _newest_stated(closed: Sequence[EpochHead], known: Set[bytes]) -> int:
    """The highest ordinal of the machine that some epochs in a hello are known to belong to."""
    at = next(place for place, one in enumerate(closed) if one.epoch in known)
    while at > 0 and closed[at - 1].ordinal > closed[at].ordinal:
        at -= 1
    return closed[at].ordinal


def is_succeeded(snapshot: Snapshot, request: HelloRequest) -> bool:
    """Whether another machine of the site has gone on with the database of this one, from the epoch it states on."""
    stated = snapshot.setting(_setting(request.node_id)) or b""
    return bool(stated) and request.epoch_ordinal <= int.from_bytes(stated[_NODE_BYTES:], "big")


def _siblings(hub: Hub, snapshot: Snapshot, node_id: bytes) -> list[bytes]:
    """The other nodes of a node's dealer site."""
    number = hub.registry["node"].number
    dealers = sorted({key.dealer_id for key in snapshot.keys_of([node_id])})
    return [row.id for row in snapshot.children(dealers) if row.kind == number and row.id != node_id]


def _setting(node_id: bytes) -> str:
    return f"succeeded/{node_id.hex()}"
