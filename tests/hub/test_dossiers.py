"""The dossier of a campaign at a real hub: what may follow what, versions of the plan, what nodes hear of it."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from carnet_hub.core.campaigns.dossiers import CampaignEvent, Dossier, Grounds, Stage, read_dossier, read_dossiers
from carnet_hub.core.campaigns.plan_desk import load_document
from carnet_hub.core.campaigns.recalls import (
    Campaign,
    file_plan,
    find_campaign,
    import_plan,
    note,
    publish_campaign,
    retract,
    withdraw_campaign,
)
from carnet_hub.core.failures import Unusable
from carnet_protocol.legal_days import legal_day
from support.hub_apps import NOW_MS, TestHub, make_hub
from support.recall_plans import MEMBERS, NO_DEFECT, NUMBER, plan

TODAY = legal_day(NOW_MS)
MONTH_AGO = TODAY - timedelta(30)


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with a plan on its desk."""
    hub = make_hub(tmp_path / "hub")
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, plan())
    return hub


def happen(hub: TestHub, *events: str, on: date = MONTH_AGO, number: str = NUMBER) -> CampaignEvent:
    """Let events happen one after the other; the last one."""
    noted = []
    for event in events:
        hub.clock.ms += 1
        noted.append(note(hub.app.hub, hub.app.plans, number, event, on))
    return noted[-1]


def publish(hub: TestHub, number: str = NUMBER) -> Campaign:
    """Publish what lies on the desk."""
    return publish_campaign(hub.app.hub, hub.app.segments, hub.app.plans, number)


def dossier(hub: TestHub, number: str = NUMBER) -> Dossier:
    """What happened so far."""
    with hub.app.hub.store.read() as snapshot:
        return read_dossier(hub.app.hub, snapshot, number)


def campaign(hub: TestHub, number: str = NUMBER) -> Campaign:
    """What nodes read."""
    with hub.app.hub.store.read() as snapshot:
        found = find_campaign(hub.app.hub, snapshot, number)
    assert found is not None
    return found


def test_a_campaign_goes_from_suspicion_to_report(hub: TestHub):
    """Each step leads to the next stage."""
    stages = [dossier(hub).stage]

    happen(hub, "investigation_opened", "authority_notice")
    stages.append(dossier(hub).stage)
    happen(hub, "defect_confirmed")
    stages.append(dossier(hub).stage)
    file_plan(hub.app.hub, hub.app.plans, NUMBER)
    stages.append(dossier(hub).stage)
    publish(hub)
    stages.append(dossier(hub).stage)
    for event in ("outreach_closed", "recall_finished", "final_report"):
        happen(hub, event)
        stages.append(dossier(hub).stage)

    assert stages == [
        Stage.DESK,
        Stage.INVESTIGATION,
        Stage.CONFIRMED,
        Stage.FILED,
        Stage.PUBLISHED,
        Stage.OUTREACH_CLOSED,
        Stage.FINISHED,
        Stage.REPORTED,
    ]


def test_an_investigation_needs_no_plan(hub: TestHub):
    """A suspicion has a number before anybody knows the vehicles."""
    happen(hub, "investigation_opened", number="S2026M0099")

    assert dossier(hub, "S2026M0099").stage is Stage.INVESTIGATION


def test_an_investigation_that_found_nothing_may_be_opened_again(hub: TestHub):
    """A closed one is dropped, and a later one counts."""
    happen(hub, "investigation_opened", "investigation_closed")
    dropped = dossier(hub).stage

    happen(hub, "investigation_opened", on=TODAY)

    assert (dropped, dossier(hub).stage) == (Stage.DROPPED, Stage.INVESTIGATION)


@pytest.mark.parametrize(
    ("before", "event"),
    [
        ((), "outreach_closed"),
        ((), "public_notice"),
        ((), "investigation_closed"),
        (("defect_confirmed",), "investigation_opened"),
        (("defect_confirmed",), "recall_finished"),
        (("investigation_opened",), "final_report"),
        ((), "published"),
        ((), "plan_filed"),
        ((), "party"),
    ],
)
def test_what_does_not_follow_is_refused(hub: TestHub, before: tuple[str, ...], event: str):
    """An event that cannot come now, one that is an act of its own, and one that is none: nothing is written."""
    for one in before:
        happen(hub, one)
    events = dossier(hub).events

    with pytest.raises(Unusable):
        happen(hub, event)

    assert dossier(hub).events == events


