"""What an operator may set: one frozen value, from `CARNET_NODE_*` variables or a `.env` file beside the data.

Decides names, defaults and ranges. Nothing else in the node reads the environment. What belongs to a site (hub
address, keys, identity) is not a setting: it is stored at enrolment.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from carnet_protocol.vin import VinPolicy


class SettingsWrong(Exception):
    """A setting has a value outside its range; `args[0]` names the variables."""


class NodeSettings(BaseSettings):
    """Everything that may differ between two installations of the node.

    Attributes:
        data_dir: database, keys and marks live here.
        host, port: where `serve` listens. Anything but loopback needs `allow_lan`.
        allow_lan: other machines of the site may open the front desk.
        allowed_hosts: names under which browsers may reach the front desk, beside the loopback names; exact, without
            port.
        vin_policy: of the market; China is strict.
        utc_offset_minutes: of the site, for dates on documents.
        recall_stale_after_days: older recall data says "unknown".
        log_json: one JSON object a line instead of text for people.
        backup_replicate_to: where Litestream sends every commit: a folder, s3:// or sftp://; empty for not at all.
        backup_copy_to: where encrypted copies go: a folder or s3://; empty for not at all.
        backup_secrets_file: access to an S3 store, mode 600.
        backup_passphrase_file: seal copies with its first line instead of the data key, mode 600.
        backup_copy_every_minutes, backup_copies_kept_days: how often, and for how long.
        backup_sync_ms: how often Litestream sends; a second or more for a store that bills requests.
        backup_folder_is_elsewhere: a folder target lies on another machine.
    """

    model_config = SettingsConfigDict(env_prefix="CARNET_NODE_", frozen=True, extra="ignore")

    data_dir: Path = Path("carnet-node-data")
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8420
    allow_lan: bool = False
    allowed_hosts: tuple[str, ...] = ()
    vin_policy: VinPolicy = VinPolicy.STRICT
    utc_offset_minutes: Annotated[int, Field(ge=-12 * 60, le=14 * 60)] = 8 * 60
    recall_stale_after_days: Annotated[int, Field(ge=1, le=365)] = 7
    log_json: bool = False
    backup_replicate_to: str = ""
    backup_copy_to: str = ""
    backup_secrets_file: Path | None = None
    backup_passphrase_file: Path | None = None
    backup_copy_every_minutes: Annotated[int, Field(ge=5, le=7 * 24 * 60)] = 60
    backup_copies_kept_days: Annotated[int, Field(ge=1, le=3650)] = 30
    backup_sync_ms: Annotated[int, Field(ge=100, le=60_000)] = 1_000
    backup_folder_is_elsewhere: bool = False

    @field_validator("host")
    @classmethod
    def _is_address(cls, host: str) -> str:
        if host != "localhost":
            ipaddress.ip_address(host)
        return host

    @property
    def keys_dir(self) -> Path:
        """Keys, marks and locks; never replicated."""
        return self.data_dir / "keys"

    @property
    def backup_dir(self) -> Path:
        """Status, locks and scratch files of backups; private."""
        return self.data_dir / "backup"

    @property
    def is_replicated(self) -> bool:
        """Whether Litestream checkpoints, so that no connection of ours may."""
        return bool(self.backup_replicate_to)

    @property
    def database(self) -> Path:
        """The database file."""
        return self.data_dir / "node.db"

    @classmethod
    def load(cls, data_dir: Path | None = None) -> Self:
        """The settings of this process; a folder given on the command line wins.

        Raises:
            SettingsWrong: a variable has a value outside its range.
        """
        try:
            return cls() if data_dir is None else cls(data_dir=data_dir)
        except ValidationError as error:
            names = ", ".join(f"CARNET_NODE_{'_'.join(map(str, one['loc'])).upper()}" for one in error.errors())
            raise SettingsWrong(names) from error
