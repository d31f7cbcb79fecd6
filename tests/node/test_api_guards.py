"""Who may talk to the API, and what a failure looks like: every refusal is a problem document and changes nothing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.types import Message

from carnet_node.core.limits import API_BODY_BYTES_MAX
from carnet_node.core.node import Node
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES, allowed_hosts
from carnet_node.entrypoints.web.problem_response import pointer_to
from carnet_node.settings import NodeSettings
from support.api_node import BEARER, ApiNode, Json, problem, said, wrong
from support.node_builder import build_node

FORM = {"values": {"party_kind": "person", "full_name": "Test Person"}}
EVERYWHERE = "0.0.0.0"  # noqa: S104  (an address that is no name)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


@pytest.fixture
def desk(node: Node) -> ApiNode:
    """Its API, under the loopback names."""
    return ApiNode(node)


def addresses(desk: ApiNode) -> list[tuple[str, str]]:
    """Method and path of every route, with something in the place of ids."""
    return [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path, operations in desk.api.openapi()["paths"].items()
        for method in operations
    ]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8420", "127.0.0.1", "127.0.0.1:1", "[::1]:8420", "[::1]"])
def test_the_node_answers_to_its_loopback_names(desk: ApiNode, host: str):
    """Any loopback name is answered, with or without a port."""
    assert said(desk.ask("GET", "/healthz", headers={"Host": host}), 200) == {"status": "ok"}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8420",
        "127.0.0.1.evil.example",
        "localhost.",
        "localhost@evil.example",
        "localhost:http",
        "192.168.1.5",
        "::1",
        "",
        " ",
    ],
)
def test_a_name_that_was_rebound_to_this_machine_is_not_answered(desk: ApiNode, host: str):
    """A host that is not exactly one of the allowed names is misdirected."""
    refused = desk.refused("GET", "/api/status", headers={"Host": host})

    assert (refused["status"], refused["code"]) == (421, "wrong-host")


def test_two_hosts_in_one_request_are_not_answered(desk: ApiNode):
    """A second host header does not slip past the first."""
    headers = [("Host", "localhost"), ("Host", "evil.example")]

    assert desk.refused("GET", "/api/status", headers=headers)["code"] == "wrong-host"


def test_every_address_is_behind_the_door(desk: ApiNode):
    """There is no route that answers under a foreign name or to a foreign page."""
    everywhere = addresses(desk)

    hosts = {desk.ask(method, path, headers={"Host": "evil.example"}).status_code for method, path in everywhere}
    pages = {
        desk.ask(method, path, headers={"Sec-Fetch-Site": "cross-site"}).status_code
        for method, path in everywhere
        if path.startswith("/api")
    }
    assert (len(everywhere) > 40, hosts, pages) == (True, {421}, {403})


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "http://evil.example"}, id="foreign origin"),
        pytest.param({"Origin": "null"}, id="sandboxed page"),
        pytest.param({"Origin": "http://localhost:3000"}, id="another program on this machine"),
        pytest.param({"Origin": "http://localhost:8420.evil.example"}, id="origin that begins alike"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="cross-site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="same site, another port"),
        pytest.param({"Origin": "http://localhost:8420", "Sec-Fetch-Site": "cross-site"}, id="one of two is enough"),
    ],
)
def test_a_page_of_another_site_saves_and_reads_nothing(desk: ApiNode, headers: dict[str, str]):
    """A browser tells where a request comes from, and a foreign page is turned away."""
    saved = desk.refused("POST", "/api/customers", FORM, headers=headers)
    read = desk.refused("GET", "/api/customers", headers=headers)

    assert [(one["status"], one["code"]) for one in (saved, read)] == [(403, "foreign-page")] * 2
    assert desk.get("/api/customers")["records"] == []


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="a program"),
        pytest.param({"Origin": "http://localhost:8420", "Sec-Fetch-Site": "same-origin"}, id="our own page"),
        pytest.param({"Sec-Fetch-Site": "none"}, id="typed by the user"),
    ],
)
def test_our_own_pages_and_programs_may_save(desk: ApiNode, headers: dict[str, str]):
    """The same origin, and callers that are no browser, are let in."""
    assert desk.ask("POST", "/api/customers", FORM, headers=headers).status_code == 201


def test_a_preflight_is_not_answered_with_permission(desk: ApiNode):
    """No cross-origin header is ever sent."""
    answered = desk.ask("OPTIONS", "/api/customers", headers={"Access-Control-Request-Method": "POST"})

    assert answered.status_code == 405
    assert not [name for name in answered.headers if name.startswith("access-control")]


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_plain_form_cannot_post(desk: ApiNode, media_type: str):
    """What a form of any page may send without asking is not taken for JSON."""
    refused = desk.refused(
        "POST", "/api/customers", content=json.dumps(FORM).encode(), headers={"Content-Type": media_type}
    )

    assert (refused["status"], refused["code"]) == (415, "not-json")


def test_an_announced_giant_is_refused_before_it_is_read(desk: ApiNode):
    """The length header alone is enough to refuse."""
    headers = {"Content-Type": "application/json", "Content-Length": str(API_BODY_BYTES_MAX + 1)}

    assert desk.refused("POST", "/api/search", content=b"{}", headers=headers)["code"] == "too-large"


def test_a_body_that_grows_while_it_is_read_is_refused(desk: ApiNode):
    """Without an announced length the reading stops at the bound, not at the end."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 65_536
            yield b" " * 65_536

    refused = desk.refused("POST", "/api/search", content=endless(), headers={"Content-Type": "application/json"})

    assert (refused["status"], refused["code"]) == (413, "too-large")
    assert API_BODY_BYTES_MAX < read <= API_BODY_BYTES_MAX + 65_536


