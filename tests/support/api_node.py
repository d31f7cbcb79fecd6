"""A node behind its JSON API, asked from inside the test's process.

desk = ApiNode(build_node(tmp_path))
customer = desk.made("/api/customers", {"values": {"party_kind": "person", "full_name": "Test person"}})
desk.change(f"/api/customers/{customer['id']}", based_on=customer["view"]["customer"]["heads"], segment="taxi")
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
from fastapi import FastAPI

from carnet_node.adapters.system import run_blocking
from carnet_node.core.line.session import SyncPorts
from carnet_node.core.node import Node
from carnet_node.entrypoints.web.app import create_api
from carnet_node.entrypoints.web.desk import Background, Desk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES
from support.shared_api import shared_api

Json = dict[str, Any]

TOKEN = "token of a test node"
"""With which a program proves itself."""

BEARER = {"Authorization": f"Bearer {TOKEN}"}

PERSONAL = {"Carnet-Personal": "true"}
"""The header that asks for names and numbers in full."""


@dataclass
class Woken:
    """A background sync that only counts how often it was woken, and whether it runs."""

    wakes: int = 0
    is_running: bool = False

    async def run(self) -> None:
        """Run until cancelled."""
        self.is_running = True
        try:
            await anyio.sleep_forever()
        finally:
            self.is_running = False

    def wake(self) -> None:
        """Count."""
        self.wakes += 1


@dataclass
class ApiNode:
    """One node's API.

    Attributes:
        hosts: names it answers to.
    """

    node: Node
    ports: SyncPorts | None = None
    background: Background | None = None
    hosts: frozenset[str] = LOOPBACK_NAMES
    api: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        desk = Desk(self.node, run_blocking, self.ports, self.background)
        is_run = self.background is not None
        self.api = (create_api if is_run else shared_api)(desk, hosts=self.hosts, token=TOKEN)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """One request of a program that proves itself, and its answer, whatever it is."""
        sent = more if body is None else {"json": body, **more}

        async def conversation() -> httpx.Response:
            transport = httpx.ASGITransport(self.api, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost:8420", headers=BEARER
            ) as client:
                return await client.request(method, path, **sent)

        return anyio.run(conversation)

    def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> Any:
        """What a view says."""
        return said(self.ask("GET", path, headers=dict(headers or {})), 200)

    def made(self, path: str, body: Json) -> Any:
        """What recording something says."""
        return said(self.ask("POST", path, body), 201)

    def done(self, path: str, body: Json | None = None, *, headers: Mapping[str, str] | None = None) -> Any:
        """What a step says."""
        return said(self.ask("POST", path, body, headers=dict(headers or {})), 200)

    def changed(self, path: str, body: Json) -> Any:
        """What an edit says."""
        return said(self.ask("PATCH", path, body), 200)

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> Json:
        """The problem document of a request that is not done."""
        return problem(self.ask(method, path, body, **more))


def said(answered: httpx.Response, status: int) -> Any:
    """The body of an answer with this status."""
    assert answered.status_code == status, answered.text
    return answered.json()


def problem(answered: httpx.Response) -> Json:
    """A problem document in the one shape that all have."""
    assert answered.headers["content-type"] == "application/problem+json", answered.text
    document: Json = answered.json()
    assert {"type", "title", "status", "code", "what", "safe", "next"} <= document.keys()
    assert document.keys() <= {"type", "title", "status", "code", "what", "safe", "next", "errors", "fault"}
    assert (document["status"], document["type"]) == (answered.status_code, f"urn:carnet:problem:{document['code']}")
    return document


def wrong(document: Json) -> list[tuple[str | None, str]]:
    """Pointers and codes of everything a problem document finds wrong."""
    return [(one.get("pointer"), one["code"]) for one in document.get("errors", [])]
