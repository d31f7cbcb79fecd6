"""What a country's law says as files: working days and duties, as they came with the program or as an operator brought.

Decides which of the two counts: the operator's, once there is one. Does not decide what a file says
(`core.working_days`, `core.duties`).
"""

from importlib import resources
from pathlib import Path
from typing import Final

from carnet_hub.core.duties import DutyFile, parse_duties
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import LAW_FILE_BYTES_MAX
from carnet_hub.core.ports import Files
from carnet_hub.core.working_days import WorkingDays, parse_working_days

_CALENDAR: Final = "working_days_{}.toml"
_DUTIES: Final = "duties_{}.toml"


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
        if not country.isalpha():
            raise _unknown(country)
        held = self._files.read(self._folder / name.format(country), bytes_max=LAW_FILE_BYTES_MAX)
        if held is None:
            shipped = resources.files("carnet_hub").joinpath("data", name.format(country))
            if not shipped.is_file():
                raise _unknown(country)
            held = shipped.read_bytes()
        return _decoded(held)


def _unknown(country: str) -> Unusable:
    return Unusable(f"Nothing is known of the law of {country[:10]}.", "Use cn, which comes with the program.")


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as failure:
        raise Unusable("The file is no UTF-8 text.", "Save it as UTF-8, then import it again.") from failure
