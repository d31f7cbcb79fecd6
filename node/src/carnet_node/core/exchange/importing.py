"""Taking over a former system: rows in batches, each batch one transaction, no row twice.

Decides what makes an import repeatable. A local table that never syncs maps (source, kind, former number) to the
record it became, and is written in the same transaction as the change sets: an interrupted import goes on where it
stopped, and a second import of the same file changes nothing. A row that cannot be taken is left out with its number
and reason; it stops nothing.

Rows of a batch are sealed into as few sets as their size allows. When a set is refused as a whole, the rows of that
batch are tried one by one, so that only the culprit is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from carnet_node.core.desk_limits import REMARKED_ROWS_MAX
from carnet_node.core.exchange.import_cells import read_cell
from carnet_node.core.exchange.import_columns import COLUMNS, ImportKind, Layout
from carnet_node.core.exchange.import_days import moment_problems
from carnet_node.core.exchange.import_reasons import (
    WHOLE_ROW,
    RowProblem,
    namesake_remarks,
    row_problems,
    row_remarks,
    told_at_columns,
)
from carnet_node.core.exchange.import_rows import Planner, RowPlan, draft_step
from carnet_node.core.limits import FORMER_ID_CHARS_MAX, SOURCE_CHARS_MAX
from carnet_node.core.log.authoring import commit_within
from carnet_node.core.name_keys import load_readings
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.ports import WriteTransaction
from carnet_protocol import limits
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import BadValue, Refused
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.kinds import VISIT
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value

_SET_OPS: Final = limits.OPS_PER_SET_MAX - 50
_SET_BYTES: Final = limits.SET_BYTES_MAX * 3 // 4
_DRAFT_BYTES: Final = 300
"""What an op costs besides its values: ids, commitments, salts. Generous, since a set that is too large is refused."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of a file.

    Attributes:
        number: as a spreadsheet shows it.
        fault: why the file itself cannot be trusted here; None when it can.
    """

    number: int
    cells: Sequence[str]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that was not taken, and why; no problem repeats a value."""

    row: SourceRow
    problems: tuple[RowProblem, ...]

    @property
    def reason(self) -> str:
        """All of it, as the side file says it."""
        return " ".join(map(str, self.problems))


@dataclass(frozen=True, slots=True)
class Remarked:
    """A row that was taken as it is, and what deserves a look in it; no remark repeats a value.

    Attributes:
        number: as a spreadsheet shows it.
    """

    number: int
    remarks: tuple[RowProblem, ...]


@dataclass
class Remarks:
    """The rows of a sheet that were taken over and deserve a look.

    Attributes:
        headers: what a column is called in the file.
        count: of all of them.
        rows: the first ones, at most `REMARKED_ROWS_MAX`.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    count: int = 0
    rows: list[Remarked] = field(default_factory=list)

    def add(self, row: Remarked) -> None:
        """Count a row, and name it while there is room."""
        self.count += 1
        if len(self.rows) < REMARKED_ROWS_MAX:
            self.rows.append(row)


@dataclass(frozen=True, slots=True)
class Judged:
    """One row, looked at before anything is written.

    Attributes:
        values: by column name; None when the row cannot be read.
        problems: everything that has to be mended before it is taken.
        plan: what it writes; None when there are problems or it is known.
        is_known: it was taken over before.
        remarks: what deserves a look in a row with a plan.
    """

    values: Mapping[str, Value] | None
    problems: tuple[RowProblem, ...] = ()
    plan: RowPlan | None = None
    is_known: bool = False
    remarks: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of the rows of a batch."""

    imported: int
    known: int
    left_out: tuple[LeftOut, ...]
    remarked: tuple[Remarked, ...] = ()


def import_batch(
    node: Node, layout: Layout, source: str, rows: Sequence[SourceRow], earlier: dict[str, int] | None = None
) -> BatchReport:
    """Take over some rows, in one transaction.

    Args:
        source: name of the former system, at most 40 characters.
        rows: at most `IMPORT_ROWS_MAX`.
        earlier: row by former number, of the batches before; those of this one are added. A number that comes twice in
            one file may stand for two things, so the second row is left out for a person to look at.

    Raises:
        StoreBusy, StoreBroken, NotEnrolled, WritingStopped: nothing of this batch was written.
    """
    numbers = {} if earlier is None else earlier
    try:
        return _import_together(node, layout, source, rows, numbers)
    except Refused:
        reports = [_import_alone(node, layout, source, row, numbers) for row in rows]
    return BatchReport(
        sum(report.imported for report in reports),
        sum(report.known for report in reports),
        tuple(one for report in reports for one in report.left_out),
        tuple(one for report in reports for one in report.remarked),
    )


