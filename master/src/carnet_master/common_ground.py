"""What two records have in common, and where they contradict each other, as plain facts.

Decides how far two names agree, which contacts are shared and what conflicts. No weight and no threshold plays a
part, so what is said here holds for any model. What follows from it is decided in `tiers`.

Rules
1. Names agree in one of seven degrees (`NameAgreement`); nothing known about one of them is a degree of its own.
2. A contact is a telephone, a WeChat name, a car or a door that both have. A city is none. A car with another plate
   has changed hands: it is none.
3. A conflict needs a value on both sides: two identity numbers, two credit codes, two birthdays of one calendar, two
   sexes. Another document is no conflict, and neither is a birthday whose day is unknown.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from carnet_master.features import COMPANY, PERSON, Features
from carnet_master.names import NameForm

_NO_NAME: Final = NameForm.NONE.value
_TITLE: Final = NameForm.TITLE.value
_LATIN: Final = NameForm.LATIN.value
_WHOLE_FORMS: Final = frozenset({NameForm.FULL.value, NameForm.WHOLE.value, _LATIN})
_SHORT_FORM_CHARS_MIN: Final = 2


class NameAgreement(StrEnum):
    """How far two names agree, the closest first."""

    SAME = "same"
    """The same whole name, character by character."""
    SOUND = "sound"
    """The same pinyin: written otherwise, or in letters on one side."""
    ONE_CHARACTER = "one_character"
    """The same surname and one given character of two, or one that was left out; the same given name of two characters
    behind another surname, as a misread one is; or one name begins as the other goes."""
    GENERATION = "generation"
    """The same surname and first given character, and another second one: what brothers and sisters share."""
    TITLE = "title"
    """A title on one side or on both, and no surname that speaks against it."""
    UNKNOWN = "unknown"
    """No name on one side."""
    APART = "apart"
    """Two names that share a surname at most."""


class Conflict(StrEnum):
    """What contradicts; the codes are causes of `tiers`."""

    IDENTITY = "identity_conflict"
    BIRTH = "birth_conflict"
    SEX = "sex_conflict"


class Ground(NamedTuple):
    """What two records have in common.

    Attributes:
        are_one_kind: both are persons, or both are companies; `are_people` are two persons.
        is_sole_trader: whether one of them is one person's business.
        is_same_number: one valid identity number or credit code.
        is_doubtful: whether a number of one side may be a relative's, by what was typed beside it.
        is_same_document: one other document; without a check digit, and its number may be another country's as well.
        is_same_organisation: two credit codes of one legal person, which got a new one when it moved.
        is_other_branch: two companies of which one is a part that the other is not.
        is_same_phone, is_same_wechat, is_same_car, is_same_door: the contacts that are shared.
        is_other_phone, is_other_wechat: both have telephones, or WeChat names, and none in common.
        conflict: the gravest contradiction, or None.
    """

    name: NameAgreement
    are_one_kind: bool
    are_people: bool
    is_sole_trader: bool
    is_same_number: bool
    is_doubtful: bool
    is_same_document: bool
    is_same_organisation: bool
    is_other_branch: bool
    is_same_birth: bool
    is_same_phone: bool
    is_same_wechat: bool
    is_same_car: bool
    is_same_door: bool
    is_other_phone: bool
    is_other_wechat: bool
    conflict: Conflict | None

    @property
    def has_contact_beside_car(self) -> bool:
        """Whether a telephone, a WeChat name or a door is shared."""
        return self.is_same_phone or self.is_same_wechat or self.is_same_door

    @property
    def has_contact(self) -> bool:
        """Whether anything is shared by which people are reached, or a car."""
        return self.has_contact_beside_car or self.is_same_car

    @property
    def is_at_home(self) -> bool:
        """Whether all that is shared is a household's: a car or a door, beside telephones that differ."""
        return self.has_contact and self.is_other_phone and not self.is_same_wechat


def common_ground(one: Features, other: Features) -> Ground:
    """What two records have in common; which is which does not matter.

    Args:
        one, other: of one version, without generic values.
    """
    are_one_kind = one.party == other.party
    is_same_phone, is_same_wechat = _meet(one.phones, other.phones), _meet(one.wechats, other.wechats)
    return Ground(  # in the order of its attributes: their names would cost a sixth of all this
        name_agreement(one, other),
        are_one_kind,
        are_one_kind and one.party == PERSON,
        one.is_sole_trader or other.is_sole_trader,
        _equal(one.resident_id, other.resident_id) or _equal(one.credit_code, other.credit_code),
        one.is_id_doubtful or other.is_id_doubtful,
        _equal(one.document, other.document),
        one.credit_code != other.credit_code and _equal(one.organisation, other.organisation),
        are_one_kind and one.party == COMPANY and one.company_branch != other.company_branch,
        is_same_birth(one, other),
        is_same_phone,
        is_same_wechat,
        _are_in_one_car(one, other),
        _meet(one.doors, other.doors),
        not is_same_phone and bool(one.phones) and bool(other.phones),
        not is_same_wechat and bool(one.wechats) and bool(other.wechats),
        conflict_of(one, other),
    )


