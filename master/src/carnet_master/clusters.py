"""From decisions to clusters: which source records are one person or company, by everything that was decided.

Decides which decisions still stand, which links are refused although they stand, and the golden id of every cluster.
Does not decide whether two records are the same (`tiers`, or a steward) nor which of their values is shown
(`survivorship`). Everything here is a function of the set of decisions and of what the records show, so the order of
arrival and repeats play no part, and a part of the graph that nothing links to another can be worked out alone.

Rules:
- Per pair the standing decision is the one of the highest (authority, place in the log, id): a steward beats the
  matcher, later beats earlier.
- A decision that is retracted, by nobody of lower authority, does not stand. So does a retraction that is retracted.
- Standing links are followed stewards' first, then oldest first. One that would bring two records together between
  which a split stands is refused, whatever lies between them; so is one that would put persons and companies together.
- The matcher's links are also refused where valid document numbers would differ inside the cluster, and beyond the
  size limit. A steward's are not. What a steward has joined stays with all that the matcher had joined to either part:
  two numbers that a steward called one person's are no difference any more, and each part brings its own limit.
- A proposal with the cause `DOUBTED` asks about a link of the matcher that stands, and only while it does.
- The golden id is lent by the record that the hub's log knew first. The others' own ids lead to it.

    >>> parties = [Party(b"a" * 16, 1), Party(b"b" * 16, 2)]
    >>> link = Decision(b"d" * 16, b"a" * 16, b"b" * 16, Effect.LINK, Authority.AUTO, (3, 0))
    >>> [len(one.members) for one in form_clusters(parties, [link]).clusters]
    [2]
"""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from carnet_master.limits import CLUSTER_MEMBERS_MAX, UNDOCUMENTED_MEMBERS_MAX
from carnet_protocol.ids import RecordId, golden_id

Pair = tuple[bytes, bytes]
"""Two records, the smaller id first."""

DOUBTED: Final = "link_doubtful"
"""Cause of a proposal about a link of the matcher that it would not make today."""

_COMPANY: Final = "company"


class Effect(StrEnum):
    """What a decision says about two records; the codes of the registry."""

    LINK = "link"
    SPLIT = "split"
    RETRACT = "retract"
    RELATE = "relate"
    """The same household, the same car: near each other and not the same."""
    PROPOSE = "propose"
    DISMISS = "dismiss"
    """A steward looked at a proposal and could not tell."""
    PIN = "pin"
    """A steward says whose value is shown: about one record, with the group of fields as its cause."""


class Authority(IntEnum):
    """Who decided; a higher one beats a lower one."""

    AUTO = 1
    STEWARD = 2


class Refusal(StrEnum):
    """Why a link that stands does not bring its records together."""

    NOT_SAME = "not_same"
    """A split stands between two records that it would put into one cluster."""
    PARTY_KIND = "party_kind"
    """A person and a company."""
    IDENTIFIERS = "identifiers"
    """Two valid document numbers that differ; a steward may link all the same."""
    SIZE = "size"
    """More records than a cluster may have."""


