"""A report as a page that people read, in Chinese and in English: one file each, without script and without fetching.

Decides how values look: thousands apart, days as they are, provinces and states by name. Every figure comes from a
prepared report; nothing is counted here. The template is data of the program (`data/report.html`).
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from carnet_hub.core.campaigns import plots
from carnet_hub.core.campaigns.profile_report import PreparedReport
from carnet_hub.core.campaigns.profiles import Form, ValueKind
from carnet_hub.core.campaigns.report import ReportFile, short_percent_text
from carnet_hub.core.campaigns.report_items import Line, Origin, missing_in
from carnet_hub.core.campaigns.report_record import EXCLUSIVE
from carnet_hub.core.counting.trends import points_of
from carnet_hub.core.limits import REPORT_SITES_MAX
from carnet_protocol.ids import record_text

LANGUAGES: Final = (("zh", "zh-CN", "report.zh.html"), ("en", "en", "report.en.html"))
"""Name, tag and file of each language, in the order of the words."""

_COMMAS: Final = ("、", ", ")
_COLONS: Final = ("：", ": ")
_BRACKETS: Final = ("（）", (" (", ")"))
_NOTHING: Final = "—"
_ARTICLES: Final = re.compile(r" ?art\. (\d+(?:, \d+)*)")
_NOTICE: Final = re.compile(r"SAMR (\d{4}) no\. (\d+)")
Words = Mapping[str, Mapping[str, Sequence[str]]]


def report_pages(report: PreparedReport) -> list[ReportFile]:
    """The pages of a report, one for each language."""
    data = resources.files("carnet_hub").joinpath("data")
    words = tomllib.loads(data.joinpath("report_words.toml").read_text(encoding="utf-8"))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(data.joinpath("report.html").read_text(encoding="utf-8"))
    return [
        ReportFile(name, [template.render(_page(report, words, number), lang=tag).encode() + b"\n"], has_rows=False)
        for number, (_, tag, name) in enumerate(LANGUAGES)
    ]


def _page(report: PreparedReport, words: Words, language: int) -> dict[str, Any]:
    """What the template shows."""
    profile, record = report.ask.profile, report.record.values
    said = {name: pair[language] for name, pair in words["page"].items()}
    by_name = {one.item.value: _label(one, language) for one in report.lines}
    is_filing = profile.form is Form.FILING
    return {
        "w": said,
        "comma": _COMMAS[language],
        "colon": _COLONS[language],
        "label": (profile.label_zh, profile.label)[language],
        "head": _head(report, words, language),
        "is_filing": is_filing,
        "withdrawn": _withdrawn(report, words, language),
        "missing": [_label(one, language) for one in report.lines if one.origin is Origin.MISSING and not is_filing],
        "absent": [by_name[name] for name in report.record.absent if name in by_name and not is_filing],
        "figures": _covered(report, said) if is_filing else _figures(report, said),
        "states": [
            {"label": words["state"][name][language], "count": record[name]}
            for name in (*EXCLUSIVE, "open_reachable", "unreachable")
        ],
        "line": None if is_filing else _line_plot(report),
        "bars": _bars(report, language),
        "lines": [_item(one, words, language, is_filing) for one in report.lines],
        "sites": [] if is_filing else _sites(report, language),
        "has_more_sites": len(report.sites) > REPORT_SITES_MAX,
        "restated": _restated(report, language),
    }


def _head(report: PreparedReport, words: Words, language: int) -> dict[str, Any]:
    values, profile = report.record.values, report.ask.profile
    opening, closing = _BRACKETS[language]
    names = ("campaign_no", "authority_no", "producer", "title", "plan_version", "involved")
    return {
        **{name: values[name] if values[name] is not None else "" for name in names},
        "period_start": report.period.start.isoformat(),
        "period_end": report.period.end.isoformat(),
        "as_of": report.moment.as_of.isoformat(),
        "position": report.moment.position,
        "hub": record_text(report.head.hub_id),
        "profile": f"{profile.name} {profile.version}{opening}{_basis(profile.source, words, language)}{closing}",
        "is_verified": profile.is_verified,
    }


def _withdrawn(report: PreparedReport, words: Words, language: int) -> dict[str, str] | None:
    """When and why the campaign was taken back; None while it stands."""
    event = report.dossier.withdrawal
    if event is None:
        return None
    said = words["withdrawal"].get(event.grounds.reason, ("", ""))[language]
    parts = [event.happened_on.isoformat(), said, event.grounds.explanation, event.file_reference]
    return {"text": " · ".join(one for one in parts if one)}


def _figures(report: PreparedReport, said: Mapping[str, str]) -> list[dict[str, str]]:
    """Tiles that add up: unsold and unreachable ones have their own as soon as there is one."""
    values = report.record.values
    apart = [name for name in ("in_stock", "unreachable") if values[name]]
    return [
        {"label": said["involved"], "text": f"{values['involved']:,}", "kind": ""},
        {"label": said["remedied"], "text": f"{values['remedied']:,}", "kind": "done"},
        {"label": said["open"], "text": f"{values['open_reachable']:,}", "kind": ""},
        *({"label": said[name], "text": f"{values[name]:,}", "kind": ""} for name in apart),
        {"label": said["removed"], "text": f"{values['removed']:,}", "kind": ""},
        {"label": said["rate"], "text": f"{short_percent_text(report.progress.strict_rate_ppm)} %", "kind": "rate"},
    ]


def _covered(report: PreparedReport, said: Mapping[str, str]) -> list[dict[str, str]]:
    coverage = report.coverage
    if coverage is None:
        return []
    rows = ((said["vehicles_complete"], coverage.vehicles), (said["sites_complete"], coverage.sites))
    figures = [{"label": label, "text": f"{whole:,} / {count:,}", "kind": ""} for label, (count, whole) in rows]
    required = [one for one in report.lines if one.item.is_required]
    text = f"{len(missing_in(required))} / {len(required)}"
    return [*figures, {"label": said["items_missing"], "text": text, "kind": ""}]


def _line_plot(report: PreparedReport) -> dict[str, Any]:
    start, end = report.began, report.moment.as_of
    points = points_of(report.series, start, end)
    return {
        "plot": plots.line_plot(points, start, report.progress.member_count, end),
        "width": plots.WIDTH,
        "height": plots.HEIGHT,
        "left": plots.LEFT,
        "right": plots.WIDTH - plots.RIGHT,
    }


def _bars(report: PreparedReport, language: int) -> dict[str, Any]:
    rows = plots.bar_plot([(report.province_name(code, language), count) for code, count in report.provinces])
    return {
        "rows": rows,
        "height": max(len(rows), 1) * plots.BAR_STEP,
        "left": plots.BAR_LEFT,
        "thick": plots.BAR_HEIGHT,
    }


def _item(line: Line, words: Words, language: int, has_number: bool) -> dict[str, Any]:  # noqa: FBT001  (of a row)
    return {
        "number": f"{line.item.id} " if has_number else "",
        "label": _label(line, language),
        "text": _text(line),
        "origin": words["origin"][line.origin.value][language],
        "source": _basis(line.item.source, words, language),
        "is_missing": line.origin is Origin.MISSING,
    }


def _sites(report: PreparedReport, language: int) -> list[dict[str, Any]]:
    return [
        {
            "code": one.site.code,
            "name": one.site.name,
            "province": report.province_name(one.site.province, language),
            "city": one.site.city,
            "completed": one.completed,
        }
        for one in report.sites[:REPORT_SITES_MAX]
    ]


def _restated(report: PreparedReport, language: int) -> dict[str, Any] | None:
    restated = report.ask.restated
    if restated is None:
        return None
    differing = [
        {"label": _label(one, language), "then": _shown(restated.items.get(one.item.id)), "now": _text(one)}
        for one in report.lines
        if restated.items.get(one.item.id) != one.value
    ]
    return {
        "manifest": restated.manifest,
        "position": restated.position,
        "as_of": restated.as_of,
        "differing": differing,
    }


def _basis(source: str, words: Words, language: int) -> str:
    """Where the rule stands, as a reader of the language cites it: articles and numbers in Chinese, too."""
    if LANGUAGES[language][0] != "zh":
        return source
    articles = _ARTICLES.sub(lambda found: f"第 {found[1].replace(', ', '、')} 条", source)
    cited = _NOTICE.sub(r"市场监管总局 \1 年第 \2 号", articles)
    for name, said in words["cited"].values():
        cited = cited.replace(said, name)
    return cited


def _label(line: Line, language: int) -> str:
    return (line.item.label_zh, line.item.label)[language]


def _text(line: Line) -> str:
    return _shown(line.value) if line.item.kind is ValueKind.COUNT else str(line.value or _NOTHING)


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value or _NOTHING)
