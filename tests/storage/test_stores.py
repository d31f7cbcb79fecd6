"""Replication, copies, drills and restores against a real S3 store and a real SFTP server here: `make backup-stores`.

The stores are SeaweedFS and AsyncSSH, each in one process. Without `CARNET_STORES`, which names the environment they
are installed in, nothing here runs.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from carnet_storage.adapters.copying import copies_at, find_copy, make_copy, open_copy
from carnet_storage.adapters.expiring import expire_replicas
from carnet_storage.adapters.litestream_process import ChildSettings, LitestreamChild
from carnet_storage.adapters.replica import Replica
from carnet_storage.core.failures import CopyDamaged, NothingToRestore, ReplicatorFailed, SourceUnclear, TargetFailed
from carnet_storage.core.limits import HISTORY_H
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import Place, S3Target, SftpTarget, parse_target
from support.backups import DATA_KEY, SOURCE_ID, LogSource, make_sealer, make_source
from support.stores import BUCKET, REGION, SECRETS, Store, open_store, stores_environment

pytestmark = pytest.mark.skipif(stores_environment() is None, reason="needs local stores: run `make backup-stores`")

NOW_MS = 1_790_000_000_123


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running S3 store with an empty bucket."""
    with open_store("s3", tmp_path_factory.mktemp("s3")) as store:
        yield store.endpoint


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A running SFTP server."""
    with open_store("sftp", tmp_path_factory.mktemp("sftp")) as store:
        yield store


@pytest.fixture
def target(endpoint: str, request: pytest.FixtureRequest) -> S3Target:
    """A prefix of its own in the bucket."""
    return S3Target(BUCKET, request.node.name.replace("_", "-"), endpoint, REGION)


@pytest.fixture
def sftp_target(sftp: Store, request: pytest.FixtureRequest) -> SftpTarget:
    """A folder of its own on the SFTP server."""
    target = parse_target(sftp.line(request.node.name))
    assert isinstance(target, SftpTarget)
    return target


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


def test_the_replica_of_an_ended_epoch_goes_from_the_store(source: LogSource, target: S3Target):
    """Every object of the earlier epoch is removed when its history is over, and nothing of any other."""
    replica = replicated(source, target, 1, 2, 10, secrets=SECRETS)
    present = Place(SOURCE_ID, 2)
    beyond_ms = time.time_ns() // 1_000_000 + (HISTORY_H + 1) * 3600 * 1000

    removed = expire_replicas(target, SECRETS, replica, present, now_ms=beyond_ms)

    assert removed == [Place(SOURCE_ID, 1)]
    assert [one.place.ordinal for one in replica.histories(SOURCE_ID)] == [10, 2]


def replicated(
    source: LogSource, target: SftpTarget | S3Target, *ordinals: int, secrets: Secrets | None = None
) -> Replica:
    """The way back from a server that every entry was confirmed at, in each of these epochs."""
    folder, secrets = source.database.parent / "backup", secrets or Secrets()
    child = LitestreamChild(ChildSettings(source.database, folder, target, secrets, 200))
    try:
        for ordinal in ordinals:
            child.start(Place(SOURCE_ID, ordinal))
            source.append()
            child.control.sync()
            child.stop()
    finally:
        child.release()
    return Replica(target, secrets, folder)


def test_a_replica_goes_to_an_sftp_server_and_comes_back(source: LogSource, sftp_target: SftpTarget, tmp_path: Path):
    """What Litestream confirmed at an SFTP server is there after a restore."""
    replica = replicated(source, sftp_target, 3)

    found = replica.newest_epoch(SOURCE_ID)
    replica.restore(found, tmp_path / "back.db")

    assert (found, replica.history(found).files > 0) == (Place(SOURCE_ID, 3), True)
    assert source.facts(tmp_path / "back.db", None) == source.facts(source.database, None)


def test_a_server_that_cannot_list_gives_the_newest_epoch(source: LogSource, sftp_target: SftpTarget):
    """The newest epoch is found though it lies behind the first block of epochs that is asked for."""
    replica = replicated(source, sftp_target, 30, 33)

    found = replica.newest_epoch(SOURCE_ID)

    assert found == Place(SOURCE_ID, 33)


def test_a_server_that_cannot_list_asks_whose_backup_is_meant(sftp_target: SftpTarget, tmp_path: Path):
    """Without an id the restore from an SFTP server says where the id is to be had."""
    with pytest.raises(SourceUnclear) as refused:
        Replica(sftp_target, Secrets(), tmp_path).only_source()

    assert "--source" in refused.value.next


def test_a_server_with_another_key_gets_nothing(source: LogSource, sftp: Store, sftp_target: SftpTarget):
    """A server that does not prove the pinned key is told of, and nothing is sent to it."""
    other = source.database.parent / "other.pub"
    other.write_text((sftp.folder / "user_key.pub").read_text())
    wrong = replace(sftp_target, host_key_path=other)
    child = LitestreamChild(ChildSettings(source.database, source.database.parent / "backup", wrong, Secrets(), 200))

    with pytest.raises(ReplicatorFailed) as failure:
        child.start(Place(SOURCE_ID, 1))
    child.release()

    assert "host key mismatch" in failure.value.what
    assert not (sftp.folder / "root" / sftp_target.path).exists()


def test_a_damaged_piece_at_a_server_is_told(source: LogSource, sftp: Store, sftp_target: SftpTarget, tmp_path: Path):
    """A replica with a changed byte on the SFTP server is refused, and no file appears."""
    replica = replicated(source, sftp_target, 1)
    for piece in (sftp.folder / "root" / sftp_target.path).rglob("*.ltx"):
        content = bytearray(piece.read_bytes())
        content[len(content) // 2] ^= 0xFF
        piece.write_bytes(content)

    with pytest.raises(CopyDamaged):
        replica.restore(Place(SOURCE_ID, 1), tmp_path / "back.db")

    assert not list(tmp_path.glob("back.db*"))


def test_a_server_that_is_away_is_told_soon(sftp_target: SftpTarget, tmp_path: Path):
    """An SFTP server that does not answer is a failure in words, and not thirty-two of them."""
    away = replace(sftp_target, port=9)

    started = time.monotonic()
    with pytest.raises(ReplicatorFailed):
        Replica(away, Secrets(), tmp_path).newest_epoch(SOURCE_ID)

    assert time.monotonic() - started < 60
