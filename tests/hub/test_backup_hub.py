"""A hub's backups at the command line: made, tried, told to nodes, and brought back under a new hub epoch."""

import json
import shutil
import time
from contextlib import closing
from importlib import resources
from pathlib import Path

import anyio
import pytest

from carnet_hub.adapters.backups import plan_of
from carnet_hub.adapters.schema import upgrade_schema
from carnet_hub.adapters.store import open_store
from carnet_hub.bootstrap import open_hub
from carnet_hub.core.log.restoring import BACKUP_POSITION, RESTORED_POSITION, backup_epoch
from carnet_hub.core.sets.present import HUB_EPOCH
from carnet_hub.core.upkeep.overview import read_gauges
from carnet_hub.entrypoints.http.app import backups_of
from carnet_hub.entrypoints.http.metrics import metrics_text
from carnet_hub.settings import HubSettings
from carnet_storage.adapters.library import driver
from carnet_storage.adapters.service import BackupService
from carnet_storage.adapters.small_files import read_status
from carnet_storage.core.failures import PlanWrong
from carnet_storage.core.limits import EPOCHS_PASSED_OVER
from carnet_storage.core.telling import instant_text
from support.hub_cli import Printed, call, campaign_folder, enrol, lose_database, opened, refused, told
from support.recall_plans import NUMBER


def setting_of(data: Path, name: str) -> int:
    """A number in the hub's database."""
    with closing(open_store(f"sqlite:///{data / 'hub.db'}")) as store, store.read() as snapshot:
        return int.from_bytes(snapshot.setting(name) or b"", "big")


def end_of_log(data: Path) -> int:
    """Position of the last entry."""
    with closing(open_store(f"sqlite:///{data / 'hub.db'}")) as store, store.read() as snapshot:
        return snapshot.head().position


def test_a_copy_is_made_listed_and_tried(data: Path, copies: Path, tmp_path: Path, capsys: Printed):
    """`backup now` stores a copy, `list` names it, and a drill restores it and finds it equal."""
    enrol(capsys, data, tmp_path)

    made = told(capsys, data, "backup", "now")
    (listed,) = told(capsys, data, "backup", "list")
    (drill,) = told(capsys, data, "backup", "drill")["drills"]

    assert listed["name"] == made["name"]
    assert (drill["is_ok"], drill["problem"], drill["head"]) == (True, None, end_of_log(data))
    assert told(capsys, data, "backup", "status")["is_fine"]


def test_a_lost_hub_comes_back_under_a_new_epoch(data: Path, copies: Path, tmp_path: Path, capsys: Printed):
    """After a restore the log verifies, the hub epoch is another one, and the restored position is known."""
    enrol(capsys, data, tmp_path)
    before, position = setting_of(data, HUB_EPOCH), end_of_log(data)
    told(capsys, data, "backup", "now")
    lose_database(data)

    restored = told(capsys, data, "restore")

    assert (restored["position"], restored["entries"]) == (position, position)
    assert setting_of(data, HUB_EPOCH) != before
    assert setting_of(data, RESTORED_POSITION) == position
    assert told(capsys, data, "log", "verify")["is_valid"]
    assert [one["site_code"] for one in told(capsys, data, "dealers", "list")] == ["A001"]


