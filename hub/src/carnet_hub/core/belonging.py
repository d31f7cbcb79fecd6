"""Which records follow an erasure although no order names them: they came late, and belong to somebody who was erased.

Decides that once a set is folded. Does not write the order (`latecomers`), nor decide what belongs to a person when an
order is given (`erasing`).

    what comes                          follows the erasure of                 unless
    ----------------------------------  -------------------------------------  -------------------------------------
    a record that belongs to another    the one it belongs to                  -
    a plate, a visit that names nobody  everybody its car was ever tied to     one of them was not erased; or its
                                                                               author had read the last order
    a tie to an erased person           the same: plates and visits that were  the same
                                        here go with it

Rules:
- What comes late is treated as if it had been here when the order was given. Whoever had read the order and writes a
  plate all the same writes about somebody else.
- The groups are those that were erased of every person concerned.
"""

from collections.abc import Collection, Iterable, Set
from functools import reduce
from operator import and_
from typing import Final

from carnet_hub.core.ranking import seen_position
from carnet_hub.core.record_book import Key, RecordState
from carnet_hub.core.rows import LogHead, LogRow
from carnet_hub.core.shown import shown_records
from carnet_hub.core.workspace import Workspace
from carnet_protocol.changeset import reread_set
from carnet_protocol.kinds import ERASURE, OWNERSHIP, PLATE, VISIT
from carnet_protocol.orders import read_erasure
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
            _note(workspace, state, _erased_of(workspace, [state.parent]))
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
    return isinstance(owner, bytes) and bool(_erased_of(workspace, [owner]))


def _note_at_car(workspace: Workspace, row: LogRow, state: RecordState, vehicle: bytes) -> None:
    """A plate, a visit or a tie, if its author had not read that everybody tied to the car was erased."""
    persons = {
        owner for tie in _at_car(workspace, vehicle, [OWNERSHIP]) if isinstance(owner := tie.shown(_OWNER), bytes)
    }
    groups = _erased_of(workspace, persons)
    if not groups or _seen(workspace, row) >= _ordered_at(workspace, persons, row.position):
        return
    for one in [state] if _is_nobodys(state) else filter(_is_nobodys, _at_car(workspace, vehicle, [PLATE, VISIT])):
        _note(workspace, one, groups)


def _at_car(workspace: Workspace, vehicle: bytes, kinds: Iterable[Kind]) -> list[RecordState]:
    """The records of some kinds that are anchored to a car."""
    numbers = {kind.number for kind in kinds}
    keys = [key for key in workspace.book.anchored(vehicle) if key[0] in numbers]
    workspace.book.load(keys)
    return [state for key in keys if (state := workspace.book.state(key)) is not None]


def _note(workspace: Workspace, state: RecordState, groups: int) -> None:
    """Remember a record of which something is left to be erased."""
    if groups & state.rules.groups and groups & state.rules.groups & ~_erased_of(workspace, [state.id]):
        workspace.late[state.id] = groups


def _erased_of(workspace: Workspace, records: Collection[bytes]) -> int:
    """The groups (bits) that were erased of all of some records; 0 for no record."""
    if not records:
        return 0
    workspace.load_erased(records)
    return reduce(and_, (workspace.erased[record] for record in records))


def _seen(workspace: Workspace, row: LogRow) -> int:
    """The log position that the author of a set had read."""
    admission = workspace.ledger.admission(row.nonce)
    if admission is None:
        raise AssertionError("a folded set without its admission")
    stored = workspace.entry(admission.stored_at)
    header = reread_set(stored.message or b"", workspace.hub.hub_id).header
    return seen_position(header, workspace.hub.known_histories, LogHead(workspace.position, workspace.received_ms))


def _ordered_at(workspace: Workspace, persons: Set[bytes], position: int) -> int:
    """Position of the last order about some persons; of this entry for one that is not written down yet."""
    found: list[int] = []
    for row, values in shown_records(workspace.hub.registry, workspace.snapshot, ERASURE.name):
        joined, groups = values.get("record_ids"), values.get("groups")
        if isinstance(joined, bytes) and isinstance(groups, int):
            found += [row.changed] if persons & {*read_erasure(joined, groups).records} else []
    return max(found, default=position)
