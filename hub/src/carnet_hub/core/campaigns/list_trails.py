"""Which steps lead from earlier states of a recall list to the present one.

Decides, by rule and from the sizes alone, which steps are kept, which are joined, and when an earlier state is given
up. Pure. Does not decide what a step means (`carnet_protocol.recall_lists`) nor where its bytes lie (`offline_lists`).

Rules
1. The newest step stands by itself: a node that was here yesterday fetches it and nothing else.
2. Behind it, a step speaks of more than twice as many vehicles as the next newer one; two that do not become one. So a
   node that was away for long fetches few files, and each change is written again a few times only.
3. A trail is never larger than half of the whole list, or than `TRAIL_BYTES_MIN`: then the list itself is cheaper.
   The oldest steps go first, and with them their states; a node at one of these fetches the list.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from carnet_hub.core.limits import TRAIL_BYTES_MIN
from carnet_protocol.limits import LIST_STATES_MAX, LIST_STEPS_MAX
from carnet_protocol.recall_lists import STATE_BYTES, Step, encode_step, join_steps


@dataclass(frozen=True, slots=True)
class TrailStep:
    """A step with the states that it leads from.

    Attributes:
        froms: `STATE_BYTES` of each, oldest first.
        content: its canonical bytes.
    """

    froms: bytes
    step: Step
    content: bytes


def trail_step(state: bytes, step: Step) -> TrailStep:
    """The step that leads on from one state.

    Args:
        state: 32-byte hash of the segment before it.
    """
    return TrailStep(state[:STATE_BYTES], step, encode_step(step))


def extend_trail(trail: Sequence[TrailStep], newest: TrailStep, *, whole_bytes: int) -> tuple[TrailStep, ...]:
    """The trail to a new state.

    Args:
        trail: to the state before; each step leads to where the next one begins.
        newest: from there to the new state.
        whole_bytes: size of the whole list in its new state.
    """
    older = list(trail)
    while len(older) > 1 and older[-2].step.count <= 2 * older[-1].step.count:
        older[-2:] = [_joined(older[-2], older[-1])]
    bytes_max = max(whole_bytes // 2, TRAIL_BYTES_MIN)
    kept = [*older, newest][-LIST_STEPS_MAX:]
    while kept and sum(len(one.content) for one in kept) > bytes_max:
        kept.pop(0)
    return _with_newest_states(kept)


def _joined(earlier: TrailStep, later: TrailStep) -> TrailStep:
    step = join_steps(earlier.step, later.step)
    return TrailStep(earlier.froms + later.froms, step, encode_step(step))


def _with_newest_states(trail: Sequence[TrailStep]) -> tuple[TrailStep, ...]:
    """The same steps, without the states beyond the newest ones that a trail may name."""
    kept: list[TrailStep] = []
    room = LIST_STATES_MAX * STATE_BYTES
    for one in reversed(trail):
        froms = one.froms[-room:] if room else b""
        if not froms:
            break
        kept.append(TrailStep(froms, one.step, one.content))
        room -= len(froms)
    return tuple(reversed(kept))
