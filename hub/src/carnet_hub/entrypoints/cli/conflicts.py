"""`conflicts`: list, show, restore. Personal values are masked unless asked for."""

from typing import Annotated, Any

import typer

from carnet_hub.core.conflicts import (
    OpenConflict,
    SettledValue,
    WrittenValue,
    every_conflict,
    list_settled,
    restore_value,
    show_conflicts,
)
from carnet_hub.core.failures import Unusable
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of, moment_text, plain
from carnet_protocol.ids import OP_ID_BYTES, OpId, parse_record_text
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Kind, Privacy

conflicts_app = typer.Typer(add_completion=False, no_args_is_help=True, help="Overruled values.")

MASK = "***"
_COLUMNS = ("kind", "record", "register", "rule", "shown", "overruled", "op")

KindName = Annotated[str, typer.Argument(help="kind of record, such as vehicle", show_default=False)]
RecordText = Annotated[str, typer.Argument(help="id of the record", show_default=False)]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="names, phones and plates in full")]


@conflicts_app.command("list")
def list_(
    ctx: typer.Context,
    *,
    settled: Annotated[bool, typer.Option("--settled", help="values that an author read and did not keep")] = False,
    show_personal: ShowPersonal = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Values that were written concurrently and are not shown."""
    with hub_of(ctx) as app:
        if settled:
            rows = [_settled_row(one, show_personal=show_personal) for one in list_settled(app.hub)]
        else:
            rows = [_open_row(one, show_personal=show_personal) for one in every_conflict(app.hub)]
    emit_list("settled values" if settled else "conflicts", rows, _COLUMNS, as_json=as_json, xlsx=xlsx)


@conflicts_app.command("show")
def show(
    ctx: typer.Context,
    kind: KindName,
    record: RecordText,
    *,
    show_personal: ShowPersonal = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Every overruled value of one record, open and settled, with what restores it."""
    known = kind_named(kind)
    with hub_of(ctx) as app:
        found = show_conflicts(app.hub, known, parse_record_text(record))
    rows = [_open_row(one, show_personal=show_personal) | {"state": "open"} for one in found.open]
    rows += [_settled_row(one, show_personal=show_personal) | {"state": "settled"} for one in found.settled]
    emit_list(f"{kind} {record}", rows, ("state", *_COLUMNS[2:]), as_json=as_json, xlsx=xlsx)


@conflicts_app.command("restore")
def restore(
    ctx: typer.Context,
    kind: KindName,
    record: RecordText,
    register: Annotated[str, typer.Argument(help="name of the register", show_default=False)],
    op: Annotated[str, typer.Argument(help="op that wrote the value, from `show`", show_default=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Show an overruled value again; every node hears of it, and it can be overruled again."""
    known = kind_named(kind)
    with hub_of(ctx) as app:
        written = restore_value(app.hub, known, parse_record_text(record), register=register, op=op_from_text(op))
    result = {"position": written.position, "op": written.ops[0]}
    emit(result, as_json=as_json, text=f"Restored at log position {written.position}.")


def kind_named(name: str) -> Kind:
    """The kind with a name.

    Raises:
        Unusable: there is none.
    """
    kind = REGISTRY.by_name.get(name.strip().lower())
    if kind is None:
        raise Unusable(f"There is no kind {name[:40]}.", f"One of: {', '.join(sorted(REGISTRY.by_name))}.")
    return kind


def op_from_text(text: str) -> OpId:
    """The op id that a list showed as UUID text, or as 32 hex digits.

    Raises:
        Unusable: neither.
    """
    try:
        op = bytes.fromhex(text.strip().replace("-", ""))
    except ValueError:
        op = b""
    if len(op) != OP_ID_BYTES:
        raise Unusable(f"{text[:40]} is no op id.", "Copy it from `conflicts show` or `quarantine why`.")
    return OpId(op)


def _open_row(conflict: OpenConflict, *, show_personal: bool) -> dict[str, Any]:
    is_shown = show_personal or not _is_personal(conflict.kind, conflict.register)
    return {
        "kind": conflict.kind,
        "record": conflict.record,
        "owner": conflict.owner,
        "register": conflict.register,
        "rule": conflict.rule.value,
        "shown": _text(conflict.shown, is_shown=is_shown),
        "overruled": [_text(one, is_shown=is_shown) for one in conflict.overruled],
        "op": [one.op for one in conflict.overruled],
        "authors": [one.author for one in conflict.overruled],
        "written_at": [moment_text(one.time_ms) for one in conflict.overruled],
    }


def _settled_row(settled: SettledValue, *, show_personal: bool) -> dict[str, Any]:
    is_shown = show_personal or not _is_personal(settled.kind, settled.register)
    return {
        "kind": settled.kind,
        "record": settled.record,
        "register": settled.register,
        "rule": "not kept by an author",
        "shown": None,
        "overruled": [_text(settled.overruled, is_shown=is_shown)],
        "op": [settled.overruled.op],
        "by": settled.by,
        "position": settled.position,
    }


def _is_personal(kind_name: str, register_name: str) -> bool:
    """Whether a register's values are personal; one this version does not know may be."""
    kind = REGISTRY.by_name.get(kind_name)
    found = [one for one in kind.registers if one.name == register_name] if kind is not None else []
    return not found or found[0].privacy is not Privacy.PUBLIC


def _text(written: WrittenValue, *, is_shown: bool) -> str:
    if written.withheld is not None:
        return written.withheld.name.lower()
    if not is_shown:
        return MASK
    return ", ".join(f"{name}={plain(value)}" for name, value in written.values.items())
