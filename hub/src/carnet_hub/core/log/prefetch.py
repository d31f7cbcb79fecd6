"""What a group of sets will ask for, fetched with a handful of look-ups.

Decides nothing: whatever is not fetched here is looked up one by one later, with the same result and more round trips.
"""

from collections.abc import Iterator, Sequence

from carnet_hub.core.identities.parties import load_parties
from carnet_hub.core.rows import LogHead, SetState
from carnet_hub.core.sets.histories import known_branches
from carnet_hub.core.sets.intake import Arrival
from carnet_hub.core.sets.ranking import seen_position
from carnet_hub.core.sets.record_book import Key
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.ids import NONCE_BYTES, OP_ID_BYTES
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.registry import Audience


def prefetch(workspace: Workspace, arrivals: Sequence[Arrival]) -> None:
    """Load the facts that some sets need into a workspace."""
    _load_sets(workspace, arrivals)
    keys, vehicles = _named(workspace, arrivals)
    workspace.book.load(keys)
    _load_erasures(workspace, keys)
    _load_routes(workspace, arrivals, keys, vehicles)
    load_parties(workspace, _spoken_of(workspace, arrivals))


def _load_erasures(workspace: Workspace, keys: set[Key]) -> None:
    """What was erased of the records that some sets write, refer to, or write for."""
    states = [workspace.book.state(key) for key in keys if workspace.hub.rules[key[0]].groups]
    parents = {state.parent for state in states if state is not None and state.parent is not None}
    workspace.load_erased(parents.union(record for kind, record in keys if workspace.hub.rules[kind].groups))


def _load_sets(workspace: Workspace, arrivals: Sequence[Arrival]) -> None:
    headers = [arrival.change_set.header for arrival in arrivals]
    nonces = {header.nonce for header in headers}
    for arrival in arrivals:
        for op in arrival.ops:
            if joined := op.based_on_joined:
                nonces.update(joined[at : at + NONCE_BYTES] for at in range(0, len(joined), OP_ID_BYTES))
    places = {(header.node_id, header.epoch, header.seq) for header in headers}
    places |= {
        (header.node_id, header.origin.parent_epoch, header.origin.parent_seq)
        for header in headers
        if header.origin is not None
    }
    nodes = {header.node_id for header in headers}
    workspace.ledger.load(nonces=nonces, nodes=nodes, places=places)
    workspace.ledger.load_waiting({header.nonce for header in headers})
    branches, head = known_branches(workspace.hub), LogHead(workspace.position, workspace.received_ms)
    workspace.load_commit_times(seen_position(header, branches, head) for header in headers)
    workspace.load_nodes({arrival.node.key_id for arrival in arrivals}, nodes)
    workspace.load_erased({record for arrival in arrivals for record in arrival.sealed_records})
    for arrival in arrivals:
        known = workspace.ledger.admission(arrival.change_set.nonce)
        if known is not None and known.void_count and known.state in (SetState.LOST, SetState.PARKED):
            workspace.load_lost(arrival.change_set.op_id(index) for index in range(len(arrival.ops)))


def _named(workspace: Workspace, arrivals: Sequence[Arrival]) -> tuple[set[Key], set[bytes]]:
    """Records that some sets write or refer to, and vehicles that they name."""
    keys: set[Key] = set()
    vehicles: set[bytes] = set()
    rules_by_kind = workspace.hub.rules
    for arrival in arrivals:
        for op in arrival.ops:
            rules = rules_by_kind.get(op.kind)
            if rules is None:
                continue
            keys.add((op.kind, op.record))
            if rules.is_anchor:
                vehicles.add(op.record)
            fields = op.fields
            if rules.anchor_label is not None and isinstance(named := fields.get(rules.anchor_label), bytes):
                vehicles.add(named)
            if rules.parent_number is not None and isinstance(named := fields.get(rules.parent_label or 0), bytes):
                keys.add((rules.parent_number, named))
            for label, kind in rules.owned_references:
                if isinstance(named := fields.get(label), bytes):
                    keys.add((kind, named))
    return keys, vehicles


def _spoken_of(workspace: Workspace, arrivals: Sequence[Arrival]) -> Iterator[bytes]:
    """Customers about whom some sets say something."""
    rules_by_kind = workspace.hub.rules
    for arrival in arrivals:
        for op in arrival.ops:
            rules = rules_by_kind.get(op.kind)
            if rules is None or not rules.tells_of_party:
                continue
            if not rules.is_of_party:
                yield op.record
                continue
            state = workspace.book.state((op.kind, op.record))
            label = rules.parent_label if rules.person_label is None else rules.person_label
            named = op.fields.get(label) if label is not None else None
            named = state.parent if named is None and state is not None else named
            if isinstance(named, bytes):
                yield named


def _load_routes(workspace: Workspace, arrivals: Sequence[Arrival], keys: set[Key], vehicles: set[bytes]) -> None:
    """Assignments of every vehicle that may be concerned; what is anchored there, for sites that are new to it."""
    book = workspace.book
    rules_by_kind = workspace.hub.rules
    lenders: set[bytes] = set()
    for key in keys:
        rules = rules_by_kind[key[0]]
        if rules.audience is not Audience.ASSIGNED:
            continue
        state = book.state(key)
        if state is not None and state.anchor is not None:
            vehicles.add(state.anchor)
        elif rules.lends_anchor:
            lenders.add(key[1])
    book.load_children(lenders)
    book.load_assignments(vehicles)
    sites = {arrival.change_set.header.dealer_id for arrival in arrivals}
    new_to_some = [one for one in vehicles if not sites <= book.assignments(one).keys()]
    book.load_anchored(new_to_some)
    book.load([(VEHICLE.number, one) for one in new_to_some])
