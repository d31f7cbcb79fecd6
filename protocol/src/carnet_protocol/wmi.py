"""Who made a car: the world manufacturer identifier and the table of its codes.

Decides which maker a VIN names according to one table, and what a well-made table is. Does not decide whether the VIN
is valid (see `vin`), and knows no models. The table is data: one edition travels with the software (data/LICENSES.md
says where it comes from), and a newer one can be parsed from signed configuration.

Rules
1. A code is the first three characters of the VIN.
2. When the third is 9 the maker is a small one: positions 12 to 14 complete the code, and three characters alone name
   nobody.
3. A code the table lacks is an unknown maker, never a guess and never an error.

    >>> maker = bundled_wmi_table().maker_of("LSV00000000000000")
    >>> maker.maker if maker else None
    'SAIC Volkswagen'

Source: ISO 3780; GB 16737-2019.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Final

from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason
from carnet_protocol.vin import CHARACTER_VALUES, SMALL_MAKER_MARK, has_vin_characters

WMI_COLUMNS: Final = ("wmi", "maker", "make", "vehicle_type", "source")
"""First line of the table."""

WMI_TABLE_BYTES_MAX: Final = 4 * 1024 * 1024
"""One table: the bundled one has 62 KB, and a complete one would fit many times over. Chosen by us."""

_CODE_CHARS: Final = 3
_SMALL_CODE_CHARS: Final = 6


@dataclass(frozen=True, slots=True)
class Wmi:
    """One maker.

    Attributes:
        code: 3 characters, or 6 for a small maker (positions 1-3 and 12-14).
        maker: name as the source writes it.
        make: brand, or "" where the source names none.
        vehicle_type: kind of vehicle the code was registered for, or ""; a hint, since one code can cover several.
        source: which list the row comes from.
    """

    code: str
    maker: str
    make: str
    vehicle_type: str
    source: str


@dataclass(frozen=True, slots=True)
class WmiTable:
    """Makers by code. Build it with `parse_wmi_table`, which checks what a code may look like."""

    by_code: Mapping[str, Wmi]

    def maker_of(self, vin: str) -> Wmi | None:
        """The maker a VIN names, or None when the table does not know it or the text is no VIN.

        Args:
            vin: 17 characters in normal form; check digit and serial play no part.
        """
        if not has_vin_characters(vin):
            return None
        is_small_maker = vin[2] == SMALL_MAKER_MARK
        return self.by_code.get(vin[:3] + vin[11:14] if is_small_maker else vin[:3])


def bundled_wmi_table() -> WmiTable:
    """The table that travels with this package.

    Reads a file of the package at each call (about 4 ms); keep the result.
    """
    return parse_wmi_table(resources.files("carnet_protocol").joinpath("data", "wmi.csv").read_bytes())


def parse_wmi_table(table: bytes) -> WmiTable:
    """A table from its bytes.

    Args:
        table: UTF-8 CSV of at most 4 MiB, first line `WMI_COLUMNS`, one row per code in any order.

    Raises:
        Malformed: MALFORMED or TOO_LARGE, on any other text, an impossible code, a row without a maker, or a code that
            stands twice.
    """
    if len(table) > WMI_TABLE_BYTES_MAX:
        raise Malformed(Reason.TOO_LARGE, "maker table")
    try:
        lines = csv.reader(io.StringIO(table.decode("utf-8"), newline=""), strict=True)
        rows = [tuple(line) for line in lines]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Malformed(Reason.MALFORMED, "maker table is not UTF-8 CSV") from error
    if not rows or rows[0] != WMI_COLUMNS:
        raise Malformed(Reason.MALFORMED, "maker table has another first line")
    by_code: dict[str, Wmi] = {}
    for number, row in enumerate(rows[1:], start=2):
        maker = _parse_row(row, number)
        if maker.code in by_code:
            raise Malformed(Reason.MALFORMED, f"maker table row {number}: code stands twice")
        by_code[maker.code] = maker
    return WmiTable(MappingProxyType(by_code))


def _parse_row(row: tuple[str, ...], number: int) -> Wmi:
    if len(row) != len(WMI_COLUMNS):
        raise Malformed(Reason.MALFORMED, f"maker table row {number}: {len(row)} columns")
    maker = Wmi(*row)
    if not _is_code(maker.code):
        raise Malformed(Reason.MALFORMED, f"maker table row {number}: impossible code")
    if not maker.maker.strip():
        raise Malformed(Reason.MALFORMED, f"maker table row {number}: no maker")
    return maker


def _is_code(code: str) -> bool:
    """Whether the code has the length its third character calls for, in VIN characters."""
    if not all(character in CHARACTER_VALUES for character in code):
        return False
    if len(code) == _SMALL_CODE_CHARS:
        return code[2] == SMALL_MAKER_MARK
    return len(code) == _CODE_CHARS and code[2] != SMALL_MAKER_MARK
