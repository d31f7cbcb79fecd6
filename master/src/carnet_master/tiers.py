"""What follows from two records: link them, ask a steward, note a household, or nothing.

Decides the tier of a pair from what its features have in common and from its probability, and what a hub's mode makes
of the tier. Does not decide the probability (`scorer`) nor whether a link may be followed inside a cluster
(`clusters`).

Rules
1. A probability alone never links: whatever the model says, a shared telephone, car, door or WeChat name needs a name
   beside it. Only an identity number or a credit code needs no probability.
2. `A1`: the same number and names that may be one; another document than the identity card asks for the same name,
   and so does a number beside which another birthday or sex was typed, or telephones that differ: a relative's number
   is typed for somebody who has forgotten theirs, beside their own telephone.
   `A2`: the same whole name and something of their own in common. `A3`: the same pinyin, with a birthday and a contact,
   or a WeChat name, in common. `A2` and `A3` ask for the probability too, and for no conflict. A car or a door is a
   household's: where the telephones differ, a name beside it is asked about (`OTHER_PHONE`), unless the birthday is the
   same too. So is a name beside any contact where the WeChat names differ: a telephone is shared, a WeChat name is not.
3. A conflict is two valid numbers, two real birthdays or two sexes. Under one name a steward looks at it; under two
   names these are two people.
4. Where a third record shows that two people of the name are behind a contact, name and contact are asked about
   (`NAMESAKE`), unless the birthday is the same too.
5. `H`: two whole names that share a surname at most, and a contact: near each other and not the same. It is not asked
   about and links nothing. So are names of one generation with one contact, a branch and its company, and a sole
   trader's business and somebody who shares its contact.
6. `S`: what is more likely than not and was not settled above. Its cause says why, so that stewards can take the sure
   kinds in one go.
7. Told apart by a steward is apart: `N`, and nobody is asked again.
8. A person and a company are never one.

    >>> one = customer_features(RawCustomer(full_name="王晓明", phones=("13912340001",)))
    >>> judge_pair(one, one, probability=0.995)
    Judgement(tier=<Tier.A2: 'a2'>, cause=<Cause.NAME_AND_CONTACT: 'name_and_contact'>)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from carnet_master.clusters import DOUBTED, Effect
from carnet_master.common_ground import Ground, NameAgreement, common_ground, is_same_birth
from carnet_master.features import PERSON, Features
from carnet_master.limits import LINK_PROBABILITY_MIN, STEWARD_PROBABILITY_MIN
from carnet_master.namesakes import is_namesake_known


class Tier(StrEnum):
    """What a pair is worth."""

    A1 = "a1"
    A2 = "a2"
    A3 = "a3"
    HOUSEHOLD = "h"
    STEWARD = "s"
    NOTHING = "n"


class Cause(StrEnum):
    """Why a pair has its tier; a code that travels and that stewards choose by."""

    IDENTITY = "identity"
    NAME_AND_CONTACT = "name_and_contact"
    PINYIN_AND_BIRTH = "pinyin_and_birth"
    PINYIN_AND_WECHAT = "pinyin_and_wechat"
    HOUSEHOLD = "household"
    BRANCH = "branch"
    SOLE_TRADER = "sole_trader"
    IDENTITY_OTHER_NAME = "identity_other_name"
    """One number, two names: somebody used another's document."""
    IDENTITY_DOUBTFUL = "identity_doubtful"
    """One number, and a birthday or sex beside it that is not the one it says; or names that are one at best, and two
    telephones."""
    SAME_ORGANISATION = "same_organisation"
    """Two credit codes of one legal person."""
    IDENTITY_CONFLICT = "identity_conflict"
    BIRTH_CONFLICT = "birth_conflict"
    SEX_CONFLICT = "sex_conflict"
    TITLE_ONLY = "title_only"
    HOMOPHONE = "homophone"
    ONE_CHARACTER = "one_character"
    SAME_BIRTH = "same_birth"
    """Two names, one birthday and a contact: a misread name, or twins."""
    VEHICLE_ONLY = "vehicle_only"
    OTHER_PHONE = "other_phone"
    """The same name at one door or in one car, and two telephones that differ, or beside any contact two WeChat names:
    one who has changed it, or father and son."""
    NAMESAKE = "namesake"
    """The same name and contact, behind which somebody else of the name is known."""
    WEAK_CONTACT = "weak_contact"
    """The same name and too little beside it."""
    LIKELY = "likely"
    """Probable by the model, and none of the above."""
    LINK_DOUBTFUL = DOUBTED
    """Linked by the matcher, which would not do so today."""
    UNLIKELY = "unlikely"
    TOLD_APART = "told_apart"
    PARTY_KIND = "party_kind"


