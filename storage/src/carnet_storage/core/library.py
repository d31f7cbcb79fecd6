"""Which SQLite libraries are safe beside a second process that checkpoints.

Decides nothing but that. SQLite 3.7.0 to 3.51.2 can lose committed pages when two processes checkpoint while a third
connection writes, which is exactly a database plus Litestream; 3.44.6 and 3.50.7 carry the fix as well.

Source: SQLite release notes of 3.51.3, 3.50.7 and 3.44.6.
"""

from typing import Final

from carnet_storage.core.failures import LibraryUnsafe

_UNSAFE_FROM: Final = (3, 7, 0)
_UNSAFE_TO: Final = (3, 51, 2)
_MENDED: Final = {(3, 44): 6, (3, 50): 7}
"""Patch level from which an older line carries the fix."""


def is_safe_beside_another_process(version: str) -> bool:
    """Whether a library may be used while Litestream works on the same file.

    Args:
        version: as the library states it, such as `3.53.4`.
    """
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    if not _UNSAFE_FROM <= numbers <= _UNSAFE_TO:
        return True
    mended_from = _MENDED.get((numbers[0], numbers[1]))
    return mended_from is not None and numbers[2:] >= (mended_from,)


def require_safe_library(version: str) -> None:
    """Refuse a library that may lose pages.

    Raises:
        LibraryUnsafe: with the version.
    """
    if not is_safe_beside_another_process(version):
        raise LibraryUnsafe(version)
