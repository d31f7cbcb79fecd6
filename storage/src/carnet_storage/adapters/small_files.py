"""Small files: secrets, passphrases, status; read with a bound, and refused when others may read them."""

from pathlib import Path
from typing import Final

from carnet_storage.adapters.system import mode_of, replace_file
from carnet_storage.core.failures import PlanWrong
from carnet_storage.core.limits import SECRETS_BYTES_MAX, STATUS_BYTES_MAX
from carnet_storage.core.plan import Secrets, parse_secrets
from carnet_storage.core.status import BackupStatus, decode_status, encode_status

STATUS_FILE: Final = "status.json"


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
    return decode_status(content[:STATUS_BYTES_MAX])


def write_status(folder: Path, status: BackupStatus) -> None:
    """Leave it for the others."""
    replace_file(folder / STATUS_FILE, encode_status(status))


def _read_private(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as source:
            content = source.read(SECRETS_BYTES_MAX + 1)
        mode = mode_of(path)
    except OSError as error:
        raise PlanWrong(f"The {what} {path} cannot be read.", "Name a file that is there.") from error
    if len(content) > SECRETS_BYTES_MAX:
        raise PlanWrong(f"The {what} {path} is too long.", "Name the right file.")
    if mode & 0o077:
        raise PlanWrong(f"Others may read the {what} {path}.", "Set its mode to 600.")
    return content
