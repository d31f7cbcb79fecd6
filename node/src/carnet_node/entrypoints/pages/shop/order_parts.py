"""What the page of an order shows of the workshop's day: where its car stands, when it comes back, what came up again.

Decides where an advisor is called by name (`advisors`): on orders of this site; another site's stays a number. Stages
are the site's, deferred work is the car's, and a car is back soon by the rule of its file, judged when it arrived. No
car stands here for an order that corrects another one. The form that books a car to come back begins with why it waits
and with the order's advisor.
"""

from collections.abc import Mapping
from typing import Any, Final

from carnet_node.core.commands.appointments import BOOKABLE
from carnet_node.core.commands.staging import IN_SHOP, stage_of
from carnet_node.core.node import Node
from carnet_node.core.showing.appointment_file import expected_back
from carnet_node.core.showing.board import stages_within
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.vehicle_file import VehicleFile, repeated_visit
from carnet_node.core.showing.views import VisitView
from carnet_node.core.staff.advisors import advisor_names_within, advisors_of_views
from carnet_node.entrypoints.pages.customer_forms import text_of
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.forms import FormState, Typed
from carnet_node.entrypoints.pages.shop.calls import beside_form
from carnet_protocol.kinds import APPROVAL_CHANNELS, HOLD_REASONS, REBOOK_REASONS
from carnet_protocol.visits import is_correction

BOOK: Final = "book"
"""The form of an order's page that books its car to come back."""


def parts_of(node: Node, view: VisitView, file: VehicleFile | None) -> Mapping[str, Any]:
    """Advisor, stage, deferred work and the visit before, for the templates of an order's page and its sheets.

    Args:
        file: of its car; None for an order whose car has not arrived here.
    """
    values = view.visit.values
    opened_at, code = values.get("opened_at"), values.get("advisor_code")
    with node.store.read() as tx:
        stages = stages_within(node, tx)
        names = advisor_names_within(tx, node.identity, advisors_of_views((view.visit,)))
    is_visit = not is_correction(values)
    others = (one for one in file.car.visits if one.id != view.visit.id) if file is not None and is_visit else ()
    deferred = () if file is None else tuple(one for one in file.deferred if one.visit.id != view.visit.id)
    return {
        "advisor": names.get(str(code), code),
        "stages": stages,
        "stage": stage_of(values, stages) if is_visit and values.get("status") in IN_SHOP else None,
        "hold_reasons": HOLD_REASONS,
        "approval_channels": APPROVAL_CHANNELS,
        "deferred": deferred,
        "repeat_of": repeated_visit(others, opened_at) if isinstance(opened_at, int) else None,
    }


def booking_of(node: Node, visit: RecordView, sent: FormState | None, clockface: Clockface) -> Mapping[str, Any]:
    """When the car of an order is expected back, and the form that books it, where it may be booked.

    Args:
        sent: that form, when it was sent and refused.
    """
    said = visit.values
    back = expected_back(node, visit.id)
    if not visit.is_own or said.get("status") not in BOOKABLE:
        return {"expected_back": back, "again": None}
    why = said.get("hold_reason")
    begun = {"rebooked_because": why if why in REBOOK_REASONS else None, "advisor_code": said.get("advisor_code")}
    again = sent or FormState(Typed({name: (text_of(value),) for name, value in begun.items()}))
    return {
        **beside_form(node, again, clockface),
        "expected_back": back,
        "again": again,
        "is_due_back": why == "parts" and not back,
        "rebook_reasons": REBOOK_REASONS,
    }
