"""Replication, copies, drills and restores against a real S3 store on this machine: `make backup-s3`.

The store is SeaweedFS in one process, with a user of its own; without `CARNET_WEED` (the program) nothing here runs.
"""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
from obstore.exceptions import BaseError

from carnet_storage.adapters.copying import copies_at, find_copy, make_copy, open_copy
from carnet_storage.adapters.litestream_process import ChildSettings, LitestreamChild
from carnet_storage.adapters.replica import Replica
from carnet_storage.adapters.store_copies import open_bucket
from carnet_storage.core.failures import NothingToRestore, TargetFailed
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import Place, S3Target
from support.backups import DATA_KEY, SOURCE_ID, LogSource, make_sealer, make_source

WEED = os.environ.get("CARNET_WEED")
pytestmark = pytest.mark.skipif(WEED is None, reason="needs a local S3 store: run `make backup-s3`")

SECRETS = Secrets("carnet", "carnet-secret")
BUCKET = "carnet"
NOW_MS = 1_790_000_000_123
IDENTITIES = {
    "identities": [
        {
            "name": "carnet",
            "credentials": [{"accessKey": SECRETS.access_key_id, "secretKey": SECRETS.secret_access_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running store with an empty bucket."""
    folder = tmp_path_factory.mktemp("store")
    (folder / "s3.json").write_text(json.dumps(IDENTITIES))
    (folder / "data").mkdir()
    ports = free_ports(4)
    names = ("master.port", "volume.port", "filer.port", "s3.port")
    options = [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
    assert WEED is not None
    program = str(Path(WEED).absolute())
    command = [program, "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-filer"]
    with (folder / "log").open("wb") as log:
        store = subprocess.Popen(
            [*command, f"-s3.config={folder / 's3.json'}", "-master.volumeSizeLimitMB=64", *options],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{ports[3]}"
    try:
        make_bucket(address)
        yield address
    finally:
        store.kill()
        store.wait()


def free_ports(count: int) -> list[int]:
    """Ports that nobody has now; below 55,535, because the store adds 10,000 for its own use."""
    found: list[int] = []
    while len(found) < count:
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1] % 20_000 + 20_000
        if port not in found:
            found.append(port)
    return found


def make_bucket(address: str) -> None:
    """Wait for the store and make the bucket; a put into a new bucket makes it at this store."""
    store = open_bucket(S3Target(BUCKET, "", address, "us-east-1"), SECRETS)
    until = time.monotonic() + 60
    while True:
        try:
            obstore.put(store, "ready", b"yes")
        except (BaseError, OSError):
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


@pytest.fixture
def target(endpoint: str, request: pytest.FixtureRequest) -> S3Target:
    """A prefix of its own in the bucket."""
    return S3Target(BUCKET, request.node.name.replace("_", "-"), endpoint, "us-east-1")


@pytest.fixture
def source(tmp_path: Path) -> LogSource:
    """A database with some entries."""
    return make_source(tmp_path / "data", entries=30)


def test_a_copy_goes_there_and_comes_back(source: LogSource, target: S3Target, tmp_path: Path):
    """A copy is uploaded, listed, and opened again with the database it was made of."""
    copies = copies_at(target, SECRETS)

    make_copy(source.database, source.place(), make_sealer(tmp_path), copies, now_ms=NOW_MS, kept_days=30)
    name = find_copy(copies, target.shown, None, at_ms=None, name=None)
    open_copy(copies, name, lambda _: DATA_KEY, tmp_path / "back.db")

    assert source.facts(tmp_path / "back.db", None) == source.facts(source.database, None)


def test_a_large_copy_goes_in_parts(source: LogSource, target: S3Target, tmp_path: Path):
    """A copy of more than one part of an upload arrives whole."""
    source.append(40_000)
    copies = copies_at(target, SECRETS)

    made = make_copy(source.database, source.place(), make_sealer(tmp_path), copies, now_ms=NOW_MS, kept_days=30)
    open_copy(copies, made.name, lambda _: DATA_KEY, tmp_path / "back.db")

    assert made.bytes > 16 * 1024 * 1024
    assert source.facts(tmp_path / "back.db", None) == source.facts(source.database, None)


def test_old_copies_are_removed_there(source: LogSource, target: S3Target, tmp_path: Path):
    """Rotation deletes in the store what has become old."""
    copies, sealer = copies_at(target, SECRETS), make_sealer(tmp_path)
    for age_days in (40, 0):
        now_ms = NOW_MS - age_days * 24 * 3600 * 1000
        make_copy(source.database, source.place(), sealer, copies, now_ms=now_ms, kept_days=30)

    assert [one.made_at_ms for one in copies.list(SOURCE_ID)] == [NOW_MS]


def test_a_replica_goes_there_and_comes_back(source: LogSource, target: S3Target, tmp_path: Path):
    """What Litestream confirmed at the store is there after a restore, also under a variable that would stop it."""
    folder = tmp_path / "data" / "backup"
    child = LitestreamChild(ChildSettings(source.database, folder, target, SECRETS, 200))
    os.environ["AWS_CA_BUNDLE"] = "/nowhere"
    try:
        child.start(Place(SOURCE_ID, 3))
        source.append(10)
        child.control.sync()
    finally:
        del os.environ["AWS_CA_BUNDLE"]
        child.release()
    replica = Replica(target, SECRETS, folder)

    found = replica.newest_epoch(replica.only_source())
    replica.restore(found, tmp_path / "back.db")

    assert found == Place(SOURCE_ID, 3)
    assert source.facts(tmp_path / "back.db", None) == source.facts(source.database, None)


def test_wrong_secrets_are_told(target: S3Target):
    """A store that refuses the secrets is a failure with what to look at, and no secret in it."""
    with pytest.raises(TargetFailed) as failure:
        copies_at(target, Secrets("carnet", "another-secret")).list(None)

    assert "another-secret" not in failure.value.what
    assert "access rights" in failure.value.next


def test_a_store_that_is_away_is_told(target: S3Target):
    """A store that does not answer is a failure, after a bounded wait."""
    away = S3Target(target.bucket, target.prefix, "http://127.0.0.1:9", target.region)

    started = time.monotonic()
    with pytest.raises(TargetFailed):
        copies_at(away, SECRETS).list(None)

    assert time.monotonic() - started < 90


def test_an_empty_prefix_has_nothing_to_restore(target: S3Target, tmp_path: Path):
    """A prefix without backups says so."""
    with pytest.raises(NothingToRestore):
        Replica(target, SECRETS, tmp_path).only_source()
