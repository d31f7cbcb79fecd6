"""The hub client turns every answer, and every silence, into bytes, a refusal with a reason, or "try again"."""

import base64
import json
from collections.abc import Callable

import anyio
import httpx
import pytest
import zstandard

from carnet_node.adapters.hub_client import HubClient
from carnet_node.core.failures import HubRefused, HubUnreachable
from carnet_node.core.hub_link import FeedQuery
from carnet_protocol import limits
from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason
from support.transports import AnsweringTransport

CBOR = {"content-type": "application/cbor"}
PAGE = {"content-type": "text/html"}
PROBLEM = {"content-type": "application/problem+json"}

Answer = Callable[[httpx.Request], httpx.Response]


class Pauses:
    """A clock that notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def now_ms(self) -> int:
        return 0

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


class Dice:
    """Entropy that always shows the same face."""

    def random_bytes(self, count: int) -> bytes:
        return b"\x80" + bytes(count - 1)


def problem(code: str, status: int) -> httpx.Response:
    """A problem document of the hub."""
    return httpx.Response(status, headers=PROBLEM, content=json.dumps({"code": code, "detail": "so it is"}))


def ask(answer: Answer, pauses: Pauses | None = None, *, push: bool = False) -> bytes:
    """Ask a hub that answers like this for its card, or push an empty batch to it."""

    async def once() -> bytes:
        client = HubClient("https://hub.test", pauses or Pauses(), Dice(), transport=AnsweringTransport(answer))
        async with client as link:
            return await (link.push(b"token", b"\x80") if push else link.card())

    return anyio.run(once)


def test_a_good_answer_is_its_bytes():
    """The body of a 200 with the right type is handed out as it came."""
    assert ask(lambda _: httpx.Response(200, headers=CBOR, content=b"card")) == b"card"


def test_a_compressed_answer_is_inflated():
    """A hub may compress what it sends."""
    packed = zstandard.ZstdCompressor().compress(b"card" * 100)

    body = ask(lambda _: httpx.Response(200, headers={**CBOR, "content-encoding": "zstd"}, content=packed))

    assert body == b"card" * 100


def test_an_answer_that_inflates_without_end_is_refused():
    """A small answer that would fill the memory is refused at its bound."""
    bomb = zstandard.ZstdCompressor().compress(bytes(limits.MESSAGE_BYTES_MAX + 1))

    with pytest.raises(Malformed) as caught:
        ask(lambda _: httpx.Response(200, headers={**CBOR, "content-encoding": "zstd"}, content=bomb))

    assert (caught.value.reason, len(bomb) < 1000) == (Reason.TOO_LARGE, True)


def test_an_answer_beyond_its_bound_is_not_read_to_its_end():
    """More bytes than any message may have are no answer."""
    with pytest.raises(HubUnreachable, match="more than"):
        ask(lambda _: httpx.Response(200, headers=CBOR, content=bytes(limits.MESSAGE_BYTES_MAX + 1)))


@pytest.mark.parametrize(
    ("code", "status"), [("suspended-node", 403), ("bad-token", 401), ("code-used", 410), ("too-large", 413)]
)
def test_a_problem_becomes_a_refusal_with_its_reason(code: str, status: int):
    """The reason the hub gave arrives as a typed refusal, and is not tried again."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return problem(code, status)

    with pytest.raises(HubRefused) as caught:
        ask(answer)

    assert (caught.value.reason, caught.value.detail, caught.value.status) == (Reason(code), "so it is", status)
    assert asked == ["/v1/hub"]


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(httpx.Response(404, headers=PAGE, content=b"<html>"), id="a proxy's page"),
        pytest.param(httpx.Response(200, headers=PAGE, content=b"<html>"), id="a login page"),
        pytest.param(httpx.Response(302, headers={"location": "https://elsewhere.test"}), id="a redirect"),
        pytest.param(problem("brand-new-code", 409), id="a problem with an unknown code"),
        pytest.param(httpx.Response(409, headers=PROBLEM, content=b"{"), id="a problem that is no JSON"),
        pytest.param(httpx.Response(409, headers=PROBLEM, content=b"[]"), id="a problem that is a list"),
        pytest.param(httpx.Response(409, headers=PROBLEM, content=b"[" * 60_000), id="a problem without an end"),
        pytest.param(problem("internal", 500), id="an internal error"),
    ],
)
def test_what_is_no_answer_of_a_hub_is_unreachable(response: httpx.Response):
    """Whoever stands between node and hub cannot make the node believe it was refused."""
    with pytest.raises(HubUnreachable):
        ask(lambda _: response)


