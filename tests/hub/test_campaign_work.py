"""What a campaign does on a car: refused with reasons when it is wrong, published as items, changed by a later plan."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.core.campaigns.plan_desk import load_plan
from carnet_hub.core.campaigns.recalls import Campaign, import_plan, publish_campaign, require_campaign
from carnet_hub.core.counting.campaign_work import NO_WORK, CampaignWork, demands_on, evidence_values, parse_work
from carnet_hub.core.failures import Unusable
from carnet_protocol.demands import Demands, EvidenceAsked, NumbersAsked, WorkItem, evidence_fields
from carnet_protocol.ids import RecordId
from carnet_protocol.remedy import evidence_bits
from support.hub_apps import NOW_MS, TestHub, make_hub
from support.hub_cli import CAMPAIGN, VINS, Printed, campaign_folder, refused, told
from support.recall_plans import NUMBER, plan

DRIVER = WorkItem(1, "Inflator, driver side", "77810-TB0")
PASSENGER = WorkItem(2, "Inflator, passenger side", "77820-TB0")
TWO_PARTS = CampaignWork(("part", "photo"), (DRIVER, PASSENGER))
TWO_PARTS_BITS = evidence_bits(TWO_PARTS.evidence)
SECOND_MS = NOW_MS + 2_001
"""When the second plan begins to bind."""


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub without campaigns."""
    return make_hub(tmp_path / "hub")


def publish(hub: TestHub, work: CampaignWork, title: str = "Brake hose") -> Campaign:
    """Import and publish a plan with this work."""
    app = hub.app
    hub.clock.ms += 1_000
    import_plan(app.hub, app.segments, app.plans, replace(plan(title=title), work=work))
    return publish_campaign(app.hub, app.segments, app.plans, NUMBER)


def published(hub: TestHub) -> Demands:
    """What the campaign demands, as everybody reads it."""
    with hub.app.hub.store.read() as snapshot:
        campaign = require_campaign(hub.app.hub, snapshot, NUMBER)
        return demands_on(hub.app.hub, snapshot, RecordId(campaign.row.id), campaign.values)


def test_a_file_says_evidence_and_items():
    """Evidence is kept in its one order and items by their numbers, whatever the order in the file."""
    tables = [
        {"item_no": 2, "label": "Inflator, passenger side", "part_no": "77820-TB0"},
        {"item_no": 1, "label": "Inflator, driver side", "part_no": "77810-TB0", "is_required": True},
    ]

    assert parse_work({"evidence": ["photo", "part"], "item": tables}) == TWO_PARTS


def test_a_file_that_says_nothing_of_the_work_asks_for_nothing():
    """A campaign without evidence and items does one thing and believes who says so."""
    assert parse_work({}) == NO_WORK


@pytest.mark.parametrize(
    ("values", "what"),
    [
        pytest.param({"evidence": ["fotograf"]}, "fotograf is none of technician", id="unknown evidence"),
        pytest.param({"evidence": "photo"}, "none of technician", id="evidence as text"),
        pytest.param({"item": {"item_no": 1}}, "no list of tables", id="one table"),
        pytest.param({"item": [{"item_no": 1}]}, "item 1: label is missing", id="no label"),
        pytest.param({"item": [{"label": "A"}]}, "item 1: item_no is no whole number", id="no number"),
        pytest.param({"item": [{"item_no": 0, "label": "A"}]}, "whole number from 1 to 16", id="number 0"),
        pytest.param({"item": [{"item_no": 17, "label": "A"}]}, "whole number from 1 to 16", id="number 17"),
        pytest.param({"item": [{"item_no": True, "label": "A"}]}, "no whole number", id="no number but yes"),
        pytest.param({"item": [{"item_no": 1, "label": "A"}] * 2}, "item_no 1 stands twice", id="number twice"),
        pytest.param({"item": [{"item_no": 1, "label": 7}]}, "label is no text", id="label no text"),
        pytest.param({"item": [{"item_no": 1, "label": "A", "part": "7"}]}, "unknown entry part", id="misspelt"),
        pytest.param({"item": [{"item_no": 1, "label": "A", "part_no": "7" * 65}]}, "part_no cannot", id="long number"),
        pytest.param({"item": [{"item_no": 1, "label": "A", "is_required": 1}]}, "neither true nor", id="no flag"),
        pytest.param(
            {"item": [{"item_no": 1, "label": "A", "is_required": False}]}, "nothing would have", id="optional"
        ),
        pytest.param({"item": [{"item_no": 1, "label": "A"}] * 17}, "more than 16 items", id="too many"),
    ],
)
def test_wrong_work_is_refused_with_its_reason(values: dict[str, object], what: str):
    """Evidence or items that cannot be used refuse the file and say which and why."""
    with pytest.raises(Unusable, match=what):
        parse_work(values)


def test_every_fault_is_named_at_once():
    """A producer corrects a file once and not fault by fault."""
    with pytest.raises(Unusable, match=r"fotograf.*item 1: label is missing"):
        parse_work({"evidence": ["fotograf"], "item": [{"item_no": 1}]})


def test_items_lie_on_the_desk_as_they_were_imported(hub: TestHub):
    """A plan that waits holds its evidence and its items."""
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, replace(plan(), work=TWO_PARTS))

    assert load_plan(hub.app.plans, NUMBER).work == TWO_PARTS


