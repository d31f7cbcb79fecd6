"""The one place where adapters are built and joined.

Decides what a data folder holds and in which order it becomes usable: keys, database, identity. Holds no rule of the
trade.

    DATA/node.db          log, base rows, projections, identity
    DATA/backup/          status, locks and scratch files of backups
    DATA/api.token        what programs prove themselves with to the JSON API; mode 600
    DATA/keys/            keys, high-water mark, sender's lock, a request that waits for its answer; never replicated

A database belongs to the keys it was enrolled with: beside other keys it is refused, because a copied or restored
database on another machine must enrol as a new node.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from carnet_node.adapters.api_token import api_token
from carnet_node.adapters.high_water import HighWaterFile
from carnet_node.adapters.joining import HUB_URL, Asker, Joining, identity_of, kept_request
from carnet_node.adapters.keyring import (
    KEY_BYTES,
    DataKeyBox,
    Keyring,
    create_keyring,
    create_line_keys,
    data_key_check_of,
    is_unfinished,
    open_keyring,
    open_without_data_key,
    require_no_keys,
)
from carnet_node.adapters.recovery import fetch_data_key
from carnet_node.adapters.rotating import SigningKeys, settle
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
from carnet_node.core.failures import (
    AlreadyEnrolled,
    DatabaseGone,
    ForeignKeys,
    KeysUnreadable,
    NotEnrolled,
    NotInitialised,
)
from carnet_node.core.hub_link import HubLink
from carnet_node.core.line.enrolment import accept_answer
from carnet_node.core.line.session import SyncPorts
from carnet_node.core.log.newer_keys import go_on_with
from carnet_node.core.log.own_keys import require_data_key, require_exchange_key, require_recovered_key
from carnet_node.core.log.rebuild import reproject_if_outdated
from carnet_node.core.log.rejoin import hold_if_behind
from carnet_node.core.node import DeskSettings, Node
from carnet_node.core.records import OWN_KEY_ID
from carnet_node.settings import NodeSettings
from carnet_protocol.enrolment import EnrolCode

if TYPE_CHECKING:
    from httpx import AsyncBaseTransport

    from carnet_node.adapters.hub_client import HubClient
    from carnet_storage.adapters.service import BackupParts

_DAY_MS: Final = 24 * 3600 * 1000


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

    @cached_property
    def signing_keys(self) -> SigningKeys:
        """The signing keys, around a change more than one."""
        return SigningKeys(self.settings.keys_dir, self.files)

    def node(self) -> Node:
        """The enrolled node; one whose database is older than what has left this machine writes nothing yet.

        Raises:
            NotEnrolled: enrol first.
            ForeignKeys: the database belongs to keys that are not here, and were not replaced here either.
            KeysUnreadable: a key file cannot be read, or the exchange key is another one than was registered.
        """
        with self.store.read() as tx:
            identity, key_id = tx.identity(), tx.setting(OWN_KEY_ID)
        if identity is None:
            raise NotEnrolled("no identity")
        if (key_id is None or self.signing_keys.find(key_id) is None) and not self._take_up_newer_key():
            raise ForeignKeys(identity.site_code)
        require_exchange_key(self.store, self.keyring.exchange_public)
        node = Node(
            identity=identity,
            store=self.store,
            clock=self.clock,
            entropy=self.entropy,
            signer=self.keyring,
            high_water=self.high_water,
            settings=desk_settings(self.settings),
            find_signer=self.signing_keys.bring_back,
            spare_signers=self.signing_keys.for_hellos,
        )
        settle(node, self.signing_keys)
        reproject_if_outdated(node)
        hold_if_behind(node)
        return node

    def _take_up_newer_key(self) -> bool:
        former, present = self.signing_keys.former(), self.keyring.signing_public
        with self.store.write() as tx:
            return go_on_with(tx, former, present, now_ms=self.clock.now_ms())

    def hub_url(self) -> str:
        """Where the hub was at enrolment, or where it has moved since.

        Raises:
            NotEnrolled: enrolled by files, and no address was given yet.
        """
        with self.store.read() as tx:
            stored = tx.setting(HUB_URL)
        if stored is None:
            raise NotEnrolled("no hub address")
        return stored.decode()

    def set_hub_url(self, url: str) -> None:
        """Remember the hub's address, checked by `check_hub_url`."""
        with self.store.write() as tx:
            tx.put_setting(HUB_URL, url.encode())

    def api_token(self) -> str:
        """What programs prove themselves with to the JSON API.

        Raises:
            OSError: the data folder cannot be written.
        """
        return api_token(self.settings.data_dir, self.files, self.entropy)

    def joining(self) -> Joining:
        """What enrolment needs."""
        asker = Asker(self.settings.keys_dir, self.files, self.clock, self.entropy, self.keyring)
        return Joining(asker, self.store)

    def hub_client(self, url: str | None = None, transport: "AsyncBaseTransport | None" = None) -> "HubClient":
        """A way to the hub, to be used as an async context manager."""
        from carnet_node.adapters.hub_client import HubClient  # noqa: PLC0415  (most commands need no HTTP)

        return HubClient(url or self.hub_url(), self.clock, self.entropy, transport=transport)

    def backup_parts(self) -> "BackupParts":
        """What backups work with.

        Raises:
            PlanWrong: a target, secrets file or passphrase file cannot be used.
            NotEnrolled, KeysUnreadable: there is no node to back up.
        """
        from carnet_node.adapters.backups import backup_parts  # noqa: PLC0415  (most commands back nothing up)

        return backup_parts(
            self.settings,
            self.node(),
            self.keyring,
            self.files,
            entropy=self.entropy,
            clock=self.clock,
            run_blocking=run_blocking,
        )

    def sync_ports(self, link: HubLink) -> SyncPorts:
        """What syncing needs besides the node."""
        return SyncPorts(link, run_blocking, self.high_water)


