"""The operator's command line: what it prints, its exit codes, and a server that really listens."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from openpyxl import load_workbook

from carnet_hub.adapters.bundle_files import decrypt_bundle, encrypt_bundle
from carnet_hub.bootstrap import HubApp, open_hub
from carnet_hub.core.ingest import receive_sets
from carnet_hub.core.rows import DealerRow, LogRow
from carnet_hub.entrypoints.cli.main import COMMANDS, execute, hoist
from carnet_hub.settings import HubSettings
from carnet_protocol.bundle import PartKind, pack_bundle, unpack_bundle
from carnet_protocol.envelope import Purpose
from carnet_protocol.ids import vehicle_id
from carnet_protocol.messages import HubCard, Page, PushCode, decode_answers, encode_batch, open_frame
from support.authors import SiteAuthor, draft_of
from support.hub_apps import NodeVoice
from support.protocol import fixed, signer
from support.vins import make_vins, with_wrong_digit

VINS = make_vins(3)
CAMPAIGN = """
campaign_no = "S2026M0001"
title = "Brake hose"
producer = "Example Motor Co."
scope = "Built in May 2024"
defect = "The hose may crack."
hazard = "Longer braking distance."
emergency_advice = "Drive slowly."
remedy = "Replaced free of charge."
hazard_level = "park_outside"
member_count = 3
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a new hub."""
    folder = tmp_path / "hub"
    assert call(folder, "init", "--json") == 0
    return folder


@pytest.fixture(autouse=True)
def _quiet(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    """Forget what setting the hub up has printed."""
    capsys.readouterr()


def call(data: Path, *arguments: str | Path) -> int:
    """Run a command in this process; returns its exit code."""
    return execute(["--data", str(data), *map(str, arguments)])


def told(capsys: pytest.CaptureFixture[str], data: Path, *arguments: str | Path):
    """Run a command that must succeed, with `--json`; returns what it printed."""
    code = call(data, *arguments, "--json")
    printed = capsys.readouterr()
    assert code == 0, printed.out + printed.err
    return json.loads(printed.out)


def refused(capsys: pytest.CaptureFixture[str], data: Path, *arguments: str | Path) -> dict[str, object]:
    """Run a command that must be refused, with `--json`; returns the failure."""
    assert call(data, *arguments, "--json") == 1
    failure = json.loads(capsys.readouterr().out)["error"]
    assert {"code", "what", "safe", "next"} <= failure.keys()
    return failure


def opened(data: Path) -> HubApp:
    """The hub behind the command line."""
    return open_hub(HubSettings(data_dir=data))


def voice_of(data: Path, name: str = "desk") -> NodeVoice:
    """A node of this hub that has not enrolled yet."""
    app = opened(data)
    try:
        return NodeVoice(name, app.hub.hub_id, app.hub.hub_epoch, app.hub.public_key, wall_ms=app.hub.clock.now_ms())
    finally:
        app.close()


def enrol(capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path, name: str = "desk") -> NodeVoice:
    """A node of site A001, let in by file; the site is added."""
    if not told(capsys, data, "dealers", "list"):
        told(capsys, data, "dealers", "add", "A001", "First site")
    voice = voice_of(data, name)
    code = told(capsys, data, "dealers", "invite", "A001")["code"]
    (tmp_path / "request").write_bytes(voice.enrol_request(code))
    told(capsys, data, "nodes", "enrol", tmp_path / "request", "--out", tmp_path / "answer")
    answer = voice.read_enrol_answer((tmp_path / "answer").read_bytes())
    voice.dealer_id = answer.dealer_id
    return voice


def push(data: Path, author: SiteAuthor, *drafts, code: PushCode = PushCode.ACCEPTED):
    """Send one change set to the hub; it is answered with `code`."""
    made = author.write(*drafts)
    app = opened(data)
    try:
        (answer,) = receive_sets(app.hub, [made.pushed])
    finally:
        app.close()
    assert answer.code == code, answer
    return made


def campaign_folder(tmp_path: Path, *vins: str) -> Path:
    """A folder as a producer hands it over."""
    folder = tmp_path / "campaign"
    folder.mkdir()
    (folder / "campaign.toml").write_text(CAMPAIGN, encoding="utf-8")
    (folder / "vins.txt").write_text("\n".join(vins or VINS), encoding="utf-8")
    return folder


def test_a_new_hub_says_what_to_keep_safe(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """After `init` the operator is told where the keys lie and which key to publish."""
    assert call(tmp_path / "another", "init") == 0

    printed = capsys.readouterr().out
    assert "to a safe" in printed
    assert "-----BEGIN PUBLIC KEY-----" in printed


def test_a_hub_is_made_once(data: Path, capsys: pytest.CaptureFixture[str]):
    """A second `init` in the same folder is refused and leaves the keys as they are."""
    before = {path.name: path.read_bytes() for path in (data / "keys").iterdir()}

    assert refused(capsys, data, "init")["code"] == "already-initialised"
    assert {path.name: path.read_bytes() for path in (data / "keys").iterdir()} == before


def test_a_folder_without_a_hub_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Commands in an empty folder are refused with the way out, and create nothing."""
    assert refused(capsys, tmp_path / "nothing", "dealers", "list")["code"] == "not-initialised"
    assert not (tmp_path / "nothing").exists()


