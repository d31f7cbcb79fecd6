"""The recall check for everybody: a form, and what is known of one number.

Holds no rules. No cookie, no log-in, nothing written down; the number travels in the body of a request and stands in no
address. `vehicle_recalls` decides what is said.
"""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from carnet_hub.bootstrap import HubApp
from carnet_hub.core.failures import HubFailure
from carnet_hub.core.outside.regulator_door import Door
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.outside.regulators import present_ms
from carnet_hub.core.outside.vehicle_recalls import assess_typed, public_values, published_campaigns, recalls_of
from carnet_hub.core.sets.present import require_present
from carnet_hub.entrypoints.http.regulator_gate import address_of
from carnet_hub.entrypoints.site.regulator_pages import busy_instead
from carnet_hub.entrypoints.site.rendering import doubts_of, read_form, show, show_refusal
from carnet_protocol.vin import VinAssessment, VinProblem

CHECK: Final = "/check"
_FORM: Final[dict[str, Any]] = {"action": CHECK, "is_public": True}


def public_check(app: HubApp, door: Door) -> APIRouter:
    """The routes of this hub."""
    router, hub = APIRouter(include_in_schema=False), app.hub

    def look(assessed: VinAssessment) -> dict[str, object]:
        """What is known of a number."""
        with hub.store.read() as snapshot:
            require_present(hub, snapshot)
            recalls = recalls_of(hub, snapshot, published_campaigns(hub, snapshot, lambda _: True), assessed.vin)
            return public_values(assessed, recalls, present_ms(hub, snapshot))

    @router.get(CHECK)
    async def form(request: Request) -> Response:
        """The form."""
        return show(request, "check.html", _FORM)

    @router.post(CHECK)
    async def check(request: Request) -> Response:
        """Open recalls of one number, or that none is known."""
        typed = ""
        try:
            door.let_public_in(address_of(request))
            typed = (await read_form(request)).get("vin", "")
            assessed = assess_typed(typed)
            if assessed is None:
                raise AccessRefused(Refusal.NO_VEHICLE_NUMBER)
            found = await app.run_blocking(lambda: look(assessed))
        except AccessRefused as refused:
            return show_refusal(request, refused, "check.html", **_FORM, typed=typed)
        except HubFailure as failure:
            return show_refusal(request, busy_instead(failure), "check.html", **_FORM, typed=typed)
        doubts = doubts_of(request, [one.value for one in assessed.problems])
        is_sure = not set(assessed.problems) - {VinProblem.FRAME_NUMBER}
        shown = {**_FORM, "typed": typed, "found": found, "doubts": doubts, "is_sure": is_sure}
        return show(request, "check.html", shown)

    return router
