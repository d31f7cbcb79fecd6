"""NHTSA's files, read by a reader that was made from the published field lists and knows nothing of the writer."""

from datetime import date
from pathlib import Path

import pytest

from carnet_hub.adapters.report_making import Made
from carnet_hub.core.failures import Unusable
from support.nhtsa_files import ANNUAL, QUARTERLY, BrokenFile, read_records
from support.recall_hub import VINS, RecallHub, begin_recall

STATED = {"SUBMDATE": "2027-01-15"}


@pytest.fixture
def recall(tmp_path: Path) -> RecallHub:
    """Owners told in September 2026; two vehicles done in that quarter, a third in the next, one scrapped."""
    found = begin_recall(tmp_path / "hub")
    found.note("owner_notice")
    found.days_pass(1)
    found.complete("A001", VINS[0])
    found.complete("B001", VINS[1])
    found.days_pass(40)
    found.complete("A001", VINS[2])
    found.leave("B001", VINS[3], "scrapped")
    found.days_pass(80)
    return found


def line(made: Made, folder: Path) -> bytes:
    """The flat file of a report."""
    return (folder / made.report.ask.profile.file_name).read_bytes()


def test_a_quarterly_file_reads_as_published(recall: RecallHub, tmp_path: Path):
    """Thirteen fields in their order and widths, dates as eight digits, counts as numbers."""
    made = recall.make("us-573-quarterly", tmp_path / "report", stated=STATED)

    assert read_records(line(made, tmp_path / "report"), QUARTERLY) == [
        {
            "MFGTXT": "Example Motor Co.",
            "CAMPNO": "26V123000",
            "MFGCAMPNO": "S2026M0001",
            "RCLSUBJ": "Brake hose",
            "ODATE": "20260921",
            "ODATEEND": "20260921",
            "RPTNO": 2,
            "RPTQTR": "2026-4",
            "INVOLVED": 12,
            "TTLREMEDIED": 3,
            "TTLUNREACH": 0,
            "TTLREMOVED": 1,
            "SUBMDATE": "20270115",
        }
    ]


def test_an_earlier_quarter_is_counted_at_its_end(recall: RecallHub, tmp_path: Path):
    """A report asked for in October is about the quarter that ended in September, and knows nothing later."""
    made = recall.make("us-573-quarterly", tmp_path / "report", as_of=date(2026, 10, 20))

    (found,) = read_records(line(made, tmp_path / "report"), QUARTERLY)
    assert (found["RPTNO"], found["RPTQTR"], found["TTLREMEDIED"], found["TTLREMOVED"]) == (1, "2026-3", 2, 0)


def test_the_first_annual_report_follows_the_eighth_quarter(recall: RecallHub, tmp_path: Path):
    """Report number nine is about the four quarters behind the eighth."""
    recall.days_pass(4 * 365)

    made = recall.make("us-annual", tmp_path / "report")

    (found,) = read_records(line(made, tmp_path / "report"), ANNUAL)
    assert (found["RPTNO"], found["RPT_PERIOD"]) == (10, "2029-3 to 2030-2")


def test_there_are_no_more_than_eight_quarters(recall: RecallHub, tmp_path: Path):
    """Years later the newest quarterly report is still the eighth."""
    recall.days_pass(4 * 365)

    made = recall.make("us-573-quarterly", tmp_path / "report")

    (found,) = read_records(line(made, tmp_path / "report"), QUARTERLY)
    assert (found["RPTNO"], found["RPTQTR"]) == (8, "2028-2")


def test_before_owners_are_told_there_is_no_report(tmp_path: Path):
    """The series begins with the notice to owners; without it, what to note is said."""
    recall = begin_recall(tmp_path / "hub")

    with pytest.raises(Unusable, match="no owner_notice was in the log") as refusal:
        recall.make("us-573-quarterly", tmp_path / "report")

    assert "dossiers note" in refusal.value.next


def test_before_the_first_quarter_is_over_there_is_no_report(tmp_path: Path):
    """A quarter that is not over is not reported."""
    recall = begin_recall(tmp_path / "hub")
    recall.note("owner_notice")

    with pytest.raises(Unusable, match="up to 2026-09-30"):
        recall.make("us-573-quarterly", tmp_path / "report")


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        pytest.param(b"Brake hose\t", b"", "12 fields", id="a field is missing"),
        pytest.param(b"\t12\t", b"\t1x\t", "INVOLVED is no number", id="a count is none"),
        pytest.param(b"20260921", b"20261321", "ODATE is no date", id="a month is none"),
        pytest.param(b"Brake hose", b"B" * 51, "RCLSUBJ is longer", id="a text is too long"),
        pytest.param(b"2026-4", b"2026-5", "RPTQTR names no quarter", id="a quarter is none"),
        pytest.param(b"S2026M0001\tBrake hose", b"Brake hose\tS2026M0001\tx", "14 fields", id="a field too many"),
        pytest.param(b"20270115\n", b"20270115", "cut off", id="the end is cut off"),
    ],
)
def test_a_broken_file_fails(recall: RecallHub, tmp_path: Path, was: bytes, becomes: bytes, problem: str):
    """The reader refuses what the published list does not allow, so that it could find a writer's fault."""
    made = recall.make("us-573-quarterly", tmp_path / "report", stated=STATED)
    content = line(made, tmp_path / "report")
    assert was in content

    with pytest.raises(BrokenFile, match=problem):
        read_records(content.replace(was, becomes, 1), QUARTERLY)
