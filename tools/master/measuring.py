"""How right the matcher is on customers whose truth is known.

Decides what is counted. Pairs meet by the product's own keys, are weighed by the compiled model and judged by the
product's tiers and clusters, each when the later of its records comes, with what is known on that day; the truth is
used to count and for nothing else. An *error* is a link between two parties; one inside a household is told apart from
one between strangers. A *question* is what a steward would see: two clusters, however many pairs of records lie between
them; an *entity* is what hangs together by questions.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from bench.population.world import Population
from carnet_master.clusters import Authority, Decision, Effect, Party, form_clusters
from carnet_master.crowds import without_crowds
from carnet_master.features import Features
from carnet_master.keys import blocking_values, identifier_tokens
from carnet_master.limits import BLOCK_RECORDS_MAX
from carnet_master.model import shipped_model
from carnet_master.rows import row_of
from carnet_master.scorer import compile_model
from carnet_master.tiers import Judgement, Mode, Tier, effect_of, judge_beside, judge_pair
from tools.master.sources import SECRET, features_of

FIXED_BITS = 6.6294
"""The weight whose probability is 0.99."""

_CONTACTS = ("phones", "wechats", "vins", "plates", "doors")
_TOLD_EVERY = 200_000


def _silent(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One pair that met.

    Attributes:
        weight: in bits.
        is_true: whether both records are of one party.
    """

    one: str
    other: str
    weight: float
    judgement: Judgement
    is_true: bool


@dataclass(frozen=True)
class Matched:
    """A population after the matcher has seen it.

    Attributes:
        candidates: how many others each record was compared with.
        met: true pairs that shared a key.
        true_pairs: of all records.
    """

    population: Population
    features: Mapping[str, Features]
    judged: Sequence[Judged]
    candidates: Mapping[str, int]
    met: int
    true_pairs: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Precision and recall over pairs."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one mode of linking came to.

    Attributes:
        links: pairs linked by themselves.
        strangers, relatives: those of them that are wrong.
        recall: true pairs inside clusters.
        wrong_in_clusters: pairs of two parties that came into one cluster.
        held, true_held: pairs of clusters that only the mode keeps apart.
        questions, true_questions: for a steward, beside those.
        entities: what the questions are about.
        steward_recall: true pairs inside clusters once everything held is let go and every question answered rightly.
    """

    links: int
    strangers: int
    relatives: int
    recall: float
    wrong_in_clusters: int
    held: int
    true_held: int
    questions: int
    true_questions: int
    entities: int
    steward_recall: float


def match(population: Population, tell: Callable[[str], None] = _silent) -> Matched:
    """Compare all records that share a key, with the shipped models.

    Args:
        population: records and truth.
        tell: hears how far it is, now and then.
    """
    tell("reading records")
    features = in_order_of_arrival(population, features_of(population))
    speaking = speaking_on_arrival(features)
    scorers = {party: compile_model(shipped_model(party)) for party in ("person", "company")}
    rows = {key: row_of(one, scorers[one.party].model) for key, one in features.items()}
    came = {key: row_of(one, scorers[one.party].model) for key, one in speaking.items()}
    since = {key: at for at, key in enumerate(features)}
    tell("finding pairs")
    pairs = candidate_pairs(features)
    judged = []
    thirds: dict[str, list[Features]] = {}
    for one, other in pairs:
        first, last = sorted((one, other), key=since.__getitem__)
        thirds.setdefault(last, []).append(features[first])
    for at, (one, other) in enumerate(pairs):
        if at % _TOLD_EVERY == 0:
            tell(f"weighing pair {at:,} of {len(pairs):,}")
        weight, (first, last) = 0.0, sorted((one, other), key=since.__getitem__)
        own = speaking.get(last, features[last])
        if own.party == features[first].party:
            weight = scorers[own.party].score(rows[first], came.get(last, rows[last])).weight
        judged.append(_judge(population, (features[first], own, thirds[last]), (one, other), weight))
    compared: Counter[str] = Counter()
    for one, other in pairs:
        compared.update((one, other))
    truth = list(population.true_pairs())
    met = set(pairs)
    return Matched(
        population,
        features,
        judged,
        {key: compared[key] for key in features},
        sum(pair in met for pair in truth),
        len(truth),
    )


def in_order_of_arrival(population: Population, features: Mapping[str, Features]) -> dict[str, Features]:
    """The features of every record, those that were written first first."""
    days = {one.id: one.day for one in population.records}
    return {key: features[key] for key in sorted(features, key=lambda key: (days[key], key))}


def speaking_on_arrival(features: Mapping[str, Features]) -> dict[str, Features]:
    """What is compared of the records that share a contact with too many names when they come; the others are left out.

    Args:
        features: in the order of arrival.
    """
    under: dict[tuple[str, str], list[Features]] = {}
    found: dict[str, Features] = {}
    for key, own in features.items():
        values = [(column, value) for column in _CONTACTS for value in getattr(own, column)]
        others = [one for value in values for one in under.get(value, ())[-BLOCK_RECORDS_MAX:]]
        spoken = without_crowds(own, others)
        if spoken != own:
            found[key] = spoken
        for value in values:
            under.setdefault(value, []).append(own)
    return found


def candidate_pairs(features: Mapping[str, Features]) -> list[tuple[str, str]]:
    """All pairs that share a key which is not over-full, the smaller id first, sorted."""
    under: dict[object, list[str]] = {}
    for key in sorted(features):
        for value in blocking_values(features[key]):
            under.setdefault(value, []).append(key)
    found: set[tuple[str, str]] = set()
    for keys in under.values():
        if len(keys) <= BLOCK_RECORDS_MAX:
            found.update(combinations(keys, 2))
    return sorted(found)


def best_quality(matched: Matched) -> Quality:
    """Precision and recall at the weight with the best F1; true pairs that never met count as missed."""
    best, right = Quality(1.0, 0.0), 0
    ordered = sorted(matched.judged, key=lambda one: -one.weight)
    for at, one in enumerate(ordered, 1):
        right += one.is_true
        is_step = at == len(ordered) or ordered[at].weight < one.weight
        if is_step and right:
            here = Quality(right / at, right / matched.true_pairs)
            best = max(best, here, key=lambda quality: quality.f1)
    return best


def quality_at(matched: Matched, bits: float = FIXED_BITS) -> Quality:
    """Precision and recall at a fixed weight."""
    above = [one for one in matched.judged if one.weight >= bits]
    right = sum(one.is_true for one in above)
    return Quality(right / len(above), right / matched.true_pairs)


def outcome_of(matched: Matched, mode: Mode) -> Outcome:
    """What a mode links, asks and misses."""
    links = [one for one in matched.judged if effect_of(one.judgement.tier, mode) is Effect.LINK]
    asked = [one for one in matched.judged if effect_of(one.judgement.tier, mode) is Effect.PROPOSE]
    cluster_of = _clusters(matched, links)
    wrong = [one for one in links if not one.is_true]
    relatives = sum(matched.population.are_one_household(one.one, one.other) for one in wrong)
    right, false = _inside(matched, cluster_of)
    held = _questions((one for one in asked if one.judgement.tier is not Tier.STEWARD), cluster_of)
    questions = _questions((one for one in asked if one.judgement.tier is Tier.STEWARD), cluster_of)
    right_ones = [pair for pair, is_true in (*held.items(), *questions.items()) if is_true]
    answered = _joined(cluster_of, right_ones)
    return Outcome(
        links=len(links),
        strangers=len(wrong) - relatives,
        relatives=relatives,
        recall=right / matched.true_pairs,
        wrong_in_clusters=false,
        held=len(held),
        true_held=sum(held.values()),
        questions=len(questions),
        true_questions=sum(questions.values()),
        entities=_entities(questions),
        steward_recall=_inside(matched, answered)[0] / matched.true_pairs,
    )


def tiers_of(matched: Matched) -> dict[str, tuple[int, int]]:
    """Pairs and true pairs by tier and cause."""
    found: dict[str, list[int]] = {}
    for one in matched.judged:
        if one.judgement.tier is not Tier.NOTHING:
            counts = found.setdefault(f"{one.judgement.tier.value} {one.judgement.cause.value}", [0, 0])
            counts[0] += 1
            counts[1] += one.is_true
    return {name: (counts[0], counts[1]) for name, counts in sorted(found.items())}


def _judge(
    population: Population, of: tuple[Features, Features, Sequence[Features]], pair: tuple[str, str], weight: float
) -> Judged:
    """A pair as it is judged when the second comes, beside the others that share a key with that one."""
    first, last, thirds = of
    bits = max(-60.0, min(weight, 60.0))
    alone = judge_pair(first, last, probability=1 / (1 + 2**-bits))
    judgement = judge_beside(alone, last, first, thirds)
    one, other = pair
    return Judged(one, other, weight, judgement, population.party_of[one] == population.party_of[other])


def _clusters(matched: Matched, links: Iterable[Judged]) -> dict[str, str]:
    """The cluster of each record by the product's own rules; its first member stands for it."""
    since = {key: at for at, key in enumerate(matched.features)}
    parties = [
        Party(key.encode(), since[key], one.party, identifier_tokens(one, SECRET))
        for key, one in matched.features.items()
    ]
    decisions = [
        Decision(
            f"{one.one}{one.other}".encode(),
            one.one.encode(),
            one.other.encode(),
            Effect.LINK,
            Authority.AUTO,
            (max(since[one.one], since[one.other]), at),
        )
        for at, one in enumerate(links)
    ]
    found = {key: key for key in matched.features}
    for cluster in form_clusters(parties, decisions).clusters:
        for member in cluster.members:
            found[member.record.decode()] = cluster.members[0].record.decode()
    return found


