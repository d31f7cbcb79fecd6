"""Line, sync and health, over JSON.

Decides addresses only. Line and sync are two facts: the hub may answer while a set is stuck.
"""

from fastapi import APIRouter

from carnet_node.core.failures import HubUnreachable
from carnet_node.core.line.sync import run_round
from carnet_node.core.showing.status import status_of
from carnet_node.core.showing.views import feed_state
from carnet_node.entrypoints.presenting import Json, round_json, status_json
from carnet_node.entrypoints.software import SOFTWARE
from carnet_node.entrypoints.web.desk import AskingDeskOf, Desk, DeskOf
from carnet_storage.adapters.small_files import read_status
from carnet_storage.core.telling import status_json as backup_json

router = APIRouter(tags=["sync"])


@router.get("/healthz")
async def health(desk: DeskOf) -> Json:
    """The process answers and its database can be read; says nothing about the line."""
    await desk.read(lambda: feed_state(desk.node))
    return {"status": "ok"}


@router.get("/api/status")
async def show_status(desk: DeskOf) -> Json:
    """Line, sync, what waits, counted by document, and the backups; `null` for them when nobody tells."""
    return await desk.read(lambda: _status(desk))


@router.post("/api/sync")
async def sync_now(desk: AskingDeskOf) -> Json:
    """One whole round, now; the answer comes when it has ended, and says how."""
    if desk.ports is None:
        raise HubUnreachable("no hub address is known")
    report = await run_round(desk.node, desk.ports, software=SOFTWARE)
    status = await desk.read(lambda: _status(desk))
    return {**round_json(report), "status": status}


def _status(desk: Desk) -> Json:
    told = status_json(status_of(desk.node))
    if desk.backups is None:
        return {**told, "backup": None}
    return {**told, "backup": backup_json(read_status(desk.backups), desk.node.clock.now_ms())}
