"""A party on a day, as a dealer's staff put it down.

Decides which fields are filled in, in which spelling, and which of them are wrong. Older records are emptier and less
careful than recent ones, WeChat names begin in the fourth year: a file of ten years is not of one kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeVar

from bench.population import numbers, slips, words
from bench.population.habits import Habits
from bench.population.knobs import Knobs
from bench.population.truth import COMPANY, DAYS, Car, Home, Party, SourceRecord, Vehicle

_WECHAT_SINCE: Final = 1_000
_BORN_WITH_SHORT_ID: Final = "1985"
_CARELESS_THEN: Final = 1.35
_CARELESS_NOW: Final = 0.75
"""How a site's mistakes and gaps change from the first day to the last."""

_ID_TIDY: Final = 0.9
T = TypeVar("T")

_PLACEHOLDERS: Final = ("19000101", "19700101", "19800101", "20000101")


@dataclass(frozen=True, slots=True)
class Desk:
    """Who types, where and when.

    Attributes:
        dealer: the site's number.
        day: 0 to `DAYS - 1`.
    """

    dice: Random
    knobs: Knobs
    habits: Habits
    dealer: int
    day: int

    def errs(self, rate: float) -> bool:
        """Whether a mistake of this rate happens here and now."""
        return self.dice.random() < rate * self.habits.carelessness * self._drift()

    def omits(self, rate: float) -> bool:
        """Whether something is left out: a site leaves out more or less, never less than half or more than all."""
        return self.dice.random() < min(rate * self.habits.gaps * (0.5 + self._drift() / 2), 1.0)

    def chance(self, rate: float) -> bool:
        """Whether something of this rate happens that is nobody's fault."""
        return self.dice.random() < rate

    def _drift(self) -> float:
        return _CARELESS_THEN + (_CARELESS_NOW - _CARELESS_THEN) * self.day / DAYS


def write_down(desk: Desk, party: Party, relatives: Sequence[Party]) -> SourceRecord:
    """The record of a party at a dealer.

    Args:
        desk: who types.
        party: whom it is about.
        relatives: the others of the household, whose numbers may be given instead.
    """
    made = _company(desk, party) if party.kind == COMPANY else _person(desk, party, relatives)
    place = _address(desk, party)
    return SourceRecord(
        id=f"{desk.dice.getrandbits(64):016x}",
        dealer=desk.dealer,
        day=desk.day,
        party_kind=party.kind,
        segment=party.segment,
        vehicles=_vehicles(desk, party),
        **place,
        **made,
    )


def _person(desk: Desk, party: Party, relatives: Sequence[Party]) -> dict[str, Any]:
    born, calendar = _birthday(desk, party)
    wechat = "" if desk.day < _WECHAT_SINCE or desk.omits(desk.knobs.no_wechat) else party.wechat
    if wechat and desk.errs(desk.knobs.wrong_wechat):
        wechat = slips.wrong_digits(desk.dice, wechat)
    return {
        "full_name": _name(desk, party),
        "sex": "" if desk.omits(desk.knobs.no_sex) else party.sex,
        "id_no": _id_number(desk, party, relatives),
        "birth_on": born,
        "birth_calendar": calendar,
        "phones": _phones(desk, party, relatives),
        "wechat": wechat,
    }


def _company(desk: Desk, party: Party) -> dict[str, Any]:
    name, code = party.surname, party.document
    if desk.chance(0.35):
        name = _short_company(desk, name)
    if desk.errs(desk.knobs.wrong_character):
        name = slips.wrong_character(desk.dice, name, name)[1]
    if desk.chance(desk.habits.full_width * 4):
        name = name.replace(party.homes[0][1].place.city, f"（{party.homes[0][1].place.city}）", 1)
    if desk.omits(desk.knobs.no_id * 0.6):
        code = ""
    elif desk.errs(desk.knobs.wrong_id):
        code = slips.misread(desk.dice, code)
    contact, number = party.contact
    if desk.omits(0.3):
        contact = ""
    phones = _phones(desk, party, ())
    if number not in phones and contact and desk.chance(0.5):
        phones = (*phones, number)
    return {"company_name": name, "credit_code": code, "company_contact": contact, "phones": phones}


def _short_company(desk: Desk, name: str) -> str:
    """A firm as people call it: without its form, without 市, with the form spelt otherwise."""
    for form in ("股份有限公司", "有限责任公司", "有限公司"):
        if form in name:
            return name.replace(form, desk.dice.choice(("", "公司", "有限公司", "有限责任公司"))).replace("市", "", 1)
    return name.replace("市", "", 1)


def _name(desk: Desk, party: Party) -> str:
    dice, knobs = desk.dice, desk.knobs
    surname, given = party.surname, party.given
    if "·" in surname:
        return slips.other_dot(dice, party.name) if desk.chance(0.25) else party.name
    if desk.errs(knobs.title_only):
        return slips.title_only(dice, surname, party.sex)
    if desk.errs(knobs.wrong_character):
        surname, given = slips.wrong_character(dice, surname, given)
    if desk.errs(knobs.dropped_character):
        given = slips.dropped_character(dice, given)
    name = surname + given
    if desk.chance(desk.habits.traditional):
        name = name.translate(words.TRADITIONAL)
    if desk.chance(desk.habits.adds_title):
        name = slips.with_something_behind(dice, name)
    elif desk.chance(0.01):
        name = slips.spread(dice, name)
    return name


