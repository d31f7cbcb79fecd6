"""The columns of an import file: their names in English and Chinese.

Decides which files there are (customers, vehicles, visits), which columns each may have, which it must have, and the
words a former system may use for our codes. docs/import-template.md describes the same list for people. Does not
decide what a row makes (`importing`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from carnet_node.core.exchange.import_cells import (
    Column,
    code,
    day,
    fen,
    instant,
    normalise_header,
    one_of,
    text,
    whole,
    yes,
)
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason


class ImportKind(StrEnum):
    """What the rows of a file are."""

    CUSTOMERS = "customers"
    VEHICLES = "vehicles"
    VISITS = "visits"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns of one file stand.

    Attributes:
        positions: index in a row by column name.
        ignored: headers that mean nothing to us, as they stand; those of a side file are no news.
        width: columns of the file.
    """

    kind: ImportKind
    positions: Mapping[str, int]
    ignored: tuple[str, ...]
    width: int


SIDE_HEADERS: Final = ("row", "reason")
SIDE_HEADERS_ZH: Final = ("行号", "原因")
"""What stands before the columns of a side file, in the language of whoever reads it; an import reads over either."""

_READ_OVER: Final = frozenset((*SIDE_HEADERS, *SIDE_HEADERS_ZH))

_PARTY: Final = one_of(
    {"个人": "person", "个人客户": "person", "私人": "person", "单位": "company", "公司": "company", "企业": "company"}
)
_SEX: Final = one_of({"男": "male", "m": "male", "女": "female", "f": "female", "未知": "unknown"})
_CALENDAR: Final = one_of({"公历": "solar", "阳历": "solar", "农历": "lunar", "阴历": "lunar"})
_SEGMENT: Final = one_of(
    {"私家车": "private", "私人": "private", "单位": "company", "公司": "company", "出租": "taxi", "出租车": "taxi"}
)
_ID_TYPE: Final = one_of(
    {
        "身份证": "resident_id",
        "居民身份证": "resident_id",
        "护照": "passport",
        "港澳通行证": "hk_macau",
        "其他": "other",
    }
)
_ROLE: Final = one_of({"车主": "owner", "承租人": "lessee", "驾驶员": "driver", "司机": "driver", "付款人": "payer"})
_VISIT_KIND: Final = one_of(
    {
        "维修": "repair",
        "一般维修": "repair",
        "保养": "maintenance",
        "召回": "recall",
        "事故": "accident",
        "事故车": "accident",
        "其他": "other",
    }
)
_STATUS: Final = one_of(
    {
        "在修": "open",
        "维修中": "open",
        "完工": "completed",
        "已完工": "completed",
        "已结算": "settled",
        "结算": "settled",
        "已关闭": "closed",
        "作废": "void",
    }
)
_PAY_TYPE: Final = one_of(
    {
        "自费": "customer",
        "客户付费": "customer",
        "保修": "warranty",
        "三包": "warranty",
        "索赔": "warranty",
        "内部": "internal",
    }
)

_DAY_HINT: Final = "a date like 2024-03-07"
_ID: Final = Column("former_id", ("编号", "客户编号", "车辆编号", "工单号", "id"), text, "a number or text")

_CUSTOMER_COLUMNS: Final = (
    _ID,
    Column("party_kind", ("客户类型", "类型"), _PARTY, "person or company (个人 / 单位)"),
    Column("full_name", ("姓名", "客户姓名", "客户名称", "name"), text, "a name"),
    Column("salutation", ("称呼",), text, "a salutation"),
    Column("sex", ("性别",), _SEX, "male, female or unknown (男 / 女 / 未知)"),
    Column("birth_on", ("出生日期", "生日"), day, _DAY_HINT),
    Column("birth_calendar", ("历法", "生日历法"), _CALENDAR, "solar or lunar (公历 / 农历)"),
    Column("birth_leap_month", ("闰月",), yes, "yes or no (是 / 否)"),
    Column(
        "id_type",
        ("证件类型",),
        _ID_TYPE,
        "resident_id, passport, hk_macau or other (身份证 / 护照 / 港澳通行证 / 其他)",
    ),
    Column("id_no", ("证件号码", "证件号", "身份证号"), code, "a document number"),
    Column("company_name", ("单位名称", "公司名称"), text, "a name"),
    Column("credit_code", ("统一社会信用代码", "信用代码"), code, "18 characters"),
    Column("company_contact", ("联系人",), text, "a name"),
    Column("segment", ("客户性质", "车辆性质"), _SEGMENT, "private, company or taxi (私家车 / 单位 / 出租车)"),
    Column("lead_source", ("来源", "客户来源"), code, "a code of at most 64 characters"),
    Column("phone", ("手机", "手机号", "电话", "联系电话", "mobile"), text, "a telephone number"),
    Column("phone_2", ("电话2", "备用电话", "固定电话"), text, "a telephone number"),
    Column("wechat", ("微信", "微信号", "wechat"), text, "a WeChat name"),
    Column("province_code", ("省代码",), code, "a code like 120000"),
    Column("city_code", ("市代码",), code, "a code like 120100"),
    Column("district_code", ("区县代码",), code, "a code like 120101"),
    Column("street", ("地址", "通讯地址", "address"), text, "an address"),
    Column("postcode", ("邮编", "邮政编码"), code, "a postcode"),
    Column("do_not_contact", ("拒绝联系", "勿扰"), yes, "yes or no (是 / 否)"),
    Column("note", ("备注",), text, "a text"),
)

