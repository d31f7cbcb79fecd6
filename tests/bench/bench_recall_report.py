"""How far a campaign of two million vehicles is, a stage report about it, and what a completion costs at ingest.

Decides what is measured, and against which floor:

- the answer "how far is it" from the sums that are kept, against one read of the campaign's record through the store;
- the count anew, and the whole signed report (`cn-stage`), against one line for each member written from the lists: no
  report could do with less;
- a set with one order and one completion at ingest with the sums kept, against the same without.

One car of twenty is done (its order, its record, a completion with its citation), one of a hundred has left; the others
are on the list and nowhere else, as at the beginning of a recall. What a completion costs the report stands by itself,
so that a campaign further on can be reckoned. All times are processor time of one process; the report is made in a
process of its own, whose memory is looked at from outside.

    SCALE=0.1 python -m tools.bench --only recall_report
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench.bench_recall import row
from bench.bench_recall_import import made_up
from carnet_hub.core.campaigns.kept_counts import kept_sums
from carnet_hub.core.campaigns.recall_export import cite
from carnet_hub.core.campaigns.recalls import Campaign, count_campaign, members_of, require_campaign
from carnet_hub.core.campaigns.report import ReportHead, export_files
from carnet_hub.core.counting.completions import completion_reports, terms_of
from carnet_hub.core.counting.tallies import count_progress
from carnet_hub.core.exchange.taking_in import taking_in
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.admission import decide_set
from carnet_hub.core.log.prefetch import prefetch
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.sets.intake import find_signers, read_pushed, verify_arrival
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, completion_id, vehicle_id
from carnet_protocol.kinds import CAMPAIGN
from carnet_protocol.registry import Value
from support.authors import MadeSet, draft_of
from support.hub_apps import TestHub, open_test_hub
from support.protocol import fixed
from support.recall_hub import RecallHub, begin_recall
from support.recall_plans import NUMBER

MEMBERS = 2_000_000
ONE_DONE_OF = 20
ONE_GONE_OF = 100
OPS_PER_SET = 480
OPS_OF_A_CAR = 3
ARRIVALS = 400
ANSWERS = 50
ANSWER_MS_MAX = 200.0
REPORT_S_MAX = 30.0
SITE = "A001"
TESTS = Path(__file__).resolve().parent.parent


def run(repetitions: int) -> list[dict[str, Any]]:
    """All figures of one campaign.

    Args:
        repetitions: of no effect; the campaign is long enough to be measured once.
    """
    count = round(MEMBERS * float(os.environ.get("SCALE", "1")))
    with tempfile.TemporaryDirectory() as folder:
        recall = built(Path(folder) / "hub", list(made_up(count)))
        done = report_apart(Path(folder))
        answer_ms, read_ms = answered(recall)
        kept_us, bare_us = arriving(recall, count)
    each = f"of {count:,} members, {done['completed']:,} done"
    floor = done["floor_s"]
    return [
        row(f"progress {each}", answer_ms, "ms (processor)", read_ms, ANSWER_MS_MAX),
        row(f"count anew {each}", done["count_s"], "s (processor)", floor, None),
        row(f"stage report {each}", done["report_s"], "s (processor)", floor, REPORT_S_MAX),
        row("each completion of it", done["each_us"], "us (processor)", None, None),
        row("its memory at most", done["peak_mb"], "MB", done["idle_mb"], None),
        row("a completion at ingest, sums kept", kept_us, "us (processor)", bare_us, None),
    ]


def built(folder: Path, vins: list[str]) -> RecallHub:
    """A hub with the campaign, of which some cars are done and some have left."""
    recall = begin_recall(folder, vins)
    recall.desks[SITE].wall_ms = recall.hub.clock.ms
    waiting: list[Draft] = []
    for number, vin in enumerate(vins):
        if number % ONE_DONE_OF == 0:
            waiting += [*completed(recall, vin), draft_of("vehicle", vehicle_id(vin), {"vin": vin})]
        elif number % ONE_GONE_OF == 1:
            waiting += [order(vin), draft_of("vehicle", vehicle_id(vin), {"vin": vin, "lifecycle": "scrapped"})]
        if len(waiting) > OPS_PER_SET - OPS_OF_A_CAR:
            push(recall, waiting)
            waiting = []
    if waiting:
        push(recall, waiting)
    return recall


def push(recall: RecallHub, drafts: list[Draft]) -> None:
    """One set of the site; of the sets before it the author keeps the number alone."""
    author = recall.desks[SITE]
    made = recall.push(author.write(*drafts))
    author.made[:] = [made] * len(author.made)


def order(vin: str) -> Draft:
    """An order for a car."""
    return draft_of("visit", fixed(f"visit {vin}"), {"vehicle_id": vehicle_id(vin), "status": "open"})


def completed(recall: RecallHub, vin: str) -> list[Draft]:
    """An order for a car, and that the campaign was done on it."""
    campaign, visit = RecordId(recall.campaign.row.id), order(vin)
    values: dict[str, Value] = {
        "campaign_id": campaign,
        "vin": vin,
        "vehicle_id": vehicle_id(vin),
        "visit_id": visit.record,
        "completed_at": recall.hub.clock.ms,
        "method": "replaced",
    }
    return [visit, draft_of("recall_completion", completion_id(campaign, vin, RecordId(visit.record)), values)]


def report_apart(folder: Path) -> dict[str, Any]:
    """The figures of a process that counts and makes the report, and does nothing else."""
    places = {"PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
    asked = [sys.executable, __file__, "report", str(folder)]
    told = subprocess.run(asked, stdout=subprocess.PIPE, env={**os.environ, **places}, check=True)
    return dict(json.loads(told.stdout))


def make_report_of(folder: Path) -> dict[str, Any]:
    """Count the campaign anew, make its report, and write the floor's lines; what each took."""
    hub = open_test_hub(folder / "hub")
    idle_mb = megabytes("VmRSS")
    with hub.app.hub.store.read() as snapshot:
        campaign = require_campaign(hub.app.hub, snapshot, NUMBER)
        recall = RecallHub(hub, campaign)
        report_s, made = seconds(lambda: recall.make("cn-stage", folder / "report"))
        peak_mb = megabytes("VmHWM")
        count_s, counted = seconds(lambda: count_campaign(hub.app.hub, hub.app.segments, snapshot, NUMBER))
        kept = kept_sums(hub.app.hub, hub.app.segments, snapshot, NUMBER)
        completions_s, _ = seconds(lambda: only_completions(hub, snapshot, campaign, made.report.head))
    if not counted.progress.sums == made.report.progress.sums == kept.sums:
        raise AssertionError("the sums that are kept, counted and reported differ")
    floor_s, _ = seconds(lambda: write_lines(hub, campaign, folder / "lines"))
    return {
        "report_s": report_s,
        "count_s": count_s,
        "floor_s": floor_s,
        "peak_mb": peak_mb,
        "idle_mb": idle_mb,
        "completed": kept.sums.completed_count,
        "each_us": completions_s / kept.sums.completed_count * 1e6,
    }


