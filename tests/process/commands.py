"""Commands that are killed half-way, beside a service on the same database: import, and bundles in both directions.

Decides which commands are run and what their files must look like after a kill. Each is run again until it ends by
itself, as a person would; then it must succeed, and what it did must be there once.

Rules
- An import that was killed has taken whole batches from the top of the file, and goes on where it stopped.
- A bundle file is whole or not there: no half file is left under the name that was asked for.
- A bundle that was half taken in is taken in again; nothing is doubled.
"""

import asyncio
import csv
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from process.world import World, faults_of_hub, unanswered_sets
from process.writers import held_by
from support.programs import Done, begin_program, end_program

IMPORT_ROWS: Final = 250
_BATCH_ROWS: Final = 100
"""What the guide promises to take together; stated here a second time on purpose."""

_REQUESTS: Final = 15
_USUAL_S: Final = 1.5
_TRIES_MAX: Final = 5
_BUSY: Final = 3


@dataclass
class Killer:
    """Runs commands and kills them at a random moment of the time they usually take.

    Attributes:
        kills: so far.
        took_s: how long each command took when it was last left alone.
    """

    rng: random.Random
    kills: int = 0
    took_s: dict[str, float] = field(default_factory=dict)

    async def interrupt(self, sort: str, program: str, data: Path, *arguments: str | Path) -> bool:
        """Run a command and kill it on the way; False when it was faster."""
        usual_s = self.took_s.get(sort, _USUAL_S)
        process = await asyncio.to_thread(begin_program, program, data, *arguments)
        await asyncio.sleep(self.rng.uniform(0.3, 1.0) * usual_s)
        was_running = process.poll() is None
        process.kill()
        await asyncio.to_thread(end_program, process)
        self.kills += was_running
        return was_running

    async def finish(self, sort: str, program: str, data: Path, *arguments: str | Path) -> Done:
        """Run a command to its end, and again while the other process is in its way."""
        for _ in range(_TRIES_MAX):
            began = time.monotonic()
            process = await asyncio.to_thread(begin_program, program, data, *arguments)
            done = await asyncio.to_thread(end_program, process)
            if done.code != _BUSY:
                self.took_s[sort] = time.monotonic() - began
                return done
            await asyncio.sleep(0.5)
        return done


async def kill_import(world: World, killer: Killer, name: str, number: int) -> list[str]:
    """An import that is killed and run again; what is wrong afterwards."""
    ledger, data = world.ledgers[name], world.nodes[name].data
    items = [ledger.new("customer", f"{name}i{number}-{row}") for row in range(IMPORT_ROWS)]
    for item in items:
        ledger.ask(item, "v1")
    file = world.folder / f"import-{name}-{number}.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(["former_id", "full_name"])
        rows.writerows([item.tag, f"{item.tag} v1"] for item in items)

    was_killed = await killer.interrupt("import", "carnet-node", data, "import", file)
    held = await held_by(world.nodes[name])
    taken = [item.tag for item in items if item.tag in {one.tag for one in held}]
    faults = ledger.faults_in(one for one in held if one.tag.startswith(name))
    if taken != [item.tag for item in items[: len(taken)]] or (len(taken) % _BATCH_ROWS and len(taken) < len(items)):
        faults.append(f"import: {len(taken)} rows were taken, which are no whole batches from the top")
    done = await killer.finish("import", "carnet-node", data, "import", file)
    if done.code != 0 or (was_killed and done.value["known"] != len(taken)):
        faults.append(f"import: after a kill with {len(taken)} rows taken it said {done.text[-500:]}")
    for item in items:
        ledger.acknowledge(item, "import", None)
    held = await held_by(world.nodes[name])
    return faults + ledger.faults_in(one for one in held if one.tag.startswith(name))


async def kill_bundles(world: World, killer: Killer, name: str, number: int) -> list[str]:
    """A round by stick, each step of it killed and run again; what is wrong afterwards."""
    await asyncio.gather(*(desk.work(_REQUESTS) for desk in world.desks[name]))
    node, hub = world.nodes[name].data, world.hub.data
    up, down = (world.folder / f"{way}-{name}-{number}.carnet" for way in ("up", "down"))

    async def step(sort: str, program: str, data: Path, *arguments: str | Path, makes: Path | None = None) -> list[str]:
        await killer.interrupt(sort, program, data, *arguments)
        faults = await asyncio.to_thread(faults_of_hub, world)
        if makes is not None and await asyncio.to_thread(makes.exists):
            return faults  # the next step reads it, so it had better be whole
        done = await killer.finish(sort, program, data, *arguments)
        return faults + ([f"{sort}: after a kill it said {done.text[-500:]}"] if done.code else [])

    take_in = ("carnet-hub", hub, "bundle", "import", up, "--out", down)
    faults = await step("export", "carnet-node", node, "bundle", "export", up, makes=up)
    faults += await step("take in", *take_in, makes=down)
    faults += await step("answer", "carnet-node", node, "bundle", "import", down)
    waiting = await asyncio.to_thread(unanswered_sets, world.nodes[name])
    return faults + ([f"bundle: {waiting} sets have no answer after a whole round"] if waiting else [])
