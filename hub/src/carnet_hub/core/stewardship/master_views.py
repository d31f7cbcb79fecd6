"""What a steward looks at: a cluster, why two customers are or are not one, what was decided when.

Decides what stands together on one screen and in which order. Nothing here is masked: that is the screen's business.
Everything of one view is read in one snapshot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.golden import Golden, golden_for, read_members
from carnet_hub.core.identities.linking import decision_of
from carnet_hub.core.identities.parties import plain_features
from carnet_hub.core.identities.relations import relations_of
from carnet_hub.core.master_ports import Ground
from carnet_hub.core.master_rows import DecisionRow, PartyRow, ProposalRow
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.sets.master_book import MasterBook, split_keys
from carnet_hub.core.shown import shown_values
from carnet_hub.core.stewardship.causes import HELD
from carnet_hub.core.stewardship.master_failures import UnknownCustomer
from carnet_hub.core.stewardship.matching import NANO, Verdict, candidates_of, judge, read_policy, speaking_features
from carnet_hub.core.stewardship.models_in_use import weighing_now
from carnet_hub.core.stewardship.stewarding import find_customer
from carnet_master.clusters import Authority, Effect, deciding, pair_of, standing_decisions
from carnet_master.features import Features, RawCustomer, customer_features
from carnet_master.keys import PHONE_TAIL_DIGITS, VIN_TAIL_CHARS, blocking_keys
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

    A name alone finds nobody: too many share it. Beside the last four digits of a telephone number, or the last six
    characters of a VIN, it does.
    """
    with hub.store.read() as snapshot:
        found: dict[bytes, None] = {}
        try:
            found.update(dict.fromkeys(find_customer(snapshot, parse_record_text(text))))
        except (BadValue, UnknownCustomer):
            for key in blocking_keys(_with_ends(customer_features(_typed(text)), text), hub.box.blind_key):
                found.update(dict.fromkeys(snapshot.found_by(key, BLOCK_RECORDS_MAX)))
        return _clusters(hub, snapshot, list(found))


def show_cluster(hub: Hub, record: bytes) -> ClusterView:
    """The cluster that an id leads to; a customer alone is a cluster of one.

    Raises:
        UnknownCustomer: it leads nowhere, or to a customer that was taken away.
    """
    with hub.store.read() as snapshot:
        everybody = _linked(snapshot, record)
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
        Unusable: both ids lead to one and the same record.
    """
    with hub.store.read() as snapshot:
        parties = [_party(snapshot, record) for record in (one, other)]
        if parties[0].customer == parties[1].customer:
            raise Unusable("Both ids lead to one record.", "Name two records of the customer, see `master show`.")
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


def show_history(hub: Hub, record: bytes) -> list[DecisionView]:
    """Everything ever decided about the customer that an id leads to, and about those linked to it, oldest first.

    Raises:
        UnknownCustomer: it leads nowhere.
    """
    with hub.store.read() as snapshot:
        return _views(snapshot, snapshot.decisions(_linked(snapshot, record)))


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


def _with_ends(features: Features, text: str) -> Features:
    """The same, with the words that may be the end of a telephone number or of a VIN: a desk often has no more."""
    words = text.upper().split()
    phones = tuple(one for one in words if len(one) == PHONE_TAIL_DIGITS and one.isdigit())
    vins = tuple(one for one in words if len(one) == VIN_TAIL_CHARS and one.isascii() and one.isalnum())
    return features._replace(phones=(*features.phones, *phones), vins=(*features.vins, *vins))


def _linked(snapshot: Snapshot, record: bytes) -> list[bytes]:
    """The customers that are one with the one that an id leads to, this among them.

    Raises:
        UnknownCustomer: it leads nowhere.
    """
    customers = find_customer(snapshot, record)
    goldens = {row.golden for row in snapshot.members(customers).values()}
    return [row.customer for row in snapshot.members_of(goldens)] or list(customers)


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
