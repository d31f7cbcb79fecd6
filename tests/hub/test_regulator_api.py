"""The regulator API: who may ask what, what leaves the hub, and that every access is written down."""

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from carnet_hub.adapters.system import make_turn
from carnet_hub.core.campaigns.recalls import withdraw_campaign
from carnet_hub.core.failures import Unusable
from carnet_hub.core.outside.access_ledger import Access, vehicle_reference
from carnet_hub.core.outside.named_exports import ask_export, asker_of, release_export
from carnet_hub.core.outside.regulator_door import Caller, Door
from carnet_hub.core.outside.regulators import Scope, Token, recognise_token
from carnet_hub.core.regulator_limits import ASKED_AT_ONCE, STRANGERS_AT_ONCE
from carnet_hub.entrypoints.http.regulator_api import PREFIX
from support.hub_http import problem
from support.outside import DONE, INSIDE, NUMBER, OPEN, OUTSIDE, OWNER_NAME, STRANGER, Outside, begin_outside
from support.recall_plans import NO_DEFECT

ASKED = {"campaign_no": NUMBER, "case_no": "〔2026〕12", "vins": [OPEN]}
ENDPOINTS: dict[tuple[str, str], tuple[Scope, str, dict[str, Any]]] = {
    ("GET", "/campaigns"): (Scope.CAMPAIGNS, "/campaigns", {}),
    ("GET", "/campaigns/{campaign_no:path}"): (Scope.CAMPAIGNS, f"/campaigns/{NUMBER}", {}),
    ("GET", "/campaigns/{campaign_no:path}/progress"): (Scope.PROGRESS, f"/campaigns/{NUMBER}/progress", {}),
    ("GET", "/plans/{sha256}"): (Scope.CAMPAIGNS, "/plans/{plan}", {}),
    ("GET", "/plans/{sha256}/signature"): (Scope.CAMPAIGNS, "/plans/{plan}/signature", {}),
    ("GET", "/changes"): (Scope.CHANGES, "/changes", {}),
    ("POST", "/vehicles"): (Scope.VEHICLES, "/vehicles", {"json": {"vin": OPEN}}),
    ("POST", "/named-exports"): (Scope.OWNERS, "/named-exports", {"json": ASKED}),
    ("GET", "/named-exports"): (Scope.OWNERS, "/named-exports", {}),
    ("GET", "/named-exports/to-release"): (Scope.RELEASE, "/named-exports/to-release", {}),
    ("POST", "/named-exports/{request_id}/release"): (Scope.RELEASE, "/named-exports/{request}/release", {}),
    ("POST", "/named-exports/{request_id}/read"): (Scope.OWNERS, "/named-exports/{request}/read", {}),
    ("GET", "/exports"): (Scope.EXPORTS, "/exports", {}),
    ("GET", "/exports/{manifest}/{name}"): (Scope.EXPORTS, "/exports/{manifest}/summary.csv", {}),
}
"""Every endpoint with the scope it asks for and a request that succeeds."""

OPEN_TO_ALL = {("GET", "/openapi.json")}


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A served hub with a token of every sort."""
    made = begin_outside(tmp_path_factory.mktemp("outside"))
    made.tokens = {
        **{scope.value: made.token(f"only-{scope.value}", [scope]) for scope in Scope},
        "elsewhere": made.token("elsewhere", networks=("203.0.113.0/24",)),
        "revoked": made.token("revoked", is_revoked=True),
        "other campaign": made.token("other", campaigns=("S9",)),
        "expired": made.token("expired", days=1),
    }
    made.recall.days_pass(2)
    made.tokens |= {"all": made.token("all"), "asker": made.token("asker")}
    return made


def request_for(outside: Outside, key: tuple[str, str], token: str | None) -> str:
    """A fresh request that this token may release, or read where it is good for asking."""
    hub = outside.recall.hub.app.hub
    asker = outside.tokens["asker"]
    if key[1].endswith("read") and token in (outside.tokens["all"], outside.tokens["owners"]):
        asker = token or ""
    access = Access(b"", "api", Scope.OWNERS.value)
    made = ask_export(hub, asker_of(recognise_token(hub, asker)), NUMBER, "case", [OPEN], access=access)
    if key[1].endswith("read"):
        release_export(hub, made.request_id, "operator")
    return made.request_id.hex()


def asked(outside: Outside, key: tuple[str, str], token: str | None) -> tuple[int, str]:
    """Status of an endpoint's own request, and the code of its problem."""
    _, path, more = ENDPOINTS[key]
    plan = outside.recall.campaign.values["plan_hash"]
    assert isinstance(plan, bytes)
    path = path.replace("{plan}", plan.hex()).replace("{manifest}", outside.manifest)
    if "{request}" in path:
        path = path.replace("{request}", request_for(outside, key, token))
    answered = outside.ask(key[0], PREFIX + path, token, **more)
    return (answered.status_code, "" if answered.status_code == 200 else problem(answered)[1])


