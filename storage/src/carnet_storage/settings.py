"""What an operator may set about backups: the same names, defaults and ranges for every program that makes them.

Decides no prefix: each program adds its own settings, and the name its variables begin with. What the values ask for,
`adapters.planning` reads; here no file is looked at.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from carnet_storage.core.limits import (
    COPIES_KEPT_DAYS_MAX,
    COPY_EVERY_MINUTES_MAX,
    COPY_EVERY_MINUTES_MIN,
    SYNC_MS_MAX,
    SYNC_MS_MIN,
)


class BackupSettings(BaseSettings):
    """Where backups of a data folder go, and how often.

    Attributes:
        data_dir: database, keys and the folder of the backups' own files.
        backup_replicate_to: where Litestream sends every commit: a folder that is there, s3:// or sftp://; empty for
            not at all.
        backup_copy_to: where encrypted copies go: a folder that is there, or s3://; empty for not at all.
        backup_secrets_file: access to an S3 store, mode 600.
        backup_passphrase_file: seal copies with its first line instead of the data key, mode 600.
        backup_copy_every_minutes, backup_copies_kept_days: how often, and for how long.
        backup_sync_ms: how often Litestream sends; a second or more for a store that bills requests.
        backup_folder_is_elsewhere: a folder target lies on another machine.
    """

    data_dir: Path
    backup_replicate_to: str = ""
    backup_copy_to: str = ""
    backup_secrets_file: Path | None = None
    backup_passphrase_file: Path | None = None
    backup_copy_every_minutes: Annotated[int, Field(ge=COPY_EVERY_MINUTES_MIN, le=COPY_EVERY_MINUTES_MAX)] = 60
    backup_copies_kept_days: Annotated[int, Field(ge=1, le=COPIES_KEPT_DAYS_MAX)] = 30
    backup_sync_ms: Annotated[int, Field(ge=SYNC_MS_MIN, le=SYNC_MS_MAX)] = 1_000
    backup_folder_is_elsewhere: bool = False

    @property
    def backup_dir(self) -> Path:
        """Status, locks and scratch files of backups; private."""
        return self.data_dir / "backup"

    @property
    def has_target(self) -> bool:
        """Whether backups are asked for at all."""
        return bool(self.backup_replicate_to or self.backup_copy_to)

    @property
    def is_replicated(self) -> bool:
        """Whether Litestream checkpoints, so that no connection of ours may."""
        return bool(self.backup_replicate_to)
