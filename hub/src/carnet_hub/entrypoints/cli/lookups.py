"""`lookups`: which site looked up whose car, how often, and where that is unusual."""

from itertools import islice
from typing import Annotated, Any, Final

import typer

from carnet_hub.core.counting.completions import car_of
from carnet_hub.core.exchange.look_up_ledger import count_look_ups, read_look_ups
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LOOK_UPS_LISTED_MAX, LOOK_UPS_UNUSUAL_PER_DAY
from carnet_hub.core.look_up_rows import LookUpRow
from carnet_hub.core.upkeep.dealers import require_site
from carnet_hub.entrypoints.cli.days import parse_day
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit_list, hub_of, moment_text, with_progress
from carnet_protocol.vin import normalise_vin

lookups_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Look-ups of other dealers' cars."
)

_ASKED: Final = ("at", "site_code", "node_id", "staff_id", "way", "reason", "cars", "is_linked", "outcome")
_COLUMNS: Final = (*_ASKED, "vehicle", "operator")
_COUNTED: Final = ("day", "site_code", "staff_id", "asked", "answered", "is_unusual")
Dealer = Annotated[str, typer.Option(help="only of this site", show_default=False)]
Since = Annotated[str, typer.Option(help="first day, as 2026-09-25", show_default=False)]
Until = Annotated[str, typer.Option(help="last day", show_default=False)]


@lookups_app.command("list")
def list_(
    ctx: typer.Context,
    *,
    dealer: Dealer = "",
    since: Since = "",
    until: Until = "",
    vin: Annotated[str, typer.Option(help="only what showed this car alone", show_default=False)] = "",
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Every look-up and every adoption that an operator ended, by time; a car stands there as a reference."""
    with hub_of(ctx) as app:
        found = read_look_ups(
            app.hub,
            dealer_id=_dealer_id(app.hub, dealer),
            first=parse_day(since) if since else None,
            last=parse_day(until) if until else None,
            vehicle=_vehicle(vin),
        )
        shown = with_progress("reading", islice(found, LOOK_UPS_LISTED_MAX + 1), total=None, is_quiet=as_json)
        rows = [_row(one, site_code) for one, site_code in shown]
    if len(rows) > LOOK_UPS_LISTED_MAX:
        raise Unusable(f"There are more than {LOOK_UPS_LISTED_MAX} look-ups.", "Name the days, or --dealer.")
    emit_list("look-ups", rows, _COLUMNS, as_json=as_json, xlsx=xlsx)


@lookups_app.command("rates")
def rates(
    ctx: typer.Context,
    *,
    dealer: Dealer = "",
    since: Since = "",
    until: Until = "",
    unusual: Annotated[
        bool, typer.Option("--unusual", help=f"only days with {LOOK_UPS_UNUSUAL_PER_DAY} or more of one site")
    ] = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """How many look-ups by day, site and person, the most first."""
    with hub_of(ctx) as app:
        counted = count_look_ups(
            app.hub,
            dealer_id=_dealer_id(app.hub, dealer),
            first=parse_day(since) if since else None,
            last=parse_day(until) if until else None,
        )
    rows = [
        {
            "day": one.day.isoformat(),
            "site_code": one.site_code,
            "staff_id": one.staff_id.hex(),
            "asked": one.asked,
            "answered": one.answered,
            "is_unusual": one.is_unusual,
        }
        for one in counted
        if one.is_unusual or not unusual
    ]
    emit_list("look-ups by person", rows, _COUNTED, as_json=as_json, xlsx=xlsx)


def _dealer_id(hub: Hub, site_code: str) -> bytes:
    return require_site(hub, site_code).dealer_id if site_code else b""


def _vehicle(vin: str) -> bytes:
    """The record of a car whose look-ups are asked for; empty for all cars.

    Raises:
        Unusable: no record derives from such a number.
    """
    if not vin:
        return b""
    car = car_of(normalise_vin(vin))
    if car is None:
        raise Unusable("No car has such a VIN.", "Type all 17 characters of it.")
    return car


def _row(one: LookUpRow, site_code: str) -> dict[str, Any]:
    return {
        "at": moment_text(one.at_ms),
        "site_code": site_code,
        "node_id": one.node_id,
        "staff_id": one.staff_id.hex(),
        "way": one.way,
        "reason": one.reason,
        "cars": one.cars,
        "is_linked": one.is_linked,
        "outcome": one.outcome,
        "vehicle": one.vehicle,
        "sought": one.sought,
        "operator": one.operator,
    }