class Mode(StrEnum):
    """What the matcher may link by itself."""

    OFF = "off"
    SURE = "a1"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a person has allowed the matcher.

    Attributes:
        links_by_car: whether a car alone is contact enough for `A2`. Two people of one name with one car are rare, and
            the car finds a tenth of all pairs.
    """

    mode: Mode = Mode.SURE
    links_by_car: bool = True


class Judgement(NamedTuple):
    """The tier of a pair and why."""

    tier: Tier
    cause: Cause


TOLD_APART: Final = Judgement(Tier.NOTHING, Cause.TOLD_APART)
"""Rule 7: whatever two records have in common."""

_UNLIKELY: Final = Judgement(Tier.NOTHING, Cause.UNLIKELY)
OTHER_NAMES: Final = frozenset({NameAgreement.APART, NameAgreement.GENERATION})
"""Degrees that mean two people, or brothers and sisters."""

_ONE_SOUND: Final = frozenset({NameAgreement.SAME, NameAgreement.SOUND})
_UNLINKED: Final = frozenset({Tier.HOUSEHOLD, Tier.NOTHING})
_BY_NAME: Final = frozenset({Tier.A2, Tier.A3})

CERTAIN: Final = 1.0
"""A probability no model reaches: what is said at it is said by facts alone."""

_LINKED_IN: Final = {
    Mode.OFF: frozenset[Tier](),
    Mode.SURE: frozenset({Tier.A1}),
    Mode.ALL: frozenset({Tier.A1, Tier.A2, Tier.A3}),
}


def judge_pair(
    one: Features, other: Features, *, probability: float, is_told_apart: bool = False, links_by_car: bool = True
) -> Judgement:
    """The tier of two records; which is which does not matter.

    Args:
        one, other: without generic values (`keys.without_generic`).
        probability: of the model, 0 to 1.
        is_told_apart: whether a steward has said that they are not the same.
        links_by_car: see `Policy`.
    """
    if is_told_apart:
        return TOLD_APART
    return judge_ground(common_ground(one, other), probability, links_by_car=links_by_car)


def judge_unweighed(ground: Ground) -> Judgement | None:
    """The judgement of a pair that no probability changes and that nobody is asked about; None for any other.

    Half of those that share a key are relatives: they need no model. Whoever is neither linked nor asked about at
    certainty is not at any other probability: a higher one only ever moves a pair towards a link.
    """
    judgement = judge_ground(ground, CERTAIN)
    return judgement if judgement.tier in _UNLINKED else None


def judge_ground(ground: Ground, probability: float, *, links_by_car: bool = True) -> Judgement:
    """The tier of two records of which nothing is compared any more but what they have in common.

    Args:
        ground, probability, links_by_car: see `judge_pair`.
    """
    if not ground.are_one_kind:
        is_trader = ground.is_sole_trader and ground.has_contact
        return _near(Cause.SOLE_TRADER) if is_trader else Judgement(Tier.NOTHING, Cause.PARTY_KIND)
    if ground.is_same_number:
        return _judge_number(ground)
    if ground.is_same_document and ground.name in _ONE_SOUND and ground.conflict is None:
        return Judgement(Tier.A1, Cause.IDENTITY)
    if ground.are_people:
        return _judge_people(ground, probability, links_by_car=links_by_car)
    return _judge_companies(ground, probability)


def judge_beside(judgement: Judgement, one: Features, other: Features, thirds: Sequence[Features]) -> Judgement:
    """The tier of two records beside the others that share a key with one of them: rule 4.

    Args:
        judgement: of the two alone.
        one, other: as they were judged.
        thirds: without generic values; one of the two may be among them.
    """
    if judgement.tier not in _BY_NAME or one.party != PERSON:
        return judgement
    is_doubtful = not is_same_birth(one, other) and is_namesake_known(one, other, thirds)
    return Judgement(Tier.STEWARD, Cause.NAMESAKE) if is_doubtful else judgement


def effect_of(tier: Tier, mode: Mode) -> Effect | None:
    """What is decided: a link, a question, a relation, or nothing.

    A tier that the mode does not let link is a question for a steward.
    """
    if tier in _LINKED_IN[mode]:
        return Effect.LINK
    match tier:
        case Tier.NOTHING:
            return None
        case Tier.HOUSEHOLD:
            return Effect.RELATE
        case Tier.A1 | Tier.A2 | Tier.A3 | Tier.STEWARD:
            return Effect.PROPOSE


def _judge_number(ground: Ground) -> Judgement:
    """One valid number on both sides, which links unless it may be a relative's."""
    if ground.name in OTHER_NAMES:
        return Judgement(Tier.STEWARD, Cause.IDENTITY_OTHER_NAME)
    is_doubtful = ground.is_doubtful and ground.name is not NameAgreement.SAME
    if is_doubtful or (ground.is_other_phone and ground.name not in _ONE_SOUND):
        return Judgement(Tier.STEWARD, Cause.IDENTITY_DOUBTFUL)
    return Judgement(Tier.A1, Cause.IDENTITY)


