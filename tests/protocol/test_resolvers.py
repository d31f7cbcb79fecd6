"""Which of several concurrent heads is shown, resolver by resolver."""

from itertools import pairwise
from typing import Any

import pytest

from carnet_protocol.fold import fold_record
from carnet_protocol.kinds import REGISTRY, VISIT_STATES, VISIT_TRANSITIONS
from carnet_protocol.registry import Resolver
from carnet_protocol.resolvers import Shown, is_legal_step, show
from carnet_protocol.state import EMPTY, Withheld
from carnet_protocol.writes import Write
from support.protocol import a_write, op

CUSTOMER, VEHICLE, VISIT = REGISTRY["customer"], REGISTRY["vehicle"], REGISTRY["visit"]
PREFERENCE = REGISTRY["contact_preference"]
COLOR, LIFECYCLE, VIN, STATUS, DO_NOT_CONTACT = 5 * 8, 7 * 8, 0, 3 * 8, 1 * 8


def shown(kind: Any, *writes: Write) -> Shown:
    """What a record of a kind shows after writes."""
    return show(kind, fold_record(writes).entries)


def test_an_empty_record_shows_nothing():
    """No entries, no values and no delete."""
    assert show(VEHICLE, EMPTY) == Shown({}, {}, (), False, False)


def test_latest_shows_the_later_set_time():
    """Among concurrent colours the one with the later set time is shown, the other is overruled."""
    found = shown(VEHICLE, a_write(2, {COLOR: "red"}, time_ms=10), a_write(1, {COLOR: "blue"}, time_ms=20))

    assert found.values == {COLOR: "blue"}
    (contest,) = found.contests
    assert (contest.rule, contest.shown.op) == (Resolver.LATEST, op(1))
    assert [entry.op for entry in contest.overruled] == [op(2)]


def test_equal_set_times_are_decided_by_op_id():
    """Two clocks that agree to the millisecond still give one answer everywhere."""
    found = shown(VEHICLE, a_write(1, {COLOR: "red"}, time_ms=10), a_write(2, {COLOR: "blue"}, time_ms=10))

    assert found.values == {COLOR: "blue"}


def test_steward_shows_the_latest_and_asks_for_a_person():
    """A contested lifecycle shows the ranked value and carries the steward's rule."""
    found = shown(VEHICLE, a_write(1, {LIFECYCLE: "sold"}), a_write(2, {LIFECYCLE: "scrapped"}))

    assert found.values == {LIFECYCLE: "scrapped"}
    assert [contest.rule for contest in found.contests] == [Resolver.STEWARD]


def test_once_shows_the_earliest():
    """A second, different VIN does not displace the first; it is kept as an exception."""
    found = shown(VEHICLE, a_write(1, {VIN: "A" * 17}, time_ms=5), a_write(2, {VIN: "B" * 17}, time_ms=9))

    assert found.values == {VIN: "A" * 17}
    assert [[entry.op for entry in contest.overruled] for contest in found.contests] == [[op(2)]]


def test_once_at_equal_times_shows_the_lowest_op_id():
    """The rank decides as for `latest`, from the other end."""
    found = shown(VEHICLE, a_write(2, {VIN: "B" * 17}, time_ms=5), a_write(1, {VIN: "A" * 17}, time_ms=5))

    assert found.values == {VIN: "A" * 17}


@pytest.mark.parametrize("later", [True, False], ids=["opt-out is earlier", "opt-out is later"])
def test_restrictive_shows_the_opt_out_whatever_the_clocks_say(later: bool):
    """Of a concurrent opt-out and opt-in, the opt-out is shown."""
    out = a_write(1, {DO_NOT_CONTACT: True}, time_ms=0 if later else 100)
    in_again = a_write(2, {DO_NOT_CONTACT: False}, time_ms=50)

    assert shown(PREFERENCE, out, in_again).values == {DO_NOT_CONTACT: True}


def test_a_later_statement_of_the_customer_ends_an_opt_out():
    """A permission that was given knowing of the opt-out replaces it."""
    out = a_write(1, {DO_NOT_CONTACT: True})
    in_again = a_write(2, {DO_NOT_CONTACT: False}, based_on=(1,))

    assert shown(PREFERENCE, out, in_again).values == {DO_NOT_CONTACT: False}