def test_every_route_has_a_row(outside: Outside):
    """The matrix names each route of the API, so a new one without a row is noticed."""
    routes = {
        (method, route.path.removeprefix(PREFIX))
        for route in outside.routes
        if route.path.startswith(PREFIX)
        for method in route.methods or ()
    }

    assert routes == ENDPOINTS.keys() | OPEN_TO_ALL


@pytest.mark.parametrize("key", ENDPOINTS, ids=" ".join)
@pytest.mark.parametrize(
    ("role", "refusal"),
    [
        pytest.param(None, (401, "token-refused"), id="nobody"),
        pytest.param("revoked", (401, "token-refused"), id="revoked"),
        pytest.param("expired", (401, "token-expired"), id="expired"),
        pytest.param("elsewhere", (403, "wrong-address"), id="from elsewhere"),
        pytest.param("all", (200, ""), id="everything"),
        *[pytest.param(scope.value, None, id=f"only {scope}") for scope in Scope],
    ],
)
def test_each_role_at_each_endpoint(
    outside: Outside, key: tuple[str, str], role: str | None, refusal: tuple[int, str] | None
):
    """Each sort of token is answered where its scope says so, and refused by name everywhere else."""
    expected = refusal or ((200, "") if ENDPOINTS[key][0].value == role else (403, "out-of-scope"))

    assert asked(outside, key, outside.tokens[role] if role else None) == expected


@pytest.mark.parametrize("key", [key for key in ENDPOINTS if "{" in key[1]], ids=" ".join)
def test_another_campaign_is_not_there(outside: Outside, key: tuple[str, str]):
    """What belongs to a campaign outside a token's scope reads as if it did not exist."""
    assert asked(outside, key, outside.tokens["other campaign"]) == (404, "not-found")


def test_lists_leave_other_campaigns_out(outside: Outside):
    """Lists, changes and vehicles say nothing of a campaign outside a token's scope."""
    token = outside.tokens["other campaign"]

    lists = [outside.ask("GET", f"{PREFIX}/{name}", token).json() for name in ("campaigns", "changes", "exports")]
    vehicle = outside.ask("POST", f"{PREFIX}/vehicles", token, json={"vin": OPEN}).json()

    assert [lists[0]["campaigns"], lists[1]["changes"], lists[2]["exports"], vehicle["recalls"]] == [[], [], [], []]


def test_nothing_personal_is_in_the_answers(outside: Outside):
    """No answer, and no line of the ledger, holds a value of a person or an order."""
    answers = "".join(
        outside.ask("GET", f"{PREFIX}/{path}", outside.tokens["all"]).text
        for path in ("campaigns", f"campaigns/{NUMBER}", f"campaigns/{NUMBER}/progress", "changes", "exports")
    )

    assert OWNER_NAME not in answers + str(outside.accesses)


def test_a_campaign_shows_versions_and_citations(outside: Outside):
    """A campaign names each version of its plan by hash, and each event the signed set that says it."""
    shown = outside.ask("GET", f"{PREFIX}/campaigns/{NUMBER}", outside.tokens["all"]).json()

    (plan,) = shown["plans"]
    assert (plan["version"], plan["sha256"]) == (1, shown["campaign"]["plan_hash"])
    assert [one["event"] for one in shown["events"]] == ["published"]
    assert re.fullmatch("[0-9a-f]{64}", shown["events"][0]["set_hash"])


