"""Nothing that somebody typed runs in an office: every list, every way out, with formulas in every text field."""

import csv
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from carnet_node.adapters.csv_files import SideFile, open_csv
from carnet_node.bootstrap import open_installation
from carnet_node.core.exchange.lists import LISTS
from carnet_node.core.limits import CELLS_MAX
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.excluded import list_excluded
from carnet_node.core.node import Node
from carnet_node.core.records import SetVerdict
from carnet_node.entrypoints.cli.excluded import COLUMNS as EXCLUDED
from carnet_node.entrypoints.cli.excluded import lines_of
from carnet_node.entrypoints.cli.output import write_workbook
from carnet_node.entrypoints.exporting import export_list
from carnet_node.entrypoints.presenting import Presenter
from carnet_node.settings import NodeSettings
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ADDRESS, CUSTOMER, JOB, OWNERSHIP, PHONE, PLATE, STAFF, VEHICLE, VISIT
from carnet_protocol.messages import ExcludedSet, Verdict
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value, ValueType
from support.cli_node import CliNode, enrol_folder
from support.desk import record
from support.node_builder import START_MS

FORMULAS = ("=1+1", "+A1", "-A1", "@SUM(A1)", "\t=A1", "\r=A1", '=HYPERLINK("http://x")', "=cmd|' /C calc'!A0")
SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
KINDS = (CUSTOMER, PHONE, ADDRESS, VEHICLE, PLATE, OWNERSHIP, VISIT, JOB, STAFF)

WITHOUT_TEXTS = {"accesses", "appointments", "board", "due", "recall_calls", "stop_sales"}
"""Lists that hold nothing typed here; those of recalls, with texts of the hub, are in `test_recall_calls`. No order of
this site is in the shop, nobody is expected and nothing is due, so those three are empty; their texts go the way of
those of the others."""

COMMANDS = {
    "customers": ("customers", "list", "--show-personal"),
    "customers, masked": ("customers", "list"),
    "vehicles": ("vehicles", "list", "--show-personal"),
    "orders": ("visits", "list", "--show-personal"),
    "found": ("customers", "find", "=1+1", "--show-personal"),
    "staff": ("staff", "list", "--show-personal"),
    "accesses": ("staff", "accesses"),
    "conflicts": ("conflicts", "list", "--show-personal"),
    "parked and refused": ("conflicts", "held", "--show-personal"),
}
"""Lists of the command line; those that need a line to the hub go the same way (`test_cli_lists`)."""


def texts_of(number: int, formula: str) -> list[Draft]:
    """One record of every kind that lists show, with a formula in every text it has."""
    drafts = []
    for place, kind in enumerate(KINDS):
        values: dict[str, Value] = {
            one.name: formula for register in kind.registers for one in register.fields if one.type is ValueType.TEXT
        }
        refers: dict[str, Value] = {
            name: target
            for name, target in (
                ("customer_id", record_at(number, CUSTOMER)),
                ("vehicle_id", record_at(number, VEHICLE)),
                ("visit_id", record_at(number, VISIT)),
            )
            if name in kind.labels
        }
        drafts.append(Draft(kind, record(100 * number + place), {**values, **refers}))
    return drafts


def record_at(number: int, kind: object) -> RecordId:
    """Where `texts_of` puts a record of a kind."""
    return record(100 * number + KINDS.index(kind))


