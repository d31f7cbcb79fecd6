"""Notices as files for the post, the printer and a sender of text messages: letters to print, and one workbook.

Decides what they look like. All of it is personal: the folder and every file in it are readable by their owner alone,
no value lies anywhere else while it is written, and a folder appears whole or not at all. Which owners are told is
decided by `core.outreach`, what they are told by `core.notices`.
"""

import shutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, Template

from carnet_hub.core.campaigns.notices import LANGUAGES, sms_of
from carnet_hub.core.campaigns.outreach import Contact, Notice, Round
from carnet_hub.core.counting.trends import ProvinceNames
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import LETTERS_PER_FILE
from carnet_protocol.legal_days import legal_day
from carnet_protocol.registry import Value
from carnet_storage.adapters.system import PRIVATE_FOLDER_MODE, PRIVATE_MODE, replace_file
from carnet_storage.adapters.workbooks import parts_in, sheet_name, text_cell

WORKBOOK_NAME: Final = "owners.xlsx"
POSTED_NAME: Final = "posted.txt"
TEXTED_NAME: Final = "texted.txt"
"""The cars to which a letter, or a text message, is addressed: what `recalls contacted` reads when they are sent."""

COLUMNS: Final = (
    "campaign_no",
    "vin",
    "telling",
    "state",
    "name",
    "address",
    "postcode",
    "address_as_of",
    "address_confidence",
    "phone",
    "phone_kind",
    "phone_as_of",
    "phone_confidence",
    "is_quiet",
    "letter",
    "sms_text",
    "sms_segments",
    "failed_tries",
    "told_count",
    "model",
    "site",
    "first_sale_owner",
)
_TAGS: Final = {"zh": "zh-CN", "en": "en"}
_PROVINCE_DIGITS: Final = 2
_TEXTS: Final = (
    "campaign_no",
    "authority_no",
    "producer",
    "title",
    "defect",
    "hazard",
    "emergency_advice",
    "remedy",
)

Cells = Sequence[str | int | bool | None]


