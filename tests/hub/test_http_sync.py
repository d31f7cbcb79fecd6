"""Push, feed and segments over HTTP, as docs/spec/http.md says: bytes in, bytes out, all bounded."""

import asyncio
from pathlib import Path

import httpx
import pytest
import zstandard

from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.upkeep.overview import NodeState, list_nodes
from carnet_protocol import limits
from carnet_protocol.envelope import Purpose
from carnet_protocol.ids import vehicle_id
from carnet_protocol.messages import (
    Page,
    PushCode,
    decode_answers,
    encode_batch,
    open_frame,
)
from carnet_protocol.segments import encode_segment, segment_hash
from support.hub_apps import NodeVoice, TestHub, make_hub
from support.hub_http import VIN, ask, card, feed, headers, problem, push, request, vehicle_set
from support.vins import make_vins


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one dealer site and one enrolled node."""
    return make_hub(tmp_path)


@pytest.fixture
def desk(hub: TestHub) -> NodeVoice:
    """The enrolled node."""
    return hub.enrol("desk", "A001")


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


def test_a_queue_that_has_arrived_is_no_queue(hub: TestHub, desk: NodeVoice):
    """A node that said it had one unsent set is healthy once that set is here, and lagging before."""
    made = vehicle_set(desk)
    said = {"head_seq": 1, "head_hash": made.set_hash, "unsent_sets": 1, "oldest_unsent_ms": desk.wall_ms}
    hello = request(hub, "POST", "/v1/hello", content=desk.hello(card(hub).challenge, **said))
    before = [line.state for line in list_nodes(hub.app.hub)]

    receive_sets(hub.app.hub, [made.pushed])

    assert hello.status_code == 200
    assert (before, [line.state for line in list_nodes(hub.app.hub)]) == ([NodeState.LAGGING], [NodeState.HEALTHY])
