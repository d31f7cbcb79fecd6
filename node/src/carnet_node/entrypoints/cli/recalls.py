"""`recalls check VIN`: is there an open recall on this car?"""

from typing import Annotated

import typer

from carnet_node.core.recall_check import check_car
from carnet_node.entrypoints.cli.opening import node_of, one_group
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_node.entrypoints.presenting import Json, recalls_json

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


def _lines(answer: Json) -> list[str]:
    as_of = f"data as of {answer['as_of']}" if answer["as_of"] else "no data"
    lines = [f"{answer['state'].upper()}: {answer['identifier']} ({as_of})"]
    if answer["because"]:
        doubt = "There may be more" if answer["state"] == "hit" else "Nothing certain can be said"
        lines.append(f"{doubt}: {answer['because']}.")
    for hit in answer["hits"]:
        done = " - done" + (", not yet confirmed by the hub" if hit["is_unconfirmed"] else "") if hit["is_done"] else ""
        lines.append(f"{hit['campaign_no']} {hit['title'] or ''} [{hit['hazard_level'] or 'normal'}]{done}")
        lines += [f"  {name.replace('_', ' ')}: {hit[name]}" for name in _TEXTS if hit.get(name)]
    return lines


_TEXTS = ("defect", "hazard", "emergency_advice", "remedy")
