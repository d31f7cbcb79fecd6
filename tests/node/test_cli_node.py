"""The command line of the node: what it records, what it says, and with which exit code it leaves."""

import ast
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from carnet_node.entrypoints.cli.main import MODULES
from support.cli_node import CliNode, enrol_folder
from support.fake_hub import FakeHub
from support.vins import with_right_digit, with_wrong_digit

VIN = with_right_digit("LSVAA4180M2100001")


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """A folder in which nothing has happened yet."""
    return CliNode(tmp_path, capsys)


def test_init_makes_a_private_folder(bare: CliNode):
    """Database and keys of a new node can be read by their owner alone."""
    bare.run("init")

    modes = {path.name: path.stat().st_mode & 0o777 for path in (bare.data, bare.data / "keys", bare.data / "node.db")}
    assert modes == {"data": 0o700, "keys": 0o700, "node.db": 0o600}


def test_a_second_init_changes_nothing(bare: CliNode):
    """Keys are made once; the second try says what is safe and what to do."""
    bare.run("init")
    before = (bare.data / "keys" / "signing.key").read_bytes()

    bare.run("init")

    assert (bare.code, (bare.data / "keys" / "signing.key").read_bytes()) == (1, before)
    assert bare.complained.splitlines()[1:] == [
        "Nothing was changed.",
        "Use the folder as it is, or name another with --data. A lost database comes back with `carnet-node restore`.",
    ]


def test_enrolment_works_by_files(bare: CliNode):
    """Card in, request out, answer in: the node belongs to its site, and the passphrase is shown once."""
    enrol_folder(bare.folder)

    welcome = json.loads(bare.capsys.readouterr().out.splitlines()[-1])
    assert (welcome["site_code"], len(welcome["recovery_passphrase"].replace("-", ""))) == ("TJ01", 24)
    assert {path.name for path in (bare.data / "keys").iterdir()} == {
        "signing.key",
        "exchange.key",
        "data.key",
        "data.hub",
        "data.recovery",
    }


def test_the_same_request_is_written_again_until_it_is_answered(bare: CliNode):
    """A lost file costs nothing: the request for a code is made once and kept."""
    hub = FakeHub()
    card = bare.folder / "hub.card"
    card.write_bytes(hub.card())
    bare.run("init")
    requests = []
    for name in ("first", "second"):
        bare.run("enrol", hub.code, "--card-file", card, "--request-file", bare.folder / name)
        requests.append((bare.folder / name).read_bytes())

    assert requests[0] == requests[1]


def test_an_enrolled_folder_does_not_enrol_again(node: CliNode):
    """A node belongs to one site for good."""
    card = node.folder / "hub.card"

    told = node("enrol", FakeHub(secret=b"new-secret").code, "--card-file", card, "--request-file", node.folder / "x")

    assert (node.code, told["error"]["code"]) == (1, "already-enrolled")


