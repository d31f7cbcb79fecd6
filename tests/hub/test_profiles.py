"""Profiles of reports: data files with a source, read strictly; periods, records and items behind them."""

from datetime import date
from pathlib import Path

import pytest

from carnet_hub.adapters.profile_files import ProfileFolder, province_names
from carnet_hub.adapters.system import DiskFiles
from carnet_hub.core.campaigns.periods import Period, Schedule, Span, last_day_for, period_of, periods_of, quarter_name
from carnet_hub.core.campaigns.profiles import COUNTED, STATED, Form, Item, Profile, parse_profile
from carnet_hub.core.campaigns.report_items import Origin, flat_line, lines_of, missing_in, parse_stated
from carnet_hub.core.campaigns.report_record import Noted, Record, check_sum, record_of
from carnet_hub.core.count_ports import OutreachCounts
from carnet_hub.core.counting.pair_states import CarFacts
from carnet_hub.core.counting.tallies import count_progress
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import UNREACHABLE_TRIES
from support.recall_reports import completion, report_head
from support.vins import make_vins

MEMBERS = make_vins(5)
PERIOD = Period(2, date(2026, 4, 1), date(2026, 6, 30))
NOTED = Noted(None, "2026-02-14", None)
NAMES = ["cn-filing-2002-annex1", "cn-final", "cn-stage", "us-573-quarterly", "us-annual"]
SMALL = """
profile = "own"
version = "1"
country = "cn"
form = "progress"
label = "Own"
label_zh = "自有"
source = "nowhere"
status = "unverified"
period = { after = "published", months = 3 }

[[item]]
id = "involved"
category = "progress"
label = "involved"
label_zh = "涉及"
type = "count"
value = "involved"
required = true
source = "nowhere"
"""

UNREADABLE = [
    pytest.param(f"x = {'[' * 20_000}", "no TOML", id="lists without end"),
    pytest.param(f"x = {'9' * 5000}", "no TOML", id="a number without end"),
]


@pytest.fixture
def shelf(tmp_path: Path) -> ProfileFolder:
    """The shipped profiles, and room for an operator's."""
    return ProfileFolder(tmp_path / "profiles", DiskFiles())


def record(outreach: OutreachCounts | None = None, **campaign: object) -> Record:
    """Five vehicles: two done, one scrapped, one whose owner is not to be reached, one open."""
    reports = [completion(MEMBERS[0]), completion(MEMBERS[1], 2, method="replaced")]
    cars = {MEMBERS[2]: CarFacts("scrapped"), MEMBERS[3]: CarFacts(failed_tries=UNREACHABLE_TRIES)}
    values = {**report_head().campaign, "authority_no": "26V123", **campaign}
    return record_of(values, count_progress(MEMBERS, reports, cars), PERIOD, NOTED, outreach)


def flat(shelf: ProfileFolder, stated: dict[str, object] | None = None, **campaign: object) -> bytes:
    """The quarterly line of the record above."""
    profile = shelf.profile("us-573-quarterly")
    return flat_line(lines_of(profile, record(**campaign), stated or {}))  # type: ignore[arg-type]


def test_the_shipped_profiles_can_be_read(shelf: ProfileFolder):
    """Five profiles come with the program, each with a version and a source."""
    found = shelf.profiles()

    assert [one.name for one in found] == NAMES
    assert all(one.version and one.source and one.items for one in found)


def test_the_filing_list_has_four_categories_of_about_45_items(shelf: ProfileFolder):
    """Annex 1 names vehicles, documents, dealers and owners; its items about a person are marked as personal."""
    items = shelf.profile("cn-filing-2002-annex1").items

    assert list(dict.fromkeys(one.category for one in items)) == ["vehicle", "document", "dealer", "owner"]
    assert 43 <= len(items) <= 47
    assert [one.id for one in items if one.is_personal] == ["3.1.7", "4.1", "4.2", "4.3", "4.4"]