def check_source(source: str) -> None:
    """Accept the name of a former system.

    Raises:
        BadValue: empty or longer than 40 characters.
    """
    if not 0 < len(source.strip()) <= SOURCE_CHARS_MAX:
        raise BadValue(Reason.BAD_FIELD, "source", f"1 to {SOURCE_CHARS_MAX} characters")


def check_number(former_id: str, row: SourceRow, earlier: dict[str, int]) -> None:
    """Accept the number of a row, and note it.

    Args:
        earlier: row by former number, of the rows before.

    Raises:
        BadValue: a row before has it; nothing was noted.
    """
    if (first := earlier.setdefault(former_id, row.number)) != row.number:
        raise BadValue(Reason.BAD_FIELD, "former_id", f"row {first} has this number already")


def judge_row(planner: Planner, layout: Layout, row: SourceRow, earlier: dict[str, int]) -> Judged:
    """What becomes of a row, with everything that is wrong with it: nobody mends one cell to be told about the next.

    Args:
        earlier: row by former number, of the rows before; a row that can be read is added.
    """
    kind = layout.kind
    values, problems = _values_of(planner.node, layout, row)
    if problems:
        return Judged(None, problems + _beside(planner, kind, values, problems))
    former_id = str(values["former_id"])
    try:
        check_number(former_id, row, earlier)
        if planner.tx.former_record(planner.source, kind.value, former_id) is not None:
            return Judged(values, is_known=True)
        return Judged(values, plan=planner.plan(kind, values), remarks=_remarks(planner, kind, values))
    except Refused as refusal:
        return Judged(values, row_problems(kind, values, refusal))


def read_row(
    layout: Layout, cells: Sequence[str], *, utc_offset_minutes: int
) -> tuple[dict[str, Value], tuple[BadValue, ...]]:
    """The values of a row by column name, and why others are missing: each cell that means nothing has its refusal.

    Args:
        utc_offset_minutes: of the site; see `import_cells.read_cell`.

    Returns: nothing of a row with a cell beyond the last column, since any other may stand in the wrong place too.
    """
    if any(cell.strip() for cell in cells[layout.width :]):
        wide = BadValue(
            Reason.BAD_FIELD, WHOLE_ROW, "more cells than columns; a cell with a separator belongs in quotes"
        )
        return {}, (wide,)
    columns = COLUMNS[layout.kind]
    values: dict[str, Value] = {}
    refused: list[BadValue] = []
    for name, cell in _cells_by_name(layout, cells):
        try:
            values[name] = read_cell(columns[name], cell, utc_offset_minutes=utc_offset_minutes)
        except BadValue as refusal:
            refused.append(refusal)
    former_id = values.get("former_id")
    is_told = any(one.field == "former_id" for one in refused)
    if not is_told and (not isinstance(former_id, str) or len(former_id) > FORMER_ID_CHARS_MAX):
        refused.append(BadValue(Reason.BAD_FIELD, "former_id", f"1 to {FORMER_ID_CHARS_MAX} characters"))
    return values, tuple(refused)


def _values_of(node: Node, layout: Layout, row: SourceRow) -> tuple[dict[str, Value], tuple[RowProblem, ...]]:
    """The values of a row of this site, and what is wrong with its cells and with the days they state."""
    if row.fault is not None:
        return {}, (RowProblem(WHOLE_ROW, row.fault),)
    kind = layout.kind
    values, refused = read_row(layout, row.cells, utc_offset_minutes=node.settings.utc_offset_minutes)
    days = told_at_columns(kind, values, moment_problems(kind, values, today_at_site(node)))
    return values, tuple(one for refusal in refused for one in row_problems(kind, values, refusal)) + days


def _remarks(planner: Planner, kind: ImportKind, values: Mapping[str, Value]) -> tuple[RowProblem, ...]:
    """What deserves a look in a row that is taken as it is."""
    is_customer = kind is ImportKind.CUSTOMERS
    return row_remarks(values) + (namesake_remarks(planner.namesakes, values) if is_customer else ())


def _beside(
    planner: Planner, kind: ImportKind, values: Mapping[str, Value], told: Sequence[RowProblem]
) -> tuple[RowProblem, ...]:
    """What the desk would refuse of a row beside its wrong cells; nothing of one that is wrong as a whole.

    Args:
        told: problems that are known; a column that has one gets no second.
    """
    columns = {one.column for one in told}
    if WHOLE_ROW in columns:
        return ()
    try:
        planner.plan(kind, values)
    except Refused as refusal:
        return tuple(one for one in row_problems(kind, values, refusal) if one.column not in columns)
    return ()


