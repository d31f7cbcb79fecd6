"""Whether somebody new is on file: how a form asks, and how its answers come back.

Decides the names of the answers. Whether somebody on file is meant is a field for each record that was asked about
(`alike.<id>`), so that an answer is kept with the draft and holds for nobody else; that a car is the same is another
answer than that a customer is. The open recalls and orders of a car are told before any answer. Who may be meant is
decided in `core.duplicates`, and when a save is held back for it in `core.new_customers` and `core.receiving`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from carnet_node.core.limits import FORM_PARTS_MAX
from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_check import RecallAnswer, check_recalls
from carnet_node.core.saving.duplicates import Candidate, TypedParty, find_candidates
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.vehicle_file import orders_in_work_of
from carnet_node.core.showing.views import CustomerCard, VehicleView, customer_card, vehicle_view
from carnet_node.entrypoints.pages.forms import FormState, Typed
from carnet_protocol.ids import RecordId, parse_record_text
from carnet_protocol.kinds import VEHICLE

_ALIKE: Final = "alike."
_ALIKE_RECORD: Final = re.compile(r"alike\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SAME: Final = "same"
_SAME_CAR: Final = "same-car"
_OTHER: Final = "other"
CHECK_IN_PHONES: Final = ("party.number", "sender_phone")
CHECK_IN_NAMES: Final = ("party.full_name", "party.company_name")
"""The fields of a check-in that may mean a customer on file, as `duplicates.js` reads them."""


def called_same(typed: Typed) -> RecordId | None:
    """Who on file was called the same; of several, the one that was asked about first."""
    return next(iter(_answered(typed, _SAME)), None)


def called_same_car(typed: Typed) -> RecordId | None:
    """Which car on file was called the same; of several, the one that was asked about first."""
    return next(iter(_answered(typed, _SAME_CAR)), None)


def told_apart(typed: Typed) -> tuple[RecordId, ...]:
    """Records that were called "not the same" in this form; of more than any form asks about, the first."""
    return _answered(typed, _OTHER)


def without_same(typed: Typed) -> Typed:
    """The form without the answers that somebody, or a car, is the same."""
    same = [*_names(typed, _SAME), *_names(typed, _SAME_CAR)]
    return Typed({name: texts for name, texts in typed.texts.items() if name not in same})


def asked_about(node: Node, form: FormState, field: str) -> list[CustomerCard]:
    """Who on file may be meant by a customer that would be new, as a refused save asks at a field."""
    cards = (customer_card(node, record) for one in form.problems(field) for record in one.records)
    return [one for one in cards if one is not None]


def cars_asked_about(node: Node, form: FormState, field: str) -> list[VehicleView]:
    """Which cars on file may be meant by one that would be new, as a refused save asks at a field."""
    cars = (vehicle_view(node, record) for one in form.problems(field) for record in one.records)
    return [one for one in cars if one is not None]


def recalls_of(node: Node, views: Iterable[RecordView]) -> Mapping[RecordId, RecallAnswer]:
    """What the recall lists say of those records that are cars with a number."""
    cars = ((one.id, one.values.get("vin") or one.values.get("chassis_no")) for one in views if one.kind is VEHICLE)
    return {record: check_recalls(node, number) for record, number in cars if isinstance(number, str)}


def orders_of(node: Node, views: Iterable[RecordView]) -> Mapping[RecordId, tuple[RecordView, ...]]:
    """The orders under which those of the records that are cars stand in the shop now."""
    with node.store.read() as tx:
        return {one.id: orders_in_work_of(node, tx, one.id) for one in views if one.kind is VEHICLE}


def meant_by(
    node: Node,
    typed: Typed,
    asked: Iterable[RecordId],
    *,
    phones: Sequence[str] = CHECK_IN_PHONES,
    names: Sequence[str] = CHECK_IN_NAMES,
) -> Mapping[str, Any]:
    """What a form shows beside who may be meant by what stands in it, as it does while somebody types.

    Args:
        asked: whom the form asks about already; they are not named twice.
        phones, names: the fields of a customer who would be new.
    """
    is_known, has_car = bool(typed.text("party.known")), bool(typed.text("car.known"))
    stands = TypedParty(
        () if is_known else tuple(filter(None, map(typed.text, phones))),
        () if is_known else tuple(filter(None, map(typed.text, names))),
        None if has_car else typed.text("car.plate") or None,
        None if has_car else typed.text("car.vin") or None,
    )
    known = (parse_record_text(one) for one in map(typed.text, ("party.known", "car.known")) if one)
    return said_of(node, find_candidates(node, stands, dismissed=[*told_apart(typed), *asked, *known]))


def said_of(node: Node, found: Sequence[Candidate]) -> Mapping[str, Any]:
    """What stands beside whoever may be meant, before anybody says that they are."""
    views = [one.view for one in found]
    return {"candidates": found, "recalls": recalls_of(node, views), "in_work": orders_of(node, views)}


def _answered(typed: Typed, answer: str) -> tuple[RecordId, ...]:
    return tuple(parse_record_text(name.removeprefix(_ALIKE)) for name in _names(typed, answer)[:FORM_PARTS_MAX])


def _names(typed: Typed, answer: str) -> list[str]:
    return [name for name in typed.texts if _ALIKE_RECORD.fullmatch(name) and typed.text(name) == answer]
