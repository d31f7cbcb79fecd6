"""When a restored database agrees with the living one.

Decides what is compared. A log only grows, so a restored copy must be a prefix of the living log: as many entries up to
its head, and the same digest over them. It must reach at least to where the living one stood when the backup was
confirmed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogFacts:
    """A log, or the beginning of one.

    Attributes:
        head: number of its last entry; 0 for an empty one.
        entries: how many there are.
        digest: SHA-256 over (number, hash) of each, ascending.
    """

    head: int
    entries: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class DrillReport:
    """What a drill found.

    Attributes:
        kind: `litestream` or `copy`.
        problem: None when the restored database is right.
        duration_ms: from the first byte to the last check.
    """

    kind: str
    at_ms: int
    head: int
    entries: int
    problem: str | None
    duration_ms: int


def disagreement(restored: LogFacts, living: LogFacts, *, at_least: int) -> str | None:
    """Why a restored log is not the living one; None when it is.

    Args:
        restored: the whole log of the restored database.
        living: the living log up to the restored head.
        at_least: the head that the backup was confirmed for.
    """
    if restored.head < at_least:
        return f"it ends at entry {restored.head}, and {at_least} was confirmed"
    if restored.entries != living.entries:
        return f"it has {restored.entries} entries up to {restored.head}, the living log {living.entries}"
    if restored.digest != living.digest:
        return f"its log up to entry {restored.head} is another one"
    return None
