"""Characters and words that names, firms and streets of the made-up country are put together from.

Decides the stock; how often each is taken stands in `people` and `firms`. Surnames and their weights come from Faker
(MIT); given names are composed here from characters by sex and generation, because lists of whole given names are
either short or not free.
"""

from typing import Final


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


COMPOUND_SURNAMES: Final = _listed("欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 令狐 慕容 司徒 夏侯 端木 单于 长孙")
READ_OTHERWISE: Final = tuple("单仇查解曾区朴任盖缪翟冼乐")
"""Surnames that are not read as the character usually is; made a little more frequent than in life."""

GIVEN_MALE_OLD: Final = (
    "国建志永德文明华军平林海生荣富贵春福根兴成宝树忠义良庆祥云龙玉金长学世家光山东方俊胜利民振中友清"
    "新爱传保发和全红卫革跃进前玉柱才茂松发财顺"
)
GIVEN_MALE_NEW: Final = (
    "伟强磊洋勇杰涛超鹏辉飞波斌宇浩凯健俊帆旭宁亮峰晨瑞博彬坤子轩梓豪一诺泽睿航皓嘉天佑铭哲煜晟翰霖逸"
    "恒思远景毅彦昊然奕辰钧骏卓康硕程锐誉启宸森鑫淼"
)
GIVEN_FEMALE_OLD: Final = (
    "秀玉桂兰英珍凤芳梅春花香月红霞莲素淑惠爱琴云美华荣翠菊彩银巧金素贞瑞清文亚改焕润娥仙琼竹桃芬莉艳丽敏静娟玲"
)
GIVEN_FEMALE_NEW: Final = (
    "婷雪琳倩欣怡佳琪思雨梦瑶诗涵梓萱若彤可馨语嫣芷慧颖妍悦洁茜蕾璐莹薇晓娜菲楠雯丹佩瑾依心艺子嘉一"
    "诺艺晨熙允宁静宛乐筱紫沐念"
)

MINORITY_GIVEN: Final = _listed(
    "阿不都 买买提 阿依古丽 古丽娜尔 艾力 吐尔逊 帕提古丽 热合曼 玉素甫 木拉提 阿迪力 迪丽努尔 卡德尔 "
    "巴哈尔 其其格 巴特尔 乌云 娜仁 扎西 卓玛 次仁 央金 丹增 旺堆"
)
MINORITY_FATHER: Final = _listed(
    "买买提 吐尔逊 艾买提 阿布都拉 依明 肉孜 托合提 卡斯木 热西提 沙吾提 尼亚孜 库尔班 玉山 巴图 才仁 多吉"
)
DOTS: Final = ("·", "•", "．", ".", "・", " ", "")
"""What stands between the parts of a long name, the right one first."""

TRADITIONAL: Final = str.maketrans(
    "张刘陈杨赵吴孙马罗郑谢冯邓苏叶吕卢钟谭陆贾邹阎龙万钱汤严华国军荣贵兴宝树义庆云长学东胜发红卫进顺伟强"
    "涛鹏辉飞凤兰珍莲爱银巧贞润琼艳丽静娟玲怡梦诗语颖洁莹晓娜丹艺杰斌浩凯宁轩泽铭煜骏钧誉启车达丰联贸饰岗乡",
    "張劉陳楊趙吳孫馬羅鄭謝馮鄧蘇葉呂盧鍾譚陸賈鄒閻龍萬錢湯嚴華國軍榮貴興寶樹義慶雲長學東勝發紅衛進順偉強"
    "濤鵬輝飛鳳蘭珍蓮愛銀巧貞潤瓊豔麗靜娟玲怡夢詩語穎潔瑩曉娜丹藝傑斌浩凱寧軒澤銘煜駿鈞譽啟車達豐聯貿飾崗鄉",
)
"""What a form in traditional script says, for the characters above."""

TITLES_MALE: Final = ("先生", "师傅", "总", "老师", "哥", "经理", "老板")
TITLES_FEMALE: Final = ("女士", "小姐", "姐", "总", "老师", "经理", "阿姨")
BEHIND_NAME: Final = ("先生", "女士", "(车主)", "（本人）", " 老客户", "/VIP", "(保险)", "师傅")
CALLED_BY: Final = ("小", "老", "阿")

TRADES: Final = _listed(
    "商贸 科技 建材 物流 餐饮管理 信息技术 机电设备 装饰工程 电子商务 汽车租赁 服饰 农业开发 房地产经纪 教育咨询 "
    "医疗器械 环保工程 广告传媒 食品 化工 五金制品"
)
TRADE_NAME_CHARACTERS: Final = "华盛达鑫瑞恒信诚通源丰泰隆安顺宏亿博远天宇金鼎中联创新辉腾利和嘉美佳德众康"
FORMS: Final = ("有限公司", "有限责任公司", "股份有限公司")
SHOP_KINDS: Final = _listed("汽配店 便利店 小吃店 五金店 理发店 水果店 服装店 建材经营部 食品经营部 修理部")
TAXI_FORMS: Final = ("出租汽车有限公司", "出租汽车有限责任公司", "客运出租汽车有限公司")

STREETS: Final = _listed(
    "人民 建设 中山 解放 新华 和平 胜利 文化 长江 黄河 北京 南京 上海 滨河 东风 朝阳 光明 友谊 青年 学府 科技 "
    "工业 迎宾 府前 世纪 创业 金水 凤凰 湖滨 桃园 体育 健康 民主 团结 前进 幸福 花园 安定 平安 振兴"
)
STREET_KINDS: Final = ("路", "大街", "大道", "街", "东路", "西路", "南路", "北路")
ESTATES: Final = _listed(
    "阳光花园 金色家园 翠湖苑 碧水湾 锦绣江南 书香门第 万和城 丽景苑 龙湖公馆 紫金府 康乐小区 电力家属院"
)
SHOP_PHONES: Final = ("13800138000", "13888888888", "13000000000", "18888888888", "11111111111")
"""What is typed into an obligatory field when nobody asked for the number."""
