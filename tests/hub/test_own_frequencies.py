"""What a hub learns from its own customers: how frequent names are, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.adapters.weighing import ShippedWeigher
from carnet_hub.core.identities.own_frequencies import Learned, learn_frequencies
from carnet_hub.core.relink_limits import LEARNED_FROM_MIN, NAMESAKES_MIN
from carnet_hub.core.upkeep.erasing import erase_customer
from carnet_master.model import read_model, shipped_file
from carnet_master.rows import ready_scorer
from carnet_protocol.registry import ErasureGroup
from support.hub_cli import Printed, enrol, push, refused, told
from support.hub_world import HubWorld, customer
from support.master_world import know, link
from support.protocol import record

FREQUENT, RARE = "赵小明", "王建国"


@pytest.fixture
def world(world: HubWorld) -> HubWorld:
    """A hub with one name four times and another twice."""
    world.hub = replace(world.hub, weigher=ShippedWeigher())
    site = world.site("a")
    for at in range(NAMESAKES_MIN):
        know(world, site, f"frequent {at}", full_name=FREQUENT)
    for at in range(2):
        know(world, site, f"rare {at}", full_name=RARE)
    return world


def learned(world: HubWorld, least: int = 1) -> dict[str, Learned]:
    """What the hub learns."""
    return learn_frequencies(world.hub, world.hub.weigher.files(), least=least)


def names_in(world: HubWorld) -> dict[str, object]:
    """The frequencies of whole names that the hub learns."""
    found: dict[str, object] = json.loads(learned(world)["person"].content)["terms"]["name"]
    return found


def test_a_frequent_name_is_listed_with_its_share(world: HubWorld):
    """A name has its share of all customers with a name, and one that few have counts as one of them."""
    total = NAMESAKES_MIN + 2

    assert names_in(world) == {"floor": 1 / total, "values": {FREQUENT: NAMESAKES_MIN / total}}


def test_linked_customers_count_once(world: HubWorld):
    """One customer at two sites makes no name more frequent."""
    link(world, "rare 0", "rare 1")

    assert names_in(world)["floor"] == 1 / (NAMESAKES_MIN + 1)


def test_who_was_erased_is_not_counted(world: HubWorld):
    """An erased customer's name is in no model."""
    erase_customer(world.hub, record("frequent 0"), frozenset(ErasureGroup), ground="request")

    assert names_in(world) == {"floor": 1 / (NAMESAKES_MIN + 1), "values": {}}


def test_what_needs_truth_stays_as_it_was(world: HubWorld):
    """Conditions, m, u and prior are those of the model in use, and the new one can be used."""
    made = learned(world)["person"].content

    assert json.loads(made)["settings"] == json.loads(shipped_file("person"))["settings"]
    assert ready_scorer(read_model(made)).model.id != read_model(shipped_file("person")).id


def test_too_few_customers_teach_nothing(world: HubWorld):
    """A kind of party with fewer customers than it takes keeps its model."""
    assert (list(learned(world)), learned(world, least=NAMESAKES_MIN + 3)) == (["person"], {})


def test_the_command_writes_a_model_that_can_be_activated(data: Path, tmp_path: Path, capsys: Printed):
    """`relink --train` needs no package, writes a private file for each kind it learned about, and replaces none."""
    site = enrol(capsys, data, tmp_path).author()
    characters = [chr(0x4E00 + at) for at in range(LEARNED_FROM_MIN + 400)]
    people = [customer(f"one {at}", full_name=f"赵{one}强") for at, one in enumerate(characters)]
    for start in range(0, len(people), 400):
        push(data, site, *people[start : start + 400])

    answer = told(capsys, data, "master", "relink", "--train", tmp_path / "models")
    again = refused(capsys, data, "master", "relink", "--train", tmp_path / "models")

    written = tmp_path / "models" / "person.json"
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["person.json"]
    assert written.stat().st_mode & 0o077 == 0
    assert answer["trained"]["person"]["file"] == str(written)
    assert again["code"] == "unusable"