def _inside(matched: Matched, cluster_of: Mapping[str, str]) -> tuple[int, int]:
    """Pairs inside clusters: of one party, and of two."""
    sizes = Counter(cluster_of.values())
    parts = Counter((cluster, matched.population.party_of[key]) for key, cluster in cluster_of.items())
    right = sum(count * (count - 1) // 2 for count in parts.values())
    return right, sum(count * (count - 1) // 2 for count in sizes.values()) - right


def _questions(asked: Iterable[Judged], cluster_of: Mapping[str, str]) -> dict[tuple[str, str], bool]:
    """Which clusters a steward is asked about, and whether the answer is yes."""
    found: dict[tuple[str, str], bool] = {}
    for one in asked:
        first, second = sorted((cluster_of[one.one], cluster_of[one.other]))
        if first != second:
            found[first, second] = found.get((first, second), False) or one.is_true
    return found


def _entities(questions: Iterable[tuple[str, str]]) -> int:
    """How many groups of clusters the questions are about."""
    pairs = list(questions)
    return len(set(_joined({one: one for pair in pairs for one in pair}, pairs).values()))


def _joined(cluster_of: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The same clusters, those of the pairs put together."""
    root: dict[str, str] = {}

    def top(cluster: str) -> str:
        """The cluster that this one ended in, found faster the next time."""
        while (above := root.get(cluster, cluster)) != cluster:
            root[cluster] = cluster = root.get(above, above)
        return cluster

    for first, second in pairs:
        one, other = sorted((top(first), top(second)))
        if one != other:
            root[other] = one
    return {key: top(cluster) for key, cluster in cluster_of.items()}
