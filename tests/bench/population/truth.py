"""What is true in the made-up country: who somebody is, and what was true of them on a day.

Decides the values that `people` and `firms` fill in and that `typist` reads. A day is a whole number, 0 to `DAYS - 1`,
over ten years; a fact of a period holds from its first day until the next one begins.
"""

from dataclasses import dataclass, field
from typing import Final

DAYS: Final = 3_650
NOBODY: Final = -1

PERSON: Final = "person"
COMPANY: Final = "company"


@dataclass(frozen=True, slots=True)
class Place:
    """A district.

    Attributes:
        code: six digits.
    """

    code: str
    province: str
    city: str
    district: str


@dataclass(frozen=True, slots=True)
class Home:
    """A door.

    Attributes:
        room: building, unit and room as numbers.
    """

    place: Place
    street: str
    number: int
    estate: str
    room: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Car:
    """A car and the plate it carries while one party has it."""

    vin: str
    plate: str
    since: int = 0


@dataclass(slots=True)
class Party:
    """One person or company: what the master should find to be one.

    Attributes:
        number: its place in `Population.parties`.
        household: people behind one door, or the owner and his shop; relations, never the same party.
        given: given name; empty for a company, whose name is `surname`.
        born: YYYYMMDD by the solar calendar; empty for a company.
        lunar: the same day by the lunar calendar, when that one is kept; else empty.
        document: resident id or credit code.
        phones, homes, cars: what was true since when, the oldest first.
        contact: who answers for a company: name and number.
    """

    number: int
    kind: str
    household: int
    surname: str
    given: str
    sex: str = ""
    born: str = ""
    lunar: str = ""
    document: str = ""
    segment: str = "private"
    wechat: str = ""
    contact: tuple[str, str] = ("", "")
    phones: list[tuple[int, str]] = field(default_factory=list)
    homes: list[tuple[int, Home]] = field(default_factory=list)
    cars: list[Car] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The full name."""
        return self.surname + self.given


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A car as a record names it; either may be empty."""

    vin: str
    plate: str


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """What one dealer's staff put down about a party: the fields of the registry's kinds around a customer, as typed.

    Attributes:
        id: 16 hexadecimal digits; says nothing about the party.
        dealer: which site.
        day: when it was written.
        phones: as typed, the preferred one first.
        district_code: six digits, or empty.
        street: the rest of the address in one line.
    """

    id: str
    dealer: int
    day: int
    party_kind: str
    segment: str = ""
    full_name: str = ""
    salutation: str = ""
    sex: str = ""
    id_no: str = ""
    birth_on: str = ""
    birth_calendar: str = ""
    company_name: str = ""
    credit_code: str = ""
    company_contact: str = ""
    phones: tuple[str, ...] = ()
    province_code: str = ""
    city_code: str = ""
    district_code: str = ""
    street: str = ""
    wechat: str = ""
    vehicles: tuple[Vehicle, ...] = ()
