"""The pages for regulators: log-in with a token, campaigns, progress, one vehicle, downloads.

Holds no rules: the same door and the same views as the API. A browser keeps the token's id under the hub's seal and
never the token; a form carries a mark of that log-in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from carnet_hub.adapters.profile_files import province_names
from carnet_hub.bootstrap import HubApp
from carnet_hub.core.campaigns import plots
from carnet_hub.core.campaigns.report import instant_text, short_percent_text
from carnet_hub.core.counting.progress import COMPLETED, PairState
from carnet_hub.core.counting.trends import completed_by_province, points_of, province_name
from carnet_hub.core.failures import HubFailure
from carnet_hub.core.limits import RETRY_AFTER_S
from carnet_hub.core.outside.access_ledger import Access, vehicle_reference
from carnet_hub.core.outside.regulator_door import ARRIVAL, LOG_IN, Caller, Door
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.outside.regulator_views import ProgressView, campaign_for, list_for, progress_for
from carnet_hub.core.outside.regulators import (
    Scope,
    Token,
    check_form,
    form_mark,
    open_session,
    present_ms,
    recognise_session,
    recognise_token,
)
from carnet_hub.core.outside.vehicle_recalls import assess_typed, covered_campaigns, recalls_of, vehicle_values
from carnet_hub.core.regulator_limits import SESSION_TTL_MS
from carnet_hub.entrypoints.http.problem_response import ACCESS_STATUS
from carnet_hub.entrypoints.http.regulator_api import CampaignNo, FileName, Hash, file_response, report_values
from carnet_hub.entrypoints.http.regulator_gate import address_of
from carnet_hub.entrypoints.site.rendering import (
    SESSION_COOKIE,
    STYLE_PATH,
    doubts_of,
    language_of,
    read_form,
    show,
    show_refusal,
    style_sheet,
)
from carnet_protocol.legal_days import legal_day

HOME: Final = "/regulator"
LOGIN: Final = "/regulator/login"
SEE_OTHER: Final = 303
_SCREENS: Final[Mapping[str, Scope]] = {
    "campaigns": Scope.CAMPAIGNS,
    "vehicle": Scope.VEHICLES,
    "reports": Scope.EXPORTS,
    "owners": Scope.OWNERS,
    "releases": Scope.RELEASE,
}
"""The entries of the menu, each with the scope that opens it; the first that a token covers is where it begins."""

_HARMLESS: Final = COMPLETED | {PairState.WITHDRAWN}
"""States of a vehicle beside which the danger of the recall is not told: the work is done, or the campaign no longer
lists it."""


@dataclass(frozen=True, slots=True)
class Site:
    """The hub and its door, as pages use them."""

    app: HubApp
    door: Door

    def mark_of(self, request: Request) -> str:
        """The mark of the caller's log-in; it opens nothing by itself."""
        cookie = request.cookies.get(SESSION_COOKIE, "")
        return form_mark(self.app.keyring.session_key, cookie) if cookie else ""

    def frame(self, request: Request, token: Token, screen: str = "") -> dict[str, Any]:
        """What every page of a log-in shows: its mark, the menu of what its token covers, and where it is in it."""
        return {"mark": self.mark_of(request), "menu": menu_of(token), "screen": screen}

    async def page(self, request: Request, scope: Scope, subject: str, work: Callable[[Token], Response]) -> Response:
        """A page of somebody who is logged in; whoever is not is led to the log-in.

        Args:
            work: answers and renders in one go, where it may block.
        """
        return await self._guarded_at(request, lambda caller: self.door.answer(caller, scope, subject, work))

    async def page_once(
        self, request: Request, scope: Scope, subject: str, work: Callable[[Token, Access], Response]
    ) -> Response:
        """The same for what can be answered once, see `Door.answer_once`."""
        return await self._guarded_at(request, lambda caller: self.door.answer_once(caller, scope, subject, work))

    async def home(self, request: Request, work: Callable[[Token], Response]) -> Response:
        """The same for what every token opens."""
        return await self._guarded_at(request, lambda caller: self.door.let_in(caller, ARRIVAL, work))

    async def _guarded_at(self, request: Request, answer: Callable[[Caller], Response]) -> Response:
        caller = self._caller(request)
        if caller is None:
            return RedirectResponse(language_of(request).at(LOGIN), status_code=SEE_OTHER)
        return await self.guarded(request, lambda: answer(caller))

    def check_form(self, request: Request, fields: Mapping[str, str]) -> None:
        """Go on only with a form of this very log-in.

        Raises:
            AccessRefused: FORM_STALE.
        """
        check_form(self.app.keyring.session_key, request.cookies.get(SESSION_COOKIE, ""), fields.get("mark", ""))

    def _caller(self, request: Request) -> Caller | None:
        """Who asks; None for somebody who is not logged in."""
        cookie, hub, key = request.cookies.get(SESSION_COOKIE, ""), self.app.hub, self.app.keyring.session_key
        return Caller("page", address_of(request), lambda: recognise_session(hub, key, cookie)) if cookie else None

    async def guarded(self, request: Request, answer: Callable[[], Response]) -> Response:
        """The answer, or a page that says why there is none."""
        try:
            return await self.app.run_blocking(answer)
        except AccessRefused as refused:
            return refused_page(request, refused)
        except HubFailure as failure:
            return refused_page(request, busy_instead(failure))


