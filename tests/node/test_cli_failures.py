"""How commands of the node end that cannot do their work: sentences, JSON and exit codes, and never a traceback."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from carnet_node.entrypoints.cli import telling
from carnet_node.entrypoints.cli.main import MODULES, execute
from support.cli_node import CliNode
from support.fake_hub import FakeHub

SAVED = "Everything that was saved before is kept."


def sentences(code: str, what: str, safe: str, then: str) -> dict[str, object]:
    """A failure as `--json` prints it."""
    return {"error": {"code": code, "what": what, "safe": safe, "next": then}}


def test_a_file_that_cannot_be_written_is_told_and_not_traced(node: CliNode):
    """The system's refusal comes with its path, what is safe and what to look at."""
    nowhere = node.folder / ("x" * 300)

    told = node("customers", "list", "--xlsx", nowhere)

    what = f"The system said: File name too long ({nowhere})."
    assert told == sentences("system", what, SAVED, "Look at the folder, its permissions and the disk.")
    assert (node.code, node.complained) == (1, "")


def test_wrong_usage_is_one_json_value_for_programs(node: CliNode):
    """With `--json` even a missing option is told on stdout, with the command that helps."""
    told = node("visits", "add")

    what = "Invalid value: give --vehicle ID or --vin VIN"
    then = "Run `carnet-node visits add --help`."
    assert (node.code, told) == (2, sentences("usage", what, "Nothing was changed.", then))


def test_a_setting_out_of_range_is_one_json_value_for_programs(node: CliNode, monkeypatch: pytest.MonkeyPatch):
    """With `--json` a wrong variable is told on stdout like everything else."""
    monkeypatch.setenv("CARNET_NODE_PORT", "many")

    told = node("status")

    what = "Settings outside their range: CARNET_NODE_PORT."
    then = "Correct them and try again."
    assert (node.code, told) == (2, sentences("settings", what, "Nothing was changed.", then))


def test_an_interruption_says_what_is_kept(capsys: pytest.CaptureFixture[str]):
    """Ctrl-C ends with 130 and tells that nothing saved is lost."""
    code = telling.tell_failure(KeyboardInterrupt(), as_json=False)

    assert code == 130
    assert capsys.readouterr().err.splitlines() == ["Stopped.", SAVED, "The same command goes on where it was."]


def test_a_fault_of_the_program_is_told_by_place_and_not_by_text(capsys: pytest.CaptureFixture[str]):
    """The text of a foreign exception may hold a customer, so type and place stand for it."""
    try:
        int("13800000001x")
    except ValueError as error:
        code = telling.tell_failure(error, as_json=False)

    printed = capsys.readouterr()
    assert (code, "13800000001" in printed.err + printed.out) == (1, False)
    assert printed.err.splitlines()[0].startswith("Something unexpected went wrong: ValueError < test_cli_failures.py:")


def test_a_reader_that_has_seen_enough_is_no_failure(node: CliNode):
    """`carnet-node ... | head -1` ends without a word on stderr."""
    program = Path(sys.executable).with_name("carnet-node")
    command = f"{program} --data {node.data} status | true"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param(["customers", "show", "abc"], "id: not a record id.", id="no id"),
        pytest.param(["customers", "add", "--set", "nofield=1"], "nofield: a customer has no such field.", id="field"),
        pytest.param(["import", "nofile.csv"], "file: there is no such file, or it cannot be read.", id="file"),
    ],
)
def test_a_bad_value_is_named_and_not_the_registry(node: CliNode, arguments: list[str], what: str):
    """What a person typed is named with its fault, in their words."""
    told = node(*arguments)["error"]

    assert (told["what"], told["safe"], told["next"]) == (what, "Nothing was changed.", "Correct it and try again.")


def test_a_folder_without_a_node_says_so_and_stays_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A mistyped `--data` is told as that, by every command, and makes no folder."""
    nowhere = CliNode(tmp_path / "nowhere", capsys)

    told = [nowhere(command)["error"]["code"] for command in ("status", "doctor", "sync")]

    assert (told, nowhere.code, nowhere.folder.exists()) == (["not-initialised"] * 3, 1, False)


def test_a_lost_database_is_told_and_not_replaced(node: CliNode):
    """Keys without a database mean a loss: an empty database in its place would hide it."""
    for path in node.data.glob("node.db*"):
        path.unlink()

    told = node("status")["error"]

    assert (node.code, told["code"], str(node.data) in told["what"]) == (1, "database-gone", True)
    assert not (node.data / "node.db").exists()


@pytest.mark.parametrize(("name", "safe"), [("taken", "The file was not touched."), ("closed/data", SAVED)])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, safe: str):
    """`init` on a file, or in a folder of somebody else, ends in words."""
    (tmp_path / "taken").write_text("")
    (tmp_path / "closed").write_text("")

    code = execute(["--data", str(tmp_path / name), "init"])

    assert (code, capsys.readouterr().err.splitlines()[1]) == (1, safe)


def test_an_enrolment_nobody_answers_names_the_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A wrong address is told as that, and the code is as good as before."""
    bare = CliNode(tmp_path, capsys)
    bare.run("init")

    told = bare("enrol", "--hub", "http://127.0.0.1:9", FakeHub().code)["error"]

    assert (bare.code, told["code"], told["what"]) == (3, "no-hub-there", "No hub answers at http://127.0.0.1:9.")


def test_a_refused_command_speaks_of_no_screen(node: CliNode):
    """A command line has no form that could still hold what was entered."""
    told = node("vehicles", "add", "LHGCP1686K2004712")["error"]

    assert (told["code"], told["safe"]) == ("bad-vin", "Nothing was changed.")


@pytest.mark.parametrize("command", list(MODULES))
def test_a_line_of_the_help_page_that_lists_commands_lists_all(command: str, capsys: pytest.CaptureFixture[str]):
    """Whoever reads the first page knows everything that a command can do, where its line lists that."""
    execute([command, "--help"])
    own = set(re.findall(r"^  ([a-z-]+)  ", capsys.readouterr().out.partition("\nCommands:\n")[2], re.MULTILINE))

    listed = own & set(re.findall("[a-z-]+", MODULES[command][1]))

    assert len(listed) < 2 or listed == own


@pytest.mark.parametrize("command", list(MODULES))
def test_help_pages_are_plain_text(command: str, capsys: pytest.CaptureFixture[str]):
    """Help reads the same in a log, in a mail and on a screen."""
    code = execute([command, "--help"])

    said = capsys.readouterr().out
    assert (code, said.startswith("Usage: carnet-node "), "│" in said) == (0, True, False)