def create_installation(settings: NodeSettings) -> Installation:
    """Make the keys and the empty database of a new node.

    Raises:
        AlreadyEnrolled: the folder has keys already, or a database that was written with others; nothing was touched.
        OSError: not writable.
    """
    files, entropy = DiskFiles(), SystemEntropy()
    require_no_keys(settings.keys_dir)
    if not is_unfinished(settings.keys_dir) and settings.database.exists() and settings.database.stat().st_size:
        raise AlreadyEnrolled("a database lies there")
    settings.data_dir.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    # The empty file comes first: keys without a database would look like a database that was lost.
    settings.database.touch(mode=PRIVATE_MODE)
    create_keyring(settings.keys_dir, files, entropy)
    return open_installation(settings)


def require_installation(settings: NodeSettings) -> None:
    """Find out whether a node lives in the folder; nothing is made there.

    Raises:
        NotInitialised: neither keys nor database, or `init` was cut short.
        DatabaseGone: keys without a database; an empty one in its place would forget everything.
    """
    if is_unfinished(settings.keys_dir):
        raise NotInitialised(str(settings.data_dir))
    if settings.database.exists():
        return
    if settings.keys_dir.exists():
        raise DatabaseGone(str(settings.data_dir))
    raise NotInitialised(str(settings.data_dir))


def open_installation(settings: NodeSettings) -> Installation:
    """Read the keys, and bring the database to this version's schema.

    Raises:
        NotInitialised, DatabaseGone: see `require_installation`.
        KeysUnreadable: a key is missing, damaged or open to others, or not this database's; but for its schema the
            database is as it was.
        ForeignKeys: neither the data key nor the signing key is this database's.
        StoreBroken, StoreBusy: the database cannot be used now.
    """
    require_installation(settings)
    files, entropy = DiskFiles(), SystemEntropy()
    keyring = open_keyring(settings.keys_dir, files)
    upgrade(settings.database)
    box = DataKeyBox(keyring.data_key, entropy)
    store = SqliteNodeStore(settings.database, box, is_replicated=settings.is_replicated)
    _require_data_key(store, keyring, SigningKeys(settings.keys_dir, files))
    with store.read() as tx:
        own_key_id = tx.setting(OWN_KEY_ID)
    if own_key_id is not None and SigningKeys(settings.keys_dir, files).finish(own_key_id):
        keyring = open_keyring(settings.keys_dir, files)
    return Installation(settings, files, SystemClock(), entropy, keyring, store)


