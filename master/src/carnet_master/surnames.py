"""Which characters are a surname, and how a surname is read.

Decides where a surname ends and its pinyin. A dictionary reads a character as it is read in words: 仇 chou, 曾 ceng,
解 jie; as surnames they are qiu, zeng, xie. Does not decide whether a text is a name at all (see `names`).

Rules
1. Two characters of `COMPOUND` are one surname when at least one more follows.
2. Otherwise the first character is the surname, whether or not a list knows it: rare surnames exist.
3. The tables say how surnames are usually read. A family that reads its own otherwise is found by its characters.

    >>> split_surname("欧阳明华"), surname_pinyin("单")
    (('欧阳', '明华'), 'shan')
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

_COMPOUND: Final = """
欧阳:ouyang 司马:sima 上官:shangguan 诸葛:zhuge 司徒:situ 东方:dongfang 独孤:dugu 南宫:nangong 夏侯:xiahou
皇甫:huangfu 尉迟:yuchi 公孙:gongsun 慕容:murong 令狐:linghu 长孙:zhangsun 宇文:yuwen 轩辕:xuanyuan
钟离:zhongli 闾丘:lvqiu 鲜于:xianyu 端木:duanmu 澹台:tantai 公冶:gongye 宗政:zongzheng 濮阳:puyang 淳于:chunyu
单于:chanyu 太叔:taishu 申屠:shentu 仲孙:zhongsun 司空:sikong 司寇:sikou 亓官:qiguan 颛孙:zhuansun 巫马:wuma
公西:gongxi 漆雕:qidiao 乐正:yuezheng 壤驷:rangsi 公良:gongliang 拓跋:tuoba 夹谷:jiagu 宰父:zaifu 谷梁:guliang
榖梁:guliang 段干:duangan 百里:baili 东郭:dongguo 南门:nanmen 呼延:huyan 羊舌:yangshe 微生:weisheng
梁丘:liangqiu 左丘:zuoqiu 东门:dongmen 西门:ximen 万俟:moqi 赫连:helian 贺兰:helan 纳兰:nalan 完颜:wanyan
耶律:yelv 第五:diwu 子车:ziju 闻人:wenren 即墨:jimo 相里:xiangli 达奚:daxi 哥舒:geshu 叶赫:yehe 爱新:aixin
鲁步:lubu 归海:guihai 侯莫:houmo 屈突:qutu 仆固:pugu 公仪:gongyi
"""
COMPOUND: Final[Mapping[str, str]] = MappingProxyType(dict(pair.split(":") for pair in _COMPOUND.split()))
"""Surnames of two characters with their reading. Source: lists of compound surnames in use, facts; chosen by us."""

_READINGS: Final = """
仇:qiu 曾:zeng 解:xie 单:shan 查:zha 区:ou 盖:ge 翟:zhai 缪:miao 朴:piao 覃:qin 乐:yue 员:yun 贠:yun 洗:xian
秘:bi 繁:po 种:chong 重:chong 折:she 召:shao 黑:he 卜:bu 佴:nai 粘:nian 藏:zang 扎:za 都:du 六:lu 薄:bo 乜:nie
阚:kan 不:fou 郇:xun 隗:wei 祭:zhai 么:yao 句:gou 颉:xie
"""
READINGS: Final[Mapping[str, str]] = MappingProxyType(dict(pair.split(":") for pair in _READINGS.split()))
"""How a character is read as a surname, where the dictionary of pypinyin says otherwise. Source: usage, facts."""


def split_surname(name: str) -> tuple[str, str]:
    """Surname and given name of a name in Chinese characters; the given name is "" when only a surname was typed.

    Args:
        name: Chinese characters, folded, without titles; at least one.
    """
    length = 2 if name[:2] in COMPOUND else 1
    return name[:length], name[length:]


def surname_pinyin(surname: str) -> str:
    """How a surname is read, lower-case letters without tones, v for ü."""
    known = COMPOUND.get(surname) or READINGS.get(surname)
    return known or given_pinyin(surname)


def given_pinyin(characters: str) -> str:
    """How a given name is read, one character at a time, so that one character is always read alike."""
    return "".join(_reading(one) for one in characters)


def load_readings() -> None:
    """Load the dictionary of readings now, so that the first record need not wait for it."""
    _reading("一")


@lru_cache(maxsize=16384)
def _reading(character: str) -> str:
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415  (its dictionary takes a fifth of a second to load)

    found = lazy_pinyin(character, style=Style.NORMAL, errors="ignore", v_to_u=False)
    return "".join(one for one in "".join(found) if "a" <= one <= "z")
