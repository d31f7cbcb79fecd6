"""The search box and the recall check, over JSON.

Decides addresses only. What is looked for may be a telephone number or a name, so it travels in a body and never in an
address, where servers and browsers would keep it.
"""

from fastapi import APIRouter

from carnet_node.core.recalls.recall_check import check_car
from carnet_node.core.showing.searching import find
from carnet_node.entrypoints.presenting import Json, recalls_json
from carnet_node.entrypoints.web.bodies import RecallCheckForm, SearchForm
from carnet_node.entrypoints.web.desk import AskingDeskOf, Show

router = APIRouter(prefix="/api", tags=["search"])


@router.post("/search")
async def search(desk: AskingDeskOf, show: Show, form: SearchForm) -> Json:
    """Customers, vehicles and repair orders that the text may mean, the surest reading first."""
    return await desk.read(lambda: {"hits": [show.found(hit) for hit in find(desk.node, form.text, limit=form.limit)]})


@router.post("/recalls/check")
async def check_recall(desk: AskingDeskOf, form: RecallCheckForm) -> Json:
    """Hit, clear or unknown, with the age of the data; a number that cannot be a VIN is "unknown", never "clear"."""
    return await desk.read(lambda: recalls_json(check_car(desk.node, form.identifier)))
