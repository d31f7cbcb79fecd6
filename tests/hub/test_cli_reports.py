"""`carnet-hub report`: make, list, profiles, due and verify, on the command line."""

from datetime import date, timedelta
from importlib import resources
from pathlib import Path

import pytest
from openpyxl import load_workbook

from support.hub_cli import Printed, call, campaign_folder, refused, told
from support.recall_plans import NUMBER


@pytest.fixture
def published(data: Path, tmp_path: Path, capsys: Printed) -> Path:
    """A hub with a published campaign of three vehicles."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", NUMBER)
    return data


def test_a_report_is_made_listed_and_verified(published: Path, capsys: Printed, tmp_path: Path):
    """One command writes a report; it is in the list, passes `verify`, and is the same when counted again."""
    (tmp_path / "stated.toml").write_text("incidents_since_start = 0\nnew_deaths = 0\nnew_injuries = 2\n")

    made = told(
        capsys,
        published,
        "report",
        "make",
        "cn-stage",
        NUMBER,
        "--out",
        tmp_path / "a",
        "--stated",
        tmp_path / "stated.toml",
    )

    (listed,) = told(capsys, published, "report", "list", "--xlsx", tmp_path / "list.xlsx")
    assert (made["involved"], made["remedied"], made["missing"]) == (3, 0, [])
    assert (listed["manifest"], listed["profile"]) == (made["manifest"], "cn-stage 2026-11")
    assert told(capsys, published, "verify", tmp_path / "a")["as_of"] == made["as_of"]
    assert told(capsys, published, "report", "verify", tmp_path / "a")["is_same"] is True
    assert load_workbook(tmp_path / "list.xlsx").worksheets[0]["A2"].value == NUMBER


def test_a_correction_is_listed_with_what_it_corrects(published: Path, capsys: Printed, tmp_path: Path):
    """The list says of each report which one it restates and which ones restate it, in the order of the log."""
    first = told(capsys, published, "report", "make", "cn-stage", NUMBER, "--out", tmp_path / "a")
    later = []
    for count in (2, 3):
        (tmp_path / "stated.toml").write_text(f"new_injuries = {count}\n")
        told(capsys, published, "dossiers", "note", NUMBER, "public_notice")
        arguments = ("--stated", tmp_path / "stated.toml", "--restates", tmp_path / "a")
        made = told(
            capsys, published, "report", "make", "cn-stage", NUMBER, "--out", tmp_path / f"b{count}", *arguments
        )
        later.append(made["manifest"])

    rows = {row["manifest"]: row for row in told(capsys, published, "report", "list")}

    assert [rows[one]["restates"] for one in later] == [first["manifest"]] * 2
    assert rows[first["manifest"]]["restated_by"] == later
    assert [rows[one]["restated_by"] for one in later] == [[], []]


def test_a_file_that_is_no_manifest_does_not_stop_the_list(published: Path, capsys: Printed, tmp_path: Path):
    """What somebody put beside the manifests is left alone: the reports that were made are listed all the same."""
    made = told(capsys, published, "report", "make", "cn-stage", NUMBER, "--out", tmp_path / "a")
    for name in ("notes.manifest", f"{made['manifest'].upper()}.manifest", "ab.manifest"):
        (published / "reports" / name).write_text("x")

    rows = told(capsys, published, "report", "list")

    assert [row["manifest"] for row in rows] == [made["manifest"]]


def test_people_are_told_what_is_missing(published: Path, capsys: Printed, tmp_path: Path):
    """Without `--json` the answer names folder, figures, position and what nobody has stated."""
    assert call(published, "report", "make", "cn-stage", NUMBER, "--out", tmp_path / "a") == 0

    printed = capsys.readouterr().out
    assert "0 of 3 remedied" in printed
    assert "Required and not known: incidents_since_start, new_deaths, new_injuries." in printed


def test_profiles_name_their_source(published: Path, capsys: Printed, tmp_path: Path):
    """Each profile is listed with where its items come from and whether anybody has checked them; own ones count."""
    own = told(capsys, published, "report", "profiles")
    shipped = resources.files("carnet_hub").joinpath("data", "profiles", "cn-stage.toml").read_text(encoding="utf-8")
    (tmp_path / "own.toml").write_text(shipped.replace('profile = "cn-stage"', 'profile = "own"'), encoding="utf-8")

    rows = told(capsys, published, "report", "profiles", "--import", tmp_path / "own.toml")

    assert {row["profile"]: row["is_verified"] for row in own} == {
        "cn-filing-2002-annex1": False,
        "cn-final": False,
        "cn-stage": False,
        "us-573-quarterly": True,
        "us-annual": True,
    }
    assert {row["profile"] for row in rows} - {row["profile"] for row in own} == {"own"}


def test_reports_are_due_by_duty_and_by_quarter(published: Path, capsys: Printed, tmp_path: Path):
    """A stage report is due three months after publishing, a quarterly one thirty days after the quarter."""
    told(capsys, published, "dossiers", "note", NUMBER, "owner_notice")

    rows = told(capsys, published, "report", "due", "--xlsx", tmp_path / "due.xlsx")

    found = {row["profile"]: row for row in rows}
    quarter = found["us-573-quarterly"]
    assert (quarter["number"], quarter["filed"]) == (1, None)
    assert date.fromisoformat(quarter["last_day"]) - date.fromisoformat(quarter["period_end"]) == timedelta(30)
    assert (found["cn-stage"]["number"], found["cn-stage"]["is_provisional"]) == (1, True)
    assert "us-annual" not in found
    assert told(capsys, published, "report", "due", "--within", "0") == []
    assert [row["profile"] for row in told(capsys, published, "report", "due", "--country", "us")] == [
        "us-573-quarterly"
    ]


def test_a_filed_report_is_due_no_more(published: Path, capsys: Printed):
    """An event of the dossier says that a report was filed; `--all` still shows it."""
    told(capsys, published, "dossiers", "note", NUMBER, "stage_report")

    rows = told(capsys, published, "report", "due", "--country", "cn")
    everything = told(capsys, published, "report", "due", "--country", "cn", "--all")

    assert rows == []
    assert [(row["profile"], row["reminder"]) for row in everything] == [("cn-stage", "done")]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param(("none", NUMBER), "no profile", id="a profile that is none"),
        pytest.param(("cn-stage", "S0"), "no published campaign", id="a campaign that is none"),
        pytest.param(("cn-stage", NUMBER, "--as-of", "2099-01-01"), "lies ahead", id="a day ahead"),
        pytest.param(("cn-stage", NUMBER, "--position", "999"), "no position", id="a position ahead"),
        pytest.param(("us-573-quarterly", NUMBER), "no owner_notice was in the log", id="a series that has not begun"),
    ],
)
def test_a_report_that_cannot_be_made_is_refused(
    published: Path, capsys: Printed, tmp_path: Path, arguments: tuple[str, ...], what: str
):
    """What cannot be reported is refused in three sentences, and no folder appears."""
    failure = refused(capsys, published, "report", "make", *arguments, "--out", tmp_path / "report")

    assert what in str(failure["what"])
    assert not (tmp_path / "report").exists()


def test_a_folder_that_is_not_empty_is_refused(published: Path, capsys: Printed, tmp_path: Path):
    """An existing folder is never written into."""
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "mine.txt").write_text("x")

    failure = refused(capsys, published, "report", "make", "cn-stage", NUMBER, "--out", tmp_path / "report")

    assert "exists already" in str(failure["what"])
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["mine.txt"]


def test_an_export_is_no_report(published: Path, capsys: Printed, tmp_path: Path):
    """`report verify` counts reports of profiles again; an export is checked by `verify`."""
    told(capsys, published, "export", "recall", NUMBER, "--out", tmp_path / "export")

    failure = refused(capsys, published, "report", "verify", tmp_path / "export")

    assert "no report of a profile" in str(failure["what"])
