"""What every route of the regulator API stands behind: the token of a request, and the door.

Holds no rules (`core.regulator_door`).
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request

from carnet_hub.bootstrap import HubApp
from carnet_hub.core.outside.access_ledger import Access
from carnet_hub.core.outside.regulator_door import Caller, Door
from carnet_hub.core.outside.regulators import Scope, Token, recognise_token
from carnet_hub.entrypoints.http.bodies import bearer_text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gate:
    """The hub and its door, as the routes of the API use them."""

    app: HubApp
    door: Door

    async def answered(self, request: Request, scope: Scope, subject: str, work: Callable[[Token], T]) -> T:
        """What a program is answered that brings its token."""
        caller = self._caller(request)
        return await self.app.run_blocking(lambda: self.door.answer(caller, scope, subject, work))

    async def answered_once(
        self, request: Request, scope: Scope, subject: str, work: Callable[[Token, Access], T]
    ) -> T:
        """The same for what can be answered once, see `Door.answer_once`."""
        caller = self._caller(request)
        return await self.app.run_blocking(lambda: self.door.answer_once(caller, scope, subject, work))

    def _caller(self, request: Request) -> Caller:
        text, hub = bearer_text(request), self.app.hub
        return Caller("api", address_of(request), lambda: recognise_token(hub, text))


def address_of(request: Request) -> str:
    """The address of the caller as the server knows it; behind a proxy it comes from there."""
    return request.client.host if request.client is not None else ""


def repr_digest(sha256: str) -> str:
    """The header that lets a reader find that a download is cut short. Source: RFC 9530, section 3."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
