"""Reports to an authority: the same bytes for the same question, every figure from the log, nothing invented."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from carnet_hub.adapters.keyring import Ed25519Signer
from carnet_hub.adapters.report_files import verify_export
from carnet_hub.adapters.report_making import make_report, recount, restated_by
from carnet_hub.core.campaigns.dossiers import read_dossier
from carnet_hub.core.campaigns.profile_report import Ask
from carnet_hub.core.campaigns.recalls import import_plan, publish_campaign
from carnet_hub.core.campaigns.report_record import EXCLUSIVE
from carnet_hub.core.count_ports import OutreachCounts
from carnet_hub.core.failures import ExportDiffers, Unusable
from carnet_protocol.ids import nonce_of, vehicle_id
from carnet_protocol.legal_days import legal_day
from support.authors import draft_of
from support.protocol import fixed
from support.recall_hub import VINS, RecallHub, begin_recall, contents, rows, table, values
from support.recall_plans import NUMBER, plan

STRANGER = Ed25519Signer(bytes(32))
NOBODY_KNOWS = ["unreachable", "notified_once", "notified_again", "letters_returned"]


class ToldOwners:
    """An outreach that has told nine owners."""

    def counts(self, _campaign_no: str, _position: int, /) -> OutreachCounts:
        """Nine were told, two of them twice, and one letter came back."""
        return OutreachCounts(9, 2, 1)


@pytest.fixture
def recall(tmp_path: Path) -> RecallHub:
    """Twelve vehicles: three done in two provinces, one of them twice, one exported, one scrapped."""
    found = begin_recall(tmp_path / "hub")
    found.note("owner_notice")
    found.days_pass(10)
    found.complete("A001", VINS[0], days_ago=1)
    found.complete("B001", VINS[0], method="replaced")
    found.days_pass(20)
    found.complete("B001", VINS[1], method="software")
    found.complete("A001", VINS[2], method="inspected_no_defect")
    found.leave("A001", VINS[3], "exported")
    found.leave("B001", VINS[4], "scrapped")
    return found


def pem(recall: RecallHub) -> bytes:
    """The hub's published export key."""
    return recall.hub.app.keyring.export.public_pem()


def again(recall: RecallHub, folder: Path) -> Any:
    """The report in a folder, counted again."""
    return recount(recall.desk, folder, pem(recall), lambda members, _: members)


def test_a_report_says_what_the_log_says(recall: RecallHub, tmp_path: Path):
    """Each vehicle is in one state, a vehicle that was done twice counts once, and the states add up."""
    recall.make("cn-stage", tmp_path / "report")

    record = values(tmp_path / "report")["record"]
    counted = {name: record[name] for name in (*EXCLUSIVE, "open_reachable", "unreachable") if record[name]}
    assert counted == {
        "remedied_repaired": 1,
        "remedied_software": 1,
        "remedied_inspected_ok": 1,
        "exported": 1,
        "scrapped": 1,
        "open_reachable": 7,
    }
    assert (record["involved"], record["remedied"], record["removed"]) == (12, 3, 2)


def test_the_same_position_gives_the_same_bytes_for_ever(recall: RecallHub, tmp_path: Path):
    """A report made again for its position and day is the same in every byte, though much has happened since."""
    recall.days_pass(1)
    made = recall.make("cn-stage", tmp_path / "first")
    as_of, position = made.report.moment.as_of, made.report.moment.position
    recall.days_pass(100)
    recall.complete("A001", VINS[5])
    recall.publish([*VINS], title="Brake hose, left")
    recall.note("outreach_closed")

    recall.make("cn-stage", tmp_path / "again", as_of=as_of, position=position)

    assert contents(tmp_path / "again") == contents(tmp_path / "first")


