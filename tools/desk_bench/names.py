"""Invented people, cars and plates that look like those of a Chinese dealer.

Decides frequencies only as far as a look-up feels them: a hundred surnames with a heavy head, given names of one or two
characters, one province for most plates. Every value is made from the seeded dice; nobody here exists.
"""

from collections.abc import Sequence
from random import Random
from typing import Final

from carnet_protocol.vin import check_digit

SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆"
    "范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常"
)
GIVEN: Final = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰梅建国志文斌波辉鹏飞宇浩然子轩雨欣怡梓涵思雨晨佳琪俊豪嘉慧婷雪琳"
    "倩健峰凯旭东海燕红春晓燕丹莉萍宁安永康福生德胜利民成龙虎云天翔"
)
COMPANIES: Final = ("汽车租赁", "出租汽车", "物流", "建材", "商贸", "餐饮管理", "信息技术")
MODELS: Final = ("雅阁 2.0", "帕萨特 1.8T", "凯美瑞 2.5G", "轩逸 1.6", "宝来 1.4T", "秦 PLUS", "Model 3", "朗逸 1.5")
COMPLAINTS: Final = (
    "刹车时有异响",
    "空调不制冷",
    "发动机故障灯亮",
    "方向盘抖动",
    "常规保养",
    "底盘异响",
    "电瓶亏电",
    "轮胎更换",
)
OPERATIONS: Final = (
    "更换机油机滤",
    "更换刹车片",
    "四轮定位",
    "空调清洗",
    "更换火花塞",
    "更换电瓶",
    "更换轮胎",
    "检查底盘",
)
LONG_NAMES: Final = 0.8
"""Share of given names with two characters."""

AT_HOME: Final = 0.9
"""Share of plates of the own province."""

NEW_ENERGY: Final = 0.2
"""Share of plates with eight characters."""

_WMIS: Final = ("LSV", "LFV", "LSG", "LHG", "LVS", "LRW", "LGX", "LFP")
_VIN_CHARACTERS: Final = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
_PLATE_CHARACTERS: Final = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def person_name(dice: Random) -> str:
    """A name; one in five has a surname that a hundredth of the others share."""
    surname = SURNAMES[min(int(len(SURNAMES) * dice.random() ** 2.2), len(SURNAMES) - 1)]
    return surname + dice.choice(GIVEN) + (dice.choice(GIVEN) if dice.random() < LONG_NAMES else "")


def company_name(dice: Random) -> str:
    """A company's name."""
    return f"上海{dice.choice(GIVEN)}{dice.choice(GIVEN)}{dice.choice(COMPANIES)}有限公司"


def mobile(dice: Random) -> str:
    """A mobile number in stored spelling."""
    return f"+861{dice.choice('3456789')}{dice.randrange(10**9):09}"


def plate(dice: Random) -> str:
    """A plate; every fifth is of a new-energy car."""
    where = "沪" + dice.choice("ABCDEFG") if dice.random() < AT_HOME else dice.choice("苏浙皖京") + dice.choice("ABCDE")
    if dice.random() < NEW_ENERGY:
        return where + dice.choice("DF") + f"{dice.randrange(10**5):05}"
    return where + "".join(dice.choice(_PLATE_CHARACTERS) for _ in range(5))


def vin(dice: Random, serial: int) -> str:
    """A VIN with a right check digit; different serials make different ones."""
    body = "".join(dice.choice(_VIN_CHARACTERS) for _ in range(5))
    raw = f"{dice.choice(_WMIS)}{body}0R{dice.choice('ABCDE')}{serial:06}"
    return raw[:8] + check_digit(raw) + raw[9:]


def some(dice: Random, words: Sequence[str]) -> str:
    """One of some words."""
    return words[dice.randrange(len(words))]
