"""The hub over HTTP: bytes out, bytes back.

Decides addresses, headers, time-outs, the bound of every answer, what is tried again, and which exception an answer
becomes. Does not verify or understand a message (`core/sync`, `core/enrolment`).

Rules:
- Time-outs: 5 s to connect; 30 s for an answer, 90 s for a push, the asked waiting time plus 15 s for a long poll.
- Tried again, twice, after a jittered pause: no connection, a broken one, 429, 502, 503, 504. Every request may be
  repeated without harm: the hub dedupes sets by their nonce. A push that timed out is not repeated here; its caller
  sends less.
- Answers are read raw and inflated with a bound; a redirect is not followed.
- An `application/problem+json` answer with a known code becomes `HubRefused`. Anything else that is not the expected
  answer, say a proxy's error page, becomes `HubUnreachable`.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import httpx

from carnet_node.adapters.compression import deflate, inflate
from carnet_node.core.failures import HubRefused, HubUnreachable
from carnet_node.core.hub_link import FeedQuery
from carnet_node.core.limits import (
    ANSWER_S,
    CONNECT_S,
    DETAIL_CHARS_MAX,
    POLL_GRACE_S,
    PROBLEM_BYTES_MAX,
    PUSH_S,
    TRIES_MAX,
)
from carnet_node.core.line.enrolment import is_loopback
from carnet_node.core.line.schedule import dice_of, retry_delay_ms
from carnet_node.core.ports import Clock, Entropy
from carnet_protocol import limits
from carnet_protocol.reasons import Reason

CBOR: Final = "application/cbor"
SEGMENT: Final = "application/octet-stream"
_PROBLEM: Final = "application/problem+json"
_RETRIED: Final = frozenset({429, 502, 503, 504})
_NO_CONNECTION: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back, read whole."""

    status: int
    media_type: str
    body: bytes
    retry_after_ms: int | None


