"""Every bad input a push can hold: each has its name and leaves the hub as it was.

A *rejected* set leaves nothing at all behind. A *refused* one takes its place in its node's chain, because its author
signed the fault, and changes no record.
"""

from collections.abc import Callable
from dataclasses import replace

import cbor2
import pytest

from carnet_hub.core import rows
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_protocol import cbor, limits
from carnet_protocol.changeset import PAYLOAD_VERSION, Header
from carnet_protocol.envelope import Purpose, envelope_hash, read_envelope, seal_envelope
from carnet_protocol.ids import HubId, Nonce, OpId, op_id
from carnet_protocol.messages import PushCode
from carnet_protocol.ops import Action
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from support.authors import SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, customer, visit
from support.protocol import OTHER_HUB, fixed, record, signer

Made = Callable[[HubWorld, SiteAuthor], tuple[bytes, bytes]]

STATE = (rows.RecordRow, rows.SettledRow, rows.FeedRow, rows.AssignmentRow, rows.ErasedRow, rows.KeyRow, rows.DealerRow)
"""What a set may change about the world, apart from its own place in the log."""


def header_of(site: SiteAuthor, ops: bytes, **changes: object) -> Header:
    """The header of the site's next set, by hand."""
    link = site.link()
    values: dict[str, object] = {
        "version": PAYLOAD_VERSION,
        "hub_id": link.hub_id,
        "dealer_id": link.dealer_id,
        "node_id": link.node_id,
        "epoch": link.epoch,
        "epoch_ordinal": link.epoch_ordinal,
        "seq": link.seq,
        "prev": link.prev,
        "origin": link.origin,
        "schema": 1,
        "hub_epoch": link.hub_epoch,
        "hub_position": link.hub_position,
        "wall_ms": link.wall_ms,
        "nonce": fixed("a nonce", 14),
        "ops": ops,
    }
    return Header(**{**values, **changes})  # type: ignore[arg-type]


def signed(site: SiteAuthor, ops: object, **changes: object) -> tuple[bytes, bytes]:
    """A set around any CBOR value as ops, signed by the site."""
    header = header_of(site, ops if isinstance(ops, bytes) else cbor2.dumps(ops), **changes)
    return seal_envelope(cbor.encode_frame(header), Purpose.CHANGESET, HubId(header.hub_id), site.signer), b""


def good_op(**changes: object) -> list[object]:
    """An op on the car, as a list."""
    op: dict[str, object] = {"kind": 8, "record": CAR, "action": 0, "based_on": b"", "fields": {0: "x"}, "seals": {}}
    return list({**op, **changes}.values())


def flip(message: bytes, at: int) -> bytes:
    """A message with one bit of one byte changed."""
    at %= len(message)
    return message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]


