"""The part of the hub's contract that is about re-linking: what is proposed, never twice, and what never is."""

from dataclasses import replace

import pytest

from carnet_hub.core.master_rows import ProposalRow
from carnet_hub.core.relink_ports import RelinkNotes
from carnet_hub.core.stewardship.matching import write_policy
from carnet_hub.core.stewardship.relink_failures import ModelChanged
from carnet_hub.core.stewardship.relinking import Relinked, Stage, relink
from carnet_hub.core.stewardship.stewarding import Word, answer, take_back, tell_apart
from carnet_hub.core.upkeep.erasing import erase_customer
from carnet_master.clusters import Effect
from carnet_master.limits import BLOCK_RECORDS_MAX
from carnet_master.tiers import Mode, Policy
from carnet_protocol.registry import ErasureGroup
from contract.hub_matching import SureWeigher
from support.authors import draft_of
from support.hub_world import HubWorld, customer
from support.master_world import clusters, know, link, push, say
from support.plain_engine import KeptNote, Killed, PlainEngine
from support.protocol import record

NAMES = ("first", "second", "third", "fourth")
WORD = Word("st-1")


def weighed(world: HubWorld, probability: float = 0.999, mode: Mode = Mode.ALL) -> HubWorld:
    """The same hub with a model, as if one had just become active."""
    with world.hub.store.write() as transaction:
        write_policy(transaction, Policy(mode))
    world.hub = replace(world.hub, weigher=SureWeigher(probability))
    return world


def with_people(world: HubWorld, *names: str, phone: str = "13912340001") -> HubWorld:
    """Customers of one name and telephone, recorded while the hub had no model, so nobody has spoken of them."""
    site = world.site("a")
    for name in names:
        know(world, site, name, full_name="赵小明")
        say(world, site, "phone", f"phone {name}", name, number=phone)
    return weighed(world)


def again(world: HubWorld, engine: PlainEngine | None = None, notes: RelinkNotes | None = None) -> Relinked:
    """Re-link the hub."""
    return relink(world.hub, engine or PlainEngine(), notes or KeptNote(), tell=lambda *_: None)


def waiting(world: HubWorld) -> dict[frozenset[bytes], str]:
    """The queue: causes by pair."""
    return {frozenset((row.one, row.other)): row.cause for row in queue(world)}


def queue(world: HubWorld) -> list[ProposalRow]:
    """The rows of the queue."""
    with world.hub.store.read() as snapshot:
        return snapshot.proposals_after((0, b"", b""), 999)


def decided(world: HubWorld) -> dict[tuple[str, str, str], int]:
    """How many decisions there are, by effect, authority and cause."""
    with world.hub.store.read() as snapshot:
        return snapshot.decision_counts()


def pair(one: str, other: str) -> frozenset[bytes]:
    """Two customers by name."""
    return frozenset((record(one), record(other)))


