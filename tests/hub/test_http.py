"""The hub over HTTP, as docs/spec/http.md says: bytes in, bytes out, every refusal a problem document."""

import asyncio
import base64
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

from carnet_hub.core.dealers import suspend_site
from carnet_hub.core.enrolment import invite_dealer
from carnet_hub.entrypoints.http.app import create_api
from carnet_protocol import limits
from carnet_protocol.envelope import Purpose
from carnet_protocol.ids import vehicle_id
from carnet_protocol.messages import (
    HelloAnswer,
    HubCard,
    Page,
    PushCode,
    decode_answers,
    encode_batch,
    open_frame,
)
from carnet_protocol.segments import encode_segment, segment_hash
from support.authors import MadeSet, draft_of
from support.hub_apps import NodeVoice, TestHub, make_hub
from support.vins import make_vins

VIN = make_vins(1)[0]


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one dealer site and one enrolled node."""
    return make_hub(tmp_path)


@pytest.fixture
def desk(hub: TestHub) -> NodeVoice:
    """The enrolled node."""
    return hub.enrol("desk", "A001")


def ask(hub: TestHub, asking: Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]) -> Any:
    """Run a conversation with the hub's application."""

    async def conversation() -> Any:
        transport = httpx.ASGITransport(create_api(hub.app), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await asking(client)

    return asyncio.run(conversation())


def request(hub: TestHub, method: str, path: str, **more: Any) -> httpx.Response:
    """One request and its answer."""
    return ask(hub, lambda client: client.request(method, path, **more))


def bearer(token: bytes) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": "Bearer " + base64.urlsafe_b64encode(token).decode().rstrip("=")}


def card(hub: TestHub) -> HubCard:
    """The hub's card, its signature checked."""
    content = request(hub, "GET", "/v1/hub").content
    return open_frame(content, HubCard, hub.app.hub.public_key, Purpose.ENROL, hub.app.hub.hub_id)


def greet(hub: TestHub, desk: NodeVoice) -> HelloAnswer:
    """The answer to a fresh hello, its signature checked."""
    answered = request(hub, "POST", "/v1/hello", content=desk.hello(card(hub).challenge))
    assert answered.status_code == 200, answered.text
    return open_frame(answered.content, HelloAnswer, hub.app.hub.public_key, Purpose.HELLO, hub.app.hub.hub_id)


def headers(hub: TestHub, desk: NodeVoice) -> dict[str, str]:
    """The headers of a node that has said hello."""
    return bearer(greet(hub, desk).token)


def vehicle_set(desk: NodeVoice) -> MadeSet:
    """A change set with one new vehicle."""
    return desk.author().write(draft_of("vehicle", vehicle_id(VIN), {"vin": VIN, "color": "white"}))


def push(hub: TestHub, desk: NodeVoice, body: bytes, **more: str) -> httpx.Response:
    """A push with a fresh token."""
    return request(hub, "POST", "/v1/push", content=body, headers={**headers(hub, desk), **more})


def feed(hub: TestHub, with_headers: dict[str, str], **parameters: object) -> Page:
    """A page of the feed, its signature checked."""
    asked = {"cursor": 0, "hub_epoch": hub.app.hub.hub_epoch.hex(), "outcomes_after": 0, **parameters}
    answered = request(hub, "GET", "/v1/feed", params=asked, headers=with_headers)
    assert answered.status_code == 200, answered.text
    return open_frame(answered.content, Page, hub.app.hub.public_key, Purpose.FEED, hub.app.hub.hub_id)


def problem(answered: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answered.headers["content-type"] == "application/problem+json"
    body = answered.json()
    assert {"type", "title", "status", "code", "what", "safe", "next", "retry"} == body.keys()
    assert body["status"] == answered.status_code
    return body["status"], body["code"]


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


@pytest.mark.parametrize("coding", ["zstd", "identity"])
def test_a_pushed_set_is_answered_with_a_receipt(hub: TestHub, desk: NodeVoice, coding: str):
    """A set that is pushed, compressed or not, is accepted and receipted."""
    body = encode_batch([vehicle_set(desk).pushed])
    sent = zstandard.ZstdCompressor().compress(body) if coding == "zstd" else body

    answered = push(hub, desk, sent, **{"Content-Encoding": coding})

    (answer,) = decode_answers(answered.content)
    assert (answered.status_code, answer.code) == (200, int(PushCode.ACCEPTED))
    assert answer.receipt is not None


def test_pushing_again_is_harmless(hub: TestHub, desk: NodeVoice):
    """The same push twice, as after a lost answer, gives the identical receipt."""
    body = encode_batch([vehicle_set(desk).pushed])

    (first,) = decode_answers(push(hub, desk, body).content)
    (again,) = decode_answers(push(hub, desk, body).content)

    assert again.code == int(PushCode.DUPLICATE)
    assert again.receipt == first.receipt


def test_a_forged_set_does_not_stop_the_others(hub: TestHub, desk: NodeVoice):
    """In one push a set with a broken signature is rejected by itself and the good one is accepted."""
    good = vehicle_set(desk)
    forged = good.message[:-1] + bytes([good.message[-1] ^ 1])

    answers = decode_answers(push(hub, desk, encode_batch([(forged, b""), good.pushed])).content)

    assert [answer.code for answer in answers] == [int(PushCode.REJECTED), int(PushCode.ACCEPTED)]
    assert answers[0].reason == "bad-signature"


@pytest.mark.parametrize("announces", [True, False])
def test_a_zstd_bomb_is_refused(hub: TestHub, desk: NodeVoice, announces: bool):
    """A few KiB that inflate to 200 MB are refused as too large."""
    bomb = zstandard.ZstdCompressor(write_content_size=announces).compress(bytes(200 * 1024 * 1024))

    assert problem(push(hub, desk, bomb, **{"Content-Encoding": "zstd"})) == (413, "too-large")


@pytest.mark.parametrize(
    ("body", "coding", "expected"),
    [
        pytest.param(b"", "identity", (400, "malformed"), id="empty"),
        pytest.param(b"\x80\x00", "identity", (400, "trailing-bytes"), id="bytes behind"),
        pytest.param(b"\xa0", "identity", (400, "malformed"), id="a map"),
        pytest.param(b"\xf9\x00\x00", "identity", (400, "malformed"), id="a float"),
        pytest.param(b"x", "zstd", (400, "malformed"), id="no zstd"),
        pytest.param(b"\x80", "gzip", (400, "malformed"), id="another coding"),
        pytest.param(bytes(limits.MESSAGE_BYTES_MAX + 1), "identity", (413, "too-large"), id="too long"),
        pytest.param(
            encode_batch([(bytes(limits.SET_BYTES_MAX), b"x")]), "identity", (413, "too-large"), id="oversized set"
        ),
    ],
)
def test_a_body_that_is_no_batch_is_refused(
    hub: TestHub, desk: NodeVoice, body: bytes, coding: str, expected: tuple[int, str]
):
    """A push whose body is broken, too long or in another coding is refused as a whole."""
    assert problem(push(hub, desk, body, **{"Content-Encoding": coding})) == expected


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


def test_the_feed_brings_what_was_pushed(hub: TestHub, desk: NodeVoice):
    """A node finds its own accepted vehicle, and the outcome of the set that made it, in the feed."""
    made = vehicle_set(desk)
    push(hub, desk, encode_batch([made.pushed]))

    page = feed(hub, headers(hub, desk))

    assert vehicle_id(VIN) in [row.record for row in page.rows]
    assert [outcome.nonce for outcome in page.outcomes] == [made.nonce]


def test_a_cursor_of_another_history_is_refused(hub: TestHub, desk: NodeVoice):
    """A node whose cursor belongs to another epoch of the hub is told so."""
    parameters = {"cursor": 5 << 20, "hub_epoch": "11" * 8, "outcomes_after": 0}

    answered = request(hub, "GET", "/v1/feed", params=parameters, headers=headers(hub, desk))

    assert problem(answered) == (409, "hub-epoch-changed")


@pytest.mark.parametrize(
    "changed",
    [{"cursor": -1}, {"cursor": "x"}, {"hub_epoch": "xyz"}, {"wait_s": 31}, {"outcomes_after": 2**70}],
)
def test_a_question_outside_its_range_is_refused(hub: TestHub, desk: NodeVoice, changed: dict[str, object]):
    """Parameters of the feed that are no positions, no epoch or too long a wait are refused."""
    parameters = {"cursor": 0, "hub_epoch": "00" * 8, "outcomes_after": 0, **changed}

    answered = request(hub, "GET", "/v1/feed", params=parameters, headers=headers(hub, desk))

    assert problem(answered) == (400, "bad-field")


def test_a_long_poll_ends_with_an_empty_page(hub: TestHub, desk: NodeVoice):
    """When nothing happens, a waiting node gets an empty page after its time."""
    known = headers(hub, desk)
    page = feed(hub, known)
    began_ms = hub.clock.ms

    empty = feed(hub, known, cursor=page.cursor_to, outcomes_after=page.position, wait_s=20)

    assert (empty.rows, empty.outcomes, empty.is_last) == ([], [], True)
    assert hub.clock.ms - began_ms == 20_000


def test_a_long_poll_ends_when_something_happens(hub: TestHub, desk: NodeVoice):
    """A waiting node is answered as soon as another node's work reaches it."""
    known = headers(hub, desk)
    page = feed(hub, known)
    began_ms = hub.clock.ms
    asked: dict[str, str | int] = {
        "cursor": page.cursor_to,
        "hub_epoch": hub.app.hub.hub_epoch.hex(),
        "outcomes_after": page.position,
        "wait_s": 30,
    }

    async def wait_and_push(client: httpx.AsyncClient) -> httpx.Response:
        waiting = asyncio.create_task(client.get("/v1/feed", params=asked, headers=known))
        while hub.clock.ms < began_ms + 2_000:  # noqa: ASYNC110  (only the waiter moves the clock)
            await asyncio.sleep(0)
        await client.post("/v1/push", content=encode_batch([vehicle_set(desk).pushed]), headers=known)
        return await waiting

    answered = ask(hub, wait_and_push)

    told = open_frame(answered.content, Page, hub.app.hub.public_key, Purpose.FEED, hub.app.hub.hub_id)
    assert vehicle_id(VIN) in [row.record for row in told.rows]
    assert hub.clock.ms - began_ms < 4_000


def test_a_segment_is_served_by_its_hash(hub: TestHub, desk: NodeVoice):
    """A node fetches a recall list by hash and may keep it for ever."""
    segment = encode_segment([VIN])
    name = hub.app.segments.put(segment).hex()

    answered = request(hub, "GET", f"/v1/segments/{name}", headers=headers(hub, desk))

    assert (answered.content, answered.headers["etag"]) == (segment, f'"{name}"')
    assert "immutable" in answered.headers["cache-control"]
    assert segment_hash(answered.content).hex() == name


@pytest.mark.parametrize(
    ("offered", "coding"),
    [("zstd", "zstd"), ("gzip, zstd;q=0.5", "zstd"), ("gzip", None), ("identity", None), ("zstd;q=0", None)],
)
def test_a_large_answer_is_compressed_for_who_takes_it(hub: TestHub, desk: NodeVoice, offered: str, coding: str | None):
    """A segment travels as zstd to a node that accepts it and plain to any other, with the same content."""
    segment = encode_segment(make_vins(2_000))
    name = hub.app.segments.put(segment).hex()

    asked = {**headers(hub, desk), "Accept-Encoding": offered}
    answered = request(hub, "GET", f"/v1/segments/{name}", headers=asked)

    assert answered.headers.get("content-encoding") == coding
    assert answered.content == segment


@pytest.mark.parametrize(
    ("name", "expected"), [("0" * 64, (404, "not-found")), ("../keys/sign.key", (404, "not-found"))]
)
def test_a_segment_that_is_not_there_is_not_found(hub: TestHub, desk: NodeVoice, name: str, expected: tuple[int, str]):
    """An unknown hash, or a path that tries to leave the folder, finds nothing."""
    assert problem(request(hub, "GET", f"/v1/segments/{name}", headers=headers(hub, desk))) == expected


@pytest.mark.parametrize("name", ["0" * 63, "G" * 64, "0" * 65])
def test_a_name_that_is_no_hash_is_refused(hub: TestHub, desk: NodeVoice, name: str):
    """A segment is asked for by 64 hex digits."""
    assert problem(request(hub, "GET", f"/v1/segments/{name}", headers=headers(hub, desk))) == (400, "bad-field")


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


def test_a_busy_database_is_a_reason_to_come_back(hub: TestHub, desk: NodeVoice, tmp_path: Path):
    """While somebody else holds the lock, a push is answered with 503 and a time to wait, and nothing is lost."""
    quick = make_hub(tmp_path / "quick", busy_ms=0)
    voice = quick.enrol("desk", "A001")
    token, body = headers(quick, voice), encode_batch([vehicle_set(voice).pushed])

    with quick.app.hub.store.write():
        answered = request(quick, "POST", "/v1/push", content=body, headers=token)

    assert problem(answered) == (503, "busy")
    assert answered.headers["retry-after"] == "5"
    assert decode_answers(push(quick, voice, body).content)[0].code == int(PushCode.ACCEPTED)
