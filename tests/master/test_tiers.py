"""What follows from two records, case by case, and what no model can bring about."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_master.clusters import Effect
from carnet_master.common_ground import common_ground
from carnet_master.features import Features, RawAddress, RawCustomer, customer_features
from carnet_master.tiers import Cause, Judgement, Mode, Tier, effect_of, judge_pair, judge_unweighed

ID, OTHER_ID = "44010119900307801X", "440101199003078036"
WANG = RawCustomer(full_name="王晓明", phones=("13912340001",), birth_on="1990-03-07")
FIRM = RawCustomer(company_name="上海安达出租汽车有限公司", credit_code="91310115MA1K35J21R", phones=("021-65123456",))
TWO_PHONES = ("13912340001", "13700001111")
LINKED_BY_NUMBER = Judgement(Tier.A1, Cause.IDENTITY)
ASKED_BY_NUMBER = Judgement(Tier.STEWARD, Cause.IDENTITY_DOUBTFUL)
CAR = ("LSVFV6183C2123456",)
DOOR = (RawAddress("金色家园15栋1单元1903室", "110107", "1101"),)
LINKS = {Tier.A1, Tier.A2, Tier.A3}


def judged(
    one: RawCustomer,
    other: RawCustomer,
    probability: float = 0.999,
    *,
    is_told_apart: bool = False,
    links_by_car: bool = True,
) -> Judgement:
    """The judgement of a pair, the same from both sides."""
    features = customer_features(one), customer_features(other)
    there, back = (
        judge_pair(*pair, probability=probability, is_told_apart=is_told_apart, links_by_car=links_by_car)
        for pair in (features, features[::-1])
    )
    assert there == back
    return there


@pytest.mark.parametrize(
    ("change", "tier", "cause"),
    [
        pytest.param({}, Tier.A2, Cause.NAME_AND_CONTACT, id="the same again"),
        pytest.param({"full_name": "王曉明先生"}, Tier.A2, Cause.NAME_AND_CONTACT, id="another way to type the name"),
        pytest.param({"full_name": "王小明"}, Tier.A3, Cause.PINYIN_AND_BIRTH, id="homophone, birthday and telephone"),
        pytest.param({"full_name": "王小明", "birth_on": ""}, Tier.STEWARD, Cause.HOMOPHONE, id="homophone, telephone"),
        pytest.param({"full_name": "王小明", "phones": ()}, Tier.STEWARD, Cause.HOMOPHONE, id="homophone, birthday"),
        pytest.param({"full_name": "Wang Xiaoming"}, Tier.A3, Cause.PINYIN_AND_BIRTH, id="in letters"),
        pytest.param({"full_name": "王晓军"}, Tier.HOUSEHOLD, Cause.HOUSEHOLD, id="brother with a birthday of his own"),
        pytest.param({"full_name": "王总"}, Tier.STEWARD, Cause.TITLE_ONLY, id="title"),
        pytest.param({"full_name": "李总"}, Tier.HOUSEHOLD, Cause.HOUSEHOLD, id="another one's title"),
        pytest.param({"full_name": ""}, Tier.STEWARD, Cause.LIKELY, id="no name"),
        pytest.param({"full_name": "陈静"}, Tier.HOUSEHOLD, Cause.HOUSEHOLD, id="two names, one telephone"),
        pytest.param({"phones": ()}, Tier.STEWARD, Cause.WEAK_CONTACT, id="name and birthday, no contact"),
        pytest.param({"birth_on": "1991-03-07"}, Tier.STEWARD, Cause.BIRTH_CONFLICT, id="another birthday"),
        pytest.param({"birth_on": "1990-01-01"}, Tier.A2, Cause.NAME_AND_CONTACT, id="birthday unknown"),
        pytest.param({"full_name": "陈静", "phones": ()}, Tier.NOTHING, Cause.UNLIKELY, id="birthday alone"),
    ],
)
def test_two_people_are_judged(change: dict[str, object], tier: Tier, cause: Cause):
    """One record and what a second one differs in, at a probability that would link."""
    if change.get("full_name") == "王晓军":
        change = {**change, "birth_on": "1993-08-01"}
    if change.get("full_name") in {"李总", "陈静"}:
        change = {"birth_on": "", **change}

    assert judged(WANG, replace(WANG, **change)) == Judgement(tier, cause)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("王大明", id="another first character"),
        pytest.param("王晓", id="the last left out"),
        pytest.param("王明", id="the first left out"),
        pytest.param("玉晓明", id="a misread surname"),
    ],
)
def test_one_character_is_a_question(name: str):
    """A name that differs in one character may be a slip or somebody else."""
    one = replace(WANG, birth_on="")

    assert judged(one, replace(one, full_name=name)) == Judgement(Tier.STEWARD, Cause.ONE_CHARACTER)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, Judgement(Tier.HOUSEHOLD, Cause.HOUSEHOLD), id="a telephone"),
        pytest.param({"vins": CAR}, Judgement(Tier.STEWARD, Cause.ONE_CHARACTER), id="a telephone and a car"),
        pytest.param(
            {"birth_on": "1990-03-07"}, Judgement(Tier.STEWARD, Cause.ONE_CHARACTER), id="a telephone and a birthday"
        ),
        pytest.param({"phones": ()}, Judgement(Tier.NOTHING, Cause.UNLIKELY), id="nothing"),
    ],
)
def test_names_of_one_generation_need_more_in_common(change: dict[str, object], expected: Judgement):
    """Brothers and sisters share the first given character and a telephone; one person shares more with himself."""
    one = replace(replace(WANG, birth_on=""), **change)  # type: ignore[arg-type]

    assert judged(one, replace(one, full_name="王晓军")) == expected


def test_one_birthday_under_two_names_is_a_question():
    """A birthday and a contact under two names are a misread name or twins, if the model finds it likely."""
    other = replace(WANG, full_name="王伟")

    assert judged(WANG, other, 0.5) == Judgement(Tier.STEWARD, Cause.SAME_BIRTH)
    assert judged(WANG, other, 0.4) == Judgement(Tier.HOUSEHOLD, Cause.HOUSEHOLD)


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        pytest.param("王晓明", Tier.A1, id="same name"),
        pytest.param("王小明", Tier.A1, id="homophone"),
        pytest.param("王大明", Tier.A1, id="one character"),
        pytest.param("王晓军", Tier.STEWARD, id="of one generation"),
        pytest.param("王总", Tier.A1, id="title"),
        pytest.param("", Tier.A1, id="no name"),
        pytest.param("陈静", Tier.STEWARD, id="another name"),
        pytest.param("李总", Tier.STEWARD, id="another one's title"),
    ],
)
def test_an_identity_number_links_names_that_may_be_one(name: str, tier: Tier):
    """One valid number links whatever the probability, unless the names speak against it."""
    one = RawCustomer(full_name="王晓明", id_type="resident_id", id_no=ID)

    assert judged(one, replace(one, full_name=name), probability=0.0).tier is tier


@pytest.mark.parametrize(
    ("name", "beside", "expected"),
    [
        pytest.param("王晓明", {"birth_on": "1985-08-29"}, Judgement(Tier.A1, Cause.IDENTITY), id="same name"),
        pytest.param(
            "王小明",
            {"birth_on": "1985-08-29"},
            Judgement(Tier.STEWARD, Cause.IDENTITY_DOUBTFUL),
            id="homophone, another birthday",
        ),
        pytest.param(
            "王总", {"sex": "female"}, Judgement(Tier.STEWARD, Cause.IDENTITY_DOUBTFUL), id="title, another sex"
        ),
        pytest.param("王小明", {"birth_on": "1990-03-07"}, Judgement(Tier.A1, Cause.IDENTITY), id="homophone"),
        pytest.param("王总", {"phones": TWO_PHONES[1:]}, ASKED_BY_NUMBER, id="title, another telephone"),
        pytest.param("王晓", {"phones": TWO_PHONES[1:]}, ASKED_BY_NUMBER, id="a character left out, another telephone"),
        pytest.param("王总", {"phones": TWO_PHONES}, LINKED_BY_NUMBER, id="title, a second telephone"),
        pytest.param("王小明", {"phones": TWO_PHONES[1:]}, LINKED_BY_NUMBER, id="homophone, telephone"),
    ],
)
def test_a_number_that_may_be_a_relatives_asks_for_the_name(name: str, beside: dict[str, str], expected: Judgement):
    """What was typed beside a number and says somebody else makes the number doubtful."""
    one = RawCustomer(full_name="王晓明", id_no=ID, phones=TWO_PHONES[:1])

    assert judged(one, replace(one, full_name=name, **beside), probability=1.0) == expected  # type: ignore[arg-type]


def test_two_numbers_under_one_name_are_a_question():
    """Two valid identity numbers never link, however probable."""
    one, other = replace(WANG, id_no=ID), replace(WANG, id_no=OTHER_ID)

    assert judged(one, other, probability=1.0) == Judgement(Tier.STEWARD, Cause.IDENTITY_CONFLICT)


def test_a_passport_links_one_name_only():
    """Another document has no check digit, so a title beside it is not enough."""
    one = RawCustomer(full_name="王晓明", id_type="passport", id_no="E12345678")

    assert judged(one, one, probability=0.0).tier is Tier.A1
    assert judged(one, replace(one, full_name="王总"), probability=0.99).tier is Tier.STEWARD


def test_a_wechat_name_and_the_same_pinyin_link():
    """A WeChat name is somebody's own as far as the names sound alike."""
    one = RawCustomer(full_name="王晓明", wechats=("wxm_1990",))

    assert judged(one, replace(one, full_name="王小明")) == Judgement(Tier.A3, Cause.PINYIN_AND_WECHAT)


