"""The operator's daily work at the command line: recalls, conflicts, quarantine, bundles, checks."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from carnet_hub.adapters.bundle_files import decrypt_bundle, encrypt_bundle
from carnet_hub.core.rows import DealerRow, LogRow
from carnet_protocol.bundle import PartKind, pack_bundle, unpack_bundle
from carnet_protocol.changeset import reread_set
from carnet_protocol.envelope import Purpose, read_envelope, verify_envelope
from carnet_protocol.ids import record_text, vehicle_id
from carnet_protocol.messages import Page, PushCode, decode_answers, encode_batch, open_frame
from support.authors import draft_of
from support.hub_cli import VINS, Printed, call, campaign_folder, enrol, opened, push, refused, told
from support.hub_world import customer
from support.protocol import fixed, signer
from support.vins import with_wrong_digit


def test_a_campaign_goes_from_folder_to_report(data: Path, tmp_path: Path, capsys: Printed):
    """Import, publish, progress, export and verify work one after the other on the command line."""
    assert told(capsys, data, "recalls", "import", campaign_folder(tmp_path))["members"] == 3
    assert told(capsys, data, "recalls", "publish", "S2026M0001")["plan_version"] == 1
    assert told(capsys, data, "recalls", "progress", "S2026M0001")["states"]["open"] == 3
    out = told(capsys, data, "export", "recall", "S2026M0001", "--out", tmp_path / "report")

    verified = told(capsys, data, "verify", tmp_path / "report")

    assert (out["members"], out["completed"]) == (3, 0)
    assert (verified["is_valid"], verified["campaign"]) == (True, "S2026M0001")


def test_progress_is_kept_and_counted_anew_on_demand(data: Path, tmp_path: Path, capsys: Printed):
    """Both ways give the same figures, and each says what it was counted from."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")

    kept = told(capsys, data, "recalls", "progress", "S2026M0001")
    anew = told(capsys, data, "recalls", "progress", "S2026M0001", "--recount")

    differing = {name: (kept[name], anew[name]) for name in kept if kept[name] != anew[name] and name != "counted_at"}
    assert differing == {"counted_from": ("kept sums", "every record")}


def test_a_faulty_line_is_named(data: Path, tmp_path: Path, capsys: Printed):
    """A list with a wrong check digit is refused with file and line, and taken as listed when asked for."""
    folder = campaign_folder(tmp_path, VINS[0], with_wrong_digit(VINS[1]), VINS[2])

    failure = refused(capsys, data, "recalls", "import", folder)

    assert [(one["file"], one["line"]) for one in failure["faulty"]] == [("vins.txt", 2)]  # type: ignore[attr-defined]
    assert told(capsys, data, "recalls", "list") == []
    assert told(capsys, data, "recalls", "import", folder, "--keep-faulty")["faulty_lines"] == 1


def test_a_cited_op_leads_to_the_signed_bytes(data: Path, tmp_path: Path, capsys: Printed):
    """`log show` gives the bytes whose hash a report cites, and the key that verifies them, but no personal value."""
    made = push(data, enrol(capsys, data, tmp_path).author(), customer(full_name="测试甲"))

    found = told(capsys, data, "log", "show", made.op().hex(), "--out", tmp_path / "set")

    message = (tmp_path / "set").read_bytes()
    app = opened(data)
    verify_envelope(read_envelope(message), bytes.fromhex(found["signing_key"]), Purpose.CHANGESET, app.hub.hub_id)
    app.close()
    assert (message, found["set_hash"]) == (made.message, reread_set(message, app.hub.hub_id).set_hash.hex())
    assert "测试甲".encode() not in message


def test_an_op_that_never_arrived_leads_nowhere(data: Path, capsys: Printed):
    """An unknown op id is refused by `log show`."""
    assert refused(capsys, data, "log", "show", bytes(16).hex())["code"] == "not-found"