def menu_of(token: Token) -> tuple[str, ...]:
    """The entries of the menu that a token opens."""
    return tuple(name for name, scope in _SCREENS.items() if scope in token.grant.scopes)


def _beginning_of(token: Token) -> str:
    """Where a log-in begins: the first page that its token opens, else the one that says what it covers."""
    return next((f"{HOME}/{name}" for name in menu_of(token)), HOME)


def busy_instead(failure: HubFailure) -> AccessRefused:
    """What people are told of a failure that is the operator's to mend; the log has the rest."""
    structlog.get_logger("carnet_hub").error("page_failed", exc_info=failure)
    return AccessRefused(Refusal.BUSY, wait_s=RETRY_AFTER_S)


def refused_page(request: Request, refused: AccessRefused) -> Response:
    """Why somebody was not answered; who has to log in finds the form below it."""
    is_stranger = ACCESS_STATUS[refused.refusal] is HTTPStatus.UNAUTHORIZED
    answer = show_refusal(request, refused, "login.html" if is_stranger else "refused.html")
    if is_stranger:
        answer.delete_cookie(SESSION_COOKIE, path="/regulator")
    return answer


def regulator_pages(app: HubApp, door: Door) -> APIRouter:
    """The routes of this hub."""
    router, site = APIRouter(include_in_schema=False), Site(app, door)
    _add_home(router, site)
    _add_door(router, site)
    _add_campaigns(router, site)
    _add_vehicle(router, site)
    _add_reports(router, site)

    @router.get(STYLE_PATH)
    async def style() -> Response:
        """The style sheet of every page."""
        return style_sheet()

    return router


def _add_home(router: APIRouter, site: Site) -> None:
    @router.get(HOME)
    async def home(request: Request) -> Response:
        """What the token covers, and until when."""

        def work(token: Token) -> Response:
            """Its grant in words."""
            shown = {
                "covered": [scope.value for scope in token.grant.scopes],
                "campaigns": token.grant.campaigns,
                "expires_at": instant_text(token.expires_ms),
            }
            return show(request, "home.html", {**shown, **site.frame(request, token)})

        return await site.home(request, work)


def _add_door(router: APIRouter, site: Site) -> None:
    hub, key, settings = site.app.hub, site.app.keyring.session_key, site.app.settings

    @router.get(LOGIN)
    async def log_in(request: Request) -> Response:
        """The form for a token."""
        return show(request, "login.html", {})

    @router.post(LOGIN)
    async def let_in(request: Request) -> Response:
        """Open a log-in for a token that counts now and from here."""

        def sealed(token: Token) -> tuple[str, str]:
            """The log-in as a browser keeps it, and where it begins."""
            with hub.store.read() as snapshot:
                return open_session(key, token, present_ms(hub, snapshot)), _beginning_of(token)

        def answer(text: str) -> Response:
            """The first page, with the sealed log-in."""
            caller = Caller("page", address_of(request), lambda: recognise_token(hub, text))
            cookie, beginning = site.door.let_in(caller, LOG_IN, sealed)
            led = RedirectResponse(language_of(request).at(beginning), status_code=SEE_OTHER)
            is_secure = settings.has_tls or settings.behind_proxy
            led.set_cookie(
                SESSION_COOKIE,
                cookie,
                max_age=SESSION_TTL_MS // 1000,
                path="/regulator",
                secure=is_secure,
                httponly=True,
                samesite="strict",
            )
            return led

        try:
            fields = await read_form(request)
        except AccessRefused as refused:
            return refused_page(request, refused)
        return await site.guarded(request, lambda: answer(fields.get("token", "").strip()))

    @router.post("/regulator/logout")
    async def log_out(request: Request) -> Response:
        """Forget the log-in in this browser."""
        led = RedirectResponse(language_of(request).at(LOGIN), status_code=SEE_OTHER)
        led.delete_cookie(SESSION_COOKIE, path="/regulator")
        return led


def _add_campaigns(router: APIRouter, site: Site) -> None:
    hub, segments = site.app.hub, site.app.segments

    @router.get("/regulator/campaigns")
    async def campaigns(request: Request) -> Response:
        """Every campaign that the token covers."""

        def work(token: Token) -> Response:
            """The list."""
            shown = list_for(hub, token.covers)
            return show(request, "campaigns.html", {**shown, **site.frame(request, token, "campaigns")})

        return await site.page(request, Scope.CAMPAIGNS, "", work)

    @router.get("/regulator/campaigns/{campaign_no:path}")
    async def campaign(request: Request, campaign_no: CampaignNo) -> Response:
        """One campaign; with its progress where the token covers that, too."""

        def work(token: Token) -> Response:
            """Texts, plans, events, and the plots."""
            shown: dict[str, Any] = {"shown": campaign_for(hub, token.covers, campaign_no), "progress": None}
            if Scope.PROGRESS in token.grant.scopes:
                view = progress_for(hub, segments, token.covers, campaign_no)
                shown |= progress_shown(view, language_of(request).number, hub.clock.now_ms())
            return show(request, "campaign.html", {**shown, **site.frame(request, token, "campaigns")})

        return await site.page(request, Scope.CAMPAIGNS, campaign_no, work)


