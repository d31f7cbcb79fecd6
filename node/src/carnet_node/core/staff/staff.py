"""The people of a site: the first one, the next ones, start codes, and what happens when somebody leaves.

Decides who may do that to whom, and what a departure moves. Records of staff sync within the site; credentials are of
this node. All of it is one transaction each time, so access ends in the moment in which the departure is recorded.

Rules:
- The first person of a site becomes its administrator; nobody can set up a second time.
- Only an administrator makes, changes or dismisses an administrator, and one always remains. The last one who can log
  in at this machine gets no start code from themselves: whoever looks after the machine gives it on the command line.
- A number belongs to one person for good: old orders name it.
- Who leaves loses password, start code and sessions at once. Open orders move to the colleague named, else to a
  manager; unsaved forms go along. Customers stay with the site, because no customer names a person.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import draft_edit
from carnet_node.core.commands.staff import add_staff, edit_staff, leave_staff, return_staff
from carnet_node.core.desk_limits import OPS_BESIDE_MAX, ORDERS_HANDED_OVER_MAX
from carnet_node.core.local_facts import AccessEntry, Credential
from carnet_node.core.local_ports import PasswordHasher
from carnet_node.core.log.acting import require
from carnet_node.core.log.authoring import commit_within
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import Acting
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.roles import Permission, may
from carnet_node.core.saving.basis import read_of_view
from carnet_node.core.saving.desk import new_ids
from carnet_node.core.saving.form_drafts import hand_over_drafts
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_node.core.staff.access_log import accesses_of
from carnet_node.core.staff.browser_sessions import OpenedSession, open_session
from carnet_node.core.staff.login import NO_CODE, NO_PASSWORD, check_password, name_hash_of, new_start_code
from carnet_node.core.staff.staff_list import has_members, is_working, member, member_by_no, members
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import VISIT

ADMINISTRATOR: Final = "administrator"


@dataclass(frozen=True, slots=True)
class Member:
    """A person as the staff page shows them.

    Attributes:
        has_password: they can log in at this node.
        code_until_ms: a start code waits for them until then; None for none.
    """

    view: RecordView
    has_password: bool
    code_until_ms: int | None


@dataclass(frozen=True, slots=True)
class Departure:
    """What a departure moved, and what the person saw.

    Attributes:
        successor: who took over; None when nobody was left to.
        accesses: what they viewed in bulk, showed, printed or exported at this node in ninety days, newest first.
    """

    staff: RecordView
    successor: RecordView | None
    orders: int
    drafts: int
    accesses: tuple[AccessEntry, ...]


def is_set_up(node: Node) -> bool:
    """Whether this site has staff; without, the first page is the set-up."""
    with node.store.read() as tx:
        return has_members(tx)


def can_anybody_log_in(node: Node) -> bool:
    """Whether somebody has a password at this machine: people reach every machine of a site, passwords do not."""
    with node.store.read() as tx:
        return any(one.password_hash != NO_PASSWORD for one in tx.local.credentials())


def list_staff(node: Node) -> tuple[Member, ...]:
    """Everybody, those who left last; by number."""
    with node.store.read() as tx:
        known = {one.staff: one for one in tx.local.credentials()}
        return tuple(_member_of(node, one, known.get(one.id)) for one in members(tx, node.identity))


def set_up(node: Node, hasher: PasswordHasher, values: Values, password: str) -> OpenedSession:
    """Enter the first person of a site, its administrator, and log them in.

    Args:
        values: `staff_no` and `full_name`.

    Raises:
        CommandRefused: somebody was entered before, or a value or the password is none; nothing was saved.
    """
    drafts = add_staff({**values, "role": ADMINISTRATOR}, new_ids(node))
    check_password(password, str(drafts[0].values["staff_no"]))
    encoded = hasher.hash(password)
    staff = RecordId(drafts[0].record)
    with node.store.write() as tx:
        if has_members(tx):
            what = "This site has staff already."
            raise refuse("staff_no", ProblemCode.ALREADY_THERE, what, "Log in, or use a start code.")
        commit_within(replace(node, acting=Acting(staff, "site.set-up")), tx, drafts)
        tx.local.put_credential(Credential(staff, encoded, NO_CODE, 0, node.clock.now_ms()))
        return open_session(node, tx, staff)


def add_member(node: Node, values: Values) -> tuple[RecordId, str]:
    """Somebody starts to work here.

    Raises:
        CommandRefused: not allowed, the number is taken, or a value is none.

    Returns: their record, and the start code with which they choose a password at this node.
    """
    drafts = add_staff(values, new_ids(node))
    staff_no, staff = str(drafts[0].values["staff_no"]), RecordId(drafts[0].record)
    with node.store.write() as tx:
        _require_over(node, tx, drafts[0].values.get("role"))
        if member_by_no(tx, node.identity, staff_no) is not None:
            what = "This staff number is or was somebody's; old orders name it."
            raise refuse("staff_no", ProblemCode.ALREADY_THERE, what, "Choose another number.")
        commit_within(node, tx, drafts)
        return staff, new_start_code(node, tx, staff)


def edit_member(node: Node, staff: RecordId, changes: Values, based_on: str | None = None) -> bool:
    """Another name or role.

    Args:
        based_on: the heads that a page was rendered from; None for whoever looks and changes in one go.

    Raises:
        CommandRefused: not allowed, unknown, the last administrator, or a value that is none.
        Malformed: heads that no view gave out.

    Returns: whether anything changed.
    """
    with node.store.write() as tx:
        view = _known(node, tx, staff)
        drafts = edit_staff(view.read() if based_on is None else read_of_view(view, based_on, changes), changes)
        _require_over(node, tx, view.values.get("role"), changes.get("role"))
        if any(draft.values.get("role", ADMINISTRATOR) != ADMINISTRATOR for draft in drafts):
            _require_another_administrator(node, tx, view)
        if drafts:
            commit_within(node, tx, drafts)
        return bool(drafts)


def require_code_for(node: Node, staff: RecordId) -> None:
    """Accept somebody who is to get a new start code.

    Raises:
        CommandRefused: as `issue_start_code`.
    """
    with node.store.read() as tx:
        _code_holder(node, tx, staff)


def issue_start_code(node: Node, staff: RecordId) -> str:
    """A start code for somebody who has no password here, or forgot it; password and sessions end.

    Raises:
        CommandRefused: not allowed, unknown, somebody who left, or oneself as the last administrator who can log in
            here; nothing was changed.
    """
    with node.store.write() as tx:
        view = _code_holder(node, tx, staff)
        tx.local.drop_login_failures(name_hash_of(str(view.values.get("staff_no")), is_known=True))
        return new_start_code(node, tx, staff)


def let_leave(node: Node, staff: RecordId, successor: RecordId | None = None) -> Departure:
    """Somebody stops working here.

    Args:
        successor: takes over open orders and unsaved forms; None for a manager, else an administrator.

    Raises:
        CommandRefused: not allowed, unknown, left before, the last administrator, or a successor who does not work
            here; nothing was changed.
    """
    accesses = accesses_of(node, staff)
    with node.store.write() as tx:
        view = _known(node, tx, staff)
        _require_over(node, tx, view.values.get("role"))
        drafts = leave_staff(view.read())
        _require_another_administrator(node, tx, view)
        heir = _successor(node, tx, view, successor)
        moved = _moved_orders(node, tx, view, heir)
        for chunk in _chunks((*moved, *drafts)):
            commit_within(node, tx, chunk)
        tx.local.drop_credential(staff)
        tx.local.drop_sessions_of(staff)
        forms = 0 if heir is None else hand_over_drafts(tx, staff, heir.id)
        return Departure(view, heir, len(moved), forms, accesses)


def heir_of(node: Node, staff: RecordId) -> RecordView | None:
    """Who takes over from somebody who leaves when nobody is named; None when nobody is left to."""
    with node.store.read() as tx:
        return _usual_heir(one for one in members(tx, node.identity) if is_working(one) and one.id != staff)


def take_back(node: Node, staff: RecordId) -> str:
    """Somebody who left works here again.

    Raises:
        CommandRefused: not allowed, unknown, or never left.

    Returns: their start code.
    """
    with node.store.write() as tx:
        view = _known(node, tx, staff)
        _require_over(node, tx, view.values.get("role"))
        commit_within(node, tx, return_staff(view.read()))
        return new_start_code(node, tx, staff)


def _member_of(node: Node, view: RecordView, credential: Credential | None) -> Member:
    if credential is None:
        return Member(view, has_password=False, code_until_ms=None)
    has_code = credential.code_hash != NO_CODE and node.clock.now_ms() < credential.code_until_ms
    return Member(view, bool(credential.password_hash), credential.code_until_ms if has_code else None)


def _known(node: Node, tx: ReadTransaction, staff: RecordId) -> RecordView:
    view = member(tx, node.identity, staff)
    if view is None:
        raise refuse("staff", ProblemCode.NOT_FOUND, "Nobody here has this number.", "Look at the staff list.")
    return view


def _code_holder(node: Node, tx: ReadTransaction, staff: RecordId) -> RecordView:
    """Who is to get a start code, where they may."""
    view = _known(node, tx, staff)
    _require_over(node, tx, view.values.get("role"))
    if not is_working(view):
        raise refuse("staff", ProblemCode.LOCKED, "This person has left.", "Take them back first.")
    is_self = node.acting is not None and node.acting.staff == staff
    is_administrator = view.values.get("role") == ADMINISTRATOR
    if is_self and is_administrator and not _administrators_here(node, tx, but=staff):
        what = "You are the last administrator who can log in at this machine; a start code would end that."
        how = "Change your password instead. If it is forgotten: `carnet-node staff reset` on the command line."
        raise refuse("staff", ProblemCode.LOCKED, what, how)
    return view


def _require_over(node: Node, tx: ReadTransaction, *roles: object) -> None:
    """Refuse a person who may not manage staff, or may not manage somebody of these roles."""
    require(node, tx, Permission.MANAGE_STAFF)
    if node.acting is None or ADMINISTRATOR not in roles:
        return
    actor = member(tx, node.identity, node.acting.staff)
    if actor is None or actor.values.get("role") != ADMINISTRATOR:
        what = "Only an administrator decides about administrators."
        raise refuse("role", ProblemCode.NOT_ALLOWED, what, "Ask an administrator.")


def _require_another_administrator(node: Node, tx: ReadTransaction, view: RecordView) -> None:
    if view.values.get("role") == ADMINISTRATOR and not _administrators(node, tx, but=view.id):
        what = "This is the last administrator of the site."
        raise refuse("role", ProblemCode.LOCKED, what, "Make somebody else an administrator first.")


def _administrators(node: Node, tx: ReadTransaction, *, but: RecordId) -> list[RecordView]:
    """The administrators of the site without one of them."""
    working = (one for one in members(tx, node.identity) if is_working(one) and one.id != but)
    return [one for one in working if one.values.get("role") == ADMINISTRATOR]


def _administrators_here(node: Node, tx: ReadTransaction, *, but: RecordId) -> list[RecordView]:
    """Those of them who have a password at this node."""
    known = ((one, tx.local.credential(one.id)) for one in _administrators(node, tx, but=but))
    return [one for one, credential in known if credential is not None and credential.password_hash != NO_PASSWORD]


def _successor(node: Node, tx: ReadTransaction, leaving: RecordView, named: RecordId | None) -> RecordView | None:
    """Who takes over: the one named, else a manager, else an administrator."""
    working = [one for one in members(tx, node.identity) if is_working(one) and one.id != leaving.id]
    if named is not None:
        heir = next((one for one in working if one.id == named), None)
        if heir is None or not may(heir.values.get("role"), Permission.WORK):
            what = "The colleague who is to take over does not work on orders here."
            raise refuse("successor", ProblemCode.NOT_FOUND, what, "Choose somebody from the staff list.")
        return heir
    return _usual_heir(working)


def _usual_heir(working: Iterable[RecordView]) -> RecordView | None:
    """Who takes over when nobody is named: a manager, else an administrator."""
    by_role = {str(one.values.get("role")): one for one in working}
    return by_role.get("manager") or by_role.get(ADMINISTRATOR)


def _moved_orders(node: Node, tx: ReadTransaction, leaving: RecordView, heir: RecordView | None) -> list[Draft]:
    """Open orders of somebody who leaves, under the number of whoever takes over."""
    if heir is None:
        return []
    number = str(leaving.values.get("staff_no"))
    stored = tx.orders_of_advisor(node.identity.dealer_id, number, ORDERS_HANDED_OVER_MAX)
    mine = view_all(tx, node.identity, stored)
    drafts = (draft_edit(VISIT, one.read(), {"advisor_code": heir.values.get("staff_no")}) for one in mine)
    return [draft for draft in drafts if draft is not None]


def _chunks(drafts: Sequence[Draft]) -> Iterator[Sequence[Draft]]:
    for at in range(0, len(drafts), OPS_BESIDE_MAX):
        yield drafts[at : at + OPS_BESIDE_MAX]
