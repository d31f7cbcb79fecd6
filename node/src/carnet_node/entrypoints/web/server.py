"""`serve`: the API and the background sync in one process, until it is stopped.

Decides where it listens and what runs beside it. Loopback by default; another address only when the settings allow the
LAN, and then only under TLS: names, numbers and passwords cross a network that guests may share.
"""

import errno
import gc
import socket

import anyio
import structlog
from fastapi import FastAPI
from uvicorn import Config, Server

from carnet_node.adapters.hub_client import HubClient
from carnet_node.adapters.local_certificate import LocalCertificate, local_certificate
from carnet_node.adapters.sync_loop import BackgroundSync
from carnet_node.bootstrap import Installation
from carnet_node.core.failures import NotEnrolled
from carnet_node.core.limits import STOP_S
from carnet_node.core.line.enrolment import is_loopback
from carnet_node.entrypoints.software import SOFTWARE
from carnet_node.entrypoints.web.app import create_app
from carnet_node.entrypoints.web.guards import allowed_hosts
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason
from carnet_storage.adapters.service import BackupService, checked_service

log = structlog.get_logger(__name__)


def serve_node(
    installation: Installation, *, host: str | None, port: int | None, is_syncing: bool, is_encrypted: bool = False
) -> None:
    """Serve until stopped.

    Args:
        host, port: instead of those in the settings; port 0 takes a free one and logs it.
        is_encrypted: speak TLS on this machine too; beyond it nothing else is spoken.
        is_syncing: whether to sync in the background; a node without a hub address never does.

    Raises:
        BadValue: an address beyond this machine that the settings do not allow, or one that cannot be had.
        NotEnrolled, KeysUnreadable: there is no node to serve.
    """
    settings = installation.settings
    address = settings.host if host is None else host
    if not is_loopback(address) and not settings.allow_lan:
        raise BadValue(
            Reason.BAD_FIELD, "host", "only this machine may reach the node; set CARNET_NODE_ALLOW_LAN=1 for the LAN"
        )
    wanted = settings.port if port is None else port
    check_address(address, wanted)
    certificate = _certificate(installation, address) if is_encrypted or not is_loopback(address) else None
    config = Config(
        build_app(installation, is_syncing=is_syncing, host=address),
        host=address,
        port=wanted,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
        ssl_certfile=None if certificate is None else certificate.certificate,
        ssl_keyfile=None if certificate is None else certificate.key,
    )
    gc.freeze()  # the program stays as long as it runs: no collection beside a request goes through it again
    Server(config).run()


def _certificate(installation: Installation, address: str) -> LocalCertificate:
    """The certificate for all names under which browsers may come; its fingerprint is logged, to be compared."""
    names = allowed_hosts(installation.settings, address)
    found = local_certificate(installation.settings.data_dir, names, installation.files, installation.clock)
    log.info("certificate", path=str(found.certificate), sha256=found.sha256)
    return found


def check_address(host: str, port: int) -> None:
    """Find out before anything starts whether this machine has the address and no other program the port.

    Raises:
        BadValue: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            taken = f"{port} is taken by another program; name one with --port"
            raise BadValue(Reason.BAD_FIELD, "port", taken) from error
        raise BadValue(Reason.BAD_FIELD, "host", f"{host} cannot be listened on: {error.strerror}") from error


def build_app(installation: Installation, *, is_syncing: bool, host: str) -> FastAPI:
    """The application with its way to the hub, its background sync and its backups.

    Raises:
        NotEnrolled, KeysUnreadable: there is no node to serve.
        StorageFailure: the backups that the settings ask for can never work here.
    """
    node = installation.node()
    backups = checked_service(installation.backup_parts())
    link = _link(installation)
    ports = None if link is None else installation.sync_ports(link)
    syncing = None
    if link is not None and ports is not None and is_syncing:
        syncing = _Syncing(link, BackgroundSync(node, ports, software=SOFTWARE))
    background = syncing if backups is None else _Beside(syncing, backups)
    return create_app(installation, ports=ports, background=background, host=host)


class _Beside:
    """What runs beside the requests: backups always, syncing where there is a hub."""

    def __init__(self, syncing: "_Syncing | None", backups: BackupService) -> None:
        self._syncing = syncing
        self._backups = backups

    async def run(self) -> None:
        """Run both until they are cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._backups.run)
            if self._syncing is not None:
                tasks.start_soon(self._syncing.run)

    def wake(self) -> None:
        """Let a save be sent at once; without a hub nothing waits."""
        if self._syncing is not None:
            self._syncing.wake()


class _Syncing:
    """The background sync and the connections it uses, closed with it."""

    def __init__(self, link: HubClient, background: BackgroundSync) -> None:
        self._link = link
        self._background = background

    async def run(self) -> None:
        """Sync until it is cancelled, over one connection."""
        async with self._link:
            await self._background.run()

    def wake(self) -> None:
        """Let a save be sent at once."""
        self._background.wake()


def _link(installation: Installation) -> HubClient | None:
    try:
        return installation.hub_client()
    except NotEnrolled:
        return None
