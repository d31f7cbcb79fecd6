"""What some records mean for the hub itself: keys, dealer sites, erasures.

Decides, after a set was folded, how the tables that admission asks change when a `node`, `key_change`, `revocation`,
`dealer_site` or `erasure` was among its records. All of it is a function of the shown state of those records, so a fold
from the log arrives at the same tables.

Rules:
- A node's present key is that of its latest accepted key change, else the one it enrolled with; earlier ones are
  retired. Latest in the log: clocks say nothing about it.
- A revoked key stays revoked; a suspended node suspends its present key. Retired and revoked keys sign nothing any
  more.
- An erasure is for ever: values go from the log's openings, from states and from settled values, and whatever arrives
  late is covered too. Its record may be retracted; what it erased does not come back.
"""

from collections.abc import Iterable
from typing import Final

from carnet_hub.core.at_rest import keep_opening, plain_opening
from carnet_hub.core.hub import Hub
from carnet_hub.core.rows import DealerRow, KeyRow, LogRow
from carnet_hub.core.sets.record_book import Key, RecordState
from carnet_hub.core.sets.routing import touch
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.changeset import reread_set
from carnet_protocol.envelope import key_id_of
from carnet_protocol.errors import BadValue
from carnet_protocol.orders import read_erasure
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import show
from carnet_protocol.seals import erase_from_opening, parse_opening, seal_places
from carnet_protocol.state import Withheld, withhold

_ACTIVE: Final = "active"
_RETIRED: Final = "retired"
_REVOKED: Final = "revoked"


def apply_effects(workspace: Workspace, touched: Iterable[Key], position: int) -> None:
    """Bring keys, sites and erasures up to date with some records.

    Args:
        workspace: changed in memory; the records are folded.
        touched: kind and id of every record of the set.
        position: of the log entry that folded it.
    """
    registry = workspace.hub.registry
    node, site = registry["node"].number, registry["dealer_site"].number
    about_a_node = {registry["key_change"].number, registry["revocation"].number}
    erasure = registry["erasure"].number
    nodes: dict[bytes, None] = {}
    for kind, record in touched:
        state = workspace.book.state((kind, record))
        if state is None:
            continue
        if kind == node:
            nodes[record] = None
        elif kind in about_a_node and state.parent is not None:
            nodes[state.parent] = None
        elif kind == site:
            _note_site(workspace, state)
        elif kind == erasure:
            _erase(workspace, state, position)
    for node_id in nodes:
        _note_keys(workspace, node_id)


def erasures_in(hub: Hub, row: LogRow) -> list[tuple[bytes, int]]:
    """(record, groups) of every erasure order in one of the hub's sets, read off its signed bytes."""
    kind = hub.registry["erasure"]
    ids, groups = kind.labels["record_ids"], kind.labels["groups"]
    found: list[tuple[bytes, int]] = []
    for op in reread_set(row.message or b"", hub.hub_id).ops:
        if op.kind == kind.number:
            found += _orders(op.fields.get(ids), op.fields.get(groups))
    return found


def shown_fields(state: RecordState) -> dict[str, Value]:
    """What a record shows, by field name."""
    kind = state.rules.kind
    values = show(kind, state.entries).values
    return {kind.by_label[label][1].name: value for label, value in values.items() if label in kind.by_label}


def _note_site(workspace: Workspace, state: RecordState) -> None:
    values = shown_fields(state)
    row = DealerRow(state.id, str(values.get("site_code") or ""), str(values.get("status") or ""))
    workspace.new_dealers[state.id] = row


def _note_keys(workspace: Workspace, node_id: bytes) -> None:
    """Work out every key of a node anew."""
    state = workspace.book.state((workspace.hub.registry["node"].number, node_id))
    if state is None:
        return
    values = shown_fields(state)
    dealer = values.get("dealer_id")
    keys = [pair for pair in (_key_pair(values, ""), *_key_changes(workspace, node_id)) if pair is not None]
    if not keys or not isinstance(dealer, bytes):
        return
    status = str(values.get("status") or _ACTIVE)
    current = key_id_of(keys[-1][0])
    if current in revoked_keys(workspace, node_id):
        status = _REVOKED
    rows = {row.key_id: row._replace(status=_RETIRED) for row in workspace.keys_of(node_id)}
    for signing, exchange in keys:
        key_id = key_id_of(signing)
        rows[key_id] = KeyRow(key_id, node_id, dealer, signing, exchange, status if key_id == current else _RETIRED)
    workspace.new_keys.update(rows)


