"""Why something was refused or parked: the closed catalogue of reason codes.

Decides the codes that travel in verdicts, HTTP problems and CLI output, and the three sentences a person gets with
each: what happened, what is safe, what to do next. Does not decide who refuses what (see `errors`, and the hub's
admission). A code is never renamed and never reused; docs/spec/errors.md is generated from this table.

    >>> explain(Reason.GAP).safe
    'Everything the hub has already acknowledged is unaffected.'
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """One code per cause; the text is `explain(reason)`."""

    MALFORMED = "malformed"
    TRAILING_BYTES = "trailing-bytes"
    DUPLICATE_KEY = "duplicate-key"
    TOO_DEEP = "too-deep"
    FORBIDDEN_TYPE = "forbidden-type"
    TOO_LARGE = "too-large"
    TOO_MANY_OPS = "too-many-ops"
    BAD_SIGNATURE = "bad-signature"
    UNKNOWN_KEY = "unknown-key"
    WRONG_HUB = "wrong-hub"
    UNKNOWN_NODE = "unknown-node"
    SUSPENDED_NODE = "suspended-node"
    REPLACED_KEY = "replaced-key"
    SUPERSEDED_EPOCH = "superseded-epoch"
    GAP = "gap"
    FORK = "fork"
    NONCE_REUSED = "nonce-reused"
    SCHEMA_TOO_NEW = "schema-too-new"
    SCHEMA_TOO_OLD = "schema-too-old"
    UNKNOWN_KIND = "unknown-kind"
    BAD_FIELD = "bad-field"
    FOREIGN_RECORD = "foreign-record"
    HUB_ONLY = "hub-only"
    OPENING_MISMATCH = "opening-mismatch"
    OPENING_MISSING = "opening-missing"
    UNKNOWN_BASE = "unknown-base"
    TOO_MANY_HEADS = "too-many-heads"
    ILLEGAL_TRANSITION = "illegal-transition"
    BASE_LOST = "base-lost"
    EXCLUDED = "excluded"
    INTERNAL = "internal"
    BAD_VIN = "bad-vin"
    BAD_CODE = "bad-code"
    CODE_USED = "code-used"
    CODE_EXPIRED = "code-expired"
    BAD_PROOF = "bad-proof"
    STALE_CHALLENGE = "stale-challenge"
    BAD_TOKEN = "bad-token"
    BAD_BUNDLE = "bad-bundle"
    BAD_SEGMENT = "bad-segment"
    HUB_EPOCH_CHANGED = "hub-epoch-changed"
    HUB_BEHIND = "hub-behind"
    NOT_FOUND = "not-found"
    BUSY = "busy"
    OLDER_LISTS = "older-lists"
    LOOK_UP_REASON = "look-up-reason"
    TOO_MANY_LOOK_UPS = "too-many-look-ups"
    NO_LONGER_FOLLOWED = "no-longer-followed"


@dataclass(frozen=True, slots=True)
class ReasonText:
    """Three sentences for a person. English is the source language; catalogues translate them."""

    what: str
    safe: str
    next: str


_NOTHING_CHANGED: Final = "Nothing was changed."
_KEPT_AT_NODE: Final = "The work is kept on the dealer's node and shown there as not yet accepted."

_TEXTS: Final[dict[Reason, ReasonText]] = {
    Reason.MALFORMED: ReasonText(
        "The bytes are not a message of this protocol.", _NOTHING_CHANGED, "Send it again; if it repeats, run `doctor`."
    ),
    Reason.TRAILING_BYTES: ReasonText(
        "Bytes follow the end of the message.",
        _NOTHING_CHANGED,
        "Send it again; a proxy or a stick may have damaged it.",
    ),
    Reason.DUPLICATE_KEY: ReasonText(
        "A map names one key twice.", _NOTHING_CHANGED, "Update the software that produced it."
    ),
    Reason.TOO_DEEP: ReasonText(
        "The message nests deeper than 8 levels.", _NOTHING_CHANGED, "Update the software that produced it."
    ),
    Reason.FORBIDDEN_TYPE: ReasonText(
        "The message holds a float, a tag or another type the protocol does not use.",
        _NOTHING_CHANGED,
        "Update the software that produced it.",
    ),
    Reason.TOO_LARGE: ReasonText(
        "The message is larger than the protocol allows.", _NOTHING_CHANGED, "Split the work into smaller steps."
    ),
    Reason.TOO_MANY_OPS: ReasonText(
        "One change set holds more than 500 changes.", _NOTHING_CHANGED, "Split the work into smaller steps."
    ),
    Reason.BAD_SIGNATURE: ReasonText(
        "The signature does not match: altered on the way, made for another purpose, or signed by another key.",
        _NOTHING_CHANGED,
        "Send the original again; if it repeats, ask the hub operator to look at this node.",
    ),
    Reason.UNKNOWN_KEY: ReasonText(
        "No enrolled node has the key that signed this.",
        _NOTHING_CHANGED,
        "Enrol this node with a new code; if it was enrolled before, with `carnet-node enrol --recover`.",
    ),
    Reason.WRONG_HUB: ReasonText(
        "The message was made for another hub.", _NOTHING_CHANGED, "Check the hub address in the settings."
    ),
    Reason.UNKNOWN_NODE: ReasonText(
        "The hub does not know this node.", _KEPT_AT_NODE, "Enrol this node with a new code."
    ),
    Reason.SUSPENDED_NODE: ReasonText(
        "The hub has suspended this dealer or this node.", _KEPT_AT_NODE, "Call the hub operator."
    ),
    Reason.REPLACED_KEY: ReasonText(
        "This node has changed its key since, and the newer key is not on this machine.",
        _KEPT_AT_NODE,
        "Put the newest key files of this node back; if they are lost, go on with `carnet-node enrol --recover`.",
    ),
    Reason.SUPERSEDED_EPOCH: ReasonText(
        "Another copy of this node has taken over.",
        "What this copy recorded is kept here and can be handed over.",
        "Stop writing on this machine and call the hub operator.",
    ),
    Reason.GAP: ReasonText(
        "An earlier change set of this node has not arrived yet.",
        "Everything the hub has already acknowledged is unaffected.",
        "Nothing: the node sends the missing ones first.",
    ),
    Reason.FORK: ReasonText(
        "Two different change sets carry the same number: this node's database was restored or copied.",
        "Both are kept as evidence; nothing is overwritten.",
        "Nothing on the node: it opens a new epoch and sends the rest again.",
    ),
    Reason.NONCE_REUSED: ReasonText(
        "A change set reuses the identity of another with different content.",
        "The first one stands; both bodies are kept.",
        "Ask the hub operator to look at this node.",
    ),
    Reason.SCHEMA_TOO_NEW: ReasonText(
        "The change set was written by a newer version than the hub runs.", _KEPT_AT_NODE, "Update the hub."
    ),
    Reason.SCHEMA_TOO_OLD: ReasonText(
        "The change set was written by a version the hub no longer reads.", _KEPT_AT_NODE, "Update the node."
    ),
    Reason.UNKNOWN_KIND: ReasonText(
        "The change set holds a kind of record the hub does not know.",
        "It is parked at the hub, complete and unread.",
        "Update the hub, then release it.",
    ),
    Reason.BAD_FIELD: ReasonText(
        "A field has a value outside what the registry allows.", _KEPT_AT_NODE, "Correct the field and save again."
    ),
    Reason.FOREIGN_RECORD: ReasonText(
        "The record belongs to another dealer site.", _KEPT_AT_NODE, "Ask that site, or the hub operator, to change it."
    ),
    Reason.HUB_ONLY: ReasonText(
        "Only the hub may write this kind of record.", _KEPT_AT_NODE, "Ask the hub operator to make the change."
    ),
    Reason.OPENING_MISMATCH: ReasonText(
        "The personal values do not match what was signed.", _NOTHING_CHANGED, "Send the original again."
    ),
    Reason.OPENING_MISSING: ReasonText(
        "Personal values are missing and no erasure order explains it.", _NOTHING_CHANGED, "Send the original again."
    ),
    Reason.UNKNOWN_BASE: ReasonText(
        "The change builds on one the hub has not seen yet.",
        "It is parked at the hub and goes on by itself when the other arrives.",
        "Nothing for now; if the other is lost for good, the operator releases it with a reason.",
    ),
    Reason.TOO_MANY_HEADS: ReasonText(
        "Too many unresolved versions of one field.",
        "It is parked at the hub.",
        "Decide the open conflict of this record, then release it or enter it again.",
    ),
    Reason.ILLEGAL_TRANSITION: ReasonText(
        "The document cannot go from the state that was read to the state that was written.",
        "The rest of the change set counts.",
        "Open the document, look at its state and repeat the step.",
    ),
    Reason.BASE_LOST: ReasonText(
        "The change this one builds on was declared lost by the operator.",
        "This one counts as if it built on what was known before.",
        "Nothing.",
    ),
    Reason.EXCLUDED: ReasonText(
        "The change was excluded after a key was compromised.",
        "It is kept, without effect.",
        "Review it with the hub operator and enter it again if it was honest.",
    ),
    Reason.INTERNAL: ReasonText(
        "The hub failed on this change set for a reason of its own.",
        "It is parked at the hub, complete; the operator has an alarm.",
        "Nothing on the node; the operator looks at `quarantine why`.",
    ),
    Reason.BAD_VIN: ReasonText(
        "The vehicle identification number is not valid.", _NOTHING_CHANGED, "Compare it with the plate on the car."
    ),
    Reason.BAD_CODE: ReasonText(
        "The enrolment code is mistyped or does not belong to this hub.",
        _NOTHING_CHANGED,
        "Type it again from the letter; compare the hub address.",
    ),
    Reason.CODE_USED: ReasonText(
        "The enrolment code was already used, or tried too often.",
        _NOTHING_CHANGED,
        "Ask the hub operator for a new one.",
    ),
    Reason.CODE_EXPIRED: ReasonText(
        "The enrolment code is older than 72 hours.", _NOTHING_CHANGED, "Ask the hub operator for a new one."
    ),
    Reason.BAD_PROOF: ReasonText(
        "A proof does not hold: whoever sent it does not know the enrolment code, or does not hold the new key.",
        _NOTHING_CHANGED,
        "Do not go on: somebody may sit between node and hub. Call the hub operator.",
    ),
    Reason.STALE_CHALLENGE: ReasonText(
        "The hub's challenge has expired.", _NOTHING_CHANGED, "Nothing: the node asks for a new one."
    ),
    Reason.BAD_TOKEN: ReasonText("The session has expired.", _NOTHING_CHANGED, "Nothing: the node says hello again."),
    Reason.BAD_BUNDLE: ReasonText(
        "The bundle file is damaged, truncated or made for somebody else.",
        _NOTHING_CHANGED,
        "Copy the file again, or export a new one.",
    ),
    Reason.BAD_SEGMENT: ReasonText(
        "A recall list does not match its announced hash or count.",
        "The previous list stays in use, with its age shown.",
        "Nothing: the node fetches it again.",
    ),
    Reason.HUB_EPOCH_CHANGED: ReasonText(
        "The hub was restored from a backup.",
        "What this node holds is complete.",
        "Nothing: the node offers again what the hub lost.",
    ),
    Reason.HUB_BEHIND: ReasonText(
        "The hub knows less than it has told this node: it was restored, and nobody has said so yet.",
        "What this node holds is complete, and is kept for the hub.",
        "Nothing on the node; the hub operator runs `carnet-hub restored`.",
    ),
    Reason.NOT_FOUND: ReasonText("There is nothing under this name.", _NOTHING_CHANGED, "Check the name or number."),
    Reason.BUSY: ReasonText(
        "The database is in use or cannot be reached at the moment.", _NOTHING_CHANGED, "Try again in a moment."
    ),
    Reason.OLDER_LISTS: ReasonText(
        "The recall lists that were offered are older than those in use.",
        "The newer lists stay in use, with their date shown.",
        "Nothing; if it repeats, the hub operator runs `recalls lists` at the hub.",
    ),
    Reason.LOOK_UP_REASON: ReasonText(
        "The look-up names a reason that is not on the list.",
        "No car was shown; that somebody asked is written down.",
        "Choose one of the reasons: at the desk, towed in, by telephone, or a recall.",
    ),
    Reason.TOO_MANY_LOOK_UPS: ReasonText(
        "This site has looked up more cars than a workshop meets.",
        "No car was shown; what this site has recorded is unaffected.",
        "Wait and try again; if the work needs more, call the hub operator.",
    ),
    Reason.NO_LONGER_FOLLOWED: ReasonText(
        "This site had taken the car on for a time, and that time is over.",
        "The work is kept at the hub as a proposal, and on the dealer's node as not yet accepted.",
        "Look the car up again and record the visit; or ask the hub operator to release the proposal.",
    ),
}


def explain(reason: Reason) -> ReasonText:
    """The three sentences of a reason.

    Returns: the text; every code has one (a test walks the enum).
    """
    return _TEXTS[reason]
