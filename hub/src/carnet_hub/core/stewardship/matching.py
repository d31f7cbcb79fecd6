"""Who may be the same as whoever has just arrived: candidates by key, a weight, a tier, and what is decided of it.

Decides, before the transaction that brings customers is written down, which `identity` decisions the matcher makes
about them: they stand in the log as one more set of the hub. Does not decide what a pair is worth
(`carnet_master.tiers`) nor what decisions come to (`linking`).

Rules:
- Only customers whose features changed are matched, each pair once, and what has been decided before is not said again:
  matching twice decides nothing the second time.
- A key that too many customers share is generic: it finds nobody, and its value says nothing for a pair. A contact
  under more names than a family has says nothing either.
- A steward's word is never touched: two that were told apart are not asked about again, two that were linked are.
- The matcher's own links are looked at again when one of the two has changed (`standing_links`).
- Who is near whom is said once, not for every pair (`relations`).
- A fold from the log never comes here. So a new model, or a new rule, moves nobody by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.linking import decision_of
from carnet_hub.core.identities.parties import features_of
from carnet_hub.core.identities.relations import Related, is_news
from carnet_hub.core.identities.standing_links import review_links
from carnet_hub.core.limits import CANDIDATES_MAX, PARTIES_PER_LOOK_UP
from carnet_hub.core.log.authoring import write_with
from carnet_hub.core.master_limits import MET_PER_CUSTOMER_MAX
from carnet_hub.core.master_ports import Weighed
from carnet_hub.core.master_rows import PartyRow
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.sets.master_book import MasterBook, split_keys
from carnet_hub.core.sets.workspace import Workspace
from carnet_hub.core.stewardship.models_in_use import POLICY, weighing_now
from carnet_master.clusters import DOUBTED, Authority, Decision, Effect, deciding, pair_of, standing_decisions
from carnet_master.common_ground import Ground, common_ground
from carnet_master.crowds import without_crowds
from carnet_master.features import Features
from carnet_master.keys import without_generic
from carnet_master.limits import BLOCK_RECORDS_MAX
from carnet_master.tiers import (
    TOLD_APART,
    Judgement,
    Mode,
    Policy,
    Tier,
    effect_of,
    judge_beside,
    judge_ground,
    judge_unweighed,
)
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RECORD_RANDOM_BYTES, new_record_id
from carnet_protocol.kinds import IDENTITY
from carnet_protocol.limits import OPS_PER_SET_MAX
from carnet_protocol.registry import Value

NANO: Final = 1_000_000_000
"""A weight travels as a whole number of billionths of a bit."""

_NO_CARS: Final = "no-cars"

REFUTED: Final = "refuted"
SETTLED: Final = "settled"
"""Causes of the matcher's own retractions: a link that is contradicted, a question that has answered itself."""

_BY_MATCHER: Final[Mapping[str, Value]] = {"authority": "auto"}


_LINKING: Final = frozenset({Tier.A1, Tier.A2, Tier.A3})


class Verdict(NamedTuple):
    """What is said of a pair.

    Attributes:
        weighed: None when there is no model for this kind of party, or nothing that a weight would change.
    """

    judgement: Judgement
    weighed: Weighed | None


class _Finding(NamedTuple):
    """Something new about a pair.

    Attributes:
        age: the place in the log of the older of the two.
    """

    pair: tuple[bytes, bytes]
    effect: Effect
    cause: str
    weighed: Weighed | None
    age: int


@dataclass(slots=True)
class _Round:
    """The customers of one transaction on their way through the matcher.

    Attributes:
        book: what the transaction knows of the master.
        done: pairs that were judged.
        reviewed: links that were taken back or doubted, questions that were settled.
        parted: pairs whose link was taken back.
        related: who was linked and related so far.
    """

    hub: Hub
    workspace: Workspace
    policy: Policy
    book: MasterBook
    done: set[tuple[bytes, bytes]] = field(default_factory=set)
    reviewed: set[bytes] = field(default_factory=set)
    parted: set[tuple[bytes, bytes]] = field(default_factory=set)
    related: Related = field(default_factory=Related)

    def opened(self, party: PartyRow) -> Features:
        """The features of a customer, opened when they are first asked for."""
        return features_of(self.workspace, party)

    def is_erased(self, customer: bytes) -> bool:
        """Whether anything of a customer was erased."""
        self.workspace.load_erased([customer])
        return self.workspace.erased[customer] != 0


