"""Make the bundled table of maker codes from two public lists.

Decides which list a row is taken from. Run it by hand when a list has a new edition, and commit the result:

    python tools/make_wmi_table.py VPIC.csv VININFO.csv > protocol/src/carnet_protocol/data/wmi.csv

VPIC.csv has the columns wmi, manufacturer, make, vehicle_type (others are ignored): the United States registry.
VININFO.csv has wmi, manufacturer: Chinese makers.

Rules
1. A code of the Chinese list is taken from it *whole*. The American registry knows it, if at all, by an importer, and a
   row made of two lists would name a maker with the vehicle type of somebody else.
2. The registry's country column is left out: it is the country of the registrant (a Chinese code is often "United
   States"), and the first character of the code says the rest.
3. Runs of spaces become one. Nothing else is changed. Rows are sorted by code.
"""

import argparse
import csv
import sys
from pathlib import Path
from typing import TextIO

COLUMNS = ("wmi", "maker", "make", "vehicle_type", "source")


def tidy(text: str) -> str:
    """The text with single spaces and none at the ends."""
    return " ".join(text.split())


def merge_lists(vpic: TextIO, vininfo: TextIO) -> list[tuple[str, ...]]:
    """Rows of the table, sorted by code; the Chinese list wins."""
    rows = {
        row["wmi"]: (row["wmi"], tidy(row["manufacturer"]), tidy(row["make"]), tidy(row["vehicle_type"]), "vpic")
        for row in csv.DictReader(vpic)
    }
    rows |= {row["wmi"]: (row["wmi"], tidy(row["manufacturer"]), "", "", "vininfo") for row in csv.DictReader(vininfo)}
    return [rows[code] for code in sorted(rows)]


def main() -> None:
    """Write the table to standard output."""
    parser = argparse.ArgumentParser(description="Make the bundled table of maker codes.")
    parser.add_argument("vpic", type=Path, help="list of the United States registry")
    parser.add_argument("vininfo", type=Path, help="list of Chinese makers")
    arguments = parser.parse_args()
    with (
        arguments.vpic.open(encoding="utf-8", newline="") as vpic,
        arguments.vininfo.open(encoding="utf-8", newline="") as vininfo,
    ):
        rows = merge_lists(vpic, vininfo)
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)


if __name__ == "__main__":
    main()
