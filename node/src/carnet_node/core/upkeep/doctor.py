"""What could be wrong with a node, in plain words.

Decides the findings: what is looked at, when it is fine, when somebody has to know, when it is wrong, and what to do.
The facts that need the system (files, disk, the database's own checks) are measured by the adapters and arrive as
values. Nothing is changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_node.core.limits import DISK_FREE_BYTES_MIN, DISK_FREE_BYTES_WRONG, OLDEST_WAITING_MS_MAX, SETS_READ_MAX
from carnet_node.core.log.rejoin_state import is_behind_mark
from carnet_node.core.log.signing import own_keys
from carnet_node.core.node import Node
from carnet_node.core.records import ChainState
from carnet_node.core.showing.status import Line, Status, Sync, status_of
from carnet_node.core.staff.staff import ADMINISTRATOR, list_staff
from carnet_node.core.staff.staff_list import is_working
from carnet_protocol import limits
from carnet_protocol.chain import ChainHead, ChainLink, classify_link
from carnet_protocol.changeset import ChangeSet, read_set
from carnet_protocol.envelope import Purpose, key_id_of, read_envelope, verify_envelope
from carnet_protocol.errors import Refused
from carnet_protocol.ids import NO_HASH, HubId
from carnet_protocol.reasons import Reason, explain
from carnet_storage.core.library import is_safe_beside_another_process
from carnet_storage.core.status import BackupStatus, Concern, Refusal, concerns

_KEY_BYTES: Final = 32
_HOUR_MS: Final = 3600 * 1000


class Grade(StrEnum):
    """How bad a finding is."""

    FINE = "fine"
    WATCH = "watch"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: short and stable, for programs.
        what: what was found.
        next: what to do; empty when it is fine.
        is_operators: whoever looks after the machine does it, and nobody at the counter.
    """

    name: str
    grade: Grade
    what: str
    next: str = ""
    is_operators: bool = False


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """What the adapters measured.

    Attributes:
        key_problem: None when the keys are readable, private and whole.
        integrity: the database's own words; "ok" when it is whole.
        sqlite_version: of the library in use.
        is_synchronous_full: a commit is on the disk when it returns; None when the database does not open.
        disk_free_bytes: where the database lies.
        wrappings_missing: wrapped copies of the data key that are not there.
    """

    key_problem: str | None
    integrity: str
    sqlite_version: str
    is_synchronous_full: bool | None
    disk_free_bytes: int
    wrappings_missing: tuple[str, ...]


def judge_system(facts: SystemFacts) -> list[Finding]:
    """Findings about machine and files."""
    return [
        _keys(facts),
        _wrappings(facts),
        *_database(facts),
        _sqlite(facts.sqlite_version),
        _disk(facts.disk_free_bytes),
    ]


def examine_node(node: Node, *signing_keys: bytes) -> list[Finding]:
    """Findings about chain, queue, clock and line of an enrolled node. Reads the whole log of the present epoch.

    Args:
        signing_keys: raw 32 bytes each, public: those that lie beside the database.
    """
    status = status_of(node)
    return [
        _chain(node, signing_keys),
        _mark(node),
        _queue(status, node.clock.now_ms()),
        _verdicts(status),
        _line(status),
        _signing_key(status),
        _clock(status),
        _stop(status),
        _rejoining(status),
        _staff(node),
    ]


def verify_chain(node: Node, *signing_keys: bytes) -> tuple[int, str | None]:
    """Read the log of the present epoch again: every signature, every link, no hole.

    Args:
        signing_keys: raw 32 bytes each, public, besides those that the database names.

    Returns: how many sets were read, and what is wrong with the last of them; None when all is well.
    """
    with node.store.read() as tx:
        chain = tx.chain()
        if chain is None:
            return 0, None
        keys = {key_id_of(key): key for key in (*own_keys(tx), *signing_keys)}
        head = ChainHead(0, NO_HASH)
        seq = 1
        while messages := [one.message for one in tx.sets_from(chain.epoch, seq, SETS_READ_MAX)]:
            for message in messages:
                head, problem = _check_one(node, keys, chain, head, message)
                if problem is not None:
                    return seq, problem
                seq += 1
    is_at_head = (head.seq, head.set_hash) == (chain.seq, chain.set_hash) or chain.seq == 0 == head.seq
    return seq - 1, None if is_at_head else f"the log ends at {head.seq}, the chain at {chain.seq}"


