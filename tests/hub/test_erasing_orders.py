"""Orders to erase a person: what they name, and which nodes have said that it is done."""

import pytest

from carnet_hub.core.exchange.hello import answer_hello
from carnet_hub.core.failures import AlreadyErased, Unusable
from carnet_hub.core.upkeep.erasing import ReceiptState, erase_customer, list_erasures, show_receipts
from carnet_protocol.changeset import Draft
from carnet_protocol.envelope import Purpose, Signer
from carnet_protocol.ids import RecordId, ownership_id, record_text
from carnet_protocol.messages import sign_frame
from carnet_protocol.registry import ErasureGroup, Value
from support.authors import SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, customer, hello_of, visit
from support.protocol import record, signer

PERSON = RecordId(record("customer"))
ALL = frozenset(ErasureGroup)


def plate() -> Draft:
    """The plate of the car."""
    return draft_of("plate", record("plate"), {"vehicle_id": CAR, "plate_no": "沪A00001"})


def owned_by(name: str) -> Draft:
    """The car belongs to a customer."""
    link: dict[str, Value] = {"vehicle_id": CAR, "customer_id": record(name), "role": "owner"}
    return draft_of("ownership", ownership_id(CAR, RecordId(record(name)), "owner"), link)


def everything_of(site: SiteAuthor) -> list[Draft]:
    """A customer with all that may hold values of that person."""
    return [
        customer(note="likes tea"),
        draft_of("phone", record("phone"), {"customer_id": PERSON, "number": "13800000000"}),
        draft_of("address", record("address"), {"customer_id": PERSON, "street": "Test street 1"}),
        draft_of("consent", record("consent"), {"customer_id": PERSON, "purpose": "service", "statement": "granted"}),
        car(),
        owned_by("customer"),
        plate(),
        visit(customer_id=PERSON, sender_name="测试乙"),
        draft_of("job", record("job"), {"visit_id": record("visit"), "complaint": "told by a person"}),
    ]


def heard(world: HubWorld, site: SiteAuthor, cursor: int, *, signed_by: Signer | None = None) -> None:
    """A node says how far it has read."""
    hello = hello_of(site, cursor=cursor)
    answer_hello(world.hub, hello, sign_frame(hello, Purpose.HELLO, world.hub.hub_id, signed_by or site.signer))


def states(world: HubWorld, order: RecordId) -> dict[bytes, ReceiptState]:
    """The word of each node."""
    return {one.node.node_id: one.state for one in show_receipts(world.hub, order)}


def test_an_order_names_all_that_may_hold_the_person(world: HubWorld):
    """Customer, phone, address, visit, job and the car's plate are named, records without personal values are not."""
    site = world.site("a")
    world.push_one(site.write(*everything_of(site)))

    erased = erase_customer(world.hub, PERSON, ALL, ground="request")

    assert erased.records == {"customer": 1, "phone": 1, "address": 1, "visit": 1, "job": 1, "plate": 1}


def test_public_facts_of_the_visit_stay(world: HubWorld):
    """After an erasure the visit still says which car came, without saying who brought it."""
    site = world.site("a")
    world.push_one(site.write(*everything_of(site)))

    erase_customer(world.hub, PERSON, ALL, ground="request")

    shown = world.shown("visit", record("visit"))
    assert (shown["vehicle_id"], shown["ro_no"], "sender_name" in shown) == (CAR, "RO-visit", False)


def test_a_plate_that_others_may_have_had_stays(world: HubWorld):
    """The plate of a car that was linked to a second customer is not this person's alone and is left."""
    site = world.site("a")
    world.push_one(site.write(*everything_of(site), customer("second"), owned_by("second")))

    erased = erase_customer(world.hub, PERSON, ALL, ground="request")

    assert "plate" not in erased.records


def test_a_visit_that_names_nobody_goes_with_the_only_owner(world: HubWorld):
    """It keeps the plate it was opened with and what was said: values of the one person the car was linked to."""
    site = world.site("a")
    nameless = visit(plate_at_visit="沪A00001")
    complaint = draft_of("job", record("job"), {"visit_id": record("visit"), "complaint": "told by a person"})
    world.push_one(site.write(customer(), car(), owned_by("customer"), plate(), nameless, complaint))

    erased = erase_customer(world.hub, PERSON, ALL, ground="request")

    assert erased.records == {"customer": 1, "visit": 1, "job": 1, "plate": 1}
    assert "plate_at_visit" not in world.shown("visit", record("visit"))


@pytest.mark.parametrize("second", [owned_by("second"), visit(customer_id=RecordId(record("second")))])
def test_a_visit_that_may_be_somebody_elses_stays(world: HubWorld, second: Draft):
    """The car had another owner too, or the visit names another person: the visit is not this person's."""
    site = world.site("a")
    others = [second] if second.kind.name == "visit" else [second, visit()]
    world.push_one(site.write(customer(), customer("second"), car(), owned_by("customer"), *others))

    erased = erase_customer(world.hub, PERSON, ALL, ground="request")

    assert "visit" not in erased.records


def test_a_visit_that_ever_named_the_person_counts(world: HubWorld):
    """A visit of which one concurrent head names the customer is named in the order."""
    one, second = world.site("a"), world.site("a2", "a")
    first = one.write(customer(), customer("second"), car(), visit(customer_id=PERSON))
    world.push(first, second.write(visit(customer_id=RecordId(record("second")))))

    assert erase_customer(world.hub, PERSON, ALL, ground="request").records["visit"] == 1


