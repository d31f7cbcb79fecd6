"""What the core asks of storage about the people at this node's desk.

Decides the contracts only. All of it belongs to one node: nothing here is folded, sealed or sent.
"""

from typing import Protocol

from carnet_node.core.local_facts import AccessEntry, Credential, FormDraft, LoginFailures, NotSame, StaffSession
from carnet_protocol.ids import RecordId


class PasswordHasher(Protocol):
    """A slow, salted hash of passwords."""

    def hash(self, password: str) -> str:
        """Encoded with salt and parameters."""

    def verify(self, encoded: str, password: str) -> bool:
        """Whether the password belongs to the hash; a hash that is none never does."""

    def is_outdated(self, encoded: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""

    @property
    def nobody(self) -> str:
        """A hash that no password belongs to, and that costs as much to verify as any other."""


class LocalReads(Protocol):
    """What is known about the people at this desk, in one snapshot."""

    def credential(self, staff: RecordId) -> Credential | None:
        """How somebody proves who they are here."""

    def credentials(self) -> list[Credential]:
        """All of them."""

    def login_failures(self, name_hash: bytes) -> LoginFailures | None:
        """Wrong passwords under a name."""

    def session(self, token_hash: bytes) -> StaffSession | None:
        """One session, ended by time or not."""

    def sessions_of(self, staff: RecordId) -> list[StaffSession]:
        """Sessions of one person, newest first."""

    def draft(self, staff: RecordId, form: str) -> FormDraft | None:
        """What somebody has typed into a form."""

    def drafts_of(self, staff: RecordId) -> list[FormDraft]:
        """Everything somebody has typed and not saved, newest first."""

    def accesses(self, staff: RecordId | None, since_ms: int, limit: int) -> list[AccessEntry]:
        """The access log from a moment on, newest first; of one person, or of everybody for None."""

    def not_same_with(self, record: RecordId) -> list[NotSame]:
        """What was said about a record."""


class LocalWrites(LocalReads, Protocol):
    """As `LocalReads`, inside a transaction that may change it."""

    def put_credential(self, credential: Credential) -> None:
        """Insert or replace."""

    def drop_credential(self, staff: RecordId) -> None:
        """Nobody logs in under this name any more."""

    def put_login_failures(self, failures: LoginFailures, kept_max: int) -> None:
        """Insert or replace. Of names that nobody has, the newest `kept_max` are kept; staff names all are."""

    def drop_login_failures(self, name_hash: bytes) -> None:
        """A success, or a reset."""

    def put_session(self, session: StaffSession) -> None:
        """Insert or replace."""

    def drop_session(self, token_hash: bytes) -> None:
        """The session is over."""

    def drop_sessions_of(self, staff: RecordId) -> None:
        """All sessions of one person are over."""

    def drop_sessions_before(self, opened_ms: int) -> None:
        """Sessions opened before a moment are over."""

    def drop_sessions(self) -> None:
        """Everybody has to log in again."""

    def put_draft(self, draft: FormDraft) -> None:
        """Insert or replace; encrypted at rest."""

    def drop_draft(self, staff: RecordId, form: str) -> None:
        """It was saved, or given up."""

    def drop_drafts_before(self, saved_ms: int) -> None:
        """Old drafts are forgotten."""

    def drop_drafts_about(self, record: RecordId) -> None:
        """The record was erased."""

    def add_access(self, entry: AccessEntry, forget_before_ms: int) -> None:
        """Append to the access log; older entries than a moment go."""

    def put_not_same(self, decision: NotSame) -> None:
        """Remember a decision."""

    def drop_not_same(self, first: RecordId, second: RecordId) -> None:
        """Forget it; the two are given in ascending order."""