def test_a_day_ahead_is_refused(hub: TestHub):
    """Nothing has happened tomorrow."""
    with pytest.raises(Unusable):
        happen(hub, "defect_confirmed", on=TODAY + timedelta(1))


def test_an_unknown_campaign_has_no_notice(hub: TestHub):
    """A mistyped number begins no dossier by accident."""
    with pytest.raises(Unusable):
        happen(hub, "public_notice", number="S2O26M0001")


def test_a_file_reference_that_cannot_be_kept_is_refused(hub: TestHub):
    """A number of the authority is a code, no text of any length."""
    with pytest.raises(Unusable):
        note(hub.app.hub, hub.app.plans, NUMBER, "defect_confirmed", TODAY, file_reference="x" * 65)


def test_the_plan_that_was_filed_is_the_one_that_is_published(hub: TestHub):
    """The same document is one version, at the authority and at the nodes."""
    filed = file_plan(hub.app.hub, hub.app.plans, NUMBER, file_reference="2026-77")

    values = publish(hub).values

    assert (filed.plan_version, filed.plan_hash) == (values["plan_version"], values["plan_hash"])


def test_a_changed_plan_is_the_next_version(hub: TestHub):
    """Filing anew after a change counts up; the first document stays as it was."""
    first = file_plan(hub.app.hub, hub.app.plans, NUMBER)
    document = load_document(hub.app.plans, first.plan_hash)
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, plan(title="Brake hose, left"))

    second = file_plan(hub.app.hub, hub.app.plans, NUMBER)

    kept = load_document(hub.app.plans, first.plan_hash)
    assert (first.plan_version, second.plan_version, kept) == (1, 2, document)


def test_the_same_plan_is_not_filed_twice(hub: TestHub):
    """Filing what is filed is a mistake."""
    file_plan(hub.app.hub, hub.app.plans, NUMBER)

    with pytest.raises(Unusable):
        file_plan(hub.app.hub, hub.app.plans, NUMBER)


def test_a_damaged_document_is_found(hub: TestHub):
    """A document that no longer has its hash is not given out."""
    filed = file_plan(hub.app.hub, hub.app.plans, NUMBER)
    path = hub.app.settings.plans_dir / f"{filed.plan_hash.hex()}.json"
    path.write_bytes(path.read_bytes().replace(b"Brake", b"Break"))

    with pytest.raises(Unusable):
        load_document(hub.app.plans, filed.plan_hash)


def test_a_withdrawn_campaign_is_withdrawn_in_its_dossier(hub: TestHub):
    """Withdrawing is an event of its own, and nothing but a report follows."""
    publish(hub)

    withdraw_campaign(hub.app.hub, NUMBER, NO_DEFECT)

    assert dossier(hub).stage is Stage.WITHDRAWN
    with pytest.raises(Unusable):
        happen(hub, "public_notice")


def test_a_withdrawal_says_why(hub: TestHub):
    """Reason, words and file number stand in the event, as they were given."""
    publish(hub)
    grounds = Grounds("authority_order", "The authority found another cause.")

    withdraw_campaign(hub.app.hub, NUMBER, grounds, file_reference="2026-81")

    event = dossier(hub).withdrawal
    assert event is not None
    assert (event.grounds, event.file_reference, event.happened_on) == (grounds, "2026-81", TODAY)


@pytest.mark.parametrize(
    "grounds",
    [
        pytest.param(Grounds(), id="no reason"),
        pytest.param(Grounds("tired of it"), id="none of the list"),
        pytest.param(Grounds("other", "  "), id="another one, without words"),
    ],
)
def test_without_a_reason_no_campaign_is_withdrawn(hub: TestHub, grounds: Grounds):
    """The campaign stays published and its dossier as it was."""
    publish(hub)
    before = dossier(hub)

    with pytest.raises(Unusable, match="reason"):
        withdraw_campaign(hub.app.hub, NUMBER, grounds)

    assert (campaign(hub).values["state"], dossier(hub)) == ("published", before)