def test_a_node_confirms_by_reading_on(world: HubWorld):
    """A node's hello behind the order is its receipt; before that the node is missing."""
    site = world.site("a")
    world.push_one(site.write(customer()))
    heard(world, site, world.page(site).cursor_to)
    (order,) = erase_customer(world.hub, PERSON, ALL, ground="request").orders

    before = states(world, order)
    heard(world, site, world.page(site).cursor_to)

    assert (before, states(world, order)) == (
        {site.node_id: ReceiptState.MISSING},
        {site.node_id: ReceiptState.CONFIRMED},
    )


def test_a_page_that_ends_inside_the_order_confirms_nothing(world: HubWorld):
    """A cursor in the middle of the position that holds the order does not count as having read it."""
    site = world.site("a")
    world.push_one(site.write(*everything_of(site)))
    (order,) = erase_customer(world.hub, PERSON, ALL, ground="request").orders
    whole = world.page(site).cursor_to

    heard(world, site, whole - 1)

    assert states(world, order) == {site.node_id: ReceiptState.MISSING}


def test_the_list_counts_who_is_still_missing(world: HubWorld):
    """Of two nodes one has read the order: one confirmed, one missing."""
    site, _ = world.site("a"), world.site("b")
    world.push_one(site.write(customer()))
    erase_customer(world.hub, PERSON, frozenset({ErasureGroup.IDENTITY}), ground="order")
    heard(world, site, world.page(site).cursor_to)

    (line,) = list_erasures(world.hub)

    assert (line.confirmed, line.missing, line.ground, line.groups) == (1, 1, "order", (ErasureGroup.IDENTITY,))


def test_a_receipt_is_only_as_good_as_its_signature(world: HubWorld):
    """A kept hello that no key of its node has signed confirms nothing."""
    site = world.site("a")
    world.push_one(site.write(customer()))
    (order,) = erase_customer(world.hub, PERSON, ALL, ground="request").orders

    heard(world, site, world.page(site).cursor_to, signed_by=signer("somebody else"))

    assert states(world, order) == {site.node_id: ReceiptState.MISSING}


def test_a_node_that_was_set_back_is_missing_again(world: HubWorld):
    """A hello from before the order, after a restore, takes the confirmation back."""
    site = world.site("a")
    world.push_one(site.write(customer()))
    early = world.page(site).cursor_to
    (order,) = erase_customer(world.hub, PERSON, ALL, ground="request").orders
    heard(world, site, world.page(site).cursor_to)

    heard(world, site, early)

    assert states(world, order) == {site.node_id: ReceiptState.MISSING}


def test_a_revoked_node_is_neither(world: HubWorld):
    """A node whose key is revoked is told nothing any more, and is listed as such."""
    site = world.site("a")
    world.push_one(site.write(customer()))
    (order,) = erase_customer(world.hub, PERSON, ALL, ground="request").orders
    order_of: dict[str, Value] = {"node_id": site.node_id, "key_id": site.signer.key_id}
    world.write(draft_of("revocation", record("revocation"), {**order_of, "revocation_kind": "retired"}))

    assert states(world, order) == {site.node_id: ReceiptState.REVOKED}


def test_a_person_is_erased_once(world: HubWorld):
    """Who was erased with the same groups is told with the order that did it, and nothing is written."""
    site = world.site("a")
    world.push_one(site.write(*everything_of(site)))
    (order,) = erase_customer(world.hub, PERSON, ALL, ground="request").orders
    before = world.digest()

    with pytest.raises(AlreadyErased) as refused:
        erase_customer(world.hub, PERSON, frozenset({ErasureGroup.CONTACT}), ground="order")

    assert refused.value.orders == (record_text(order),)
    assert world.digest() == before
    assert len(list_erasures(world.hub)) == 1


def test_another_group_needs_another_order(world: HubWorld):
    """What the first order left is erased by a second one; both are named to whoever asks a third time."""
    site = world.site("a")
    world.push_one(site.write(*everything_of(site)))
    (first,) = erase_customer(world.hub, PERSON, frozenset({ErasureGroup.IDENTITY}), ground="order").orders

    (second,) = erase_customer(world.hub, PERSON, ALL, ground="request").orders

    with pytest.raises(AlreadyErased) as refused:
        erase_customer(world.hub, PERSON, ALL, ground="request")
    assert set(refused.value.orders) == {record_text(first), record_text(second)}


@pytest.mark.parametrize(
    ("person", "groups", "ground"),
    [
        pytest.param(RecordId(bytes(16)), ALL, "request", id="nobody"),
        pytest.param(PERSON, frozenset(), "request", id="nothing"),
        pytest.param(PERSON, ALL, "because Mr. X asked", id="a text that might name somebody"),
    ],
)
def test_an_order_without_object_or_ground_is_refused(
    world: HubWorld, person: RecordId, groups: frozenset[ErasureGroup], ground: str
):
    """An unknown customer, no group, and a ground that is no code change nothing."""
    world.push_one(world.site("a").write(customer()))
    before = world.digest()

    with pytest.raises(Unusable):
        erase_customer(world.hub, person, groups, ground=ground)

    assert world.digest() == before
