"""Corrections and later checks of reports: of the same report only, and by the check that still holds."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.adapters.report_files import verify_export
from carnet_hub.adapters.report_making import make_report, recount, restated_by
from carnet_hub.core.campaigns.dossiers import Grounds
from carnet_hub.core.campaigns.profile_report import Ask
from carnet_hub.core.campaigns.recalls import import_plan, publish_campaign, withdraw_campaign
from carnet_hub.core.counting.progress import PairState
from carnet_hub.core.failures import Unusable
from support.recall_hub import PLAIN, VINS, begin_recall, rows, values
from support.recall_plans import NUMBER, plan


def test_a_filing_of_an_earlier_log_says_how_it_is_checked(tmp_path: Path):
    """Once the log goes on a filing is not counted again; the refusal names the check that still holds for it."""
    recall = begin_recall(tmp_path / "hub")
    app = recall.hub.app
    recall.make("cn-filing-2002-annex1", tmp_path / "filing")
    recall.complete("A001", VINS[0])

    with pytest.raises(Unusable, match="the log has passed position") as refusal:
        recount(recall.desk, tmp_path / "filing", app.keyring.export.public_pem(), lambda members, _: members)

    assert "`carnet-hub verify FOLDER`" in refusal.value.next
    assert verify_export(tmp_path / "filing", app.keyring.export.public_pem()).is_key_pinned


@pytest.mark.parametrize("rule", [False, True])
def test_a_report_keeps_the_rule_it_was_counted_by(tmp_path: Path, rule: bool):
    """A setting that changes afterwards changes no report: the rule about superseded campaigns stands in it."""
    recall = begin_recall(tmp_path / "hub")
    app = recall.hub.app
    import_plan(app.hub, app.segments, app.plans, plan(VINS, campaign_no="S2026M0002", supersedes=NUMBER))
    publish_campaign(app.hub, app.segments, app.plans, "S2026M0002")
    then, now = (replace(recall.desk, hub=replace(app.hub, counts_superseded=one)) for one in (rule, not rule))
    ask = Ask(recall.profiles.profile("cn-stage"), NUMBER)
    made = make_report(then, ask, tmp_path / "report", lambda members, _: members)

    found = recount(now, tmp_path / "report", app.keyring.export.public_pem(), lambda members, _: members)

    assert values(tmp_path / "report")["counts_superseded"] is rule
    assert made.report.progress.totals[PairState.SUPERSEDED] == len(VINS) * rule
    assert (found.differing, found.drawn) == ((), ())


@pytest.mark.parametrize(
    ("profile", "campaign_no"),
    [pytest.param("cn-final", NUMBER, id="another profile"), pytest.param("cn-stage", "OTHER1", id="another campaign")],
)
def test_only_the_same_report_can_be_restated(tmp_path: Path, profile: str, campaign_no: str):
    """A correction of another profile or campaign than the report it names is refused, and nothing is written."""
    recall = begin_recall(tmp_path / "hub")
    app = recall.hub.app
    import_plan(app.hub, app.segments, app.plans, plan(VINS, **{**PLAIN, "campaign_no": "OTHER1"}))
    publish_campaign(app.hub, app.segments, app.plans, "OTHER1")
    recall.note("recall_finished")
    recall.make("cn-stage", tmp_path / "earlier")
    restated = restated_by(app.files, tmp_path / "earlier", app.keyring.export.public_pem())
    ask = Ask(recall.profiles.profile(profile), campaign_no, restated=restated)

    with pytest.raises(Unusable, match=f"cn-stage of {NUMBER}, and this one is {profile} of {campaign_no}"):
        make_report(recall.desk, ask, tmp_path / "later", lambda members, _: members)

    assert not (tmp_path / "later").exists()
    assert len(app.reports.manifests()) == 1


def test_a_report_of_a_withdrawn_campaign_says_so(tmp_path: Path):
    """Day, reason and words stand in the report for programs, on both pages, and the event is cited."""
    recall = begin_recall(tmp_path / "hub")
    recall.make("cn-stage", tmp_path / "before")
    withdraw_campaign(recall.hub.app.hub, NUMBER, Grounds("no_defect", "The hose holds."), file_reference="2026-9")

    recall.make("cn-stage", tmp_path / "after")

    said = values(tmp_path / "after")
    on = said["campaign_withdrawn"]["on"]
    assert "campaign_withdrawn" not in values(tmp_path / "before")
    assert said["campaign_withdrawn"] == {
        "on": said["as_of"],
        "reason": "no_defect",
        "explanation": "The hose holds.",
        "file_reference": "2026-9",
    }
    assert f"withdrawn {on}" in [one["what"] for one in said["cites"]]
    for page, words in (("report.zh.html", "经查不存在缺陷"), ("report.en.html", "no defect was found")):
        shown = [(tmp_path / one / page).read_text(encoding="utf-8") for one in ("before", "after")]
        assert [f"{on} · {words} · The hose holds. · 2026-9" in one for one in shown] == [False, True]


def test_a_withdrawn_campaign_names_each_vehicle_as_removed(tmp_path: Path):
    """Every vehicle of a campaign that was taken back left by the one set that says so, done or not."""
    recall = begin_recall(tmp_path / "hub")
    recall.complete("A001", VINS[0])
    told_at = recall.position + 1
    withdraw_campaign(recall.hub.app.hub, NUMBER, Grounds("no_defect"))

    recall.make("cn-stage", tmp_path / "after")

    record, removals = values(tmp_path / "after")["record"], rows(tmp_path / "after", "removals.ndjson")
    assert (record["involved"], record["removed"], record["remedied"]) == (len(VINS), len(VINS), 0)
    assert ({one["vin"] for one in removals}, {one["state"] for one in removals}) == ({*VINS}, {"withdrawn"})
    assert [one["log_position"] for one in removals] == [told_at] * len(VINS)


def test_a_report_of_a_withdrawn_campaign_is_counted_again_to_the_same_bytes(tmp_path: Path):
    """What was made before the withdrawal, and what was made after it, both hold."""
    recall = begin_recall(tmp_path / "hub")
    recall.make("cn-stage", tmp_path / "before")
    withdraw_campaign(recall.hub.app.hub, NUMBER, Grounds("no_defect"))
    recall.make("cn-stage", tmp_path / "after")
    key = recall.hub.app.keyring.export.public_pem()

    found = [recount(recall.desk, tmp_path / one, key, lambda members, _: members) for one in ("before", "after")]

    assert [(one.differing, one.drawn) for one in found] == [((), ()), ((), ())]
