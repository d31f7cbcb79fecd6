"""What an operator may set: one frozen value, from `CARNET_NODE_*` variables or a `.env` file beside the data.

Decides names, defaults and ranges. Nothing else in the node reads the environment. What belongs to a site (hub
address, keys, identity) is not a setting: it is stored at enrolment.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from carnet_protocol.vin import VinPolicy
from carnet_storage.settings import BackupSettings


class SettingsWrong(Exception):
    """A setting has a value outside its range; `args[0]` names the variables."""


class NodeSettings(BackupSettings):
    """Everything that may differ between two installations of the node; `BackupSettings` names what is about backups.

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
