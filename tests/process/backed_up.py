"""A machine whose database is backed up: asked for a confirmation, robbed of its power and its disk, and restored.

Decides what "backed up" means from outside: Litestream's own answer to `POST /sync`, or the end of `backup now`; and
what is gone with a disk. Which of the backed-up sets must be there again is the business of `restores`.
"""

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from carnet_storage.adapters.control import UnixControl
from carnet_storage.adapters.litestream_process import files_of
from process.world import looking_into
from support.programs import Done, Service, must_run, run_program
from support.stores import Store

DATABASES: Final = {"carnet-node": "node.db", "carnet-hub": "hub.db"}
_HEADS: Final = {
    "carnet-node": "SELECT coalesce(max(log_id), 0) FROM own_set",
    "carnet-hub": "SELECT coalesce(max(position), 0) FROM log",
}
_ID: Final = re.compile("[0-9a-f]{32}")
_LOOK_S: Final = 0.2
_CONFIRM_S_MAX: Final = 60
"""After a rejoin the supervisor takes up to fifteen seconds to start Litestream for the new epoch."""


class NotBackedUp(Exception):
    """A backup that has to work did not."""


def backup_settings(program: str, name: str, replicate_to: Store, copy_to: Store, *, sync_ms: int) -> dict[str, str]:
    """The settings of a machine whose backups go to these stores, below its name."""
    begin = f"{program.upper().replace('-', '_')}_BACKUP_"
    settings = {
        f"{begin}REPLICATE_TO": replicate_to.line(name),
        f"{begin}COPY_TO": copy_to.line(f"{name}-copies"),
        f"{begin}SYNC_MS": str(sync_ms),
    }
    secrets_file = replicate_to.secrets_file or copy_to.secrets_file
    return settings if secrets_file is None else settings | {f"{begin}SECRETS_FILE": str(secrets_file)}


@dataclass
class Machine:
    """One machine with its backups.

    Attributes:
        settings: of its `serve` and of every command beside it.
    """

    service: Service
    settings: Mapping[str, str]

    @property
    def database(self) -> Path:
        """Its database."""
        return self.service.data / DATABASES[self.service.name]

    @property
    def folder(self) -> Path:
        """Where its backups keep status, socket and process file."""
        return self.service.data / "backup"

    def head(self) -> int:
        """End of its log, as it lies in the database."""
        with looking_into(self.database) as database:
            (head,) = database.execute(_HEADS[self.service.name]).fetchone()
        return int(head)

    def confirm(self) -> int:
        """Ask Litestream whether everything is at the target; the end of the log that is there for sure.

        Raises:
            NotBackedUp: it does not say so for a while.
        """
        failure: Exception | None = None
        until = time.monotonic() + _CONFIRM_S_MAX
        while time.monotonic() < until:
            head = self.head()
            try:
                self._control().sync()
            except Exception as error:  # noqa: BLE001  (a socket that is not there yet, an answer that says no: ask again)
                failure = error
                time.sleep(_LOOK_S)
            else:
                return head
        raise NotBackedUp(f"Litestream does not confirm: {failure}")

    def complaint(self) -> str | None:
        """What Litestream says when it is asked once; None when all is well."""
        try:
            self._control().sync()
        except Exception as error:  # noqa: BLE001  (any of them is a complaint)
            return str(error) or type(error).__name__
        return None

    def copy_now(self) -> int:
        """Make an encrypted copy; the end of the log that is in it for sure."""
        head = self.head()
        must_run(self.service.name, self.service.data, "backup", "now", settings=self.settings)
        return head

    def replication(self) -> dict[str, Any]:
        """What the supervisor said last; empty before it said anything."""
        try:
            told = json.loads((self.folder / "status.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return told.get("replication") or {}

    def source_id(self, *, is_copy: bool) -> str:
        """Whose backups it makes, as the name of its last copy or the path of its replica says."""
        if is_copy:
            found = _ID.search(json.loads((self.folder / "status.json").read_bytes())["copies"]["last"])
        else:
            told = json.loads((self.folder / "litestream.json").read_bytes())
            found = _ID.search(told["dbs"][0]["replica"]["path"])
        assert found is not None
        return found[0]

    def replicator(self) -> int | None:
        """The process that replicates; None when there is none."""
        try:
            return int(json.loads((self.folder / "litestream.pid").read_bytes())["pid"])
        except (OSError, ValueError):
            return None

    def signal_replicator(self, number: signal.Signals) -> bool:
        """Send Litestream a signal; whether it was there."""
        pid = self.replicator()
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            return True
        return False

    def cut_power(self, *, replicator_first: bool) -> None:
        """End program and Litestream at once, so that neither can tidy up or send a last word."""
        if replicator_first:
            self.signal_replicator(signal.SIGKILL)
        pid = self.replicator()
        self.service.kill()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def lose_disk(self) -> None:
        """Remove the database and everything the backups had here; the keys lay on another disk."""
        for path in self.database.parent.glob(f"{self.database.name}*"):
            path.unlink()
        shutil.rmtree(self.folder)

    def lose_machine(self, aside: Path) -> None:
        """Take the whole folder away, keys and all; it is kept aside, as a stolen machine somewhere."""
        self.service.data.rename(aside)

    def command(self, *arguments: str | Path) -> Done:
        """Run one of its commands with the settings of its backups."""
        return run_program(self.service.name, self.service.data, *arguments, settings=self.settings)

    def secrets(self) -> dict[str, str]:
        """Access to its store as Litestream takes it from the environment."""
        for name, value in self.settings.items():
            if name.endswith("SECRETS_FILE"):
                told = json.loads(Path(value).read_bytes())
                return {f"LITESTREAM_{key.upper()}": str(one) for key, one in told.items()}
        return {}

    def _control(self) -> UnixControl:
        return UnixControl(files_of(self.database, self.folder).socket, self.database.absolute())
