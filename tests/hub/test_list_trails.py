"""Which steps lead to a recall list: few, small, and from as many states as fit."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from carnet_hub.core.campaigns.list_trails import TrailStep, extend_trail, trail_step
from carnet_hub.core.limits import TRAIL_BYTES_MIN
from carnet_protocol.limits import LIST_STATES_MAX, LIST_STEPS_MAX
from carnet_protocol.recall_lists import STATE_BYTES, apply_step, encode_members, step_between
from carnet_protocol.segments import Segment, decode_segment, encode_segment, join_vin

CARS = [join_vin("LSVAB2C3RA", 7 * number) for number in range(40)]

histories = st.lists(st.sets(st.sampled_from(CARS)), min_size=2, max_size=12)


def state(vins: set[str]) -> tuple[bytes, Segment]:
    """A list and its hash."""
    content = encode_segment(vins)
    return sha256(content).digest(), decode_segment(content)


def trail_of(history: Sequence[set[str]], whole_bytes: int = TRAIL_BYTES_MIN) -> tuple[TrailStep, ...]:
    """The trail behind so many days."""
    trail: tuple[TrailStep, ...] = ()
    for earlier, later in pairwise(history):
        (name, before), (_, after) = state(earlier), state(later)
        trail = extend_trail(trail, trail_step(name, step_between(before, after)), whole_bytes=whole_bytes)
    return trail


def growing(days: int, cars_a_day: int = 1) -> list[set[str]]:
    """A list that gets a few vehicles more each day."""
    cars = [join_vin("LSVAB2C3RA", number) for number in range(days * cars_a_day)]
    return [set(cars[: day * cars_a_day]) for day in range(days + 1)]


@given(histories, st.data())
def test_from_every_state_of_the_trail_its_steps_lead_to_the_end(history: list[set[str]], data: st.DataObject):
    """A node that was away for some days applies the rest of the trail and has the list, byte for byte."""
    start = data.draw(st.integers(0, len(history) - 2))
    name, segment = state(history[start])
    trail = trail_of(history)
    places = [place for place, one in enumerate(trail) if name[:STATE_BYTES] in states_of(one)]

    for step in trail[places[-1] :]:
        segment = apply_step(segment, step.step)

    assert encode_members(segment) == encode_segment(history[-1])


def states_of(one: TrailStep) -> list[bytes]:
    """The states that a step leads from."""
    return [one.froms[at : at + STATE_BYTES] for at in range(0, len(one.froms), STATE_BYTES)]


def test_whoever_was_here_yesterday_fetches_what_today_brought():
    """The newest step stands by itself, however long the trail is."""
    *_, newest = trail_of(growing(30))

    assert (newest.step.count, len(states_of(newest))) == (1, 1)


def test_older_steps_speak_of_more_than_twice_as_many_as_the_next():
    """Sixty days are a handful of files."""
    *older, _ = [one.step.count for one in trail_of(growing(60))]

    assert len(older) <= 7
    assert [earlier > 2 * later for earlier, later in pairwise(older)] == [True] * (len(older) - 1)


def test_a_trail_is_never_larger_than_half_of_the_list():
    """The oldest states go first: from there the list itself is cheaper."""
    history = growing(12, cars_a_day=5_000)
    whole = len(encode_segment(history[-1]))

    trail = trail_of(history, whole_bytes=whole)

    assert 0 < sum(len(one.content) for one in trail) <= max(whole // 2, TRAIL_BYTES_MIN)
    assert states_of(trail[-1]) == [state(history[-2])[0][:STATE_BYTES]]


def test_a_step_that_is_larger_than_half_of_the_list_is_none():
    """After a list was exchanged for another one, everybody fetches it."""
    before = {join_vin("LSVAB2C3RA", 400 * number) for number in range(12_000)}
    after = {join_vin("LSVAB2C3RB", 400 * number) for number in range(12_000)}

    assert trail_of([before, after], whole_bytes=len(encode_segment(after))) == ()


def test_states_beyond_the_bound_are_given_up():
    """A trail names so many states and no more, the newest ones."""
    history = growing(LIST_STATES_MAX + 6)

    trail = trail_of(history)

    named = [one for step in trail for one in states_of(step)]
    assert named == [state(one)[0][:STATE_BYTES] for one in history[-1 - LIST_STATES_MAX : -1]]
    assert len(trail) <= LIST_STEPS_MAX
