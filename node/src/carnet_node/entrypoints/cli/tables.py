"""Views as lines and tables for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from carnet_node.core.node import Node
from carnet_node.core.record_view import RecordView
from carnet_node.core.searching import find
from carnet_node.entrypoints.cli.output import cell_text, emit, emit_list
from carnet_node.entrypoints.presenting import Json, Presenter
from carnet_protocol.registry import Kind

_INDENT = "  "


def presenter_of(node: Node, *, show_personal: bool, as_json: bool) -> Presenter:
    """Views for programs, or for people, who read the time on the site's clocks."""
    return Presenter(show_personal=show_personal, offset_minutes=None if as_json else node.settings.utc_offset_minutes)


def emit_records(
    node: Node,
    title: str,
    views: Sequence[RecordView],
    columns: Sequence[str],
    *,
    show_personal: bool,
    as_json: bool,
    xlsx: Path | None,
) -> None:
    """A list of records: whole views for `--json`, one line each for people."""
    for_people = presenter_of(node, show_personal=show_personal, as_json=False)
    emit_list(
        title,
        [flatten(row) for row in for_people.records(views)],
        columns,
        as_json=as_json,
        xlsx=xlsx,
        result=Presenter(show_personal=show_personal).records(views),
    )


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
    hits = [hit for hit in find(node, text) if hit.view.kind is kind]

    def rows(*, for_programs: bool) -> list[Json]:
        presenter = presenter_of(node, show_personal=show_personal, as_json=for_programs)
        return [{**presenter.record(hit.view), "by": hit.by.value} for hit in hits]

    lines = [flatten(row) for row in rows(for_programs=False)]
    title, result = f"{kind.name}s found", rows(for_programs=True)
    emit_list(title, lines, (*columns, "by"), as_json=as_json, xlsx=xlsx, result=result)


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
            lines.append(f"{indent}{name.replace('_', ' ')}: {cell_text(one)}")
    return lines