def test_a_past_day_is_counted_at_its_last_position(recall: RecallHub, tmp_path: Path):
    """A report as of a day knows what had arrived by its end in Beijing, and nothing later."""
    today = legal_day(recall.hub.clock.ms)

    recall.make("cn-stage", tmp_path / "report", as_of=today - timedelta(1))

    record = values(tmp_path / "report")["record"]
    assert (record["remedied"], record["removed"], record["period_end"]) == (1, 0, str(today - timedelta(1)))


def test_what_nobody_can_know_is_said_to_be_absent(recall: RecallHub, tmp_path: Path):
    """Without outreach, unreachable owners count nothing and are named as not known; notices are empty, never 0."""
    recall.make("cn-stage", tmp_path / "report")

    found = values(tmp_path / "report")
    items = {one["id"]: (one["value"], one["origin"]) for one in found["items"]}
    assert found["absent"] == NOBODY_KNOWS
    assert items["unreachable"] == (0, "absent")
    assert items["notified_once"] == (None, "absent")


def test_outreach_fills_its_places(recall: RecallHub, tmp_path: Path):
    """Once somebody keeps outreach, its figures stand in the report and nothing is absent."""
    desk = replace(recall.desk, outreach=ToldOwners())

    make_report(desk, Ask(recall.profiles.profile("cn-stage"), NUMBER), tmp_path / "report", lambda one, _: one)

    record = values(tmp_path / "report")["record"]
    assert [record[name] for name in NOBODY_KNOWS] == [0, 9, 2, 1]
    assert values(tmp_path / "report")["absent"] == []


def test_required_items_nobody_stated_are_missing(recall: RecallHub, tmp_path: Path):
    """What no log can know stays empty and is listed, until whoever files the report states it."""
    recall.make("cn-stage", tmp_path / "one")
    recall.make("cn-stage", tmp_path / "other", stated={"incidents_since_start": 1, "new_deaths": 0, "new_injuries": 0})

    assert values(tmp_path / "one")["missing"] == ["incidents_since_start", "new_deaths", "new_injuries"]
    assert values(tmp_path / "other")["missing"] == []


def test_completions_stand_by_day_site_and_province(recall: RecallHub, tmp_path: Path):
    """The tables behind the plots say when, where and in which province work was done; only what counts is in them."""
    recall.make("cn-stage", tmp_path / "report")

    today = legal_day(recall.hub.clock.ms)
    assert table(tmp_path / "report", "series.csv")[1:] == [
        [str(today - timedelta(21)), "1", "1"],
        [str(today), "2", "3"],
    ]
    assert [row[::3] for row in table(tmp_path / "report", "sites.csv")[1:]] == [["A001", "2"], ["B001", "1"]]
    assert table(tmp_path / "report", "provinces.csv")[1:] == [["43", "2"], ["44", "1"]]


@pytest.mark.parametrize("page", ["report.zh.html", "report.en.html"])
def test_a_site_is_shown_with_its_city(recall: RecallHub, tmp_path: Path, page: str):
    """People read where a site lies by name; tables for programs keep to codes."""
    recall.make("cn-stage", tmp_path / "report")

    assert (tmp_path / "report" / page).read_text(encoding="utf-8").count("<td>Changsha</td>") == len(recall.desks)
    assert b"Changsha" not in (tmp_path / "report" / "sites.csv").read_bytes()


def test_every_row_cites_a_change_set(recall: RecallHub, tmp_path: Path):
    """Completions, removals, the campaign and the days that are stated name the signed set they come from."""
    left = recall.leave("A001", VINS[6], "stolen")
    recall.make("cn-stage", tmp_path / "report")

    removals = {one["vin"]: one for one in rows(tmp_path / "report", "removals.ndjson")}
    cited = values(tmp_path / "report")["cites"]
    completions = rows(tmp_path / "report", "completions.ndjson")
    assert removals[VINS[6]]["set_hash"] == left.set_hash.hex()
    assert removals[VINS[6]]["op_id"] == left.op(1).hex()
    assert [one["what"].split()[0] for one in cited] == ["campaign", "owner_notice", "published"]
    assert all(one["set_hash"] and one["log_position"] for one in [*removals.values(), *completions, *cited])


