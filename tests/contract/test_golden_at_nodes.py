"""One customer at several dealers, from the desks to the hub and back: what each node shows after its next sync."""

from pathlib import Path

import pytest

from carnet_hub.core.log.rebuild import site_digest
from carnet_hub.core.stewardship.policies import set_policy
from carnet_hub.core.stewardship.stewarding import Word, merge, take_back
from carnet_hub.core.upkeep.erasing import erase_customer
from carnet_master.tiers import Mode, Policy
from carnet_node.bootstrap import Installation
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild, rebuild
from carnet_node.core.showing.customer_file import customer_file
from carnet_node.core.showing.golden import GoldenView, golden_of
from carnet_node.core.showing.views import customer_card
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, golden_id
from carnet_protocol.kinds import CONSENT, CONTACT_PREFERENCE, PHONE
from carnet_protocol.registry import ErasureGroup
from support.hub_apps import TestHub, make_hub
from support.joined import back_up_hub, customer_id, join_site, restore_hub, sync, write_customer

BY = Word("st-1")
ID_OF_ONE = "110105198502031245"
SITES = ("A001", "B001", "C001")


class Network:
    """A hub and one desk at each of three sites; desk n records customer n."""

    def __init__(self, folder: Path) -> None:
        self.hub: TestHub = make_hub(folder / "hub")
        self.desks: list[Installation] = []
        for site in SITES:
            self.hub.add_dealer(site)
            self.desks.append(join_site(self.hub, folder / site, site))

    def record(self, number: int, name: str = "赵小明", **values: object) -> None:
        """A desk records its customer."""
        write_customer(self.desks[number - 1], number, name, **values)  # type: ignore[arg-type]

    def say(self, number: int, draft: Draft) -> None:
        """A desk records something about its customer."""
        commit(self.desks[number - 1].node(), [draft])

    def sync(self, rounds: int = 2) -> None:
        """Every desk syncs; what one brings the others get in the next round."""
        for _ in range(rounds):
            for desk in self.desks:
                sync(desk, self.hub)

    def golden(self, number: int) -> GoldenView | None:
        """What a desk shows of its customer nationwide."""
        return golden_of(self.desks[number - 1].node(), customer_id(number))

    def agree(self) -> bool:
        """Whether hub and every desk hold the same records in the same state."""
        return all(
            check_rebuild(desk.node()).digest == site_digest(self.hub.app.hub, desk.node().identity.dealer_id)
            for desk in self.desks
        )


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Three sites."""
    return Network(tmp_path)


def phone_of(number: int, digits: str = "13912340001") -> Draft:
    """A telephone number of a customer."""
    return Draft(PHONE, RecordId(bytes([100 + number]) * 16), {"customer_id": customer_id(number), "number": digits})


def sharing_of(number: int, statement: str = "granted", at: int = 1) -> Draft:
    """A statement about sharing."""
    values = {"customer_id": customer_id(number), "purpose": "sharing", "statement": statement, "stated_at": at}
    return Draft(CONSENT, RecordId(bytes([150 + number + 20 * at]) * 16), values)  # type: ignore[arg-type]


def shown(view: GoldenView | None, group: str) -> object:
    """A golden value of another site."""
    found = [one for one in (view.values if view is not None else ()) if one.name == group and not one.is_own]
    return None if not found else next(iter(found[0].values.values()))


def test_one_person_at_three_dealers_is_one_customer(network: Network):
    """After their next sync three desks show one golden record of three files, and agree with the hub on every byte."""
    set_policy(network.hub.app.hub, Policy(Mode.ALL), "op-1")
    for number in (1, 2, 3):
        network.record(number, id_type="resident_id", id_no=ID_OF_ONE)

    network.sync()

    views = [network.golden(number) for number in (1, 2, 3)]
    assert [(view.record_count, view.site_count) if view else None for view in views] == [(3, 3)] * 3
    assert len({view.id for view in views if view}) == 1
    assert network.agree()


def test_a_wrong_merge_is_undone_with_nothing_lost(network: Network):
    """A steward's merge and its undoing leave every file and the edits made in between as they were."""
    for number in (1, 2):
        network.record(number, f"测试{number}")
    network.sync()
    made = merge(network.hub.app.hub, customer_id(1), customer_id(2), BY)
    network.sync(1)
    during = network.golden(1)
    network.say(2, phone_of(2))

    take_back(network.hub.app.hub, made.decision, BY)
    network.sync()

    card = customer_card(network.desks[1].node(), customer_id(2))
    assert (during is not None, network.golden(1), network.golden(2)) == (True, None, None)
    assert card is not None
    assert [one.values["number"] for one in card.phones] == ["13912340001"]
    assert network.agree()


