"""Member lists as files: encodings, sheets, and files that are none."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from carnet_hub.adapters.member_files import read_listed
from carnet_hub.core.campaigns.campaign_plans import read_members
from carnet_hub.core.failures import ListRefused, Unusable
from support.vins import make_vins

A, B, C, D = make_vins(4)


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    """A workbook with these rows."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def entries(path: Path) -> list[tuple[str, int, str]]:
    """What a file holds."""
    return [(one.file_name, one.line, one.text) for one in read_listed(path)]


def test_every_sheet_of_a_workbook_is_read(tmp_path: Path):
    """Each sheet has headers of its own, an empty one holds nobody, and an entry says where it stood."""
    path = workbook(tmp_path / "v.xlsx", 一月=[["序号", "VIN"], [1, A], [2, B]], 空=[], 二月=[["车架号"], [], [C]])

    assert entries(path) == [("v.xlsx, 一月", 2, A), ("v.xlsx, 一月", 3, B), ("v.xlsx, 二月", 3, C)]


def test_a_table_from_chinese_windows_is_read(tmp_path: Path):
    """GB 18030 is recognised although the file is never read as a whole."""
    path = tmp_path / "v.csv"
    path.write_bytes(f"备注,车架号\n左前,{A}\n".encode("gb18030"))

    assert entries(path) == [("v.csv", 2, A)]


def test_a_line_without_end_is_read_in_pieces(tmp_path: Path):
    """A file without a line break is many faulty entries, and never one as large as itself."""
    path = tmp_path / "v.txt"
    path.write_text("A" * 200_000, encoding="utf-8")

    with pytest.raises(ListRefused):
        read_members(read_listed(path), 1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("v.txt", b"\xff\xfe\x00\x81\x00", id="neither encoding"),
        pytest.param("v.xlsx", b"PK\x03\x04 and no more", id="no workbook"),
        pytest.param("v.xlsx", b"", id="empty workbook"),
        pytest.param("v.csv", None, id="no file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes | None):
    """An unreadable list is named, and says what to do."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(Unusable):
        list(read_listed(path))


def test_two_campaigns_in_one_file_are_refused(tmp_path: Path):
    """A line that names another campaign refuses the list, even where faulty lines are taken as listed."""
    path = workbook(tmp_path / "v.xlsx", 全部=[["召回编号", "VIN"], ["S1", A], ["S2", B]])

    with pytest.raises(ListRefused) as refused:
        read_members(read_listed(path), 2, campaign_no="S1", keeps_faulty=True)

    assert [(one.line, one.problem) for one in refused.value.faulty] == [(3, "other-campaign")]


def test_a_list_that_names_its_campaign_is_taken(tmp_path: Path):
    """The column of campaign numbers may be there, and cells of it may be empty."""
    path = workbook(tmp_path / "v.xlsx", 全部=[["Campaign No", "VIN"], ["S1", A], [None, B]])

    assert read_members(read_listed(path), 2, campaign_no="S1").count == 2