class NoticeFolder:
    """A folder that is being filled; nothing stands under its name before `finish`.

    Args:
        folder: must not exist; the one it stands in must.
        language: one of `LANGUAGES`.
        has_sms: whether text messages are worded.

    Raises:
        Unusable: something of that name exists.
        OSError: no permission.
    """

    def __init__(
        self, folder: Path, told: Round, day: date, language: str, *, provinces: ProvinceNames, has_sms: bool
    ) -> None:
        if folder.exists():
            raise Unusable(f"{folder} exists already.", "Name a folder that does not; nothing was written.")
        self._folder, self._unfinished = folder, folder.with_name(f".{folder.name}.new")
        self._campaign, self._day, self._language = told.campaign.values, day, language
        self._sites, self._provinces, self._has_sms = told.site_codes, provinces, has_sms
        self._words, self._template = _wording(language, self._campaign)
        self._waiting: list[dict[str, str]] = []
        self._posted: list[str] = []
        self._texted: list[str] = []
        self.file_count = self.segment_count = 0
        shutil.rmtree(self._unfinished, ignore_errors=True)
        self._unfinished.mkdir(mode=PRIVATE_FOLDER_MODE)

    @property
    def letter_count(self) -> int:
        """Letters that were written."""
        return len(self._posted)

    @property
    def sms_count(self) -> int:
        """Text messages that were worded."""
        return len(self._texted)

    def write(self, notices: Iterable[Notice]) -> None:
        """Write every notice, then let the folder appear.

        Raises:
            Unusable: a text message takes too many parts; nothing is left behind.
            OSError: no room; nothing is left behind.
        """
        try:
            with parts_in(self._unfinished):
                self._write_workbook(map(self._take, notices))
            self._close_file()
            for name, vins in ((POSTED_NAME, self._posted), (TEXTED_NAME, self._texted)):
                replace_file(self._unfinished / name, "".join(f"{vin}\n" for vin in vins).encode(), mode=PRIVATE_MODE)
            self._unfinished.rename(self._folder)
        except BaseException:
            shutil.rmtree(self._unfinished, ignore_errors=True)
            raise

    def _take(self, notice: Notice) -> Cells:
        """The line of a notice; its letter is put by."""
        letter = ""
        if notice.is_written_to and notice.place is not None:
            letter = _letters_name(self._language, len(self._posted) // LETTERS_PER_FILE + 1)
            address = self._address(notice.place)
            self._waiting.append(
                {"name": notice.name, "address": address, "vin": notice.vin, "model": notice.model_name}
            )
            self._posted.append(notice.vin)
            if len(self._waiting) == LETTERS_PER_FILE:
                self._close_file()
        sms = sms_of(self._campaign, notice.vin, self._language) if self._has_sms and notice.is_texted else None
        if sms is not None:
            self._texted.append(notice.vin)
            self.segment_count += sms.segments
        return (
            _text(self._campaign, "campaign_no"),
            notice.vin,
            notice.telling.value,
            notice.state.value,
            notice.name,
            *self._place(notice.place),
            *_phone(notice.phone),
            notice.is_quiet,
            letter,
            sms.text if sms is not None else "",
            sms.segments if sms is not None else None,
            notice.reach.failed_tries,
            notice.reach.told_count,
            notice.model_name,
            self._sites.get(notice.site or b"", ""),
            notice.first_owner,
        )

    def _place(self, place: Contact | None) -> Cells:
        if place is None:
            return ("", "", "", "")
        values = place.values
        address = f"{self._province(values)}{_text(values, 'street')}"
        return (address, _text(values, "postcode"), _day(place), place.confidence.value)

    def _address(self, place: Contact) -> str:
        address, postcode, *_ = self._place(place)
        return f"{postcode} {address}".strip()

    def _province(self, values: Mapping[str, Value]) -> str:
        """The province in front of a street that does not name it."""
        names = self._provinces.get(_text(values, "province_code")[:_PROVINCE_DIGITS])
        street = _text(values, "street")
        if names is None or street.startswith(names[0][:_PROVINCE_DIGITS]):
            return ""
        return names[0] if self._language == LANGUAGES[0] else f"{names[1]}, "

    def _close_file(self) -> None:
        if not self._waiting:
            return
        self.file_count += 1
        first = (self.file_count - 1) * LETTERS_PER_FILE + 1
        page = self._template.render(
            **self._words,
            lang=_TAGS[self._language],
            campaign={name: self._campaign.get(name) or "" for name in _TEXTS},
            day=self._day.isoformat(),
            first=first,
            last=first + len(self._waiting) - 1,
            letters=self._waiting,
        )
        path = self._unfinished / _letters_name(self._language, self.file_count)
        replace_file(path, page.encode(), mode=PRIVATE_MODE)
        self._waiting = []

    def _write_workbook(self, rows: Iterator[Cells]) -> None:
        from openpyxl import Workbook  # noqa: PLC0415  (a third of a second that most commands need not pay)

        book = Workbook(write_only=True)
        sheet = book.create_sheet(sheet_name("owners"))
        sheet.append(list(COLUMNS))
        try:
            for cells in rows:
                sheet.append([text_cell(sheet, one) if isinstance(one, str) else one for one in cells])
        except BaseException:
            sheet.close()
            raise
        path = self._unfinished / WORKBOOK_NAME
        book.save(path)
        path.chmod(PRIVATE_MODE)


def _wording(language: str, campaign: Mapping[str, Value]) -> tuple[dict[str, Any], Template]:
    """What every letter of a campaign says, and the template of a file of letters."""
    data = resources.files("carnet_hub").joinpath("data")
    held = tomllib.loads(data.joinpath("letter_words.toml").read_text(encoding="utf-8"))
    place = LANGUAGES.index(language)
    words = {group: {name: pair[place] for name, pair in held[group].items()} for group in held}
    availability = words["availability"].get(_text(campaign, "remedy_state"), "")
    said = {
        "w": words["words"],
        "danger": words["danger"].get(_text(campaign, "hazard_level"), ""),
        "availability": f"{availability} {_text(campaign, 'interim_remedy')}".strip(),
    }
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return said, environment.from_string(data.joinpath("letter.html").read_text(encoding="utf-8"))


def _letters_name(language: str, number: int) -> str:
    return f"letters.{language}-{number:04}.html"


def _phone(phone: Contact | None) -> Cells:
    if phone is None:
        return ("", "", "", "")
    values = phone.values
    return (
        _text(values, "number"),
        _text(values, "phone_kind"),
        _day(phone),
        phone.confidence.value,
    )


def _day(contact: Contact) -> str:
    return legal_day(contact.as_of_ms).isoformat()


def _text(values: Mapping[str, Value], name: str) -> str:
    """A value as text; empty for none."""
    return str(values.get(name) or "")
