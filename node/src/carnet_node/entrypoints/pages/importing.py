"""Taking over a former system by pages: a file, what its columns mean, what the first rows would become, and go.

Decides addresses and the order of steps. One import at a time, of whoever may; it goes on when the page is closed, and
the page says how far it is. Which row becomes what is `core.import_run` and below; where the file lies is
`adapters.uploads`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
from carnet_node.core.import_columns import COLUMNS, ImportKind, Layout, guess_kind
from carnet_node.core.import_mapping import lay_out_mapped, mapping_of, save_mapping
from carnet_node.core.import_run import Progress, preview_import, run_import
from carnet_node.core.importing import LeftOut, SourceRow, check_source
from carnet_node.core.node import Node
from carnet_node.core.roles import Permission
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.wording import FAILURES, Explained, explain_failure
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason

router = APIRouter(prefix="/exchange/import")

FIELDS_MAX: Final = 8
AS_READ: Final = "as-read"
ASIDE: Final = "aside"
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
    async with page.request.form(max_files=1, max_fields=FIELDS_MAX) as form:
        page.require_token(str(form.get("token", "")))
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise BadValue(Reason.BAD_FIELD, "file", "choose a .csv file or an .xlsx workbook")
        content, name = file.file, file.filename

        def work() -> None:
            _require_import(page.node)
            _require_idle(page)
            put_upload(folder, content, name)

        await page.pages.desk.read(work)
    page.pages.import_run = ImportRun()
    return page.go(_HERE)


@router.get("")
async def show(
    page: PageOf,
    sheet: Annotated[int, Query(ge=0, le=1000)] = 0,
    kind: ImportKind | None = None,
    source: str = "former",
) -> Response:
    """What the file would become, or how far its import is."""
    choice = Choice(sheet, kind, source)
    run = page.pages.import_run
    if run.total is not None:
        has_rejected = rejected_file(_folder(page)).is_file()
        return await page.show("import_run.html", screen="exchange", run=run, has_rejected=has_rejected)
    return await page.show("import.html", lambda: _preview(page, choice), screen="exchange")


@router.post("/mapping")
async def remember(page: PageOf) -> Response:
    """Remember what the columns mean."""
    typed = page.typed()
    kind = ImportKind(typed.text("kind"))
    choice = Choice(int(typed.text("sheet", "0")), kind, typed.text("source"))

    def work(node: Node) -> str:
        _require_import(node)
        check_source(choice.source)
        table = _tables(_upload(page))[choice.sheet]
        said = {header: typed.text(f"columns[{place}].name") for place, header in enumerate(table.headers)}
        known = {header: name for header, name in said.items() if name != "as-read"}
        save_mapping(
            node, choice.source, kind, {header: "" if name == "aside" else name for header, name in known.items()}
        )
        return _HERE + choice.query

    return await page.save(typed, work, page.failed)


@router.post("/run")
async def run(page: PageOf) -> Response:
    """Begin; the answer leads to the page that says how far it is."""
    typed = page.typed()
    choice = Choice(int(typed.text("sheet", "0")), ImportKind(typed.text("kind")), typed.text("source"))
    state = ImportRun()

    def begin() -> tuple[Table, Layout]:
        _require_import(page.node)
        _require_idle(page)
        table, layout = _laid_out(page, choice)
        state.total = table.row_count
        page.pages.import_run = state
        return table, layout

    table, layout = await page.pages.desk.read(begin)
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
        _require_import(page.node)
        _require_idle(page)
        drop_upload(_folder(page))

    await page.pages.desk.read(work)
    page.pages.import_run = ImportRun()
    return page.go("/exchange")


async def _run(page: Page, state: ImportRun, table: Table, layout: Layout, source: str) -> None:
    """All rows, batch by batch, in the background; the state says how far it is."""

    def work() -> None:
        with SideFile(rejected_file(_folder(page)), table.headers) as side:

            def note(one: LeftOut) -> None:
                side.add(one.row.number, one.reason, one.row.cells)

            for done in run_import(page.node, layout, source, table.rows, note):
                state.progress = done

    try:
        await page.pages.desk.read(work)
    except FAILURES as failure:
        state.failure = explain_failure(failure)
    finally:
        state.is_done = True
        page.pages.forget_strip()


def _preview(page: Page, choice: Choice) -> Mapping[str, Any]:
    """What the template shows of a file; a file whose headers say nothing asks for its kind."""
    tables = _tables(_upload(page))
    if not choice.sheet < len(tables):
        raise BadValue(Reason.NOT_FOUND, "sheet", "the file has no such sheet")
    table = tables[choice.sheet]
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


def _laid_out(page: Page, choice: Choice) -> tuple[Table, Layout]:
    table = _tables(_upload(page))[choice.sheet]
    kind = choice.kind or guess_kind(table.headers)
    return table, lay_out_mapped(kind, table.headers, mapping_of(page.node, choice.source, kind))


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


def _require_idle(page: Page) -> None:
    run = page.pages.import_run
    if run.total is not None and not run.is_done:
        raise BadValue(Reason.BUSY, "file", "an import is running")
