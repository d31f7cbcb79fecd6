"""What a third record says about two: that somebody else of the name is behind their telephone."""

from dataclasses import replace

import pytest

from carnet_master.features import Features, RawCustomer, customer_features
from carnet_master.namesakes import is_namesake_known
from carnet_master.tiers import Cause, Judgement, Tier, judge_beside, judge_pair

FATHER = RawCustomer(full_name="王晓明", phones=("13912340001",), birth_on="1960-02-03")
UNKNOWN = replace(FATHER, birth_on="")
SON = replace(FATHER, birth_on="1988-05-06")
NUMBER = "44010119900307801X"


def of(*records: RawCustomer) -> list[Features]:
    """Their features."""
    return [customer_features(one) for one in records]


@pytest.mark.parametrize(
    ("third", "is_known"),
    [
        pytest.param(SON, True, id="another birthday"),
        pytest.param(replace(SON, full_name="王小明"), True, id="another birthday and another character"),
        pytest.param(replace(UNKNOWN, id_no=NUMBER), True, id="a number that says another birthday"),
        pytest.param(FATHER, False, id="the same once more"),
        pytest.param(UNKNOWN, False, id="nothing that contradicts"),
        pytest.param(replace(SON, phones=("13700001111",)), False, id="a namesake elsewhere"),
        pytest.param(replace(SON, full_name="王军"), False, id="a relative of another name"),
    ],
)
def test_a_namesake_sounds_the_same_shares_a_contact_and_contradicts(third: RawCustomer, is_known: bool):
    """Only somebody of the name, behind the contact, who cannot be the same person, is a namesake."""
    one, other, also = of(UNKNOWN, FATHER, third)

    assert is_namesake_known(one, other, [also]) is is_known
    assert is_namesake_known(other, one, [also]) is is_known


def test_name_and_contact_are_asked_about_where_a_namesake_is_known():
    """A record without a birthday is linked to neither father nor son once both are known."""
    one, father, son = of(UNKNOWN, FATHER, SON)
    alone = judge_pair(one, father, probability=0.999)

    assert alone == Judgement(Tier.A2, Cause.NAME_AND_CONTACT)
    assert judge_beside(alone, one, father, [father]) == alone
    assert judge_beside(alone, one, father, [father, son]) == Judgement(Tier.STEWARD, Cause.NAMESAKE)


def test_the_same_birthday_says_which_of_them_is_meant():
    """Beside a namesake, name, contact and birthday link all the same."""
    one, again, son = of(FATHER, FATHER, SON)
    alone = judge_pair(one, again, probability=0.999)

    assert judge_beside(alone, one, again, [again, son]) == alone


@pytest.mark.parametrize("tier", [Tier.A1, Tier.HOUSEHOLD, Tier.STEWARD, Tier.NOTHING])
def test_a_namesake_changes_nothing_else(tier: Tier):
    """What a number links, and what is not linked, stays as it was judged."""
    one, father, son = of(UNKNOWN, FATHER, SON)
    judgement = Judgement(tier, Cause.IDENTITY)

    assert judge_beside(judgement, one, father, [son]) == judgement


def test_companies_have_no_namesakes():
    """Two credit codes under one name are told by the codes; the name alone doubts nothing."""
    one, other = of(*[RawCustomer(company_name="上海安达出租汽车有限公司", phones=("021-65123456",))] * 2)
    third = customer_features(
        RawCustomer(company_name="上海安达出租汽车有限公司", phones=("021-65123456",), credit_code="91310115MA1K35J21R")
    )
    linked = Judgement(Tier.A2, Cause.NAME_AND_CONTACT)

    assert judge_beside(linked, one, other, [third]) == linked