@dataclass(frozen=True, slots=True)
class Party:
    """A source record as clusters see it.

    Attributes:
        since: position of the log entry that first folded it.
        kind: person, company, or empty while nobody has said.
        identifiers: its valid document numbers, hashed.
    """

    record: bytes
    since: int
    kind: str = ""
    identifiers: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """One `identity` record.

    Attributes:
        place: log position and index within the set: which of two is later.
        cause: tier, guard or a steward's reason, as a code.
        target: the decision that a retraction takes back.
    """

    id: bytes
    one: bytes
    other: bytes
    effect: Effect
    authority: Authority
    place: tuple[int, int]
    cause: str = ""
    target: bytes | None = None

    @property
    def pair(self) -> Pair:
        """The two records, the smaller id first."""
        return pair_of(self.one, self.other)

    @property
    def rank(self) -> tuple[int, tuple[int, int], bytes]:
        """Order among decisions about one pair."""
        return (self.authority, self.place, self.id)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Source records that are one person or company.

    Attributes:
        golden: its golden id.
        members: oldest first.
    """

    golden: RecordId
    members: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class RefusedLink:
    """A link that stands and is not followed: somebody should look at it."""

    decision: Decision
    why: Refusal


@dataclass(frozen=True, slots=True)
class Clusters:
    """All clusters of some records, by golden id, and the links that were not followed, by place."""

    clusters: tuple[Cluster, ...]
    refused: tuple[RefusedLink, ...]


def pair_of(one: bytes, other: bytes) -> Pair:
    """Two records, the smaller id first."""
    return (one, other) if one < other else (other, one)


def standing_decisions(decisions: Iterable[Decision]) -> dict[bytes, Decision]:
    """Decisions that nobody has taken back, by id; retractions that stand are among them."""
    by_id = {one.id: one for one in decisions}
    taken_back: set[bytes] = set()
    for one in sorted(by_id.values(), key=lambda one: (one.place, one.id), reverse=True):
        target = by_id.get(one.target or b"") if one.effect is Effect.RETRACT and one.id not in taken_back else None
        if target is not None and target.authority <= one.authority and target.place < one.place:
            taken_back.add(target.id)
    return {name: one for name, one in by_id.items() if name not in taken_back}


def deciding(standing: Iterable[Decision]) -> dict[Pair, Decision]:
    """Per pair the link or split that counts."""
    found: dict[Pair, Decision] = {}
    for one in standing:
        if one.effect in (Effect.LINK, Effect.SPLIT):
            held = found.get(one.pair)
            if held is None or one.rank > held.rank:
                found[one.pair] = one
    return found


def open_proposals(standing: Collection[Decision], refused: Iterable[RefusedLink]) -> dict[Pair, tuple[Decision, str]]:
    """What waits for a steward: the proposal of each pair that nothing later has answered, and links that were refused.

    Args:
        standing: decisions that nobody has taken back.

    Returns: by pair, the decision to look at and its cause; a refused link's cause is the guard that stopped it.
    """
    answered = deciding(standing)
    dismissed: dict[Pair, tuple[int, int]] = {}
    for one in standing:
        if one.effect is Effect.DISMISS:
            dismissed[one.pair] = max(one.place, dismissed.get(one.pair, one.place))
    found: dict[Pair, tuple[Decision, str]] = {}
    for one in sorted(standing, key=lambda one: (one.place, one.id)):
        is_open = one.effect is Effect.PROPOSE and _is_open_question(one, answered.get(one.pair))
        if is_open and dismissed.get(one.pair, (0, 0)) < one.place:
            found[one.pair] = (one, one.cause)
    for refusal in refused:
        link = refusal.decision
        if dismissed.get(link.pair, (0, 0)) < link.place:
            found[link.pair] = (link, refusal.why.value)
    return found


def _is_open_question(proposal: Decision, answer: Decision | None) -> bool:
    """Whether the link or split that counts leaves a proposal unanswered."""
    if proposal.cause != DOUBTED:
        return answer is None
    is_matchers = answer is not None and answer.effect is Effect.LINK and answer.authority is Authority.AUTO
    return answer is not None and is_matchers and answer.place < proposal.place


def form_clusters(parties: Iterable[Party], decisions: Iterable[Decision]) -> Clusters:
    """The clusters of some records.

    Args:
        parties: every record to place; decisions about others have no effect.
        decisions: in any order, repeats allowed; everything decided about these records.
    """
    known = {one.record: one for one in parties}
    counting = deciding(standing_decisions(decisions).values())
    within = {pair: one for pair, one in counting.items() if pair[0] in known and pair[1] in known}
    apart = _apart(one.pair for one in within.values() if one.effect is Effect.SPLIT)
    links = [one for one in within.values() if one.effect is Effect.LINK]
    groups = {record: _Group({record: one}) for record, one in known.items()}
    refused = []
    for link in sorted(links, key=lambda one: (-one.authority, one.place, one.id)):
        one, other = groups[link.one], groups[link.other]
        if one is other:
            continue
        why = _objection(one, other, apart, link.authority)
        if why is not None:
            refused.append(RefusedLink(link, why))
            continue
        joined, added = (one, other) if len(one.members) >= len(other.members) else (other, one)
        joined.members |= added.members
        joined.stewards_links += added.stewards_links + int(link.authority is Authority.STEWARD)
        groups.update(dict.fromkeys(joined.members, joined))
    refused = [one for one in refused if groups[one.decision.one] is not groups[one.decision.other]]
    distinct = {id(one): one for one in groups.values()}.values()
    clusters = sorted((_cluster(one.members.values()) for one in distinct), key=lambda one: one.golden)
    return Clusters(tuple(clusters), tuple(sorted(refused, key=lambda one: one.decision.place)))


@dataclass(slots=True, eq=False)
class _Group:
    """A cluster on its way, by record, and how many links of stewards it took."""

    members: dict[bytes, Party]
    stewards_links: int = 0


def _cluster(members: Iterable[Party]) -> Cluster:
    ordered = tuple(sorted(members, key=lambda one: (one.since, one.record)))
    return Cluster(golden_id(RecordId(ordered[0].record)), ordered)


def _apart(pairs: Iterable[Pair]) -> Mapping[bytes, Set[bytes]]:
    """For each record the ones it is not."""
    found: dict[bytes, set[bytes]] = {}
    for one, other in pairs:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


def _objection(one: _Group, other: _Group, apart: Mapping[bytes, Set[bytes]], authority: Authority) -> Refusal | None:
    """Why two clusters must not become one; None when they may."""
    if any(not apart.get(record, frozenset()).isdisjoint(other.members) for record in one.members):
        return Refusal.NOT_SAME
    together = [*one.members.values(), *other.members.values()]
    kinds = {party.kind for party in together} - {""}
    if len(kinds) > 1:
        return Refusal.PARTY_KIND
    if len(together) > CLUSTER_MEMBERS_MAX:
        return Refusal.SIZE
    if authority is Authority.STEWARD:
        return None
    identifiers = frozenset().union(*(party.identifiers for party in together))
    if _differ(_identifiers(one), _identifiers(other)):
        return Refusal.IDENTIFIERS
    members_max = UNDOCUMENTED_MEMBERS_MAX * (1 + one.stewards_links + other.stewards_links)
    if not identifiers and kinds != {_COMPANY} and len(together) > members_max:
        return Refusal.SIZE
    return None


def _identifiers(group: _Group) -> frozenset[bytes]:
    return frozenset().union(*(party.identifiers for party in group.members.values()))


def _differ(some: frozenset[bytes], others: frozenset[bytes]) -> bool:
    """Whether each side has a document number that the other has not."""
    return not some <= others and not others <= some