def match_fresh(hub: Hub, workspace: Workspace) -> int:
    """Decide about the customers whose features changed in this transaction, in sets of the hub's own.

    Args:
        workspace: changed in memory, and not flushed yet.

    Returns: how many decisions it has written.
    """
    fresh = sorted(workspace.fresh_parties)
    workspace.fresh_parties.clear()
    if not fresh:
        return 0
    drafts = list(decisions_about(hub, workspace, fresh))
    for start in range(0, len(drafts), OPS_PER_SET_MAX):
        write_with(hub, workspace, drafts[start : start + OPS_PER_SET_MAX])
    return len(drafts)


def decisions_about(hub: Hub, workspace: Workspace, customers: Sequence[bytes]) -> Iterator[Draft]:
    """What the matcher decides about some customers and has not said before; nothing is written.

    Args:
        workspace: what it knows is asked for in a handful of look-ups, whatever the number of customers.
        customers: in the order in which they are matched; two of them are compared once.
    """
    book, snapshot = workspace.master, workspace.snapshot
    at = _Round(weighing_now(hub, snapshot), workspace, read_policy(snapshot), book)
    book.load_parties(customers)
    parties = [party for one in customers if (party := book.party(one)) is not None and party.is_live]
    for start in range(0, len(parties), PARTIES_PER_LOOK_UP):
        some = parties[start : start + PARTIES_PER_LOOK_UP]
        keys = [key for one in some for key in split_keys(one.keys)]
        book.load_met(keys, MET_PER_CUSTOMER_MAX * (1 + len(some)))
    met = [(party, *candidates_of(book, party)) for party in parties]
    book.load({one for party, candidates, _ in met for one in (party.customer, *candidates)})
    for party, candidates, generic in met:
        yield from _decide(at, party, candidates, generic)


def read_policy(snapshot: Snapshot) -> Policy:
    """What a person has allowed the matcher; `a1` until somebody says otherwise."""
    kept = (snapshot.setting(POLICY) or b"").decode().split()
    return Policy(Mode(kept[0]), _NO_CARS not in kept) if kept else Policy()


def write_policy(transaction: Transaction, policy: Policy) -> None:
    """Say what the matcher may do from now on; what it has decided stays."""
    words = [policy.mode.value, *([] if policy.links_by_car else [_NO_CARS])]
    transaction.set_setting(POLICY, " ".join(words).encode())


def judge(
    hub: Hub,
    one: Features,
    other: Features,
    policy: Policy,
    *,
    is_told_apart: bool = False,
    thirds: Sequence[Features] = (),
) -> Verdict:
    """What is said of two customers.

    Args:
        one, other: without generic values.
        thirds: others that share a key with them.
    """
    if is_told_apart:
        return Verdict(TOLD_APART, None)
    return _weighed(hub, one, other, common_ground(one, other), policy, thirds=thirds)


def judge_arrival(hub: Hub, own: Features, other: Features, policy: Policy, thirds: Sequence[Features]) -> Verdict:
    """As `judge`, without a weight for what no weight changes: a relation, or nothing.

    Args:
        own: of the customer that came; without generic values, as the others are.
        thirds: all that share a key with it.
    """
    ground = common_ground(own, other)
    unweighed = judge_unweighed(ground)
    if unweighed is not None:
        return Verdict(unweighed, None)
    return _weighed(hub, own, other, ground, policy, thirds=thirds)


