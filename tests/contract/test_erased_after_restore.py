"""What was erased stays erased: after a restore of the hub, replays and late sticks, in exports and in backups.

Hub and nodes are the product's own; only the sockets are left out. The scan reads every byte of every file that was
written after the order, unpacked and decrypted where it has to be.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from carnet_hub.adapters.store import scratch_store
from carnet_hub.core.at_rest import plain_opening
from carnet_hub.core.exchange.bundling import pack_for, parts_for, take_bundle
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.log.conflicts import restore_value, show_conflicts
from carnet_hub.core.log.logcheck import verify_log
from carnet_hub.core.log.rebuild import check_projections, rebuild_projections
from carnet_hub.core.rows import LogRow
from carnet_hub.core.upkeep.erasing import ReceiptState, erase_customer, show_receipts
from carnet_hub.entrypoints.cli.main import execute as execute_hub
from carnet_node.bootstrap import Installation
from carnet_node.core.exchange.lists import LISTS
from carnet_node.core.line.bundling import pack_for_hub
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild, rebuild
from carnet_node.entrypoints.cli.main import execute as execute_node
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, record_text, vehicle_id
from carnet_protocol.kinds import CUSTOMER, OWNERSHIP, PHONE, PLATE, VEHICLE, VISIT
from carnet_protocol.registry import ErasureGroup
from carnet_storage.adapters.copying import copies_at, open_copy
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import FolderTarget
from support.api_node import PERSONAL, ApiNode
from support.campaigns import publish
from support.canaries import found_in, hiding_in
from support.hub_apps import TestHub
from support.joined import back_up, back_up_hub, join_site, joined_pair, restore_database, restore_hub, sync
from support.recall_plans import NUMBER as CAMPAIGN_NO
from support.vins import make_vins

FIRST, SECOND, PAPER = "Kanarienvogel-7Q4XZ", "Zeisig-9R2WK", "K7Q4XZ20260007"
NUMBER, SIGN, NOTE = "13900007777", "湘A7Q4XZ", "Stieglitz-3M8VD"
CANARIES = (FIRST, SECOND, PAPER, NUMBER, SIGN, NOTE)
PERSON, CALLED, CAME, SIGNED = (RecordId(letter * 16) for letter in (b"c", b"p", b"v", b"s"))
VIN = make_vins(1)[0]
CAR = vehicle_id(VIN)


@dataclass
class Scene:
    """A person at a site with two machines, erased after the hub's backup.

    Attributes:
        one, other: machines that have carried out the order.
        offline: a machine that has heard of nothing.
        backups: of the hub and of machine `one`, from before the order.
        replayed: every set the hub held before the order, with its values.
        stick: what `offline` has packed about the same person before it.
    """

    hub: TestHub
    one: Installation
    other: Installation
    offline: Installation
    backups: tuple[Path, Path]
    replayed: Sequence[tuple[bytes, bytes]]
    stick: bytes
    order: RecordId

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where hub and synced machines keep their files."""
        return (self.hub.app.settings.data_dir, self.one.settings.data_dir, self.other.settings.data_dir)

    def restore_hub(self) -> None:
        """The hub comes back from before the order."""
        self.hub = restore_hub(self.hub, self.backups[0])

    def rounds(self) -> None:
        """Two rounds of both machines: the second one confirms."""
        for node in (self.one, self.other) * 2:
            sync(node, self.hub)

    def everything_verifies(self) -> bool:
        """Every signature, hash and commitment holds, and tables are what the logs fold to."""
        with scratch_store() as scratch:
            is_folded = check_projections(self.hub.app.hub, scratch).difference_count == 0
        are_nodes = all(check_rebuild(node.node()).differences == () for node in (self.one, self.other))
        return verify_log(self.hub.app.hub).faults == () and is_folded and are_nodes


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """The order is given and carried out by the hub, by `one` and by `other`."""
    hub, one = joined_pair(tmp_path)
    other, offline = join_site(hub, tmp_path / "other"), join_site(hub, tmp_path / "offline")
    publish(hub, [VIN])
    record_person(one)
    commit(other.node(), [name_of(SECOND)])
    stick = late_stick(offline)
    for node in (one, other, one):
        sync(node, hub)
    rule(hub)
    for node in (one, other):
        sync(node, hub)
    backups = back_up_hub(hub, tmp_path), back_up(one, tmp_path / "one.db")
    replayed = sets_held(hub)
    (order,) = erase_customer(hub.app.hub, PERSON, frozenset(ErasureGroup), ground="request").orders
    made = Scene(hub, one, other, offline, backups, replayed, stick, order)
    made.rounds()
    return made


