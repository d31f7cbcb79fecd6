"""What a command shows: a table for people, a workbook for offices, a sign of life on stderr.

Decides form only, and the same form for every program: a table whose ids can be copied whole, a workbook that holds
text and numbers and never a formula, and nothing on stderr when nobody watches it. What a value looks like as text is
the program's to say; it comes here as a cell.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer

from carnet_storage.adapters.outputs import file_to_write
from carnet_storage.adapters.sqlite_files import Progress as Counted
from carnet_storage.adapters.workbooks import sheet_name, text_cell
from carnet_storage.core.limits import TABLE_COLUMNS_MAX

AsJson = Annotated[bool, typer.Option("--json", help="one JSON value on stdout")]
Xlsx = Annotated[
    Path | None, typer.Option("--xlsx", help="also write the list to this workbook", callback=file_to_write)
]

Cell = str | bool | int | float | None


def print_table(title: str, rows: Sequence[Sequence[str]], columns: Sequence[str]) -> None:
    """A table; one block per row where the terminal is too narrow, so that an id can always be copied whole.

    Args:
        columns: their names in the order of the cells; an underscore is shown as a space.
    """
    from rich.console import Console  # noqa: PLC0415  (a program that asked for JSON needs no table)
    from rich.table import Table  # noqa: PLC0415  (likewise)

    headers = [column.replace("_", " ") for column in columns]
    table = Table(*headers, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, markup=False)
    width = console.measure(table, options=console.options.update(max_width=TABLE_COLUMNS_MAX)).maximum
    if width <= console.width or not console.is_terminal:
        Console(width=width, highlight=False, markup=False).print(table)
        return
    print(title)
    margin = max(map(len, headers))
    for row in rows:
        print()
        print("\n".join(f"{header:<{margin}}  {cell}" for header, cell in zip(headers, row, strict=True) if cell))


def write_workbook(path: Path, title: str, rows: Iterable[Sequence[Cell]], columns: Sequence[str]) -> None:
    """A workbook of one sheet whose cells are numbers or text, never formulas.

    Args:
        path: an existing file is replaced.
        title: of the sheet; cut to what a workbook allows.

    Raises:
        OSError: not writable; nothing was written.
    """
    from openpyxl import Workbook  # noqa: PLC0415  (a third of a second that most lists need not pay)

    book = Workbook(write_only=True)
    sheet = book.create_sheet(sheet_name(title))
    sheet.append(list(columns))
    for row in rows:
        sheet.append([text_cell(sheet, cell) if isinstance(cell, str) else cell for cell in row])
    content = BytesIO()
    book.save(content)  # whole before it touches the disk: a file that cannot be written then fails once and cleanly
    path.write_bytes(content.getvalue())


@contextmanager
def counting(title: str, *, is_quiet: bool) -> Iterator[Counted]:
    """A bar on stderr when somebody is watching; what it yields is called with (done, total)."""
    if is_quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415  (nobody watches a job of the night)
    from rich.progress import Progress  # noqa: PLC0415  (likewise)

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def working(title: str, *, is_quiet: bool) -> Iterator[None]:
    """A sign of life on stderr around work whose length nobody knows."""
    if is_quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415  (as above)

    with Console(stderr=True).status(title):
        yield


def stages(*, is_quiet: bool) -> Callable[[str], None]:
    """Something to be called with each stage of a long piece of work; a line on stderr, whoever reads it."""
    from rich.console import Console  # noqa: PLC0415  (as above)

    console = Console(stderr=True, quiet=is_quiet, highlight=False, soft_wrap=True)
    return lambda doing: console.print(doing, markup=False)
