"""A node for tests: the real store in a temporary folder, every other port seeded.

node = build_node(tmp_path)
node = build_node(tmp_path, seed=2, dealer=DEALER_A)     # a second node of the same site
"""

import hashlib
import hmac
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import SqliteNodeStore, driver
from carnet_node.core.log.authoring import begin_chain
from carnet_node.core.node import DeskSettings, Node
from carnet_node.core.records import HighWaterMark, Identity
from carnet_protocol.ids import DealerId, HubId, NodeId
from support.protocol import exchange_key, signer

HUB = HubId(bytes.fromhex("48" * 16))
HUB_EPOCH = bytes.fromhex("48" * 8)
DEALER_A = DealerId(bytes.fromhex("aa" * 16))
DEALER_B = DealerId(bytes.fromhex("bb" * 16))
HUB_SIGNER = "hub key"
"""Name of the key that signs for the hub of every test node; see `support.protocol.signer`."""
START_MS = 1_790_000_000_000
"""2026-09-21, when every test begins."""


@dataclass
class TestClock:
    """A clock that moves when told to."""

    __test__ = False
    ms: int = START_MS

    def now_ms(self) -> int:
        """The time it was set to."""
        return self.ms

    async def sleep(self, seconds: float) -> None:
        """Waiting takes no time but moves the clock."""
        self.ms += round(seconds * 1000)


@dataclass
class TestEntropy:
    """Random bytes that are the same in every run with one seed."""

    __test__ = False
    seed: int
    drawn: int = 0

    def random_bytes(self, count: int) -> bytes:
        """The next bytes of the seeded stream."""
        self.drawn += 1
        return hashlib.shake_256(f"{self.seed}/{self.drawn}".encode()).digest(count)


@dataclass
class TestBox:
    """Encryption at rest under a fixed key; nonces are counted, so equal runs give equal files."""

    __test__ = False
    key: bytes = b"k" * 32
    sealed: int = 0

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """AES-GCM with a counted nonce in front."""
        self.sealed += 1
        nonce = self.sealed.to_bytes(12, "big")
        return nonce + AESGCM(self.key).encrypt(nonce, plain, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """The counterpart of `seal`."""
        return AESGCM(self.key).decrypt(sealed[:12], sealed[12:], aad)

    def blind_index(self, text: str) -> bytes:
        """HMAC under the fixed key."""
        return hmac.digest(self.key, text.encode(), "sha256")[:16]


@dataclass
class TestHighWater:
    """The mark of what left the machine, in memory; remembers every mark."""

    __test__ = False
    marks: list[HighWaterMark] = field(default_factory=list)
    highest: int = 0

    def read(self) -> HighWaterMark | None:
        """The last mark."""
        return self.marks[-1] if self.marks else None

    def write(self, mark: HighWaterMark) -> None:
        """Remember one more."""
        self.marks.append(mark)

    def reserve_ordinal(self, wanted: int) -> int:
        """The next free number from `wanted` on."""
        self.highest = max(wanted, self.highest + 1)
        return self.highest


def build_identity(*, seed: int = 1, dealer: DealerId = DEALER_A, site_code: str = "SHA01") -> Identity:
    """Who a test node is; its hub signs with the key named `HUB_SIGNER`."""
    node_id = NodeId(hashlib.sha256(f"node/{seed}".encode()).digest()[:16])
    hub_key = signer(HUB_SIGNER).public_key
    return Identity(HUB, dealer, node_id, site_code, "Shanghai one", hub_key, exchange_key("hub"), bytes(32))


def build_node(
    folder: Path,
    *,
    seed: int = 1,
    dealer: DealerId = DEALER_A,
    settings: DeskSettings | None = None,
    busy_timeout_ms: int = 0,
) -> Node:
    """An enrolled node whose database is `folder`/node-<seed>.db; opens it again if it exists."""
    path = folder / f"node-{seed}.db"
    if not path.exists():
        path.write_bytes(empty_database())
    store = SqliteNodeStore(path, TestBox(), busy_timeout_ms=busy_timeout_ms)
    identity = build_identity(seed=seed, dealer=dealer)
    with store.write() as tx:
        if tx.identity() is None:
            epoch = hashlib.sha256(f"epoch/{seed}".encode()).digest()[:8]
            begin_chain(tx, identity, epoch=epoch, hub_epoch=HUB_EPOCH)
    return Node(
        identity,
        store,
        TestClock(),
        TestEntropy(seed),
        signer(f"node {seed}"),
        TestHighWater(),
        settings or DeskSettings(),
    )


def close_node(node: Node) -> None:
    """Close the connections of a test node."""
    assert isinstance(node.store, SqliteNodeStore)
    node.store.close()


def rows_of(folder: Path, *, seed: int = 1) -> dict[str, list[tuple[object, ...]]]:
    """Every row of a node's database, by table: what must be unchanged after a refusal."""
    with closing(driver.connect(folder / f"node-{seed}.db")) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names}  # noqa: S608


def text_of(rows: dict[str, list[tuple[object, ...]]]) -> str:
    """Everything the rows say that could be read as text."""
    values = [value for table in rows.values() for row in table for value in row]
    return "\n".join(one.decode(errors="replace") if isinstance(one, bytes) else str(one) for one in values)


@cache
def empty_database() -> bytes:
    """A migrated database without rows; migrating takes a third of a second, and hundreds of tests need one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        upgrade(path)
        return path.read_bytes()
