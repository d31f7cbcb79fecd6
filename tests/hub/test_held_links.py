"""Links that only the mode keeps back: let go together, with the guards of the matcher and its evidence."""

from pathlib import Path

import pytest

from carnet_hub.adapters.store import open_store
from carnet_hub.core.stewardship.causes import HELD
from carnet_hub.core.stewardship.master_failures import NotForAll
from carnet_hub.core.stewardship.master_views import explain_pair, master_stats, show_history
from carnet_hub.core.stewardship.steward_queue import list_queue
from carnet_hub.core.stewardship.stewarding import Word, answer_all
from carnet_master.tiers import Cause, Mode, Tier, effect_of
from support.hub_world import HubWorld, make_world
from support.master_world import clusters, decide, know
from support.protocol import record

ID_OF_ONE, ID_OF_TWO = "110105198502031245", "440308199002151233"
"""Numbers made up for tests; their check digits are right."""

NAME = "a2:name_and_contact"
WORD = Word("st-7")


@pytest.fixture
def world(tmp_path: Path) -> HubWorld:
    """A hub with four customers who share nothing: one documented, two not, one documented otherwise."""
    world = make_world(open_store(f"sqlite:///{tmp_path / 'hub.db'}"))
    site = world.site("a")
    for name, number in (("first", ID_OF_ONE), ("second", ""), ("third", ""), ("fourth", ID_OF_TWO)):
        know(
            world,
            site,
            name,
            full_name=f"测试{name}",
            **({"id_type": "resident_id", "id_no": number} if number else {}),
        )
    return world


def propose(world: HubWorld, one: str, other: str, cause: str = NAME) -> None:
    """The matcher asks about two customers."""
    decide(world, "propose", one, other, authority="auto", cause=cause, weight_nanobits=9_500_000_000)


def waiting(world: HubWorld) -> dict[str, int]:
    """Proposals by cause, held ones too."""
    stats = master_stats(world.hub)
    return {**stats.waiting, **stats.held}


def test_what_is_let_go_is_a_link_of_the_matcher(world: HubWorld):
    """The link has the matcher's authority, tier and weight, and the code of whoever let it go."""
    propose(world, "first", "second")

    confirmed = list(answer_all(world.hub, HELD, WORD, limit=9))

    link = show_history(world.hub, record("first"))[-1]
    assert (confirmed, clusters(world, "first", "second")) == ([1], [{"first", "second"}])
    assert (link.effect, link.authority, link.cause, link.by, link.weight) == ("link", "auto", NAME, "st-7", 9.5)


def test_a_guard_stops_what_nobody_has_looked_at(world: HubWorld):
    """Two documents at the ends of a chain of held links stay apart, and the last link becomes a doubt."""
    for one, other in (("first", "second"), ("second", "third"), ("third", "fourth")):
        propose(world, one, other)

    list(answer_all(world.hub, HELD, WORD, limit=9))

    assert clusters(world, "first", "second", "third", "fourth") == [{"first", "second", "third"}]
    assert waiting(world) == {"identifiers": 1}
    assert [pair.cause for entity in list_queue(world.hub).entities for pair in entity.pairs] == ["identifiers"]


def test_a_doubt_is_not_let_go_with_the_held(world: HubWorld):
    """What somebody has to think about waits on, also when everything held is let go."""
    propose(world, "first", "second")
    propose(world, "second", "third", Cause.ONE_CHARACTER.value)

    list(answer_all(world.hub, HELD, WORD, limit=9))

    assert waiting(world) == {"one_character": 1}


def test_so_many_are_let_go_as_was_said(world: HubWorld):
    """A bound stops after so many proposals; the others wait."""
    propose(world, "first", "second")
    propose(world, "second", "third")

    assert list(answer_all(world.hub, HELD, WORD, limit=1)) == [1]
    assert waiting(world) == {NAME: 1}


def test_one_cause_that_is_looked_at_one_by_one_stops_all(world: HubWorld):
    """Nothing is confirmed when one of the causes may not be answered in one go."""
    propose(world, "first", "second")

    with pytest.raises(NotForAll):
        answer_all(world.hub, (NAME, Cause.NAMESAKE.value), WORD, limit=9)

    assert waiting(world) == {NAME: 1}
    assert not explain_pair(world.hub, record("first"), record("second")).is_one


def test_every_tier_that_mode_all_links_is_held():
    """The causes that are held are those of the tiers that the widest mode lets the matcher link."""
    tiers = {tier.value for tier in Tier if effect_of(tier, Mode.ALL) is effect_of(Tier.A1, Mode.SURE)}

    assert {cause.split(":")[0] for cause in HELD} == tiers
