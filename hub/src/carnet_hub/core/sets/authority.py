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
change is written by the very node whose key changes, the new key has signed it, and the old one is not revoked: what
lay parked while its key was revoked must not let the thief back in.
"""

from collections.abc import Mapping
from typing import Final

from carnet_hub.core.kind_rules import KindRules
from carnet_hub.core.sets.record_book import Key
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.errors import BadValue, NotAllowed, NotAuthentic
from carnet_protocol.kinds import KEY_CHANGE
from carnet_protocol.opened import OpenedOp, OpenedSet
from carnet_protocol.ops import Action
from carnet_protocol.orders import check_key_change
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value, Writer

_REVOKED: Final = "revoked"


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
    rules_by_kind, owner_of = workspace.hub.rules, workspace.book.owner
    for one in opened.ops:
        op = one.op
        rules = rules_by_kind[op.kind]
        key = (op.kind, op.record)
        owner = created.get(key) or owner_of(key)
        if op.action != Action.WRITE:
            _check_action(one, rules, is_hub=is_hub)
        if rules.writer is Writer.OWNER_SITE:
            _check_owner(one, owner, author, is_hub=is_hub)
        elif rules.writer is Writer.HUB and not is_hub:
            raise NotAllowed(Reason.HUB_ONLY, rules.kind.name)
        if owner is None:
            created[key] = author
        if rules.owned_references and one.fields and not is_hub:
            _check_references(workspace, rules, one.fields, created, author)
        if rules.kind.name == KEY_CHANGE.name:
            _check_key_change(workspace, one, opened.change_set.header.node_id)


def _check_action(one: OpenedOp, rules: KindRules, *, is_hub: bool) -> None:
    if one.op.action == Action.DELETE and not rules.is_deletable:
        raise BadValue(Reason.BAD_FIELD, rules.kind.name, "is retracted or voided, never deleted")
    if one.op.action == Action.RULING and not is_hub:
        raise NotAllowed(Reason.HUB_ONLY, "a ruling")


def _check_key_change(workspace: Workspace, one: OpenedOp, node_id: bytes) -> None:
    """A key is changed by its own node, which the old key has signed, and the new key has agreed."""
    labels = one.kind.labels
    if one.fields is None or labels["new_signing_key"] not in one.fields:
        return
    fields = {name: one.fields.get(label) for name, label in labels.items()}
    if fields["node_id"] != node_id:
        raise NotAllowed(Reason.FOREIGN_RECORD, "another node's key")
    if any(key.status == _REVOKED for key in workspace.keys_of(node_id)):
        raise NotAllowed(Reason.SUSPENDED_NODE, "the key that signed it is revoked")
    try:
        check_key_change(workspace.hub.hub_id, fields)
    except NotAuthentic as refusal:
        raise NotAllowed(refusal.reason, refusal.detail) from refusal


def _check_owner(one: OpenedOp, owner: bytes | None, author: bytes, *, is_hub: bool) -> None:
    if is_hub:
        if one.op.action != Action.RULING or owner is None:
            raise NotAllowed(Reason.HUB_ONLY, "the hub rules on a site's records, it does not write them")
    elif owner is not None and owner != author:
        raise NotAllowed(Reason.FOREIGN_RECORD, one.kind.name)


def _check_references(
    workspace: Workspace, rules: KindRules, fields: Mapping[int, Value], created: dict[Key, bytes], author: bytes
) -> None:
    for label, kind in rules.owned_references:
        named = fields.get(label)
        if not isinstance(named, bytes) or (kind, named) in created:
            continue
        owner = workspace.book.owner((kind, named))
        if owner is not None and owner != author:
            raise NotAllowed(Reason.FOREIGN_RECORD, f"{rules.kind.name} refers to another site's record")