def _weighed(
    hub: Hub, one: Features, other: Features, ground: Ground, policy: Policy, *, thirds: Sequence[Features]
) -> Verdict:
    weighed = hub.weigher.weigh(one, other) if ground.are_one_kind else None
    probability = weighed.probability if weighed is not None else 0.0
    judgement = judge_ground(ground, probability, links_by_car=policy.links_by_car)
    return Verdict(judge_beside(judgement, one, other, thirds), weighed)


def candidates_of(book: MasterBook, party: PartyRow) -> tuple[list[bytes], frozenset[bytes]]:
    """Whom a customer is compared with, and which of its keys are generic.

    Returns: those that share most keys first, at most `CANDIDATES_MAX`.
    """
    shared: dict[bytes, int] = {}
    generic: set[bytes] = set()
    for key in split_keys(party.keys):
        found = book.found_by(key, BLOCK_RECORDS_MAX + 1)
        if len(found) > BLOCK_RECORDS_MAX:
            generic.add(key)
            continue
        for one in found:
            shared[one] = shared.get(one, 0) + 1
    shared.pop(party.customer, None)
    ordered = sorted(shared, key=lambda one: (-shared[one], one))
    return ordered[:CANDIDATES_MAX], frozenset(generic)


def speaking_features(hub: Hub, features: Features, generic: frozenset[bytes], others: Sequence[Features]) -> Features:
    """What of a customer is compared: no generic values, and no contact under more names than a family has.

    Args:
        generic: keys, as `candidates_of` says.
        others: the candidates.
    """
    own = without_generic(features, generic, hub.box.blind_key) if generic else features
    return without_crowds(own, others)


def draft_decision(hub: Hub, pair: tuple[bytes, bytes], values: dict[str, Value]) -> Draft:
    """A decision about two customers, to be written."""
    record = new_record_id(hub.clock.now_ms(), hub.entropy.random_bytes(RECORD_RANDOM_BYTES))
    stated = {name: value for name, value in values.items() if value is not None}
    return Draft(IDENTITY, record, {"one_id": pair[0], "other_id": pair[1], **stated})


def evidence_of(weighed: Weighed | None) -> dict[str, Value]:
    """What a decision keeps of a weight."""
    if weighed is None:
        return {}
    weight = round(weighed.weight * NANO)
    return {"weight_nanobits": weight, "levels": weighed.levels, "model_id": weighed.model_id}


def _decide(at: _Round, party: PartyRow, candidates: Sequence[bytes], generic: frozenset[bytes]) -> Iterator[Draft]:
    """What is decided about one customer: its own links first, then whoever shares a key with it."""
    said = _said_before(at.book, party.customer)
    if said:
        yield from _review(at, party.customer, said)
    if candidates:
        found = list(_judge_candidates(at, party, candidates, generic, said))
        yield from (_drafted(at, one) for one in _news(at, found, candidates))


def _judge_candidates(
    at: _Round,
    party: PartyRow,
    candidates: Sequence[bytes],
    generic: frozenset[bytes],
    said: dict[bytes, list[Decision]],
) -> Iterator[_Finding]:
    live = [row for one in candidates if (row := at.book.party(one)) is not None and row.is_live]
    thirds = [at.opened(row) for row in live]
    own = speaking_features(at.hub, at.opened(party), generic, thirds)
    for row, other in zip(live, thirds, strict=True):
        pair = pair_of(party.customer, row.customer)
        if pair in at.done:
            continue
        at.done.add(pair)
        spoken = said.get(row.customer, ())
        decided = deciding(spoken).get(pair) if spoken else None
        if decided is not None and (decided.effect is Effect.LINK or decided.authority is Authority.STEWARD):
            continue
        verdict = judge_arrival(at.hub, own, other, at.policy, thirds)
        found = _finding_of(at, pair, verdict, spoken, age=min(party.since, row.since))
        if found is not None:
            yield found


