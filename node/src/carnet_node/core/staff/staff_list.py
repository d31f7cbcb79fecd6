"""Who works at this site, as the records say.

Decides how a person is found by number and who counts as working here. Read by login, sessions and the staff pages.
"""

from carnet_node.core.commands.staff import folded_staff_no
from carnet_node.core.desk_limits import SAME_NUMBER_MAX, STAFF_MAX
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import Identity
from carnet_node.core.showing.record_view import RecordView, view_all, view_record
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import STAFF


def members(tx: ReadTransaction, identity: Identity) -> tuple[RecordView, ...]:
    """Everybody on the staff list of this site, those who left last; by number."""
    found = [one for one in view_all(tx, identity, tx.list_records(STAFF, None, STAFF_MAX)) if one.is_own]
    return tuple(sorted(found, key=lambda one: (not is_working(one), str(one.values.get("staff_no")), one.id)))


def member_by_no(tx: ReadTransaction, identity: Identity, staff_no: str) -> RecordView | None:
    """The person with a number; whoever works here before whoever left, the earlier record before the later."""
    return min(holders_of(tx, identity, staff_no), key=lambda one: (not is_working(one), one.id), default=None)


def holders_of(tx: ReadTransaction, identity: Identity, staff_no: str) -> tuple[RecordView, ...]:
    """Everybody of this site with a number: one person, unless machines that were apart gave it twice."""
    stored = tx.find_equal(STAFF, "staff_no", folded_staff_no(staff_no), SAME_NUMBER_MAX)
    return tuple(one for one in view_all(tx, identity, stored) if one.is_own)


def has_members(tx: ReadTransaction) -> bool:
    """Whether this site has staff at all."""
    return bool(tx.list_records(STAFF, None, 1))


def member(tx: ReadTransaction, identity: Identity, staff: RecordId) -> RecordView | None:
    """One person on the list."""
    return view_record(tx, identity, tx.record(STAFF, staff))


def is_working(view: RecordView | None) -> bool:
    """Whether somebody is on the list and has not left."""
    return view is not None and view.values.get("state") == "active"
