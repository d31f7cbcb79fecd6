"""Reports that regulators may download: only what this hub signed, whole, and the same archive every time."""

from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from carnet_hub.adapters.published_reports import PublishedReports
from carnet_hub.bootstrap import init_hub
from carnet_hub.core.failures import ExportDiffers, Unusable
from carnet_hub.settings import HubSettings
from support.hub_cli import Printed, campaign_folder, refused, told
from support.recall_hub import RecallHub, begin_recall, contents
from support.recall_plans import NUMBER


@pytest.fixture
def recall(tmp_path: Path) -> RecallHub:
    """A hub with a stage report in the folder `report`."""
    made = begin_recall(tmp_path / "hub")
    made.make("cn-stage", tmp_path / "report")
    return made


def published(recall: RecallHub) -> PublishedReports:
    """Its published reports."""
    return recall.hub.app.published_reports()


def test_a_copy_is_the_report_byte_for_byte(recall: RecallHub, tmp_path: Path):
    """Every file of a published report, and every file in its archive, has the bytes of the folder it came from."""
    report = published(recall).publish(tmp_path / "report")

    paths = {one.name: published(recall).path_of(report, one) for one in report.files}
    with ZipFile(paths.pop(report.archive_name)) as archive:
        packed = {Path(name).name: archive.read(name) for name in archive.namelist()}
    assert {name: path.read_bytes() for name, path in paths.items()} == packed == contents(tmp_path / "report")


def test_the_same_report_gives_the_same_archive(recall: RecallHub, tmp_path: Path):
    """A report that is taken back and published again has the same archive; publishing it twice changes nothing."""
    first = published(recall).publish(tmp_path / "report")
    published(recall).take_back(first.name)

    again = published(recall).publish(tmp_path / "report")

    assert published(recall).publish(tmp_path / "report") == again == first


def test_an_altered_report_is_not_published(recall: RecallHub, tmp_path: Path):
    """A folder in which one byte is changed is refused, and nothing of it can be downloaded."""
    path = tmp_path / "report" / "members.ndjson"
    path.write_bytes(path.read_bytes().replace(b"open", b"OPEN", 1))

    with pytest.raises(ExportDiffers):
        published(recall).publish(tmp_path / "report")

    assert published(recall).reports() == []


def test_a_report_of_another_hub_is_not_published(recall: RecallHub, tmp_path: Path):
    """A folder that another hub has signed is refused: this one answers for its own words alone."""
    made = published(recall).publish(tmp_path / "report")
    other = init_hub(HubSettings(data_dir=tmp_path / "other"))

    with pytest.raises(ExportDiffers):
        other.published_reports().publish(tmp_path / "report")

    assert (made.campaign_no, other.published_reports().reports()) == (NUMBER, [])
    other.close()


def test_what_is_not_published_cannot_be_taken_back(recall: RecallHub):
    """Taking back what is not there is refused, and so is what is no name of a report."""
    for name in ("0" * 64, "../report"):
        with pytest.raises(Unusable):
            published(recall).take_back(name)


def test_reports_are_published_on_the_command_line(data: Path, capsys: Printed, tmp_path: Path):
    """A report is published, listed in a workbook, too, and taken back; a folder that is none is refused."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", NUMBER)
    told(capsys, data, "report", "make", "cn-stage", NUMBER, "--out", tmp_path / "a")

    made = told(capsys, data, "regulator", "publish", tmp_path / "a")

    (listed,) = told(capsys, data, "regulator", "published", "--xlsx", tmp_path / "list.xlsx")
    assert listed == made
    assert load_workbook(tmp_path / "list.xlsx").worksheets[0]["A2"].value == NUMBER
    assert told(capsys, data, "regulator", "take-back", made["manifest"])["published"] is False
    assert told(capsys, data, "regulator", "published") == []
    assert refused(capsys, data, "regulator", "publish", tmp_path / "campaign")["code"] == "export-differs"