def test_a_plan_that_leaves_members_out_says_in_its_event_why_and_how_many(hub: TestHub):
    """The reasons of those who are members no more stand in the signed event of the plan, filed or published."""
    publish(hub)
    gone = dict(zip(MEMBERS[:3], ("never_sold", "never_sold", "listed_in_error"), strict=True))
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, plan(MEMBERS[3:]), gone)

    hub.clock.ms += 1
    filed = file_plan(hub.app.hub, hub.app.plans, NUMBER)
    hub.clock.ms += 1
    publish(hub)

    told = [(one.event, one.withdrawn_reasons, one.withdrawn_count) for one in dossier(hub).events[1:]]
    reasons = ("listed_in_error", "never_sold")
    assert sorted(filed.withdrawn_reasons) == list(reasons)
    assert [(event, tuple(sorted(why)), count) for event, why, count in told] == [
        ("plan_filed", reasons, 3),
        ("published", reasons, 3),
    ]


def test_nodes_learn_that_outreach_is_closed_and_open_again(hub: TestHub):
    """Closing goes to every node with its day, and a retraction takes it back."""
    publish(hub)
    closed = happen(hub, "outreach_closed")
    told = campaign(hub).values.get("outreach_closed_on")

    retract(hub.app.hub, closed.record, "entered_in_error")

    after = (campaign(hub).values.get("outreach_closed_on"), dossier(hub).stage)
    assert (told, *after) == (MONTH_AGO.isoformat(), None, Stage.PUBLISHED)


def test_a_retracted_event_stays_readable(hub: TestHub):
    """What was noted by mistake does not count and is not gone."""
    noted = happen(hub, "defect_confirmed")

    retract(hub.app.hub, noted.record, "wrong_record")

    found = dossier(hub)
    assert (found.stage, [one.retracted for one in found.events]) == (Stage.DESK, ["wrong_record"])


@pytest.mark.parametrize("reason", ["", "because"])
def test_a_reason_that_is_none_retracts_nothing(hub: TestHub, reason: str):
    """Reasons are a closed list."""
    noted = happen(hub, "defect_confirmed")

    with pytest.raises(Unusable):
        retract(hub.app.hub, noted.record, reason)

    assert dossier(hub).stage is Stage.CONFIRMED


def test_an_act_is_not_retracted(hub: TestHub):
    """Published is published."""
    publish(hub)
    (event,) = dossier(hub).events

    with pytest.raises(Unusable):
        retract(hub.app.hub, event.record, "entered_in_error")


def test_an_event_is_retracted_once(hub: TestHub):
    """The second retraction, and one of an event that is none, are refused."""
    noted = happen(hub, "defect_confirmed")
    retract(hub.app.hub, noted.record, "entered_in_error")

    for record in (noted.record, bytes(16)):
        with pytest.raises(Unusable):
            retract(hub.app.hub, record, "entered_in_error")


def test_a_campaign_names_the_one_it_supersedes(hub: TestHub):
    """A re-recall and a country's slice point at the campaigns they come from."""
    former = publish(hub).row.id
    again = plan(campaign_no="S2026M0002", supersedes=NUMBER, parent=NUMBER)
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, again)

    values = publish(hub, "S2026M0002").values

    assert (values["supersedes_id"], values["parent_id"]) == (former, former)


def test_a_campaign_that_names_an_unpublished_one_is_not_published(hub: TestHub):
    """A predecessor that only waits on the desk comes first; the refusal leaves no trace."""
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, plan())
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, plan(campaign_no="S2026M0002", supersedes=NUMBER))

    with pytest.raises(Unusable):
        publish(hub, "S2026M0002")

    with hub.app.hub.store.read() as snapshot:
        assert read_dossiers(hub.app.hub, snapshot) == {}