def is_same_birth(one: Features, other: Features) -> bool:
    """Whether two records have one birthday, by the one calendar or the other."""
    return _equal(one.birth, other.birth) or _equal(one.birth_lunar, other.birth_lunar)


def is_contact_shared(one: Features, other: Features) -> bool:
    """Whether two records share anything by which people are reached, or a car."""
    is_reached = _meet(one.phones, other.phones) or _meet(one.wechats, other.wechats) or _meet(one.doors, other.doors)
    return is_reached or _are_in_one_car(one, other)


def conflict_of(one: Features, other: Features) -> Conflict | None:
    """The gravest contradiction between two records, or None; which is which does not matter."""
    if _differ(one.resident_id, other.resident_id) or _differ(one.credit_code, other.credit_code):
        return Conflict.IDENTITY
    is_other_birth = _differ(one.birth, other.birth) or _differ(one.birth_lunar, other.birth_lunar)
    if is_other_birth and not is_same_birth(one, other):
        return Conflict.BIRTH
    return Conflict.SEX if _differ(one.sex, other.sex) else None


def name_agreement(one: Features, other: Features) -> NameAgreement:
    """How far the names of two records agree; which is which does not matter."""
    if one.party != other.party:
        return NameAgreement.APART
    return _company_names(one, other) if one.party == COMPANY else _names(one, other)


def _names(one: Features, other: Features) -> NameAgreement:
    form, other_form = one.name_form, other.name_form
    if _NO_NAME in (form, other_form):
        return NameAgreement.UNKNOWN
    if _TITLE in (form, other_form):
        return NameAgreement.APART if _other_surname(one, other) else NameAgreement.TITLE
    if _equal(one.name, other.name) and _is_whole(one):
        return NameAgreement.SAME
    if _equal(one.name_pinyin, other.name_pinyin) and _is_whole(one) and _is_whole(other):
        return NameAgreement.SOUND
    return _near(one, other)


def _other_surname(one: Features, other: Features) -> bool:
    """Whether both surnames are known and differ, in writing and in sound: 王总 is not 李明."""
    return _differ(one.surname, other.surname) and _differ(one.surname_pinyin, other.surname_pinyin)


def _is_whole(features: Features) -> bool:
    """A single word in letters is as little a whole name as a surname alone."""
    if features.name_form == _LATIN and features.name_pinyin is not None:
        return features.surname_pinyin is not None
    return features.name_form in _WHOLE_FORMS


def _near(one: Features, other: Features) -> NameAgreement:
    """How far two names agree that neither look nor sound the same."""
    is_first_shared, is_second_shared = _equal(one.given1, other.given1), _equal(one.given2, other.given2)
    if _equal(one.surname_pinyin, other.surname_pinyin):
        if is_first_shared and _differ(one.given2, other.given2):
            return NameAgreement.GENERATION
        is_near = is_first_shared or is_second_shared or _is_shortened(one, other) or _is_shortened(other, one)
    else:
        is_begun = _begins(one.name, other.name) or _begins(other.name, one.name)
        is_near = (is_first_shared and is_second_shared) or is_begun
    return NameAgreement.ONE_CHARACTER if is_near else NameAgreement.APART


def _is_shortened(one: Features, other: Features) -> bool:
    """Whether one given name is the other without its first character: 王仙 for 王金仙."""
    return one.given2 is None and _equal(one.given1, other.given2)


def _begins(name: str | None, longer: str | None) -> bool:
    """Whether one name goes on where the other ends, as short forms of names with several parts do."""
    return name is not None and longer is not None and len(name) >= _SHORT_FORM_CHARS_MIN and longer.startswith(name)


def _company_names(one: Features, other: Features) -> NameAgreement:
    if one.company is None or other.company is None:
        return NameAgreement.UNKNOWN
    if one.company == other.company:
        return NameAgreement.SAME
    if _equal(one.company_pinyin, other.company_pinyin):
        return NameAgreement.SOUND
    is_part = one.company in other.company or other.company in one.company
    return NameAgreement.ONE_CHARACTER if is_part else NameAgreement.APART


def _equal(one: str | None, other: str | None) -> bool:
    return one is not None and one == other


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _are_in_one_car(one: Features, other: Features) -> bool:
    """Rule 2: a plate stays with its owner, so a VIN under two plates is a car that was sold."""
    return _meet(one.plates, other.plates) or (_meet(one.vins, other.vins) and not _are_apart(one.plates, other.plates))


def _are_apart(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return bool(some) and bool(others) and not _meet(some, others)


def _meet(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    if not some or not others:
        return False
    return some[0] in others if len(some) == 1 else not set(some).isdisjoint(others)
