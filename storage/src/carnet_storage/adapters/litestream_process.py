"""Litestream as a supervised child: one per database, ended with its parent, found again when it was left behind.

Decides the files and the order.

    backup/litestream.lock   locked by the supervising process; released by the system however that process ends
    backup/litestream.pid    process and socket of the child, for the next supervisor
    backup/litestream.json   its configuration; holds no secret
    backup/litestream/       its local state

Beside the child stands a guard, a shell that reads a pipe from the parent: when the parent dies without a word, the
pipe ends and the guard ends the child. The environment of both is clean (see `core.litestream`).
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from carnet_storage.adapters.control import UnixControl
from carnet_storage.adapters.file_locks import lock_file, locked
from carnet_storage.adapters.system import PRIVATE_FOLDER_MODE, replace_file
from carnet_storage.core.failures import AlreadyReplicated, PlanWrong, ReplicatorFailed, ReplicatorMissing
from carnet_storage.core.limits import (
    ERROR_CHARS_MAX,
    LOG_TAIL_BYTES,
    LOOK_S,
    PID_BYTES_MAX,
    SOCKET_PATH_CHARS_MAX,
    START_WAIT_S,
    STOP_WAIT_S,
)
from carnet_storage.core.litestream import Files, child_environment, configuration
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import Place, SftpTarget, Target

LOCK_FILE: Final = "litestream.lock"
PID_FILE: Final = "litestream.pid"
CONFIG_FILE: Final = "litestream.json"
LOG_FILE: Final = "litestream.log"
STATE_FOLDER: Final = "litestream"
SOCKET_FILE: Final = "litestream.sock"

_GUARD: Final = 'cat >/dev/null; kill -TERM "$0" 2>/dev/null'


class _Left(msgspec.Struct, frozen=True):
    """What the process file says."""

    pid: int
    socket: str


@dataclass(frozen=True)
class ChildSettings:
    """What a child is started with.

    Attributes:
        folder: private, beside the database.
        program: path of the binary; found when None.
    """

    database: Path
    folder: Path
    target: Target
    secrets: Secrets
    sync_interval_ms: int
    program: Path | None = None


class LitestreamChild:
    """`ports.Child`; one supervisor at a time per database."""

    def __init__(self, settings: ChildSettings) -> None:
        self._settings = settings
        self._files = files_of(settings.database, settings.folder)
        self._child: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    @property
    def control(self) -> UnixControl:
        """The control socket."""
        return UnixControl(self._files.socket, self._files.database)

    def take_over(self) -> bool:
        """Become the supervisor, and end what an earlier one left running.

        Raises:
            AlreadyReplicated: another process supervises.

        Returns: whether something was left running.
        """
        self._settings.folder.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = lock_file(self._settings.folder / LOCK_FILE)
            if self._lock is None:
                raise AlreadyReplicated
        return self._end_orphan()

    def start(self, place: Place) -> None:
        """See `ports.Child`."""
        self.take_over()
        program = self._settings.program or find_program()
        self._write_configuration(place)
        self._files.socket.unlink(missing_ok=True)
        environment = child_environment(os.environ, self._settings.secrets)
        with (self._settings.folder / LOG_FILE).open("wb") as log:
            self._child = subprocess.Popen(
                [str(program), "replicate", "-config", str(self._files.config), "-no-expand-env"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self._files.config.parent,
                start_new_session=True,
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(self._child.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": environment.get("PATH", os.defpath)},
            start_new_session=True,
        )
        left = _Left(self._child.pid, str(self._files.socket))
        replace_file(self._settings.folder / PID_FILE, msgspec.json.encode(left))
        self._wait_for_answer(self._child)

    def stop(self) -> None:
        """See `ports.Child`."""
        if self._child is not None:
            _end(self._child)
            self._child = None
        self._dismiss_guard()
        (self._settings.folder / PID_FILE).unlink(missing_ok=True)

    def release(self) -> None:
        """Stop, and let somebody else supervise."""
        self.stop()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def exit_code(self) -> int | None:
        """See `ports.Child`."""
        return None if self._child is None else self._child.poll()

    def forget(self) -> None:
        """See `ports.Child`."""
        shutil.rmtree(self._files.state, ignore_errors=True)

    def state_bytes(self) -> int:
        """See `ports.Child`."""
        total = 0
        for folder, _, names in os.walk(self._files.state):
            for name in names:
                with suppress(OSError):
                    total += (Path(folder) / name).stat().st_size
        return total

    def pid(self) -> int | None:
        """The running child; None when there is none."""
        return None if self._child is None or self._child.poll() is not None else self._child.pid

    def _write_configuration(self, place: Place) -> None:
        settings = self._settings
        content = configuration(
            self._files,
            settings.target,
            place,
            sync_interval_ms=settings.sync_interval_ms,
            host_key=host_key_of(settings.target),
        )
        replace_file(self._files.config, content)

    def _wait_for_answer(self, child: "subprocess.Popen[bytes]") -> None:
        until = time.monotonic() + START_WAIT_S
        while time.monotonic() < until:
            if child.poll() is not None:
                detail = self._last_words() or f"it ended with code {child.returncode}"
                self.stop()
                raise ReplicatorFailed(detail)
            if self._files.socket.exists() and self.control.pid() == child.pid:
                return
            time.sleep(LOOK_S)
        self.stop()
        raise ReplicatorFailed(f"its socket did not open within {START_WAIT_S} s")

    def _last_words(self) -> str:
        """The last line Litestream wrote, which names no secret."""
        try:
            tail = (self._settings.folder / LOG_FILE).read_bytes()[-LOG_TAIL_BYTES:]
        except OSError:
            return ""
        lines = [line for line in tail.decode(errors="replace").splitlines() if line.strip()]
        return lines[-1][:ERROR_CHARS_MAX] if lines else ""

    def _dismiss_guard(self) -> None:
        """End the guard before it could mistake a reused process number for the child."""
        if self._guard is None:
            return
        self._guard.kill()
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard.wait()
        self._guard = None

    def _end_orphan(self) -> bool:
        """End a Litestream that an earlier supervisor left: the process its socket or its arguments prove it to be."""
        if self._child is not None:
            return False
        path = self._settings.folder / PID_FILE
        try:
            left = msgspec.json.decode(path.read_bytes()[:PID_BYTES_MAX], type=_Left)
        except (OSError, msgspec.DecodeError):
            return False
        is_ours = UnixControl(Path(left.socket), self._files.database).pid() == left.pid or (
            str(self._files.config) in _arguments_of(left.pid)
        )
        if is_ours:
            _end_process(left.pid)
        path.unlink(missing_ok=True)
        return is_ours


def files_of(database: Path, folder: Path) -> Files:
    """The files of a database's Litestream, from the root on: it runs in a folder of its own."""
    database, folder = database.absolute(), folder.absolute()
    socket = folder / SOCKET_FILE
    if len(str(socket)) > SOCKET_PATH_CHARS_MAX:
        socket = _short_folder(folder) / SOCKET_FILE
    return Files(database, folder / CONFIG_FILE, socket, folder / STATE_FOLDER)


