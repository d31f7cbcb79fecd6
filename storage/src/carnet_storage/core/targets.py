"""Where backups go: a folder, an S3 store or an SFTP server, read once from one line of settings.

Decides what a target line means and what people may see of it. A secret never stands in the line: it comes from a file.

    /mnt/second-disk/carnet                                                      a folder (an absolute path)
    s3://bucket/prefix?endpoint=https://store.example&region=eu-west-1
    sftp://user@host:22/path?key=/etc/carnet/backup_key&host-key=/etc/carnet/backup_host.pub

Replicas of one database lie under `<source>/epoch-<ordinal>`: after a restore the epoch is another one, so two machines
never write to one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from carnet_storage.core.failures import PlanWrong

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_SFTP_PORT: Final = 22


@dataclass(frozen=True, slots=True)
class FolderTarget:
    """A folder of this machine: a second disk or a mounted share."""

    path: Path

    @property
    def shown(self) -> str:
        """For people."""
        return str(self.path)

    @property
    def is_elsewhere(self) -> bool:
        """Whether a copy there survives the loss of this machine; a folder may lie on the same disk."""
        return False


@dataclass(frozen=True, slots=True)
class S3Target:
    """A bucket of an S3 store.

    Attributes:
        prefix: without slashes at its ends; may be empty.
        endpoint: None for Amazon itself.
    """

    bucket: str
    prefix: str
    endpoint: str | None
    region: str

    @property
    def shown(self) -> str:
        """For people."""
        where = f" at {self.endpoint}" if self.endpoint else ""
        return f"s3://{self.bucket}/{self.prefix}{where}"

    @property
    def is_elsewhere(self) -> bool:
        """Whether a copy there survives the loss of this machine."""
        return True


@dataclass(frozen=True, slots=True)
class SftpTarget:
    """A folder on an SFTP server; the server's key is pinned."""

    host: str
    port: int
    user: str
    path: str
    key_path: Path
    host_key_path: Path

    @property
    def shown(self) -> str:
        """For people."""
        return f"sftp://{self.user}@{self.host}:{self.port}/{self.path}"

    @property
    def is_elsewhere(self) -> bool:
        """Whether a copy there survives the loss of this machine."""
        return True


Target = FolderTarget | S3Target | SftpTarget


@dataclass(frozen=True, slots=True)
class Place:
    """Whose backup it is.

    Attributes:
        source: id of the node or hub as hexadecimal text.
        ordinal: of its present epoch, 1 or more.
    """

    source: str
    ordinal: int

    @property
    def replica_path(self) -> str:
        """Below a target: no two epochs of one source share a replica."""
        return f"{self.source}/epoch-{self.ordinal}"


def parse_target(line: str) -> Target:
    """Read one line of settings.

    Raises:
        PlanWrong: with what is missing or not allowed.
    """
    if "://" not in line:
        path = Path(line)
        if not path.is_absolute():
            raise PlanWrong(f"The backup folder {line} is not an absolute path.", "Write it from the root on.")
        return FolderTarget(path)
    parts = urlsplit(line)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    match parts.scheme:
        case "s3":
            return _s3(parts, options)
        case "sftp":
            return _sftp(parts, options)
        case _:
            raise PlanWrong(f"Backups cannot go to {parts.scheme}://.", "Use a folder, s3://... or sftp://...")


def _s3(parts: SplitResult, options: Mapping[str, str]) -> S3Target:
    _no_password(parts)
    if not parts.hostname:
        raise PlanWrong("The backup target names no bucket.", "Write s3://BUCKET/PREFIX?endpoint=...&region=...")
    _known(options, {"endpoint", "region"})
    endpoint = options.get("endpoint")
    if endpoint is not None:
        given = urlsplit(endpoint)
        is_near = given.scheme == "http" and given.hostname in _LOOPBACK
        if given.scheme != "https" and not is_near:
            raise PlanWrong(f"The store {given.hostname} would be spoken to in clear.", "Use an https:// endpoint.")
    return S3Target(parts.hostname, parts.path.strip("/"), endpoint, options.get("region", "us-east-1"))


def _sftp(parts: SplitResult, options: Mapping[str, str]) -> SftpTarget:
    _no_password(parts)
    _known(options, {"key", "host-key"})
    missing = [name for name in ("key", "host-key") if name not in options]
    if not parts.hostname or not parts.username or missing:
        lacking = ", ".join(missing) or "user or host"
        raise PlanWrong(f"The SFTP target lacks: {lacking}.", "Write sftp://USER@HOST:PORT/PATH?key=FILE&host-key=FILE")
    path = str(PurePosixPath(parts.path.lstrip("/") or "."))
    return SftpTarget(
        parts.hostname,
        parts.port or _SFTP_PORT,
        parts.username,
        path,
        Path(options["key"]),
        Path(options["host-key"]),
    )


def _no_password(parts: SplitResult) -> None:
    if parts.password is not None:
        raise PlanWrong("A backup target has a password in it.", "Put secrets into the secrets file.")


def _known(options: Mapping[str, str], allowed: set[str]) -> None:
    unknown = sorted(set(options) - allowed)
    if unknown:
        raise PlanWrong(
            f"A backup target has unknown options: {', '.join(unknown)}.", f"Known are {', '.join(sorted(allowed))}."
        )
