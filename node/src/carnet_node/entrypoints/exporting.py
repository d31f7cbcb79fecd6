"""Taking a list out as a workbook, the same way from a page and from the command line.

Decides the order of steps: may they, make the whole file, note it in the access log, and only then hand it out.
Personal columns are masked unless they were asked for. Decides no rule: who may export is `core.roles`, what is noted
`core.access_log`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from carnet_node.adapters.list_workbooks import make_workbook
from carnet_node.core.exchange.lists import LISTS, ListColumn, Period, Row, SiteList, is_period
from carnet_node.core.log.acting import require
from carnet_node.core.node import Node
from carnet_node.core.numbering import business_day
from carnet_node.core.roles import Permission
from carnet_node.core.staff.access_log import begin_export, list_as_taken
from carnet_node.entrypoints.presenting import mask
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A finished workbook; its name says which list and which day, whether it is in full, and nothing else."""

    name: str
    content: bytes
    row_count: int


def as_it_is(_column: ListColumn, text: str) -> str:
    """A text cell without translation."""
    return text


def export_list(
    node: Node,
    name: str,
    *,
    show_personal: bool,
    period: Period | None = None,
    header: Callable[[str], str] = str,
    word: Callable[[ListColumn, str], str] = as_it_is,
) -> ExportedFile:
    """A list as a workbook.

    Args:
        name: one of `LISTS`.
        show_personal: names, phones, plates and complaints in full.
        period: only what lies in these days, for a list whose rows have one.
        header, word: how columns and codes are called in the reader's language.

    Raises:
        BadValue: no such list, or one too long for a sheet.
        CommandRefused: the role does not export, or does not see values in full; nothing left and nothing was noted.
    """
    wanted = LISTS.get(name)
    if wanted is None:
        raise BadValue(Reason.BAD_FIELD, "list", f"one of {', '.join(LISTS)}")
    if period is not None and not (wanted.has_period and is_period(period)):
        raise BadValue(Reason.BAD_FIELD, "period", "this list has none, or it is not one of at most ten years")
    return export_rows(node, wanted, show_personal=show_personal, period=period, header=header, word=word)


def export_rows(
    node: Node,
    wanted: SiteList,
    *,
    show_personal: bool,
    period: Period | None = None,
    title: str = "",
    header: Callable[[str], str] = str,
    word: Callable[[ListColumn, str], str] = as_it_is,
) -> ExportedFile:
    """The same of a list that was asked for, and that may be none of `LISTS`.

    Args:
        title: of the sheet; empty for what people call the list.

    Raises:
        BadValue: too long for a sheet.
        CommandRefused: as `export_list`.
    """
    name = wanted.name
    with node.store.read() as tx:
        require(node, tx, Permission.EXPORT)
        if show_personal:
            require(node, tx, Permission.SHOW_PERSONAL)
    offset = node.settings.utc_offset_minutes
    found = wanted.rows(node, period)
    rows = found if show_personal else masked_rows(wanted, found)
    made = make_workbook(
        title or header(name), wanted.columns, rows, header=header, word=word, utc_offset_minutes=offset
    )
    begin_export(node, list_as_taken(name, is_in_full=show_personal), made.row_count)
    today = business_day(node.clock.now_ms(), offset)
    day = wanted.span or (today if wanted.day is None else wanted.day.strftime("%y%m%d"))
    called = f"{name}-in-full" if show_personal else name
    return ExportedFile(f"{node.identity.site_code}-{called}-{day}.xlsx", made.content, made.row_count)


def masked_rows(wanted: SiteList, rows: Iterator[Row]) -> Iterator[Row]:
    """The same rows with what is personal masked."""
    for row in rows:
        told = zip(wanted.columns, row, strict=True)
        yield tuple(mask(value, column.name) if _is_personal(column, row) else value for column, value in told)


def _is_personal(column: ListColumn, row: Row) -> bool:
    return column.is_personal or (column.is_personal_at is not None and column.is_personal_at == row[0])
