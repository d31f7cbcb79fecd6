"""Keep this machine and its package mirror out of the repository.

Decides whether a file names a package registry's host, or a path that exists on one machine only. It does not judge
links to projects, specifications or laws.

Rules
1. No file names the host of a package registry: a clone must work behind any mirror.
2. No URL has a host that carries a registry's name, such as a mirror.
3. No file names an absolute path below the usual homes of a checkout.
4. No lock of uv is in the repository: it breaks the first rule by design.

The names are put together from parts, so that this file passes its own check.

    python -m tools.check_hosts
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_HOSTS: Final = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("yarnpkg", "com"),
    ("anaconda", "org"),
    ("rubygems", "org"),
    ("crates", "io"),
    ("proxy", "golang", "org"),
    ("maven", "apache", "org"),
    ("maven", "org"),
    ("docker", "io"),
    ("ghcr", "io"),
    ("deb", "debian", "org"),
    ("archive", "ubuntu", "com"),
)
_MIRRORED: Final = ("py" + "pi", "python" + "hosted", "npm" + "js", "deb" + "ian")
_HOMES: Final = ("work", "home", "root")

_RULES: Final = (
    ("names a package registry's host", re.compile("|".join(re.escape(".".join(parts)) for parts in _HOSTS), re.I)),
    ("names a package registry's host", re.compile(rf"https?://[^\s/\"']*(?:{'|'.join(_MIRRORED)})", re.I)),
    # Not inside a longer path, a URL, a closing tag or after an expression such as ${BASE}; not a longer word.
    ("names a path of one machine", re.compile(rf"(?<![\w.~<>)\]}}*$%-])/(?:{'|'.join(_HOMES)})(?![\w-])")),
)


def main() -> int:
    """Print every breach in the repository of the working directory; 1 if there is one."""
    root = Path.cwd()
    breaches = breaches_in(root, listed_files(root))
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


def listed_files(root: Path) -> list[str]:
    """Files that are tracked, or would be after `git add --all`, as paths relative to `root`."""
    # A checkout may belong to somebody else, as it does in a container; listing its files runs nothing of its own.
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return sorted({name for name in listing.split("\0") if name and (root / name).is_file()})


def breaches_in(root: Path, names: Iterable[str]) -> list[str]:
    """One line for each breach in the named files: `path:line: what it does`."""
    return [breach for name in names for breach in _breaches(root / name, name)]


def _breaches(path: Path, name: str) -> Iterator[str]:
    if path.name == "uv.lock":
        yield f"{name}:1: is a lock that names a package registry; requirements.txt takes its place"
    content = path.read_bytes()
    if b"\0" in content:
        return
    for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), start=1):
        for breach in sorted({breach for breach, pattern in _RULES if pattern.search(line)}):
            yield f"{name}:{number}: {breach}"


if __name__ == "__main__":
    sys.exit(main())
