"""Taking over a former system by pages: a file, what its columns mean, what the first rows would become, and go.

Decides addresses and the order of steps. One import at a time, of whoever may, and no file changes under it; it goes
on when the page is closed, and the page says how far it is. A workbook is taken sheet by sheet (`import_sheets`). Which
row becomes what is `core.import_run` and below; where the file lies is `adapters.uploads`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile

from carnet_node.adapters.csv_files import SideFile
from carnet_node.adapters.list_workbooks import CONTENT_TYPE, side_workbook
from carnet_node.adapters.uploads import drop_upload, find_upload, put_upload, rejected_file
from carnet_node.core.desk_limits import SHEETS_MAX, UPLOAD_FIELDS_MAX
from carnet_node.core.exchange.import_columns import (
    COLUMNS,
    SIDE_HEADERS,
    SIDE_HEADERS_ZH,
    ImportKind,
    Layout,
    guess_kind,
)
from carnet_node.core.exchange.import_mapping import lay_out_mapped, mapping_of, save_mapping
from carnet_node.core.exchange.import_run import preview_import, run_import
from carnet_node.core.exchange.importing import LeftOut, Remarks, check_source
from carnet_node.core.log.acting import require
from carnet_node.core.node import Node
from carnet_node.core.roles import Permission
from carnet_node.entrypoints.pages.forms import FormState, Typed
from carnet_node.entrypoints.pages.import_sheets import (
    ImportRun,
    Table,
    next_sheet,
    sheet_before,
    sheet_lines,
    tables_of,
)
from carnet_node.entrypoints.pages.import_words import PreviewWords, headers_by_column
from carnet_node.entrypoints.pages.languages import Language
from carnet_node.entrypoints.pages.page import Page, PageOf, WatchedPageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_work
from carnet_node.entrypoints.wording import FAILURES, explain_failure
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason

router = APIRouter(prefix="/exchange/import")

AS_READ: Final = "as-read"
"""A column means what its header says."""

ASIDE: Final = "aside"
"""A column is left out."""

UNNAMED: Final = "former"
"""What a former system is called that nobody has named; no page shows it."""

_HERE: Final = router.prefix


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody said about the file: which sheet, what its rows are, which system it comes from."""

    sheet: int
    kind: ImportKind | None
    source: str

    @property
    def query(self) -> str:
        """As it stands in an address."""
        kind = {} if self.kind is None else {"kind": self.kind.value}
        return f"?{urlencode({'sheet': self.sheet, 'source': self.source, **kind})}"


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
    sheet: Annotated[int | None, Query(ge=0, lt=SHEETS_MAX)] = None,
    kind: ImportKind | None = None,
    source: str = "",
) -> Response:
    """What a sheet of the file would become, or how far the import is; whoever names a sheet is shown that one."""
    await page.pages.desk.read(lambda: _require_import(page.node))
    # As it is now: were it to end while the page is made, the page would be the last one and lack the rows left out.
    run = replace(page.pages.import_run)
    if run.total is not None and (sheet is None or not run.is_done):
        return await page.show("import_run.html", lambda: _ran(page, run, source or UNNAMED), screen="exchange")
    return await page.show(
        "import.html", lambda: _preview(page, _choice(page, sheet, kind, source or UNNAMED)), screen="exchange"
    )


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
        state.total, state.sheet = table.row_count, choice.sheet
    answer = page.go(f"{_HERE}?{urlencode({'source': choice.source})}")
    answer.background = BackgroundTask(_run, page, state, table, layout, choice.source)
    return answer


@router.get("/rejected.csv")
async def take_rejected(page: PageOf, sheet: Annotated[int | None, Query(ge=0, lt=SHEETS_MAX)] = None) -> Response:
    """The rows of a sheet that were left out, each with its reason; of the last one unless it is named."""
    path = await _rejected(page, sheet)
    return FileResponse(path, media_type="text/csv", filename=path.name)


