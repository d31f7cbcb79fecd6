"""What a re-link says about some pairs: the online matcher's own word on each, as of now.

Decides which pairs are looked at at all, what is compared of the two, and under which cause something is proposed. Does
not decide which pairs there are nor how they are written down (`relinking`).

Rules:
- Compared is what arrival would compare: a contact under too many names is nobody's own, and a namesake behind a
  contact makes name and contact a question. Both can only be said by a third that shares a contact with one of the
  two, so nobody else is asked for, and a third is opened only where its word could count.
- A customer of whom something was erased is left alone: an erasure says nothing about who somebody is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.linking import decision_of
from carnet_hub.core.identities.parties import plain_features
from carnet_hub.core.master_rows import PartyRow
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.relink_limits import KEYS_PER_LOOK_UP
from carnet_hub.core.sets.master_book import MasterBook, split_keys
from carnet_hub.core.stewardship.matching import Verdict, candidates_of, cause_of, evidence_of, judge, speaking_features
from carnet_hub.core.stewardship.models_in_use import weighing_now
from carnet_hub.core.stewardship.relink_failures import ModelChanged
from carnet_master.clusters import DOUBTED, Authority, Decision, Effect, Pair, deciding, standing_decisions
from carnet_master.features import Features
from carnet_master.keys import Block
from carnet_master.limits import BLOCK_RECORDS_MAX, NAMES_AT_HOME_MAX
from carnet_master.tiers import Policy, Tier, effect_of, judge_beside
from carnet_protocol.registry import Value

_LINKING: Final = frozenset({Tier.A1, Tier.A2, Tier.A3})
_BY_NAME: Final = frozenset({Tier.A2, Tier.A3})
"""Links by a name and what stands beside it: a third may know a namesake."""

_BESIDE: Final = frozenset(
    block.value.encode() for block in (Block.PHONE, Block.WECHAT, Block.VIN, Block.PLATE, Block.DOOR, Block.IDENTITY)
)
"""Letters of keys whose values others may take away: contacts, which may be a crowd's, and whatever may be generic."""


@dataclass(frozen=True, slots=True)
class Rules:
    """By what is judged, for the length of a run.

    Attributes:
        models: ids of the models that the engine weighs with, by kind of party.
        full: keys that too many customers share.
    """

    policy: Policy
    models: Mapping[str, bytes]
    full: frozenset[bytes]