def _check_one(
    node: Node, keys: Mapping[bytes, bytes], chain: ChainState, head: ChainHead, message: bytes
) -> tuple[ChainHead, str | None]:
    place = f"set {head.seq + 1}"
    try:
        one = _verified(message, HubId(node.identity.hub_id), keys)
    except Refused as refusal:
        return head, f"{place}: {refusal.reason.value}"
    if one.header.epoch != chain.epoch or classify_link(one.header, one.set_hash, head, None) is not ChainLink.NEXT:
        return head, f"{place} does not continue the one before"
    return ChainHead(one.header.seq, one.set_hash), None


def _verified(message: bytes, hub: HubId, keys: Mapping[bytes, bytes]) -> ChangeSet:
    envelope = read_envelope(message)
    key = keys.get(envelope.key_id, bytes(_KEY_BYTES))
    payload = verify_envelope(envelope, key, Purpose.CHANGESET, hub)
    return read_set(envelope, payload, hub)


def judge_backups(
    status: BackupStatus | None, now_ms: int, *, is_target_set: bool, gone: Sequence[Refusal] = ()
) -> list[Finding]:
    """Findings about backups, from what the serving process has left.

    Args:
        status: None when no `serve` with backups ever ran here.
        is_target_set: the settings of this command ask for backups.
        gone: folders that backups go to and that are not there now.
    """
    known = status or BackupStatus()
    if not is_target_set and known.replication is None and known.copies is None:
        what = "No backup is set up; the hub has what was sent, and nothing else has the rest."
        then = "Set a target; the operator's guide names the settings."
        return [Finding("backups", Grade.WATCH, what, then, is_operators=True)]
    found = concerns(known, now_ms, is_target_set=is_target_set, gone=gone)
    if not found:
        return [Finding("backups", Grade.FINE, "Backups are confirmed and were restored on trial.")]
    return [
        Finding("backups", Grade.WRONG if one.is_wrong else Grade.WATCH, _happened(one), one.next, is_operators=True)
        for one in found
    ]


def _happened(one: Concern) -> str:
    """What happened, and what is safe where something was refused."""
    return f"{one.what} {one.safe}".rstrip()


def is_something_wrong(findings: Iterable[Finding]) -> bool:
    """Whether the exit code says so; what is only worth watching does not."""
    return any(finding.grade is Grade.WRONG for finding in findings)


def _keys(facts: SystemFacts) -> Finding:
    if facts.key_problem is None:
        return Finding("keys", Grade.FINE, "The keys of this machine can be read, and by nobody else.")
    what, then = (
        f"A key of this node cannot be used. {facts.key_problem}.",
        "Put the file back, or set its mode to 600.",
    )
    return Finding("keys", Grade.WRONG, what, then, is_operators=True)


def _database(facts: SystemFacts) -> list[Finding]:
    """Whether it is whole, and whether what it says is on the disk is there; the second only if it opens."""
    if facts.integrity == "ok":
        found = [Finding("database", Grade.FINE, "The database is whole.")]
    else:
        what = f"The database cannot be used: {facts.integrity}."
        then = "Stop. Look at the disk and at who may write the file; if it is damaged, restore the backup."
        found = [Finding("database", Grade.WRONG, what, then, is_operators=True)]
    match facts.is_synchronous_full:
        case True:
            what = "What is saved is on the disk at once; a power cut does not undo it."
            found.append(Finding("durability", Grade.FINE, what))
        case False:
            what = "A power cut could undo saved documents."
            then = "Reinstall; this must not be."
            found.append(Finding("durability", Grade.WRONG, what, then, is_operators=True))
        case None:
            pass
    return found