def test_every_counted_value_is_given(shelf: ProfileFolder):
    """What a profile may ask for is what the record has, no more and no less."""
    assert set(record().values) == COUNTED


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        pytest.param('value = "involved"', 'value = "guessed"', "nothing gives", id="a value nobody counts"),
        pytest.param('type = "count"', 'type = "number"', "type is none of", id="an unknown type"),
        pytest.param('form = "progress"', 'form = "letter"', "form is none of", id="an unknown form"),
        pytest.param('status = "unverified"', 'status = "maybe"', "status is none", id="an unknown status"),
        pytest.param("required = true", "required = 1", "neither true nor false", id="a number for yes"),
        pytest.param('source = "nowhere"\nstatus', "status", "lacks a name", id="no source"),
        pytest.param('label = "Own"', 'label = ""', "label is no text", id="an empty label"),
        pytest.param('version = "1"', r'version = "1\nlog-position 9"', "on one line", id="a line break"),
        pytest.param('label = "Own"', 'label = "Own"\nmore = 1', "unknown", id="a name too many"),
        pytest.param("months = 3", "months = 0", "months is no count", id="no months"),
        pytest.param("[[item]]", "[[things]]", "lacks a name", id="no items"),
        pytest.param("[[item]]", "[[item", "no TOML", id="no TOML"),
        pytest.param("period = ", "duty = 'x' #", "needs period", id="a progress report without a period"),
        pytest.param('form = "progress"', 'form = "flat"', "needs file and schedule", id="a flat one without a file"),
        pytest.param('form = "progress"', 'form = "filing"', "needs `of`", id="a filing item that is nobody's"),
        *(pytest.param("profile", one.values[0], "no TOML", id=one.id) for one in UNREADABLE),
    ],
)
def test_a_profile_with_a_fault_is_refused(was: str, becomes: str, problem: str):
    """A profile that names what it cannot have is refused in words, never used in part."""
    assert was in SMALL

    with pytest.raises(Unusable, match=problem):
        parse_profile(SMALL.replace(was, becomes, 1))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("../outside.txt", id="outside the folder"),
        pytest.param("/etc/outside.txt", id="a whole path"),
        pytest.param("sub/file.txt", id="a folder"),
        pytest.param(".hidden.txt", id="a dot first"),
        pytest.param("季度.txt", id="letters no manifest lists"),
        pytest.param("two words.txt", id="a space"),
        pytest.param(f"{'x' * 61}.txt", id="65 characters"),
        pytest.param("readme.TXT", id="another ending"),
        pytest.param("readme.txt", id="the instructions"),
        pytest.param("manifest.txt", id="the manifest"),
        pytest.param("summary.csv", id="a table of the report"),
    ],
)
def test_a_flat_file_has_a_name_of_its_own_in_the_folder(shelf: ProfileFolder, name: str):
    """A profile can write neither beside the report's folder nor over another file of it, nor past its manifest."""
    text = shelf.profile("us-annual").text
    was = next(line for line in text.splitlines() if line.startswith("file = "))

    with pytest.raises(Unusable, match="file is no name"):
        parse_profile(text.replace(was, f'file = "{name}"'))


def test_an_item_that_is_there_twice_is_refused():
    """Two items of one id would make a stated value mean two things."""
    with pytest.raises(Unusable, match="twice"):
        parse_profile(SMALL + SMALL[SMALL.index("[[item]]") :])


def test_an_operators_profile_takes_the_place_of_the_shipped_one(shelf: ProfileFolder):
    """A corrected list needs no release: an imported profile of the same name counts from then on."""
    brought = shelf.put(SMALL.replace('"own"', '"cn-stage"').encode())

    assert shelf.profile("cn-stage") == brought
    assert [one.name for one in shelf.profiles()] == NAMES


@pytest.mark.parametrize("name", ["../../etc/passwd", "CN-STAGE", "", "none"])
def test_a_name_that_is_no_profile_opens_no_file(shelf: ProfileFolder, name: str):
    """Only the names of profiles are looked up."""
    with pytest.raises(Unusable, match="no profile"):
        shelf.profile(name)