def test_a_body_of_the_largest_size_is_read(desk: ApiNode):
    """Exactly the bound is allowed."""
    body = json.dumps({"text": "nobody"}).encode()
    padded = body + b" " * (API_BODY_BYTES_MAX - len(body))

    answered = desk.ask("POST", "/api/search", content=padded, headers={"Content-Type": "application/json"})

    assert said(answered, 200) == {"hits": []}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/status"), ("GET", "/api/nowhere"), ("POST", "/api/search"), ("GET", "/api/openapi.json")],
)
def test_no_answer_is_kept_by_a_cache(desk: ApiNode, method: str, path: str):
    """Every answer, also a refusal, forbids storing and sniffing."""
    answered = desk.ask(method, path)

    assert answered.headers["cache-control"] == "no-store"
    assert answered.headers["x-content-type-options"] == "nosniff"
    assert answered.headers["cross-origin-resource-policy"] == "same-origin"


def test_allowed_hosts_are_loopback_the_settings_and_the_address_it_listens_on():
    """Names are compared as browsers send them: lower case, IPv6 in brackets."""
    settings = NodeSettings(host="192.168.1.5", allowed_hosts=("Desk.Example", "fd00::5"))

    assert allowed_hosts(settings, "10.0.0.7") == LOOPBACK_NAMES | {
        "192.168.1.5",
        "10.0.0.7",
        "desk.example",
        "[fd00::5]",
    }


@pytest.mark.parametrize("everywhere", [EVERYWHERE, "::"])
def test_listening_everywhere_allows_no_further_name(everywhere: str):
    """An address that means every address is no name to be called by."""
    assert allowed_hosts(NodeSettings(host=everywhere)) == LOOPBACK_NAMES


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nowhere", 404, "not-found"),
        ("DELETE", "/api/status", 405, "method-not-allowed"),
        ("GET", "/api/customers/no-id", 422, "bad-field"),
        ("GET", "/api/customers?limit=0", 422, "bad-field"),
        ("GET", "/api/customers?limit=501", 422, "bad-field"),
        ("GET", "/api/customers?after=no-id", 422, "bad-field"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document(desk: ApiNode, method: str, path: str, status: int, code: str):
    """Wrong addresses, methods and parameters have the same shape as every other refusal."""
    refused = desk.refused(method, path)

    assert (refused["status"], refused["code"]) == (status, code)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "bad-field", id="nothing"),
        pytest.param(b"{", "malformed", id="half"),
        pytest.param(b"[" * 100_000, "malformed", id="deep"),
        pytest.param(b"\xff\xfe", "malformed", id="no UTF-8"),
        pytest.param(b"[]", "bad-field", id="a list"),
        pytest.param(b'{"text": 1}', "bad-field", id="a number for a text"),
        pytest.param(b'{"text": "a", "limit": "5"}', "bad-field", id="a text for a number"),
        pytest.param(b'{"text": "a", "limit": 1e400}', "bad-field", id="infinite"),
    ],
)
def test_a_body_that_is_no_form_is_refused(desk: ApiNode, content: bytes, code: str):
    """Broken JSON and JSON of another shape are told apart, and neither is guessed at."""
    refused = desk.refused("POST", "/api/search", content=content, headers={"Content-Type": "application/json"})

    assert (refused["status"], refused["code"]) == (400 if code == "malformed" else 422, code)


def test_an_unknown_member_of_a_form_is_named(desk: ApiNode):
    """Nothing is ignored in silence, whatever it was meant to be."""
    refused = desk.refused("POST", "/api/customers", {**FORM, "phone": []})

    assert wrong(refused) == [("#/phone", "unknown-field")]
    assert "phone" in refused["what"]


def test_every_unknown_or_wrong_field_of_a_form_is_named_at_its_place(desk: ApiNode):
    """All mistakes come at once, each with a pointer into what was sent."""
    form = {
        "values": {"party_kind": "person", "full_name": "Test Person", "nickname": "T", "birth_on": 1.5},
        "phones": [{"number": "13800138000"}, {"number": "13800138000", "is_preferred": "yes"}],
    }

    first = desk.refused("POST", "/api/customers", form)
    form["values"] = FORM["values"]
    second = desk.refused("POST", "/api/customers", form)

    assert wrong(first) == [("#/values/nickname", "unknown-field"), ("#/values/birth_on", "bad-value")]
    assert wrong(second) == [("#/phones/1/is_preferred", "bad-value")]


