"""What a save is based on when it comes from outside, with the heads its author read.

Decides what a command starts from. The heads are taken as the view gave them out and never refreshed: what somebody
else saved meanwhile is then met as a concurrent version, which everybody can see, and never overwritten unread.

Rules:
- A register is written as a whole. An edit that states all of a register needs nothing else; one that states a part
  takes the rest from what its author read, which is known here only while nobody has changed that register since.
- A step is judged by what its author read (a state) or derives a value anew (a sum); if that has changed, the author
  has to look first.
- What is taken away is what its author saw, record by record; a record that they did not see stays their decision.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from carnet_node.core.commands.drafting import Read
from carnet_node.core.commands.visits import READING_FIELDS
from carnet_node.core.heads import Heads, heads_from_text
from carnet_node.core.refusals import Problem, ProblemCode, refuse, refuse_if_any
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import CustomerCard, VehicleView, VisitView
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.registry import Register, Value


def read_of_view(view: RecordView, based_on: str, changes: Mapping[str, Value] | None) -> Read:
    """What an edit of a record starts from.

    Args:
        view: as it is now.
        based_on: the heads as a view gave them out.
        changes: what the author states, by field name; None when that is not known yet, then nothing may have changed.

    Raises:
        CommandRefused: somebody else has changed a register of which the author states a part.
        Malformed: heads that no view gave out.
    """
    heads = heads_from_text(based_on)
    stated = set(view.kind.labels) if changes is None else set(changes)
    problems = []
    for register in changed_since(view, heads):
        names = [one.name for one in register.fields]
        touched = [name for name in names if name in stated]
        if touched and (changes is None or len(touched) < len(names)):
            problems.append(_changed(touched[0]))
    refuse_if_any(problems)
    return Read(view.id, heads, view.values)


def read_for_step(view: RecordView, based_on: str, fields: Iterable[str], by_rule: Iterable[str] = ()) -> Read:
    """What a step of a record starts from.

    Args:
        view: as it is now.
        based_on: the heads as a view gave them out.
        fields: what the step is judged by, or writes anew from other records.
        by_rule: what a rule changes with the step, as it is now: nobody has to have seen it.

    Raises:
        CommandRefused: somebody else has changed one of them since.
        Malformed: heads that no view gave out.
    """
    heads = heads_from_text(based_on)
    changed = {one.name for register in changed_since(view, heads) for one in register.fields}
    refuse_if_any(_changed(name) for name in fields if name in changed)
    anew = [view.kind.register_of(name).number for name in by_rule]
    return Read(view.id, heads.seen_anew(view.heads, anew) if anew else heads, view.values)


def as_read(view: RecordView, based_on: str) -> RecordView:
    """The view with the heads its author had before them.

    Raises:
        Malformed: heads that no view gave out.
    """
    return replace(view, heads=heads_from_text(based_on))


def customer_as_read(card: CustomerCard, based_on: str, parts: Mapping[RecordId, str]) -> CustomerCard:
    """A card with the heads its author had before them, for taking it away.

    A phone that repeats a number goes as it is now: whoever decided saw its number, and never its record.

    Args:
        parts: heads of phones, addresses and preferences by record id.

    Raises:
        CommandRefused: something belongs to the customer now that the author has not seen.
        Malformed: heads that no view gave out.
    """
    _refuse_unseen((*card.phones, *card.addresses, *card.preferences), parts)
    return replace(
        card,
        customer=as_read(card.customer, based_on),
        phones=_all_as_read(card.phones, parts),
        addresses=_all_as_read(card.addresses, parts),
        preferences=_all_as_read(card.preferences, parts),
    )


def vehicle_as_read(view: VehicleView, based_on: str, parts: Mapping[RecordId, str]) -> VehicleView:
    """A vehicle with the heads its author had before them, for taking it away.

    Args:
        parts: heads of its plates by record id.

    Raises:
        CommandRefused: a plate belongs to it now that the author has not seen.
        Malformed: heads that no view gave out.
    """
    _refuse_unseen(view.plates, parts)
    return replace(view, vehicle=as_read(view.vehicle, based_on), plates=_all_as_read(view.plates, parts))


def reading_as_read(view: VisitView, based_on: str | None, changes: Mapping[str, Value]) -> Read | None:
    """The reading recorded with an order, for an edit of the order that may take it back.

    Args:
        based_on: the reading's heads as a view gave them out; None when the view held no reading.
        changes: of the order.

    Raises:
        CommandRefused: the edit is about the odometer or the car, and there is a reading that is not named, or that
            somebody else has taken back.
        Malformed: heads that no view gave out.

    Returns: None when there is none, or the edit is about neither.
    """
    if not READING_FIELDS & changes.keys():
        return None
    if view.reading is None:
        refuse_if_any([] if based_on is None else [_changed("reading_based_on")])
        return None
    if based_on is None:
        raise refuse(
            "reading_based_on",
            ProblemCode.MISSING,
            "A reading was recorded with this order; correcting the odometer or the car takes it back.",
            "Send the heads of the order's `reading` along.",
        )
    return read_for_step(view.reading, based_on, ["retracted"])


def completions_as_read(view: VisitView, parts: Mapping[RecordId, str]) -> tuple[Read, ...]:
    """The completions of an order, for a save that takes them back.

    One that was taken back before goes as it is now: it stands for nothing that could be lost.

    Args:
        parts: heads of the completions by record id, as a view gave them out.

    Raises:
        CommandRefused: a completion stands that the author has not seen.
        Malformed: heads that no view gave out.
    """
    _refuse_unseen((one for one in view.completions if not one.values.get("retracted")), parts)
    return tuple((as_read(one, parts[one.id]) if one.id in parts else one).read() for one in view.completions)


def moved_as_read(view: VisitView, parts: Mapping[RecordId, str], changes: Mapping[str, Value]) -> tuple[Read, ...]:
    """As `completions_as_read`, for an edit of the order; nothing when it names no other car."""
    if changes.get("vehicle_id") in (None, view.visit.values.get("vehicle_id")):
        return ()
    return completions_as_read(view, parts)


def changed_since(view: RecordView, heads: Heads) -> list[Register]:
    """Registers whose heads are no longer those that were read."""
    return [one for one in view.kind.registers if set(view.heads.of([one.number])) != set(heads.of([one.number]))]


def _all_as_read(views: Iterable[RecordView], based_on: Mapping[RecordId, str]) -> tuple[RecordView, ...]:
    return tuple(as_read(view, based_on[view.id]) for view in views)


def _refuse_unseen(views: Iterable[RecordView], based_on: Mapping[RecordId, str]) -> None:
    refuse_if_any(
        Problem(
            f"parts_based_on.{record_text(view.id)}",
            ProblemCode.CHANGED,
            f"A {view.kind.name} belongs to it that is not named here.",
            "Read it again, decide anew, and send the heads of everything that goes.",
        )
        for view in views
        if view.id not in based_on
    )


def _changed(field: str) -> Problem:
    return Problem(
        field,
        ProblemCode.CHANGED,
        "Somebody else has changed it since it was read.",
        "Read the record again, compare, and save again.",
    )
