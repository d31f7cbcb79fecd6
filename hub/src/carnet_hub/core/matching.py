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
- A fold from the log never comes here. So a new model, or a new rule, moves nobody by itself.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from carnet_hub.core.authoring import write_with
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import CANDIDATES_MAX, PARTIES_PER_LOOK_UP
from carnet_hub.core.linking import decision_of
from carnet_hub.core.master_book import MasterBook, split_keys
from carnet_hub.core.master_ports import Weighed
from carnet_hub.core.master_rows import PartyRow
from carnet_hub.core.parties import plain_features
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.workspace import Workspace
from carnet_master.clusters import Authority, Decision, Effect, deciding, pair_of, standing_decisions
from carnet_master.crowds import without_crowds
from carnet_master.features import Features
from carnet_master.keys import without_generic
from carnet_master.limits import BLOCK_RECORDS_MAX
from carnet_master.tiers import Judgement, Mode, Policy, Tier, effect_of, judge_beside, judge_pair
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RECORD_RANDOM_BYTES, new_record_id
from carnet_protocol.kinds import IDENTITY
from carnet_protocol.limits import OPS_PER_SET_MAX
from carnet_protocol.registry import Value

NANO: Final = 1_000_000_000
"""A weight travels as a whole number of billionths of a bit."""

_POLICY: Final = "master_policy"
"""Setting: mode and whether a car alone is contact enough; none means the default."""

_NO_CARS: Final = "no-cars"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a pair.

    Attributes:
        weighed: None when there is no model for this kind of party.
    """

    judgement: Judgement
    weighed: Weighed | None


@dataclass(slots=True)
class _Round:
    """The customers of one transaction on their way through the matcher.

    Attributes:
        features: opened once each.
        done: pairs that were judged.
    """

    hub: Hub
    workspace: Workspace
    policy: Policy
    features: dict[bytes, Features] = field(default_factory=dict)
    done: set[tuple[bytes, bytes]] = field(default_factory=set)

    @property
    def book(self) -> MasterBook:
        """What the transaction knows of the master."""
        return self.workspace.master

    def opened(self, party: PartyRow) -> Features:
        """The features of a customer, opened when they are first asked for."""
        if party.customer not in self.features:
            self.features[party.customer] = plain_features(self.hub.box, party)
        return self.features[party.customer]


def match_fresh(hub: Hub, workspace: Workspace) -> None:
    """Decide about the customers whose features changed in this transaction, in sets of the hub's own.

    Args:
        workspace: changed in memory, and not flushed yet.
    """
    fresh = sorted(workspace.fresh_parties)
    workspace.fresh_parties.clear()
    if not fresh:
        return
    drafts = list(decisions_about(hub, workspace, fresh))
    for start in range(0, len(drafts), OPS_PER_SET_MAX):
        write_with(hub, workspace, drafts[start : start + OPS_PER_SET_MAX])


def decisions_about(hub: Hub, workspace: Workspace, customers: Sequence[bytes]) -> Iterator[Draft]:
    """What the matcher decides about some customers and has not said before; nothing is written.

    Args:
        workspace: what it knows is asked for in a handful of look-ups, whatever the number of customers.
        customers: in the order in which they are matched; two of them are compared once.
    """
    at, book = _Round(hub, workspace, read_policy(workspace.snapshot)), workspace.master
    book.load(customers)
    parties = [party for one in customers if (party := book.party(one)) is not None and party.is_live]
    for start in range(0, len(parties), PARTIES_PER_LOOK_UP):
        keys = (key for one in parties[start : start + PARTIES_PER_LOOK_UP] for key in split_keys(one.keys))
        book.load_found(list(keys))
    met = [(party, *candidates_of(book, party)) for party in parties]
    book.load({one for party, candidates, _ in met for one in (party.customer, *candidates)})
    for party, candidates, generic in met:
        yield from _decide(at, party, candidates, generic)


def read_policy(snapshot: Snapshot) -> Policy:
    """What a person has allowed the matcher; `a1` until somebody says otherwise."""
    kept = (snapshot.setting(_POLICY) or b"").decode().split()
    return Policy(Mode(kept[0]), _NO_CARS not in kept) if kept else Policy()


def write_policy(transaction: Transaction, policy: Policy) -> None:
    """Say what the matcher may do from now on; what it has decided stays."""
    words = [policy.mode.value, *([] if policy.links_by_car else [_NO_CARS])]
    transaction.set_setting(_POLICY, " ".join(words).encode())


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
    weighed = hub.weigher.weigh(one, other) if one.party == other.party and not is_told_apart else None
    judgement = judge_pair(
        one,
        other,
        probability=weighed.probability if weighed is not None else 0.0,
        is_told_apart=is_told_apart,
        links_by_car=policy.links_by_car,
    )
    return Verdict(judge_beside(judgement, one, other, thirds), weighed)


def candidates_of(book: MasterBook, party: PartyRow) -> tuple[list[bytes], frozenset[bytes]]:
    """Whom a customer is compared with, and which of its keys are generic.

    Returns: those that share most keys first, at most `CANDIDATES_MAX`.
    """
    shared: Counter[bytes] = Counter()
    generic: set[bytes] = set()
    for key in split_keys(party.keys):
        found = book.found_by(key, BLOCK_RECORDS_MAX + 1)
        if len(found) > BLOCK_RECORDS_MAX:
            generic.add(key)
        else:
            shared.update(found)
    del shared[party.customer]
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
    if not candidates:
        return
    live = [row for one in candidates if (row := at.book.party(one)) is not None and row.is_live]
    others = {row.customer: at.opened(row) for row in live}
    thirds = list(others.values())
    own = speaking_features(at.hub, at.opened(party), generic, thirds)
    said = _said_before(at.book, party.customer)
    for candidate, other in others.items():
        pair = pair_of(party.customer, candidate)
        if pair in at.done:
            continue
        at.done.add(pair)
        decided = deciding(said.get(candidate, [])).get(pair)
        if decided is not None and (decided.effect is Effect.LINK or decided.authority is Authority.STEWARD):
            continue
        verdict = judge(at.hub, own, other, at.policy, thirds=thirds)
        draft = _draft_of(at, pair, verdict, said.get(candidate, []))
        if draft is not None:
            yield draft


def _draft_of(at: _Round, pair: tuple[bytes, bytes], verdict: Verdict, said: list[Decision]) -> Draft | None:
    """The decision that a verdict makes; None for nothing, or nothing new."""
    effect = effect_of(verdict.judgement.tier, at.policy.mode)
    if effect is None or (effect is not Effect.LINK and _are_one(at.book, pair)):
        return None
    cause = cause_of(verdict.judgement)
    if any(one.effect is effect and one.cause == cause for one in said):
        return None
    values = {"effect": effect.value, "authority": "auto", "cause": cause, **evidence_of(verdict.weighed)}
    return draft_decision(at.hub, pair, values)


def cause_of(judgement: Judgement) -> str:
    """Why, as a code: the tier in front where it links."""
    is_link = judgement.tier in {Tier.A1, Tier.A2, Tier.A3}
    return f"{judgement.tier.value}:{judgement.cause.value}" if is_link else judgement.cause.value


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
    one, other = (book.member(customer) for customer in pair)
    return one is not None and other is not None and one.golden == other.golden
