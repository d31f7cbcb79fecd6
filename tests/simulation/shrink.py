"""A failing schedule made short: steps and troubles are taken out as long as the same invariant breaks.

Decides what is tried and in which order (delta debugging: halves, quarters, ... single steps; then the troubles inside
steps). The result breaks the same invariant and none of its steps can be left out.
"""

from collections.abc import Callable, Sequence
from typing import Final

from simulation.schedules import Failed, run_tape
from simulation.tape import Choice, Tape

TRIES_MAX: Final = 2_000


def shrink(failed: Failed, say: Callable[[str], None], tries_max: int = TRIES_MAX) -> Tape:
    """The shortest tape found that breaks the same invariant as a failed schedule.

    Args:
        say: is told how far it is.
        tries_max: shorter schedules that are tried.
    """
    attempt = _Attempt(failed, tries_max)
    choices = _without_parts(failed.tape.choices, attempt, say)
    choices = _without_trouble(choices, attempt)
    choices = _without_parts(choices, attempt, say)
    return Tape(failed.tape.seed, choices, attempt.what)


class _Attempt:
    """Whether a shorter schedule breaks the same invariant."""

    def __init__(self, failed: Failed, tries_max: int) -> None:
        self._seed, self._invariant, self.what = failed.tape.seed, failed.invariant, failed.what
        self._tries_left = tries_max

    def __call__(self, choices: Sequence[Choice]) -> bool:
        """Try it."""
        if not self._tries_left:
            return False
        self._tries_left -= 1
        try:
            run_tape(Tape(self._seed, tuple(choices)))
        except Failed as failed:
            if failed.invariant == self._invariant:
                self.what = failed.what
                return True
        return False


def _without_parts(choices: tuple[Choice, ...], attempt: _Attempt, say: Callable[[str], None]) -> tuple[Choice, ...]:
    """Leave out halves, then quarters, ... then single steps, as long as that goes."""
    size = max(1, len(choices) // 2)
    while True:
        at, has_shrunk = 0, False
        while at < len(choices):
            shorter = (*choices[:at], *choices[at + size :])
            if attempt(shorter):
                choices, has_shrunk = shorter, True
                say(f"{len(choices)} steps")
            else:
                at += size
        if size == 1 and not has_shrunk:
            return choices
        size = max(1, size // 2)


def _without_trouble(choices: tuple[Choice, ...], attempt: _Attempt) -> tuple[Choice, ...]:
    """Let nothing go wrong in a step, as long as that goes."""
    for at, one in enumerate(choices):
        calmer = (*choices[:at], one._replace(trouble="", process="", at=0), *choices[at + 1 :])
        if one.trouble and attempt(calmer):
            choices = calmer
    return choices