def only_completions(hub: TestHub, snapshot: Snapshot, campaign: Campaign, head: ReportHead) -> None:
    """What a report does for completions alone: read, judged, cited and written, as if nobody else were on the list."""
    record = RecordId(campaign.row.id)
    terms = terms_of(hub.app.hub, snapshot, record, campaign.values)
    reports = list(completion_reports(hub.app.hub, snapshot, record))
    progress = count_progress((one.vin for one in reports), reports, {}, None, terms)
    for file in export_files(head, progress, (), lambda ops: cite(snapshot, ops)):
        for _ in file.chunks:
            pass


def write_lines(hub: TestHub, campaign: Campaign, path: Path) -> None:
    """The floor: every member as a line of a file, and the hash of the file."""
    digest = sha256()
    with path.open("wb") as file:
        for vin in members_of(hub.app.segments, campaign):
            line = b'{"vin":"%s"}\n' % vin.encode()
            digest.update(line)
            file.write(line)


def answered(recall: RecallHub) -> tuple[float, float]:
    """Milliseconds of the progress answer, and of one read of the campaign's record; medians."""
    hub, segments = recall.hub.app.hub, recall.hub.app.segments
    record = recall.campaign.row.id
    with hub.store.read() as snapshot:
        spans = [seconds(lambda: kept_sums(hub, segments, snapshot, NUMBER))[0] for _ in range(ANSWERS)]
        reads = [seconds(lambda: snapshot.records(CAMPAIGN.number, [record]))[0] for _ in range(ANSWERS)]
    return statistics.median(spans) * 1e3, statistics.median(reads) * 1e3


def arriving(recall: RecallHub, count: int) -> tuple[float, float]:
    """Microseconds of the hub for a set with one completion, with and without the sums; medians, taken in turns."""
    author = recall.desks[SITE]
    spans: dict[bool, list[float]] = {True: [], False: []}
    fresh = (vin for number, vin in enumerate(made_up(count)) if number % ONE_DONE_OF not in (0, 1))
    for number, vin in zip(range(ARRIVALS), fresh, strict=False):
        made = author.write(*completed(recall, vin))
        spans[number % 2 == 0].append(taken_in(recall.hub.app.hub, made, is_followed=number % 2 == 0))
    return statistics.median(spans[True]) * 1e6, statistics.median(spans[False]) * 1e6


def taken_in(hub: Hub, made: MadeSet, *, is_followed: bool) -> float:
    """Seconds from a pushed set to its commit."""

    def _admit() -> None:
        envelope = read_pushed(made.message, made.opening)
        with hub.store.read() as snapshot:
            signers = find_signers(hub, snapshot, [envelope])
        arrival = verify_arrival(hub, signers, envelope, made.opening)
        with taking_in(hub, is_followed=is_followed) as workspace:
            prefetch(workspace, [arrival])
            decide_set(workspace, arrival)

    return seconds(_admit)[0]


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the processor, and what came of it."""
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def megabytes(figure: str) -> float:
    """A figure of this process's memory."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{figure}:")[2].split()[0]) / 1024


def _figures() -> Iterator[dict[str, Any]]:
    if sys.argv[1:2] == ["report"]:
        yield make_report_of(Path(sys.argv[2]))
    else:
        yield from run(1)


if __name__ == "__main__":
    for figure in _figures():
        print(json.dumps(figure))
