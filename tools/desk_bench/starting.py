"""How long the node takes from its first instruction to its first answer, beside its libraries alone.

Decides what "the same libraries alone" means: every module that a served node has loaded when it answers and that is
none of Carnet's own, imported in one process that does nothing else. Both are measured in turn, and the fastest of each
counts: whatever else the machine does makes either slower, never faster. Both find their modules compiled, as an
installation leaves them, also where the environment would have Python keep nothing.
"""

import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from support.cli_node import enrol_folder
from support.programs import START_S_MAX, Service, free_port

TURNS: Final = 5
RATIO_MAX: Final = 1.5
"""Issue C."""

_LISTING: Final = """
import sys, threading, time, urllib.request
def tell():
    while True:
        try:
            urllib.request.urlopen("http://127.0.0.1:{port}/healthz", timeout=1)
        except OSError:
            time.sleep(0.01)
        else:
            loaded = list(sys.modules)
            with open({place!r}, "w") as file:
                file.write(chr(10).join([*loaded, "."]))
            return
threading.Thread(target=tell, daemon=True).start()
from carnet_node.entrypoints.cli.main import execute
execute(sys.argv[1:])
"""
_END: Final = "."
_KEEPS_COMPILED: Final = {"PYTHONDONTWRITEBYTECODE": ""}
_LEFT_OUT: Final = ("carnet_", "__main__", "__mp_main__", "pypinyin")
"""Our own, and a library of which the node loads less than a plain import does: no dictionary of phrases."""


def start_row() -> dict[str, Any]:
    """The figures as a row for people and machines."""
    with tempfile.TemporaryDirectory() as named:
        folder = Path(named)
        enrol_folder(folder)
        modules = _loaded(folder)
        starts, imports = [], []
        for _ in range(TURNS):
            starts.append(_start_s(folder / "data"))
            imports.append(_import_s(modules))
    ratio = min(starts) / min(imports)
    return {
        "name": "cold start of serve",
        "start_ms": min(starts) * 1000,
        "libraries_ms": min(imports) * 1000,
        "ratio": ratio,
        "target_ratio": RATIO_MAX,
        "ok": ratio <= RATIO_MAX,
    }


def _start_s(data: Path) -> float:
    service = Service("carnet-node", data, free_port(), ("--offline",), _KEEPS_COMPILED)
    began = time.perf_counter()
    try:
        service.start()
        return time.perf_counter() - began
    finally:
        service.stop()


def _import_s(modules: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import " + ", ".join(modules)], env=os.environ | _KEEPS_COMPILED, check=True)
    return time.perf_counter() - began


def _loaded(folder: Path) -> list[str]:
    """The libraries a served node has loaded at its first answer, in the order it loaded them."""
    place, port = folder / "modules.txt", free_port()
    listing = _LISTING.format(port=port, place=str(place))
    command = ["-c", listing, "--data", str(folder / "data"), "serve", "--port", str(port), "--offline"]
    with (folder / "listing.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, *command], stdout=log, stderr=log)
    try:
        until = time.monotonic() + START_S_MAX
        while not place.exists() or not place.read_text(encoding="utf-8").endswith(_END):
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError("serve did not answer: " + (folder / "listing.log").read_text(encoding="utf-8"))
            time.sleep(0.05)
    finally:
        process.terminate()
        process.wait()
    names = place.read_text(encoding="utf-8").splitlines()[:-1]
    return [one for one in names if not one.startswith(_LEFT_OUT) and _can_be_imported(one)]


def _can_be_imported(name: str) -> bool:
    """Whether `import name` finds it in a process of its own: some modules are made by others and have no file."""
    if not all(part.isidentifier() for part in name.split(".")):
        return False
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
