"""A hub is restored after a machine was lost: what only the lost machine's log had told the hub comes back as well."""

from pathlib import Path

import pytest

from carnet_hub.core.exchange.offers import receive_offer
from carnet_hub.core.exchange.revoking import retire_node, revoke_compromised
from carnet_hub.core.rows import AdmissionRow, LogRow, RecordRow, SetState
from carnet_node.bootstrap import Installation
from carnet_node.core.failures import HubRefused
from carnet_node.core.upkeep.doctor import verify_chain
from carnet_protocol.hello import LostSet
from carnet_protocol.ids import NodeId
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.reasons import Reason
from support.hub_apps import TestHub
from support.joined import (
    back_up,
    back_up_hub,
    customer_id,
    join_site,
    moved_in,
    names,
    restore_hub,
    sync,
    waiting,
    write_customer,
)


@pytest.fixture
def lost(pair: tuple[TestHub, Installation]) -> Installation:
    """The machine that is going to be lost."""
    return pair[1]


def own_sets(hub: TestHub) -> list[LostSet]:
    """The hub's own sets, as some node of the country offers them back."""
    with hub.app.hub.store.read() as snapshot:
        rows = [row for row in snapshot.scan(LogRow) if row.message and row.node_id == hub.app.hub.node_id]
    return [LostSet(row.message or b"", row.opening, b"") for row in rows]


def id_of(node: Installation) -> NodeId:
    """The id of a node."""
    return NodeId(node.node().identity.node_id)


def end_of_log(hub: TestHub) -> int:
    """Position of the hub's last entry."""
    with hub.app.hub.store.read() as snapshot:
        return snapshot.head().position


def customers_at(hub: TestHub) -> set[bytes]:
    """Ids of the customers the hub knows."""
    with hub.app.hub.store.read() as snapshot:
        return {row.id for row in snapshot.scan(RecordRow) if row.kind == CUSTOMER.number}


def restored(hub: TestHub, backup: Path) -> TestHub:
    """The hub from its backup, once some node has offered it its own sets back."""
    known = own_sets(hub)
    fresh = restore_hub(hub, backup)
    receive_offer(fresh.app.hub, known)
    return fresh


def test_the_successor_brings_what_the_lost_machine_had_sent(hub: TestHub, lost: Installation, tmp_path: Path):
    """Work for which only the lost machine had a receipt comes back from the machine that has its log now."""
    backup = back_up_hub(hub, tmp_path)
    write_customer(lost, 1, "confirmed before the machine was lost")
    sync(lost, hub)
    new = moved_in(hub, lost, back_up(lost, tmp_path / "backup.db"), tmp_path / "new")

    fresh = restored(hub, backup)
    sync(new, fresh)

    assert customers_at(fresh) == {customer_id(1)}
    assert (waiting(new), names(new)) == (0, {1: "confirmed before the machine was lost"})
    assert verify_chain(new.node(), *new.signing_keys.public())[1] is None


def test_work_of_a_revoked_machine_comes_back_from_its_successor(hub: TestHub, lost: Installation, tmp_path: Path):
    """A machine that was retired cannot offer its work to the restored hub; whoever has its database can."""
    backup = back_up_hub(hub, tmp_path)
    write_customer(lost, 1, "confirmed before the machine was retired")
    sync(lost, hub)
    retire_node(hub.app.hub, id_of(lost), reason="replaced")
    fresh = restored(hub, backup)

    new = moved_in(fresh, lost, back_up(lost, tmp_path / "backup.db"), tmp_path / "new")

    assert customers_at(fresh) == {customer_id(1)}
    assert waiting(new) == 0


def test_what_a_thief_wrote_is_not_brought_back(hub: TestHub, lost: Installation, tmp_path: Path):
    """Of a stolen machine its successor brings what the hub had confirmed before the theft, and nothing else."""
    backup = back_up_hub(hub, tmp_path)
    write_customer(lost, 1, "honest")
    sync(lost, hub)
    honest_until = end_of_log(hub)
    write_customer(lost, 2, "invented")
    sync(lost, hub)
    new = moved_in(hub, lost, back_up(lost, tmp_path / "backup.db"), tmp_path / "new")
    revoke_compromised(hub.app.hub, id_of(lost), suspect_from=honest_until, reason="stolen")
    sync(new, hub)

    fresh = restored(hub, backup)
    sync(new, fresh)

    assert customers_at(fresh) == {customer_id(1)}
    assert (waiting(new), names(new)) == (0, {1: "honest"})


def test_a_machine_that_the_hub_has_forgotten_goes_on_as_a_new_one(hub: TestHub, lost: Installation, tmp_path: Path):
    """Enrolled after the backup and unknown to everybody, a machine enrols anew and brings all it had confirmed."""
    backup = back_up_hub(hub, tmp_path)
    forgotten = join_site(hub, tmp_path / "forgotten")
    write_customer(forgotten, 1, "confirmed")
    sync(forgotten, hub)
    fresh = restore_hub(hub, backup)
    with pytest.raises(HubRefused) as caught:
        sync(forgotten, fresh)

    new = moved_in(fresh, forgotten, back_up(forgotten, tmp_path / "backup.db"), tmp_path / "new")

    assert caught.value.reason is Reason.UNKNOWN_KEY
    assert (customers_at(fresh), waiting(new)) == ({customer_id(1)}, 0)


def test_what_both_machines_bring_back_is_folded_once(hub: TestHub, lost: Installation, tmp_path: Path):
    """The lost machine wakes up after its successor has brought its work back: nothing is doubled."""
    backup = back_up_hub(hub, tmp_path)
    write_customer(lost, 1, "held by both")
    sync(lost, hub)
    new = moved_in(hub, lost, back_up(lost, tmp_path / "backup.db"), tmp_path / "new")
    fresh = restored(hub, backup)
    sync(new, fresh)

    sync(lost, fresh)

    with fresh.app.hub.store.read() as snapshot:
        states = [SetState(row.state) for row in snapshot.scan(AdmissionRow) if row.dealer_id != fresh.app.hub.hub_id]
    assert (states, waiting(lost)) == ([SetState.FOLDED], 0)
