"""Gates on made-up countries: the shipped models, keys, tiers and clusters together, and how they are counted.

The figures themselves are measured on more and larger countries (`make gate-master`, `make bench-master`); what is
asked here is a little less, because one small country has more luck in it. Each country is made by one worker, once.
"""

from dataclasses import replace
from functools import cache

import pytest
from tools.master.measuring import (
    Judged,
    Matched,
    best_quality,
    candidate_pairs,
    match,
    outcome_of,
    quality_at,
    tiers_of,
)

from bench.population.knobs import SETTINGS
from bench.population.world import Population, make_population
from carnet_master.tiers import Cause, Judgement, Mode, Tier

RECORDS = {"normal": 30_000, "hard": 15_000, "adversarial": 15_000}
SEED = 11
IN_NORMAL = pytest.mark.xdist_group("quality: normal")
IN_OTHERS = pytest.mark.xdist_group("quality: hard and adversarial")


@cache
def matched(setting: str) -> Matched:
    """A country after the matcher has seen it; made once."""
    return match(make_population(RECORDS[setting], SEED, SETTINGS[setting]))


@cache
def tiny() -> Population:
    """A few households."""
    return make_population(40, 3)


def judged(one: str, other: str, weight: float, *, tier: Tier = Tier.A2, is_true: bool = True) -> Judged:
    """A pair as the matcher left it."""
    return Judged(one, other, weight, Judgement(tier, Cause.NAME_AND_CONTACT), is_true)


def counted(*pairs: Judged, true_pairs: int) -> Matched:
    """A match of nothing but these pairs."""
    return Matched(tiny(), {}, pairs, {}, 0, true_pairs)


@pytest.mark.parametrize(
    ("setting", "least"), [pytest.param("normal", 0.975, marks=IN_NORMAL), pytest.param("hard", 0.955, marks=IN_OTHERS)]
)
def test_the_best_f1_is_high(setting: str, least: float):
    """Precision and recall at the best weight are together as high as promised."""
    assert best_quality(matched(setting)).f1 >= least


@pytest.mark.parametrize(
    ("setting", "least"), [pytest.param("normal", 0.985, marks=IN_NORMAL), pytest.param("hard", 0.965, marks=IN_OTHERS)]
)
def test_nearly_all_true_pairs_meet(setting: str, least: float):
    """The keys bring all but a few of a hundred true pairs together."""
    found = matched(setting)

    assert found.met / found.true_pairs >= least


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param("normal", marks=IN_NORMAL),
        pytest.param("hard", marks=IN_OTHERS),
        pytest.param("adversarial", marks=IN_OTHERS),
    ],
)
def test_no_two_strangers_are_linked(setting: str):
    """With all tiers linking by themselves no link joins people of two households."""
    assert outcome_of(matched(setting), Mode.ALL).strangers == 0


@pytest.mark.parametrize("setting", [pytest.param("normal", marks=IN_NORMAL), pytest.param("hard", marks=IN_OTHERS)])
def test_no_two_relatives_are_linked(setting: str):
    """Where no family has one name twice, no link joins two of one household."""
    assert outcome_of(matched(setting), Mode.ALL).relatives <= 1


@IN_NORMAL
def test_most_true_pairs_are_linked_without_anybody():
    """With all tiers linking by themselves four of five true pairs come together."""
    assert outcome_of(matched("normal"), Mode.ALL).recall >= 0.80


@IN_OTHERS
def test_hardly_a_family_with_one_name_twice_is_joined():
    """Where families name as chance has it and lend each other documents, ten links of 100,000 records are wrong."""
    found = matched("adversarial")

    assert outcome_of(found, Mode.ALL).relatives / len(found.features) <= 10 / 100_000 + 2 / len(found.features)


@pytest.mark.parametrize("setting", [pytest.param("normal", marks=IN_NORMAL), pytest.param("hard", marks=IN_OTHERS)])
def test_sure_links_alone_are_never_wrong(setting: str):
    """What an identity number links is right."""
    outcome = outcome_of(matched(setting), Mode.SURE)

    assert (outcome.strangers, outcome.relatives) == (0, 0)


