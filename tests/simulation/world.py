"""A small world on a fast disk: one hub, three nodes that run the real program, two that are only heard of.

Decides who takes part and what their ports are. Everything is a function of the seed: keys, ids, clocks, randomness.

    site A   A1, A2 (real nodes), and a courier whose sets come late, out of order or never
    site B   B1 (a real node), and a courier

The databases of a new world are made once per process and copied for every schedule. They lie in memory where the
machine allows it, so that `synchronous=FULL` costs nothing here.
"""

import hashlib
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.engine import make_url

from carnet_hub.adapters.store import SqlStore, open_store
from carnet_hub.core.authoring import write_hub_set
from carnet_hub.core.hub import Hub
from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import SqliteNodeStore
from carnet_node.core.authoring import begin_chain
from carnet_node.core.node import Node
from carnet_node.core.records import Identity
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import DealerId, HubId, NodeId
from carnet_protocol.kinds import DEALER_SITE, NODE
from carnet_protocol.registry import Value
from support.hub_apps import KeptAlarms, VoiceAuthor
from support.node_builder import START_MS, TestClock, TestEntropy, TestHighWater
from support.protocol import fixed, signer

HUB_ID: Final = HubId(fixed("simulated hub"))
HUB_EPOCH: Final = fixed("simulated hub epoch", 8)
SITES: Final = {"A": DealerId(fixed("site A")), "B": DealerId(fixed("site B"))}
NODE_SITES: Final = {"A1": "A", "A2": "A", "B1": "B"}
COURIER_SITES: Final = {"courier A": "A", "courier B": "B"}
HUB_SIGNER: Final = signer("simulated hub key")
SESSION_KEY: Final = fixed("session key", 32)

_YEAR_MS: Final = 365 * 24 * 3600 * 1000
_FAST_DISK: Final = Path("/dev/shm")  # noqa: S108  (only databases of made-up people, in a private folder)


