"""Fuzz one target with atheris for some seconds; a child of `tools.fuzz`.

    python -m fuzz.run_target NAME SECONDS CORPUS FINDINGS

Ends with 0 when nothing was found, and otherwise with what libFuzzer ends with; the input then lies in FINDINGS.
Runs in the environment of tests/fuzz/requirements.txt only.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["carnet_protocol", "carnet_node.core", "carnet_node.adapters.csv_files"]):
    from fuzz.oracle import examine
    from fuzz.targets import TARGETS

_INPUT_BYTES_MAX = 64 * 1024


def main(name: str, seconds: int, corpus: Path, findings: Path) -> None:
    """Feed the target until the time is over; does not return."""
    target = TARGETS[name]
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={_INPUT_BYTES_MAX}",
        f"-artifact_prefix={findings}/{name}-",
        "-malloc_limit_mb=64",
        "-rss_limit_mb=1024",
        "-timeout=5",
        "-print_final_stats=1",
    ]
    atheris.Setup(["fuzz", *options, str(corpus)], lambda data: _feed(target.read, data))
    atheris.Fuzz()


def _feed(read: object, data: bytes) -> None:
    assert callable(read)
    examine(read, data)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
