"""Keys of nodes: changed by their owner, revoked by the hub, and sets excluded after a compromise."""

import itertools

import pytest

from carnet_hub.adapters.store import SqlStore
from carnet_hub.core.exchange.revoking import revoke_compromised
from carnet_hub.core.log.rebuild import check_projections, exclude_sets
from carnet_protocol.errors import BadValue, NotAllowed
from carnet_protocol.ids import NodeId
from carnet_protocol.messages import PushCode, Verdict
from carnet_protocol.orders import change_key
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, customer
from support.protocol import exchange_key, record, signer


def key_change(world: HubWorld, site: SiteAuthor, node_id: bytes | None = None) -> dict[str, Value]:
    """The fields of a change to the key called `new key`."""
    new = signer("new key")
    return change_key(world.hub.hub_id, NodeId(node_id or site.node_id), exchange_key("new"), new, new.public_key)


def test_after_a_key_change_the_new_key_counts(world: HubWorld):
    """Sets signed with the new key are accepted, and those signed with the old one no longer."""
    site = world.site("a")
    world.push_one(site.write(draft_of("key_change", record("change"), key_change(world, site))))

    new = world.push_one(site.write(car(), signed_by=signer("new key")))
    old = world.push_one(site.write(car(color="red")))

    assert (new.code, old.code, old.reason) == (PushCode.ACCEPTED, PushCode.REJECTED, Reason.SUSPENDED_NODE.value)


def changing(world: HubWorld, site: SiteAuthor) -> MadeSet:
    """A change to the key called `new key`, signed with the present one."""
    return site.write(draft_of("key_change", record("change"), key_change(world, site)))


def test_of_two_changes_the_later_one_in_the_log_counts(world: HubWorld):
    """Of keys changed within one millisecond, or by a clock set back, the last one in the log is the present one."""
    site = world.site("a")
    keys = [site.signer, *(signer(f"key {number}") for number in range(6))]
    for before, new in itertools.pairwise(keys):
        fields = change_key(world.hub.hub_id, NodeId(site.node_id), exchange_key("new"), new, new.public_key)
        change = site.write(draft_of("key_change", record(f"to {new.key_id.hex()}"), fields), signed_by=before)

        assert world.push_one(change).code == PushCode.ACCEPTED

    assert world.push_one(site.write(car(), signed_by=keys[-1])).code == PushCode.ACCEPTED


def test_one_batch_may_hold_both_keys(world: HubWorld):
    """Sets before and after a change of keys are accepted in one push, each under the key of its time."""
    site = world.site("a")
    batch = [site.write(car()), changing(world, site), site.write(customer(), signed_by=signer("new key"))]

    assert [one.code for one in world.push(*batch)] == [PushCode.ACCEPTED] * 3


def test_sets_of_the_old_key_get_their_receipts_again(world: HubWorld):
    """A batch whose answer was lost is answered as duplicates, the sets of the replaced key among them."""
    site = world.site("a")
    batch = [site.write(car()), changing(world, site), site.write(customer(), signed_by=signer("new key"))]
    world.push(*batch)

    assert [one.code for one in world.push(*batch)] == [PushCode.DUPLICATE] * 3


def test_a_key_nobody_announced_is_still_unknown(world: HubWorld):
    """Behind a change of keys a third key is refused, and the announced one is taken."""
    site = world.site("a")
    batch = [changing(world, site), site.write(car(), signed_by=signer("thief"))]

    assert [one.reason for one in world.push(*batch)] == [None, Reason.UNKNOWN_KEY.value]


def test_a_late_stick_of_a_closed_epoch_is_welcome(world: HubWorld):
    """What the replaced key had signed in an epoch that is closed by now is still accepted."""
    site = world.site("a")
    world.push_one(site.write(car()))
    late = site.write(customer("late"))
    site.step_back(site.made[0])
    site.open_epoch()
    world.push(changing(world, site), site.write(customer("now"), signed_by=signer("new key")))

    assert world.push_one(late).code == PushCode.ACCEPTED


def test_a_replaced_key_changes_no_keys(world: HubWorld):
    """Even in a closed epoch a replaced key cannot install another one."""
    site = world.site("a")
    world.push_one(site.write(car()))
    thief = signer("thief")
    fields = change_key(world.hub.hub_id, NodeId(site.node_id), exchange_key("thief"), thief, thief.public_key)
    late = site.write(draft_of("key_change", record("late"), fields))
    site.step_back(site.made[0])
    site.open_epoch()
    world.push(changing(world, site))

    assert world.push_one(late).reason == Reason.SUSPENDED_NODE.value