def test_an_old_id_leads_to_the_file_at_a_node(network: Network):
    """The golden id that a merge took away opens this site's own customer, without a line."""
    for number in (1, 2):
        network.record(number)
    network.sync()
    merge(network.hub.app.hub, customer_id(1), customer_id(2), BY)
    network.sync(1)

    cards = [
        customer_card(network.desks[number - 1].node(), golden_id(customer_id(lender)))
        for number in (1, 2)
        for lender in (1, 2)
    ]

    assert [card.customer.id if card else None for card in cards] == [customer_id(1)] * 2 + [customer_id(2)] * 2


def test_another_sites_values_come_and_go_with_the_consent(network: Network):
    """A phone of another site is shown while its customer agrees to sharing, and its bytes leave the node after."""
    for number in (1, 2):
        network.record(number)
    network.say(1, phone_of(1))
    network.sync()
    merge(network.hub.app.hub, customer_id(1), customer_id(2), BY)

    seen = []
    for statement, at in ((None, 0), ("granted", 1), ("withdrawn", 2)):
        if statement is not None:
            network.say(1, sharing_of(1, statement, at))
        network.sync()
        seen.append(shown(network.golden(2), "phone"))

    assert seen == [None, "13912340001", None]
    assert network.agree()
    database = network.desks[1].settings.data_dir / "node.db"
    left = [path.name for path in database.parent.glob("node.db*") if b"13912340001" in path.read_bytes()]
    assert left == []


def test_a_wish_not_to_be_contacted_holds_at_every_desk(network: Network):
    """Who tells one dealer not to call is marked as silent at the other."""
    for number in (1, 2):
        network.record(number)
    wish = {"customer_id": customer_id(1), "do_not_contact": True}
    network.say(1, Draft(CONTACT_PREFERENCE, RecordId(b"w" * 16), wish))  # type: ignore[arg-type]
    network.sync()

    merge(network.hub.app.hub, customer_id(1), customer_id(2), BY)
    network.sync(1)

    file = customer_file(network.desks[1].node(), customer_id(2))
    assert file is not None
    assert file.is_silent


def test_an_erased_customer_is_gone_from_every_golden_record(network: Network):
    """After an erasure at one site the other's golden record shows nothing of it."""
    network.record(1, "测试末")
    network.record(2)
    network.say(1, sharing_of(1))
    network.say(1, phone_of(1))
    network.sync()
    merge(network.hub.app.hub, customer_id(1), customer_id(2), BY)
    network.sync(1)
    before = shown(network.golden(2), "phone")

    erase_customer(network.hub.app.hub, customer_id(1), frozenset(ErasureGroup), ground="request")
    network.sync(1)

    assert (before, shown(network.golden(2), "phone")) == ("13912340001", None)
    assert network.agree()


def test_a_node_folds_its_golden_records_again(network: Network):
    """Dropping a node's tables and folding again gives the same golden records, and old ids still lead to them."""
    for number in (1, 2):
        network.record(number, id_type="resident_id", id_no=ID_OF_ONE)
    network.sync()
    before = network.golden(1)

    report = rebuild(network.desks[0].node())

    assert (report.differences, network.golden(1)) == ((), before)
    assert before is not None


def test_a_restored_hub_links_again_what_comes_back(network: Network, tmp_path: Path):
    """Customers that a restored hub gets back from their desks are matched again, and every desk shows it."""
    backup = back_up_hub(network.hub, tmp_path)
    for number in (1, 2):
        network.record(number, id_type="resident_id", id_no=ID_OF_ONE)
    network.sync()
    before = network.golden(1)

    network.hub = restore_hub(network.hub, backup)
    network.sync(3)

    after = network.golden(1)
    assert before is not None
    assert after is not None
    assert (after.record_count, after.own_records) == (2, before.own_records)
    assert network.agree()


def test_a_word_said_after_the_backup_is_said_again(network: Network, tmp_path: Path):
    """A merge that the restored hub has forgotten is gone from every desk, and nothing else is."""
    for number in (1, 2):
        network.record(number, f"测试{number}")
    network.sync()
    backup = back_up_hub(network.hub, tmp_path)
    merge(network.hub.app.hub, customer_id(1), customer_id(2), BY)
    network.sync()
    before = network.golden(1)

    network.hub = restore_hub(network.hub, backup)
    network.sync(3)

    assert (before is not None, network.golden(1), network.golden(2)) == (True, None, None)
    assert network.agree()
    merge(network.hub.app.hub, customer_id(1), customer_id(2), BY)
    network.sync(1)
    assert network.golden(2) is not None
