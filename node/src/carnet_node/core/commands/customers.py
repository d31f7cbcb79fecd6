"""Commands on customers: the person or company, telephone numbers, addresses, what they allow.

Decides what a customer record needs before it is saved, and that what belongs to it (phones, addresses, preference,
consents) travels in the same change set. A customer belongs to this site: records of other sites are never edited here.
Whether two customers are one is the hub's question.

`do_not_contact` is restrictive: it shows as soon as one of several concurrent versions says so, and goes only by a
later statement that is based on it. A consent is a fact: given or withdrawn at a moment, never edited; the latest
statement that stands counts per purpose and channel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from carnet_node.core.commands.birthdays import lunar_problem
from carnet_node.core.commands.cleaning import (
    carried_values,
    clean_values,
    is_calendar_date,
    no_such_day,
    paper_problems,
)
from carnet_node.core.commands.drafting import (
    Drafts,
    NewId,
    Read,
    checked_values,
    draft_delete,
    draft_edit,
    draft_new,
    draft_retraction,
    missing,
    stated_anew,
)
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import Problem, ProblemCode, refuse, refuse_if_any
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ADDRESS, CONSENT, CONTACT_PREFERENCE, CUSTOMER, PHONE
from carnet_protocol.registry import Kind, Value

Values = Mapping[str, Value]

_BIRTH: Final = frozenset({"birth_on", "birth_calendar", "birth_leap_month"})
"""One register: a day, and the calendar it is of."""


@dataclass(frozen=True, slots=True)
class AddCustomer:
    """A new customer with everything the form holds; `customer_id` of the children is filled in here.

    Attributes:
        today: at the site, by which days are judged; None where no day is known.
    """

    values: Values
    phones: Sequence[Values] = ()
    addresses: Sequence[Values] = ()
    preference: Values | None = None
    consents: Sequence[Values] = ()
    today: Today | None = None


@dataclass(frozen=True, slots=True)
class EditCustomer:
    """Changes of a customer that was read.

    Attributes:
        today: as of `AddCustomer`; a birthday that stays as it was is not judged.
    """

    read: Read
    changes: Values
    today: Today | None = None


@dataclass(frozen=True, slots=True)
class AddPart:
    """One more phone, address, preference or consent of a customer; `today` as of `AddCustomer`."""

    kind: Kind
    customer: RecordId
    values: Values
    today: Today | None = None


@dataclass(frozen=True, slots=True)
class EditPart:
    """Changes of a phone, address or preference that was read; `today` as of `AddCustomer`."""

    kind: Kind
    read: Read
    changes: Values
    today: Today | None = None


class _Reading(Protocol):
    """`clean_values` or `carried_values`."""

    def __call__(
        self, kind: Kind, values: Values, *, where: str = "", today: Today | None = None
    ) -> tuple[dict[str, Value], list[Problem]]: ...


@dataclass(frozen=True, slots=True)
class _Form:
    """Drafts and problems of a form being worked through."""

    customer: RecordId
    new_id: NewId
    today: Today | None
    read: _Reading
    drafts: list[Draft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def add_customer(command: AddCustomer, new_id: NewId) -> Drafts:
    """Drafts of a new customer and what belongs to it; the customer comes first.

    Raises:
        CommandRefused: a person without a name, a company without its name, a day that cannot be, or any value that is
            none.
    """
    return _new_customer(command, new_id, clean_values)


def carry_customer(command: AddCustomer, new_id: NewId) -> Drafts:
    """As `add_customer`, of somebody on file elsewhere: numbers of papers and codes of places stay as they were taken.

    Raises:
        CommandRefused: as there, but for a number whose last character does not fit, and a code that no place has.
    """
    return _new_customer(command, new_id, carried_values)


def _new_customer(command: AddCustomer, new_id: NewId, read: _Reading) -> Drafts:
    form = _Form(new_id(), new_id, command.today, read)
    values, problems = read(CUSTOMER, command.values, today=command.today)
    form.problems.extend([*problems, *_birth_problems(values, problems), *_customer_problems(values)])
    form.drafts.append(draft_new(CUSTOMER, form.customer, values))
    _add_parts(form, PHONE, command.phones, "phones")
    _add_parts(form, ADDRESS, command.addresses, "addresses")
    _add_parts(form, CONTACT_PREFERENCE, [command.preference] if command.preference else [], "preference")
    _add_parts(form, CONSENT, command.consents, "consents")
    refuse_if_any(form.problems)
    return tuple(form.drafts)


def edit_customer(command: EditCustomer) -> Drafts:
    """What changes of a customer; no draft when nothing does.

    Raises:
        CommandRefused: the result would lack its name, a new birthday cannot be, or a value is none. The number of a
            paper that stays as it was is not judged.
    """
    changes, problems = carried_values(CUSTOMER, stated_anew(command.read, command.changes), today=command.today)
    after = {**command.read.values, **changes}
    problems += _changed_papers(command.read.values, after)
    if _BIRTH & changes.keys():
        problems += _birth_problems(after, problems)
    refuse_if_any(problems + _customer_problems(after))
    draft = draft_edit(CUSTOMER, command.read, changes)
    return () if draft is None else (draft,)


def add_part(command: AddPart, new_id: NewId) -> Drafts:
    """One more child record of a customer.

    Raises:
        CommandRefused: it lacks what its kind needs, or a value is none.
    """
    values, problems = clean_values(command.kind, command.values, today=command.today)
    refuse_if_any(problems + part_problems(command.kind, values, ""))
    return (draft_new(command.kind, new_id(), {**values, "customer_id": command.customer}),)


def edit_part(command: EditPart) -> Drafts:
    """What changes of a child record; no draft when nothing does.

    Raises:
        CommandRefused: a fact, the owner would change, or what its kind needs would be gone.
    """
    if command.kind.is_fact:
        raise refuse("id", ProblemCode.LOCKED, "A statement is never edited.", "Retract it and record a new one.")
    changes = checked_values(command.kind, stated_anew(command.read, command.changes), today=command.today)
    if changes.get("customer_id", command.read.values.get("customer_id")) != command.read.values.get("customer_id"):
        raise refuse("customer_id", ProblemCode.LOCKED, "It belongs to its customer for good.", "Add it there anew.")
    refuse_if_any(part_problems(command.kind, {**command.read.values, **changes}, ""))
    draft = draft_edit(command.kind, command.read, changes)
    return () if draft is None else (draft,)


def remove_part(kind: Kind, read: Read) -> Drafts:
    """Take a phone, address or preference away; a concurrent edit elsewhere keeps it visible.

    Raises:
        CommandRefused: a fact.
    """
    return (draft_delete(kind, read),)


def retract_consent(read: Read, reason: str) -> Drafts:
    """Take back a statement that was recorded by mistake; a customer who changes their mind makes a new statement.

    Raises:
        CommandRefused: no reason, or retracted already.
    """
    return (draft_retraction(CONSENT, read, reason),)


def called(values: Values) -> Value:
    """What a customer is called: the name of the person, else of the company."""
    return values.get("full_name") or values.get("company_name")


def part_problems(kind: Kind, values: Values, where: str) -> list[Problem]:
    """What a child record of a customer lacks."""
    if kind is PHONE and not values.get("number"):
        return [missing(where + "number", "A telephone entry needs its number.")]
    if kind is ADDRESS:
        return _address_problems(values, where)
    if kind is CONTACT_PREFERENCE:
        return _preference_problems(values, where)
    if kind is CONSENT:
        needed = ("purpose", "statement", "stated_at")
        return [
            missing(where + name, "A statement needs purpose, answer and moment.")
            for name in needed
            if values.get(name) is None
        ]
    return []


def _add_parts(form: _Form, kind: Kind, listed: Sequence[Values], name: str) -> None:
    for place, typed in enumerate(listed):
        where = f"{name}[{place}]."
        values, problems = form.read(kind, typed, where=where, today=form.today)
        form.problems.extend(problems + part_problems(kind, values, where))
        form.drafts.append(draft_new(kind, form.new_id(), {**values, "customer_id": form.customer}))


def _changed_papers(before: Values, after: Values) -> list[Problem]:
    """What is wrong with numbers of papers, where the number or what it is the number of has changed."""
    fields = {"credit_code": ("credit_code",), "id_no": ("id_type", "id_no")}
    changed = {one for one, names in fields.items() if any(after.get(name) != before.get(name) for name in names)}
    return [one for one in paper_problems(after) if one.field in changed]


def _birth_problems(values: Values, told: Sequence[Problem]) -> list[Problem]:
    """Why there is no such birthday in the calendar that stands beside it.

    Args:
        told: problems that are known; a birthday that has one gets no second.
    """
    born = values.get("birth_on")
    if not isinstance(born, str) or any(one.field == "birth_on" for one in told):
        return []
    if values.get("birth_calendar") == "lunar":
        problem = lunar_problem("birth_on", born, is_leap=bool(values.get("birth_leap_month")))
        return [] if problem is None else [problem]
    if is_calendar_date(born):
        return []
    return [no_such_day("birth_on", born)]


def _customer_problems(values: Values) -> list[Problem]:
    party_kind = values.get("party_kind")
    if party_kind is None:
        return [missing("party_kind", "Say whether this is a person or a company.")]
    if party_kind == "person" and not values.get("full_name"):
        return [missing("full_name", "A person needs a name.")]
    if party_kind == "company" and not values.get("company_name"):
        return [missing("company_name", "A company needs its registered name.")]
    return []


def _address_problems(values: Values, where: str) -> list[Problem]:
    place = ("province_code", "city_code", "district_code", "street", "postcode")
    if not any(values.get(name) for name in place):
        return [missing(where + "street", "An address needs at least a street or a place.")]
    return period_problems(values, where)


def _preference_problems(values: Values, where: str) -> list[Problem]:
    hours = (values.get("from_hour"), values.get("to_hour"))
    if (hours[0] is None) != (hours[1] is None):
        return [missing(where + ("from_hour" if hours[0] is None else "to_hour"), "A window has two ends.")]
    return []


def period_problems(values: Values, where: str) -> list[Problem]:
    """What is wrong with a period: it must not end before it begins."""
    begin, end = values.get("from_on"), values.get("to_on")
    if isinstance(begin, str) and isinstance(end, str) and end < begin:
        return [
            Problem(
                where + "to_on",
                ProblemCode.BAD_ORDER,
                "The end lies before the beginning.",
                "Correct one of the dates.",
            )
        ]
    return []
