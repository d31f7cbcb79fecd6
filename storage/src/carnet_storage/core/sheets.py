"""What is asked of a workbook before anybody reads it.

A workbook is a packed file that says itself how large it becomes; the bounds are those of whoever reads it.
"""

from dataclasses import dataclass


class SheetRefused(Exception):
    """A workbook cannot be read; nothing was. The text follows the name of the file: "is protected by a password"."""


@dataclass(frozen=True, slots=True)
class SheetBounds:
    """How large a workbook may be.

    Attributes:
        file_bytes: packed.
        inflated_bytes: all parts together, unpacked.
        cells: of one sheet, from the first to the farthest in either direction, empty ones counted.
        sheets: further ones are not read.
    """

    file_bytes: int
    inflated_bytes: int
    cells: int
    sheets: int