@router.get("/rejected.xlsx")
async def take_rejected_workbook(
    page: PageOf, sheet: Annotated[int | None, Query(ge=0, lt=SHEETS_MAX)] = None
) -> Response:
    """The same rows as a workbook."""
    path = await _rejected(page, sheet)
    made = await page.pages.desk.read(lambda: side_workbook(path))
    name = path.with_suffix(".xlsx").name
    return Response(
        made.content, media_type=CONTENT_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


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


async def _rejected(page: Page, sheet: int | None) -> Path:
    """The side file of a sheet, for whoever may import; of the last one unless it is named."""
    path = rejected_file(_folder(page), page.pages.import_run.sheet if sheet is None else sheet)
    await page.pages.desk.read(lambda: _require_import(page.node))
    if not path.is_file():
        raise BadValue(Reason.NOT_FOUND, "file", "nothing was left out")
    return path


async def _run(page: Page, state: ImportRun, table: Table, layout: Layout, source: str) -> None:
    """All rows, batch by batch, in the background; the state says how far it is."""
    words, headers = page.words, headers_by_column(layout, table.headers)
    state.remarks = Remarks(headers)
    before = SIDE_HEADERS_ZH if words.language is Language.ZH else SIDE_HEADERS

    def _work() -> None:
        with SideFile(rejected_file(_folder(page), state.sheet), table.headers, before) as side:

            def _note(one: LeftOut) -> None:
                side.add(one.row.number, words.left_out(one.problems, headers), one.row.cells)

            for done in run_import(page.node, layout, source, table.rows, _note, remark=state.remarks.add):
                state.progress = done
        state.finish(table, layout.kind)

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
    tables = tables_of(_upload(page))
    table = _sheet(tables, choice)
    lines = sheet_lines(tables, page.pages.import_run.taken)
    shown: dict[str, Any] = {"sheets": lines, "table": table, "choice": choice, "columns": {}, "mapped": {}}
    shown |= {"before": sheet_before(lines, choice.sheet), "unnamed": UNNAMED}
    try:
        kind = choice.kind or guess_kind(table.headers)
        mapped = mapping_of(page.node, choice.source, kind)
        shown |= {"kind": kind, "columns": COLUMNS[kind], "mapped": mapped}
        layout = lay_out_mapped(kind, table.headers, mapped)
        preview = preview_import(page.node, layout, choice.source, table.rows)
    except BadValue as refused:
        return {"kind": choice.kind, **shown, "layout": None, "preview": None, "problem": explain_failure(refused)}
    words = PreviewWords(layout, page.pages.renderer.clockface, page.words.say, page.words.labels.code)
    headers = headers_by_column(layout, table.headers)
    return {**shown, "layout": layout, "preview": preview, "cell": words.cell, "headers": headers, "problem": None}


def _ran(page: Page, run: ImportRun, source: str) -> Mapping[str, Any]:
    """How far an import is; once it is done, what is still to be taken from its file and which side files there are."""
    folder = _folder(page)
    path = find_upload(folder) if run.is_done else None
    lines = () if path is None else sheet_lines(tables_of(path), run.taken)
    return {
        "run": run,
        "source": source,
        "left": [one for one in lines if not one.is_taken],
        "next": next_sheet(lines),
        "has_rejected": rejected_file(folder, run.sheet).is_file(),
        "rejected": {one.sheet for one in run.taken if rejected_file(folder, one.sheet).is_file()},
    }


def _choice(page: Page, sheet: int | None, kind: ImportKind | None, source: str) -> Choice:
    """What somebody said about the file; the sheet whose turn it is unless they named one."""
    if sheet is not None:
        return Choice(sheet, kind, source)
    first = next_sheet(sheet_lines(tables_of(_upload(page)), page.pages.import_run.taken))
    return Choice(0 if first is None else first.sheet, kind, source)


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
    return ImportKind(kind), Choice(int(sheet), ImportKind(kind), typed.text("source") or UNNAMED)


def _table(page: Page, choice: Choice) -> Table:
    return _sheet(tables_of(_upload(page)), choice)


def _sheet(tables: Sequence[Table], choice: Choice) -> Table:
    if not choice.sheet < len(tables):
        raise BadValue(Reason.NOT_FOUND, "sheet", "the file has no such sheet")
    return tables[choice.sheet]


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
    former = page.pages.import_run
    mine = ImportRun(total=0, taken=former.taken)
    if former.total is not None and not former.is_done:
        raise BadValue(Reason.BUSY, "file", "an import is running")
    page.pages.import_run = mine
    try:
        yield mine
    except BaseException:
        page.pages.import_run = former
        raise
