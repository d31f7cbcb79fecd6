"""Getting a lost machine's data key through the hub: the question, and whether the answer may be believed.

Decides what this node sends and what it accepts. The lost machine had wrapped its data key for the hub; this node sends
that copy back with proof that it knows a one-time code, and gets the key wrapped for itself. Does not open or write a
key (`adapters.recovery`).
"""

import msgspec

from carnet_node.core.records import Identity
from carnet_protocol.enrolment import EnrolCode, check_answer, prove_request
from carnet_protocol.envelope import Purpose, Signer, key_id_of
from carnet_protocol.errors import NotAuthentic
from carnet_protocol.messages import MESSAGE_VERSION, RecoverAnswer, RecoverRequest, open_frame, sign_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.recovery import recovery_keys


def draft_recovery(identity: Identity, signer: Signer, code: EnrolCode, wrapped: bytes) -> bytes:
    """The signed question.

    Args:
        code: from the operator, made for a recovery.
        wrapped: the lost machine's `data.hub`.

    Raises:
        NotAuthentic: the code was made by another hub; nothing was sent.
    """
    if key_id_of(identity.hub_signing_key) != code.fingerprint:
        raise NotAuthentic(Reason.BAD_CODE, "made by another hub than this node's")
    keys = recovery_keys(code.secret)
    unproved = RecoverRequest(MESSAGE_VERSION, keys.code_id, identity.node_id, wrapped, bytes(32))
    proof = prove_request(keys, identity.hub_signing_key, unproved)
    return sign_frame(msgspec.structs.replace(unproved, proof=proof), Purpose.ENROL, identity.hub_id, signer)


def accept_recovery(identity: Identity, code: EnrolCode, asked: bytes, answered: bytes) -> bytes:
    """The data key as the hub has wrapped it for this node.

    Args:
        asked: the question as it was sent.
        answered: what came back.

    Raises:
        Malformed: no answer.
        NotAuthentic: not the hub's, not to this question, or for another node.
    """
    answer = open_frame(answered, RecoverAnswer, identity.hub_signing_key, Purpose.ENROL, identity.hub_id)
    check_answer(recovery_keys(code.secret), asked, answer)
    if answer.node_id != identity.node_id:
        raise NotAuthentic(Reason.BAD_PROOF, "an answer for another node")
    return answer.wrapped
