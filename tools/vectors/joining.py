"""What happens between machines: ids, enrolment, messages, key changes, revocations and erasures."""

from typing import Any

import msgspec

from carnet_protocol import cbor
from carnet_protocol.changeset import reread_set
from carnet_protocol.enrolment import InviteKeys, format_code, invite_keys, prove_answer, prove_request
from carnet_protocol.envelope import Purpose, seal_envelope
from carnet_protocol.hello import EpochHead, HelloAnswer, HelloRequest, HubEpoch, LostSet
from carnet_protocol.ids import (
    completion_id,
    golden_id,
    golden_op_id,
    handover_reading_id,
    new_record_id,
    op_id,
    ownership_id,
    record_text,
    settlement_id,
    settlement_share_id,
    staff_action_id,
    vehicle_id,
)
from carnet_protocol.look_up import LookedUpCar, LookUpAnswer, LookUpRequest
from carnet_protocol.messages import (
    EnrolAnswer,
    EnrolRequest,
    ExcludedPage,
    ExcludedSet,
    Frame,
    HubCard,
    HubSet,
    Outcome,
    Page,
    PageRow,
    PushAnswer,
    Receipt,
    RecoverAnswer,
    RecoverRequest,
    SettledRow,
    VoidOp,
    encode_answers,
    encode_batch,
)
from carnet_protocol.orders import ErasureOrder, change_key
from carnet_protocol.recovery import recovery_keys
from carnet_protocol.registry import ErasureGroup, Value
from tools.vectors.names import (
    CUSTOMER,
    DEALER,
    EPOCH,
    HUB,
    HUB_EPOCH,
    NODE,
    OTHER_HUB,
    SOME_MS,
    NamedKey,
    Vector,
    draft,
    exchange_key,
    jsonable,
    key,
    named,
    nonce,
    record,
    seal,
)

VIN = "LSVAA49J132047371"
HUB_KEY, NODE_KEY = key("hub"), key("node")
SECRET = named("secret", 10)
KEYS = invite_keys(SECRET)


def ids_valid() -> list[Vector]:
    """Derived ids and their inputs; the id as hexadecimal and as text."""
    vehicle, customer, visit, campaign = (record(one) for one in ("vehicle", "customer", "visit", "campaign"))
    cases: list[tuple[str, dict[str, Any], bytes]] = [
        ("vehicle", {"vin": VIN}, vehicle_id(VIN)),
        (
            "vehicle in lower case and full width",
            {"vin": "ｌｓｖａａ49j132047371"},
            vehicle_id("ｌｓｖａａ49j132047371"),
        ),
        ("vehicle whose VIN is not valid", {"vin": "O" * 17}, vehicle_id("O" * 17)),
        (
            "ownership",
            {"vehicle_hex": vehicle.hex(), "customer_hex": customer.hex(), "role": "owner"},
            ownership_id(vehicle, customer, "owner"),
        ),
        (
            "completion",
            {"campaign_hex": campaign.hex(), "vin": VIN, "visit_hex": visit.hex()},
            completion_id(campaign, VIN, visit),
        ),
        (
            "new",
            {"now_ms": SOME_MS, "random_hex": named("random", 10).hex()},
            new_record_id(SOME_MS, named("random", 10)),
        ),
        ("staff-action", {"nonce_hex": nonce("first").hex()}, staff_action_id(nonce("first"))),
        ("settlement", {"visit_hex": visit.hex()}, settlement_id(visit)),
        (
            "settlement-share",
            {"settlement_hex": settlement_id(visit).hex(), "place": 1},
            settlement_share_id(settlement_id(visit), 1),
        ),
        ("handover-reading", {"visit_hex": visit.hex()}, handover_reading_id(visit)),
        ("golden", {"customer_hex": customer.hex()}, golden_id(customer)),
        (
            "golden-op",
            {"golden_hex": golden_id(customer).hex(), "position": 4711},
            golden_op_id(golden_id(customer), 4711),
        ),
        ("new before 1970", {"now_ms": -1, "random_hex": bytes(10).hex()}, new_record_id(-1, bytes(10))),
        ("op", {"nonce_hex": nonce("first").hex(), "index": 513}, op_id(nonce("first"), 513)),
    ]
    return [
        {"name": name, "given": given, "id_hex": found.hex(), "text": record_text(found)}
        for name, given, found in cases
    ]


def enrolment_valid() -> list[Vector]:
    """A code, the keys behind it, and the two proofs of one enrolment."""
    code = format_code(HUB_KEY.public, SECRET)
    request, answer = _enrolment(KEYS)
    return [
        {
            "name": "one enrolment",
            "hub_id_hex": HUB.hex(),
            "hub_signing_key_hex": HUB_KEY.public.hex(),
            "secret_hex": SECRET.hex(),
            "code": code,
            "code_typed_otherwise": [code.lower(), code.replace("-", " "), code.replace("0", "O").replace("1", "l")],
            "fingerprint_hex": HUB_KEY.key_id.hex(),
            "code_id_hex": KEYS.code_id.hex(),
            "node_proof_key_hex": KEYS.node_key.hex(),
            "hub_proof_key_hex": KEYS.hub_key.hex(),
            "request_message_hex": seal_envelope(cbor.encode_frame(request), Purpose.ENROL, HUB, NODE_KEY).hex(),
            "request": jsonable(request),
            "answer_payload_hex": cbor.encode_frame(answer).hex(),
            "answer": jsonable(answer),
        }
    ]