def test_a_plan_without_work_is_the_document_it_always_was(hub: TestHub):
    """The document of a plan that says nothing of the work names neither evidence nor items."""
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, plan())

    document = load_plan(hub.app.plans, NUMBER).document

    assert b"evidence" not in document
    assert b"items" not in document


def test_publishing_tells_everybody_items_and_evidence(hub: TestHub):
    """A published campaign is read with its items by number, and asks for its evidence from the beginning."""
    publish(hub, TWO_PARTS)

    found = published(hub)

    assert (found.items, found.evidence) == (TWO_PARTS.items, (EvidenceAsked(0, TWO_PARTS_BITS),))


def test_a_later_plan_changes_adds_and_leaves_out_items(hub: TestHub):
    """After a second version exactly its items are listed; what was changed or left out keeps what it had before."""
    publish(hub, TWO_PARTS)
    renamed = replace(DRIVER, part_no="77810-TB1")
    sill = WorkItem(3, "Sill plate", is_required=False)

    publish(hub, CampaignWork((), (renamed, sill)))

    driver, passenger, added = published(hub).items
    assert [item.item_no for item in published(hub).listed] == [1, 3]
    assert driver.timeline == (*DRIVER.timeline, NumbersAsked(SECOND_MS, "77810-TB1", "", is_listed=True))
    assert passenger.timeline == (*PASSENGER.timeline, NumbersAsked(SECOND_MS, "", "", is_listed=False))
    assert added.timeline == (NumbersAsked(SECOND_MS, "", "", is_listed=True),)


def test_an_item_that_is_taken_up_again_is_the_same_record(hub: TestHub):
    """A plan that names an item again which an earlier one left out says so of the record that is there."""
    publish(hub, TWO_PARTS)
    publish(hub, CampaignWork((), (DRIVER,)))

    publish(hub, CampaignWork((), (DRIVER, PASSENGER)))

    left_out = NumbersAsked(SECOND_MS, "", "", is_listed=False)
    again = NumbersAsked(SECOND_MS + 1_000, PASSENGER.part_no, "", is_listed=True)
    assert published(hub).items == (DRIVER, replace(PASSENGER, asked=(*PASSENGER.timeline, left_out, again)))


def test_a_demand_that_stands_keeps_its_moment(hub: TestHub):
    """A new title, or one more kind of evidence, does not ask again for what is asked for already."""
    publish(hub, CampaignWork(("part",), (DRIVER, PASSENGER)))
    publish(hub, TWO_PARTS)

    publish(hub, TWO_PARTS, title="Inflators")

    assert published(hub).evidence == (
        EvidenceAsked(0, evidence_bits(["part"])),
        EvidenceAsked(SECOND_MS, TWO_PARTS_BITS),
    )


def test_a_corrected_label_asks_for_no_number_anew(hub: TestHub):
    """An item whose label changes keeps the day from which its numbers are asked for."""
    publish(hub, TWO_PARTS)

    publish(hub, CampaignWork(("part", "photo"), (replace(DRIVER, label="Inflator, left"), PASSENGER)))

    assert [item.timeline for item in published(hub).items] == [DRIVER.timeline, PASSENGER.timeline]


def test_a_new_demand_binds_after_everything_that_the_log_holds(hub: TestHub):
    """With a clock that was set back, a demand still begins behind the last entry of the log."""
    publish(hub, NO_WORK)
    hub.clock.ms -= 10**9

    publish(hub, CampaignWork(("photo",)))

    assert published(hub).evidence == (EvidenceAsked(NOW_MS + 1_001, evidence_bits(["photo"])),)


def test_evidence_that_changed_too_often_is_refused():
    """What was demanded before has a bound: a plan beyond it is refused and says so."""
    asked = tuple(EvidenceAsked(NOW_MS + place, 1 + place % 2) for place in range(373))

    with pytest.raises(Unusable, match="has changed too often"):
        evidence_values(CampaignWork(("photo",)), evidence_fields(asked), NOW_MS + 500)


def test_a_campaign_folder_says_its_work(data: Path, tmp_path: Path, capsys: Printed):
    """Evidence and items of the campaign file are read with its texts."""
    folder = campaign_folder(tmp_path, *VINS)
    more = 'evidence = ["odometer"]\n[[item]]\nitem_no = 1\nlabel = "Hose"\n'
    (folder / "campaign.toml").write_text(CAMPAIGN + more, encoding="utf-8")

    imported = told(capsys, data, "recalls", "import", folder)

    assert (imported["evidence"], [one["label"] for one in imported["items"]]) == (["odometer"], ["Hose"])


def test_a_campaign_folder_with_wrong_work_is_not_imported(data: Path, tmp_path: Path, capsys: Printed):
    """A file that asks for an unknown evidence is refused, and nothing lies on the desk."""
    folder = campaign_folder(tmp_path, *VINS)
    (folder / "campaign.toml").write_text(CAMPAIGN + 'evidence = ["selfie"]\n', encoding="utf-8")

    failure = refused(capsys, data, "recalls", "import", folder)

    assert "selfie" in str(failure["what"])
    assert told(capsys, data, "recalls", "list") == []
