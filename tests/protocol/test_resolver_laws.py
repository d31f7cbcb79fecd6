"""The laws of each resolver among concurrent heads, and the bounds that no history can break."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol import limits
from carnet_protocol.errors import NotAllowed
from carnet_protocol.fold import fold_record, fold_write
from carnet_protocol.kinds import REGISTRY, VISIT_STATES
from carnet_protocol.registry import Resolver
from carnet_protocol.resolvers import Contest, show
from carnet_protocol.state import EMPTY, Entries, Entry
from carnet_protocol.writes import Write
from support.protocol import a_write

CASES = {
    Resolver.LATEST: ("vehicle", "color", ["red", "blue", None]),
    Resolver.STEWARD: ("vehicle", "lifecycle", ["active", "sold", None]),
    Resolver.ONCE: ("vehicle", "vin", ["A" * 17, "B" * 17, None]),
    Resolver.RESTRICTIVE: ("node", "status", ["active", "suspended", "revoked", "lost", None]),
    Resolver.FORWARD: ("visit", "status", [*VISIT_STATES, "archived", None]),
}
"""Kind, field and values by resolver; the last codes of the ordered ones are unknown to this version."""

clashes = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), min_size=2, max_size=8)
"""(which value, set time) of concurrent writes."""


def contest_of(rule: Resolver, clash: list[tuple[int, int]]) -> tuple[Entry, Contest | None, list[Entry]]:
    """The shown head, the contest if there is one, and all heads of a clash."""
    kind_name, field, values = CASES[rule]
    kind = REGISTRY[kind_name]
    label = kind.labels[field]
    writes = [
        a_write(number, {label: values[choice % len(values)]}, time_ms=time)
        for number, (choice, time) in enumerate(clash)
    ]
    entries = fold_record(writes).entries
    shown = show(kind, entries)
    contest = shown.contests[0] if shown.contests else None
    wanted = shown.values.get(label)
    head = contest.shown if contest else next(one for one in entries if (one.fields or {})[label] == wanted)
    return head, contest, list(entries)


def place(rule: Resolver, entry: Entry) -> int:
    """Where an entry's value stands in the registry's order; before all others if it is not there."""
    kind_name, field, _ = CASES[rule]
    kind = REGISTRY[kind_name]
    codes = kind.register_of(field).fields[0].codes
    stated: Any = (entry.fields or {})[kind.labels[field]]
    return codes.index(stated) if stated in codes else -1


@pytest.mark.parametrize("rule", Resolver)
@given(clash=clashes)
def test_every_other_value_is_overruled(rule: Resolver, clash: list[tuple[int, int]]):
    """Whatever is not shown and differs is listed once, by ascending rank, under the rule of its register."""
    shown, contest, entries = contest_of(rule, clash)

    others = sorted((one for one in entries if one.fields != shown.fields), key=lambda one: one.rank)
    assert (list(contest.overruled) if contest else []) == others
    assert contest is None or contest.rule is rule


@pytest.mark.parametrize("rule", [Resolver.LATEST, Resolver.STEWARD])
@given(clash=clashes)
def test_latest_and_steward_show_the_highest_rank(rule: Resolver, clash: list[tuple[int, int]]):
    """No head with a different value has a later set time, nor the same one and a higher op id."""
    shown, contest, _ = contest_of(rule, clash)

    assert all(one.rank < shown.rank for one in (contest.overruled if contest else ()))


@given(clash=clashes)
def test_once_shows_the_lowest_rank(clash: list[tuple[int, int]]):
    """No head with a different value came earlier."""
    shown, contest, _ = contest_of(Resolver.ONCE, clash)

    assert all(one.rank > shown.rank for one in (contest.overruled if contest else ()))


@pytest.mark.parametrize("rule", [Resolver.RESTRICTIVE, Resolver.FORWARD])
@given(clash=clashes)
def test_ordered_resolvers_never_show_less_than_any_head(rule: Resolver, clash: list[tuple[int, int]]):
    """The furthest value of the list is shown, whatever the clocks say; equal places go to the highest rank."""
    shown, contest, entries = contest_of(rule, clash)

    rivals = contest.overruled if contest else ()
    assert place(rule, shown) == max(place(rule, one) for one in entries)
    assert all(one.rank < shown.rank for one in rivals if place(rule, one) == place(rule, shown))


@st.composite
def reckless(draw: st.DrawFn) -> list[Write]:
    """Up to 120 writes and deletes by authors who read little of what stands there."""
    writes: list[Write] = []
    for number in range(draw(st.integers(40, 120))):
        read = draw(st.sets(st.integers(0, number - 1), max_size=2)) if number else set()
        fields = draw(st.sampled_from([None, {40: "red"}, {40: "blue", 48: "gas"}]))
        writes.append(a_write(number, fields, based_on=tuple(sorted(read))))
    return writes


@given(reckless())
def test_no_history_grows_a_record_beyond_its_bounds(writes: list[Write]):
    """Whatever arrives, at most 32 values stand in a register and 32 deletes in a record; a refusal changes nothing."""
    entries: Entries = EMPTY
    for write in writes:
        try:
            entries = fold_write(entries, write).entries
        except NotAllowed:
            continue

    for register in (5, 6):
        assert sum(register in one.registers() for one in entries) <= limits.HEADS_PER_REGISTER_MAX
    assert sum(one.is_delete for one in entries) <= limits.HEADS_PER_REGISTER_MAX
