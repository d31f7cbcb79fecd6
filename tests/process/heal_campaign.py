"""The worlds of a campaign of lost disks: set up, run through their rounds, ended.

Decides how worlds are made from rounds: each has its own folder, hub, nodes and store, and settings with which all
three machines are backed up.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

from process.backed_up import Machine, backup_settings
from process.losses import Round, Tally
from process.restores import Restores
from process.world import NODES, World, make_world
from process.writers import counted
from support.fault_proxy import FaultProxy
from support.stores import Store, open_store

_PROGRAMS: Final = {"hub": "carnet-hub"}
_SYNC_MS: Final = 1_000
_STUCK_SYNC_MS: Final = 200
"""Litestream was never seen to get stuck with an interval of a second, and in five of six tries with this one."""

Progress = Callable[[Tally, Round], None]


async def run_rounds(folder: Path, rounds: Sequence[Round], *, seed: int, progress: Progress | None = None) -> Tally:
    """Run rounds, world after world, until all were run or something was found.

    Args:
        folder: empty; the folders of all worlds stay there.
        progress: called after each round.
    """
    tally, began = Tally(), time.monotonic()
    for number, of_world in groupby(rounds, key=lambda one: one.world):
        if tally.faults:
            break
        await _run_world(folder / f"world-{number}", list(of_world), tally, seed=seed, progress=progress)
    tally.seconds = time.monotonic() - began
    return tally


async def _run_world(
    folder: Path, rounds: Sequence[Round], tally: Tally, *, seed: int, progress: Progress | None
) -> None:
    await asyncio.to_thread(folder.mkdir, parents=True)
    rng = random.Random(f"{seed}/world/{rounds[0].world}")
    sync_ms = _STUCK_SYNC_MS if any(one.hang == "stuck" for one in rounds) else _SYNC_MS
    with _stores(folder, rounds[0].store) as (replicate_to, copy_to):
        for name in ("hub", *NODES):
            replicate_to.prepare(name)
            copy_to.prepare(f"{name}-copies")
        settings = {
            name: backup_settings(_PROGRAMS.get(name, "carnet-node"), name, replicate_to, copy_to, sync_ms=sync_ms)
            for name in ("hub", *NODES)
        }
        async with FaultProxy(0, seed=rng.randrange(2**32)) as line:
            make = partial(make_world, folder, line, is_syncing=rng.random() < 0.5, seed=rng.randrange(2**32))
            world = await asyncio.to_thread(partial(make, settings=settings))
            machines = {name: Machine(service, settings[name]) for name, service in world.services.items()}
            try:
                await _run_in(Restores(world, machines, tally, rng), rounds, progress)
            finally:
                await asyncio.to_thread(_end, world, machines)
                tally.acknowledged.update(counted(world.ledgers.values()))


async def _run_in(restores: Restores, rounds: Sequence[Round], progress: Progress | None) -> None:
    for one in rounds:
        await restores.run(one)
        restores.tally.rounds += 1
        if progress is not None:
            progress(restores.tally, one)
        if restores.tally.faults:
            return


def _end(world: World, machines: dict[str, Machine]) -> None:
    for machine in machines.values():
        machine.cut_power(replicator_first=False)
    world.end()


@contextmanager
def _stores(folder: Path, kind: str) -> Iterator[tuple[Store, Store]]:
    """Where replicas go, and where copies go: an SFTP server takes none."""
    with ExitStack() as stack:
        replicate_to = stack.enter_context(open_store(kind, folder / "store"))
        if kind == "s3":
            yield replicate_to, replicate_to
        else:
            yield replicate_to, stack.enter_context(open_store("folder", folder / "copies"))
