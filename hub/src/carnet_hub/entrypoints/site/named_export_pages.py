"""The pages of owners for a case: ask, see where a request stands, download it once when somebody else has released it.

Holds no rules (`core.named_exports`). Who releases does so on a page of its own, which shows what others asked for,
with its vehicles; never on the page where somebody asks. Vehicles and case travel in the bodies of forms; an address
holds the id of a request and nothing else, and what is typed is shown again to whoever typed it alone.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response

from carnet_hub.bootstrap import HubApp
from carnet_hub.core.campaigns.report import csv_file, json_text
from carnet_hub.core.outside.access_ledger import Access
from carnet_hub.core.outside.named_exports import (
    ask_export,
    asker_of,
    export_values,
    exports_to_release,
    own_exports,
    owner_rows,
    read_export,
    release_export,
    release_values,
)
from carnet_hub.core.outside.regulator_door import Door
from carnet_hub.core.outside.regulator_refusals import AccessRefused
from carnet_hub.core.outside.regulator_views import list_for
from carnet_hub.core.outside.regulators import Scope, Token
from carnet_hub.core.regulator_limits import NAMED_BYTES_MAX
from carnet_hub.entrypoints.http.named_exports_api import owners_response
from carnet_hub.entrypoints.site.regulator_pages import SEE_OTHER, Site, refused_page
from carnet_hub.entrypoints.site.rendering import language_of, read_form, show, show_refusal
from carnet_protocol.limits import CODE_CHARS_MAX

PATH: Final = "/regulator/owners"
RELEASES: Final = "/regulator/releases"
_BETWEEN: Final = re.compile(r"[\n,;，；、]+")
"""What people put between vehicle numbers; spaces may stand inside one."""

_NOTHING_ASKED: Final = {"campaign_no": "", "case_no": "", "vins": ""}
RequestId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


def named_export_pages(app: HubApp, door: Door) -> APIRouter:
    """The routes of this hub."""
    router, site, hub = APIRouter(include_in_schema=False), Site(app, door), app.hub

    @router.get(PATH)
    async def owners(request: Request) -> Response:
        """What this token asked for, and a form to ask."""

        def work(token: Token) -> Response:
            """The list."""
            return show(request, "owners.html", _shown(site, request, token, _NOTHING_ASKED))

        return await site.page(request, Scope.OWNERS, "", work)

    @router.post(PATH)
    async def ask(request: Request) -> Response:
        """Ask; what cannot be asked comes back with what was typed."""
        try:
            fields = _NOTHING_ASKED | await read_form(request, bytes_max=NAMED_BYTES_MAX)
        except AccessRefused as refused:
            return refused_page(request, refused)
        again: list[Response] = []

        def work(token: Token, access: Access) -> Response:
            """The request, waiting."""
            site.check_form(request, fields)
            vins = [one for one in _BETWEEN.split(fields["vins"]) if one.strip()]
            try:
                ask_export(hub, asker_of(token), fields["campaign_no"], fields["case_no"], vins, access=access)
            except AccessRefused as refused:
                again.append(show_refusal(request, refused, "owners.html", **_shown(site, request, token, fields)))
                raise
            return RedirectResponse(language_of(request).at(PATH), status_code=SEE_OTHER)

        answer = await site.page_once(request, Scope.OWNERS, fields["campaign_no"][:CODE_CHARS_MAX], work)
        return again[0] if again else answer

    @router.post(PATH + "/{request_id}/read")
    async def read(request: Request, request_id: RequestId) -> Response:
        """The owners as a file, once."""
        try:
            fields = await read_form(request)
        except AccessRefused as refused:
            return refused_page(request, refused)

        def work(token: Token, access: Access) -> Response:
            """Marked as read before it leaves."""
            site.check_form(request, fields)
            values = read_export(hub, asker_of(token), bytes.fromhex(request_id), access)
            return _file(values, is_table=fields.get("form") == "csv")

        return await site.page_once(request, Scope.OWNERS, request_id, work)

    _add_releases(router, site)
    return router


def _add_releases(router: APIRouter, site: Site) -> None:
    hub = site.app.hub

    @router.get(RELEASES)
    async def releases(request: Request) -> Response:
        """What others asked for and waits for somebody to release it."""

        def work(token: Token) -> Response:
            """The list, each request with its vehicles."""
            shown = {"requests": [release_values(one) for one in exports_to_release(hub, token)], "action": RELEASES}
            return show(request, "releases.html", {**shown, **site.frame(request, token, "releases")})

        return await site.page(request, Scope.RELEASE, "", work)

    @router.post(RELEASES + "/{request_id}")
    async def release(request: Request, request_id: RequestId) -> Response:
        """Let the asker read it; nobody releases their own."""
        try:
            fields = await read_form(request)
        except AccessRefused as refused:
            return refused_page(request, refused)

        def work(token: Token) -> Response:
            """Back to what still waits."""
            site.check_form(request, fields)
            release_export(hub, bytes.fromhex(request_id), token.grant.name, token)
            return RedirectResponse(language_of(request).at(RELEASES), status_code=SEE_OTHER)

        return await site.page(request, Scope.RELEASE, request_id, work)


def _shown(site: Site, request: Request, token: Token, asked: Mapping[str, str]) -> dict[str, Any]:
    hub = site.app.hub
    return {
        "campaigns": list_for(hub, token.covers)["campaigns"],
        "requests": [export_values(one) for one in reversed(own_exports(hub, token))],
        "asked": asked,
        "action": PATH,
        **site.frame(request, token, "owners"),
    }


def _file(values: Mapping[str, Any], *, is_table: bool) -> Response:
    """The owners to be saved, as a table for people or as the API gives them."""
    if is_table:
        body, media = b"".join(csv_file("owners", owner_rows(values["owners"])).chunks), "text/csv; charset=utf-8"
    else:
        body, media = json_text(values), "application/json"
    name = f"owners-{values['request_id'][:8]}.{'csv' if is_table else 'json'}"
    return owners_response(body, media, name=name)
