"""Where the hub's commands write: a place that is not there is told before any work, and nothing is made up for it."""

from pathlib import Path

import pytest

from carnet_storage.adapters.outputs import file_to_write, folder_to_make
from carnet_storage.core.failures import OutputUnusable
from support.hub_cli import Printed, campaign_folder, enrol, refused, told


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("dealers", "list", "--xlsx"), id="a workbook beside a list"),
        pytest.param(("export", "key", "--out"), id="the export key"),
        pytest.param(("export", "recall", "S2026M0001", "--out"), id="a report"),
        pytest.param(("bundle", "export", "0", "--out"), id="a bundle"),
    ],
)
def test_a_folder_that_is_not_there_is_not_made(data: Path, tmp_path: Path, capsys: Printed, command: tuple[str, ...]):
    """A share that is not mounted is an empty path: the command says so and puts nothing there."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))

    failure = refused(capsys, data, *command, tmp_path / "share" / "file")

    assert failure["code"] == "output-unusable"
    assert not (tmp_path / "share").exists()


def test_no_code_is_made_for_a_card_that_cannot_be_written(data: Path, tmp_path: Path, capsys: Printed):
    """An invitation whose card has no place is refused before there is a code that nobody would have seen."""
    enrol(capsys, data, tmp_path)
    (site,) = told(capsys, data, "dealers", "list")
    before = (data / "hub.db").read_bytes(), _log_of(data)

    refused(capsys, data, "dealers", "invite", str(site["site_code"]), "--card", tmp_path / "share" / "card")

    assert ((data / "hub.db").read_bytes(), _log_of(data)) == before


def test_a_place_that_is_there_is_taken(tmp_path: Path):
    """A new file, an existing file, a new folder and no path at all are fine."""
    (tmp_path / "old").write_bytes(b"")

    taken = [file_to_write(tmp_path / "new"), file_to_write(tmp_path / "old"), folder_to_make(tmp_path / "folder")]

    assert (taken, file_to_write(None)) == ([tmp_path / "new", tmp_path / "old", tmp_path / "folder"], None)


def test_a_file_in_place_of_a_folder_is_told(tmp_path: Path):
    """A path below a file leads nowhere."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputUnusable):
        folder_to_make(tmp_path / "file" / "report")


def _log_of(data: Path) -> bytes:
    """What SQLite has not copied back yet."""
    log = data / "hub.db-wal"
    return log.read_bytes() if log.exists() else b""
