"""`restored` beside a process that still serves: that process says nothing more about a history that has ended."""

from collections.abc import Callable
from pathlib import Path

import anyio
import httpx
import pytest

from carnet_hub.bootstrap import open_restored_hub
from carnet_hub.core.exchange.greeting import find_node, greet_node
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.exchange.sessions import issue_challenge
from carnet_hub.core.log.feed import read_page
from carnet_hub.core.rows import LogRow
from carnet_hub.core.sets.present import HistoryEnded
from carnet_hub.core.upkeep.dealers import suspend_site
from carnet_hub.entrypoints.http.app import create_api
from carnet_hub.settings import HubSettings
from support.authors import draft_of
from support.hub_apps import NodeVoice, TestHub, make_hub, open_test_hub
from support.protocol import record

SESSION_KEY = bytes(32)


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with a site."""
    hub = make_hub(tmp_path / "hub")
    hub.add_dealer("A001")
    return hub


@pytest.fixture
def voice(hub: TestHub) -> NodeVoice:
    """A node of the site."""
    return hub.enrol()


def go_on_beside(hub: TestHub) -> None:
    """An operator runs `restored` and forgets to stop `serve`."""
    open_restored_hub(HubSettings(data_dir=hub.app.settings.data_dir)).close()


def entries(hub: TestHub) -> int:
    """Entries of the log."""
    with hub.app.hub.store.read() as snapshot:
        return sum(1 for _ in snapshot.scan(LogRow))


def push(hub: TestHub, voice: NodeVoice) -> object:
    """A node sends a set."""
    made = voice.author().write(draft_of("customer", record("c"), {"party_kind": "person", "full_name": "Probe"}))
    return receive_sets(hub.app.hub, [made.pushed])


def greet(hub: TestHub, voice: NodeVoice) -> object:
    """A node says hello."""
    challenge = issue_challenge(SESSION_KEY, hub.clock.now_ms())
    return greet_node(hub.app.hub, SESSION_KEY, voice.hello(challenge))


def page(hub: TestHub, voice: NodeVoice) -> object:
    """A node asks what is new."""
    node = find_node(hub.app.hub, voice.author().signer.key_id)
    return read_page(hub.app.hub, node, cursor=0, hub_epoch=hub.app.hub.hub_epoch, outcomes_after=0)


def decide(hub: TestHub, _: NodeVoice) -> object:
    """An operator writes."""
    return suspend_site(hub.app.hub, "A001")


@pytest.mark.parametrize("ask", [push, greet, page, decide], ids=lambda ask: ask.__name__)
def test_nothing_is_said_or_written_for_a_history_that_has_ended(
    hub: TestHub, voice: NodeVoice, ask: Callable[[TestHub, NodeVoice], object]
):
    """Sets, hellos, pages and decisions are turned away until the process is started anew, and nothing is logged."""
    before = entries(hub)
    go_on_beside(hub)

    with pytest.raises(HistoryEnded) as caught:
        ask(hub, voice)

    assert "carnet-hub serve" in caught.value.next
    assert entries(hub) == before


def test_a_process_that_was_started_anew_goes_on(hub: TestHub, voice: NodeVoice):
    """After a restart the same hub takes sets again, in its new history."""
    go_on_beside(hub)
    hub.app.close()

    again = open_test_hub(hub.app.settings.data_dir, hub.clock)

    assert push(again, voice)
    assert again.app.hub.hub_epoch != hub.app.hub.hub_epoch


def test_the_mark_of_the_new_history_is_not_overwritten(hub: TestHub, voice: NodeVoice):
    """The process of the old history leaves the mark outside the database alone when it ends."""
    hub.app.mark.raise_now(hub.app.hub)
    go_on_beside(hub)
    standing = hub.app.mark.read()

    hub.app.close()

    assert standing is not None
    assert hub.app.mark.read() == standing
    assert standing.hub_epoch != hub.app.hub.hub_epoch


def test_a_supervisor_sees_it(hub: TestHub):
    """The health answer is 503, so that whoever watches the process starts it anew."""
    go_on_beside(hub)
    transport = httpx.ASGITransport(create_api(hub.app), raise_app_exceptions=False)

    async def look() -> int:
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return (await client.get("/healthz")).status_code

    assert anyio.run(look) == 503
