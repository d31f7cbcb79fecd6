"""What a campaign says it is about, and the members that are outside it."""

import pytest

from carnet_hub.core.campaigns.campaign_plans import ListedLine, parse_texts, read_members
from carnet_hub.core.campaigns.vin_scope import ANY_NUMBER, VinScope, parse_scope
from carnet_hub.core.failures import FaultyLine, ListRefused, Unusable
from carnet_protocol.segments import decode_segment
from support.vins import make_vins, with_wrong_digit

FIRST, SECOND, THIRD = sorted(make_vins(3), key=lambda vin: vin[:8] + vin[9:])
FRAME = "JZX1001234567"


@pytest.mark.parametrize(
    ("text", "number", "is_inside"),
    [
        pytest.param(f"{FIRST[:6]}*", FIRST, True, id="a beginning"),
        pytest.param("WVW*", FIRST, False, id="another beginning"),
        pytest.param(f"WVW*, {FIRST[:3].lower()}*", FIRST, True, id="one of two"),
        pytest.param(f"{FIRST}-{THIRD}", SECOND, True, id="within"),
        pytest.param(f"{SECOND}-{SECOND}", SECOND, True, id="the only one"),
        pytest.param(f"{SECOND} - {THIRD}", FIRST, False, id="before the first"),
        pytest.param(f"{FIRST}-{SECOND}", THIRD, False, id="behind the last"),
        pytest.param(f"{SECOND}-{SECOND}", with_wrong_digit(SECOND), True, id="whatever the check digit"),
        pytest.param(f"{FIRST}-{THIRD}", FRAME, False, id="a frame number in no range"),
        pytest.param("JZX100*", FRAME, True, id="a frame number by its beginning"),
        pytest.param("", FRAME, True, id="nothing declared"),
        pytest.param(f"WVW*，{FIRST[:3]}*、ZZZ*", FIRST, True, id="commas of both kinds"),
    ],
)
def test_a_number_is_inside_what_was_declared(text: str, number: str, is_inside: bool):
    """Beginnings and ranges hold both ends; the check digit plays no part."""
    assert parse_scope(text).holds(number) is is_inside


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("LS*", "no beginning", id="too short to say anything"),
        pytest.param("LSV?*", "no beginning", id="no number"),
        pytest.param("LSVAB2C3", "neither", id="no sign of what it is"),
        pytest.param(f"{FIRST}-{FRAME}", "neither", id="half a range"),
        pytest.param(f"{FIRST}-{SECOND}-{THIRD}", "neither", id="three ends"),
        pytest.param(f"{THIRD}-{FIRST}", "ends before it begins", id="the wrong way round"),
    ],
)
def test_what_is_no_scope_is_refused_with_the_texts(text: str, what: str):
    """A misspelt scope would let everything in, or nothing: the texts are refused and say which part it was."""
    texts = dict.fromkeys(("title", "producer", "scope", "defect", "hazard", "emergency_advice", "remedy"), "x")

    with pytest.raises(Unusable, match=what):
        parse_texts({"campaign_no": "S1", "member_count": 1, **texts, "vin_scope": text})


def read(*texts: str, scope: VinScope = ANY_NUMBER, keeps_faulty: bool = False) -> tuple[set[str], list[FaultyLine]]:
    """The members of a list, and the lines that were named."""
    lines = [ListedLine("vins.txt", number, text) for number, text in enumerate(texts, start=1)]
    members = read_members(lines, len(set(texts)), scope=scope, keeps_faulty=keeps_faulty)
    return {vin for segment in members.segments for vin in decode_segment(segment)}, list(members.faulty)


def test_a_member_outside_the_scope_refuses_the_list_by_name():
    """File, line and problem are named, and so is what helps when the producer means it."""
    with pytest.raises(ListRefused, match="1 of 2 lines are") as refused:
        read(SECOND, FRAME[:3] + SECOND[3:], scope=parse_scope(f"{FIRST}-{THIRD}"))

    (faulty,) = refused.value.faulty
    assert (faulty.line, faulty.problem.split(", ")[-1]) == (2, "outside-scope")
    assert "--keep-faulty" in refused.value.next


def test_a_member_outside_the_scope_is_taken_when_somebody_says_so():
    """The list decides who is a member; what was outside is reported all the same."""
    taken, named = read(FIRST, THIRD, scope=parse_scope(f"{FIRST}-{SECOND}"), keeps_faulty=True)

    assert taken == {FIRST, THIRD}
    assert named == [FaultyLine("vins.txt", 2, "outside-scope", THIRD)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(FIRST[:16], "wrong-length", id="16 characters"),
        pytest.param(FIRST[:15], "wrong-length", id="15 characters"),
        pytest.param(FIRST + "7", "wrong-length", id="18 characters"),
        pytest.param("JZX1", "wrong-length", id="too short for a frame number"),
        pytest.param(f"O{FIRST[1:]}", "forbidden-letter", id="an O among 17"),
        pytest.param(f"I{FIRST[1:]}", "forbidden-letter", id="an I among 17"),
        pytest.param("1" * 17, "repeated-characters", id="a placeholder"),
    ],
)
def test_a_number_that_no_desk_can_keep_a_car_under_is_taken_in_no_case(text: str, problem: str):
    """Whoever had it could never be found nor done: the list is refused by name, faulty lines wanted or not."""
    with pytest.raises(ListRefused, match="no number a car can have") as refused:
        read(with_wrong_digit(FIRST), text, keeps_faulty=True)

    assert [(one.line, one.problem) for one in refused.value.faulty] == [(2, problem)]


@pytest.mark.parametrize("text", [FRAME, with_wrong_digit(FIRST), "JZX10"])
def test_a_number_that_a_desk_can_confirm_from_the_plate_is_taken(text: str):
    """A frame number of before the standard and a wrong check digit exist on cars, and the law wants them found."""
    taken, named = read(text, keeps_faulty=True)

    assert (taken, [one.text for one in named]) == ({text}, [text])
