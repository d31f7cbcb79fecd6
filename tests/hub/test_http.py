"""The hub over HTTP: card, enrolment, hello, tokens, and every refusal a problem document."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from carnet_hub.core.exchange.enrolment import invite_dealer
from carnet_hub.core.upkeep.dealers import suspend_site
from carnet_hub.entrypoints.http.app import create_api
from carnet_protocol import limits
from support.hub_apps import NodeVoice, TestHub, make_hub
from support.hub_http import ask, bearer, card, greet, headers, problem, request


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one dealer site and one enrolled node."""
    return make_hub(tmp_path)


@pytest.fixture
def desk(hub: TestHub) -> NodeVoice:
    """The enrolled node."""
    return hub.enrol("desk", "A001")


def test_the_card_names_the_hub_and_its_keys(hub: TestHub):
    """Anybody may ask who the hub is and gets its id, epoch and keys, signed."""
    shown = card(hub)

    assert (shown.hub_id, shown.hub_epoch) == (hub.app.hub.hub_id, hub.app.hub.hub_epoch)
    assert (shown.signing_key, shown.exchange_key, shown.export_key) == (
        hub.app.hub.public_key,
        hub.app.keys.exchange,
        hub.app.keys.export,
    )


def test_a_node_enrols_over_http(hub: TestHub):
    """A signed request with a right proof is answered with the hub's welcome."""
    node = NodeVoice("desk", hub.app.hub.hub_id, hub.app.hub.hub_epoch, hub.app.hub.public_key)
    code = invite_dealer(hub.app.hub, hub.add_dealer()).code

    answered = request(hub, "POST", "/v1/enrol", content=node.enrol_request(code))

    assert (answered.status_code, answered.headers["content-type"]) == (200, "application/cbor")
    assert node.read_enrol_answer(answered.content).site_code == "A001"


def test_an_expired_code_is_gone(hub: TestHub):
    """A code of three days ago is answered with 410 and its three sentences."""
    node = NodeVoice("desk", hub.app.hub.hub_id, hub.app.hub.hub_epoch, hub.app.hub.public_key)
    code = invite_dealer(hub.app.hub, hub.add_dealer()).code
    hub.clock.ms += limits.INVITE_TTL_MS

    answered = request(hub, "POST", "/v1/enrol", content=node.enrol_request(code))

    assert problem(answered) == (410, "code-expired")


def test_a_hello_yields_a_token(hub: TestHub, desk: NodeVoice):
    """A hello on the hub's challenge is answered, echoes the challenge, and opens a session of 15 minutes."""
    answer = greet(hub, desk)

    assert answer.token_expires_ms == hub.clock.ms + limits.TOKEN_TTL_MS
    assert (answer.node_id, answer.situation) == (desk.node_id, 0)


def test_a_hello_on_an_old_challenge_is_refused(hub: TestHub, desk: NodeVoice):
    """A hello that was signed on a challenge of three minutes ago is refused as stale."""
    message = desk.hello(card(hub).challenge)
    hub.clock.ms += limits.CHALLENGE_TTL_MS + 1

    assert problem(request(hub, "POST", "/v1/hello", content=message)) == (401, "stale-challenge")


def test_a_stranger_is_not_greeted(hub: TestHub):
    """A hello signed by a key nobody enrolled is refused."""
    stranger = NodeVoice("stranger", hub.app.hub.hub_id, hub.app.hub.hub_epoch, hub.app.hub.public_key)

    assert problem(request(hub, "POST", "/v1/hello", content=stranger.hello(card(hub).challenge))) == (
        401,
        "unknown-key",
    )


def test_a_hello_in_another_nodes_name_is_refused(hub: TestHub, desk: NodeVoice):
    """A node cannot say hello for another."""
    other = hub.enrol("other", "B001")
    message = desk.hello(card(hub).challenge, node_id=other.node_id)

    assert problem(request(hub, "POST", "/v1/hello", content=message)) == (401, "bad-signature")


