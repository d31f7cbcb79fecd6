"""What an owner is told of a recall: the text message, and the facts of the letter.

Decides the wording of a text message, how many parts it is sent in, and what a letter has to say: the three texts that
the law wants, the remedy, and that nothing is to be paid. Pure. Does not decide who is told (`outreach`) nor what a
letter looks like (`adapters/notice_files`).

Rules
1. A text message names no person and no whole VIN: it may be read by anybody who holds the telephone.
2. It is counted as the networks count it; one that takes more than `SMS_SEGMENTS_MAX` parts is refused, not cut.

    >>> count_segments("x" * 161)
    2
    >>> count_segments("召" * 71)
    2

Source: 3GPP TS 23.038 (alphabets), TS 23.040 section 9.2.3.24.1 (concatenation).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import SMS_SEGMENTS_MAX
from carnet_protocol.registry import Value

LANGUAGES: Final = ("zh", "en")

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("^{}\\[~]|€")
_SEPTETS: Final = (160, 153)
_UNITS: Final = (70, 67)
"""Room in a message of one part, and in each part of a longer one."""

_VIN_TAIL: Final = 6
_SMS: Final = {
    "zh": "【{producer}】召回通知{campaign_no}：您的车辆(VIN尾号{tail})：{title}。{advice}{remedy}详询经销店。",
    "en": "{producer} recall {campaign_no}: your car (VIN ...{tail}): {title}. {advice}{remedy}Ask any of our dealers.",
}
_ADVICE: Final = {
    "zh": {"do_not_drive": "请立即停止驾驶。", "park_outside": "请停放在室外，远离建筑物。"},
    "en": {"do_not_drive": "Do not drive it. ", "park_outside": "Park it outside, away from buildings. "},
}
_REMEDY: Final = {
    "zh": {"not_yet": "维修措施确定后另行通知。", "other": "免费维修。"},
    "en": {"not_yet": "We will write when the repair is available. ", "other": "The repair is free. "},
}


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message, and in how many parts it is sent."""

    text: str
    segments: int


def sms_of(campaign: Mapping[str, Value], vin: str, language: str) -> Sms:
    """The text message about one car.

    Args:
        campaign: its public fields by name.
        language: one of `LANGUAGES`.

    Raises:
        Unusable: it takes too many parts.
    """
    remedies, advice = _REMEDY[language], _ADVICE[language]
    text = _SMS[language].format(
        producer=campaign.get("producer") or "",
        campaign_no=campaign.get("campaign_no") or "",
        tail=vin[-_VIN_TAIL:],
        title=str(campaign.get("title") or "").rstrip(".。"),
        advice=advice.get(str(campaign.get("hazard_level")), ""),
        remedy=remedies.get(str(campaign.get("remedy_state")), remedies["other"]),
    )
    segments = count_segments(text)
    if segments > SMS_SEGMENTS_MAX:
        raise Unusable(
            f"The text message would take {segments} parts, and {SMS_SEGMENTS_MAX} is the most.",
            "Shorten the campaign's title in a new plan version, or send letters alone (--no-sms).",
        )
    return Sms(text, segments)


def count_segments(text: str) -> int:
    """In how many parts a text message is sent; 1 for an empty one.

    A character that takes two places is never divided between two parts.
    """
    is_basic = all(char in _BASIC or char in _EXTENDED for char in text)
    one, several = _SEPTETS if is_basic else _UNITS
    sizes = [1 + (char in _EXTENDED) if is_basic else _units(char) for char in text]
    if sum(sizes) <= one:
        return 1
    parts, room = 1, several
    for size in sizes:
        if size > room:
            parts, room = parts + 1, several
        room -= size
    return parts


def _units(char: str) -> int:
    """Places that a character takes in UTF-16."""
    return len(char.encode("utf-16-le", "surrogatepass")) // 2
