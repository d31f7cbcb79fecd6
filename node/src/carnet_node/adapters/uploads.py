"""A file of a former system between its upload and the end of its import: one at a time, private, and gone afterwards.

Decides where it lies and what it is called: never by the name it came with, which may hold anything. The side file with
the rows that were left out lies beside it until somebody starts over, one for each sheet.

    DATA/imports/source.csv | source.xlsx     DATA/imports/rejected.csv     DATA/imports/rejected-1.csv
"""

import shutil
from pathlib import Path
from typing import IO, Final

from carnet_node.adapters.system import PRIVATE_FOLDER_MODE, PRIVATE_MODE
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason
from carnet_storage.adapters.sqlite_files import translated_disk

SUFFIXES: Final = (".csv", ".xlsx")
_SOURCE: Final = "source"
_ARRIVING: Final = "arriving"
_REJECTED: Final = "rejected"


def put_upload(folder: Path, content: IO[bytes], file_name: str) -> Path:
    """Put an upload in place of whatever lay there.

    Raises:
        BadValue: by its name neither a CSV file nor a workbook; what lay there stays.
        DiskFull: no room for it; what lay there stays.
        OSError: the folder cannot be written; what lay there stays.
    """
    suffix = Path(file_name).suffix.lower()
    if suffix not in SUFFIXES:
        raise BadValue(Reason.BAD_FIELD, "file", "a .csv file or an .xlsx workbook is expected")
    folder.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    path, arriving = folder / f"{_SOURCE}{suffix}", folder / _ARRIVING
    arriving.unlink(missing_ok=True)
    try:
        arriving.touch(mode=PRIVATE_MODE)
        with translated_disk(folder), arriving.open("wb") as target:
            shutil.copyfileobj(content, target)
        drop_upload(folder)
        arriving.rename(path)
    finally:
        arriving.unlink(missing_ok=True)
    return path


def find_upload(folder: Path) -> Path | None:
    """The file that waits to be imported."""
    return next((path for suffix in SUFFIXES if (path := folder / f"{_SOURCE}{suffix}").is_file()), None)


def rejected_file(folder: Path, sheet: int = 0) -> Path:
    """Where rows that were left out go, of the first sheet or another one."""
    return folder / (f"{_REJECTED}-{sheet}.csv" if sheet else f"{_REJECTED}.csv")


def drop_upload(folder: Path) -> None:
    """Take file and side files away."""
    for path in [*(folder / f"{_SOURCE}{suffix}" for suffix in SUFFIXES), *folder.glob(f"{_REJECTED}*.csv")]:
        path.unlink(missing_ok=True)
