"""Conversations with the hub's HTTP application, as a node has them; no server and no port."""

import asyncio
import base64
from collections.abc import Callable, Coroutine
from typing import Any

import httpx

from carnet_protocol.envelope import Purpose
from carnet_protocol.hello import HelloAnswer
from carnet_protocol.ids import vehicle_id
from carnet_protocol.messages import (
    HubCard,
    Page,
    open_frame,
)
from support.authors import MadeSet, draft_of
from support.hub_apps import NodeVoice, TestHub
from support.vins import make_vins

VIN = make_vins(1)[0]


def ask(hub: TestHub, asking: Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]) -> Any:
    """Run a conversation with the hub's application."""

    async def conversation() -> Any:
        transport = httpx.ASGITransport(hub.api, raise_app_exceptions=False)
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
    assert {"type", "title", "status", "code", "what", "safe", "next", "retry"} == body.keys() - {"vins"}
    assert body["status"] == answered.status_code
    return body["status"], body["code"]
