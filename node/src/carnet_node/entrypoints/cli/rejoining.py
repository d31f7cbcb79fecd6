"""`rejoin`: the two decisions that only people can take after a restore or with two copies of one machine."""

from typing import Annotated, Final

import typer

from carnet_node.core.log.rejoin import go_on_offline, take_over
from carnet_node.core.showing.status import status_of
from carnet_node.entrypoints.cli.opening import node_of
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_storage.entrypoints.cli.confirming import Yes, require_consent

CONSEQUENCE: Final = (
    "This copy of the machine goes on, and the other one stops: nothing can be saved there any more once both have "
    "been in contact with the hub. What was saved there is kept."
)

rejoin_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@rejoin_app.command()
def rejoin(
    ctx: typer.Context,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="go on without a line after a restore")] = False,
    taking_over: Annotated[bool, typer.Option("--take-over", help="this copy goes on, the other one stops")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Go on after a restore without a line, or decide that this copy of the machine is the one that is meant.

    With a line neither is needed after a restore: `sync` and `serve` rejoin by themselves.
    """
    if offline == taking_over:
        raise typer.BadParameter("give --offline or --take-over")
    node = node_of(ctx)
    if taking_over:
        require_consent(CONSEQUENCE, is_agreed=yes, as_json=as_json)
        take_over(node)
        text = "This copy goes on under a new epoch. The other one is told at its next contact; its work is kept."
    elif go_on_offline(node):
        text = "The desk may work. What was recorded after the backup comes back with the next contact."
    else:
        text = "Nothing to do: this node is not waiting to rejoin."
    found = status_of(node)
    result = {"is_rejoining": found.is_rejoining, "is_unreconciled": found.is_unreconciled}
    emit(result, as_json=as_json, text=text)
