"""The part of the hub's contract about what the matcher decided before: its own links, and who is near whom."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.adapters.store import open_store
from carnet_hub.core.master_limits import RELATIONS_MAX
from carnet_hub.core.master_ports import NO_WEIGHER
from carnet_hub.core.stewardship.master_views import show_cluster
from carnet_hub.core.stewardship.stewarding import Word, answer, take_back
from carnet_master.clusters import Effect
from carnet_master.tiers import Mode
from carnet_protocol.ids import RecordId
from carnet_protocol.orders import ErasureOrder
from carnet_protocol.registry import ErasureGroup
from contract.hub_matching import ID_OF_ONE, ID_OF_TWO, decided, documented, waiting, with_model
from support.authors import draft_of
from support.hub_world import HubWorld, customer
from support.master_world import clusters, edit, fold_again, know, link, push, say
from support.protocol import record

ID_OF_THREE = "31010119900307823X"
"""Made up, as the others."""

PHONE, OTHER_PHONE = "13912340001", "13812340002"
FAMILY = ("赵一", "钱二", "孙三", "李四", "周五")


def met(world: HubWorld, first: str = "赵小明", second: str = "赵小明") -> HubWorld:
    """Two sites have recorded a person with one phone; the matcher may link all it is sure of."""
    with_model(world, Mode.ALL)
    for name, site, full in (("first", "a", first), ("second", "b", second)):
        know(world, world.site(site), name, full_name=full)
        say(world, world.sites[site], "phone", f"phone {name}", name, number=PHONE)
    return world


def correct(world: HubWorld, number: str, name: str = "first") -> None:
    """The first site's clerk writes another number over the one there."""
    edit(world, world.sites["a"], "phone", f"phone {name}", number=number)


def family(world: HubWorld, *names: str) -> HubWorld:
    """People of other names with one phone, each at the next of three sites."""
    with_model(world, Mode.ALL)
    for at, full in enumerate(names):
        site = world.sites.get("abc"[at % 3]) or world.site("abc"[at % 3])
        know(world, site, full, full_name=full)
        say(world, site, "phone", f"phone {full}", full, number=PHONE)
    return world


