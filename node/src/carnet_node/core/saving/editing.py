"""From what a page, a JSON client or a command line names to the start of a command.

Decides which records go along when one is taken away or corrected, what is added only once, and that a record somebody
names is there and belongs where they say. What an edit is based on is `basis`; what the commands write is theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from carnet_node.core.commands.check_in import OTHER_REASON, moved_promise
from carnet_node.core.commands.customers import AddPart, add_part
from carnet_node.core.commands.drafting import Drafts, NewId, Read, draft_delete
from carnet_node.core.commands.recall_work import (
    CompleteRecall,
    MoveCompletions,
    complete_recall,
    move_completions,
    number_of,
)
from carnet_node.core.commands.vehicles import AddOwnership, add_ownership, add_plate
from carnet_node.core.commands.visits import edit_visit
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.recalls.recall_terms import RecallTerms, terms_of
from carnet_node.core.refusals import CommandRefused, ProblemCode, refuse
from carnet_node.core.saving.basis import read_of_view
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import (
    CustomerCard,
    VehicleView,
    VisitView,
    customer_card,
    one_record,
    vehicle_view,
    visit_view,
)
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import NotAllowed
from carnet_protocol.ids import RecordId, ownership_id
from carnet_protocol.kinds import CAMPAIGN, CONTACT_PREFERENCE, CUSTOMER, OWNERSHIP, VEHICLE
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Value


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded with an order, as its author read it.

    Attributes:
        reading: of the odometer at arrival; None when there is none.
        completions: of recalls, retracted ones too.
    """

    reading: Read | None
    completions: tuple[Read, ...]


def read_for_edit(
    node: Node, kind: Kind, record: RecordId, based_on: str | None, changes: Mapping[str, Value] | None = None
) -> Read:
    """What an edit of a record starts from.

    Args:
        based_on: the heads as a view gave them out; None for an author who looks at the record now.
        changes: what the author states, by field name; None when that is not known yet, then nothing may have changed.

    Raises:
        CommandRefused: no such record, or see `basis.read_of_view`.
        Malformed: heads that no view gave out.
    """
    view = require_record(node, kind, record)
    return view.read() if based_on is None else read_of_view(view, based_on, changes)


def part_drafts(node: Node, card: CustomerCard, kind: Kind, values: Mapping[str, Value], new_id: NewId) -> Drafts:
    """One more phone, address, preference or statement of a customer.

    Raises:
        CommandRefused: see `add_part`; or a preference is there already.
    """
    if kind is CONTACT_PREFERENCE and card.preferences:
        raise refuse("values", ProblemCode.ALREADY_THERE, "The customer has a preference already.", "Change that one.")
    return add_part(AddPart(kind, card.customer.id, values, today_at_site(node)), new_id)


def remove_customer(card: CustomerCard) -> Drafts:
    """Take a customer away with phones, addresses and preference; statements and visits stay."""
    parts = (*card.phones, *card.repeated_phones, *card.addresses, *card.preferences)
    return tuple(draft_delete(view.kind, view.read()) for view in (card.customer, *parts))


def remove_vehicle(view: VehicleView) -> Drafts:
    """Take a vehicle away that was entered by mistake, with its plates; readings and visits stay.

    Raises:
        CommandRefused: it has visits.
    """
    if view.visits:
        raise refuse("id", ProblemCode.LOCKED, "The vehicle has visits.", "Void them first, or leave it.")
    drafts: tuple[Draft, ...] = tuple(draft_delete(one.kind, one.read()) for one in (view.vehicle, *view.plates))
    return drafts


def plate_drafts(node: Node, vehicle: RecordId, values: Mapping[str, Value], new_id: NewId) -> Drafts:
    """A plate of a vehicle; nothing when it carries this one already.

    Raises:
        CommandRefused: see `add_plate`.
    """
    drafts = add_plate(vehicle, values, new_id, today_at_site(node))
    view = vehicle_view(node, vehicle)
    present = (
        {plate.values.get("plate_no") for plate in view.plates if not plate.values.get("to_on")} if view else set()
    )
    return () if drafts[0].values.get("plate_no") in present else drafts


def new_owner_drafts(
    node: Node, vehicle: RecordId, customer: RecordId, role: str, values: Mapping[str, Value]
) -> Drafts:
    """A customer's role for a vehicle, for an author who saw no such link.

    Raises:
        CommandRefused: see `add_ownership`; or there is such a link, or no such customer here.
    """
    require_reference(node, CUSTOMER, customer, "customer_id")
    drafts = add_ownership(AddOwnership(vehicle, customer, role, values, today=today_at_site(node)))
    if one_record(node, OWNERSHIP, RecordId(drafts[0].record)) is not None:
        raise refuse("role", ProblemCode.ALREADY_THERE, "The customer has this role already.", "Change that link.")
    return drafts


def owner_drafts(node: Node, vehicle: RecordId, customer: RecordId, role: str, values: Mapping[str, Value]) -> Drafts:
    """A customer's role for a vehicle; an edit of the link when there is one already.

    Raises:
        CommandRefused: see `add_ownership`; or there is no such customer here.
    """
    require_reference(node, CUSTOMER, customer, "customer_id")
    link = one_record(node, OWNERSHIP, ownership_id(vehicle, customer, role))
    known = None if link is None else link.read()
    return add_ownership(AddOwnership(vehicle, customer, role, values, known, today_at_site(node)))


