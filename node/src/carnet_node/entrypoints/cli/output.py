"""What commands print: one JSON value for programs, tables for people, a workbook for offices.

Decides the form of tables, and that a workbook holds text and no formula. Decides nothing about the values: what is
masked is masked when it comes here (`presenting`).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from carnet_node.core.limits import SHEET_CELL_CHARS_MAX, SHEET_NAME_CHARS_MAX

AsJson = Annotated[bool, typer.Option("--json", help="one JSON value on stdout")]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="names, phones and plates in full")]
Xlsx = Annotated[Path | None, typer.Option("--xlsx", help="also write the list to this workbook")]

_TABLE_COLUMNS_MAX: Final = 1_000
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that no workbook can hold."""

Row = Mapping[str, Any]


def emit(result: Any, *, as_json: bool, text: str | None = None) -> None:
    """Print a result.

    Args:
        result: what `--json` prints.
        as_json: whether it was asked for.
        text: what people read; the result's facts as lines when left out.
    """
    if as_json:
        print(json.dumps(result, ensure_ascii=False, default=str))
    elif text is not None:
        print(text)
    else:
        for name, value in result.items():
            print(f"{name:<24} {'-' if value is None else cell_text(value)}")


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
        columns: of the lines, in order.
        result: what `--json` prints; the lines when left out.
    """
    if xlsx is not None:
        write_workbook(xlsx, title, rows, columns)
    if as_json:
        print(json.dumps(list(rows if result is None else result), ensure_ascii=False, default=str))
        return
    print_table(title, [[cell_text(row.get(column)) for column in columns] for row in rows], columns)


def print_table(title: str, rows: Sequence[Sequence[str]], columns: Sequence[str]) -> None:
    """A table; one block per row where the terminal is too narrow, so that an id can always be copied whole."""
    from rich.console import Console  # noqa: PLC0415  (a program that asked for JSON needs no table)
    from rich.table import Table  # noqa: PLC0415  (likewise)

    headers = [column.replace("_", " ") for column in columns]
    table = Table(*headers, title=f"{title}: {len(rows)}", title_justify="left")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, markup=False)
    width = console.measure(table, options=console.options.update(max_width=_TABLE_COLUMNS_MAX)).maximum
    if width <= console.width or not console.is_terminal:
        Console(width=width, highlight=False, markup=False).print(table)
        return
    print(f"{title}: {len(rows)}")
    margin = max(map(len, headers))
    for row in rows:
        print()
        print("\n".join(f"{header:<{margin}}  {cell}" for header, cell in zip(headers, row, strict=True) if cell))


def write_workbook(path: Path, title: str, rows: Iterable[Row], columns: Sequence[str]) -> None:
    """A workbook of one sheet whose cells are numbers or text, never formulas."""
    from openpyxl import Workbook  # noqa: PLC0415  (a third of a second that most lists need not pay)

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:SHEET_NAME_CHARS_MAX])
    sheet.append(list(columns))
    for row in rows:
        sheet.append([_workbook_cell(sheet, row.get(column)) for column in columns])
    content = BytesIO()
    book.save(content)  # whole before it touches the disk: a file that cannot be written then fails once and cleanly
    path.write_bytes(content.getvalue())


def cell_text(value: object) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(cell_text, value))
    return str(value)


def _workbook_cell(sheet: Any, value: object) -> Any:
    """A number as it is, and everything else as text; what looks like a formula stays text when somebody edits it."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415  (see `write_workbook`)

    if value is None or isinstance(value, bool | int):
        return value
    text = _UNPRINTABLE.sub("", cell_text(value)[:SHEET_CELL_CHARS_MAX])
    if not text.startswith(_FORMULA_SIGNS):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type, cell.number_format = "s", "@"
    return cell
