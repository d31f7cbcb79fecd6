"""Members that a later plan no longer lists: each with a reason, and none forgotten.

Decides whether the vehicles that a new list leaves out are exactly those that somebody withdrew with a reason. A list
that was cut off on the way must never free a car, and a denominator must never shrink in silence: who was a member once
is counted for ever, as a member or as withdrawn. Does not decide how they are counted (`progress`).

Rules
1. A vehicle of the published plan that the new list leaves out needs a reason from a closed list.
2. Who is withdrawn and listed at once, or withdrawn and was never a member, refuses the plan. So does a row without a
   vehicle, with a reason that is none of the list, or with another reason than an earlier row about the same vehicle.
3. Earlier withdrawals stand, but for vehicles that the new list names again.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.failures import FaultyLine, ListRefused, Unusable
from carnet_hub.core.limits import FAULTY_LINES_SHOWN_MAX, LIST_LINE_CHARS_MAX, WITHDRAWN_MAX
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import HASH_BYTES
from carnet_protocol.limits import CODE_CHARS_MAX
from carnet_protocol.registry import Value
from carnet_protocol.segments import MemberSet, Segment, decode_segment, join_vin, split_vin
from carnet_protocol.vin import normalise_vin

WITHDRAWAL_REASONS: Final = (
    "not_affected",
    "listed_in_error",
    "never_sold",
    "exported_before_sale",
    "destroyed_before_sale",
    "other_campaign",
    "authority_order",
)
"""Why a vehicle is no member any more; appended to, never renumbered: their places stand in signed sets."""

_MANY: Final = "Withdraw the campaign as a whole, or look whether the list is the right one."
_REASON_HEADERS: Final = frozenset({"REASON", "原因", "撤出原因"})
_VIN_HEADERS: Final = frozenset({"VIN", "车辆识别代号", "车架号"})


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Members that were withdrawn for one reason, as a segment."""

    reason: str
    segment: bytes
    count: int


def read_withdrawn(source: str, rows: Iterable[tuple[int, Sequence[str]]]) -> dict[str, str]:
    """The reason by VIN that a table states.

    Args:
        source: name of the file.
        rows: with their numbers; the first one with anything in it names the columns VIN and reason (原因).

    Raises:
        Unusable: the columns are not there.
        ListRefused: a row without a vehicle or with an unknown reason, a vehicle twice with two reasons, or more than
            `WITHDRAWN_MAX` vehicles.
    """
    found: dict[str, str] = {}
    faulty: list[FaultyLine] = []
    places: tuple[int, int] | None = None
    for number, row in rows:
        cells = [cell.strip().lstrip("\ufeff").strip() for cell in row]
        if not any(cells):
            continue
        if places is None:
            places = _places(source, cells)
            continue
        vin, reason = (cells[place] if place < len(cells) else "" for place in places)
        vin = normalise_vin(vin[:LIST_LINE_CHARS_MAX])
        if problem := _problem_of(vin, reason, found):
            faulty.append(FaultyLine(source, number, problem, f"{vin} {reason}".strip()[:CODE_CHARS_MAX]))
        else:
            found[vin] = reason
        if len(found) > WITHDRAWN_MAX:
            raise ListRefused(f"{source} withdraws more than {WITHDRAWN_MAX} vehicles.", then=_MANY)
    if faulty:
        raise ListRefused(
            f"Rows of {source} without a vehicle, without a reason of the list, or with a second one: {len(faulty)}.",
            faulty[:FAULTY_LINES_SHOWN_MAX],
            len(faulty),
            then=f"Correct these rows and import again. The reasons are {', '.join(WITHDRAWAL_REASONS)}.",
        )
    return found


def withdraw_members(
    former: Iterable[bytes], earlier: Mapping[str, str], new: Sequence[bytes], stated: Mapping[str, str]
) -> tuple[Withdrawn, ...]:
    """Everybody who was a member of an earlier plan and is none of the new one, by reason.

    Args:
        former: the segments of the published plan.
        earlier: reason by VIN, of whom it had withdrawn already.
        new: the segments of the new plan.
        stated: reason by VIN in normal form, of whom the new plan withdraws.

    Raises:
        ListRefused: somebody is left out without a reason, or withdrawn who is listed or was never a member.
    """
    listed = Listed(new)
    gone = [vin for segment in former for vin in listed.missing(decode_segment(segment))]
    silent = [vin for vin in gone if vin not in stated]
    if silent:
        raise ListRefused(
            f"Vehicles of the published plan that the list leaves out without a reason: {len(silent)}.",
            _named(silent, "left-out"),
            len(silent),
            then="Put them back into the list, or name each with its reason in withdrawn.csv beside it (--withdrawn).",
        )
    both = sorted(vin for vin in stated if vin in listed)
    strange = sorted(stated.keys() - {*gone} - earlier.keys() - {*both})
    if both or strange:
        raise ListRefused(
            f"Vehicles with a reason for leaving that are still listed: {len(both)}; that were never members: "
            f"{len(strange)}.",
            [*_named(both, "still-listed"), *_named(strange, "not-a-member")][:FAULTY_LINES_SHOWN_MAX],
            len(both) + len(strange),
            then="Take each out of the file with the reasons, or out of the list if it is to leave, and import again.",
        )
    kept = {vin: reason for vin, reason in earlier.items() if vin not in listed}
    return _by_reason({**kept, **stated})


