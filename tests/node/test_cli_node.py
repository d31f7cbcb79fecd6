"""The command line of the node: what it records, what it says, and with which exit code it leaves."""

import ast
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from carnet_node.entrypoints.cli.main import MODULES
from support.cli_node import CliNode, enrol_folder
from support.fake_hub import FakeHub
from support.vins import with_right_digit

VIN = with_right_digit("LSVAA4180M2100001")


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an enrolled node, to be copied: enrolling takes half a second by design."""
    folder = tmp_path_factory.mktemp("enrolled")
    enrol_folder(folder)
    return folder


@pytest.fixture
def node(enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """An enrolled node."""
    shutil.copytree(enrolled, tmp_path / "node")
    return CliNode(tmp_path / "node", capsys)


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
        "Use the folder as it is, or name another one with --data.",
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

    assert (other.code, told["error"]["code"]) == (1, "keys-unreadable")


def test_nothing_is_recorded_before_enrolment(bare: CliNode):
    """A node that belongs to no site refuses with the command that helps."""
    bare.run("init")

    told = bare("customers", "add", "--name", "Test person")

    assert (bare.code, told["error"]["code"], "enrol" in told["error"]["next"]) == (1, "not-enrolled", True)


def test_a_customer_is_recorded_shown_edited_and_taken_away(node: CliNode):
    """The whole life of a customer at the command line."""
    added = node("customers", "add", "--name", "Test person", "--phone", "138 0013 8000", "--address", "Test Road 1")
    shown = node("customers", "show", added["id"], "--show-personal")
    node("customers", "edit", added["id"], "--set", "full_name=Other person", "--phone", "13900139000")
    edited = node("customers", "show", added["id"], "--show-personal")
    node("customers", "void", added["id"])
    gone = node("customers", "show", added["id"])

    assert (shown["customer"]["values"]["full_name"], shown["phones"][0]["values"]["number"]) == (
        "Test person",
        "+8613800138000",
    )
    assert (edited["customer"]["values"]["full_name"], len(edited["phones"])) == ("Other person", 2)
    assert (gone["error"]["code"], node.code) == ("not-found", 1)


def test_personal_values_are_masked_unless_asked_for(node: CliNode):
    """A screen that somebody looks at over a shoulder shows neither name nor number."""
    added = node("customers", "add", "--name", "Test person", "--phone", "13800138000", "--address", "Test Road 1")

    node.run("customers", "show", added["id"])

    assert not any(word in node.said for word in ("Test person", "13800138000", "Test Road"))
    assert "T**********" in node.said
    assert "8000" in node.said


def test_a_customer_is_found_by_phone_and_by_name(node: CliNode):
    """The one box knows numbers, their last four digits, and beginnings of names."""
    added = node("customers", "add", "--name", "Test person", "--phone", "13800138000")

    found = [node("customers", "find", text) for text in ("13800138000", "8000", "Test")]

    assert [[hit["id"] for hit in hits] for hits in found] == [[added["id"]]] * 3


def test_an_edit_names_what_it_was_based_on(node: CliNode):
    """An edit from an older view stands beside the newer value: both are kept and the list of conflicts shows it."""
    added = node("customers", "add", "--company", "Test company")
    heads = node("customers", "show", added["id"])["customer"]["heads"]
    node("customers", "edit", added["id"], "--set", "segment=company")
    node("customers", "edit", added["id"], "--set", "segment=taxi", "--based-on", heads)

    conflicts = node("conflicts", "list")

    assert [(one["register"], one["overruled"]["values"], one["can_restore"]) for one in conflicts] == [
        ("segment", {"segment": "company"}, True)
    ]


def test_an_overruled_value_is_restored_by_one_command(node: CliNode):
    """What the list of conflicts names is brought back, and the list is empty afterwards."""
    added = node("customers", "add", "--company", "Test company")
    heads = node("customers", "show", added["id"])["customer"]["heads"]
    node("customers", "edit", added["id"], "--set", "segment=company")
    node("customers", "edit", added["id"], "--set", "segment=taxi", "--based-on", heads)
    (one,) = node("conflicts", "list")

    node("conflicts", "restore", one["kind"], one["id"], one["register"], one["overruled"]["op"])

    shown = node("customers", "show", added["id"])["customer"]
    assert (shown["values"]["segment"], node("conflicts", "list")) == ("company", [])


def test_a_vehicle_is_recorded_once_per_vin(node: CliNode):
    """The same VIN leads to the same record, and a plate it carries already is not written twice."""
    first = node("vehicles", "add", VIN.lower(), "--plate", "津 A·12345", "--km", 5000)
    second = node("vehicles", "add", VIN, "--plate", "津A12345")

    view = node("vehicles", "show", first["id"], "--show-personal")
    assert (first["id"] == second["id"], [one["values"]["plate_no"] for one in view["plates"]]) == (True, ["津A12345"])
    assert view["odometer"]["served_km"] == 5000


def test_a_lower_reading_is_kept_and_flagged(node: CliNode):
    """The higher reading is served; the lower one is neither refused nor lost."""
    vehicle = node("vehicles", "add", VIN, "--km", 5000)["id"]
    node("vehicles", "edit", vehicle, "--km", 4000)

    odometer = node("vehicles", "show", vehicle)["odometer"]

    assert (odometer["served_km"], odometer["is_flagged"], len(odometer["readings"])) == (5000, True, 2)


def test_a_mistyped_vin_is_refused_with_what_is_wrong(node: CliNode):
    """The refusal names the field and the rule, and not the number."""
    told = node("vehicles", "add", VIN[:-1] + "X")

    error = told["error"]
    assert (node.code, error["code"], error["field"], VIN[:-1] in str(error)) == (1, "bad-vin", "vin", False)


def open_visit(node: CliNode, *more: object) -> dict[str, str]:
    """A repair order for the test car."""
    answer: dict[str, str] = node("visits", "add", "--vin", VIN, "--km", 5100, *more)
    return answer


def test_a_visit_is_opened_with_work_and_a_number(node: CliNode):
    """Jobs and lines come with the order, the total is their sum, and the number needs no line."""
    opened = open_visit(
        node,
        *("--job", "complaint=Squeal;pay_type=warranty"),
        *("--part", "job=1;part_no=BP-1;quantity_hundredths=200;price_fen=12000"),
        *("--labour", "job=1;labour_name=Brakes;actual_hours=150;rate_fen=10000"),
    )

    view = node("visits", "show", opened["id"])
    assert (opened["ro_no"].startswith("TJ01-RO-"), view["totals"]["warranty_fen"]) == (True, 39000)
    assert view["visit"]["values"]["odometer_in_km"] == 5100


def test_a_visit_goes_through_its_states(node: CliNode):
    """Completed, settled, closed: each step follows the one before."""
    visit = open_visit(node)["id"]
    states = []
    for step in ("complete", "settle", "close"):
        node("visits", step, visit)
        states.append(node("visits", "show", visit)["visit"]["values"]["status"])

    assert states == ["completed", "settled", "closed"]


def test_a_state_cannot_be_skipped(node: CliNode):
    """An open order is not settled; nothing changes and the advice names the states."""
    visit = open_visit(node)["id"]

    told = node("visits", "settle", visit)

    assert (node.code, told["error"]["code"]) == (1, "illegal-transition")


def test_a_visit_is_voided_with_a_reason(node: CliNode):
    """A voided order stays readable with its number and its reason."""
    opened = open_visit(node)
    without = node.run("visits", "void", opened["id"])

    node("visits", "void", opened["id"], "--reason", "entered twice")

    values = node("visits", "show", opened["id"], "--show-personal")["visit"]["values"]
    assert (without, values["status"], values["void_reason"], values["ro_no"]) == (
        2,
        "void",
        "entered twice",
        opened["ro_no"],
    )


def test_a_visit_needs_a_word_about_the_odometer(node: CliNode):
    """Neither a reading nor "unknown" is refused; unknown is accepted when stated."""
    refused = node("visits", "add", "--vin", VIN)
    accepted = node("visits", "add", "--vin", VIN, "--km-unknown")

    assert (refused["error"]["field"], "id" in accepted) == ("odometer_in_km", True)


def test_recalls_are_unknown_before_any_data_has_come(node: CliNode):
    """No data is never "clear"."""
    answer = node("recalls", "check", VIN)

    assert (answer["state"], answer["because"], answer["as_of"]) == ("unknown", "no recall data has arrived yet", None)


def test_status_says_unknown_where_nobody_can_know(node: CliNode):
    """Before the first contact neither line nor sync is called fine, and what waits is counted by document."""
    node("customers", "add", "--name", "Test person", "--phone", "13800138000")
    open_visit(node)

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


def test_wrong_usage_leaves_with_two(node: CliNode):
    """An unknown option is wrong usage and not a refusal."""
    assert node.run("customers", "add", "--bogus") == 2


def test_an_unknown_field_is_named(node: CliNode):
    """A field that the registry does not have is refused by its name."""
    told = node("customers", "add", "--name", "Test person", "--set", "favourite_colour=blue")

    assert (node.code, told["error"]["field"]) == (1, "favourite_colour")


def test_every_list_goes_into_a_workbook_without_formulas(node: CliNode):
    """A name that looks like a formula stands in the workbook as text."""
    node("customers", "add", "--name", "=1+1")

    node.run("customers", "list", "--show-personal", "--xlsx", node.folder / "list.xlsx")

    sheet = openpyxl.load_workbook(node.folder / "list.xlsx").active
    cells = [cell.value for row in sheet.iter_rows(min_row=2) for cell in row]
    assert "'=1+1" in cells


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
    open_visit(node, "--job", "complaint=Squeal")

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
