"""What a restore writes: the value again, and first beside one that would otherwise be replaced and listed nowhere."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol.changeset import Draft
from carnet_protocol.fold import Folded, fold_record
from carnet_protocol.ids import Nonce, OpId, op_id
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.limits import HEADS_PER_REGISTER_MAX
from carnet_protocol.restored_values import draft_restore
from carnet_protocol.state import Entry, Withheld, head_op_ids, heads_of
from carnet_protocol.writes import Write
from support.protocol import fixed, record

COLOR = VEHICLE.labels["color"]
REGISTER = VEHICLE.register_of("color").number
COLORS = ("red", "blue", "green", "white")


def nonce(name: str) -> Nonce:
    """The identity of a set, as a function of a name."""
    return Nonce(fixed(name, 14))


def painted(name: str, color: str, *based_on: OpId) -> Write:
    """A write of the colour."""
    return Write(op_id(nonce(name), 0), 0, fixed("author"), {COLOR: color}, {}, based_on)


def restoring(state: Folded, wanted: Entry, name: str) -> tuple[Draft, ...]:
    """The drafts of a restore that knows this state."""
    plain = Draft(VEHICLE, record("car"), {"color": color_of(wanted)}, head_op_ids(state.entries, [REGISTER]))
    return draft_restore(plain, OpId(wanted.op), state.entries, listed(state), nonce(name))


def listed(state: Folded) -> list[Entry]:
    """What was overruled knowingly."""
    return [one.overruled for one in state.settled]


def color_of(entry: Entry) -> str:
    """What a write says."""
    return str((entry.fields or {})[COLOR])


def colors(entries: Iterable[Entry]) -> set[str]:
    """What some writes say."""
    return {color_of(one) for one in entries}


@dataclass
class Machine:
    """What one machine knows of a car, and what was ever current there."""

    writes: dict[OpId, Write] = field(default_factory=dict)
    was_current: set[str] = field(default_factory=set)

    def state(self) -> Folded:
        """The fold of all it knows."""
        return fold_record(self.writes.values())

    def take(self, writes: Iterable[Write]) -> None:
        """Learn of some writes."""
        self.writes.update({one.op: one for one in writes})
        self.was_current |= colors(self.state().entries)

    def restore(self, which: int, name: str) -> None:
        """Somebody brings a value back: one that stands beside another, or one of the list."""
        state = self.state()
        offered = [*state.entries, *listed(state)]
        drafts = restoring(state, offered[which % len(offered)], name)
        ops = [op_id(nonce(name), index) for index in range(len(drafts))]
        self.take(
            Write(op, 0, fixed("author"), {COLOR: one.values["color"]}, {}, one.based_on)
            for op, one in zip(ops, drafts, strict=True)
        )


steps = st.lists(st.tuples(st.integers(0, 1), st.one_of(st.none(), st.integers(0, 20))), max_size=12)
"""On one of two machines: hear all the other knows, or restore one of what is offered there."""


@given(st.lists(st.sampled_from(COLORS), min_size=1, max_size=4), steps)
def test_whatever_was_current_is_current_or_listed(beside: list[str], steps: list[tuple[int, int | None]]):
    """However often values are restored, by whomever and without knowing of each other, none is ever listed nowhere."""
    machines = (Machine(), Machine())
    for machine in machines:
        machine.take(painted(f"first {number}", color) for number, color in enumerate(beside))

    for number, (at, which) in enumerate(steps):
        machine = machines[at]
        if which is None:
            machine.was_current |= machines[1 - at].was_current
            machine.take(machines[1 - at].writes.values())
        else:
            machine.restore(which, f"restore {number}")

        state = machine.state()
        assert machine.was_current <= colors(state.entries) | colors(listed(state))


@given(st.lists(st.integers(0, 20), max_size=12))
def test_no_value_is_listed_more_often_than_it_is_needed(steps: list[int]):
    """Two values that take turns make a list of two, however long they do."""
    machine = Machine()
    machine.take((painted("one", "red"), painted("other", "blue")))

    for number, which in enumerate(steps):
        machine.restore(which, f"restore {number}")

    assert len(listed(machine.state())) <= 2


def test_a_restore_among_values_that_differ_is_one_op():
    """The fold lists what stood beside the one that is kept."""
    state = fold_record([painted("one", "red"), painted("other", "blue")])

    (draft,) = restoring(state, state.entries[0], "restore")

    assert set(draft.based_on) == {one.op for one in state.entries}


def test_a_value_that_is_shown_already_is_written_once():
    """Nothing is replaced by its equal."""
    state = fold_record([painted("one", "red")])

    assert len(restoring(state, state.entries[0], "restore")) == 1


def test_a_value_that_is_withheld_here_is_listed_where_it_is_not():
    """A reader who cannot see what stands cannot say that it is listed."""
    hidden = Write(op_id(nonce("hidden"), 0), 0, fixed("another"), {}, {REGISTER: int(Withheld.MASKED)})
    known = painted("known", "red")
    state = fold_record([hidden])
    plain = Draft(VEHICLE, record("car"), {"color": "red"}, (hidden.op,))

    beside, kept = draft_restore(plain, known.op, state.entries, [], nonce("restore"))

    assert (beside.based_on, kept.based_on) == ((known.op,), (hidden.op, op_id(nonce("restore"), 0)))


@pytest.mark.parametrize(("standing", "ops"), [(HEADS_PER_REGISTER_MAX - 1, 2), (HEADS_PER_REGISTER_MAX, 1)])
def test_a_register_without_room_gets_the_value_alone(standing: int, ops: int):
    """One more value there would park the restore."""
    state = fold_record([painted(f"alike {number}", "red") for number in range(standing)])
    wanted = heads_of(fold_record([painted("wanted", "blue")]).entries, REGISTER)[0]

    assert len(restoring(state, wanted, "restore")) == ops
