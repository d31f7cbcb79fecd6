"""A desk asks the hub for another dealer's car: who may, what is shown and masked, and what the ledger says of it."""

from datetime import date

import pytest

from carnet_hub.core.exchange.look_up_ledger import count_look_ups, read_look_ups
from carnet_hub.core.exchange.looking_up import answer_look_up
from carnet_hub.core.limits import LOOK_UPS_PER_DAY_MAX, LOOK_UPS_PER_MINUTE_MAX, LOOK_UPS_UNUSUAL_PER_DAY
from carnet_hub.core.log.rebuild import rebuild_projections
from carnet_hub.core.look_up_rows import LookUpRow
from carnet_hub.core.upkeep.overview import read_gauges
from carnet_protocol import limits
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import NotAllowed, NotAuthentic, Refused
from carnet_protocol.ids import vehicle_id
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from support.authors import SiteAuthor, draft_of
from support.hub_apps import NOW_MS
from support.hub_world import CAR, VIN, HubWorld, car, customer, visit
from support.look_ups import SESSION_KEY, asked, ledger, look_up, shown_by_kind
from support.master_world import link
from support.protocol import fixed, record

PLATE = "湘A12345"
PHONE = "13900139001"
DAY_MS = 24 * 3600 * 1000
OTHER_CAR = vehicle_id("LSVAB2C34RA000002")


def holder(name: str = "holder", *, vehicle: bytes = CAR, **tie: Value) -> tuple[Draft, ...]:
    """A customer with a telephone number who owns a car."""
    link: dict[str, Value] = {"vehicle_id": vehicle, "customer_id": record(name), "role": "owner"}
    return (
        customer(name),
        draft_of("phone", record(f"phone {name}"), {"customer_id": record(name), "number": PHONE}),
        draft_of("ownership", record(f"tie {name}"), {**link, **tie}),
    )


def plate(name: str = "plate", /, **values: Value) -> Draft:
    """The plate of the car."""
    worn: dict[str, Value] = {"vehicle_id": CAR, "plate_no": PLATE}
    return draft_of("plate", record(name), {**worn, **values})


def served(world: HubWorld) -> SiteAuthor:
    """A site that knows the car: holder, plate, a visit with work and prices."""
    site = world.site("home")
    own = visit(
        customer_id=record("holder"), customer_note="异响", internal_note="内部", advisor_code="A7", customer_fen=120_00
    )
    part = draft_of(
        "part_line",
        record("part"),
        {"visit_id": record("visit"), "part_no": "P1", "part_name": "滤芯", "price_fen": 30_00, "amount_fen": 30_00},
    )
    world.push_one(site.write(car(color="blue"), plate(), *holder(), own, part))
    return site


def refused(world: HubWorld, site: SiteAuthor, **changes: object) -> Reason:
    """Why a look-up is refused."""
    with pytest.raises(Refused) as refusal:
        look_up(world, site, **changes)
    return refusal.value.reason


@pytest.mark.parametrize(
    ("way", "sought"),
    [
        pytest.param("vin", VIN, id="VIN"),
        pytest.param("vin", f" {VIN[:9].lower()} {VIN[9:].lower()}", id="VIN typed with spaces in small letters"),
        pytest.param("plate", PLATE, id="plate"),
        pytest.param("plate", "湘 a-12345", id="plate typed with dash in small letters"),
        pytest.param("phone", "+86 139 0013 9001", id="telephone number of the holder"),
    ],
)
def test_a_car_is_found_by_each_way(world: HubWorld, way: str, sought: str):
    """VIN, plate and telephone number lead to the car, however they are typed."""
    served(world)

    answer = look_up(world, world.site("away"), way=way, sought=sought)

    assert [one.vehicle_id for one in answer.cars] == [CAR]


@pytest.mark.parametrize(
    ("way", "sought"),
    [
        pytest.param("vin", "LSVAB2C34RA999999", id="a VIN that nobody recorded"),
        pytest.param("vin", "12345", id="no VIN"),
        pytest.param("plate", "湘A54321", id="another plate"),
        pytest.param("plate", "?", id="no plate"),
        pytest.param("phone", "13900139002", id="another number"),
        pytest.param("phone", "x", id="no number"),
    ],
)
def test_what_nobody_knows_finds_nothing(world: HubWorld, way: str, sought: str):
    """A number that leads to no car is answered with none, and written down."""
    served(world)

    answer = look_up(world, world.site("away"), way=way, sought=sought)

    assert (answer.cars, answer.rows) == ([], [])
    assert [(row.outcome, row.cars) for row in ledger(world)] == [("answered", 0)]