@IN_NORMAL
def test_with_documents_alone_a_steward_is_asked_no_more():
    """In mode `a1` doubts are as few as in mode `all`; what the mode holds stands apart and is right."""
    found = matched("normal")
    outcome = outcome_of(found, Mode.SURE)

    assert outcome.entities / len(found.features) <= 0.070
    assert outcome.true_held / outcome.held >= 0.9999


@IN_NORMAL
def test_a_steward_is_asked_little_and_mostly_rightly():
    """At most seventy entities per thousand records are asked about, and four of five questions are answered yes."""
    found = matched("normal")
    outcome = outcome_of(found, Mode.ALL)

    assert outcome.entities / len(found.features) <= 0.070
    assert outcome.true_questions / outcome.questions >= 0.80


@IN_NORMAL
def test_few_others_are_compared():
    """Ninety-nine of a hundred records are compared with at most fifty others."""
    compared = sorted(matched("normal").candidates.values())

    assert compared[int(len(compared) * 0.99)] <= 50


def test_recall_counts_what_never_met():
    """A true pair without a shared key is missed at every weight."""
    found = counted(judged("a", "b", 9.0), true_pairs=4)

    assert (best_quality(found).precision, best_quality(found).recall) == (1.0, 0.25)


def test_pairs_of_one_weight_stand_or_fall_together():
    """A threshold between two equal weights is no threshold."""
    found = counted(judged("a", "b", 5.0), judged("a", "c", 5.0, is_true=False), true_pairs=1)

    assert (best_quality(found).precision, best_quality(found).recall) == (0.5, 1.0)


def test_the_fixed_threshold_takes_what_lies_on_it():
    """A pair with exactly the fixed weight is above it, one below is not."""
    found = counted(judged("a", "b", 6.0), judged("a", "c", 5.9, is_true=False), true_pairs=2)

    assert (quality_at(found, 6.0).precision, quality_at(found, 6.0).recall) == (1.0, 0.5)


@IN_NORMAL
def test_an_error_between_strangers_is_told_from_one_at_home():
    """A wrong link counts for the household only if both people live in it."""
    found = matched("normal")
    records = sorted(found.features)
    population = found.population
    stranger = next(one for one in records[1:] if not population.are_one_household(records[0], one))
    relative = next(
        (one, other)
        for one in records
        for other in records
        if one < other
        and population.party_of[one] != population.party_of[other]
        and population.are_one_household(one, other)
    )
    pairs = [judged(records[0], stranger, 9.0, is_true=False), judged(*relative, 9.0, is_true=False)]

    outcome = outcome_of(replace(found, judged=pairs), Mode.ALL)

    assert (outcome.links, outcome.strangers, outcome.relatives) == (2, 1, 1)


@IN_NORMAL
def test_pairs_between_two_clusters_are_one_question():
    """Two pairs of records between the same two clusters are asked about once, as one entity."""
    found = matched("normal")
    unproven = [key for key, one in sorted(found.features.items()) if one.party == "person" and not one.resident_id]
    one, two, three = unproven[:3]
    pairs = [
        judged(one, two, 9.0),
        judged(one, three, 2.0, tier=Tier.STEWARD, is_true=False),
        judged(two, three, 2.0, tier=Tier.STEWARD),
    ]

    outcome = outcome_of(replace(found, judged=pairs), Mode.ALL)

    assert (outcome.questions, outcome.true_questions, outcome.entities) == (1, 1, 1)


def test_tiers_are_told_with_their_truth():
    """Each tier and cause has its number of pairs and of true ones; what is nothing is left out."""
    found = counted(
        judged("a", "b", 9.0),
        judged("a", "c", 9.0, is_true=False),
        judged("b", "c", 0.0, tier=Tier.NOTHING),
        true_pairs=1,
    )

    assert tiers_of(found) == {"a2 name_and_contact": (2, 1)}


@IN_NORMAL
def test_every_pair_that_shares_a_key_is_a_candidate_once():
    """Candidates are sorted pairs without repetition, and true pairs are among them."""
    found = matched("normal")

    pairs = candidate_pairs(found.features)

    assert pairs == sorted(set(pairs))
    assert all(one < other for one, other in pairs)
    assert {(one.one, one.other) for one in found.judged} == set(pairs)
