"""docs/walkthrough.md, done: nine steps under the same nine headings, each with what must be true after it.

One car, two dealers without a line, one hub, one recall. Every step uses what the step before left behind, so this is
one test; the headings are compared with the page by another.
"""

import json
import re
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import httpx
import pytest

from carnet_hub.adapters.report_files import verify_export, write_export
from carnet_hub.core.campaigns.recall_export import prepare_export
from carnet_hub.core.campaigns.recalls import members_of
from carnet_hub.core.campaigns.report import report_files
from carnet_node.core.failures import HubUnreachable
from carnet_node.core.log.rebuild import check_rebuild
from carnet_protocol.changeset import reread_set
from carnet_protocol.envelope import Purpose, read_envelope, verify_envelope
from carnet_protocol.ids import HubId, OpId, nonce_of
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import Receipt, open_frame
from carnet_protocol.seals import parse_opening
from journey.story import CAMPAIGN_NO, VIN, Dealer, Stage

WALKTHROUGH = Path(__file__).resolve().parents[2] / "docs" / "walkthrough.md"
COMPLAINT = "刹车踏板变硬"
KM = 42_000


async def the_form_becomes_a_command(stage: Stage) -> None:
    """1. The form becomes a command."""
    hangzhou: Dealer = stage.kept["hangzhou"]

    customer = await hangzhou.post("/api/customers", values={"party_kind": "person", "full_name": "王小明"})
    vehicle = await hangzhou.post("/api/vehicles", vin=VIN, values={"color": "WHITE"})
    refused = await hangzhou.desk.patch(f"/api/vehicles/{vehicle['id']}", json={"changes": {"color": "RED"}})

    assert refused.status_code == 422, "whoever writes must have read: heads are never filled in"
    assert "based_on" in refused.text
    stage.kept |= {"customer": customer["id"], "vehicle": vehicle["id"], "vehicle view": vehicle["view"]}


async def the_command_becomes_drafts(stage: Stage) -> None:
    """2. The command becomes drafts."""
    hangzhou: Dealer = stage.kept["hangzhou"]
    car = {"vehicle_id": stage.kept["vehicle"], "customer_id": stage.kept["customer"]}
    job = {"values": {"complaint": COMPLAINT, "op_name": "制动检查", "pay_type": "customer"}}
    part = {"part_no": "46402-TVA", "part_name": "真空管", "quantity_hundredths": 100, "price_fen": 28_000}

    silent = await hangzhou.desk.post("/api/visits", json={**car, "values": {}})
    visit = await hangzhou.post("/api/visits", **car, values={"odometer_in_km": KM}, jobs=[{**job, "parts": [part]}])

    assert silent.status_code == 422, "an order says what the odometer reads, or that nobody can read it"
    kinds = [REGISTRY.by_number[op.kind].name for op in reread_set(*_last(hangzhou)).ops]
    assert kinds == ["visit", "job", "part_line", "odometer_reading"]
    stage.kept |= {"visit": visit["id"], "visit view": visit["view"]}


async def the_drafts_become_a_sealed_change_set(stage: Stage) -> None:
    """3. The drafts become a sealed change set."""
    hangzhou: Dealer = stage.kept["hangzhou"]
    logged = hangzhou.last_set()

    change_set = reread_set(*_last(hangzhou))
    key = hangzhou.installation.keyring.signing_public
    payload = verify_envelope(read_envelope(logged.message), key, Purpose.CHANGESET, hangzhou.node.identity.hub_id)

    assert COMPLAINT.encode() not in payload, "no personal value stands in signed bytes"
    assert COMPLAINT.encode() in logged.opening
    opened = parse_opening(logged.opening, change_set.ops)
    assert len(opened.values) == sum(len(op.seals) for op in change_set.ops) > 0
    assert change_set.header.seq == logged.seq


async def one_transaction_log_and_fold(stage: Stage) -> None:
    """4. One transaction: log and fold."""
    hangzhou: Dealer = stage.kept["hangzhou"]

    shown = await hangzhou.get(f"/api/visits/{stage.kept['visit']}")
    checked = check_rebuild(hangzhou.node)

    assert shown["visit"]["sync"] == "local only"
    assert shown["visit"]["values"]["customer_fen"] == 28_000
    assert checked.differences == (), "the tables are what the log folds to"


async def push(stage: Stage) -> None:
    """5. Push."""
    hangzhou: Dealer = stage.kept["hangzhou"]
    wuhan: Dealer = stage.kept["wuhan"]
    await wuhan.post("/api/vehicles", vin=VIN, values={"color": "SILVER"})

    line_down = Dealer(hangzhou.installation, _DeadLine())
    with pytest.raises(HubUnreachable):
        await line_down.sync()
    first = await hangzhou.sync()
    again = await hangzhou.sync()

    assert first.is_complete
    assert again.push.sent == 0, "what was acknowledged is not sent again"


async def admission(stage: Stage) -> None:
    """6. Admission."""
    hangzhou: Dealer = stage.kept["hangzhou"]
    logged = hangzhou.last_set()

    with stage.hub.store.read() as snapshot:
        admitted = snapshot.admissions([logged.nonce])[logged.nonce]
        entry = snapshot.log_rows([admitted.stored_at])[admitted.stored_at]

    assert entry.message == logged.message, "the hub keeps the bytes as they were signed"
    assert entry.seq == logged.seq
    stage.kept["position"] = entry.position


