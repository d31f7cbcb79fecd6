"""The part of the hub's contract that is about a sweep and customers on whom the matcher fails."""

from dataclasses import dataclass, field, replace

import pytest

from carnet_hub.core.master_limits import WEIGHED_TOGETHER_MAX
from carnet_hub.core.master_ports import Weighed
from carnet_hub.core.ports import StoreBusy
from carnet_hub.core.stewardship.master_failures import MatcherFails
from carnet_hub.core.stewardship.sweeping import weigh_everybody
from carnet_master.features import Features
from carnet_master.tiers import Mode
from contract.hub_matching import SureWeigher, with_model
from contract.hub_models import swept, unmatched
from support.hub_world import HubWorld
from support.master_world import clusters, know, say
from support.protocol import record

HARD = "测试难"


@dataclass(frozen=True)
class FailingWeigher(SureWeigher):
    """A model that fails on everybody of one name."""

    error: Exception = field(default_factory=lambda: RuntimeError("a fault of the matcher"))

    def weigh(self, one: Features, other: Features) -> Weighed:
        """The answer of a sure model, or a failure."""
        if HARD in (one.name, other.name):
            raise self.error
        return super().weigh(one, other)


def know_hard(world: HubWorld, *names: str) -> None:
    """Customers of one name and telephone on whom the matcher fails, each at a site of its own."""
    with_model(world, Mode.ALL)
    world.hub = replace(world.hub, weigher=FailingWeigher())
    for name in names:
        site = world.site(f"site of {name}")
        know(world, site, name, full_name=HARD)
        say(world, site, "phone", f"phone {name}", name, number="13912340001")


class HubSweepingContract:
    """Inherited beside `HubContract`, which brings the hub."""

    def test_a_customer_on_whom_the_matcher_fails_holds_nobody_up(self, world: HubWorld):
        """A sweep goes on behind it, decides about all others in the same transaction, and names it at its end."""
        unmatched(world, "first", "second")
        know_hard(world, "hard", "harder")
        world.alarms.customers.clear()

        result = swept(world)

        assert result.total == 4 < WEIGHED_TOGETHER_MAX
        assert (result.done, set(result.unweighed)) == (4, {record("hard"), record("harder")})
        assert clusters(world, "first", "second") == [{"first", "second"}]
        assert world.alarms.customers == list(result.unweighed)

    def test_who_could_not_be_weighed_is_left_as_it_was(self, world: HubWorld):
        """A sweep that fails on everybody writes nothing into the log."""
        know_hard(world, "hard", "harder")
        before = world.position()

        result = swept(world)

        assert (result.decided, len(result.unweighed), world.position()) == (0, 2, before)

    def test_the_next_sweep_tries_only_them_again(self, world: HubWorld):
        """Whoever was weighed is not weighed again; once the matcher works, nobody is left and a sweep begins anew."""
        know_hard(world, "hard", "harder")
        know(world, world.site("b"), "easy", full_name="测试乙")
        swept(world)
        with_model(world, Mode.ALL)

        begun, *_, last = list(weigh_everybody(world.hub))

        assert (begun.done, begun.is_resumed, last.done, last.unweighed) == (1, True, 3, ())
        assert clusters(world, "hard", "harder") == [{"hard", "harder"}]
        assert next(weigh_everybody(world.hub)).done == 0

    def test_who_fails_again_is_named_again(self, world: HubWorld):
        """As long as the matcher fails on somebody, every call tries and names that one."""
        know_hard(world, "hard", "harder")
        swept(world)

        again = swept(world)

        assert (again.done, set(again.unweighed)) == (2, {record("hard"), record("harder")})

    def test_a_stopped_sweep_remembers_on_whom_the_matcher_failed(self, world: HubWorld):
        """Killed behind such a customer, the next call has it still to do."""
        know_hard(world, "hard", "harder")
        stopped = weigh_everybody(world.hub)
        next(stopped)
        next(stopped)

        begun = next(weigh_everybody(world.hub))

        assert (begun.done, set(begun.unweighed)) == (0, {record("hard"), record("harder")})

    def test_under_other_rules_all_are_tried(self, world: HubWorld):
        """A sweep in another mode begins anew, and nobody is left over from the one before."""
        know_hard(world, "hard", "harder")
        swept(world)
        with_model(world, Mode.SURE)

        begun, *_, last = list(weigh_everybody(world.hub))

        assert (begun.done, begun.unweighed, last.unweighed) == (0, (), ())

    def test_as_many_as_the_bound_are_left_out(self, world: HubWorld):
        """A sweep comes to its end where the matcher fails on just as many as it may."""
        know_hard(world, "hard", "harder")

        result = list(weigh_everybody(world.hub, unweighed_max=2))[-1]

        assert (result.done, len(result.unweighed)) == (2, 2)

    def test_a_matcher_that_fails_on_more_stops_the_sweep(self, world: HubWorld):
        """A sweep ends by name where more fail than could be their own fault, and the next one goes on there."""
        know_hard(world, "hard", "harder")

        with pytest.raises(MatcherFails):
            list(weigh_everybody(world.hub, unweighed_max=1))

        begun, *_, last = list(weigh_everybody(world.hub))
        assert (len(begun.unweighed), begun.is_resumed, len(last.unweighed)) == (1, True, 2)

    def test_a_busy_database_is_nobody_s_fault(self, world: HubWorld):
        """A store that fails ends the sweep, and no customer is blamed for it."""
        know_hard(world, "hard", "harder")
        world.hub = replace(world.hub, weigher=FailingWeigher(error=StoreBusy()))

        with pytest.raises(StoreBusy):
            swept(world)

        assert next(weigh_everybody(world.hub)).unweighed == ()
