"""A small world on a fast disk: a hub, three nodes that run the real program, and some that are only heard of.

Decides who takes part, what their ports are, and how a process is built anew from its files. Everything is a function
of the seed: keys, ids, clocks, randomness.

    hub      worker 1, or workers 1 to 3, on one database; one of them is on duty at a time
    site A   A1, A2 (real nodes), and a courier whose sets come late, out of order or never
    site B   B1 (a real node), a courier, and in one schedule of ten a liar

The databases of a new world are made once per process and copied for every schedule. They lie in memory where the
machine allows it, so that `synchronous=FULL` costs nothing here.
"""

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from carnet_hub.adapters.high_water import HubMarkFile
from carnet_hub.adapters.keyring import Ed25519Signer
from carnet_hub.adapters.keyring import Keyring as HubKeyring
from carnet_hub.adapters.store import SqlStore, open_store
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.authoring import write_hub_set
from carnet_hub.core.sets.histories import load_branches, load_histories
from carnet_hub.core.sets.present import HUB_EPOCH as HUB_EPOCH_SETTING
from carnet_node.adapters.high_water import HighWaterFile
from carnet_node.adapters.keyring import SIGNING_FILE, Keyring
from carnet_node.adapters.rotating import NEXT_FILE, PREVIOUS_FILE, SigningKeys, settle
from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import SqliteNodeStore
from carnet_node.core.log.authoring import begin_chain
from carnet_node.core.log.newer_keys import go_on_with
from carnet_node.core.node import Node
from carnet_node.core.records import OWN_KEY_ID, Identity
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import DealerId, HubId, NodeId
from carnet_protocol.kinds import DEALER_SITE, NODE
from carnet_protocol.registry import Value
from simulation.power import FaultyFiles, FaultyHubStore, FaultyNodeStore, Power, faulty_hub_store
from simulation.steady import Lots, SteadyBox
from simulation.wrong_clocks import NodeClock, draw_clock
from support.hub_apps import KeptAlarms, VoiceAuthor
from support.node_builder import START_MS, TestClock
from support.protocol import exchange_key, fixed, signer

HUB_ID: Final = HubId(fixed("simulated hub"))
HUB_EPOCH: Final = fixed("simulated hub epoch", 8)
SITES: Final = {"A": DealerId(fixed("site A")), "B": DealerId(fixed("site B"))}
NODE_SITES: Final = {"A1": "A", "A2": "A", "B1": "B"}
COURIER_SITES: Final = {"courier A": "A", "courier B": "B"}
LIAR: Final = "liar"
VOICE_SITES: Final = {**COURIER_SITES, LIAR: "B"}
HUB_SIGNER: Final = signer("simulated hub key")
SESSION_KEY: Final = fixed("session key", 32)
DATABASE: Final = "node.db"

LIARS: Final = 0.1
_FAST_DISK: Final = Path("/dev/shm")  # noqa: S108  (only databases of made-up people, in a private folder)


@dataclass
class Machine:
    """A node's process on its machine: a folder that lasts, and everything else that a crash takes away.

    Attributes:
        identity_name: whose node it is; another name than its own for a copy of another machine's disk.
        trail: histories of the hub that its database has read, newest last.
    """

    name: str
    folder: Path
    clock: NodeClock
    lots: Lots
    identity_name: str = ""
    power: Power = field(init=False)
    store: FaultyNodeStore = field(init=False)
    node: Node = field(init=False)
    boots: int = 0
    trail: tuple[bytes, ...] = (HUB_EPOCH,)

    def __post_init__(self) -> None:
        self.identity_name = self.identity_name or self.name
        self.boot()

    @property
    def path(self) -> Path:
        """The database."""
        return self.folder / DATABASE

    def note_history(self) -> None:
        """Follow the database from one history of the hub to the next."""
        with self.node.store.read() as tx:
            feed = tx.feed()
        if feed is not None and feed.hub_epoch != self.trail[-1]:
            self.trail = (*self.trail, feed.hub_epoch)

    def boot(self) -> None:
        """Start the process from what lies in the folder."""
        if self.boots:
            self.store.drop()
        self.boots += 1
        self.power = Power(self.name)
        self.node = self.process(self.power)
        assert isinstance(self.node.store, FaultyNodeStore)
        self.store = self.node.store

    def process(self, power: Power) -> Node:
        """Another process of this node on the same machine, as a command line beside the service is."""
        files = FaultyFiles(power)
        store = FaultyNodeStore(self.path, SteadyBox(), power)
        name = self.identity_name
        keys = SigningKeys(self.folder, files)
        settle_keys(store, keys, self.clock.now_ms())
        node = Node(
            identity=_identity(name),
            store=store,
            clock=self.clock,
            entropy=self.lots,
            signer=keys.everyone()[0],
            high_water=HighWaterFile(self.folder, files),
            find_signer=keys.bring_back,
            spare_signers=keys.for_hellos,
        )
        settle(node, keys)
        return node

    def keyring(self) -> Keyring:
        """The present keys, as a command line reads them at its start."""
        signing = Ed25519PrivateKey.from_private_bytes((self.folder / SIGNING_FILE).read_bytes())
        name = self.identity_name
        return Keyring(signing, exchange_secret(f"exchange {name}"), data_key(name))

    def held_keys(self) -> list[bytes]:
        """The public halves of every signing key that lies in the folder, read without the product's code."""
        found = (self.folder / name for name in (SIGNING_FILE, NEXT_FILE, PREVIOUS_FILE))
        privates = (Ed25519PrivateKey.from_private_bytes(path.read_bytes()) for path in found if path.exists())
        return [one.public_key().public_bytes_raw() for one in privates]