class HubClient:
    """One hub, over one connection pool. Use as an async context manager.

    Args:
        base_url: as checked by `core.enrolment.check_hub_url`.
        clock, entropy: for the pauses between tries.
        transport: another way to reach the hub than the network (tests, simulator).
    """

    def __init__(
        self, base_url: str, clock: Clock, entropy: Entropy, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._clock = clock
        self._entropy = entropy
        self._http = httpx.AsyncClient(
            base_url=base_url,
            transport=transport,
            # A hub on this machine is never behind a proxy; any other may be, and the environment says so.
            trust_env=not is_loopback(httpx.URL(base_url).host),
            follow_redirects=False,
            headers={"accept": f"{CBOR}, {_PROBLEM}", "accept-encoding": "zstd"},
        )

    async def __aenter__(self) -> "HubClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def card(self) -> bytes:
        """The hub's signed card with a fresh challenge."""
        return await self._exchange("GET", "/v1/hub")

    async def enrol(self, request: bytes) -> bytes:
        """The hub's answer to an enrolment request."""
        return await self._exchange("POST", "/v1/enrol", body=request)

    async def recover(self, message: bytes) -> bytes:
        """The hub's answer to a request for a lost machine's data key."""
        return await self._exchange("POST", "/v1/recover", body=message)

    async def hello(self, message: bytes) -> bytes:
        """The hub's answer to a hello."""
        return await self._exchange("POST", "/v1/hello", body=message)

    async def look_up(self, message: bytes) -> bytes:
        """The hub's answer to a look-up of another dealer's car."""
        return await self._exchange("POST", "/v1/look-up", body=message)

    async def push(self, token: bytes, batch: bytes) -> bytes:
        """The answers to a batch of sets, which travels compressed."""
        headers = {**_bearer(token), "content-encoding": "zstd"}
        return await self._exchange("POST", "/v1/push", body=deflate(batch), headers=headers, answer_s=PUSH_S)

    async def offer(self, token: bytes, offer: bytes) -> bytes:
        """The answers to an offer of sets, which travels compressed."""
        headers = {**_bearer(token), "content-encoding": "zstd"}
        return await self._exchange("POST", "/v1/offer", body=deflate(offer), headers=headers, answer_s=PUSH_S)

    async def feed(self, token: bytes, query: FeedQuery) -> bytes:
        """One page of the feed; waits at the hub for up to `query.wait_s` when nothing is new."""
        parameters = {
            "cursor": str(query.cursor),
            "hub_epoch": query.hub_epoch.hex(),
            "outcomes_after": str(query.outcomes_after),
            "wait_s": str(query.wait_s),
        }
        answer_s = ANSWER_S if query.wait_s == 0 else query.wait_s + POLL_GRACE_S
        return await self._exchange("GET", "/v1/feed", params=parameters, headers=_bearer(token), answer_s=answer_s)

    async def excluded(self, token: bytes, after: int) -> bytes:
        """Sets of this site that have lost their effect, behind a position."""
        return await self._exchange("GET", "/v1/excluded", params={"after": str(after)}, headers=_bearer(token))

    async def segment(self, token: bytes, sha256: bytes) -> bytes:
        """A segment of a recall list, or a step, by its hash."""
        return await self._exchange(
            "GET",
            f"/v1/segments/{sha256.hex()}",
            headers=_bearer(token),
            bytes_max=limits.SEGMENT_BYTES_MAX,
            media_type=SEGMENT,
        )

    async def recall_lists(self, token: bytes, since: int) -> bytes:
        """The manifest of the recall lists that changed behind a position."""
        return await self._exchange(
            "GET",
            "/v1/recall-lists",
            params={"since": str(since)},
            headers=_bearer(token),
            bytes_max=limits.RECALL_MANIFEST_BYTES_MAX,
        )

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        answer_s: float = ANSWER_S,
        bytes_max: int = limits.MESSAGE_BYTES_MAX,
        media_type: str = CBOR,
    ) -> bytes:
        """Send, try again where that helps, and translate what came back.

        Raises:
            HubUnreachable: no usable answer after the last try; one of more than `bytes_max` bytes is none.
            HubRefused: the hub said no.
            Malformed: the answer inflates to more than `bytes_max`, or not at all.
        """
        sent = {**(headers or {}), **({"content-type": CBOR} if body is not None else {})}
        request = self._http.build_request(
            method, path, content=body, params=params, headers=sent, timeout=httpx.Timeout(answer_s, connect=CONNECT_S)
        )
        for failures in range(TRIES_MAX):
            try:
                return _content(await self._send(request, bytes_max), media_type)
            except HubUnreachable as error:
                may_pass = not error.is_timeout and (error.status is None or error.status in _RETRIED)
                if not may_pass or failures + 1 == TRIES_MAX:
                    raise
                dice = dice_of(self._entropy.random_bytes(2))
                delay_ms = retry_delay_ms(failures=failures, dice=dice, asked_ms=error.retry_after_ms)
                await self._clock.sleep(delay_ms / 1000)
        raise AssertionError("the last try returns or raises")

    async def _send(self, request: httpx.Request, bytes_max: int) -> _Answer:
        """One request and its whole answer."""
        try:
            response = await self._http.send(request, stream=True)
            try:
                raw = await _read_bounded(response, bytes_max)
            finally:
                await response.aclose()
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise HubUnreachable("the hub did not answer in time", is_timeout=True) from error
        except _NO_CONNECTION as error:
            raise HubUnreachable("no connection came about") from error
        except httpx.HTTPError as error:
            raise HubUnreachable("the connection broke off") from error
        if response.headers.get("content-encoding", "identity").lower() == "zstd":
            raw = inflate(raw, bytes_max=bytes_max)
        media_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
        return _Answer(response.status_code, media_type, raw, _retry_after_ms(response))


def _content(answer: _Answer, media_type: str) -> bytes:
    """The body of a good answer; every other answer as an exception."""
    if answer.status == httpx.codes.OK and answer.media_type == media_type:
        return answer.body
    if answer.media_type == _PROBLEM and httpx.codes.is_client_error(answer.status) and answer.status not in _RETRIED:
        raise _refusal(answer)
    raise HubUnreachable(
        f"the hub answered with status {answer.status}", status=answer.status, retry_after_ms=answer.retry_after_ms
    )


def _refusal(answer: _Answer) -> HubRefused | HubUnreachable:
    """The typed refusal behind a problem document; a document that cannot be read says nothing."""
    try:
        problem = json.loads(answer.body[:PROBLEM_BYTES_MAX])
        reason = Reason(problem["code"])
        detail = str(problem.get("detail", ""))[:DETAIL_CHARS_MAX]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return HubUnreachable("the hub refused for no known reason", status=answer.status)
    return HubRefused(reason, detail, answer.status)


async def _read_bounded(response: httpx.Response, bytes_max: int) -> bytes:
    """The raw body; reading stops with the first chunk beyond the bound.

    Raises:
        HubUnreachable: longer than allowed, which no hub of this protocol sends.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > bytes_max:
            raise HubUnreachable(f"an answer of more than {bytes_max} bytes", status=response.status_code)
        chunks.append(chunk)
    return b"".join(chunks)


def _retry_after_ms(response: httpx.Response) -> int | None:
    """Retry-After in seconds as ms; dates are not used by our hub."""
    asked = response.headers.get("retry-after", "")
    return int(asked) * 1000 if _SECONDS.fullmatch(asked) else None


def _bearer(token: bytes) -> dict[str, str]:
    return {"authorization": "Bearer " + base64.urlsafe_b64encode(token).decode().rstrip("=")}
