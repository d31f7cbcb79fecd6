"""A hub as regulators and the public see it: one recall under way, one report published, tokens of every sort."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute

from carnet_hub.adapters.system import make_turn
from carnet_hub.core.outside.access_ledger import read_accesses
from carnet_hub.core.outside.regulator_door import Door
from carnet_hub.core.outside.regulators import Grant, Scope, issue_token, revoke_token
from carnet_hub.entrypoints.http.app import create_api
from carnet_hub.entrypoints.http.regulator_api import regulator_api
from carnet_hub.entrypoints.site.named_export_pages import named_export_pages
from carnet_hub.entrypoints.site.public_check import public_check
from carnet_hub.entrypoints.site.regulator_pages import regulator_pages
from carnet_protocol.ids import vehicle_id
from carnet_protocol.registry import Value
from support.authors import draft_of
from support.protocol import fixed
from support.recall_hub import VINS, RecallHub, begin_recall
from support.recall_plans import NUMBER
from support.vins import make_vins

INSIDE = "192.0.2.7"
OUTSIDE = "198.51.100.9"
OWNER_NAME = "Zzyzx Owner"
DONE, OPEN = VINS[:2]
STRANGER = next(vin for vin in make_vins(40)[len(VINS) :] if "0" in vin)
"""Of no campaign; it can be mistyped with a letter O."""


@dataclass
class Outside:
    """A served hub and who may ask it.

    Attributes:
        tokens: text by role.
        manifest: the published report.
    """

    recall: RecallHub
    api: FastAPI
    manifest: str
    folder: Path
    tokens: dict[str, str] = field(default_factory=dict)

    def token(
        self,
        name: str,
        scopes: Iterable[Scope] = tuple(Scope),
        *,
        days: int = 30,
        is_revoked: bool = False,
        **more: Any,
    ) -> str:
        """A fresh token.

        Args:
            more: of its grant.
        """
        token, text = issue_token(self.recall.hub.app.hub, Grant(name, tuple(scopes), **more), days=days)
        if is_revoked:
            revoke_token(self.recall.hub.app.hub, token.token_id)
        return text

    def ask(
        self, method: str, path: str, token: str | None = None, *, address: str = INSIDE, **more: Any
    ) -> httpx.Response:
        """One request and its answer, a second after the one before."""
        self.recall.hub.clock.ms += 1000
        headers = {**({"Authorization": f"Bearer {token}"} if token is not None else {}), **more.pop("headers", {})}
        transport = httpx.ASGITransport(self.api, raise_app_exceptions=False, client=(address, 40000))

        async def conversation() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(conversation())

    @property
    def routes(self) -> list[APIRoute]:
        """Every route for regulators and the public."""
        app = self.recall.hub.app
        made = (regulator_api, regulator_pages, named_export_pages, public_check)
        routers = [pages(app, Door(app.hub, make_turn())) for pages in made]
        return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]

    @property
    def accesses(self) -> list[tuple[str, str, str]]:
        """(scope, subject, outcome) of every access so far."""
        found = read_accesses(self.recall.hub.app.hub)
        return [(one.access.scope, one.access.subject, one.access.outcome) for one in found]


def begin_outside(folder: Path, **texts: object) -> Outside:
    """A hub with a campaign of twelve vehicles, one of them done, and its stage report published."""
    recall = begin_recall(folder / "hub", VINS, **texts)
    recall.days_pass(3)
    recall.complete("A001", DONE)
    owner, car = fixed("owner"), vehicle_id(OPEN)
    author = recall.desks["A001"]
    recall.push(author.write(draft_of("customer", owner, {"party_kind": "person", "full_name": OWNER_NAME})))
    tie: dict[str, Value] = {"vehicle_id": car, "customer_id": owner, "role": "owner"}
    recall.push(author.write(draft_of("ownership", fixed("tie"), tie)))
    recall.days_pass(1)
    recall.make("cn-stage", folder / "report")
    published = recall.hub.app.published_reports().publish(folder / "report")
    return Outside(recall, create_api(recall.hub.app), published.name, folder / "report")


__all__ = ["DONE", "INSIDE", "NUMBER", "OPEN", "OUTSIDE", "OWNER_NAME", "STRANGER", "Outside", "begin_outside"]
