"""What a steward looks at: a cluster, why two customers are or are not one, the queue, what was decided when.

Decides what stands together on one screen and in which order. Nothing here is masked: that is the screen's business.
Everything of one view is read in one snapshot.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.golden import Golden, golden_for, read_members
from carnet_hub.core.identities.linking import decision_of
from carnet_hub.core.identities.parties import plain_features
from carnet_hub.core.identities.relations import relations_of
from carnet_hub.core.limits import LIST_ROWS_MAX, QUEUE_PAIRS_MAX
from carnet_hub.core.master_ports import Ground
from carnet_hub.core.master_rows import DecisionRow, PartyRow, ProposalPlace, ProposalRow
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.sets.master_book import MasterBook, split_keys
from carnet_hub.core.shown import shown_values
from carnet_hub.core.stewardship.master_failures import UnknownCustomer
from carnet_hub.core.stewardship.matching import NANO, Verdict, candidates_of, judge, read_policy, speaking_features
from carnet_hub.core.stewardship.models_in_use import weighing_now
from carnet_hub.core.stewardship.stewarding import HELD, find_customer
from carnet_master.clusters import Authority, Effect, deciding, pair_of, standing_decisions
from carnet_master.features import RawCustomer, customer_features
from carnet_master.keys import blocking_keys
from carnet_master.limits import BLOCK_RECORDS_MAX
from carnet_master.tiers import Policy
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, golden_id, parse_record_text, record_text
from carnet_protocol.kinds import IDENTITY, REGISTRY


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One decision as people read it.

    Attributes:
        by: code of the steward; empty for the matcher.
        at_ms: when it was written.
        weight: in bits, as stored; None without one.
        stands: nobody has taken it back.
        target: the decision it takes back.
    """

    decision: RecordId
    one: RecordId
    other: RecordId
    effect: str
    authority: str
    cause: str
    by: str
    position: int
    at_ms: int
    weight: float | None
    stands: bool
    target: bytes | None


