"""Hubs for tests: real adapters in a folder of their own, a clock that tests move, and nodes that know how to speak.

A `NodeVoice` is what a node would say on the line, made with the protocol alone: the node's own program plays no part.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from fastapi import FastAPI
from sqlalchemy import make_url

from carnet_hub.adapters.schema import upgrade_schema
from carnet_hub.adapters.store import open_store
from carnet_hub.bootstrap import HubApp, Ports, init_hub, open_hub
from carnet_hub.core.exchange.enrolment import answer_enrol, invite_dealer
from carnet_hub.core.rows import DealerRow
from carnet_hub.core.upkeep.dealers import SiteDetails, SitePlace, add_site
from carnet_hub.entrypoints.http.app import create_api
from carnet_hub.settings import HubSettings
from carnet_protocol.enrolment import invite_keys, parse_code, prove_request
from carnet_protocol.envelope import Purpose
from carnet_protocol.hello import HelloRequest
from carnet_protocol.ids import HubId
from carnet_protocol.messages import (
    EnrolAnswer,
    EnrolRequest,
    open_frame,
    sign_frame,
)
from support.authors import SiteAuthor
from support.protocol import exchange_key, fixed, signer

T = TypeVar("T")

NOW_MS = 1_790_000_000_000


@dataclass
class TestClock:
    """A clock that stands still until a test or a sleeper moves it."""

    __test__ = False

    ms: int = NOW_MS

    def now_ms(self) -> int:
        """The present."""
        return self.ms

    async def sleep(self, seconds: float) -> None:
        """Let time pass, and others run."""
        self.ms += round(seconds * 1000)
        await asyncio.sleep(0)


@dataclass
class CountedEntropy:
    """Bytes that look random and are a function of how often they were asked for."""

    seed: str = "hub"
    calls: int = 0

    def random_bytes(self, count: int) -> bytes:
        """The next bytes."""
        self.calls += 1
        return hashlib.shake_256(f"{self.seed} {self.calls}".encode()).digest(count)


@dataclass
class KeptAlarms:
    """Alarms that a test can look at."""

    nonces: list[bytes] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    models: list[bytes] = field(default_factory=list)
    customers: list[bytes] = field(default_factory=list)
    looking: list[tuple[bytes, int]] = field(default_factory=list)

    def set_failed(self, nonce: bytes, error: Exception) -> None:
        """Keep one."""
        self.nonces.append(nonce)
        self.errors.append(error)

    def count_failed(self, position: int, error: Exception) -> None:
        """Keep one."""
        self.positions.append(position)
        self.errors.append(error)

    def model_unusable(self, model_id: bytes, detail: str) -> None:
        """Keep one."""
        self.models.append(model_id)

    def customer_unweighed(self, customer: bytes, error: Exception) -> None:
        """Keep one."""
        self.customers.append(customer)

    def look_ups_unusual(self, dealer_id: bytes, count: int) -> None:
        """Keep one."""
        self.looking.append((dealer_id, count))


async def in_place(work: Callable[[], T]) -> T:
    """The `run_blocking` of a test: no thread."""
    return work()


@dataclass(frozen=True)
class TestHub:
    """A hub, its clock and its alarms."""

    __test__ = False

    app: HubApp
    clock: TestClock
    alarms: KeptAlarms

    @cached_property
    def api(self) -> FastAPI:
        """Its application; made when it is asked first."""
        return create_api(self.app)

    def add_dealer(self, site_code: str = "A001") -> bytes:
        """A dealer site; returns its id."""
        return add_site(
            self.app.hub, SiteDetails(site_code, f"Site {site_code}", place=SitePlace(city_name="Changsha"))
        ).dealer_id

    def enrol(self, name: str = "desk", site_code: str = "A001") -> "NodeVoice":
        """A node of a site, enrolled by code; the site is added when it is new."""
        with self.app.hub.store.read() as snapshot:
            known = {row.site_code: row.dealer_id for row in snapshot.scan(DealerRow)}
        dealer_id = known.get(site_code) or self.add_dealer(site_code)
        voice = NodeVoice(name, self.app.hub.hub_id, self.app.hub.hub_epoch, self.app.hub.public_key)
        code = invite_dealer(self.app.hub, dealer_id).code
        answer_enrol(self.app.hub, self.app.keys, voice.enrol_request(code))
        voice.dealer_id = dealer_id
        return voice


@dataclass
class NodeVoice:
    """One node as the hub hears it."""

    name: str
    hub_id: HubId
    hub_epoch: bytes
    hub_key: bytes
    dealer_id: bytes = bytes(16)
    wall_ms: int = NOW_MS

    @property
    def node_id(self) -> bytes:
        """The node's id."""
        return fixed(f"node {self.name}")

    def enrol_request(self, code: str, *, proof: bytes | None = None, **changes: object) -> bytes:
        """A signed request for this node.

        Args:
            proof: another proof than the right one.
            changes: fields that a test wants otherwise.
        """
        secret = parse_code(code).secret
        keys = invite_keys(secret)
        own = signer(f"key {self.name}")
        values: dict[str, object] = {
            "version": 1,
            "code_id": keys.code_id,
            "node_id": self.node_id,
            "signing_key": own.public_key,
            "exchange_key": exchange_key(f"exchange {self.name}"),
            "node_name": f"{self.name} pc",
            "wall_ms": self.wall_ms,
            "proof": bytes(32),
        }
        unproved = EnrolRequest(**{**values, **changes})  # type: ignore[arg-type]
        right = prove_request(keys, self.hub_key, unproved)
        request = EnrolRequest(**{**values, **changes, "proof": proof or right})  # type: ignore[arg-type]
        return sign_frame(request, Purpose.ENROL, self.hub_id, own)

    def read_enrol_answer(self, message: bytes) -> EnrolAnswer:
        """The hub's answer, its signature checked."""
        return open_frame(message, EnrolAnswer, self.hub_key, Purpose.ENROL, self.hub_id)

    def hello(self, challenge: bytes, **changes: object) -> bytes:
        """A signed hello on a challenge."""
        author = self.author()
        values: dict[str, object] = {
            "version": 1,
            "challenge": challenge,
            "dealer_id": self.dealer_id,
            "node_id": self.node_id,
            "epoch": author.epoch,
            "epoch_ordinal": 1,
            "head_seq": 0,
            "head_hash": bytes(32),
            "hub_epoch": self.hub_epoch,
            "cursor": 0,
            "unsent_sets": 0,
            "oldest_unsent_ms": 0,
            "wall_ms": self.wall_ms,
            "schema": 1,
            "software": "tests",
            "closed": [],
        }
        request = HelloRequest(**{**values, **changes})  # type: ignore[arg-type]
        return sign_frame(request, Purpose.HELLO, self.hub_id, signer(f"key {self.name}"))

    def author(self) -> SiteAuthor:
        """A fresh chain of this node's change sets."""
        return VoiceAuthor(
            self.name, hub_id=self.hub_id, hub_epoch=self.hub_epoch, wall_ms=self.wall_ms, dealer_bytes=self.dealer_id
        )


