"""When to try again: the waiting times of everything that talks to the hub.

Decides how long a caller waits after a failure and between rounds. Every waiting time is spread at random over its
range, so that thousands of nodes that lost the same line do not come back in the same second. Does not wait (the
clock port does).

    >>> retry_delay_ms(failures=0, dice=0)
    250
"""

from typing import Final

from carnet_node.core.limits import IDLE_POLL_MS, RETRY_DOUBLINGS_MAX, RETRY_FIRST_MS, RETRY_MAX_MS

_DICE_SIDES: Final = 65536


def retry_delay_ms(*, failures: int, dice: int, asked_ms: int | None = None) -> int:
    """How long to wait before the next try: doubling, capped, spread over the upper half of its range.

    Args:
        failures: failures in a row before this one, 0 and up.
        dice: two random bytes as a number, 0 to 65,535.
        asked_ms: what the hub asked for (Retry-After); never less than this, but at most `RETRY_MAX_MS`.
    """
    ceiling = min(RETRY_FIRST_MS << min(failures, RETRY_DOUBLINGS_MAX), RETRY_MAX_MS)
    spread = ceiling // 2 + (ceiling - ceiling // 2) * dice // _DICE_SIDES
    return max(spread, min(asked_ms or 0, RETRY_MAX_MS))


def idle_delay_ms(*, dice: int) -> int:
    """How long an idle sender waits: three to five quarters of `IDLE_POLL_MS`.

    Args:
        dice: two random bytes as a number, 0 to 65,535.
    """
    return IDLE_POLL_MS * 3 // 4 + IDLE_POLL_MS // 2 * dice // _DICE_SIDES


def dice_of(random2: bytes) -> int:
    """Two random bytes as the number the functions above take."""
    return int.from_bytes(random2, "big")
