"""`dealers`: add, place, list, invite, assignments, end-adoption, recovery-code, suspend, resume."""

from pathlib import Path
from typing import Annotated, Any

import typer

from carnet_hub.adapters.profile_files import city_names, province_names
from carnet_hub.core.counting.completions import car_of
from carnet_hub.core.exchange.ending_adoptions import end_adoptions
from carnet_hub.core.exchange.enrolment import invite_dealer
from carnet_hub.core.exchange.greeting import hub_card
from carnet_hub.core.exchange.recovering import issue_recovery_code
from carnet_hub.core.failures import Unusable
from carnet_hub.core.sets.granted import Granted, every_assignment
from carnet_hub.core.upkeep.dealers import (
    ACTIVE,
    Site,
    SiteDetails,
    add_site,
    list_sites,
    place_of,
    place_site,
    require_site,
    resume_site,
    suspend_site,
)
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of, moment_text
from carnet_hub.entrypoints.cli.typed_ids import parse_id
from carnet_protocol.ids import RECORD_ID_BYTES
from carnet_protocol.kinds.fields import RETRACTION_REASONS
from carnet_protocol.vin import normalise_vin
from carnet_storage.adapters.outputs import file_to_write

dealers_app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Dealer sites.")

SiteCode = Annotated[str, typer.Argument(help="code of the site", show_default=False)]
Province = Annotated[str, typer.Option(help="province code of the national table, such as 33; a city says it")]
City = Annotated[str, typer.Option(help="city code of the national table, such as 3301")]
CityName = Annotated[str, typer.Option(help="city, as people write it; as the national table has it when left out")]


@dealers_app.command("add")
def add(
    ctx: typer.Context,
    site_code: SiteCode,
    site_name: Annotated[str | None, typer.Argument(help="its name", show_default=False)] = None,
    *,
    name: Annotated[str | None, typer.Option(help="its name, instead of the argument")] = None,
    kind: Annotated[str, typer.Option(help="service_centre, station or quick_repair")] = "service_centre",
    province: Province = "",
    city: City = "",
    city_name: CityName = "",
    as_json: AsJson = False,
) -> None:
    """Add a dealer site."""
    given = site_name or name
    if not given:
        raise typer.BadParameter("give the site's name")
    place = place_of(province=province, city=city, city_name=city_name, provinces=province_names(), cities=city_names())
    with hub_of(ctx) as app:
        site = add_site(app.hub, SiteDetails(site_code, given, kind, place))
    text = f"Added {site.site_code} {site.site_name}, {_place_text(site)}. Next: `dealers invite {site.site_code}`."
    emit(_row(site), as_json=as_json, text=text)


@dealers_app.command("place")
def place_(
    ctx: typer.Context,
    site_code: SiteCode,
    *,
    province: Province = "",
    city: City = "",
    city_name: CityName = "",
    as_json: AsJson = False,
) -> None:
    """State anew where a site lies, all of it."""
    place = place_of(province=province, city=city, city_name=city_name, provinces=province_names(), cities=city_names())
    with hub_of(ctx) as app:
        site = place_site(app.hub, site_code, place)
    emit(_row(site), as_json=as_json, text=f"{site.site_code} {site.site_name}: {_place_text(site)}.")


