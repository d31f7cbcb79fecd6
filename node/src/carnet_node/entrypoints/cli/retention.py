"""`retention report`: what this site holds, and how long it stays."""

from dataclasses import asdict
from typing import Annotated, Final

import typer

from carnet_node.core.upkeep.retention import retention_rows
from carnet_node.entrypoints.cli.opening import node_of, one_group
from carnet_node.entrypoints.cli.output import AsJson, Xlsx, emit_list
from carnet_protocol.retention import bundled_retention
from carnet_storage.entrypoints.cli.showing import working

retention_app = one_group(help="What this site holds, and how long.")

COLUMNS: Final = ("class", "held", "verdict", "age_years", "count", "years", "is_statutory", "source")


@retention_app.callback()
def retention() -> None:
    """What this site holds, and how long."""


@retention_app.command("report")
def report(
    ctx: typer.Context,
    *,
    country: Annotated[str, typer.Option(help="whose law")] = "cn",
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """What is held, counted by class and age. The hub, which knows every site, decides what goes."""
    classes = bundled_retention(country)
    if classes is None:
        raise typer.BadParameter(f"nothing is known of the law of {country[:10]}; use cn")
    node = node_of(ctx)
    with working("counting", is_quiet=as_json):
        found = retention_rows(node, classes)
    rows = [
        {
            **{name: value for name, value in asdict(one).items() if name != "governed_by"},
            "class": one.governed_by.id,
            "years": one.governed_by.years,
            "is_statutory": one.governed_by.is_statutory,
            "source": one.governed_by.source,
        }
        for one in found
    ]
    emit_list("retention", rows, COLUMNS, as_json=as_json, xlsx=xlsx)
