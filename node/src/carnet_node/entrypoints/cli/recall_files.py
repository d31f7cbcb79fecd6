"""`recalls check-file FILE`: open recalls of every car in a file, answered without a line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from carnet_node.adapters.csv_files import open_csv
from carnet_node.core.limits import VINS_CHECKED_MAX
from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_check import RecallAnswer, check_many
from carnet_node.entrypoints.cli.opening import node_of
from carnet_node.entrypoints.cli.output import AsJson, Xlsx, cell_text, emit, write_workbook
from carnet_node.entrypoints.presenting import instant_text
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason
from carnet_protocol.vin import VinPolicy, assess_vin, normalise_vin
from carnet_storage.entrypoints.cli.showing import counting, print_table

_COLUMNS: Final = ("line", "identifier", "state", "open", "done", "gone", "because", "problems")
_VIN_HEADERS: Final = frozenset({"VIN", "车架号", "车辆识别代号", "FRAMENUMBER"})
_SHOWN_EVERY: Final = 1_000


def check_file(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, .xlsx, or text with one VIN or frame number a line")],
    *,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Hit, clear or unknown for every car in a file. People see the cars that are not clear; files and --json all."""
    node = node_of(ctx)
    rows = list(_checked(node, _numbers(file), is_quiet=as_json))
    counts = {state: sum(row["state"] == state for row in rows) for state in ("hit", "clear", "unknown")}
    as_of = next((row.pop("as_of") for row in rows[:1]), None)
    for row in rows[1:]:
        row.pop("as_of")
    if xlsx is not None:
        write_workbook(xlsx, "recalls", rows, _COLUMNS)
    result = {"as_of": as_of, **counts, "rows": rows}
    said = ", ".join(f"{count} {state}" for state, count in counts.items())
    if not as_json:
        shown = [[cell_text(row[column]) for column in _COLUMNS] for row in rows if row["state"] != "clear"]
        print_table(f"not clear: {len(shown)}", shown, _COLUMNS)
    emit(result, as_json=as_json, text=f"{len(rows)} cars: {said}; data as of {as_of or 'no day: none has arrived'}.")


def _checked(node: Node, numbers: list[tuple[int, str]], *, is_quiet: bool) -> Iterator[dict[str, Any]]:
    """One row for each number, with a bar on stderr."""
    with counting("checking", is_quiet=is_quiet) as told:
        answers = check_many(node, (text for _, text in numbers))
        for done, ((line, _), answer) in enumerate(zip(numbers, answers, strict=True), start=1):
            if done % _SHOWN_EVERY == 0:
                told(done, len(numbers))
            yield {"line": line, **_row(answer, node.settings.utc_offset_minutes)}


def _row(answer: RecallAnswer, offset_minutes: int) -> dict[str, Any]:
    def numbers(*, is_done: bool) -> list[str]:
        """The campaigns that are done on the car, or open."""
        return [str(hit.texts.get("campaign_no")) for hit in answer.hits if hit.is_done is is_done]

    return {
        "identifier": answer.identifier,
        "state": answer.state.value,
        "open": numbers(is_done=False),
        "done": numbers(is_done=True),
        "gone": [str(hit.texts.get("campaign_no")) for hit in answer.hits if hit.is_gone],
        "because": None if answer.because is None else answer.because.value,
        "problems": [one.value for one in assess_vin(answer.identifier, VinPolicy.STRICT).problems],
        "as_of": None if answer.as_of_ms is None else instant_text(answer.as_of_ms, offset_minutes),
    }


def _numbers(file: Path) -> list[tuple[int, str]]:
    """(line, number) of every row: of the column that is called VIN, or of the first one of a file without headers.

    Raises:
        BadValue: see `open_csv`; or more than `VINS_CHECKED_MAX` rows.
    """
    headers, rows = _table(file)
    places = [place for place, header in enumerate(headers) if normalise_vin(header).replace("_", "") in _VIN_HEADERS]
    place = places[0] if places else 0
    first = [] if places else [(1, headers[0])]
    found = [*first, *((line, cells[place]) for line, cells in rows if place < len(cells) and cells[place].strip())]
    if len(found) > VINS_CHECKED_MAX:
        raise BadValue(Reason.TOO_LARGE, "file", f"{len(found)} rows, at most {VINS_CHECKED_MAX}")
    return found


def _table(file: Path) -> tuple[tuple[str, ...], Iterator[tuple[int, list[str]]]]:
    from carnet_node.adapters.workbook_files import SUFFIX, open_workbook  # noqa: PLC0415  (most commands read none)

    if file.suffix.lower() != SUFFIX:
        table = open_csv(file)
        return table.headers, table.rows()
    sheets = open_workbook(file)
    if not sheets:
        raise BadValue(Reason.BAD_FIELD, "file", "holds nothing")
    return sheets[0].headers, ((row.number, list(row.cells)) for row in sheets[0].rows())
