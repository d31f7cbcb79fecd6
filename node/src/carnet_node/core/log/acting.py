"""Who did it: each set that a logged-in person makes says so, in the set itself.

Decides what is added to such a set, and that nobody acts who has left or whose role does not allow it. Pages and
programs give the person by `acting_for`; every transaction of the returned node then goes through this module, whatever
command it carries, so no save can forget it. Does not decide how somebody proves who they are (`login`).

    node = acting_for(node, session.staff)
    save(node, command)                       # the set holds the command's ops and one staff_action
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import Acting
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.roles import Permission, all_needed, may
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import Nonce, OpId, RecordId, nonce_of, staff_action_id
from carnet_protocol.kinds import STAFF, STAFF_ACTION
from carnet_protocol.ops import Action
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import show


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a set, as far as this node knows.

    Attributes:
        staff_no, full_name: None when the record of that person has not arrived here, or was erased.
        action: what they did, as a code.
        done_at: ms since 1970, by the clock of the machine they sat at.
    """

    staff: RecordId
    staff_no: str | None
    full_name: str | None
    action: str
    done_at: int


def acting_for(node: Node, staff: RecordId, action: str | None = None) -> Node:
    """The same node, whose sets say that this person made them.

    Args:
        action: a code of at most 64 characters; None to derive it from what is written.
    """
    return replace(node, acting=Acting(staff, action))


def check_acting(node: Node, tx: ReadTransaction, drafts: Sequence[Draft]) -> None:
    """Refuse work of somebody who may not do it, inside the transaction that would save it.

    Raises:
        CommandRefused: they have left, or their role lacks a permission; nothing was written.
    """
    if node.acting is None:
        return
    staff = _staff_values(tx, node.acting.staff) or _new_staff(drafts, node.acting.staff)
    if staff.get("state") != "active":
        raise refuse("staff", ProblemCode.NOT_ALLOWED, "You are not on the staff list any more.", "Ask your manager.")
    lacking = sorted(one for one in all_needed(drafts) if not may(staff.get("role"), one))
    if lacking:
        raise refuse("staff", ProblemCode.NOT_ALLOWED, _SENTENCES[lacking[0]], "Ask somebody whose role allows it.")


def require(node: Node, tx: ReadTransaction, permission: Permission) -> None:
    """Refuse what the acting person's role does not allow; the operator of the machine may do everything.

    Raises:
        CommandRefused: they have left, or the role lacks the permission.
    """
    if node.acting is None:
        return
    staff = _staff_values(tx, node.acting.staff)
    if staff.get("state") != "active" or not may(staff.get("role"), permission):
        raise refuse("staff", ProblemCode.NOT_ALLOWED, _SENTENCES[permission], "Ask somebody whose role allows it.")


def action_draft(acting: Acting, nonce: Nonce, drafts: Sequence[Draft], now_ms: int) -> Draft:
    """The fact that somebody made the set with this nonce."""
    action = acting.action or _spoken(drafts[0])
    values: dict[str, Value] = {"staff_id": acting.staff, "action": action, "done_at": now_ms}
    return Draft(STAFF_ACTION, staff_action_id(nonce), values)


def author_of(tx: ReadTransaction, op: OpId) -> Author | None:
    """Who wrote an op of this site; None for the operator of a machine, another site or the hub."""
    stored = tx.record(STAFF_ACTION, staff_action_id(nonce_of(op)))
    if stored is None:
        return None
    values = show(STAFF_ACTION, stored.entries).values
    staff, action, done_at = (values.get(STAFF_ACTION.labels[name]) for name in ("staff_id", "action", "done_at"))
    if not isinstance(staff, bytes):
        return None
    known = _staff_values(tx, RecordId(staff))
    number, name = known.get("staff_no"), known.get("full_name")
    return Author(
        RecordId(staff),
        number if isinstance(number, str) else None,
        name if isinstance(name, str) else None,
        str(action or ""),
        done_at if isinstance(done_at, int) else 0,
    )


def writers_of(node: Node, ops: Iterable[OpId]) -> tuple[Author, ...]:
    """Who made some writes, the last one first; ops of the operator, of other sites and of the hub are left out.

    Args:
        ops: for instance the heads of a view: everybody whose word still stands in the record.
    """
    with node.store.read() as tx:
        found = {author for op in ops if (author := author_of(tx, op)) is not None}
    return tuple(sorted(found, key=lambda one: (-one.done_at, one.staff, one.action)))


def _staff_values(tx: ReadTransaction, staff: RecordId) -> dict[str, Value]:
    stored = tx.record(STAFF, staff)
    if stored is None or stored.is_deleted:
        return {}
    values = show(STAFF, stored.entries).values
    return {name: values.get(label) for name, label in STAFF.labels.items()}


def _new_staff(drafts: Sequence[Draft], staff: RecordId) -> dict[str, Value]:
    """The very first person enters themselves."""
    return next((dict(one.values) for one in drafts if one.kind is STAFF and one.record == staff), {})


def _spoken(draft: Draft) -> str:
    """What a set is about when nobody said: its first draft."""
    how = "delete" if draft.action is Action.DELETE else "edit" if draft.based_on else "add"
    return f"{draft.kind.name}.{how}"


_SENTENCES = {
    Permission.RECORD: "Your role does not record customers and vehicles.",
    Permission.WORK: "Your role does not work on repair orders.",
    Permission.SETTLE: "Your role does not settle repair orders.",
    Permission.VOID: "Your role does not void repair orders.",
    Permission.STOP_SALE: "Your role does not take note of stopped sales.",
    Permission.ARRANGE: "Your role does not arrange the day of the site.",
    Permission.CLAIMS: "Your role does not handle claims.",
    Permission.CARE: "Your role does not make care calls.",
    Permission.SHOW_PERSONAL: "Your role does not see personal values in full.",
    Permission.EXPORT: "Your role does not export lists.",
    Permission.IMPORT: "Your role does not import from a former system.",
    Permission.MANAGE_STAFF: "Your role does not manage staff.",
    Permission.OPERATE: "Your role does not operate this machine.",
}
