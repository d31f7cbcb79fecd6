"""The read-only API for regulators: everything under `/v1/regulator`.

Holds no rules: the door judges and writes down, views say what is shown. Answers are JSON in the forms of
`regulator_shapes`; a download is a file with its hash beside it, in pieces where somebody asks for them.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, JSONResponse, Response

from carnet_hub.adapters.published_reports import PublishedReport, PublishedReports
from carnet_hub.bootstrap import HubApp
from carnet_hub.core.campaigns.report import FileFacts
from carnet_hub.core.limits import POSITION_MAX
from carnet_hub.core.outside.access_ledger import vehicle_reference
from carnet_hub.core.outside.regulator_changes import changes_for
from carnet_hub.core.outside.regulator_door import Door
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.outside.regulator_views import (
    campaign_for,
    list_for,
    plan_document,
    plan_signature,
    progress_for,
    progress_values,
)
from carnet_hub.core.outside.regulators import Scope, Token, present_ms
from carnet_hub.core.outside.vehicle_recalls import assess_typed, covered_campaigns, recalls_of, vehicle_values
from carnet_hub.core.regulator_limits import FORM_BYTES_MAX
from carnet_hub.entrypoints.http import regulator_shapes as shapes
from carnet_hub.entrypoints.http.named_exports_api import add_named_exports, read_shape
from carnet_hub.entrypoints.http.regulator_gate import Gate, repr_digest
from carnet_protocol.limits import CODE_CHARS_MAX

PREFIX: Final = "/v1/regulator"
_API_VERSION: Final = "1"
_IMMUTABLE: Final = "private, max-age=31536000, immutable"
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": shapes.Problem, "content": {"application/problem+json": {}}}
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 503)
}
_QUESTION: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": shapes.VehicleQuestion.model_json_schema()}},
    }
}
_BYTES: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"application/octet-stream": {}}}, **_PROBLEMS}

CampaignNo = Annotated[str, Path(min_length=1, max_length=CODE_CHARS_MAX)]
Hash = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
FileName = Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
After = Annotated[int, Query(ge=0, le=POSITION_MAX)]
Epoch = Annotated[str, Query(pattern="^([0-9a-f]{16})?$")]


def regulator_api(app: HubApp, door: Door) -> APIRouter:
    """The routes of this hub, and their description at `/v1/regulator/openapi.json`."""
    router = APIRouter(prefix=PREFIX, responses=_PROBLEMS, tags=["regulator"])
    gate = Gate(app, door)
    _add_campaigns(router, gate)
    _add_vehicles(router, gate)
    _add_exports(router, gate)
    add_named_exports(router, gate)

    @router.get("/openapi.json", include_in_schema=False)
    async def description() -> Response:
        """The description of this API; needs no token and names no campaign."""
        return JSONResponse(describe_api(router))

    return router


def describe_api(router: APIRouter) -> dict[str, Any]:
    """The OpenAPI document of the routes."""
    document = get_openapi(title="Carnet regulator API", version=_API_VERSION, routes=router.routes)
    schemes = {"token": {"type": "http", "scheme": "bearer"}}
    document.setdefault("components", {})["securitySchemes"] = schemes
    document["security"] = [{"token": []}]
    return document


def _add_campaigns(router: APIRouter, gate: Gate) -> None:
    app, hub = gate.app, gate.app.hub

    @router.get("/campaigns", response_model=shapes.CampaignList)
    async def campaigns(request: Request) -> Any:
        """Every campaign that the token covers."""
        return await gate.answered(request, Scope.CAMPAIGNS, "", lambda token: list_for(hub, token.covers))

    # A campaign number may hold slashes, so the longer paths come first.
    @router.get("/campaigns/{campaign_no:path}/progress", response_model=shapes.ProgressOverTime)
    async def progress(request: Request, campaign_no: CampaignNo) -> Any:
        """How far a campaign has come, and its completions by day, site and province."""

        def work(token: Token) -> dict[str, object]:
            """Sums that are kept beside the records."""
            return progress_values(progress_for(hub, app.segments, token.covers, campaign_no))

        return await gate.answered(request, Scope.PROGRESS, campaign_no, work)

    @router.get("/campaigns/{campaign_no:path}", response_model=shapes.CampaignView)
    async def campaign(request: Request, campaign_no: CampaignNo) -> Any:
        """One campaign: texts, work, versions of its plan by hash, what happened, each with its signed change set."""

        def work(token: Token) -> dict[str, object]:
            """As the log says it now."""
            return campaign_for(hub, token.covers, campaign_no)

        return await gate.answered(request, Scope.CAMPAIGNS, campaign_no, work)

    @router.get("/plans/{sha256}", response_class=Response, responses=_BYTES)
    async def plan(request: Request, sha256: Hash) -> Response:
        """The document of a plan by its hash; it never changes."""

        def work(token: Token) -> bytes:
            """As it was filed or published."""
            return plan_document(hub, app.plans, token.covers, bytes.fromhex(sha256))

        document = await gate.answered(request, Scope.CAMPAIGNS, sha256, work)
        headers = {"ETag": f'"{sha256}"', "Cache-Control": _IMMUTABLE, "Repr-Digest": repr_digest(sha256)}
        return Response(document, media_type="application/json", headers=headers)

    @router.get("/plans/{sha256}/signature", response_model=shapes.PlanSignature)
    async def signature(request: Request, sha256: Hash) -> Any:
        """The signed change set that names a plan by its hash."""

        def work(token: Token) -> dict[str, object]:
            """As its author signed it."""
            return plan_signature(hub, token.covers, bytes.fromhex(sha256))

        return await gate.answered(request, Scope.CAMPAIGNS, sha256, work)

    @router.get("/changes", response_model=shapes.Changes)
    async def changes(request: Request, after: After = 0, hub_epoch: Epoch = "") -> Any:
        """What changed behind a position of the log; ask again with the position and epoch of the answer."""

        def work(token: Token) -> dict[str, object]:
            """One page."""
            return changes_for(hub, token.covers, after=after, hub_epoch=hub_epoch)

        return await gate.answered(request, Scope.CHANGES, "", work)


def _add_vehicles(router: APIRouter, gate: Gate) -> None:
    hub = gate.app.hub

    @router.post("/vehicles", response_model=shapes.Vehicle, openapi_extra=_QUESTION)
    async def vehicle(request: Request) -> Any:
        """The state of one vehicle in each campaign that the token covers; nothing of its owner."""
        question = await read_shape(request, shapes.VehicleQuestion, bytes_max=FORM_BYTES_MAX)
        assessed = assess_typed(question.vin)

        def work(token: Token) -> dict[str, object]:
            """One snapshot for the campaigns and the vehicle."""
            if assessed is None:
                raise AccessRefused(Refusal.NO_VEHICLE_NUMBER)
            with hub.store.read() as snapshot:
                campaigns = covered_campaigns(hub, snapshot, token.covers)
                recalls = recalls_of(hub, snapshot, campaigns, assessed.vin)
                return vehicle_values(snapshot, assessed, recalls, present_ms(hub, snapshot))

        subject = vehicle_reference(hub, assessed.vin) if assessed is not None else ""
        return await gate.answered(request, Scope.VEHICLES, subject, work)


def _add_exports(router: APIRouter, gate: Gate) -> None:
    published = gate.app.published_reports()

    @router.get("/exports", response_model=shapes.ExportList)
    async def exports(request: Request) -> Any:
        """Signed reports that can be downloaded."""

        def work(token: Token) -> dict[str, object]:
            """Those of the token's campaigns."""
            found = [one for one in published.reports() if token.covers(one.campaign_no)]
            return {"exports": [report_values(one) for one in found]}

        return await gate.answered(request, Scope.EXPORTS, "", work)

    @router.get("/exports/{manifest}/{name}", response_class=Response, responses=_BYTES)
    async def download(request: Request, manifest: Hash, name: FileName) -> Response:
        """One file of a report, or the archive of all; `Range` goes on where a line broke."""

        def work(token: Token) -> Response:
            """The file with its hash."""
            return file_response(published, token, manifest, name)

        return await gate.answered(request, Scope.EXPORTS, f"{manifest} {name}", work)


