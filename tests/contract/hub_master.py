"""The part of the hub's contract that is about who is who: clusters, golden records and feeds, on every database."""

from pathlib import Path

import pytest

from carnet_hub.adapters.store import SqlStore, open_store
from carnet_hub.core.log.rebuild import exclude_sets
from carnet_hub.core.stewardship.stewarding import find_customer
from carnet_protocol.ops import Action
from carnet_protocol.orders import ErasureOrder
from carnet_protocol.registry import ErasureGroup, Value
from support.authors import draft_of
from support.hub_world import HubWorld, visit
from support.master_world import (
    Reader,
    clusters,
    decide,
    edit,
    fold_again,
    know,
    link,
    named,
    say,
    share,
    source_rows,
    take_back,
    waiting,
)
from support.protocol import record


class HubMasterContract:
    """Inherited beside `HubContract`, which brings the hub."""

    @pytest.fixture
    def scratch(self, tmp_path: Path) -> SqlStore:
        """An empty store to fold into."""
        return open_store(f"sqlite:///{tmp_path / 'scratch.db'}")

    def test_linked_customers_are_one_cluster_with_the_older_ones_id(self, world: HubWorld):
        """A link makes a cluster under the golden id of the customer the hub knew first."""
        one, other = world.site("a"), world.site("b")
        know(world, one, "first")
        know(world, other, "second")

        link(world, "second", "first")

        with world.hub.store.read() as snapshot:
            members = snapshot.members_of([named("first")])
        assert {row.customer for row in members} == {record("first"), record("second")}

    def test_both_sites_read_one_golden_record(self, world: HubWorld):
        """Each site of a cluster gets the golden record with its own customers in it and nobody else's id."""
        one, other, stranger = world.site("a"), world.site("b"), world.site("c")
        know(world, one, "first")
        know(world, other, "second")

        link(world, "first", "second")

        read = [Reader(world, site).read() for site in (one, other, stranger)]
        assert [set(found) for found in read] == [{named("first")}, {named("first")}, set()]
        assert [found[named("first")].own_records for found in read[:2]] == [{record("first")}, {record("second")}]
        assert read[1][named("first")].former_ids == {named("second")}
        assert read[0][named("first")].values["site_count"] == 2

    def test_another_sites_values_wait_for_a_consent(self, world: HubWorld):
        """A value goes to another site while its customer agrees to sharing, and is taken back when that ends."""
        one, other = world.site("a"), world.site("b")
        know(world, one, "first", full_name="测试甲一")
        push_phone = say(world, one, "phone", "phone", "first", number="13912340001")
        know(world, other, "second", full_name="测试甲")
        link(world, "first", "second")
        reader = Reader(world, other)

        seen: list[Value] = []
        for statement, at in ((None, 0), ("granted", 1), ("withdrawn", 2)):
            if statement is not None:
                share(world, one, "first", statement, at)
            seen.append(reader.read()[named("first")].values.get("phone"))

        assert push_phone.op_count == 1
        assert seen == [None, "13912340001", None]

    def test_a_shared_value_says_where_it_comes_from(self, world: HubWorld):
        """A golden value names its site and when it was written; another site's record id stays there."""
        one, other = world.site("a"), world.site("b")
        know(world, one, "first", full_name="测试甲一")
        share(world, one, "first")
        know(world, other, "second", full_name=None)
        link(world, "first", "second")

        values = Reader(world, other).read()[named("first")].values

        assert (values["full_name"], values["name_site_id"]) == ("测试甲一", one.dealer_id)
        assert "name_record_id" not in values

    def test_do_not_contact_reaches_every_site(self, world: HubWorld):
        """A wish not to be contacted goes to all sites, without any consent, and is never lowered by a merge."""
        one, other = world.site("a"), world.site("b")
        know(world, one, "first")
        know(world, other, "second")
        say(world, one, "contact_preference", "wish", "first", do_not_contact=True)
        reader = Reader(world, other)

        link(world, "first", "second")

        assert reader.read()[named("first")].values.get("do_not_contact") is True

    def test_an_edit_of_a_member_is_sent_as_a_golden_record_again(self, world: HubWorld):
        """What a site changes on its own customer reaches the other site's golden record with the next page."""
        one, other = world.site("a"), world.site("b")
        know(world, one, "first", full_name="测试甲")
        share(world, one, "first")
        know(world, other, "second", full_name=None)
        link(world, "first", "second")
        reader = Reader(world, other)
        reader.read()

        edit(world, one, "customer", "first", full_name="测试乙")

        assert reader.read()[named("first")].values["full_name"] == "测试乙"

    def test_a_merge_of_clusters_takes_the_younger_id_away(self, world: HubWorld):
        """When two clusters become one the younger golden record is evicted, and its id leads to the older."""
        one, other = world.site("a"), world.site("b")
        for site, name in ((one, "a1"), (other, "b1"), (one, "a2"), (other, "b2")):
            know(world, site, name)
        link(world, "a1", "b1")
        link(world, "a2", "b2")
        reader = Reader(world, other)
        before = set(reader.read())

        link(world, "b1", "b2")

        assert before == {named("a1"), named("a2")}
        assert set(reader.read()) == {named("a1")}
        assert named("a2") in reader.golden[named("a1")].former_ids

    def test_a_split_brings_the_former_ids_back(self, world: HubWorld):
        """Taking the merge of two clusters back leaves each with the golden id it had, and sites are told."""
        one, other = world.site("a"), world.site("b")
        for site, name in ((one, "a1"), (other, "b1"), (one, "a2"), (other, "b2")):
            know(world, site, name)
        link(world, "a1", "b1")
        link(world, "a2", "b2")
        merge = link(world, "b1", "b2")
        reader = Reader(world, one)
        reader.read()

        take_back(world, merge, "b1", "b2")

        assert set(reader.read()) == {named("a1"), named("a2")}
        assert clusters(world, "a1", "b1", "a2", "b2") == [{"a1", "b1"}, {"a2", "b2"}]

    def test_a_golden_id_leads_to_its_customer_for_ever(self, world: HubWorld):
        """A golden id whose cluster was undone still finds the customer that lent it."""
        site = world.site("a")
        know(world, site, "first")
        know(world, site, "second")
        merge = link(world, "first", "second")
        take_back(world, merge, "first", "second")

        with world.hub.store.read() as snapshot:
            found = find_customer(snapshot, named("second"))

        assert found == (record("second"),)

    def test_a_merge_and_its_undoing_touch_no_source_record(self, world: HubWorld):
        """Customers, visits and everything a site wrote are byte for byte what they were before."""
        site = world.site("a")
        know(world, site, "first")
        know(world, site, "second")
        say(world, site, "phone", "phone", "first", number="13912340001")
        world.push_one(site.write(visit(customer_id=record("second"))))
        before = list(source_rows(world))

        merge = link(world, "first", "second")
        merged = list(source_rows(world))
        take_back(world, merge, "first", "second")

        assert before == merged == list(source_rows(world))

    def test_an_edit_between_merge_and_undoing_survives(self, world: HubWorld):
        """What a dealer wrote while records were merged is there after they were taken apart."""
        one, other = world.site("a"), world.site("b")
        know(world, one, "first")
        know(world, other, "second", full_name="测试甲")
        merge = link(world, "first", "second")
        edit(world, other, "customer", "second", full_name="测试丙")

        take_back(world, merge, "first", "second")

        assert world.shown("customer", record("second"))["full_name"] == "测试丙"
        assert Reader(world, other).read() == {}

    def test_an_erased_member_is_gone_from_the_golden_record(self, world: HubWorld):
        """After an erasure the golden record shows nothing of the erased customer, with the page of the order."""
        one, other = world.site("a"), world.site("b")
        know(world, one, "first", full_name="测试甲")
        share(world, one, "first")
        know(world, other, "second", full_name=None)
        link(world, "first", "second")
        reader = Reader(world, other)
        shown = reader.read()[named("first")].values.get("full_name")
        order = ErasureOrder((record("first"),), frozenset(ErasureGroup))

        world.write(draft_of("erasure", record("order"), {**order.fields(), "ground": "request"}))

        assert shown == "测试甲"
        assert "full_name" not in reader.read()[named("first")].values

    def test_a_deleted_customer_leaves_its_cluster(self, world: HubWorld):
        """A customer that its site has taken away is in no cluster, and the site reads no golden record of it."""
        one, other = world.site("a"), world.site("b")
        know(world, one, "first")
        made = know(world, other, "second")
        link(world, "first", "second")
        gone = draft_of("customer", record("second"), {}, based_on=(made.op(),), action=Action.DELETE)

        world.push_one(other.write(gone))

        assert clusters(world, "first", "second") == []
        assert Reader(world, other).read() == {}

    def test_a_pin_says_whose_value_is_shown(self, world: HubWorld):
        """A steward's pin puts one record's name first, wherever the record goes, until it is taken back."""
        one, other = world.site("a"), world.site("b")
        know(world, one, "first", full_name="测试甲")
        know(world, other, "second", full_name="测试乙")
        share(world, one, "first")
        share(world, other, "second")
        link(world, "first", "second")
        reader = Reader(world, one)
        shown = [reader.read()[named("first")].values["full_name"]]
        other_name, holder = ("测试甲", "first") if shown == ["测试乙"] else ("测试乙", "second")

        pin = decide(world, "pin", holder, holder, cause="name")
        shown.append(reader.read()[named("first")].values["full_name"])
        take_back(world, pin, holder, holder)
        shown.append(reader.read()[named("first")].values["full_name"])

        assert shown == [shown[0], other_name, shown[0]]

    def test_a_proposal_waits_until_somebody_answers(self, world: HubWorld):
        """A proposal stands in the queue, and an answer about its pair takes it out."""
        site = world.site("a")
        know(world, site, "first")
        know(world, site, "second")
        decide(world, "propose", "first", "second", authority="auto", cause="homophone")
        with world.hub.store.read() as snapshot:
            waiting = snapshot.proposals_after((0, b"", b""), 9)

        decide(world, "split", "first", "second")

        with world.hub.store.read() as snapshot:
            left = snapshot.proposals_after((0, b"", b""), 9)
        assert ([row.cause for row in waiting], left) == (["homophone"], [])

    def test_a_word_about_one_of_a_cluster_answers_for_all_of_it(self, world: HubWorld, scratch: SqlStore):
        """Who is told apart from one of two linked customers is asked about with neither, until it is taken back."""
        site = world.site("a")
        for name in ("first", "second", "third"):
            know(world, site, name)
        link(world, "first", "second")
        for name in ("first", "second"):
            decide(world, "propose", name, "third", authority="auto", cause="title_only")

        split = decide(world, "split", "first", "third")
        told, folded = waiting(world), fold_again(world, scratch).differences
        take_back(world, split, "first", "third")

        assert (told, folded) == ([], ())
        assert waiting(world) == [{"first", "third"}, {"second", "third"}]

    def test_a_question_comes_back_when_its_customer_leaves_a_cluster(self, world: HubWorld):
        """What nobody asked because of the others in the cluster is asked once the customer is with them no more."""
        site, other = world.site("a"), world.site("b")
        know(world, site, "first")
        know(world, other, "second")
        know(world, other, "third")
        joined = link(world, "first", "second")
        decide(world, "split", "first", "third")
        decide(world, "propose", "second", "third", authority="auto", cause="title_only")
        before = waiting(world)

        take_back(world, joined, "first", "second")

        assert (before, waiting(world)) == ([], [{"second", "third"}])

    def test_who_is_who_folds_to_the_same_rows(self, world: HubWorld, scratch: SqlStore):
        """Links, splits, what took them back, edits and an erasure: folding the log again gives the same bytes."""
        one, other = world.site("a"), world.site("b")
        for site, name in ((one, "a1"), (other, "b1"), (one, "a2"), (other, "b2")):
            know(world, site, name, full_name=f"测试{name}")
            say(world, site, "phone", f"phone {name}", name, number="13912340001")
        first = link(world, "a1", "b1")
        link(world, "b1", "a2", authority="auto")
        decide(world, "propose", "a2", "b2", authority="auto", cause="homophone")
        take_back(world, first, "a1", "b1")
        edit(world, one, "customer", "a2", full_name="测试丁")
        order = ErasureOrder((record("b1"),), frozenset(ErasureGroup))
        world.write(draft_of("erasure", record("order"), {**order.fields(), "ground": "request"}))

        report = fold_again(world, scratch)

        assert (report.differences, report.rows > 0) == ((), True)

    def test_an_erased_number_that_kept_customers_apart_folds_to_the_same_rows(
        self, world: HubWorld, scratch: SqlStore
    ):
        """A link that a document number stopped until it was erased: the fold, which never knew it, is the same."""
        site, other = world.site("a"), world.site("b")
        know(world, site, "first", id_type="resident_id", id_no="110105198502031245")
        know(world, other, "second")
        link(world, "first", "second", authority="auto")
        edit(world, other, "customer", "second", id_type="resident_id", id_no="440308199002151233")
        order = ErasureOrder((record("second"),), frozenset(ErasureGroup))
        world.write(draft_of("erasure", record("order"), {**order.fields(), "ground": "request"}))

        assert fold_again(world, scratch).differences == ()

    def test_a_golden_record_that_only_an_erased_number_made_folds_to_the_same_feed(
        self, world: HubWorld, scratch: SqlStore
    ):
        """A cluster that was one of its own because of a number erased later: its eviction is in every fold's feed."""
        site, other = world.site("a"), world.site("b")
        know(world, site, "first", id_type="resident_id", id_no="110105198502031245")
        know(world, other, "second", id_type="resident_id", id_no="440308199002151233")
        know(world, other, "third")
        link(world, "first", "second", authority="auto")
        link(world, "second", "third", authority="auto")
        edit(world, other, "customer", "second", id_type=None, id_no=None)
        order = ErasureOrder((record("first"),), frozenset(ErasureGroup))
        world.write(draft_of("erasure", record("order"), {**order.fields(), "ground": "request"}))

        assert fold_again(world, scratch).differences == ()

    def test_an_exclusion_takes_golden_records_from_sites(self, world: HubWorld, scratch: SqlStore):
        """Once the set that brought a customer is excluded, no site holds a golden record with it."""
        one, other = world.site("a"), world.site("b")
        know(world, one, "first")
        stolen = know(world, other, "second")
        link(world, "first", "second")
        readers = [Reader(world, site) for site in (one, other)]
        before = [set(reader.read()) for reader in readers]

        exclude_sets(world.hub, [stolen.nonce], note="stolen machine")

        assert before == [{named("first")}, {named("first")}]
        assert [set(reader.read()) for reader in readers] == [set(), set()]
        assert fold_again(world, scratch).differences == ()
