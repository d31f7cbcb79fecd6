"""`reports`: what the workshop of this site did in a ten-day period or a month.

Exit codes: 0 told; 1 a period, a grouping or a name that is none; 2 wrong usage; 3 the database is busy, try again.
"""

from typing import Annotated

import typer

from carnet_node.core.exchange.shop_lists import report_list, report_rows
from carnet_node.core.saving.kept_queries import KeptFor, keep_query
from carnet_node.core.showing.shop_reporting import report_of
from carnet_node.core.showing.spans import PERIODS
from carnet_node.entrypoints.asking import report_asked, with_kept
from carnet_node.entrypoints.cli.kept import KeepAs, KeptName, add_kept_and_forget
from carnet_node.entrypoints.cli.opening import node_of, one_group
from carnet_node.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, write_workbook
from carnet_node.entrypoints.shop_presenting import report_json
from carnet_protocol.shop_figures import Grouping

reports_app = one_group(help="What the workshop did in ten days or a month.")
add_kept_and_forget(reports_app, KeptFor.REPORTS)


@reports_app.command("show")
def show(
    ctx: typer.Context,
    *,
    period: Annotated[str, typer.Option(help="2026-09, or 2026-09-1, -2, -3 for ten days")] = "",
    span: Annotated[str, typer.Option(help=f"instead: {', '.join(PERIODS)}; the month when left out")] = "",
    by: Annotated[str, typer.Option(help=f"{', '.join(one.value for one in Grouping)}; advisor when left out")] = "",
    kept: KeptName = "",
    keep_as: KeepAs = None,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Visits, promises kept, revenue in fen per pay type, recalls done, appointments kept: by group, and all of it."""
    node = node_of(ctx)
    texts = with_kept(node, KeptFor.REPORTS, kept, {"period": period, "span": span, "by": by})
    report = report_of(node, *report_asked(node, texts))
    if keep_as is not None:
        keep_query(node, KeptFor.REPORTS, keep_as, texts)
    listed = report_list(report)
    names = [column.name for column in listed.columns]
    rows = [dict(zip(names, row, strict=True)) for row in report_rows(report)]
    title = f"report {report.period.name}"
    if xlsx is not None:
        write_workbook(xlsx, title, rows, names)
    if as_json:
        emit(report_json(report), as_json=True)
    else:
        emit_list(f"{title}, rows", rows, names, as_json=False, xlsx=None)
