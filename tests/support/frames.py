"""One valid example of every frame that node and hub exchange."""

from typing import Final

import msgspec

from carnet_protocol import hello, messages
from carnet_protocol.bundle import Manifest, Part, PartKind, pack_bundle
from carnet_protocol.fold import fold_write
from carnet_protocol.look_up import LookedUpCar, LookUpAnswer, LookUpRequest
from carnet_protocol.recall_lists import HeldLists, ListEntry, RecallManifest, SegmentRef, StepRef, root_of
from carnet_protocol.state import EMPTY, entries_to_wire
from support.protocol import (
    DEALER,
    EPOCH,
    HUB,
    HUB_EPOCH,
    NODE,
    SOME_MS,
    a_write,
    exchange_key,
    fixed,
    nonce,
    record,
    sealed_set,
    signer,
)


def wire_entries() -> list[object]:
    """A record on which two desks disagree, one value is erased and one register was edited since."""
    entries = EMPTY
    for write in (
        a_write(1, {0: "person", 5 * 8: "private"}, withheld={1: 1}),
        a_write(2, {5 * 8: "taxi"}, based_on=(1,)),
        a_write(3, {5 * 8: "company"}, based_on=(1,)),
    ):
        entries = fold_write(entries, write).entries
    return entries_to_wire(entries)


VOID = messages.VoidOp(1, "illegal-transition")
CARD = messages.HubCard(
    version=1,
    hub_id=HUB,
    hub_epoch=HUB_EPOCH,
    signing_key=signer("hub key").public_key,
    exchange_key=exchange_key("hub exchange key"),
    export_key=signer("hub export key").public_key,
    schema_min=1,
    schema_max=1,
    now_ms=SOME_MS,
    challenge=fixed("challenge", 32),
)
ENROL_REQUEST = messages.EnrolRequest(
    version=1,
    code_id=fixed("code", 8),
    node_id=NODE,
    signing_key=signer().public_key,
    exchange_key=exchange_key(),
    node_name="front desk",
    wall_ms=SOME_MS,
    proof=fixed("proof", 32),
)
ENROL_ANSWER = messages.EnrolAnswer(
    version=1,
    hub_id=HUB,
    hub_epoch=HUB_EPOCH,
    dealer_id=DEALER,
    node_id=NODE,
    site_code="A001",
    site_name="测试店",
    hub_signing_key=signer("hub key").public_key,
    hub_exchange_key=exchange_key("hub exchange key"),
    hub_export_key=signer("hub export key").public_key,
    position=7,
    now_ms=SOME_MS,
    proof=fixed("hub proof", 32),
)
HELLO_REQUEST = hello.HelloRequest(
    version=1,
    challenge=fixed("challenge", 32),
    dealer_id=DEALER,
    node_id=NODE,
    epoch=EPOCH,
    epoch_ordinal=1,
    head_seq=3,
    head_hash=fixed("head", 32),
    hub_epoch=HUB_EPOCH,
    cursor=7,
    unsent_sets=2,
    oldest_unsent_ms=SOME_MS,
    wall_ms=SOME_MS,
    schema=1,
    software="carnet-node 0.1.0",
    closed=[hello.EpochHead(fixed("closed epoch", 8), 0, 2, fixed("closed head", 32))],
)
HELLO_ANSWER = hello.HelloAnswer(
    version=1,
    challenge=fixed("challenge", 32),
    node_id=NODE,
    situation=1,
    hub_epoch=HUB_EPOCH,
    position=9,
    held_seq=3,
    held_hash=fixed("head", 32),
    lost_sets=[hello.LostSet(b"message", b"opening", b"receipt")],
    own_epochs=[hello.EpochHead(EPOCH, 1, 3, fixed("head", 32))],
    clock_offset_ms=-1500,
    backup_position=5,
    hub_epochs=[hello.HubEpoch(HUB_EPOCH, 0, 0)],
    token=fixed("token", 32),
    token_expires_ms=SOME_MS + 900_000,
    now_ms=SOME_MS,
)
RECEIPT = messages.Receipt(
    version=1,
    hub_epoch=HUB_EPOCH,
    node_id=NODE,
    epoch=EPOCH,
    seq=1,
    nonce=nonce(),
    set_hash=fixed("set", 32),
    verdict=1,
    reason=None,
    position=8,
    time_ms=SOME_MS,
    voids=[VOID],
    conflicts=2,
)
PUSH_ANSWER = messages.PushAnswer(code=5, receipt=None, reason="gap", expected_seq=4)
OUTCOME = messages.Outcome(
    nonce=nonce(), verdict=3, reason="bad-field", position=8, time_ms=SOME_MS, voids=[], conflicts=0
)
SETTLED_ROW = messages.SettledRow(register=5, entry=wire_entries()[0], by=fixed("op"))  # type: ignore[arg-type]
PAGE_ROW = messages.PageRow(
    kind=3,
    record=record("customer"),
    owner=DEALER,
    changed=8,
    entries=wire_entries(),
    settled=[SETTLED_ROW],
    is_evicted=False,
)
HUB_SET = messages.HubSet(position=6, time_ms=SOME_MS, message=b"message", opening=b"")
PAGE = messages.Page(
    version=1,
    hub_epoch=HUB_EPOCH,
    dealer_id=DEALER,
    node_id=NODE,
    cursor_from=0,
    cursor_to=8,
    position=9,
    is_last=True,
    rows=[PAGE_ROW],
    outcomes=[OUTCOME],
    hub_sets=[HUB_SET],
)
RECOVER_REQUEST = messages.RecoverRequest(
    version=1, code_id=fixed("code", 8), node_id=NODE, wrapped=fixed("wrapped", 80), proof=fixed("proof", 32)
)
RECOVER_ANSWER = messages.RecoverAnswer(
    version=1, node_id=NODE, wrapped=fixed("wrapped", 80), proof=fixed("hub proof", 32)
)
LOOK_UP_REQUEST = LookUpRequest(
    version=1,
    challenge=fixed("challenge", 40),
    dealer_id=DEALER,
    node_id=NODE,
    way="plate",
    sought="湘A12345",
    reason="at_desk",
    customer_id=fixed("customer"),
    staff_id=None,
)
LOOKED_UP_CAR = LookedUpCar(
    vehicle_id=fixed("car"), is_followed=False, is_linked=True, site_count=1, row_count=1, known_count=3
)
LOOK_UP_ANSWER = LookUpAnswer(
    version=1,
    challenge=fixed("challenge", 40),
    node_id=NODE,
    position=9,
    now_ms=SOME_MS,
    is_cut=False,
    cars=[LOOKED_UP_CAR],
    rows=[PAGE_ROW],
)
EXCLUDED_SET = messages.ExcludedSet(position=12, node_id=NODE, time_ms=SOME_MS, message=b"message", opening=b"")
EXCLUDED_PAGE = messages.ExcludedPage(
    version=1, hub_epoch=HUB_EPOCH, dealer_id=DEALER, node_id=NODE, after=0, is_last=True, sets=[EXCLUDED_SET]
)
PART = Part(kind="batch", size=3, sha256=fixed("part", 32))
MANIFEST = Manifest(version=1, sender=NODE, receiver=HUB, serial=1, created_ms=SOME_MS, parts=[PART])
STEP_REF = StepRef(sha256=fixed("step", 32), size=40, froms=fixed("state", 8) + fixed("next state", 8))
SEGMENT_REF = SegmentRef(sha256=fixed("segment", 32), size=900, members=800, trail=[STEP_REF])
LIST_ENTRY = ListEntry(campaign=fixed("campaign", 16), kind=1, changed=7, segments=[SEGMENT_REF])
RECALL_MANIFEST = RecallManifest(
    version=1,
    hub_epoch=HUB_EPOCH,
    position=9,
    made_ms=SOME_MS,
    since=0,
    entries=[LIST_ENTRY],
    root=root_of([LIST_ENTRY]),
)
HELD_LISTS = HeldLists(version=1, names=[fixed("segment", 32)])