async def fold_conflicts_feed(stage: Stage) -> None:
    """7. Fold, conflicts, feed."""
    wuhan: Dealer = stage.kept["wuhan"]

    await wuhan.sync()

    with stage.hub.store.read() as snapshot:
        contested = snapshot.contested((0, b""), 10)
    assert [row.kind for row in contested] == [REGISTRY["vehicle"].number], (
        "two colours, written without knowing of each other"
    )


async def receipt_and_page_come_back(stage: Stage) -> None:
    """8. Receipt and page come back."""
    hangzhou: Dealer = stage.kept["hangzhou"]
    await hangzhou.sync()
    logged, identity = hangzhou.last_set(), hangzhou.node.identity

    assert logged.receipt is not None
    receipt = open_frame(logged.receipt, Receipt, identity.hub_signing_key, Purpose.RECEIPT, identity.hub_id)
    lost = [one for one in (await hangzhou.get("/api/conflicts"))["conflicts"] if one["register"] == "color"]

    assert (receipt.set_hash, receipt.position) == (logged.set_hash, stage.kept["position"])
    assert [one["overruled"]["values"]["color"] for one in lost] == ["WHITE"], (
        "what lost stays visible where it was written"
    )
    assert lost[0]["shown"]["values"]["color"] == "SILVER"


async def a_report_that_cites_the_change_set(stage: Stage) -> None:
    """9. A report that cites the change set."""
    hangzhou: Dealer = stage.kept["hangzhou"]
    stage.publish_recall()
    await hangzhou.sync()

    hit = await hangzhou.post("/api/recalls/check", identifier=VIN)
    await hangzhou.post(f"/api/visits/{stage.kept['visit']}/completions", campaign_no=CAMPAIGN_NO, method="replaced")
    await hangzhou.sync()
    report = _export(stage)

    assert hit["state"] == "hit"
    assert _openssl_verifies(report)
    row = json.loads((report / "completions.ndjson").read_text(encoding="utf-8").splitlines()[0])
    cited = bytes.fromhex(row["op_id"])
    with hangzhou.node.store.read() as tx:
        source = tx.set_by_nonce(nonce_of(OpId(cited)))
    assert source is not None
    assert source.set_hash.hex() == row["set_hash"], "the row leads back to the bytes typed at the desk"
    stage.kept["row"] = row


def _last(dealer: Dealer) -> tuple[bytes, HubId]:
    """The newest set of a dealer, as `reread_set` takes it."""
    return dealer.last_set().message, dealer.node.identity.hub_id


def _logged_at_desk(stage: Stage, nonce: bytes) -> bytes:
    """The bytes of a set as the dealer who typed it has them."""
    with stage.kept["hangzhou"].node.store.read() as tx:
        logged = tx.set_by_nonce(nonce)
    return logged.message if logged is not None else b""


def _export(stage: Stage) -> Path:
    """The signed report of the campaign."""
    app, out = stage.hub, stage.folder / "report"
    prepared = prepare_export(app.hub, app.segments, CAMPAIGN_NO)
    members = members_of(app.segments, prepared.campaign)
    files = report_files(prepared.head, prepared.progress, members, prepared.citations)
    write_export(out, prepared.head, files, app.keyring.export)
    verify_export(out)
    return out


def _openssl_verifies(folder: Path) -> bool:
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "export-key.pem", "-rawin"]
    command += ["-in", "manifest.txt", "-sigfile", "manifest.sig"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


class _DeadLine(httpx.ASGITransport):
    """A line that is down."""

    def __init__(self) -> None:
        """Nothing is behind it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """No connection."""
        raise httpx.ConnectError("line down", request=request)


STEPS: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    the_form_becomes_a_command,
    the_command_becomes_drafts,
    the_drafts_become_a_sealed_change_set,
    one_transaction_log_and_fold,
    push,
    admission,
    fold_conflicts_feed,
    receipt_and_page_come_back,
    a_report_that_cites_the_change_set,
)


def test_one_change_set_goes_from_keystroke_to_report(tmp_path: Path):
    """What an advisor types offline ends in a signed report whose row cites the very change set."""
    stage = Stage(tmp_path)

    async def tell() -> None:
        stage.kept["hangzhou"] = await stage.enrol("HZ01", "Hangzhou")
        stage.kept["wuhan"] = await stage.enrol("WH01", "Wuhan")
        for step in STEPS:
            await step(stage)

    anyio.run(tell)

    row, nonce = stage.kept["row"], nonce_of(OpId(bytes.fromhex(stage.kept["row"]["op_id"])))
    with stage.hub.store.read() as snapshot:
        entry = snapshot.log_rows([snapshot.admissions([nonce])[nonce].stored_at]).popitem()[1]
    assert (row["vin"], row["set_hash"], entry.message) == (VIN, entry.set_hash.hex(), _logged_at_desk(stage, nonce))


def test_the_headings_are_those_of_the_walkthrough():
    """The page and the journey have the same nine headings, in the same order."""
    page = re.findall(r"^## (\d\. .+)$", WALKTHROUGH.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert [(step.__doc__ or "").removesuffix(".") for step in STEPS] == page
