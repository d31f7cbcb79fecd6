"""Who is stuck and why: the state of every node, and of the hub, in words an operator can act on.

Decides one state per node from what it last said, what the hub holds of it, and its standing. A node that has said
nothing for long is *silent*, one that says it cannot send is *stuck*; neither is guessed from the other.

    state         when (the first that fits)
    revoked       its key was revoked
    suspended     the node or its dealer is suspended or terminated
    never seen    enrolled, no hello yet
    superseded    its last hello found that
    not back      its last hello was of a history before a restore of the hub: what it holds is not known yet
    forked, rolled back    its last hello found that
    silent        no hello for a day
    failing       refused attempts since the last hello that worked
    parked        sets of it wait at the hub
    stuck         it talks to us, and its oldest unsent work is older than a day
    lagging       it has unsent work, or is more than a page behind
    healthy       none of these
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_hub.core.cursors import position_of
from carnet_hub.core.exchange.look_up_ledger import unusual_sites
from carnet_hub.core.exchange.missing import MissingSets, missing_of
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import SHARED_HISTORIES_PER_DAY_MAX, SILENT_AFTER_MS, STUCK_AFTER_MS
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import (
    AssignmentDayRow,
    DealerRow,
    EpochRow,
    HelloRow,
    Node,
    NodeStatusRow,
    SetState,
)
from carnet_hub.core.sets.assigning import DAY_MS
from carnet_hub.core.sets.hellos import kept_hellos
from carnet_hub.core.sets.histories import shared_up_to
from carnet_hub.core.shown import shown_records
from carnet_hub.core.stewardship.models_in_use import unusable_models
from carnet_master.model import PARTY_KINDS
from carnet_protocol.hello import Situation
from carnet_protocol.limits import PAGE_ROWS_MAX
from carnet_protocol.reasons import Reason, explain

_HOUR_MIN: Final = 60
_DAY_MIN: Final = 24 * 60


class NodeState(StrEnum):
    """One word per node."""

    REVOKED = "revoked"
    SUSPENDED = "suspended"
    NEVER_SEEN = "never seen"
    SUPERSEDED = "superseded"
    NOT_BACK = "not back"
    FORKED = "forked"
    ROLLED_BACK = "rolled back"
    SILENT = "silent"
    FAILING = "failing"
    PARKED = "parked"
    STUCK = "stuck"
    LAGGING = "lagging"
    HEALTHY = "healthy"


_NEXT: Final[Mapping[NodeState, str]] = {
    NodeState.REVOKED: "There is nothing to do: its key is not taken any more. Enrol the machine anew with a new code.",
    NodeState.SUSPENDED: "Decide with the dealer; `nodes resume` or `dealers resume` lets it go on with all its work.",
    NodeState.NEVER_SEEN: "Ask the dealer to start the node; enrolment itself has worked.",
    NodeState.SUPERSEDED: "Two machines run one node, or a new one has its backup: ask which is meant, stop the other.",
    NodeState.NOT_BACK: "The hub was restored: let the machine sync, it may hold confirmed work that is missing here.",
    NodeState.FORKED: "Its database was restored or copied; it opens a new epoch by itself. Look again in an hour.",
    NodeState.ROLLED_BACK: "It fetches its own lost work by itself. Look again in an hour.",
    NodeState.SILENT: "Ask the dealer whether the machine runs and is on line; `carnet-node doctor` says more.",
    NodeState.FAILING: "Look at the last failure below.",
    NodeState.PARKED: "Look at `quarantine list`; most sets go on by themselves when what they wait for arrives.",
    NodeState.STUCK: "Ask the dealer to run `carnet-node doctor`; a bundle file takes the work out by hand.",
    NodeState.LAGGING: "There is nothing to do: it is catching up.",
    NodeState.HEALTHY: "There is nothing to do.",
}


@dataclass(frozen=True, slots=True)
class NodeLine:
    """One node in a list.

    Attributes:
        behind: hub positions it has not read yet.
        parked: its sets that wait at the hub.
        refused: its sets that were refused for good.
        day: shared histories that opened to its site today, and those put off.
        status: what it last said; None before its first hello.
        missing: sets it has made that the hub has never got.
    """

    node: Node
    name: str
    site_code: str
    state: NodeState
    behind: int
    parked: int
    refused: int
    day: AssignmentDayRow
    status: NodeStatusRow | None
    missing: tuple[MissingSets, ...] = ()

    @property
    def next_step(self) -> str:
        """What the operator does about it."""
        return _NEXT[self.state]


@dataclass(frozen=True, slots=True)
class Gauges:
    """The hub in numbers, for monitoring.

    Attributes:
        position: end of the log.
        head_age_ms: since the last entry; 0 for an empty log.
        sites_at_share: sites to which no more shared histories open today.
        sites_looking: sites with an unusual number of look-ups within 24 hours.
        models_unusable: by kind of party, whether the matching model in use weighs nobody.
    """

    position: int
    head_age_ms: int
    nodes: Mapping[NodeState, int]
    parked: int
    dealers: int
    sites_at_share: int
    sites_looking: int
    models_unusable: Mapping[str, bool]


def list_nodes(hub: Hub) -> list[NodeLine]:
    """Every node with its state, by site code and name."""
    with hub.store.read() as snapshot:
        lines = _lines(hub, snapshot)
    return sorted(lines, key=lambda line: (line.site_code, line.name, line.node.node_id))


def explain_node(line: NodeLine, now_ms: int) -> list[str]:
    """Why a node is in its state, in whole sentences, the most important first."""
    status = line.status
    said = [f"The node is {line.state.value}. {line.next_step}"]
    if status is None:
        return said
    said.append(f"It last said hello {_age_text(now_ms - status.last_seen_ms)} ago.")
    if status.failures:
        said.append(f"{status.failures} attempts failed since; the last for: {_reason_text(status.last_failure)}")
    if status.unsent_sets:
        age = _age_text(now_ms - status.oldest_unsent_ms)
        said.append(f"It held {status.unsent_sets} unsent change sets then, the oldest {age} old by now.")
    if line.missing:
        runs = "; ".join(one.text for one in line.missing)
        said.append(f"Never received: {runs}. If that machine is lost, what they said has to be entered again.")
    if line.parked:
        said.append(f"{line.parked} of its change sets are parked here; `quarantine list` shows what they wait for.")
    if line.refused:
        said.append(f"{line.refused} of its change sets were refused; the dealer sees them with their reason.")
    if line.day.granted >= SHARED_HISTORIES_PER_DAY_MAX:
        said.append(
            f"{line.day.granted} histories that other sites had begun opened to its site today, which is the bound; "
            f"{line.day.put_off} more wait for their next write. Ask why, and look at `dealers assignments "
            f"{line.site_code}`."
        )
    if line.behind:
        said.append(f"It has not read the last {line.behind} positions of the hub.")
    said.append(f"Its clock differs by {abs(status.clock_offset_ms) // 1000} s; that decides nothing but a tie.")
    return said


def read_gauges(hub: Hub) -> Gauges:
    """The numbers of this moment, from one snapshot."""
    with hub.store.read() as snapshot:
        unusable = unusable_models(hub, snapshot)
        lines = _lines(hub, snapshot)
        head = snapshot.head()
        dealers = sum(1 for _ in snapshot.scan(DealerRow))
        at_share = sum(1 for row in _days(hub, snapshot) if row.granted >= SHARED_HISTORIES_PER_DAY_MAX)
        looking = unusual_sites(hub, snapshot)
    age_ms = max(0, hub.clock.now_ms() - head.received_ms) if head.position else 0
    counts = Counter(line.state for line in lines)
    parked = sum(line.parked for line in lines)
    states = {state: counts.get(state, 0) for state in NodeState}
    models = {kind: kind in unusable for kind in PARTY_KINDS}
    return Gauges(head.position, age_ms, states, parked, dealers, at_share, looking, models)


def _lines(hub: Hub, snapshot: Snapshot) -> list[NodeLine]:
    nodes = snapshot.nodes()
    statuses = snapshot.statuses([node.node_id for node in nodes])
    former = _former_ends(hub, snapshot)
    names = {
        row.id: str(values.get("node_name") or "") for row, values in shown_records(hub.registry, snapshot, "node")
    }
    sites = {dealer.dealer_id: dealer.site_code for dealer in snapshot.scan(DealerRow)}
    parked, refused = (snapshot.set_counts(int(state)) for state in (SetState.PARKED, SetState.REFUSED))
    days = {row.dealer_id: row for row in _days(hub, snapshot)}
    epochs = snapshot.epochs([node.node_id for node in nodes])
    held = {(row.node_id, row.epoch): row.head_seq for row in epochs}
    by_node: dict[bytes, list[EpochRow]] = {}
    for row in epochs:
        by_node.setdefault(row.node_id, []).append(row)
    position, now_ms = snapshot.head().position, hub.clock.now_ms()
    lines = []
    for node in nodes:
        status = _as_of_now(statuses.get(node.node_id), held)
        read = position_of(status.cursor) if status is not None else 0
        behind = max(0, position - min(read, former.get(node.node_id, read)))
        state = judge_node(
            node,
            status,
            parked=parked.get(node.node_id, 0),
            behind=behind,
            now_ms=now_ms,
            is_back=node.node_id not in former,
        )
        lines.append(
            NodeLine(
                node,
                names.get(node.node_id, ""),
                sites.get(node.dealer_id, ""),
                state,
                behind,
                parked.get(node.node_id, 0),
                refused.get(node.node_id, 0),
                days.get(node.dealer_id, AssignmentDayRow(0, node.dealer_id, 0, 0)),
                status,
                missing_of(status, by_node.get(node.node_id, [])),
            )
        )
    return lines


def _former_ends(hub: Hub, snapshot: Snapshot) -> dict[bytes, int]:
    """By node whose last hello was of another history of the hub, how much of that one is the present one still."""
    if not hub.histories:
        return {}
    said = kept_hellos(hub, snapshot.scan(HelloRow))
    epochs = {node_id: one.request.hub_epoch for node_id, one in said.items() if not one.is_present}
    shared = {epoch: shared_up_to(hub, epoch) or 0 for epoch in {*epochs.values()}}
    return {node_id: shared[epoch] for node_id, epoch in epochs.items()}


def _as_of_now(status: NodeStatusRow | None, held: Mapping[tuple[bytes, bytes], int]) -> NodeStatusRow | None:
    """What a node last said, without the queue that has arrived since then."""
    if status is None or held.get((status.node_id, status.epoch), 0) < status.head_seq:
        return status
    return status._replace(unsent_sets=0, oldest_unsent_ms=0)


def judge_node(
    node: Node, status: NodeStatusRow | None, *, parked: int, behind: int, now_ms: int, is_back: bool
) -> NodeState:
    """The first state of the table that fits.

    Args:
        parked: its sets that wait at the hub.
        behind: positions it has not read.
        now_ms: hub clock.
        is_back: its last hello was of the hub's present history.
    """
    if node.key_status == "revoked":
        return NodeState.REVOKED
    if not node.is_welcome:
        return NodeState.SUSPENDED
    if status is None or status.last_seen_ms == 0:
        return NodeState.NEVER_SEEN
    situation = _situation_state(status)
    if not is_back and situation is not NodeState.SUPERSEDED:
        return NodeState.NOT_BACK
    return situation or _traffic_state(status, parked=parked, behind=behind, now_ms=now_ms)


def _situation_state(status: NodeStatusRow) -> NodeState | None:
    match Situation(status.situation):
        case Situation.SUPERSEDED:
            return NodeState.SUPERSEDED
        case Situation.FORK:
            return NodeState.FORKED
        case Situation.ROLLED_BACK:
            return NodeState.ROLLED_BACK
        case Situation.GO:
            return None


def _traffic_state(status: NodeStatusRow, *, parked: int, behind: int, now_ms: int) -> NodeState:
    if now_ms - status.last_seen_ms > SILENT_AFTER_MS:
        return NodeState.SILENT
    if status.failures:
        return NodeState.FAILING
    if parked:
        return NodeState.PARKED
    if status.unsent_sets and now_ms - status.oldest_unsent_ms > STUCK_AFTER_MS:
        return NodeState.STUCK
    return NodeState.LAGGING if status.unsent_sets or behind > PAGE_ROWS_MAX else NodeState.HEALTHY


def _days(hub: Hub, snapshot: Snapshot) -> list[AssignmentDayRow]:
    """What opened to every site today."""
    return snapshot.assignment_days(hub.clock.now_ms() // DAY_MS)


def _reason_text(code: str) -> str:
    try:
        return explain(Reason(code)).what
    except ValueError:
        return code or "no reason given"


def _age_text(age_ms: int) -> str:
    minutes = max(0, age_ms) // 60_000
    if minutes < 2 * _HOUR_MIN:
        return f"{minutes} min"
    return f"{minutes // _HOUR_MIN} h" if minutes < 2 * _DAY_MIN else f"{minutes // _DAY_MIN} days"
