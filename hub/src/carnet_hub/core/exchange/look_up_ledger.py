"""The ledger of look-ups: who asked for another dealer's car, on which ground, and whether that is unusual.

Decides what an entry says, how many look-ups a site has, and when an alarm is given. An entry is written before the
answer leaves, and what cannot be written down is not answered. What was typed and which car was shown stand in it as
keyed hashes: it names no car, and "who looked at this one" can still be answered.

    look-ups of a site within 24 hours     what happens
    -------------------------------------  ------------------------------------------------
    LOOK_UPS_UNUSUAL_PER_DAY               one alarm; the site stands in the list of unusual ones
    LOOK_UPS_PER_DAY_MAX                   refused by name, and written down, until fewer are that young
    LOOK_UPS_PER_MINUTE_MAX in a minute    the same
"""

import hmac
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LOOK_UPS_PER_DAY_MAX, LOOK_UPS_PER_MINUTE_MAX, LOOK_UPS_UNUSUAL_PER_DAY
from carnet_hub.core.look_up_rows import LookUpRow
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import DealerRow
from carnet_protocol.errors import NotAllowed
from carnet_protocol.legal_days import legal_day
from carnet_protocol.reasons import Reason

ANSWERED: Final = "answered"
ENDED: Final = "ended"
"""In place of an outcome where an operator ended an adoption: no look-up, and counted as none."""
_DAY_MS: Final = 24 * 3600 * 1000
_MINUTE_MS: Final = 60_000
_DOMAIN: Final = b"carnet/look-up/v1\x00"
_REFERENCE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Looking:
    """How much one person of a site looked up on one day.

    Attributes:
        day: of mainland China.
        answered: look-ups that showed a car.
        is_unusual: the site reached `LOOK_UPS_UNUSUAL_PER_DAY` on this day.
    """

    day: date
    site_code: str
    staff_id: bytes
    asked: int
    answered: int
    is_unusual: bool


def reference(hub: Hub, value: bytes) -> str:
    """How a number that was typed, or a vehicle, stands in the ledger."""
    return hmac.digest(hub.box.blind_key, _DOMAIN + value, "sha256")[:_REFERENCE_BYTES].hex()


def require_room(snapshot: Snapshot, dealer_id: bytes, now_ms: int) -> int:
    """Go on only with a site that has not used up its look-ups.

    Args:
        now_ms: the hub's clock.

    Raises:
        NotAllowed: TOO_MANY_LOOK_UPS.

    Returns: how many the site has within 24 hours, this one among them. Refused ones count as well.
    """
    recent = snapshot.look_ups_of(dealer_id, now_ms - _DAY_MS, LOOK_UPS_PER_DAY_MAX)
    last_minute = sum(row.at_ms > now_ms - _MINUTE_MS for row in recent)
    if len(recent) >= LOOK_UPS_PER_DAY_MAX or last_minute >= LOOK_UPS_PER_MINUTE_MAX:
        raise NotAllowed(Reason.TOO_MANY_LOOK_UPS, f"{len(recent)} in a day, {last_minute} in a minute")
    return len(recent) + 1


def warn_if_unusual(hub: Hub, dealer_id: bytes, count: int) -> None:
    """Give an alarm when a site gets to the number that is unusual, and at every further one as large."""
    if count % LOOK_UPS_UNUSUAL_PER_DAY == 0:
        hub.alarms.look_ups_unusual(dealer_id, count)


def read_look_ups(
    hub: Hub, *, dealer_id: bytes = b"", first: date | None = None, last: date | None = None, vehicle: bytes = b""
) -> Iterator[tuple[LookUpRow, str]]:
    """The ledger in the order of time, each line with the code of its site.

    Args:
        dealer_id: only of one site; empty for all.
        first, last: days of mainland China; None for all.
        vehicle: only what showed this car alone; empty for all.
    """
    shown = reference(hub, vehicle) if vehicle else ""
    with hub.store.read() as snapshot:
        codes = {row.dealer_id: row.site_code for row in snapshot.scan(DealerRow)}
        for row in snapshot.scan(LookUpRow):
            day = legal_day(row.at_ms)
            is_then = (first is None or first <= day) and (last is None or day <= last)
            if is_then and dealer_id in {b"", row.dealer_id} and (not shown or row.vehicle == shown):
                yield row, codes.get(row.dealer_id, "")


def count_look_ups(
    hub: Hub, *, dealer_id: bytes = b"", first: date | None = None, last: date | None = None
) -> list[Looking]:
    """Look-ups by day, site and person, the most first.

    Args:
        dealer_id, first, last: see `read_look_ups`.
    """
    asked: Counter[tuple[date, str, bytes]] = Counter()
    answered: Counter[tuple[date, str, bytes]] = Counter()
    of_site: Counter[tuple[date, str]] = Counter()
    for row, code in read_look_ups(hub, dealer_id=dealer_id, first=first, last=last):
        if row.outcome == ENDED:
            continue
        key = (legal_day(row.at_ms), code, row.staff_id)
        asked[key] += 1
        answered[key] += row.cars > 0
        of_site[key[:2]] += 1
    made = [
        Looking(*key, count, answered[key], of_site[key[:2]] >= LOOK_UPS_UNUSUAL_PER_DAY)
        for key, count in asked.items()
    ]
    return sorted(made, key=lambda one: (-one.asked, one.day, one.site_code, one.staff_id))


def unusual_sites(hub: Hub, snapshot: Snapshot) -> int:
    """How many sites are at or beyond the unusual number of look-ups within the last 24 hours."""
    since_ms = hub.clock.now_ms() - _DAY_MS
    sites = [row.dealer_id for row in snapshot.scan(DealerRow)]
    counts = (len(snapshot.look_ups_of(one, since_ms, LOOK_UPS_UNUSUAL_PER_DAY)) for one in sites)
    return sum(count >= LOOK_UPS_UNUSUAL_PER_DAY for count in counts)
