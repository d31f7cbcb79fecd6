"""The lists that every node holds: made from the log, named by a signed manifest, led to by steps."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.core.campaigns.offline_lists import are_due
from carnet_hub.core.campaigns.recalls import withdraw_campaign
from carnet_hub.core.exchange.list_telling import signed_manifest
from carnet_hub.core.limits import LISTS_EVERY_MS
from carnet_protocol.errors import Refused
from carnet_protocol.reasons import Reason
from carnet_protocol.recall_lists import ListKind, apply_step, decode_step, encode_members, root_of
from carnet_protocol.segments import decode_segment, segment_hash
from support.made_lists import content, entry, made, told, who
from support.recall_plans import MEMBERS, NO_DEFECT, NUMBER
from support.recall_world import RecallWorld
from support.vins import make_vins

CAR, OTHER = MEMBERS[:2]
MORE = make_vins(9)


@pytest.fixture
def world(tmp_path: Path) -> RecallWorld:
    """A hub with one published campaign for four cars."""
    return RecallWorld.begun(tmp_path)


def test_members_done_and_gone_are_lists_of_their_own(world: RecallWorld):
    """What is left to do is what is on the first list and on neither of the others."""
    world.done("A001", CAR)
    world.say_of_car("A002", OTHER, "exported")

    made(world)

    assert [who(world, kind) for kind in ListKind] == [set(MEMBERS), {CAR}, {OTHER}]


def test_a_list_on_which_nobody_is_has_no_entry(world: RecallWorld):
    """A new campaign is its members."""
    made(world)

    assert [one.kind for one in told(world).entries] == [ListKind.MEMBERS]


def test_a_car_that_is_seen_again_is_not_gone(world: RecallWorld):
    """The list of the removed empties, and says so."""
    world.say_of_car("A002", OTHER, "exported")
    made(world)
    world.check_in("A001", OTHER)

    made(world)

    assert entry(told(world), ListKind.REMOVED).segments == []


def test_a_completion_that_is_taken_back_is_dropped_by_a_step(world: RecallWorld):
    """A node with yesterday's list takes one step and has today's."""
    world.done("A001", OTHER)
    draft, set_made = world.done("A001", CAR)
    made(world)
    (yesterday,) = entry(told(world), ListKind.REMEDIED).segments
    before = decode_segment(content(world, yesterday.sha256))
    world.retract("A001", draft, set_made)

    made(world)

    (today,) = entry(told(world), ListKind.REMEDIED).segments
    (step,) = today.trail
    after = encode_members(apply_step(before, decode_step(content(world, step.sha256))))
    assert (step.froms, segment_hash(after)) == (yesterday.sha256[:8], today.sha256)
    assert list(decode_segment(after)) == [OTHER]


def test_a_new_plan_is_reached_by_a_step(world: RecallWorld):
    """Members that a plan adds come as a step from the segment of the plan before."""
    made(world)
    (former,) = entry(told(world), ListKind.MEMBERS).segments
    campaign = world.publish(MORE)

    made(world, NUMBER)

    (present,) = entry(told(world), ListKind.MEMBERS).segments
    (step,) = present.trail
    behind = apply_step(decode_segment(content(world, former.sha256)), decode_step(content(world, step.sha256)))
    assert [segment_hash(encode_members(behind))] == [present.sha256] == campaign.segment_hashes
    assert (present.members, step.froms) == (len(MORE), former.sha256[:8])


def test_a_manifest_of_changes_proves_the_whole(world: RecallWorld):
    """Whoever replaces what changed in what it has arrives at the root that the hub signed."""
    world.done("A001", CAR)
    made(world)
    whole = told(world)
    world.done("A001", OTHER)
    made(world)

    changes = told(world, whole.position)

    held = {(one.campaign, one.kind): one for one in whole.entries}
    held |= {(one.campaign, one.kind): one for one in changes.entries}
    assert [one.kind for one in changes.entries] == [ListKind.REMEDIED]
    assert root_of(held.values()) == changes.root == told(world).root


@pytest.mark.parametrize("ahead", [0, 1])
def test_a_position_that_is_not_behind_gets_what_is_true_now(world: RecallWorld, ahead: int):
    """At the same position nothing has changed; a position that the hub has not reached gets everything."""
    position = made(world).position

    assert [one.kind for one in told(world, position + ahead).entries] == [ListKind.MEMBERS] * ahead


def test_lists_that_are_as_they_were_keep_their_entries(world: RecallWorld):
    """Made again without news, nothing changes but the day."""
    world.done("A001", CAR)
    made(world)
    first = told(world)
    world.hub.clock.ms += LISTS_EVERY_MS

    again = made(world)

    assert (again.changed, told(world).entries) == (0, first.entries)
    assert told(world).made_ms == first.made_ms + LISTS_EVERY_MS


def test_publishing_one_campaign_leaves_the_day_of_the_others(world: RecallWorld):
    """The whole stands for the day on which all of it was made."""
    made(world)
    before = told(world)
    world.done("A001", CAR)
    world.publish(MORE[:3], campaign_no="S2026M0002")

    made(world, "S2026M0002")

    assert (told(world).made_ms, len(told(world).entries)) == (before.made_ms, 2)
    assert told(world).position > before.position


def test_a_withdrawn_campaign_has_empty_lists(world: RecallWorld):
    """It is told by an entry without segments, so that a manifest of changes can say it."""
    made(world)
    app = world.hub.app
    withdraw_campaign(app.hub, NUMBER, NO_DEFECT)

    made(world, NUMBER)

    assert [one.segments for one in told(world).entries] == [[]]


def test_files_that_no_manifest_names_are_removed(world: RecallWorld):
    """Of a list that changes daily, two days lie on the disk, with the steps between."""
    names = []
    for vin in MEMBERS[:3]:
        world.done("A001", vin)
        made(world)
        names.append(entry(told(world), ListKind.REMEDIED).segments[0].sha256)

    assert [world.hub.app.lists.get(name) is None for name in names] == [True, False, False]


@pytest.mark.parametrize("damaged", ["*.list", "*"])
def test_damaged_lists_are_made_anew(world: RecallWorld, damaged: str):
    """What follows from the log may be lost, with the manifest or without: the next making writes it again."""
    world.done("A001", CAR)
    made(world)
    folder = world.hub.app.settings.lists_dir
    for path in folder.glob(damaged):
        path.write_bytes(b"damaged")

    made(world)

    assert who(world, ListKind.REMEDIED) == {CAR}


def test_a_hub_that_made_none_says_so(world: RecallWorld):
    """A node then takes what the campaign records name."""
    with pytest.raises(Refused) as refused:
        told(world)

    assert refused.value.reason is Reason.NOT_FOUND


def test_a_restored_hub_makes_them_before_it_tells_any(world: RecallWorld):
    """The lists of another history are nobody's answer."""
    made(world)
    app = world.hub.app
    restored = replace(app.hub, hub_epoch=b"restored")

    assert (are_due(app.hub, app.lists), are_due(restored, app.lists)) == (False, True)
    with pytest.raises(Refused):
        signed_manifest(restored, app.lists, 0)


@pytest.mark.parametrize(("age_ms", "due"), [(LISTS_EVERY_MS - 1, False), (LISTS_EVERY_MS, True), (-1, True)])
def test_lists_are_due_once_a_day(world: RecallWorld, age_ms: int, due: bool):
    """A clock that was set back makes them due as well."""
    made(world)

    world.hub.clock.ms += age_ms

    assert are_due(world.hub.app.hub, world.hub.app.lists) is due
