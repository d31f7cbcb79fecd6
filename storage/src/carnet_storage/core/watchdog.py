"""What the supervisor of Litestream does next, from the answers it got.

Decides nothing but that; it starts and asks nothing itself. Litestream can hang while it calls itself well, so an
answer to `POST /sync {wait: true}` is the only proof. A hang was seen to heal by stop, TRUNCATE checkpoint, start;
nothing else helped.

    answer                                    next
    ----------------------------------------  ------------------------------------------------------------
    everything is at the target               wait
    the same, and something was erased        scrub (stop, TRUNCATE checkpoint, start)
    an error, and the target is unreachable   wait: a restart would not help, and the WAL keeps everything
    first error                               wait
    second error in a row                     heal (stop, TRUNCATE checkpoint, start)
    third, and then every twentieth           reset (stop, forget its local state, start), and an alarm
    the target is gone or somebody else's     stop, and an alarm; it is looked for at every turn
    the process has ended                     start
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from carnet_storage.core.limits import (
    ERROR_CHARS_MAX,
    FAILURES_BEFORE_HEAL,
    FAILURES_BEFORE_RESET,
    RESET_EVERY_FAILURES,
)
from carnet_storage.core.status import Refusal


class Step(StrEnum):
    """What to do now."""

    WAIT = "wait"
    START = "start"
    SCRUB = "scrub"
    HEAL = "heal"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of the replication.

    Attributes:
        failures: in a row, with the target reachable.
        confirmed_at_ms: when everything was last at the target; None before the first time.
        confirmed_head: end of the log then.
        txid, replicated_txid: Litestream's own numbers of its batches.
        last_error: free of secrets; None after a success.
        heals, resets, restarts: how often, since the supervisor started.
        is_alarm: somebody has to look.
        refusal: why nothing may be sent; None while it may.
    """

    failures: int = 0
    confirmed_at_ms: int | None = None
    confirmed_head: int = 0
    txid: int = 0
    replicated_txid: int = 0
    last_error: str | None = None
    heals: int = 0
    resets: int = 0
    restarts: int = 0
    is_alarm: bool = False
    refusal: Refusal | None = None


def after_confirmation(watch: Watch, *, now_ms: int, head: int, txid: int, replicated_txid: int) -> Watch:
    """Everything up to `head` is at the target."""
    return replace(
        watch,
        failures=0,
        confirmed_at_ms=now_ms,
        confirmed_head=head,
        txid=txid,
        replicated_txid=replicated_txid,
        last_error=None,
        is_alarm=False,
        refusal=None,
    )


def after_error(watch: Watch, error: str, *, is_target_reachable: bool) -> tuple[Watch, Step]:
    """No confirmation came."""
    is_alarm = watch.is_alarm and watch.refusal is None
    told = replace(watch, last_error=error[:ERROR_CHARS_MAX], is_alarm=is_alarm, refusal=None)
    if not is_target_reachable:
        return told, Step.WAIT
    failures = watch.failures + 1
    told = replace(told, failures=failures)
    if failures < FAILURES_BEFORE_HEAL:
        return told, Step.WAIT
    if failures < FAILURES_BEFORE_RESET:
        return replace(told, heals=watch.heals + 1), Step.HEAL
    if (failures - FAILURES_BEFORE_RESET) % RESET_EVERY_FAILURES == 0:
        return replace(told, resets=watch.resets + 1, is_alarm=True), Step.RESET
    return told, Step.WAIT


def after_refusal(watch: Watch, refusal: Refusal) -> Watch:
    """Nothing may be sent where the target should be; asking again changes nothing until somebody has acted."""
    return replace(watch, last_error=refusal.what[:ERROR_CHARS_MAX], is_alarm=True, refusal=refusal)


def after_exit(watch: Watch, code: int) -> tuple[Watch, Step]:
    """The process has ended by itself."""
    return replace(watch, last_error=f"it ended with code {code}", restarts=watch.restarts + 1), Step.START


def lag_ms(watch: Watch, *, now_ms: int, head: int) -> int | None:
    """For how long commits have been without a confirmed copy.

    Returns: 0 when there are none; None when nothing was ever confirmed.
    """
    if watch.confirmed_at_ms is None:
        return None
    return 0 if head <= watch.confirmed_head else max(0, now_ms - watch.confirmed_at_ms)
