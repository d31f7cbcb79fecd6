"""What an operator has asked for, read once: which targets, which secrets, how often.

Decides names, ranges and what belongs together. Where nothing is asked for, nothing is done: `is_on` says so.
"""

from dataclasses import dataclass, field

import msgspec

from carnet_storage.core.failures import PlanWrong
from carnet_storage.core.targets import FolderTarget, S3Target, SftpTarget, Target, parse_target


@dataclass(frozen=True, slots=True)
class Secrets:
    """Access to a store; empty for a folder."""

    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where backups go.

    Attributes:
        replicate_to: every commit, by Litestream; None for not at all.
        copy_to: encrypted copies; None for not at all.
        passphrase: that copies are sealed with; None for the data key of the installation.
        copy_every_ms: between two copies.
        copies_kept_days: older copies are removed.
        sync_interval_ms: how often Litestream sends; 1,000 or more for stores that bill requests.
        is_folder_elsewhere: a folder target lies on another machine (a mounted share).
    """

    replicate_to: Target | None = None
    copy_to: FolderTarget | S3Target | None = None
    secrets: Secrets = Secrets()
    passphrase: str | None = field(default=None, repr=False)
    copy_every_ms: int = 3600 * 1000
    copies_kept_days: int = 30
    sync_interval_ms: int = 1_000
    is_folder_elsewhere: bool = False

    @property
    def is_on(self) -> bool:
        """Whether anything is asked for."""
        return self.replicate_to is not None or self.copy_to is not None

    def is_elsewhere(self, target: Target) -> bool:
        """Whether what lies at a target survives the loss of this machine."""
        return target.is_elsewhere or self.is_folder_elsewhere


def replication_target(line: str) -> Target | None:
    """The target of Litestream; None for an empty line.

    Raises:
        PlanWrong: see `parse_target`.
    """
    return parse_target(line) if line else None


def copy_target(line: str) -> FolderTarget | S3Target | None:
    """The target of encrypted copies; None for an empty line.

    Raises:
        PlanWrong: see `parse_target`, or SFTP, which only Litestream speaks.
    """
    target = parse_target(line) if line else None
    if isinstance(target, SftpTarget):
        raise PlanWrong("Encrypted copies cannot go to SFTP.", "Name a folder or an S3 store for them.")
    return target


def parse_secrets(content: bytes) -> Secrets:
    """Read a secrets file: a JSON object with `access_key_id` and `secret_access_key`.

    Raises:
        PlanWrong: it is something else; its content is never shown.
    """
    try:
        return msgspec.json.decode(content, type=Secrets)
    except msgspec.DecodeError as error:
        raise PlanWrong(
            "The secrets file is not what it should be.",
            'Write {"access_key_id": "...", "secret_access_key": "..."} and set its mode to 600.',
        ) from error