def test_a_line_that_breaks_inside_a_body_is_no_failure_of_the_hub(hub: TestHub):
    """Half a body is refused as malformed, and nothing is logged as an error."""
    waiting = [{"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/hello", "query_string": b"", "headers": []}
    with capture_logs() as logs:
        asyncio.run(create_api(hub.app)(scope, receive, send))

    assert (sent[0]["status"], logs) == (400, [])


def test_a_body_without_a_length_is_bounded_while_it_is_read(hub: TestHub):
    """A body that announces nothing is cut off at the bound, however long it goes on."""
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 100 * 1024 * 1024:
            sent += 4096
            yield bytes(4096)

    assert problem(request(hub, "POST", "/v1/enrol", content=endless())) == (413, "too-large")
    assert sent <= 64 * 1024


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": "Bearer"}, id="empty"),
        pytest.param({"Authorization": "Basic eDp5"}, id="another scheme"),
        pytest.param({"Authorization": "Bearer ***"}, id="no base64"),
        pytest.param({"Authorization": "Bearer " + "A" * 5000}, id="endless"),
        pytest.param(bearer(bytes(65)), id="made up"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/push"),
        ("GET", "/v1/feed?cursor=0&hub_epoch=0000000000000000&outcomes_after=0"),
        ("GET", "/v1/segments/" + "0" * 64),
    ],
)
def test_without_a_token_nothing_is_given(hub: TestHub, given: dict[str, str], method: str, path: str):
    """Push, feed and segments need a token of this hub."""
    assert problem(request(hub, method, path, headers=given)) == (401, "bad-token")


def test_a_token_expires(hub: TestHub, desk: NodeVoice):
    """After 15 minutes a node has to say hello again."""
    old = headers(hub, desk)
    hub.clock.ms += limits.TOKEN_TTL_MS

    assert problem(request(hub, "POST", "/v1/push", content=b"\x80", headers=old)) == (401, "bad-token")


def test_a_suspension_counts_at_once(hub: TestHub, desk: NodeVoice):
    """A dealer that was suspended a moment ago is refused although its token has not expired."""
    good = headers(hub, desk)
    suspend_site(hub.app.hub, "A001")

    assert problem(request(hub, "POST", "/v1/push", content=b"\x80", headers=good)) == (403, "suspended-node")
    assert problem(request(hub, "POST", "/v1/hello", content=desk.hello(card(hub).challenge))) == (
        403,
        "suspended-node",
    )


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [("GET", "/", 404), ("GET", "/v1/nothing", 404), ("GET", "/v1/push", 405), ("GET", "/docs", 404)],
)
def test_other_paths_are_problems_too(hub: TestHub, method: str, path: str, expected: int):
    """An unknown path and a wrong method are answered in the same form as every refusal."""
    assert problem(request(hub, method, path)) == (expected, "not-found")


def test_a_problem_says_what_is_safe_and_what_next(hub: TestHub):
    """A problem document holds the three sentences of the catalogue."""
    body = request(hub, "POST", "/v1/hello", content=b"x").json()

    assert body["type"] == "urn:carnet:problem:malformed"
    assert (body["safe"], body["retry"]) == ("Nothing was changed.", False)
    assert body["next"].endswith(".")


def test_health_names_the_position(hub: TestHub):
    """A healthy hub says ok and how long its log is."""
    answered = request(hub, "GET", "/healthz")

    assert answered.json()["status"] == "ok"
    assert answered.json()["position"] >= 1


def test_metrics_count_requests_by_route(hub: TestHub, desk: NodeVoice):
    """Metrics name log, nodes by state and requests by route, and no path that somebody typed."""

    async def some(client: httpx.AsyncClient) -> str:
        await client.get("/v1/hub")
        await client.get("/v1/segments/" + "0" * 64)
        await client.get("/somebody/typed/this")
        return (await client.get("/metrics")).text

    text = ask(hub, some)

    assert 'carnet_hub_nodes{state="never seen"} 1' in text
    assert 'carnet_hub_requests_total{route="/v1/hub",method="GET",status="200"} 1' in text
    assert 'carnet_hub_requests_total{route="/v1/segments/{sha256}",method="GET",status="401"} 1' in text
    assert "somebody" not in text
