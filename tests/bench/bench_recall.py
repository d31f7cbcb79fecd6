"""Two million open recalls on a node: how large they are, and how long a car at the desk waits for the answer.

Decides what is measured and against which floor. The floor is what one would write without thinking: one SQLite row per
(VIN, campaign). It is faster to ask and a dozen times larger; the lists of a node must stay small *and* quick.

The lists lie in a real node's tables. Times of more than a moment are processor time, so that a busy machine measures
the same.

The campaigns are made up, with the mixture that public figures suggest: 80 campaigns, sizes lognormal, 45 % of them
dense runs of production, 30 % with 60 % of a run, 25 % with 8 %. Three to nine variants of a model leave one line in
turns, so a campaign's serials are scattered over prefixes. Half of the look-ups are cars that are not recalled.

    python tests/bench/bench_recall.py
"""

import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.recalls.bitmaps import contains
from carnet_node.core.recalls.open_recalls import BitmapKey, campaign_rows, find_key
from carnet_node.core.recalls.recall_check import check_many
from carnet_protocol import cbor
from carnet_protocol.ids import RecordId
from carnet_protocol.recall_lists import (
    STATE_BYTES,
    ListEntry,
    ListKind,
    SegmentRef,
    StepRef,
    encode_step,
    step_between,
)
from carnet_protocol.segments import decode_segment, encode_segment, join_vin, segment_hash
from carnet_protocol.vin import VIN_ALPHABET
from support.node_builder import build_node

PAIRS = 2_000_000
CAMPAIGNS = 80
LOOKUPS = 10_000
CHECKED = 100_000
MORE = 1_000
LOOKUP_US_MAX = 100.0
SIZE_MB_MAX = 3.0
STEP_KB_MAX = 10.0
SECONDS_MAX = 10.0
SEED = 20_020
CREATE_PLAIN = "CREATE TABLE plain (vin, campaign, PRIMARY KEY (vin, campaign)) WITHOUT ROWID"
INSERT_PLAIN = "INSERT INTO plain VALUES (?, ?)"

WMIS = ("LSV", "LFV", "LSG", "LHG", "LVS", "LRW", "LGX", "LFP", "LBE", "LBV")
MORE_WMIS = ("LVG", "LGB", "LDC", "LVH", "LFM", "LGW", "LVV", "LJD", "LVR", "LTV")


@dataclass(frozen=True)
class Line:
    """One production line of one year: its variants leave it in turns, on one serial counter."""

    prefixes: tuple[str, ...]
    turns: tuple[int, ...]

    def prefix_of(self, serial: int) -> str:
        """The prefix of the car that was built as number `serial`."""
        return self.prefixes[self.turns[serial % len(self.turns)]]


def build_lines(rng: random.Random) -> list[Line]:
    """Eighty lines of twenty makers, with three to nine variants each."""
    lines = []
    for wmi in WMIS + MORE_WMIS:
        for year, plant in zip("NPRS", "ABAB", strict=True):
            variants = {"".join(rng.choices(VIN_ALPHABET, k=5)) for _ in range(rng.randint(3, 9))}
            prefixes = tuple(sorted(wmi + variant + year + plant for variant in variants))
            lines.append(Line(prefixes, tuple(rng.randrange(len(prefixes)) for _ in range(997))))
    return lines


def campaign_sizes(rng: random.Random, pairs: int) -> list[int]:
    """Members per campaign: lognormal, scaled so that they add up to about `pairs`."""
    weights = [rng.lognormvariate(0, 1.6) for _ in range(CAMPAIGNS)]
    return [max(1, round(pairs * weight / sum(weights))) for weight in weights]


def campaign_vins(rng: random.Random, lines: list[Line], size: int) -> list[str]:
    """Members of one campaign: runs of one maker's lines with gaps."""
    density = rng.choices((1.0, 0.6, 0.08), weights=(45, 30, 25))[0]
    first = rng.randrange(len(lines))
    vins: list[str] = []
    for step in range(len(lines)):
        line = lines[(first + step) % len(lines)]
        start = rng.randrange(100_000)
        run = min(1_000_000 - start, round((size - len(vins)) / density) + 1, 400_000)
        for serial in range(start, start + run):
            if rng.random() < density:
                # The counter is decimal: its two leading digits are characters of the VIN, not of a base-33 number.
                pair, tail = divmod(serial, 10_000)
                vins.append(join_vin(line.prefix_of(serial), (pair // 10 * 33 + pair % 10) * 10_000 + tail))
        if len(vins) >= size:
            break
    return vins[:size]


def build_campaigns(pairs: int) -> list[list[str]]:
    """The member lists of all campaigns, always the same for the same number of pairs."""
    rng = random.Random(SEED)
    lines = build_lines(rng)
    return [campaign_vins(rng, lines, size) for size in campaign_sizes(rng, pairs)]


def open_database(path: Path, rows: Iterator[tuple[Any, ...]], create: str, insert: str) -> sqlite3.Connection:
    """A database with one filled and compacted table."""
    database = sqlite3.connect(path)
    database.execute(create)
    with database:
        database.executemany(insert, rows)
    database.execute("VACUUM")
    return database


def node_with(folder: Path, campaigns: list[list[str]]) -> Node:
    """A node that holds these campaigns' members."""
    node = build_node(folder)
    for number, vins in enumerate(campaigns):
        content = encode_segment(vins)
        segment = decode_segment(content)
        rows = campaign_rows(segment)
        with node.store.write() as tx:
            tx.lists.want(campaign_id(number), ListKind.MEMBERS, [segment_hash(content)])
            tx.lists.add(segment_hash(content), segment.count, rows.bitmaps, rows.exceptions)
    return node


def campaign_id(number: int) -> RecordId:
    """The id of a made-up campaign."""
    return RecordId(number.to_bytes(16, "big"))


def megabytes_of(database: Path) -> float:
    """The size of a database in which nothing is free."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size / 1e6


def look_up_bitmap(tx: ReadTransaction, vin: str) -> list[int]:
    """Open campaigns of a VIN, from a node's lists."""
    key = find_key(vin)
    if not isinstance(key, BitmapKey):
        return []
    rows = tx.lists.bitmaps(key.prefix)
    return [int.from_bytes(campaign, "big") for campaign, _, bitmap in rows if contains(bitmap, key.serial)]


def look_up_plain(database: sqlite3.Connection, vin: str) -> list[int]:
    """Open campaigns of a VIN, from one row per pair."""
    return [row[0] for row in database.execute("SELECT campaign FROM plain WHERE vin = ?", (vin,))]


def time_lookups(look_up: Callable[[str], list[int]], vins: list[str], repetitions: int) -> list[float]:
    """Microseconds of each look-up."""
    spans = []
    for _ in range(repetitions):
        for vin in vins:
            start = time.perf_counter()
            look_up(vin)
            spans.append((time.perf_counter() - start) * 1e6)
    return spans


def seconds_of(work: Callable[[], Any], repetitions: int) -> float:
    """Best of several runs, in seconds of the processor."""
    spans = []
    for _ in range(repetitions):
        start = time.process_time()
        work()
        spans.append(time.process_time() - start)
    return min(spans)


def row(name: str, value: float, unit: str, floor: float | None, target: float | None) -> dict[str, Any]:
    """One measured figure; it is in order when it does not exceed its target."""
    ratio = value / floor if floor else None
    is_in_order = target is None or value <= target
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "floor": None if floor is None else round(floor, 3),
        "ratio": None if ratio is None else round(ratio, 3),
        "target": target,
        "ok": is_in_order,
    }


def sample_vins(campaigns: list[list[str]], known: set[str]) -> list[str]:
    """Cars at the desk: one half recalled, the other half neighbours on the line that are not."""
    rng = random.Random(SEED + 1)
    everybody = [vin for vins in campaigns for vin in vins]
    hits = rng.sample(everybody, min(LOOKUPS // 2, len(everybody)))
    misses: list[str] = []
    while len(misses) < len(hits):
        key = find_key(rng.choice(hits))
        assert isinstance(key, BitmapKey)
        vin = join_vin(key.prefix, (key.serial // 10_000) * 10_000 + rng.randrange(10_000))
        if vin not in known:
            misses.append(vin)
    vins = hits + misses
    rng.shuffle(vins)
    return vins


def measure(pairs: int, repetitions: int) -> list[dict[str, Any]]:
    """All figures for about `pairs` open pairs.

    Args:
        pairs: size of the node's recall data; 80 at least.
        repetitions: rounds over the sample of look-ups and runs of each timed step; 1 at least.
    """
    campaigns = build_campaigns(pairs)
    everyone = [vin for vins in campaigns for vin in vins]
    sample = sample_vins(campaigns, set(everyone))
    with tempfile.TemporaryDirectory() as folder:
        figures = on_disk(Path(folder), campaigns, sample, repetitions)
    one_segment = encode_segment(everyone)
    return [
        row("open pairs", len(everyone), "pairs", None, None),
        *figures,
        *growth(campaigns),
        row("encode all as one", seconds_of(lambda: encode_segment(everyone), repetitions), "s", None, SECONDS_MAX),
        row("decode all as one", seconds_of(lambda: decode_segment(one_segment), repetitions), "s", None, SECONDS_MAX),
    ]


def on_disk(folder: Path, campaigns: list[list[str]], sample: list[str], repetitions: int) -> list[dict[str, Any]]:
    """Size, look-ups and the check of a file, at a real node against one row per pair."""
    (folder / "empty").mkdir()
    build_node(folder / "empty")
    node = node_with(folder, campaigns)
    plain_rows = ((vin, number) for number, vins in enumerate(campaigns) for vin in vins)
    with (
        closing(open_database(folder / "plain.db", plain_rows, CREATE_PLAIN, INSERT_PLAIN)) as plain,
        node.store.read() as tx,
    ):
        wrong = sum(sorted(look_up_bitmap(tx, vin)) != sorted(look_up_plain(plain, vin)) for vin in sample)
        plain_us = time_lookups(lambda vin: look_up_plain(plain, vin), sample, repetitions)
        bitmap_us = time_lookups(lambda vin: look_up_bitmap(tx, vin), sample, repetitions)
    asked = (sample * (CHECKED // len(sample) + 1))[:CHECKED]
    checked_s = seconds_of(lambda: sum(1 for _ in check_many(node, asked)), 1)
    size_mb = megabytes_of(folder / "node-1.db") - megabytes_of(folder / "empty" / "node-1.db")
    plain_mb = (folder / "plain.db").stat().st_size / 1e6
    return [
        row("wrong answers", wrong, f"of {len(sample)}", None, 0),
        row("size on disk", size_mb, "MB", plain_mb, SIZE_MB_MAX),
        row("look-up, median", statistics.median(bitmap_us), "us", statistics.median(plain_us), LOOKUP_US_MAX),
        row("look-up, 99th percentile", percentile_99(bitmap_us), "us", percentile_99(plain_us), None),
        row(f"check of {len(asked)} cars", checked_s, "s (processor)", None, SECONDS_MAX),
    ]


def growth(campaigns: list[list[str]]) -> list[dict[str, Any]]:
    """What a plan with a thousand more cars costs a node's line: the step, and what the manifest says of the list."""
    vins = max(campaigns, key=len)
    content = encode_segment(vins)
    step = encode_step(step_between(decode_segment(encode_segment(vins[:-MORE])), decode_segment(content)))
    ref = StepRef(segment_hash(step), len(step), bytes(STATE_BYTES))
    entry = ListEntry(campaign_id(1), 0, 1, [SegmentRef(segment_hash(content), len(content), len(vins), [ref])])
    return [
        row(f"step of {MORE} more cars", len(step) / 1e3, "KB", len(content) / 1e3, STEP_KB_MAX),
        row("the manifest's entry for it", len(cbor.encode_frame(entry)), "bytes", None, None),
    ]


def percentile_99(values: list[float]) -> float:
    """The value that 99 of 100 do not exceed."""
    return statistics.quantiles(values, n=100)[98]


def run(repetitions: int) -> list[dict[str, Any]]:
    """All figures at full size: two million open pairs.

    Args:
        repetitions: rounds over the sample of look-ups; 1 at least.
    """
    return measure(PAIRS, repetitions)


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        print(json.dumps(figure))
