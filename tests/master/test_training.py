"""What training is given: plans the compiled scorer understands, halves without a common party, true strangers."""

import re

import pytest
from tools.master.plans import COMPANY, ELSE, FEBRL, PERSON, Plan, Step, comparisons_of, terms_of
from tools.master.sources import RELATIVES_MAX, Sample, frequencies, one_each, relatives, split

from carnet_master.conditions import Value, compile_condition
from carnet_master.model_limits import COMPARISONS_MAX, LEVELS_MAX
from carnet_master.rows import EXACT, LISTS, TERMED

COLUMN = re.compile(r"\b(\w+)_[lr]\b")


def sample(*rows: tuple[str, str, Value]) -> Sample:
    """Rows of (id, party, telephones)."""
    empty: dict[str, Value] = dict.fromkeys(("wechats", "cars", "doors"))
    return Sample({key: {**empty, "phones": phones} for key, _, phones in rows}, {key: party for key, party, _ in rows})


@pytest.mark.parametrize("plan", [PERSON, COMPANY, FEBRL], ids=["person", "company", "febrl"])
def test_every_condition_of_a_plan_is_understood(plan: Plan):
    """The compiled scorer knows all SQL that a model may be trained with."""
    for _, steps in plan.comparisons:
        for one in steps:
            if Step(*one).sql != ELSE:
                assert callable(compile_condition(Step(*one).sql))


@pytest.mark.parametrize("plan", [PERSON, COMPANY, FEBRL], ids=["person", "company", "febrl"])
def test_every_comparison_begins_with_nothing_and_ends_with_the_rest(plan: Plan):
    """A pair with nothing to compare is told apart first, and whatever no level takes falls into the last."""
    assert len(plan.comparisons) <= COMPARISONS_MAX
    for _, steps in plan.comparisons:
        assert (Step(*steps[0]).label, Step(*steps[-1]).sql) == ("null", ELSE)
        assert len(steps) <= LEVELS_MAX


@pytest.mark.parametrize("plan", [PERSON, COMPANY], ids=["person", "company"])
def test_plans_compare_columns_of_rows_only(plan: Plan):
    """Every column in a condition is one that rows have, and frequencies are those that rows look up."""
    named = {name for _, steps in plan.comparisons for one in steps for name in COLUMN.findall(Step(*one).sql)}

    assert named <= {*EXACT, *LISTS}
    assert terms_of(plan) == tuple(sorted(TERMED[plan.party_kind]))


def test_a_step_is_told_to_splink_in_its_words():
    """Label, condition, null level, frequency and a set m become the keys that Splink reads."""
    plan = Plan(
        "person", [("a b", [("null", "x_l IS NULL"), Step("same", "x_l = x_r", "x"), Step("rest", ELSE, m=0.5)])]
    )

    assert comparisons_of(plan) == [
        {
            "output_column_name": "a_b",
            "comparison_levels": [
                {"label_for_charts": "null", "sql_condition": "x_l IS NULL", "is_null_level": True},
                {
                    "label_for_charts": "same",
                    "sql_condition": "x_l = x_r",
                    "tf_adjustment_column": "x",
                    "tf_adjustment_weight": 1.0,
                },
                {
                    "label_for_charts": "rest",
                    "sql_condition": ELSE,
                    "m_probability": 0.5,
                    "fix_m_probability": True,
                },
            ],
        }
    ]


def test_halves_have_no_party_in_common():
    """Each party is in one half with all its records."""
    whole = sample(("1", "a", None), ("2", "b", None), ("3", "a", None), ("4", "c", None))

    halves = [set(split(whole, part).rows) for part in (0, 1)]

    assert halves == [{"1", "3", "4"}, {"2"}]


def test_strangers_are_one_record_of_each_party():
    """Of every party the first record is taken, so that no two of them are one."""
    assert one_each(sample(("1", "a", None), ("2", "b", None), ("3", "a", None))) == ["1", "2"]


def test_relatives_share_a_contact_and_are_not_one():
    """Two records of different parties with one telephone are relatives; of one party, or without one, they are not."""
    found = relatives(
        sample(("1", "a", ("x",)), ("2", "b", ("x", "y")), ("3", "a", ("x",)), ("4", "c", ("z",)), ("5", "d", None))
    )

    assert found == [("1", "2"), ("2", "3")]


def test_a_contact_of_many_makes_no_relatives():
    """A telephone that more records have than a family is not looked at."""
    many = [(f"{number:03}", str(number), ("shop",)) for number in range(RELATIVES_MAX + 1)]

    assert relatives(sample(*many)) == []
    assert len(relatives(sample(*many[1:]))) == RELATIVES_MAX * (RELATIVES_MAX - 1) // 2


def test_a_true_pair_is_told_once():
    """All pairs of a party's records, the smaller id first."""
    assert sample(("2", "a", None), ("1", "a", None), ("3", "b", None)).true_pairs() == {("1", "2")}


def test_frequencies_leave_rare_values_to_the_floor():
    """A value with fewer records than asked for is not listed; the floor is one record's share."""
    rows: list[dict[str, Value]] = [{"name": name} for name in ("王芳", "王芳", "李强", None)]

    assert frequencies(rows, "name", 2) == (1 / 3, {"王芳": 2 / 3})