def settle_keys(store: SqliteNodeStore, keys: SigningKeys, now_ms: int) -> None:
    """What a start does about keys, as `bootstrap` does it: finish a change, or go on with a newer key."""
    with store.read() as tx:
        own = tx.setting(OWN_KEY_ID)
    assert own is not None
    keys.finish(own)
    if keys.find(own) is None:
        with store.write() as tx:
            assert go_on_with(tx, keys.former(), keys.everyone()[0].public, now_ms=now_ms), "keys of another machine"


def data_key(name: str) -> bytes:
    """The data key of a node."""
    return fixed(f"data key {name}", 32)


@dataclass
class Worker:
    """One process of the hub.

    Attributes:
        mark: what the hub has told others, in a file beside the database.
    """

    name: str
    path: Path
    clock: TestClock
    alarms: KeptAlarms
    lots: Lots
    power: Power = field(init=False)
    hub: Hub = field(init=False)
    mark: HubMarkFile = field(init=False)
    boots: int = 0

    def __post_init__(self) -> None:
        self.boot()

    def boot(self) -> None:
        """Start the process from the database."""
        if self.boots:
            self.close()
        self.boots += 1
        self.power = Power(self.name)
        self.hub, self.mark = self.process(self.power), HubMarkFile(self.path.parent, FaultyFiles(self.power))

    def process(self, power: Power) -> Hub:
        """Another process of the hub, as a command line is."""
        store = hub_store(self.path, power)
        with store.read() as snapshot:
            hub_epoch = snapshot.setting(HUB_EPOCH_SETTING)
            histories, branches = load_histories(snapshot), load_branches(snapshot)
        return Hub(
            HUB_ID,
            hub_epoch or HUB_EPOCH,
            fixed("hub node"),
            HUB_SIGNER.public_key,
            HUB_SIGNER,
            store,
            self.clock,
            self.lots,
            SteadyBox(),
            self.alarms,
            histories=histories,
            branches=branches,
        )

    def close(self) -> None:
        """Let go of the database."""
        assert isinstance(self.hub.store, SqlStore)
        self.hub.store.close()


@dataclass
class World:
    """Everybody who takes part in one schedule.

    Attributes:
        workers: processes of the hub, one or three.
        on_duty: which of them answers now.
        scratch: an empty store for the hub to fold its log into.
        machines: the nodes, and since somebody has copied a disk the copy.
        liar: the dishonest node; None in nine of ten schedules.
    """

    folder: Path
    workers: tuple[Worker, ...]
    hub_clock: TestClock
    alarms: KeptAlarms
    scratch: FaultyHubStore
    machines: tuple[Machine, ...]
    couriers: tuple[VoiceAuthor, ...] = ()
    liar: VoiceAuthor | None = None
    on_duty: int = 0

    @property
    def hub(self) -> Hub:
        """The hub as the worker on duty runs it."""
        return self.worker.hub

    @property
    def worker(self) -> Worker:
        """The worker on duty."""
        return self.workers[self.on_duty]

    def pass_ms(self, elapsed_ms: int) -> None:
        """Let time pass for everybody."""
        self.hub_clock.ms += elapsed_ms
        for machine in self.machines:
            machine.clock.pass_ms(elapsed_ms)

    def restart(self, process: str) -> Machine | Worker:
        """Build a process anew from its files."""
        processes: list[Machine | Worker] = [*self.machines, *self.workers]
        found = next(one for one in processes if one.name == process)
        found.boot()
        return found


def site_of(name: str) -> DealerId:
    """The site of a node, a courier or the liar."""
    return SITES[(NODE_SITES | VOICE_SITES)[name]]


@contextmanager
def open_world(seed: int) -> Iterator[World]:
    """A world of its own; its files are gone afterwards."""
    template = _template()
    with tempfile.TemporaryDirectory(dir=template) as made:
        folder = Path(made)
        for path in sorted(template.glob("*.db")):
            shutil.copyfile(path, folder / path.name)
        for name in NODE_SITES:
            (folder / name).mkdir()
            for part in (DATABASE, SIGNING_FILE):
                shutil.copyfile(template / name / part, folder / name / part)
        world = _join(folder, seed)
        try:
            yield world
        finally:
            for machine in world.machines:
                machine.store.close()
            world.scratch.close()
            for worker in world.workers:
                worker.close()


