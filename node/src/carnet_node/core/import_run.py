"""One import from its first row to its last: look at it first, then take it over, and say how far it is.

Decides batches, progress and what a preview tries. A preview plans every row as the import would and rolls all of it
back: what it says is what will happen, and nothing has. Does not decide what a row makes (`import_rows`) nor where the
file and the side file lie (adapters).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from carnet_node.core.acting import require
from carnet_node.core.desk_limits import PREVIEW_ROWS_MAX
from carnet_node.core.import_columns import Layout
from carnet_node.core.import_rows import Planner
from carnet_node.core.importing import LeftOut, SourceRow, check_source, import_batch, values_of, why_left_out
from carnet_node.core.limits import IMPORT_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.roles import Permission
from carnet_protocol.errors import Refused
from carnet_protocol.registry import Value


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row as it would be taken over.

    Attributes:
        values: by column name; None when the row cannot be read.
        problem: why it would be left out; None when it would not.
        is_known: it was taken over before, and would change nothing.
    """

    row: SourceRow
    values: Mapping[str, Value] | None
    problem: str | None
    is_known: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is; the last one is the result."""

    rows: int
    imported: int
    known: int
    left_out: int


class _NothingKept(Exception):
    """Ends the transaction of a preview."""


def preview_import(node: Node, layout: Layout, source: str, rows: Iterable[SourceRow]) -> tuple[PreviewRow, ...]:
    """What the first rows would become.

    Raises:
        CommandRefused: the role does not import.
        BadValue: the name of the former system is none.
    """
    check_source(source)
    found: list[PreviewRow] = []
    try:
        with node.store.write() as tx:
            require(node, tx, Permission.IMPORT)
            planner = Planner(node, tx, source)
            for row in islice(rows, PREVIEW_ROWS_MAX):
                values: dict[str, Value] | None = None
                try:
                    values = values_of(node, layout, row)
                    former_id = str(values["former_id"])
                    is_known = tx.former_record(source, layout.kind.value, former_id) is not None
                    if not is_known:
                        planner.plan(layout.kind, values)
                    found.append(PreviewRow(row, values, None, is_known))
                except Refused as refused:
                    found.append(PreviewRow(row, values, why_left_out(refused), is_known=False))
            raise _NothingKept
    except _NothingKept:
        return tuple(found)


def run_import(
    node: Node, layout: Layout, source: str, rows: Iterable[SourceRow], note: Callable[[LeftOut], None]
) -> Iterator[Progress]:
    """Take over all rows, batch by batch; each batch is one transaction, and each yields how far it is.

    Args:
        note: called with every row that is left out, before the next batch begins.

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
        done = Progress(
            done.rows + len(batch),
            done.imported + report.imported,
            done.known + report.known,
            done.left_out + len(report.left_out),
        )
        yield done