def _require_data_key(store: SqliteNodeStore, keyring: Keyring, signing_keys: SigningKeys) -> None:
    """See `require_data_key`; a database beside none of its keys is called another machine's, not a lost key's."""
    try:
        require_data_key(store, keyring.data_key_check)
    except KeysUnreadable:
        with store.read() as tx:
            identity, key_id = tx.identity(), tx.setting(OWN_KEY_ID)
        if identity is not None and key_id is not None and signing_keys.find(key_id) is None:
            raise ForeignKeys(identity.site_code) from None
        raise


def require_recovered(database: Path, data_key: bytes, copy: str) -> None:
    """Go on only with a recovered data key that fits the database it will lie beside; without one any key fits.

    Raises:
        KeysUnreadable: see `require_recovered_key`; but for its schema the database is as it was.
        StoreBroken, StoreBusy: the database cannot be asked.
    """
    if not database.is_file() or not database.stat().st_size:
        return
    upgrade(database)
    store = SqliteNodeStore(database, DataKeyBox(data_key, SystemEntropy()))
    try:
        require_recovered_key(store, data_key_check_of(data_key), copy)
    finally:
        store.close()


async def lost_machine_asks(
    settings: NodeSettings,
    code: EnrolCode,
    wrappings: Mapping[str, bytes],
    url: str | None,
    transport: "AsyncBaseTransport | None" = None,
) -> bytes:
    """A data key through the hub, asked for by the enrolled node of a folder, whose own data key may be the lost one.

    Args:
        wrappings: of the lost data key, by file name.
        url: of the hub; None for the one this node knows.

    Raises:
        NotEnrolled: this folder belongs to no site, or knows no hub.
        See `adapters.recovery.fetch_data_key` for the rest.
    """
    from carnet_node.adapters.hub_client import HubClient  # noqa: PLC0415  (most commands need no HTTP)

    files, entropy = DiskFiles(), SystemEntropy()
    require_installation(settings)
    keyring = open_without_data_key(settings.keys_dir, files)
    upgrade(settings.database)
    store = SqliteNodeStore(settings.database, DataKeyBox(bytes(KEY_BYTES), entropy))
    with store.read() as tx:
        identity, known = tx.identity(), tx.setting(HUB_URL)
    store.close()
    address = url or (known.decode() if known else None)
    if identity is None or address is None:
        raise NotEnrolled("no identity, or no hub address")
    async with HubClient(address, SystemClock(), entropy, transport=transport) as link:
        return await fetch_data_key(link, identity, keyring, code, wrappings)


async def new_machine_asks(
    settings: NodeSettings,
    code: EnrolCode,
    recovery_code: EnrolCode,
    wrappings: Mapping[str, bytes],
    *,
    url: str,
    name: str,
    transport: "AsyncBaseTransport | None" = None,
) -> bytes:
    """The data key of a lost machine through the hub, asked for by a new one that is let in with the same breath.

    The request to be let in is kept, so that whatever breaks afterwards, the same codes go on from here.

    Args:
        code, recovery_code: from the operator: one to be let in, one for the data key.
        wrappings: of the lost data key, by file name.
        name: what people call this machine.

    Raises:
        See `adapters.joining.kept_request`, `core.enrolment.accept_answer` and `adapters.recovery.fetch_data_key`.
    """
    from carnet_node.adapters.hub_client import HubClient  # noqa: PLC0415  (most commands need no HTTP)

    files, clock, entropy = DiskFiles(), SystemClock(), SystemEntropy()
    settings.data_dir.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    keyring = create_line_keys(settings.keys_dir, files, entropy)
    asker = Asker(settings.keys_dir, files, clock, entropy, keyring)
    async with HubClient(url, clock, entropy, transport=transport) as link:
        pending = kept_request(asker, code, await link.card(), name)
        answer = accept_answer(await link.enrol(pending.request_message), pending, code)
        return await fetch_data_key(link, identity_of(answer), keyring, recovery_code, wrappings)


def desk_settings(settings: NodeSettings) -> DeskSettings:
    """The part of the settings that the core needs."""
    stale_after_ms = settings.recall_stale_after_days * _DAY_MS
    return DeskSettings(settings.vin_policy, settings.utc_offset_minutes, stale_after_ms)