def enrolment_invalid() -> list[Vector]:
    """Codes that are none, and frames whose proof does not hold; `part` says which."""
    code = format_code(HUB_KEY.public, SECRET)
    wrong = ("1" if code[7] != "1" else "2").join([code[:7], code[8:]])
    texts = [("a mistyped character", wrong), ("a character missing", code[:-1]), ("a letter U", code[:-1] + "U")]
    request, answer = _enrolment(KEYS)
    request_message = seal_envelope(cbor.encode_frame(request), Purpose.ENROL, HUB, NODE_KEY)
    frames: list[tuple[str, str, Frame]] = [
        ("request", "another signing key", msgspec.structs.replace(request, signing_key=key("thief").public)),
        ("request", "proof by another code", _enrolment(invite_keys(named("other secret", 10)))[0]),
        ("answer", "another hub key", msgspec.structs.replace(answer, hub_signing_key=key("thief").public)),
        ("answer", "proof by another code", _enrolment(invite_keys(named("other secret", 10)))[1]),
    ]
    return [{"name": name, "part": "code", "reason": "bad-code", "code": text} for name, text in texts] + [
        {
            "name": f"{part}: {name}",
            "part": part,
            "reason": "bad-proof",
            "secret_hex": SECRET.hex(),
            "hub_signing_key_hex": HUB_KEY.public.hex(),
            "request_message_hex": request_message.hex(),
            "payload_hex": cbor.encode_frame(frame).hex(),
        }
        for part, name, frame in frames
    ]


def messages_valid() -> list[Vector]:
    """Every frame between node and hub: its bytes and what stands in them."""
    vectors = [
        {"name": type(frame).__name__, "frame": type(frame).__name__, "cbor_hex": cbor.encode_frame(frame).hex()}
        | {"value": jsonable(frame)}
        for frame in _frames()
    ]
    receipt = next(frame for frame in _frames() if isinstance(frame, Receipt))
    signed = seal_envelope(cbor.encode_frame(receipt), Purpose.RECEIPT, HUB, HUB_KEY)
    message, opening = seal(CUSTOMER, name="first")
    return [
        *vectors,
        {
            "name": "a batch of two sets",
            "frame": "batch",
            "cbor_hex": encode_batch([(message, opening), (b"x", b"")]).hex(),
        },
        {
            "name": "answers to it",
            "frame": "answers",
            "cbor_hex": encode_answers([PushAnswer(0, signed, None, None), PushAnswer(5, None, "gap", 7)]).hex(),
        },
    ]


def orders() -> list[Vector]:
    """A key change, a revocation and an erasure, each as a whole set with its fields spelled out."""
    new = key("new node")
    change = change_key(HUB, NODE, exchange_key("new node"), new, new.public)
    order = ErasureOrder(
        (record("customer"), record("phone")), frozenset({ErasureGroup.IDENTITY, ErasureGroup.CONTACT})
    )
    revocation: dict[str, Value] = {
        "node_id": NODE,
        "key_id": NODE_KEY.key_id,
        "revocation_kind": "compromised",
        "suspect_from_position": 120,
        "reason": "machine stolen",
    }
    erasure = order.fields() | {"ground": "request"}
    cases: list[tuple[str, dict[str, Value], NamedKey, str]] = [
        (
            "key_change",
            change,
            NODE_KEY,
            "signed by the old key; `proof` by the new one over domain, hub, node, both keys",
        ),
        ("revocation", revocation, HUB_KEY, "signed by the hub; sets of this key from the position on are suspect"),
        ("erasure", erasure, HUB_KEY, "signed by the hub; `groups` is a bit mask, bit 0 is group 1"),
    ]
    vectors = []
    for kind, fields, signer, note in cases:
        message, opening = seal(draft(kind, kind, fields), name=kind, signer=signer)
        vectors.append(
            {
                "name": kind,
                "note": note,
                "hub_id_hex": HUB.hex(),
                "public_key_hex": signer.public.hex(),
                "message_hex": message.hex(),
                "opening_hex": opening.hex(),
                "ops_hex": reread_set(message, HUB).header.ops.hex(),
                "fields": jsonable(fields),
            }
        )
    return vectors


def key_changes_invalid() -> list[Vector]:
    """Key changes whose proof does not hold."""
    new = key("new node")
    good = change_key(HUB, NODE, exchange_key("new node"), new, new.public)
    cases = [
        ("another new key", good | {"new_signing_key": key("thief").public}),
        ("another node", good | {"node_id": named("another node")}),
        ("proved by the old key", good | {"proof": NODE_KEY.sign(b"anything")}),
        ("made for another hub", change_key(OTHER_HUB, NODE, exchange_key("new node"), new, new.public)),
    ]
    return [
        {"name": name, "reason": "bad-proof", "hub_id_hex": HUB.hex(), "fields": jsonable(fields)}
        for name, fields in cases
    ]


