"""What a node is told of the recall lists, on the line and on a stick.

Decides which lists a node gets from those that were made last. Does not decide what is on them (`offline_lists`), nor
what else a stick carries (`bundling`).

Rules
1. A manifest is signed when it is asked for: all of it, or what changed behind the position that a node states.
2. A stick carries the whole manifest, and lists whole. Which ones, its reader has said: all that it does not hold. So
   what does not fit goes with the stick after the next bundle from there. Of a reader that has not said it, those that
   changed from its cursor on.
3. Members go first: without them a node says *unknown*, without the others it says *open*.
"""

from collections.abc import Iterator

from carnet_hub.core.cursors import position_of
from carnet_hub.core.exchange.bundling import BundleCursor, Parts, fitting, member_lists
from carnet_hub.core.hub import Hub
from carnet_hub.core.shelves import ListShelf
from carnet_protocol.bundle import PartKind
from carnet_protocol.envelope import Purpose
from carnet_protocol.errors import Malformed, Refused
from carnet_protocol.messages import sign_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.recall_lists import ListKind, RecallManifest, decode_manifest
from carnet_protocol.segments import segment_hash


def stored_manifest(lists: ListShelf) -> RecallManifest | None:
    """The manifest on the shelf; None when there is none that can be read."""
    content = lists.manifest()
    try:
        return None if content is None else decode_manifest(content)
    except Malformed:
        return None


def present_manifest(hub: Hub, lists: ListShelf) -> RecallManifest | None:
    """The same, if it was made in the hub's present history."""
    stored = stored_manifest(lists)
    return stored if stored is not None and stored.hub_epoch == hub.hub_epoch else None


def signed_manifest(hub: Hub, lists: ListShelf, since: int) -> bytes:
    """The manifest for a node that has one of an earlier position.

    Args:
        since: that position; 0, or one that is not behind, for all lists.

    Raises:
        Refused: NOT_FOUND, none was made since the hub began or was restored.
    """
    stored = present_manifest(hub, lists)
    if stored is None:
        raise Refused(Reason.NOT_FOUND, "recall lists")
    since = since if since <= stored.position else 0
    entries = [one for one in stored.entries if one.changed > since] if since else stored.entries
    told = RecallManifest(1, stored.hub_epoch, stored.position, stored.made_ms, since, entries, stored.root)
    return sign_frame(told, Purpose.CHECKPOINT, hub.hub_id, hub.signer)


def list_parts(hub: Hub, lists: ListShelf, since: BundleCursor, parts: Parts) -> Parts:
    """What a stick carries of the lists besides members: the whole manifest, and lists that its reader lacks, whole.

    Args:
        parts: what the stick holds already, members among them; nothing is added for which there is no room.
    """
    if present_manifest(hub, lists) is None:
        return []
    manifest = fitting(parts, [(PartKind.LISTS, signed_manifest(hub, lists, 0))])
    named = ((PartKind.SEGMENT, lists.get(name)) for name in _other_lists(hub, lists, since))
    return [*manifest, *fitting([*parts, *manifest], named)] if manifest else []


def count_left_out(hub: Hub, lists: ListShelf, since: BundleCursor, parts: Parts) -> int:
    """How many lists the reader of a stick lacks, for all that the stick brings."""
    brought = {segment_hash(body) for kind, body in parts if kind == PartKind.SEGMENT}
    return len({*member_lists(hub, since), *_other_lists(hub, lists, since)} - brought)


def _other_lists(hub: Hub, lists: ListShelf, since: BundleCursor) -> Iterator[bytes]:
    """The remedied and the removed that a reader lacks; a list that changed at its cursor may be among them.

    It may have been made after the stick before was written.
    """
    stored = present_manifest(hub, lists)
    position = position_of(since.cursor) if since.hub_epoch == hub.hub_epoch else 0
    for entry in stored.entries if stored is not None else ():
        if entry.kind != ListKind.MEMBERS and (since.held is not None or entry.changed >= position):
            yield from (one.sha256 for one in entry.segments if one.sha256 not in (since.held or ()))