@dataclass(frozen=True)
class SteadyBox:
    """Encryption at rest whose nonce is a function of place and text, so that equal states make equal files."""

    key: bytes = b"k" * 32

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """AES-GCM with a synthetic nonce in front."""
        nonce = hashlib.sha256(aad + plain).digest()[:12]
        return nonce + AESGCM(self.key).encrypt(nonce, plain, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """The counterpart of `seal`."""
        return AESGCM(self.key).decrypt(sealed[:12], sealed[12:], aad)

    def blind_index(self, text: str) -> bytes:
        """A keyed hash under the fixed key."""
        return hashlib.sha256(self.key + text.encode()).digest()[:16]


@dataclass(frozen=True)
class Machine:
    """A node with its ports."""

    name: str
    node: Node
    store: SqliteNodeStore
    clock: TestClock
    path: Path


@dataclass(frozen=True)
class World:
    """Everybody who takes part in one schedule.

    Attributes:
        scratch: an empty store for the hub to fold its log into.
    """

    folder: Path
    hub: Hub
    hub_clock: TestClock
    alarms: KeptAlarms
    scratch: SqlStore
    machines: tuple[Machine, ...]
    couriers: tuple[VoiceAuthor, ...] = field(default=())


def site_of(name: str) -> DealerId:
    """The site of a node or courier."""
    return SITES[(NODE_SITES | COURIER_SITES)[name]]


@contextmanager
def open_world(seed: int) -> Iterator[World]:
    """A world of its own; its files are gone afterwards."""
    template = _template()
    with tempfile.TemporaryDirectory(dir=template) as made:
        folder = Path(made)
        for path in template.glob("*.db"):
            shutil.copyfile(path, folder / path.name)
        world = _join(folder, seed)
        try:
            yield world
        finally:
            for machine in world.machines:
                machine.store.close()
            world.scratch.close()
            store = world.hub.store
            assert isinstance(store, SqlStore)
            store.close()


def _join(folder: Path, seed: int) -> World:
    dice = random.Random(f"clocks {seed}")
    clock, alarms = TestClock(START_MS + 60_000), KeptAlarms()
    hub = _hub(folder, clock, alarms, seed)
    machines = tuple(_machine(folder, name, seed, _wrong_clock(dice)) for name in NODE_SITES)
    couriers = tuple(
        VoiceAuthor(name, hub_id=HUB_ID, hub_epoch=HUB_EPOCH, wall_ms=_wrong_clock(dice), dealer_bytes=site_of(name))
        for name in COURIER_SITES
    )
    return World(folder, hub, clock, alarms, _hub_store(folder / "scratch.db"), machines, couriers)


def _wrong_clock(dice: random.Random) -> int:
    """A third of the clocks is right, a third off by minutes, a third by years."""
    return START_MS + dice.choice((0, dice.randint(-600_000, 600_000), dice.randint(-12, 9) * _YEAR_MS))


def _hub(folder: Path, clock: TestClock, alarms: KeptAlarms, seed: int) -> Hub:
    return Hub(
        HUB_ID,
        HUB_EPOCH,
        fixed("hub node"),
        HUB_SIGNER.public_key,
        HUB_SIGNER,
        _hub_store(folder / "hub.db"),
        clock,
        TestEntropy(1_000_000 + seed),
        SteadyBox(),
        alarms,
    )


def _hub_store(path: Path) -> SqlStore:
    """A store on a database file; the statements, which take long to compile, are shared."""
    store = copy(_compiled_store())
    store.engine = store.dialect.connect(make_url(f"sqlite:///{path}"))
    return store


@cache
def _compiled_store() -> SqlStore:
    return open_store("sqlite:////nowhere", busy_ms=0)


def _machine(folder: Path, name: str, seed: int, wall_ms: int) -> Machine:
    path = folder / f"{name}.db"
    store = SqliteNodeStore(path, SteadyBox(), busy_timeout_ms=0)
    clock = TestClock(wall_ms)
    entropy = TestEntropy(10 * seed + sorted(NODE_SITES).index(name))
    node = Node(_identity(name), store, clock, entropy, signer(f"key {name}"), TestHighWater())
    return Machine(name, node, store, clock, path)


def _identity(name: str) -> Identity:
    site = NODE_SITES[name]
    keys = (HUB_SIGNER.public_key, bytes(32), bytes(32))
    return Identity(HUB_ID, SITES[site], NodeId(fixed(f"node {name}")), f"SITE{site}", f"Site {site}", *keys)


@cache
def _template() -> Path:
    """A folder with the databases of a new world; removed when the process ends."""
    base = _FAST_DISK if _FAST_DISK.is_dir() else None
    _kept.append(tempfile.TemporaryDirectory(prefix="carnet-sim-", dir=base))
    folder = Path(_kept[0].name)
    scratch = _hub_store(folder / "scratch.db")
    scratch.make_tables()
    scratch.close()
    hub = _hub(folder, TestClock(), KeptAlarms(), -1)
    assert isinstance(hub.store, SqlStore)
    hub.store.make_tables()
    write_hub_set(hub, [_site_draft(site) for site in SITES])
    write_hub_set(hub, [_node_draft(name, signer(f"key {name}").public_key) for name in NODE_SITES | COURIER_SITES])
    hub.store.close()
    for name in NODE_SITES:
        upgrade(folder / f"{name}.db")
        machine = _machine(folder, name, 0, START_MS)
        with machine.store.write() as tx:
            begin_chain(tx, machine.node.identity, epoch=fixed(f"epoch {name}", 8), hub_epoch=HUB_EPOCH)
        machine.store.close()
    return folder


_kept: list[tempfile.TemporaryDirectory[str]] = []


def _site_draft(site: str) -> Draft:
    values = {"site_code": f"SITE{site}", "site_name": f"Site {site}", "status": "active"}
    return Draft(DEALER_SITE, SITES[site], values)


def _node_draft(name: str, signing_key: bytes) -> Draft:
    values: dict[str, Value] = {
        "dealer_id": site_of(name),
        "signing_key": signing_key,
        "exchange_key": bytes(32),
        "status": "active",
        "enrolled_at": START_MS,
        "node_name": name,
    }
    return Draft(NODE, fixed(f"node {name}"), values)
