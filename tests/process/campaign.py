"""A campaign of kills: load, SIGKILL at a random moment, restart, and look whether anything acknowledged is gone.

Decides who is killed when, and what is checked afterwards. One *round* is one kill. Choices follow from the seed;
moments do not, because two real processes never meet twice at the same instruction: a failing round is told with the
state of the folders, which are kept.

Rules of a round with a service (rounds with commands have their own, in `commands`)
1. Both nodes are written at by front desks and sync without a pause, over a line with faults of one sort or none.
2. The victim is killed, and its children. What was not answered by then is in doubt.
3. Before anything syncs again: the hub's log holds everything that a node has a receipt for.
4. The victim is started. It shows every acknowledged document exactly once, in the acknowledged state or in one that
   was asked for after it; nothing that it had shown of the other node's is gone or older.
5. Its tables are what its log says (the check behind `rebuild --check`).
6. What is in doubt is asked again under the same key, and must not happen twice.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from carnet_hub.adapters.store import scratch_store
from carnet_hub.bootstrap import open_hub
from carnet_hub.core.log.rebuild import check_projections, site_digest
from carnet_hub.core.rows import DealerRow
from carnet_hub.settings import HubSettings
from carnet_node.bootstrap import open_installation
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.settings import NodeSettings
from process.commands import Killer, kill_bundles, kill_import
from process.ledger import Held, versions_gone_back
from process.world import NODES, SITE, World, faults_of_hub, faults_of_node, judged_sets, make_world
from process.writers import counted, held_by
from support.fault_proxy import CLEAN, FaultProxy, Faults
from support.postgres import PostgresProcess
from support.programs import must_run

KILLS_PER_WORLD: Final = 50
"""A world grows with every round; a fresh one keeps a look at all of it cheap."""

VICTIMS: Final = (*NODES, "hub", *NODES, "hub", "import", "bundle")
"""All of them, in any order, before one of them again."""

POSTGRES_VICTIMS: Final = ("postgres", "postgres", "worker", "hub", *NODES)
"""The same for a hub on PostgreSQL."""

_COMMANDS: Final = {"import": kill_import, "bundle": kill_bundles}

_LOAD_S_MAX: Final = 0.8
_UNDERWAY_S_MAX: Final = 3.0
"""How long a kill waits for the first complete sync under load: a busy machine must not make rounds empty."""

_REQUESTS_MAX: Final = 200
_BACK_S_MAX: Final = 30
LINES: Final = {
    "clean": CLEAN,
    "slow": Faults(delay_s=0.05),
    "thin": Faults(bytes_per_s=64_000),
    "dropping": Faults(drop=0.4),
    "cutting": Faults(cut=0.8),
    "one way": Faults(one_way=0.6),
    "spoiling": Faults(corrupt=0.9),
}

Progress = Callable[["Tally"], None]


@dataclass
class Tally:
    """What a campaign did and found.

    Attributes:
        kills: by victim.
        acknowledged: by sort of request.
        doubts: requests without an answer when the kill came; each was asked again.
        happened: those of them, at a killed node, that had been saved all the same.
        receipts: change sets that the hub judged and whose node knows it.
        line: faults that happened on the line.
        faults: everything found wrong; empty after a good campaign.
    """

    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    doubts: int = 0
    happened: int = 0
    receipts: int = 0
    line: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def killed(self) -> int:
        """Kills of all victims."""
        return sum(self.kills.values())

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kills": self.killed,
            "kills_by_victim": dict(self.kills),
            "acknowledged": sum(self.acknowledged.values()),
            "acknowledged_by_request": dict(self.acknowledged),
            "in_doubt": self.doubts,
            "in_doubt_and_saved": self.happened,
            "receipts": self.receipts,
            "line_faults": dict(self.line),
            "checks": dict(self.checks),
            "faults": self.faults,
            "seconds": round(self.seconds, 1),
        }


@dataclass
class Campaign:
    """Rounds in one world.

    Attributes:
        victims: who may be killed.
        shown: what each node showed last.
        waiting: who is killed next.
        number: of the last round with a command.
        synced: set when a node has had a complete sync since the load began.
    """

    world: World
    rng: random.Random
    tally: Tally
    victims: Sequence[str] = VICTIMS
    shown: dict[str, list[Held]] = field(default_factory=lambda: {name: [] for name in NODES})
    waiting: list[str] = field(default_factory=list)
    number: int = 0
    synced: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.killer = Killer(self.rng)

    async def round(self) -> None:
        """One kill with everything that belongs to it; a round by stick has three."""
        victim = self._next_victim()
        if victim in _COMMANDS:
            await self._command_round(victim)
        else:
            await self._service_round(victim)

    async def _command_round(self, victim: str) -> None:
        before, self.number = self.killer.kills, self.number + 1
        name = self.rng.choice(NODES)
        self._found(victim, await _COMMANDS[victim](self.world, self.killer, name, self.number))
        self.tally.kills[victim] += self.killer.kills - before

    async def _service_round(self, victim: str) -> None:
        self.world.line.faults = LINES[self.rng.choice(list(LINES))]
        await self._load_until_kill(victim)
        self.tally.kills[victim] += 1
        if victim != "postgres":  # which cannot be read while it is down; it is looked at once it is back
            self._found("receipts", await asyncio.to_thread(faults_of_hub, self.world))
        await asyncio.to_thread(self.world.victims[victim].start)
        self.world.line.faults = CLEAN
        self.world.line.cut_all()
        await self._look_at(victim)
        await self._ask_again()

    def _next_victim(self) -> str:
        if not self.waiting:
            self.waiting = self.rng.sample(self.victims, len(self.victims))
        return self.waiting.pop()

    async def finish(self) -> None:
        """Let everybody meet over a clean line: both nodes and the hub hold everything, and say the same digest."""
        self.world.line.faults = CLEAN
        if not await self.world.settle():
            self.tally.faults.append("not settled: the nodes do not come to rest over a clean line")
            return
        for name in ("hub", *NODES):
            await self._look_at(name)
        digests = await asyncio.to_thread(self._digests)
        self._found("digests", [] if len(set(digests.values())) == 1 else [f"digests differ: {digests}"])
        self._found("same documents", [] if _same(self.shown) else ["the nodes show different documents"])

    async def _load_until_kill(self, victim: str) -> None:
        desks = [desk for name in NODES for desk in self.world.desks[name]]
        work: list[Coroutine[Any, Any, None]] = [desk.work(_REQUESTS_MAX) for desk in desks]
        self.synced.clear()
        tasks = [asyncio.create_task(one) for one in (*work, *map(self._sync_on, NODES))]
        with suppress(TimeoutError):
            await asyncio.wait_for(self.synced.wait(), _UNDERWAY_S_MAX)
        await asyncio.sleep(self.rng.uniform(0, _LOAD_S_MAX))
        await asyncio.to_thread(self.world.victims[victim].kill)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                self.tally.faults.append(f"{type(result).__name__}: {result}")

    async def _sync_on(self, name: str) -> None:
        while True:
            if await self.world.sync(name):
                self.synced.set()
            await asyncio.sleep(0.02)

    async def _look_at(self, victim: str) -> None:
        """What a restarted process holds."""
        if victim not in NODES:
            self._found("receipts", await asyncio.to_thread(faults_of_hub, self.world))
            self._found("hub tables", (await asyncio.to_thread(look_at_hub, self.world))[0])
            self._found("hub answers", [] if await self._is_hub_back() else ["the hub does not answer any more"])
            return
        node, ledger = self.world.nodes[victim], self.world.ledgers[victim]
        held = await held_by(node)
        self.tally.happened += ledger.happened_in_doubt(held)
        self._found("documents", ledger.faults_in(one for one in held if one.tag.startswith(victim)))
        self._found("shown again", versions_gone_back(self.shown[victim], held))
        self.shown[victim] = held
        self._found("log", await asyncio.to_thread(faults_of_node, node, ledger))
        self._found("node tables", (await asyncio.to_thread(look_at_node, node.data))[0])

    async def _is_hub_back(self) -> bool:
        """Whether the hub answers soon; nobody restarts it when it was its database that went away."""
        for _ in range(_BACK_S_MAX * 10):
            if await asyncio.to_thread(self.world.hub.is_answering):
                return True
            await asyncio.sleep(0.1)
        return False

    async def _ask_again(self) -> None:
        for name in NODES:
            for desk in self.world.desks[name]:
                try:
                    self.tally.doubts += await desk.ask_again() is not None
                except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
                    self.tally.faults.append(f"{type(error).__name__}: {error}")

    def _digests(self) -> dict[str, str]:
        data, database = self.world.hub.data, self.world.database
        hub = must_run("carnet-hub", data, "rebuild", "--check", "--digest", SITE, *database)
        must_run("carnet-hub", data, "log", "verify", *database)
        nodes = {name: must_run("carnet-node", self.world.nodes[name].data, "rebuild", "--check") for name in NODES}
        return {"hub": hub["digest"]} | {name: told["digest"] for name, told in nodes.items()}

    def _found(self, check: str, faults: list[str]) -> None:
        self.tally.checks[check] += 1
        self.tally.faults += faults


async def run_campaign(
    folder: Path,
    *,
    kills: int,
    seed: int,
    victims: Sequence[str] = VICTIMS,
    postgres: PostgresProcess | None = None,
    progress: Progress | None = None,
) -> Tally:
    """Kill until enough was killed or something was found.

    Args:
        folder: empty; the folders of all worlds stay there.
        postgres: an empty database for the hub; then all kills happen in one world.
        progress: called after each round.
    """
    tally, rng, began = Tally(), random.Random(seed), time.monotonic()
    world_kills = kills if postgres is not None else KILLS_PER_WORLD
    number = 0
    while (done := tally.killed) < kills and not tally.faults:
        here = folder / f"world-{number}"
        here.mkdir(parents=True)
        async with FaultProxy(0, seed=rng.randrange(2**32)) as line:
            make = partial(make_world, here, line, is_syncing=number % 2 == 1, seed=rng.randrange(2**32))
            world = await asyncio.to_thread(partial(make, postgres=postgres))
            await _run_world(Campaign(world, rng, tally, victims), min(kills, done + world_kills), progress)
        number += 1
    tally.seconds = time.monotonic() - began
    return tally


async def _run_world(campaign: Campaign, kills: int, progress: Progress | None) -> None:
    world, tally = campaign.world, campaign.tally
    try:
        while tally.killed < kills and not tally.faults:
            await campaign.round()
            if progress is not None:
                progress(tally)
        if not tally.faults:
            await campaign.finish()
    finally:
        await asyncio.to_thread(world.end)
        tally.acknowledged.update(counted(world.ledgers.values()))
        tally.receipts += await asyncio.to_thread(judged_sets, world)
        tally.line.update(world.line.did)


def _same(shown: dict[str, list[Held]]) -> bool:
    return len({frozenset(held) for held in shown.values()}) == 1


def look_at_node(data: Path) -> tuple[list[str], str]:
    """Where a node's tables are not what its log says, and its digest."""
    report = check_rebuild(open_installation(NodeSettings(data_dir=data)).node())
    faults = [f"tables: {one.kind} {one.record.hex()}: {one.what}" for one in report.differences]
    return faults, report.digest.hex()


def look_at_hub(world: World) -> tuple[list[str], str]:
    """Where the hub's tables are not what its log says, and its digest of what the site receives."""
    url = "" if world.postgres is None else world.postgres.url
    app = open_hub(HubSettings(data_dir=world.hub.data, database_url=url))
    try:
        with scratch_store() as scratch:
            report = check_projections(app.hub, scratch)
        with app.hub.store.read() as snapshot:
            (dealer,) = (row.dealer_id for row in snapshot.scan(DealerRow) if row.site_code == SITE)
        digest = site_digest(app.hub, dealer)
    finally:
        app.close()
    return [f"tables: {one.table} {' '.join(one.key)}: {one.problem}" for one in report.differences], digest.hex()