_VEHICLE_COLUMNS: Final = (
    _ID,
    Column("vin", ("vin码", "车架号", "车辆识别代号", "车辆识别码"), code, "17 characters"),
    Column("plate_no", ("车牌", "车牌号", "车牌号码", "牌照号", "plate"), code, "a plate"),
    Column("plate_color", ("车牌颜色",), text, "a colour"),
    Column("engine_no", ("发动机号",), code, "a number"),
    Column("build_on", ("出厂日期", "生产日期"), day, _DAY_HINT),
    Column("model_code", ("车型代码",), code, "a code"),
    Column("model_year", ("年款", "车型年份"), whole, "a year like 2021"),
    Column("model_name", ("车型", "车型名称"), text, "a name"),
    Column("color", ("颜色", "车身颜色"), code, "a colour"),
    Column("fuel", ("燃料", "燃料种类"), code, "a fuel"),
    Column("customer_former_id", ("车主编号", "客户编号"), text, "the number of a customer in the customers' file"),
    Column("role", ("关系", "客户关系"), _ROLE, "owner, lessee, driver or payer (车主 / 承租人 / 驾驶员 / 付款人)"),
    Column("from_on", ("购车日期", "起始日期"), day, _DAY_HINT),
    Column("odometer_km", ("里程", "行驶里程", "公里数"), whole, "whole kilometres"),
    Column("odometer_at", ("里程日期", "抄表日期"), instant, _DAY_HINT),
)

_VISIT_COLUMNS: Final = (
    _ID,
    Column("vehicle_former_id", ("车辆编号",), text, "the number of a vehicle in the vehicles' file"),
    Column("vin", ("vin码", "车架号", "车辆识别代号"), code, "17 characters"),
    Column("customer_former_id", ("客户编号", "车主编号"), text, "the number of a customer in the customers' file"),
    Column(
        "status",
        ("状态", "工单状态"),
        _STATUS,
        "open, completed, settled, closed or void (在修 / 完工 / 已结算 / 已关闭 / 作废)",
    ),
    Column(
        "visit_kind",
        ("维修类别", "维修类型", "业务类型"),
        _VISIT_KIND,
        "repair, maintenance, recall, accident or other",
    ),
    Column("opened_at", ("进厂日期", "进厂时间", "开单日期", "来厂日期"), instant, _DAY_HINT),
    Column("completed_at", ("完工日期", "完工时间", "出厂日期"), instant, _DAY_HINT),
    Column("odometer_in_km", ("进厂里程", "里程", "行驶里程"), whole, "whole kilometres"),
    Column("advisor_code", ("服务顾问", "接待"), code, "a code of at most 64 characters"),
    Column("plate_at_visit", ("车牌", "车牌号"), code, "a plate"),
    Column("sender_name", ("送修人",), text, "a name"),
    Column("sender_phone", ("送修人电话",), text, "a telephone number"),
    Column("op_code", ("项目代码", "工时代码"), code, "a code"),
    Column("op_name", ("维修项目", "项目名称"), text, "a text"),
    Column("complaint", ("故障描述", "客户描述"), text, "a text"),
    Column("cause", ("故障原因",), text, "a text"),
    Column("correction", ("维修内容", "处理结果"), text, "a text"),
    Column("pay_type", ("付费类型", "结算类型"), _PAY_TYPE, "customer, warranty or internal (自费 / 保修 / 内部)"),
    Column("amount", ("金额", "总金额"), fen, "an amount in yuan like 1234.50"),
    Column("void_reason", ("作废原因",), text, "a text"),
    Column("customer_note", ("客户备注",), text, "a text"),
    Column("internal_note", ("备注", "内部备注"), text, "a text"),
)

