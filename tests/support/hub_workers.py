"""Several workers of one hub at once, and what may be wrong with one of them.

Threads stand for worker processes: each has a store of its own, and nothing but the database is between them.
"""

import threading
from collections.abc import Callable
from typing import Any

from carnet_hub.adapters.keyring import DataKeyBox
from carnet_hub.core import rows
from support.hub_apps import TestClock
from support.protocol import fixed

POISON = "000000000000000666"


class PoisonBox(DataKeyBox):
    """A secret box with a fault: it fails on one value in one sort of place, as a broken library might."""

    broken_for = b"record"

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """Encrypt, unless it is the state of a record with the poison in it."""
        if POISON.encode() in plain and aad.startswith(self.broken_for):
            raise RuntimeError("the box is broken")
        return super().seal(plain, aad)


class MeetingClock(TestClock):
    """A clock at which two workers meet, if both can be inside a transaction at the same time.

    The engine asks the time once it has read the end of the log. Whoever asks waits a moment for somebody else to ask.
    """

    def __init__(self, ms: int) -> None:
        super().__init__(ms)
        self.meetings = 0
        self._gate = threading.Barrier(2)

    def now_ms(self) -> int:
        """The present, after waiting."""
        try:
            self._gate.wait(0.2)
            self.meetings += 1
        except threading.BrokenBarrierError:
            self._gate.reset()
        return self.ms


def record_row(name: str, **changes: Any) -> rows.RecordRow:
    """A record row with this id."""
    return rows.RecordRow(8, fixed(name), fixed("owner"), 1, None, None, 0, b"state")._replace(**changes)


def run_together(*work: Callable[[], object]) -> None:
    """Run each piece in a thread of its own, all starting at the same moment; the first error is raised here."""
    gate = threading.Barrier(len(work))
    errors: list[BaseException] = []

    def start(one: Callable[[], object]) -> None:
        gate.wait(30)
        try:
            one()
        except BaseException as error:  # noqa: BLE001  (raised again in the test's own thread)
            errors.append(error)

    threads = [threading.Thread(target=start, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if errors:
        raise errors[0]