def test_restrictive_codes_follow_the_order_of_their_list():
    """A node revoked on one side and suspended on the other is revoked."""
    found = shown(REGISTRY["node"], a_write(1, {2 * 8: "revoked"}), a_write(2, {2 * 8: "suspended"}))

    assert found.values == {2 * 8: "revoked"}


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(VISIT_STATES)))
def test_forward_shows_the_furthest_state(lower: str, higher: str):
    """Of two concurrent states of a repair order, the one further on is shown, even if it is older."""
    found = shown(VISIT, a_write(1, {STATUS: higher}, time_ms=1), a_write(2, {STATUS: lower}, time_ms=2))

    assert found.values == {STATUS: higher}


def test_a_state_of_a_newer_version_comes_first_in_the_order():
    """A state this version does not know never displaces one that it knows."""
    found = shown(VISIT, a_write(1, {STATUS: "draft"}, time_ms=1), a_write(2, {STATUS: "archived"}, time_ms=2))

    assert found.values == {STATUS: "draft"}


def test_a_withheld_state_comes_first_in_the_order():
    """A state whose value is not here does not displace one that is."""
    found = shown(VISIT, a_write(2, {}, withheld={3: Withheld.MASKED}), a_write(1, {STATUS: "draft"}))

    assert found.values == {STATUS: "draft"}


def test_equal_values_are_no_contest():
    """Two desks that write the same colour agree."""
    found = shown(VEHICLE, a_write(1, {COLOR: "red"}), a_write(2, {COLOR: "red"}))

    assert (found.values, found.contests) == ({COLOR: "red"}, ())


def test_leaving_a_label_out_and_writing_null_are_the_same():
    """A group with an explicit null agrees with one that lacks the label."""
    code, year = 4 * 8, 4 * 8 + 1

    found = shown(VEHICLE, a_write(1, {code: "M1"}), a_write(2, {code: "M1", year: None}))

    assert found.contests == ()


def test_a_group_is_shown_as_one_author_wrote_it():
    """No half-old address appears: all fields of a register come from one head."""
    code, year = 4 * 8, 4 * 8 + 1

    found = shown(VEHICLE, a_write(1, {code: "M1", year: 2021}), a_write(2, {code: "M2"}))

    assert found.values == {code: "M2"}


def test_an_unknown_register_is_resolved_as_latest():
    """A field of a newer version is shown and passed on."""
    found = shown(VEHICLE, a_write(1, {1600: 1}), a_write(2, {1600: 2}))

    assert found.values == {1600: 2}
    assert [contest.rule for contest in found.contests] == [Resolver.LATEST]


@pytest.mark.parametrize("code", list(Withheld), ids=lambda code: code.name.lower())
def test_a_withheld_register_says_why_it_has_no_value(code: Withheld):
    """An erased or masked register shows the reason and no value, alone or beside others."""
    alone = shown(CUSTOMER, a_write(1, {}, withheld={7: code}))
    beside = shown(CUSTOMER, a_write(1, {}, withheld={7: code}), a_write(2, {5 * 8: "taxi"}))

    assert (alone.values, alone.withheld) == ({}, {7: code})
    assert (beside.values, beside.withheld) == ({5 * 8: "taxi"}, {7: code})


@pytest.mark.parametrize(
    ("read", "written", "is_legal"),
    [
        pytest.param([], "draft", True, id="a new order starts as a draft"),
        pytest.param([], "open", True, id="or open"),
        pytest.param([], "completed", False, id="but not completed"),
        pytest.param(["open"], "completed", True, id="open to completed"),
        pytest.param(["open"], "open", True, id="staying is no step"),
        pytest.param(["open"], "settled", False, id="open to settled skips completed"),
        pytest.param(["settled"], "void", False, id="settled is not voided"),
        pytest.param(["void"], "open", False, id="void stays void"),
        pytest.param(["draft", "completed"], "settled", True, id="the furthest state read counts"),
        pytest.param(["completed", "draft"], "open", False, id="whatever the order of reading"),
        pytest.param(["archived"], "open", True, id="an unknown state read does not count"),
        pytest.param([None], "draft", True, id="nor does none"),
    ],
)
def test_a_step_is_judged_from_what_its_author_read(read: list[str | None], written: str, is_legal: bool):
    """Legality depends on the op's own `based_on` alone, so not on arrival."""
    assert is_legal_step(VISIT.by_number[3], read, written) is is_legal


def test_every_visit_state_has_its_transitions():
    """The table of steps names each state once and leads only to states."""
    assert set(VISIT_TRANSITIONS) == {None, *VISIT_STATES}
    assert set().union(*VISIT_TRANSITIONS.values()) <= set(VISIT_STATES)


def test_a_register_without_transitions_allows_every_step():
    """A campaign's states are ordered but free."""
    assert is_legal_step(REGISTRY["campaign"].by_number[5], ["withdrawn"], "published")
