"""Every bound of a day in the workshop: appointments, settlements, what people are reminded of.

Decides how long and how many; `limits` and `desk_limits` have the bounds of everything else. Units stand last in each
name. Who chose the number and why stands beside it.
"""

from typing import Final

LUNAR_YEAR_FIRST: Final = 1900
LUNAR_YEAR_LAST: Final = 2099
"""Years of the Chinese calendar for which printed calendars can be compared; nobody older is alive."""

SLOT_MINUTES_DEFAULT: Final = 30
"""The raster of a day whose record states none. Chosen by us: what most service desks print on their sheets."""

NO_SHOW_GRACE_MINUTES: Final = 30
"""How long a car is waited for past the time of its appointment, before it can be noted that nobody came. Chosen by us:
the half hour for which service desks keep a slot."""

SHARES_MAX: Final = 12
"""Payers of one settlement. Chosen by us: customer, insurer, maker and site for each pay type."""

BIRTHDAY_DAYS_AHEAD: Final = 3
"""A birthday is on the list so many days before; the trade's habit."""

SERVICE_DAYS_AHEAD: Final = 14
INSURANCE_DAYS_AHEAD: Final = 30
INSPECTION_DAYS_AHEAD: Final = 60
"""How long before a day somebody is reminded of it. Chosen by us: two weeks to find a slot, a month to compare
insurers, two for an inspection that may need repairs."""

OVERDUE_DAYS: Final = 30
"""How long behind a service, insurance or inspection somebody is still reminded of it; later the car went elsewhere."""

DUE_ROWS_MAX: Final = 2_000
"""Records looked at for one day and one occasion of the due list: three months of a large dealer's services."""

DUE_SHOWN_MAX: Final = 200
"""Lines of the due list on one page; more are in the workbook. Chosen by us: a day's calls of three people."""

BOARD_ROWS_MAX: Final = 600
"""Cars on the board: a large dealer has a hundred in the shop; five hundred have to fit."""

APPOINTMENTS_PER_DAY_MAX: Final = 2_000
"""Appointments of one day that are looked at: 30 bays for twelve hours, one every quarter of an hour, and room."""

REQUESTED_ROWS_MAX: Final = 200
"""Appointments that wait for a slot on one page, the oldest first: more than a week of calls nobody answered."""

DAY_ROWS_MAX: Final = 96
"""Lines of the day board: a whole day by the quarter of an hour; a finer raster is shown coarser."""

REMIND_DAYS_AHEAD: Final = 31
"""How far ahead a slot may lie whose reminder stands on the list of a day; people are reminded of nearer ones."""

FREE_DAYS_SHOWN: Final = 7
"""Days for which free slots are offered beside an appointment that gets one: a week, as callers think."""

FREE_SLOTS_SHOWN: Final = 60
"""Free slots offered at once; who wants another one types it."""

DOCUMENT_ROWS_MAX: Final = 200
"""Documents of one answer, the newest first; who needs the others narrows the query or takes the workbook."""

DOCUMENT_DAYS_MAX: Final = 366
"""Days of one query that names neither a car nor a customer: a year of a large dealer is looked through in a second.
With one of them, as many as of a list (`EXPORT_DAYS_MAX`)."""

CUSTOMERS_MEANT_MAX: Final = 20
"""Customers that a name in a query may mean; more people of one name are told apart by their phone."""

KEPT_QUERIES_MAX: Final = 50
KEPT_NAME_CHARS_MAX: Final = 40
"""Queries kept under a name on one page, and the length of such a name. Chosen by us: what a menu can hold."""
