"""The strip at the foot of every page: line and sync, two facts; a third when backups need somebody.

Decides the words and the tone. Offline is ordinary and stays calm; only what the hub refused or parked, and a node that
may not write, asks for attention. What nobody can know says so. Waiting work is counted by document.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from carnet_node.core.log.sync_state import Exchange, Way
from carnet_node.core.showing.status import Line, Status, Sync
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.languages import later as _
from carnet_node.entrypoints.pages.rendering import Words
from carnet_storage.core.status import Concern

STRIP_FRESH_MS: Final = 2_000
"""A strip that was made less than two seconds ago is shown again: five desks that turn pages count once."""

_LINES: Final = {Line.ONLINE: _("Online"), Line.OFFLINE: _("Offline"), Line.UNKNOWN: _("Line unknown")}
_CALM: Final = "calm"
_ALERT: Final = "alert"
_GOOD: Final = "good"


@dataclass(frozen=True, slots=True)
class Strip:
    """What the strip says.

    Attributes:
        line_tone, tone: `good`, `calm` or `alert`; each has a shape of its own, never a colour alone.
        sync: in words, with the number of documents and the time of the last exchange, by line or by stick.
        as_of: how old the data of others is.
        backup: that the backups need somebody now; empty when they do not.
    """

    site_code: str
    site_name: str
    line: str
    line_tone: str
    sync: str
    tone: str
    as_of: str
    backup: str = ""


def strip_of(status: Status, words: Words, clockface: Clockface, now_ms: int, backups: Sequence[Concern] = ()) -> Strip:
    """The strip in a language.

    Args:
        backups: what is wrong with them, or worth watching.
    """
    line_tone = {Line.ONLINE: _GOOD, Line.OFFLINE: _CALM, Line.UNKNOWN: _CALM}[status.line]
    said, tone = _sync_words(status, words)
    last = _exchange_words(status.state.last_exchange, words, clockface, now_ms)
    if status.feed_as_of_ms is None:
        as_of = words.say("no data of other sites yet")
    else:
        as_of = words.say("data as of %(when)s") % {"when": clockface.ago(status.feed_as_of_ms, now_ms, words.say)}
    return Strip(
        status.site_code,
        status.site_name,
        words.say(_line_words(status)),
        line_tone,
        last if status.sync is Sync.UNKNOWN and status.state.last_exchange is None else f"{said} · {last}",
        tone,
        as_of,
        _backup_words(backups, words),
    )


def _backup_words(backups: Sequence[Concern], words: Words) -> str:
    """What is said about backups: a disk that is missing by its name, other trouble in general."""
    wrong = [one for one in backups if one.is_wrong]
    if not wrong:
        return ""
    is_missing = any(one.is_target_missing for one in wrong)
    return words.say("Backup disk missing") if is_missing else words.say("Backups need attention")


def _exchange_words(last: Exchange | None, words: Words, clockface: Clockface, now_ms: int) -> str:
    """When node and hub last exchanged what there was, and that it was by stick where it was."""
    if last is None:
        return words.say("never synced")
    when = {"when": clockface.ago(last.at_ms, now_ms, words.say)}
    match last.way:
        case Way.LINE:
            return words.say("last sync %(when)s") % when
        case Way.STICK:
            return words.say("last sync %(when)s by USB stick") % when
        case _:
            assert_never(last.way)


def _line_words(status: Status) -> str:
    """The line; a node that nobody has let speak to its hub yet says so instead of doubting its cable."""
    state = status.state
    is_new = status.line is Line.UNKNOWN and state.contact_ms is None and state.failure is None and not state.stick_ms
    return _("Hub not contacted yet") if is_new else _LINES[status.line]


def _sync_words(status: Status, words: Words) -> tuple[str, str]:
    """What is said about the sync, the gravest first."""
    held = status.parked + status.refused
    if status.is_writing_stopped:
        return words.say("Another copy has taken over; nothing can be saved here"), _ALERT
    if status.is_rejoining:
        return words.say("Restored; fetching what was lost"), _ALERT
    if status.is_key_gone:
        return words.say("The key that the hub takes is not here; nothing is lost"), _ALERT
    if held:
        return words.say("Held back at the hub: %(count)s") % {"count": held}, _ALERT
    match status.sync:
        case Sync.STOPPED:
            return words.say("Sync has stopped"), _ALERT
        case Sync.WAITING:
            return _waiting_words(status, words), _CALM
        case Sync.CATCHING_UP:
            return words.say("Catching up"), _CALM
        case Sync.COMPLETE:
            return words.say("All synced"), _GOOD
        case Sync.UNKNOWN:
            return words.say("Sync unknown"), _CALM


def _waiting_words(status: Status, words: Words) -> str:
    count = sum(status.waiting.documents.values())
    if status.waiting.is_at_least:
        return words.say("At least %(count)s documents waiting") % {"count": count}
    return words.many("%(count)s document waiting", "%(count)s documents waiting", count) % {"count": count}
