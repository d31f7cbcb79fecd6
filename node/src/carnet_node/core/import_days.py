"""Which days a row of a former system may state.

Decides what the desk need not ask, because there a car arrives when somebody says so: that nothing happened on a day to
come, or before moments are counted, and that no work was done before the car arrived. Days are the site's own, since a
file often holds no time of day; birthdays and periods are judged where a form is (`commands`).

    >>> day_problems(ImportKind.VISITS, {"opened_at": 4_070_908_800_000}, today=date(2026, 9, 21), utc_offset_minutes=0)
    [Problem(field='opened_at', code=<ProblemCode.BAD_DATE: 'bad-date'>, what='The day is still to come.', \
next='Correct the date.', suggestion=None, bounds=None)]
"""

from collections.abc import Mapping
from datetime import date

from carnet_node.core.desk_limits import FIRST_YEAR
from carnet_node.core.import_cells import instant
from carnet_node.core.import_columns import COLUMNS, ImportKind
from carnet_node.core.numbering import local_date
from carnet_node.core.refusals import Problem, ProblemCode
from carnet_protocol.registry import Value


def day_problems(kind: ImportKind, row: Mapping[str, Value], *, today: date, utc_offset_minutes: int) -> list[Problem]:
    """What is wrong with the days of a row, by column; days that could not be read are not judged.

    Args:
        today: at the site.
        utc_offset_minutes: of the site, -720 to 840.
    """
    days: dict[str, date] = {}
    problems: list[Problem] = []
    for name, column in COLUMNS[kind].items():
        at_ms = row.get(name)
        if column.read is not instant or not isinstance(at_ms, int):
            continue
        days[name] = local_date(at_ms, utc_offset_minutes)
        if at_ms < 0:
            what = f"The day lies before {FIRST_YEAR}."
            problems.append(Problem(name, ProblemCode.BAD_DATE, what, "Correct the date."))
        elif days[name] > today:
            problems.append(Problem(name, ProblemCode.BAD_DATE, "The day is still to come.", "Correct the date."))
    if "completed_at" in days and "opened_at" in days and days["completed_at"] < days["opened_at"]:
        what = "The work was done before the car arrived."
        problems.append(Problem("completed_at", ProblemCode.BAD_ORDER, what, "Correct one of the dates."))
    return problems