def test_a_row_taken_back_cites_what_took_it_back(recall: RecallHub, tmp_path: Path):
    """A completion that was retracted cites its statement and, beside it, the signed set that retracts it."""
    made = recall.complete("A001", VINS[5])
    taken_back = recall.take_back("A001", VINS[5], made)

    recall.make("cn-stage", tmp_path / "report")

    found = {one["vin"]: one for one in rows(tmp_path / "report", "completions.ndjson")}
    row = found[VINS[5]]
    assert (row["fate"], row["set_hash"]) == ("retracted", made.set_hash.hex())
    assert row["retracted_by"] == {
        "op_id": taken_back.op(0).hex(),
        "nonce": nonce_of(taken_back.op(0)).hex(),
        "op_index": 0,
        "set_hash": taken_back.set_hash.hex(),
        "node_id": row["node_id"],
        "log_position": recall.position,
    }
    assert "retracted_by" not in found[VINS[1]]


def test_a_withdrawn_vehicle_cites_the_plan(recall: RecallHub, tmp_path: Path):
    """A vehicle that a later plan withdrew is counted for ever, with its reason and the set that withdrew it."""
    app = recall.hub.app
    import_plan(app.hub, app.segments, app.plans, plan(VINS[:-1]), {VINS[-1]: "listed_in_error"})
    publish_campaign(app.hub, app.segments, app.plans, NUMBER)

    recall.make("cn-stage", tmp_path / "report")

    (row,) = [one for one in rows(tmp_path / "report", "removals.ndjson") if one["vin"] == VINS[-1]]
    assert (row["state"], row["reason"]) == ("withdrawn", "listed_in_error")
    assert row["set_hash"]
    assert values(tmp_path / "report")["record"]["involved"] == 12


def test_a_report_counted_again_is_the_same(recall: RecallHub, tmp_path: Path):
    """`recount` finds every file as it was, from the folder and the log alone."""
    recall.make("cn-stage", tmp_path / "report", stated={"new_deaths": 2})
    recall.days_pass(5)
    recall.complete("A001", VINS[7])

    found = again(recall, tmp_path / "report")

    assert (found.differing, found.drawn, found.ask.stated) == ((), (), {"new_deaths": 2})


def test_a_report_that_the_log_does_not_bear_out_is_found(recall: RecallHub, tmp_path: Path):
    """A folder signed with the right key whose figures are not those of the log is named, file by file."""
    other = begin_recall(tmp_path / "other")
    for _ in range(recall.position - other.position):
        other.note("public_notice")
    other.hub.clock.ms = recall.hub.clock.ms
    desk = replace(other.desk, signer=recall.hub.app.keyring.export)
    recall.make("cn-stage", tmp_path / "report")

    found = recount(desk, tmp_path / "report", pem(recall), lambda members, _: members)

    assert {"report.json", "summary.csv", "completions.ndjson"} <= set(found.differing)


def test_a_restatement_names_the_report_it_restates(recall: RecallHub, tmp_path: Path):
    """A correction shows both figures beside each other and the hash of the other's manifest; that one stays valid."""
    earlier = recall.make("cn-stage", tmp_path / "earlier", stated={"new_injuries": 1})
    restated = restated_by(recall.hub.app.files, tmp_path / "earlier", pem(recall))

    recall.make("cn-stage", tmp_path / "later", stated={"new_injuries": 3}, restated=restated)

    found = values(tmp_path / "later")["restates"]
    assert (found["manifest"], found["differing"]) == (earlier.manifest, [{"id": "new_injuries", "then": 1, "now": 3}])
    assert verify_export(tmp_path / "later").facts["restates"] == earlier.manifest
    assert earlier.manifest in (tmp_path / "later" / "report.zh.html").read_text(encoding="utf-8")
    assert again(recall, tmp_path / "later").differing == ()
    assert verify_export(tmp_path / "earlier", pem(recall)).is_key_pinned