def file_response(published: PublishedReports, token: Token, manifest: str, name: str) -> Response:
    """A file of a published report, with its hash in the head of the answer.

    Raises:
        AccessRefused: NOT_FOUND.
    """
    report = published.find(manifest)
    found = [one for one in report.files if one.name == name] if report is not None else []
    if report is None or not found or not token.covers(report.campaign_no):
        raise AccessRefused(Refusal.NOT_FOUND)
    file: FileFacts = found[0]
    digest = file.sha256.hex()
    headers = {"ETag": f'"{digest}"', "Cache-Control": _IMMUTABLE, "Repr-Digest": repr_digest(digest)}
    return FileResponse(
        published.path_of(report, file),
        headers={**headers, "X-Content-Type-Options": "nosniff"},
        media_type="application/octet-stream",
        filename=name,
    )


def report_values(report: PublishedReport) -> dict[str, object]:
    """A published report as a list shows it."""
    facts = report.facts
    return {
        "manifest": report.name,
        "campaign_no": report.campaign_no,
        "profile": facts.get("profile"),
        "as_of": facts.get("as-of"),
        "restates": facts.get("restates"),
        "created_at": facts.get("created-at"),
        "log_position": int(facts.get("log-position", "0")),
        "archive": report.archive_name,
        "files": [
            {"name": one.name, "sha256": one.sha256.hex(), "size_bytes": one.size_bytes, "rows": one.rows}
            for one in report.files
        ],
    }