def pack_withdrawals(named: Iterable[tuple[str, bytes]]) -> bytes:
    """Reasons and segment hashes as a campaign's field holds them: per reason its place in one octet, then 32 bytes."""
    places = {reason: place for place, reason in enumerate(WITHDRAWAL_REASONS)}
    return b"".join(bytes([places[reason]]) + name for reason, name in sorted(named))


def unpack_withdrawals(joined: Value) -> list[tuple[str, bytes]]:
    """The reverse; a reason of a newer version reads as its place."""
    if not isinstance(joined, bytes):
        return []
    width = HASH_BYTES + 1
    parts = [joined[at : at + width] for at in range(0, len(joined), width)]
    return [(_reason(part[0]), part[1:]) for part in parts if len(part) == width]


def split_hashes(joined: Value) -> list[bytes]:
    """The segment hashes in a campaign's field; none for a campaign without members."""
    if not isinstance(joined, bytes):
        return []
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]


class Listed:
    """The members of a plan, to be asked; four bytes for each regular one."""

    def __init__(self, segments: Iterable[bytes]) -> None:
        self._serials: dict[str, Sequence[int]] = {}
        self._exceptions: set[str] = set()
        for segment in map(decode_segment, segments):
            self._serials |= {group.prefix: group.serials for group in segment.members}
            self._exceptions.update(segment.exceptions)

    @property
    def count(self) -> int:
        """Distinct members."""
        return sum(len(serials) for serials in self._serials.values()) + len(self._exceptions)

    def __contains__(self, vin: str) -> bool:
        parts = split_vin(vin)
        return vin in self._exceptions if parts is None else self._has(*parts)

    def missing(self, segment: Segment) -> Iterator[str]:
        """Who of a segment is not listed."""
        for group in segment.members:
            gone = (serial for serial in group.serials if not self._has(group.prefix, serial))
            yield from (join_vin(group.prefix, serial) for serial in gone)
        yield from (one for one in segment.exceptions if one not in self._exceptions)

    def _has(self, prefix: str, serial: int) -> bool:
        """Whether a regular member is listed; serials ascend."""
        serials = self._serials.get(prefix, ())
        place = bisect_left(serials, serial)
        return place < len(serials) and serials[place] == serial


def _places(source: str, cells: Sequence[str]) -> tuple[int, int]:
    names = [normalise_vin(cell).replace("_", "") for cell in cells]
    vins = [place for place, name in enumerate(names) if name in _VIN_HEADERS]
    reasons = [place for place, name in enumerate(names) if name in _REASON_HEADERS]
    if not vins or not reasons:
        raise Unusable(f"{source} needs the columns VIN and reason.", "Name them in its first row.")
    return vins[0], reasons[0]


def _by_reason(reasons: Mapping[str, str]) -> tuple[Withdrawn, ...]:
    found: list[Withdrawn] = []
    for reason in WITHDRAWAL_REASONS:
        vins = [vin for vin, why in reasons.items() if why == reason]
        if vins:
            members = MemberSet()
            try:
                for vin in vins:
                    members.add(vin)
            except BadValue as refusal:
                raise ListRefused(f"The list cannot be stored: {refusal.detail}.") from refusal
            found.append(Withdrawn(reason, members.encode(), len(vins)))
    return tuple(found)


def _problem_of(vin: str, reason: str, found: Mapping[str, str]) -> str:
    """What is wrong with a row; empty for nothing.

    Args:
        found: what earlier rows say.
    """
    if not 0 < len(vin) <= CODE_CHARS_MAX:
        return "no-vehicle"
    if reason not in WITHDRAWAL_REASONS:
        return "unknown-reason"
    return "" if found.get(vin, reason) == reason else "two-reasons"


def _named(vins: Sequence[str], problem: str) -> list[FaultyLine]:
    return [FaultyLine("", 0, problem, vin[:CODE_CHARS_MAX]) for vin in vins[:FAULTY_LINES_SHOWN_MAX]]


def _reason(place: int) -> str:
    return WITHDRAWAL_REASONS[place] if place < len(WITHDRAWAL_REASONS) else f"reason_{place}"
