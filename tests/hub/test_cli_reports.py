"""`carnet-hub report`: make, list, profiles, due and verify, on the command line."""

import json
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


def test_a_damaged_profile_stops_no_other_report(published: Path, capsys: Printed):
    """Reports of sound profiles are listed as due; the damaged file is named, and the exit code is 4."""
    told(capsys, published, "dossiers", "note", NUMBER, "owner_notice")
    (published / "law" / "profiles").mkdir(parents=True)
    (published / "law" / "profiles" / "cn-final.toml").write_text("[[item", encoding="utf-8")

    codes = [call(published, "report", name, "--json") for name in ("due", "profiles")]

    printed = capsys.readouterr()
    due, profiles = (json.loads(line) for line in printed.out.splitlines())
    assert codes == [4, 4]
    assert [row["profile"] for row in due] == ["cn-stage"]
    assert len(profiles) == 4
    assert printed.err.count("The profile cn-final is left out.") == 2


def test_a_stray_file_among_the_manifests_is_left_alone(published: Path, capsys: Printed, tmp_path: Path):
    """A file that carries no hash as its name is no report, and stops no list."""
    told(capsys, published, "report", "make", "cn-stage", NUMBER, "--out", tmp_path / "a")
    (published / "reports" / "x.manifest").write_bytes(b"no manifest")

    assert len(told(capsys, published, "report", "list")) == 1


def test_a_stage_report_is_due_by_duty(published: Path, capsys: Printed, tmp_path: Path):
    """A stage report is due three months after publishing, and nothing is due of another country's reports."""
    told(capsys, published, "dossiers", "note", NUMBER, "owner_notice")

    (found,) = told(capsys, published, "report", "due", "--xlsx", tmp_path / "due.xlsx")

    assert (found["profile"], found["number"], found["is_provisional"]) == ("cn-stage", 1, True)
    assert told(capsys, published, "report", "due", "--within", "0") == []


def test_a_quarterly_report_is_due_thirty_days_after_the_quarter(published: Path, capsys: Printed):
    """Asked for, another country's reports are due as its law says; the yearly one has not begun."""
    told(capsys, published, "dossiers", "note", NUMBER, "owner_notice")

    (quarter,) = told(capsys, published, "report", "due", "--country", "us")

    assert (quarter["profile"], quarter["number"], quarter["filed"]) == ("us-573-quarterly", 1, None)
    assert date.fromisoformat(quarter["last_day"]) - date.fromisoformat(quarter["period_end"]) == timedelta(30)


@pytest.mark.parametrize(
    ("home", "reminder"),
    [pytest.param("cn", "due", id="at home elsewhere"), pytest.param("us", "done", id="at home there")],
)
def test_what_is_filed_at_home_keeps_no_report_abroad(
    published: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch, home: str, reminder: str
):
    """A stage report that was filed here keeps a quarterly one of this hub's country, and none of another's."""
    monkeypatch.setenv("CARNET_HUB_COUNTRY", home)
    told(capsys, published, "dossiers", "note", NUMBER, "owner_notice")
    told(capsys, published, "dossiers", "note", NUMBER, "stage_report")

    (quarter, *_) = told(capsys, published, "report", "due", "--country", "us", "--all")

    assert ("done" if quarter["reminder"] == "done" else "due") == reminder


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
