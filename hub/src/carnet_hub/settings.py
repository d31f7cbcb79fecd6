"""What an operator may set, as one frozen value read from `CARNET_HUB_*`.

Decides names, defaults and ranges; the command line overrides single ones. Who the hub is (its id, its keys, its
history) is no setting: it is made once by `init`.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from carnet_storage.settings import BackupSettings

LOOPBACK_NAMES: Final = frozenset({"localhost"})


class HubSettings(BackupSettings):
    """Everything that may differ between two installations of the hub; `BackupSettings` names what is about backups.

    Attributes:
        data_dir: keys, recall segments and, by default, the database.
        database_url: `sqlite:///FILE` or `postgresql://...`; empty for a SQLite file in `data_dir`.
        host, port: where `serve` listens.
        tls_cert, tls_key: PEM files; both or neither.
        behind_proxy: a proxy on a trusted network ends TLS, so clear HTTP is in order.
        workers: processes of `serve`; more than one needs PostgreSQL.
        busy_ms: how long a writer waits for the lock, 0 to 600,000.
        country: whose authority this hub's recalls are reported to, as its profiles and calendars name it; one hub
            serves one jurisdiction.
        counts_superseded: open pairs of a campaign that a later one supersedes are counted apart, where the authority's
            rule says so.
        log_json: one JSON object a line instead of text for people.
    """

    model_config = SettingsConfigDict(env_prefix="CARNET_HUB_", frozen=True, extra="ignore")

    data_dir: Path = Path("carnet-hub-data")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8700
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    busy_ms: Annotated[int, Field(ge=0, le=600_000)] = 15_000
    log_json: bool = False
    country: Annotated[str, Field(pattern="[a-z]{2}")] = "cn"
    counts_superseded: bool = False

    @property
    def keys_dir(self) -> Path:
        """Key files, apart from everything that is backed up."""
        return self.data_dir / "keys"

    @property
    def database_file(self) -> Path | None:
        """The SQLite file; None on PostgreSQL, whose backups are the administrator's."""
        scheme, _, path = self.url.partition(":///")
        return Path(path) if scheme == "sqlite" else None

    @property
    def is_replicated(self) -> bool:
        """Whether Litestream checkpoints, so that no connection of ours may; never on PostgreSQL."""
        return super().is_replicated and self.database_file is not None

    @property
    def segments_dir(self) -> Path:
        """Recall segments, named by hash."""
        return self.data_dir / "segments"

    @property
    def lists_dir(self) -> Path:
        """The lists that nodes hold; made anew when they are lost, so in no backup."""
        return self.data_dir / "lists"

    @property
    def plans_dir(self) -> Path:
        """Imported campaigns that are not published yet."""
        return self.data_dir / "plans"

    @property
    def law_dir(self) -> Path:
        """Calendars and duties that an operator brought."""
        return self.data_dir / "law"

    @property
    def profiles_dir(self) -> Path:
        """Profiles of reports that an operator brought."""
        return self.law_dir / "profiles"

    @property
    def reports_dir(self) -> Path:
        """Manifests of the reports that were made."""
        return self.data_dir / "reports"

    @property
    def published_dir(self) -> Path:
        """Copies of reports that regulators may download."""
        return self.data_dir / "published"

    @property
    def url(self) -> str:
        """The database URL that is in force."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'hub.db').resolve()}"

    @property
    def has_tls(self) -> bool:
        """Whether `serve` ends TLS itself."""
        return self.tls_cert is not None and self.tls_key is not None

    @property
    def is_safe_to_bind(self) -> bool:
        """Whether what leaves the machine would be encrypted: TLS here, TLS at a proxy, or nothing leaves."""
        return self.has_tls or self.behind_proxy or is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a bind address is reachable from this machine only.

    Args:
        host: an address, or a name; of names only `localhost` counts.
    """
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