def tampered(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    made = site.write(car())
    return flip(made.message, len(made.message) // 2), made.opening


def with_wrong_signature(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    made = site.write(car())
    return flip(made.message, -1), made.opening


def for_another_purpose(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    header = header_of(site, cbor2.dumps([good_op()]))
    return seal_envelope(cbor.encode_frame(header), Purpose.HELLO, site.hub_id, site.signer), b""


def for_another_hub(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    return site.write(car(), hub_id=OTHER_HUB).pushed


def naming_another_hub(world: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    header = header_of(site, cbor2.dumps([good_op()]), hub_id=OTHER_HUB)
    return seal_envelope(cbor.encode_frame(header), Purpose.CHANGESET, world.hub.hub_id, site.signer), b""


def by_an_unknown_key(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    return site.write(car(), signed_by=signer("stranger")).pushed


def in_another_node_s_name(world: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    return site.write(car(), signed_by=world.site("other").signer).pushed


def by_a_suspended_node(world: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    made = site.write(car())
    world.write(draft_of("node", site.node_id, {"status": "suspended"}))
    return made.pushed


def by_a_suspended_site(world: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    heads = tuple(OpId(entry.op) for entry in world.entries("dealer_site", site.dealer_id))
    world.write(draft_of("dealer_site", site.dealer_id, {"status": "suspended"}, based_on=heads))
    return site.write(car()).pushed


def by_a_revoked_key(world: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    order: dict[str, Value] = {
        "node_id": site.node_id,
        "key_id": site.signer.key_id,
        "revocation_kind": "compromised",
        "reason": "lost",
    }
    world.write(draft_of("revocation", record("revocation"), order))
    return site.write(car()).pushed


def truncated(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    return site.write(car()).message[:-7], b""


def with_trailing_bytes(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    return site.write(car()).message + b"\x00", b""


def too_large(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    return site.write(car()).message, bytes(limits.SET_BYTES_MAX)


def with_a_gap(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    site.write(car())
    return site.write(car(color="red")).pushed


def of_a_schema_to_come(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    return signed(site, [good_op()], schema=99)


def with_a_damaged_opening(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    made = site.write(customer())
    return made.message, flip(made.opening, -2)


def with_another_opening(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    other = SiteAuthor("x").write(customer(full_name="测试丙"))
    return site.write(customer()).message, other.opening


def without_its_opening(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    return site.write(customer()).message, b""


def with_an_opening_it_does_not_need(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    return site.write(car()).message, b"\x80"


def with_a_header_that_is_none(_: HubWorld, site: SiteAuthor) -> tuple[bytes, bytes]:
    return seal_envelope(cbor2.dumps([1, 2]), Purpose.CHANGESET, site.hub_id, site.signer), b""


REJECTED: list[tuple[str, Made, PushCode, Reason]] = [
    ("altered", tampered, PushCode.REJECTED, Reason.BAD_SIGNATURE),
    ("wrong signature", with_wrong_signature, PushCode.REJECTED, Reason.BAD_SIGNATURE),
    ("another purpose", for_another_purpose, PushCode.REJECTED, Reason.BAD_SIGNATURE),
    ("another hub", for_another_hub, PushCode.REJECTED, Reason.BAD_SIGNATURE),
    ("names another hub", naming_another_hub, PushCode.REJECTED, Reason.WRONG_HUB),
    ("unknown key", by_an_unknown_key, PushCode.REJECTED, Reason.UNKNOWN_KEY),
    ("another node's name", in_another_node_s_name, PushCode.REJECTED, Reason.UNKNOWN_NODE),
    ("suspended node", by_a_suspended_node, PushCode.REJECTED, Reason.SUSPENDED_NODE),
    ("suspended site", by_a_suspended_site, PushCode.REJECTED, Reason.SUSPENDED_NODE),
    ("revoked key", by_a_revoked_key, PushCode.REJECTED, Reason.SUSPENDED_NODE),
    ("truncated", truncated, PushCode.REJECTED, Reason.MALFORMED),
    ("trailing bytes", with_trailing_bytes, PushCode.REJECTED, Reason.TRAILING_BYTES),
    ("too large", too_large, PushCode.REJECTED, Reason.TOO_LARGE),
    ("gap", with_a_gap, PushCode.GAP, Reason.GAP),
    ("schema to come", of_a_schema_to_come, PushCode.REJECTED, Reason.SCHEMA_TOO_NEW),
    ("damaged opening", with_a_damaged_opening, PushCode.REJECTED, Reason.OPENING_MISMATCH),
    ("another set's opening", with_another_opening, PushCode.REJECTED, Reason.OPENING_MISMATCH),
    ("missing opening", without_its_opening, PushCode.REJECTED, Reason.OPENING_MISSING),
    ("needless opening", with_an_opening_it_does_not_need, PushCode.REJECTED, Reason.MALFORMED),
    ("no header", with_a_header_that_is_none, PushCode.REJECTED, Reason.MALFORMED),
]


@pytest.mark.parametrize(("make", "code", "reason"), [pytest.param(*row[1:], id=row[0]) for row in REJECTED])
def test_a_rejected_set_changes_nothing(world: HubWorld, make: Made, code: PushCode, reason: Reason):
    """A set that nobody can answer for gets its reason and no receipt, and no table differs afterwards."""
    pushed = make(world, world.site("a"))
    before = world.digest()

    (answer,) = receive_sets(world.hub, [pushed])

    assert (answer.code, answer.reason, answer.receipt) == (code, reason.value, None)
    assert world.digest() == before


def test_a_rejected_set_may_come_again_whole(world: HubWorld):
    """Once the original bytes arrive, a set that was damaged on its way is accepted."""
    made = world.site("a").write(customer())
    receive_sets(world.hub, [(made.message, flip(made.opening, -2))])

    assert world.push_one(made).code == PushCode.ACCEPTED


def with_a_float(site: SiteAuthor) -> tuple[bytes, bytes]:
    return signed(site, [good_op(fields={0: 1.5})])


def with_a_tag(site: SiteAuthor) -> tuple[bytes, bytes]:
    return signed(site, [good_op(fields={0: cbor2.CBORTag(99, "x")})])


def with_duplicate_keys(site: SiteAuthor) -> tuple[bytes, bytes]:
    ops = cbor2.dumps([good_op(fields={0: "x", 1: "y"})])
    return signed(site, ops.replace(b"\x00\x61x\x01\x61y", b"\x00\x61x\x00\x61y"))


def too_deep(site: SiteAuthor) -> tuple[bytes, bytes]:
    nested: object = "x"
    for _ in range(9):
        nested = [nested]
    return signed(site, [good_op(fields={0: nested})])


def with_too_many_ops(site: SiteAuthor) -> tuple[bytes, bytes]:
    return signed(site, [good_op(fields={8: "x"})] * (limits.OPS_PER_SET_MAX + 1))


def with_trailing_bytes_in_its_ops(site: SiteAuthor) -> tuple[bytes, bytes]:
    return signed(site, cbor2.dumps([good_op()]) + b"\x00")


def with_a_number_for_a_text(site: SiteAuthor) -> tuple[bytes, bytes]:
    return signed(site, [good_op(fields={0: 7})])


def with_an_unknown_code(site: SiteAuthor) -> tuple[bytes, bytes]:
    return signed(site, [good_op(fields={56: "borrowed"})])


def with_a_personal_value_in_clear(site: SiteAuthor) -> tuple[bytes, bytes]:
    return signed(site, [good_op(kind=3, record=record("c"), fields={8: "测试甲"})])


def writing_a_campaign(site: SiteAuthor) -> tuple[bytes, bytes]:
    return site.write(draft_of("campaign", record("campaign"), {"campaign_no": "C1"})).pushed


def ruling(site: SiteAuthor) -> tuple[bytes, bytes]:
    return site.write(replace(customer(), action=Action.RULING)).pushed


def deleting_a_visit(site: SiteAuthor) -> tuple[bytes, bytes]:
    return site.write(draft_of("visit", record("visit"), {}, action=Action.DELETE)).pushed


def based_on_an_op_that_is_not_there(site: SiteAuthor) -> tuple[bytes, bytes]:
    first = site.made[0]
    return site.write(draft_of("vehicle", CAR, {"color": "red"}, based_on=(op_id(first.nonce, 400),))).pushed


REFUSED: list[tuple[str, Callable[[SiteAuthor], tuple[bytes, bytes]], Reason]] = [
    ("float", with_a_float, Reason.FORBIDDEN_TYPE),
    ("tag", with_a_tag, Reason.FORBIDDEN_TYPE),
    ("duplicate keys", with_duplicate_keys, Reason.DUPLICATE_KEY),
    ("too deep", too_deep, Reason.TOO_DEEP),
    ("501 ops", with_too_many_ops, Reason.TOO_MANY_OPS),
    ("trailing bytes in the ops", with_trailing_bytes_in_its_ops, Reason.TRAILING_BYTES),
    ("another type", with_a_number_for_a_text, Reason.FORBIDDEN_TYPE),
    ("unknown code", with_an_unknown_code, Reason.BAD_FIELD),
    ("personal value in clear", with_a_personal_value_in_clear, Reason.BAD_FIELD),
    ("the hub's kind", writing_a_campaign, Reason.HUB_ONLY),
    ("a ruling", ruling, Reason.HUB_ONLY),
    ("a deleted visit", deleting_a_visit, Reason.BAD_FIELD),
    ("an op its base does not have", based_on_an_op_that_is_not_there, Reason.MALFORMED),
]


@pytest.mark.parametrize(("make", "reason"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_a_refused_set_changes_no_record_and_its_chain_goes_on(
    world: HubWorld, make: Callable[[SiteAuthor], tuple[bytes, bytes]], reason: Reason
):
    """A fault that the author signed is logged with its reason, changes no record, and the next set is accepted."""
    site = world.site("a")
    world.push_one(site.write(customer("first")))
    message, opening = make(site)
    _continue_behind(site, message)
    before = world.digest(STATE)

    refused, following = receive_sets(world.hub, [(message, opening), site.write(customer("next")).pushed])

    assert (refused.code, refused.reason) == (PushCode.REFUSED, reason.value)
    assert world.receipt(refused).reason == reason.value
    assert (following.code, following.reason) == (PushCode.ACCEPTED, None)
    assert before == _digest_without(world, "next")


def test_another_site_s_customer_cannot_be_written(world: HubWorld):
    """A customer belongs to the site that made it; another site's write of it is refused."""
    one, other = world.site("a"), world.site("b")
    world.push_one(one.write(customer("c", segment="private")))

    answer = world.push_one(other.write(customer("c", segment="taxi")))

    assert (answer.code, answer.reason) == (PushCode.REFUSED, Reason.FOREIGN_RECORD.value)
    assert world.shown("customer", record("c"))["segment"] == "private"


def test_a_second_node_of_the_same_site_may_write_its_customer(world: HubWorld):
    """What belongs to a site belongs to each of its nodes."""
    one, second = world.site("a"), world.site("a2", "a")
    made = one.write(customer("c", segment="private"))
    world.push_one(made)

    answer = world.push_one(second.write(draft_of("customer", record("c"), {"segment": "taxi"}, based_on=(made.op(),))))

    assert answer.code == PushCode.ACCEPTED
    assert world.shown("customer", record("c"))["segment"] == "taxi"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        pytest.param("phone", {"customer_id": record("c"), "number": "000"}, id="phone"),
        pytest.param("visit", {"vehicle_id": CAR, "customer_id": record("c"), "status": "open"}, id="visit"),
        pytest.param("ownership", {"vehicle_id": CAR, "customer_id": record("c"), "role": "owner"}, id="ownership"),
    ],
)
def test_a_record_cannot_refer_to_another_site_s_customer(world: HubWorld, kind: str, values: dict):
    """A phone, a visit or an ownership that names another site's customer is refused."""
    world.push_one(world.site("a").write(customer("c")))

    answer = world.push_one(world.site("b").write(draft_of(kind, record("mine"), values)))

    assert (answer.code, answer.reason) == (PushCode.REFUSED, Reason.FOREIGN_RECORD.value)


def test_a_line_cannot_be_put_on_another_site_s_visit(world: HubWorld):
    """A job that names another site's visit is refused."""
    world.push_one(world.site("a").write(visit()))

    answer = world.push_one(world.site("b").write(draft_of("job", record("job"), {"visit_id": record("visit")})))

    assert (answer.code, answer.reason) == (PushCode.REFUSED, Reason.FOREIGN_RECORD.value)


def test_one_forbidden_op_refuses_the_whole_set(world: HubWorld):
    """A set is one local transaction: what stands beside a forbidden op has no effect either."""
    world.push_one(world.site("a").write(customer("c")))
    other = world.site("b")

    world.push_one(other.write(customer("mine"), customer("c", segment="taxi")))

    assert world.entries("customer", record("mine")) == ()


def _continue_behind(site: SiteAuthor, message: bytes) -> None:
    """Let the author go on behind a set that was made by hand."""
    if site.made[-1].message != message:
        set_hash = envelope_hash(read_envelope(message), Purpose.CHANGESET, site.hub_id)
        nonce = Nonce(fixed("a nonce", 14))
        site.made.append(replace(site.made[0], message=message, nonce=nonce, set_hash=set_hash))
        site.seq, site.prev = site.seq + 1, set_hash


def _digest_without(world: HubWorld, name: str) -> str:
    """The digest of the state as if one customer had never been written."""
    with world.hub.store.write() as transaction:
        transaction.remove(rows.RecordRow, [(3, record(name))])
        transaction.remove(rows.FeedRow, [(world.sites["a"].dealer_id, 3, record(name))])
    return world.digest(STATE)
