"""What commands print: one JSON value for programs, a table for people, a workbook for offices, progress on stderr.

Decides how a value reads: an identifier as people see it (UUID text), other bytes as hex. The form of tables and
workbooks is the storage's (`showing`), the same for the node.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import typer

from carnet_hub.adapters.logging import configure_logging
from carnet_hub.core.campaigns.report import instant_text
from carnet_hub.core.limits import PROGRESS_EVERY_ITEMS
from carnet_hub.settings import HubSettings
from carnet_protocol.ids import record_text
from carnet_storage.adapters.data_folders import Program, require_own_folder
from carnet_storage.entrypoints.cli import showing
from carnet_storage.entrypoints.cli.showing import AsJson, Cell, Xlsx, working

if TYPE_CHECKING:
    from carnet_hub.bootstrap import HubApp

__all__ = [
    "AsJson",
    "Row",
    "Xlsx",
    "cell_text",
    "emit",
    "emit_list",
    "hub_of",
    "moment_text",
    "plain",
    "settings_of",
    "with_progress",
    "working",
    "write_workbook",
]

T = TypeVar("T")
Row = Mapping[str, Any]

_ID_BYTES: Final = 16


def settings_of(ctx: typer.Context) -> HubSettings:
    """The settings of this call: the environment, and what the command line overrides. Logs go to stderr from here on.

    Raises:
        ValidationError: a value outside its range.
        FolderForeign, FolderIsFile: the data folder is a node's, or no folder.
    """
    settings = HubSettings(**(ctx.obj or {}))
    require_own_folder(settings.data_dir, Program.HUB)
    configure_logging(as_json=settings.log_json)
    return settings


@contextmanager
def hub_of(ctx: typer.Context) -> Iterator["HubApp"]:
    """The hub this call is about, closed afterwards.

    Raises:
        HubFailure: there is none, or it cannot be opened.
    """
    from carnet_hub.bootstrap import open_hub  # noqa: PLC0415  (a help page opens no database)

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
    showing.print_table(f"{title}: {len(rows)}", cells, columns)


def write_workbook(path: Path, title: str, rows: Iterable[Row], columns: Sequence[str]) -> None:
    """A workbook of one sheet; an existing file is replaced, see `showing.write_workbook`."""
    cells = ([_workbook_cell(row.get(column)) for column in columns] for row in rows)
    showing.write_workbook(path, title, cells, columns)


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
    from rich.console import Console  # noqa: PLC0415  (nobody watches a job of the night)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        waiting = 0
        for item in items:
            yield item
            waiting += 1
            if waiting == PROGRESS_EVERY_ITEMS:
                bar.advance(task, waiting)
                waiting = 0
        bar.advance(task, waiting)


def _workbook_cell(value: Any) -> Cell:
    one = plain(value)
    return one if one is None or isinstance(one, bool | int | float) else cell_text(one)