def test_a_plan_is_what_its_hash_says(outside: Outside):
    """The document of a plan has the hash it is asked for by, and the signed set beside it names that hash."""
    plan = outside.recall.campaign.values["plan_hash"]
    assert isinstance(plan, bytes)

    document = outside.ask("GET", f"{PREFIX}/plans/{plan.hex()}", outside.tokens["all"])
    signature = outside.ask("GET", f"{PREFIX}/plans/{plan.hex()}/signature", outside.tokens["all"]).json()

    assert sha256(document.content).digest() == plan
    assert (signature["sha256"], signature["version"]) == (plan.hex(), 1)
    assert signature["signing_key"] == outside.recall.hub.app.hub.public_key.hex()


def test_progress_has_a_record_and_a_history(outside: Outside):
    """Progress states the record that adds up, and completions by day, site and province that add up to it."""
    shown = outside.ask("GET", f"{PREFIX}/campaigns/{NUMBER}/progress", outside.tokens["all"]).json()

    record = shown["record"]
    assert (sum(record["states"].values()), record["completed"]) == (record["members"], 1)
    assert [one["cumulative"] for one in shown["days"]] == [1]
    assert shown["sites"] == [{"site_code": "A001", "province_code": "43", "completed": 1}]
    assert shown["provinces"] == [{"province_code": "43", "completed": 1}]


@pytest.mark.parametrize(
    ("typed", "states"),
    [
        pytest.param(OPEN, ["open"], id="open"),
        pytest.param(f" {OPEN[:8].lower()}-{OPEN[8:]} ", ["open"], id="typed otherwise"),
        pytest.param(DONE, ["repaired"], id="done"),
        pytest.param(STRANGER, [], id="in no campaign"),
    ],
)
def test_a_vehicle_shows_its_states(outside: Outside, typed: str, states: list[str]):
    """A vehicle's answer says its state in each campaign, whatever the form in which its number was typed."""
    shown = outside.ask("POST", f"{PREFIX}/vehicles", outside.tokens["all"], json={"vin": typed}).json()

    assert [one["state"] for one in shown["recalls"]] == states


def test_a_done_vehicle_cites_its_completion(outside: Outside):
    """The completion that closed a pair is named with its fate and the log position of its signed set."""
    shown = outside.ask("POST", f"{PREFIX}/vehicles", outside.tokens["all"], json={"vin": DONE}).json()

    (completion,) = shown["recalls"][0]["completions"]
    assert (completion["fate"], completion["method"]) == ("counted", "repaired")
    assert completion["log_position"] > 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"json": {"vin": "1234567890123456"}}, (422, "no-vehicle-number"), id="16 characters"),
        pytest.param({"json": {"vin": "x" * 65}}, (400, "bad-request"), id="too long"),
        pytest.param({"json": {}}, (400, "bad-request"), id="nothing"),
        pytest.param({"content": b"{"}, (400, "bad-request"), id="no JSON"),
        pytest.param({"content": b" " * 5000}, (413, "too-large"), id="endless"),
    ],
)
def test_a_question_that_is_none_is_refused(outside: Outside, body: dict[str, Any], expected: tuple[int, str]):
    """A body that is no question about a vehicle is refused by name."""
    answered = outside.ask("POST", f"{PREFIX}/vehicles", outside.tokens["all"], **body)

    assert problem(answered) == expected


def test_a_vehicle_stands_in_the_ledger_as_a_reference(outside: Outside):
    """An access to a vehicle is written down under a keyed hash; the number is nowhere in the ledger."""
    outside.ask("POST", f"{PREFIX}/vehicles", outside.tokens["all"], json={"vin": OPEN})

    assert outside.accesses[-1] == ("vehicles", vehicle_reference(outside.recall.hub.app.hub, OPEN), "answered")
    assert OPEN not in str(outside.accesses)