@dealers_app.command("list")
def list_(ctx: typer.Context, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Every dealer site."""
    with hub_of(ctx) as app:
        rows = [_row(site) for site in list_sites(app.hub)]
    columns = ("site_code", "site_name", "site_kind", "province_code", "city_name", "status")
    emit_list("dealers", rows, columns, as_json=as_json, xlsx=xlsx)


@dealers_app.command("invite")
def invite(
    ctx: typer.Context,
    site_code: SiteCode,
    card: Annotated[
        Path | None,
        typer.Option(help="also write the hub's card here, to enrol without a network", callback=file_to_write),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a one-time code for one more node of a site: good for 72 hours and one machine."""
    with hub_of(ctx) as app:
        site = require_site(app.hub, site_code)
        if site.status != ACTIVE:
            raise Unusable(f"{site.site_code} is {site.status}.", f"Run `dealers resume {site.site_code}` first.")
        if card is not None:
            app.files.replace(card, hub_card(app.hub, app.keys, app.keyring.session_key))
        invitation = invite_dealer(app.hub, site.dealer_id)
    expires = moment_text(invitation.expires_ms)
    text = "\n".join(
        (
            invitation.code,
            f"For one machine of {site.site_code}, until {expires}. It is shown once and stored nowhere.",
            f"There: `carnet-node enrol --hub ADDRESS {invitation.code}`",
        )
    )
    emit({"code": invitation.code, "site_code": site.site_code, "expires_at": expires}, as_json=as_json, text=text)


@dealers_app.command("recovery-code")
def recovery_code(ctx: typer.Context, site_code: SiteCode, as_json: AsJson = False) -> None:
    """Make a one-time code with which a new machine of a site gets the data key of a lost one."""
    with hub_of(ctx) as app:
        site = require_site(app.hub, site_code)
        if site.status != ACTIVE:
            raise Unusable(f"{site.site_code} is {site.status}.", f"Run `dealers resume {site.site_code}` first.")
        invitation = issue_recovery_code(app.hub, site.dealer_id)
    expires = moment_text(invitation.expires_ms)
    text = "\n".join(
        (
            invitation.code,
            f"For one machine of {site.site_code}, until {expires}. It is shown once and stored nowhere.",
            "Give it only to somebody you know: with the site's backup it opens what the lost machine kept secret.",
            f"There: `carnet-node keys recover --from BACKUP --recovery-code {invitation.code}`",
        )
    )
    emit({"code": invitation.code, "site_code": site.site_code, "expires_at": expires}, as_json=as_json, text=text)


@dealers_app.command("assignments")
def assignments(ctx: typer.Context, site_code: SiteCode, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Which cars' histories a site may see: on what ground, by which op, since when."""
    with hub_of(ctx) as app:
        found = every_assignment(app.hub, require_site(app.hub, site_code).dealer_id)
        rows = [_granted_row(one) for one in found]
    columns = ("granted_at", "vin", "ground", "is_shared", "expires_at", "node_id", "seq", "op")
    emit_list("assignments", rows, columns, as_json=as_json, xlsx=xlsx)


@dealers_app.command("end-adoption")
def end_adoption(
    ctx: typer.Context,
    site_code: SiteCode,
    car: Annotated[str, typer.Argument(help="its VIN, or its record as `dealers assignments` shows it")],
    *,
    reason: Annotated[str, typer.Option(help=", ".join(RETRACTION_REASONS))],
    by: Annotated[str, typer.Option("--by", help="code of the operator who decides; no name", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """End a site's following of a car that it took on, before its month is over; what it recorded stays."""
    vehicle = car_of(normalise_vin(car)) or parse_id(
        car.replace("-", ""), size=RECORD_ID_BYTES, called="VIN or record of a car", listed_by="dealers assignments"
    )
    with hub_of(ctx) as app:
        site = require_site(app.hub, site_code)
        count = end_adoptions(app.hub, site.dealer_id, vehicle, reason=reason, by=by)
    text = (
        f"{site.site_code} follows the car no more: its history leaves that site with the next sync, what the site "
        "recorded itself stays. What it still changes of others' records on the car waits in `quarantine list`."
    )
    emit({"site_code": site.site_code, "vehicle_id": vehicle, "ended": count}, as_json=as_json, text=text)


@dealers_app.command("suspend")
def suspend(ctx: typer.Context, site_code: SiteCode, as_json: AsJson = False) -> None:
    """Take nothing from a site's nodes any more; what they record stays with them."""
    with hub_of(ctx) as app:
        site = suspend_site(app.hub, site_code)
    text = (
        f"{site.site_code} is suspended. Its nodes keep their work; `dealers resume {site.site_code}` takes it again."
    )
    emit(_row(site), as_json=as_json, text=text)


@dealers_app.command("resume")
def resume(ctx: typer.Context, site_code: SiteCode, as_json: AsJson = False) -> None:
    """Take a suspended site's work again."""
    with hub_of(ctx) as app:
        site = resume_site(app.hub, site_code)
    emit(_row(site), as_json=as_json, text=f"{site.site_code} is active again.")


def _row(site: Site) -> dict[str, Any]:
    return {
        "dealer_id": site.dealer_id,
        "site_code": site.site_code,
        "site_name": site.site_name,
        "site_kind": site.site_kind,
        "province_code": site.province_code,
        "city_name": site.city_name,
        "status": site.status,
    }


def _place_text(site: Site) -> str:
    """Where a site lies, by the words in which reports name it."""
    names = province_names()
    said = (*names[site.province_code], site.city_name) if site.province_code in names else ("no province stated",)
    return " ".join(one for one in said if one)


def _granted_row(granted: Granted) -> dict[str, Any]:
    return {
        "vehicle_id": granted.vehicle_id,
        "vin": granted.vin,
        "ground": granted.ground,
        "is_shared": granted.is_shared,
        "granted_at": moment_text(granted.granted_ms),
        "expires_at": moment_text(granted.expires_ms),
        "op": granted.op.hex(),
        "position": granted.position,
        "node_id": granted.node_id,
        "seq": granted.seq,
    }
