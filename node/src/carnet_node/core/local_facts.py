"""What a node keeps for itself about the people at its desk: plain values that never sync and are in no bundle.

Decides their shape only: credentials, sessions, wrong passwords, drafts of forms, the access log, and decisions that
two records are not the same. What follows from them is decided in `login`, `browser_sessions`, `form_drafts` and
`access_log`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_protocol.ids import RecordId


@dataclass(frozen=True, slots=True)
class Credential:
    """How a member of staff proves who they are at this node.

    Attributes:
        password_hash: Argon2id in its encoded form, with salt and parameters; empty before a password was chosen.
        code_hash: SHA-256 of the one-time start code; empty for none.
        code_until_ms: when that code ends.
    """

    staff: RecordId
    password_hash: str
    code_hash: bytes
    code_until_ms: int
    changed_ms: int


KNOWN_NAME: Final = b"\x01"
INVENTED_NAME: Final = b"\x00"
"""First byte of the hash of a name on the staff list, and of any other: those others are forgotten first."""


@dataclass(frozen=True, slots=True)
class LoginFailures:
    """Attempts under one name that did not succeed, whether anybody has that name or not.

    Attributes:
        name_hash: SHA-256 of the name as folded, its first byte replaced by `KNOWN_NAME` or `INVENTED_NAME`.
        count: since the last success.
    """

    name_hash: bytes
    count: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class StaffSession:
    """One member of staff at one browser.

    Attributes:
        token_hash: SHA-256 of what the browser holds.
        seen_ms: about when the last request came.
        is_locked: the screen asks for the password.
    """

    token_hash: bytes
    staff: RecordId
    opened_ms: int
    seen_ms: int
    is_locked: bool


@dataclass(frozen=True, slots=True)
class FormDraft:
    """What somebody has typed into a form and not saved.

    Attributes:
        form: which form, and of which record; holds nothing personal.
        record: the record it is about; None for a new one.
        fields: names and values as the browser would send them.
        heads: what the form was rendered from, as `heads` writes it; empty for a new record.
    """

    staff: RecordId
    form: str
    record: RecordId | None
    fields: Mapping[str, tuple[str, ...]]
    heads: str
    saved_ms: int


class Access(StrEnum):
    """How somebody came to see values of many customers, or one they had to ask for."""

    VIEWED = "viewed"
    EXPORTED = "exported"
    PRINTED = "printed"
    SHOWN = "shown"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """Somebody saw or took out values.

    Attributes:
        staff: None for the operator of this machine.
        subject: the list, or the kind of record; never a name or a number.
        row_count: how many rows.
    """

    staff: RecordId | None
    access: Access
    subject: str
    row_count: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class NotSame:
    """Somebody at this desk said that two records are two.

    Attributes:
        first, second: ascending.
    """

    first: RecordId
    second: RecordId
    staff: RecordId | None
    at_ms: int
