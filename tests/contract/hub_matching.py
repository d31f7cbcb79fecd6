"""The part of the hub's contract that is about matching: what it decides by itself when customers arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from carnet_hub.adapters.store import SqlStore, open_store
from carnet_hub.core.limits import KEY_ROWS_MAX
from carnet_hub.core.master_ports import Ground, Weighed
from carnet_hub.core.master_rows import MatchKeyRow, MemberRow, PartyRow, ProposalRow
from carnet_hub.core.sets.master_book import MasterBook
from carnet_hub.core.stewardship.matching import write_policy
from carnet_hub.core.stewardship.models_in_use import POLICY
from carnet_master.features import Features
from carnet_master.limits import BLOCK_RECORDS_MAX
from carnet_master.tiers import Mode, Policy
from carnet_protocol.registry import Value
from support.authors import draft_of
from support.hub_world import HubWorld, customer
from support.master_world import clusters, decide, edit, fold_again, know, link, push, say, take_back
from support.protocol import record

ID_OF_ONE = "110105198502031245"
ID_OF_TWO = "440308199002151233"
"""Numbers made up for tests; their check digits are right."""


@dataclass(frozen=True)
class SureWeigher:
    """A model that finds every pair as likely as it was told."""

    probability: float = 0.999

    def weigh(self, one: Features, other: Features) -> Weighed:
        """The same answer for everybody."""
        return Weighed(9.5, self.probability, b"\x01\x02", bytes(32))

    def explain(self, one: Features, other: Features) -> tuple[Ground, ...]:
        """The same reasons for everybody."""
        return (Ground("prior", "", -4.5), Ground("all", "", 14))

    def files(self) -> Mapping[str, bytes]:
        """It has none."""
        return {}


def with_model(world: HubWorld, mode: Mode, probability: float = 0.999) -> HubWorld:
    """The same hub with a model, in a mode that somebody chose."""
    with world.hub.store.write() as transaction:
        write_policy(transaction, Policy(mode))
    world.hub = replace(world.hub, weigher=SureWeigher(probability))
    return world


def documented(number: str = ID_OF_ONE) -> dict[str, Value]:
    """A person with a document."""
    return {"id_type": "resident_id", "id_no": number}


def waiting(world: HubWorld) -> list[ProposalRow]:
    """The queue."""
    with world.hub.store.read() as snapshot:
        return snapshot.proposals_after((0, b"", b""), 99)


def decided(world: HubWorld) -> dict[tuple[str, str, str], int]:
    """How many decisions there are, by effect, authority and cause."""
    with world.hub.store.read() as snapshot:
        return snapshot.decision_counts()


class HubMatchingContract:
    """Inherited beside `HubContract`, which brings the hub."""

    def test_one_document_makes_one_customer(self, world: HubWorld):
        """Two sites that record one person with a document have one customer at once, without any model."""
        know(world, world.site("a"), "first", full_name="测试甲", **documented())

        know(world, world.site("b"), "second", full_name="测试甲", **documented())

        assert clusters(world, "first", "second") == [{"first", "second"}]
        assert decided(world) == {("link", "auto", "a1:identity"): 1}

    def test_customers_of_one_transaction_meet(self, world: HubWorld):
        """Customers that arrive together are matched with each other, once."""
        site = world.site("a")
        both = [customer(name, full_name="测试甲", **documented()) for name in ("first", "second")]

        push(world, site.write(*both))

        assert decided(world) == {("link", "auto", "a1:identity"): 1}

    def test_two_documents_stay_two_customers(self, world: HubWorld):
        """Two valid numbers under one name are two customers, whatever else they share."""
        with_model(world, Mode.ALL)
        for name, site, number in (("first", "a", ID_OF_ONE), ("second", "b", ID_OF_TWO)):
            author = world.site(site)
            know(world, author, name, full_name="测试甲", **documented(number))
            say(world, author, "phone", f"phone {name}", name, number="13912340001")

        assert clusters(world, "first", "second") == []

    def test_a_family_with_one_phone_stays_apart(self, world: HubWorld):
        """People of other names who share a phone are never linked and nobody is asked; the household is noted."""
        with_model(world, Mode.ALL)
        for name, site, full in (("first", "a", "赵小明"), ("second", "b", "钱大华")):
            author = world.site(site)
            know(world, author, name, full_name=full)
            say(world, author, "phone", f"phone {name}", name, number="13912340001")

        assert clusters(world, "first", "second") == []
        assert (decided(world), waiting(world)) == ({("relate", "auto", "household"): 1}, [])

    @pytest.mark.parametrize(
        ("mode", "effect"),
        [(Mode.OFF, "propose"), (Mode.SURE, "propose"), (Mode.ALL, "link")],
        ids=str,
    )
    def test_a_mode_says_what_is_linked(self, world: HubWorld, mode: Mode, effect: str):
        """The same name and phone link only in the mode that a person chose for it; else a steward is asked."""
        with_model(world, mode)
        for name, site in (("first", "a"), ("second", "b")):
            author = world.site(site)
            know(world, author, name, full_name="赵小明")
            say(world, author, "phone", f"phone {name}", name, number="13912340001")

        assert list(decided(world)) == [(effect, "auto", "a2:name_and_contact")]

    def test_a_decision_keeps_its_evidence(self, world: HubWorld):
        """The weight, the level of each comparison and the model stand in the decision."""
        with_model(world, Mode.ALL)
        know(world, world.site("a"), "first", full_name="测试甲", **documented())

        know(world, world.site("b"), "second", full_name="测试甲", **documented())

        with world.hub.store.read() as snapshot:
            (row,) = [one for one in snapshot.decisions([record("first")]) if one.effect == "link"]
        shown = world.shown("identity", row.identity)
        assert (shown["weight_nanobits"], shown["levels"]) == (9_500_000_000, b"\x01\x02")

    def test_what_was_decided_is_not_decided_again(self, world: HubWorld):
        """An edit that changes nothing that is compared, and one that does, repeat no decision."""
        site = world.site("a")
        know(world, site, "first", full_name="测试甲", **documented())
        know(world, world.site("b"), "second", full_name="测试甲", **documented())
        before = decided(world)

        edit(world, site, "customer", "first", note="x")
        say(world, site, "phone", "phone", "first", number="13912340001")

        assert decided(world) == before

    def test_a_steward_who_told_two_apart_is_not_asked_again(self, world: HubWorld):
        """After a steward's split nothing that arrives links or proposes the pair."""
        site = world.site("a")
        know(world, site, "first", full_name="测试甲")
        know(world, world.site("b"), "second", full_name="测试甲", **documented())
        decide(world, "split", "first", "second")

        edit(world, site, "customer", "first", **documented())

        assert decided(world) == {("split", "steward", "test"): 1}
        assert clusters(world, "first", "second") == []

    def test_a_retracted_link_is_made_again_only_when_something_changed(self, world: HubWorld):
        """A link that a steward took back is weighed again with the next change of what is compared."""
        site = world.site("a")
        know(world, site, "first", full_name="测试甲", **documented())
        know(world, world.site("b"), "second", full_name="测试甲", **documented())
        with world.hub.store.read() as snapshot:
            made = snapshot.decisions([record("first")])[0].identity
        take_back(world, made, "first", "second")  # type: ignore[arg-type]

        edit(world, site, "customer", "first", note="x")

        assert clusters(world, "first", "second") == []

    def test_a_shops_phone_finds_nobody(self, world: HubWorld):
        """A number that more customers have than a block holds brings nobody together."""
        with_model(world, Mode.ALL)
        site = world.site("a")
        for start in range(0, BLOCK_RECORDS_MAX + 40, 80):
            names = [f"customer {number}" for number in range(start, start + 80)]
            drafts = [customer(name, full_name=f"{one}小{two}") for name, one, two in _names(names)]
            phones = [
                draft_of("phone", record(f"phone {name}"), {"customer_id": record(name), "number": "13912340001"})
                for name in names
            ]
            push(world, site.write(*drafts))
            push(world, site.write(*phones))
        before = decided(world)

        know(world, world.site("b"), "last", full_name="测试末")
        say(world, world.sites["b"], "phone", "phone last", "last", number="13912340001")

        assert decided(world) == before

    def test_many_keys_are_asked_for_at_once(self, world: HubWorld):
        """A look-up by several keys brings who has each of them, and says by its length when it was cut off."""
        with world.hub.store.write() as transaction:
            transaction.put([MatchKeyRow(b"P" * 16, bytes([nth]) * 16) for nth in (1, 2)])
            transaction.put([MatchKeyRow(b"W" * 16, bytes([nth]) * 16) for nth in (2, 3)])

        with world.hub.store.read() as snapshot:
            whole = snapshot.found_by_any([b"P" * 16, b"W" * 16, b"V" * 16], 5)
            cut = snapshot.found_by_any([b"P" * 16, b"W" * 16], 3)

        assert sorted((key[:1], one[0]) for key, one in whole) == [(b"P", 1), (b"P", 2), (b"W", 2), (b"W", 3)]
        assert len(cut) == 3

    def test_all_who_share_a_key_are_asked_for_at_once(self, world: HubWorld):
        """A look-up of those that are met brings each once, with its cluster; its length says when it was cut off."""
        people = [bytes([nth]) * 16 for nth in (1, 2, 3)]
        with world.hub.store.write() as transaction:
            transaction.put([MatchKeyRow(key * 16, one) for one in people for key in (b"P", b"W")])
            transaction.put(
                [PartyRow(one, b"d" * 16, 1, "person", True, b"", b"P" * 16 + b"W" * 16, b"") for one in people]
            )
            transaction.put([MemberRow(people[1], b"g" * 16)])

        with world.hub.store.read() as snapshot:
            whole = snapshot.met_by([b"P" * 16, b"W" * 16, b"V" * 16], 4)
            cut = snapshot.met_by([b"P" * 16, b"W" * 16], 2)

        assert sorted((row.customer, golden) for row, golden in whole) == [
            (people[0], None),
            (people[1], b"g" * 16),
            (people[2], None),
        ]
        assert len(cut) == 2

    def test_a_key_that_fills_the_look_up_is_asked_for_by_itself(self, world: HubWorld):
        """Beside a telephone that thousands share, the other keys of a customer find everybody all the same."""
        crowd = [MatchKeyRow(b"P" * 16, nth.to_bytes(16, "big")) for nth in range(KEY_ROWS_MAX)]
        with world.hub.store.write() as transaction:
            transaction.put([*crowd, MatchKeyRow(b"W" * 16, b"x" * 16)])

        with world.hub.store.read() as snapshot:
            book = MasterBook(snapshot)
            book.load_found([b"P" * 16, b"W" * 16])

            assert book.found_by(b"W" * 16, 9) == [b"x" * 16]
            assert len(book.found_by(b"P" * 16, 9)) == 9

    def test_what_was_just_written_is_found_beside_what_was_asked_for(self, world: HubWorld):
        """A customer of this transaction is found under a key that was looked up before it came."""
        with world.hub.store.write() as transaction:
            transaction.put([MatchKeyRow(b"W" * 16, b"x" * 16)])

        with world.hub.store.read() as snapshot:
            book = MasterBook(snapshot)
            book.load_found([b"W" * 16])
            book.put_party(PartyRow(b"y" * 16, b"d" * 16, 1, "person", True, b"", b"W" * 16, b""))

            assert book.found_by(b"W" * 16, 9) == [b"x" * 16, b"y" * 16]

    @pytest.mark.parametrize("name", [POLICY, "name"])
    def test_a_setting_is_what_was_set_last(self, world: HubWorld, name: str):
        """A transaction reads its own word at once, and what an earlier one has set."""
        store, seen = world.hub.store, []
        with store.write() as transaction:
            seen.append(transaction.setting(name))
            transaction.set_setting(name, b"first")
            seen.append(transaction.setting(name))
        with store.write() as transaction:
            seen.append(transaction.setting(name))
            transaction.set_setting(name, b"second")
            transaction.set_setting(name, b"third")

        with store.read() as snapshot:
            assert [*seen, snapshot.setting(name)] == [None, b"first", b"first", b"third"]

    def test_an_idle_matcher_changes_no_fold(self, world: HubWorld, tmp_path: Path):
        """Folding the log again gives the same rows although no model is there any more."""
        with_model(world, Mode.ALL)
        for name, site in (("first", "a"), ("second", "b")):
            author = world.site(site)
            know(world, author, name, full_name="赵小明")
            say(world, author, "phone", f"phone {name}", name, number="13912340001")
        with_model(world, Mode.OFF, probability=0.0)

        report = fold_again(world, _scratch(tmp_path))

        assert (report.differences, clusters(world, "first", "second")) == ((), [{"first", "second"}])

    def test_a_link_of_a_steward_stands_beside_the_matchers(self, world: HubWorld):
        """What a steward linked is not proposed by the matcher."""
        with_model(world, Mode.SURE)
        site = world.site("a")
        know(world, site, "first", full_name="赵小明")
        know(world, world.site("b"), "second", full_name="赵小明")
        link(world, "first", "second")

        for author, name in ((site, "first"), (world.sites["b"], "second")):
            say(world, author, "phone", f"phone {name}", name, number="13912340001")

        assert waiting(world) == []


def _scratch(folder: Path) -> SqlStore:
    return open_store(f"sqlite:///{folder / 'matching.db'}")


def _names(names: list[str]) -> list[tuple[str, str, str]]:
    """Names that share nothing."""
    surnames, given = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "伟芳娜敏静强磊洋艳勇杰娟涛超霞平"
    return [
        (name, surnames[number % len(surnames)], given[number // len(surnames) % len(given)])
        for number, name in enumerate(names)
    ]
