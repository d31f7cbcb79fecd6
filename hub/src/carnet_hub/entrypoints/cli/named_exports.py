"""`regulator named`: owners for a case, asked for by one person, released by another, read once.

An authority asks by its own programs (docs/spec/regulator-api.md) or by letter; for a letter the operator who got it
asks and reads here. Every step is a line of the ledger under the operator's code, a refused one as well; the file for
the owners has its room on the disk before they are read, since that works once.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from carnet_hub.core.campaigns.report import json_text
from carnet_hub.core.failures import Unusable
from carnet_hub.core.outside.access_ledger import noted, operator_access, refusals_noted
from carnet_hub.core.outside.named_exports import (
    REQUEST_ID_BYTES,
    ask_export,
    export_values,
    find_export,
    list_exports,
    operator,
    read_export,
    refuse_export,
    release_export,
    release_values,
)
from carnet_hub.core.outside.regulators import Scope
from carnet_hub.core.regulator_limits import NAMED_ROOM_BYTES
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of
from carnet_hub.entrypoints.cli.recalls import CampaignNo
from carnet_hub.entrypoints.cli.typed_ids import parse_id
from carnet_protocol.limits import CODE_CHARS_MAX
from carnet_storage.adapters.outputs import file_to_write, private_file

named_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Owners for a case, by two persons.")

_NAMED_COLUMNS: Final = (
    "asked_at",
    "asked_by",
    "campaign_no",
    "case_no",
    "vehicles",
    "step",
    "decided_by",
    "decided_at",
    "read_at",
    "request_id",
    "vins",
)
_BY: Final = typer.Option("--by", help="code of the person who decides; no name", show_default=False)
RequestId = Annotated[str, typer.Argument(help="id of the request, see `regulator named list`", show_default=False)]


@named_app.command("ask")
def named_ask(
    ctx: typer.Context,
    campaign_no: CampaignNo,
    *,
    case: Annotated[str, typer.Option(help="number of the authority's case", show_default=False)],
    vin: Annotated[list[str], typer.Option(help="a vehicle of the campaign; again for more", show_default=False)],
    by: Annotated[str, _BY],
    as_json: AsJson = False,
) -> None:
    """Ask for owners, for an authority that wrote a letter; somebody else has to release it."""
    asker = operator(by)
    access = operator_access(Scope.OWNERS.value, campaign_no[:CODE_CHARS_MAX], by)
    with hub_of(ctx) as app, refusals_noted(app.hub, access):
        row = export_values(ask_export(app.hub, asker, campaign_no, case, vin, access=access))
    emit(row, as_json=as_json, text=f"Request {row['request_id']} for case {row['case_no']} waits for a second person.")


@named_app.command("read")
def named_read(
    ctx: typer.Context,
    request: RequestId,
    out: Annotated[Path, typer.Option("--out", help="JSON file to write, for you alone", callback=file_to_write)],
    by: Annotated[str, _BY],
    as_json: AsJson = False,
) -> None:
    """Write the owners of a released request to a file that only you can read; this works once."""
    asker, request_id = operator(by), _request_id(request)
    if out.exists():
        raise Unusable(f"{out} exists already.", "Name a file that does not; the request is still to be read.")
    access = operator_access(Scope.OWNERS.value, request_id.hex(), by)
    with hub_of(ctx) as app, refusals_noted(app.hub, access), private_file(out, room_bytes=NAMED_ROOM_BYTES) as take:
        values = read_export(app.hub, asker, request_id, access)
        take(json_text(values))
    told = {"request_id": request, "file": str(out), "vehicles": values["vehicles"]}
    emit(told, as_json=as_json, text=f"{out}: {values['vehicles']} vehicles. Hand it over sealed, and delete it here.")


@named_app.command("list")
def named_list(ctx: typer.Context, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Who asked for owners, for which case and vehicles, who released it, and whether it was read.

    A request shows its vehicles while it waits or can be read; afterwards `regulator accesses --vin` finds it.
    """
    with hub_of(ctx) as app:
        rows = [release_values(one) for one in list_exports(app.hub)]
    emit_list("named exports", rows, _NAMED_COLUMNS, as_json=as_json, xlsx=xlsx)


@named_app.command("show")
def named_show(ctx: typer.Context, request: RequestId, as_json: AsJson = False) -> None:
    """One request with the vehicles that it asks for: look before you release it."""
    request_id = _request_id(request)
    with hub_of(ctx) as app:
        row = release_values(find_export(app.hub, request_id))
    emit(row, as_json=as_json)


@named_app.command("release")
def named_release(ctx: typer.Context, request: RequestId, by: Annotated[str, _BY], as_json: AsJson = False) -> None:
    """Let the asker read the owners once, within 72 hours; nobody releases their own request."""
    request_id = _request_id(request)
    with hub_of(ctx) as app, noted(app.hub, operator_access(Scope.RELEASE.value, request_id.hex(), by)):
        row = export_values(release_export(app.hub, request_id, by))
    emit(row, as_json=as_json, text=f"Request {request} for case {row['case_no']} is released by {by}.")


@named_app.command("refuse")
def named_refuse(ctx: typer.Context, request: RequestId, by: Annotated[str, _BY], as_json: AsJson = False) -> None:
    """Say no to a request, for good."""
    request_id = _request_id(request)
    with hub_of(ctx) as app, noted(app.hub, operator_access(Scope.RELEASE.value, request_id.hex(), by)):
        row = export_values(refuse_export(app.hub, request_id, by))
    emit(row, as_json=as_json, text=f"Request {request} for case {row['case_no']} is refused by {by}.")


def _request_id(text: str) -> bytes:
    return parse_id(text, size=REQUEST_ID_BYTES, called="id of a request", listed_by="regulator named list")