def test_technical_history_is_shown_and_the_rest_is_masked(world: HubWorld):
    """Visits and parts come; prices, notes, names and staff do not."""
    served(world)

    shown = shown_by_kind(look_up(world, world.site("away")))

    (order,), (part,) = shown["visit"], shown["part_line"]
    assert (order["ro_no"], order["status"], part["part_no"], part["part_name"]) == ("RO-visit", "open", "P1", "滤芯")
    hidden = {
        "customer_id",
        "customer_note",
        "internal_note",
        "advisor_code",
        "customer_fen",
        "price_fen",
        "amount_fen",
    }
    assert not hidden & {*order, *part}
    assert "ownership" not in shown


def test_the_holder_at_the_desk_is_shown_the_own_papers(world: HubWorld):
    """Prices and words of visits of the customer at the desk are shown; what the workshop noted stays masked."""
    served(world)
    away = world.site("away")
    world.push_one(away.write(*holder("guest")))
    link(world, "holder", "guest")

    answer = look_up(world, away, customer_id=record("guest"))

    assert [one.is_linked for one in answer.cars] == [True]
    (order,), (part,) = (shown_by_kind(answer)[kind] for kind in ("visit", "part_line"))
    assert (order["customer_note"], order["customer_fen"], part["price_fen"]) == ("异响", 120_00, 30_00)
    assert not {"internal_note", "advisor_code", "customer_id"} & {*order}


def test_a_customer_at_the_desk_who_does_not_hold_the_car_opens_nothing(world: HubWorld):
    """Somebody else's car stays masked for whoever stands there."""
    served(world)
    away = world.site("away")
    world.push_one(away.write(customer("stranger")))

    answer = look_up(world, away, customer_id=record("stranger"))

    assert [one.is_linked for one in answer.cars] == [False]
    assert "customer_note" not in shown_by_kind(answer)["visit"][0]


def test_another_site_s_customer_cannot_be_named(world: HubWorld):
    """Whoever states a customer of another site is refused, and that is written down."""
    served(world)

    assert refused(world, world.site("away"), customer_id=record("holder")) is Reason.FOREIGN_RECORD
    assert [row.outcome for row in ledger(world)] == ["foreign-record"]


def test_a_wrong_reason_is_refused_by_name(world: HubWorld):
    """A reason outside the list shows nothing, has its own code, and its text is not kept."""
    served(world)

    assert refused(world, world.site("away"), reason="curiosity") is Reason.LOOK_UP_REASON
    assert [(row.outcome, row.reason, row.cars) for row in ledger(world)] == [("look-up-reason", "", 0)]


def test_a_way_that_there_is_not_is_refused(world: HubWorld):
    """A car cannot be sought by its colour."""
    served(world)

    assert refused(world, world.site("away"), way="color") is Reason.BAD_FIELD
    assert [(row.outcome, row.way) for row in ledger(world)] == [("bad-field", "")]


def test_several_cars_are_shown_without_their_history(world: HubWorld):
    """One number, two cars: each with its plates, so that somebody can choose; the history takes one more question."""
    home = served(world)
    world.push_one(
        home.write(draft_of("vehicle", OTHER_CAR, {"vin": "LSVAB2C34RA000002"}), *holder("holder 2", vehicle=OTHER_CAR))
    )

    answer = look_up(world, world.site("away"), way="phone", sought=PHONE)

    assert {one.vehicle_id for one in answer.cars} == {CAR, OTHER_CAR}
    assert set(shown_by_kind(answer)) == {"vehicle", "plate"}
    assert sum(one.row_count for one in answer.cars) == len(answer.rows)


def test_a_tie_that_has_ended_leads_nowhere(world: HubWorld):
    """The number of whoever sold the car finds it no more."""
    home = world.site("home")
    world.push_one(home.write(car(), *holder(to_on="2020-01-01")))

    assert look_up(world, world.site("away"), way="phone", sought=PHONE).cars == []


