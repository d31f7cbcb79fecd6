"""Up to where a node had read the hub before it was restored, as long as the present history does not show that yet.

Decides which position a new set states as read: the hub tells by it who knew of an erasure when a set was written. In
the present history a node begins at R, where both part, although it had read and carried out what came behind; the
erasures that it gives back to the hub stand at other positions there.

    a history is entered     what was read lies behind R: history and position are remembered
    a set is sealed          it states what is remembered
    a page of the present    no erasure read before is still to come back: forgotten
"""

from dataclasses import replace
from typing import Final

from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.records import FeedState
from carnet_protocol.changeset import Link, reread_set
from carnet_protocol.errors import Refused
from carnet_protocol.ids import EPOCH_BYTES, HubId
from carnet_protocol.kinds import ERASURE

_SETTING: Final = "read-before"
_NOTHING: Final = b""


def note_read_before(tx: WriteTransaction, feed: FeedState, position: int) -> None:
    """Remember how far an ended history was read; of several in a row the first, in which it was read.

    Args:
        feed: as it stood in that history.
        position: R.
    """
    if feed.position > position and not tx.setting(_SETTING):
        tx.put_setting(_SETTING, feed.hub_epoch + feed.position.to_bytes(8, "big"))


def forget_read_before(tx: WriteTransaction, hub: HubId) -> None:
    """Go on to state positions of the present history, if its pages have brought every erasure back."""
    if tx.setting(_SETTING) and not any(_erases(row.message, hub) for row in tx.former_hub_sets()):
        tx.put_setting(_SETTING, _NOTHING)


def as_read(tx: ReadTransaction, link: Link) -> Link:
    """The place of a new set, with what its author had read."""
    stored = tx.setting(_SETTING)
    if not stored:
        return link
    return replace(link, hub_epoch=stored[:EPOCH_BYTES], hub_position=int.from_bytes(stored[EPOCH_BYTES:], "big"))


def _erases(message: bytes, hub: HubId) -> bool:
    """Whether a set of the hub's holds an erasure; one that this version cannot read does not."""
    try:
        return any(op.kind == ERASURE.number for op in reread_set(message, hub).ops)
    except Refused:
        return False