def test_a_profile_with_a_name_that_is_a_path_is_not_kept(shelf: ProfileFolder, tmp_path: Path):
    """An imported profile cannot choose where it lies."""
    with pytest.raises(Unusable, match="no name"):
        shelf.put(SMALL.replace('"own"', '"../own"').encode())

    assert not (tmp_path / "own.toml").exists()


def test_every_province_has_two_names():
    """All 34 divisions of the first level have a Chinese and an English name."""
    names = province_names()

    assert (len(names), names["43"]) == (34, ("湖南", "Hunan"))


@pytest.mark.parametrize(
    ("day", "number", "start"),
    [
        (date(2026, 1, 31), 1, date(2026, 1, 31)),
        (date(2026, 4, 29), 1, date(2026, 1, 31)),
        (date(2026, 4, 30), 1, date(2026, 1, 31)),
        (date(2026, 5, 1), 2, date(2026, 5, 1)),
        (date(2027, 1, 31), 4, date(2026, 11, 1)),
        (date(2027, 2, 1), 5, date(2027, 2, 1)),
    ],
)
def test_a_stage_is_three_months(day: date, number: int, start: date):
    """A stage ends three months after the one before, on the last day of a shorter month; the next begins behind it."""
    assert period_of(Span("published", 3), date(2026, 1, 31), day) == Period(number, start, day)


def test_the_final_report_is_about_everything():
    """Without months there is one period, from the beginning on."""
    began = date(2026, 1, 31)

    assert period_of(Span("published", 0), began, date(2029, 1, 1)) == Period(1, began, date(2029, 1, 1))


def test_eight_quarters_then_three_years():
    """Quarterly reports run for eight quarters from the one it began in; three annual ones follow without a gap."""
    began = date(2026, 2, 14)
    quarters = periods_of(Schedule("owner_notice", "quarter", 1, 8, 30), began)
    years = periods_of(Schedule("owner_notice", "year", 9, 3, 30), began)

    assert [one.last_quarter for one in quarters] == [f"{2026 + at // 4}-{at % 4 + 1}" for at in range(8)]
    assert [(one.number, one.first_quarter, one.last_quarter) for one in years] == [
        (9, "2028-1", "2028-4"),
        (10, "2029-1", "2029-4"),
        (11, "2030-1", "2030-4"),
    ]


def test_a_quarterly_report_is_due_thirty_days_later():
    """The last day is counted from the end of the quarter."""
    schedule = Schedule("owner_notice", "quarter", 1, 8, 30)

    assert last_day_for(schedule, periods_of(schedule, date(2026, 12, 31))[0]) == date(2027, 1, 30)


@pytest.mark.parametrize(("day", "name"), [(date(2026, 3, 31), "2026-1"), (date(2026, 4, 1), "2026-2")])
def test_a_quarter_is_named_by_year_and_number(day: date, name: str):
    """January to March is the first quarter."""
    assert quarter_name(day) == name


def test_the_record_adds_up():
    """Involved is the sum of what shuts each other out, the open and the unreachable."""
    found = record().values

    check_sum(found)
    assert (found["involved"], found["open_reachable"], found["unreachable"]) == (5, 1, 1)


@pytest.mark.parametrize(
    ("name", "value"), [("involved", 6), ("scrapped", 2), ("open_reachable", -1), ("stolen", None)]
)
def test_a_record_that_does_not_add_up_is_refused(name: str, value: int | None):
    """A figure too many, too few, below zero or missing is found."""
    with pytest.raises(Unusable, match="do not add up"):
        check_sum({**record().values, name: value})


def test_only_what_nobody_counts_can_be_stated(shelf: ProfileFolder):
    """A figure of the log cannot be overruled by hand."""
    with pytest.raises(Unusable, match="involved cannot be stated"):
        parse_stated("involved = 5", shelf.profile("cn-stage"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("new_deaths = -1", "no count"),
        ("new_deaths = true", "no count"),
        ('new_deaths = "1"', "no count"),
        ('parts_short = ""', "no text"),
        (f'parts_short = "{"x" * 501}"', "no text"),
        pytest.param(f"new_deaths = 0x{'f' * 5000}", "no count", id="a count without end"),
        ("parts_short", "no TOML"),
        *UNREADABLE,
    ],
)
def test_a_stated_value_of_another_kind_is_refused(shelf: ProfileFolder, text: str, problem: str):
    """Counts are whole numbers from 0, texts are neither empty nor endless."""
    with pytest.raises(Unusable, match=problem):
        parse_stated(text, shelf.profile("cn-stage"))


