"""Small files: secrets, passphrases, status. Written as a whole, private and durable; read with a bound."""

import os
import stat
from pathlib import Path
from typing import Final

from carnet_storage.core.failures import PlanWrong
from carnet_storage.core.limits import SECRETS_BYTES_MAX
from carnet_storage.core.plan import Secrets, parse_secrets
from carnet_storage.core.status import BackupStatus, decode_status, encode_status

STATUS_FILE: Final = "status.json"
PRIVATE_MODE: Final = 0o600
PRIVATE_FOLDER_MODE: Final = 0o700
_STATUS_BYTES_MAX: Final = 64 * 1024


def read_secrets(path: Path) -> Secrets:
    """The secrets file.

    Raises:
        PlanWrong: missing, open to others, or not what it should be.
    """
    return parse_secrets(_read_private(path, "secrets file"))


def read_passphrase(path: Path) -> str:
    """The first line of a passphrase file.

    Raises:
        PlanWrong: missing, open to others, or empty.
    """
    lines = _read_private(path, "passphrase file").decode(errors="replace").splitlines()
    if not lines or not lines[0].strip():
        raise PlanWrong(f"The passphrase file {path} is empty.", "Write the passphrase on its first line.")
    return lines[0].strip()


def read_status(folder: Path) -> BackupStatus | None:
    """What the serving process has left; None when it left nothing."""
    try:
        content = (folder / STATUS_FILE).read_bytes()
    except OSError:
        return None
    return decode_status(content[:_STATUS_BYTES_MAX])


def write_status(folder: Path, status: BackupStatus) -> None:
    """Leave it for the others."""
    replace_file(folder / STATUS_FILE, encode_status(status))


def replace_file(path: Path, content: bytes) -> None:
    """Put content in place of a file: a reader sees the old one or the new one.

    Raises:
        OSError: not writable; the old file is unchanged.
    """
    path.parent.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_MODE)
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_private(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as source:
            content = source.read(SECRETS_BYTES_MAX + 1)
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise PlanWrong(f"The {what} {path} cannot be read.", "Name a file that is there.") from error
    if len(content) > SECRETS_BYTES_MAX:
        raise PlanWrong(f"The {what} {path} is too long.", "Name the right file.")
    if os.name != "nt" and mode & 0o077:
        raise PlanWrong(f"Others may read the {what} {path}.", "Set its mode to 600.")
    return content
