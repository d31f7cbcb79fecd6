"""What the hub has excluded after a key of this site was compromised, and how honest work is confirmed.

Decides what the site reads of it and what a confirmation writes. Excluded ops are void: to be based on one means to be
based on what it was based on. So a confirmation is an ordinary set of this node, under this node's key, with the same
values, based on the excluded op and on what its author had read: it names what it confirms, and stands at the same
place in history.

Rules
- One excluded set is confirmed as one set; single ops may be left out.
- What was based on an excluded op that has been confirmed since is based on the confirmation.
- An op is confirmed once. A change of keys is never confirmed: it is what a thief does first.
- Values that were erased meanwhile stay erased.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from carnet_node.core.log.authoring import SealedSet, commit_within
from carnet_node.core.log.overlay import Fate
from carnet_node.core.log.projecting import OwnWork
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import Identity
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_protocol.changeset import Draft, reread_set
from carnet_protocol.envelope import Purpose
from carnet_protocol.errors import NotAuthentic
from carnet_protocol.ids import OpId, RecordId, nonce_of
from carnet_protocol.kinds import KEY_CHANGE, REGISTRY
from carnet_protocol.limits import BASED_ON_PER_OP_MAX
from carnet_protocol.messages import ExcludedPage, ExcludedSet, open_frame
from carnet_protocol.opened import OpenedOp, open_set
from carnet_protocol.ops import Action
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Value
from carnet_protocol.seals import parse_opening, seal_places


class ExcludedLink(Protocol):
    """The question to the hub for what was excluded."""

    async def excluded(self, token: bytes, after: int) -> bytes:
        """A signed page of excluded sets behind a position."""
        ...


@dataclass(frozen=True, slots=True)
class ExcludedOp:
    """One change of a record that has no effect any more.

    Attributes:
        index: its place in the set, from 0.
        values: by field name; empty for a delete. Erased ones are missing.
        confirmed_by: the op of this node that confirms it; None while none does.
    """

    index: int
    op: OpId
    kind: Kind
    record: RecordId
    values: Mapping[str, Value]
    is_delete: bool
    confirmed_by: OpId | None


@dataclass(frozen=True, slots=True)
class ExcludedSave:
    """One save that has no effect any more.

    Attributes:
        node_id: whose key had signed it.
        position: of the hub's log entry that took its effect.
    """

    nonce: bytes
    node_id: bytes
    position: int
    time_ms: int
    ops: tuple[ExcludedOp, ...]


async def fetch_excluded(link: ExcludedLink, identity: Identity, token: bytes) -> list[ExcludedSet]:
    """Everything that was excluded of this site, oldest first.

    Raises:
        HubUnreachable, HubRefused: no answer, or a refusal.
        Malformed, NotAuthentic: not the hub's answer to this question.
    """
    found: list[ExcludedSet] = []
    after, is_last = 0, False
    while not is_last:
        message = await link.excluded(token, after)
        page = open_frame(message, ExcludedPage, identity.hub_signing_key, Purpose.FEED, identity.hub_id)
        if (page.after, page.dealer_id, page.node_id) != (after, identity.dealer_id, identity.node_id):
            raise NotAuthentic(Reason.MALFORMED, "a page that answers another question")
        found += page.sets
        is_last = page.is_last or not page.sets
        after = page.sets[-1].position if page.sets else after
    return found


def list_excluded(node: Node, sets: Sequence[ExcludedSet]) -> list[ExcludedSave]:
    """Excluded sets as people read them, with what this node has confirmed."""
    with node.store.read() as tx:
        return [_save(tx, node.identity, one) for one in sets]


def confirm_excluded(
    node: Node, sets: Sequence[ExcludedSet], nonce: bytes, indexes: Collection[int] | None = None
) -> SealedSet:
    """Confirm an excluded set, or some of its ops, with a set of this node.

    Args:
        sets: everything that was excluded, as fetched.
        nonce: of the set that is confirmed.
        indexes: places of ops in the set; None for all that can be confirmed.

    Raises:
        CommandRefused: nothing of it can be confirmed: unknown ops, confirmed before, erased, or keys.
        Refused: a value or a record this node may not write; nothing was written.
        StoreBusy, StoreBroken, WritingStopped: nothing was written.
    """
    with node.store.write() as tx:
        work = OwnWork(tx, node.identity.hub_id)
        known = {one.op: one for excluded in sets for one in _ops_of(tx, node.identity, excluded)}
        wanted = [
            one
            for one in known.values()
            if nonce_of(one.op) == nonce
            and (indexes is None or one.opened.index in indexes)
            and one.opened.op.kind != KEY_CHANGE.number
            and _is_something_left(one)
            and _confirmation(work, one) is None
        ]
        if not wanted:
            what = "Nothing of this save can be confirmed: it was confirmed before, erased, or it changes keys."
            raise refuse("set", ProblemCode.NOT_FOUND, what, "Look at `excluded list` again.")
        return commit_within(node, tx, [_draft(work, one, known) for one in wanted])


@dataclass(frozen=True, slots=True)
class _Op:
    """An op of an excluded set with its values and its id."""

    opened: OpenedOp
    op: OpId


def _ops_of(tx: ReadTransaction, identity: Identity, excluded: ExcludedSet) -> list[_Op]:
    """The ops of an excluded set; the hub has signed the page they came in, so they are not verified again.

    A value that the page is without was erased at the hub, whose order may reach this node later than the page.
    """
    change_set = reread_set(excluded.message, identity.hub_id)
    values = parse_opening(excluded.opening, change_set.ops).values
    gone = [place for place in seal_places(change_set.ops) if place not in values]
    missing = {(change_set.ops[place.op_index].record, place.group) for place in gone}

    def is_erased(record: bytes, group: int) -> bool:
        """Whether the value is gone here, or was not sent because it is gone at the hub."""
        return (record, group) in missing or bool(tx.erased_groups(RecordId(record)) >> (group - 1) & 1)

    ops = open_set(change_set, excluded.opening, REGISTRY, is_erased).ops
    return [_Op(one, change_set.op_id(one.index)) for one in ops]


def _save(tx: ReadTransaction, identity: Identity, excluded: ExcludedSet) -> ExcludedSave:
    work = OwnWork(tx, identity.hub_id)
    found = _ops_of(tx, identity, excluded)
    ops = tuple(
        ExcludedOp(
            one.opened.index,
            one.op,
            one.opened.kind,
            RecordId(one.opened.op.record),
            _named(one.opened),
            one.opened.fields is None,
            _confirmation(work, one),
        )
        for one in found
    )
    nonce = reread_set(excluded.message, identity.hub_id).nonce
    return ExcludedSave(nonce, excluded.node_id, excluded.position, excluded.time_ms, ops)


def _confirmation(work: OwnWork, excluded: _Op) -> OpId | None:
    """The standing own op that writes the same values on top of an excluded one."""
    op = excluded.opened.op
    for own in work.ops_on(op.kind, RecordId(op.record)):
        is_same = own.write.fields == excluded.opened.fields
        if is_same and own.fate is not Fate.VOID and excluded.op in own.write.based_on:
            return own.write.op
    return None


def _is_something_left(excluded: _Op) -> bool:
    """Whether an op still says something: it deletes, or not all of its values were erased."""
    return excluded.opened.op.action == Action.DELETE or bool(_named(excluded.opened))


def _draft(work: OwnWork, excluded: _Op, known: Mapping[OpId, _Op]) -> Draft:
    """The same values once more, based on the excluded op, on what it was based on, and on confirmations of that."""
    op = excluded.opened.op
    again = [_confirmation(work, known[base]) for base in op.based_on if base in known]
    based_on = dict.fromkeys((excluded.op, *op.based_on, *(one for one in again if one is not None)))
    values = _named(excluded.opened)
    return Draft(excluded.opened.kind, op.record, values, tuple(based_on)[:BASED_ON_PER_OP_MAX], Action(op.action))


def _named(opened: OpenedOp) -> dict[str, Value]:
    """Values by field name; none of a delete."""
    fields = opened.fields or {}
    return {field.name: fields[label] for label, (_, field) in opened.kind.by_label.items() if label in fields}
