"""`reports`: what workshops did in ten days or a month, and how good what they sent is.

Exit codes: 0 told; 1 no such site, or a country split by advisors; 2 wrong usage, a period that is none too; 3 the
database is busy, try again.
"""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from carnet_hub.core.upkeep.data_quality import Quality
from carnet_hub.core.upkeep.nation_report import nation_report, site_report
from carnet_hub.entrypoints.cli.output import AsJson, Row, Xlsx, emit, emit_list, hub_of, with_progress, write_workbook
from carnet_protocol.errors import BadValue
from carnet_protocol.shop_figures import FIGURES, Figures, Grouping, ShopReport
from carnet_protocol.ten_days import Period, period_named

reports_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="What workshops did in ten days or a month."
)

TOTAL: Final = "all of it"
QUALITY: Final = (
    "completeness_percent",
    "sets",
    "faulty_sets",
    "error_permille",
    "delay_median_s",
    "delay_late_s",
)


def _period(text: str) -> Period:
    try:
        return period_named(text)
    except BadValue as wrong:
        raise typer.BadParameter("write 2026-09, or 2026-09-1, -2, -3 for ten days") from wrong


PeriodOf = Annotated[
    Period, typer.Option("--period", parser=_period, metavar="2026-09|2026-09-3", help="month, or ten days of it")
]


@reports_app.command("site")
def site(
    ctx: typer.Context,
    site_code: Annotated[str, typer.Argument(help="code of the site", show_default=False)],
    period: PeriodOf,
    *,
    by: Annotated[Grouping, typer.Option(help="by what the figures are split")] = Grouping.ADVISOR,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """The figures of one site, the same as at its node but for what waits there, and the quality of what it sent."""
    with hub_of(ctx) as app:
        found = site_report(app.hub, site_code, period, by, _watched(is_quiet=as_json))
    rows = _rows(by.value, found.report)
    result = {**_facts(found.report), "site": found.site_code, "quality": _quality(found.quality)}
    _emit(f"report of {found.site_code}, {period.name}", rows, (by.value, *FIGURES), result, as_json=as_json, xlsx=xlsx)
    if not as_json:
        emit(_quality(found.quality), as_json=False)


@reports_app.command("nation")
def nation(
    ctx: typer.Context,
    period: PeriodOf,
    *,
    by: Annotated[Grouping | None, typer.Option(help="split all sites together; by site when left out")] = None,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """The figures of every site with the quality of what it sent, or of all sites together."""
    with hub_of(ctx) as app:
        found = nation_report(app.hub, period, by or Grouping.DAY, _watched(is_quiet=as_json))
    sites: list[Row] = [
        {"site": code, **asdict(figures), **_quality(found.quality[code])} for code, figures in found.totals.items()
    ]
    result = {**_facts(found.report), "sites": sites}
    rows, columns = [*sites, {"site": TOTAL, **asdict(found.report.total)}], ("site", *FIGURES, *QUALITY)
    if by is None:
        result |= {"by": "site", "groups": []}
    else:
        rows, columns = _rows(by.value, found.report), (by.value, *FIGURES)
    _emit(f"report of all sites, {period.name}", rows, columns, result, as_json=as_json, xlsx=xlsx)


def _emit(
    title: str, rows: list[Row], columns: tuple[str, ...], result: Row, *, as_json: bool, xlsx: Path | None
) -> None:
    if xlsx is not None:
        write_workbook(xlsx, title, rows, columns)
    if as_json:
        emit(result, as_json=True)
    else:
        emit_list(f"{title}, rows", rows, columns, as_json=False, xlsx=None)


def _rows(name: str, report: ShopReport) -> list[Row]:
    groups: list[tuple[str, Figures]] = [*report.groups.items(), (TOTAL, report.total)]
    return [{name: key, **asdict(figures)} for key, figures in groups]


def _facts(report: ShopReport) -> dict[str, Any]:
    return {
        "period": report.period.name,
        "first": report.period.start.isoformat(),
        "last": report.period.end.isoformat(),
        "by": report.by.value,
        "total": asdict(report.total),
        "groups": [{"group": key, **asdict(figures)} for key, figures in report.groups.items()],
    }


def _quality(one: Quality) -> dict[str, Any]:
    return {name: getattr(one, name) for name in QUALITY}


def _watched(*, is_quiet: bool) -> Any:
    return partial(with_progress, "records", total=None, is_quiet=is_quiet)