@dataclass(frozen=True, slots=True)
class ClusterView:
    """A customer with everything linked to it.

    Attributes:
        read: members and golden values as the hub sees them.
        former: golden ids that lead here.
        relations: (member, other customer, cause) of households and branches, also through whoever stands between.
        waiting: proposals about a member.
    """

    read: Golden
    former: tuple[RecordId, ...]
    relations: tuple[tuple[RecordId, RecordId, str], ...]
    waiting: tuple[ProposalRow, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why two customers are, or are not, one.

    Attributes:
        grounds: what the model says today; empty without a model.
        decisions: everything ever said about the two, oldest first.
        is_one: they are in one cluster.
        shared_keys: rules by which they find each other.
    """

    one: RecordId
    other: RecordId
    verdict: Verdict
    grounds: tuple[Ground, ...]
    decisions: tuple[DecisionView, ...]
    is_one: bool
    shared_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entity:
    """Proposals that are about the same people.

    Attributes:
        customers: by golden id where they have one.
        pairs: oldest first.
    """

    customers: tuple[RecordId, ...]
    pairs: tuple[ProposalRow, ...]


@dataclass(frozen=True, slots=True)
class Stats:
    """How the master stands.

    Attributes:
        clusters: how many there are by number of customers.
        waiting: proposals by cause, about which somebody has to think.
        held: the others, by cause: in mode `all` each would have been a link.
        decisions: by (effect, authority, cause), taken-back ones too.
    """

    policy: Policy
    clusters: Mapping[int, int]
    waiting: Mapping[str, int]
    held: Mapping[str, int]
    decisions: Mapping[tuple[str, str, str], int]


def find_clusters(hub: Hub, text: str) -> list[Golden]:
    """Customers by what somebody typed: an id, or numbers and names, separated by spaces.

    A name alone finds nobody: too many share it. Beside the end of a telephone number or VIN it does.
    """
    with hub.store.read() as snapshot:
        found: dict[bytes, None] = {}
        try:
            found.update(dict.fromkeys(find_customer(snapshot, parse_record_text(text))))
        except (BadValue, UnknownCustomer):
            for key in blocking_keys(customer_features(_typed(text)), hub.box.blind_key):
                found.update(dict.fromkeys(snapshot.found_by(key, BLOCK_RECORDS_MAX)))
        return _clusters(hub, snapshot, list(found))


def show_cluster(hub: Hub, record: bytes) -> ClusterView:
    """The cluster that an id leads to; a customer alone is a cluster of one.

    Raises:
        UnknownCustomer: it leads nowhere, or to a customer that was taken away.
    """
    with hub.store.read() as snapshot:
        customers = find_customer(snapshot, record)
        held = snapshot.members(customers)
        goldens = {row.golden for row in held.values()}
        everybody = [row.customer for row in snapshot.members_of(goldens)] or list(customers)
        found = _clusters(hub, snapshot, everybody)
        if not found:
            raise UnknownCustomer(record_text(record))
        read = found[0]
        rows = snapshot.decisions(everybody)
        relations = relations_of(MasterBook(snapshot), everybody)
        waiting = _waiting_about(snapshot, rows)
    former = {golden_id(RecordId(one)) for one in everybody} - {read.golden}
    shown = tuple((RecordId(one), RecordId(other), cause) for one, other, cause in relations)
    return ClusterView(read, tuple(sorted(former)), shown, waiting)


def explain_pair(hub: Hub, one: bytes, other: bytes) -> Explanation:
    """Why two customers are, or are not, one: what is said of them today, and what was decided.

    Raises:
        UnknownCustomer: one of them is not here.
    """
    with hub.store.read() as snapshot:
        parties = [_party(snapshot, record) for record in (one, other)]
        rows = [row for row in snapshot.decisions([parties[0].customer]) if row.other == parties[1].customer]
        told = deciding(standing_decisions(decision_of(row) for row in rows).values())
        counting = told.get(pair_of(parties[0].customer, parties[1].customer))
        is_apart = counting is not None and counting.effect is Effect.SPLIT and counting.authority is Authority.STEWARD
        candidates, generic = candidates_of(MasterBook(snapshot), parties[0])
        found = snapshot.parties(candidates).values()
        others = [plain_features(hub.box, row) for row in found if row.is_live]
        features = [plain_features(hub.box, party) for party in parties]
        features[0] = speaking_features(hub, features[0], generic, others)
        policy, now = read_policy(snapshot), weighing_now(hub, snapshot)
        verdict = judge(now, features[0], features[1], policy, is_told_apart=is_apart, thirds=others)
        members = snapshot.members([party.customer for party in parties])
        decisions = _views(snapshot, rows)
    homes = {row.golden for row in members.values()}
    keys = [set(split_keys(party.keys)) - generic for party in parties]
    return Explanation(
        RecordId(parties[0].customer),
        RecordId(parties[1].customer),
        verdict,
        now.weigher.explain(*features) if verdict.weighed is not None else (),
        tuple(decisions),
        len(members) == len(parties) and len(homes) == 1,
        tuple(sorted({chr(key[0]) for key in keys[0] & keys[1]})),
    )


def list_queue(hub: Hub, *, cause: str = "", is_held: bool = False, limit: int = QUEUE_PAIRS_MAX) -> list[Entity]:
    """What waits for a steward, grouped by the people it is about, oldest first.

    Args:
        cause: only this one, of whichever list; empty for all.
        is_held: what only the mode keeps from being a link, instead of what somebody has to think about.
        limit: pairs at most.
    """
    with hub.store.read() as snapshot:
        pairs: list[ProposalRow] = []
        after: ProposalPlace = (0, b"", b"")
        while len(pairs) < limit and (rows := snapshot.proposals_after(after, LIST_ROWS_MAX)):
            pairs += [row for row in rows if (row.cause == cause if cause else (row.cause in HELD) is is_held)]
            after = (rows[-1].position, rows[-1].one, rows[-1].other)
        pairs = pairs[:limit]
        members = snapshot.members({one for row in pairs for one in (row.one, row.other)})
    homes = {customer: row.golden for customer, row in members.items()}
    return _grouped(pairs, homes)


def show_history(hub: Hub, record: bytes) -> list[DecisionView]:
    """Everything ever decided about the customers that an id leads to, oldest first.

    Raises:
        UnknownCustomer: it leads nowhere.
    """
    with hub.store.read() as snapshot:
        return _views(snapshot, snapshot.decisions(find_customer(snapshot, record)))


def master_stats(hub: Hub) -> Stats:
    """How many customers are linked, and what waits."""
    with hub.store.read() as snapshot:
        counts = sorted(snapshot.proposal_counts().items())
        return Stats(
            read_policy(snapshot),
            dict(sorted(snapshot.cluster_sizes().items())),
            {cause: count for cause, count in counts if cause not in HELD},
            {cause: count for cause, count in counts if cause in HELD},
            dict(sorted(snapshot.decision_counts().items())),
        )


def read_customers(hub: Hub, customers: Iterable[bytes]) -> dict[bytes, Golden]:
    """Some customers, each alone, as the queue shows them side by side."""
    with hub.store.read() as snapshot:
        found = read_members(hub, snapshot, sorted(set(customers)))
    return {one: golden_for(golden_id(RecordId(one)), [member], None) for one, member in found.items()}


def _typed(text: str) -> RawCustomer:
    words = tuple(text.split())
    names = [word for word in words if not any(char.isdigit() for char in word)]
    numbers = tuple(word for word in words if word not in names)
    return RawCustomer(
        full_name=names[0] if names else "",
        company_name=names[0] if names and not numbers else "",
        id_type="resident_id",
        id_no=numbers[0] if numbers else "",
        credit_code=numbers[0] if numbers else "",
        phones=numbers,
        vins=numbers,
        plates=words,
    )


def _clusters(hub: Hub, snapshot: Snapshot, customers: Sequence[bytes]) -> list[Golden]:
    """The clusters of some customers, each once, those alone as clusters of one."""
    held = snapshot.members(customers)
    everybody = {row.customer for row in snapshot.members_of({row.golden for row in held.values()})} | {*customers}
    homes = {row.customer: row.golden for row in snapshot.members(everybody).values()}
    members = read_members(hub, snapshot, sorted(everybody))
    grouped: dict[bytes, list[bytes]] = {}
    for one in sorted(members):
        grouped.setdefault(homes.get(one, golden_id(RecordId(one))), []).append(one)
    return [
        golden_for(golden, sorted((members[one] for one in ids), key=lambda one: (one.since, one.source.record)), None)
        for golden, ids in sorted(grouped.items())
    ]


def _party(snapshot: Snapshot, record: bytes) -> PartyRow:
    """The oldest customer that an id leads to."""
    found = snapshot.parties(find_customer(snapshot, record))
    return min(found.values(), key=lambda row: (row.since, row.customer))


def _waiting_about(snapshot: Snapshot, rows: Sequence[DecisionRow]) -> tuple[ProposalRow, ...]:
    pairs = {pair_of(row.customer, row.other) for row in rows}
    found = snapshot.proposals({pair[0] for pair in pairs})
    return tuple(row for row in found if (row.one, row.other) in pairs)


def _views(snapshot: Snapshot, rows: Sequence[DecisionRow]) -> list[DecisionView]:
    once = {row.identity: row for row in rows}
    standing = standing_decisions(decision_of(row) for row in rows)
    records = snapshot.records(IDENTITY.number, list(once))
    times = snapshot.commit_times({row.position for row in once.values()})
    found = []
    for row in sorted(once.values(), key=lambda row: (row.position, row.op_index)):
        shown = shown_values(REGISTRY, records[row.identity])
        weight, by = shown.get("weight_nanobits"), shown.get("decided_by")
        found.append(
            DecisionView(
                RecordId(row.identity),
                RecordId(row.customer),
                RecordId(row.other),
                row.effect,
                row.authority,
                row.cause,
                by if isinstance(by, str) else "",
                row.position,
                times.get(row.position, 0),
                weight / NANO if isinstance(weight, int) else None,
                row.identity in standing,
                row.target or None,
            )
        )
    return found


def _grouped(pairs: Sequence[ProposalRow], homes: Mapping[bytes, bytes]) -> list[Entity]:
    """Pairs that share a customer, or a cluster, belong together."""
    group_of: dict[bytes, list[ProposalRow]] = {}
    for row in pairs:
        ends = [homes.get(one, one) for one in (row.one, row.other)]
        together = [row]
        for end in ends:
            known = group_of.get(end)
            if known is not None and known is not together:
                together = _joined(group_of, known, together)
        for end in ends:
            group_of[end] = together
    distinct = {id(group): group for group in group_of.values()}.values()
    entities = []
    for group in distinct:
        ordered = tuple(sorted(group, key=lambda row: (row.position, row.one, row.other)))
        ends_of = {homes.get(one, one) for row in ordered for one in (row.one, row.other)}
        entities.append(Entity(tuple(RecordId(one) for one in sorted(ends_of)), ordered))
    return sorted(entities, key=lambda one: (one.pairs[0].position, one.pairs[0].one, one.pairs[0].other))


def _joined(
    group_of: dict[bytes, list[ProposalRow]], known: list[ProposalRow], more: list[ProposalRow]
) -> list[ProposalRow]:
    """One group out of two; whoever was in either finds it."""
    known += more
    for end, group in group_of.items():
        if group is more:
            group_of[end] = known
    return known