def contradict(node: Node, formula: str) -> None:
    """A second value for a car's colour, written by somebody who had not seen the first; the hub refuses it."""
    commit(node, [Draft(VEHICLE, record_at(1, VEHICLE), {"color": f"{formula} "})])
    with node.store.write() as tx:
        tx.put_verdict(1, SetVerdict(Verdict.REFUSED, Reason.BAD_FIELD.value, 1, START_MS, {}, 0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a site where everybody typed formulas; nothing of it is changed by a test."""
    folder = tmp_path_factory.mktemp("formulas")
    enrol_folder(folder)
    installation = open_installation(NodeSettings(data_dir=folder / "data"))
    node = installation.node()
    for number, formula in enumerate(FORMULAS, start=1):
        commit(node, texts_of(number, formula))
    contradict(node, FORMULAS[0])
    export_list(node, "staff", show_personal=False)
    installation.store.close()
    return folder


def held_in(workbook: bytes) -> set[str]:
    """The texts of a workbook that look like formulas; fails where one would run, now or once it is edited."""
    archive = zipfile.ZipFile(BytesIO(workbook))
    assert not [name for name in archive.namelist() if b"<f>" in archive.read(name) or b"<f " in archive.read(name)]
    cells = [cell for sheet in load_workbook(BytesIO(workbook)) for row in sheet.iter_rows() for cell in row]
    dangerous = [cell for cell in cells if isinstance(cell.value, str) and cell.value.startswith(SIGNS)]
    assert {(cell.data_type, cell.number_format) for cell in dangerous} <= {("s", "@")}
    return {str(cell.value) for cell in dangerous}


@pytest.mark.parametrize("name", sorted(LISTS))
def test_no_list_of_the_desk_holds_a_formula(folder: Path, name: str):
    """Customers, vehicles, orders, staff and accesses hold what was typed as text, in full and masked."""
    installation = open_installation(NodeSettings(data_dir=folder / "data"))
    node = installation.node()

    shown, masked = (export_list(node, name, show_personal=personal).content for personal in (True, False))
    installation.store.close()

    assert bool(held_in(shown)) is (name not in WITHOUT_TEXTS)
    assert held_in(masked) <= held_in(shown) | {one for one in held_in(masked) if "*" in one}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_list_of_the_command_line_holds_a_formula(
    folder: Path, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """What `--xlsx` writes is text as well, also what was overruled, parked or refused."""
    office = CliNode(folder, capsys)

    code = office.run(*COMMANDS[name], "--xlsx", tmp_path / "list.xlsx")

    held = held_in((tmp_path / "list.xlsx").read_bytes())
    assert code == 0, office.complained
    assert held or name not in ("customers", "vehicles", "found", "staff")


def test_no_list_of_what_was_excluded_holds_a_formula(folder: Path, tmp_path: Path):
    """What a thief's key, or ours, had entered goes into a workbook as text, in full and masked."""
    installation = open_installation(NodeSettings(data_dir=folder / "data"))
    node = installation.node()
    with node.store.read() as tx:
        logged = [tx.set_by_id(number) for number in range(1, len(FORMULAS) + 1)]
    sets = [
        ExcludedSet(number, node.identity.node_id, START_MS, one.message, one.opening)
        for number, one in enumerate(logged, 1)
    ]
    saves = list_excluded(node, sets)
    installation.store.close()

    for shown in (True, False):
        presenter = Presenter(show_personal=shown)
        rows = [line for one in saves for line in lines_of(presenter.excluded(one))]
        write_workbook(tmp_path / "list.xlsx", "excluded", rows, EXCLUDED)

        assert held_in((tmp_path / "list.xlsx").read_bytes()) == set()
        assert any("=1+1" in str(row["entered"]) for row in rows)


@pytest.mark.parametrize("formula", [*FORMULAS, "\n=A1", "=1", "-1+cmd|'x'!A1"])
def test_a_side_file_runs_nothing_and_is_read_as_it_was(tmp_path: Path, formula: str):
    """Rows that were left out come back with an apostrophe before a formula, and without it when they are read."""
    with SideFile(tmp_path / "rejected.csv", ["name", formula]) as side:
        side.add(2, "a reason", [formula, "x"])

    with (tmp_path / "rejected.csv").open(encoding="utf-8-sig", newline="") as source:
        written = [cell for row in csv.reader(source) for cell in row]
    read = open_csv(tmp_path / "rejected.csv")
    ((_, row),) = read.rows()
    assert not [cell for cell in written if cell.startswith(SIGNS)]
    assert (read.headers[3], row[2]) == (formula, formula)


@pytest.mark.parametrize("plain", ["+86 138-0013-8000", "-5", "+8613800138000", "-1.50", "'t Hof", "a=b", "", "-", "'"])
def test_what_runs_nothing_stands_in_a_side_file_as_it_was(tmp_path: Path, plain: str):
    """Telephone numbers, amounts and names with an apostrophe are written and read without a change."""
    with SideFile(tmp_path / "rejected.csv", ["name"]) as side:
        side.add(2, "a reason", [plain])

    ((_, row),) = open_csv(tmp_path / "rejected.csv").rows()
    assert f",{plain}\r\n" in (tmp_path / "rejected.csv").read_bytes().decode("utf-8-sig")
    assert row[2] == plain
    assert len(row) <= CELLS_MAX
