"""The form of a customer: from a card to texts, and from texts to one set of drafts.

Decides how the rows of a form stand for records: a row with an id is one that was on file, based on the heads it was
rendered from; a row without is new; a row that is ticked goes. Which values are right is the commands' business.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from carnet_node.core.commands.customers import (
    AddCustomer,
    AddPart,
    EditCustomer,
    EditPart,
    add_part,
    edit_customer,
    edit_part,
    remove_part,
)
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import CommandRefused, Problem, ProblemCode, refuse, refuse_if_any, refuse_together
from carnet_node.core.saving.basis import as_read, read_of_view
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import CustomerCard
from carnet_node.entrypoints.pages.formats import Clockface, phone_in_field
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.phone_forms import READ_OUT, doubted_phones
from carnet_node.entrypoints.pages.typed import TICKED, Reader
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import ADDRESS, CONTACT_PREFERENCE, CUSTOMER, PHONE
from carnet_protocol.registry import Kind, Value

OWN_FIELDS: Final = (
    "party_kind",
    "full_name",
    "pinyin",
    "salutation",
    "sex",
    "company_name",
    "credit_code",
    "company_contact",
    "segment",
    "birth_on",
    "birth_calendar",
    "birth_leap_month",
    "wechat",
    "note",
)
PHONE_FIELDS: Final = ("number", "phone_kind", "is_preferred", "is_bad")
ADDRESS_FIELDS: Final = ("street", "district_code", "city_code", "province_code", "postcode", "address_kind")
PREFERENCE_FIELDS: Final = ("do_not_contact", "channel", "from_hour", "to_hour")
_PREFERENCE: Final = re.compile(r"^preference(\[)")
_AS_REFUSED: Final = {"preferences": "preference"}
"""Lists that the core spells otherwise, because it knows of one where the form has a list."""

LISTS: Final[Mapping[str, tuple[Kind, tuple[str, ...]]]] = {
    "phones": (PHONE, PHONE_FIELDS),
    "addresses": (ADDRESS, ADDRESS_FIELDS),
    "preferences": (CONTACT_PREFERENCE, PREFERENCE_FIELDS),
}
_ROW: Final = frozenset({"id", BASED_ON, "gone", f"number{READ_OUT}"})


def card_as_texts(card: CustomerCard) -> dict[str, str]:
    """What is on file, as the fields of the form."""
    texts = {name: text_of(card.customer.values.get(name)) for name in OWN_FIELDS}
    for name, views in (("phones", card.phones), ("addresses", card.addresses), ("preferences", card.preferences)):
        for place, view in enumerate(views):
            where = f"{name}[{place}]."
            texts |= {where + one: text_of(view.values.get(one)) for one in LISTS[name][1]}
            if name == "phones":
                texts[where + "number"] = phone_in_field(view.values.get("number"))
            texts |= {where + "id": record_text(view.id), where + BASED_ON: view.heads.to_text()}
    return {name: text for name, text in texts.items() if text}


def text_of(value: Value) -> str:
    """A value as it stands in a field."""
    if value is None or value is False:
        return ""
    return TICKED if value is True else str(value)


def new_customer(typed: Typed, reader: Reader, today: Today) -> AddCustomer:
    """The command behind a form that was empty."""
    values = reader.values(CUSTOMER, _own(typed))
    listed = {name: [_row_values(typed, name, place, reader) for place in _filled(typed, name)] for name in LISTS}
    reader.problems += doubted_phones(typed, *numbers_of(typed))
    preferences = [one for one in listed["preferences"] if any(one.values())]
    preference = preferences[0] if preferences else None
    return AddCustomer(values, listed["phones"], listed["addresses"], preference, today=today)


def numbers_of(typed: Typed) -> list[str]:
    """The fields of a form in which telephone numbers stand."""
    return [f"phones[{place}].number" for place in _filled(typed, "phones")]


def row_on_file(views: Iterable[RecordView], row: str) -> RecordView:
    """The record a row of a form is of.

    Args:
        views: those that stand in the list now.
        row: the id the form was rendered with.

    Raises:
        CommandRefused: it is not there any more.
    """
    found = next((one for one in views if record_text(one.id) == row), None)
    if found is None:
        raise refuse("id", ProblemCode.NOT_FOUND, "Somebody else has taken this row away.", "Open the page again.")
    return found


def at_own_rows(form: FormState) -> FormState:
    """A refused form whose sentences stand beside its rows: the core knows of one preference, the form has a list."""
    if form.explained is None:
        return form
    problems = (replace(one, field=_PREFERENCE.sub(r"preferences\1", one.field)) for one in form.explained.problems)
    return replace(form, explained=replace(form.explained, problems=tuple(problems)))


def card_drafts(card: CustomerCard, typed: Typed, clockface: Clockface, today: Today, new_id: NewId) -> Drafts:
    """What a form changes of a customer and what belongs to it.

    Raises:
        CommandRefused: everything that is wrong, each with its place in the form; nothing is drafted.
    """
    problems: list[Problem] = []
    drafts: list[Draft] = []
    rows = [_Row(name, place) for name in LISTS for place in _filled(typed, name)]
    for row in (None, *rows):
        try:
            drafts += (
                _own_drafts(card.customer, typed, clockface, today)
                if row is None
                else _row_drafts(card, typed, row, clockface, today, new_id)
            )
        except CommandRefused as refused:
            where = "" if row is None else row.where
            problems += [replace(one, field=where + one.field) for one in refused.problems]
    refuse_if_any(problems)
    return tuple(drafts)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of one of the lists."""

    name: str
    place: int

    @property
    def where(self) -> str:
        """What stands before the names of its fields."""
        return f"{self.name}[{self.place}]."