class HubRelinkContract:
    """Inherited beside `HubContract`, which brings the hub."""

    def test_what_the_matcher_would_link_is_proposed_and_not_linked(self, world: HubWorld):
        """Two whom the model in use would link wait for a steward under its cause, and stay two customers."""
        with_people(world, "first", "second")

        outcome = again(world)

        assert waiting(world) == {pair("first", "second"): "a2:name_and_contact"}
        assert outcome.proposed == {"a2:name_and_contact": 1}
        assert clusters(world, "first", "second") == []

    def test_a_second_run_proposes_nothing(self, world: HubWorld):
        """Re-linking again leaves every row of the hub as it is."""
        with_people(world, *NAMES)
        again(world)
        before = world.digest()

        outcome = again(world)

        assert (outcome.proposed, world.digest()) == ({}, before)

    def test_what_a_steward_has_spoken_of_is_never_proposed(self, world: HubWorld):
        """Told apart, put aside, linked, or linked and taken back: re-linking asks about none of them."""
        with_people(world, *NAMES)
        again(world)
        tell_apart(world.hub, record("first"), record("second"), WORD, must_be_one=False)
        answer(world.hub, record("first"), record("third"), Effect.DISMISS, WORD)
        made = answer(world.hub, record("first"), record("fourth"), Effect.LINK, WORD)
        take_back(world.hub, made.decision, WORD)
        before = world.digest()

        again(world)

        assert world.digest() == before

    def test_two_told_apart_before_any_proposal_are_never_proposed(self, world: HubWorld):
        """A steward's word about two of whom the matcher never spoke keeps re-linking from asking."""
        with_people(world, "first", "second")
        tell_apart(world.hub, record("first"), record("second"), WORD, must_be_one=False)

        again(world)

        assert decided(world) == {("split", "steward", ""): 1}

    def test_a_link_that_a_steward_took_back_is_not_proposed(self, world: HubWorld):
        """Two whom a steward has linked and unlinked are not asked about, though nothing stands between them."""
        with_people(world, "first", "second")
        made = link(world, "first", "second")
        take_back(world.hub, made, WORD)

        again(world)

        assert waiting(world) == {}

    def test_members_of_one_customer_are_not_proposed(self, world: HubWorld):
        """Two that other links have joined need no link of their own."""
        with_people(world, "first", "second", "third")
        link(world, "first", "second")
        link(world, "second", "third")

        outcome = again(world)

        assert outcome.proposed == {}

    def test_a_question_is_proposed_as_the_matcher_would_ask_it(self, world: HubWorld):
        """What the mode does not let the matcher link is proposed like everything else, under the same cause."""
        weighed(with_people(world, "first", "second"), mode=Mode.OFF)

        again(world)

        assert waiting(world) == {pair("first", "second"): "a2:name_and_contact"}

    def test_a_link_that_the_model_would_not_make_is_asked_about(self, world: HubWorld):
        """A link of the matcher under a model that finds it unlikely waits as a doubt, and the two stay one."""
        with_people(world, "first", "second")
        link(world, "first", "second", authority="auto", cause="a2:name_and_contact")
        weighed(world, probability=0.2)

        outcome = again(world)

        assert waiting(world) == {pair("first", "second"): "link_doubtful"}
        assert clusters(world, "first", "second") == [{"first", "second"}]
        assert again(world).proposed == {}
        assert outcome.proposed == {"link_doubtful": 1}

    def test_a_steward_confirms_a_link_in_doubt(self, world: HubWorld):
        """Accepting a doubt makes the link the steward's, and nobody asks again."""
        with_people(world, "first", "second")
        link(world, "first", "second", authority="auto", cause="a2:name_and_contact")
        again(weighed(world, probability=0.2))

        answer(world.hub, record("first"), record("second"), Effect.LINK, WORD)

        assert (waiting(world), again(world).proposed) == ({}, {})
        assert clusters(world, "first", "second") == [{"first", "second"}]

    def test_a_steward_takes_a_link_in_doubt_apart(self, world: HubWorld):
        """Rejecting a doubt makes two customers of one, for ever."""
        with_people(world, "first", "second")
        link(world, "first", "second", authority="auto", cause="a2:name_and_contact")
        again(weighed(world, probability=0.2))

        answer(world.hub, record("first"), record("second"), Effect.SPLIT, WORD)

        assert (waiting(world), again(weighed(world)).proposed) == ({}, {})
        assert clusters(world, "first", "second") == []

    def test_a_link_of_a_steward_is_never_in_doubt(self, world: HubWorld):
        """Whatever a model makes of it, a steward's link is not asked about."""
        with_people(world, "first", "second")
        link(world, "first", "second")

        again(weighed(world, probability=0.0))

        assert waiting(world) == {}

    def test_who_was_erased_is_neither_handed_over_nor_asked_about(self, world: HubWorld):
        """An erased customer goes to no engine, and its links are left alone."""
        with_people(world, "first", "second", "third")
        link(world, "first", "second", authority="auto", cause="a2:name_and_contact")
        erase_customer(world.hub, record("first"), frozenset(ErasureGroup), ground="request")
        engine = PlainEngine()

        again(weighed(world, probability=0.2), engine)

        assert record("first") not in engine.taken
        assert waiting(world) == {}

    def test_a_value_that_too_many_share_is_handed_to_nobody(self, world: HubWorld):
        """A shop's telephone is left out of features and keys, and nobody is proposed by it."""
        names = [f"one {number}" for number in range(BLOCK_RECORDS_MAX + 1)]
        people = [customer(name, full_name="先生", wechat=f"wx_{at}_zhao") for at, name in enumerate(names)]
        phones = [
            draft_of("phone", record(f"phone {name}"), {"customer_id": record(name), "number": "13912340001"})
            for name in names
        ]
        push(world, world.site("a").write(*people, *phones))
        engine = PlainEngine()

        again(weighed(world), engine)

        assert (len(engine.taken), {one.phones for one in engine.taken.values()}) == (len(names), {()})
        assert waiting(world) == {}

    def test_a_desk_s_own_telephone_is_no_ground(self, world: HubWorld):
        """Two of one name under a telephone of seven names are asked about for having too little in common."""
        with_people(world, "first", "second")
        site = world.sites["a"]
        for name in "刘陈杨黄周吴徐":
            know(world, site, name, full_name=f"{name}小明")
            say(world, site, "phone", f"phone {name}", name, number="13912340001")

        again(world)

        assert waiting(world)[pair("first", "second")] == "weak_contact"

    def test_a_namesake_behind_the_contact_makes_it_a_question(self, world: HubWorld):
        """Two of one name and telephone are asked about where a third of the name has another birthday there."""
        site = world.site("a")
        for name, born in (("first", "1960-02-03"), ("second", None), ("third", "1988-05-06")):
            know(world, site, name, full_name="赵小明", **({} if born is None else {"birth_on": born}))
            say(world, site, "phone", f"phone {name}", name, number="13912340001")

        again(weighed(world))

        assert waiting(world)[pair("first", "second")] == "namesake"

    def test_a_namesake_behind_another_contact_of_one_of_them_counts(self, world: HubWorld):
        """Two of one name and telephone are asked about where one of them shares a WeChat name with a namesake."""
        site = world.site("a")
        for name, born, wechat in (("first", "1960-02-03", "wx_zhao"), ("second", None, None)):
            details = {} if born is None else {"birth_on": born, "wechat": wechat}
            know(world, site, name, full_name="赵小明", **details)
            say(world, site, "phone", f"phone {name}", name, number="13912340001")
        know(world, site, "third", full_name="赵小明", birth_on="1988-05-06", wechat="wx_zhao")

        again(weighed(world))

        assert waiting(world)[pair("first", "second")] == "namesake"

    @pytest.mark.parametrize("dies_after", [0, 1, 2, 3])
    def test_a_killed_run_is_gone_on_with(self, world: HubWorld, dies_after: int):
        """A run that dies between two blocks is finished by the next one, which proposes nothing twice."""
        with_people(world, *NAMES)
        notes = KeptNote()
        with pytest.raises(Killed):
            again(world, PlainEngine(block=1, dies_after=dies_after), notes)

        engine = PlainEngine(block=1)
        outcome = again(world, engine, notes)

        assert len(queue(world)) == decided(world)["propose", "auto", "a2:name_and_contact"] == 6
        assert (outcome.is_resumed, notes.note) == (True, None)
        assert list(engine.taken) == sorted(record(name) for name in NAMES)[dies_after:]

    def test_a_run_that_died_over_links_reads_no_customer_again(self, world: HubWorld):
        """Once every pair is done, the next run goes on with the links and hands nobody over."""
        with_people(world, "first", "second", "third")
        link(world, "first", "second", authority="auto", cause="a2:name_and_contact")
        notes, engine = KeptNote(), PlainEngine()

        def die_over_links(stage: Stage, *_: int) -> None:
            """End the process when links are looked at."""
            if stage is Stage.LINKS:
                raise Killed

        with pytest.raises(Killed):
            relink(world.hub, PlainEngine(), notes, tell=die_over_links)

        outcome = again(world, engine, notes)

        assert (engine.taken, outcome.proposed, outcome.is_resumed) == ({}, {}, True)

    def test_a_block_that_was_written_and_not_noted_is_not_proposed_again(self, world: HubWorld):
        """A note that is behind what was written costs work and no second proposal."""
        with_people(world, *NAMES)
        notes = KeptNote()
        with pytest.raises(Killed):
            again(world, PlainEngine(block=1, dies_after=2), notes)
        assert notes.note is not None
        notes.write(replace(notes.note, pairs_upto=b""))

        again(world, PlainEngine(block=1), notes)

        assert decided(world) == {("propose", "auto", "a2:name_and_contact"): 6}

    def test_a_run_under_other_rules_begins_anew(self, world: HubWorld):
        """A note of a run with another mode is not gone on with."""
        with_people(world, *NAMES)
        notes = KeptNote()
        with pytest.raises(Killed):
            again(world, PlainEngine(block=1, dies_after=2), notes)
        engine = PlainEngine()

        outcome = again(weighed(world, mode=Mode.SURE), engine, notes)

        assert (outcome.is_resumed, len(engine.taken)) == (False, len(NAMES))

    def test_another_model_in_mid_run_is_refused(self, world: HubWorld):
        """An engine that weighs with a model that is not in use any more proposes nothing."""
        with_people(world, "first", "second")
        before = world.digest()

        with pytest.raises(ModelChanged):
            again(world, PlainEngine(model_ids={"person": b"x" * 32, "company": b"x" * 32}))

        assert world.digest() == before

    def test_a_dry_run_only_counts(self, world: HubWorld):
        """A dry run says what would be proposed, and writes neither proposals nor a note."""
        with_people(world, *NAMES)
        before, notes = world.digest(), KeptNote()

        outcome = relink(world.hub, PlainEngine(), notes, tell=lambda *_: None, is_dry=True)

        assert outcome.proposed == {"a2:name_and_contact": 6}
        assert (world.digest(), notes.note) == (before, None)

    def test_a_run_tells_how_far_it_is(self, world: HubWorld):
        """Each stage is told with what is done and what there is."""
        with_people(world, "first", "second", "third")
        link(world, "first", "second", authority="auto", cause="a2:name_and_contact")
        told: list[tuple[Stage, int, int]] = []

        relink(world.hub, PlainEngine(block=2), KeptNote(), tell=lambda *one: told.append(one))

        assert told == [(Stage.EXPORT, 3, 3), (Stage.PAIRS, 2, 3), (Stage.PAIRS, 3, 3), (Stage.LINKS, 1, 1)]

    def test_customers_and_links_are_read_on_behind_the_last(self, world: HubWorld):
        """Every database pages customers and the matcher's links by id, and counts full keys alike."""
        with_people(world, "first", "second", "third")
        link(world, "first", "second", authority="auto", cause="a2:name_and_contact")
        ordered = sorted(record(name) for name in ("first", "second", "third"))

        with world.hub.store.read() as snapshot:
            first = [row.customer for row in snapshot.parties_after(b"", 2)]
            then = [row.customer for row in snapshot.parties_after(first[-1], 2)]
            links = [{row.customer, row.other} for row in snapshot.auto_links_after(b"", 9)]
            full = {key[:1] for key in snapshot.full_keys(2)}
            counted = (snapshot.party_count(), snapshot.full_keys(3))

        assert [*first, *then] == ordered
        assert [frozenset(one) for one in links] == [pair("first", "second")]
        assert (full, counted) == ({b"P", b"T", b"B"}, (3, frozenset()))
