"""What owners are sent: text messages counted in parts, letters for the printer, and a workbook that runs nothing."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from carnet_hub.adapters.notice_files import COLUMNS, NoticeFolder
from carnet_hub.adapters.profile_files import province_names
from carnet_hub.core.campaigns.notices import count_segments, sms_of
from carnet_hub.core.campaigns.outreach import Notice, begin_round
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import SMS_SEGMENTS_MAX
from carnet_hub.core.outside.access_ledger import NOTICES, note_access, operator_access, read_accesses
from carnet_protocol.legal_days import legal_day
from carnet_protocol.registry import Value
from support.hub_cli import Printed, call, campaign_folder, refused, told
from support.owners import own
from support.recall_plans import MEMBERS, NUMBER
from support.recall_world import RecallWorld
from support.vins import make_vins

FORMULA = '=HYPERLINK("http://example.invalid")'
CAMPAIGN: dict[str, Value] = {"campaign_no": NUMBER, "producer": "Example", "title": "Brake hose"}


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        pytest.param("", 1, id="nothing"),
        pytest.param("x" * 160, 1, id="160 Latin letters"),
        pytest.param("x" * 161, 2, id="one more"),
        pytest.param("x" * 306, 2, id="two whole parts"),
        pytest.param("x" * 307, 3, id="one more than two parts"),
        pytest.param("€" * 80, 1, id="80 that take two places"),
        pytest.param("€" * 81, 2, id="81 that take two places"),
        pytest.param("x" * 152 + "€" + "x" * 10, 2, id="one that is not divided"),
        pytest.param("召" * 70, 1, id="70 Chinese characters"),
        pytest.param("召" * 71, 2, id="one more Chinese"),
        pytest.param("召" * 134, 2, id="two whole Chinese parts"),
        pytest.param("召" * 135, 3, id="one more than two Chinese parts"),
        pytest.param("召" * 66 + "😀" + "召" * 66, 3, id="a pair that is not divided"),
    ],
)
def test_a_text_message_is_counted_as_the_networks_count_it(text: str, segments: int):
    """Parts follow the alphabet of the text and never divide a character."""
    assert count_segments(text) == segments


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_text_message_names_no_person_and_no_whole_vin(language: str):
    """It says what the recall is and what to do, and shows the end of the VIN alone."""
    sms = sms_of({**CAMPAIGN, "hazard_level": "do_not_drive"}, MEMBERS[0], language)

    assert MEMBERS[0] not in sms.text
    assert MEMBERS[0][-6:] in sms.text
    assert ("停止驾驶" in sms.text) or ("Do not drive" in sms.text)
    assert sms.segments <= 2


def test_a_text_message_that_takes_too_many_parts_is_refused():
    """A long title is named as what to shorten; nothing is cut."""
    with pytest.raises(Unusable, match=f"{SMS_SEGMENTS_MAX} is the most"):
        sms_of({**CAMPAIGN, "title": "召" * 300}, MEMBERS[0], "zh")


def written(
    world: RecallWorld,
    folder: Path,
    language: str = "zh",
    watched: Callable[[Iterator[Notice]], Iterator[Notice]] = iter,
) -> NoticeFolder:
    """The notices of the campaign in a folder."""
    app = world.hub.app
    with app.hub.store.read() as snapshot:
        round_ = begin_round(app.hub, app.segments, snapshot, NUMBER)
        day = legal_day(app.hub.clock.now_ms())
        made = NoticeFolder(folder, round_, day, language, provinces=province_names(), has_sms=True)
        made.write(watched(round_.notices))
    return made


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_letter_says_everything_the_law_wants(tmp_path: Path, language: str):
    """The letter has the owner's address, the car, the three texts, the remedy, and what must not be done."""
    world = RecallWorld.begun(tmp_path, texts={"hazard_level": "do_not_drive", "authority_no": "R-77"})
    own(world, "A001", MEMBERS[0], "Wang <Wei>", street="长沙路1号")

    made = written(world, tmp_path / "out", language)

    (page,) = (path.read_text(encoding="utf-8") for path in (tmp_path / "out").glob("letters.*.html"))
    wanted = ("Wang &lt;Wei&gt;", "长沙路1号", MEMBERS[0], "The hose may crack.", "Longer braking distance.")
    assert [one for one in (*wanted, "Drive slowly.", "Replaced free of charge.", "R-77") if one not in page] == []
    assert ("请立即停止驾驶" if language == "zh" else "Do not drive this car.") in page
    assert (made.letter_count, made.file_count, made.sms_count) == (1, 1, 0)


def test_the_folder_and_its_files_are_for_their_owner_alone(tmp_path: Path):
    """Nobody else may read the folder or a file in it, and nothing unfinished is left beside it."""
    world = RecallWorld.begun(tmp_path)
    own(world, "A001", MEMBERS[0], "wang", street="长沙路1号")

    written(world, tmp_path / "out")

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()}
    assert modes == dict.fromkeys(("owners.xlsx", "letters.zh-0001.html", "posted.txt", "texted.txt"), 0o600)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    assert not list(tmp_path.glob(".out*"))


