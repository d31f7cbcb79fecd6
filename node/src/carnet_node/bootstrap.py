"""The one place where adapters are built and joined.

Decides what a data folder holds and in which order it becomes usable: keys, database, identity. Holds no rule of the
trade.

    DATA/node.db          log, base rows, projections, identity
    DATA/keys/            keys, high-water mark, sender's lock, a request that waits for its answer; never replicated

A database belongs to the keys it was enrolled with: beside other keys it is refused, because a copied or restored
database on another machine must enrol as a new node.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Final

import httpx
import msgspec

from carnet_node.adapters.high_water import HighWaterFile
from carnet_node.adapters.hub_client import HubClient
from carnet_node.adapters.keyring import (
    WRAPPED_FOR_HUB_FILE,
    WRAPPED_FOR_RECOVERY_FILE,
    DataKeyBox,
    Keyring,
    create_keyring,
    new_passphrase,
    open_keyring,
    wrap_for_hub,
    wrap_with_passphrase,
)
from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import SqliteNodeStore
from carnet_node.adapters.system import (
    PRIVATE_FOLDER_MODE,
    PRIVATE_MODE,
    DiskFiles,
    SystemClock,
    SystemEntropy,
    run_blocking,
)
from carnet_node.core.authoring import begin_chain
from carnet_node.core.enrolment import NodeKeys, PendingEnrolment, accept_answer, draft_request, is_request_for
from carnet_node.core.failures import AlreadyEnrolled, KeysUnreadable, NotEnrolled
from carnet_node.core.node import DeskSettings, Node
from carnet_node.core.records import Identity
from carnet_node.core.session import SyncPorts
from carnet_node.settings import NodeSettings
from carnet_protocol.enrolment import EnrolCode
from carnet_protocol.ids import EPOCH_BYTES, DealerId, HubId, NodeId, new_record_id
from carnet_protocol.messages import EnrolAnswer

SOFTWARE: Final = f"carnet-node {version('carnet-node')}"
"""What this program calls itself in a hello."""

PENDING_FILE: Final = "enrolment.pending"
_HUB_URL: Final = "hub-url"
_KEY_ID: Final = "own-key-id"
_PENDING_BYTES_MAX: Final = 64 * 1024
_DAY_MS: Final = 24 * 3600 * 1000
_RANDOM_ID_BYTES: Final = 10

_pending = msgspec.msgpack.Decoder(tuple[bytes, bytes])


@dataclass(frozen=True)
class Installation:
    """A data folder whose keys are readable; enrolled or not."""

    settings: NodeSettings
    files: DiskFiles
    clock: SystemClock
    entropy: SystemEntropy
    keyring: Keyring
    store: SqliteNodeStore

    @cached_property
    def high_water(self) -> HighWaterFile:
        """The mark of what left, and the sender's lock."""
        return HighWaterFile(self.settings.keys_dir, self.files)

    def node(self) -> Node:
        """The enrolled node.

        Raises:
            NotEnrolled: enrol first.
            KeysUnreadable: the database was enrolled with other keys.
        """
        with self.store.read() as tx:
            identity, key_id = tx.identity(), tx.setting(_KEY_ID)
        if identity is None:
            raise NotEnrolled("no identity")
        if key_id != self.keyring.key_id:
            raise KeysUnreadable("signing.key", "this database was enrolled with other keys")
        return Node(
            identity=identity,
            store=self.store,
            clock=self.clock,
            entropy=self.entropy,
            signer=self.keyring,
            high_water=self.high_water,
            settings=desk_settings(self.settings),
        )

    def hub_url(self) -> str:
        """Where the hub was at enrolment, or where it has moved since.

        Raises:
            NotEnrolled: enrolled by files, and no address was given yet.
        """
        with self.store.read() as tx:
            stored = tx.setting(_HUB_URL)
        if stored is None:
            raise NotEnrolled("no hub address")
        return stored.decode()

    def set_hub_url(self, url: str) -> None:
        """Remember the hub's address, checked by `check_hub_url`."""
        with self.store.write() as tx:
            tx.put_setting(_HUB_URL, url.encode())

    def hub_client(self, url: str | None = None, transport: httpx.AsyncBaseTransport | None = None) -> HubClient:
        """A way to the hub, to be used as an async context manager."""
        return HubClient(url or self.hub_url(), self.clock, self.entropy, transport=transport)

    def sync_ports(self, link: HubClient) -> SyncPorts:
        """What syncing needs besides the node."""
        return SyncPorts(link, run_blocking, self.high_water)