def test_void_visits_are_left_out(world: HubWorld):
    """An order that was recorded in error is no history."""
    home = world.site("home")
    made = home.write(visit("void"), car(), visit("kept"))
    world.push_one(made)
    world.push_one(home.write(draft_of("visit", record("void"), {"status": "void"}, based_on=(made.op(0),))))

    shown = shown_by_kind(look_up(world, world.site("away")))

    assert [one["ro_no"] for one in shown["visit"]] == ["RO-kept"]


def test_an_answer_holds_the_newest_visits(world: HubWorld):
    """A history longer than an answer is cut at its old end, and the answer says how much there is."""
    home = world.site("home")
    count = limits.LOOK_UP_ROWS_MAX + 20
    visits = [visit(f"v{number:03}", opened_at=NOW_MS + number) for number in range(count)]
    world.push_one(home.write(car(), *visits[:300]))
    world.push_one(home.write(*visits[300:]))

    answer = look_up(world, world.site("away"))

    (one,) = answer.cars
    assert (one.row_count, one.known_count) == (limits.LOOK_UP_ROWS_MAX, count + 1)
    newest = [f"RO-v{number:03}" for number in range(count - 1, count - limits.LOOK_UP_ROWS_MAX, -1)]
    assert [shown["ro_no"] for shown in shown_by_kind(answer)["visit"]] == newest


def test_a_look_up_opens_nothing(world: HubWorld):
    """Looking is no ground: the site's feed is as it was."""
    served(world)
    away = world.site("away")
    before = world.page(away).rows

    look_up(world, away)

    assert world.page(away).rows == before


def test_the_ledger_names_site_reason_and_person_but_no_car(world: HubWorld):
    """A line says who asked, why and how many cars were shown; VIN and plate stand in it as keyed hashes."""
    served(world)
    away, staff = world.site("away"), fixed("staff")

    look_up(world, away, reason="towed_in", staff_id=staff)

    (row,) = ledger(world)
    assert (row.dealer_id, row.node_id, row.staff_id) == (away.dealer_id, away.node_id, staff)
    assert (row.way, row.reason, row.outcome, row.cars, row.is_linked) == ("vin", "towed_in", "answered", 1, False)
    assert VIN not in repr(row)


def test_who_looked_at_a_car_is_found_by_the_car(world: HubWorld):
    """A look-up by telephone number stands under the car that it showed."""
    served(world)
    away = world.site("away")
    look_up(world, away, way="phone", sought=PHONE)
    look_up(world, away, sought="LSVAB2C34RA999999")

    found = [(row.way, code) for row, code in read_look_ups(world.hub, vehicle=CAR)]

    assert found == [("phone", "AWAY")]


def test_the_ledger_survives_a_fold_from_the_log(world: HubWorld):
    """The log says nothing of look-ups, so `rebuild` leaves them."""
    served(world)
    look_up(world, world.site("away"))
    before = ledger(world)

    rebuild_projections(world.hub)

    assert ledger(world) == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"challenge": b"made up"}, Reason.STALE_CHALLENGE, id="a challenge that is not the hub's"),
        pytest.param({"dealer_id": fixed("another site")}, Reason.UNKNOWN_NODE, id="another site than the key's"),
        pytest.param({"node_id": fixed("another node")}, Reason.UNKNOWN_NODE, id="another node than the key's"),
    ],
)
def test_who_is_not_who_it_says_is_refused_and_leaves_no_line(
    world: HubWorld, changes: dict[str, object], reason: Reason
):
    """What nobody can be held to is not written down."""
    served(world)

    assert refused(world, world.site("away"), **changes) is reason
    assert ledger(world) == []


def test_a_request_is_good_while_its_challenge_is(world: HubWorld):
    """A request that was kept and played back later shows nothing."""
    served(world)
    message = asked(world, world.site("away"))
    world.clock.ms += limits.CHALLENGE_TTL_MS + 1

    with pytest.raises(NotAuthentic) as refusal:
        answer_look_up(world.hub, SESSION_KEY, message)

    assert refusal.value.reason is Reason.STALE_CHALLENGE