def test_a_day_may_be_written_either_way(shelf: ProfileFolder):
    """TOML has days of its own, and people write them as text."""
    profile = shelf.profile("us-573-quarterly")

    assert parse_stated("SUBMDATE = 2026-07-30", profile) == parse_stated('SUBMDATE = "2026-07-30"', profile)
    with pytest.raises(Unusable, match="no day"):
        parse_stated('SUBMDATE = "30 July"', profile)


def test_each_item_says_where_it_comes_from(shelf: ProfileFolder):
    """Counted, stated, absent, missing and empty are told apart."""
    lines = lines_of(shelf.profile("cn-stage"), record(), {"new_deaths": 0})
    found = {one.item.id: one.origin for one in lines}

    assert (
        found["involved"],
        found["new_deaths"],
        found["unreachable"],
        found["new_injuries"],
        found["parts_short"],
    ) == (
        Origin.LOG,
        Origin.STATED,
        Origin.ABSENT,
        Origin.MISSING,
        Origin.EMPTY,
    )
    assert missing_in(lines) == ["incidents_since_start", "new_injuries"]


def test_a_flat_line_is_tabs_and_plain_days(shelf: ProfileFolder):
    """Fields stand in the published order, days without dashes, nothing where there is no value."""
    assert flat(shelf) == (b"Example Motor Co.\t26V123\tS2026M0001\tBrake hose\t20260214\t\t2\t2026-2\t5\t2\t1\t1\t\n")


def test_a_text_that_is_too_long_is_refused_and_not_cut(shelf: ProfileFolder):
    """A subject of 51 characters is refused with what to do; a stated one takes its place."""
    with pytest.raises(Unusable, match="room for 50") as refusal:
        flat(shelf, title="x" * 51)

    assert "--stated" in refusal.value.next
    assert b"\tShort\t" in flat(shelf, {"RCLSUBJ": "Short"}, title="x" * 51)


@pytest.mark.parametrize("title", ["制动软管", "Brake\those", "Brake\nhose"])
def test_a_text_that_would_break_the_file_is_refused(shelf: ProfileFolder, title: str):
    """Neither a TAB nor a line break nor a letter outside the file's alphabet gets into it."""
    with pytest.raises(Unusable, match="characters that the file cannot"):
        flat(shelf, title=title)


def test_flat_profiles_have_the_published_fields(shelf: ProfileFolder):
    """Names, order and widths are those of NHTSA's lists."""
    assert [(one.id, one.width) for one in shelf.profile("us-573-quarterly").items] == _published("RPTQTR", 9)
    assert [(one.id, one.width) for one in shelf.profile("us-annual").items] == _published("RPT_PERIOD", 16)


def test_a_progress_profile_asks_what_can_be_stated(shelf: ProfileFolder):
    """Stated items of the shipped profiles are those no log can know."""
    stated = {one.id for name in ("cn-stage", "cn-final") for one in stated_items(shelf.profile(name))}

    assert stated == {"parts_short", "incidents_since_start", "new_deaths", "new_injuries", "effect"}


def stated_items(profile: Profile) -> list[Item]:
    """The items that somebody has to state."""
    assert profile.form is Form.PROGRESS
    return [one for one in profile.items if one.value == STATED]


def _published(period: str, width: int) -> list[tuple[str, int]]:
    first = [("MFGTXT", 40), ("CAMPNO", 12), ("MFGCAMPNO", 20), ("RCLSUBJ", 50), ("ODATE", 8), ("ODATEEND", 8)]
    counts = [(name, 9) for name in ("INVOLVED", "TTLREMEDIED", "TTLUNREACH", "TTLREMOVED")]
    return [*first, ("RPTNO", 9), (period, width), *counts, ("SUBMDATE", 8)]
