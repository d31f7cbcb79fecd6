"""Plans on the operator's desk: which other campaigns they may name, and how one leaves the desk again."""

from pathlib import Path

import pytest

from carnet_hub.core.campaigns.campaign_list import list_campaigns
from carnet_hub.core.campaigns.plan_desk import drop_plan
from carnet_hub.core.campaigns.recalls import file_plan, import_plan, publish_campaign
from carnet_hub.core.failures import Unusable
from support.hub_apps import TestHub, make_hub
from support.hub_cli import Printed, call, campaign_folder, refused, told
from support.recall_plans import MEMBERS, NUMBER, plan

LATER = "S2026M0002"


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub without campaigns."""
    return make_hub(tmp_path / "hub")


def put(hub: TestHub, number: str = NUMBER, **texts: object) -> None:
    """Import a plan."""
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, plan(MEMBERS, campaign_no=number, **texts))


def publish(hub: TestHub, number: str = NUMBER) -> None:
    """Publish it."""
    publish_campaign(hub.app.hub, hub.app.segments, hub.app.plans, number)


def listed(hub: TestHub) -> list[tuple[str, str, bool]]:
    """The campaigns as an operator lists them."""
    return [(one.campaign_no, one.state, one.has_newer_plan) for one in list_campaigns(hub.app.hub, hub.app.plans)]


@pytest.mark.parametrize("what", ["supersedes", "parent"])
def test_a_plan_that_names_an_unknown_campaign_is_refused_at_once(hub: TestHub, what: str):
    """Whoever imports it reads which entry names which number, and nothing lies on the desk."""
    with pytest.raises(Unusable, match=f"{what} names {LATER}"):
        put(hub, **{what: LATER})

    assert listed(hub) == []


def test_a_plan_may_name_one_that_waits_on_the_desk(hub: TestHub):
    """Both are imported first; the one that is named is published first."""
    put(hub)
    put(hub, LATER, supersedes=NUMBER)
    publish(hub)

    publish(hub, LATER)

    assert listed(hub) == [(NUMBER, "published", False), (LATER, "published", False)]


@pytest.mark.parametrize("what", ["supersedes", "parent"])
def test_a_plan_that_lies_on_the_desk_does_not_name_itself_either(hub: TestHub, what: str):
    """A second import is refused as the first one is, though the number is known by then; what lay there stays."""
    put(hub)

    with pytest.raises(Unusable, match="names itself"):
        put(hub, title="another title", **{what: NUMBER})

    assert [one.title for one in list_campaigns(hub.app.hub, hub.app.plans)] == ["Brake hose"]


@pytest.mark.parametrize("what", ["supersedes", "parent"])
def test_a_plan_that_another_one_waits_for_stays_on_the_desk(hub: TestHub, what: str):
    """The refusal names the plan that could not be published without it; dropped in turn, both leave."""
    put(hub)
    put(hub, LATER, **{what: NUMBER})

    with pytest.raises(Unusable, match=f"{LATER} names {NUMBER}"):
        drop_plan(hub.app.hub, hub.app.plans, NUMBER)

    for number in (LATER, NUMBER):
        drop_plan(hub.app.hub, hub.app.plans, number)
    assert listed(hub) == []


def test_a_newer_plan_of_a_published_campaign_is_dropped_though_another_names_it(hub: TestHub):
    """What is named is published and stays, so nothing stands in the way."""
    put(hub)
    publish(hub)
    put(hub, LATER, supersedes=NUMBER)
    put(hub, title="another title")

    drop_plan(hub.app.hub, hub.app.plans, NUMBER)

    publish(hub, LATER)
    assert listed(hub) == [(NUMBER, "published", False), (LATER, "published", False)]


def test_a_plan_that_was_never_published_leaves_the_desk(hub: TestHub):
    """What was imported by mistake is dropped; a second time there is nothing to drop."""
    put(hub)

    drop_plan(hub.app.hub, hub.app.plans, NUMBER)

    assert listed(hub) == []
    with pytest.raises(Unusable, match="No plan"):
        drop_plan(hub.app.hub, hub.app.plans, NUMBER)


def test_a_newer_plan_leaves_the_desk_and_the_published_one_stays(hub: TestHub):
    """Nodes keep what they were told; only the plan that waited is gone."""
    put(hub)
    publish(hub)
    put(hub, title="another title")

    drop_plan(hub.app.hub, hub.app.plans, NUMBER)

    assert listed(hub) == [(NUMBER, "published", False)]


def test_what_is_published_is_not_dropped(hub: TestHub):
    """A plan that is published as it lies there waits for nothing; the refusal says how it is taken back."""
    put(hub)
    publish(hub)

    with pytest.raises(Unusable, match="published as it was imported") as refusal:
        drop_plan(hub.app.hub, hub.app.plans, NUMBER)

    assert "recalls withdraw" in refusal.value.next


def test_what_was_filed_is_kept_when_the_plan_is_dropped(hub: TestHub):
    """The document that the authority has stays under its hash."""
    put(hub)
    filed = file_plan(hub.app.hub, hub.app.plans, NUMBER)

    drop_plan(hub.app.hub, hub.app.plans, NUMBER)

    assert hub.app.plans.kept(filed.plan_hash) is not None


def test_the_command_asks_first(data: Path, tmp_path: Path, capsys: Printed):
    """Without --yes a program is refused; with it the plan is gone."""
    call(data, "recalls", "import", campaign_folder(tmp_path))
    capsys.readouterr()

    refused(capsys, data, "recalls", "drop", NUMBER)

    assert told(capsys, data, "recalls", "drop", NUMBER, "--yes") == {"campaign_no": NUMBER, "dropped": True}
    assert told(capsys, data, "recalls", "list") == []