EXAMPLES: Final[dict[type[msgspec.Struct], msgspec.Struct]] = {
    type(example): example
    for example in (
        sealed_set().change_set.header,
        VOID,
        CARD,
        ENROL_REQUEST,
        ENROL_ANSWER,
        HELLO_REQUEST,
        HELLO_ANSWER,
        RECEIPT,
        PUSH_ANSWER,
        OUTCOME,
        SETTLED_ROW,
        PAGE_ROW,
        HUB_SET,
        PAGE,
        RECOVER_REQUEST,
        LOOK_UP_REQUEST,
        LOOKED_UP_CAR,
        LOOK_UP_ANSWER,
        RECOVER_ANSWER,
        EXCLUDED_SET,
        EXCLUDED_PAGE,
        PART,
        MANIFEST,
        STEP_REF,
        SEGMENT_REF,
        LIST_ENTRY,
        RECALL_MANIFEST,
        HELD_LISTS,
    )
}


def example_bundle() -> bytes:
    """A bundle of two parts from the node to the hub."""
    sealed = sealed_set()
    batch = messages.encode_batch([(sealed.message, sealed.opening)])
    return pack_bundle(
        [(PartKind.BATCH, batch), (PartKind.HELLO, b"hello")],
        sender=NODE,
        receiver=HUB,
        serial=1,
        created_ms=SOME_MS,
        hub=HUB,
        signer=signer(),
    )
