"""Characters that a person writes when another was meant.

Decides three kinds of mistake, each from its own table. *Sound*: an input method offers several characters for what was
typed, and the first is taken. *Accent*: somebody is heard, not read, and the ear does not tell n from l, z from zh, in
from ing. *Shape*: a handwritten form is copied. Written from memory of such mistakes, not from a dictionary of
readings: what a matcher knows about readings plays no part here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_SAME_SOUND: Final = (
    "伟玮炜纬苇 芳方房 丽莉力立利俐 静靖敬净竞 建健剑键 明名铭鸣茗 晓小笑筱 志智致治 军君俊骏钧均 华桦花画 平萍苹屏 "
    "玉裕钰郁 宇雨语羽禹屿 文雯闻纹 红宏虹鸿弘洪 英瑛莹盈颖 辉晖慧惠会卉 浩昊皓灏 佳嘉家加 欣鑫新馨心昕 怡宜仪 "
    "一依伊奕艺忆亦 涵晗函寒 梓子紫 轩萱宣喧 桐彤童 博波勃柏 晨辰尘臣 琪淇奇棋祺琦 瑶遥尧谣 婷庭廷亭 娜那纳 "
    "艳燕彦雁焱 霞夏侠 杰洁婕捷 涛桃陶 磊蕾垒 洋阳杨扬 勇永泳咏 春淳纯 琳霖林麟临 倩茜芊 峰锋枫丰 凯楷恺 鹏朋棚 "
    "飞菲妃霏 芸耘云昀 兰岚蓝 梅玫美媚 秀绣锈 珍真贞针 桂贵 盛圣胜晟 东冬董 斌彬宾滨 刚钢纲 成诚程承城 富福夫 "
    "金今锦瑾津 玲铃凌灵龄 雪学 航杭行 然燃 哲喆 瑞睿锐蕊 妍研言颜岩 梦孟 强蔷墙 国果 海孩 敏民闵 康慷 超朝 "
    "恒衡横 思丝司斯 远媛园圆 景璟憬 毅益怡 卓茁 硕朔 启起绮 宸辰晨 森参 亮良 旭绪叙 坤昆 煜育昱 翰瀚汉 逸艺易 "
    "悦月越玥 佩沛培 爱艾 可珂柯 若偌 允云 乐悦跃 沐木牧 宁凝柠 诺糯 天添甜 嫣焉 璐露路鹿 薇微威巍 丹单 清青卿 "
    "发法 财才材 世士仕 保宝饱 忠中钟 良凉梁 义谊毅 根跟 福甫 顺舜 长常昌 光广 山珊杉 友有 和合荷 全泉权 进晋近 "
    "卫魏伟 革格 柱住祝 茂贸懋 淑姝书 素苏塑 润闰 改盖 焕涣唤 琼穷 巧俏 彩采 菊局 竹朱 香湘祥翔 莲连联 秋丘 "
    "张章 王汪 李黎里 刘留流 陈沉 吴武伍 周邹舟 徐许 于余俞 江姜蒋 肖萧 付傅 闫阎严 代戴 程成 何贺 杨阳羊 郑政 谢解 "
    "罗骆 石史施 冯丰 董懂 曾增 范凡 蔡菜 贾甲"
)
_ACCENT: Final = (
    "英因音 莹银 林宁 玲宁 兰南男 丽妮 娜拉 琳玲 静金 敏明 欣星兴 志子自 珍增 诗思丝 春村 超曹 胜森 山三 "
    "刘牛 李你 王黄 胡吴 陈程 金京 林凌 孙申 章臧 周邹 郭国 何胡 斌兵 新星 晨成 真正 坤空 芬风 晖飞 红冯"
)
_SAME_SHAPE: Final = (
    "伟纬 晴睛 清情 刚钢 博搏 宣宜 未末 己已巳 天夫 千干 玉王 土士 日曰 侯候 洁浩 杰木 辛幸 昊吴 旭旮 晓晚 霞露 "
    "丽两 莉荊 梅海 敏繁 芳芬 军车 勇男 波披 鹏朋 宇字 凯凱 帆帄 林材 淼森 萍苹 倩清 婷停 梓样 轩轮 涵函 "
    "陈阵 徐涂 曹曾 余佘 冷泠 汤杨 刘列 张弘 赵越 郭敦 孟盂 沈沉 洪供"
)


def _neighbours(listed: str) -> Mapping[str, str]:
    """For each character the others of all its groups; groups stand between spaces."""
    found: dict[str, str] = {}
    for group in listed.split():
        for one in group:
            found[one] = "".join(dict.fromkeys(found.get(one, "") + group)).replace(one, "")
    return MappingProxyType(found)


SOUND: Final = _neighbours(_SAME_SOUND)
ACCENT: Final = _neighbours(_ACCENT)
SHAPE: Final = _neighbours(_SAME_SHAPE)