def test_no_value_lies_outside_the_folder_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The parts of the workbook are in the private folder from the first line on, and nowhere else."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    world = RecallWorld.begun(tmp_path)
    seen: list[tuple[int, int]] = []

    def watched(notices: Iterator[Notice]) -> Iterator[Notice]:
        """The same notices; what lies in either folder behind the first line."""
        for notice in notices:
            yield notice
            seen.append((len(list(elsewhere.iterdir())), len(list((tmp_path / ".out.new").glob("openpyxl*")))))

    written(world, tmp_path / "out", watched=watched)

    assert seen == [(0, 1)] * len(MEMBERS)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["owners.xlsx", "posted.txt", "texted.txt"]


def test_the_workbook_names_every_open_car_and_runs_nothing(tmp_path: Path):
    """One line a car with its reason; a name that looks like a formula stays text."""
    world = RecallWorld.begun(tmp_path)
    own(world, "A001", MEMBERS[0], FORMULA, phone="+8613800010001")

    made = written(world, tmp_path / "out")

    header, *rows = load_workbook(tmp_path / "out" / "owners.xlsx").worksheets[0].iter_rows()
    lines = {row[1].value: dict(zip(COLUMNS, row, strict=True)) for row in rows}
    assert tuple(cell.value for cell in header) == COLUMNS
    assert lines.keys() == {*MEMBERS}
    assert (lines[MEMBERS[0]]["name"].value, lines[MEMBERS[0]]["name"].data_type) == (FORMULA, "s")
    assert lines[MEMBERS[0]]["phone"].data_type == "s"
    assert lines[MEMBERS[0]]["telling"].value == "tell"
    assert lines[MEMBERS[1]]["telling"].value == "owner-unknown"
    assert (made.sms_count, made.segment_count) == (1, lines[MEMBERS[0]]["sms_segments"].value)


def test_a_refused_text_message_leaves_no_folder(tmp_path: Path):
    """When a message cannot be worded, what was written before is gone again."""
    world = RecallWorld.begun(tmp_path, texts={"title": "召" * 300})
    own(world, "A001", MEMBERS[0], "wang", phone="13800010001", street="长沙路1号")

    with pytest.raises(Unusable):
        written(world, tmp_path / "out")

    assert not list(tmp_path.glob("*out*"))
    assert not list(tmp_path.glob(".*out*"))


def test_the_commands_list_and_write_notices(data: Path, tmp_path: Path, capsys: Printed):
    """`owners` says of each car whether somebody can be told; `notify` writes a folder, once."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", NUMBER)

    rows = told(capsys, data, "recalls", "owners", NUMBER, "--xlsx", tmp_path / "list.xlsx")
    notify = ("recalls", "notify", NUMBER, "--by", "op-1", "--out")
    made = told(capsys, data, *notify, tmp_path / "out", "--language", "en")

    assert {row["telling"] for row in rows} == {"owner-unknown"}
    assert "name" not in rows[0]
    assert (made["cars"], made["letters"], made["telling"]) == (3, 0, {"owner-unknown": 3})
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["owners.xlsx", "posted.txt", "texted.txt"]
    assert load_workbook(tmp_path / "list.xlsx").worksheets[0].max_row == 4
    assert "exists already" in str(refused(capsys, data, *notify, tmp_path / "out"))
    assert call(data, "recalls", "notify", "S0", "--by", "op-1", "--out", tmp_path / "none") == 1


def test_who_wrote_the_letters_stands_in_the_ledger(data: Path, tmp_path: Path, capsys: Printed):
    """Taking owners' values out is an access of the operator, by code and campaign; looking at the list is none."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", NUMBER)
    told(capsys, data, "recalls", "owners", NUMBER)

    told(capsys, data, "recalls", "notify", NUMBER, "--out", tmp_path / "out", "--by", "op-1")

    (line,) = told(capsys, data, "regulator", "accesses")
    assert [line[name] for name in ("name", "way", "scope", "subject", "outcome")] == [
        "op-1",
        "cli",
        "notices",
        NUMBER,
        "answered",
    ]
    assert "no code of a person" in str(
        refused(capsys, data, "recalls", "notify", NUMBER, "--out", tmp_path / "b", "--by", "Zhao Wei")
    )


def test_letters_that_may_name_a_vehicle_are_found_by_it(tmp_path: Path):
    """Who took out the owners of a recall stands in the ledger of each vehicle that it lists or listed, of no other."""
    hub = RecallWorld.begun(tmp_path).hub.app.hub
    note_access(hub, operator_access(NOTICES, NUMBER, "op-1"))
    note_access(hub, operator_access(NOTICES, "S2026M0002", "op-2"))

    found = {vin: [(one.name, one.access.subject) for one in read_accesses(hub, vin=vin)] for vin in make_vins(5)}

    assert found == {**{vin: [("op-1", NUMBER)] for vin in MEMBERS}, make_vins(5)[4]: []}