def progress_shown(view: ProgressView, language: int, now_ms: int) -> dict[str, Any]:
    """The figures of a campaign and its plots, as the template draws them.

    Args:
        language: number of the words.
    """
    sums, published = view.sums, view.head.campaign.get("published_at")
    today = legal_day(now_ms)
    start = legal_day(published) if isinstance(published, int) else today
    names = province_names()
    provinces = completed_by_province(view.sites)
    bars = plots.bar_plot([(province_name(names, code, language), count) for code, count in provinces])
    return {
        "progress": {"states": {state.value: count for state, count in sums.totals.items()}},
        "figures": {
            "involved": sums.member_count,
            "completed": sums.completed_count,
            "open": sums.open_count,
            "in_stock": sums.totals[PairState.IN_STOCK],
            "unreachable": sums.totals[PairState.UNREACHABLE],
            "removed": sums.removed_count,
            "rate": short_percent_text(sums.strict_rate_ppm),
        },
        "line": None if not view.days else _line(view, start, today),
        "bars": {
            "rows": bars,
            "height": max(len(bars), 1) * plots.BAR_STEP,
            "left": plots.BAR_LEFT,
            "thick": plots.BAR_HEIGHT,
        },
    }


def _line(view: ProgressView, start: date, today: date) -> dict[str, Any]:
    return {
        "plot": plots.line_plot(points_of(view.days, start, today), start, view.sums.member_count, today),
        "width": plots.WIDTH,
        "height": plots.HEIGHT,
        "left": plots.LEFT,
        "right": plots.WIDTH - plots.RIGHT,
    }


def _add_vehicle(router: APIRouter, site: Site) -> None:
    hub = site.app.hub
    action = "/regulator/vehicle"

    @router.get(action)
    async def vehicle(request: Request) -> Response:
        """The form; opening it is no access to a vehicle, but asks for the same scope."""

        def work(token: Token) -> Response:
            """The empty form."""
            return show(request, "vehicle.html", {"action": action, **site.frame(request, token, "vehicle")})

        return await site.page(request, Scope.VEHICLES, "", work)

    @router.post(action)
    async def answer(request: Request) -> Response:
        """The state of one vehicle; its number stands in no address."""
        try:
            fields = await read_form(request)
        except AccessRefused as refused:
            return refused_page(request, refused)
        typed = fields.get("vin", "")
        assessed = assess_typed(typed)

        def work(token: Token) -> Response:
            """One snapshot for the campaigns and the vehicle."""
            site.check_form(request, fields)
            form: dict[str, Any] = {"action": action, "typed": typed, **site.frame(request, token, "vehicle")}
            if assessed is None:
                return show_refusal(request, AccessRefused(Refusal.NO_VEHICLE_NUMBER), "vehicle.html", **form)
            try:
                with hub.store.read() as snapshot:
                    recalls = recalls_of(hub, snapshot, covered_campaigns(hub, snapshot, token.covers), assessed.vin)
                    found = vehicle_values(snapshot, assessed, recalls, present_ms(hub, snapshot))
            except AccessRefused as refused:
                if refused.refusal is not Refusal.NO_VEHICLE_NUMBER:
                    raise
                return show_refusal(request, refused, "vehicle.html", **form)
            doubts = doubts_of(request, [one.value for one in assessed.problems])
            return show(request, "vehicle.html", {**form, "found": found, "doubts": doubts, "harmless": _HARMLESS})

        subject = vehicle_reference(hub, assessed.vin) if assessed is not None else ""
        return await site.page(request, Scope.VEHICLES, subject, work)


def _add_reports(router: APIRouter, site: Site) -> None:
    published = site.app.published_reports()

    @router.get("/regulator/reports")
    async def reports(request: Request) -> Response:
        """Signed reports that can be downloaded."""

        def work(token: Token) -> Response:
            """Those of the token's campaigns."""
            covered = [one for one in published.reports() if token.covers(one.campaign_no)]
            found = [{**report_values(one), "profile_name": one.profile_name} for one in covered]
            return show(request, "reports.html", {"exports": found, **site.frame(request, token, "reports")})

        return await site.page(request, Scope.EXPORTS, "", work)

    @router.get("/regulator/reports/{manifest}/{name}")
    async def download(request: Request, manifest: Hash, name: FileName) -> Response:
        """One file of a report, or the archive of all."""

        def work(token: Token) -> Response:
            """The file with its hash."""
            return file_response(published, token, manifest, name)

        return await site.page(request, Scope.EXPORTS, f"{manifest} {name}", work)