@dataclass
class VoiceAuthor(SiteAuthor):
    """A site author whose dealer is one that the hub has made."""

    dealer_bytes: bytes = bytes(16)

    @property
    def dealer_id(self) -> bytes:
        """The site's id."""
        return self.dealer_bytes


def make_hub(folder: Path, **settings: object) -> TestHub:
    """A new hub in a folder."""
    clock, alarms = TestClock(), KeptAlarms()
    made = _settings(folder, settings)
    path = make_url(made.url).database
    if made.url.startswith("sqlite") and path is not None:
        folder.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(_empty_database())
    return TestHub(init_hub(made, _ports(clock, alarms, seed="hub")), clock, alarms)


@cache
def _empty_database() -> bytes:
    """A migrated database without rows; migrating takes a tenth of a second, and hundreds of tests need one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        store = open_store(f"sqlite:///{path}")
        upgrade_schema(store)
        store.close()
        return path.read_bytes()


def open_test_hub(folder: Path, clock: TestClock | None = None) -> TestHub:
    """The hub of a folder, as after a restart."""
    clock, alarms = clock or TestClock(), KeptAlarms()
    return TestHub(open_hub(_settings(folder, {}), _ports(clock, alarms, seed=_opening_of(folder))), clock, alarms)


def reopen_hub(hub: TestHub, folder: Path) -> TestHub:
    """The same hub as another worker process sees it."""
    app = open_hub(_settings(folder, {}), _ports(hub.clock, hub.alarms, seed=_opening_of(folder)))
    return TestHub(app, hub.clock, hub.alarms)


_openings: Counter[Path] = Counter()


def _opening_of(folder: Path) -> str:
    """A seed that no opening before it had: else a restored hub repeats ids and nonces of its ended history."""
    _openings[folder.resolve()] += 1
    return f"{folder.name} opened {_openings[folder.resolve()]}"


def _settings(folder: Path, settings: dict[str, object]) -> HubSettings:
    return HubSettings(data_dir=folder, **settings)  # type: ignore[arg-type]


def _ports(clock: TestClock, alarms: KeptAlarms, seed: str) -> Ports:
    return Ports(clock, CountedEntropy(seed), alarms, run_blocking=in_place)
