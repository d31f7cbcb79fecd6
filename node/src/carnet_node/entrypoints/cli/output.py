"""What commands print: one JSON value for programs, tables for people, a workbook for offices.

Decides how a value reads as text. Decides nothing about the values: what is masked is masked when it comes here
(`presenting`). The form of tables and workbooks is the storage's (`showing`), the same for the hub.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from carnet_storage.entrypoints.cli import showing
from carnet_storage.entrypoints.cli.showing import AsJson, Cell, Xlsx

__all__ = ["AsJson", "Row", "ShowPersonal", "Xlsx", "cell_text", "emit", "emit_list", "remark_lines", "write_workbook"]

ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="names, phones and plates in full")]

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


def remark_lines(remarks: Iterable[Row]) -> str:
    """What people read behind what was saved, a line each; nothing where nothing is to be said.

    Args:
        remarks: with `campaign_no`, None where there is none, and `what`, see `recalls_done`.
    """
    return "".join("\n" + ": ".join(filter(None, (one["campaign_no"], one["what"]))) for one in remarks)


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
    cells = [[cell_text(row.get(column)) for column in columns] for row in rows]
    showing.print_table(f"{title}: {len(rows)}", cells, columns)


def write_workbook(path: Path, title: str, rows: Iterable[Row], columns: Sequence[str]) -> None:
    """A workbook of one sheet; an existing file is replaced, see `showing.write_workbook`."""
    cells = ([_workbook_cell(row.get(column)) for column in columns] for row in rows)
    showing.write_workbook(path, title, cells, columns)


def cell_text(value: object) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(cell_text, value))
    return str(value)


def _workbook_cell(value: object) -> Cell:
    return value if value is None or isinstance(value, bool | int) else cell_text(value)