class HubStandingLinksContract:
    """Inherited beside `HubContract`, which brings the hub."""

    def test_a_contradicted_link_is_taken_back(self, world: HubWorld):
        """A number that was another's leaves two customers, and a steward is asked as if the two had just met."""
        met(world)
        edit(world, world.sites["b"], "customer", "second", **documented())

        edit(world, world.sites["a"], "customer", "first", **documented(ID_OF_TWO))

        assert clusters(world, "first", "second") == []
        assert [row.cause for row in waiting(world)] == ["identity_conflict"]
        assert decided(world)["retract", "auto", "refuted"] == 1

    def test_another_name_makes_a_household_of_a_link(self, world: HubWorld):
        """Two with one phone of whom one has another name after all are apart, and near each other."""
        met(world)

        edit(world, world.sites["a"], "customer", "first", full_name="钱大华")

        assert (clusters(world, "first", "second"), waiting(world)) == ([], [])
        assert decided(world)["relate", "auto", "household"] == 1

    def test_a_link_without_its_ground_stands_and_is_asked_about(self, world: HubWorld):
        """Another phone contradicts nothing: the two stay one customer, and a steward looks."""
        met(world)

        correct(world, OTHER_PHONE)

        assert clusters(world, "first", "second") == [{"first", "second"}]
        assert [row.cause for row in waiting(world)] == ["link_doubtful"]

    def test_a_doubt_is_said_once(self, world: HubWorld):
        """A customer that changes again without a new ground is not asked about again."""
        met(world)
        correct(world, OTHER_PHONE)

        correct(world, "13712340003")

        assert decided(world)["propose", "auto", "link_doubtful"] == 1

    def test_a_ground_that_comes_back_settles_the_question(self, world: HubWorld):
        """The old number again, and nobody has to answer any more."""
        met(world)
        correct(world, OTHER_PHONE)

        correct(world, PHONE)

        assert (clusters(world, "first", "second"), waiting(world)) == ([{"first", "second"}], [])

    @pytest.mark.parametrize(
        ("effect", "together"),
        [(Effect.LINK, True), (Effect.SPLIT, False), (Effect.DISMISS, True)],
        ids=str,
    )
    def test_a_steward_answers_a_doubt(self, world: HubWorld, effect: Effect, together: bool):
        """Confirming and putting aside keep the link, a split ends it; the queue is empty after each."""
        met(world)
        correct(world, OTHER_PHONE)

        answer(world.hub, record("first"), record("second"), effect, Word("st-1"))

        assert (clusters(world, "first", "second") != [], waiting(world)) == (together, [])

    def test_a_stewards_link_is_never_touched(self, world: HubWorld):
        """What a steward linked stays linked, whatever the records say later."""
        met(world, second="钱大华")
        link(world, "first", "second")

        edit(world, world.sites["a"], "customer", "first", full_name="孙丽", **documented(ID_OF_ONE))
        edit(world, world.sites["b"], "customer", "second", **documented(ID_OF_TWO))

        assert clusters(world, "first", "second") == [{"first", "second"}]

    def test_a_link_that_a_steward_gave_back_is_kept(self, world: HubWorld):
        """Whoever takes the matcher's retraction back keeps the two together against the matcher."""
        met(world)
        edit(world, world.sites["a"], "customer", "first", full_name="钱大华")
        with world.hub.store.read() as snapshot:
            (made,) = [row.identity for row in snapshot.decisions([record("first")]) if row.effect == "retract"]
        take_back(world.hub, made, Word("st-1"))

        edit(world, world.sites["a"], "customer", "first", full_name="孙丽")

        assert clusters(world, "first", "second") == [{"first", "second"}]

    def test_others_hold_two_together(self, world: HubWorld):
        """Nobody is asked about a link when the two are one customer without it."""
        met(world)
        know(world, world.site("c"), "third", full_name="赵小明")
        for number in (PHONE, OTHER_PHONE):
            say(world, world.sites["c"], "phone", f"phone third {number}", "third", number=number)

        correct(world, OTHER_PHONE)

        assert clusters(world, "first", "second", "third") == [{"first", "second", "third"}]
        assert waiting(world) == []

    def test_a_model_that_is_gone_moves_nobody(self, world: HubWorld):
        """Without any model a change that keeps the facts keeps the link, and nothing is asked."""
        met(world)
        world.hub = replace(world.hub, weigher=NO_WEIGHER)
        before = decided(world)

        edit(world, world.sites["a"], "customer", "first", wechat="zhaoxm")

        assert (decided(world), clusters(world, "first", "second")) == (before, [{"first", "second"}])

    def test_an_erasure_is_no_correction(self, world: HubWorld):
        """Of two linked customers one is erased: the other's next change asks nobody about the link."""
        met(world)
        order = ErasureOrder((record("second"),), frozenset(ErasureGroup))
        world.write(draft_of("erasure", record("order"), {**order.fields(), "ground": "request"}))

        correct(world, OTHER_PHONE)

        assert [key for key in decided(world) if key[0] in ("retract", "propose")] == []

    def test_two_corrections_at_once_take_a_link_back_once(self, world: HubWorld):
        """Both customers change in one transaction, and the log says so once."""
        with_model(world, Mode.ALL)
        site = world.site("a")
        push(world, site.write(*(customer(name, full_name="测试甲", **documented()) for name in ("first", "second"))))
        heads = {name: world.entries("customer", record(name))[0].op for name in ("first", "second")}

        drafts = [
            draft_of("customer", record(name), documented(number), based_on=(heads[name],))  # type: ignore[arg-type]
            for name, number in (("first", ID_OF_TWO), ("second", ID_OF_THREE))
        ]
        push(world, site.write(*drafts))

        assert decided(world)["retract", "auto", "refuted"] == 1

    def test_what_the_matcher_took_back_folds_again(self, world: HubWorld, tmp_path: Path):
        """Folding the log gives the same rows with a link, a doubt and a retraction in it."""
        met(world)
        correct(world, OTHER_PHONE)
        edit(world, world.sites["a"], "customer", "first", full_name="钱大华")

        assert fold_again(world, open_store(f"sqlite:///{tmp_path / 'links.db'}")).differences == ()

    def test_a_family_is_told_of_once(self, world: HubWorld):
        """Five people with one phone are four relations, not ten."""
        family(world, *FAMILY)

        assert decided(world) == {("relate", "auto", "household"): len(FAMILY) - 1}

    def test_a_familys_records_at_once_are_told_of_once(self, world: HubWorld):
        """The same when one push brings them all."""
        with_model(world, Mode.ALL)
        site = world.site("a")
        phones = [
            draft_of("phone", record(f"phone {one}"), {"customer_id": record(one), "number": PHONE}) for one in FAMILY
        ]

        push(world, site.write(*(customer(one, full_name=one) for one in FAMILY), *phones))

        assert decided(world) == {("relate", "auto", "household"): len(FAMILY) - 1}

    def test_everybody_of_a_family_is_shown(self, world: HubWorld):
        """Whoever looks at one of them sees the four others."""
        family(world, *FAMILY)

        view = show_cluster(world.hub, record(FAMILY[-1]))

        assert {other for _, other, _ in view.relations} == {RecordId(record(one)) for one in FAMILY[:-1]}

    def test_one_persons_records_bring_one_relation(self, world: HubWorld):
        """A second record of somebody whose family is known says nothing new about the family."""
        family(world, "赵小明", "钱大华")

        know(world, world.site("d"), "again", full_name="赵小明")
        say(world, world.sites["d"], "phone", "phone again", "again", number=PHONE)

        assert decided(world)["relate", "auto", "household"] == 1

    def test_a_customer_brings_a_bounded_number_of_relations(self, world: HubWorld):
        """Who shares a phone with more households than anybody belongs to is related to the first ones."""
        with_model(world, Mode.ALL)
        site = world.site("a")
        numbers = [f"139123400{at:02}" for at in range(RELATIONS_MAX + 3)]
        for at, number in enumerate(numbers):
            full = "赵钱孙李周吴郑王冯陈褚"[at] + "伟芳娜敏静强磊洋艳勇杰"[at]
            know(world, site, full, full_name=full)
            say(world, site, "phone", f"phone {full}", full, number=number)
        drafts = [
            draft_of("phone", record(f"last {one}"), {"customer_id": record("last"), "number": one}) for one in numbers
        ]

        push(world, site.write(customer("last", full_name="沈小华"), *drafts))

        assert decided(world) == {("relate", "auto", "household"): RELATIONS_MAX}
