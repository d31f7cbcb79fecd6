"""What is known of replication, copies and drills, as the serving process leaves it for every other one.

Decides the fields and what they mean. The serving process writes them to a file beside the database after each change;
`status`, `doctor` and health answers read it. A file that is minutes old says that nobody supervises.
"""

from dataclasses import dataclass, replace

import msgspec

from carnet_storage.core.limits import COPY_OVERDUE_INTERVALS, DRILL_OVERDUE_MS, LAG_ALARM_MS, STALE_MS


@dataclass(frozen=True, slots=True)
class ReplicationStatus:
    """Litestream.

    Attributes:
        target: without secrets.
        epoch: ordinal in the replica path.
        confirmed_head: end of the log that the replica covers for sure.
        lag_ms: for how long commits have been without a confirmed copy; None when nothing was ever confirmed.
        wal_bytes, state_dir_bytes: on this disk.
    """

    target: str
    epoch: int
    confirmed_at_ms: int | None
    confirmed_head: int
    lag_ms: int | None
    txid: int
    replicated_txid: int
    wal_bytes: int
    state_dir_bytes: int
    last_error: str | None
    heals: int
    resets: int
    is_alarm: bool


@dataclass(frozen=True, slots=True)
class CopyStatus:
    """Encrypted copies.

    Attributes:
        every_ms: between two of them.
        last: name of the newest one this installation has made.
        head: end of the log that it covers.
    """

    target: str
    every_ms: int
    made_at_ms: int | None = None
    last: str | None = None
    bytes: int = 0
    head: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class DrillStatus:
    """The last restore into a scratch file."""

    at_ms: int
    kind: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """Everything; the parts that are off are None."""

    written_at_ms: int = 0
    replication: ReplicationStatus | None = None
    copies: CopyStatus | None = None
    drills: dict[str, DrillStatus] | None = None


@dataclass(frozen=True, slots=True)
class Concern:
    """Something about backups that somebody should know.

    Attributes:
        is_wrong: it needs somebody now; else it is worth watching.
    """

    what: str
    next: str
    is_wrong: bool


def with_drill(status: BackupStatus, drill: DrillStatus) -> BackupStatus:
    """The status after a drill."""
    return replace(status, drills={**(status.drills or {}), drill.kind: drill})


def encode_status(status: BackupStatus) -> bytes:
    """As the file holds it."""
    return msgspec.json.encode(status)


def decode_status(content: bytes) -> BackupStatus | None:
    """The counterpart; None for a file that another version wrote."""
    try:
        return msgspec.json.decode(content, type=BackupStatus)
    except msgspec.DecodeError:
        return None


def concerns(status: BackupStatus, now_ms: int, *, is_target_set: bool = False) -> list[Concern]:
    """What is wrong with the backups, and what is worth watching; empty when all is well.

    Args:
        is_target_set: the settings ask for backups, whatever ran here so far.
    """
    found: list[Concern] = []
    if is_target_set and status.replication is None and status.copies is None:
        found.append(Concern("A target is set, and nothing was stored there yet.", "Start `serve`.", is_wrong=False))
    if status.replication is not None:
        found += _replication_concerns(status.replication, now_ms - status.written_at_ms)
    if status.copies is not None:
        found += _copy_concerns(status.copies, now_ms)
    for drill in (status.drills or {}).values():
        if drill.problem is not None:
            found.append(
                Concern(
                    f"The last drill ({drill.kind}) failed: {drill.problem.rstrip('.')}.",
                    "Run `backup drill`; if it fails again, make a fresh copy and call the maintainers.",
                    is_wrong=True,
                )
            )
        elif now_ms - drill.at_ms > DRILL_OVERDUE_MS:
            found.append(Concern("The last drill is days old.", "Run `backup drill`.", is_wrong=False))
    return found


def _told(last_error: str | None) -> str:
    """An error in brackets; its own full stop would stand before that of the sentence."""
    return f" ({last_error.rstrip('.')})" if last_error else ""


def _replication_concerns(one: ReplicationStatus, age_ms: int) -> list[Concern]:
    if age_ms > STALE_MS:
        return [Concern("Nobody supervises the replication now.", "Start `serve`.", is_wrong=False)]
    told = _told(one.last_error)
    if one.is_alarm:
        return [Concern(f"The replication is stuck and did not heal{told}.", "Look at the target.", is_wrong=True)]
    if one.lag_ms is None and one.last_error is not None:
        return [Concern(f"Nothing has been replicated yet{told}.", "Look at the target.", is_wrong=True)]
    if one.lag_ms is not None and one.lag_ms > LAG_ALARM_MS:
        minutes = one.lag_ms // 60_000
        return [Concern(f"The replica is {minutes} minutes behind{told}.", "Look at the line.", is_wrong=False)]
    return []


def _copy_concerns(one: CopyStatus, now_ms: int) -> list[Concern]:
    told = _told(one.last_error)
    if one.made_at_ms is None:
        return [Concern(f"No encrypted copy has been made yet{told}.", "Run `backup now`.", is_wrong=bool(told))]
    if now_ms - one.made_at_ms > COPY_OVERDUE_INTERVALS * one.every_ms:
        return [Concern(f"The last encrypted copy is overdue{told}.", "Run `backup now`.", is_wrong=bool(told))]
    return []