def test_a_car_alone_links_as_far_as_the_policy_says():
    """Two records of one name with nothing but a car in common link by a switch."""
    one = RawCustomer(full_name="王晓明", vins=("LSVFV6183C2123456",))

    assert judged(one, one).tier is Tier.A2
    assert judged(one, one, links_by_car=False) == Judgement(Tier.STEWARD, Cause.VEHICLE_ONLY)


@pytest.mark.parametrize(
    ("shared", "other", "expected"),
    [
        pytest.param({"vins": CAR}, {}, Judgement(Tier.STEWARD, Cause.OTHER_PHONE), id="one car"),
        pytest.param({"addresses": DOOR}, {}, Judgement(Tier.STEWARD, Cause.OTHER_PHONE), id="one door"),
        pytest.param(
            {"vins": CAR}, {"phones": ()}, Judgement(Tier.A2, Cause.NAME_AND_CONTACT), id="no telephone there"
        ),
        pytest.param(
            {"vins": CAR},
            {"phones": ("13700001111", "13912340001")},
            Judgement(Tier.A2, Cause.NAME_AND_CONTACT),
            id="one of two telephones",
        ),
        pytest.param({"wechats": ("wxm_1990",)}, {}, Judgement(Tier.A2, Cause.NAME_AND_CONTACT), id="a WeChat name"),
        pytest.param(
            {"vins": CAR, "birth_on": "1990-03-07"},
            {},
            Judgement(Tier.A2, Cause.NAME_AND_CONTACT),
            id="one car and one birthday",
        ),
        pytest.param(
            {"wechats": ("wxm_1990",)},
            {"wechats": ("wxm_1962",), "phones": ("13912340001",)},
            Judgement(Tier.STEWARD, Cause.OTHER_PHONE),
            id="one telephone, two WeChat names",
        ),
        pytest.param(
            {"wechats": ("wxm_1990",), "birth_on": "1990-03-07"},
            {"wechats": ("wxm_1962",), "phones": ("13912340001",)},
            Judgement(Tier.A2, Cause.NAME_AND_CONTACT),
            id="one telephone and one birthday, two WeChat names",
        ),
    ],
)
def test_what_a_household_shares_links_nobody_with_another_telephone(
    shared: dict[str, object], other: dict[str, object], expected: Judgement
):
    """One name with a car or a door is a question where the telephones differ, unless something of one's own agrees."""
    one = RawCustomer(full_name="王晓明", phones=("13912340001",), **shared)  # type: ignore[arg-type]

    assert judged(one, replace(one, **{"phones": ("13700001111",), **other})) == expected  # type: ignore[arg-type]


