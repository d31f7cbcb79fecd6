"""Reports whose folders were lost: what a backup carries of them is enough to make each again, byte for byte."""

import re
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import pytest

from carnet_hub.adapters.report_making import make_again
from carnet_hub.core.failures import ExportDiffers
from carnet_hub.core.sets.histories import history_at
from carnet_protocol.hello import HubEpoch
from support.hub_apps import make_hub
from support.hub_cli import Printed, call, campaign_folder, lose_database, refused, told
from support.recall_hub import begin_recall, contents
from support.recall_plans import NUMBER

MAKE = ("report", "make", "cn-stage", NUMBER)
FIRST, SECOND, THIRD = (HubEpoch(bytes([n]) * 8, base, 0) for n, base in ((1, 0), (2, 90), (3, 40)))
"""A hub that was restored to position 90, went on, and was restored again, to position 40."""


@pytest.fixture
def made(data: Path, copies: Path, tmp_path: Path, capsys: Printed) -> dict[str, str]:
    """A hub with a published report on which something was stated, backed up; what `report make` said of it."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", NUMBER)
    (tmp_path / "stated.toml").write_text("new_injuries = 2\n", encoding="utf-8")
    report = told(capsys, data, *MAKE, "--out", tmp_path / "report", "--stated", tmp_path / "stated.toml")
    told(capsys, data, "regulator", "publish", tmp_path / "report")
    told(capsys, data, "backup", "now")
    return dict(report)


def restore(capsys: Printed, data: Path) -> None:
    """Lose the disk but for the keys, and bring the hub back from its copy."""
    lose_database(data)
    for folder in ("segments", "plans", "reports", "published"):
        rmtree(data / folder, ignore_errors=True)
    told(capsys, data, "restore")


def test_a_published_report_is_made_and_published_again(
    made: dict[str, str], data: Path, tmp_path: Path, capsys: Printed
):
    """After a restore each report in the list is the same in every byte, and is downloaded under its former name."""
    before = published_files(data)
    restore(capsys, data)
    (listed,) = told(capsys, data, "report", "list")

    again = told(capsys, data, "report", "again", listed["manifest"], "--out", tmp_path / "again")
    told(capsys, data, "regulator", "publish", tmp_path / "again")

    assert (again["is_same"], listed["manifest"]) == (True, made["manifest"])
    assert contents(tmp_path / "again") == contents(tmp_path / "report")
    assert published_files(data) == before
    assert told(capsys, data, "report", "verify", tmp_path / "again")["is_same"] is True


def published_files(data: Path) -> dict[str, bytes]:
    """What lies ready for regulators, by path."""
    found = (path for path in (data / "published").rglob("*") if path.is_file())
    return {str(path.relative_to(data)): path.read_bytes() for path in found}


def test_a_report_that_the_log_does_not_bear_out_leaves_no_folder(tmp_path: Path):
    """A kept manifest whose figures are not those of the log is refused by its file, and nothing is left."""
    recall = begin_recall(tmp_path / "hub")
    made = recall.make("cn-stage", tmp_path / "report")
    manifest = recall.desk.made.manifest(bytes.fromhex(made.manifest)) or b""
    forged = re.sub(rb"file [0-9a-f]{8}(.* summary.csv)", rb"file 00000000\1", manifest)
    name = recall.desk.made.keep(forged, ())

    with pytest.raises(ExportDiffers) as refusal:
        make_again(recall.desk, name, tmp_path / "again", lambda members, _: members)

    assert (forged != manifest, refusal.value.file_name) == (True, "summary.csv")
    assert not (tmp_path / "again").exists()


def test_a_report_of_an_earlier_program_names_its_way(
    made: dict[str, str], data: Path, tmp_path: Path, capsys: Printed
):
    """Where the question was not kept, the refusal says how the report is asked for again."""
    for part in (data / "reports").glob("*.part"):
        part.unlink()

    failure = refused(capsys, data, "report", "again", made["manifest"], "--out", tmp_path / "again")

    assert "--position" in str(failure["next"])
    assert call(data, "report", "again", "none", "--out", tmp_path / "again") == 1
    assert call(data, "report", "again", "00" * 32, "--out", tmp_path / "again") == 1


@pytest.mark.parametrize(
    ("position", "epoch"),
    [
        pytest.param(1, FIRST, id="from before both"),
        pytest.param(40, FIRST, id="the last that all share"),
        pytest.param(41, THIRD, id="given again"),
        pytest.param(500, THIRD, id="today"),
    ],
)
def test_a_position_belongs_to_the_history_in_which_it_was_given(tmp_path: Path, position: int, epoch: HubEpoch):
    """A report of before a restore names the history of before, so it is the same report."""
    hub = make_hub(tmp_path / "hub").app.hub
    restored = replace(hub, hub_epoch=THIRD.hub_epoch, histories=(FIRST, SECOND, THIRD))

    assert history_at(restored, position) == epoch.hub_epoch
