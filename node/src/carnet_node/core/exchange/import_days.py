"""Which days a row of a former system may state.

Decides of the moments of a row what the desk need not ask, because there a car arrives when somebody says so: which day
each may be (`value_bounds`, as everywhere), and that no work was done before the car arrived. Days are the site's own,
since a file often holds no time of day; birthdays and other dates are judged where a form's are (`commands`).

    >>> moment_problems(ImportKind.VISITS, {"opened_at": 4_070_908_800_000}, Today(date(2026, 9, 21)))
    [Problem(field='opened_at', code=<ProblemCode.BAD_DATE: 'bad-date'>, what='The day is still to come.', \
next='Correct the date.', suggestion=None, bounds=None)]
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from carnet_node.core.exchange.import_columns import ImportKind
from carnet_node.core.numbering import Today, local_date
from carnet_node.core.refusals import Problem, ProblemCode
from carnet_node.core.value_bounds import day_problem
from carnet_protocol.registry import Value

_RECORDED_AS: Final[Mapping[ImportKind, Mapping[str, tuple[str, str]]]] = MappingProxyType(
    {
        ImportKind.CUSTOMERS: MappingProxyType({}),
        ImportKind.VEHICLES: MappingProxyType({"odometer_at": ("odometer_reading", "read_at")}),
        ImportKind.VISITS: MappingProxyType({one: ("visit", one) for one in ("opened_at", "completed_at")}),
    }
)
"""Kind and field that a column of moments is written to."""


def moment_problems(kind: ImportKind, row: Mapping[str, Value], today: Today) -> list[Problem]:
    """What is wrong with the moments of a row, by column; those that could not be read are not judged."""
    days: dict[str, date] = {}
    problems: list[Problem] = []
    for name, (written, field) in _RECORDED_AS[kind].items():
        at_ms = row.get(name)
        if not isinstance(at_ms, int):
            continue
        days[name] = local_date(at_ms, today.utc_offset_minutes)
        problem = day_problem(written, field, at_ms, today, field=name)
        problems += [] if problem is None else [problem]
    if "completed_at" in days and "opened_at" in days and days["completed_at"] < days["opened_at"]:
        what = "The work was done before the car arrived."
        problems.append(Problem("completed_at", ProblemCode.BAD_ORDER, what, "Correct one of the dates."))
    return problems