def test_a_report_with_one_changed_byte_is_refused(data: Path, tmp_path: Path, capsys: Printed):
    """`verify` ends with code 1 and names the file that differs."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")
    told(capsys, data, "export", "recall", "S2026M0001", "--out", tmp_path / "report")
    content = bytearray((tmp_path / "report/members.ndjson").read_bytes())
    content[10] ^= 1
    (tmp_path / "report/members.ndjson").write_bytes(content)

    assert refused(capsys, data, "verify", tmp_path / "report")["file"] == "members.ndjson"


def test_the_export_key_can_be_published_again(data: Path, tmp_path: Path, capsys: Printed):
    """`export key` prints what `init` printed once, and writes the file that `verify --key` takes."""
    printed = told(capsys, data, "export", "key", "--out", tmp_path / "published.pem")

    signer_of_exports = opened(data).keyring.export
    assert printed["fingerprint"] == signer_of_exports.fingerprint
    assert (tmp_path / "published.pem").read_bytes() == signer_of_exports.public_pem()


def test_verify_needs_no_hub(data: Path, tmp_path: Path, capsys: Printed):
    """A report is verified with the published key in a folder where no hub lives."""
    export_key = opened(data).keyring.export.public_pem()
    (tmp_path / "published.pem").write_bytes(export_key)
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")
    told(capsys, data, "export", "recall", "S2026M0001", "--out", tmp_path / "report")

    verified = told(capsys, tmp_path / "no-hub", "verify", tmp_path / "report", "--key", tmp_path / "published.pem")

    assert verified["is_key_pinned"] is True


def contested_vehicle(capsys: Printed, data: Path, tmp_path: Path) -> tuple[str, str]:
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
    return conflict["id"], conflict["overruled"]["op"]


def test_a_site_s_assignments_are_listed_with_their_ground(data: Path, tmp_path: Path, capsys: Printed):
    """`dealers assignments` names car, ground, op and set, for whoever asks why a site saw a history."""
    vehicle = vehicle_id(VINS[0])
    visit = draft_of("visit", fixed("visit 1"), {"vehicle_id": vehicle, "status": "open"})
    made = push(data, enrol(capsys, data, tmp_path).author(), draft_of("vehicle", vehicle, {"vin": VINS[0]}), visit)

    (listed,) = told(capsys, data, "dealers", "assignments", "A001")

    assert (listed["vin"], listed["ground"], listed["op"], listed["seq"], listed["is_shared"]) == (
        VINS[0],
        "visit",
        made.op(1).hex(),
        1,
        False,
    )


def test_an_overruled_value_is_listed_and_restored(data: Path, tmp_path: Path, capsys: Printed):
    """A colour that lost is listed with its op, and shown again after `conflicts restore`."""
    record, op = contested_vehicle(capsys, data, tmp_path)
    before = told(capsys, data, "conflicts", "show", "vehicle", record)[0]

    told(capsys, data, "conflicts", "restore", "vehicle", record, "color", op)

    assert told(capsys, data, "conflicts", "list") == []
    rows = told(capsys, data, "conflicts", "show", "vehicle", record)
    assert [(row["state"], row["overruled"]) for row in rows] == [("settled", before["shown"])]


def test_a_conflict_has_the_form_that_the_node_prints(data: Path, tmp_path: Path, capsys: Printed):
    """Ops are 32 hex digits, records UUIDs, authors site codes: what one side lists can be typed at the other."""
    _, op = contested_vehicle(capsys, data, tmp_path)

    (row,) = told(capsys, data, "conflicts", "list")

    assert (row["kind"], row["id"], row["owner"], row["rule"], row["settled_by"]) == (
        "vehicle",
        record_text(vehicle_id(VINS[0])),
        "A001",
        "latest",
        None,
    )
    assert (op, bytes.fromhex(op).hex(), len(op)) == (row["overruled"]["op"], op, 32)
    assert [row[side]["author"] for side in ("shown", "overruled")] == ["A001"] * 2
    assert row["overruled"].keys() == {"op", "values", "author", "author_id", "at"}


def test_a_conflict_is_one_line_with_site_and_time(data: Path, tmp_path: Path, capsys: Printed):
    """People see on one line what is shown, what is not, who wrote that, when, and the op that brings it back."""
    record, op = contested_vehicle(capsys, data, tmp_path)
    (row,) = told(capsys, data, "conflicts", "list")

    call(data, "conflicts", "list")

    line = next(one for one in capsys.readouterr().out.splitlines() if record in one)
    cells = [cell.strip() for cell in line.strip("│").split("│")]
    at = row["overruled"]["at"]
    assert cells == ["vehicle", record, "color", "color=blue", "color=red", "A001", at, "latest", op]


def test_personal_values_are_masked_in_lists(data: Path, tmp_path: Path, capsys: Printed):
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

    seen = [[one[side]["values"] for side in ("shown", "overruled")] for one in (masked, plain)]
    assert seen[0] == [{"full_name": "***"}] * 2
    assert {one["full_name"] for one in seen[1]} == {"Zhang B", "Zhang C"}


def test_a_parked_set_is_explained_and_released(data: Path, tmp_path: Path, capsys: Printed):
    """A set that builds on an unknown op is listed, explained, and goes on when that op is declared lost."""
    lost = fixed("an op that never arrives")
    author = enrol(capsys, data, tmp_path).author()
    draft = draft_of("customer", fixed("customer"), {"segment": "taxi"}, based_on=(lost,))  # type: ignore[arg-type]
    made = push(data, author, draft, code=PushCode.PARKED)

    (row,) = told(capsys, data, "quarantine", "list")
    why = told(capsys, data, "quarantine", "why", made.nonce.hex()[:6])
    told(capsys, data, "quarantine", "release", made.nonce.hex(), "--reason", "disk lost", "--base-lost", lost.hex())

    assert (row["nonce"], row["reason"]) == (made.nonce.hex(), "unknown-base")
    assert f"It waits for op {lost.hex()}." in why["why"]
    assert why["waits_for"] == [lost.hex()]
    assert told(capsys, data, "quarantine", "list") == []


def test_a_set_is_given_up_only_when_it_is_meant(data: Path, tmp_path: Path, capsys: Printed):
    """Unasked it stays parked, and the refusal says what cannot be taken back; with `--yes` it is given up."""
    author = enrol(capsys, data, tmp_path).author()
    draft = draft_of("customer", fixed("customer"), {"segment": "taxi"}, based_on=(fixed("never"),))  # type: ignore[arg-type]
    nonce = push(data, author, draft, code=PushCode.PARKED).nonce.hex()

    unasked = refused(capsys, data, "quarantine", "give-up", nonce[:6], "--reason", "disk lost")
    still = told(capsys, data, "quarantine", "list")
    told(capsys, data, "quarantine", "give-up", nonce[:6], "--reason", "disk lost", "--yes")

    assert unasked["code"] == "not-confirmed"
    assert nonce in str(unasked["what"])
    assert [one["nonce"] for one in still] == [nonce]
    assert told(capsys, data, "quarantine", "list") == []


def test_a_release_needs_a_reason(data: Path, capsys: Printed):
    """Without a reason nothing is released."""
    assert call(data, "quarantine", "release", "00" * 14) == 2


def test_a_stick_replaces_the_line(data: Path, tmp_path: Path, capsys: Printed):
    """A node's bundle is taken, and the answer for the way back holds receipts and pages only that node can read."""
    voice = enrol(capsys, data, tmp_path)
    app = opened(data)
    vehicle = vehicle_id(VINS[0])
    made = voice.author().write(
        draft_of("visit", fixed("visit"), {"vehicle_id": vehicle, "status": "open"}),
        draft_of("vehicle", vehicle, {"vin": VINS[0]}),
    )
    parts = [(PartKind.HELLO, voice.hello(b"")), (PartKind.BATCH, encode_batch([made.pushed]))]
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


