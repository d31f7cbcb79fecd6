"""`conflicts`: list, show, restore. Personal values are masked unless asked for."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from carnet_hub.core.failures import Unusable
from carnet_hub.core.log.conflicts import (
    OpenConflict,
    SettledValue,
    WrittenValue,
    every_conflict,
    every_settled,
    restore_value,
    show_conflicts,
)
from carnet_hub.core.upkeep.dealers import author_names
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, cell_text, emit, emit_list, hub_of, moment_text
from carnet_protocol.ids import OP_ID_BYTES, OpId, parse_record_text
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Kind, Privacy

conflicts_app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Overruled values.")

MASK = "***"
_COLUMNS = ("kind", "id", "register", "shown", "overruled", "author", "at", "rule", "op")

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
        presenter = _Presenter(author_names(app.hub), show_personal=show_personal)
        if settled:
            rows = [presenter.settled(one) for one in every_settled(app.hub)]
        else:
            rows = [row for one in every_conflict(app.hub) for row in presenter.open(one)]
    title = "settled values" if settled else "conflicts"
    emit_list(title, [_flat(row) for row in rows], _COLUMNS, as_json=as_json, xlsx=xlsx, result=rows)


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
        presenter = _Presenter(author_names(app.hub), show_personal=show_personal)
    rows = [row for one in found.open for row in presenter.open(one)]
    rows += [presenter.settled(one) for one in found.settled]
    columns = ("state", *_COLUMNS[2:])
    emit_list(f"{kind} {record}", [_flat(row) for row in rows], columns, as_json=as_json, xlsx=xlsx, result=rows)


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
    result = {"position": written.position, "op": written.ops[-1].hex()}
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
    """The op id behind 32 hex digits; dashes among them do no harm.

    Raises:
        Unusable: it is none.
    """
    try:
        op = bytes.fromhex(text.strip().replace("-", ""))
    except ValueError:
        op = b""
    if len(op) != OP_ID_BYTES:
        raise Unusable(f"{text[:40]} is no op id.", "Copy it from `conflicts show` or `quarantine why`.")
    return OpId(op)


class _Presenter:
    """Overruled values as programs read them, one row each; the same form as `carnet-node conflicts list`.

    Args:
        names: site code by author.
        show_personal: names, phones and plates in full.
    """

    def __init__(self, names: Mapping[bytes, str], *, show_personal: bool) -> None:
        self._names = names
        self._show_personal = show_personal

    def open(self, conflict: OpenConflict) -> list[dict[str, Any]]:
        """What is shown, beside each value that is not."""
        shown = self._written(conflict.kind, conflict.register, conflict.shown)
        return [
            {
                "kind": conflict.kind,
                "id": conflict.record,
                "owner": self._names.get(conflict.owner),
                "register": conflict.register,
                "rule": conflict.rule.value,
                "shown": shown,
                "overruled": self._written(conflict.kind, conflict.register, one),
                "settled_by": None,
                "state": "open",
            }
            for one in conflict.overruled
        ]

    def settled(self, settled: SettledValue) -> dict[str, Any]:
        """A value that somebody read and did not keep."""
        return {
            "kind": settled.kind,
            "id": settled.record,
            "register": settled.register,
            "rule": None,
            "shown": None,
            "overruled": self._written(settled.kind, settled.register, settled.overruled),
            "settled_by": settled.by.hex(),
            "position": settled.position,
            "state": "settled",
        }

    def _written(self, kind: str, register: str, written: WrittenValue) -> dict[str, Any]:
        is_shown = self._show_personal or not _is_personal(kind, register)
        told: dict[str, Any] = {
            "op": written.op.hex(),
            "values": {name: value if is_shown else MASK for name, value in written.values.items()},
            "author": self._names.get(written.author),
            "author_id": written.author,
            "at": moment_text(written.time_ms),
        }
        return told if written.withheld is None else {**told, "withheld": written.withheld.name.lower()}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row as one line for people."""
    overruled = row["overruled"]
    return {
        **row,
        "rule": row["rule"] or "settled by a person",
        "shown": None if row["shown"] is None else _text(row["shown"]),
        "overruled": _text(overruled),
        **{name: overruled[name] for name in ("author", "at", "op")},
    }


def _text(written: dict[str, Any]) -> str:
    values = ", ".join(f"{name}={cell_text(value)}" for name, value in written["values"].items())
    return str(written.get("withheld", values))


def _is_personal(kind_name: str, register_name: str) -> bool:
    """Whether a register's values are personal; one this version does not know may be."""
    kind = REGISTRY.by_name.get(kind_name)
    found = [one for one in kind.registers if one.name == register_name] if kind is not None else []
    return not found or found[0].privacy is not Privacy.PUBLIC