def test_what_another_hub_signed_cannot_be_restated(recall: RecallHub, tmp_path: Path):
    """Only what this hub signed can be restated by it."""
    desk = replace(recall.desk, signer=STRANGER)
    make_report(desk, Ask(recall.profiles.profile("cn-stage"), NUMBER), tmp_path / "report", lambda one, _: one)

    with pytest.raises(ExportDiffers):
        restated_by(recall.hub.app.files, tmp_path / "report", pem(recall))


@pytest.mark.parametrize("name", ["report.json", "items.csv", "removals.ndjson", "report.xlsx", "report.en.html"])
def test_one_changed_byte_is_named(recall: RecallHub, tmp_path: Path, name: str):
    """One flipped bit in any file of a report is found and its file named."""
    recall.make("cn-stage", tmp_path / "report")
    content = bytearray((tmp_path / "report" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "report" / name).write_bytes(content)

    with pytest.raises(ExportDiffers) as refusal:
        verify_export(tmp_path / "report", pem(recall))

    assert refusal.value.file_name == name


def test_a_truncated_report_is_refused(recall: RecallHub, tmp_path: Path):
    """A list that lost its last row on the way is no report."""
    recall.make("cn-stage", tmp_path / "report")
    path = tmp_path / "report" / "members.ndjson"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))

    with pytest.raises(ExportDiffers, match="were signed"):
        verify_export(tmp_path / "report", pem(recall))


def test_a_folder_that_exists_is_not_touched(recall: RecallHub, tmp_path: Path):
    """A report into a folder that is there already is refused, even an empty one."""
    (tmp_path / "report").mkdir()

    with pytest.raises(Unusable, match="exists already"):
        recall.make("cn-stage", tmp_path / "report")

    assert contents(tmp_path / "report") == {}
    assert recall.hub.app.reports.manifests() == {}


def test_the_workbook_holds_numbers(recall: RecallHub, tmp_path: Path):
    """Counts are numbers in the workbook and text is text; its sheets are the tables of the report."""
    recall.make("cn-stage", tmp_path / "report")

    book = load_workbook(tmp_path / "report" / "report.xlsx")
    items = {row[0].value: row[4].value for row in book.worksheets[0].iter_rows(min_row=2)}
    assert [sheet.title for sheet in book.worksheets] == [
        "项目 items",
        "按日 by day",
        "按省 by province",
        "按单位 by site",
    ]
    assert (items["involved"], items["campaign_no"]) == (12, NUMBER)
    assert [cell.value for cell in book.worksheets[2][2]] == ["43", "湖南", "Hunan", 2]


def test_a_title_runs_nothing(tmp_path: Path):
    """A campaign whose title is a formula and a tag is text in the workbook, the tables and the pages."""
    recall = begin_recall(tmp_path / "hub", title='=HYPERLINK("x")<b>', authority_no="-1")

    recall.make("cn-stage", tmp_path / "report")

    sheet = load_workbook(tmp_path / "report" / "report.xlsx").worksheets[0]
    cells = {row[0].value: row[4] for row in sheet.iter_rows(min_row=2)}
    page = (tmp_path / "report" / "report.en.html").read_text(encoding="utf-8")
    assert (cells["title"].data_type, cells["authority_no"].value) == ("s", "-1")
    assert '=HYPERLINK("x")<b>' not in page
    assert "=HYPERLINK(&#34;x&#34;)&lt;b&gt;" in page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_fetches_and_runs_nothing(recall: RecallHub, tmp_path: Path, language: str):
    """A page is one file: no script, nothing loaded, both plots drawn in it."""
    recall.make("cn-stage", tmp_path / "report")

    page = (tmp_path / "report" / f"report.{language}.html").read_text(encoding="utf-8")
    assert ("<script" in page, "http" in page.replace("http-equiv", ""), page.count("<svg")) == (False, False, 2)


