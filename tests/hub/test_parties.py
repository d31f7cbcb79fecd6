"""What of a customer's record is compared: each field that says who somebody is makes a key they are found by."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from carnet_hub.adapters.store import open_store
from carnet_hub.core.ports import SecretBox
from carnet_master.keys import KEY_BYTES
from carnet_protocol.registry import Value
from support.hub_world import HubWorld, make_world
from support.master_world import know, say
from support.protocol import record


@pytest.fixture
def world(tmp_path: Path) -> HubWorld:
    """A hub without data."""
    return make_world(open_store(f"sqlite:///{tmp_path / 'hub.db'}"))


def shared_rules(world: HubWorld) -> set[str]:
    """The rules by which the two customers of these tests are found by each other."""
    with world.hub.store.read() as snapshot:
        rows = snapshot.parties([record("first"), record("second")])
    keys = [{row.keys[at : at + KEY_BYTES] for at in range(0, len(row.keys), KEY_BYTES)} for row in rows.values()]
    return {key[:1].decode() for key in set.intersection(*keys)}


@pytest.mark.parametrize(
    ("values", "rules"),
    [
        pytest.param({"wechat": "wx_test_1"}, {"W"}, id="WeChat"),
        pytest.param({"id_type": "resident_id", "id_no": "44010119900307801X"}, {"D", "H", "I", "R"}, id="document"),
        pytest.param({"birth_on": "1990-03-07"}, {"D"}, id="birthday"),
        pytest.param({}, set(), id="name alone"),
    ],
)
def test_what_a_record_says_makes_its_keys(world: HubWorld, values: dict[str, Value], rules: set[str]):
    """Two sites that put down the same find each other's customer by it, and by a name alone they do not."""
    for site, name in (("a", "first"), ("b", "second")):
        know(world, world.site(site), name, full_name="王晓明", **values)

    assert shared_rules(world) == rules


def test_a_number_that_is_marked_as_wrong_finds_nobody(world: HubWorld):
    """A telephone that nobody answers is no ground to compare."""
    for site, name, is_bad in (("a", "first", True), ("b", "second", False)):
        author = world.site(site)
        know(world, author, name, full_name="王晓明")
        say(world, author, "phone", f"{name} phone", name, number="+8613912340001", is_bad=is_bad)

    assert shared_rules(world) == set()


@dataclass
class CountingBox:
    """A box that remembers of which places it was asked what lies there."""

    box: SecretBox
    opened: list[bytes] = field(default_factory=list)

    @property
    def blind_key(self) -> bytes:
        """As the box behind it."""
        return self.box.blind_key

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """As the box behind it."""
        return self.box.seal(plain, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """As the box behind it, and remembered."""
        self.opened.append(aad)
        return self.box.open(sealed, aad)


def test_only_the_others_features_are_opened_when_a_customer_comes(world: HubWorld):
    """What was just worked out of an arriving customer is compared as it is; each of the others is opened once."""
    for name, site in (("first", "a"), ("second", "b")):
        author = world.site(site)
        know(world, author, name, full_name="王晓明", birth_on="1990-03-07")
    box = CountingBox(world.hub.box)
    world.hub = replace(world.hub, box=box)

    know(world, world.site("c"), "third", full_name="王晓明", birth_on="1990-03-07")

    places = [b"features" + record(name) for name in ("first", "second")]
    assert sorted(one for one in box.opened if one.startswith(b"features")) == sorted(places)