def _id_number(desk: Desk, party: Party, relatives: Sequence[Party]) -> str:
    dice = desk.dice
    if desk.omits(desk.knobs.no_id):
        return ""
    number = party.document
    others = [one.document for one in relatives if one.kind != COMPANY]
    if others and desk.chance(desk.knobs.relative_id):
        number = dice.choice(others)
    if party.born < _BORN_WITH_SHORT_ID and desk.chance(desk.habits.short_ids):
        return numbers.short_id(number)
    if desk.errs(desk.knobs.wrong_id):
        return slips.wrong_digits(dice, number)
    if desk.chance(desk.habits.full_width):
        return slips.full_width(number)
    return number if desk.chance(_ID_TIDY) else f"{number[:6]} {number[6:14]} {number[14:].lower()}"


def _birthday(desk: Desk, party: Party) -> tuple[str, str]:
    """Day and calendar; the calendar is often not asked for."""
    knobs = desk.knobs
    if desk.omits(knobs.no_birthday):
        return "", ""
    if desk.errs(knobs.placeholder_birthday):
        text = desk.dice.choice((*_PLACEHOLDERS, party.born[:4] + "0101"))
        return _dashed(text), ""
    if party.lunar and desk.chance(0.5):
        return _dashed(party.lunar), "" if desk.chance(knobs.unmarked_lunar) else "lunar"
    born = slips.wrong_day(desk.dice, party.born) if desk.errs(knobs.wrong_birthday) else party.born
    return _dashed(born), "" if desk.chance(0.5) else "solar"


def _dashed(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _phones(desk: Desk, party: Party, relatives: Sequence[Party]) -> tuple[str, ...]:
    dice, knobs = desk.dice, desk.knobs
    if desk.omits(knobs.no_phone):
        return (desk.habits.shop_phone,) if desk.habits.shop_phone else ()
    if party.document and party.kind != COMPANY and desk.errs(knobs.id_in_phone_field):
        return (party.document,)
    lines = relatives and desk.errs(knobs.relative_phone)
    number = _then(desk, dice.choice(relatives).phones if lines else party.phones)
    if desk.errs(knobs.wrong_phone):
        number = slips.wrong_digits(dice, number)
    found = [_spelt(desk, number)]
    if len(party.phones) > 1 and desk.day >= party.phones[1][0] and desk.chance(0.2):
        found.append(party.phones[0][1])
    return tuple(found)


def _spelt(desk: Desk, number: str) -> str:
    if "-" in number:
        return slips.with_extension(desk.dice, number) if desk.chance(0.2) else number
    style = desk.habits.phone_style if desk.chance(0.6) else "{0}{1}{2}"
    text = style.format(number[:3], number[3:7], number[7:])
    return slips.full_width(text) if desk.chance(desk.habits.full_width) else text


def _then(desk: Desk, history: Sequence[tuple[int, T]]) -> T:
    """What was true on the day, or, out of an older file, what was true first."""
    if len(history) > 1 and desk.errs(desk.knobs.old_details):
        return history[0][1]
    return next(value for since, value in reversed(history) if since <= desk.day)


def _address(desk: Desk, party: Party) -> dict[str, Any]:
    if not party.homes or desk.omits(desk.knobs.no_address):
        return {}
    home: Home = _then(desk, party.homes)
    street = f"{home.street}{home.number}号"
    if home.estate and desk.chance(0.7):
        street = f"{street}{home.estate}" if desk.chance(0.6) else home.estate
    if party.kind != COMPANY and not desk.chance(desk.habits.house_only):
        street += desk.habits.room_style.format(*home.room)
    if desk.habits.writes_region:
        street = f"{home.place.city}{home.place.district}{street}"
    if desk.chance(0.15):
        return {"street": street}
    code = home.place.code
    return {"province_code": code[:2], "city_code": code[:4], "district_code": code, "street": street}


def _vehicles(desk: Desk, party: Party) -> tuple[Vehicle, ...]:
    cars = [one for one in party.cars if one.since <= desk.day]
    if not cars or desk.omits(desk.knobs.no_car):
        return ()
    if party.kind == COMPANY:
        chosen = desk.dice.sample(cars, min(len(cars), desk.dice.randint(1, 4)))
    else:
        chosen = [cars[-1]]
        if len(cars) > 1 and desk.chance(desk.habits.cars_kept):
            chosen.append(cars[-2])
    return tuple(_vehicle(desk, one) for one in chosen)


def _vehicle(desk: Desk, car: Car) -> Vehicle:
    vin, plate = car.vin, car.plate
    if desk.errs(desk.knobs.wrong_car):
        if desk.chance(0.5):
            vin = slips.misread(desk.dice, vin)
        else:
            plate = slips.misread(desk.dice, plate)
    if desk.chance(0.12):
        vin = ""
    elif desk.chance(0.08):
        plate = ""
    if plate and desk.chance(0.05):
        plate = f"{plate[:2]}{desk.dice.choice(('·', ' ', '-'))}{plate[2:]}"
    return Vehicle(vin, plate)
