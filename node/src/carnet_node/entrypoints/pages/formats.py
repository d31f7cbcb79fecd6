"""Times, money, distances and masks, as people at the desk read them.

Decides spelling only: YYYY-MM-DD, a 24-hour clock of the site, yuan with two places, thousands with a comma. Every
function takes a value of the registry and returns text; what is not there becomes a dash.

    >>> yuan(123450)
    '1,234.50'
"""

import re
from datetime import datetime, timedelta, timezone
from typing import Final

from carnet_node.entrypoints.pages.languages import Translate
from carnet_node.entrypoints.presenting import mask
from carnet_protocol.ids import record_text
from carnet_protocol.registry import Value

NOTHING: Final = "—"
_FEN_PER_YUAN: Final = 100
_MOBILE: Final = re.compile(r"(?:\+86)?(1[3-9]\d)(\d{4})(\d{4})", re.ASCII)
_LANDLINE: Final = re.compile(r"(?:\+86|0)(?![48]00)(10|2\d|[3-9]\d\d)(\d{7,8})", re.ASCII)
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS


class Clockface:
    """Instants as the clocks of a site show them.

    Args:
        offset_minutes: of the site, east of UTC; -720 to 840.
    """

    def __init__(self, offset_minutes: int) -> None:
        self._zone = timezone(timedelta(minutes=offset_minutes))

    def moment(self, at_ms: Value) -> str:
        """Date and time to the minute; a dash for none."""
        at = self._at(at_ms)
        return NOTHING if at is None else at.strftime("%Y-%m-%d %H:%M")

    def day(self, at_ms: Value) -> str:
        """The date of an instant; a date stays as it is."""
        if isinstance(at_ms, str):
            return at_ms
        at = self._at(at_ms)
        return NOTHING if at is None else at.strftime("%Y-%m-%d")

    def local(self, at_ms: Value) -> str:
        """As `<input type="datetime-local">` wants it; empty for none."""
        at = self._at(at_ms)
        return "" if at is None else at.strftime("%Y-%m-%dT%H:%M")

    def ago(self, at_ms: Value, now_ms: int, translate: Translate) -> str:
        """How long ago, in the words of a strip: minutes, then today's or yesterday's clock, then the date."""
        at, now = self._at(at_ms), self._at(now_ms)
        if at is None or now is None or not isinstance(at_ms, int):
            return translate("never")
        passed_ms = now_ms - at_ms
        if 0 <= passed_ms < _MINUTE_MS:
            return translate("just now")
        if 0 <= passed_ms < _HOUR_MS:
            return translate("%(minutes)s min ago") % {"minutes": passed_ms // _MINUTE_MS}
        clock = at.strftime("%H:%M")
        if at.date() == now.date():
            return translate("today %(clock)s") % {"clock": clock}
        if at.date() == (now - timedelta(days=1)).date():
            return translate("yesterday %(clock)s") % {"clock": clock}
        return at.strftime("%Y-%m-%d %H:%M")

    def near(self, at_ms: Value, now_ms: int, translate: Translate) -> str:
        """A moment of these days: today's clock alone, tomorrow's with its word, else date and clock."""
        at, now = self._at(at_ms), self._at(now_ms)
        if at is None or now is None:
            return NOTHING
        clock, days_ahead = f"{at.hour:02}:{at.minute:02}", at.toordinal() - now.toordinal()
        if days_ahead == 0:
            return translate("today %(clock)s") % {"clock": clock}
        if days_ahead == 1:
            return translate("tomorrow %(clock)s") % {"clock": clock}
        return f"{at.date().isoformat()} {clock}"

    def to_ms(self, text: str) -> int:
        """Milliseconds since 1970 of `YYYY-MM-DDTHH:MM` on the site's clocks.

        Raises:
            ValueError: no such date and time.
        """
        return int(datetime.fromisoformat(text).replace(tzinfo=self._zone).timestamp() * 1000)

    def _at(self, at_ms: Value) -> datetime | None:
        if not isinstance(at_ms, int):
            return None
        try:
            return datetime.fromtimestamp(at_ms / 1000, self._zone)
        except (ValueError, OverflowError, OSError):
            return None


def yuan(fen: Value) -> str:
    """Fen as yuan with two places; no float comes near it."""
    if not isinstance(fen, int):
        return NOTHING
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // _FEN_PER_YUAN:,}.{fen % _FEN_PER_YUAN:02}"


def in_yuan(fen: Value) -> str:
    """The same with its unit, as the script of a bill writes it: the sign first, -¥5.44."""
    text = yuan(fen)
    return f"-¥{text[1:]}" if text.startswith("-") else f"¥{text}"


def hundredths(value: Value) -> str:
    """Hours or a quantity without needless zeros: 150 is 1.5."""
    if not isinstance(value, int):
        return NOTHING
    whole, rest = divmod(value, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".")


def kilometres(value: Value) -> str:
    """A distance with thousands apart."""
    return f"{value:,}" if isinstance(value, int) else NOTHING


def hidden(value: Value, field: str = "") -> str:
    """A personal value as a screen shows it before somebody asks for it.

    Args:
        field: as of `mask`.
    """
    return str(mask(value, field) or NOTHING)


def phone(number: Value) -> str:
    """A telephone number as people write it: a mobile in groups, a landline with a dash behind its area code."""
    if not isinstance(number, str):
        return NOTHING
    mobile = _MOBILE.fullmatch(number)
    if mobile:
        return " ".join(mobile.groups())
    landline = _LANDLINE.fullmatch(number)
    return f"0{landline[1]}-{landline[2]}" if landline else number


def phone_in_field(number: Value) -> str:
    """A telephone number as it stands in a field to be changed: a Chinese mobile as people type it, any other as it is.

    What comes back unchanged means the stored number again; without its country code a landline would be another one.
    """
    if not isinstance(number, str):
        return ""
    mobile = _MOBILE.fullmatch(number)
    return "".join(mobile.groups()) if mobile else number


def id_text(record: bytes) -> str:
    """A record's id, for an address."""
    return record_text(record)


def or_dash(value: Value) -> str:
    """Text, or a dash where there is none."""
    return NOTHING if value is None or value == "" else str(value)
