"""`carnet-node` and `carnet-hub` as real processes, to be killed at any moment and started again.

Decides how a process is started, when it counts as ready, and how it ends: `kill` is SIGKILL to the process and its
children, so nothing of the program can tidy up. Every process that is started here is ended here, by its id.

    hub = Service("carnet-hub", folder / "hub", free_port())
    hub.start()
    hub.kill()
    run_program("carnet-node", folder / "node", "status").value
"""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.request import urlopen

from carnet_hub.entrypoints.cli.main import execute as execute_hub
from carnet_node.entrypoints.cli.main import execute as execute_node

BIN: Final = Path(sys.executable).parent
NO_SETTINGS: Final[Mapping[str, str]] = MappingProxyType({})
COMMAND_S_MAX: Final = 120
START_S_MAX: Final = 30
STOP_S_MAX: Final = 30
_LOOK_EVERY_S: Final = 0.02
_LOG_CHARS_SHOWN: Final = 3_000


class ProgramFailed(Exception):
    """A program did not do what it had to; the message says what it wrote."""


@dataclass(frozen=True, slots=True)
class Done:
    """How one command ended: exit code (negative: the signal), its JSON if any, and everything it wrote."""

    code: int
    value: Any
    text: str


@dataclass
class Service:
    """One of the programs with its `serve`, always on the same port.

    Attributes:
        name: `carnet-hub` or `carnet-node`.
        data: its data folder; its log is `<data>.log`.
        arguments: of `serve`, beside the port.
        settings: environment variables.
    """

    name: str
    data: Path
    port: int
    arguments: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it wrote since the first start."""
        return self.data.with_name(self.data.name + ".log")

    @property
    def bearer(self) -> dict[str, str]:
        """With which a program proves itself to this node."""
        return {"Authorization": f"Bearer {(self.data / 'api.token').read_text(encoding='ascii').strip()}"}

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            ProgramFailed: it ended, or does not answer within `START_S_MAX`.
        """
        self.launch()
        until = time.monotonic() + START_S_MAX
        while not self.is_answering():
            if time.monotonic() > until or self.process is None or self.process.poll() is not None:
                raise ProgramFailed(f"{self.name} does not answer at {self.url}:\n{self._end_of_log()}")
            time.sleep(_LOOK_EVERY_S)

    def launch(self) -> None:
        """Start it without waiting."""
        command = [str(BIN / self.name), "--data", str(self.data), "serve", "--port", str(self.port), *self.arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=_environment(self.settings), stdout=log, stderr=log, start_new_session=True
            )

    def is_answering(self) -> bool:
        """Whether `/healthz` is answered with 200."""
        try:
            with urlopen(f"{self.url}/healthz", timeout=1) as answer:  # noqa: S310  (an address on loopback)
                return bool(answer.status == 200)
        except (OSError, ValueError):
            return False

    def kill(self) -> None:
        """End it and its children as a power cut would; returns when it is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator would."""
        self._end(signal.SIGTERM)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Its process stands still while the block runs: questions are taken by its socket, and nobody answers."""
        process = self.process
        if process is None:
            raise ProgramFailed(f"{self.name} does not run")
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            if how is signal.SIGKILL:
                os.killpg(process.pid, how)
            else:
                process.send_signal(how)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_S_MAX)

    def _end_of_log(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-_LOG_CHARS_SHOWN:]


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """A service that is started, and gone when the block ends."""
    try:
        service.start()
        yield service
    finally:
        service.kill()


def begin_program(
    name: str, data: Path, *arguments: str | Path, settings: Mapping[str, str] = NO_SETTINGS
) -> subprocess.Popen[str]:
    """Start one command with `--json`; the caller waits for it or kills it."""
    command = [str(BIN / name), "--data", str(data), *map(str, arguments), "--json"]
    return subprocess.Popen(
        command,
        env=_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end_program(process: subprocess.Popen[str]) -> Done:
    """Wait for a command that was begun."""
    try:
        said, complained = process.communicate(timeout=COMMAND_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        said, complained = process.communicate()
    return Done(process.returncode, _json_of(said), said + complained)


def run_program(name: str, data: Path, *arguments: str | Path, settings: Mapping[str, str] = NO_SETTINGS) -> Done:
    """Run one command with `--json`, whatever its exit code."""
    return end_program(begin_program(name, data, *arguments, settings=settings))


def must_run(name: str, data: Path, *arguments: str | Path, settings: Mapping[str, str] = NO_SETTINGS) -> Any:
    """What a command says that has to succeed.

    Raises:
        ProgramFailed: any exit code but 0.
    """
    done = run_program(name, data, *arguments, settings=settings)
    if done.code != 0:
        raise ProgramFailed(f"{name} {' '.join(map(str, arguments))} ended with {done.code}:\n{done.text}")
    return done.value


def run_here(name: str, data: Path, *arguments: str | Path) -> Any:
    """What a command says that only sets something up: run inside this process, which saves a second each.

    Raises:
        ProgramFailed: any exit code but 0.
    """
    said = io.StringIO()
    execute = execute_hub if name == "carnet-hub" else execute_node
    with redirect_stdout(said):
        code = execute(["--data", str(data), *map(str, arguments), "--json"])
    if code != 0:
        raise ProgramFailed(f"{name} {' '.join(map(str, arguments))} ended with {code}:\n{said.getvalue()}")
    return _json_of(said.getvalue())


def free_port() -> int:
    """A port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Ours without the settings of a Carnet that may run beside the tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    return inherited | dict(settings)


def _json_of(said: str) -> Any:
    try:
        return json.loads(said)
    except ValueError:
        return None
