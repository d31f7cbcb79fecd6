"""What commands print: one JSON value for programs, a table for people, a workbook for offices, progress on stderr.

Decides form only. A workbook holds text and numbers and never a formula; an identifier is shown as people see it (UUID
text), other bytes as hex.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from carnet_hub.adapters.logging import configure_logging
from carnet_hub.bootstrap import HubApp, open_hub
from carnet_hub.core.report import formula_safe, instant_text
from carnet_hub.settings import HubSettings
from carnet_protocol.ids import record_text

T = TypeVar("T")
Row = Mapping[str, Any]

AsJson = Annotated[bool, typer.Option("--json", help="one JSON value on stdout")]
Xlsx = Annotated[Path | None, typer.Option("--xlsx", help="also write the list to this workbook")]

_ID_BYTES: Final = 16
_SHEET_CHARS_MAX: Final = 31
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that no workbook can hold."""
_CELL_CHARS_MAX: Final = 32_000
_PROGRESS_EVERY: Final = 1_000
_TABLE_COLUMNS_MAX: Final = 1_000


def settings_of(ctx: typer.Context) -> HubSettings:
    """The settings of this call: the environment, and what the command line overrides. Logs go to stderr from here on.

    Raises:
        ValidationError: a value outside its range.
    """
    settings = HubSettings(**(ctx.obj or {}))
    configure_logging(as_json=settings.log_json)
    return settings


@contextmanager
def hub_of(ctx: typer.Context) -> Iterator[HubApp]:
    """The hub this call is about, closed afterwards.

    Raises:
        HubFailure: there is none, or it cannot be opened.
    """
    app = open_hub(settings_of(ctx))
    try:
        yield app
    finally:
        app.close()


def emit(result: Row, *, as_json: bool, text: str | None = None) -> None:
    """Print one result.

    Args:
        result: what `--json` prints, and what people read as lines when `text` is left out.
    """
    if as_json:
        print(json.dumps(plain(result), ensure_ascii=False))
    elif text is not None:
        print(text)
    else:
        width = max(map(len, result), default=0)
        for name, value in result.items():
            print(f"{name.replace('_', ' '):<{width}}  {cell_text(value)}")


def emit_list(
    title: str,
    rows: Sequence[Row],
    columns: Sequence[str],
    *,
    as_json: bool,
    xlsx: Path | None,
    result: Sequence[Row] | None = None,
) -> None:
    """Print a list, and write it to a workbook if one was named.

    Args:
        rows: one line each, for people.
        columns: what people see, in order.
        result: what `--json` prints; the lines, with everything in them, when left out.
    """
    if xlsx is not None:
        write_workbook(xlsx, title, rows, columns)
    if as_json:
        print(json.dumps([plain(row) for row in (rows if result is None else result)], ensure_ascii=False))
        return
    cells = [[cell_text(row.get(column)) for column in columns] for row in rows]
    print_table(f"{title}: {len(rows)}", cells, columns)


def print_table(title: str, rows: Sequence[Sequence[str]], columns: Sequence[str]) -> None:
    """A table; one block per row where the terminal is too narrow, so that an id can always be copied whole."""
    headers = [column.replace("_", " ") for column in columns]
    table = Table(*headers, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, markup=False)
    width = console.measure(table, options=console.options.update(max_width=_TABLE_COLUMNS_MAX)).maximum
    if width <= console.width or not console.is_terminal:
        Console(width=width, highlight=False, markup=False).print(table)
        return
    print(title)
    margin = max(map(len, headers))
    for row in rows:
        print()
        print("\n".join(f"{header:<{margin}}  {cell}" for header, cell in zip(headers, row, strict=True)))


def write_workbook(path: Path, title: str, rows: Iterable[Row], columns: Sequence[str]) -> None:
    """A workbook with one sheet; an existing file is replaced."""
    from openpyxl import Workbook  # noqa: PLC0415  (slow to load, and most lists are not written to one)

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:_SHEET_CHARS_MAX])
    sheet.append(list(columns))
    for row in rows:
        sheet.append([_workbook_cell(sheet, row.get(column)) for column in columns])
    content = BytesIO()
    book.save(content)  # whole before it touches the disk: a file that cannot be written then fails once and cleanly
    path.write_bytes(content.getvalue())


def plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    match value:
        case Mapping():
            return {str(name): plain(one) for name, one in value.items()}
        case bytes():
            return record_text(value) if len(value) == _ID_BYTES else value.hex()
        case list() | tuple() | set() | frozenset():
            return [plain(one) for one in value]
        case Path():
            return str(value)
        case _:
            return value


def cell_text(value: Any) -> str:
    """A value as people read it."""
    match plain(value):
        case None:
            return "-"
        case bool() as flag:
            return "yes" if flag else "no"
        case list() as many:
            return ", ".join(map(cell_text, many))
        case other:
            return str(other)


def moment_text(instant_ms: int | None) -> str | None:
    """An instant for a table; None stays None, and 0 means never."""
    return None if not instant_ms else instant_text(instant_ms)


def with_progress(title: str, items: Iterable[T], *, total: int | None, is_quiet: bool) -> Iterator[T]:
    """The same items, with a bar on stderr when somebody is watching it."""
    if is_quiet or not sys.stderr.isatty():
        yield from items
        return
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        waiting = 0
        for item in items:
            yield item
            waiting += 1
            if waiting == _PROGRESS_EVERY:
                bar.advance(task, waiting)
                waiting = 0
        bar.advance(task, waiting)


@contextmanager
def working(title: str, *, is_quiet: bool) -> Iterator[None]:
    """A sign of life on stderr around work whose length nobody knows."""
    if is_quiet or not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(title):
        yield


def _workbook_cell(sheet: Any, value: Any) -> Any:
    """A number as it is, and everything else as text; what looks like a formula stays text when somebody edits it."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415  (see `write_workbook`)

    one = plain(value)
    if one is None or isinstance(one, bool | int | float):
        return one
    text = _UNPRINTABLE.sub("", cell_text(one)[:_CELL_CHARS_MAX])
    if formula_safe(text) == text:
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type, cell.number_format = "s", "@"
    return cell
