"""Adoptions that end before their time: a site gives a car back, an operator ends it; nothing else goes."""

from typing import Any

import pytest

from carnet_hub.core.exchange.ending_adoptions import end_adoptions
from carnet_hub.core.exchange.look_up_ledger import count_look_ups, read_look_ups
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import ASSIGNMENT_TTL_MS
from carnet_hub.core.log.rebuild import rebuild_projections
from carnet_hub.core.rows import AssignmentRow
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId, vehicle_id
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import PushCode
from carnet_protocol.registry import Value
from support.authors import SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, customer, visit
from support.look_ups import assigned, ledger
from support.protocol import record

TIE = draft_of("ownership", record("tie"), {"vehicle_id": CAR, "customer_id": record("c"), "role": "owner"})
ALL_OF_IT = {"vehicle", "visit", "plate"}


def adoption(name: str = "adoption") -> Draft:
    """A site takes the car on."""
    return draft_of("adoption", record(name), {"vehicle_id": CAR, "reason": "at_desk", "adopted_at": 1})


def followed(world: HubWorld) -> tuple[SiteAuthor, OpId]:
    """A site that has taken on a car that another one has served, and the op by which."""
    home = world.site("home")
    plate = draft_of("plate", record("plate"), {"vehicle_id": CAR})
    world.push_one(home.write(car(color="blue"), visit(), plate))
    away = world.site("away")
    made = away.write(adoption())
    world.push_one(made)
    return away, made.op()


def taken_back(op: OpId) -> Draft:
    """The same site takes its adoption back."""
    values: dict[str, Value] = {"retracted": "withdrawn"}
    return draft_of("adoption", record("adoption"), values, based_on=(op,))


def gone(world: HubWorld, site: SiteAuthor) -> set[str]:
    """Kinds of the rows that were taken from a site."""
    return {REGISTRY.by_number[row.kind].name for row in world.page(site).rows if row.is_evicted}


def only(rows: list[AssignmentRow]) -> AssignmentRow:
    """The one assignment of a site."""
    (row,) = rows
    return row


def test_a_site_that_gives_a_car_back_follows_it_no_more(world: HubWorld):
    """Its history leaves at once, marked; what the site still changes on it is a proposal."""
    away, op = followed(world)

    world.push_one(away.write(taken_back(op)))

    assert only(assigned(world, away)).reason == "lapsed"
    assert gone(world, away) == ALL_OF_IT
    assert world.push_one(away.write(draft_of("vehicle", CAR, {"color": "red"}))).code == PushCode.PARKED


@pytest.mark.parametrize(
    ("drafts", "ground"),
    [
        pytest.param((visit("own"),), "visit", id="a visit"),
        pytest.param((customer("c"), TIE), "ownership", id="a tie"),
        pytest.param((adoption("again"),), "adoption", id="another adoption"),
    ],
)
@pytest.mark.parametrize("is_together", [True, False], ids=["in the same set", "before"])
def test_a_car_with_another_ground_stays(world: HubWorld, drafts: tuple[Draft, ...], ground: str, *, is_together: bool):
    """An adoption that is taken back ends nothing that a visit, a tie or another adoption is a ground for."""
    away, op = followed(world)

    for some in [(*drafts, taken_back(op))] if is_together else [drafts, (taken_back(op),)]:
        world.push_one(away.write(*some))

    assert only(assigned(world, away)).reason == ground
    assert gone(world, away) == set()


def test_an_operator_ends_an_adoption(world: HubWorld):
    """The site loses the history with its next page, reads why, and the ledger says who decided."""
    away, _ = followed(world)

    count = end_adoptions(world.hub, away.dealer_id, CAR, reason="entered_in_error", by="op-7")

    assert (count, only(assigned(world, away)).reason, gone(world, away)) == (1, "lapsed", ALL_OF_IT)
    assert world.shown("adoption", record("adoption"))["retracted"] == "entered_in_error"
    (line,) = ledger(world)
    assert (line.dealer_id, line.outcome, line.operator) == (away.dealer_id, "ended", "op-7")
    assert [code for _, code in read_look_ups(world.hub, vehicle=CAR)] == ["AWAY"]


def test_what_an_operator_ended_is_no_look_up(world: HubWorld):
    """It counts neither against the pace of the site nor among what it asked."""
    away, _ = followed(world)

    end_adoptions(world.hub, away.dealer_id, CAR, reason="other", by="op-7")

    assert count_look_ups(world.hub) == []
    with world.hub.store.read() as snapshot:
        assert snapshot.look_ups_of(away.dealer_id, 0, 9) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"reason": "because"}, "no reason", id="a wrong reason"),
        pytest.param({"by": "Wang Xiaoming"}, "no code", id="a name"),
        pytest.param({"vehicle": vehicle_id("LSVAB2C34RA000009")}, "taken no such car on", id="another car"),
    ],
)
def test_what_cannot_be_ended_changes_nothing(world: HubWorld, changes: dict[str, Any], words: str):
    """A wrong reason, a name in place of a code, a car that the site has not taken on: said so, and nothing written."""
    away, _ = followed(world)
    before = world.digest()
    asked = {"dealer_id": away.dealer_id, "vehicle": CAR, "reason": "other", "by": "op-7"} | changes

    with pytest.raises(Unusable, match=words):
        end_adoptions(world.hub, **asked)

    assert world.digest() == before


def test_an_adoption_is_not_ended_twice(world: HubWorld):
    """What was ended before is over, and the refusal says so."""
    away, _ = followed(world)
    end_adoptions(world.hub, away.dealer_id, CAR, reason="other", by="op-7")

    with pytest.raises(Unusable, match="taken no such car on, or that is over"):
        end_adoptions(world.hub, away.dealer_id, CAR, reason="other", by="op-7")


@pytest.mark.parametrize(
    "drafts", [pytest.param((visit("own"),), id="a visit"), pytest.param((customer("c"), TIE), id="a tie")]
)
def test_a_car_that_a_visit_or_holder_keeps_is_not_ended(world: HubWorld, drafts: tuple[Draft, ...]):
    """The refusal names what keeps the car, since the site did take it on; nothing is written."""
    away, _ = followed(world)
    world.push_one(away.write(*drafts))
    before = world.digest()

    with pytest.raises(Unusable, match="a visit or a holder of its own keeps the car"):
        end_adoptions(world.hub, away.dealer_id, CAR, reason="other", by="op-7")

    assert world.digest() == before


def test_a_visit_that_counts_no_more_keeps_no_car(world: HubWorld):
    """An adoption that a visit had taken the place of is over with that visit, and the refusal says so."""
    away, _ = followed(world)
    world.push_one(away.write(visit("own")))
    world.clock.ms += ASSIGNMENT_TTL_MS

    with pytest.raises(Unusable, match="taken no such car on, or that is over"):
        end_adoptions(world.hub, away.dealer_id, CAR, reason="other", by="op-7")


def test_an_ended_adoption_comes_out_of_the_log_as_it_went_in(world: HubWorld):
    """Ruling, eviction and what is remembered are a function of the log."""
    away, _ = followed(world)
    end_adoptions(world.hub, away.dealer_id, CAR, reason="other", by="op-7")
    before = world.digest()

    rebuild_projections(world.hub)

    assert world.digest() == before


def test_a_car_may_be_taken_on_again(world: HubWorld):
    """An end is no ban: the next adoption brings the history once more."""
    away, _ = followed(world)
    end_adoptions(world.hub, away.dealer_id, CAR, reason="other", by="op-7")

    world.push_one(away.write(adoption("again")))

    assert (only(assigned(world, away)).reason, gone(world, away)) == ("adoption", set())