def find_program() -> Path:
    """The Litestream binary beside this Python, or on the path.

    Raises:
        ReplicatorMissing: there is none.
    """
    beside = Path(sys.executable).parent / "litestream"
    found = str(beside) if beside.exists() else shutil.which("litestream")
    if found is None or os.name == "nt":
        raise ReplicatorMissing
    return Path(found)


def host_key_of(target: Target) -> str | None:
    """The pinned public key of an SFTP server; None for other targets.

    Raises:
        PlanWrong: the file cannot be read.
    """
    if not isinstance(target, SftpTarget):
        return None
    try:
        return target.host_key_path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PlanWrong(
            f"The key of the SFTP server cannot be read from {target.host_key_path}.",
            "Write the server's public key there, as `ssh-keyscan` prints it without the host's name.",
        ) from error


def _short_folder(folder: Path) -> Path:
    """A private folder with a short name, always the same for one backup folder."""
    import hashlib  # noqa: PLC0415  (for overlong paths only)

    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"carnet-{os.getuid()}-{name}"
    short.mkdir(mode=PRIVATE_FOLDER_MODE, exist_ok=True)
    state = short.lstat()
    if state.st_uid != os.getuid() or state.st_mode & 0o077 or short.is_symlink():
        raise PlanWrong(f"The folder {short} belongs to somebody else.", "Remove it, or use a shorter data folder.")
    return short


@contextmanager
def supervision(folder: Path) -> Iterator[None]:
    """Be the one who may touch what Litestream left in a backup folder, for the length of the block.

    Raises:
        AlreadyReplicated: another process supervises.
    """
    if os.name == "nt":
        yield
        return
    with locked(folder / LOCK_FILE) as is_ours:
        if not is_ours:
            raise AlreadyReplicated
        yield


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _arguments_of(pid: int) -> str:
    """The command line of a process; empty when there is none."""
    told = subprocess.run(["/bin/ps", "-o", "args=", "-p", str(pid)], capture_output=True, check=False, text=True)
    return told.stdout


def _end_process(pid: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        until = time.monotonic() + STOP_WAIT_S
        while time.monotonic() < until:
            if not _is_alive(pid):
                return
            time.sleep(LOOK_S)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
