"""`retention` at the command line: classes, report, purge."""

import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, ownership_id, record_text
from carnet_protocol.retention import bundled_text
from support.authors import draft_of
from support.hub_cli import Printed, call, enrol, push, refused, told
from support.hub_world import CAR, car, customer
from support.protocol import record

SHIPPED = (bundled_text("cn") or b"").decode()
PERSON = record_text(RecordId(record("customer")))
TIE = draft_of(
    "ownership",
    ownership_id(CAR, RecordId(record("customer")), "owner"),
    {"vehicle_id": CAR, "customer_id": record("customer"), "role": "owner", "from_on": "2026-01-01"},
)


def test_the_classes_name_their_ground(data: Path, capsys: Printed):
    """Every class is listed with its years and the article behind it."""
    found = {row["class"]: (row["years"], row["source"]) for row in told(capsys, data, "retention", "classes")}

    assert found["producer-10y"] == (10, "条例 art. 9")
    assert found["dealer-5y"] == (5, "条例 art. 11")


def test_a_longer_term_counts_and_a_shorter_one_is_refused(data: Path, tmp_path: Path, capsys: Printed):
    """An operator's file may keep longer than the law asks, never shorter; a refused one changes nothing."""
    longer, shorter = tmp_path / "longer.toml", tmp_path / "shorter.toml"
    longer.write_text(SHIPPED.replace("years = 10", "years = 15"), encoding="utf-8")
    shorter.write_text(SHIPPED.replace("years = 5", "years = 4"), encoding="utf-8")

    told(capsys, data, "retention", "classes", "--import", longer)
    failure = refused(capsys, data, "retention", "classes", "--import", shorter)

    assert "dealer-5y" in str(failure["what"])
    years = {row["class"]: row["years"] for row in told(capsys, data, "retention", "classes")}
    assert (years["producer-10y"], years["dealer-5y"]) == (15, 5)


def test_the_report_is_a_workbook_that_runs_nothing(data: Path, tmp_path: Path, capsys: Printed):
    """What an imported file writes into a label or source stands in the workbook as text."""
    evil = tmp_path / "evil.toml"
    evil.write_text(SHIPPED.replace('source = "条例 art. 11"', 'source = "=1+1"'), encoding="utf-8")
    told(capsys, data, "retention", "classes", "--import", evil)
    push(data, enrol(capsys, data, tmp_path).author(), car(), customer(), TIE)

    rows = told(capsys, data, "retention", "report", "--xlsx", tmp_path / "held.xlsx")

    cells = [cell for row in load_workbook(tmp_path / "held.xlsx").active for cell in row]
    assert {row["held"]: row["verdict"] for row in rows}["customer"] == "in_use"
    assert [cell.data_type for cell in cells if cell.value == "=1+1"] == ["s"] * sum(
        row["class"] == "dealer-5y" for row in rows
    )


def test_a_first_owner_is_refused_by_name_of_the_class(data: Path, tmp_path: Path, capsys: Printed):
    """A purge of one customer that a law has kept ends with code 1 and says which class keeps it."""
    push(data, enrol(capsys, data, tmp_path).author(), car(), customer(), TIE)

    failure = refused(capsys, data, "retention", "purge", "--purpose", "recall_contact", "--customer", PERSON, "--yes")

    assert (failure["code"], failure["class_id"], failure["verdict"]) == ("retention-runs", "producer-10y", "in_use")


@pytest.mark.parametrize(("ties", "kept_by"), [((TIE,), "producer-10y"), ((), None)])
def test_an_erasure_on_request_says_what_law_has_kept(
    data: Path, tmp_path: Path, capsys: Printed, ties: tuple[Draft, ...], kept_by: str | None
):
    """Who erases an owner on request is told the class that has the owner kept; of others there is nothing to tell."""
    push(data, enrol(capsys, data, tmp_path).author(), car(), customer(), *ties)

    erased = told(capsys, data, "erase", PERSON, "--ground", "request", "--yes")

    assert erased["kept_by"] == kept_by


def test_a_purge_that_finds_nothing_says_so(data: Path, tmp_path: Path, capsys: Printed):
    """A purge while every term runs takes nobody and writes no order."""
    push(data, enrol(capsys, data, tmp_path).author(), customer())

    found = told(capsys, data, "retention", "purge", "--purpose", "marketing", "--yes")

    assert found == {"purpose": "marketing", "persons": 0, "besides": 0, "records": 0, "orders": 0}
    assert told(capsys, data, "erasures", "list") == []


def test_a_purge_asks_first(data: Path, capsys: Printed):
    """Without --yes a purge by a program is refused: there is no way back."""
    assert call(data, "retention", "purge", "--purpose", "marketing", "--json") == 1
    assert "error" in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("customer_id", ["no-id", record_text(bytes(16))])
def test_nobody_is_purged_by_a_wrong_id(data: Path, capsys: Printed, customer_id: str):
    """What is no id, or nobody's, is refused."""
    refused(capsys, data, "retention", "purge", "--purpose", "marketing", "--customer", customer_id, "--yes")
