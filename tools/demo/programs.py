"""Starting the two programs as a user would: real processes, real HTTP on loopback.

Decides how a command is run, how its JSON is read, and that every process that was started is ended again, by its id.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

BIN: Final = Path(sys.executable).parent
COMMAND_SECONDS_MAX: Final = 60
START_SECONDS_MAX: Final = 60
STOP_SECONDS_MAX: Final = 10
POLL_SECONDS: Final = 0.05


class DemoFailure(Exception):
    """A step of the story did not go as told; the message says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said: exit code, and its JSON if there was any."""

    code: int
    value: Any
    text: str


@dataclass
class Program:
    """One of the two programs with its data folder.

    Attributes:
        name: `carnet-hub` or `carnet-node`.
        data: its data folder.
    """

    name: str
    data: Path
    _serving: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def try_run(self, *arguments: str | Path) -> Answer:
        """Run one command with `--json`, whatever its exit code."""
        command = [str(BIN / self.name), "--data", str(self.data), *map(str, arguments), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX, check=False)
        return Answer(done.returncode, _last_json(done.stdout), done.stdout + done.stderr)

    def run(self, *arguments: str | Path) -> Any:
        """Run one command that must succeed, and return its JSON."""
        answer = self.try_run(*arguments)
        if answer.code != 0:
            raise DemoFailure(f"{self.name} {' '.join(map(str, arguments))} ended with {answer.code}:\n{answer.text}")
        return answer.value

    def serve(self, *arguments: str, health: str) -> None:
        """Start `serve` and wait until it answers."""
        log = (self.data.parent / f"{self.data.name}.log").open("ab")
        command = [str(BIN / self.name), "--data", str(self.data), "serve", *arguments]
        self._serving = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        log.close()
        self._wait_for(health)

    def stop(self) -> None:
        """End the process this program started, and no other."""
        if self._serving is None:
            return
        self._serving.send_signal(signal.SIGTERM)
        try:
            self._serving.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(self._serving.pid, signal.SIGKILL)
            self._serving.wait(STOP_SECONDS_MAX)
        self._serving = None

    def _wait_for(self, url: str) -> None:
        for _ in range(round(START_SECONDS_MAX / POLL_SECONDS)):
            if self._serving is None or self._serving.poll() is not None:
                break
            try:
                with urlopen(url, timeout=1):  # noqa: S310  (an address on loopback that the demo made itself)
                    return
            except (URLError, OSError):
                time.sleep(POLL_SECONDS)
        log = (self.data.parent / f"{self.data.name}.log").read_text(encoding="utf-8", errors="replace")
        raise DemoFailure(f"{self.name} serve did not answer at {url}:\n{log[-2000:]}")


def free_port() -> int:
    """A port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _last_json(text: str) -> Any:
    """The JSON value a command printed; None when it printed none."""
    try:
        return json.loads(text)
    except ValueError:
        for line in reversed(text.splitlines()):
            try:
                return json.loads(line)
            except ValueError:
                continue
    return None