@pytest.mark.parametrize("asked", ["9" * 5_000, "٣", "soon", "-1"])
def test_a_waiting_time_that_is_none_is_left_alone(asked: str):
    """A Retry-After that is no number of seconds asks for nothing."""
    pauses = Pauses()

    with pytest.raises(HubUnreachable) as caught:
        ask(lambda _: httpx.Response(503, headers={b"retry-after": asked.encode()}, content=b""), pauses)

    assert (caught.value.retry_after_ms, pauses.waited) == (None, [0.375, 0.75])


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_hub_that_says_later_is_asked_again(status: int):
    """Two more tries, each after a longer pause within its range."""
    pauses = Pauses()
    answers = iter(
        [problem("busy", status), problem("busy", status), httpx.Response(200, headers=CBOR, content=b"card")]
    )

    body = ask(lambda _: next(answers), pauses)

    assert (body, pauses.waited) == (b"card", [0.375, 0.75])


def test_the_third_failure_is_told():
    """After three tries the caller learns that the hub is busy, and how long it asked to wait."""
    pauses = Pauses()

    with pytest.raises(HubUnreachable) as caught:
        ask(lambda _: httpx.Response(503, headers={**PROBLEM, "retry-after": "7"}, content=b"{}"), pauses)

    assert (caught.value.status, caught.value.retry_after_ms, pauses.waited) == (503, 7000, [7.0, 7.0])


def test_a_broken_connection_is_tried_again():
    """A hub whose worker is replaced in the middle of a push is simply asked once more."""
    tries: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tries.append(request.read())
        if len(tries) == 1:
            raise httpx.RemoteProtocolError("server disconnected", request=request)
        return httpx.Response(200, headers=CBOR, content=b"answers")

    assert ask(answer, push=True) == b"answers"
    assert (len(tries), tries[0] == tries[1]) == (2, True)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        pytest.param(httpx.ConnectError, "no connection came about", id="no route"),
        pytest.param(httpx.ConnectTimeout, "no connection came about", id="nobody picks up"),
        pytest.param(httpx.ReadError, "the connection broke off", id="the cable is pulled"),
    ],
)
def test_no_line_is_unreachable_in_plain_words_and_keeps_its_cause(failure: type[httpx.TransportError], said: str):
    """A cashier reads what happened; the original error stays visible to whoever looks for the fault."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise failure("no route", request=request)

    with pytest.raises(HubUnreachable) as caught:
        ask(answer)

    assert (caught.value.detail, type(caught.value.__cause__)) == (said, failure)


def test_a_push_that_timed_out_is_not_repeated():
    """Whoever pushed has to send less, so the same batch is not sent again here."""
    tries: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        raise httpx.ReadTimeout("slow line", request=request)

    with pytest.raises(HubUnreachable) as caught:
        ask(answer, push=True)

    assert (caught.value.is_timeout, len(tries)) == (True, 1)


def test_a_push_travels_compressed_with_its_token():
    """The body is one Zstandard frame and the token stands in the header alone."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers=CBOR, content=b"answers")

    ask(answer, push=True)

    request = seen[0]
    token = base64.urlsafe_b64decode(request.headers["authorization"].removeprefix("Bearer ") + "=")
    assert (request.method, request.url.path, request.headers["content-encoding"]) == ("POST", "/v1/push", "zstd")
    assert (zstandard.ZstdDecompressor().decompress(request.content), token) == (b"\x80", b"token")


def test_a_feed_query_stands_in_the_address_and_a_list_in_its_path():
    """Cursor, epoch and waiting time are public and stand in the query; segments are named by their hash."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        kind = "application/octet-stream" if "segments" in request.url.path else "application/cbor"
        return httpx.Response(200, headers={"content-type": kind}, content=b"x")

    async def both() -> None:
        transport = AnsweringTransport(answer)
        async with HubClient("https://hub.test", Pauses(), Dice(), transport=transport) as link:
            await link.feed(b"t", FeedQuery(7, b"epoch--1", 3, 20))
            await link.segment(b"t", bytes(32))

    anyio.run(both)

    assert seen == [
        "/v1/feed?cursor=7&hub_epoch=65706f63682d2d31&outcomes_after=3&wait_s=20",
        f"/v1/segments/{'00' * 32}",
    ]
