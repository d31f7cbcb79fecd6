"""The report of ten days or a month: figures by group, what happened on each day, and the same as a workbook.

Decides addresses. Period and grouping stand in the address, since nothing in them is personal; the name of a kept
question does not, since people name things after people.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from carnet_node.adapters.list_workbooks import CONTENT_TYPE
from carnet_node.core.exchange.shop_lists import is_counted, report_list
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day
from carnet_node.core.refusals import CommandRefused
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
from carnet_protocol.ten_days import Period, month_of, ten_days_in

router = APIRouter(prefix="/reports")

ADDRESS: Final = router.prefix
_TEMPLATE: Final = "shop/reports.html"
_ASKED: Final = ("period", "span", "by")

Asked = Annotated[str, Query(max_length=CODE_CHARS_MAX)]


@router.get("")
async def show_report(page: PageOf, period: Asked = "", span: Asked = "", by: Asked = "") -> Response:
    """The figures of a period, and which questions are kept; a period that is none comes back as it was typed."""
    asked = {"period": period, "span": span, "by": by}
    try:
        return await _shown(page, asked)
    except CommandRefused as refused:
        if [one.field for one in refused.problems] != ["period"]:
            raise
        form = FormState.unanswered(Typed({"period": (period,)}), explain_failure(refused))
    return await _show(page, lambda: _unread(page.node, asked), asked, form)


@router.post("/export")
async def export(page: PageOf) -> Response:
    """The same figures as .xlsx, with columns in the language of the page."""
    asked, words = _asked(page.typed()), ReportWords(page.words)

    def _made() -> ExportedFile:
        with page.node.store.read() as tx:
            report = report_within(page.node, tx, *report_asked(page.node, asked))
        title = f"{report.period.name} {page.node.identity.site_code} {words.column('shop_report')}"
        word = partial(words.report_cell, report.by)
        listed = report_list(report)
        return export_rows(page.node, listed, show_personal=False, title=title, header=words.column, word=word)

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
    return await _show(page, lambda: _read(page.node, asked), asked, stated)


async def _show(page: Page, read: Callable[[], Mapping[str, Any]], asked: Texts, form: FormState) -> Response:
    known: dict[str, Any] = {"form": form, "words": ReportWords(page.words), "asked": asked}
    status = HTTPStatus.OK if form.explained is None else form.explained.status
    return await page.show(_TEMPLATE, read, status=status, screen="orders", **known)


def _unread(node: Node, asked: Texts) -> Mapping[str, Any]:
    """The form alone: no other period is shown in place of one that cannot be read."""
    _, by = report_asked(node, {**asked, "period": ""})
    return {"report": None, "period_name": asked["period"], **_form_of(node, by)}


def _read(node: Node, asked: Texts) -> Mapping[str, Any]:
    period, by = report_asked(node, asked)
    with node.store.read() as tx:
        report = report_within(node, tx, period, by)
        days = report_within(node, tx, period, Grouping.DAY)
    return {
        **_form_of(node, by),
        "report": report,
        "period_name": period.name,
        "names": advisor_names(node, report.groups if by is Grouping.ADVISOR else ()),
        "plots": _plots(days),
        "figures": FIGURES,
        "money": MONEY,
        "is_counted": is_counted,
    }


def _form_of(node: Node, by: Grouping) -> Mapping[str, Any]:
    """What asks for a report, with the present month as its example."""
    month = month_of(site_day(node))
    return {
        "by": by,
        "examples": [one.name for one in (month, *ten_days_in(month))],
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