def recall_drafts(
    node: Node,
    view: VisitView,
    campaign: RecordId,
    new_id: NewId,
    *,
    method: str,
    values: Mapping[str, Value] | None = None,
) -> Drafts:
    """A recall that was carried out during a visit, now.

    Raises:
        CommandRefused: see `complete_recall`; or the visit's vehicle is not known here.
    """
    if view.vehicle is None:
        raise nothing_here("vehicle")
    vin = number_of(view.vehicle.values)
    recorded = [one for one in view.completions if one.values.get("campaign_id") == campaign]
    command = CompleteRecall(
        campaign=campaign,
        vin=vin,
        vehicle=view.vehicle.id,
        visit=view.visit.id,
        visit_status=view.visit.values.get("status"),
        completed_at=node.clock.now_ms(),
        method=method,
        values=values or {},
        terms=campaign_terms(node, campaign),
        earlier=tuple(one.read() for one in recorded if one.values.get("vin") == vin),
        further=new_id(),
    )
    return complete_recall(command)


def order_drafts(
    node: Node,
    read: Read,
    changes: Mapping[str, Value],
    recorded: Recorded,
    new_id: NewId,
    *,
    promise_reason: str = OTHER_REASON,
) -> Drafts:
    """What changes of an order; when it is about another car, what was recorded with it goes along.

    Args:
        promise_reason: why the promised time is moved, if it is; one of the registry's codes.

    Raises:
        CommandRefused: see `edit_visit` and `move_completions`; or the car is not known here.
    """
    drafts = edit_visit(read, changes, recorded.reading, new_id, today_at_site(node))
    if drafts:
        drafts += moved_promise(read, drafts[0].values, promise_reason, node.clock.now_ms(), new_id)
    vehicle = drafts[0].values.get("vehicle_id") if drafts else None
    if not isinstance(vehicle, bytes) or vehicle == read.values.get("vehicle_id"):
        return drafts
    view = require_record(node, VEHICLE, RecordId(vehicle))
    vin = number_of(view.values)
    return drafts + move_completions(MoveCompletions(vin, view.id, read.record, recorded.completions), new_id)


def require_record(node: Node, kind: Kind, record: RecordId) -> RecordView:
    """One record of any kind.

    Raises:
        CommandRefused: there is none.
    """
    view = one_record(node, kind, record)
    if view is None:
        raise nothing_here(kind.name)
    return view


def require_own(node: Node, kind: Kind, record: RecordId) -> RecordView:
    """One record of this site, for what is written beside it.

    Raises:
        CommandRefused: there is none.
        NotAllowed: it belongs to another site.
    """
    view = require_record(node, kind, record)
    if not view.is_own:
        raise NotAllowed(Reason.FOREIGN_RECORD, kind.name)
    return view


def require_part(node: Node, kind: Kind, record: RecordId, parent: RecordId, *, by: str | None = None) -> RecordView:
    """One record that belongs to another: a phone of this customer, a line of this order.

    Args:
        by: the field that names the other, when it is not the kind's parent.

    Raises:
        CommandRefused: there is none, or it belongs to something else.
    """
    view = require_record(node, kind, record)
    field = by or kind.parent
    if field is None or view.values.get(field) != parent:
        raise nothing_here(kind.name)
    return view


def require_reference(node: Node, kind: Kind, record: RecordId, field: str) -> None:
    """Accept what a form refers to.

    Args:
        field: of the form.

    Raises:
        CommandRefused: there is no such record here.
    """
    if one_record(node, kind, record) is None:
        raise refuse(field, ProblemCode.NOT_FOUND, f"There is no such {kind.name} here.", "Search for it again.")


def require_visit_references(node: Node, values: Mapping[str, Value]) -> None:
    """Accept the car and the customer that an order, or an edit of one, names.

    Raises:
        CommandRefused: one of them is not here.
    """
    for kind, field in ((VEHICLE, "vehicle_id"), (CUSTOMER, "customer_id")):
        reference = values.get(field)
        if isinstance(reference, bytes):
            require_reference(node, kind, RecordId(reference), field)


def require_customer(node: Node, customer: RecordId) -> CustomerCard:
    """The card of a customer.

    Raises:
        CommandRefused: there is none.
    """
    card = customer_card(node, customer)
    if card is None:
        raise nothing_here("customer")
    return card


def require_vehicle(node: Node, vehicle: RecordId) -> VehicleView:
    """The view of a vehicle.

    Raises:
        CommandRefused: there is none.
    """
    view = vehicle_view(node, vehicle)
    if view is None:
        raise nothing_here("vehicle")
    return view


def require_visit(node: Node, visit: RecordId) -> VisitView:
    """The view of a repair order.

    Raises:
        CommandRefused: there is none.
    """
    view = visit_view(node, visit)
    if view is None:
        raise nothing_here("visit")
    return view


def campaign_of(node: Node, campaign_no: str) -> RecordId:
    """The campaign with a number.

    Raises:
        CommandRefused: no such campaign has arrived here.
    """
    with node.store.read() as tx:
        found = tx.find_equal(CAMPAIGN, "campaign_no", campaign_no.strip(), 1)
    if not found:
        raise nothing_here("campaign")
    return found[0].record


def campaign_terms(node: Node, campaign: RecordId) -> RecallTerms:
    """What a campaign asks; nothing for one that is not known here."""
    with node.store.read() as tx:
        return terms_of(tx, campaign)


def nothing_here(what: str) -> CommandRefused:
    """The refusal of what somebody names and nobody here knows.

    Args:
        what: a kind.
    """
    return refuse(
        "id", ProblemCode.NOT_FOUND, f"There is no such {what} here.", "Search for it again.", Reason.NOT_FOUND
    )
