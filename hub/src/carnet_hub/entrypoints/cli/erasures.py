"""`erase` and `erasures`: take a person's values away for good, and see which nodes have done so."""

from hashlib import sha256
from typing import Annotated, Any, Final

import typer

from carnet_hub.core.failures import Unusable
from carnet_hub.core.upkeep.erasing import (
    ErasureLine,
    NodeReceipt,
    ReceiptState,
    erase_customer,
    list_erasures,
    scrub_files,
    show_receipts,
)
from carnet_hub.core.upkeep.overview import list_nodes
from carnet_hub.core.upkeep.purging import Judgement, look_up
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of, moment_text, working
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.registry import ErasureGroup
from carnet_protocol.retention import Verdict
from carnet_storage.entrypoints.cli.confirming import Yes, require_consent

erase_app = typer.Typer(rich_markup_mode=None, add_completion=False)
erasures_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Orders to erase, and who has."
)

COLUMNS = ("order", "position", "ground", "groups", "records", "confirmed", "missing")
RECEIPT_COLUMNS = ("site_code", "name", "state", "said_at", "read_to", "node_id")

CONSEQUENCE: Final = (
    "The personal values of this customer go from the log, the tables and the files of this hub and of every node, for "
    "ever. There is no way back."
)

KEPT: Final = (
    " A law has this customer kept: {} (`retention classes`). A request does not end that by itself: ask first."
)

STAYS: Final = (
    "What stays: what was repaired on which vehicle, when and at which mileage, and which recalls are done. It names a "
    "vehicle and no person, and recall law has it kept (five years at the dealer, ten at the producer)."
)


@erase_app.command("erase")
def erase(
    ctx: typer.Context,
    customer: Annotated[str, typer.Argument(help="id of the customer", show_default=False)],
    ground: Annotated[str, typer.Option("--ground", help="request or order")],
    *,
    groups: Annotated[
        str, typer.Option("--groups", help="any of identity,contact,notes,secret; everything by default")
    ] = "identity,contact,notes,secret",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase a customer's personal values here and at every node, for ever. There is no way back."""
    chosen, record = _groups(groups), _record(customer)
    with hub_of(ctx) as app:
        kept_by = _kept_by(look_up(app.hub, app.law.retention(app.settings.country), record))
        require_consent(f"{CONSEQUENCE}{KEPT.format(kept_by) if kept_by else ''}", is_agreed=yes, as_json=as_json)
        with working("erasing", is_quiet=as_json):
            erased = erase_customer(app.hub, record, chosen, ground=ground)
            scrub_files(app.hub)
    result = {
        "orders": list(erased.orders),
        "position": erased.position,
        "groups": sorted(one.name.lower() for one in chosen),
        "records": erased.records,
        "kept_by": kept_by,
    }
    named = ", ".join(f"{count} {kind}" for kind, count in erased.records.items())
    text = [f"Erased at this hub: {named}.", STAYS]
    text += [f"Nodes follow with their next sync: `erasures show {record_text(one)}`." for one in erased.orders]
    emit(result, as_json=as_json, text="\n".join(text))


@erasures_app.command("list")
def list_(ctx: typer.Context, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Every order with how many nodes have carried it out."""
    with hub_of(ctx) as app:
        rows = [_row(line) for line in list_erasures(app.hub)]
    emit_list("erasures", rows, COLUMNS, as_json=as_json, xlsx=xlsx)


@erasures_app.command("show")
def show(
    ctx: typer.Context,
    order: Annotated[str, typer.Argument(help="id of the order, or its first characters", show_default=False)],
    *,
    missing: Annotated[bool, typer.Option("--missing", help="only nodes that have not")] = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """What each node has said about an order; those still missing first."""
    with hub_of(ctx) as app:
        names = {line.node.node_id: (line.site_code, line.name) for line in list_nodes(app.hub)}
        receipts = show_receipts(app.hub, _find(list_erasures(app.hub), order))
    rows = [_receipt_row(one, *names.get(one.node.node_id, ("", ""))) for one in receipts]
    rows = [row for row in rows if not missing or row["state"] == ReceiptState.MISSING.value]
    emit_list("receipts", rows, RECEIPT_COLUMNS, as_json=as_json, xlsx=xlsx)


def _kept_by(judgement: Judgement | None) -> str | None:
    """The class whose law has a customer kept today; None for none."""
    is_kept = judgement is not None and judgement.why in {Verdict.IN_USE, Verdict.STATUTORY}
    return judgement.person.governed_by.id if judgement is not None and is_kept else None


def _groups(text: str) -> frozenset[ErasureGroup]:
    names = {one.name.lower(): one for one in ErasureGroup}
    chosen = [one.strip().lower() for one in text.split(",") if one.strip()]
    unknown = [one for one in chosen if one not in names]
    if unknown or not chosen:
        raise Unusable(f"There is no group {unknown[0][:40] if unknown else '(none)'}.", f"Use {', '.join(names)}.")
    return frozenset(names[one] for one in chosen)


def _record(text: str) -> RecordId:
    try:
        return parse_record_text(text)
    except BadValue as error:
        raise Unusable(f"{text[:40]} is no record id.", "Copy the customer's id from the dealer's list.") from error


def _find(lines: list[ErasureLine], text: str) -> RecordId:
    wanted = text.strip().lower()
    found = [line.order for line in lines if wanted and record_text(line.order).startswith(wanted)]
    if len(found) != 1:
        raise Unusable(f"{len(found) or 'No'} orders begin with {text[:40]}.", "Look the id up with `erasures list`.")
    return found[0]


def _row(line: ErasureLine) -> dict[str, Any]:
    return {
        "order": line.order,
        "position": line.position,
        "ground": line.ground,
        "groups": [one.name.lower() for one in line.groups],
        "records": len(line.records),
        "record_ids": list(line.records),
        "confirmed": line.confirmed,
        "missing": line.missing,
    }


def _receipt_row(one: NodeReceipt, site_code: str, name: str) -> dict[str, Any]:
    return {
        "node_id": one.node.node_id,
        "site_code": site_code,
        "name": name,
        "state": one.state.value,
        "said_at": moment_text(one.said_ms),
        "read_to": one.read_to,
        "hello": one.hello.hex(),
        "hello_sha256": sha256(one.hello).hexdigest() if one.hello else None,
    }
