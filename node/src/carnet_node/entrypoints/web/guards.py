"""What a request must be before any route sees it: asked under a name of ours, from our own page, and bounded.

Decides which requests are turned away at the door, and the headers that every answer carries. The API listens on
loopback, but every page in a browser on this machine can reach loopback too: hence these rules.

Rules:
- Host is exactly one of the allowed names (421): a foreign name that was rebound to this address is not answered.
- A browser's request comes from the same origin (403): `Sec-Fetch-Site` is same-origin or none, `Origin` is our own.
  Our pages tell no referrer, so a browser sends their forms with the origin `null`; that counts as ours only beside
  `Sec-Fetch-Site: same-origin`, which no page can forge.
- A body is JSON by its content type (415), so that no plain form of another page can post one. Outside `/api` it may be
  a form: pages carry the token of their session (`pages.visitors`), which another page does not know.
- A body is read up to a bound (413), whatever its length header says. Two addresses take a file: it states its length,
  and is written to disk as it comes.
- Below `/api` a program proves itself with the node's token (401); a cookie means nothing there (ADR 0011).
- No answer is stored by a cache or readable by another origin; there is no CORS.

Source: Fetch Metadata Request Headers; RFC 9110 section 15.5.20 (421).
"""

import hmac
import ipaddress
import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carnet_node.core.limits import API_BODY_BYTES_MAX, UPLOAD_BYTES_MAX
from carnet_node.entrypoints.web.problem_response import (
    BODY_IN_SCOPE,
    BODY_TOO_LARGE,
    FOREIGN_PAGE,
    NO_TOKEN,
    NOT_JSON,
    WRONG_HOST,
    HttpProblem,
    answer_http_problem,
    answer_no_token,
)
from carnet_node.settings import NodeSettings

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

ANSWER_HEADERS: Final = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Every answer has these, unless its route says otherwise."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME_ORIGIN: Final = "same-origin"
_OWN_SITES: Final = frozenset({_SAME_ORIGIN, "none"})
_UNTOLD: Final = "null"
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:\[\]/@]+)(?::[0-9]{1,5})?")
_API: Final = "/api"
_JSON: Final = "application/json"
_UPLOADS: Final = frozenset({"/exchange/import", "/sync/bundle/take"})
_MULTIPART: Final = "multipart/form-data"
_FORM: Final = "application/x-www-form-urlencoded"


def allowed_hosts(settings: NodeSettings, *more: str) -> frozenset[str]:
    """Names under which browsers may reach this node: loopback, what the settings list, and addresses it listens on.

    Args:
        more: addresses given on the command line; those that mean "everywhere" are no names.
    """
    listening = [address for address in (settings.host, *more) if not _is_everywhere(address)]
    return LOOPBACK_NAMES | _spelled([*settings.allowed_hosts, *listening])


class Guard:
    """The door: an ASGI middleware around all routes.

    Args:
        hosts: from `allowed_hosts`.
        token: what programs send; see `adapters.api_token`.
        body_bytes_max: of one request.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: frozenset[str], token: str, body_bytes_max: int = API_BODY_BYTES_MAX
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._bearer = f"Bearer {token}".encode()
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body read, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._problem_of(scope)
        if problem is None and _is_upload(scope):
            await self._app(scope, receive, _with_headers(send))
            return
        body = None if problem is not None else await _read_body(receive, self._body_bytes_max)
        match body:
            case _Ended.HUNG_UP:
                return
            case None | _Ended.TOO_LARGE:
                refusal = answer_no_token() if problem is NO_TOKEN else answer_http_problem(problem or BODY_TOO_LARGE)
                await refusal(scope, receive, _with_headers(send))
            case _:
                await self._app({**scope, BODY_IN_SCOPE: body}, _replay(body, receive), _with_headers(send))

    def _problem_of(self, scope: Scope) -> HttpProblem | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _name_of(hosts[0]) not in self._hosts:
            return WRONG_HOST
        is_write = scope["method"] not in _SAFE_METHODS
        if (is_write or scope["path"].startswith(_API)) and not _is_from_own_page(headers, hosts[0]):
            return FOREIGN_PAGE
        if scope["path"].startswith(_API) and not self._is_known(headers):
            return NO_TOKEN
        if _is_upload(scope):
            return None if 0 < _length(headers) <= UPLOAD_BYTES_MAX else BODY_TOO_LARGE
        if is_write and _has_body(headers) and not _is_readable(headers, scope["path"]):
            return NOT_JSON
        return BODY_TOO_LARGE if _length(headers) > self._body_bytes_max else None

    def _is_known(self, headers: Headers) -> bool:
        """Whether a program proves that it may read the data folder; the comparison takes equally long for all."""
        sent = headers.getlist("authorization")
        return len(sent) == 1 and hmac.compare_digest(sent[0].strip().encode(), self._bearer)


def _is_from_own_page(headers: Headers, host: str) -> bool:
    """Whether a browser would call this the same origin; programs send neither header."""
    site = headers.get("sec-fetch-site", "none")
    if site not in _OWN_SITES:
        return False
    origins = [origin.lower() for origin in headers.getlist("origin")]
    own = {f"http://{host.lower()}", f"https://{host.lower()}"}
    if site == _SAME_ORIGIN:
        own.add(_UNTOLD)
    return all(origin in own for origin in origins)


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _is_upload(scope: Scope) -> bool:
    """Whether this is an address that takes a file, which is written to disk as it comes."""
    is_there = scope["path"] in _UPLOADS and scope["method"] == "POST"
    return is_there and Headers(scope=scope).get("content-type", "").startswith(_MULTIPART)


def _length(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _is_readable(headers: Headers, path: str) -> bool:
    """Whether the body is of a type that its address takes: JSON, and for pages a form too."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == _JSON or (media_type == _FORM and not path.startswith(_API))


class _Ended(Enum):
    """Why there is no whole body."""

    TOO_LARGE = "too large"
    HUNG_UP = "hung up"


async def _read_body(receive: Receive, bytes_max: int) -> bytes | _Ended:
    """The whole body, or why there is none; half of one is never taken for it."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return _Ended.HUNG_UP
        body += message.get("body", b"")
        if len(body) > bytes_max:
            return _Ended.TOO_LARGE
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands the body out once more, and then what comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        """The body first, then what the client sends."""
        return waiting.pop() if waiting else await receive()

    return replay


def _with_headers(send: Send) -> Send:
    async def add_headers(message: Message) -> None:
        """Add what the answer has not set itself."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in ANSWER_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return add_headers


def _name_of(host: str) -> str:
    """The name in a Host header, without port; empty when it is none."""
    match = _HOST.fullmatch(host.strip().lower())
    return match[1] if match else ""


def _spelled(hosts: Iterable[str]) -> frozenset[str]:
    """Names as they stand in a Host header: lower case, IPv6 in brackets."""
    lowered = (host.strip().lower() for host in hosts)
    return frozenset(f"[{host}]" if ":" in host and not host.startswith("[") else host for host in lowered if host)


def _is_everywhere(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False
