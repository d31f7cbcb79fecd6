"""Recalls at a real hub: published as change sets, completed by dealers, counted once, cited in a signed report."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.adapters.report_files import verify_export, write_export
from carnet_hub.core.campaigns.campaign_list import list_campaigns
from carnet_hub.core.campaigns.campaign_plans import CampaignPlan
from carnet_hub.core.campaigns.recall_export import prepare_export
from carnet_hub.core.campaigns.recalls import (
    Campaign,
    Counted,
    count_campaign,
    import_plan,
    members_of,
    publish_campaign,
    withdraw_campaign,
)
from carnet_hub.core.campaigns.report import COMPLETIONS_NAME, report_files
from carnet_hub.core.counting.progress import PairState, ReportFate
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.failures import Unusable
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, completion_id, vehicle_id
from carnet_protocol.messages import PushCode
from carnet_protocol.segments import decode_segment, segment_hash
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_apps import NOW_MS, TestHub, make_hub
from support.protocol import fixed
from support.recall_plans import MEMBERS, NO_DEFECT, NUMBER, plan
from support.vins import make_vins

OUTSIDER = make_vins(5)[4]


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub without campaigns."""
    return make_hub(tmp_path / "hub")


def publish(hub: TestHub, given: CampaignPlan | None = None) -> Campaign:
    """Import and publish a plan."""
    app = hub.app
    given = given or plan()
    import_plan(app.hub, app.segments, app.plans, given)
    return publish_campaign(app.hub, app.segments, app.plans, given.texts.campaign_no)


def count(hub: TestHub, number: str = NUMBER) -> Counted:
    """The campaign's progress now."""
    with hub.app.hub.store.read() as snapshot:
        return count_campaign(hub.app.hub, hub.app.segments, snapshot, number)


def completion_draft(author: SiteAuthor, campaign: Campaign, vin: str, *, done_ms: int, method: str) -> Draft:
    """A completion on a visit of the author's."""
    visit = RecordId(fixed(f"visit {author.name} {vin}"))
    record = completion_id(RecordId(campaign.row.id), vin, visit)
    return draft_of(
        "recall_completion",
        record,
        {
            "campaign_id": campaign.row.id,
            "vin": vin,
            "vehicle_id": vehicle_id(vin),
            "visit_id": visit,
            "completed_at": done_ms,
            "method": method,
            "odometer_km": 12_000,
        },
    )


def complete(
    hub: TestHub, author: SiteAuthor, campaign: Campaign, vin: str, *, done_ms: int = NOW_MS, method: str = "repaired"
) -> MadeSet:
    """One change set of a dealer: the vehicle's visit, and the completion on it; accepted by the hub."""
    visit = fixed(f"visit {author.name} {vin}")
    made = author.write(
        draft_of("visit", visit, {"vehicle_id": vehicle_id(vin), "status": "open"}),
        completion_draft(author, campaign, vin, done_ms=done_ms, method=method),
    )
    push(hub, made)
    return made


def push(hub: TestHub, made: MadeSet) -> None:
    """Send a set that the hub must accept."""
    (answer,) = receive_sets(hub.app.hub, [made.pushed])
    assert answer.code in (PushCode.ACCEPTED, PushCode.ACCEPTED_WITH_CONFLICTS), answer


def test_a_published_campaign_names_its_segments(hub: TestHub):
    """The campaign's record holds texts, counts and the hashes of segments that hold exactly its vehicles."""
    campaign = publish(hub)

    segments = [hub.app.segments.get(name) or b"" for name in campaign.segment_hashes]
    assert sorted(vin for segment in segments for vin in decode_segment(segment)) == sorted(MEMBERS)
    assert [segment_hash(segment) for segment in segments] == campaign.segment_hashes
    assert (campaign.values["plan_version"], campaign.values["state"], campaign.values["member_count"]) == (
        1,
        "published",
        4,
    )


def test_an_imported_plan_is_not_published(hub: TestHub):
    """Nobody but the operator sees a plan that lies on the desk."""
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, plan())

    (row,) = list_campaigns(hub.app.hub, hub.app.plans)
    assert (row.campaign_no, row.state, row.plan_version) == (NUMBER, "imported", 0)
    with pytest.raises(Unusable):
        count(hub)


