"""Check a report with Python 3 and openssl 3 alone: python3 verify_report.py FOLDER PUBLISHED-KEY.pem (exit 0 or 1)."""

import csv
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path


def check(folder: Path, key: str) -> str:
    """Signature, every file byte for byte, every row counted, the sum of the figures."""
    signed = ["-in", str(folder / "manifest.txt"), "-sigfile", str(folder / "manifest.sig")]
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", *signed]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        raise ValueError("manifest.txt: not signed by this key, or altered")
    lines = (folder / "manifest.txt").read_text(encoding="utf-8").splitlines()
    files = [line.split(" ", 4)[1:] for line in lines if line.startswith("file ")]
    if not lines[0].startswith("carnet-export-v1 ") or not files:
        raise ValueError("manifest.txt: no manifest of a report")
    for sha256, size, rows, name in files:
        content = (folder / name).read_bytes() if re.fullmatch(r"[\w.-]+", name) else b""
        if len(content) != int(size) or hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"{name}: not what was signed")
        if name.endswith(".ndjson") and content.count(b"\n") != int(rows):
            raise ValueError(f"{name}: it has not the {rows} rows that were signed")
    strange = {path.name for path in folder.iterdir()} - {one[3] for one in files}
    if strange - {"manifest.txt", "manifest.sig", "export-key.pem"}:
        raise ValueError(f"{min(strange)}: not part of what was signed")
    return f"{len(files)} files as signed; {'; '.join(lines[1:6])}; {totals(folder)}"


def totals(folder: Path) -> str:
    """The states in the rows must give the figures of the summary."""
    states = Counter(json.loads(line)["state"] for line in (folder / "members.ndjson").open(encoding="utf-8"))
    summary = dict(csv.reader((folder / "summary.csv").open(encoding="utf-8-sig", newline="")))
    said = {name[7:]: int(value) for name, value in summary.items() if name.startswith("state: ")}
    if {name: states[name] for name in said} != said or states.total() != int(summary["members"]):
        raise ValueError("summary.csv: its figures do not follow from the rows")
    return f"{states.total()} vehicles, {summary['completed']} completed"


if __name__ == "__main__":
    try:
        verdict = f"OK: {check(Path(sys.argv[1]), sys.argv[2])}\n"
        sys.stdout.buffer.write(verdict.encode(sys.stdout.encoding, "backslashreplace"))
    except (ValueError, OSError, IndexError, KeyError) as problem:
        sys.exit(f"NOT OK: {problem}")
