"""Who saw or took out values of many customers, and who asked for a value in full.

Decides what is noted and for how long. An entry names a person, how, which list, how many rows and when: never a name,
a number or what was searched for. It stays on this node; a departure lists ninety days of it: each list one by one,
and all of it added up, because values shown one by one are too many to read and too telling to leave out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from carnet_node.core.desk_limits import ACCESS_KEPT_MS, ACCESS_ROWS_MAX, BULK_ROWS_MIN, LOOK_BACK_DAYS, REPORT_ROWS_MAX
from carnet_node.core.local_facts import Access, AccessEntry
from carnet_node.core.log.acting import require
from carnet_node.core.node import Node
from carnet_node.core.roles import Permission
from carnet_protocol.ids import RecordId

_DAY_MS = 24 * 3600 * 1000
_LISTS = frozenset({Access.VIEWED, Access.EXPORTED, Access.IMPORTED})


@dataclass(frozen=True, slots=True)
class AccessSum:
    """How often somebody came to see one kind of values in one way."""

    access: Access
    subject: str
    times: int
    row_count: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class AccessReport:
    """What somebody saw and took out at this node.

    Attributes:
        since_ms, until_ms: the time it is about, ms since 1970.
        sums: all of it added up, what was seen most first.
        lists: what was viewed in bulk, exported or taken in, one by one, newest first.
        is_cut: there was more than can be listed; `sums` and `lists` are then of the newest entries.
    """

    since_ms: int
    until_ms: int
    sums: tuple[AccessSum, ...]
    lists: tuple[AccessEntry, ...]
    is_cut: bool


def note_access(node: Node, access: Access, subject: str, row_count: int = 1) -> None:
    """Note that the acting person saw or took out values.

    Args:
        subject: a list or a kind of record, in words of the program.
    """
    staff = None if node.acting is None else node.acting.staff
    now_ms = node.clock.now_ms()
    with node.store.write() as tx:
        tx.local.add_access(AccessEntry(staff, access, subject, row_count, now_ms), now_ms - ACCESS_KEPT_MS)


def list_as_taken(name: str, *, is_in_full: bool) -> str:
    """What is noted of a list that is taken out: which one, and whether what is personal in it was masked."""
    return f"{name}, in full" if is_in_full else f"{name}, masked"


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


def report_on(accesses: Sequence[AccessEntry], now_ms: int, *, days: int = LOOK_BACK_DAYS) -> AccessReport:
    """What somebody's entries of so many days come to.

    Args:
        accesses: from `accesses_of`, newest first.
        now_ms: ms since 1970.
    """
    found: dict[tuple[Access, str], list[AccessEntry]] = {}
    for one in accesses:
        found.setdefault((one.access, one.subject), []).append(one)
    sums = [
        AccessSum(access, subject, len(several), sum(one.row_count for one in several), several[0].at_ms)
        for (access, subject), several in found.items()
    ]
    lists = [one for one in accesses if one.access in _LISTS]
    return AccessReport(
        since_ms=now_ms - days * _DAY_MS,
        until_ms=now_ms,
        sums=tuple(sorted(sums, key=lambda one: (-one.row_count, one.access, one.subject))),
        lists=tuple(lists[:REPORT_ROWS_MAX]),
        is_cut=len(accesses) >= ACCESS_ROWS_MAX or len(lists) > REPORT_ROWS_MAX,
    )
