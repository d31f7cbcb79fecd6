"""Who saw or took out values of many customers, and who asked for a value in full.

Decides what is noted and for how long. An entry names a person, how, which list, how many rows and when: never a name,
a number or what was searched for. It stays on this node; a departure lists ninety days of it.
"""

from carnet_node.core.acting import require
from carnet_node.core.desk_limits import ACCESS_KEPT_MS, ACCESS_ROWS_MAX, BULK_ROWS_MIN, LOOK_BACK_DAYS
from carnet_node.core.local_facts import Access, AccessEntry
from carnet_node.core.node import Node
from carnet_node.core.roles import Permission
from carnet_protocol.ids import RecordId

_DAY_MS = 24 * 3600 * 1000


def note_access(node: Node, access: Access, subject: str, row_count: int = 1) -> None:
    """Note that the acting person saw or took out values.

    Args:
        subject: a list or a kind of record, in words of the program.
    """
    staff = None if node.acting is None else node.acting.staff
    now_ms = node.clock.now_ms()
    with node.store.write() as tx:
        tx.local.add_access(AccessEntry(staff, access, subject, row_count, now_ms), now_ms - ACCESS_KEPT_MS)


def note_list(node: Node, subject: str, row_count: int) -> None:
    """Note a list that was shown, if it shows so many customers that it counts as viewed in bulk."""
    if row_count >= BULK_ROWS_MIN:
        note_access(node, Access.VIEWED, subject, row_count)


def begin_showing(node: Node, access: Access, subject: str) -> None:
    """Allow and note values in full, before the first one is shown or printed.

    Raises:
        CommandRefused: the role does not see them; nothing was noted.
    """
    with node.store.read() as tx:
        require(node, tx, Permission.SHOW_PERSONAL)
    note_access(node, access, subject)


def begin_export(node: Node, subject: str, row_count: int) -> None:
    """Allow and note an export, before the first row leaves.

    Raises:
        CommandRefused: the role does not export; nothing was noted.
    """
    with node.store.read() as tx:
        require(node, tx, Permission.EXPORT)
    note_access(node, Access.EXPORTED, subject, row_count)


def accesses_of(node: Node, staff: RecordId | None, *, days: int = LOOK_BACK_DAYS) -> tuple[AccessEntry, ...]:
    """What somebody saw in bulk, showed, printed or exported at this node, newest first; everybody for None."""
    with node.store.read() as tx:
        return tuple(tx.local.accesses(staff, node.clock.now_ms() - days * _DAY_MS, ACCESS_ROWS_MAX))