def test_a_car_that_was_sold_is_no_contact():
    """A VIN under two plates is a car that went from one owner to another, perhaps of the same name."""
    one = RawCustomer(full_name="王晓明", vins=CAR, plates=("沪A12345",))

    assert judged(one, replace(one, plates=("浙B67890",))) == Judgement(Tier.STEWARD, Cause.WEAK_CONTACT)
    assert judged(one, replace(one, plates=())).tier is Tier.A2


def test_a_person_and_a_company_are_never_one():
    """A sole trader's business is near its owner; any other company is nothing to a person."""
    trader = RawCustomer(company_name="王晓明汽车维修部", credit_code="92310115MA1K35J22R", phones=WANG.phones)

    assert judged(WANG, replace(FIRM, phones=WANG.phones)) == Judgement(Tier.NOTHING, Cause.PARTY_KIND)
    assert judged(WANG, trader) == Judgement(Tier.HOUSEHOLD, Cause.SOLE_TRADER)


def test_a_credit_code_links_a_company():
    """One valid credit code is one company, whatever the region and form its name was typed with."""
    other = replace(FIRM, company_name="安达出租汽车公司", phones=())

    assert judged(FIRM, other, probability=0.0) == Judgement(Tier.A1, Cause.IDENTITY)


def test_a_company_that_moved_is_a_question():
    """A legal person with a new credit code keeps its organisation code, and a steward says so."""
    moved = replace(FIRM, credit_code="91310104MA1K35J21U")

    assert judged(FIRM, moved, probability=0.0) == Judgement(Tier.STEWARD, Cause.SAME_ORGANISATION)


