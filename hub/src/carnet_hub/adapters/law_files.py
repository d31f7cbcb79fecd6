"""What a country's law says as files: working days, duties, terms of retention, as shipped or as an operator brought.

Decides which of the two counts: the operator's, once there is one. Does not decide what a file says
(`core.working_days`, `core.duties`, `carnet_protocol.retention`).
"""

from importlib import resources
from pathlib import Path
from typing import Final

from carnet_hub.core.campaigns.duties import DutyFile, parse_duties
from carnet_hub.core.campaigns.working_days import WorkingDays, parse_working_days
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import LAW_FILE_BYTES_MAX
from carnet_hub.core.ports import Files
from carnet_protocol.errors import Malformed
from carnet_protocol.retention import RetentionFile, bundled_text, parse_retention

_CALENDAR: Final = "working_days_{}.toml"
_DUTIES: Final = "duties_{}.toml"
_RETENTION: Final = "retention_{}.toml"


class LawFolder:
    """Files in a folder of the hub's data; what is not there is as the program brought it."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files

    def calendar(self, country: str) -> WorkingDays:
        """The working days of a country.

        Raises:
            Unusable: the operator's file was damaged, or no such country is known.
        """
        return parse_working_days(self._text(_CALENDAR, country))

    def duties(self, country: str) -> DutyFile:
        """What the law of a country wants done in a recall.

        Raises:
            Unusable: as for `calendar`.
        """
        return parse_duties(self._text(_DUTIES, country))

    def retention(self, country: str) -> RetentionFile:
        """How long what is held has to stay in a country.

        Raises:
            Unusable: as for `calendar`.
        """
        held = self._held(_RETENTION, country)
        return _classes(held if held is not None else _bundled(country))

    def put_retention(self, content: bytes) -> RetentionFile:
        """Let an operator's classes count from now on, in place of earlier ones.

        Args:
            content: of the file; at most `LAW_FILE_BYTES_MAX` bytes.

        Raises:
            Unusable: it holds no classes, is of a country of which none came with the program, or shortens a statutory
                term below the one that came with it; what counted stays.
        """
        brought = _classes(content)
        shipped = _classes(_bundled(brought.country))
        short = [one for one in brought.classes if one.is_statutory and one.years < shipped.of(one.holds).years]
        if short:
            raise Unusable(
                f"{short[0].id} keeps for {short[0].years} years what the law has kept for "
                f"{shipped.of(short[0].holds).years}.",
                "A statutory term may be longer, never shorter; correct the file.",
            )
        self._files.replace(self._folder / _RETENTION.format(brought.country), content)
        return brought

    def put_calendar(self, content: bytes) -> WorkingDays:
        """Let an operator's calendar count from now on, in place of an earlier one.

        Args:
            content: of the file; at most `LAW_FILE_BYTES_MAX` bytes.

        Raises:
            Unusable: it is no calendar, is of a country of which none came with the program, or knows fewer years than
                the one that counts; that one stays.
        """
        brought = parse_working_days(_decoded(content))
        missing = sorted(self.calendar(brought.country).years - brought.years)
        if missing:
            raise Unusable(
                f"The calendar lacks the year {missing[0]}, which the present one has.",
                "Add the year to the present file instead of beginning a new one.",
            )
        self._files.replace(self._folder / _CALENDAR.format(brought.country), content)
        return brought

    def put_duties(self, content: bytes) -> DutyFile:
        """Let an operator's duties count from now on, in place of earlier ones.

        Args:
            content: of the file; at most `LAW_FILE_BYTES_MAX` bytes.

        Raises:
            Unusable: it holds no duties, or is of a country of which none came with the program; what counted stays.
        """
        brought = parse_duties(_decoded(content))
        self.duties(brought.country)
        self._files.replace(self._folder / _DUTIES.format(brought.country), content)
        return brought

    def _text(self, name: str, country: str) -> str:
        held = self._held(name, country)
        if held is None:
            shipped = resources.files("carnet_hub").joinpath("data", name.format(country))
            if not shipped.is_file():
                raise _unknown(country)
            held = shipped.read_bytes()
        return _decoded(held)

    def _held(self, name: str, country: str) -> bytes | None:
        """The operator's file; None when there is none."""
        if not country.isalpha():
            raise _unknown(country)
        return self._files.read(self._folder / name.format(country), bytes_max=LAW_FILE_BYTES_MAX)


def _bundled(country: str) -> bytes:
    shipped = bundled_text(country)
    if shipped is None:
        raise _unknown(country)
    return shipped


def _classes(content: bytes) -> RetentionFile:
    try:
        return parse_retention(content)
    except Malformed as refusal:
        raise Unusable(
            f"The retention classes cannot be used: {refusal.detail}.", "Correct the file; nothing was changed."
        ) from refusal


def _unknown(country: str) -> Unusable:
    return Unusable(f"Nothing is known of the law of {country[:10]}.", "Use cn, which comes with the program.")


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as failure:
        raise Unusable("The file is no UTF-8 text.", "Save it as UTF-8, then import it again.") from failure
