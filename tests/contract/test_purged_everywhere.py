"""What a purge took is gone at the machines of the site, and stays gone when the hub comes back from yesterday."""

from pathlib import Path

from carnet_hub.adapters.store import scratch_store
from carnet_hub.core.log.rebuild import check_projections
from carnet_hub.core.upkeep.purging import purge_all
from carnet_node.bootstrap import Installation
from carnet_node.core.log.rebuild import check_rebuild
from carnet_protocol.retention import bundled_text, parse_retention
from support.hub_apps import TestHub
from support.joined import back_up_hub, names, restore_hub, sync, write_customer

AT_ONCE = parse_retention((bundled_text("cn") or b"").replace(b"years = 3", b"years = 0"))
"""The classes of a hub that keeps nothing for marketing."""


def purge(hub: TestHub) -> int:
    """What is held for marketing goes; returns of how many persons."""
    return sum(one.persons for one in purge_all(hub.app.hub, AT_ONCE, "marketing"))


def test_a_purge_reaches_the_machines_of_the_site(pair: tuple[TestHub, Installation]):
    """After the next round a machine shows no name of whom the hub has purged, and folds to the same without it."""
    hub, desk = pair
    write_customer(desk, 1, "prospect")
    sync(desk, hub)
    sync(desk, hub)

    assert purge(hub) == 1
    sync(desk, hub)

    assert names(desk) == {1: None}
    assert check_rebuild(desk.node()).differences == ()


def test_a_purge_holds_after_a_restore_of_the_hub(pair: tuple[TestHub, Installation], tmp_path: Path):
    """A hub from before the purge has lost the name again once a machine that had read the order is back."""
    hub, desk = pair
    write_customer(desk, 1, "prospect")
    sync(desk, hub)
    sync(desk, hub)
    backup = back_up_hub(hub, tmp_path)
    purge(hub)
    sync(desk, hub)

    restored = restore_hub(hub, backup)
    sync(desk, restored)
    sync(desk, restored)

    with scratch_store() as scratch:
        assert check_projections(restored.app.hub, scratch).differences == ()
    assert names(desk) == {1: None}
    assert purge(restored) == 0