def _judge_people(ground: Ground, probability: float, *, links_by_car: bool) -> Judgement:
    if ground.conflict is not None:
        return _judge_conflict(ground, probability)
    if ground.name is NameAgreement.APART or _are_siblings(ground):
        if not ground.has_contact:
            return _UNLIKELY
        is_asked = ground.is_same_birth and probability >= STEWARD_PROBABILITY_MIN
        return Judgement(Tier.STEWARD, Cause.SAME_BIRTH) if is_asked else _near(Cause.HOUSEHOLD)
    if probability >= LINK_PROBABILITY_MIN:
        linked = _linked(ground, links_by_car=links_by_car)
        if linked is not None:
            return linked
    return _asked(_open_question(ground, links_by_car=links_by_car), probability)


def _judge_conflict(ground: Ground, probability: float) -> Judgement:
    """Rule 3."""
    if ground.name in _ONE_SOUND and ground.conflict is not None:
        return _asked(Cause(ground.conflict), probability)
    near = {NameAgreement.APART, NameAgreement.GENERATION, NameAgreement.ONE_CHARACTER}
    is_near = ground.has_contact and ground.name in near
    return _near(Cause.HOUSEHOLD) if is_near else _UNLIKELY


def _are_siblings(ground: Ground) -> bool:
    """Whether names of one generation are two people's: a slip in the second character would leave more in common."""
    has_two_contacts = ground.is_same_car and ground.has_contact_beside_car
    return ground.name is NameAgreement.GENERATION and not ground.is_same_birth and not has_two_contacts


def _linked(ground: Ground, *, links_by_car: bool) -> Judgement | None:
    """Rule 2, `A2` and `A3`; the probability has been asked for."""
    has_own = ground.has_contact if links_by_car else ground.has_contact_beside_car
    if (
        ground.name is NameAgreement.SAME
        and has_own
        and (ground.is_same_birth or not (ground.is_at_home or ground.is_other_wechat))
    ):
        return Judgement(Tier.A2, Cause.NAME_AND_CONTACT)
    if ground.name in _ONE_SOUND:
        if ground.is_same_birth and has_own:
            return Judgement(Tier.A3, Cause.PINYIN_AND_BIRTH)
        if ground.is_same_wechat:
            return Judgement(Tier.A3, Cause.PINYIN_AND_WECHAT)
    return None


def _open_question(ground: Ground, *, links_by_car: bool) -> Cause:
    match ground.name:
        case NameAgreement.SAME:
            if ground.is_at_home or ground.is_other_wechat:
                return Cause.OTHER_PHONE
            is_car_alone = ground.has_contact and not ground.has_contact_beside_car
            return Cause.VEHICLE_ONLY if is_car_alone and not links_by_car else Cause.WEAK_CONTACT
        case NameAgreement.SOUND:
            return Cause.HOMOPHONE
        case NameAgreement.ONE_CHARACTER | NameAgreement.GENERATION:
            return Cause.ONE_CHARACTER
        case NameAgreement.TITLE:
            return Cause.TITLE_ONLY
        case NameAgreement.UNKNOWN | NameAgreement.APART:
            return Cause.LIKELY


def _judge_companies(ground: Ground, probability: float) -> Judgement:
    if ground.is_same_organisation:
        return Judgement(Tier.STEWARD, Cause.SAME_ORGANISATION)
    if ground.name is NameAgreement.SAME and ground.is_other_branch:
        return _near(Cause.BRANCH)
    if ground.conflict is not None:
        is_same = ground.name in _ONE_SOUND
        return _asked(Cause.IDENTITY_CONFLICT, probability) if is_same else _UNLIKELY
    if ground.name is NameAgreement.APART:
        return _UNLIKELY
    if ground.name is NameAgreement.SAME and ground.has_contact and probability >= LINK_PROBABILITY_MIN:
        return Judgement(Tier.A2, Cause.NAME_AND_CONTACT)
    cause = Cause.HOMOPHONE if ground.name is NameAgreement.SOUND else Cause.WEAK_CONTACT
    return _asked(cause if ground.name is not NameAgreement.UNKNOWN else Cause.LIKELY, probability)


def _near(cause: Cause) -> Judgement:
    return Judgement(Tier.HOUSEHOLD, cause)


def _asked(cause: Cause, probability: float) -> Judgement:
    """Rule 6."""
    if probability >= STEWARD_PROBABILITY_MIN:
        return Judgement(Tier.STEWARD, cause)
    return _UNLIKELY
