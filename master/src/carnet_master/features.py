"""From a customer's fields to what can be compared: values that are equal or not.

Decides which of a record's fields are compared and in which form. Does not decide what an equal value is worth: that is
the model's (`model`) and the tiers'. No distance is measured on Chinese text anywhere: engines disagree about it, and
one character of three is a third of a name.

Rules
1. Every feature is exact: two records agree in it or not, in every engine. What cannot be read is None or ().
2. A value never makes a record worse: a mistyped number, a title, a placeholder is left out.
3. Many-valued features are sorted, each value once, and bounded; a record with more cars than a family has none.
4. Nobody is person and company at once. A company's name in a person's field makes it a company.
5. The features of one version never change. A change of any rule raises `FEATURE_VERSION`, and all records are read
   anew.

    >>> features = customer_features(RawCustomer(full_name="解雨臣", phones=("139 1234 0001",)))
    >>> features.name_pinyin, features.phones
    ('xie yuchen', ('+8613912340001',))
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from carnet_master.addresses import Address, read_address
from carnet_master.birthdays import read_birthday
from carnet_master.cars import read_plate, read_vin
from carnet_master.companies import Company, is_company_name, read_company
from carnet_master.folding import fold_text, load_variants
from carnet_master.identifiers import (
    CreditCode,
    ResidentId,
    read_credit_code,
    read_document,
    read_mistyped_id,
)
from carnet_master.limits import ADDRESSES_MAX, CARS_MAX, CODE_CHARS_MAX, WECHATS_MAX
from carnet_master.names import Name, NameForm, read_name
from carnet_master.phones import Phones, load_metadata, read_phones
from carnet_master.surnames import load_readings

FEATURE_VERSION: Final = 1
"""Stands beside every stored feature and key; a change of any rule raises it."""

PERSON: Final = "person"
COMPANY: Final = "company"

_RESIDENT_ID: Final = "resident_id"
_SEXES: Final = frozenset({"female", "male"})
_NOT_A_HANDLE: Final = frozenset(
    {"无", "没有", "同手机", "同手机号", "手机号", "同上", "none", "no", "n/a", "na", "null", "微信"}
)


@dataclass(frozen=True, slots=True)
class RawAddress:
    """An address as the registry's kind holds it."""

    street: str = ""
    district_code: str = ""
    city_code: str = ""


@dataclass(frozen=True, slots=True)
class RawCustomer:
    """A customer's fields as the registry's kinds hold them, ended and deleted ones left out; "" is what is not there.

    Attributes:
        phones: of the customer's own; not of who brought the car.
        vins, plates: of cars the customer owns or leases now or did; a driver's or payer's are left out.
    """

    party_kind: str = ""
    full_name: str = ""
    pinyin: str = ""
    salutation: str = ""
    sex: str = ""
    id_type: str = ""
    id_no: str = ""
    birth_on: str = ""
    birth_calendar: str = ""
    birth_leap_month: bool = False
    company_name: str = ""
    credit_code: str = ""
    wechats: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    addresses: tuple[RawAddress, ...] = ()
    vins: tuple[str, ...] = ()
    plates: tuple[str, ...] = ()


class Features(NamedTuple):
    """What is compared of one customer, as a plain row; None and () are what is not known.

    Attributes:
        party: "person" or "company".
        name_form: a `NameForm`; a title is no name.
        name, surname, given1, given2: characters of a person's name in normal form.
        name_pinyin, surname_pinyin, given_pinyin: letters; a space between surname and given name in the first.
        sex: "female" or "male", as a document, the field or a title says, in this order.
        resident_id: valid, 18 characters.
        id_head, id_tail: the first 14 and last 12 characters of any number of that shape, mistyped ones too.
        is_id_doubtful: whether a birthday or sex that was typed beside the valid number is not the one it says, so that
            it may be a relative's.
        document: another document, type and number.
        credit_code: valid; `organisation` is what a legal person keeps when its code changes.
        is_sole_trader: whether the credit code is one person's.
        company, company_pinyin, company_branch: a company's own name.
        birth, birth_lunar: YYYYMMDD; `birth_year` is known also when the day is not.
        phones: E.164. wechats: lower case. vins, plates: normal form.
        districts: GB/T 2260. places: district and road or estate. doors: one home each, in each way to say it.
    """

    party: str
    name_form: str
    name: str | None = None
    surname: str | None = None
    given1: str | None = None
    given2: str | None = None
    name_pinyin: str | None = None
    surname_pinyin: str | None = None
    given_pinyin: str | None = None
    sex: str | None = None
    resident_id: str | None = None
    id_head: str | None = None
    id_tail: str | None = None
    is_id_doubtful: bool = False
    document: str | None = None
    credit_code: str | None = None
    organisation: str | None = None
    is_sole_trader: bool = False
    company: str | None = None
    company_pinyin: str | None = None
    company_branch: str | None = None
    birth: str | None = None
    birth_lunar: str | None = None
    birth_year: str | None = None
    phones: tuple[str, ...] = ()
    wechats: tuple[str, ...] = ()
    vins: tuple[str, ...] = ()
    plates: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    version: int = FEATURE_VERSION


