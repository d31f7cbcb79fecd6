"""The operator's command line: set-up, sites, nodes, usage and exit codes."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

from carnet_hub.core.log.authoring import write_hub_set
from carnet_hub.entrypoints.cli.main import COMMANDS, execute, hoist
from carnet_protocol.changeset import Draft
from carnet_protocol.envelope import Purpose
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import NODE
from carnet_protocol.messages import HubCard, PushCode, open_frame
from support.hub_apps import NodeVoice
from support.hub_cli import Printed, call, enrol, opened, push, push_again, refused, told
from support.hub_world import car


def test_a_new_hub_says_what_to_keep_safe(tmp_path: Path, capsys: Printed):
    """After `init` the operator is told where the keys lie and which key to publish."""
    assert call(tmp_path / "another", "init") == 0

    printed = capsys.readouterr().out
    assert "to a safe" in printed
    assert "-----BEGIN PUBLIC KEY-----" in printed


def test_a_hub_is_made_once(data: Path, capsys: Printed):
    """A second `init` in the same folder is refused and leaves the keys as they are."""
    before = {path.name: path.read_bytes() for path in (data / "keys").iterdir()}

    assert refused(capsys, data, "init")["code"] == "already-initialised"
    assert {path.name: path.read_bytes() for path in (data / "keys").iterdir()} == before


def test_a_folder_without_a_hub_is_refused(tmp_path: Path, capsys: Printed):
    """Commands in an empty folder are refused with the way out, and create nothing."""
    assert refused(capsys, tmp_path / "nothing", "dealers", "list")["code"] == "not-initialised"
    assert not (tmp_path / "nothing").exists()


def test_a_lost_database_is_not_a_new_hub(data: Path, capsys: Printed):
    """With keys and an empty database the operator is told to restore, and nothing is signed."""
    (data / "hub.db").unlink()

    assert refused(capsys, data, "dealers", "list")["code"] == "database-empty"


def test_the_help_page_names_every_command(capsys: Printed):
    """The help page lists all commands with a line each."""
    assert execute(["--help"]) == 0

    printed = capsys.readouterr().out
    assert all(name in printed for name in COMMANDS)


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_loads(command: str, capsys: Printed):
    """Each command's module can be imported and has help."""
    assert execute([command, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize("command", list(COMMANDS))
def test_a_line_of_the_help_page_that_lists_commands_lists_all(command: str, capsys: Printed):
    """Whoever reads the first page knows everything that a command can do, where its line lists that."""
    execute([command, "--help"])
    own = set(re.findall(r"^  ([a-z-]+)  ", capsys.readouterr().out.partition("\nCommands:\n")[2], re.MULTILINE))

    listed = own & set(re.findall("[a-z-]+", COMMANDS[command][1]))

    assert len(listed) < 2 or listed == own


def test_the_help_page_loads_no_hub():
    """Asking for help imports neither database nor web server."""
    program = (
        "import sys; from carnet_hub.entrypoints.cli.main import execute; execute(['--help']);"
        "sys.exit(any(name in sys.modules for name in ('sqlalchemy', 'fastapi', 'carnet_hub.bootstrap')))"
    )

    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["frobnicate"], id="unknown command"),
        pytest.param(["dealers", "add"], id="missing arguments"),
        pytest.param(["dealers", "add", "A001"], id="no name"),
        pytest.param(["nodes", "list", "--state", "blue"], id="unknown state"),
        pytest.param(["dealers", "list", "--no-such-option"], id="unknown option"),
        pytest.param(["serve", "--port", "70000"], id="no port"),
    ],
)
def test_wrong_usage_has_its_own_exit_code(data: Path, arguments: list[str]):
    """A mistyped command ends with code 2."""
    assert call(data, *arguments) == 2


def test_a_setting_outside_its_range_is_wrong_usage(data: Path, monkeypatch: pytest.MonkeyPatch):
    """An environment variable with an impossible value ends with code 2."""
    monkeypatch.setenv("CARNET_HUB_PORT", "many")

    assert call(data, "dealers", "list") == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["dealers", "list", "--data", "{data}"],
        ["dealers", "list", "--data={data}"],
        ["dealers", "--data", "{data}", "list"],
        ["--data", "{data}", "dealers", "list"],
    ],
)
def test_the_folder_may_be_named_anywhere(data: Path, arguments: list[str]):
    """`--data` stands in front of a command or behind it."""
    assert execute([one.format(data=data) for one in arguments]) == 0