def test_a_refusal_repeats_nothing_that_was_typed(desk: ApiNode):
    """A problem document may end in a log, so it names fields and rules only."""
    typed = "Zhang-Example-Secret"
    form = {"values": {"party_kind": typed, "full_name": typed, typed: 1}, "phones": [{"number": typed}], "x": typed}

    answers = [
        desk.ask("POST", "/api/customers", form),
        desk.ask("POST", "/api/customers", {**form, "values": {"party_kind": typed}, "x": typed}),
        desk.ask("POST", "/api/customers", {"values": {"party_kind": typed}, "phones": form["phones"]}),
        desk.ask("POST", "/api/search", {"text": typed * 10}),
    ]

    assert [one.status_code for one in answers] == [422] * 4
    assert not [one.text for one in answers if typed in one.text.replace(f"values/{typed}", "")]


def test_a_busy_database_says_when_to_come_back(node: Node, desk: ApiNode):
    """While another process writes, a save is told to try again, and nothing was saved."""
    with node.store.write():
        answered = desk.ask("POST", "/api/customers", FORM)

    refused = problem(answered)
    assert (refused["status"], refused["code"], refused["safe"]) == (503, "busy", "Nothing was changed.")
    assert answered.headers["retry-after"] == "2"
    assert desk.get("/api/customers")["records"] == []


def test_reading_goes_on_while_another_process_writes(node: Node, desk: ApiNode):
    """A view is a snapshot and waits for nobody."""
    with node.store.write():
        assert desk.get("/api/customers") == {"records": [], "after": None}


@pytest.mark.parametrize(
    ("body", "field", "pointer"),
    [
        pytest.param({"values": {}}, "full_name", "#/values/full_name", id="missing in a new record"),
        pytest.param({"based_on": "x", "changes": {}}, "full_name", "#/changes/full_name", id="missing in an edit"),
        pytest.param({"vin": "", "values": {}}, "vin", "#/vin", id="a member of the form itself"),
        pytest.param({"vin": "", "changes": {"vin": ""}}, "vin", "#/changes/vin", id="the changed one of two"),
        pytest.param({"phones": [{}, {}]}, "phones[1].number", "#/phones/1/number", id="in a list"),
        pytest.param({"preference": {}}, "preference[0].to_hour", "#/preference/to_hour", id="the only one"),
        pytest.param({"jobs": [{"values": {}}]}, "jobs[0].complaint", "#/jobs/0/values/complaint", id="of a job"),
        pytest.param(
            {"jobs": [{"values": {}, "parts": [{}]}]},
            "jobs[0].parts[0].part_no",
            "#/jobs/0/parts/0/part_no",
            id="of a line of a job",
        ),
        pytest.param({"changes": {}}, "a/b~c", "#/changes/a~1b~0c", id="signs that mean something in a pointer"),
        pytest.param({"jobs": []}, "jobs[7].complaint", "#/jobs/7/complaint", id="beyond the list"),
    ],
)
def test_a_pointer_leads_to_the_field_in_what_was_sent(body: Json, field: str, pointer: str):
    """A registry name becomes a JSON pointer, through `values` or `changes` where the form has them."""
    assert pointer_to(body, field) == pointer


def test_several_mistakes_are_told_together(desk: ApiNode):
    """What every problem lacks stands in the list, and the catalogue's sentence stands above them."""
    form = {
        "values": {"party_kind": "company"},
        "phones": [{"phone_kind": "work"}],
        "addresses": [{"postcode": "x" * 65}],
    }

    refused = desk.refused("POST", "/api/customers", form)

    assert wrong(refused) == [
        ("#/values/company_name", "missing"),
        ("#/phones/0/number", "missing"),
        ("#/addresses/0/postcode", "bad-value"),
    ]
    assert refused["what"] == refused["title"] == "A field has a value outside what the registry allows."
    assert refused["safe"] == "Nothing was saved; what you entered is still on the screen."


def test_a_client_that_hangs_up_leaves_nothing_behind(desk: ApiNode):
    """A body that ends in a disconnect is not taken for a whole one."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/customers",
        "raw_path": b"/api/customers",
        "query_string": b"",
        "scheme": "http",
        "headers": [
            (b"host", b"localhost"),
            (b"authorization", BEARER["Authorization"].encode()),
            (b"content-type", b"application/json"),
            (b"content-length", b"99"),
        ],
        "app": desk.api,
    }
    anyio.run(desk.api, scope, receive, send)

    assert sent == []
    assert desk.get("/api/customers")["records"] == []


def test_an_unexpected_error_tells_nothing_of_itself(desk: ApiNode):
    """A bug is answered as one, with the three sentences and without its text."""

    @desk.api.get("/api/broken")
    async def broken() -> None:
        raise ZeroDivisionError("somebody's name")

    answered = desk.ask("GET", "/api/broken")

    assert (problem(answered)["status"], problem(answered)["code"]) == (500, "internal")
    assert "somebody" not in answered.text
    assert isinstance(answered, httpx.Response)