def _key_changes(workspace: Workspace, node_id: bytes) -> list[tuple[bytes, bytes] | None]:
    """The keys that replaced the first one, as the log has them: each was certified by one that was there already."""
    number = workspace.hub.registry["key_change"].number
    found = [state for state in workspace.book.children(node_id) if state.rules.number == number]
    standing = [(state, values) for state in found if not (values := shown_fields(state)).get("retracted")]
    standing.sort(key=lambda pair: pair[0].changed)
    return [_key_pair(values, "new_") for _, values in standing]


def revoked_keys(workspace: Workspace, node_id: bytes) -> set[bytes]:
    """Ids of the keys of a node that were revoked, replaced ones among them."""
    number = workspace.hub.registry["revocation"].number
    found = [shown_fields(state) for state in workspace.book.children(node_id) if state.rules.number == number]
    keys = [values.get("key_id") for values in found if not values.get("retracted")]
    return {key for key in keys if isinstance(key, bytes)}


def _key_pair(values: dict[str, Value], prefix: str) -> tuple[bytes, bytes] | None:
    signing, exchange = values.get(f"{prefix}signing_key"), values.get(f"{prefix}exchange_key")
    if not isinstance(signing, bytes):
        return None
    return signing, exchange if isinstance(exchange, bytes) else b""


def _erase(workspace: Workspace, state: RecordState, position: int) -> None:
    """Make an erasure order good everywhere."""
    values = shown_fields(state)
    orders = _orders(values.get("record_ids"), values.get("groups"))
    if not orders:
        return
    records, groups = sorted({record for record, _ in orders}), orders[0][1]
    for record in records:
        workspace.erase(record, groups)
    hit: dict[Key, set[int]] = {}
    for held_at in workspace.ledger.sealed_positions(records):
        for key, registers in _erase_opening(workspace, held_at, set(records), groups).items():
            hit.setdefault(key, set()).update(registers)
    for key in sorted(hit):
        _erase_state(workspace, key, frozenset(hit[key]), position)


def _orders(joined: object, groups: object) -> list[tuple[bytes, int]]:
    """(record, groups) of an erasure order; none of one that cannot be read."""
    if not isinstance(joined, bytes) or not isinstance(groups, int):
        return []
    try:
        order = read_erasure(joined, groups)
    except BadValue:
        return []
    return [(record, groups) for record in order.records]


def _erase_opening(workspace: Workspace, held_at: int, records: set[bytes], groups: int) -> dict[Key, set[int]]:
    """Take what is erased out of one log entry's opening.

    Returns: which registers of which records it held; read off the seals, so that registers of a newer version count
    too.
    """
    row = workspace.entry(held_at)
    if row.message is None:
        return {}
    ops = reread_set(row.message, workspace.hub.hub_id).ops
    kept = workspace.openings.get(held_at, row.opening)
    if kept:
        opening = parse_opening(plain_opening(workspace.hub.box, kept, row.nonce), ops)
        left = erase_from_opening(opening, lambda place: workspace.is_erased(ops[place.op_index].record, place.group))
        if left is not opening:
            workspace.change_opening(
                row, keep_opening(workspace.hub.box, left.encode(seal_places(ops)), ops, row.nonce)
            )
    hit: dict[Key, set[int]] = {}
    for op in ops:
        if op.record in records:
            for number, group in op.sealed_registers.items():
                if groups >> (group - 1) & 1:
                    hit.setdefault((op.kind, op.record), set()).add(number)
    return hit


def _erase_state(workspace: Workspace, key: Key, registers: frozenset[int], position: int) -> None:
    state = workspace.book.state(key)
    if state is None:
        return
    state.entries = withhold(state.entries, registers, Withheld.ERASED)
    workspace.forget_writes(key)
    gone = [row for row in workspace.book.settled(key) if row.register_no in registers]
    workspace.book.forget_settled(gone)
    touch(workspace, state, position)
