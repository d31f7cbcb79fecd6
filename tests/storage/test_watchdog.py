"""What the supervisor does next, for every order of answers."""

from carnet_storage.core.limits import FAILURES_BEFORE_RESET, RESET_EVERY_FAILURES
from carnet_storage.core.status import Refusal
from carnet_storage.core.watchdog import (
    Step,
    Watch,
    after_confirmation,
    after_error,
    after_exit,
    after_refusal,
    lag_ms,
)

EOF = "read database page 12: EOF"


def steps_after(failures: int, *, is_target_reachable: bool = True) -> tuple[Watch, list[Step]]:
    """The steps for so many failures in a row."""
    watch, steps = Watch(), []
    for _ in range(failures):
        watch, step = after_error(watch, EOF, is_target_reachable=is_target_reachable)
        steps.append(step)
    return watch, steps


def test_three_failures_wait_heal_and_reset():
    """The first failure waits, the second heals, the third resets and alarms."""
    watch, steps = steps_after(3)

    assert steps == [Step.WAIT, Step.HEAL, Step.RESET]
    assert (watch.heals, watch.resets, watch.is_alarm) == (1, 1, True)


def test_a_reset_is_repeated_after_a_while():
    """A replication that stays stuck is reset again after twenty more failures, and not before."""
    _, steps = steps_after(FAILURES_BEFORE_RESET + RESET_EVERY_FAILURES)

    assert steps[FAILURES_BEFORE_RESET:] == [Step.WAIT] * (RESET_EVERY_FAILURES - 1) + [Step.RESET]


def test_an_unreachable_target_is_waited_for():
    """While the target is unreachable nothing is restarted and no alarm is raised."""
    watch, steps = steps_after(50, is_target_reachable=False)

    assert set(steps) == {Step.WAIT}
    assert (watch.failures, watch.is_alarm, watch.last_error) == (0, False, EOF)


def test_a_confirmation_ends_the_trouble():
    """After a confirmation the count begins anew and the alarm is over; how often it healed stays known."""
    watch, _ = steps_after(3)

    healed = after_confirmation(watch, now_ms=1_000, head=7, txid=9, replicated_txid=9)

    assert (healed.failures, healed.is_alarm, healed.last_error) == (0, False, None)
    assert (healed.heals, healed.confirmed_head, healed.confirmed_at_ms) == (1, 7, 1_000)


REFUSAL = Refusal("some-code", "What happened.", "What is safe.", "What to do.")


def test_a_refusal_alarms_at_once():
    """Where nothing may be sent nobody waits for a third failure."""
    watch = after_refusal(Watch(), REFUSAL)

    assert (watch.is_alarm, watch.refusal, watch.last_error) == (True, REFUSAL, "What happened.")


def test_an_error_after_a_refusal_is_an_ordinary_one():
    """Once it may send again, Litestream has the usual three failures before there is an alarm."""
    watch, step = after_error(after_refusal(Watch(), REFUSAL), EOF, is_target_reachable=True)

    assert (watch.is_alarm, watch.refusal, watch.failures, step) == (False, None, 1, Step.WAIT)


def test_a_confirmation_ends_a_refusal():
    """After a confirmation nothing is refused any more."""
    watch = after_confirmation(after_refusal(Watch(), REFUSAL), now_ms=1, head=1, txid=1, replicated_txid=1)

    assert (watch.is_alarm, watch.refusal) == (False, None)


def test_a_child_that_ended_is_started():
    """A child that has ended by itself is started again, and its code is told."""
    watch, step = after_exit(Watch(), -9)

    assert step is Step.START
    assert watch.last_error == "it ended with code -9"


def test_the_lag_counts_only_while_something_is_uncovered():
    """The lag is 0 when the confirmed copy covers the log, the age of it when not, and unknown before the first."""
    covered = after_confirmation(Watch(), now_ms=1_000, head=7, txid=1, replicated_txid=1)

    assert lag_ms(Watch(), now_ms=9_000, head=7) is None
    assert lag_ms(covered, now_ms=9_000, head=7) == 0
    assert lag_ms(covered, now_ms=9_000, head=8) == 8_000
