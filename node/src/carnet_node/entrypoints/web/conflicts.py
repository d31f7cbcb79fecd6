"""Overruled values and held-back work, over JSON: see them, and bring a value back.

Decides addresses only. A restore names the heads of the list it was chosen from, like every other save.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from carnet_node.core.heads import heads_from_text
from carnet_node.core.log.held_back import list_held_back
from carnet_node.core.saving.desk import Saved
from carnet_node.core.saving.editing import require_record
from carnet_node.core.showing.conflicts import list_conflicts, restore_value
from carnet_node.entrypoints.presenting import Json
from carnet_node.entrypoints.reading import kind_from_text, op_from_text, record_from_text
from carnet_node.entrypoints.web.bodies import RestoreForm
from carnet_node.entrypoints.web.desk import DeskOf, Limit, Show, saved_json

router = APIRouter(prefix="/api/conflicts", tags=["conflicts"])

WithSettled = Annotated[bool, Query(description="also those that somebody overruled knowingly")]


@router.get("")
async def show_conflicts(desk: DeskOf, show: Show, *, settled: WithSettled = False, limit: Limit = 100) -> Json:
    """Every value that stands beside the one shown, and whether it can be restored here; more on request."""

    def _work() -> Json:
        found = list_conflicts(desk.node, limit=limit, with_settled=settled)
        return {"conflicts": [show.conflict(one) for one in found]}

    return await desk.read(_work)


@router.get("/held")
async def show_held(desk: DeskOf, show: Show, *, limit: Limit = 100) -> Json:
    """Saves of this node that the hub has parked or refused, with what was entered and why."""

    def _work() -> Json:
        return {"held": [show.held_back(one) for one in list_held_back(desk.node, limit=limit)]}

    return await desk.read(_work)


@router.post("/restore")
async def restore(desk: DeskOf, show: Show, form: RestoreForm) -> Json:
    """Bring an overruled value back, for everybody."""
    kind, record, op = kind_from_text(form.kind), record_from_text(form.id), op_from_text(form.op)
    heads = heads_from_text(form.based_on)

    def _work() -> Json:
        sealed = restore_value(desk.node, kind, record, form.register_name, op, read=heads)
        return saved_json(kind, Saved((record,), sealed), show.record(require_record(desk.node, kind, record)))

    return await desk.write(_work)
