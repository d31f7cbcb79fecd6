"""Work on the database that nobody should have to wait for, done beside `serve`.

Decides when the write-ahead log is copied back. SQLite does it by itself inside whichever commit passes a bound, and
that save takes fifty milliseconds instead of two. Copied back every few seconds, the bound is never reached at a desk.
Nobody is waited for: what a reader still needs stays until the next time. Beside a replicating child nothing is done
here.
"""

import structlog

from carnet_node.adapters.store import SqliteNodeStore
from carnet_node.core.desk_limits import COPY_BACK_EVERY_S
from carnet_node.core.failures import NodeFailure
from carnet_node.core.ports import Clock, RunBlocking

log = structlog.get_logger(__name__)


class Upkeep:
    """Keeps the write-ahead log of a node short."""

    def __init__(self, store: SqliteNodeStore, clock: Clock, run_blocking: RunBlocking) -> None:
        self._store = store
        self._clock = clock
        self._run_blocking = run_blocking

    async def run(self) -> None:
        """Go on until cancelled; a failure is logged and tried again."""
        while True:
            await self._clock.sleep(COPY_BACK_EVERY_S)
            try:
                await self._run_blocking(self._store.copy_back)
            except NodeFailure as failure:
                log.warning("the write-ahead log was not copied back", failure=type(failure).__name__)
