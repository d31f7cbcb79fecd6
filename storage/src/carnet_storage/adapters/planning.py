"""From settings to a plan: targets are read, and the small files they name. What it means is `core.plan`'s."""

from typing import Final

from carnet_storage.adapters.marking import require_same_target, require_target
from carnet_storage.adapters.small_files import read_passphrase, read_secrets
from carnet_storage.core.failures import PlanWrong, TargetMissing
from carnet_storage.core.plan import Plan, Secrets, copy_target, replication_target
from carnet_storage.core.status import Refusal, refusal_of
from carnet_storage.settings import BackupSettings

_MINUTE_MS: Final = 60_000


def plan_of(settings: BackupSettings) -> Plan:
    """What the settings ask for.

    Raises:
        PlanWrong: a target, secrets file or passphrase file cannot be used.
    """
    secrets_file, passphrase_file = settings.backup_secrets_file, settings.backup_passphrase_file
    return Plan(
        replicate_to=replication_target(settings.backup_replicate_to),
        copy_to=copy_target(settings.backup_copy_to),
        secrets=Secrets() if secrets_file is None else read_secrets(secrets_file),
        passphrase=None if passphrase_file is None else read_passphrase(passphrase_file),
        copy_every_ms=settings.backup_copy_every_minutes * _MINUTE_MS,
        copies_kept_days=settings.backup_copies_kept_days,
        sync_interval_ms=settings.backup_sync_ms,
        is_folder_elsewhere=settings.backup_folder_is_elsewhere,
    )


def missing_targets(settings: BackupSettings) -> list[Refusal]:
    """The folders that backups go to and that are not there now, or are others; each is told once.

    A target that cannot be read is left out: whoever uses it says so.
    """
    found: list[Refusal] = []
    try:
        replica, copies = replication_target(settings.backup_replicate_to), copy_target(settings.backup_copy_to)
    except PlanWrong:
        return found
    try:
        if replica is not None:
            require_same_target(settings.backup_dir, replica)
    except TargetMissing as gone:
        found.append(refusal_of(gone))
    try:
        if copies is not None:
            require_target(copies)
    except TargetMissing as gone:
        found += [one for one in (refusal_of(gone),) if one not in found]
    return found
