"""Views as lines and tables for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.local_facts import Access
from carnet_node.core.node import Node
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.searching import find
from carnet_node.core.showing.views import list_records
from carnet_node.core.staff.access_log import list_as_taken, note_access, note_list
from carnet_node.entrypoints.cli.output import cell_text, emit, emit_list, write_workbook
from carnet_node.entrypoints.presenting import Json, Presenter
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.registry import Kind

_INDENT: Final = "  "
_SCREEN_ROWS: Final = 100


def presenter_of(node: Node, *, show_personal: bool, as_json: bool) -> Presenter:
    """Views for programs, or for people, who read the time on the site's clocks."""
    return Presenter(show_personal=show_personal, offset_minutes=None if as_json else node.settings.utc_offset_minutes)


def emit_records(
    node: Node,
    kind: Kind,
    columns: Sequence[str],
    *,
    after: str | None,
    limit: int | None,
    show_personal: bool,
    as_json: bool,
    xlsx: Path | None,
) -> None:
    """A page of the records of a kind: whole views for `--json`, one line each for people.

    Args:
        after: id of the last record seen.
        limit: records, 1 to `LIST_ROWS_MAX`; when left out, a screenful is printed and a workbook holds them all.

    A workbook, and a long list with personal values, are noted in the access log.
    """
    start = record_from_text(after) if after else None
    page = list_records(node, kind, after=start, limit=limit or _SCREEN_ROWS)
    for_people = presenter_of(node, show_personal=show_personal, as_json=False)
    title = f"{kind.name}s"
    if xlsx is not None:
        every = _every_record(node, kind, start) if limit is None else iter(page.records)
        places = count()
        rows = (flatten(for_people.record(one)) for one, _ in zip(every, places, strict=False))
        write_workbook(xlsx, title, rows, columns)
        note_access(node, Access.EXPORTED, list_as_taken(title, is_in_full=show_personal), next(places))
    elif show_personal:
        note_list(node, title, len(page.records))
    lines = [flatten(row) for row in for_people.records(page.records)]
    result = Presenter(show_personal=show_personal).records(page.records)
    emit_list(title, lines, columns, as_json=as_json, xlsx=None, result=result)
    if page.after is not None and not as_json:
        print(f"There may be more: --after {record_text(page.after)}")


def _every_record(node: Node, kind: Kind, after: RecordId | None) -> Iterator[RecordView]:
    """Page after page to the end."""
    while True:
        page = list_records(node, kind, after=after, limit=LIST_ROWS_MAX)
        yield from page.records
        if page.after is None:
            return
        after = page.after


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
    hits = find(node, text, kind=kind)

    def rows(*, for_programs: bool) -> list[Json]:
        """The hits as programs read them, or as people do."""
        presenter = presenter_of(node, show_personal=show_personal, as_json=for_programs)
        return [{**presenter.record(hit.view), "by": hit.by.value} for hit in hits]

    lines = [flatten(row) for row in rows(for_programs=False)]
    title, result = f"{kind.name}s found", rows(for_programs=True)
    if xlsx is not None:
        note_access(node, Access.EXPORTED, list_as_taken(title, is_in_full=show_personal), len(lines))
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