def test_a_refusal_stands_in_the_ledger(outside: Outside):
    """A known token that is refused leaves a line with the reason; an unknown one leaves none."""
    before = len(outside.accesses)

    outside.ask("GET", f"{PREFIX}/campaigns", outside.tokens["elsewhere"])
    outside.ask("GET", f"{PREFIX}/campaigns", "crt1_" + "A" * 54)

    assert outside.accesses[before:] == [("campaigns", "", "wrong-address")]


def test_a_failure_of_the_hub_stands_in_the_ledger(outside: Outside):
    """What the hub could not answer for a reason of its own is written down as that, and not as answered."""
    hub, token = outside.recall.hub.app.hub, outside.tokens["all"]
    outside.recall.hub.clock.ms += 1000

    def fails(_: Token) -> None:
        raise Unusable("A segment is missing.", "Put it back.")

    with pytest.raises(Unusable):
        Door(hub, make_turn()).answer(
            Caller("api", INSIDE, lambda: recognise_token(hub, token)), Scope.CAMPAIGNS, "", fails
        )

    assert outside.accesses[-1] == ("campaigns", "", "failed")


def test_changes_go_on_where_the_last_page_ended(outside: Outside):
    """The first page tells of publication and completion; behind it there is nothing until something happens."""
    first = outside.ask("GET", f"{PREFIX}/changes", outside.tokens["all"]).json()
    behind = {"after": first["log_position"], "hub_epoch": first["hub_epoch"]}
    nothing = outside.ask("GET", f"{PREFIX}/changes", outside.tokens["all"], params=behind).json()
    outside.recall.complete("B001", OPEN, method="inspected_no_defect")

    later = outside.ask("GET", f"{PREFIX}/changes", outside.tokens["all"], params=behind).json()

    assert {one["what"] for one in first["changes"]} == {"campaign", "event", "completion"}
    assert (nothing["changes"], nothing["is_complete"]) == ([], True)
    assert [(one["what"], one["campaign_no"], one["vin"]) for one in later["changes"]] == [("completion", NUMBER, OPEN)]


@pytest.mark.parametrize(
    "behind",
    [
        pytest.param({"after": 1, "hub_epoch": "00" * 8}, id="another epoch"),
        pytest.param({"after": 1_000_000}, id="a position that the log has not reached"),
    ],
)
def test_another_history_is_named(outside: Outside, behind: dict[str, Any]):
    """A cursor out of a history before a restore is refused, so that no change is missed in silence."""
    assert problem(outside.ask("GET", f"{PREFIX}/changes", outside.tokens["all"], params=behind)) == (
        409,
        "other-history",
    )


def test_a_download_carries_its_hash(outside: Outside):
    """Every listed file arrives with the bytes of the signed folder, and the head of the answer states their hash."""
    (report,) = outside.ask("GET", f"{PREFIX}/exports", outside.tokens["all"]).json()["exports"]
    names = [one["name"] for one in report["files"] if one["name"] != report["archive"]]

    got = {
        name: outside.ask("GET", f"{PREFIX}/exports/{outside.manifest}/{name}", outside.tokens["all"]) for name in names
    }

    assert {name: one.content for name, one in got.items()} == {
        path.name: path.read_bytes() for path in outside.folder.iterdir()
    }
    hashes = {one["name"]: one["sha256"] for one in report["files"]}
    assert all(one.headers["etag"] == f'"{hashes[name]}"' for name, one in got.items())
    assert all(one.headers["repr-digest"].startswith("sha-256=:") for one in got.values())


def test_a_broken_download_goes_on(outside: Outside):
    """A range of a file, asked for under its hash, is the missing piece and nothing else."""
    path = f"{PREFIX}/exports/{outside.manifest}/members.ndjson"
    whole = outside.ask("GET", path, outside.tokens["all"])
    headers = {"Range": "bytes=100-", "If-Range": whole.headers["etag"]}

    rest = outside.ask("GET", path, outside.tokens["all"], headers=headers)

    assert (rest.status_code, rest.content) == (206, whole.content[100:])