def _cells_by_name(layout: Layout, cells: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Column name and cell; a row that ends early has empty ones."""
    return ((name, cells[position] if position < len(cells) else "") for name, position in layout.positions.items())


@dataclass
class _Buffer:
    """Rows planned and not yet written."""

    plans: list[tuple[str, RowPlan]] = field(default_factory=list)
    touched: set[tuple[int, bytes]] = field(default_factory=set)

    def add(self, former_id: str, plan: RowPlan) -> None:
        """Keep a plan for the next transaction, and note which records it writes."""
        self.plans.append((former_id, plan))
        self.touched |= {(draft.kind.number, draft.record) for draft in plan.drafts}

    def meets(self, plan: RowPlan) -> bool:
        """Whether a plan writes a record that waits here already; then it was planned without seeing it."""
        return any((draft.kind.number, draft.record) in self.touched for draft in plan.drafts)


def _import_together(
    node: Node, layout: Layout, source: str, rows: Sequence[SourceRow], earlier: dict[str, int]
) -> BatchReport:
    known, imported, left_out, remarked = 0, 0, list[LeftOut](), list[Remarked]()
    load_readings()  # not inside the transaction, where every other process would wait for it
    with node.store.write() as tx:
        planner, buffer = Planner(node, tx, source), _Buffer()
        for row in rows:
            judged = judge_row(planner, layout, row, earlier)
            values, plan = judged.values, judged.plan
            known += judged.is_known
            left_out += [LeftOut(row, judged.problems)] if judged.problems else []
            if plan is None or values is None:
                continue
            try:
                if buffer.meets(plan):
                    _flush(node, tx, layout, source, buffer)
                    buffer = _Buffer()
                    plan = planner.plan(layout.kind, values)
            except Refused as refusal:
                left_out.append(LeftOut(row, row_problems(layout.kind, values, refusal)))
                continue
            buffer.add(str(values["former_id"]), plan)
            imported += 1
            remarked += [Remarked(row.number, judged.remarks)] if judged.remarks else []
        _flush(node, tx, layout, source, buffer)
    return BatchReport(imported, known, tuple(left_out), tuple(remarked))


def _import_alone(node: Node, layout: Layout, source: str, row: SourceRow, earlier: dict[str, int]) -> BatchReport:
    try:
        return _import_together(node, layout, source, [row], earlier)
    except Refused as refusal:
        return BatchReport(0, 0, (LeftOut(row, row_problems(layout.kind, None, refusal)),))


def _flush(node: Node, tx: WriteTransaction, layout: Layout, source: str, buffer: _Buffer) -> None:
    """Write what is planned, step by step, and remember what each former number became."""
    written: dict[RecordId, OpId] = {}
    _commit_all(node, tx, [draft for _, plan in buffer.plans for draft in plan.drafts], written)
    step = 0
    while drafts := [
        draft_step(plan.record, plan.steps[step], (written[plan.record],))
        for _, plan in buffer.plans
        if step < len(plan.steps)
    ]:
        _commit_all(node, tx, drafts, written)
        step += 1
    for former_id, plan in buffer.plans:
        tx.remember_former(source, layout.kind.value, former_id, plan.record)


def _commit_all(node: Node, tx: WriteTransaction, drafts: Iterable[Draft], written: dict[RecordId, OpId]) -> None:
    """Seal drafts into sets of bounded size; note which op wrote each visit last."""
    for chunk in _chunks(drafts):
        sealed = commit_within(node, tx, chunk)
        for draft, op in zip(chunk, sealed.ops, strict=True):
            if draft.kind is VISIT:
                written[RecordId(draft.record)] = op


def _chunks(drafts: Iterable[Draft]) -> Iterable[list[Draft]]:
    chunk: list[Draft] = []
    room = _SET_BYTES
    for draft in drafts:
        size = _DRAFT_BYTES + sum(_size(value) for value in draft.values.values())
        if chunk and (len(chunk) == _SET_OPS or size > room):
            yield chunk
            chunk, room = [], _SET_BYTES
        chunk.append(draft)
        room -= size
    if chunk:
        yield chunk


def _size(value: Value) -> int:
    return len(value.encode()) if isinstance(value, str) else len(value) if isinstance(value, bytes) else 9