def test_a_branch_is_near_its_company():
    """A branch and the whole are two customers that belong together."""
    branch = replace(FIRM, company_name="上海安达出租汽车有限公司浦东分公司", credit_code="")

    assert judged(FIRM, branch) == Judgement(Tier.HOUSEHOLD, Cause.BRANCH)


def test_told_apart_is_apart():
    """What a steward has called not the same is not asked again, not even with one identity number."""
    one = replace(WANG, id_no=ID)

    assert judged(one, one, probability=1.0, is_told_apart=True) == Judgement(Tier.NOTHING, Cause.TOLD_APART)


@pytest.mark.parametrize(
    ("probability", "tier"),
    [
        (1.0, Tier.A2),
        (0.99, Tier.A2),
        (0.98, Tier.STEWARD),
        (0.5, Tier.STEWARD),
        (0.49, Tier.NOTHING),
        (0.0, Tier.NOTHING),
    ],
)
def test_the_thresholds_are_where_they_are_said_to_be(probability: float, tier: Tier):
    """From 0.99 on a link, from 0.5 on a question, below it nothing."""
    assert judged(WANG, WANG, probability).tier is tier


@pytest.mark.parametrize(
    ("mode", "effects"),
    [
        (Mode.OFF, [Effect.PROPOSE, Effect.PROPOSE, Effect.PROPOSE, Effect.RELATE, Effect.PROPOSE, None]),
        (Mode.SURE, [Effect.LINK, Effect.PROPOSE, Effect.PROPOSE, Effect.RELATE, Effect.PROPOSE, None]),
        (Mode.ALL, [Effect.LINK, Effect.LINK, Effect.LINK, Effect.RELATE, Effect.PROPOSE, None]),
    ],
)
def test_a_mode_says_which_tiers_link(mode: Mode, effects: list[Effect | None]):
    """What a mode does not let the matcher link, a steward is asked about."""
    assert [effect_of(tier, mode) for tier in Tier] == effects


