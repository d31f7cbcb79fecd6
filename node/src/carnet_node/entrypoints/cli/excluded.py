"""`excluded`: what lost its effect after a key of this site was compromised, and confirming what was honest."""

from typing import Annotated

import anyio
import typer

from carnet_node.bootstrap import Installation
from carnet_node.core.line.session import say_hello
from carnet_node.core.log.excluded import confirm_excluded, fetch_excluded, list_excluded
from carnet_node.entrypoints.cli.opening import installation_of, one_group, set_facts
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, Xlsx, emit, emit_list
from carnet_node.entrypoints.presenting import Json, Presenter
from carnet_node.entrypoints.software import SOFTWARE
from carnet_protocol.errors import BadValue
from carnet_protocol.messages import ExcludedSet
from carnet_protocol.reasons import Reason

excluded_app = one_group(help="Work without effect since a key of this site was compromised.")

COLUMNS = ("set", "at", "op", "kind", "id", "entered", "confirmed")


@excluded_app.command("list")
def list_(
    ctx: typer.Context, *, show_personal: ShowPersonal = False, as_json: AsJson = False, xlsx: Xlsx = None
) -> None:
    """What was excluded, with what was entered; asks the hub."""
    installation = installation_of(ctx)
    saves = list_excluded(installation.node(), anyio.run(_fetch, installation))
    presenter = Presenter(show_personal=show_personal)
    rows = [presenter.excluded(one) for one in saves]
    listed = rows if as_json else [line for row in rows for line in lines_of(row)]
    emit_list("excluded", listed, COLUMNS, as_json=as_json, xlsx=xlsx)


@excluded_app.command("reattest")
def reattest(
    ctx: typer.Context,
    chosen: Annotated[str, typer.Argument(metavar="SET", help="the set as listed, or its first digits")],
    *,
    op: Annotated[list[int] | None, typer.Option("--op", help="only this change, as listed; may be repeated")] = None,
    as_json: AsJson = False,
) -> None:
    """Confirm that a save was honest: enter it again under this machine's key, at its old place in history."""
    installation = installation_of(ctx)
    node = installation.node()
    sets = anyio.run(_fetch, installation)
    nonces = [one.nonce for one in list_excluded(node, sets) if one.nonce.hex().startswith(chosen.strip().lower())]
    if len(nonces) != 1 or not chosen.strip():
        raise BadValue(Reason.NOT_FOUND, "set", f"{len(nonces)} sets begin like this; look at `excluded list`")
    sealed = confirm_excluded(node, sets, nonces[0], op)
    emit({"confirmed": nonces[0].hex(), **set_facts(sealed)}, as_json=as_json, text=f"Confirmed (set {sealed.seq}).")


async def _fetch(installation: Installation) -> list[ExcludedSet]:
    node = installation.node()
    async with installation.hub_client() as link:
        session = await say_hello(node, installation.sync_ports(link), software=SOFTWARE)
        return await fetch_excluded(link, node.identity, session.token)


def lines_of(row: Json) -> list[Json]:
    """One line per change of a save."""
    return [
        {
            "set": row["set"],
            "at": row["at"],
            "op": change["op"],
            "kind": change["kind"],
            "id": change["id"],
            "entered": "deleted" if change["is_delete"] else _pairs(change["values"]),
            "confirmed": change["confirmed_by"] or "",
        }
        for change in row["changes"]
    ]


def _pairs(values: Json) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())
