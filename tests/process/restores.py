"""A campaign of lost disks: real programs, real Litestream, real stores; and everything that was safe comes back.

Decides who loses a disk when, what has to be there again, and what is counted. One *round* is one loss and one restore.
What a round does follows from seed and number alone, so one round can be repeated; moments do not.

What is safe when a disk goes, as seen from outside
- a set that the hub has in its log, and
- a set that Litestream confirmed, or that an encrypted copy holds, before the moment that is restored to.
What was acknowledged later than both is *exposed*: it may be lost. How much that was, and how old, is counted.

Rules of a round with a node
1. Front desks write at both nodes; the line is up or down; the replication may have hung and been healed before.
2. A confirmation or a copy at a random moment; a little later Litestream and the node are killed at one instant.
3. The database and all state of its backups are removed. `restore`, `serve`, and rounds until both nodes are at rest.
4. Every safe document is shown, once, in its state or a later one; every safe set is in the log, in a chain without
   holes; the tables are what the log says; the digests of nodes and hub are equal.

Rules of a round with the hub
1. A confirmation or a copy; the nodes go on and get receipts for more; the hub is killed and its database removed.
2. `restore` to an earlier state, `serve`, and rounds until both nodes are at rest.
3. Every receipt that any node ever held stands in the hub's log again, once, with the set time it had. Nothing that a
   node showed is gone or older.
"""

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final

from process.backed_up import Machine, NotBackedUp
from process.campaign import look_at_hub, look_at_node
from process.hangs import provoke, wait_until_healed
from process.ledger import Held, Ledger, versions_gone_back
from process.losses import Losses, Round, Tally
from process.world import ADMITTED, NODES, SITE, World, faults_of_node, looking_into
from process.writers import WronglyRefused, held_by
from support.fault_proxy import CLEAN, Faults
from support.programs import ProgramFailed, must_run

CUT_OFF: Final = Faults(drop=1.0)
_WORK_S: Final = (0.3, 1.2)
_BURST_REQUESTS: Final = 25
_REQUESTS_MAX: Final = 150
_ANSWER_S: Final = 0.02


