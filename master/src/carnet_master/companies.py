"""What a company's name says: its own part, without the region, the legal form and the branch.

Decides how a company's name is read for comparison, and whether a text is a company's name at all. Does not decide
whether
two companies are one: only the credit code does (see `tiers`).

Rules
1. Brackets go, and what stands in them stays: (中国) is part of the registered name. A region in them goes too.
2. The legal form (有限公司, 股份有限公司, 集团 ...) and the region before the name are left out: desks type them or
   not.
3. A branch (上海分公司, 三店) is kept apart: it has a code of its own and is no separate person of law.
4. What is left of 公司 alone is no name.

    >>> company = read_company("上海市安达出租汽车有限公司（浦东分公司）")
    >>> company.name, company.branch
    ('安达出租汽车', '浦东')
"""

import re
from dataclasses import dataclass
from typing import Final

from carnet_master.folding import HAN, fold_text
from carnet_master.limits import COMPANY_CHARS_MAX
from carnet_master.surnames import given_pinyin

_PLAIN: Final = re.compile(f"[^{HAN}a-z0-9]+")
# The longer patterns are compiled when they are first used, and kept by `re`: few commands read a customer.
_FORMS: Final = (
    "(?:集团)?(?:股份有限公司|有限责任公司|股份公司|有限公司|责任公司|总公司|公司|普通合伙企业?|有限合伙企业?|"
    "个人独资企业|个体工商户|合伙企业|专业合作社|合作社|集团|有限)|"
    "coltd|companylimited|limited|ltd|inc|llc|corp|gmbh|company"
)
_BRANCH: Final = (
    f"(?:股份有限公司|有限责任公司|有限公司|公司|集团)(?P<branch>[{HAN}a-z0-9]{{1,16}}?)"
    "(?:分公司|分店|营业部|办事处|门市部|分部|分厂|店)$"
)
_SURE_WORDS: Final = re.compile("公司|集团|有限|合作社|经营部|营业部|办事处|事务所|个体工商户|维修部|门市部")
_PLACE_WORDS: Final = """
商行 商店 商贸 工作室 研究院 研究所 设计院 委员会 管理局 管理处 公安局 法院 医院 学校 大学 学院 中学 小学 幼儿园 银行
酒店 宾馆 饭店 餐厅 超市 中心 车队 工厂 协会 基金会 支队 大队 供电所 村委会 居委会 政府 机关
"""
_ENDS_AS_PLACE: Final = f"(?:{'|'.join(_PLACE_WORDS.split())}|厂)$"
_PLACE_CHARS_MIN: Final = 5
"""Shorter texts that end like an institution may be a person's name: 李大学."""

_PROVINCES: Final = """
内蒙古 黑龙江 北京 天津 上海 重庆 河北 山西 辽宁 吉林 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东
广西 海南 四川 贵州 云南 西藏 陕西 甘肃 青海 宁夏 新疆 香港 澳门
"""
_CITIES: Final = """
石家庄 呼和浩特 哈尔滨 乌鲁木齐 广州 深圳 成都 杭州 武汉 西安 南京 苏州 长沙 郑州 东莞 青岛 沈阳 宁波
昆明 大连 厦门 合肥 佛山 福州 济南 温州 长春 泉州 南宁 贵阳 南昌 太原 金华 常州 嘉兴 徐州 惠州 珠海 中山
台州 烟台 兰州 绍兴 海口 扬州 无锡 南通 唐山 洛阳 潍坊 银川 西宁 拉萨 三亚 汕头 湛江 保定 临沂 淄博 芜湖
"""
_BARE: Final = "|".join((*_PROVINCES.split(), *_CITIES.split()))
_REGION_IN_BRACKETS: Final = rf"\((?:{_BARE})[省市]?\)"
_PROVINCE: Final = f"(?:{_BARE})(?:省|市|自治区|特别行政区)?|[{HAN}]{{2,6}}?(?:省|自治区|自治州)"
_CITY: Final = f"(?:{_BARE})市?|[{HAN}]{{2,4}}?(?<![超夜股都门城菜闹上])市"
_REGION: Final = f"^(?:(?:{_PROVINCE})(?:{_CITY})?|{_CITY})(?:[{HAN}]{{1,4}}?(?<![小社园校厂])(?:新区|区|县))?"
_NAME_CHARS_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class Company:
    """A company's name as it is compared.

    Attributes:
        name: its own part with its trade, at least two characters.
        pinyin: the same in letters, digits and Latin words kept.
        branch: the part of the organisation, or None for the whole.
    """

    name: str
    pinyin: str | None
    branch: str | None


def read_company(text: str) -> Company | None:
    """A company's name as it is compared, or None when nothing of its own is left.

    Args:
        text: as stored, any Unicode.
    """
    plain = _PLAIN.sub("", re.sub(_REGION_IN_BRACKETS, "", fold_text(text)))
    branch = None
    found = re.search(_BRANCH, plain)
    if found:
        plain, branch = plain[: found.start("branch")], found["branch"]
    formless = re.sub(_FORMS, "", plain)
    region = re.match(_REGION, formless)
    name = formless[region.end() :] if region else formless
    if len(name) < _NAME_CHARS_MIN:
        name = formless
    if len(name) < _NAME_CHARS_MIN:
        return None
    name = name[:COMPANY_CHARS_MAX]
    return Company(name, _letters(name), branch)


def is_company_name(text: str) -> bool:
    """Whether a text typed as a person's name is a company's.

    Args:
        text: as stored, any Unicode.
    """
    folded = fold_text(text).replace(" ", "")
    if _SURE_WORDS.search(folded):
        return True
    return len(folded) >= _PLACE_CHARS_MIN and re.search(_ENDS_AS_PLACE, folded) is not None


def _letters(name: str) -> str | None:
    return "".join(one if one.isascii() else given_pinyin(one) for one in name)[:COMPANY_CHARS_MAX] or None