def _wrappings(facts: SystemFacts) -> Finding:
    if not facts.wrappings_missing:
        what = "If the keys of this machine are lost, the hub and the passphrase open its data again."
        return Finding("recovery", Grade.FINE, what)
    missing = ", ".join(facts.wrappings_missing)
    what = f"If the keys of this machine are lost, its data may stay closed. Missing: {missing}."
    then = "Enrol, or restore these files from the backup."
    return Finding("recovery", Grade.WATCH, what, then, is_operators=True)


def _sqlite(version: str) -> Finding:
    if is_safe_beside_another_process(version):
        return Finding("sqlite", Grade.FINE, f"The database program is of a safe version: SQLite {version}.")
    return Finding(
        "sqlite",
        Grade.WATCH,
        f"The database program, SQLite {version}, can lose what was saved when two programs use it at once.",
        "Do not run Litestream beside this library; use the portable backup.",
        is_operators=True,
    )


def _disk(free_bytes: int) -> Finding:
    free = f"{free_bytes / 1024**3:.1f}"
    if free_bytes < DISK_FREE_BYTES_WRONG:
        return Finding("disk", Grade.WRONG, f"The disk is nearly full: {free} GB are free.", "Make room now.")
    if free_bytes < DISK_FREE_BYTES_MIN:
        return Finding("disk", Grade.WATCH, f"The disk is getting full: {free} GB are free.", "Make room.")
    return Finding("disk", Grade.FINE, f"There is room on the disk: {free} GB are free.")


def _chain(node: Node, signing_keys: Iterable[bytes]) -> Finding:
    count, problem = verify_chain(node, *signing_keys)
    if problem is None:
        return Finding("chain", Grade.FINE, f"Everything recorded here is whole and unchanged: {count} change sets.")
    return Finding(
        "chain",
        Grade.WRONG,
        f"What was recorded here has changed or has a gap: {problem}.",
        "Call the hub operator; change nothing.",
    )


def _mark(node: Node) -> Finding:
    mark = node.high_water.read()
    with node.store.read() as tx:
        is_behind = is_behind_mark(tx, mark)
    if not is_behind:
        return Finding("high water", Grade.FINE, "Everything that left this machine is in its database.")
    return Finding(
        "high water",
        Grade.WRONG,
        "More has left this machine than its database knows: it was restored or copied.",
        "Nothing is lost: the hub has it. Call the hub operator.",
    )


def _queue(status: Status, now_ms: int) -> Finding:
    waiting = status.waiting
    if not waiting.sets:
        return Finding("queue", Grade.FINE, "Nothing waits to be sent.")
    more = "+" if waiting.is_at_least else ""
    documents = ", ".join(f"{count}{more} {kind}" for kind, count in waiting.documents.items())
    age_ms = now_ms - (waiting.oldest_ms or now_ms)
    if age_ms > OLDEST_WAITING_MS_MAX:
        hours = age_ms // _HOUR_MS
        return Finding(
            "queue", Grade.WATCH, f"Waiting to be sent: {documents}. The oldest for {hours} hours.", "Look at the line."
        )
    return Finding("queue", Grade.FINE, f"Waiting to be sent: {documents}.")


def _verdicts(status: Status) -> Finding:
    if not status.parked and not status.refused:
        return Finding("verdicts", Grade.FINE, "The hub has parked and refused nothing.")
    return Finding(
        "verdicts",
        Grade.WATCH,
        f"The hub has parked {status.parked} and refused {status.refused} change sets.",
        "Open the marked documents; parked ones go on by themselves or by the operator.",
    )


