"""`recalls`: check a VIN or a file; whom to call, what came of it; unsold cars that are not sold. Without a line."""

from pathlib import Path
from typing import Annotated

import typer

from carnet_node.core.exchange.lists import LISTS, CellKind
from carnet_node.core.log.acting import acting_for
from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_check import check_car
from carnet_node.core.recalls.recall_terms import WHY_UNCOUNTED
from carnet_node.core.saving.editing import campaign_of
from carnet_node.core.saving.recall_calls import note_call
from carnet_node.core.saving.stop_sales import acknowledge, stop_list
from carnet_node.core.staff.access_log import note_list
from carnet_node.entrypoints.cli.opening import emit_saved, node_of, one_group
from carnet_node.entrypoints.cli.output import AsJson, Row, ShowPersonal, Xlsx, emit, emit_list
from carnet_node.entrypoints.cli.recall_files import check_file
from carnet_node.entrypoints.cli.staff import find_member
from carnet_node.entrypoints.exporting import export_list, masked_rows
from carnet_node.entrypoints.presenting import Json, instant_text, recalls_json
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import CONTACT_CHANNELS, CONTACT_RESULTS, RECALL_CONTACT, STOP_SALE
from carnet_protocol.vin import normalise_vin
from carnet_storage.entrypoints.cli.showing import working

recalls_app = one_group(help="Open recalls, answered exactly and without a line.")


@recalls_app.callback()
def recalls() -> None:
    """Open recalls, answered exactly and without a line."""


@recalls_app.command("check")
def check(
    ctx: typer.Context, vin: Annotated[str, typer.Argument(help="VIN or frame number")], *, as_json: AsJson = False
) -> None:
    """Hit, clear or unknown, with the age of the data. Stale data is never clear, nor is a number that is no VIN."""
    node = node_of(ctx)
    answer = recalls_json(check_car(node, vin), None if as_json else node.settings.utc_offset_minutes)
    emit(answer, as_json=as_json, text="\n".join(_lines(answer)))


recalls_app.command("check-file")(check_file)


@recalls_app.command("calls")
def calls(
    ctx: typer.Context, *, show_personal: ShowPersonal = False, as_json: AsJson = False, xlsx: Xlsx = None
) -> None:
    """Whom to call about a recall: own customers, cars that must not be driven first.

    A car with a frame number and no VIN is not listed; its recall stands on its own page.
    """
    _emit(node_of(ctx), "recall_calls", show_personal=show_personal, as_json=as_json, xlsx=xlsx)


@recalls_app.command("contacted")
def contacted(
    ctx: typer.Context,
    vin: Annotated[str, typer.Argument(help="VIN of the car")],
    campaign_no: Annotated[str, typer.Argument(help="number of the recall")],
    *,
    result: Annotated[str, typer.Option(help=", ".join(CONTACT_RESULTS))],
    channel: Annotated[str, typer.Option(help=", ".join(CONTACT_CHANNELS))] = "phone",
    as_json: AsJson = False,
) -> None:
    """Note what came of an attempt to reach the present owner of a car."""
    node = node_of(ctx)
    saved = note_call(node, vehicle_id(normalise_vin(vin)), campaign_of(node, campaign_no), channel, result)
    emit_saved(RECALL_CONTACT, saved, as_json=as_json)


@recalls_app.command("stop-sales")
def stop_sales(ctx: typer.Context, *, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Unsold cars that a recall lists, not sold before it is done; a first line without a car says what is unknown."""
    _emit(node_of(ctx), "stop_sales", show_personal=False, as_json=as_json, xlsx=xlsx)


@recalls_app.command("acknowledge")
def acknowledge_(
    ctx: typer.Context,
    campaign_no: Annotated[str | None, typer.Argument(help="one recall; all when left out", show_default=False)] = None,
    *,
    by: Annotated[str, typer.Option("--by", help="staff number of the manager, as stated here: no password is asked")],
    as_json: AsJson = False,
) -> None:
    """Take note that unsold cars are not sold before their recall is done; the hub sees who is said to have, and when.

    Whoever may use this machine's files can name any manager here. On the page the manager is logged in.
    """
    node = node_of(ctx)
    node = acting_for(node, find_member(node, by))
    only = None if campaign_no is None else campaign_of(node, campaign_no)
    cars = ((one.vehicle.id, one.hit.campaign) for one in stop_list(node).waiting)
    saved = acknowledge(node, frozenset(one for one in cars if only is None or one[1] == only))
    emit_saved(STOP_SALE, saved, as_json=as_json)


def _emit(node: Node, name: str, *, show_personal: bool, as_json: bool, xlsx: Path | None) -> None:
    """A list of the site on the screen, and as a workbook if one was named; either is noted in the access log."""
    wanted = LISTS[name]
    columns = [column.name for column in wanted.columns]
    with working("looking through the cars", is_quiet=as_json):
        found = wanted.rows(node, None)
        rows = list(found if show_personal else masked_rows(wanted, found))
    if xlsx is not None:
        xlsx.write_bytes(export_list(node, name, show_personal=show_personal).content)
    elif show_personal:
        note_list(node, name, len(rows))
    result: list[Row] = [dict(zip(columns, row, strict=True)) for row in rows]
    moments = {column.name for column in wanted.columns if column.kind is CellKind.MOMENT}
    offset = node.settings.utc_offset_minutes
    lines = [
        {
            column: instant_text(value, offset) if column in moments and isinstance(value, int) else value
            for column, value in row.items()
        }
        for row in result
    ]
    emit_list(name.replace("_", " "), lines, columns, as_json=as_json, xlsx=None, result=result)


def _lines(answer: Json) -> list[str]:
    as_of = f"data as of {answer['as_of']}" if answer["as_of"] else "no data"
    lines = [f"{answer['state'].upper()}: {answer['identifier']} ({as_of})"]
    if answer["because"]:
        doubt = "There may be more" if answer["state"] == "hit" else "Nothing certain can be said"
        lines.append(f"{doubt}: {answer['because']}.")
    for hit in answer["hits"]:
        named = f"{hit['campaign_no']} {hit['title'] or ''} [{_DANGER.get(hit['hazard_level'], 'no special danger')}]"
        lines.append(named + _standing(hit, answer))
        lines += _replacing(hit)
        lines += [f"  {name.replace('_', ' ')}: {hit[name]}" for name in _TEXTS if hit.get(name)]
        lines += [f"  recorded, but not counted: {WHY_UNCOUNTED[why]}" for why in hit["not_counted"]]
    return lines


def _standing(hit: Json, answer: Json) -> str:
    """What is known of the work on the car, behind the campaign's name."""
    if hit["is_done_elsewhere"]:
        return f" - done elsewhere, by the hub's list as of {answer['lists_as_of']}"
    if hit["is_done"]:
        return " - done" + (", not yet confirmed by the hub" if hit["is_unconfirmed"] else "")
    if hit["is_gone"]:
        return " - the hub has this car as exported, scrapped or stolen: look at its plate and papers, and tell the hub"
    return ""


def _replacing(hit: Json) -> list[str]:
    """Which recalls take each other's place."""
    later, earlier = ", ".join(hit["superseded_by"]), hit["supersedes"]
    lines = [f"  replaced by {later}: what was done for this recall does not count there"] if later else []
    return lines + ([f"  replaces {earlier}: what was done for that recall does not count here"] if earlier else [])


_DANGER = {"do_not_drive": "DO NOT DRIVE", "park_outside": "park outside"}
_TEXTS = ("defect", "hazard", "emergency_advice", "remedy")