def name_of(name: str) -> Draft:
    """A name for the person, from a machine that knows of no other."""
    return Draft(CUSTOMER, PERSON, {"party_kind": "person", "full_name": name})


def record_person(node: Installation) -> None:
    """The front desk records a person with papers, phone, car, plate and a visit that does the recall."""
    drafts = [
        Draft(CUSTOMER, PERSON, {"party_kind": "person", "full_name": FIRST, "id_type": "other", "id_no": PAPER}),
        Draft(PHONE, CALLED, {"customer_id": PERSON, "number": NUMBER}),
        Draft(VEHICLE, CAR, {"vin": VIN}),
        Draft(OWNERSHIP, RecordId(b"o" * 16), {"vehicle_id": CAR, "customer_id": PERSON, "role": "owner"}),
        Draft(PLATE, SIGNED, {"vehicle_id": CAR, "plate_no": SIGN}),
        Draft(VISIT, CAME, {"vehicle_id": CAR, "customer_id": PERSON, "sender_name": FIRST, "customer_note": NOTE}),
    ]
    commit(node.node(), drafts)


def late_stick(node: Installation) -> bytes:
    """What a machine without a line packs about the person."""
    commit(node.node(), [name_of(FIRST), Draft(PHONE, RecordId(b"q" * 16), {"customer_id": PERSON, "number": NUMBER})])
    return pack_for_hub(node.node(), software="test").plain


def rule(hub: TestHub) -> None:
    """An operator decides which of two names is shown: a set of the hub's own with a personal value."""
    (conflict,) = show_conflicts(hub.app.hub, CUSTOMER, PERSON).open
    restore_value(hub.app.hub, CUSTOMER, PERSON, register=conflict.register, op=conflict.overruled[0].op)


def sets_held(hub: TestHub) -> list[tuple[bytes, bytes]]:
    """Every set of the hub's log as it was sent."""
    with hub.app.hub.store.read() as snapshot:
        rows = [row for row in snapshot.scan(LogRow) if row.message is not None]
        return [(row.message or b"", plain_opening(hub.app.hub.box, row.opening, row.nonce)) for row in rows]


def bring(hub: TestHub, stick: bytes) -> bytes:
    """The hub takes a node's bundle; returns the answer for the way back."""
    taken = take_bundle(hub.app.hub, stick)
    parts = [*taken.parts, *parts_for(hub.app.hub, hub.app.segments, taken.node, taken.since)]
    return pack_for(hub.app.hub, taken.node, parts)


def test_the_scan_finds_what_is_there(scene: Scene):
    """Every value lay in the hub's files before the order, so that the scan is no idle one."""
    (backup, _) = scene.backups
    plain = b"".join(opening for _, opening in scene.replayed)

    assert hiding_in([backup], [FIRST, SECOND, NUMBER, SIGN, NOTE]) == [backup.name]
    assert [one for one in CANARIES if not found_in(plain, [one])] == []


def test_a_hub_from_before_the_order_erases_again(scene: Scene):
    """One round after the restore the order holds again, no file has a value, and the machines confirm anew."""
    scene.restore_hub()

    scene.rounds()

    assert hiding_in(scene.folders, CANARIES) == []
    assert scene.everything_verifies()
    states = {one.node.node_id: one.state for one in show_receipts(scene.hub.app.hub, scene.order)}
    assert states.pop(scene.offline.node().identity.node_id) is ReceiptState.MISSING
    assert set(states.values()) == {ReceiptState.CONFIRMED}


def test_replayed_messages_bring_nothing_back(scene: Scene):
    """Every set of the old log, sent again with its values to the restored hub, leaves none of them."""
    scene.restore_hub()
    scene.rounds()

    for _ in range(2):
        receive_sets(scene.hub.app.hub, scene.replayed)
    rebuild_projections(scene.hub.app.hub)
    scene.rounds()

    assert hiding_in(scene.folders, CANARIES) == []
    assert scene.everything_verifies()


def test_a_late_stick_to_a_restored_hub_brings_nothing_back(scene: Scene):
    """A stick from before the order is taken by the restored hub, answered, and leaves no value anywhere."""
    scene.restore_hub()
    scene.rounds()

    answers = [bring(scene.hub, scene.stick) for _ in range(2)]
    scene.rounds()

    assert found_in(b"".join(answers), CANARIES) == []
    assert hiding_in(scene.folders, CANARIES) == []
    assert scene.everything_verifies()


