"""Another dealer's car, over JSON: ask the hub, take the car on, give it back, see which ones were.

Decides addresses only. Without a line the question is answered with 503, and nothing is changed.
"""

from http import HTTPStatus

from fastapi import APIRouter

from carnet_node.adapters.system import run_blocking
from carnet_node.core.failures import HubUnreachable
from carnet_node.core.hub_link import LookUpLink
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.line.looking_up import Question, check_question, look_up
from carnet_node.core.saving.taking_on import give_back, take_on
from carnet_node.core.showing.taken_on import cars_taken_on
from carnet_node.entrypoints.looked_up import other_cars_json, taken_on_json
from carnet_node.entrypoints.presenting import Json
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.bodies import LookUpForm, TakeOnForm
from carnet_node.entrypoints.web.desk import AskingDeskOf, Desk, DeskOf, Show, saved_json
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ADOPTION

router = APIRouter(prefix="/api", tags=["look-ups"])


@router.post("/look-ups")
async def ask(desk: AskingDeskOf, show: Show, form: LookUpForm) -> Json:
    """Ask the hub for a car; it writes down who asked, and why."""
    question = Question(form.way, form.sought, form.reason, _customer(form.customer_id))
    check_question(question)
    return other_cars_json(await look_up(desk.node, link_of(desk), run_blocking, question), show)


@router.post("/adoptions", status_code=HTTPStatus.CREATED)
async def adopt(desk: DeskOf, form: TakeOnForm) -> Json:
    """Follow a car for a time, whether there is a line or not."""
    vehicle, customer = record_from_text(form.vehicle_id), _customer(form.customer_id)
    return await desk.write(lambda: saved_json(ADOPTION, take_on(desk.node, vehicle, form.reason, customer), None))


@router.post("/adoptions/{vehicle}/give-back")
async def end(desk: DeskOf, vehicle: str) -> Json:
    """Follow a car no more, before its time is over; what was recorded here stays."""
    record = record_from_text(vehicle)
    return await desk.write(lambda: saved_json(ADOPTION, give_back(desk.node, record), None))


@router.get("/adoptions")
async def taken(desk: DeskOf) -> Json:
    """Cars that this site took on, and which of them it follows no more."""
    return await desk.read(lambda: {"cars": [taken_on_json(one) for one in cars_taken_on(desk.node, LIST_ROWS_MAX)]})


def link_of(desk: Desk) -> LookUpLink:
    """The way to the hub.

    Raises:
        HubUnreachable: no address is known, or this node works without a line.
    """
    link = None if desk.ports is None else desk.ports.link
    if link is None or not isinstance(link, LookUpLink):
        raise HubUnreachable("no hub address is known")
    return link


def _customer(text: str | None) -> RecordId | None:
    return None if text is None else record_from_text(text)
