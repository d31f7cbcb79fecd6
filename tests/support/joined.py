"""A real hub and real nodes in one process: enrolled by code, synced over the hub's application, restored from copies.

Everything is the product's own; only the sockets are left out. A copy of a node's database or of its whole folder is
what a backup or a disk image would bring back.
"""

import shutil
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import httpx

from carnet_hub.bootstrap import open_restored_hub
from carnet_hub.core.exchange.enrolment import invite_dealer
from carnet_hub.core.rows import DealerRow
from carnet_hub.settings import HubSettings
from carnet_node.adapters.joining import finish_enrolment, pending_enrolment
from carnet_node.adapters.keyring import UNFINISHED_FILE
from carnet_node.adapters.store import driver
from carnet_node.bootstrap import Installation, create_installation, open_installation
from carnet_node.core.line.sync import RoundReport, run_round
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rejoin import mark_restored
from carnet_node.core.log.sync_state import SyncState, load_state
from carnet_node.settings import NodeSettings
from carnet_protocol.changeset import Draft
from carnet_protocol.enrolment import parse_code
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.registry import Value
from carnet_protocol.state import head_op_ids
from carnet_storage.adapters.system import PRIVATE_FOLDER_MODE, PRIVATE_MODE
from support.hub_apps import TestHub, make_hub, open_test_hub
from support.node_builder import empty_database


def join_site(hub: TestHub, folder: Path, site_code: str = "A001") -> Installation:
    """A new node of a site, enrolled over HTTP."""
    installation = unjoined(folder)
    enrol(installation, hub, site_code)
    return installation


def enrol(installation: Installation, hub: TestHub, site_code: str = "A001") -> None:
    """Enrol a machine over HTTP."""
    with hub.app.hub.store.read() as snapshot:
        dealers = {row.site_code: row.dealer_id for row in snapshot.scan(DealerRow)}
    enrol_by(invite_dealer(hub.app.hub, dealers[site_code]).code, installation, hub)


def enrol_by(code: str, installation: Installation, hub: TestHub) -> None:
    """Enrol a machine over HTTP with a code that somebody has handed out."""
    parsed = parse_code(code)

    async def ask() -> None:
        async with installation.hub_client("http://hub", transport_to(hub)) as link:
            pending = pending_enrolment(installation.joining(), parsed, await link.card(), "desk")
            answer = await link.enrol(pending.request_message)
            finish_enrolment(installation.joining(), parsed, pending, answer, "http://hub")

    anyio.run(ask)


def unjoined(folder: Path) -> Installation:
    """A node that belongs to no site yet: made by going on where an `init` was cut short behind its empty database."""
    settings = NodeSettings(data_dir=folder)
    settings.keys_dir.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True)
    (settings.keys_dir / UNFINISHED_FILE).touch()
    settings.database.write_bytes(empty_database())
    settings.database.chmod(PRIVATE_MODE)
    return create_installation(settings)


def joined_pair(folder: Path) -> tuple[TestHub, Installation]:
    """A hub with one dealer site and one enrolled node, copied from a pair that is made once."""
    template = _template()
    shutil.copytree(template / "hub", folder / "hub")
    shutil.copytree(template / "one", folder / "one")
    hub = open_test_hub(folder / "hub")
    return hub, open_installation(NodeSettings(data_dir=folder / "one"))


def transport_to(hub: TestHub) -> httpx.ASGITransport:
    """The hub's application as a line."""
    return httpx.ASGITransport(hub.api, raise_app_exceptions=False)


def sync(installation: Installation, hub: TestHub) -> RoundReport:
    """One round with the hub."""

    async def once() -> RoundReport:
        async with installation.hub_client("http://hub", transport_to(hub)) as link:
            return await run_round(installation.node(), installation.sync_ports(link), software="test")

    return anyio.run(once)


def write_customer(installation: Installation, number: int, name: str, *based_on: OpId, **more: Value) -> OpId:
    """Record customer `number`, or change its name; returns the op."""
    values = {"full_name": name, **({} if based_on else {"party_kind": "person"}), **more}
    sealed = commit(installation.node(), [Draft(CUSTOMER, customer_id(number), values, based_on)])
    return sealed.ops[0]


def customer_id(number: int) -> RecordId:
    """The id of customer `number`."""
    return RecordId(bytes([number]) * 16)


