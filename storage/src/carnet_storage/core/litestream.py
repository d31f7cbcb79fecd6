"""What Litestream is told: its configuration and its environment.

Decides both, and that nothing else of the parent's environment reaches it: a variable such as AWS_CA_BUNDLE keeps it
from starting. Secrets travel in the environment of the child, never in a file or an argument. The configuration is
JSON, which is YAML.

Source: Litestream 0.5 configuration reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, assert_never

import msgspec

from carnet_storage.core.failures import CopyDamaged
from carnet_storage.core.limits import HISTORY_H, SNAPSHOT_EVERY_H
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import FolderTarget, Place, S3Target, SftpTarget, Target

_KEPT: Final = (
    "HOME",
    "HTTPS_PROXY",
    "LANG",
    "NO_PROXY",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "https_proxy",
    "no_proxy",
)


@dataclass(frozen=True, slots=True)
class Files:
    """Where a supervised Litestream keeps its things.

    Attributes:
        socket: Unix socket, at most 103 characters.
        state: its local state; may be removed while it does not run.
    """

    database: Path
    config: Path
    socket: Path
    state: Path


def configuration(
    files: Files, target: Target, place: Place, *, sync_interval_ms: int, host_key: str | None = None
) -> bytes:
    """The configuration of one replicated database.

    Args:
        host_key: public key of an SFTP server, one line.
    """
    interval = f"{sync_interval_ms}ms"
    replica = replica_settings(target, place) | {"sync-interval": interval}
    if host_key is not None:
        replica |= {"host-key": host_key}
    return msgspec.json.encode(
        {
            "socket": {"enabled": True, "path": str(files.socket), "permissions": 0o600},
            "logging": {"level": "warn", "type": "json", "stderr": True},
            "snapshot": {"interval": f"{SNAPSHOT_EVERY_H}h", "retention": f"{HISTORY_H}h"},
            "dbs": [
                {
                    "path": str(files.database),
                    "meta-path": str(files.state),
                    "monitor-interval": interval,
                    "replica": replica,
                }
            ],
        }
    )


def replica_settings(target: Target, place: Place) -> dict[str, Any]:
    """How Litestream reaches one replica."""
    match target:
        case FolderTarget():
            return {"type": "file", "path": str(target.path / place.replica_path)}
        case S3Target():
            path = f"{target.prefix}/{place.replica_path}" if target.prefix else place.replica_path
            settings: dict[str, Any] = {"type": "s3", "bucket": target.bucket, "path": path, "region": target.region}
            if target.endpoint is not None:
                settings |= {"endpoint": target.endpoint, "force-path-style": True}
            return settings
        case SftpTarget():
            return {
                "type": "sftp",
                "host": f"{target.host}:{target.port}",
                "user": target.user,
                "path": f"{target.path}/{place.replica_path}",
                "key-path": str(target.key_path),
            }
        case _:
            assert_never(target)


def child_environment(parent: Mapping[str, str], secrets: Secrets) -> dict[str, str]:
    """The environment of the child: what it needs, the secrets, and nothing else."""
    environment = {name: parent[name] for name in _KEPT if name in parent}
    if secrets.access_key_id:
        environment["LITESTREAM_ACCESS_KEY_ID"] = secrets.access_key_id
        environment["LITESTREAM_SECRET_ACCESS_KEY"] = secrets.secret_access_key
    return environment


class Piece(msgspec.Struct, frozen=True):
    """One file of a replica, as `litestream ltx` lists it."""

    level: int
    min_txid: str
    max_txid: str
    size: int
    timestamp: str


def parse_pieces(output: bytes) -> list[Piece]:
    """What `litestream ltx -json -level all` says.

    Raises:
        CopyDamaged: it says something else.
    """
    try:
        return msgspec.json.decode(output or b"[]", type=list[Piece])
    except msgspec.DecodeError as error:
        raise CopyDamaged("of Litestream", "its list of files cannot be read") from error
