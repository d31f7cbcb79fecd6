"""How a page becomes HTML: language, words, template, and the headers that every page carries.

Holds no rules. Chinese unless the address or the browser asks for English; the choice stands in the address, so no page
needs a cookie for it. Moments are told in the time of Beijing, as the law counts its days, and each heading says so.
The policy lets a page load its own style sheet and send forms to its own server, and nothing else: there is no script
here at all.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib import resources
from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FunctionLoader, StrictUndefined

from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal, words_of
from carnet_hub.core.regulator_limits import FORM_BYTES_MAX
from carnet_hub.entrypoints.http.bodies import read_body
from carnet_hub.entrypoints.http.problem_response import ACCESS_STATUS
from carnet_protocol.errors import Malformed

STYLE_PATH: Final = "/site.css"
SESSION_COOKIE: Final = "carnet_regulator"
_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Vary": "Accept-Language",
}
_TAGS: Final = ("zh-CN", "en")
_CHOICES: Final = ("zh", "en")
_BEIJING: Final = timezone(timedelta(hours=8))
_COMMAS: Final = ("、", ", ")
_COLONS: Final = ("：", ": ")
_BRACKETS: Final = ("（）", (" (", ")"))
_GAPS: Final = ("", " ")
"""What stands between two sentences: nothing where the full stop brings its own room."""

_OWN_SITE: Final = frozenset({"", "same-origin", "none"})
_FIELDS: Final = 8


@dataclass(frozen=True, slots=True)
class Language:
    """In which language a page is, and whether its address says so.

    Attributes:
        number: of the words: 0 Chinese, 1 English.
    """

    number: int
    is_chosen: bool

    def at(self, path: str) -> str:
        """An address of ours in this language."""
        return f"{path}?lang={_CHOICES[self.number]}" if self.is_chosen else path

    @property
    def is_chinese(self) -> bool:
        """Whether it is Chinese."""
        return self.number == 0


def language_of(request: Request) -> Language:
    """The language that the address asks for, else the browser's first, else Chinese."""
    chosen = request.query_params.get("lang", "")
    if chosen in _CHOICES:
        return Language(_CHOICES.index(chosen), is_chosen=True)
    wanted = request.headers.get("accept-language", "").lower()
    return Language(int(wanted.startswith("en")), is_chosen=False)


def show(request: Request, template: str, shown: Mapping[str, Any], *, status: int = 200) -> Response:
    """A page.

    Args:
        shown: what the template names besides the words; on the page of a log-in its `mark` for forms, the `menu` of
            its token, and which entry of it the page is (`screen`).
    """
    language = language_of(request)
    environment, words = _environment(), _words()
    other = 1 - language.number
    page = {
        "w": {name: pair[language.number] for name, pair in words["page"].items()},
        "said": lambda table, code: _said(words, table, code, language.number),
        "hazard": lambda code: _said(words, "hazard", code, language.number),
        "at": language.at,
        "beijing": _in_beijing,
        "tag": _TAGS[language.number],
        "other_tag": _TAGS[other],
        "other_language": f"{request.url.path}?lang={_CHOICES[other]}",
        "css": STYLE_PATH,
        "comma": _COMMAS[language.number],
        "colon": _COLONS[language.number],
        "brackets": _BRACKETS[language.number],
        "gap": _GAPS[language.number],
        "mark": "",
        "menu": (),
        "screen": "",
        "is_public": False,
        "words": None,
        "named": (),
        "found": None,
        "typed": "",
        **shown,
    }
    return HTMLResponse(environment.get_template(template).render(page), status_code=status, headers=dict(_HEADERS))


def show_refusal(request: Request, refused: AccessRefused, template: str = "refused.html", **shown: Any) -> Response:
    """A page that says why something was not answered, in the language of the reader."""
    words = words_of(refused.refusal, chinese=language_of(request).is_chinese)
    status = ACCESS_STATUS[refused.refusal]
    answer = show(
        request, template, {"home": "/regulator", "words": words, "named": refused.vins, **shown}, status=status
    )
    if refused.wait_s:
        answer.headers["Retry-After"] = str(refused.wait_s)
    return answer


def doubts_of(request: Request, problems: Sequence[str]) -> list[str]:
    """What is wrong with a typed number, in words."""
    return [_said(_words(), "problem", one, language_of(request).number) for one in problems]


async def read_form(request: Request, *, bytes_max: int = FORM_BYTES_MAX) -> dict[str, str]:
    """The fields of a form of our own.

    Raises:
        AccessRefused: FORM_STALE, another site sent it, or it is none of our forms.
    """
    if request.headers.get("sec-fetch-site", "") not in _OWN_SITE:
        raise AccessRefused(Refusal.FORM_STALE)
    try:
        body = await read_body(request, bytes_max=bytes_max)
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS)
    except (Malformed, ValueError) as error:
        raise AccessRefused(Refusal.FORM_STALE) from error
    return {name: values[-1] for name, values in fields.items()}


def style_sheet() -> Response:
    """The style sheet of every page."""
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(_data().joinpath("site.css").read_text(encoding="utf-8"), media_type="text/css", headers=headers)


def _in_beijing(instant: str | None) -> str:
    """A moment as people read it: the day and minute in Beijing; nothing where none is said.

    Args:
        instant: as `report.instant_text` writes it.
    """
    try:
        return "" if instant is None else f"{datetime.fromisoformat(instant).astimezone(_BEIJING):%Y-%m-%d %H:%M}"
    except ValueError:
        return str(instant)


def _said(words: Mapping[str, Any], table: str, code: str, language: int) -> str:
    """A code in words; one that a newer version wrote stands as it is."""
    pair = words[table].get(code)
    return str(pair[language]) if pair is not None else code


def _data() -> Any:
    return resources.files("carnet_hub").joinpath("data", "site")


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(_data().joinpath("words.toml").read_text(encoding="utf-8"))


@cache
def _environment() -> Environment:
    loader = FunctionLoader(lambda name: _data().joinpath(name).read_text(encoding="utf-8"))
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, loader=loader)
