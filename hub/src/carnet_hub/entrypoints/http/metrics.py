"""Health and numbers for monitoring: Prometheus text, written by hand because it is ten lines of format.

Counters are this worker's own, gauges are read from the database; Prometheus adds workers up by itself.
Source: Prometheus text exposition format 0.0.4.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carnet_hub.bootstrap import HubApp
from carnet_hub.core.sets.present import require_present
from carnet_hub.core.upkeep.overview import Gauges, read_gauges
from carnet_storage.adapters.small_files import read_status
from carnet_storage.core.status import BackupStatus
from carnet_storage.core.telling import status_json

_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


class RequestCounts:
    """How many requests of which route ended with which status, since this worker started."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, int]] = Counter()

    def add(self, route: str, method: str, status: int) -> None:
        """Count one request."""
        self._counts[(route, method, status)] += 1

    def items(self) -> Mapping[tuple[str, str, int], int]:
        """Counts by (route, method, status)."""
        return dict(self._counts)


class CountRequests:
    """ASGI middleware that counts what was answered, under the route's pattern and never under the path itself."""

    def __init__(self, app: ASGIApp, counts: RequestCounts) -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note its status."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def note(message: Message) -> None:
            """Remember the status that passes by."""
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in ("GET", "POST") else "other"
            self._counts.add(route, method, status)


def metric_routes(app: HubApp, counts: RequestCounts) -> APIRouter:
    """The routes of this hub."""
    router = APIRouter()

    def position() -> int:
        """The end of the log, read from a database that answers and is the present one."""
        with app.hub.store.read() as snapshot:
            require_present(app.hub, snapshot)
            return snapshot.head().position

    def backup() -> dict[str, Any]:
        """What `backup status --json` tells."""
        return status_json(read_status(app.settings.backup_dir), app.hub.clock.now_ms())

    @router.get("/healthz")
    async def health() -> Response:
        """200 with the end of the log while the database answers; trouble with backups does not change the status."""
        told = await app.run_blocking(backup)
        return JSONResponse({"status": "ok", "position": await app.run_blocking(position), "backup": told})

    @router.get("/metrics")
    async def metrics() -> Response:
        """Gauges and counters for Prometheus; no label names a site, a person or a path."""
        gauges = await app.run_blocking(lambda: read_gauges(app.hub))
        status = await app.run_blocking(lambda: read_status(app.settings.backup_dir))
        return Response(metrics_text(gauges, counts.items(), status), media_type=_TEXT)

    return router


def metrics_text(
    gauges: Gauges, requests: Mapping[tuple[str, str, int], int], backup: BackupStatus | None = None
) -> str:
    """Gauges and counters as Prometheus reads them."""
    return "\n".join([*_gauge_lines(gauges), *_backup_lines(backup), *_counter_lines(requests), ""])


def _gauge_lines(gauges: Gauges) -> Iterator[str]:
    for name, text, value in (
        ("carnet_hub_log_position", "End of the hub's log.", gauges.position),
        ("carnet_hub_log_age_seconds", "Seconds since the last log entry.", gauges.head_age_ms // 1000),
        ("carnet_hub_parked_sets", "Change sets that wait.", gauges.parked),
        ("carnet_hub_dealers", "Dealer sites.", gauges.dealers),
        ("carnet_hub_sites_at_share", "Sites whose share of shared histories is used up today.", gauges.sites_at_share),
        ("carnet_hub_sites_looking_up_much", "Sites with unusually many look-ups in 24 hours.", gauges.sites_looking),
    ):
        yield f"# HELP {name} {text}"
        yield f"# TYPE {name} gauge"
        yield f"{name} {value}"
    yield "# HELP carnet_hub_nodes Nodes by state."
    yield "# TYPE carnet_hub_nodes gauge"
    for state, count in gauges.nodes.items():
        yield f'carnet_hub_nodes{{state="{state.value}"}} {count}'
    yield "# HELP carnet_hub_matching_model_unusable 1 when the matching model that a person activated weighs nobody."
    yield "# TYPE carnet_hub_matching_model_unusable gauge"
    for party, is_unusable in gauges.models_unusable.items():
        yield f'carnet_hub_matching_model_unusable{{party="{party}"}} {int(is_unusable)}'


def _backup_lines(backup: BackupStatus | None) -> Iterator[str]:
    """How far the replica is behind, and whether somebody has to look; nothing when there is no replication."""
    one = None if backup is None else backup.replication
    if one is None:
        return
    lag_seconds = None if one.lag_ms is None else one.lag_ms // 1000
    for name, text, value in (
        ("carnet_hub_backup_lag_seconds", "Seconds that commits have been without a confirmed copy.", lag_seconds),
        ("carnet_hub_backup_alarm", "1 when the replication is stuck, or its target is not there.", int(one.is_alarm)),
        ("carnet_hub_backup_wal_bytes", "Bytes of the write-ahead log.", one.wal_bytes),
    ):
        if value is not None:
            yield f"# HELP {name} {text}"
            yield f"# TYPE {name} gauge"
            yield f"{name} {value}"


def _counter_lines(requests: Mapping[tuple[str, str, int], int]) -> Iterator[str]:
    yield "# HELP carnet_hub_requests_total Requests answered by this worker."
    yield "# TYPE carnet_hub_requests_total counter"
    for (route, method, status), count in sorted(requests.items()):
        yield f'carnet_hub_requests_total{{route="{route}",method="{method}",status="{status}"}} {count}'
