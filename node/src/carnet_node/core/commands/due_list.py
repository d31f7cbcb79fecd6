"""Whom a site reminds on one day, of what, and who is left alone and why.

Decides which occasions of a customer are due, and whether the customer may be called about each. Nobody is left out:
what must not be done stands there locked, so that a person sees that it was thought of. Does not decide on which days a
birthday falls (`birthdays`) nor what a reminder has to say (`commands`).

    occasion                  due from     until                     may be called
    ------------------------  -----------  ------------------------  ---------------------------------------------
    birthday                  3 days ahead the day itself            who has agreed to offers
    next service              14 days      30 days behind it         who has not declined service
    insurance, inspection     30, 60 days  30 days behind it         who has not declined service

Rules
1. A general do-not-contact locks everything.
2. A birthday is a wish for business and needs a consent that stands; the others serve a car that the site looks after,
   and need that nobody has said no.
3. Who was reached, booked, sent something or refused, is done with that day; after no answer or a wrong number it stays
   due.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from carnet_node.core.commands.birthdays import Birthday, birthdays_within
from carnet_node.core.shop_limits import (
    BIRTHDAY_DAYS_AHEAD,
    INSPECTION_DAYS_AHEAD,
    INSURANCE_DAYS_AHEAD,
    OVERDUE_DAYS,
    SERVICE_DAYS_AHEAD,
)
from carnet_protocol.ids import RecordId

BIRTHDAY: Final = "birthday"
_STILL_DUE: Final = frozenset({"no_answer", "wrong_number"})

_WINDOWS: Final = {
    BIRTHDAY: (BIRTHDAY_DAYS_AHEAD, 0),
    "next_service": (SERVICE_DAYS_AHEAD, OVERDUE_DAYS),
    "insurance": (INSURANCE_DAYS_AHEAD, OVERDUE_DAYS),
    "inspection": (INSPECTION_DAYS_AHEAD, OVERDUE_DAYS),
}
"""Days before and behind the day itself."""


class Hold(StrEnum):
    """Why somebody is left alone."""

    SILENT = "silent"
    NO_CONSENT = "no consent"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class CarDates:
    """The days of one car of a customer, as ISO text; None where nothing is known."""

    vehicle: RecordId
    next_service: str | None = None
    insurance: str | None = None
    inspection: str | None = None


@dataclass(frozen=True, slots=True)
class Reminded:
    """A reminder that was made."""

    occasion: str
    due_on: str
    vehicle: RecordId | None
    result: str


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, as far as the list asks.

    Attributes:
        is_silent: a general do-not-contact stands, here or anywhere.
        offers, service: the last word on being called about offers and service; None for no word.
    """

    customer: RecordId
    birthday: Birthday | None
    is_silent: bool
    offers: bool | None
    service: bool | None


@dataclass(frozen=True, slots=True)
class Due:
    """One line of the list.

    Attributes:
        vehicle: None for a birthday.
        hold: None where the customer may be called.
    """

    customer: RecordId
    occasion: str
    due_on: date
    vehicle: RecordId | None
    hold: Hold | None


def due_of(person: Person, cars: Iterable[CarDates], reminded: Iterable[Reminded], today: date) -> tuple[Due, ...]:
    """What one customer is reminded of today, by day, then by occasion.

    Args:
        cars: that the customer has now.
        reminded: of this customer.
        today: at the site.
    """
    done = {(one.occasion, one.due_on, one.vehicle) for one in reminded if one.result not in _STILL_DUE}
    found = [*_birthdays(person, today), *(line for car in cars for line in _of_car(person, car, today))]
    left = [one for one in found if (one.occasion, one.due_on.isoformat(), one.vehicle) not in done]
    return tuple(sorted(left, key=lambda one: (one.due_on, one.occasion, one.vehicle or b"")))


def hold_of(person: Person, occasion: str) -> Hold | None:
    """Rules 1 and 2: why a customer is not called about an occasion; None when they may be."""
    if person.is_silent:
        return Hold.SILENT
    if occasion == BIRTHDAY:
        return None if person.offers else (Hold.NO_CONSENT if person.offers is None else Hold.DECLINED)
    return Hold.DECLINED if person.service is False else None


def _birthdays(person: Person, today: date) -> list[Due]:
    if person.birthday is None:
        return []
    ahead, behind = _WINDOWS[BIRTHDAY]
    days = birthdays_within(person.birthday, today - timedelta(behind), today + timedelta(ahead))
    return [Due(person.customer, BIRTHDAY, day, None, hold_of(person, BIRTHDAY)) for day in days]


def _of_car(person: Person, car: CarDates, today: date) -> list[Due]:
    said = {"next_service": car.next_service, "insurance": car.insurance, "inspection": car.inspection}
    found = []
    for occasion, text in said.items():
        ahead, behind = _WINDOWS[occasion]
        day = date.fromisoformat(text) if text else None
        if day is not None and today - timedelta(behind) <= day <= today + timedelta(ahead):
            found.append(Due(person.customer, occasion, day, car.vehicle, hold_of(person, occasion)))
    return found
