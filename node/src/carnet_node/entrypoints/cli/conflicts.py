"""`conflicts`: list overruled values, restore one, see what the hub did not take."""

from typing import Annotated

import typer

from carnet_node.core.log.held_back import list_held_back
from carnet_node.core.showing.conflicts import list_conflicts, restore_value
from carnet_node.entrypoints.cli.opening import Limit, node_of, one_group, set_facts
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, Xlsx, emit, emit_list
from carnet_node.entrypoints.cli.tables import presenter_of
from carnet_node.entrypoints.presenting import Json, Presenter
from carnet_node.entrypoints.reading import kind_from_text, op_from_text, record_from_text

conflicts_app = one_group(help="Values that were overruled by others.")

HELD_COLUMNS = ("seq", "at", "state", "kind", "id", "entered", "what", "next")
COLUMNS = ("kind", "id", "register", "shown", "overruled", "author", "at", "rule", "op", "can_restore")


@conflicts_app.command("list")
def list_(
    ctx: typer.Context,
    *,
    with_settled: Annotated[bool, typer.Option("--settled", help="also those somebody overruled knowingly")] = False,
    limit: Limit = 200,
    show_personal: ShowPersonal = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Every value that stands beside the one shown; --settled adds those that somebody saw and did not keep."""
    node = node_of(ctx)
    found = list_conflicts(node, limit=limit, with_settled=with_settled)
    for_people = presenter_of(node, show_personal=show_personal, as_json=False)
    lines = [_flat(for_people.conflict(one)) for one in found]
    result = [Presenter(show_personal=show_personal).conflict(one) for one in found]
    emit_list("conflicts", lines, COLUMNS, as_json=as_json, xlsx=xlsx, result=result)


@conflicts_app.command("restore")
def restore(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="kind of record, as listed")],
    record: Annotated[str, typer.Argument(help="its id, as listed")],
    register: Annotated[str, typer.Argument(help="register, as listed")],
    op: Annotated[str, typer.Argument(help="op of the overruled value, as listed")],
    *,
    as_json: AsJson = False,
) -> None:
    """Bring an overruled value back, for everybody."""
    sealed = restore_value(node_of(ctx), kind_from_text(kind), record_from_text(record), register, op_from_text(op))
    emit({"restored": True, **set_facts(sealed)}, as_json=as_json, text=f"Restored (set {sealed.seq}).")


@conflicts_app.command("held")
def held(
    ctx: typer.Context,
    *,
    limit: Limit = 200,
    show_personal: ShowPersonal = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Saves of this node that the hub has parked or refused, with what was entered and why."""
    node = node_of(ctx)
    found = list_held_back(node, limit=limit)
    for_people = presenter_of(node, show_personal=show_personal, as_json=False)
    lines = [line for one in found for line in _held_lines(for_people.held_back(one))]
    result = [Presenter(show_personal=show_personal).held_back(one) for one in found]
    emit_list("held back", lines, HELD_COLUMNS, as_json=as_json, xlsx=xlsx, result=result)


def _held_lines(row: Json) -> list[Json]:
    """One line per change of a held-back save."""
    return [
        {
            "seq": row["seq"],
            "at": row["at"],
            "state": row["state"],
            "kind": change["kind"],
            "id": change["id"],
            "entered": "deleted" if change["is_delete"] else _pairs(change["values"]),
            "what": (change["reason"] or row["reason"] or {}).get("what", ""),
            "next": (change["reason"] or row["reason"] or {}).get("next", ""),
        }
        for change in row["changes"]
    ]


def _flat(row: Json) -> Json:
    shown = row["shown"]["values"] if row["shown"] else {}
    overruled = row["overruled"]
    return {
        **row,
        "shown": _pairs(shown),
        "overruled": _pairs(overruled["values"]),
        "rule": row["rule"] or "settled by a person",
        **{name: overruled[name] for name in ("author", "at", "op")},
    }


def _pairs(values: Json) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())
