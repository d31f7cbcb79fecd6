"""What this hub holds, by class and age: what has to stay, and what may go.

Decides the rows of that report. Counts only: no id and no value of anybody stands in it. Does not decide how long
anything stays (`carnet_protocol.retention`).

    what                          by class of                      verdict
    ----------------------------  -------------------------------  ------------------------------------------------
    customers                     what governs the person          in_use, statutory, running, may_go, or waiting
                                                                   for a site (`purging`)
    notes, messenger names        marketing                        running, may_go
    campaigns, dossiers, work,    recall                           stays: no personal value, signed for ever
    attempts to reach owners,
    stopped sales
    vehicles, orders, readings,   workshop                         the same; a tie between a car and its owner is two
    ties of cars to customers                                      ids, and what they name goes with the person
    accesses, named exports       recall                           stays: who was shown what, by codes and hashes; the
                                                                   numbers of a request are sealed and go when it ends
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import RETENTION_BATCH
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.regulator_rows import NamedExportRow, RegulatorAccessRow
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.upkeep.purging import judge
from carnet_hub.core.upkeep.retained_persons import heard_of, retained_persons
from carnet_protocol.kinds import (
    CAMPAIGN,
    CAMPAIGN_EVENT,
    CAMPAIGN_ITEM,
    CUSTOMER,
    ODOMETER_READING,
    OWNERSHIP,
    RECALL_COMPLETION,
    RECALL_CONTACT,
    STOP_SALE,
    VEHICLE,
    VISIT,
)
from carnet_protocol.retention import Holds, Judged, RetentionClass, RetentionFile, age_years

STAYS: Final = "stays"
BESIDES: Final = "notes_and_messengers"
"""What a row about marketing beside other reasons counts."""
ACCESSES: Final = "accesses"
NAMED_EXPORTS: Final = "named_exports"

_PUBLIC: Final = (
    (CAMPAIGN, Holds.RECALL),
    (CAMPAIGN_ITEM, Holds.RECALL),
    (CAMPAIGN_EVENT, Holds.RECALL),
    (RECALL_COMPLETION, Holds.RECALL),
    (RECALL_CONTACT, Holds.RECALL),
    (STOP_SALE, Holds.RECALL),
    (OWNERSHIP, Holds.WORKSHOP),
    (VEHICLE, Holds.WORKSHOP),
    (VISIT, Holds.WORKSHOP),
    (ODOMETER_READING, Holds.WORKSHOP),
)
Watched = Callable[[Iterator[RecordRow]], Iterable[RecordRow]]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One line of the report.

    Attributes:
        held: a kind of record, `BESIDES`, `ACCESSES` or `NAMED_EXPORTS`.
        age_years: whole years since the term began; of what stays, since its last change.
        verdict: a `Verdict`, `site_not_heard`, or `STAYS`.
    """

    governed_by: RetentionClass
    held: str
    age_years: int
    verdict: str
    count: int


def retention_rows(hub: Hub, classes: RetentionFile, watched: Watched) -> list[HeldRow]:
    """Everything that is held, counted, by class, age and verdict.

    Args:
        watched: the records pass through it, for whoever shows progress.
    """
    now_ms = hub.clock.now_ms()
    counts: Counter[tuple[str, str, int, str]] = Counter()
    with hub.store.read() as snapshot:
        heard = heard_of(hub, snapshot)
        for rows in _batches(watched(snapshot.records_of_kind(CUSTOMER.number))):
            for one in retained_persons(hub, snapshot, [row.id for row in rows]).values():
                found = judge(classes, one, heard, now_ms)
                counts[_key(found.person, CUSTOMER.name, found.why, now_ms)] += 1
                if found.besides is not None:
                    counts[_key(found.besides, BESIDES, str(found.besides.verdict), now_ms)] += 1
        for kind, holds in _PUBLIC:
            for rows in _batches(watched(snapshot.records_of_kind(kind.number))):
                times = snapshot.commit_times({row.changed for row in rows})
                ages = (age_years(times[row.changed], now_ms) for row in rows)
                counts.update((classes.of(holds).id, kind.name, age, STAYS) for age in ages)
        for held, moments in _ledgers(snapshot):
            kept = classes.of(Holds.RECALL).id
            counts.update((kept, held, age_years(at_ms, now_ms), STAYS) for at_ms in moments)
    by_id = {one.id: one for one in classes.classes}
    return [HeldRow(by_id[name], held, age, why, count) for (name, held, age, why), count in sorted(counts.items())]


def _ledgers(snapshot: Snapshot) -> Iterator[tuple[str, Iterator[int]]]:
    """What is kept of accesses from outside, each with the moments of its entries."""
    yield ACCESSES, (row.at_ms for row in snapshot.scan(RegulatorAccessRow))
    yield NAMED_EXPORTS, (row.asked_ms for row in snapshot.scan(NamedExportRow))


def _key(judged: Judged, held: str, why: str, now_ms: int) -> tuple[str, str, int, str]:
    return judged.governed_by.id, held, age_years(judged.since_ms, now_ms), why


def _batches(rows: Iterable[RecordRow]) -> Iterator[list[RecordRow]]:
    waiting = iter(rows)
    while some := list(islice(waiting, RETENTION_BATCH)):
        yield some
