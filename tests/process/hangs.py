"""Replication that hangs: how it is brought about, and how long the supervisor takes to heal it.

Decides four ways, all with the real Litestream and the real `serve`:

- stopped: the process is there and does nothing more (SIGSTOP). Its socket takes the question and never answers.
- stuck: the fault of Litestream 0.5 that the watchdog was made for. After a power cut the WAL is emptied, Litestream
  starts before any program, and a program that makes the file grow is killed and started twice. Litestream then runs
  and calls itself well, and every answer is "read database page N: EOF". It comes about in every other try, and only
  with a sync interval well below a second. The program is a writer with a table of its own: a node grows too slowly.
- forgetful: the newest file of its local state is gone, as after a tidying-up. The heal sequence mends that.
- damaged: that file is cut short, as by a disk that was full. Only the reset that follows the heal mends that.

Healed means: the supervisor has taken its heal sequence, its last answer was a confirmation, and that covers the log as
it was when the hang was noticed.
"""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Final

from carnet_storage.adapters.litestream_process import files_of, find_program
from process.backed_up import Machine, NotBackedUp

HANGS: Final = ("stuck", "stuck", "stopped", "damaged", "forgetful")
"""As they are drawn: the fault that was really met comes twice as often as the made-up ones."""

HEALED_S_MAX: Final = 150
"""Two questions 15 s apart, each with up to 10 s of waiting, the heal sequence, and a machine that is busy."""

_TRIES_MAX: Final = 6
_CUT_BYTES: Final = 50
_WRITERS: Final = 3
_GROWING_S: Final = (1.2, 2.0)
_WRITER: Final = """
import sys, time
from pathlib import Path
from carnet_storage.adapters.sqlite_files import connect

database = connect(Path(sys.argv[1]))
database.execute("CREATE TABLE IF NOT EXISTS probe_growth (body BLOB NOT NULL)")
while True:
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO probe_growth VALUES (randomblob(500))")
    database.execute("COMMIT")
    time.sleep(0.004)
"""
_LOOK_S: Final = 0.25

Work = Callable[[], Awaitable[None]]


async def provoke(machine: Machine, kind: str, work: Work, rng: random.Random) -> int:
    """Make the replication of a running machine hang; the machine runs afterwards.

    Args:
        work: lets front desks record for a moment.

    Raises:
        NotBackedUp: it would not hang.

    Returns: tries.
    """
    if kind != "stuck":
        await work()
        await asyncio.to_thread(machine.confirm)
        _break(machine, kind)
        return 1
    for number in range(1, _TRIES_MAX + 1):
        if await _get_stuck(machine, work, rng):
            return number
    raise NotBackedUp(f"Litestream would not get stuck in {_TRIES_MAX} tries")


async def wait_until_healed(machine: Machine) -> float:
    """Wait for the supervisor to notice and heal.

    Raises:
        NotBackedUp: it did not within `HEALED_S_MAX`.

    Returns: seconds.
    """
    began, head = time.monotonic(), await asyncio.to_thread(machine.head)
    while time.monotonic() - began < HEALED_S_MAX:
        told = machine.replication()
        if told.get("heals", 0) and told["last_error"] is None and told["confirmed_head"] >= head:
            return time.monotonic() - began
        await asyncio.sleep(_LOOK_S)
    raise NotBackedUp(f"the replication was not healed within {HEALED_S_MAX} s: {machine.replication()}")


def _break(machine: Machine, kind: str) -> None:
    if kind == "stopped":
        if not machine.signal_replicator(signal.SIGSTOP):
            raise NotBackedUp("there is no Litestream to be stopped")
        return
    newest = max((machine.folder / "litestream").rglob("*.ltx"), key=lambda piece: piece.name)
    if kind == "forgetful":
        newest.unlink()
    else:
        newest.write_bytes(newest.read_bytes()[:_CUT_BYTES])


async def _get_stuck(machine: Machine, work: Work, rng: random.Random) -> bool:
    await work()
    await asyncio.to_thread(machine.cut_power, replicator_first=True)
    _empty_wal(machine)
    with ExitStack() as writer:
        with _by_hand(machine):
            for _ in range(_WRITERS):
                writer.close()
                writer.enter_context(_growing(machine))
                await asyncio.sleep(rng.uniform(*_GROWING_S))
            # Asked only now: a question makes Litestream look, and a look in between keeps it well.
            is_stuck = "EOF" in (await asyncio.to_thread(machine.complaint) or "")
        # The writer stays: when the last one leaves a database, whoever comes next finds it tidy and all is well.
        await asyncio.to_thread(machine.service.start)
        return is_stuck and await asyncio.to_thread(_is_still_stuck, machine)


@contextmanager
def _growing(machine: Machine) -> Iterator[None]:
    """A program that writes 200 rows a second, killed when the block ends."""
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(machine.database)])
    try:
        yield
    finally:
        writer.kill()
        writer.wait()


def _is_still_stuck(machine: Machine) -> bool:
    """Whether the Litestream that `serve` has started now cannot go on either."""
    until = time.monotonic() + HEALED_S_MAX / 10
    while time.monotonic() < until:
        told = machine.replication()
        if told.get("last_error") is not None:
            return True
        if told.get("confirmed_at_ms") is not None and told.get("confirmed_head", 0) >= machine.head():
            return False
        time.sleep(_LOOK_S)
    return False


def _empty_wal(machine: Machine) -> None:
    """What the last one to close a database does, or a person who wants to tidy up."""
    with closing(sqlite3.connect(machine.database)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def _by_hand(machine: Machine) -> Iterator[None]:
    """Litestream as somebody would start it by hand, with the configuration that `serve` has left."""
    files_of(machine.database, machine.folder).socket.unlink(missing_ok=True)
    command = [str(find_program()), "replicate", "-config", str(machine.folder / "litestream.json"), "-no-expand-env"]
    environment = dict(os.environ) | machine.secrets()
    environment.pop("AWS_CA_BUNDLE", None)
    with (machine.folder / "by-hand.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        yield
    finally:
        process.kill()
        process.wait()