def test_what_follows_two_dashes_is_left_alone():
    """Behind `--` nothing is an option of ours."""
    assert hoist(["verify", "--", "--data"]) == ["verify", "--", "--data"]


def test_a_busy_database_has_its_own_exit_code(data: Path, monkeypatch: pytest.MonkeyPatch):
    """While another process holds the lock, a command ends with code 3 and has changed nothing."""
    monkeypatch.setenv("CARNET_HUB_BUSY_MS", "0")
    app = opened(data)

    with app.hub.store.write():
        code = call(data, "dealers", "add", "A001", "First site")

    app.close()
    assert code == 3
    assert call(data, "dealers", "add", "A001", "First site") == 0


def test_dealers_are_listed_as_added(data: Path, capsys: Printed):
    """A site that was added is listed with its city, active."""
    told(capsys, data, "dealers", "add", "A001", "First site", "--city-name", "长沙")

    (row,) = told(capsys, data, "dealers", "list")
    assert (row["site_code"], row["city_name"], row["status"]) == ("A001", "长沙", "active")


def test_a_site_code_is_taken_once(data: Path, capsys: Printed):
    """Two sites cannot have one code."""
    told(capsys, data, "dealers", "add", "A001", "First site")

    assert "A001" in str(refused(capsys, data, "dealers", "add", "A001", "Second site")["what"])


@pytest.mark.parametrize("arguments", [["--kind", "castle"], ["--city", "x" * 65]])
def test_a_value_outside_the_registry_is_refused(data: Path, capsys: Printed, arguments: list[str]):
    """A site with a kind or code the registry does not take is not added."""
    refused(capsys, data, "dealers", "add", "A001", "First site", *arguments)

    assert told(capsys, data, "dealers", "list") == []


def test_a_site_is_suspended_and_resumed(data: Path, capsys: Printed):
    """Suspending and resuming change the status, and doing either twice is refused."""
    told(capsys, data, "dealers", "add", "A001", "First site")

    assert told(capsys, data, "dealers", "suspend", "A001")["status"] == "suspended"
    refused(capsys, data, "dealers", "suspend", "A001")
    refused(capsys, data, "dealers", "invite", "A001")
    assert told(capsys, data, "dealers", "resume", "A001")["status"] == "active"


def test_a_list_is_also_written_to_a_workbook(data: Path, tmp_path: Path, capsys: Printed):
    """With `--xlsx` a list is in a workbook as well, its cells text and never formulas."""
    told(capsys, data, "dealers", "add", "A001", "=1+1")

    told(capsys, data, "dealers", "list", "--xlsx", tmp_path / "list.xlsx")

    sheet = load_workbook(tmp_path / "list.xlsx").active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][:2] == ["site_code", "site_name"]
    assert rows[1][:2] == ["A001", "=1+1"]
    assert (sheet["B2"].data_type, sheet["B2"].number_format) == ("s", "@")


def test_every_list_can_go_into_a_workbook():
    """Each command that prints rows has `--xlsx`."""
    lacking = []
    for path in (Path(__file__).parents[2] / "hub/src/carnet_hub/entrypoints/cli").glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef) or not function.decorator_list:
                continue
            called = {ast.unparse(one.func) for one in ast.walk(function) if isinstance(one, ast.Call)}
            if "emit_list" in called and "xlsx: Xlsx" not in ast.unparse(function.args):
                lacking.append(f"{path.stem}.{function.name}")

    assert lacking == []


def test_a_node_enrols_by_file(data: Path, tmp_path: Path, capsys: Printed):
    """A node without a network is let in by carrying two files, and is listed as never seen."""
    voice = enrol(capsys, data, tmp_path)

    (row,) = told(capsys, data, "nodes", "list")
    assert (row["name"], row["site_code"], row["state"]) == ("desk pc", "A001", "never seen")
    assert bytes.fromhex(row["node_id"].replace("-", "")) == voice.node_id


def test_an_invitation_can_bring_the_hubs_card(data: Path, tmp_path: Path, capsys: Printed):
    """For enrolment without a network the invitation writes the hub's signed card to a file."""
    told(capsys, data, "dealers", "add", "A001", "First site")
    told(capsys, data, "dealers", "invite", "A001", "--card", tmp_path / "card")

    app = opened(data)
    card = open_frame((tmp_path / "card").read_bytes(), HubCard, app.hub.public_key, Purpose.ENROL, app.hub.hub_id)
    app.close()
    assert card.export_key == app.keys.export