def test_a_plan_nobody_imported_cannot_be_published(hub: TestHub):
    """Publishing needs a plan on the desk."""
    with pytest.raises(Unusable, match="No plan"):
        publish_campaign(hub.app.hub, hub.app.segments, hub.app.plans, NUMBER)


def test_publishing_again_raises_the_plan_version(hub: TestHub):
    """A plan with one more vehicle becomes version 2 of the same campaign, with the old first date."""
    first = publish(hub)
    hub.clock.ms += 1_000

    second = publish(hub, plan([*MEMBERS, OUTSIDER]))

    assert second.row.id == first.row.id
    assert (second.values["plan_version"], second.values["member_count"]) == (2, 5)
    assert second.values["published_at"] == first.values["published_at"]


def test_publishing_what_is_published_is_refused(hub: TestHub):
    """The same plan again changes nothing and says so."""
    publish(hub)

    with pytest.raises(Unusable, match="as it stands"):
        publish(hub)

    assert list_campaigns(hub.app.hub, hub.app.plans)[0].has_newer_plan is False


def test_a_newer_plan_on_the_desk_is_shown(hub: TestHub):
    """A published campaign says when a different plan waits to be published."""
    publish(hub)
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, plan(title="Brake hose, left"))

    assert list_campaigns(hub.app.hub, hub.app.plans)[0].has_newer_plan is True


def test_a_withdrawn_campaign_stays_withdrawn(hub: TestHub):
    """A withdrawn campaign keeps its members on record and cannot be published again."""
    publish(hub)

    withdrawn = withdraw_campaign(hub.app.hub, NUMBER, NO_DEFECT)

    assert withdrawn.values["state"] == "withdrawn"
    assert count(hub).progress.member_count == 4
    with pytest.raises(Unusable, match="withdrawn"):
        publish(hub, plan(title="Another"))


def test_a_number_with_slashes_is_no_path(hub: TestHub):
    """A campaign number may look like a path and stays a number."""
    number = "R/2026/../../123"

    publish(hub, plan(campaign_no=number))

    assert [row.campaign_no for row in list_campaigns(hub.app.hub, hub.app.plans)] == [number]


def test_a_missing_segment_is_not_published(hub: TestHub, tmp_path: Path):
    """A plan whose list was lost from the disk is refused and nothing is written."""
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, plan())
    for path in (tmp_path / "hub" / "segments").iterdir():
        path.unlink()

    with pytest.raises(Unusable, match="missing"):
        publish_campaign(hub.app.hub, hub.app.segments, hub.app.plans, NUMBER)


def test_a_damaged_segment_is_noticed(hub: TestHub, tmp_path: Path):
    """A list with one flipped bit on the disk is never counted with."""
    publish(hub)
    (path,) = (tmp_path / "hub" / "segments").iterdir()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(Unusable, match="damaged"):
        count(hub)


@pytest.mark.parametrize("is_damaged", [True, False])
def test_importing_the_same_list_brings_a_lost_one_back(hub: TestHub, is_damaged: bool):
    """Without a backup the producer's file is as good: its bytes are those that were published."""
    publish(hub)
    (path,) = hub.app.settings.segments_dir.iterdir()
    path.write_bytes(b"damaged") if is_damaged else path.unlink()

    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, plan())

    assert count(hub).progress.sums.member_count == len(MEMBERS)


def test_a_completion_counts(hub: TestHub):
    """A dealer's completion moves its vehicle from open to its method."""
    campaign = publish(hub)
    desk = hub.enrol("desk", "A001").author()

    complete(hub, desk, campaign, MEMBERS[0], method="replaced")

    progress = count(hub).progress
    assert (progress.totals[PairState.REPLACED], progress.totals[PairState.OPEN]) == (1, 3)


def test_two_dealers_complete_one_vehicle_once(hub: TestHub):
    """When two dealers report the same vehicle, the earlier one counts and the other is listed, whoever came first."""
    campaign = publish(hub)
    late, early = hub.enrol("late", "A001").author(), hub.enrol("early", "B001").author()
    complete(hub, late, campaign, MEMBERS[0], done_ms=NOW_MS - 1_000)
    complete(hub, early, campaign, MEMBERS[0], done_ms=NOW_MS - 2_000)

    counted = count(hub)

    assert counted.progress.completed_count == 1
    assert counted.site_codes[counted.progress.counted[MEMBERS[0]].dealer] == "B001"
    assert [one.fate for one in counted.progress.judged] == [ReportFate.COUNTED, ReportFate.DUPLICATE]