def names(installation: Installation) -> dict[int, object]:
    """The names shown here, by number of the customer."""
    with installation.store.read() as tx:
        listed = tx.list_records(CUSTOMER, None, 500)
        return {one.record[0]: (tx.columns(CUSTOMER, one.record) or {}).get("full_name") for one in listed}


def line_state(installation: Installation) -> SyncState:
    """What is remembered about the line."""
    with installation.store.read() as tx:
        return load_state(tx)


def waiting(installation: Installation) -> int:
    """Own sets without a verdict."""
    with installation.store.read() as tx:
        return tx.unconfirmed()[0]


def own_chain(installation: Installation) -> tuple[int, int]:
    """(ordinal of the epoch, seq) of the end of the chain."""
    with installation.store.read() as tx:
        chain = tx.chain()
    assert chain is not None
    return chain.epoch_ordinal, chain.seq


def back_up(installation: Installation, to: Path) -> Path:
    """A consistent copy of the database, as a backup makes it."""
    source = driver.connect(installation.settings.database)
    target = driver.connect(to)
    source.backup(target)
    source.close()
    target.close()
    return to


def restore_database(installation: Installation, backup: Path) -> Installation:
    """The database from a backup beside the same keys and the same mark."""
    installation.store.close()
    database = installation.settings.database
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    shutil.copyfile(backup, database)
    return open_installation(installation.settings)


def moved_in(hub: TestHub, lost: Installation, backup: Path, folder: Path) -> Installation:
    """A new machine with the database of a lost one out of a backup, enrolled and synced once."""
    fresh = enrolled_with(hub, lost, backup, folder)
    sync(fresh, hub)
    return fresh


def enrolled_with(hub: TestHub, lost: Installation, backup: Path, folder: Path) -> Installation:
    """A new machine with the database of a lost one out of a backup, enrolled and not synced yet."""
    fresh = unjoined(folder)
    shutil.copyfile(lost.settings.keys_dir / "data.key", fresh.settings.keys_dir / "data.key")
    fresh = restore_database(fresh, backup)
    mark_restored(replace(lost.node(), store=fresh.store))
    enrol(fresh, hub)
    return fresh


def heads(installation: Installation, number: int) -> tuple[OpId, ...]:
    """The op ids behind the name of customer `number`."""
    with installation.store.read() as tx:
        stored = tx.record(CUSTOMER, customer_id(number))
    return head_op_ids(() if stored is None else stored.entries, [CUSTOMER.register_of("full_name").number])


def back_up_hub(hub: TestHub, folder: Path) -> Path:
    """A consistent copy of the hub's database."""
    to = folder / "hub-backup.db"
    with closing(driver.connect(hub.app.settings.data_dir / "hub.db")) as source, closing(driver.connect(to)) as target:
        source.backup(target)
    return to


def put_back_hub(hub: TestHub, backup: Path) -> Path:
    """The hub's database from a backup beside its present keys and mark; nobody serves it yet.

    Returns: the hub's folder.
    """
    hub.app.close()
    folder = hub.app.settings.data_dir
    for path in folder.glob("hub.db*"):
        path.unlink()
    shutil.copyfile(backup, folder / "hub.db")
    return folder


def restore_hub(hub: TestHub, backup: Path) -> TestHub:
    """The hub from a backup, as the operator brings it back: with the command that opens a new history."""
    folder = put_back_hub(hub, backup)
    open_restored_hub(HubSettings(data_dir=folder)).close()
    return open_test_hub(folder, hub.clock)


def copy_disk(installation: Installation, to: Path) -> Installation:
    """The whole folder as another machine would get it from a disk image."""
    installation.store.close()
    shutil.copytree(installation.settings.data_dir, to)
    return open_installation(NodeSettings(data_dir=to))


@cache
def _template() -> Path:
    """A folder with the pair, removed when the process ends; enrolling derives keys, which is slow by intention."""
    _kept.append(TemporaryDirectory(prefix="carnet-pair-"))
    folder = Path(_kept[0].name)
    hub = make_hub(folder / "hub")
    hub.add_dealer("A001")
    node = join_site(hub, folder / "one")
    node.store.close()
    hub.app.close()
    return folder


_kept: list[TemporaryDirectory[str]] = []
