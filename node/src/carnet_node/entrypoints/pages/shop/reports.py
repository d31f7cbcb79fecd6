"""The report of ten days or a month: figures by group, what happened on each day, and the same as a workbook.

Decides addresses. Period and grouping stand in the address, since nothing in them is personal; the name of a kept
question does not, since people name things after people.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from carnet_node.adapters.list_workbooks import CONTENT_TYPE
from carnet_node.core.exchange.shop_lists import is_counted, report_list
from carnet_node.core.node import Node
from carnet_node.core.saving.kept_queries import KeptFor, forget_query, keep_query, kept_queries, kept_query
from carnet_node.core.showing.shop_reporting import report_within
from carnet_node.core.showing.spans import PERIODS
from carnet_node.core.staff.advisors import advisor_names
from carnet_node.entrypoints.asking import Texts, report_asked
from carnet_node.entrypoints.exporting import ExportedFile, export_rows
from carnet_node.entrypoints.pages.bars import bars_of
from carnet_node.entrypoints.pages.forms import FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.shop.report_words import ReportWords
from carnet_node.entrypoints.wording import FAILURES, explain_failure
from carnet_protocol.limits import CODE_CHARS_MAX
from carnet_protocol.shop_figures import FIGURES, MONEY, Figures, Grouping, ShopReport
from carnet_protocol.ten_days import Period

router = APIRouter(prefix="/reports")

ADDRESS: Final = router.prefix
_TEMPLATE: Final = "shop/reports.html"
_ASKED: Final = ("period", "span", "by")

Asked = Annotated[str, Query(max_length=CODE_CHARS_MAX)]


@router.get("")
async def show_report(page: PageOf, period: Asked = "", span: Asked = "", by: Asked = "") -> Response:
    """The figures of a period, and which questions are kept."""
    return await _shown(page, {"period": period, "span": span, "by": by})


@router.post("/export")
async def export(page: PageOf) -> Response:
    """The same figures as .xlsx, with columns in the language of the page."""
    asked, words = _asked(page.typed()), ReportWords(page.words)

    def _made() -> ExportedFile:
        with page.node.store.read() as tx:
            report = report_within(page.node, tx, *report_asked(page.node, asked))
        return export_rows(page.node, report_list(report), show_personal=False, header=words.column, word=words.cell)

    made = await page.pages.desk.read(_made)
    headers = {"content-disposition": f'attachment; filename="{made.name}"'}
    return page.answer(Response(made.content, media_type=CONTENT_TYPE, headers=headers))


@router.post("/kept")
async def keep(page: PageOf) -> Response:
    """Keep period and grouping under a name; one that is no name is asked for again."""
    typed = page.typed()
    asked = _asked(typed)
    try:
        await page.pages.desk.read(partial(keep_query, page.node, KeptFor.REPORTS, typed.text("name"), asked))
    except FAILURES as failure:
        return await _shown(page, asked, FormState.refused(typed, explain_failure(failure)))
    return page.go(_address_of(asked))


@router.post("/kept/open")
async def open_kept(page: PageOf) -> Response:
    """To the report of a question that is kept."""
    name = page.typed().text("name")
    return page.go(_address_of(await page.pages.desk.read(lambda: kept_query(page.node, KeptFor.REPORTS, name))))


@router.post("/kept/forget")
async def forget(page: PageOf) -> Response:
    """Forget a question; one that is not kept is forgotten already."""
    name = page.typed().text("name")
    await page.pages.desk.read(lambda: forget_query(page.node, KeptFor.REPORTS, name))
    return page.go(ADDRESS)


async def _shown(page: Page, asked: Texts, form: FormState | None = None) -> Response:
    stated = FormState(Typed({"name": ("",)})) if form is None else form
    known: dict[str, Any] = {"form": stated, "words": ReportWords(page.words), "asked": asked}
    status = HTTPStatus.OK if stated.explained is None else stated.explained.status
    return await page.show(_TEMPLATE, lambda: _read(page.node, asked), status=status, screen="orders", **known)


def _read(node: Node, asked: Texts) -> Mapping[str, Any]:
    period, by = report_asked(node, asked)
    with node.store.read() as tx:
        report = report_within(node, tx, period, by)
        days = report_within(node, tx, period, Grouping.DAY)
    return {
        "report": report,
        "names": advisor_names(node, report.groups if by is Grouping.ADVISOR else ()),
        "plots": _plots(days),
        "figures": FIGURES,
        "money": MONEY,
        "is_counted": is_counted,
        "groupings": tuple(Grouping),
        "spans": tuple(PERIODS),
        "kept": kept_queries(node, KeptFor.REPORTS),
    }


def _plots(days: ShopReport) -> Mapping[str, Any]:
    """Cars and revenue by day; every day of the period has a bar, if one of height nothing."""
    names = _days_of(days.period)
    figures = [days.groups.get(name, Figures()) for name in names]
    revenue = [sum(getattr(one, pay) for pay in MONEY) for one in figures]
    return {"days": names, "visits": bars_of([one.visits for one in figures]), "revenue": bars_of(revenue)}


def _days_of(period: Period) -> list[str]:
    count = (period.end - period.start).days + 1
    return [(period.start + timedelta(days=place)).isoformat() for place in range(count)]


def _asked(typed: Typed) -> dict[str, str]:
    return {name: typed.text(name)[:CODE_CHARS_MAX] for name in _ASKED if typed.text(name)}


def _address_of(asked: Texts) -> str:
    return f"{ADDRESS}?{urlencode(asked)}"
