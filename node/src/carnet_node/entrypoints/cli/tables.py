"""Views as lines and tables for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from carnet_node.core.node import Node
from carnet_node.core.searching import find
from carnet_node.entrypoints.cli.output import emit, emit_list
from carnet_node.entrypoints.presenting import Json, Presenter
from carnet_protocol.registry import Kind

_INDENT = "  "


def emit_records(title: str, rows: Sequence[Json], columns: Sequence[str], *, as_json: bool, xlsx: Path | None) -> None:
    """A list of records: whole views for `--json`, one line each for people."""
    flat = rows if as_json and xlsx is None else [flatten(row) for row in rows]
    emit_list(title, flat, columns, as_json=as_json, xlsx=xlsx)


def emit_found(
    node: Node,
    text: str,
    kind: Kind,
    columns: Sequence[str],
    *,
    show_personal: bool,
    as_json: bool,
    xlsx: Path | None,
) -> None:
    """What the search box finds of one kind."""
    presenter = Presenter(show_personal=show_personal)
    hits = [presenter.found(hit) for hit in find(node, text) if hit.view.kind is kind]
    rows = [{**hit["record"], "by": hit["by"]} for hit in hits]
    emit_records(f"{kind.name}s found", rows, (*columns, "by"), as_json=as_json, xlsx=xlsx)


def emit_card(card: Json, *, as_json: bool) -> None:
    """A view of several records."""
    emit(card, as_json=as_json, text=None if as_json else "\n".join(_lines(card, "")))


def flatten(record: Json) -> Json:
    """A record as one row: its values beside its id and its mark."""
    return {**record.get("values", {}), **{name: one for name, one in record.items() if name not in _LONG}}


_LONG = ("values", "heads", "contests", "withheld")


def _lines(value: Mapping[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for name, one in value.items():
        if name == "heads" or one is None or one in ([], {}):
            continue
        if isinstance(one, Mapping):
            lines += [f"{indent}{name.replace('_', ' ')}", *_lines(one, indent + _INDENT)]
        elif isinstance(one, list) and one and isinstance(one[0], Mapping):
            for item in one:
                lines += [f"{indent}{name.replace('_', ' ')}", *_lines(item, indent + _INDENT)]
        else:
            lines.append(f"{indent}{name.replace('_', ' ')}: {one}")
    return lines