def test_a_bundle_for_a_node_brings_its_recalls(data: Path, tmp_path: Path, capsys: Printed):
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
    assert [kind for kind, _ in parts] == ["page", "segment", "recall-lists"]


def test_a_stick_for_somebody_else_is_refused(data: Path, tmp_path: Path, capsys: Printed):
    """A file that was not made for this hub is refused by name."""
    (tmp_path / "stick").write_bytes(
        encrypt_bundle(b"x", X25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw())
    )

    assert refused(capsys, data, "bundle", "import", tmp_path / "stick")["code"] == "bad-bundle"


def test_the_log_verifies_and_the_tables_follow_from_it(data: Path, tmp_path: Path, capsys: Printed):
    """After enrolments, conflicts and recalls the log is sound and a fold of it gives the very tables."""
    contested_vehicle(capsys, data, tmp_path)
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")

    assert told(capsys, data, "log", "verify")["is_valid"] is True
    checked = told(capsys, data, "rebuild", "--check", "--digest", "A001")
    assert (checked["is_equal"], len(checked["digest"])) == (True, 64)


def test_a_table_that_does_not_follow_from_the_log_is_found(data: Path, capsys: Printed):
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


def test_a_forged_log_entry_is_found(data: Path, capsys: Printed):
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


def test_a_customer_is_erased_and_nodes_confirm(data: Path, tmp_path: Path, capsys: Printed):
    """The order names what belongs to the customer, and the list counts a node as missing until it has read it."""
    voice = enrol(capsys, data, tmp_path)
    person = fixed("person")
    push(data, voice.author(), draft_of("customer", person, {"party_kind": "person", "full_name": "测试甲"}))

    erased = told(capsys, data, "erase", record_text(person), "--ground", "request", "--groups", "identity", "--yes")

    (line,) = told(capsys, data, "erasures", "list")
    (receipt,) = told(capsys, data, "erasures", "show", erased["orders"][0][:13], "--missing")
    assert (erased["records"], erased["groups"]) == ({"customer": 1}, ["identity"])
    assert (line["missing"], line["confirmed"], receipt["state"]) == (1, 0, "missing")


def test_erasing_twice_says_so(data: Path, tmp_path: Path, capsys: Printed):
    """The second order for the same groups ends with code 1 and names the first."""
    person = fixed("person")
    push(data, enrol(capsys, data, tmp_path).author(), draft_of("customer", person, {"party_kind": "person"}))
    erased = told(capsys, data, "erase", record_text(person), "--ground", "request", "--yes")

    failure = refused(capsys, data, "erase", record_text(person), "--ground", "request", "--yes")

    assert (failure["code"], failure["orders"]) == ("already-erased", erased["orders"])


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("no-id", "--ground", "request"), id="no id"),
        pytest.param((record_text(bytes(16)), "--ground", "request"), id="nobody"),
        pytest.param((record_text(bytes(16)), "--ground", "request", "--groups", "phones"), id="no such group"),
    ],
)
def test_an_order_that_names_nothing_is_refused(data: Path, capsys: Printed, arguments: tuple[str, ...]):
    """Without a customer or a group there is nothing to erase, and no order is written."""
    assert refused(capsys, data, "erase", *arguments, "--yes")["code"] == "unusable"

    assert told(capsys, data, "erasures", "list") == []
