"""Recall lists and plans lie beside the hub's database: they travel with a copy and come back with it."""

from dataclasses import replace
from pathlib import Path
from shutil import rmtree

from carnet_storage.adapters.copying import make_copy
from carnet_storage.adapters.folder_copies import FolderCopies
from carnet_storage.adapters.sqlite_files import copy_database
from carnet_storage.adapters.sqlite_files import opened as opened_database
from support.hub_cli import Printed, campaign_folder, enrol, lose_database, opened, told


def test_a_file_that_went_bad_in_a_newer_copy_stops_no_restore(
    data: Path, copies: Path, tmp_path: Path, capsys: Printed
):
    """A recall list that is not what was put in is not put back, and the older state comes back without it."""
    enrol(capsys, data, tmp_path)
    older = told(capsys, data, "backup", "now")["name"]
    copy_with_a_bad_file(data, copies, tmp_path / "bad.db")
    lose_database(data)

    restored = told(capsys, data, "restore", "--name", older)

    assert (restored["orders"], restored["files"], len(restored["unread"])) == (0, 0, 1)
    assert files_beside(data) == {}


def copy_with_a_bad_file(data: Path, copies: Path, scratch: Path) -> None:
    """Store a copy of the hub that carries a file whose content is not the one that was noted."""
    parts = opened(data).backup_parts()
    copy_database(data / "hub.db", scratch)
    with opened_database(scratch, "The copy") as connection:
        connection.execute("CREATE TABLE carnet_attached (folder TEXT, name TEXT, sha256 BLOB, content BLOB)")
        connection.execute("INSERT INTO carnet_attached VALUES ('segments', 'one.seg', zeroblob(32), x'00')")
    sealer = replace(parts.sealer, folders={})
    now_ms = parts.clock.now_ms() + 60_000
    make_copy(scratch, parts.source.place(), sealer, FolderCopies(copies), now_ms=now_ms, kept_days=30)


def published(capsys: Printed, data: Path, tmp_path: Path) -> dict[str, bytes]:
    """A published campaign; the files beside the database, by name."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")
    return files_beside(data)


def files_beside(data: Path) -> dict[str, bytes]:
    """Recall lists and plans, by name."""
    found = [path for folder in ("segments", "plans") for path in (data / folder).glob("*")]
    return {path.name: path.read_bytes() for path in found}


def test_recall_lists_come_back_with_a_copy(data: Path, copies: Path, tmp_path: Path, capsys: Printed):
    """The lists and plans that no database holds travel with the copy and lie in their folders again."""
    before = published(capsys, data, tmp_path)
    told(capsys, data, "backup", "now")
    lose_database(data)
    for folder in ("segments", "plans"):
        rmtree(data / folder)

    restored = told(capsys, data, "restore")

    assert before
    assert (restored["files"], files_beside(data)) == (len(before), before)
    assert told(capsys, data, "rebuild", "--check")["is_equal"]


def test_an_older_state_has_the_lists_of_the_newest_copy(data: Path, copies: Path, tmp_path: Path, capsys: Printed):
    """Set back to before a campaign, the hub takes its order and its lists from the newest copy."""
    older = told(capsys, data, "backup", "now")["name"]
    before = published(capsys, data, tmp_path)
    told(capsys, data, "backup", "now")
    lose_database(data)
    for folder in ("segments", "plans"):
        rmtree(data / folder)

    restored = told(capsys, data, "restore", "--name", older)

    assert (restored["orders"], files_beside(data)) == (2, before)
    assert [one["campaign_no"] for one in told(capsys, data, "recalls", "list")] == ["S2026M0001"]
