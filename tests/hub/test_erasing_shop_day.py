"""What a day in the workshop holds of a person goes with that person, early or late, and reaches no other site."""

from carnet_hub.core.upkeep.erasing import erase_customer
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Audience, ErasureGroup, Privacy, Value
from support.authors import draft_of
from support.hub_world import CAR, HubWorld, car, customer, visit
from support.protocol import record

PERSON = RecordId(record("customer"))
ALL = frozenset(ErasureGroup)
OF_ONE_SITE = (
    "appointment",
    "bay",
    "booking_hours",
    "board_stage",
    "settlement",
    "settlement_share",
    "car_dates",
    "reminder",
)


def appointment(customer_id: RecordId | None = PERSON) -> Draft:
    """A call of a customer, who said a number, a plate and a wish."""
    said: dict[str, Value] = {
        "caller_phone": "13800000000",
        "plate_no": "沪A00001",
        "wish": "brakes",
        "status": "requested",
    }
    return draft_of("appointment", record("appointment"), {**said, "customer_id": customer_id})


def reminder() -> Draft:
    """A customer was congratulated."""
    made: dict[str, Value] = {"customer_id": PERSON, "channel": "phone", "result": "reached"}
    return draft_of("reminder", record("reminder"), {**made, "occasion": "birthday", "due_on": "2026-09-25"})


def dates() -> Draft:
    """Until when the customer's car is insured."""
    values: dict[str, Value] = {"customer_id": PERSON, "vehicle_id": CAR, "insurance_until_on": "2027-01-31"}
    return draft_of("car_dates", record("dates"), values)


def test_what_a_caller_said_goes_with_the_customer(world: HubWorld):
    """Appointment, reminder and dates of the car are named; states and times stay, what was sealed is gone."""
    site = world.site("a")
    world.push_one(site.write(customer(), car(), appointment(), reminder(), dates()))

    erased = erase_customer(world.hub, PERSON, ALL, ground="request")

    assert erased.records == {"customer": 1, "appointment": 1, "reminder": 1, "car_dates": 1}
    shown = world.shown("appointment", record("appointment"))
    assert (shown["status"], shown.keys() & {"caller_phone", "plate_no", "wish"}) == ("requested", set())
    assert world.shown("reminder", record("reminder")).keys() & {"occasion", "due_on"} == set()


def test_an_appointment_that_arrives_late_goes_too(world: HubWorld):
    """A stick with a call from before the erasure brings nothing of it back."""
    site = world.site("a")
    world.push_one(site.write(customer(), car()))
    late = site.write(appointment())
    erase_customer(world.hub, PERSON, ALL, ground="request")

    world.push_one(late)

    assert "caller_phone" not in world.shown("appointment", record("appointment"))


def test_an_appointment_of_nobody_on_file_stays(world: HubWorld):
    """Who only called is no customer: an erasure of a customer does not find it."""
    site = world.site("a")
    world.push_one(site.write(customer(), car(), visit(customer_id=PERSON), appointment(None)))

    erased = erase_customer(world.hub, PERSON, ALL, ground="request")

    assert "appointment" not in erased.records


def test_a_day_in_the_workshop_is_received_by_its_site_alone():
    """No other dealer receives these kinds, and whatever a person said in them is sealed."""
    kinds = [REGISTRY[name] for name in OF_ONE_SITE]
    said = {"caller_name", "caller_phone", "plate_no", "wish", "occasion", "due_on", "insurance_until_on"}

    sealed = {
        one.name
        for kind in kinds
        for register in kind.registers
        if register.privacy is Privacy.PERSONAL
        for one in register.fields
    }

    assert {kind.audience for kind in kinds} == {Audience.OWNER_SITE}
    assert sealed == said | {"inspection_until_on"}
