"""Whose data folder it is, before a program does anything in it.

Decides by the files that each program makes at its `init` and never without one. A folder without any of them is a new
one or none at all, and for the program itself to judge; one that holds files of this program is its own, whatever else
lies there. Nothing is made and nothing is opened.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from carnet_storage.core.failures import FolderForeign, FolderIsFile


class Program(StrEnum):
    """The two programs of Carnet that keep a data folder, by the name they are called with."""

    NODE = "carnet-node"
    HUB = "carnet-hub"


MARKS: Final[Mapping[Program, tuple[str, ...]]] = MappingProxyType(
    {Program.NODE: ("node.db", "keys/signing.key"), Program.HUB: ("hub.db", "keys/sign.key")}
)
"""Files by which a folder is known; tests/node and tests/hub hold them against what `init` makes."""


def require_own_folder(folder: Path, program: Program) -> None:
    """Refuse a folder that belongs to the other program, and a file in place of a folder.

    Raises:
        FolderForeign, FolderIsFile: nothing was touched.
    """
    if folder.is_file():
        raise FolderIsFile(str(folder))
    found = {one for one, marks in MARKS.items() if any((folder / mark).exists() for mark in marks)}
    if found and program not in found:
        raise FolderForeign(str(folder), program, *found)