def _staff(node: Node) -> Finding:
    """Somebody must be able to let the others in."""
    working = [one for one in list_staff(node) if is_working(one.view)]
    admins = [one for one in working if one.view.values.get("role") == ADMINISTRATOR]
    if not working:
        return Finding("staff", Grade.FINE, "Nobody works at the front desk of this machine yet.")
    if not any(one.has_password or one.code_until_ms is not None for one in admins):
        next_step = "Give one a start code: `carnet-node staff reset NUMBER`."
        what = "No administrator can log in at this machine."
        return Finding("staff", Grade.WATCH, what, next_step, is_operators=True)
    able = sum(one.has_password for one in working)
    return Finding("staff", Grade.FINE, f"{able} of {len(working)} members of staff can log in at this machine.")


def _line(status: Status) -> Finding:
    match status.line:
        case Line.ONLINE if status.refusal is not None:
            said = explain(status.refusal)
            grade = Grade.WATCH if status.refusal is Reason.BUSY else Grade.WRONG
            return Finding("line", grade, f"The hub answers, and refuses: {said.what} {said.safe}", said.next)
        case Line.ONLINE:
            return Finding("line", Grade.FINE, "The hub answers.")
        case Line.OFFLINE:
            return Finding("line", Grade.WATCH, "The hub cannot be reached.", "Go on working; look at the line.")
        case Line.UNKNOWN:
            what, then = "Nobody has tried to reach the hub lately.", "Press “Sync now”, or run `carnet-node sync`."
            return Finding("line", Grade.WATCH, what, then)


def _signing_key(status: Status) -> Finding:
    said = explain(Reason.REPLACED_KEY) if status.is_key_gone else status.doubt
    if said is None:
        return Finding("signing key", Grade.FINE, "Nothing speaks against the key that signs here.")
    grade = Grade.WRONG if status.is_key_gone else Grade.WATCH
    return Finding("signing key", grade, f"{said.what} {said.safe}", said.next)


def _clock(status: Status) -> Finding:
    offset_ms = status.clock_offset_ms
    if abs(offset_ms) <= limits.CLOCK_OFFSET_ALARM_MS:
        return Finding("clock", Grade.FINE, f"The clock is {abs(offset_ms) / 1000:.0f} s from the hub's.")
    return Finding(
        "clock",
        Grade.WATCH,
        f"The clock is {abs(offset_ms) / 60000:.0f} minutes {'behind' if offset_ms > 0 else 'ahead of'} the hub's.",
        "Set the clock. Everything works all the same; only dates look odd.",
    )


def _rejoining(status: Status) -> Finding:
    if status.is_rejoining:
        return Finding(
            "rejoining",
            Grade.WRONG,
            "This database was restored, and later work is not back yet; nothing is saved here.",
            "Run `carnet-node sync`, or `carnet-node rejoin --offline` to work before the line is back.",
            is_operators=True,
        )
    if status.is_unreconciled:
        return Finding(
            "rejoining",
            Grade.WATCH,
            "This machine went on without a line after a restore; some of its own earlier work may be missing here.",
            "Nothing: the hub has it and returns it at the next contact.",
        )
    return Finding("rejoining", Grade.FINE, "Nothing of this machine's own work is known to be missing.")


def _stop(status: Status) -> Finding:
    if status.is_writing_stopped:
        return Finding(
            "sending",
            Grade.WRONG,
            "Another copy of this node has taken over; what this one recorded is kept and handed over.",
            "Stop working here. If this is the machine that should go on, run `carnet-node rejoin --take-over`.",
            is_operators=True,
        )
    if status.sync is not Sync.STOPPED:
        return Finding("sending", Grade.FINE, "Sending is allowed.")
    situation = status.state.situation.name.lower().replace("_", " ")
    return Finding(
        "sending",
        Grade.WATCH,
        f"At the last contact hub and machine did not agree: {situation}. Everything recorded is kept.",
        "Nothing: the next contact heals it. If it stays, call the hub operator.",
    )
