"""Waiting for news without asking the database for every waiter.

Decides how often one worker looks at the log's end: once per interval, however many nodes wait. A waiter that is told
of a new position looks at its own feed; most new positions are none of its business and it goes on waiting.
"""

from collections.abc import Awaitable, Callable

from carnet_hub.core.limits import LOOK_EVERY_MS
from carnet_hub.core.ports import Clock


class LogEnd:
    """The end of the log as this worker last saw it; shared by all its waiters.

    Attributes:
        position: what the last look saw.
    """

    def __init__(self, clock: Clock, read_position: Callable[[], Awaitable[int]]) -> None:
        self._clock = clock
        self._read_position = read_position
        self.position = 0
        self._seen_ms = -LOOK_EVERY_MS

    async def wait_beyond(self, position: int, until_ms: int) -> bool:
        """Wait until the log is longer than `position`.

        Args:
            until_ms: by the hub's clock; the wait ends then.

        Returns: whether it is.
        """
        while await self._current() <= position:
            left_ms = until_ms - self._clock.now_ms()
            if left_ms <= 0:
                return False
            await self._clock.sleep(min(left_ms, LOOK_EVERY_MS) / 1000)
        return True

    async def _current(self) -> int:
        """The position, read again only when the last look is older than the interval (or the clock was set back)."""
        now_ms = self._clock.now_ms()
        if not 0 <= now_ms - self._seen_ms < LOOK_EVERY_MS:
            self._seen_ms = now_ms
            self.position = await self._read_position()
        return self.position