def test_the_old_key_ends_with_the_change_itself(world: HubWorld):
    """A set that the old key signed behind the change is refused, although both come in one push."""
    site = world.site("a")
    batch = [changing(world, site), site.write(car())]

    assert [one.reason for one in world.push(*batch)] == [None, Reason.SUSPENDED_NODE.value]


@pytest.mark.parametrize("cuts", [pytest.param(cuts, id=f"{cuts:04b}") for cuts in range(16)])
def test_a_verdict_does_not_depend_on_the_grouping(world: HubWorld, cuts: int):
    """However the same sets are divided over pushes, each gets the same answer across a change of keys."""
    site = world.site("a")
    first, change = site.write(car()), changing(world, site)
    behind = site.write(customer("behind"))
    site.step_back(change)
    following = site.write(customer("following"), signed_by=signer("new key"))
    sent = [first, change, behind, following, first]
    ends = [at for at in range(1, len(sent)) if cuts >> (at - 1) & 1] + [len(sent)]

    answers = []
    for start, end in zip([0, *ends], ends, strict=False):
        answers += world.push(*sent[start:end])

    assert [(PushCode(one.code), one.reason) for one in answers] == [
        (PushCode.ACCEPTED, None),
        (PushCode.ACCEPTED, None),
        (PushCode.REJECTED, Reason.SUSPENDED_NODE.value),
        (PushCode.ACCEPTED, None),
        (PushCode.DUPLICATE, None),
    ]


def test_a_replaced_key_can_be_revoked_alone(world: HubWorld):
    """When the replaced key turns out to be stolen, it vouches for nothing, and the new one goes on."""
    site = world.site("a")
    old = site.write(car())
    world.push(old, changing(world, site))
    order: dict[str, Value] = {"node_id": site.node_id, "key_id": site.signer.key_id, "revocation_kind": "compromised"}
    world.write(draft_of("revocation", record("order"), order))

    assert world.push_one(old).reason == Reason.SUSPENDED_NODE.value
    assert world.push_one(site.write(customer(), signed_by=signer("new key"))).code == PushCode.ACCEPTED


def test_a_revoked_node_s_former_key_vouches_for_nothing(world: HubWorld):
    """After a revocation not even a set that the replaced key had signed is answered."""
    site = world.site("a")
    old = site.write(car())
    world.push(old, changing(world, site))
    revoke_compromised(world.hub, NodeId(site.node_id), suspect_from=world.position(), reason="stolen")

    assert world.push_one(old).reason == Reason.SUSPENDED_NODE.value


def test_a_key_change_without_the_new_key_s_agreement_is_refused(world: HubWorld):
    """A change whose proof the new key has not made is refused, and the old key stays."""
    site = world.site("a")
    fields = key_change(world, site) | {"proof": bytes(64)}

    answer = world.push_one(site.write(draft_of("key_change", record("change"), fields)))

    assert (answer.code, answer.reason) == (PushCode.REFUSED, Reason.BAD_PROOF.value)
    assert world.push_one(site.write(car())).code == PushCode.ACCEPTED


def test_a_node_changes_its_own_key_only(world: HubWorld):
    """A node of the same site cannot change another node's key."""
    site, second = world.site("a"), world.site("a2", "a")
    fields = key_change(world, site, second.node_id)

    answer = world.push_one(site.write(draft_of("key_change", record("change"), fields)))

    assert (answer.code, answer.reason) == (PushCode.REFUSED, Reason.FOREIGN_RECORD.value)


def test_a_revoked_key_stays_revoked_behind_a_new_one(world: HubWorld):
    """Revoking a key that was replaced leaves the new key in use."""
    site = world.site("a")
    world.push_one(site.write(draft_of("key_change", record("change"), key_change(world, site))))
    order: dict[str, Value] = {"node_id": site.node_id, "key_id": site.signer.key_id, "revocation_kind": "retired"}
    world.write(draft_of("revocation", record("order"), order))

    assert world.push_one(site.write(car(), signed_by=signer("new key"))).code == PushCode.ACCEPTED