def _enrolment(keys: InviteKeys) -> tuple[EnrolRequest, EnrolAnswer]:
    request = EnrolRequest(
        1, KEYS.code_id, NODE, NODE_KEY.public, exchange_key("node"), "front desk", SOME_MS, bytes(32)
    )
    request = msgspec.structs.replace(request, proof=prove_request(keys, HUB_KEY.public, request))
    request_message = seal_envelope(cbor.encode_frame(request), Purpose.ENROL, HUB, NODE_KEY)
    answer = EnrolAnswer(
        version=1,
        hub_id=HUB,
        hub_epoch=HUB_EPOCH,
        dealer_id=DEALER,
        node_id=NODE,
        site_code="A001",
        site_name="测试店",
        hub_signing_key=HUB_KEY.public,
        hub_exchange_key=exchange_key("hub"),
        hub_export_key=key("export").public,
        position=7,
        now_ms=SOME_MS,
        proof=bytes(32),
    )
    return request, msgspec.structs.replace(answer, proof=prove_answer(keys, request_message, answer))


def _frames() -> list[Frame]:
    challenge, head = named("challenge", 32), named("head", 32)
    void = VoidOp(1, "illegal-transition")
    entry = [named("op"), SOME_MS, DEALER, {40: "red"}, {}, False, b""]
    outcome = Outcome(nonce("second"), 3, "bad-field", 8, SOME_MS, [], 0)
    row = PageRow(8, record("vehicle"), DEALER, 8, [entry], [SettledRow(5, entry, named("op 2"))], is_evicted=False)
    keys = (HUB_KEY.public, exchange_key("hub"), key("export").public)
    return [
        *_enrolment(KEYS),
        HubCard(1, HUB, HUB_EPOCH, *keys, 1, 1, SOME_MS, challenge),
        HelloRequest(
            version=1,
            challenge=challenge,
            dealer_id=DEALER,
            node_id=NODE,
            epoch=EPOCH,
            epoch_ordinal=1,
            head_seq=3,
            head_hash=head,
            hub_epoch=HUB_EPOCH,
            cursor=7,
            unsent_sets=2,
            oldest_unsent_ms=SOME_MS,
            wall_ms=SOME_MS,
            schema=1,
            software="carnet-node 0.1.0",
            closed=[EpochHead(named("closed epoch", 8), 0, 2, named("closed head", 32))],
        ),
        HelloAnswer(
            version=1,
            challenge=challenge,
            node_id=NODE,
            situation=1,
            hub_epoch=HUB_EPOCH,
            position=9,
            held_seq=3,
            held_hash=head,
            lost_sets=[LostSet(b"message", b"opening", b"receipt")],
            own_epochs=[EpochHead(EPOCH, 1, 3, head)],
            clock_offset_ms=-1500,
            backup_position=5,
            hub_epochs=[HubEpoch(HUB_EPOCH, 0, 0)],
            token=named("token", 32),
            token_expires_ms=SOME_MS + 900_000,
            now_ms=SOME_MS,
        ),
        Receipt(1, HUB_EPOCH, NODE, EPOCH, 1, nonce("first"), named("set", 32), 1, None, 8, SOME_MS, [void], 2),
        Page(1, HUB_EPOCH, DEALER, NODE, 0, 8, 9, True, [row], [outcome], [HubSet(6, SOME_MS, b"message", b"")]),
        *_recovery(),
        ExcludedPage(
            1,
            HUB_EPOCH,
            DEALER,
            NODE,
            0,
            True,
            [ExcludedSet(12, named("stolen node"), SOME_MS, b"message", b"opening")],
        ),
        *_look_up(challenge, row),
    ]


def _look_up(challenge: bytes, row: PageRow) -> tuple[LookUpRequest, LookUpAnswer]:
    car = LookedUpCar(named("car"), False, True, 1, 1, 3)
    return (
        LookUpRequest(1, challenge, DEALER, NODE, "plate", "湘A12345", "at_desk", named("customer"), None),
        LookUpAnswer(1, challenge, NODE, 9, SOME_MS, False, [car], [row]),
    )


def _recovery() -> tuple[RecoverRequest, RecoverAnswer]:
    keys = recovery_keys(SECRET)
    request = RecoverRequest(1, keys.code_id, NODE, named("wrapped for the hub", 80), bytes(32))
    request = msgspec.structs.replace(request, proof=prove_request(keys, HUB_KEY.public, request))
    message = seal_envelope(cbor.encode_frame(request), Purpose.ENROL, HUB, NODE_KEY)
    answer = RecoverAnswer(1, NODE, named("wrapped for the node", 80), bytes(32))
    return request, msgspec.structs.replace(answer, proof=prove_answer(keys, message, answer))
