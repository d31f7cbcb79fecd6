"""How commands of the hub end that cannot do their work: sentences, JSON and exit codes, and never a traceback."""

from pathlib import Path

import pytest

from carnet_hub.entrypoints.cli.main import COMMANDS, execute
from carnet_hub.entrypoints.cli.telling import tell_failure
from support.hub_cli import Printed, call, refused, told


def test_a_file_that_cannot_be_written_is_told_and_not_traced(data: Path, tmp_path: Path, capsys: Printed):
    """The system's refusal comes with its path, and nothing of it stays on stderr."""
    nowhere = tmp_path / ("x" * 300)

    failure = refused(capsys, data, "dealers", "list", "--xlsx", nowhere)

    assert (failure["code"], failure["what"]) == ("system", f"The system said: File name too long ({nowhere}).")


def test_wrong_usage_is_one_json_value_for_programs(data: Path, capsys: Printed):
    """With `--json` even a missing argument is told on stdout, with the command that helps."""
    code = call(data, "dealers", "add", "--json")

    printed = capsys.readouterr()
    assert (code, printed.err) == (2, "")
    assert '"next": "Run `carnet-hub dealers add --help`."' in printed.out


def test_a_fault_of_the_program_is_told_by_place_and_not_by_text():
    """The text of a foreign exception may hold a customer, so type and place stand for it."""
    try:
        int("13800000001x")
    except ValueError as error:
        failure = tell_failure(error)

    assert failure.what.startswith("Something unexpected went wrong: ValueError < test_cli_failures.")
    assert "13800000001" not in " ".join(failure.lines())


def test_an_interruption_ends_with_130():
    """Ctrl-C says what is safe."""
    failure = tell_failure(KeyboardInterrupt())

    assert (failure.exit_code, failure.what, failure.safe) == (130, "Stopped.", "What was stored before is unchanged.")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param(["conflicts", "show", "vehicle", "abc"], "id: not a record id.", id="no id"),
        pytest.param(["recalls", "import", "nowhere"], "There is no folder nowhere.", id="no folder"),
        pytest.param(["dealers", "add", "HZ 01", "x"], "HZ 01 is no site code.", id="a space in a code"),
        pytest.param(["dealers", "add", "杭州01", "x"], "杭州01 is no site code.", id="no ASCII"),
        pytest.param(["dealers", "add", "A" * 17, "x"], f"{'A' * 17} is no site code.", id="a long code"),
        pytest.param(["dealers", "add", "HZ_01", "x"], "HZ_01 is no site code.", id="an underscore"),
    ],
)
def test_what_an_operator_typed_is_named_and_changed_nothing(
    data: Path, capsys: Printed, arguments: list[str], what: str
):
    """The sentences are for the operator at this command line, not for a node whose work was refused."""
    failure = refused(capsys, data, *arguments)

    assert (failure["what"], failure["safe"]) == (what, "Nothing was changed.")


def test_a_site_code_has_one_spelling(data: Path, capsys: Printed):
    """Full width, lower case and spaces around it are forgiven where a code is given and where it is looked up."""
    added = told(capsys, data, "dealers", "add", " ｈｚ０１ ", "First site")

    code = told(capsys, data, "dealers", "invite", "hz01")["site_code"]

    assert (added["site_code"], code) == ("HZ01", "HZ01")
    assert refused(capsys, data, "dealers", "add", "Hz01", "Again")["what"] == "There is a site HZ01 already."


def test_a_suspended_site_is_not_invited(data: Path, capsys: Printed):
    """The operator is told which command lets the site in again, and not to call the operator."""
    told(capsys, data, "dealers", "add", "HZ01", "First site")
    told(capsys, data, "dealers", "suspend", "HZ01")

    failure = refused(capsys, data, "dealers", "invite", "HZ01")

    assert (failure["what"], failure["next"]) == ("HZ01 is suspended.", "Run `dealers resume HZ01` first.")


def test_a_card_that_cannot_be_written_makes_no_code(data: Path, tmp_path: Path, capsys: Printed):
    """A code that nobody saw is never made."""
    told(capsys, data, "dealers", "add", "HZ01", "First site")
    (tmp_path / "file").write_text("")

    failure = refused(capsys, data, "dealers", "invite", "HZ01", "--card", tmp_path / "file" / "card")

    assert failure["code"] == "output-unusable"


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help_pages_are_plain_text(command: str, capsys: Printed):
    """Help reads the same in a log, in a mail and on a screen."""
    code = execute([command, "--help"])

    said = capsys.readouterr().out
    assert (code, said.startswith("Usage: carnet-hub "), "│" in said) == (0, True, False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("campaign.toml", f"x = {'[' * 20_000}", id="TOML of lists without end"),
        pytest.param("campaign.toml", f"x = {'9' * 5000}", id="TOML with a number without end"),
        pytest.param("campaign.json", "[" * 200_000, id="JSON of lists without end"),
        pytest.param("campaign.json", f'{{"x": {"9" * 5000}}}', id="JSON with a number without end"),
        pytest.param("campaign.json", "[]", id="JSON without names"),
    ],
)
def test_a_campaign_file_of_any_shape_is_refused_in_words(
    data: Path, capsys: Printed, tmp_path: Path, name: str, text: str
):
    """However deep or long what a producer hands over is, the command says which file and what to do."""
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / name).write_text(text)

    failure = refused(capsys, data, "recalls", "import", tmp_path / "plan")

    assert str(failure["what"]).startswith(name)
    assert str(failure["next"]).startswith("Correct the ")