def test_a_machine_and_the_hub_set_back_together_erase_again(scene: Scene):
    """Hub and machine both come back from before the order; another machine that knows it is enough."""
    scene.restore_hub()
    scene.one = restore_database(scene.one, scene.backups[1])

    sync(scene.other, scene.hub)
    scene.rounds()
    rebuild(scene.one.node())

    assert hiding_in(scene.folders, CANARIES) == []
    assert scene.everything_verifies()


def test_no_export_holds_a_value(scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Lists, workbooks and the signed report of hub and machines, made after the order, are free of the values."""
    out = tmp_path / "exports"
    out.mkdir()
    at_hub, at_node = ["--data", str(scene.folders[0])], ["--data", str(scene.folders[1])]
    hub_lists = (["conflicts", "list"], ["erasures", "list"], ["quarantine", "list"])
    node_lists = (["customers", "list"], ["visits", "list"], ["vehicles", "list"], ["conflicts", "list"])

    codes = [execute_hub([*at_hub, *one, "--xlsx", str(out / f"hub {' '.join(one)}.xlsx")]) for one in hub_lists]
    codes += [execute_node([*at_node, *one, "--xlsx", str(out / f"node {' '.join(one)}.xlsx")]) for one in node_lists]
    codes.append(execute_hub([*at_hub, "export", "recall", CAMPAIGN_NO, "--out", str(out / "report")]))

    assert set(codes) == {0}
    assert len(list(out.rglob("*"))) > len(codes)
    assert hiding_in([out], CANARIES) == []
    assert found_in(capsys.readouterr().out.encode(), CANARIES) == []


def answers_of(node: Installation) -> bytes:
    """Everything the JSON API shows of the person in full: lists, files, searches, overruled values, what waits."""
    api = ApiNode(node.node())
    shown = [f"/api/{name}" for name in ("customers", "vehicles", "visits", "conflicts?settled=true", "conflicts/held")]
    shown += [f"/api/customers/{record_text(PERSON)}", f"/api/vehicles/{record_text(CAR)}"]
    shown += [f"/api/visits/{record_text(CAME)}", "/api/status"]
    answers = [api.ask("GET", path, headers=PERSONAL).content for path in shown]
    for one in CANARIES:
        hits = api.ask("POST", "/api/search", {"text": one, "limit": 20}, headers=PERSONAL).json()["hits"]
        answers.append(json.dumps(hits, ensure_ascii=False).encode())
    return b"\n".join(answers)


def test_no_answer_of_the_api_holds_a_value(scene: Scene):
    """Programs at the site get none of the values any more, also from a restored machine; one not reached has some."""
    scene.one = restore_database(scene.one, scene.backups[1])
    scene.rounds()

    answers = [answers_of(node) for node in (scene.one, scene.other)]

    assert [found_in(one, CANARIES) for one in answers] == [[], []]
    assert found_in(answers_of(scene.offline), CANARIES) != []


@pytest.mark.parametrize("name", LISTS)
def test_no_list_taken_out_holds_a_value(scene: Scene, tmp_path: Path, name: str):
    """A list of the site, taken out in full after the order, is free of the values, in the file and its table."""
    out = tmp_path / "taken out"
    out.mkdir()

    code = execute_node(["--data", str(scene.folders[1]), "export", name, str(out / "list.xlsx"), "--show-personal"])

    assert (code, [one.name for one in out.iterdir()]) == (0, ["list.xlsx"])
    assert hiding_in([out], CANARIES) == []


def test_no_copy_made_afterwards_holds_a_value(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An encrypted copy of the hub or of a machine, made after the order and opened, is free of the values."""
    copies, opened = tmp_path / "copies", tmp_path / "opened"
    copies.mkdir()
    opened.mkdir()
    monkeypatch.setenv("CARNET_HUB_BACKUP_COPY_TO", str(copies))
    monkeypatch.setenv("CARNET_NODE_BACKUP_COPY_TO", str(copies))
    keys = {"hub": scene.hub.app.keyring.data_key, "node": scene.one.keyring.data_key}

    codes = {
        execute_hub(["--data", str(scene.folders[0]), "backup", "now"]),
        execute_node(["--data", str(scene.folders[1]), "backup", "now"]),
    }
    made = copies_at(FolderTarget(copies), Secrets())
    for name in made.list(None):
        open_copy(made, name, lambda header: keys[header.product], opened / f"{name.product}.db")

    assert codes == {0}
    assert {path.name for path in opened.iterdir()} == {"hub.db", "node.db"}
    assert hiding_in([copies, opened], CANARIES) == []