NAMES = ["王晓明", "王小明", "王晓军", "王总", "陈静", "", "阿里木·买买提", "Wang Xiaoming", "WANG", "欧阳明"]
RAWS = st.builds(
    RawCustomer,
    full_name=st.sampled_from(NAMES),
    sex=st.sampled_from(["", "male", "female"]),
    id_no=st.sampled_from(["", ID, OTHER_ID, "440101199003078011"]),
    birth_on=st.sampled_from(["", "1990-03-07", "1991-03-07", "1990-01-01"]),
    phones=st.sampled_from([(), ("13912340001",), ("13912340002",)]),
    wechats=st.sampled_from([(), ("wxm",)]),
    vins=st.sampled_from([(), ("LSVFV6183C2123456",)]),
    plates=st.sampled_from([(), ("京A12345",)]),
    addresses=st.sampled_from([(), (RawAddress("张杨路500号3号楼1201室", "310115"),)]),
)
FIRMS = st.builds(
    RawCustomer,
    company_name=st.sampled_from(
        ["上海安达出租汽车有限公司", "上海安达汽车租赁有限公司", "上海安达出租汽车有限公司杭州分公司"]
    ),
    credit_code=st.sampled_from(["", "91310115MA1K35J21R", "92310115MA1K35J21A"]),
    phones=st.sampled_from([(), ("13912340001",), ("021-65123456",)]),
)
PARTIES = st.one_of(RAWS, FIRMS)
PROBABILITIES = st.floats(0, 1)


@given(RAWS, RAWS, PROBABILITIES)
def test_no_model_links_by_a_contact_alone(one: RawCustomer, other: RawCustomer, probability: float):
    """Whatever the weights say, no link without one number, or a whole name of one sound on both sides."""
    first, second = customer_features(one), customer_features(other)

    found = judged(one, other, probability).tier

    if found in LINKS:
        is_one_number = first.resident_id is not None and first.resident_id == second.resident_id
        assert is_one_number or (first.name_pinyin is not None and first.name_pinyin == second.name_pinyin)


@given(RAWS, RAWS, PROBABILITIES)
def test_no_model_links_two_valid_numbers(one: RawCustomer, other: RawCustomer, probability: float):
    """Two different valid identity numbers never link by themselves."""
    numbers = {customer_features(raw).resident_id for raw in (one, other)} - {None}

    found = judged(one, other, probability).tier

    assert found not in LINKS or len(numbers) < 2


@given(PARTIES, PARTIES, PROBABILITIES, st.booleans())
def test_what_needs_no_weight_is_judged_alike_with_any(
    one: RawCustomer, other: RawCustomer, probability: float, links_by_car: bool
):
    """A judgement without a weight is the one with any weight and any policy, and never a link or a question."""
    found = judge_unweighed(common_ground(customer_features(one), customer_features(other)))

    if found is not None:
        assert found == judged(one, other, probability, links_by_car=links_by_car)
        assert found.tier in {Tier.HOUSEHOLD, Tier.NOTHING}


def test_relatives_need_no_weight_and_links_do():
    """Two names with one telephone are judged without the model; one name with it is not."""
    one = customer_features(replace(WANG, birth_on=""))
    relative = customer_features(RawCustomer(full_name="陈静"))._replace(phones=one.phones)

    assert judge_unweighed(common_ground(one, relative)) == Judgement(Tier.HOUSEHOLD, Cause.HOUSEHOLD)
    assert judge_unweighed(common_ground(one, one)) is None


@given(RAWS, RAWS, st.lists(PROBABILITIES, min_size=2, max_size=2))
def test_more_probable_is_never_less(one: RawCustomer, other: RawCustomer, probabilities: Sequence[float]):
    """A higher probability never takes a pair from a link to a question, or from a question to nothing."""
    order = [Tier.NOTHING, Tier.HOUSEHOLD, Tier.STEWARD, Tier.A3, Tier.A2, Tier.A1]

    less, more = (order.index(judged(one, other, each).tier) for each in sorted(probabilities))

    assert less <= more


def test_features_alone_are_enough():
    """Nothing but the two records and the probability is needed for a judgement."""
    empty = Features("person", "none")

    assert judge_pair(empty, empty, probability=1.0) == Judgement(Tier.STEWARD, Cause.LIKELY)