COLUMNS: Final[Mapping[ImportKind, Mapping[str, Column]]] = MappingProxyType(
    {
        ImportKind.CUSTOMERS: MappingProxyType({column.name: column for column in _CUSTOMER_COLUMNS}),
        ImportKind.VEHICLES: MappingProxyType({column.name: column for column in _VEHICLE_COLUMNS}),
        ImportKind.VISITS: MappingProxyType({column.name: column for column in _VISIT_COLUMNS}),
    }
)

NEEDED: Final[Mapping[ImportKind, tuple[tuple[str, ...], ...]]] = MappingProxyType(
    {
        ImportKind.CUSTOMERS: (("former_id",), ("full_name", "company_name")),
        ImportKind.VEHICLES: (("former_id",), ("vin",)),
        ImportKind.VISITS: (("former_id",), ("vehicle_former_id", "vin"), ("opened_at",)),
    }
)
"""Of each group, one column at least must be in the file."""

_SIGNS: Final[Mapping[ImportKind, frozenset[str]]] = MappingProxyType(
    {
        ImportKind.CUSTOMERS: frozenset({"full_name", "company_name", "party_kind", "phone"}),
        ImportKind.VEHICLES: frozenset({"vin", "model_name", "engine_no", "plate_no"}),
        ImportKind.VISITS: frozenset({"opened_at", "odometer_in_km", "complaint", "visit_kind"}),
    }
)
_OWN_ID_HEADERS: Final[Mapping[ImportKind, tuple[str, ...]]] = MappingProxyType(
    {
        ImportKind.CUSTOMERS: ("former_id", "客户编号", "编号", "id"),
        ImportKind.VEHICLES: ("former_id", "车辆编号", "编号", "id"),
        ImportKind.VISITS: ("former_id", "工单号", "维修单号", "单号", "编号", "id"),
    }
)


def lay_out(kind: ImportKind, headers: Sequence[str]) -> Layout:
    """Which column stands where.

    Args:
        kind: what the rows are.
        headers: the first row of the file.

    Raises:
        BadValue: a column that is needed is missing, or two headers mean the same column; nothing was read.
    """
    meanings = _meanings(kind)
    positions: dict[str, int] = {}
    ignored: list[str] = []
    for position, header in enumerate(headers):
        name = meanings.get(normalise_header(header))
        if name is None:
            ignored.append(header.strip())
        elif name in positions:
            raise BadValue(Reason.BAD_FIELD, name, "two columns of the file mean this one")
        else:
            positions[name] = position
    for group in NEEDED[kind]:
        if not positions.keys() & set(group):
            if len(group) == 1:
                raise BadValue(Reason.BAD_FIELD, group[0], f"the file has no column {group[0]}")
            raise BadValue(Reason.BAD_FIELD, group[0], f"the file has none of the columns {', '.join(group)}")
    others = tuple(one for one in ignored if one and one not in _READ_OVER)
    return Layout(kind, MappingProxyType(positions), others, len(headers))


def guess_kind(headers: Sequence[str]) -> ImportKind:
    """What the rows of a file are, by its headers.

    Raises:
        BadValue: they fit no kind, or two of them equally well.
    """
    scores: dict[ImportKind, int] = {}
    for kind in ImportKind:
        meanings = _meanings(kind)
        known = {meanings[normalise_header(header)] for header in headers if normalise_header(header) in meanings}
        if all(known & set(group) for group in NEEDED[kind]):
            scores[kind] = 10 * len(known & _SIGNS[kind]) + len(known)
    best = max(scores.values(), default=0)
    winners = [kind for kind, score in scores.items() if score == best]
    if len(winners) != 1:
        raise BadValue(Reason.BAD_FIELD, "kind", "the headers fit no kind of file; name it with --kind")
    return winners[0]


def kind_or_none(headers: Sequence[str]) -> ImportKind | None:
    """What the rows of a sheet are, if its headers say so."""
    try:
        return guess_kind(headers)
    except BadValue:
        return None


def in_import_order(kinds: Sequence[ImportKind | None]) -> tuple[int, ...]:
    """In which order the sheets of a workbook are taken: customers, then their cars, then their visits.

    Args:
        kinds: what each sheet holds; one that holds none of these is left.

    Returns:
        Places of sheets; those of one kind as they stand in the workbook.
    """
    return tuple(place for wanted in ImportKind for place, kind in enumerate(kinds) if kind is wanted)


def _meanings(kind: ImportKind) -> dict[str, str]:
    """Column name by normalised header. A kind's own number wins over another kind's with the same header."""
    meanings = {
        normalise_header(header): column.name
        for column in COLUMNS[kind].values()
        if column.name != _ID.name
        for header in (column.name, *column.headers)
    }
    meanings.update({normalise_header(header): _ID.name for header in _OWN_ID_HEADERS[kind]})
    return meanings
