"""Commands on what a customer allows: contact preference and consent.

Decides how a wish of the customer is recorded. `do_not_contact` is restrictive: it shows as soon as one of several
concurrent versions says so, and goes only by a later statement that is based on it. A consent is a fact: given or
withdrawn at a moment, never edited; the latest statement that stands counts per purpose and channel.
"""

from dataclasses import dataclass

from carnet_node.core.commands.customers import AddPart, EditPart, Values, add_part, edit_part
from carnet_node.core.commands.drafting import Drafts, NewId, Read, draft_retraction
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CONSENT, CONTACT_PREFERENCE


@dataclass(frozen=True, slots=True)
class SetPreference:
    """How a customer wants to be contacted.

    Attributes:
        read: the preference on file, None when there was none.
    """

    customer: RecordId
    read: Read | None
    values: Values


@dataclass(frozen=True, slots=True)
class StateConsent:
    """What a customer said about one purpose: `purpose`, `channel`, `statement`, `stated_at`, `evidence`."""

    customer: RecordId
    values: Values


def set_preference(command: SetPreference, new_id: NewId) -> Drafts:
    """A new preference, or what changes of the one on file; no draft when nothing does.

    Raises:
        CommandRefused: a window with one end, or a value that is none.
    """
    if command.read is None:
        return add_part(AddPart(CONTACT_PREFERENCE, command.customer, command.values), new_id)
    return edit_part(EditPart(CONTACT_PREFERENCE, command.read, command.values))


def state_consent(command: StateConsent, new_id: NewId) -> Drafts:
    """Record a statement.

    Raises:
        CommandRefused: purpose, answer or moment is missing.
    """
    return add_part(AddPart(CONSENT, command.customer, command.values), new_id)


def retract_consent(read: Read, reason: str) -> Drafts:
    """Take back a statement that was recorded by mistake; a customer who changes their mind makes a new statement.

    Raises:
        CommandRefused: no reason, or retracted already.
    """
    return (draft_retraction(CONSENT, read, reason),)
