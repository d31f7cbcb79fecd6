"""The measurement of the desk asks what a desk asks: on a small database every question has an answer."""

import re
from pathlib import Path
from random import Random

import pytest
from tools.desk_bench import names
from tools.desk_bench.data import open_desk
from tools.desk_bench.pages import PAGE_BYTES_MAX, Pages, page_questions_of, weights_of
from tools.desk_bench.questions import questions_of, save_question_of

from carnet_node.core.log.rebuild import check_rebuild

SCALE = 0.0005


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small database for the module: 100 customers, 125 cars, 500 visits."""
    folder = tmp_path_factory.mktemp("desk")
    open_desk(folder, SCALE)
    return folder


def test_every_question_has_an_answer(folder: Path):
    """Each question finds, shows or saves something; only the plate nobody has finds nothing."""
    desk = open_desk(folder, SCALE)

    dice = Random(1)
    questions = [*questions_of(desk, dice), save_question_of(desk, dice)]

    assert [name for name, _, ask in questions if not ask()] == ["search: nothing"]


def test_a_measurement_leaves_the_data_as_it_was(folder: Path):
    """What one run saves stands on no board of the next."""
    desk = open_desk(folder, SCALE)
    before = check_rebuild(desk.node).records
    _, _, save = save_question_of(desk, Random(1))
    save()
    assert check_rebuild(desk.node).records > before

    assert check_rebuild(open_desk(folder, SCALE).node).records == before


def test_the_data_is_what_a_node_would_hold(folder: Path):
    """Folding the base rows again gives the projections that were written in bulk."""
    report = check_rebuild(open_desk(folder, SCALE).node)

    assert report.records >= 100 + 100 + 3 * 125 + 3 * 500
    assert report.differences == ()


def test_orders_are_numbered_as_a_node_numbers_them(folder: Path):
    """The day and the node stand in a number, and each day begins anew, so that thousands of orders end alike."""
    numbers = open_desk(folder, SCALE).samples["ro_no"]

    assert all(re.fullmatch(r"SHA01-RO-\d{6}-[0-9A-Z]{5}-\d{3}", one) for one in numbers)
    assert len(set(numbers)) == len(numbers) > 2 * len([one for one in numbers if not one.endswith("-001")])


def test_the_same_dice_invent_the_same_people():
    """Names, numbers and plates follow from the seed, and VINs have their right check digit."""
    made = [
        (names.person_name(dice), names.mobile(dice), names.plate(dice), names.vin(dice, 7))
        for dice in (Random(5), Random(5), Random(6))
    ]

    assert made[0] == made[1] != made[2]


def test_every_page_that_is_measured_answers(folder: Path):
    """Each page is found, and the form of a check-in is taken as it was filled in."""
    desk = open_desk(folder, SCALE)

    with Pages(desk) as pages:
        asked = [(name, isinstance(ask(), str)) for name, _, ask in page_questions_of(desk, pages, Random(1), 1)]
        weights = dict(weights_of(desk, pages))

    assert {name for name, is_answered in asked if is_answered} == {name for name, _ in asked}
    assert all(20_000 < weight <= PAGE_BYTES_MAX for weight in weights.values())
