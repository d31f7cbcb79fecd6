"""A backup folder that is missing, as people meet it: commands, the strip, the sync centre and the JSON API."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_node.adapters.system import run_blocking
from carnet_node.entrypoints.web.desk import Desk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES
from carnet_storage.adapters.small_files import read_status, write_status
from carnet_storage.core.failures import TargetGone, TargetSwapped
from carnet_storage.core.status import BackupStatus, Refusal, ReplicationStatus, refusal_of
from support.browsing import Visitor
from support.cli_node import CliNode
from support.node_backups import add_customer, supervise_until, supervise_until_confirmed
from support.node_builder import build_node
from support.shared_api import shared_api
from support.staffed import TestHasher

DISK = "/mnt/second-disk/carnet"
GONE = refusal_of(TargetGone(DISK))
REPLICATE_TO = "CARNET_NODE_BACKUP_REPLICATE_TO"


def status_with(refusal: Refusal | None, *, written_at_ms: int) -> BackupStatus:
    """What a serving process leaves."""
    replication = ReplicationStatus(DISK, 1, written_at_ms, 7, 0, 1, 1, 0, 0, None, 0, 0, False)
    return BackupStatus(
        written_at_ms, replication if refusal is None else replace(replication, is_alarm=True, refusal=refusal)
    )


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    """Somebody who is logged in at a node whose backups are told about."""
    node = build_node(tmp_path)
    desk = Desk(node, run_blocking, hasher=TestHasher(), backups=tmp_path / "backup")
    return Visitor(node, shared_api(desk, hosts=LOOPBACK_NAMES, token="for programs")).logged_in()


def leave(visitor: Visitor, tmp_path: Path, refusal: Refusal | None) -> None:
    """Leave a status of this moment, as `serve` does."""
    write_status(tmp_path / "backup", status_with(refusal, written_at_ms=visitor.node.clock.now_ms()))


def test_a_missing_folder_is_told_by_every_command(node: CliNode, monkeypatch: pytest.MonkeyPatch):
    """`backup status`, `doctor` and `status` say the same three sentences, also while no `serve` runs."""
    missing = node.folder / "away" / "carnet"
    monkeypatch.setenv(REPLICATE_TO, str(missing))
    sentences = refusal_of(TargetGone(str(missing)))

    (concern,) = [one for one in node("backup", "status")["concerns"] if one["is_wrong"]]
    code = node.code
    (told,) = [one for one in node("doctor")["findings"] if one["name"] == "backups" and one["grade"] == "wrong"]
    line = node("status")["backup"]["concerns"][0]

    assert (concern["what"], concern["safe"], concern["next"]) == (sentences.what, sentences.safe, sentences.next)
    assert code == 1
    assert (told["what"], told["next"]) == (f"{sentences.what} {sentences.safe}", sentences.next)
    assert line == concern
    assert not missing.parent.exists()


def test_one_folder_for_both_forms_is_told_once(node: CliNode, monkeypatch: pytest.MonkeyPatch):
    """Where replica and copies go to one missing folder, nobody reads the same sentences twice."""
    for name in (REPLICATE_TO, "CARNET_NODE_BACKUP_COPY_TO"):
        monkeypatch.setenv(name, str(node.folder / "away"))
    node("backup", "now")

    concerns = node("backup", "status")["concerns"]

    assert [one["what"] for one in concerns] == [f"The backup folder {node.folder / 'away'} is not there."]


def test_what_serves_finds_the_disk_missing_and_back(node: CliNode, monkeypatch: pytest.MonkeyPatch):
    """`serve` says that the disk is gone and makes nothing; when it is there again it is confirmed without a hand."""
    disk = node.folder / "disk"
    monkeypatch.setenv(REPLICATE_TO, str(disk))
    add_customer(node)

    supervise_until(node.data, lambda told: told.refusal is not None)
    was_made = disk.exists()
    gone = read_status(node.data / "backup")
    disk.mkdir()
    supervise_until_confirmed(node.data, head=1)
    back = read_status(node.data / "backup")

    assert gone is not None
    assert gone.replication is not None
    assert (gone.replication.refusal, was_made) == (refusal_of(TargetGone(str(disk))), False)
    assert back is not None
    assert back.replication is not None
    assert back.replication.refusal is None


def test_the_folder_is_made_for_a_person_who_asks(node: CliNode, monkeypatch: pytest.MonkeyPatch):
    """`backup prepare` makes the folder and says so, and says another time that it is there."""
    disk = node.folder / "disk"
    monkeypatch.setenv(REPLICATE_TO, str(disk))

    first, second = node("backup", "prepare"), node("backup", "prepare")
    node.run("backup", "prepare")

    assert first == {"folders": [{"folder": str(disk), "is_new": True}], "is_anew": False, "set_aside": None}
    assert second["folders"] == [{"folder": str(disk), "is_new": False}]
    assert node.said == f"{disk} is there.\n"


def test_a_folder_below_a_missing_disk_is_not_made(node: CliNode, monkeypatch: pytest.MonkeyPatch):
    """`backup prepare` makes one folder and no mount point; the refusal asks for the disk."""
    monkeypatch.setenv(REPLICATE_TO, str(node.folder / "away" / "carnet"))

    refused = node("backup", "prepare")["error"]

    assert (node.code, refused["code"]) == (1, "output-unusable")
    assert "mounted" in refused["what"]
    assert not (node.folder / "away").exists()


def test_a_replica_is_given_up_only_when_it_is_meant(node: CliNode, monkeypatch: pytest.MonkeyPatch):
    """`backup prepare --anew` asks; unasked it changes nothing, and on the right disk it is refused."""
    disk = node.folder / "disk"
    disk.mkdir()
    monkeypatch.setenv(REPLICATE_TO, str(disk))
    supervise_until_confirmed(node.data, head=0)

    unasked = node("backup", "prepare", "--anew")["error"]
    on_the_right_disk = node("backup", "prepare", "--anew", "--yes")["error"]
    disk.rename(node.folder / "drawer")
    given_up = node("backup", "prepare", "--anew", "--yes")

    assert (unasked["code"], on_the_right_disk["code"]) == ("not-confirmed", "backup-settings")
    assert given_up == {"folders": [{"folder": str(disk), "is_new": True}], "is_anew": True, "set_aside": None}


def test_the_strip_says_that_the_disk_is_missing(visitor: Visitor, tmp_path: Path):
    """Every page says so in its language, and leads to the sync centre."""
    leave(visitor, tmp_path, GONE)

    chinese, english = visitor.open("/"), visitor.in_english().open("/")

    assert "备份盘不在" in chinese
    assert '<a class="strip-backup" data-tone="alert" href="/sync#backups">Backup disk missing</a>' in english


def test_the_strip_says_nothing_of_backups_that_work(visitor: Visitor, tmp_path: Path):
    """A confirmed backup is no news for the front desk."""
    leave(visitor, tmp_path, None)

    assert "strip-backup" not in visitor.open("/")


@pytest.mark.parametrize(
    ("refusal", "sentences"),
    [
        pytest.param(
            GONE,
            (f"备份文件夹 {DISK} 不存在。", "没有在别处代为写入", "请插上磁盘或挂载共享，备份随即自动继续。"),
            id="gone",
        ),
        pytest.param(
            refusal_of(TargetSwapped(DISK)),
            (f"{DISK} 处是另一块盘，或者没有盘", "此处的内容不算作备份", "请换上正确的磁盘"),
            id="swapped",
        ),
    ],
)
def test_the_sync_centre_says_three_sentences(
    visitor: Visitor, tmp_path: Path, refusal: Refusal, sentences: tuple[str, ...]
):
    """What happened, what is safe and what to do stand in Chinese where the strip leads to."""
    leave(visitor, tmp_path, refusal)

    page = visitor.open("/sync")

    assert [one for one in sentences if one not in page] == []


def test_programs_read_the_three_sentences(visitor: Visitor, tmp_path: Path):
    """`GET /api/status` carries what happened, what is safe and what to do."""
    leave(visitor, tmp_path, GONE)

    told = visitor.ask("GET", "/api/status", headers={"Authorization": "Bearer for programs"}).json()["backup"]

    assert told["concerns"] == [{"what": GONE.what, "safe": GONE.safe, "next": GONE.next, "is_wrong": True}]
    assert told["is_fine"] is False
