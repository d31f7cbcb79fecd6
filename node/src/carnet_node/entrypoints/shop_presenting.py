"""Documents and reports of the workshop as JSON: one form for `--json` and for the JSON API."""

from dataclasses import asdict

from carnet_node.core.shop_ports import DocumentRow
from carnet_node.entrypoints.presenting import Json, Presenter, instant_text
from carnet_protocol.ids import record_text
from carnet_protocol.shop_figures import ShopReport


def document_json(one: DocumentRow, show: Presenter, offset_minutes: int | None = None) -> Json:
    """One document; names and plates masked unless the caller was asked to show them.

    Args:
        offset_minutes: of the site, for people, who read the time on its clocks; None for programs.
    """
    return {
        "id": record_text(one.record),
        "visit_id": None if one.visit is None else record_text(one.visit),
        "number": one.number,
        "at": instant_text(one.at_ms, offset_minutes),
        "status": one.status,
        "plate_no": show.personal(one.plate_no),
        "customer_name": show.personal(one.customer_name),
        "advisor_code": one.advisor_code,
        "amount_fen": one.amount_fen,
    }


def report_json(report: ShopReport) -> Json:
    """A report; money in fen. The group without a name is what nobody, or no pay type, is stated for."""
    return {
        "period": report.period.name,
        "first": report.period.start.isoformat(),
        "last": report.period.end.isoformat(),
        "by": report.by.value,
        "total": asdict(report.total),
        "groups": [{"group": key, **asdict(figures)} for key, figures in report.groups.items()],
    }
