"""What the check for everybody says first: what must not be driven, and whether an appointment can be asked for."""

import re
from pathlib import Path

import pytest

from support.hub_http import request
from support.recall_plans import MEMBERS, NUMBER
from support.recall_world import RecallWorld

WORSE = "S2026M0002"


def told(world: RecallWorld) -> tuple[str, list[str]]:
    """The bold sentence above everything, and the numbers of the recalls in their order."""
    page = request(world.hub, "POST", "/check?lang=en", data={"vin": MEMBERS[0]}).text
    first = re.search(r'<p class="alert"><strong>(.*?)</strong>', page)
    return first[1] if first else "", re.findall(r"<h3>(\S+)", page)


@pytest.mark.parametrize(
    ("texts", "begins"),
    [
        pytest.param({}, "This vehicle has an open recall. The work is free", id="normal"),
        pytest.param({"hazard_level": "do_not_drive"}, "Do not drive this vehicle. ", id="do not drive"),
        pytest.param({"hazard_level": "park_outside"}, "Park this vehicle outside. ", id="park outside"),
    ],
)
def test_what_a_car_must_not_do_stands_first(tmp_path: Path, texts: dict[str, str], begins: str):
    """The bold sentence begins with the danger, where there is one."""
    sentence, _ = told(RecallWorld.begun(tmp_path, texts=texts))

    assert sentence.startswith(begins)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "This is no whole vehicle number"), ("zh", "输入的内容不是完整的车辆识别代号")],
)
def test_a_piece_of_a_number_is_no_car_without_recalls(tmp_path: Path, language: str, said: str):
    """Who types the last seven characters is told that there is no answer, and nothing in green."""
    world = RecallWorld.begun(tmp_path)

    answer = request(world.hub, "POST", f"/check?lang={language}", data={"vin": MEMBERS[0][-7:]})

    assert (answer.status_code, said in answer.text, 'class="good"' in answer.text) == (422, True, False)


def test_nobody_is_sent_for_an_appointment_before_there_is_a_remedy(tmp_path: Path):
    """While the remedy is not ready, that is said instead."""
    sentence, _ = told(RecallWorld.begun(tmp_path, texts={"remedy_state": "not_yet"}))

    assert "its remedy is not ready yet" in sentence
    assert "ask an authorised workshop" not in sentence


def test_the_most_dangerous_recall_stands_first(tmp_path: Path):
    """A recall with a higher number that forbids driving stands above the others."""
    world = RecallWorld.begun(tmp_path)
    world.publish(campaign_no=WORSE, hazard_level="do_not_drive")

    sentence, numbers = told(world)

    assert (sentence.startswith("Do not drive"), numbers) == (True, [WORSE, NUMBER])