def test_what_reports_were_made_and_by_which_rules_comes_back(
    data: Path, copies: Path, tmp_path: Path, capsys: Printed
):
    """Manifests of reports, the operator's profiles and calendar lie beside the database and travel with its copy."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", NUMBER)
    made = told(capsys, data, "report", "make", "cn-stage", NUMBER, "--out", tmp_path / "report")
    shipped = resources.files("carnet_hub").joinpath("data")
    for source, command in (("profiles/cn-stage.toml", "report profiles"), ("working_days_cn.toml", "calendar import")):
        content = shipped.joinpath(source).read_bytes().replace(b'version = "2026-11"', b'version = "own"')
        (tmp_path / "own.toml").write_bytes(content)
        told(capsys, data, *command.split(), *(["--import"] if "report" in command else []), tmp_path / "own.toml")
    told(capsys, data, "backup", "now")
    lose_database(data)
    for folder in ("law", "reports"):
        shutil.rmtree(data / folder)

    told(capsys, data, "restore")

    profiles = {row["profile"]: row["version"] for row in told(capsys, data, "report", "profiles")}
    assert [row["manifest"] for row in told(capsys, data, "report", "list")] == [made["manifest"]]
    assert profiles["cn-stage"] == "own"
    assert (data / "law" / "working_days_cn.toml").read_bytes() == content


def test_a_restore_says_what_has_to_be_decided_again(data: Path, copies: Path, capsys: Printed):
    """Decisions about parked sets come back from nobody, so whoever restores reads where they are listed."""
    told(capsys, data, "backup", "now")
    lose_database(data)

    code = call(data, "restore")

    assert (code, "`carnet-hub quarantine list`" in capsys.readouterr().out) == (0, True)


def test_a_command_on_a_lost_hub_makes_no_empty_one(data: Path, capsys: Printed):
    """What was lost is told, and nothing stands in the place that a restore needs."""
    lose_database(data)

    told_of_it = refused(capsys, data, "dealers", "list")

    assert told_of_it["code"] == "database-empty"
    assert list(data.glob("hub.db*")) == []


def test_an_empty_database_does_not_stand_in_the_way(data: Path, copies: Path, capsys: Printed):
    """A database that never belonged to a hub is put aside, not overwritten."""
    told(capsys, data, "backup", "now")
    lose_database(data)
    with closing(open_store(f"sqlite:///{data / 'hub.db'}")) as store:
        upgrade_schema(store)

    told(capsys, data, "restore")

    assert (data / "hub.db.empty").exists()
    assert told(capsys, data, "dealers", "list") == []


def test_an_existing_hub_is_never_overwritten(data: Path, copies: Path, capsys: Printed):
    """A restore beside a database is refused, and the database is as it was."""
    told(capsys, data, "backup", "now")
    before = setting_of(data, HUB_EPOCH)

    assert refused(capsys, data, "restore")["code"] == "database-exists"
    assert setting_of(data, HUB_EPOCH) == before


def test_a_restore_without_the_keys_is_refused(data: Path, copies: Path, capsys: Printed):
    """The keys are in no backup; without them nothing is fetched."""
    told(capsys, data, "backup", "now")
    lose_database(data)
    (data / "keys").rename(data / "safe")

    assert refused(capsys, data, "restore")["code"] == "keys-unreadable"
    assert not (data / "hub.db").exists()


def test_a_changed_log_is_not_placed(data: Path, copies: Path, tmp_path: Path, capsys: Printed):
    """A copy of a database whose log does not verify is refused with the first fault."""
    enrol(capsys, data, tmp_path)
    with closing(driver.connect(data / "hub.db")) as connection:
        connection.execute("UPDATE log SET set_hash = zeroblob(32) WHERE position = 2")
        connection.commit()
    told(capsys, data, "backup", "now")
    lose_database(data)

    failure = refused(capsys, data, "restore")

    assert failure["code"] == "database-damaged"
    assert "the first at 2" in str(failure["what"])
    assert not (data / "hub.db").exists()


def test_only_a_copy_elsewhere_lets_nodes_forget(
    data: Path, copies: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
):
    """A copy in a folder of this machine tells nodes nothing; one that lies elsewhere advances the position."""
    told(capsys, data, "backup", "now")
    near = setting_of(data, BACKUP_POSITION)
    monkeypatch.setenv("CARNET_HUB_BACKUP_FOLDER_IS_ELSEWHERE", "1")
    told(capsys, data, "backup", "now")

    assert near == 0
    assert setting_of(data, BACKUP_POSITION) == end_of_log(data)


def supervise_until_confirmed(data: Path) -> None:
    """Run the backups of a hub as `serve` does, until the replica covers its log; then stop as `serve` does."""
    app = opened(data)
    position = end_of_log(data)
    service = backups_of(app)
    assert isinstance(service, BackupService)

    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(service.run)
            with anyio.fail_after(20):
                while confirmed_position(data) < position:  # noqa: ASYNC110  (what is waited for is a file)
                    await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()

    try:
        anyio.run(run)
    finally:
        app.close()


def confirmed_position(data: Path) -> int:
    """What the status says is confirmed."""
    status = read_status(data / "backup")
    return -1 if status is None or status.replication is None else status.replication.confirmed_head


def test_a_restored_hub_writes_to_a_replica_of_its_own(
    data: Path, tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
):
    """What Litestream confirmed comes back, and the restored hub replicates beside the old replica, not into it."""
    (tmp_path / "replica").mkdir()
    monkeypatch.setenv("CARNET_HUB_BACKUP_REPLICATE_TO", str(tmp_path / "replica"))
    monkeypatch.setenv("CARNET_HUB_BACKUP_FOLDER_IS_ELSEWHERE", "1")
    enrol(capsys, data, tmp_path)
    supervise_until_confirmed(data)
    covered = setting_of(data, BACKUP_POSITION)
    position = end_of_log(data)
    lose_database(data)

    restored = told(capsys, data, "restore")

    assert (covered, restored["position"], restored["origin"][-7:]) == (position, position, "epoch-1")
    with closing(open_store(f"sqlite:///{data / 'hub.db'}")) as store, store.read() as snapshot:
        assert backup_epoch(snapshot) == 2
    supervise_until_confirmed(data)
    (folder,) = (tmp_path / "replica").iterdir()
    assert sorted(one.name for one in folder.iterdir() if one.is_dir()) == ["epoch-1", "epoch-2"]


def test_a_moment_before_the_last_restore_is_found_in_the_replica_of_its_time(
    data: Path, tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
):
    """`--at` looks at every replica that had begun by then, and the restored hub still gets the next free one."""
    (tmp_path / "replica").mkdir()
    monkeypatch.setenv("CARNET_HUB_BACKUP_REPLICATE_TO", str(tmp_path / "replica"))
    supervise_until_confirmed(data)
    moment = instant_text(int(time.time() * 1000) + 1000)
    time.sleep(2)  # the second replica begins in a later second than the moment
    lose_database(data)
    told(capsys, data, "restore")
    supervise_until_confirmed(data)
    lose_database(data)

    restored = told(capsys, data, "restore", "--at", str(moment))

    with closing(open_store(f"sqlite:///{data / 'hub.db'}")) as store, store.read() as snapshot:
        assert (restored["origin"][-7:], backup_epoch(snapshot)) == ("epoch-1", 3)


def test_a_store_that_cannot_be_asked_gets_no_second_history(
    data: Path, copies: Path, tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
):
    """A hub restored from a copy while the store of its replicas is away passes over the epochs it may have used."""
    enrol(capsys, data, tmp_path)
    told(capsys, data, "backup", "now")
    lose_database(data)
    (tmp_path / "host.pub").write_text(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDPyRyXlmwA6MNiFV3c2zKOYpTi29oDyGCA5nPh1QJSg\n"
    )
    away = f"sftp://hub@127.0.0.1:9/hub?key={tmp_path / 'no-key'}&host-key={tmp_path / 'host.pub'}"
    monkeypatch.setenv("CARNET_HUB_BACKUP_REPLICATE_TO", away)

    told(capsys, data, "restore", "--from", "copy")

    with closing(open_store(f"sqlite:///{data / 'hub.db'}")) as store, store.read() as snapshot:
        assert backup_epoch(snapshot) == 1 + EPOCHS_PASSED_OVER + 1


def test_the_lag_is_a_metric(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Monitoring sees how far the replica is behind and whether somebody has to look."""
    (tmp_path / "replica").mkdir()
    monkeypatch.setenv("CARNET_HUB_BACKUP_REPLICATE_TO", str(tmp_path / "replica"))
    supervise_until_confirmed(data)
    app = open_hub(HubSettings(data_dir=data))

    text = metrics_text(read_gauges(app.hub), {}, read_status(data / "backup"))
    app.close()

    assert "carnet_hub_backup_lag_seconds 0" in text.splitlines()
    assert "carnet_hub_backup_alarm 0" in text.splitlines()