def test_a_parked_key_change_does_not_outlive_a_revocation(world: HubWorld):
    """A change of key that waited while the old key was revoked is refused when its base arrives."""
    thief, accomplice = world.site("a"), world.site("b")
    base = accomplice.write(car())
    change = draft_of("key_change", record("change"), key_change(world, thief), based_on=(base.op(),))
    parked = world.push_one(thief.write(change))
    order: dict[str, Value] = {"node_id": thief.node_id, "key_id": thief.signer.key_id}
    world.write(draft_of("revocation", record("order"), {**order, "revocation_kind": "compromised"}))

    world.push_one(base)

    assert parked.code == PushCode.PARKED
    assert world.log()[-1].reason == Reason.SUSPENDED_NODE.value
    assert world.push_one(thief.write(car(), signed_by=signer("new key"))).reason == Reason.UNKNOWN_KEY.value


def test_a_suspended_node_may_come_back(world: HubWorld):
    """Resuming a suspended node lets its kept work in."""
    site = world.site("a")
    made = site.write(car())
    suspended = world.write(draft_of("node", site.node_id, {"status": "suspended"}))
    heads = tuple(entry.op for entry in world.entries("node", site.node_id))
    refused = world.push_one(made)

    world.write(draft_of("node", site.node_id, {"status": "active"}, based_on=heads))  # type: ignore[arg-type]

    assert (refused.code, world.push_one(made).code) == (PushCode.REJECTED, PushCode.ACCEPTED)
    assert suspended.conflicts == 1


def attacked(world: HubWorld) -> tuple[MadeSet, MadeSet, MadeSet]:
    """A car painted honestly, then by an attacker, then honestly again on top."""
    honest, thief = world.site("a"), world.site("b")
    first = honest.write(car(color="red"))
    bad = thief.write(
        draft_of("vehicle", CAR, {"color": "black"}, based_on=(first.op(),)), customer("invented", full_name="测试乙")
    )
    later = honest.write(draft_of("vehicle", CAR, {"fuel": "petrol", "color": "white"}, based_on=(bad.op(),)))
    world.push(first, bad, later)
    return first, bad, later


def test_an_excluded_set_counts_as_if_it_had_never_been(world: HubWorld):
    """Its values are gone, and what was built on it counts as built on what it was built on."""
    _, bad, later = attacked(world)

    exclude_sets(world.hub, [bad.nonce], note="key stolen")

    assert world.shown("vehicle", CAR) == {"vin": "LSVAB2C34RA123456", "color": "white", "fuel": "petrol"}
    assert world.show("vehicle", CAR).contests == ()
    assert world.entries("customer", record("invented")) == ()
    assert later.op() in {entry.op for entry in world.entries("vehicle", CAR)}


def test_the_author_of_an_excluded_set_is_told(world: HubWorld):
    """Its outcome becomes refused with the reason excluded, and the touched records are sent again."""
    _, bad, _ = attacked(world)
    thief = world.sites["b"]
    page = world.page(thief)

    exclude_sets(world.hub, [bad.nonce], note="key stolen")

    news = world.page(thief, page.cursor_to, page.position)
    assert [(one.nonce, one.verdict, one.reason) for one in news.outcomes] == [
        (bad.nonce, Verdict.REFUSED, Reason.EXCLUDED.value)
    ]
    assert {row.record for row in news.rows} == {CAR, record("invented")}


def test_the_log_folds_to_the_same_state_after_an_exclusion(world: HubWorld, scratch: SqlStore):
    """A fold that never applies the excluded set arrives at the same tables, also after more work."""
    _, bad, later = attacked(world)
    exclude_sets(world.hub, [bad.nonce], note="key stolen")
    site = world.sites["a"]
    world.push_one(site.write(draft_of("vehicle", CAR, {"color": "green"}, based_on=(later.op(),)), customer("c")))

    assert check_projections(world.hub, scratch).differences == ()


def test_an_excluded_set_cannot_come_back(world: HubWorld):
    """Pushed again, an excluded set is a duplicate with the receipt of its exclusion."""
    _, bad, _ = attacked(world)
    exclude_sets(world.hub, [bad.nonce], note="key stolen")

    answer = world.push_one(bad)

    assert (answer.code, world.receipt(answer).reason) == (PushCode.DUPLICATE, Reason.EXCLUDED.value)


def test_only_folded_sets_of_sites_can_be_excluded(world: HubWorld):
    """An unknown set, the hub's own and a decision without a note are refused, and nothing changes."""
    attacked(world)
    before = world.digest()
    hub_set = world.log()[0].nonce

    for nonce, note, refusal in ((b"x" * 14, "why", NotAllowed), (hub_set, "why", NotAllowed), (hub_set, "", BadValue)):
        with pytest.raises(refusal):
            exclude_sets(world.hub, [nonce], note=note)

    assert world.digest() == before
