"""Which records follow an erasure although no order names them: they came late, and belong to somebody who was erased.

Decides that once a set is folded. Does not write the order (`latecomers`), nor decide what belongs to a person when an
order is given (`erasing`).

    what comes                          follows the erasure of                 unless
    ----------------------------------  -------------------------------------  -------------------------------------
    a record that belongs to another    the one it belongs to                  -
    a plate, a visit that names nobody  everybody its car was ever tied to     one of them was not erased; or it was
                                                                               written with the orders in sight
    a tie to an erased person           the same: plates and visits that were  the same; or they were written with
                                        here go with it                        the orders in sight

Rules:
- What comes late is treated as if it had been here when the order was given. Whoever had read the order and writes a
  plate all the same writes about somebody else; so does a set that the hub had confirmed with the order in its log
  (`order_places`).
- The groups are those that were erased of every person concerned, and those that its author did not know of: an order
  counts for the persons and groups it names. What a purge took counts for nothing here: it stands for the records it
  names alone (`erased_persons`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import Final

from carnet_hub.core.rows import LogRow
from carnet_hub.core.sets.erased_persons import RETENTION, orders_in, without_purged
from carnet_hub.core.sets.histories import known_branches
from carnet_hub.core.sets.order_places import GivenOrder, was_known
from carnet_hub.core.sets.record_book import Key, RecordState
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.changeset import Header, reread_set
from carnet_protocol.ids import OpId, nonce_of
from carnet_protocol.kinds import OWNERSHIP, PLATE, VISIT
from carnet_protocol.registry import Kind

_OWNER: Final = OWNERSHIP.labels["customer_id"]
_VISITOR: Final = VISIT.labels["customer_id"]


def note_latecomers(workspace: Workspace, row: LogRow, touched: Iterable[Key]) -> None:
    """Remember which records of a set have to be erased too.

    Args:
        workspace: changed in memory.
        row: the log entry that folded the set.
        touched: kind and id of every record of the set, folded.
    """
    states = [state for key in touched if (state := workspace.book.state(key)) is not None]
    for state in states:
        if state.rules.groups and state.parent is not None:
            _note(workspace, state, _taken_of(workspace, [state.parent]))
    for state in states:
        if state.anchor is not None and (_is_nobodys(state) or _is_erased_tie(workspace, state)):
            _note_at_car(workspace, row, state, state.anchor)


def _is_nobodys(state: RecordState) -> bool:
    """Whether a record holds values of a person whom it does not name."""
    number = state.rules.number
    return number == PLATE.number or (number == VISIT.number and state.shown(_VISITOR) is None)


def _is_erased_tie(workspace: Workspace, state: RecordState) -> bool:
    """Whether a record ties its car to somebody who was erased."""
    owner = state.shown(_OWNER) if state.rules.number == OWNERSHIP.number else None
    return isinstance(owner, bytes) and bool(_taken_of(workspace, [owner]))


def _note_at_car(workspace: Workspace, row: LogRow, state: RecordState, vehicle: bytes) -> None:
    """A plate, a visit or a tie, if its author had not read that everybody tied to the car was erased."""
    persons = {
        owner for tie in _at_car(workspace, vehicle, [OWNERSHIP]) if isinstance(owner := tie.shown(_OWNER), bytes)
    }
    taken = _taken_of(workspace, persons)
    if not taken:
        return
    orders = _orders_about(workspace, persons)
    groups = taken & ~_known_to(workspace, orders, row.nonce)
    if _is_nobodys(state):
        _note(workspace, state, groups)
        return
    for one in filter(_is_nobodys, _at_car(workspace, vehicle, [PLATE, VISIT]) if groups else ()):
        authors = {nonce_of(OpId(entry.op)) for entry in one.entries}
        known = reduce(and_, (_known_to(workspace, orders, author) for author in authors), groups)
        _note(workspace, one, groups & ~known)


def _at_car(workspace: Workspace, vehicle: bytes, kinds: Iterable[Kind]) -> list[RecordState]:
    """The records of some kinds that are anchored to a car."""
    numbers = {kind.number for kind in kinds}
    keys = [key for key in workspace.book.anchored(vehicle) if key[0] in numbers]
    workspace.book.load(keys)
    return [state for key in keys if (state := workspace.book.state(key)) is not None]


def _note(workspace: Workspace, state: RecordState, groups: int) -> None:
    """Remember a record of which something is left to be erased."""
    if groups & state.rules.groups and groups & state.rules.groups & ~_erased_of(workspace, [state.id]):
        workspace.late[state.id] = workspace.late.get(state.id, 0) | groups


def _taken_of(workspace: Workspace, persons: Collection[bytes]) -> int:
    """The groups (bits) that orders took of all of some persons; 0 for no person."""
    if not _erased_of(workspace, persons):
        return 0
    held = {person: workspace.erased[person] for person in persons}
    return reduce(and_, without_purged(workspace.hub.registry, workspace.snapshot, held).values())


def _erased_of(workspace: Workspace, records: Collection[bytes]) -> int:
    """The groups (bits) that were erased of all of some records; 0 for no record."""
    if not records:
        return 0
    workspace.load_erased(records)
    return reduce(and_, (workspace.erased[record] for record in records))


_Orders = Mapping[bytes, Sequence[tuple[GivenOrder, int]]]
"""By person, the orders about it that no purge gave, each with its groups (bits)."""


def _orders_about(workspace: Workspace, persons: Collection[bytes]) -> _Orders:
    """The orders about some persons; none of those that are not written down yet, which nobody can have read."""
    found: dict[bytes, list[tuple[GivenOrder, int]]] = {person: [] for person in persons}
    for position, ground, records, groups in orders_in(workspace.hub.registry, workspace.snapshot):
        named = records & found.keys() if ground != RETENTION else ()
        if named:
            order = GivenOrder(position, _header_of(workspace, workspace.entry(position).nonce))
            for person in named:
                found[person].append((order, groups))
    return found


def _known_to(workspace: Workspace, orders: _Orders, nonce: bytes) -> int:
    """The groups (bits) of which the author of a set knew that they were erased of every person concerned."""
    header, confirmed_in = _header_of(workspace, nonce), workspace.ledger.confirmed_in(nonce)
    branches = known_branches(workspace.hub)
    known = (
        [groups for order, groups in some if was_known(order, branches, header, confirmed_in)]
        for some in orders.values()
    )
    return reduce(and_, (reduce(or_, groups, 0) for groups in known))


def _header_of(workspace: Workspace, nonce: bytes) -> Header:
    """The header of a folded set."""
    admission = workspace.ledger.admission(nonce)
    if admission is None:
        raise AssertionError("a folded set without its admission")
    stored = workspace.entry(admission.stored_at)
    return reread_set(stored.message or b"", workspace.hub.hub_id).header