def _news(at: _Round, found: list[_Finding], candidates: Sequence[bytes]) -> Iterator[_Finding]:
    """Findings, links in front and older customers before younger ones, without relations that say nothing new."""
    for one in sorted(found, key=lambda one: (one.effect is not Effect.LINK, one.age, one.pair)):
        if one.effect is Effect.RELATE:
            if one.pair not in at.parted and not is_news(at.book, at.related, one.pair, candidates, one.cause):
                continue
            at.related.relate(one.pair, one.cause)
        elif one.effect is Effect.LINK:
            at.related.link(one.pair)
        yield one


def _finding_of(
    at: _Round, pair: tuple[bytes, bytes], verdict: Verdict, said: Sequence[Decision], *, age: int
) -> _Finding | None:
    """What a verdict comes to; None for nothing, or nothing new."""
    effect = effect_of(verdict.judgement.tier, at.policy.mode)
    if effect is None:
        return None
    if effect is not Effect.LINK and pair not in at.parted and _are_one(at.book, pair):
        return None
    cause = cause_of(verdict.judgement)
    if said and any(one.effect is effect and one.cause == cause for one in said):
        return None
    return _Finding(pair, effect, cause, verdict.weighed, age)


def _review(at: _Round, customer: bytes, said: dict[bytes, list[Decision]]) -> Iterator[Draft]:
    """What becomes of the matcher's own links about a customer; what is taken back is no longer among what was said."""
    found = review_links(at.book, customer, said, features_of=at.opened, is_erased=at.is_erased)
    settled = [one for one in found.grounded if _would_link(at, one.pair)]
    at.parted.update(one.pair for one in found.refuted)
    taken = [*((one, REFUTED) for one in found.refuted), *((one, SETTLED) for one in settled)]
    for one, cause in taken:
        yield from _said_once(at, one, {"effect": "retract", "cause": cause, "target_id": one.id})
    for one in found.doubted:
        yield from _said_once(at, one, {"effect": "propose", "cause": DOUBTED})
    gone = {*found.refuted, *settled}
    for decisions in said.values():
        decisions[:] = [one for one in decisions if one not in gone]


def _said_once(at: _Round, about: Decision, values: dict[str, Value]) -> Iterator[Draft]:
    """A word about an earlier decision, unless the other customer has brought it in this round."""
    if about.id not in at.reviewed:
        at.reviewed.add(about.id)
        yield draft_decision(at.hub, about.pair, {**values, **_BY_MATCHER})


def _would_link(at: _Round, pair: tuple[bytes, bytes]) -> bool:
    """Whether two would be linked today by a matcher that may link all it is sure of."""
    one, other = (at.book.party(customer) for customer in pair)
    if one is None or other is None:
        return False
    verdict = judge(at.hub, at.opened(one), at.opened(other), Policy(Mode.ALL))
    return effect_of(verdict.judgement.tier, Mode.ALL) is Effect.LINK


def _drafted(at: _Round, found: _Finding) -> Draft:
    values: dict[str, Value] = {"effect": found.effect.value, **_BY_MATCHER, "cause": found.cause}
    return draft_decision(at.hub, found.pair, {**values, **evidence_of(found.weighed)})


def cause_of(judgement: Judgement) -> str:
    """Why, as a code: the tier in front where it links."""
    tier, cause = judgement
    return f"{tier}:{cause}" if tier in _LINKING else str(cause)


def _said_before(book: MasterBook, customer: bytes) -> dict[bytes, list[Decision]]:
    """What stands about a customer and each other one."""
    rows = book.decisions(customer)
    if not rows:
        return {}
    standing = standing_decisions(decision_of(row) for row in rows).values()
    found: dict[bytes, list[Decision]] = {}
    for one in standing:
        found.setdefault(one.other if one.one == customer else one.one, []).append(one)
    return found


def _are_one(book: MasterBook, pair: tuple[bytes, bytes]) -> bool:
    one = book.member(pair[0])
    other = book.member(pair[1]) if one is not None else None
    return one is not None and other is not None and one.golden == other.golden
