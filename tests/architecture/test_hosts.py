"""No file names a package registry's host or a path of one machine.

What is planted here is put together from parts, because this file is checked too.
"""

import subprocess
from pathlib import Path

import pytest
from tools.check_hosts import breaches_in, listed_files

ROOT = Path(__file__).parents[2]
REGISTRY = "py" + "pi.org"
HOST = "names a package registry's host"
PATH = "names a path of one machine"
HOMES = ("work", "home", "root")


def breaches_of(tmp_path: Path, line: str) -> list[str]:
    """What the check says about a file with this one line."""
    (tmp_path / "planted.txt").write_text(f"first\n{line}\n", encoding="utf-8")
    return breaches_in(tmp_path, ["planted.txt"])


def test_no_file_of_this_repository_names_a_registry_or_a_machine():
    """Everything tracked, and everything about to be, is free of registry hosts and machine paths."""
    files = listed_files(ROOT)

    assert "pyproject.toml" in files
    assert breaches_in(ROOT, files) == []


@pytest.mark.parametrize(
    "line",
    [
        f"index-url = https://{REGISTRY}/simple",
        f"see {REGISTRY}",
        f"see FILES.{REGISTRY.upper()}",
        "https://registry." + "npm" + "js.org/x",
        "https://mirror.example/".replace("mirror", "py" + "pi"),
        "http://ftp.deb" + "ian.example/pool",
    ],
)
def test_a_registry_host_is_reported_with_its_line(tmp_path: Path, line: str):
    """A registry's host, or a URL on a host named after one, is reported with file and line."""
    assert breaches_of(tmp_path, line) == [f"planted.txt:2: {HOST}"]


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("shape", ["{}/main/x.py", "cd {}", "path={}/x", '"{}/x"', "file://{}/x", "a:{}/b"])
def test_a_machine_path_is_reported_with_its_line(tmp_path: Path, home: str, shape: str):
    """An absolute path below a usual home of checkouts is reported, wherever it stands in the line."""
    assert breaches_of(tmp_path, shape.format(f"/{home}")) == [f"planted.txt:2: {PATH}"]


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize(
    "shape",
    [
        "https://example.org/{}",
        "src/{}/x",
        "../{}/x",
        "</{}>",
        "${{BASE}}/{}",
        "{{base}}/{}",
        "~/{}",
        "/{}shop/orders",
        "x/{}/y",
    ],
)
def test_a_relative_path_is_not_reported(tmp_path: Path, home: str, shape: str):
    """The same folder names mean nothing below another folder, behind a variable, or as part of a longer name."""
    assert breaches_of(tmp_path, shape.format(home)) == []


@pytest.mark.parametrize(
    "line",
    [
        "The PyPI page, the Debian package and the npm tool",
        "https://www.rfc-editor.org/rfc/rfc9864",
    ],
)
def test_an_ordinary_line_is_not_reported(tmp_path: Path, line: str):
    """Other sites and the bare name of a project are fine."""
    assert breaches_of(tmp_path, line) == []


def test_a_lock_of_uv_is_reported_even_when_empty(tmp_path: Path):
    """A file called uv.lock is refused for its name."""
    (tmp_path / "uv.lock").touch()

    assert len(breaches_in(tmp_path, ["uv.lock"])) == 1


def test_a_binary_file_is_left_alone(tmp_path: Path):
    """A file with a zero byte is no text and is not searched."""
    (tmp_path / "planted.bin").write_bytes(b"\0" + REGISTRY.encode())

    assert breaches_in(tmp_path, ["planted.bin"]) == []


def test_new_files_are_searched_and_ignored_ones_are_not(tmp_path: Path):
    """The list holds tracked and untracked files, and neither ignored nor deleted ones."""
    for name in ("tracked", "deleted", "untracked", "ignored", "文件"):
        (tmp_path / name).touch()
    (tmp_path / ".gitignore").write_text("ignored\n", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "tracked", "deleted"], cwd=tmp_path, check=True)
    (tmp_path / "deleted").unlink()

    assert listed_files(tmp_path) == [".gitignore", "tracked", "untracked", "文件"]