def test_the_help_page_names_every_command(capsys: pytest.CaptureFixture[str]):
    """The help page lists all commands with a line each."""
    assert execute(["--help"]) == 0

    printed = capsys.readouterr().out
    assert all(name in printed for name in COMMANDS)


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_loads(command: str, capsys: pytest.CaptureFixture[str]):
    """Each command's module can be imported and has help."""
    assert execute([command, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


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


def test_a_clear_server_on_the_network_is_refused(data: Path, capsys: pytest.CaptureFixture[str]):
    """`serve` on another address than loopback needs TLS or a proxy."""
    assert call(data, "serve", "--host", "192.0.2.1") == 1
    assert "--tls-cert" in capsys.readouterr().err


def test_dealers_are_listed_as_added(data: Path, capsys: pytest.CaptureFixture[str]):
    """A site that was added is listed with its city, active."""
    told(capsys, data, "dealers", "add", "A001", "First site", "--city-name", "长沙")

    (row,) = told(capsys, data, "dealers", "list")
    assert (row["site_code"], row["city_name"], row["status"]) == ("A001", "长沙", "active")


def test_a_site_code_is_taken_once(data: Path, capsys: pytest.CaptureFixture[str]):
    """Two sites cannot have one code."""
    told(capsys, data, "dealers", "add", "A001", "First site")

    assert "A001" in str(refused(capsys, data, "dealers", "add", "A001", "Second site")["what"])


@pytest.mark.parametrize("arguments", [["--kind", "castle"], ["--city", "x" * 65]])
def test_a_value_outside_the_registry_is_refused(data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]):
    """A site with a kind or code the registry does not take is not added."""
    refused(capsys, data, "dealers", "add", "A001", "First site", *arguments)

    assert told(capsys, data, "dealers", "list") == []


def test_a_site_is_suspended_and_resumed(data: Path, capsys: pytest.CaptureFixture[str]):
    """Suspending and resuming change the status, and doing either twice is refused."""
    told(capsys, data, "dealers", "add", "A001", "First site")

    assert told(capsys, data, "dealers", "suspend", "A001")["status"] == "suspended"
    refused(capsys, data, "dealers", "suspend", "A001")
    refused(capsys, data, "dealers", "invite", "A001")
    assert told(capsys, data, "dealers", "resume", "A001")["status"] == "active"


def test_a_list_is_also_written_to_a_workbook(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """With `--xlsx` a list is in a workbook as well, its cells text and never formulas."""
    told(capsys, data, "dealers", "add", "A001", "=1+1")

    told(capsys, data, "dealers", "list", "--xlsx", tmp_path / "list.xlsx")

    sheet = load_workbook(tmp_path / "list.xlsx").active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][:2] == ["site_code", "site_name"]
    assert rows[1][:2] == ["A001", "'=1+1"]


def test_a_node_enrols_by_file(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A node without a network is let in by carrying two files, and is listed as never seen."""
    voice = enrol(capsys, data, tmp_path)

    (row,) = told(capsys, data, "nodes", "list")
    assert (row["name"], row["site_code"], row["state"]) == ("desk pc", "A001", "never seen")
    assert bytes.fromhex(row["node_id"].replace("-", "")) == voice.node_id


def test_an_invitation_can_bring_the_hubs_card(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """For enrolment without a network the invitation writes the hub's signed card to a file."""
    told(capsys, data, "dealers", "add", "A001", "First site")
    told(capsys, data, "dealers", "invite", "A001", "--card", tmp_path / "card")

    app = opened(data)
    card = open_frame((tmp_path / "card").read_bytes(), HubCard, app.hub.public_key, Purpose.ENROL, app.hub.hub_id)
    app.close()
    assert card.export_key == app.keys.export


def test_why_tells_what_to_do(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """`nodes why` answers in sentences, for a node named by the first characters of its id."""
    voice = enrol(capsys, data, tmp_path)

    answer = told(capsys, data, "nodes", "why", voice.node_id.hex()[:8])

    assert answer["why"] == ["The node is never seen. Ask the dealer to start the node; enrolment itself has worked."]
    refused(capsys, data, "nodes", "why", "ffffffff-ffff")


def test_a_campaign_goes_from_folder_to_report(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Import, publish, progress, export and verify work one after the other on the command line."""
    assert told(capsys, data, "recalls", "import", campaign_folder(tmp_path))["members"] == 3
    assert told(capsys, data, "recalls", "publish", "S2026M0001")["plan_version"] == 1
    assert told(capsys, data, "recalls", "progress", "S2026M0001")["states"]["open"] == 3
    out = told(capsys, data, "export", "recall", "S2026M0001", "--out", tmp_path / "report")

    verified = told(capsys, data, "verify", tmp_path / "report")

    assert (out["members"], out["completed"]) == (3, 0)
    assert (verified["is_valid"], verified["campaign"]) == (True, "S2026M0001")


def test_a_faulty_line_is_named(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A list with a wrong check digit is refused with file and line, and taken as listed when asked for."""
    folder = campaign_folder(tmp_path, VINS[0], with_wrong_digit(VINS[1]), VINS[2])

    failure = refused(capsys, data, "recalls", "import", folder)

    assert [(one["file"], one["line"]) for one in failure["faulty"]] == [("vins.txt", 2)]  # type: ignore[attr-defined]
    assert told(capsys, data, "recalls", "list") == []
    assert told(capsys, data, "recalls", "import", folder, "--keep-faulty")["faulty_lines"] == 1


def test_a_report_with_one_changed_byte_is_refused(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """`verify` ends with code 1 and names the file that differs."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")
    told(capsys, data, "export", "recall", "S2026M0001", "--out", tmp_path / "report")
    content = bytearray((tmp_path / "report/members.ndjson").read_bytes())
    content[10] ^= 1
    (tmp_path / "report/members.ndjson").write_bytes(content)

    assert refused(capsys, data, "verify", tmp_path / "report")["file"] == "members.ndjson"


def test_verify_needs_no_hub(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A report is verified with the published key in a folder where no hub lives."""
    export_key = opened(data).keyring.export.public_pem()
    (tmp_path / "published.pem").write_bytes(export_key)
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")
    told(capsys, data, "export", "recall", "S2026M0001", "--out", tmp_path / "report")

    verified = told(capsys, tmp_path / "no-hub", "verify", tmp_path / "report", "--key", tmp_path / "published.pem")

    assert verified["is_key_pinned"] is True


def contested_vehicle(capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path) -> tuple[str, str]:
    """Two nodes give one vehicle different colours without knowing of each other; the record's id and the lost op."""
    vehicle = vehicle_id(VINS[0])
    visit = draft_of("visit", fixed("visit 1"), {"vehicle_id": vehicle, "status": "open"})
    first = enrol(capsys, data, tmp_path, "first").author()
    second = enrol(capsys, data, tmp_path, "second").author()
    second.wall_ms += 1000
    push(data, first, visit, draft_of("vehicle", vehicle, {"vin": VINS[0], "color": "red"}))
    other = draft_of("visit", fixed("visit 2"), {"vehicle_id": vehicle, "status": "open"})
    code = PushCode.ACCEPTED_WITH_CONFLICTS
    push(data, second, other, draft_of("vehicle", vehicle, {"vin": VINS[0], "color": "blue"}), code=code)
    (conflict,) = told(capsys, data, "conflicts", "list")
    return conflict["record"], conflict["op"][0]


def test_an_overruled_value_is_listed_and_restored(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A colour that lost is listed with its op, and shown again after `conflicts restore`."""
    record, op = contested_vehicle(capsys, data, tmp_path)
    before = told(capsys, data, "conflicts", "show", "vehicle", record)[0]

    told(capsys, data, "conflicts", "restore", "vehicle", record, "color", op)

    assert told(capsys, data, "conflicts", "list") == []
    rows = told(capsys, data, "conflicts", "show", "vehicle", record)
    assert [(row["state"], row["overruled"]) for row in rows] == [("settled", [before["shown"]])]


def test_personal_values_are_masked_in_lists(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A contested name is masked unless it is asked for."""
    customer = fixed("customer")
    first = enrol(capsys, data, tmp_path, "first").author()
    second = enrol(capsys, data, tmp_path, "second").author()
    made = push(data, first, draft_of("customer", customer, {"party_kind": "person", "full_name": "Zhang A"}))
    based_on = (made.op(),)
    push(data, first, draft_of("customer", customer, {"full_name": "Zhang B"}, based_on=based_on))
    code = PushCode.ACCEPTED_WITH_CONFLICTS
    push(data, second, draft_of("customer", customer, {"full_name": "Zhang C"}, based_on=based_on), code=code)

    (masked,) = told(capsys, data, "conflicts", "list")
    (plain,) = told(capsys, data, "conflicts", "list", "--show-personal")

    assert (masked["shown"], masked["overruled"]) == ("***", ["***"])
    assert {plain["shown"], *plain["overruled"]} == {"full_name=Zhang B", "full_name=Zhang C"}


def test_a_parked_set_is_explained_and_released(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A set that builds on an unknown op is listed, explained, and goes on when that op is declared lost."""
    lost = fixed("an op that never arrives")
    author = enrol(capsys, data, tmp_path).author()
    draft = draft_of("customer", fixed("customer"), {"segment": "taxi"}, based_on=(lost,))  # type: ignore[arg-type]
    made = push(data, author, draft, code=PushCode.PARKED)

    (row,) = told(capsys, data, "quarantine", "list")
    why = told(capsys, data, "quarantine", "why", made.nonce.hex()[:6])
    told(capsys, data, "quarantine", "release", made.nonce.hex(), "--reason", "disk lost", "--base-lost", lost.hex())

    assert (row["nonce"], row["reason"]) == (made.nonce.hex(), "unknown-base")
    assert any("waits for op" in sentence for sentence in why["why"])
    assert told(capsys, data, "quarantine", "list") == []


def test_a_release_needs_a_reason(data: Path, capsys: pytest.CaptureFixture[str]):
    """Without a reason nothing is released."""
    assert call(data, "quarantine", "release", "00" * 14) == 2


def test_a_stick_replaces_the_line(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A node's bundle is taken, and the answer for the way back holds receipts and pages only that node can read."""
    voice = enrol(capsys, data, tmp_path)
    app = opened(data)
    vehicle = vehicle_id(VINS[0])
    made = voice.author().write(
        draft_of("visit", fixed("visit"), {"vehicle_id": vehicle, "status": "open"}),
        draft_of("vehicle", vehicle, {"vin": VINS[0]}),
    )
    parts = [(PartKind.HELLO, voice.hello(b"no challenge")), (PartKind.BATCH, encode_batch([made.pushed]))]
    bundle = pack_bundle(
        parts,
        sender=voice.node_id,
        receiver=app.hub.hub_id,
        serial=1,
        created_ms=0,
        hub=app.hub.hub_id,
        signer=signer("key desk"),
    )
    (tmp_path / "stick").write_bytes(encrypt_bundle(bundle, app.keys.exchange))
    app.close()

    result = told(capsys, data, "bundle", "import", tmp_path / "stick", "--out", tmp_path / "answer")
    again = told(capsys, data, "bundle", "import", tmp_path / "stick", "--out", tmp_path / "again")

    own_key = X25519PrivateKey.from_private_bytes(fixed("exchange desk", 32))
    plain = decrypt_bundle((tmp_path / "answer").read_bytes(), own_key)
    _, answered = unpack_bundle(plain, app.hub.public_key, app.hub.hub_id, voice.node_id)
    assert (result["sets"], again["sets"]) == ({"accepted": 1}, {"duplicate": 1})
    assert [kind for kind, _ in answered] == ["hello", "answers", "page"]
    assert decode_answers(answered[1][1])[0].code == PushCode.ACCEPTED
    page = open_frame(answered[2][1], Page, app.hub.public_key, Purpose.FEED, app.hub.hub_id)
    assert vehicle in [row.record for row in page.rows]


def test_a_bundle_for_a_node_brings_its_recalls(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """An exported bundle holds the pages a node lacks and the lists of published recalls."""
    voice = enrol(capsys, data, tmp_path)
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")

    told(capsys, data, "bundle", "export", voice.node_id.hex()[:8], "--out", tmp_path / "stick")

    own_key = X25519PrivateKey.from_private_bytes(fixed("exchange desk", 32))
    app = opened(data)
    _, parts = unpack_bundle(
        decrypt_bundle((tmp_path / "stick").read_bytes(), own_key), app.hub.public_key, app.hub.hub_id, voice.node_id
    )
    app.close()
    assert [kind for kind, _ in parts] == ["page", "segment"]


def test_a_stick_for_somebody_else_is_refused(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A file that was not made for this hub is refused by name."""
    (tmp_path / "stick").write_bytes(
        encrypt_bundle(b"x", X25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw())
    )

    assert refused(capsys, data, "bundle", "import", tmp_path / "stick")["code"] == "bad-bundle"


def test_the_log_verifies_and_the_tables_follow_from_it(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """After enrolments, conflicts and recalls the log is sound and a fold of it gives the very tables."""
    contested_vehicle(capsys, data, tmp_path)
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")

    assert told(capsys, data, "log", "verify")["is_valid"] is True
    checked = told(capsys, data, "rebuild", "--check", "--digest", "A001")
    assert (checked["is_equal"], len(checked["digest"])) == (True, 64)


def test_a_table_that_does_not_follow_from_the_log_is_found(data: Path, capsys: pytest.CaptureFixture[str]):
    """A row that somebody changed behind the log's back is named with code 1, and mended by a rebuild."""
    told(capsys, data, "dealers", "add", "A001", "First site")
    app = opened(data)
    with app.hub.store.write() as transaction:
        transaction.put([row._replace(status="suspended") for row in transaction.scan(DealerRow)])
    app.close()

    assert call(data, "rebuild", "--check", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    told(capsys, data, "rebuild")

    assert [(one["table"], one["problem"]) for one in found["differences"]] == [("DealerRow", "different")]
    assert told(capsys, data, "rebuild", "--check")["is_equal"] is True


def test_a_forged_log_entry_is_found(data: Path, capsys: pytest.CaptureFixture[str]):
    """An entry whose signed bytes were changed is named by position with code 1."""
    told(capsys, data, "dealers", "add", "A001", "First site")
    app = opened(data)
    with app.hub.store.write() as transaction:
        (row,) = transaction.log_rows([2]).values()
        transaction.remove(LogRow, [(2,)])
        transaction.put([row._replace(message=(row.message or b"")[:-1] + b"x")])
    app.close()

    assert call(data, "log", "verify", "--json") == 1
    assert [fault["position"] for fault in json.loads(capsys.readouterr().out)["faults"]] == [2]


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_the_server_answers_on_loopback(data: Path):
    """`carnet-hub serve` is a real process that answers over HTTP and stops cleanly when told to."""
    port = free_port()
    program = Path(sys.executable).with_name("carnet-hub")
    command = [str(program), "--data", str(data), "serve", "--port", str(port), "--log-json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        health = wait_for(f"http://127.0.0.1:{port}/healthz")
        card = httpx.get(f"http://127.0.0.1:{port}/v1/hub")
    finally:
        server.terminate()
        server.wait(timeout=30)

    assert health.json()["status"] == "ok"
    assert card.headers["content-type"] == "application/cbor"
    assert server.returncode in (0, -15)


def wait_for(url: str, seconds: float = 30.0) -> httpx.Response:
    """The first answer of a server that is starting."""
    until = time.monotonic() + seconds
    while True:
        try:
            return httpx.get(url)
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