def looked(world: HubWorld, site: SiteAuthor, count: int, *, ago_ms: int = 0) -> None:
    """Lines of the ledger as so many look-ups leave them."""
    with world.hub.store.write() as transaction:
        transaction.put(
            [
                LookUpRow(
                    world.clock.ms - ago_ms, number.to_bytes(8, "big"), site.dealer_id, site.node_id, b"",
                    "vin", "at_desk", "", "", False, "answered", 1,
                )
                for number in range(count)
            ]
        )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "ago_ms", "is_refused"),
    [
        pytest.param(LOOK_UPS_PER_MINUTE_MAX - 1, 0, False, id="the last of a minute"),
        pytest.param(LOOK_UPS_PER_MINUTE_MAX, 0, True, id="one too many in a minute"),
        pytest.param(LOOK_UPS_PER_MINUTE_MAX, 60_000, False, id="a minute later"),
        pytest.param(LOOK_UPS_PER_DAY_MAX - 1, 3_600_000, False, id="the last of a day"),
        pytest.param(LOOK_UPS_PER_DAY_MAX, 3_600_000, True, id="one too many in a day"),
        pytest.param(LOOK_UPS_PER_DAY_MAX, DAY_MS + 1, False, id="a day later"),
    ],
)
def test_a_site_has_so_many_look_ups(world: HubWorld, count: int, ago_ms: int, is_refused: bool):
    """Minute and day have a bound; whoever is beyond it is refused by name until time has passed."""
    served(world)
    away = world.site("away")
    looked(world, away, count, ago_ms=ago_ms)

    if is_refused:
        with pytest.raises(NotAllowed) as refusal:
            look_up(world, away)
        assert refusal.value.reason is Reason.TOO_MANY_LOOK_UPS
    else:
        assert len(look_up(world, away).cars) == 1


@pytest.mark.parametrize(
    ("count", "alarms"),
    [
        pytest.param(LOOK_UPS_UNUSUAL_PER_DAY - 2, 0, id="below"),
        pytest.param(LOOK_UPS_UNUSUAL_PER_DAY - 1, 1, id="the one that gets there"),
        pytest.param(LOOK_UPS_UNUSUAL_PER_DAY, 0, id="the one behind it"),
    ],
)
def test_an_unusual_number_gives_one_alarm(world: HubWorld, count: int, alarms: int):
    """The alarm comes once, when the site gets there."""
    served(world)
    away = world.site("away")
    looked(world, away, count, ago_ms=3_600_000)

    look_up(world, away)

    assert world.alarms.looking == [(away.dealer_id, LOOK_UPS_UNUSUAL_PER_DAY)] * alarms


def test_unusual_sites_are_counted_and_listed(world: HubWorld):
    """Monitoring sees how many sites there are; the list says which person of which site, on which day."""
    away, other = world.site("away"), world.site("other")
    looked(world, away, LOOK_UPS_UNUSUAL_PER_DAY, ago_ms=3_600_000)
    looked(world, other, 1)

    counted = [(one.site_code, one.asked, one.is_unusual) for one in count_look_ups(world.hub)]

    assert read_gauges(world.hub).sites_looking == 1
    assert counted == [("AWAY", LOOK_UPS_UNUSUAL_PER_DAY, True), ("OTHER", 1, False)]
    assert count_look_ups(world.hub, last=date(2020, 1, 1)) == []


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        pytest.param(PLATE, CAR, id="the other dealer's car where both wear the plate"),
        pytest.param("湘A54321", record("unnumbered"), id="its own where there is no other"),
    ],
)
def test_a_car_that_the_site_has_by_its_plate_alone_gives_way(world: HubWorld, sought: str, found: bytes):
    """The other dealer's car is then the only one found, so its history is shown whole."""
    served(world)
    away, own = world.site("away"), draft_of("vehicle", record("unnumbered"), {"model_name": "雅阁"})
    worn = [plate(number, vehicle_id=own.record, plate_no=number) for number in (PLATE, "湘A54321")]
    world.push_one(away.write(own, *worn))

    answer = look_up(world, away, way="plate", sought=sought)

    assert [one.vehicle_id for one in answer.cars] == [found]
    assert ("visit" in shown_by_kind(answer)) is (found == CAR)
