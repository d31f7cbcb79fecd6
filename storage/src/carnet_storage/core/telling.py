"""How status, lists and drills of backups are told: JSON for programs, lines for people. Decides form only."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from carnet_storage.core.copies import CopyName
from carnet_storage.core.drill import DrillReport
from carnet_storage.core.failures import PlanWrong
from carnet_storage.core.status import BackupStatus, CopyStatus, DrillStatus, Refusal, ReplicationStatus, concerns
from carnet_storage.core.targets import Place

Json = dict[str, Any]

_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OFF: Final = "Backups are off: no target is set."


def instant_text(at_ms: int | None) -> str | None:
    """An instant as ISO 8601 in UTC, to the second; None stays None."""
    if at_ms is None:
        return None
    return (_START + timedelta(milliseconds=at_ms)).isoformat(timespec="seconds").replace("+00:00", "Z")


def parse_instant(text: str) -> int:
    """Milliseconds since 1970 of an instant somebody typed; without an offset it is UTC.

    Raises:
        PlanWrong: no instant.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise PlanWrong(f"{text} is no instant.", "Write it like 2026-11-22T17:30:00Z.") from error
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (moment - _START) // timedelta(milliseconds=1)


def status_json(
    status: BackupStatus | None, now_ms: int, *, is_target_set: bool = False, gone: Sequence[Refusal] = ()
) -> Json:
    """Everything that is known, for programs; parts that are off, or have never run, are null."""
    known = status or BackupStatus()
    found = concerns(known, now_ms, is_target_set=is_target_set, gone=gone)
    return {
        "is_fine": not found,
        "written_at": instant_text(known.written_at_ms or None),
        "litestream": None if known.replication is None else _replication_json(known.replication),
        "copies": None if known.copies is None else _copies_json(known.copies),
        "drills": {kind: _drill_json(one) for kind, one in (known.drills or {}).items()},
        "concerns": [{"what": one.what, "safe": one.safe, "next": one.next, "is_wrong": one.is_wrong} for one in found],
    }


def status_lines(
    status: BackupStatus | None, now_ms: int, *, is_target_set: bool = False, gone: Sequence[Refusal] = ()
) -> list[str]:
    """The same for people."""
    known = status or BackupStatus()
    lines: list[str] = []
    if known.replication is not None:
        lines += _replication_lines(known.replication)
    if known.copies is not None:
        one = known.copies
        lines.append(f"copies      to {one.target}, every {one.every_ms // 60_000} minutes")
        lines.append(f"            last {one.last or 'never'} ({one.bytes // 1024} KiB)")
    for kind, drill in (known.drills or {}).items():
        told = "restored and compared, all equal" if drill.problem is None else f"FAILED: {drill.problem}"
        lines.append(f"drill       {kind} {instant_text(drill.at_ms)}: {told}")
    if not lines and not is_target_set:
        lines.append(_OFF)
    found = concerns(known, now_ms, is_target_set=is_target_set, gone=gone)
    return lines + [f"!           {' '.join(filter(None, (one.what, one.safe, one.next)))}" for one in found]


def copy_rows(names: Iterable[CopyName]) -> list[Json]:
    """Copies for a list."""
    return [
        {
            "kind": "copy",
            "name": one.text,
            "source": one.place.source,
            "epoch": one.place.ordinal,
            "from": instant_text(one.made_at_ms),
            "to": instant_text(one.made_at_ms),
        }
        for one in names
    ]


def history_row(place: Place, from_ms: int, to_ms: int) -> Json:
    """A replica for a list: every moment of its span can be restored."""
    return {
        "kind": "litestream",
        "name": place.replica_path,
        "source": place.source,
        "epoch": place.ordinal,
        "from": instant_text(from_ms),
        "to": instant_text(to_ms),
    }


def drill_json(report: DrillReport) -> Json:
    """One drill for programs."""
    return {
        "kind": report.kind,
        "at": instant_text(report.at_ms),
        "is_ok": report.problem is None,
        "head": report.head,
        "entries": report.entries,
        "problem": report.problem,
        "duration_ms": report.duration_ms,
    }


def drill_line(report: DrillReport) -> str:
    """One drill for people."""
    if report.problem is not None:
        return f"{report.kind}: FAILED: {report.problem.rstrip('.')}."
    restored = f"restored {report.entries} log entries up to {report.head} in {report.duration_ms / 1000:.1f} s"
    return f"{report.kind}: {restored}; log and folded state agree."


def _replication_json(one: ReplicationStatus) -> Json:
    return {
        "target": one.target,
        "epoch": one.epoch,
        "last_confirmed_at": instant_text(one.confirmed_at_ms),
        "confirmed_head": one.confirmed_head,
        "lag_seconds": None if one.lag_ms is None else one.lag_ms // 1000,
        "txid": one.txid,
        "replicated_txid": one.replicated_txid,
        "wal_bytes": one.wal_bytes,
        "state_dir_bytes": one.state_dir_bytes,
        "last_error": one.last_error,
        "heals": one.heals,
        "resets": one.resets,
        "is_alarm": one.is_alarm,
    }


def _replication_lines(one: ReplicationStatus) -> list[str]:
    lag = "unknown" if one.lag_ms is None else f"{one.lag_ms // 1000} s"
    confirmed = instant_text(one.confirmed_at_ms) or "never"
    return [
        f"litestream  to {one.target}, epoch {one.epoch}",
        f"            confirmed {confirmed} up to entry {one.confirmed_head}, behind by {lag}",
        f"            WAL {one.wal_bytes // 1024} KiB, healed {one.heals} times, reset {one.resets} times",
    ]


def _copies_json(one: CopyStatus) -> Json:
    return {
        "target": one.target,
        "every_seconds": one.every_ms // 1000,
        "last": one.last,
        "last_made_at": instant_text(one.made_at_ms),
        "head": one.head,
        "bytes": one.bytes,
        "last_error": one.last_error,
    }


def _drill_json(one: DrillStatus) -> Json:
    return {"at": instant_text(one.at_ms), "is_ok": one.problem is None, "problem": one.problem}