def _join(folder: Path, seed: int) -> World:
    dice = random.Random(f"clocks {seed}")
    clock, alarms = TestClock(START_MS + 60_000), KeptAlarms()
    lots = Lots(f"hub {seed}")
    machines = tuple(Machine(name, folder / name, draw_clock(dice), Lots(f"{name} {seed}")) for name in NODE_SITES)
    couriers = tuple(_voice(name, dice) for name in COURIER_SITES)
    workers = tuple(
        Worker(f"hub worker {number}", folder / "hub.db", clock, alarms, lots)
        for number in range(1, dice.choice((1, 3)) + 1)
    )
    liar = _voice(LIAR, dice) if has_liar(seed) else None
    scratch = hub_store(folder / "scratch.db", Power("scratch"))
    return World(folder, workers, clock, alarms, scratch, machines, couriers, liar)


def has_liar(seed: int) -> bool:
    """Whether a dishonest node takes part in the schedule of a seed: in one of ten."""
    return random.Random(f"liar {seed}").random() < LIARS


def _voice(name: str, dice: random.Random) -> VoiceAuthor:
    wall_ms = draw_clock(dice).ms
    return VoiceAuthor(name, hub_id=HUB_ID, hub_epoch=HUB_EPOCH, wall_ms=wall_ms, dealer_bytes=site_of(name))


def hub_store(path: Path, power: Power) -> FaultyHubStore:
    """A store on a hub's database file."""
    return faulty_hub_store(_compiled_store(), path, power)


@cache
def _compiled_store() -> SqlStore:
    return open_store("sqlite:////nowhere", busy_ms=0)


def _identity(name: str) -> Identity:
    site = NODE_SITES[name]
    keys = (HUB_SIGNER.public_key, exchange_key("hub"), bytes(32))
    return Identity(HUB_ID, SITES[site], NodeId(fixed(f"node {name}")), f"SITE{site}", f"Site {site}", *keys)


def hub_keyring() -> HubKeyring:
    """The keys of the hub, for whoever asks for a data key."""
    own = Ed25519Signer(HUB_SIGNER.private.private_bytes_raw())
    return HubKeyring(own, own, exchange_secret("hub"), bytes(32), SESSION_KEY)


def exchange_secret(name: str) -> X25519PrivateKey:
    """The private half of `exchange_key(name)`."""
    return X25519PrivateKey.from_private_bytes(fixed(name, 32))


@cache
def _template() -> Path:
    """A folder with the databases of a new world; removed when the process ends."""
    base = _FAST_DISK if _FAST_DISK.is_dir() else None
    _kept.append(tempfile.TemporaryDirectory(prefix="carnet-sim-", dir=base))
    folder = Path(_kept[0].name)
    for name in ("scratch.db", "hub.db"):
        store = hub_store(folder / name, Power("template"))
        store.make_tables()
        store.close()
    worker = Worker("hub", folder / "hub.db", TestClock(), KeptAlarms(), Lots("template"))
    write_hub_set(worker.hub, [_site_draft(site) for site in SITES])
    keys = {name: signer(f"key {name}").public_key for name in NODE_SITES | VOICE_SITES}
    write_hub_set(worker.hub, [_node_draft(name, key) for name, key in keys.items()])
    worker.close()
    for name in NODE_SITES:
        (folder / name).mkdir()
        upgrade(folder / name / DATABASE)
        _put_key(folder / name, name)
        machine = Machine(name, folder / name, NodeClock(START_MS), Lots(name))
        with machine.store.write() as tx:
            begin_chain(tx, machine.node.identity, epoch=fixed(f"epoch {name}", 8), hub_epoch=HUB_EPOCH)
        machine.store.close()
    return folder


def _put_key(folder: Path, name: str) -> None:
    """The first key of a node: its file, and its id in the database."""
    own = signer(f"key {name}")
    (folder / SIGNING_FILE).write_bytes(own.private.private_bytes_raw())
    store = FaultyNodeStore(folder / DATABASE, SteadyBox(), Power(name))
    with store.write() as tx:
        tx.put_setting(OWN_KEY_ID, own.key_id)
    store.close()


_kept: list[tempfile.TemporaryDirectory[str]] = []


def _site_draft(site: str) -> Draft:
    values = {"site_code": f"SITE{site}", "site_name": f"Site {site}", "status": "active"}
    return Draft(DEALER_SITE, SITES[site], values)


def _node_draft(name: str, signing_key: bytes) -> Draft:
    values: dict[str, Value] = {
        "dealer_id": site_of(name),
        "signing_key": signing_key,
        "exchange_key": exchange_key(f"exchange {name}"),
        "status": "active",
        "enrolled_at": START_MS,
        "node_name": name,
    }
    return Draft(NODE, fixed(f"node {name}"), values)
