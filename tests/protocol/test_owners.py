"""Whose car it is: the one rule that hub and desk ask, whatever the order in which ties became known."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol.legal_days import DAY_MS, legal_day_start
from carnet_protocol.owners import first_holder, is_present, present_holder
from carnet_protocol.retention import is_first_owner, span_of

TODAY = date(2026, 9, 21)
NOON_MS = 1_789_963_200_000
"""Noon of that day in China."""


@dataclass(frozen=True)
class Tie:
    """Somebody owns the car."""

    name: str
    from_on: str = ""
    to_on: str = ""
    written_ms: int = NOON_MS
    record: bytes = b"tie"


def named(tie: Tie | None) -> str | None:
    """Whose tie it is."""
    return None if tie is None else tie.name


@pytest.mark.parametrize(
    ("ties", "present", "first"),
    [
        pytest.param([], None, None, id="nobody knows"),
        pytest.param([Tie("wang")], "wang", "wang", id="never sold on"),
        pytest.param(
            [Tie("wang", "2020-01-01", "2023-01-01"), Tie("li", "2023-01-01")], "li", "wang", id="sold, and it was said"
        ),
        pytest.param(
            [Tie("wang", "2019-01-01"), Tie("li", "2021-01-01"), Tie("zhao", "2024-01-01")],
            "zhao",
            "wang",
            id="sold twice and nobody said that it ended",
        ),
        pytest.param([Tie("wang", "2020-01-01", "2023-01-01")], None, "wang", id="sold to nobody knows whom"),
        pytest.param([Tie("wang", "2020-01-01"), Tie("li", "2026-09-22")], "wang", "wang", id="sold from tomorrow on"),
        pytest.param([Tie("wang", "2020-01-01"), Tie("li", "2026-09-21")], "li", "wang", id="sold today"),
        pytest.param([Tie("li", "2022-01-01", "2026-09-21")], "li", "li", id="the last day is today"),
        pytest.param([Tie("li", "2022-01-01", "2026-09-20")], None, "li", id="the last day was yesterday"),
        pytest.param(
            [Tie("wang", written_ms=NOON_MS - 365 * DAY_MS), Tie("li")], "li", "wang", id="neither says a first day"
        ),
        pytest.param([Tie("wang", "2022-01-01"), Tie("li")], "li", "wang", id="written down after a first day"),
        pytest.param(
            [Tie("wang", "2022-01-01"), Tie("li", written_ms=NOON_MS - 1900 * DAY_MS)],
            "wang",
            "li",
            id="written down before a first day",
        ),
        pytest.param(
            [Tie("wang", "2026-09-21", written_ms=NOON_MS + 1), Tie("li", written_ms=NOON_MS)],
            "wang",
            "li",
            id="written on the first day of another, which was written later",
        ),
        pytest.param(
            [Tie("wang", "2022-01-01", written_ms=1), Tie("li", "2022-01-01", written_ms=2)],
            "li",
            "wang",
            id="one first day, written one after the other",
        ),
        pytest.param(
            [Tie("wang", "2022-01-01", record=b"a"), Tie("li", "2022-01-01", record=b"b")],
            "li",
            "wang",
            id="one first day, written at one moment",
        ),
    ],
)
def test_owners_follow_from_the_ties_in_any_order(ties: list[Tie], present: str | None, first: str | None):
    """The present owner is the last whose time has begun and not ended, the first-sale owner whoever began first."""
    found = [(named(present_holder(one, TODAY)), named(first_holder(one))) for one in (ties, ties[::-1])]

    assert found == [(present, first)] * 2


def test_a_tie_without_a_first_day_began_on_a_day_of_the_law():
    """Written a millisecond before midnight in China it began a day earlier than written at midnight."""
    midnight_ms = legal_day_start(NOON_MS)
    today, yesterday = Tie("li", written_ms=midnight_ms), Tie("li", written_ms=midnight_ms - 1)
    sold_today = Tie("wang", "2026-09-21", written_ms=0)

    found = [named(present_holder([one, sold_today], TODAY)) for one in (today, yesterday)]

    assert found == ["li", "wang"]


DAYS = st.one_of(st.just(""), st.integers(-3, 3).map(lambda days: (TODAY + timedelta(days)).isoformat()))
TIES = st.builds(
    Tie,
    st.sampled_from(["wang", "li", "zhao"]),
    DAYS,
    DAYS,
    st.integers(-3, 3).map(lambda days: NOON_MS + days * DAY_MS),
    st.binary(min_size=1, max_size=1),
)


@given(st.lists(TIES, max_size=5, unique_by=lambda one: one.record), st.randoms(use_true_random=False))
def test_the_order_in_which_ties_are_known_plays_no_part(ties: list[Tie], dice: object):
    """Two readers who hold the same ties name the same owners, and the present one stands today."""
    shuffled = [*ties]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]

    present = present_holder(ties, TODAY)

    assert (present_holder(shuffled, TODAY), first_holder(shuffled)) == (present, first_holder(ties))
    assert present is None or is_present(present, TODAY)


@given(st.lists(TIES, min_size=1, max_size=5, unique_by=lambda one: one.record))
def test_whoever_is_named_first_is_kept_as_a_first_owner(ties: list[Tie]):
    """Retention, which keeps everybody who may have been first, keeps the first-sale owner of a notice among them."""
    first = first_holder(ties)
    assert first is not None

    others = [span_of([one.from_on or None]) for one in ties if one is not first]

    assert is_first_owner(span_of([first.from_on or None]), others)
