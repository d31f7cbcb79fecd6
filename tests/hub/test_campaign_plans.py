"""A campaign's list: every line is accounted for, and a short list never closes a recall."""

from io import StringIO

import pytest

from carnet_hub.core.campaigns.campaign_plans import (
    CampaignTexts,
    ListedLine,
    decode_text,
    parse_texts,
    read_lines,
    read_members,
    root_hash_of,
    shard_of,
)
from carnet_hub.core.failures import FaultyLine, ListRefused, Unusable
from carnet_protocol.segments import decode_segment
from support.vins import make_vin, make_vins, with_wrong_digit

TEXTS = {
    "campaign_no": "S2026M0001",
    "title": "Brake hose",
    "producer": "Example Motor Co.",
    "scope": "Built in May 2024",
    "defect": "The hose may crack.",
    "hazard": "Longer braking distance.",
    "emergency_advice": "Drive slowly to the next workshop.",
    "remedy": "The hose is replaced free of charge.",
    "hazard_level": "park_outside",
    "member_count": 3,
}
A, B, C = make_vins(3)


def lines(*texts: str) -> list[ListedLine]:
    """Lines of a list file as `read_lines` yields them."""
    return [ListedLine("vins.txt", number, text) for number, text in enumerate(texts, start=1)]


def texts_in(file_name: str, content: str) -> list[tuple[int, str]]:
    """Line numbers and entries of a file with this content."""
    return [(one.line, one.text) for one in read_lines(file_name, StringIO(content, newline=""))]


def test_texts_are_taken_as_they_stand():
    """A complete campaign file gives the texts it holds."""
    assert parse_texts(dict(TEXTS)) == CampaignTexts(**TEXTS)  # type: ignore[arg-type]


def test_the_hazard_level_may_be_left_out():
    """A campaign that says nothing about its hazard level is a normal one."""
    assert parse_texts({name: text for name, text in TEXTS.items() if name != "hazard_level"}).hazard_level == "normal"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        pytest.param({"defect": ""}, "lacks: defect", id="empty text"),
        pytest.param({"defect": None}, "lacks: defect", id="no text"),
        pytest.param({"hazard": " \u3000\n"}, "lacks: hazard", id="blanks for text"),
        pytest.param({"hazzard": "x"}, "unknown entry: hazzard", id="misspelt name"),
        pytest.param({"member_count": 0}, "member_count", id="no members"),
        pytest.param({"member_count": True}, "member_count", id="no number"),
        pytest.param({"title": 7}, "title is no text", id="number for text"),
        pytest.param({"hazard_level": "bad"}, "hazard_level cannot be used", id="unknown level"),
        pytest.param({"campaign_no": "x" * 65}, "campaign_no cannot be used", id="long number"),
        pytest.param({"campaign_no": "a\nb"}, "campaign_no cannot be used", id="line break in number"),
        pytest.param({"remedy": "x" * 4097}, "remedy cannot be used", id="long text"),
    ],
)
def test_an_incomplete_campaign_file_is_refused(change: dict[str, object], what: str):
    """A campaign file with a text that is missing, unknown or unusable is refused by name."""
    with pytest.raises(Unusable, match=what):
        parse_texts({**TEXTS, **change})


def test_comments_and_empty_lines_are_no_entries():
    """A text list may have a mark, comments and empty lines; its entries keep their line numbers."""
    assert texts_in("vins.txt", f"\ufeff# list\r\n\r\n {A} \r\n{B}\n") == [(3, A), (4, B)]


@pytest.mark.parametrize(
    ("content", "entries"),
    [
        pytest.param(f"{A}\n{B}\n", [(1, A), (2, B)], id="no header"),
        pytest.param(f"no,VIN\n1,{A}\n2,{B}\n", [(2, A), (3, B)], id="header names the column"),
        pytest.param(f"序号,车辆识别代号\n1,{A}\n", [(2, A)], id="Chinese header"),
        pytest.param(f'VIN,note\n{A},"two\nlines"\n{B},\n', [(3, A), (4, B)], id="quoted line break"),
        pytest.param(f"no,VIN\n1,{A}\n2\n", [(2, A), (3, "")], id="missing cell"),
    ],
)
def test_a_table_gives_its_vin_column(content: str, entries: list[tuple[int, str]]):
    """A table is read in the column headed VIN, or in its first one."""
    assert texts_in("vins.csv", content) == entries


def test_a_list_from_chinese_windows_is_read():
    """A file in GB 18030 is read like one in UTF-8."""
    assert decode_text("车架号".encode("gb18030")) == decode_text("车架号".encode()) == "车架号"


def test_all_members_are_in_the_segments():
    """Decoded, the segments of a list hold exactly its vehicles."""
    members = read_members(lines(C, A, B), 3)

    assert sorted(vin for segment in members.segments for vin in decode_segment(segment)) == sorted([A, B, C])
    assert (members.count, members.repeated, members.faulty_count) == (3, 0, 0)


def test_a_repeated_vehicle_counts_once_and_is_reported():
    """A vehicle that is listed again, however it is typed, is one member and one repeated line."""
    members = read_members(lines(A, B, A.lower()), 2)

    assert (members.count, members.repeated) == (2, 1)


@pytest.mark.parametrize("declared", [2, 4])
def test_another_count_than_declared_refuses_the_list(declared: int):
    """A list with fewer or more vehicles than declared is refused as a whole."""
    with pytest.raises(ListRefused, match=f"3 vehicles, but member_count says {declared}"):
        read_members(lines(A, B, C), declared)


def test_a_wrong_check_digit_is_reported_with_its_line():
    """A line with a wrong check digit refuses the list and is named with file, line and problem."""
    wrong = with_wrong_digit(B)

    with pytest.raises(ListRefused) as refusal:
        read_members(lines(A, wrong, C), 3)

    assert refusal.value.faulty == (FaultyLine("vins.txt", 2, "wrong-check-digit", wrong),)
    assert "--keep-faulty" in refusal.value.next


def test_a_faulty_line_is_a_member_when_somebody_says_so():
    """On request a number with a wrong check digit is taken exactly as listed, and still reported."""
    wrong = with_wrong_digit(B)

    members = read_members(lines(A, wrong, C), 3, keeps_faulty=True)

    assert set(decode_segment(members.segments[0])) == {A, wrong, C}
    assert members.faulty == (FaultyLine("vins.txt", 2, "wrong-check-digit", wrong),)


@pytest.mark.parametrize("text", ["", "x" * 65])
def test_a_line_that_can_be_no_identifier_is_never_taken(text: str):
    """An empty or endless entry refuses the list even when faulty lines are wanted."""
    with pytest.raises(ListRefused):
        read_members(lines(A, text), 2, keeps_faulty=True)


def test_the_order_of_a_list_leaves_no_trace():
    """The same vehicles in another order give the same segments and the same root hash."""
    one, other = read_members(lines(A, B, C), 3), read_members(lines(C, B, A), 3)

    assert one.segments == other.segments
    assert root_hash_of(one.hashes) == root_hash_of(reversed(other.hashes))


def test_vehicles_of_one_prefix_share_a_segment():
    """Cutting a list keeps all vehicles of one prefix together, whatever their check digits."""
    shards = {shard_of(make_vin("LSV", serial), 8) for serial in range(50)}

    assert len(shards) == 1


def test_a_cut_uses_every_segment():
    """Different prefixes spread over all segments."""
    vins = [make_vin("LSV", 1, vds=f"A{number:04d}") for number in range(200)]

    assert {shard_of(vin, 8) for vin in vins} == set(range(8))