def test_a_whole_download_has_nothing_left(outside: Outside):
    """The archive stands last in the list, and who goes on behind its end is told that there is no more."""
    (report,) = outside.ask("GET", f"{PREFIX}/exports", outside.tokens["all"]).json()["exports"]
    archive = report["files"][-1]
    path = f"{PREFIX}/exports/{outside.manifest}/{report['archive']}"

    behind = outside.ask("GET", path, outside.tokens["all"], headers={"Range": f"bytes={archive['size_bytes']}-"})

    assert archive["name"] == report["archive"]
    assert behind.status_code == 416


def test_a_report_that_is_taken_back_is_gone(tmp_path: Path):
    """A report that was taken back is in no list and cannot be downloaded; the folder it came from stays."""
    outside = begin_outside(tmp_path)
    token = outside.token("samr")

    outside.recall.hub.app.published_reports().take_back(outside.manifest)

    assert outside.ask("GET", f"{PREFIX}/exports", token).json() == {"exports": []}
    assert outside.ask("GET", f"{PREFIX}/exports/{outside.manifest}/summary.csv", token).status_code == 404
    assert (outside.folder / "summary.csv").exists()


def test_a_withdrawn_campaign_is_shown_as_withdrawn(tmp_path: Path):
    """Every car of a campaign that was taken back is withdrawn there; the work that was done on it is shown."""
    outside = begin_outside(tmp_path)
    token = outside.token("samr")

    withdraw_campaign(outside.recall.hub.app.hub, NUMBER, NO_DEFECT)

    shown = {
        vin: outside.ask("POST", f"{PREFIX}/vehicles", token, json={"vin": vin}).json()["recalls"]
        for vin in (OPEN, DONE)
    }
    ((left,), (done,)) = shown[OPEN], shown[DONE]
    assert [(one["campaign_state"], one["state"]) for one in (left, done)] == [("withdrawn", "withdrawn")] * 2
    assert [one["fate"] for one in done["completions"]] == ["withdrawn"]


def test_haste_is_refused_and_told_how_long(outside: Outside):
    """Beyond its pace a token is told how many seconds to wait, and each refusal costs no line of the ledger."""
    token, clock = outside.token("hasty"), outside.recall.hub.clock
    now_ms, statuses = clock.ms, []
    for _ in range(ASKED_AT_ONCE + 2):
        clock.ms = now_ms - 1000
        statuses.append(outside.ask("GET", f"{PREFIX}/campaigns", token))
    before = len(outside.accesses)

    last = outside.ask("GET", f"{PREFIX}/campaigns", token)

    assert [one.status_code for one in statuses[-2:]] == [429, 429]
    assert int(statuses[-1].headers["retry-after"]) >= 1
    assert (last.status_code, len(outside.accesses) - before) == (200, 1)


def test_a_stranger_cannot_try_for_ever(outside: Outside):
    """Many wrong tokens from one address are told to wait; another address is not."""
    clock = outside.recall.hub.clock
    now_ms = clock.ms
    for _ in range(STRANGERS_AT_ONCE):
        clock.ms = now_ms - 1000
        outside.ask("GET", f"{PREFIX}/campaigns", "crt1_wrong", address=OUTSIDE)

    clock.ms = now_ms - 1000
    tried = outside.ask("GET", f"{PREFIX}/campaigns", "crt1_wrong", address=OUTSIDE)

    assert problem(tried) == (429, "too-many-requests")
    assert problem(outside.ask("GET", f"{PREFIX}/campaigns", "crt1_wrong", address=INSIDE))[0] == 401


def test_the_api_describes_itself(outside: Outside):
    """The description needs no token, names every endpoint, and says what a question about a vehicle is."""
    described = json.loads(outside.ask("GET", f"{PREFIX}/openapi.json").content)

    paths = {(method.upper(), path.removeprefix(PREFIX)) for path, one in described["paths"].items() for method in one}
    assert paths == {(method, path.replace(":path", "")) for method, path in ENDPOINTS}
    assert "requestBody" in described["paths"][f"{PREFIX}/vehicles"]["post"]