def create_installation(settings: NodeSettings) -> Installation:
    """Make the keys and the empty database of a new node.

    Raises:
        AlreadyEnrolled: the folder has keys already; nothing was touched.
        OSError: not writable.
    """
    files, entropy = DiskFiles(), SystemEntropy()
    settings.data_dir.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    create_keyring(settings.keys_dir, files, entropy)
    settings.database.touch(mode=PRIVATE_MODE)
    return open_installation(settings)


def open_installation(settings: NodeSettings) -> Installation:
    """Read the keys, and bring the database to this version's schema.

    Raises:
        KeysUnreadable: a key is missing, damaged or open to others.
        StoreBroken, StoreBusy: the database cannot be used now.
    """
    files, entropy = DiskFiles(), SystemEntropy()
    keyring = open_keyring(settings.keys_dir, files)
    upgrade(settings.database)
    store = SqliteNodeStore(settings.database, DataKeyBox(keyring.data_key, entropy))
    return Installation(settings, files, SystemClock(), entropy, keyring, store)


def desk_settings(settings: NodeSettings) -> DeskSettings:
    """The part of the settings that the core needs."""
    stale_after_ms = settings.recall_stale_after_days * _DAY_MS
    return DeskSettings(settings.vin_policy, settings.utc_offset_minutes, stale_after_ms)


def pending_enrolment(installation: Installation, code: EnrolCode, card: bytes | None, name: str) -> PendingEnrolment:
    """The request for a code: the kept one if there is one, else a new one, which is kept before it is shown.

    Args:
        card: the hub's card; may be missing when a request is kept.
        name: what people call this machine.

    Raises:
        AlreadyEnrolled: this folder has an identity.
        NotEnrolled: no request is kept for this code, and no card was given.
        Malformed, NotAuthentic, BadValue: see `draft_request`.
    """
    with installation.store.read() as tx:
        if tx.identity() is not None:
            raise AlreadyEnrolled("identity")
    path = installation.settings.keys_dir / PENDING_FILE
    kept = installation.files.read(path, bytes_max=_PENDING_BYTES_MAX)
    if kept is not None:
        pending = PendingEnrolment(*_pending.decode(kept))
        if is_request_for(pending, code):
            return pending
    if card is None:
        raise NotEnrolled("no request is kept for this code")
    keys = NodeKeys(installation.keyring.signing_public, installation.keyring.exchange_public)
    now_ms = installation.clock.now_ms()
    node_id = new_record_id(now_ms, installation.entropy.random_bytes(_RANDOM_ID_BYTES))
    pending = draft_request(card, code, keys, installation.keyring, node_id=node_id, node_name=name, wall_ms=now_ms)
    installation.files.replace(path, msgspec.msgpack.encode((pending.card_message, pending.request_message)))
    return pending


def finish_enrolment(
    installation: Installation, code: EnrolCode, pending: PendingEnrolment, answer_message: bytes, hub_url: str | None
) -> tuple[EnrolAnswer, str]:
    """Take the hub's answer: wrap the data key, then become a node.

    In this order, so that no node is without its wrappings.

    Raises:
        Malformed, NotAuthentic: not the answer to our request; nothing was written.

    Returns: the answer, and the recovery passphrase that has to be printed now and is kept nowhere.
    """
    answer = accept_answer(answer_message, pending, code)
    keys_dir, files, keyring = installation.settings.keys_dir, installation.files, installation.keyring
    passphrase = new_passphrase(installation.entropy)
    files.replace(keys_dir / WRAPPED_FOR_HUB_FILE, wrap_for_hub(keyring.data_key, answer.hub_exchange_key))
    wrapped = wrap_with_passphrase(keyring.data_key, passphrase, installation.entropy)
    files.replace(keys_dir / WRAPPED_FOR_RECOVERY_FILE, wrapped)
    epoch = installation.entropy.random_bytes(EPOCH_BYTES)
    with installation.store.write() as tx:
        begin_chain(tx, _identity(answer), epoch=epoch, hub_epoch=answer.hub_epoch)
        tx.put_setting(_KEY_ID, keyring.key_id)
        if hub_url is not None:
            tx.put_setting(_HUB_URL, hub_url.encode())
    (keys_dir / PENDING_FILE).unlink(missing_ok=True)
    return answer, passphrase


def _identity(answer: EnrolAnswer) -> Identity:
    return Identity(
        hub_id=HubId(answer.hub_id),
        dealer_id=DealerId(answer.dealer_id),
        node_id=NodeId(answer.node_id),
        site_code=answer.site_code,
        site_name=answer.site_name,
        hub_signing_key=answer.hub_signing_key,
        hub_exchange_key=answer.hub_exchange_key,
        hub_export_key=answer.hub_export_key,
    )
