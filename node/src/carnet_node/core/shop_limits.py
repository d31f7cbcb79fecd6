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

BOARD_ROWS_MAX: Final = 600
"""Cars on the board: a large dealer has a hundred in the shop; five hundred have to fit."""

APPOINTMENTS_PER_DAY_MAX: Final = 2_000
"""Appointments of one day that are looked at: 30 bays for twelve hours, one every quarter of an hour, and room."""

REQUESTED_ROWS_MAX: Final = 200
"""Appointments that wait for a slot on one page, the oldest first: more than a week of calls nobody answered."""
