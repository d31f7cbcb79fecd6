"""Making the folders that backups go to, and giving up a replica whose disk is gone: for a person who asks for it.

Decides that only the last folder of a path is made: where the one above is missing too, the disk is not mounted, and
what is made would lie on the disk that the backup is meant to survive.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from carnet_storage.adapters.litestream_process import STATE_FOLDER, supervision
from carnet_storage.adapters.marking import CLAIM_FILE, mark_of
from carnet_storage.adapters.system import PRIVATE_FOLDER_MODE
from carnet_storage.core.failures import OutputUnusable, PlanWrong
from carnet_storage.core.limits import SET_ASIDE_MAX
from carnet_storage.core.plan import Plan
from carnet_storage.core.targets import FolderTarget


@dataclass(frozen=True, slots=True)
class Prepared:
    """A folder that backups go to.

    Attributes:
        is_new: it was made now.
    """

    folder: Path
    is_new: bool


def prepare_folders(plan: Plan) -> list[Prepared]:
    """Make the folders of a plan that are missing; stores and servers are left alone.

    Raises:
        PlanWrong: no target is a folder.
        OutputUnusable: one cannot be made; those before it are there.
    """
    folders = [one.path for one in (plan.replicate_to, plan.copy_to) if isinstance(one, FolderTarget)]
    if not folders:
        raise PlanWrong("No backup goes to a folder.", "Set one; the operator's guide names the settings.")
    return [Prepared(folder, _made(folder)) for folder in dict.fromkeys(folders)]


def forget_replica(plan: Plan, folder: Path) -> Path | None:
    """Give up the replica that was begun, so that the next `serve` begins another one in the same target folder.

    Litestream may have made that folder anew before it was ended. What it wrote there is set aside, never removed.

    Args:
        folder: of the backups, on this machine.

    Raises:
        PlanWrong: the replica goes to no folder, or lies where it should; nothing was changed.
        AlreadyReplicated: a `serve` still supervises; nothing was changed.
        OutputUnusable: what lies there cannot be set aside; nothing was changed.

    Returns: where what lay there is now; None when nothing did.
    """
    target = plan.replicate_to
    if not isinstance(target, FolderTarget):
        raise PlanWrong("No replica goes to a folder.", "Leave out --anew.")
    with supervision(folder):
        mark = mark_of(folder, target)
        if mark is not None and mark.is_file():
            raise PlanWrong(
                f"The replica of this machine lies in {target.shown}, and goes on there.",
                f"Leave out --anew. To be rid of that replica, remove {mark.parent} first.",
            )
        aside = None if mark is None else _set_aside(mark.parent)
        shutil.rmtree(folder / STATE_FOLDER, ignore_errors=True)
        (folder / CLAIM_FILE).unlink(missing_ok=True)
    return aside


def _set_aside(folder: Path) -> Path | None:
    """Give a folder another name, which no restore looks for."""
    if not folder.exists():
        return None
    for number in range(1, SET_ASIDE_MAX + 1):
        aside = folder.with_name(f"{folder.name}.aside-{number}")
        if not aside.exists():
            try:
                return folder.rename(aside)
            except OSError as error:
                raise OutputUnusable(str(aside), error.strerror or type(error).__name__) from error
    raise OutputUnusable(str(folder), "too much was set aside beside it")


def _made(folder: Path) -> bool:
    """Make one folder; whether it was missing."""
    if folder.is_dir():
        return False
    try:
        folder.mkdir(mode=PRIVATE_FOLDER_MODE)
    except FileNotFoundError as error:
        raise OutputUnusable(str(folder), f"{folder.parent} is not there; is the disk or share mounted?") from error
    except OSError as error:
        raise OutputUnusable(str(folder), error.strerror or type(error).__name__) from error
    return True
