"""One import from its first row to its last: look at it first, then take it over, and say how far it is.

Decides batches, progress and what a preview tries. A preview plans rows as the import would and writes none: it counts
the rows of a file, up to a bound, that would be taken, and shows the first ones and those that deserve a look. Does not
decide what a row makes (`import_rows`) nor where the file and the side file lie (adapters).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from carnet_node.core.desk_limits import PREVIEW_COUNTED_MAX, PREVIEW_ROWS_MAX
from carnet_node.core.exchange.import_columns import Layout
from carnet_node.core.exchange.import_reasons import RowProblem
from carnet_node.core.exchange.import_rows import Planner
from carnet_node.core.exchange.importing import LeftOut, Remarked, SourceRow, check_source, import_batch, judge_row
from carnet_node.core.limits import IMPORT_ROWS_MAX
from carnet_node.core.log.acting import require
from carnet_node.core.name_keys import load_readings
from carnet_node.core.node import Node
from carnet_node.core.roles import Permission
from carnet_protocol.registry import Value


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row as it would be taken over.

    Attributes:
        values: by column name; None when the row cannot be read.
        problems: why it would be left out; none when it would not.
        is_known: it was taken over before, and would change nothing.
        remarks: what deserves a look in a row that would be taken as it is.
    """

    row: SourceRow
    values: Mapping[str, Value] | None
    problems: tuple[RowProblem, ...]
    is_known: bool
    remarks: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is; the last one is the result."""

    rows: int
    imported: int
    known: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do.

    Attributes:
        rows: the first ones, at most `PREVIEW_ROWS_MAX`.
        counted: what would become of the first `PREVIEW_COUNTED_MAX`: of all rows, unless there are more.
        remarked: how many of the counted rows would be taken with a remark.
        further: the first rows with a remark behind `rows`, at most `PREVIEW_ROWS_MAX`.
    """

    rows: tuple[PreviewRow, ...]
    counted: Progress
    remarked: int
    further: tuple[PreviewRow, ...]


def preview_import(node: Node, layout: Layout, source: str, rows: Iterable[SourceRow]) -> Preview:
    """What the rows would become; nothing is written, and nobody who writes waits.

    Raises:
        CommandRefused: the role does not import.
        BadValue: the name of the former system is none.
    """
    check_source(source)
    shown: list[PreviewRow] = []
    further: list[PreviewRow] = []
    rows_read = known = left_out = remarked = 0
    earlier: dict[str, int] = {}
    load_readings()
    with node.store.read() as tx:
        require(node, tx, Permission.IMPORT)
        planner = Planner(node, tx, source)
        for row in islice(rows, PREVIEW_COUNTED_MAX):
            one = _previewed(planner, layout, row, earlier)
            rows_read, known, left_out = rows_read + 1, known + one.is_known, left_out + bool(one.problems)
            remarked += bool(one.remarks)
            if len(shown) < PREVIEW_ROWS_MAX:
                shown.append(one)
            elif one.remarks and len(further) < PREVIEW_ROWS_MAX:
                further.append(one)
    counted = Progress(rows_read, rows_read - known - left_out, known, left_out)
    return Preview(tuple(shown), counted, remarked, tuple(further))


def _previewed(planner: Planner, layout: Layout, row: SourceRow, earlier: dict[str, int]) -> PreviewRow:
    """One row, planned as the import would."""
    judged = judge_row(planner, layout, row, earlier)
    return PreviewRow(row, judged.values, judged.problems, judged.is_known, judged.remarks)


def run_import(
    node: Node,
    layout: Layout,
    source: str,
    rows: Iterable[SourceRow],
    note: Callable[[LeftOut], None],
    *,
    remark: Callable[[Remarked], None] | None = None,
) -> Iterator[Progress]:
    """Take over all rows, batch by batch; each batch is one transaction, and each yields how far it is.

    Args:
        note: called with every row that is left out, before the next batch begins.
        remark: likewise with every row that is taken and deserves a look.

    Raises:
        CommandRefused: the role does not import; nothing was taken over.
        BadValue: the name of the former system is none.
        StoreBusy, StoreBroken, WritingStopped: what was taken over before stays; starting again goes on there.
    """
    check_source(source)
    with node.store.read() as tx:
        require(node, tx, Permission.IMPORT)
    earlier: dict[str, int] = {}
    done = Progress(0, 0, 0, 0)
    waiting = iter(rows)
    while batch := list(islice(waiting, IMPORT_ROWS_MAX)):
        report = import_batch(node, layout, source, batch, earlier)
        for one in report.left_out:
            note(one)
        if remark is not None:
            for row in report.remarked:
                remark(row)
        done = Progress(
            done.rows + len(batch),
            done.imported + report.imported,
            done.known + report.known,
            done.left_out + len(report.left_out),
        )
        yield done