def customer_features(raw: RawCustomer) -> Features:
    """What is compared of one customer. Never raises, whatever was typed.

    Args:
        raw: the record as the registry's kinds hold it, any Unicode.
    """
    code = read_credit_code(raw.credit_code)
    is_company = _is_company(raw, code)
    name = (
        Name(NameForm.NONE)
        if is_company
        else read_name(raw.full_name, typed_pinyin=raw.pinyin, salutation=raw.salutation)
    )
    company = _company_of(raw) if is_company else None
    phones = read_phones(raw.phones)
    identity = None if is_company else _identity_of(raw, phones)
    valid = identity if identity is not None and identity.is_valid else None
    birth = read_birthday(
        "" if is_company else raw.birth_on,
        calendar=raw.birth_calendar,
        is_leap_month=raw.birth_leap_month,
        id_birth=valid.birth if valid else None,
    )
    addresses = [read_address(one.district_code, one.street, city_code=one.city_code) for one in raw.addresses]
    addresses = addresses[:ADDRESSES_MAX]
    return Features(
        party=COMPANY if is_company else PERSON,
        name_form=name.form.value,
        name=name.name,
        surname=name.surname,
        given1=name.given1,
        given2=name.given2,
        name_pinyin=name.pinyin,
        surname_pinyin=name.surname_pinyin,
        given_pinyin=name.given_pinyin,
        sex=None if is_company else _sex_of(raw, valid, name),
        resident_id=valid.number if valid else None,
        id_head=identity.head if identity else None,
        id_tail=identity.tail if identity else None,
        is_id_doubtful=valid is not None and _is_doubtful(raw, valid),
        document=None if is_company else _document_of(raw),
        credit_code=code.code if code else None,
        organisation=code.organisation if code else None,
        is_sole_trader=code is not None and code.is_sole_trader,
        company=company.name if company else None,
        company_pinyin=company.pinyin if company else None,
        company_branch=company.branch if company else None,
        birth=birth.solar,
        birth_lunar=birth.lunar,
        birth_year=birth.year,
        phones=phones.numbers,
        wechats=_each_once(_handle, raw.wechats)[:WECHATS_MAX],
        vins=_cars(read_vin, raw.vins),
        plates=_cars(read_plate, raw.plates),
        districts=_sorted(one.district for one in addresses),
        places=_sorted(_place_of(one) for one in addresses),
        doors=_sorted(door for one in addresses for door in one.doors),
    )


def load_dictionaries() -> None:
    """Load everything that is loaded on first use, so that the first record of a long run need not wait."""
    load_variants()
    load_readings()
    load_metadata()


def _is_company(raw: RawCustomer, code: CreditCode | None) -> bool:
    """Rule 4. Who ticks "company" means it; "person" stands there by itself, so what was typed weighs more."""
    if raw.party_kind == COMPANY:
        return True
    if raw.full_name.strip():
        return is_company_name(raw.full_name)
    return bool(raw.company_name.strip()) or code is not None


def _company_of(raw: RawCustomer) -> Company | None:
    """The company's name, wherever it was typed; a contact's name is none."""
    is_in_name = not raw.company_name.strip() and is_company_name(raw.full_name)
    return read_company(raw.full_name if is_in_name else raw.company_name)


def _identity_of(raw: RawCustomer, phones: Phones) -> ResidentId | None:
    """The number on file; else a valid one that was typed as a telephone, if there is only one."""
    typed = read_mistyped_id(raw.id_no) if raw.id_type in {"", _RESIDENT_ID} else None
    if typed is not None and typed.is_valid:
        return typed
    return phones.resident_ids[0] if len(phones.resident_ids) == 1 else typed


def _is_doubtful(raw: RawCustomer, identity: ResidentId) -> bool:
    """Whether what was typed beside a number says somebody else; a lunar birthday says nothing."""
    typed = read_birthday(raw.birth_on, calendar=raw.birth_calendar).solar
    is_other_day = typed is not None and typed != identity.birth
    return is_other_day or (raw.sex in _SEXES and raw.sex != identity.sex)


def _document_of(raw: RawCustomer) -> str | None:
    if raw.id_type == _RESIDENT_ID or (not raw.id_type and read_mistyped_id(raw.id_no)):
        return None
    return read_document(raw.id_type, raw.id_no)


def _sex_of(raw: RawCustomer, identity: ResidentId | None, name: Name) -> str | None:
    typed = raw.sex if raw.sex in _SEXES else None
    return (identity.sex if identity else None) or typed or name.sex


def _handle(text: str) -> str | None:
    """A WeChat id: lower case without spaces; words that say there is none are none."""
    folded = fold_text(text).replace(" ", "")[:CODE_CHARS_MAX]
    return None if not folded or folded in _NOT_A_HANDLE else folded


def _place_of(address: Address) -> str | None:
    return f"{address.district or ''}:{address.place}" if address.place else None


def _cars(read: Callable[[str], str | None], texts: tuple[str, ...]) -> tuple[str, ...]:
    """Rule 3. How many cars there are is counted as typed, so that a fleet never looks like a family."""
    return _each_once(read, texts) if len(texts) <= CARS_MAX else ()


def _each_once(read: Callable[[str], str | None], texts: Iterable[str]) -> tuple[str, ...]:
    return _sorted(map(read, texts))


def _sorted(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value is not None}))