@dataclass
class Restores:
    """Rounds in one world.

    Attributes:
        machines: hub and nodes with their backups, by name.
    """

    world: World
    machines: dict[str, Machine]
    tally: Tally
    rng: random.Random
    shown: dict[str, list[Held]] = field(default_factory=lambda: {name: [] for name in NODES})

    async def run(self, one: Round) -> None:
        """One loss and one restore; what is wrong goes to the tally."""
        began = time.monotonic()
        try:
            await (self._hub_round(one) if one.victim == "hub" else self._node_round(one))
        except (NotBackedUp, ProgramFailed, WronglyRefused) as failure:
            self.tally.found(one, [f"{type(failure).__name__}: {failure}"])
        self.tally.seconds_of["round"].append(time.monotonic() - began)

    async def _node_round(self, one: Round) -> None:
        name, machine = one.victim, self.machines[one.victim]
        if one.hang:
            await self._hang(one, machine)
        self.world.line.faults = CUT_OFF if one.is_cut_off else CLEAN
        self.world.line.cut_all()
        async with self._working(one):
            moment = await self._back_up(one, machine)
            await asyncio.sleep(self.rng.uniform(*_WORK_S))
            cut_ms = time.time_ns() // 1_000_000
            await asyncio.to_thread(machine.cut_power, replicator_first=one.replicator_first)
        losses = await asyncio.to_thread(self._losses, machine, moment.head, cut_ms)
        exposed = self.world.ledgers[name].expose(losses.safe)
        await self._restore(one, machine, moment)
        await asyncio.to_thread(machine.service.start)
        await self._come_to_rest(one)
        await self._look_at_node(one, losses, exposed)

    async def _hub_round(self, one: Round) -> None:
        machine = self.machines["hub"]
        async with self._working(one):
            moment = await self._back_up(one, machine)
            await asyncio.sleep(self.rng.uniform(*_WORK_S))
            if one.is_cut_off:  # part of the work since then has no receipt yet
                self.world.line.faults = CUT_OFF
                self.world.line.cut_all()
                await asyncio.sleep(self.rng.uniform(*_WORK_S) / 2)
            await asyncio.to_thread(machine.cut_power, replicator_first=one.replicator_first)
        receipts = {name: await asyncio.to_thread(_receipts, self.machines[name]) for name in NODES}
        times = await asyncio.to_thread(_set_times, machine)
        before = {name: await held_by(self.machines[name].service) for name in NODES}
        await self._restore(one, machine, moment)
        position = await asyncio.to_thread(machine.head)
        self.tally.behind.append(max((at for told in receipts.values() for _, at in told), default=0) - position)
        await asyncio.to_thread(machine.service.start)
        await self._come_to_rest(one)
        told = {nonce for held in receipts.values() for nonce, _ in held}
        self.tally.receipts += len(told)
        times = {nonce: times[nonce] for nonce in told}
        self.tally.found(one, await asyncio.to_thread(self._faults_of_receipts, times))
        for name in NODES:
            held = await held_by(self.machines[name].service)
            self.tally.found(one, versions_gone_back(before[name], held))
            ledger = self.world.ledgers[name]
            self.tally.found(one, ledger.faults_in(item for item in held if item.tag.startswith(name)))

    async def _hang(self, one: Round, machine: Machine) -> None:
        """Let the replication hang while the line is down, so that nobody but the backup can hold what is written."""
        self.world.line.faults = CUT_OFF
        self.world.line.cut_all()
        tries = await provoke(machine, one.hang, lambda: self._burst(one.victim), self.rng)
        await self._burst(one.victim)
        healed_s = await wait_until_healed(machine)
        self.tally.hangs[one.hang] += 1
        self.tally.hang_tries += tries
        self.tally.seconds_of["heal"].append(healed_s)

    async def _back_up(self, one: Round, machine: Machine) -> "_Moment":
        """A confirmation or a copy while work goes on; afterwards the moment that is restored to."""
        await asyncio.sleep(self.rng.uniform(*_WORK_S))
        head = await asyncio.to_thread(machine.copy_now if one.is_copy else machine.confirm)
        if one.is_from_hub:
            return _Moment(0, None)
        if not one.is_to_a_time:
            return _Moment(head, None)
        at_s = math.ceil(time.time())
        await asyncio.sleep(at_s + 1.1 - time.time())
        return _Moment(head, datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    async def _restore(self, one: Round, machine: Machine, moment: "_Moment") -> None:
        began = time.monotonic()
        source = await asyncio.to_thread(partial(machine.source_id, is_copy=one.is_copy))
        chosen = ["--from", one.origin, *([] if one.origin == "hub" else ["--source", source])]
        chosen += [] if moment.at is None else ["--at", moment.at]
        if one.is_new_machine:
            command = await asyncio.to_thread(self._lose_machine, one, machine)
        else:
            await asyncio.to_thread(machine.lose_disk)
            command = ["restore"]
        done = await asyncio.to_thread(machine.command, *command, *chosen)
        if done.code != 0:
            raise ProgramFailed(f"{command[0]} ended with {done.code}:\n{done.text}")
        if one.is_new_machine:
            self.world.passphrases[one.victim] = done.value["recovery_passphrase"]
        self.tally.restored(one, time.monotonic() - began)

    def _lose_machine(self, one: Round, machine: Machine) -> list[str]:
        """Keys and all are gone; the command that puts a new machine in its place, once there is a line."""
        machine.lose_machine(self.world.folder / f"{one.victim}-old-{one.number}")
        self.world.line.faults = CLEAN
        passphrase = self.world.folder / f"passphrase-{one.number}"
        passphrase.write_text(self.world.passphrases[one.victim])
        passphrase.chmod(0o600)
        hub = self.machines["hub"]
        invited = must_run("carnet-hub", hub.service.data, "dealers", "invite", SITE, settings=hub.settings)
        enrol = ["enrol", "--hub", self.world.line.url, invited["code"], "--recover"]
        return enrol if one.origin == "hub" else [*enrol, "--recovery-file", str(passphrase)]

    async def _come_to_rest(self, one: Round) -> None:
        """Let everybody meet over a clean line, and ask again what the other node has not answered."""
        began = time.monotonic()
        self.world.line.faults = CLEAN
        self.world.line.cut_all()
        for name in NODES:
            for desk in self.world.desks[name]:
                if name == one.victim:
                    await desk.look_again()
                else:
                    await desk.ask_again()
        if not await self.world.settle():
            raise NotBackedUp("the nodes do not come to rest over a clean line")
        self.tally.seconds_of["rejoin"].append(time.monotonic() - began)

    async def _look_at_node(self, one: Round, losses: Losses, exposed: int) -> None:
        machine, ledger = self.machines[one.victim], self.world.ledgers[one.victim]
        held = [item for item in await held_by(machine.service) if item.tag.startswith(one.victim)]
        self.tally.found(one, ledger.faults_in(held))
        self.tally.found(one, await asyncio.to_thread(faults_of_node, machine.service, Ledger()))
        own = await asyncio.to_thread(_log_of, machine)
        back = own | await asyncio.to_thread(self._at_hub)
        must = losses.safe if one.is_new_machine else losses.safe & losses.ages_ms.keys()
        missing = must - (back if one.is_new_machine else own)
        self.tally.found(one, [f"lost: set {nonce} was safe and is not back" for nonce in sorted(missing)])
        self.tally.found(one, await asyncio.to_thread(self._faults_between, one.victim))
        lost = ledger.take_as_is(held, back)
        self.tally.add_losses(losses, back, exposed=exposed, lost=lost)
        for desk in self.world.desks[one.victim]:
            await desk.look_again()

    def _at_hub(self) -> set[str]:
        """Nonces of all sets in the hub's log: a new machine has what its predecessor had sent from there, as pages."""
        return {nonce.lower() for _, _, nonce in self.world.entries_of_hub()}

    def _faults_between(self, victim: str) -> list[str]:
        """Tables against logs, and digests against each other; the restored machine is asked by its own command."""
        looks = {name: look_at_node(self.machines[name].service.data) for name in NODES if name != victim}
        if victim == "hub":
            looks["hub"] = self._own_check(victim, "--digest", SITE)
        else:
            looks |= {victim: self._own_check(victim), "hub": look_at_hub(self.world)}
        digests = {name: digest for name, (_, digest) in looks.items()}
        faults = [fault for found, _ in looks.values() for fault in found]
        return faults if len(set(digests.values())) == 1 else [*faults, f"digests differ: {digests}"]

    def _own_check(self, victim: str, *arguments: str) -> tuple[list[str], str]:
        done = self.machines[victim].command("rebuild", "--check", *arguments)
        return ([], done.value["digest"]) if done.code == 0 else ([f"rebuild --check: {done.text}"], "")

    def _losses(self, machine: Machine, head: int, cut_ms: int) -> Losses:
        """What the disk held that goes now, and what of it is safe."""
        with looking_into(machine.database) as database:
            rows = database.execute("SELECT log_id, hex(nonce), time_ms FROM own_set ORDER BY log_id").fetchall()
        ages = {nonce.lower(): cut_ms - at_ms for _, nonce, at_ms in rows}
        backed_up = {nonce.lower() for log_id, nonce, _ in rows if log_id <= head}
        return Losses(ages, frozenset(backed_up | self._at_hub()))

    def _faults_of_receipts(self, told: Mapping[str, int]) -> list[str]:
        """Receipts that the restored hub does not honour; and what does not agree with its log.

        Args:
            told: the set time of every set that had a receipt, by nonce.
        """
        hub = self.machines["hub"]
        with looking_into(hub.database) as database:
            rows = database.execute("SELECT hex(nonce) FROM log WHERE kind = ?", (ADMITTED,)).fetchall()
        times, counts = _set_times(hub), Counter(row[0].lower() for row in rows)
        faults = [f"lost: {nonce} had a receipt and is not in the log" for nonce in told if not counts[nonce]]
        faults += [f"doubled: {nonce} was admitted {count} times" for nonce, count in counts.items() if count > 1]
        faults += [
            f"set time: {nonce} had {time_ms} and has {times[nonce]}"
            for nonce, time_ms in told.items()
            if counts[nonce] and times[nonce] != time_ms
        ]
        return faults + self._faults_between("hub")

    async def _burst(self, name: str) -> None:
        await asyncio.gather(*(desk.work(_BURST_REQUESTS) for desk in self.world.desks[name]))

    @asynccontextmanager
    async def _working(self, one: Round) -> AsyncIterator[None]:
        """Front desks at work, and sync without a pause where the line is up, for the length of the block."""
        work = [desk.work(_REQUESTS_MAX) for name in NODES for desk in self.world.desks[name]]
        tasks = [asyncio.create_task(job) for job in (*work, *map(self._sync_on, NODES))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    self.tally.found(one, [f"{type(result).__name__}: {result}"])

    async def _sync_on(self, name: str) -> None:
        while True:
            await self.world.sync(name)
            await asyncio.sleep(_ANSWER_S)


@dataclass(frozen=True, slots=True)
class _Moment:
    """What a restore goes back to.

    Attributes:
        head: end of the log that is in the backup for sure.
        at: the moment asked for; None for the newest state.
    """

    head: int
    at: str | None


def _log_of(machine: Machine) -> set[str]:
    """Nonces of the sets in a node's own log."""
    with looking_into(machine.database) as database:
        return {nonce.lower() for (nonce,) in database.execute("SELECT hex(nonce) FROM own_set")}


def _receipts(machine: Machine) -> list[tuple[str, int]]:
    """(nonce, position) of every set of a node that the hub has accepted, as its receipts say."""
    with looking_into(machine.database) as database:
        rows = database.execute(
            "SELECT hex(nonce), verdict_position FROM own_set WHERE verdict_position IS NOT NULL AND verdict <= 1"
        ).fetchall()
    return [(nonce.lower(), position) for nonce, position in rows]


def _set_times(hub: Machine) -> dict[str, int]:
    """The set time of every set that the hub has admitted, by nonce."""
    with looking_into(hub.database) as database:
        rows = database.execute("SELECT hex(nonce), time_ms FROM log WHERE kind = ?", (ADMITTED,)).fetchall()
    return {nonce.lower(): time_ms for nonce, time_ms in rows}