def test_why_tells_what_to_do(data: Path, tmp_path: Path, capsys: Printed):
    """`nodes why` answers in sentences, for a node named by the first characters of its id."""
    voice = enrol(capsys, data, tmp_path)

    answer = told(capsys, data, "nodes", "why", voice.node_id.hex()[:8])

    assert answer["why"] == ["The node is never seen. Ask the dealer to start the node; enrolment itself has worked."]
    refused(capsys, data, "nodes", "why", "ffffffff-ffff")


@pytest.fixture
def joined(data: Path, tmp_path: Path, capsys: Printed) -> NodeVoice:
    """A node that has enrolled."""
    return enrol(capsys, data, tmp_path)


def test_a_single_node_is_suspended_and_resumed(data: Path, tmp_path: Path, capsys: Printed):
    """While one machine is suspended it is turned away, the other one of its site works on, and it may come back."""
    one, other = (enrol(capsys, data, tmp_path, name).author() for name in ("one", "other"))
    name = record_text(one.node_id)

    told(capsys, data, "nodes", "suspend", name)
    states = {line["node_id"]: line["state"] for line in told(capsys, data, "nodes", "list")}
    kept = push(data, one, car(), code=PushCode.REJECTED)
    push(data, other, car())
    told(capsys, data, "nodes", "resume", name)

    assert states == {name: "suspended", record_text(other.node_id): "never seen"}
    assert push_again(data, kept) == PushCode.ACCEPTED


@pytest.mark.parametrize(
    ("status", "command"),
    [
        pytest.param("active", "resume", id="active already"),
        pytest.param("suspended", "suspend", id="suspended already"),
        pytest.param("revoked", "suspend", id="suspend a revoked one"),
        pytest.param("revoked", "resume", id="resume a revoked one"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(
    joined: NodeVoice, data: Path, capsys: Printed, *, status: str, command: str
):
    """A node is not resumed while it is active or after it was revoked, nor suspended twice."""
    node_id = joined.author().node_id
    app = opened(data)
    write_hub_set(app.hub, [Draft(NODE, RecordId(node_id), {"status": status})])
    app.close()

    failure = refused(capsys, data, "nodes", command, record_text(node_id))

    assert status in str(failure["what"])


def test_a_stolen_machine_is_revoked(data: Path, tmp_path: Path, capsys: Printed):
    """What a machine sent after the moment loses its effect, and it is listed as revoked and turned away."""
    thief = enrol(capsys, data, tmp_path, "one").author()
    name = record_text(thief.node_id)
    made = push(data, thief, car())

    told_of = told(
        capsys, data, "nodes", "revoke", name, "--reason", "stolen", "--compromised-from", "2026-01-01T00:00Z", "--yes"
    )

    (line,) = told(capsys, data, "nodes", "list")
    assert (told_of["excluded"], told_of["keys"], line["state"]) == ([made.nonce.hex()], 1, "revoked")
    push(data, thief, car(), code=PushCode.REJECTED)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("yesterday", id="no time"),
        pytest.param("2026-11-20T18:00", id="no time zone"),
        pytest.param("999999", id="behind the log"),
    ],
)
def test_a_moment_that_means_nothing_revokes_nobody(data: Path, tmp_path: Path, capsys: Printed, moment: str):
    """A position or time that cannot be used is refused, and the machine may still send."""
    site = enrol(capsys, data, tmp_path, "one").author()
    name = record_text(site.node_id)

    refused(capsys, data, "nodes", "revoke", name, "--reason", "stolen", "--compromised-from", moment)

    push(data, site, car())
    (line,) = told(capsys, data, "nodes", "list")
    assert line["state"] != "revoked"


def test_a_recovery_code_is_made_for_an_active_site(data: Path, capsys: Printed):
    """The operator gets a one-time code for a site, and none for a suspended one."""
    told(capsys, data, "dealers", "add", "A001", "First site")

    code = told(capsys, data, "dealers", "recovery-code", "A001")["code"]

    assert len(code.replace("-", "")) == 45
    told(capsys, data, "dealers", "suspend", "A001")
    refused(capsys, data, "dealers", "recovery-code", "A001")
