"""A node for tests: the real store in a temporary folder, every other port seeded.

node = build_node(tmp_path)
node = build_node(tmp_path, seed=2, dealer=DEALER_A)     # a second node of the same site
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import SqliteNodeStore
from carnet_node.core.authoring import begin_chain
from carnet_node.core.node import DeskSettings, Node
from carnet_node.core.records import HighWaterMark, Identity
from carnet_protocol.envelope import key_id_of
from carnet_protocol.ids import DealerId, HubId, NodeId

HUB = HubId(bytes.fromhex("48" * 16))
HUB_EPOCH = bytes.fromhex("48" * 8)
DEALER_A = DealerId(bytes.fromhex("aa" * 16))
DEALER_B = DealerId(bytes.fromhex("bb" * 16))
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
class TestSigner:
    """An Ed25519 key made from a seed."""

    __test__ = False
    seed: int
    key: Ed25519PrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"signer/{self.seed}".encode()).digest())

    @property
    def public_key(self) -> bytes:
        """Raw 32 bytes."""
        return self.key.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        """See `key_id_of`."""
        return key_id_of(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature."""
        return self.key.sign(message)


@dataclass
class TestHighWater:
    """The mark of what left the machine, in memory; remembers every mark."""

    __test__ = False
    marks: list[HighWaterMark] = field(default_factory=list)

    def read(self) -> HighWaterMark | None:
        """The last mark."""
        return self.marks[-1] if self.marks else None

    def write(self, mark: HighWaterMark) -> None:
        """Remember one more."""
        self.marks.append(mark)


def build_identity(*, seed: int = 1, dealer: DealerId = DEALER_A, site_code: str = "SHA01") -> Identity:
    """Who a test node is; its hub's keys are those of signer 100."""
    hub_key = TestSigner(100).public_key
    node_id = NodeId(hashlib.sha256(f"node/{seed}".encode()).digest()[:16])
    return Identity(HUB, dealer, node_id, site_code, "Shanghai one", hub_key, bytes(32), bytes(32))


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
    upgrade(path)
    store = SqliteNodeStore(path, TestBox(), busy_timeout_ms=busy_timeout_ms)
    identity = build_identity(seed=seed, dealer=dealer)
    with store.write() as tx:
        if tx.identity() is None:
            epoch = hashlib.sha256(f"epoch/{seed}".encode()).digest()[:8]
            begin_chain(tx, identity, epoch=epoch, hub_epoch=HUB_EPOCH)
    return Node(
        identity, store, TestClock(), TestEntropy(seed), TestSigner(seed), TestHighWater(), settings or DeskSettings()
    )
