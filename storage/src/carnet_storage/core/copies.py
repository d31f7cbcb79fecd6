"""Names of copies, and which of them go; which replicas go.

Decides the name (it sorts by time and says whose it is) and the rotation: everything of the last two days, then the
last one of each day, nothing older than was asked, and never the newest one.

    carnet-node-019b2c5e0000700080000000000000aa-e0002-20261122T031500123Z.backup
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from carnet_storage.core.limits import COPIES_ALL_HOURS, HISTORY_H
from carnet_storage.core.targets import Place

SUFFIX: Final = ".backup"

_NAME: Final = re.compile(r"carnet-(node|hub)-([0-9a-f]{32})-e(\d{4,9})-(\d{8}T\d{9})Z\.backup")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_MS: Final = 3600 * 1000
_DAY_MS: Final = 24 * _HOUR_MS


@dataclass(frozen=True, slots=True)
class CopyName:
    """What a copy's name says.

    Attributes:
        product: `node` or `hub`.
        made_at_ms: UTC, to the millisecond.
    """

    product: str
    place: Place
    made_at_ms: int

    @property
    def text(self) -> str:
        """As a file name."""
        made_at = _EPOCH + timedelta(milliseconds=self.made_at_ms)
        stamp = f"{made_at:%Y%m%dT%H%M%S}{self.made_at_ms % 1000:03}Z"
        return f"carnet-{self.product}-{self.place.source}-e{self.place.ordinal:04}-{stamp}{SUFFIX}"


def parse_copy_name(text: str) -> CopyName | None:
    """What a file name says; None for a file that is no copy."""
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    product, source, ordinal, stamp = found.groups()
    try:
        moment = datetime.strptime(stamp[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    made_at_ms = (moment - _EPOCH) // timedelta(milliseconds=1) + int(stamp[15:])
    return CopyName(product, Place(source, int(ordinal)), made_at_ms)


def newest_first(names: Iterable[CopyName]) -> list[CopyName]:
    """Copies in the order in which somebody wants to see them."""
    return sorted(names, key=lambda name: (name.made_at_ms, name.place.ordinal), reverse=True)


def latest_until(names: Iterable[CopyName], at_ms: int | None) -> CopyName | None:
    """The newest copy that is not younger than an instant; of all when none is given."""
    return next((one for one in newest_first(names) if at_ms is None or one.made_at_ms <= at_ms), None)


def outdated(names: Iterable[CopyName], now_ms: int, *, kept_days: int) -> list[CopyName]:
    """The copies of one source that go.

    Args:
        kept_days: 1 or more.
    """
    ordered = newest_first(names)
    kept: set[int] = set()
    going = []
    for at, name in enumerate(ordered):
        age_ms = now_ms - name.made_at_ms
        day = name.made_at_ms // _DAY_MS
        is_last_of_day = day not in kept
        if at == 0 or age_ms <= COPIES_ALL_HOURS * _HOUR_MS or (is_last_of_day and age_ms <= kept_days * _DAY_MS):
            kept.add(day)
        else:
            going.append(name)
    return going


def is_replica_outdated(changed_ms: int, now_ms: int) -> bool:
    """Whether the replica of an ended epoch goes: nobody restores what is older than the history that is kept.

    Args:
        changed_ms: its last change.
    """
    return now_ms - changed_ms > HISTORY_H * _HOUR_MS
