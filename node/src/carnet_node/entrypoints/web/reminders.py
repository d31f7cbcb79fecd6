"""Whom to remind on a day, what came of it, and until when cars are insured and inspected, over JSON.

Decides addresses and which command a request is. The day of a birthday is masked as the birthday is.
"""

from http import HTTPStatus

from fastapi import APIRouter

from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.due_list import BIRTHDAY
from carnet_node.core.commands.reminding import note_car_dates
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.basis import read_for_step
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.editing import require_record, require_visit_references
from carnet_node.core.saving.reminding import DueLine, due_today, remind
from carnet_node.core.showing.views import one_record
from carnet_node.entrypoints.presenting import Json, Presenter
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.appointments import Day, day_of
from carnet_node.entrypoints.web.bodies import CarDatesForm, EditForm, ReminderForm
from carnet_node.entrypoints.web.desk import DeskOf, Show, saved_json, values_of
from carnet_protocol.kinds import CAR_DATES, REMINDER

router = APIRouter(prefix="/api", tags=["reminders"])


@router.get("/reminders/due")
async def list_due(desk: DeskOf, show: Show, day: Day = None) -> Json:
    """Everybody of whom something is due; whoever must not be called stands there locked, with the reason."""
    asked = day_of(desk, day)

    def _read() -> Json:
        return {"day": asked.isoformat(), "due": [_due_json(one, show) for one in due_today(desk.node, asked)]}

    return await desk.read(_read)


@router.post("/reminders", status_code=HTTPStatus.CREATED)
async def note(desk: DeskOf, show: Show, form: ReminderForm) -> Json:
    """Note a reminder and what came of it; a customer who must not be called is refused."""
    customer, values = record_from_text(form.customer_id), values_of(REMINDER, form.values)

    def _work() -> Json:
        require_visit_references(desk.node, values)
        saved = remind(desk.node, customer, values)
        view = one_record(desk.node, REMINDER, saved.records[0])
        return saved_json(REMINDER, saved, None if view is None else show.record(view))

    return await desk.write(_work)


@router.post("/car-dates", status_code=HTTPStatus.CREATED)
async def add_dates(desk: DeskOf, show: Show, form: CarDatesForm) -> Json:
    """Until when the car of a customer is insured and inspected."""
    values = values_of(CAR_DATES, form.values)
    link = {"vehicle_id": record_from_text(form.vehicle_id), "customer_id": record_from_text(form.customer_id)}

    def _drafts(new_id: NewId) -> Drafts:
        return note_car_dates(link, None, values, new_id, today_at_site(desk.node))

    def _work() -> Json:
        require_visit_references(desk.node, link)
        saved = save(desk.node, _drafts)
        view = one_record(desk.node, CAR_DATES, saved.records[0])
        return saved_json(CAR_DATES, saved, None if view is None else show.record(view))

    return await desk.write(_work)


@router.patch("/car-dates/{record}")
async def change_dates(desk: DeskOf, show: Show, record: str, form: EditForm) -> Json:
    """Change one of the days."""
    which, changes = record_from_text(record), values_of(CAR_DATES, form.changes)

    def _drafts(new_id: NewId) -> Drafts:
        read = read_for_step(require_record(desk.node, CAR_DATES, which), form.based_on, changes)
        return note_car_dates({}, read, changes, new_id, today_at_site(desk.node))

    def _work() -> Json:
        saved = save(desk.node, _drafts)
        view = one_record(desk.node, CAR_DATES, which)
        return saved_json(CAR_DATES, saved, None if view is None else show.record(view))

    return await desk.write(_work)


def _due_json(line: DueLine, show: Presenter) -> Json:
    due_on = line.due.due_on.isoformat()
    return {
        "occasion": line.due.occasion,
        "due_on": show.personal(due_on) if line.due.occasion == BIRTHDAY else due_on,
        "hold": None if line.due.hold is None else line.due.hold.value,
        "customer": show.record(line.customer),
        "phone": None if line.phone is None else show.record(line.phone),
        "vehicle": None if line.vehicle is None else show.record(line.vehicle),
    }
