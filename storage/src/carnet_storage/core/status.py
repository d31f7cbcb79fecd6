"""What is known of replication, copies and drills, as the serving process leaves it for every other one.

Decides the fields and what they mean. The serving process writes them to a file beside the database after each change;
`status`, `doctor` and health answers read it. A file that is minutes old says that nobody supervises.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from carnet_storage.core.failures import StorageFailure, TargetGone, TargetSwapped
from carnet_storage.core.limits import COPY_OVERDUE_INTERVALS, DRILL_OVERDUE_MS, LAG_ALARM_MS, STALE_MS


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is stored until somebody has acted, in the three sentences.

    Attributes:
        code: of the failure, for programs.
    """

    code: str
    what: str
    safe: str
    next: str


def refusal_of(failure: StorageFailure) -> Refusal:
    """A failure, as a status file keeps it."""
    return Refusal(failure.code, failure.what, failure.safe, failure.next)


@dataclass(frozen=True, slots=True)
class ReplicationStatus:
    """Litestream.

    Attributes:
        target: without secrets.
        epoch: ordinal in the replica path.
        confirmed_head: end of the log that the replica covers for sure.
        lag_ms: for how long commits have been without a confirmed copy; None when nothing was ever confirmed.
        wal_bytes, state_dir_bytes: on this disk.
        refusal: why nothing is sent at all; None while it is.
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
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class CopyStatus:
    """Encrypted copies.

    Attributes:
        every_ms: between two of them.
        last: name of the newest one this installation has made.
        head: end of the log that it covers.
        refusal: why none can be stored now; None when that is not known.
    """

    target: str
    every_ms: int
    made_at_ms: int | None = None
    last: str | None = None
    bytes: int = 0
    head: int = 0
    last_error: str | None = None
    refusal: Refusal | None = None


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
        safe: where something was refused; empty elsewhere.
        is_target_missing: the disk or folder that backups go to is not there.
    """

    what: str
    next: str
    is_wrong: bool
    safe: str = ""
    is_target_missing: bool = False


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


def concerns(
    status: BackupStatus, now_ms: int, *, is_target_set: bool = False, gone: Iterable[Refusal] = ()
) -> list[Concern]:
    """What is wrong with the backups, and what is worth watching; empty when all is well.

    Args:
        is_target_set: the settings ask for backups, whatever ran here so far.
        gone: targets that are not there now, for a caller that has looked.
    """
    found = [_refused(one) for one in gone]
    if is_target_set and status.replication is None and status.copies is None:
        found.append(Concern("A target is set, and nothing was stored there yet.", "Start `serve`.", is_wrong=False))
    if status.replication is not None:
        found += _new_ones(_replication_concerns(status.replication, now_ms - status.written_at_ms), found)
    if status.copies is not None:
        found += _new_ones(_copy_concerns(status.copies, now_ms), found)
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


def _refused(one: Refusal) -> Concern:
    is_missing = one.code in (TargetGone.code, TargetSwapped.code)
    return Concern(one.what, one.next, is_wrong=True, safe=one.safe, is_target_missing=is_missing)


def _new_ones(told: Iterable[Concern], found: Sequence[Concern]) -> list[Concern]:
    """Without what was said already: both forms may go to one folder."""
    return [one for one in told if one not in found]


def _told(sentence: str, last_error: str | None) -> str:
    """A sentence with the error in brackets; the error's own full stop would stand before that of the sentence."""
    return f"{sentence.removesuffix('.')} ({last_error.rstrip('.')})." if last_error else sentence


def _replication_concerns(one: ReplicationStatus, age_ms: int) -> list[Concern]:
    if age_ms > STALE_MS:
        return [Concern("Nobody supervises the replication now.", "Start `serve`.", is_wrong=False)]
    if one.refusal is not None:
        return [_refused(one.refusal)]
    if one.is_alarm:
        stuck = _told("The replication is stuck and did not heal.", one.last_error)
        return [Concern(stuck, "Look at the target.", is_wrong=True)]
    if one.lag_ms is None and one.last_error is not None:
        none_yet = _told("Nothing has been replicated yet.", one.last_error)
        return [Concern(none_yet, "Look at the target.", is_wrong=True)]
    if one.lag_ms is not None and one.lag_ms > LAG_ALARM_MS:
        behind = _told(f"The replica is {one.lag_ms // 60_000} minutes behind.", one.last_error)
        return [Concern(behind, "Look at the line.", is_wrong=False)]
    return []


def _copy_concerns(one: CopyStatus, now_ms: int) -> list[Concern]:
    if one.refusal is not None:
        return [_refused(one.refusal)]
    is_wrong = one.last_error is not None
    if one.made_at_ms is None:
        none_yet = _told("No encrypted copy has been made yet.", one.last_error)
        return [Concern(none_yet, "Run `backup now`.", is_wrong=is_wrong)]
    if now_ms - one.made_at_ms > COPY_OVERDUE_INTERVALS * one.every_ms:
        overdue = _told("The last encrypted copy is overdue.", one.last_error)
        return [Concern(overdue, "Run `backup now`.", is_wrong=is_wrong)]
    return []
