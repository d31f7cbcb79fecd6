"""Places for backups on this machine: a folder, an S3 store (SeaweedFS), an SFTP server (AsyncSSH).

Decides how each is started and ended, and how Carnet is told of it. The two servers come from an environment of their
own, which `make backup-stores` and `make heal` set up and name in `CARNET_STORES`.

    with open_store("sftp", folder) as store:
        settings = {"CARNET_NODE_BACKUP_REPLICATE_TO": store.line("nodes")}
"""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError

from carnet_storage.adapters.store_copies import open_bucket
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import S3Target

KINDS: Final = ("folder", "s3", "sftp")
SECRETS: Final = Secrets("carnet", "carnet-secret")
BUCKET: Final = "carnet"
REGION: Final = "us-east-1"
START_S_MAX: Final = 60
_STARTS_MAX: Final = 3
SFTP_SERVER: Final = Path(__file__).parents[1] / "storage" / "sftp_server.py"

_IDENTITIES: Final = {
    "identities": [
        {
            "name": "carnet",
            "credentials": [{"accessKey": SECRETS.access_key_id, "secretKey": SECRETS.secret_access_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}


@dataclass(frozen=True, slots=True)
class Store:
    """One place that takes backups.

    Attributes:
        kind: of `KINDS`.
        port: where it listens on loopback; 0 for a folder.
        secrets_file: access to an S3 store.
    """

    kind: str
    folder: Path
    port: int = 0
    secrets_file: Path | None = None

    @property
    def endpoint(self) -> str:
        """Address of an S3 store."""
        return f"http://127.0.0.1:{self.port}"

    def prepare(self, prefix: str) -> None:
        """Make a folder for backups, which has to be there: a missing one means that a disk is not mounted."""
        if self.kind == "folder":
            (self.folder / prefix).mkdir(exist_ok=True)

    def line(self, prefix: str, *, port: int | None = None) -> str:
        """The target as settings name it.

        Args:
            port: of a proxy before the store.
        """
        at = self.port if port is None else port
        match self.kind:
            case "folder":
                return str(self.folder / prefix)
            case "s3":
                return f"s3://{BUCKET}/{prefix}?endpoint=http://127.0.0.1:{at}&region={REGION}"
            case _:
                keys = f"key={self.folder / 'user_key'}&host-key={self.folder / 'host_key.pub'}"
                return f"sftp://carnet@127.0.0.1:{at}/{prefix}?{keys}"


def stores_environment() -> Path | None:
    """The environment with the servers' programs; None when nobody has set it up."""
    named = os.environ.get("CARNET_STORES")
    return None if named is None else Path(named).absolute()


@contextmanager
def open_store(kind: str, folder: Path) -> Iterator[Store]:
    """A running place for backups, gone when the block ends; its files stay.

    Args:
        kind: of `KINDS`; anything but a folder needs `CARNET_STORES`.
        folder: its own; made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "folder":
        yield Store(kind, folder.absolute())
        return
    environment = stores_environment()
    assert environment is not None, "CARNET_STORES does not name the environment with the servers"
    opened = _s3_store if kind == "s3" else _sftp_store
    with opened(folder.absolute(), environment / "bin") as store:
        yield store


@contextmanager
def _s3_store(folder: Path, programs: Path) -> Iterator[Store]:
    """SeaweedFS in one process, with a user of its own and an empty bucket."""
    (folder / "s3.json").write_text(json.dumps(_IDENTITIES))
    (folder / "data").mkdir(exist_ok=True)
    secrets_file = folder / "secrets.json"
    told = {"access_key_id": SECRETS.access_key_id, "secret_access_key": SECRETS.secret_access_key}
    secrets_file.write_text(json.dumps(told))
    secrets_file.chmod(0o600)
    server, port = _start_weed(folder, programs / "weed")
    try:
        yield Store("s3", folder, port, secrets_file)
    finally:
        server.kill()
        server.wait()


def _start_weed(folder: Path, program: Path) -> "tuple[subprocess.Popen[bytes], int]":
    """A store that answers, and its port; tried again, because it takes ports of its own choice that may be in use.

    Raises:
        BaseError: it does not answer.
    """
    command = [
        str(program),
        "server",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-s3",
        "-filer",
    ]
    command += [f"-s3.config={folder / 's3.json'}", "-master.volumeSizeLimitMB=64"]
    for tries_left in reversed(range(_STARTS_MAX)):
        ports = _free_ports(4)
        names = ("master.port", "volume.port", "filer.port", "s3.port")
        options = [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
        with (folder / "log").open("ab") as log:
            server = subprocess.Popen([*command, *options], cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            _make_bucket(f"http://127.0.0.1:{ports[3]}", server)
        except (BaseError, OSError):
            server.kill()
            server.wait()
            if not tries_left:
                raise
        else:
            return server, ports[3]
    raise AssertionError("the loop returns or raises")


@contextmanager
def _sftp_store(folder: Path, programs: Path) -> Iterator[Store]:
    """AsyncSSH in a process of its own; what is stored lies in `folder/root`."""
    command = [str(programs / "python"), str(SFTP_SERVER), str(folder), "0"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line, f"the SFTP server did not start, see {folder / 'log'}"
        yield Store("sftp", folder, json.loads(line)["port"])
    finally:
        server.kill()
        server.wait()


def _free_ports(count: int) -> list[int]:
    """Ports that nobody has now; below 55,535, because the S3 store adds 10,000 for its own use."""
    found: list[int] = []
    while len(found) < count:
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1] % 20_000 + 20_000
        if port not in found:
            found.append(port)
    return found


def _make_bucket(address: str, server: "subprocess.Popen[bytes]") -> None:
    """Wait for the store and make the bucket; a put into a new bucket makes it at this store."""
    store = open_bucket(S3Target(BUCKET, "", address, REGION), SECRETS)
    until = time.monotonic() + START_S_MAX
    while True:
        try:
            obstore.put(store, "ready", b"yes")
        except (BaseError, OSError):
            if time.monotonic() > until or server.poll() is not None:
                raise
            time.sleep(0.5)
        else:
            return
