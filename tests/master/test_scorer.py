"""A compiled model weighs a pair as Splink does: stored weights of Splink, and the arithmetic by hand."""

import gzip
import json
import math
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_master.conditions import Row
from carnet_master.errors import NotAModel, UnknownSql
from carnet_master.features import FEATURE_VERSION, RawCustomer, customer_features
from carnet_master.model import read_model, shipped_model, write_model
from carnet_master.rows import columns_of, ready_scorer, row_of
from carnet_master.scorer import Score, Scorer, compile_model
from support.models import levels_of, small_model

STORED = Path(__file__).parent / "splink_pairs.json.gz"
"""Made by `python -m tools.master.compare --store`: a model, rows, and what Splink says of every pair of them."""


@cache
def stored() -> dict[str, Any]:
    """The stored sample."""
    found: dict[str, Any] = json.loads(gzip.decompress(STORED.read_bytes()))
    return found


def small() -> Scorer:
    """The small model of the model's own tests, compiled."""
    return compile_model(read_model(write_model(small_model())))


def named(name: str | None, frequency: float | None) -> Row:
    """A row of the small model."""
    return {"name": name, "tf_name": frequency}


@pytest.mark.parametrize("party_kind", ["person", "company"])
def test_every_weight_is_splinks(party_kind: str):
    """Weights of all stored pairs equal Splink's within 1e-9, and every level is the same."""
    sample = stored()[party_kind]
    scorer = compile_model(read_model(write_model(sample["model"])))
    rows = [{key: tuple(one) if isinstance(one, list) else one for key, one in row.items()} for row in sample["rows"]]

    scores = [scorer.score(left, right) for left, right in combinations(rows, 2)]

    expected = [sample["outcomes"][at] for at in sample["pairs"]]
    assert len(scores) == len(expected) > 10_000
    assert max(abs(one.weight - weight) for one, (weight, _) in zip(scores, expected, strict=True)) <= 1e-9
    assert [list(one.levels) for one in scores] == [levels for _, levels in expected]


def test_a_rare_name_says_more_than_a_frequent_one():
    """The shared value's frequency takes the place of the level's u."""
    score = small().score(named("王芳", 0.02), named("王芳", 0.02))

    assert score.parts[0] == pytest.approx(math.log2(0.9 / 0.02))


def test_a_frequency_known_on_one_side_is_enough():
    """A frequency that one record lacks is taken from the other; without any the level's own weight stands."""
    scorer = small()

    assert scorer.score(named("王芳", None), named("王芳", 0.02)).weight == pytest.approx(
        math.log2(1 / 3) + math.log2(0.9 / 0.02)
    )
    assert scorer.score(named("王芳", None), named("王芳", None)).parts[0] == pytest.approx(math.log2(90))


@pytest.mark.parametrize(
    ("left", "right", "believed"),
    [
        pytest.param(0.02, 0.05, 0.05, id="the greater of two"),
        pytest.param(0.0001, 0.0001, 0.004, id="at least the level's floor"),
    ],
)
def test_the_more_cautious_frequency_is_believed(left: float, right: float, believed: float):
    """The greatest of both frequencies and the level's own floor replaces the level's u."""
    model = small_model()
    levels_of(model)[1]["tf_minimum_u_value"] = 0.004
    scorer = compile_model(read_model(write_model(model)))

    score = scorer.score(named("王芳", left), named("王芳", right))

    assert score.parts[0] == pytest.approx(math.log2(0.9 / believed))


def test_nothing_to_compare_adds_nothing():
    """A missing value is told as its own level and weighs nought."""
    score = small().score(named(None, None), named("王芳", 0.02))

    assert (score.levels, score.parts, score.octets) == ((-1,), (0.0,), b"\xff")


def test_an_explanation_adds_up_to_the_weight():
    """Prior and parts, each with what was found, sum up to the weight."""
    scorer = small()
    score = scorer.score(named("王芳", 0.02), named("李强", 0.001))

    reasons = scorer.explain(score)

    assert [(one.comparison, one.level) for one in reasons] == [
        ("prior", "two records at random"),
        ("name", "another"),
    ]
    assert sum(one.bits for one in reasons) == pytest.approx(score.weight)


def test_a_model_with_unknown_sql_is_not_compiled():
    """A condition that the compiled scorer does not understand stops the whole model."""
    strange = small_model()
    levels_of(strange)[1]["sql_condition"] = "name_l LIKE name_r"
    levels_of(strange)[1].pop("tf_adjustment_column")
    model = read_model(write_model(strange))

    with pytest.raises(UnknownSql):
        compile_model(model)


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("shoe_size_l = shoe_size_r", id="column that rows have not"),
        pytest.param("levenshtein(phones_l, phones_r) <= 1", id="distance of lists"),
        pytest.param("list_has_any(name_l, phones_r) AND name_l > 5", id="text beside a number"),
    ],
)
def test_a_model_that_does_not_fit_the_rows_is_refused(sql: str):
    """A condition about other columns, or other types, is found before a customer is compared with it."""
    model = small_model()
    levels_of(model)[1] = {**levels_of(model)[1], "sql_condition": sql, "disable_tf_exact_match_detection": True}

    with pytest.raises(UnknownSql):
        ready_scorer(read_model(write_model(model)))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"features": FEATURE_VERSION + 1}, id="features of another version"),
        pytest.param({"terms": {**small_model()["terms"], "phones": {"floor": 0.1, "values": {}}}}, id="list by terms"),
    ],
)
def test_a_model_of_other_features_is_refused(change: dict[str, Any]):
    """A model trained on other features is not used, however good it is."""
    with pytest.raises(NotAModel):
        ready_scorer(read_model(write_model({**small_model(), **change})))


@pytest.mark.parametrize("party_kind", ["person", "company"])
def test_the_shipped_models_fit_the_rows(party_kind: str):
    """The models of the package can be asked about every row of this version."""
    model = shipped_model(party_kind)

    assert ready_scorer(model).model is model


@given(st.floats(-5_000, 5_000))
def test_a_probability_is_between_nought_and_one(weight: float):
    """Any weight is a probability, and more weight is never less probable."""
    probability = Score(weight, (), ()).probability

    assert 0 <= probability <= 1
    assert Score(weight + 1, (), ()).probability >= probability


def test_nought_bits_are_an_even_chance():
    """A weight of nought is a half, and 0.99 needs some more than six and a half bits."""
    assert Score(0.0, (), ()).probability == 0.5
    assert Score(6.62, (), ()).probability < 0.99 < Score(6.64, (), ()).probability


def test_which_record_is_left_does_not_matter():
    """The shipped model weighs a pair the same in both directions."""
    scorer = compile_model(shipped_model("person"))
    one, other = (
        row_of(customer_features(raw), scorer.model)
        for raw in (
            RawCustomer(full_name="王晓明", phones=("13912340001",), birth_on="1990-05-06"),
            RawCustomer(full_name="王小明先生", phones=("13912340001", "13912340002"), birth_on="1990-06-05"),
        )
    )

    assert scorer.score(one, other) == scorer.score(other, one)


def test_a_row_has_nothing_where_nothing_is_known():
    """Columns of an empty record are None, so that no list is ever compared with an empty one."""
    row = columns_of(customer_features(RawCustomer()))

    assert set(row.values()) == {None}


def test_plates_and_vins_are_one_column():
    """A car is found by either of its numbers."""
    row = columns_of(customer_features(RawCustomer(vins=("LSVAB2C38RA123456",), plates=("沪A12345",))))

    assert row["cars"] == ("LSVAB2C38RA123456", "沪A12345")
