"""The tour of the README, followed word for word: every command, in its order, with real processes on loopback.

Only two things are put in: the code that `invite` prints, and a free port in the place of the hub's own.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tools.demo.programs import Program, free_port

from carnet_hub.settings import HubSettings

REPOSITORY = Path(__file__).resolve().parents[2]
LANGUAGES = {"README.md": "## A tour in ten minutes", "README.zh.md": "## 十分钟导览"}
PAGES = [str(path.relative_to(REPOSITORY)) for path in REPOSITORY.joinpath("docs").rglob("*.md")]
CODE = re.compile(r"^[0-9A-Z]{5}(-[0-9A-Z]{5}){8}$", re.MULTILINE)


def tour(page: str) -> list[str]:
    """The commands of a README's tour, without comments."""
    text = (REPOSITORY / page).read_text(encoding="utf-8").partition(f"\n{LANGUAGES[page]}\n")[2].partition("\n## ")[0]
    blocks = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    return [re.split(r"\s{2,}#", line)[0].strip() for line in blocks]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a clone to the tour: the documents lie in it, and nothing else does."""
    (tmp_path / "docs").symlink_to(REPOSITORY / "docs")
    return tmp_path


def test_both_languages_show_the_same_commands():
    """A reader of either README types the same."""
    assert tour("README.md") == tour("README.zh.md")


@pytest.mark.parametrize("page", sorted({*LANGUAGES, *PAGES}))
def test_every_link_of_a_page_leads_somewhere(page: str):
    """Whoever follows a link of a page for people finds a page."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (REPOSITORY / page).read_text(encoding="utf-8"))

    assert [link for link in links if not (REPOSITORY / page).parent.joinpath(link).exists()] == []


def test_the_tour_names_the_port_the_hub_listens_on():
    """`serve` without options answers where the tour's `enrol` asks."""
    (enrol,) = [one for one in tour("README.md") if " enrol " in one]

    assert f"--hub http://127.0.0.1:{HubSettings.model_fields['port'].default} CODE" in enrol


def test_the_tour_leaves_the_sources_alone():
    """Every data folder of the tour lies in one that git ignores."""
    folders = {word for one in tour("README.md") for word in shlex.split(one) if word.startswith(("hub", "node"))}

    assert folders == set()
    assert "/tour/" in (REPOSITORY / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_every_command_of_the_tour_works_as_written(folder: Path):
    """From `init` to `openssl`: each command ends well, the recall shows at the desk, and the report verifies."""
    hub = Program("carnet-hub", folder / "tour" / "hub")

    try:
        said = follow(folder, hub)
    finally:
        hub.stop()

    checks = [text.partition(":")[0] for text in said if "data as of" in text]
    assert checks == ["CLEAR", "HIT"]
    assert "Signature Verified Successfully" in said[-1]


def follow(folder: Path, hub: Program) -> list[str]:
    """Run the tour's commands after the set-up; what each of them printed."""
    port, code, said = free_port(), "", list[str]()
    for command in tour("README.md"):
        if command.startswith(("make ", "export ")):
            continue
        if command.endswith(" serve"):
            hub.serve("--port", str(port), health=f"http://127.0.0.1:{port}/healthz")
        elif command.startswith("cd "):
            folder /= command.removeprefix("cd ")
        else:
            said.append(run_at(folder, command.replace("CODE", code).replace(":8700 ", f":{port} ")))
            found = CODE.search(said[-1])
            code = found[0] if found else code
    return said


def run_at(folder: Path, typed: str) -> str:
    """What a command prints that must succeed, run as a shell would with both programs in the PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    done = subprocess.run(
        shlex.split(typed),
        cwd=folder,
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{typed}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr
