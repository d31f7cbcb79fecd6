"""A process that writes at one desk: opens the node in a folder and commits customers until it is told to stop.

    python -m support.writer_process FOLDER WORKER COUNT

Prints "ready" and waits for a line, so that several can be let go at once. Then prints one line per commit, after it
returned: what was printed must be found in the database whatever happens next.
"""

import sys
from dataclasses import replace
from pathlib import Path

from carnet_node.core.log.authoring import commit
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CUSTOMER
from support.node_builder import TestEntropy, build_node

WORKER_SEED = 1_000


def main(folder: Path, worker: int, count: int) -> None:
    """Commit `count` customers, each with an id of its own."""
    node = replace(build_node(folder, busy_timeout_ms=20_000), entropy=TestEntropy(WORKER_SEED + worker))
    print("ready", flush=True)  # noqa: T201  (what the parent test waits for)
    sys.stdin.readline()
    for number in range(count):
        record = RecordId(worker.to_bytes(8, "big") + number.to_bytes(8, "big"))
        sealed = commit(node, [Draft(CUSTOMER, record, {"party_kind": "person", "full_name": f"{worker}/{number}"})])
        print(f"{sealed.seq} {record.hex()}", flush=True)  # noqa: T201  (what the parent test reads)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