def test_a_filing_says_who_has_what_and_never_what_it_is(recall: RecallHub, tmp_path: Path):
    """A filing counts per item, per vehicle and per site what is on file; a name on file is in none of its files."""
    author = recall.desks["A001"]
    car, person = vehicle_id(VINS[0]), fixed("person")
    recall.push(
        author.write(
            draft_of("customer", person, {"party_kind": "person", "full_name": "Zhang Canary"}),
            draft_of("phone", fixed("phone"), {"customer_id": person, "number": "13800138000"}),
            draft_of("vehicle", car, {"vin": VINS[0], "engine_no": "E1", "build_on": "2024-05-02"}),
            draft_of("ownership", fixed("tie"), {"vehicle_id": car, "customer_id": person, "role": "owner"}),
        )
    )

    recall.make("cn-filing-2002-annex1", tmp_path / "filing")

    items = {one["id"]: one["value"] for one in values(tmp_path / "filing")["items"]}
    vehicle = next(one for one in rows(tmp_path / "filing", "vehicles.ndjson") if one["vin"] == VINS[0])
    assert {name: items[name] for name in ("1.1", "1.2.1", "1.2.2", "1.2.4", "3.1.1", "4.1", "4.2", "4.4")} == {
        "1.1": None,
        "1.2.1": "12/12",
        "1.2.2": "1/12",
        "1.2.4": "1/12",
        "3.1.1": "2/2",
        "4.1": "1/12",
        "4.2": None,
        "4.4": "1/12",
    }
    assert vehicle["missing"] == ["1.2.3", "1.2.5", "1.3.1", "4.2", "4.3", "4.5"]
    assert len(rows(tmp_path / "filing", "dealers.ndjson")) == 2
    assert not any(
        b"Canary" in content or b"13800138000" in content for content in contents(tmp_path / "filing").values()
    )


def test_the_final_report_names_the_day_of_the_end(recall: RecallHub, tmp_path: Path):
    """The final report is about all of the recall, and the day it was finished is the dossier's."""
    recall.note("recall_finished")

    recall.make("cn-final", tmp_path / "final")

    items = {one["id"]: one["value"] for one in values(tmp_path / "final")["items"]}
    with recall.hub.app.hub.store.read() as snapshot:
        (published,) = [
            one for one in read_dossier(recall.hub.app.hub, snapshot, NUMBER).standing if one.event == "published"
        ]
    assert (items["finished_on"], items["period_start"]) == (
        str(legal_day(recall.hub.clock.ms)),
        str(published.happened_on),
    )


def test_each_page_cites_the_law_in_its_own_tongue(recall: RecallHub, tmp_path: Path):
    """A Chinese reader finds articles as Chinese law numbers them, an English one as the profile has them."""
    recall.make("cn-stage", tmp_path / "report")

    zh, en = ((tmp_path / "report" / f"report.{one}.html").read_text(encoding="utf-8") for one in ("zh", "en"))
    assert [one in zh for one in ("条例第 8、20 条", "市场监管总局 2020 年第 123 号", "art. ")] == [True, True, False]
    assert "条例 art. 8, 20" in en


def test_no_citation_of_a_filing_list_is_english_on_the_chinese_page(recall: RecallHub, tmp_path: Path):
    """The profile's own source and each item's stand in Chinese, whatever the copies were cut from."""
    recall.make("cn-filing-2002-annex1", tmp_path / "report")

    page = (tmp_path / "report" / "report.zh.html").read_text(encoding="utf-8")
    assert [one for one in ("draft", "copies", "order 176", "completed after", "owner record") if one in page] == []
    assert "2002 年征求意见稿附件一；据公开文库副本，末尾据实施办法（第 176 号令）" in page
