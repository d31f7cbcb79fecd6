"""The requests for personal data: ask, release, read; a part of the regulator API.

Holds no rules (`core.named_exports`). Vehicles and case travel in bodies; a request is named in addresses by its id.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from carnet_hub.core.campaigns.report import json_text
from carnet_hub.core.outside.access_ledger import Access
from carnet_hub.core.outside.named_exports import (
    NamedExport,
    ask_export,
    asker_of,
    export_values,
    exports_to_release,
    own_exports,
    read_export,
    release_export,
    release_values,
)
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.outside.regulators import Scope, Token
from carnet_hub.core.regulator_limits import NAMED_BYTES_MAX
from carnet_hub.entrypoints.http import regulator_shapes as shapes
from carnet_hub.entrypoints.http.bodies import read_body
from carnet_hub.entrypoints.http.regulator_gate import Gate, repr_digest

B = TypeVar("B", bound=BaseModel)
RequestId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
_ASKED: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": shapes.NamedRequest.model_json_schema()}},
    }
}


async def read_shape(request: Request, shape: type[B], *, bytes_max: int) -> B:
    """A body in one of the forms of the API.

    Raises:
        AccessRefused: BAD_REQUEST, it is of another form.
        Malformed: too large.
    """
    body = await read_body(request, bytes_max=bytes_max)
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise AccessRefused(Refusal.BAD_REQUEST) from error


def add_named_exports(router: APIRouter, gate: Gate) -> None:
    """The routes of named exports."""
    hub = gate.app.hub

    @router.post("/named-exports", response_model=shapes.NamedExport, openapi_extra=_ASKED)
    async def ask(request: Request) -> Any:
        """Ask for the owners of some vehicles, for a case; a second person has to release it."""
        asked = await read_shape(request, shapes.NamedRequest, bytes_max=NAMED_BYTES_MAX)

        def work(token: Token, access: Access) -> dict[str, object]:
            """The request, waiting."""
            asker = asker_of(token)
            return export_values(ask_export(hub, asker, asked.campaign_no, asked.case_no, asked.vins, access=access))

        return await gate.answered_once(request, Scope.OWNERS, asked.campaign_no, work)

    @router.get("/named-exports", response_model=shapes.NamedExports)
    async def asked_for(request: Request) -> Any:
        """What this token asked for, and where it stands."""
        return await gate.answered(request, Scope.OWNERS, "", lambda token: _listed(own_exports(hub, token)))

    @router.get("/named-exports/to-release", response_model=shapes.NamedToRelease)
    async def to_release(request: Request) -> Any:
        """What waits to be released, with its vehicles: asked for by others, in the campaigns of this token."""

        def work(token: Token) -> dict[str, object]:
            """The list."""
            return {"requests": [release_values(one) for one in exports_to_release(hub, token)]}

        return await gate.answered(request, Scope.RELEASE, "", work)

    @router.post("/named-exports/{request_id}/release", response_model=shapes.NamedExport)
    async def release(request: Request, request_id: RequestId) -> Any:
        """Let the asker read it; nobody releases their own."""

        def work(token: Token) -> dict[str, object]:
            """The request, released."""
            return export_values(release_export(hub, bytes.fromhex(request_id), token.grant.name, token))

        return await gate.answered(request, Scope.RELEASE, request_id, work)

    @router.post("/named-exports/{request_id}/read", response_model=shapes.NamedOwners)
    async def read(request: Request, request_id: RequestId) -> Response:
        """The owners, once; the head of the answer states the hash of its body."""

        def work(token: Token, access: Access) -> dict[str, object]:
            """Marked as read before it leaves."""
            return read_export(hub, asker_of(token), bytes.fromhex(request_id), access)

        values = await gate.answered_once(request, Scope.OWNERS, request_id, work)
        return owners_response(json_text(values), "application/json")


def _listed(exports: Iterable[NamedExport]) -> dict[str, object]:
    return {"requests": [export_values(one) for one in exports]}


def owners_response(body: bytes, media_type: str, *, name: str = "") -> Response:
    """Owners as they leave: kept by no cache, with the hash of the body in the head.

    Args:
        name: of the file that a browser is to save; empty for a program.
    """
    headers = {"Cache-Control": "no-store", "Repr-Digest": repr_digest(sha256(body).hexdigest())}
    if name:
        headers |= {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type=media_type, headers=headers)
