"""Taking over a former system by pages: a file, what its columns mean, what the first rows would become, and go.

Decides addresses and the order of steps. One import at a time, of whoever may, and no file changes under it; it goes on
when the page is closed, and the page says how far it is. Which row becomes what is `core.import_run` and below; where
the file lies is `adapters.uploads`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile

from carnet_node.adapters.csv_files import SideFile, open_csv
from carnet_node.adapters.uploads import drop_upload, find_upload, put_upload, rejected_file
from carnet_node.adapters.workbook_files import SUFFIX, open_workbook
from carnet_node.core.acting import require
from carnet_node.core.desk_limits import SHEETS_MAX, UPLOAD_FIELDS_MAX
from carnet_node.core.import_columns import COLUMNS, ImportKind, Layout, guess_kind
from carnet_node.core.import_mapping import lay_out_mapped, mapping_of, save_mapping
from carnet_node.core.import_run import Progress, preview_import, run_import
from carnet_node.core.importing import LeftOut, SourceRow, check_source
from carnet_node.core.node import Node
from carnet_node.core.roles import Permission
from carnet_node.entrypoints.pages.forms import FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf, WatchedPageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_work
from carnet_node.entrypoints.wording import FAILURES, Explained, explain_failure
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason

router = APIRouter(prefix="/exchange/import")

AS_READ: Final = "as-read"
"""A column means what its header says."""

ASIDE: Final = "aside"
"""A column is left out."""

_HERE: Final = router.prefix


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file, or one sheet of a workbook; `name` is that of the sheet."""

    name: str
    headers: tuple[str, ...]
    row_count: int
    rows: Iterable[SourceRow]


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody said about the file: which sheet, what its rows are, which system it comes from."""

    sheet: int
    kind: ImportKind | None
    source: str

    @property
    def query(self) -> str:
        """As it stands in an address."""
        kind = "" if self.kind is None else f"&kind={self.kind.value}"
        return f"?sheet={self.sheet}&source={self.source}{kind}"


@dataclass
class ImportRun:
    """How far the import of this node is; one at a time.

    Attributes:
        total: rows of the table; None while nothing runs.
        failure: what ended it; what was taken over before stays.
    """

    total: int | None = None
    progress: Progress = field(default_factory=lambda: Progress(0, 0, 0, 0))
    is_done: bool = False
    failure: Explained | None = None


@router.post("")
async def upload(page: PageOf) -> Response:
    """Put a file in place."""
    folder = _folder(page)
    async with page.request.form(max_files=1, max_fields=UPLOAD_FIELDS_MAX) as form:
        page.require_token(str(form.get("token", "")))
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise BadValue(Reason.BAD_FIELD, "file", "choose a .csv file or an .xlsx workbook")
        content, name = file.file, file.filename

        def work() -> None:
            """For whoever may import."""
            _require_import(page.node)
            put_upload(folder, content, name)

        with _alone(page):
            await page.pages.desk.read(work)
            page.pages.import_run = ImportRun()
    return page.go(_HERE)


@router.get("")
async def show(
    page: WatchedPageOf,
    sheet: Annotated[int, Query(ge=0, lt=SHEETS_MAX)] = 0,
    kind: ImportKind | None = None,
    source: str = "former",
) -> Response:
    """What the file would become, or how far its import is."""
    choice = Choice(sheet, kind, source)
    await page.pages.desk.read(lambda: _require_import(page.node))
    # As it is now: were it to end while the page is made, the page would be the last one and lack the rows left out.
    run = replace(page.pages.import_run)
    if run.total is not None:
        has_rejected = rejected_file(_folder(page)).is_file()
        return await page.show("import_run.html", screen="exchange", run=run, has_rejected=has_rejected)
    return await page.show("import.html", lambda: _preview(page, choice), screen="exchange")


@router.post("/mapping")
async def remember(page: PageOf) -> Response:
    """Remember what the columns mean."""
    typed = page.typed()
    kind, choice = _chosen(typed)

    def _work(node: Node) -> str:
        _require_import(node)
        check_source(choice.source)
        save_mapping(node, choice.source, kind, _mapped(typed, _table(page, choice).headers))
        return _HERE + choice.query

    def context(form: FormState) -> Mapping[str, Any]:
        """The file as it was looked at, and every column as it was set."""
        _require_import(page.node)
        shown = _preview(page, choice)
        return {**shown, "mapped": _mapped(typed, shown["table"].headers), "problem": form.explained}

    return await save_work(RecordForm(page, "import.html", "exchange", _HERE, context), typed, _work)


@router.post("/run")
async def run(page: PageOf) -> Response:
    """Begin; the answer leads to the page that says how far it is."""
    kind, choice = _chosen(page.typed())

    def lay_out() -> tuple[Table, Layout]:
        """For whoever may import."""
        _require_import(page.node)
        table = _table(page, choice)
        return table, lay_out_mapped(kind, table.headers, mapping_of(page.node, choice.source, kind))

    with _alone(page) as state:
        table, layout = await page.pages.desk.read(lay_out)
        state.total = table.row_count
    answer = page.go(_HERE)
    answer.background = BackgroundTask(_run, page, state, table, layout, choice.source)
    return answer


@router.get("/rejected.csv")
async def take_rejected(page: PageOf) -> Response:
    """The rows that were left out, each with its reason."""
    path = rejected_file(_folder(page))
    await page.pages.desk.read(lambda: _require_import(page.node))
    if not path.is_file():
        raise BadValue(Reason.NOT_FOUND, "file", "nothing was left out")
    return FileResponse(path, media_type="text/csv", filename="rejected.csv")


@router.post("/drop")
async def start_over(page: PageOf) -> Response:
    """Take the file away."""
    page.typed()

    def work() -> None:
        """For whoever may import."""
        _require_import(page.node)
        drop_upload(_folder(page))

    with _alone(page):
        await page.pages.desk.read(work)
        page.pages.import_run = ImportRun()
    return page.go("/exchange")


async def _run(page: Page, state: ImportRun, table: Table, layout: Layout, source: str) -> None:
    """All rows, batch by batch, in the background; the state says how far it is."""

    def _work() -> None:
        with SideFile(rejected_file(_folder(page)), table.headers) as side:

            def _note(one: LeftOut) -> None:
                side.add(one.row.number, one.reason, one.row.cells)

            for done in run_import(page.node, layout, source, table.rows, _note):
                state.progress = done

    try:
        await page.pages.desk.read(_work)
    except Exception as failure:  # whatever ended it: nobody may read that an import is done which is not
        state.failure = explain_failure(failure)
        if not isinstance(failure, FAILURES):
            raise
    finally:
        state.is_done = True
        page.pages.forget_strip()


def _preview(page: Page, choice: Choice) -> Mapping[str, Any]:
    """What the template shows of a file; a file whose headers say nothing asks for its kind."""
    tables = _tables(_upload(page))
    table = _sheet(tables, choice)
    shown: dict[str, Any] = {"tables": tables, "table": table, "choice": choice, "columns": {}, "mapped": {}}
    try:
        kind = choice.kind or guess_kind(table.headers)
        mapped = mapping_of(page.node, choice.source, kind)
        shown |= {"kind": kind, "columns": COLUMNS[kind], "mapped": mapped}
        layout = lay_out_mapped(kind, table.headers, mapped)
        rows = preview_import(page.node, layout, choice.source, table.rows)
    except BadValue as refused:
        return {"kind": choice.kind, **shown, "layout": None, "rows": (), "problem": explain_failure(refused)}
    return {**shown, "layout": layout, "rows": rows, "problem": None}


def _mapped(typed: Typed, headers: Sequence[str]) -> dict[str, str]:
    """What a form says that headers mean; those left to their own names are not in it."""
    said = {header: typed.text(f"columns[{place}].name") for place, header in enumerate(headers)}
    return {header: "" if name == ASIDE else name for header, name in said.items() if name != AS_READ}


def _chosen(typed: Typed) -> tuple[ImportKind, Choice]:
    """What a form says about the file.

    Raises:
        BadValue: no form of ours says so.
    """
    sheet, kind = typed.text("sheet", "0"), typed.text("kind")
    if not re.fullmatch("[0-9]{1,4}", sheet):
        raise BadValue(Reason.NOT_FOUND, "sheet", "the file has no such sheet")
    if kind not in {one.value for one in ImportKind}:
        raise BadValue(Reason.BAD_FIELD, "kind", "say what the rows are")
    return ImportKind(kind), Choice(int(sheet), ImportKind(kind), typed.text("source"))


def _table(page: Page, choice: Choice) -> Table:
    return _sheet(_tables(_upload(page)), choice)


def _sheet(tables: Sequence[Table], choice: Choice) -> Table:
    if not choice.sheet < len(tables):
        raise BadValue(Reason.NOT_FOUND, "sheet", "the file has no such sheet")
    return tables[choice.sheet]


def _tables(path: Path) -> list[Table]:
    if path.suffix != SUFFIX:
        table = open_csv(path)
        rows = (SourceRow(number, cells) for number, cells in table.rows())
        return [Table("", table.headers, table.row_count, rows)]
    return [Table(one.name, one.headers, one.row_count, one.rows()) for one in open_workbook(path)]


def _folder(page: Page) -> Path:
    folder = page.pages.desk.uploads
    if folder is None:
        raise BadValue(Reason.NOT_FOUND, "file", "this node takes no files")
    return folder


def _upload(page: Page) -> Path:
    found = find_upload(_folder(page))
    if found is None:
        raise BadValue(Reason.NOT_FOUND, "file", "there is no file to import; choose one")
    return found


def _require_import(node: Node) -> None:
    with node.store.read() as tx:
        require(node, tx, Permission.IMPORT)


@contextmanager
def _alone(page: Page) -> Iterator[ImportRun]:
    """The place of the one import, from the first step on: nobody else begins one, or changes its file, meanwhile.

    Entered on the event loop, so that looking whether it is free and taking it are one step. A failure gives it back.

    Raises:
        BadValue: an import is running.
    """
    former, mine = page.pages.import_run, ImportRun(total=0)
    if former.total is not None and not former.is_done:
        raise BadValue(Reason.BUSY, "file", "an import is running")
    page.pages.import_run = mine
    try:
        yield mine
    except BaseException:
        page.pages.import_run = former
        raise