def test_a_database_beside_other_keys_is_refused(node: CliNode, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A database that was copied to another machine cannot be used with that machine's keys."""
    (tmp_path / "other").mkdir()
    other = CliNode(tmp_path / "other", capsys)
    other.run("init")
    (other.data / "node.db").write_bytes((node.data / "node.db").read_bytes())

    told = other("status")

    assert (other.code, told["error"]["code"]) == (1, "foreign-keys")


def test_nothing_is_recorded_before_enrolment(bare: CliNode):
    """A node that belongs to no site refuses with the command that helps."""
    bare.run("init")

    told = bare("customers", "add", "--name", "Test person")

    assert (bare.code, told["error"]["code"], "enrol" in told["error"]["next"]) == (1, "not-enrolled", True)


def test_recalls_are_unknown_before_any_data_has_come(node: CliNode):
    """No data is never "clear"."""
    answer = node("recalls", "check", VIN)

    assert (answer["state"], answer["because"], answer["as_of"]) == ("unknown", "no recall data has arrived yet", None)


def test_a_file_of_cars_is_checked_in_its_order(node: CliNode, tmp_path: Path):
    """The column that is called VIN counts; before any data everything is unknown."""
    file, book = tmp_path / "stock.csv", tmp_path / "stock.xlsx"
    file.write_text(f"plate,VIN\nTEST-1,{VIN}\nTEST-2,{VIN.lower()}\n", encoding="utf-8")

    told = node("recalls", "check-file", str(file), "--xlsx", str(book))

    assert [(row["line"], row["identifier"], row["state"]) for row in told["rows"]] == [
        (2, VIN, "unknown"),
        (3, VIN, "unknown"),
    ]
    assert (told["hit"], told["clear"], told["unknown"], told["as_of"], book.exists()) == (0, 0, 2, None, True)


def test_a_mistyped_vin_is_unknown(node: CliNode):
    """A number that no car can have is listed nowhere by mistake, so it is never told to be clear."""
    told = node("recalls", "check", with_wrong_digit(VIN))

    assert (node.code, told["state"]) == (0, "unknown")


@pytest.mark.parametrize("command", [("vehicles", "add"), ("visits", "add", "--km", 5, "--vin")])
def test_a_number_that_was_read_from_the_plate_is_taken(node: CliNode, command: tuple[object, ...]):
    """A wrong check digit is refused until somebody says that the car bears it."""
    refused = node(*command, with_wrong_digit(VIN))["error"]["problems"][0]["code"]
    before = node("vehicles", "list")

    node(*command, with_wrong_digit(VIN), "--compared")

    assert (refused, before, node.code) == ("bad-vin", [], 0)
    assert [one["values"]["vin"] for one in node("vehicles", "list")] == [with_wrong_digit(VIN)]


def test_status_says_unknown_where_nobody_can_know(node: CliNode):
    """Before the first contact neither line nor sync is called fine, and what waits is counted by document."""
    node("customers", "add", "--name", "Test person", "--phone", "13800138000")
    node("visits", "add", "--vin", VIN, "--km", 5100)

    told = node("status")

    assert (told["line"], told["sync"], told["last_complete_at"]) == ("unknown", "waiting", None)
    assert told["waiting"]["documents"] == {"customer": 1, "vehicle": 1, "visit": 1}


def test_sync_without_a_line_leaves_with_three(node: CliNode):
    """Unreachable is neither success nor refusal, and everything stays where it is."""
    node("customers", "add", "--name", "Test person")

    told = node("sync", "--hub", "http://127.0.0.1:9")

    assert (node.code, told["error"]["code"]) == (3, "unreachable")
    assert (node("status")["waiting"]["sets"], node("status")["failure"]) == (1, "unreachable")


def test_a_locked_database_leaves_with_three(node: CliNode):
    """While another program holds the database for long, a command says "busy" and changes nothing."""
    program = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('BEGIN IMMEDIATE')\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(node.data / "node.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()

    told = node("customers", "add", "--name", "Test person")

    holder.communicate()
    assert (node.code, told["error"]["code"]) == (3, "busy")


def test_commands_side_by_side_all_save(node: CliNode):
    """Four processes at once record four customers, and the chain has no hole and no fork."""
    program = "import sys; from carnet_node.entrypoints.cli.main import run; run(sys.argv[1:])"
    commands = [["--data", str(node.data), "customers", "add", "--name", f"Test {number}"] for number in range(4)]
    processes = [subprocess.Popen([sys.executable, "-c", program, *one], stdout=subprocess.PIPE) for one in commands]
    for process in processes:
        process.communicate()

    findings = {one["name"]: one["what"] for one in node("doctor")["findings"]}

    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert findings["chain"] == "Everything recorded here is whole and unchanged: 4 change sets."


def test_wrong_usage_leaves_with_two(node: CliNode):
    """An unknown option is wrong usage and not a refusal."""
    assert node.run("customers", "add", "--bogus") == 2


def test_an_unknown_field_is_named(node: CliNode):
    """A field that the registry does not have is refused by its name."""
    told = node("customers", "add", "--name", "Test person", "--set", "favourite_colour=blue")

    assert (node.code, told["error"]["field"]) == (1, "favourite_colour")


def test_an_import_counts_and_leaves_bad_rows_in_a_side_file(node: CliNode):
    """Good rows are taken, bad ones stand in the side file, and the exit code says that somebody has to look."""
    table = node.folder / "kunden.csv"
    table.write_text("客户编号,姓名,手机\n1,测试甲,13800138000\n2,测试乙,none\n", encoding="gb18030")

    told = node("import", table)

    assert (node.code, told["imported"], told["rejected"]) == (1, 1, 1)
    side = Path(told["rejected_file"]).read_text("utf-8-sig").splitlines()
    assert (side[1].split(",")[0], side[1].split(",")[-2:]) == ("3", ["测试乙", "none"])


def test_a_second_import_finds_everything_known(node: CliNode):
    """The same file twice: the second run imports nothing and leaves with zero."""
    table = node.folder / "customers.csv"
    table.write_text("former_id,full_name\n1,Test person\n", encoding="utf-8")
    node("import", table)

    told = node("import", table)

    assert (node.code, told["imported"], told["known"]) == (0, 0, 1)


def test_rebuild_check_finds_nothing_to_mend(node: CliNode):
    """What commands left behind is what folding again gives."""
    node("visits", "add", "--vin", VIN, "--km", 5100, "--job", "complaint=Squeal")

    told = node("rebuild", "--check")

    assert (node.code, told["differences"], told["records"] > 3) == (0, [], True)


def test_rebuild_check_leaves_with_one_when_a_table_was_changed(node: CliNode):
    """A row that somebody changed behind the log's back is found, and mended by a rebuild."""
    added = node("customers", "add", "--company", "Test company", "--set", "segment=company")
    connection = sqlite3.connect(node.data / "node.db")
    connection.execute("UPDATE customer SET segment = 'taxi'")
    connection.commit()
    connection.close()

    found = node("rebuild", "--check")
    code = node.code
    node("rebuild")

    assert (code, [one["id"] for one in found["differences"]]) == (1, [added["id"]])
    assert node.run("rebuild", "--check") == 0


def test_a_bundle_holds_what_waits_and_counts_as_sent(node: CliNode):
    """Export writes every set the hub has not answered into a file that only the hub can read."""
    node("customers", "add", "--name", "Test person")

    told = node("bundle", "export", node.folder / "out.carnet")

    content = (node.folder / "out.carnet").read_bytes()
    assert (told["sets"], told["is_whole"], b"Test person" in content) == (1, True, False)
    assert (node.data / "keys" / "high-water.json").exists()


def test_a_bundle_for_somebody_else_is_refused(node: CliNode):
    """A file that was not made for this node changes nothing."""
    (node.folder / "in.carnet").write_bytes(b"x" * 200)

    told = node("bundle", "import", node.folder / "in.carnet")

    assert (node.code, told["error"]["code"]) == (1, "bad-bundle")


def test_a_bundle_that_is_not_there_is_not_called_damaged(node: CliNode):
    """A file that does not exist is no damaged bundle: the answer says that it is not there."""
    told = node("bundle", "import", node.folder / "missing.carnet")

    assert (node.code, told["error"]["code"]) == (1, "not-found")
    assert "there is no such file" in told["error"]["what"]


def test_serve_refuses_an_address_beyond_this_machine(node: CliNode):
    """Whoever reaches the API reads everything, so the LAN has to be allowed by a setting."""
    told = node.run("serve", "--host", "0.0.0.0")  # noqa: S104  (refused is the point)

    assert (told, "CARNET_NODE_ALLOW_LAN" in node.complained) == (1, True)


def test_the_help_page_imports_no_command(bare: CliNode):
    """`--help` loads neither the database nor the network."""
    program = (
        "import sys\n"
        "from carnet_node.entrypoints.cli.main import execute\n"
        "execute(['--help'])\n"
        "print([name for name in sys.modules if name in ('sqlalchemy', 'httpx', 'fastapi', 'cryptography')])\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=bare.folder)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", [["customers", "list", "--help"], ["backup", "status", "--json"]])
def test_what_needs_no_database_loads_none(bare: CliNode, arguments: list[str]):
    """The help of a command, and the status of backups, load neither the database nor a client of a store."""
    program = (
        "import sys\n"
        "from carnet_node.entrypoints.cli.main import execute\n"
        "execute(sys.argv[1:])\n"
        "print([name for name in sys.modules if name in ('sqlalchemy', 'httpx', 'fastapi', 'obstore')])\n"
    )
    command = [sys.executable, "-c", program, *arguments]

    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=bare.folder)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", list(MODULES))
def test_every_command_explains_itself(bare: CliNode, command: str):
    """Each command has a help page of its own."""
    assert (bare.run(command, "--help"), "Usage: carnet-node" in bare.said) == (0, True)


def test_every_command_can_answer_in_json():
    """Each command but `serve`, which never ends, has `--json`."""
    folder = Path(__file__).parents[2] / "node/src/carnet_node/entrypoints/cli"
    lacking = []
    for path in folder.glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            is_command = any("command" in ast.unparse(one) for one in function.decorator_list)
            names = {argument.arg for argument in [*function.args.args, *function.args.kwonlyargs]}
            if is_command and "as_json" not in names:
                lacking.append(function.name)

    assert lacking == ["serve"]


def test_json_is_one_value_even_for_a_refusal(node: CliNode):
    """A program that reads stdout always gets exactly one JSON value."""
    node.run("customers", "show", "no-uuid", "--json")

    assert set(json.loads(node.said)["error"]) == {"code", "what", "safe", "next", "field"}
