"""Check a report with Python 3 and openssl 3 alone: python3 verify_report.py FOLDER PUBLISHED-KEY.pem (exit 0 or 1)."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path


def check(folder: Path, key: str) -> str:
    """Signature, every file byte for byte, every row counted, the sum of the figures."""
    lines = (folder / "manifest.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    if "PUBLIC KEY" not in Path(key).read_text(encoding="utf-8", errors="replace"):
        raise OSError(f"{key}: no public key (PEM)")
    signed = ["-in", str(folder / "manifest.txt"), "-sigfile", str(folder / "manifest.sig")]
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", *signed]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        raise ValueError("manifest.txt: not signed by this key, or altered")
    files = [line.split(" ", 4)[1:] for line in lines if line.startswith("file ")]
    if not lines[0].startswith("carnet-export-v1 ") or not files:
        raise ValueError("manifest.txt: no manifest of a report")
    for sha256, size, rows, name in files:
        content = (folder / name).read_bytes() if Path(name).name == name and (folder / name).is_file() else None
        if content is None or len(content) != int(size) or hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"{name}: not what was signed, or missing")
        if name.endswith(".ndjson") and content.count(b"\n") != int(rows):
            raise ValueError(f"{name}: it has not the {rows} rows that were signed")
    beside = {"manifest.txt", "manifest.sig", "export-key.pem", *(one[3] for one in files)}
    ours = {Path(key).resolve(), Path(__file__).resolve()}
    if strange := sorted(one.name for one in folder.iterdir() if one.name not in beside and one.resolve() not in ours):
        raise ValueError(f"{', '.join(strange)}: not part of what was signed")
    states = [json.loads(line)["state"] for line in (folder / "members.ndjson").open(encoding="utf-8")]
    summary = dict(csv.reader((folder / "summary.csv").open(encoding="utf-8-sig", newline="")))
    said = {name[7:]: int(value) for name, value in summary.items() if name.startswith("state: ")}
    if {name: states.count(name) for name in said} != said or len(states) != int(summary["members"]):
        raise ValueError("summary.csv: its figures do not follow from the rows")
    counted = f"{len(states)} vehicles, {summary['completed']} completed"
    return f"OK: {len(files)} files as signed; {'; '.join(lines[1:6])}; {counted}\n"


if __name__ == "__main__":
    if not sys.argv[2:]:
        sys.exit(f"NOT CHECKED, for want of two names. {__doc__}")
    try:
        sys.stdout.buffer.write(check(Path(sys.argv[1]), sys.argv[2]).encode(sys.stdout.encoding, "backslashreplace"))
    except OSError as problem:
        sys.exit(f"NOT CHECKED: {problem}")
    except (ValueError, KeyError) as problem:
        sys.exit(f"NOT OK: {problem}")