def test_a_retraction_takes_a_completion_back(hub: TestHub):
    """A completion that its dealer retracts leaves the vehicle open."""
    campaign = publish(hub)
    desk = hub.enrol("desk", "A001").author()
    made = complete(hub, desk, campaign, MEMBERS[0])
    draft = completion_draft(desk, campaign, MEMBERS[0], done_ms=NOW_MS, method="repaired")

    push(hub, desk.write(replace(draft, values={"retracted": "wrong_record"}, based_on=(made.op(1),))))

    assert [one.fate for one in count(hub).progress.judged] == [ReportFate.RETRACTED]
    assert count(hub).progress.totals[PairState.OPEN] == 4


def test_a_stranger_is_listed_apart(hub: TestHub):
    """A completion for a vehicle outside the campaign counts nothing and is listed."""
    campaign = publish(hub)

    complete(hub, hub.enrol("desk", "A001").author(), campaign, OUTSIDER)

    assert [one.fate for one in count(hub).progress.judged] == [ReportFate.NOT_A_MEMBER]


def test_a_scrapped_vehicle_is_removed(hub: TestHub):
    """A member whose record says scrapped is neither open nor completed."""
    publish(hub)
    desk = hub.enrol("desk", "A001").author()
    vin = MEMBERS[1]

    push(
        hub,
        desk.write(
            draft_of("visit", fixed("visit"), {"vehicle_id": vehicle_id(vin), "status": "open"}),
            draft_of("vehicle", vehicle_id(vin), {"vin": vin, "lifecycle": "scrapped"}),
        ),
    )

    assert count(hub).progress.state_of(vin) is PairState.SCRAPPED


def test_completions_of_another_campaign_do_not_count(hub: TestHub):
    """Two campaigns on one vehicle are counted independently."""
    publish(hub)
    other = publish(hub, plan(campaign_no="S2026M0002"))

    complete(hub, hub.enrol("desk", "A001").author(), other, MEMBERS[0])

    assert count(hub, NUMBER).progress.completed_count == 0
    assert count(hub, "S2026M0002").progress.completed_count == 1


def export(hub: TestHub, folder: Path, created_ms: int | None = None) -> Path:
    """A signed report of the campaign."""
    app = hub.app
    prepared = prepare_export(app.hub, app.segments, NUMBER, created_ms=created_ms)
    members = members_of(app.segments, prepared.campaign)
    files = report_files(prepared.head, prepared.progress, members, prepared.citations)
    write_export(folder, prepared.head, files, app.keyring.export)
    return folder


def test_a_report_cites_the_change_set(hub: TestHub, tmp_path: Path):
    """Each reported completion names nonce, hash, node and log position of the dealer's signed change set."""
    campaign = publish(hub)
    voice = hub.enrol("desk", "A001")
    made = complete(hub, voice.author(), campaign, MEMBERS[0])

    folder = export(hub, tmp_path / "report")

    (row,) = [json.loads(line) for line in (folder / COMPLETIONS_NAME).read_text().splitlines()]
    with hub.app.hub.store.read() as snapshot:
        entry = snapshot.log_rows([row["log_position"]])[row["log_position"]]
    assert (row["nonce"], row["set_hash"], row["op_index"]) == (made.nonce.hex(), made.set_hash.hex(), 1)
    assert (entry.nonce, entry.node_id, entry.message) == (made.nonce, voice.node_id, made.message)


def test_a_report_of_a_position_can_be_made_again(hub: TestHub, tmp_path: Path):
    """At the same log position, dated alike, the report is the same byte for byte, and it verifies."""
    campaign = publish(hub)
    complete(hub, hub.enrol("desk", "A001").author(), campaign, MEMBERS[0])
    one = export(hub, tmp_path / "one", created_ms=NOW_MS)
    hub.clock.ms += 99_999

    other = export(hub, tmp_path / "other", created_ms=NOW_MS)

    assert {path.name: path.read_bytes() for path in one.iterdir()} == {
        path.name: path.read_bytes() for path in other.iterdir()
    }
    assert verify_export(one, hub.app.keyring.export.public_pem()).is_key_pinned