def _own(typed: Typed) -> dict[str, str]:
    """The customer's own fields."""
    return {name: typed.text(name) for name in OWN_FIELDS}


def _own_drafts(view: RecordView, typed: Typed, clockface: Clockface, today: Today) -> Drafts:
    reader = Reader(clockface)
    changes = changed(view, reader.values(CUSTOMER, _own(typed)), typed, "")
    if not changes and not reader.problems:
        return ()
    command = EditCustomer(read_of_view(view, typed.text(BASED_ON), changes), changes, today)
    return refuse_together(reader.problems, lambda: edit_customer(command))


def _row_drafts(  # noqa: PLR0917  (a row of a form, and what every row needs)
    card: CustomerCard, typed: Typed, row: _Row, clockface: Clockface, today: Today, new_id: NewId
) -> Drafts:
    kind, fields = LISTS[row.name]
    texts, reader = typed.below(row.where), Reader(clockface)
    values = reader.values(kind, {one: texts.get(one, "") for one in fields})
    if kind is PHONE and texts.get("gone") != TICKED:
        reader.problems += [replace(one, field="number") for one in doubted_phones(typed, f"{row.where}number")]

    def drafts() -> Drafts:
        """Of what could be read."""
        if not texts.get("id"):
            present = {one: value for one, value in values.items() if value is not None and value is not False}
            return add_part(AddPart(kind, card.customer.id, present, today), new_id)
        view = row_on_file(_rows_of(card, row.name), texts["id"])
        heads = texts.get(BASED_ON, "")
        if texts.get("gone") == TICKED:
            return remove_part(kind, as_read(view, heads).read())
        changes = changed(view, values, typed, row.where)
        return edit_part(EditPart(kind, read_of_view(view, heads, changes), changes, today)) if changes else ()

    return refuse_together(reader.problems, drafts)


def changed(view: RecordView, values: Mapping[str, Value], typed: Typed, where: str) -> dict[str, Value]:
    """What the author of a form says otherwise than the record; what they left alone is no statement of theirs.

    A box without a tick says no only where a yes was. A nought is a statement.
    """
    return {
        name: value
        for name, value in values.items()
        if not typed.is_untouched(where + name) and _said(value) != _said(view.values.get(name))
    }


def _said(value: Value) -> Value:
    """A value, or None for an empty field and a box without a tick."""
    return None if value is False or value == "" else value


def gathered(parts: Iterable[tuple[str, Callable[[], Drafts]]]) -> Drafts:
    """Drafts of all parts of a form.

    Args:
        parts: what stands before the names of the part's fields, and what makes its drafts.

    Raises:
        CommandRefused: the problems of all parts, each with its place in the form.
    """
    problems: list[Problem] = []
    drafts: list[Draft] = []
    for where, part in parts:
        try:
            drafts += part()
        except CommandRefused as refused:
            problems += [replace(one, field=where + one.field) for one in refused.problems]
    refuse_if_any(problems)
    return tuple(drafts)


def _row_values(typed: Typed, name: str, place: int, reader: Reader) -> dict[str, Value]:
    kind, fields = LISTS[name]
    row = typed.below(f"{name}[{place}].")
    return reader.stated(kind, {one: row.get(one, "") for one in fields}, f"{_AS_REFUSED.get(name, name)}[{place}].")


def _filled(typed: Typed, name: str) -> Iterator[int]:
    """Rows that stand for a record, or in which somebody typed something."""
    for place in typed.places(name):
        row = typed.below(f"{name}[{place}].")
        said = {one: text for one, text in row.items() if one not in _ROW and one != "phone_kind"}
        if row.get("id") or any(said.values()):
            yield place


def _rows_of(card: CustomerCard, name: str) -> tuple[RecordView, ...]:
    return {"phones": card.phones, "addresses": card.addresses, "preferences": card.preferences}[name]
