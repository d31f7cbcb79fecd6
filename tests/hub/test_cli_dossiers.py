"""`carnet-hub dossiers`: a campaign before the law, on the command line."""

from hashlib import sha256
from importlib import resources
from pathlib import Path

import pytest
from openpyxl import load_workbook

from support.hub_cli import Printed, campaign_folder, refused, told

NUMBER = "S2026M0001"


@pytest.fixture
def imported(data: Path, tmp_path: Path, capsys: Printed) -> Path:
    """A hub with a plan on its desk."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    return data


def test_what_is_due_follows_from_what_happened(imported: Path, capsys: Printed):
    """A plan filed in March sets the notices off; the public notice that was given is no longer waiting."""
    told(capsys, imported, "dossiers", "file", NUMBER, "--on", "2026-03-02", "--reference", "2026-77")
    told(capsys, imported, "dossiers", "note", NUMBER, "public_notice", "--on", "2026-03-04")

    found = told(capsys, imported, "dossiers", "due")

    assert [(one["duty"], one["last_day"], one["standing"]) for one in found] == [
        ("owner-notice", "2026-04-14", "overdue")
    ]


def test_what_was_kept_is_shown_when_asked_for(imported: Path, capsys: Printed):
    """`--all` shows the days on which duties were kept."""
    told(capsys, imported, "dossiers", "file", NUMBER, "--on", "2026-03-02")
    told(capsys, imported, "dossiers", "note", NUMBER, "public_notice", "--on", "2026-03-04")

    found = told(capsys, imported, "dossiers", "due", NUMBER, "--all")

    assert {one["duty"]: one["done"] for one in found} == {"public-notice": "2026-03-04", "owner-notice": None}


def test_a_dossier_is_listed_with_its_stage(imported: Path, capsys: Printed, tmp_path: Path):
    """The list says stage and versions, and goes into a workbook."""
    told(capsys, imported, "dossiers", "file", NUMBER, "--on", "2026-03-02")

    (row,) = told(capsys, imported, "dossiers", "list", "--xlsx", tmp_path / "list.xlsx")

    assert (row["stage"], row["versions"]) == ("filed", 1)
    (sheet,) = load_workbook(tmp_path / "list.xlsx").worksheets
    assert [cell.value for cell in sheet[2]][:2] == [NUMBER, "filed"]


def test_a_filed_document_is_written_byte_for_byte(imported: Path, capsys: Printed, tmp_path: Path):
    """`document` writes the bytes whose hash the event names."""
    filed = told(capsys, imported, "dossiers", "file", NUMBER)

    told(capsys, imported, "dossiers", "document", NUMBER, "1", "--out", tmp_path / "plan.json")

    assert sha256((tmp_path / "plan.json").read_bytes()).hexdigest() == filed["plan_hash"]


def test_a_retracted_event_sets_nothing_off(imported: Path, capsys: Printed):
    """What was noted by mistake is due no more, and still shown."""
    filed = told(capsys, imported, "dossiers", "file", NUMBER, "--on", "2026-03-02")

    told(capsys, imported, "dossiers", "retract", filed["id"])

    shown = told(capsys, imported, "dossiers", "show", NUMBER)
    assert (told(capsys, imported, "dossiers", "due"), shown["events"][0]["retracted"]) == ([], "entered_in_error")


def test_duties_can_be_corrected_without_a_new_program(imported: Path, capsys: Printed, tmp_path: Path):
    """A file with another term counts from now on."""
    shipped = resources.files("carnet_hub").joinpath("data", "duties_cn.toml").read_text(encoding="utf-8")
    source = tmp_path / "duties.toml"
    source.write_text(shipped.replace("count = 30", "count = 20"), encoding="utf-8")
    told(capsys, imported, "dossiers", "file", NUMBER, "--on", "2026-03-02")

    told(capsys, imported, "dossiers", "duties", "--import", source)

    days = {one["duty"]: one["last_day"] for one in told(capsys, imported, "dossiers", "due")}
    assert days["owner-notice"] == "2026-03-30"


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "S2026M0002"),
        ("document", NUMBER, "7", "--out", "x"),
        ("note", NUMBER, "party"),
        ("note", NUMBER, "defect_confirmed", "--on", "2.3.2026"),
        ("note", NUMBER, "defect_confirmed", "--on", "2126-03-02"),
        ("duties", "--import", "missing.toml"),
        ("due", "--country", "xx"),
        ("file", "S2026M0002"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_refused_in_three_sentences(imported: Path, capsys: Printed, arguments: tuple[str, ...]):
    """Unknown campaigns, versions, events, days, files and countries."""
    told(capsys, imported, "dossiers", "file", NUMBER, "--on", "2026-03-02")

    failure = refused(capsys, imported, "dossiers", *arguments)

    assert all(failure[sentence] for sentence in ("what", "safe", "next"))


def test_a_dossier_says_why_its_campaign_was_withdrawn(imported: Path, capsys: Printed):
    """`recalls withdraw` wants a reason, and `dossiers show` tells it with the words beside it."""
    told(capsys, imported, "recalls", "publish", NUMBER)

    unsaid = refused(capsys, imported, "recalls", "withdraw", NUMBER, "--reason", "other", "--yes")
    said = ("--reason", "other", "--explanation", "Sold to nobody.", "--reference", "2026-9", "--yes")
    told(capsys, imported, "recalls", "withdraw", NUMBER, *said)

    event = told(capsys, imported, "dossiers", "show", NUMBER)["events"][-1]
    assert "--explanation" in str(unsaid["next"])
    assert [event[name] for name in ("event", "reason", "explanation", "file_reference")] == [
        "withdrawn",
        "other",
        "Sold to nobody.",
        "2026-9",
    ]


def test_a_dossier_names_what_replaces_its_campaign(imported: Path, tmp_path: Path, capsys: Printed):
    """Both dossiers name the other campaign: of a plan on the desk what it says, of a published one both ways."""
    told(capsys, imported, "recalls", "publish", NUMBER)
    texts = tmp_path / "campaign" / "campaign.toml"
    later = texts.read_text(encoding="utf-8").replace(NUMBER, "S2026M0002") + f'\nsupersedes = "{NUMBER}"\n'
    texts.write_text(later, encoding="utf-8")
    told(capsys, imported, "recalls", "import", texts.parent)
    told(capsys, imported, "dossiers", "file", "S2026M0002")
    on_desk = told(capsys, imported, "dossiers", "show", "S2026M0002")["related"]

    told(capsys, imported, "recalls", "publish", "S2026M0002")

    shown = [told(capsys, imported, "dossiers", "show", one)["related"] for one in (NUMBER, "S2026M0002")]
    named = [{name: numbers for name, numbers in one.items() if numbers} for one in (on_desk, *shown)]
    assert named == [{"supersedes": [NUMBER]}, {"superseded_by": ["S2026M0002"]}, {"supersedes": [NUMBER]}]
