"""What a node remembers about its line between two rounds.

Decides which facts are kept, where (a local setting that never syncs), and how a failure changes them. Line and sync
are two facts: the hub may answer while a set is stuck, and all may be sent while the line is down now. Does not decide
what people read (`status`, entry points).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import msgspec

from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_protocol.hello import Situation

_SETTING: Final = "sync-state"


class Way(StrEnum):
    """How node and hub heard of each other."""

    LINE = "line"
    STICK = "stick"


@dataclass(frozen=True, slots=True)
class Exchange:
    """The last time node and hub exchanged what there was."""

    at_ms: int
    way: Way


@dataclass(frozen=True, slots=True)
class SyncState:
    """The last news from the line; times by this node's clock in ms since 1970, None when it never happened.

    Attributes:
        situation: what the last hello found; sending stops for anything but `GO`.
        contact_ms: the hub last answered.
        complete_ms: a round last ended with nothing to send and nothing to fetch.
        failure: code of the last failure (a reason, or `unreachable`); None after a success.
        failure_ms: when it happened.
        failures: how many in a row.
        is_catching_up: the last page was not the last one that was waiting.
        stick_ms: when the newest stick with news of the hub was made that was taken here; no news about the line.
        backup_position: the hub's off-site backup covers everything up to here.
    """

    situation: Situation = Situation.GO
    contact_ms: int | None = None
    complete_ms: int | None = None
    failure: str | None = None
    failure_ms: int | None = None
    failures: int = 0
    is_catching_up: bool = False
    backup_position: int = 0
    stick_ms: int | None = None

    @property
    def last_exchange(self) -> Exchange | None:
        """The later one of the last complete round and the last stick; None when there was neither."""
        known = [
            Exchange(at_ms, way)
            for at_ms, way in ((self.complete_ms, Way.LINE), (self.stick_ms, Way.STICK))
            if at_ms is not None
        ]
        return max(known, key=lambda one: one.at_ms, default=None)


UNREACHABLE: Final = "unreachable"
"""The failure that needs nobody: no usable answer came."""

_decoder = msgspec.msgpack.Decoder(SyncState)


def load_state(tx: ReadTransaction) -> SyncState:
    """What is remembered; the default when nothing is, or when an older version wrote something else."""
    stored = tx.setting(_SETTING)
    try:
        return SyncState() if stored is None else _decoder.decode(stored)
    except msgspec.DecodeError:
        return SyncState()


def save_state(tx: WriteTransaction, state: SyncState) -> None:
    """Remember."""
    tx.put_setting(_SETTING, msgspec.msgpack.encode(state))


def after_contact(state: SyncState, now_ms: int) -> SyncState:
    """The hub has answered; an earlier failure is over."""
    return replace(state, contact_ms=now_ms, failure=None, failure_ms=None, failures=0)


def after_failure(state: SyncState, now_ms: int, failure: str) -> SyncState:
    """Something went wrong; what was reached before stays reached."""
    return replace(state, failure=failure, failure_ms=now_ms, failures=state.failures + 1)


def after_page(state: SyncState, now_ms: int, *, is_last: bool, is_all_sent: bool) -> SyncState:
    """A page was applied."""
    complete_ms = now_ms if is_last and is_all_sent else state.complete_ms
    return replace(state, contact_ms=now_ms, complete_ms=complete_ms, is_catching_up=not is_last)


def after_stick(state: SyncState, made_ms: int, *, is_last: bool) -> SyncState:
    """A stick with pages was taken; one that is older than the last exchange is no news.

    Args:
        made_ms: when the hub made it, by this node's clock.
        is_last: nothing more was waiting at the hub then.
    """
    last = state.last_exchange
    if last is not None and made_ms < last.at_ms:
        return state
    return replace(state, stick_ms=made_ms, is_catching_up=not is_last)