def read_rules(snapshot: Snapshot, policy: Policy, models: Mapping[str, bytes]) -> Rules:
    """By what is judged from now on."""
    return Rules(policy, models, snapshot.full_keys(BLOCK_RECORDS_MAX))


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked for.

    Attributes:
        concerns: whether a pair is looked at, by what was said of it.
        cause: of a proposal; None for nothing to propose.
    """

    concerns: Callable[[MasterBook, Pair], bool]
    cause: Callable[[Verdict, Policy], str | None]


def judged_pairs(
    hub: Hub, rules: Rules, look: Look, snapshot: Snapshot, book: MasterBook, *, pairs: Sequence[Pair]
) -> Iterator[tuple[Pair, dict[str, Value]]]:
    """What is proposed about each of some pairs.

    Args:
        book: of the snapshot.

    Raises:
        ModelChanged: the online matcher has another model than the engine.
    """
    customers = {one for pair in pairs for one in pair}
    book.load(customers)
    erased = snapshot.erased(customers)
    looked_at = [pair for pair in pairs if erased.keys().isdisjoint(pair) and look.concerns(book, pair)]
    opened = _Opened(weighing_now(hub, snapshot), book)
    opened.prepare({one for pair in looked_at for one in pair})
    for pair in looked_at:
        verdict = _verdict(rules, opened, pair)
        cause = look.cause(verdict, rules.policy) if verdict is not None else None
        if verdict is not None and cause is not None:
            said: dict[str, Value] = {"effect": Effect.PROPOSE.value, "authority": "auto", "cause": cause}
            yield pair, {**said, **evidence_of(verdict.weighed)}


@dataclass(slots=True)
class _Opened:
    """What is compared of customers, each opened once and when it is needed, and who shares a contact with them.

    Attributes:
        plain: as they were sealed.
        speaking: without what says nothing beside the others.
        beside: by customer, who shares a contact with it, and which of its keys are generic.
    """

    hub: Hub
    book: MasterBook
    plain: dict[bytes, Features] = field(default_factory=dict)
    speaking: dict[bytes, Features] = field(default_factory=dict)
    beside: dict[bytes, tuple[list[bytes], frozenset[bytes]]] = field(default_factory=dict)

    def prepare(self, customers: Iterable[bytes]) -> None:
        """Ask at once for all who share a contact with some customers."""
        parties = [party for one in sorted(customers) if (party := self.book.party(one)) is not None]
        told = [party._replace(keys=_keys_beside(party)) for party in parties]
        keys = sorted({key for party in told for key in split_keys(party.keys)})
        for start in range(0, len(keys), KEYS_PER_LOOK_UP):
            self.book.load_found(keys[start : start + KEYS_PER_LOOK_UP])
        self.beside = {party.customer: candidates_of(self.book, party) for party in told}
        self.book.load({one for others, _ in self.beside.values() for one in others})

    def of(self, party: PartyRow) -> Features:
        """What is compared of a customer."""
        known = self.speaking.get(party.customer)
        if known is None:
            others, generic = self.beside[party.customer]
            crowd = self._open(others) if len(others) >= NAMES_AT_HOME_MAX else []
            known = speaking_features(self.hub, self._plain(party), generic, crowd)
            self.speaking[party.customer] = known
        return known

    def thirds(self, parties: Iterable[PartyRow]) -> list[Features]:
        """All who share a contact with one of some customers."""
        return self._open(dict.fromkeys(one for party in parties for one in self.beside[party.customer][0]))

    def _open(self, customers: Iterable[bytes]) -> list[Features]:
        rows = (self.book.party(one) for one in customers)
        return [self._plain(row) for row in rows if row is not None and row.is_live]

    def _plain(self, party: PartyRow) -> Features:
        known = self.plain.get(party.customer)
        if known is None:
            known = self.plain[party.customer] = plain_features(self.hub.box, party)
        return known


def _keys_beside(party: PartyRow) -> bytes:
    """The keys of a customer that ask for its contacts."""
    return b"".join(key for key in split_keys(party.keys) if key[:1] in _BESIDE)


def _verdict(rules: Rules, opened: _Opened, pair: Pair) -> Verdict | None:
    """What the matcher says of two customers today; None when one is gone."""
    parties = [party for one in pair if (party := opened.book.party(one)) is not None and party.is_live]
    if len(parties) != len(pair):
        return None
    one, other = (opened.of(party) for party in parties)
    verdict = judge(opened.hub, one, other, rules.policy)
    if verdict.weighed is not None and verdict.weighed.model_id != rules.models.get(one.party):
        raise ModelChanged
    if verdict.judgement.tier not in _BY_NAME:
        return verdict
    return Verdict(judge_beside(verdict.judgement, one, other, opened.thirds(parties)), verdict.weighed)


def _is_unspoken(book: MasterBook, pair: Pair) -> bool:
    """Whether no steward ever said something about two who are not one, and no link, split or proposal stands."""
    said = _said(book, pair)
    if any(one.authority is Authority.STEWARD for one in said) or _are_one(book, pair):
        return False
    standing = standing_decisions(said).values()
    return not any(
        one.effect in (Effect.LINK, Effect.SPLIT) or (one.effect is Effect.PROPOSE and one.cause != DOUBTED)
        for one in standing
    )


def _would_decide(verdict: Verdict, policy: Policy) -> str | None:
    """The cause under which the matcher would link or ask today."""
    is_news = effect_of(verdict.judgement.tier, policy.mode) in (Effect.LINK, Effect.PROPOSE)
    return cause_of(verdict.judgement) if is_news else None


def _is_own_link(book: MasterBook, pair: Pair) -> bool:
    """Whether a link of the matcher counts about which nobody has been asked yet."""
    standing = standing_decisions(_said(book, pair)).values()
    link = deciding(standing).get(pair)
    if link is None or link.effect is not Effect.LINK or link.authority is not Authority.AUTO:
        return False
    return not any(one.effect is Effect.PROPOSE and one.cause == DOUBTED and one.place > link.place for one in standing)


def _would_not_link(verdict: Verdict, policy: Policy) -> str | None:  # noqa: ARG001  (a link is not undone by a mode)
    """A doubt, where the matcher would not link in any mode; without a model nobody knows."""
    is_doubtful = verdict.judgement.tier not in _LINKING and verdict.weighed is not None
    return DOUBTED if is_doubtful else None


MISSING: Final = Look(_is_unspoken, _would_decide)
"""Pairs the matcher would link or ask about, and of whom nobody has spoken."""

DOUBTFUL: Final = Look(_is_own_link, _would_not_link)
"""Links of the matcher that it would not make today."""


def _said(book: MasterBook, pair: Pair) -> list[Decision]:
    """Everything ever decided about two customers."""
    return [decision_of(row) for row in book.decisions(pair[0]) if row.other == pair[1]]


def _are_one(book: MasterBook, pair: Pair) -> bool:
    one, other = (book.member(customer) for customer in pair)
    return one is not None and other is not None and one.golden == other.golden
