"""Who may write what: the rules that a whole change set keeps or breaks.

Decides, from the ops of an opened set and who owns the records they name, whether its author was allowed. One op that
is not refuses the set: it is one local transaction, and half of it is nothing anybody did.

    writer of the kind   who may                                                   otherwise
    -------------------  --------------------------------------------------------  --------------
    owner site           the dealer site of the record's first op                  foreign-record
                         the hub, with a ruling on a record that exists            hub-only
    any site             every enrolled site, and the hub
    hub                  the hub                                                   hub-only

Also: a site refers only to its own customers and visits; facts are retracted and documents voided, never deleted; a key
change is written by the very node whose key changes, and the new key has signed it.
"""

from carnet_hub.core.record_book import Key
from carnet_hub.core.workspace import Workspace
from carnet_protocol.errors import BadValue, NotAllowed
from carnet_protocol.opened import OpenedOp, OpenedSet
from carnet_protocol.ops import Action
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Writer


def check_authority(workspace: Workspace, opened: OpenedSet, *, author: bytes) -> None:
    """Hold every op of a set against the rules.

    Args:
        workspace: unchanged.
        author: dealer site, or the hub's id.

    Raises:
        NotAllowed: another site's record, a kind or action of the hub.
        BadValue: a delete of a fact or a document.
    """
    created: dict[Key, bytes] = {}
    is_hub = author == workspace.hub.hub_id
    for one in opened.ops:
        rules = workspace.hub.rules[one.op.kind]
        key = (one.op.kind, one.op.record)
        owner = created.get(key) or workspace.book.owner(key)
        if one.op.action == Action.DELETE and not rules.is_deletable:
            raise BadValue(Reason.BAD_FIELD, rules.kind.name, "is retracted or voided, never deleted")
        if one.op.action == Action.RULING and not is_hub:
            raise NotAllowed(Reason.HUB_ONLY, "a ruling")
        if rules.writer is Writer.HUB and not is_hub:
            raise NotAllowed(Reason.HUB_ONLY, rules.kind.name)
        if rules.writer is Writer.OWNER_SITE:
            _check_owner(one, owner, author, is_hub=is_hub)
        if owner is None:
            created[key] = author
        if rules.owned_references and not is_hub and one.fields:
            _check_references(workspace, one, created, author)


def _check_owner(one: OpenedOp, owner: bytes | None, author: bytes, *, is_hub: bool) -> None:
    if is_hub:
        if one.op.action != Action.RULING or owner is None:
            raise NotAllowed(Reason.HUB_ONLY, "the hub rules on a site's records, it does not write them")
    elif owner is not None and owner != author:
        raise NotAllowed(Reason.FOREIGN_RECORD, one.kind.name)


def _check_references(workspace: Workspace, one: OpenedOp, created: dict[Key, bytes], author: bytes) -> None:
    for label, kind in workspace.hub.rules[one.op.kind].owned_references:
        named = one.fields.get(label) if one.fields else None
        if not isinstance(named, bytes) or (kind, named) in created:
            continue
        owner = workspace.book.owner((kind, named))
        if owner is not None and owner != author:
            raise NotAllowed(Reason.FOREIGN_RECORD, f"{one.kind.name} refers to another site's record")