def test_a_missing_folder_is_told_and_made_only_by_a_person(
    data: Path, tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
):
    """`backup status` fails with three sentences while the folder is missing, and `backup prepare` makes it."""
    folder = tmp_path / "replica"
    monkeypatch.setenv("CARNET_HUB_BACKUP_REPLICATE_TO", str(folder))

    code = call(data, "backup", "status", "--json")
    concern = json.loads(capsys.readouterr().out)["concerns"][0]
    was_there = folder.exists()
    made = told(capsys, data, "backup", "prepare")

    assert (code, concern["what"], was_there) == (1, f"The backup folder {folder} is not there.", False)
    assert "untouched" in concern["safe"]
    assert "`backup prepare`" in concern["next"]
    assert made["folders"] == [{"folder": str(folder), "is_new": True}]


def test_postgres_is_backed_up_by_its_own_means(data: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch):
    """A hub on PostgreSQL with backup settings is refused in words, before anything is tried."""
    monkeypatch.setenv("CARNET_HUB_BACKUP_COPY_TO", str(data))
    settings = HubSettings(data_dir=data, database_url="postgresql://nowhere/hub")

    with pytest.raises(PlanWrong) as failure:
        plan_of(settings)
    assert "pg_basebackup" in failure.value.next


def test_serve_refuses_backups_that_cannot_work(
    data: Path, tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
):
    """A wrong target is told when `serve` starts, not at the first disaster."""
    monkeypatch.setenv("CARNET_HUB_BACKUP_REPLICATE_TO", "relative/folder")

    assert call(data, "serve", "--port", "0") == 1

    assert "absolute" in capsys.readouterr().err
