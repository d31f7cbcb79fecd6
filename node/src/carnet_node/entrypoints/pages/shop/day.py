"""The day board: what is booked on a day, by bay or by advisor, and who waits for a slot.

Decides addresses, and in which row a day stands now: there the board of today opens. A call can be noted beside the
board with nothing known but a number or a plate; its form stands first, also where there is one column.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.cleaning import is_calendar_date
from carnet_node.core.numbering import site_day
from carnet_node.core.saving.day_plan import DayPlan, day_plan
from carnet_node.core.staff.advisors import advisor_names, advisors_of_views
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.shop.calls import advisors_of
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason

router = APIRouter(prefix="/appointments")

SCREEN: Final = "orders"
CALL: Final = "call"
"""The draft of a call, whichever page it is typed on."""

_NEIGHBOUR: Final = timedelta(days=1)


@router.get("")
async def show_today(page: PageOf) -> Response:
    """Today by bay."""
    return await _shown(page, None, is_by_advisor=False)


@router.get("/on/{day}")
async def show_day(page: PageOf, day: str) -> Response:
    """A day by bay."""
    return await _shown(page, day_of(day), is_by_advisor=False)


@router.get("/on/{day}/advisors")
async def show_advisors(page: PageOf, day: str) -> Response:
    """A day by advisor."""
    return await _shown(page, day_of(day), is_by_advisor=True)


def day_of(text: str) -> date:
    """The day that an address names.

    Raises:
        BadValue: no day of the calendar, or one at its very ends.
    """
    if not is_calendar_date(text) or not date.min < date.fromisoformat(text) < date.max:
        raise BadValue(Reason.BAD_FIELD, "day", "not YYYY-MM-DD")
    return date.fromisoformat(text)


def _row_of_now(plan: DayPlan, now_ms: int) -> int | None:
    """When the row begins in which a day stands now, ms since 1970; None before its first one."""
    return next((row.starts_ms for row in reversed(plan.rows) if row.starts_ms <= now_ms), None)


async def _shown(page: Page, day: date | None, *, is_by_advisor: bool) -> Response:
    def _read() -> Mapping[str, Any]:
        today = site_day(page.node)
        shown = day or today
        plan = day_plan(page.node, shown, advisors_of(page.node) if is_by_advisor else None)
        around: dict[str, Any] = {"before": shown - _NEIGHBOUR, "after": shown + _NEIGHBOUR, "today": today}
        begins = (one for row in plan.rows for cell in row.cells for one in cell.begins)
        around |= {"names": advisor_names(page.node, advisors_of_views(begins))}
        around |= {"now_row": _row_of_now(plan, page.node.clock.now_ms()) if shown == today else None}
        return {"plan": plan, "is_by_advisor": is_by_advisor, "form": page.form(CALL, {}), **around}

    return await page.show("shop/day.html", _read, screen=SCREEN)
