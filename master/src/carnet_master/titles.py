"""Forms of address around a name: 先生, 经理, 师傅, 老王. What remains is the name.

Decides what of a folded text is a title, and whether a title says that somebody is a man or a woman. Does not decide
whether what remains is a whole name (see `names`).

Rules
1. Titles of two and more characters end any text: 王建国经理. Titles of one character end it only behind a surname
   alone or a
   name of three characters: 王总, 张建国总, but not 陈小哥.
2. 老, 小 and 阿 before a surname are a way to call somebody: 老王.
3. A title can stand behind another one. A text that is a title and nothing else leaves no name.
4. 王建国妻子 is not 王建国: a word of kinship or service behind more than a surname names somebody else, and nobody
   knows whom.

    >>> strip_titles("王总经理")
    Stripped(rest='王', is_titled=True, sex=None, is_somebody_else=False)
"""

from dataclasses import dataclass
from typing import Final

from carnet_master.limits import NAME_CHARS_MAX
from carnet_master.surnames import COMPOUND, split_surname

_WOMEN: Final = (
    "女士",
    "小姐",
    "太太",
    "夫人",
    "大姐",
    "阿姨",
    "老板娘",
    "奶奶",
    "姑娘",
    "妹妹",
    "嫂子",
    "大妈",
    "婆婆",
    "姐",
    "嫂",
    "姨",
)
_MEN: Final = ("先生", "大哥", "叔叔", "大叔", "大爷", "爷爷", "伯伯", "老弟", "哥", "叔", "爷")
_OFFICES: Final = """
总经理 副总经理 副总 经理 总监 老板 师傅 师父 主任 副主任 董事长 董事 总裁 主席 主管 处长 科长 局长 厅长
部长 股长 队长 组长 班长 排长 连长 营长 团长 厂长 店长 校长 园长 院长 所长 站长 行长 社长 村长 镇长 乡长
县长 区长 市长 省长 警官 法官 检察官 律师 书记 支书 老师 教授 教练 博士 医生 大夫 护士 医师 药师 工程师
设计师 技师 车主 客户 顾客 老总 同志 领导 总 董 工 局 处 队 mr mr. mrs mrs. ms ms. miss dr dr.
"""
_RELATIONS: Final = """
妻子 老婆 媳妇 爱人 丈夫 老公 家属 家人 儿子 女儿 孩子 父亲 母亲 爸爸 妈妈 岳父 岳母 公公 哥哥 弟弟 姐姐
女婿 儿媳 侄子 外甥 亲戚 朋友 同事 邻居 司机 驾驶员 秘书 会计 出纳 员工 代办 代理
"""
_ALL: Final = tuple(sorted({*_WOMEN, *_MEN, *_OFFICES.split()}, key=len, reverse=True))
_LONG: Final = tuple(title for title in _ALL if len(title) > 1 and not title[0].isascii())
_SHORT: Final = frozenset(title for title in _ALL if len(title) == 1)
_LATIN: Final = frozenset(title for title in _ALL if title[0].isascii())
_RELATIVES: Final = tuple(_RELATIONS.split())
_NICK: Final = frozenset("老小阿大")
_ENGLISH_SEX: Final = {"mr": "male", "mrs": "female", "ms": "female", "miss": "female"}


@dataclass(frozen=True, slots=True)
class Stripped:
    """A text without titles.

    Attributes:
        rest: what remains; "" when there was nothing but a title.
        is_titled: whether a title was found.
        sex: "female" or "male" when a title says so; else None. A hint, never evidence.
        is_somebody_else: whether the text names a person by a relation to the one that `rest` names.
    """

    rest: str
    is_titled: bool
    sex: str | None
    is_somebody_else: bool = False


def strip_titles(text: str) -> Stripped:
    """A folded text without its titles.

    Args:
        text: folded (`folding.fold_text`), either one run of Chinese characters or words in Latin letters.
    """
    rest, sex = text, None
    for _ in range(NAME_CHARS_MAX):
        related = _without_relation(rest)
        if related is not None and related and split_surname(related)[1]:
            return Stripped(related, is_titled=True, sex=None, is_somebody_else=True)
        shorter, title = _strip_one(rest) if related is None else (related, "")
        if title is None:
            break
        rest, sex = shorter, sex or _sex_of(title)
    return Stripped(rest, rest != text, sex)


def sex_of_title(text: str) -> str | None:
    """What a form of address alone says: "female", "male" or None.

    Args:
        text: folded.
    """
    return strip_titles(text).sex


def _without_relation(text: str) -> str | None:
    if not text.endswith(_RELATIVES):
        return None
    return next(text[: -len(word)] for word in _RELATIVES if text.endswith(word))


def _strip_one(text: str) -> tuple[str, str | None]:
    if text[:1].isascii():
        return _strip_latin(text)
    if text.endswith(_LONG):
        title = next(title for title in _LONG if text.endswith(title))
        return text[: -len(title)], title
    if text[-1:] in _SHORT and _may_carry_short_title(text[:-1]):
        return text[:-1], text[-1]
    surname = text[1:]
    if text[:1] in _NICK and (len(surname) == 1 or surname in COMPOUND):
        return surname, text[0]
    return text, None


def _strip_latin(text: str) -> tuple[str, str | None]:
    words = text.split()
    for at in (0, -1):
        if words and words[at] in _LATIN:
            title = words.pop(at)
            return " ".join(words), title
    return text, None


def _may_carry_short_title(rest: str) -> bool:
    """Rule 1: a surname alone, or a surname with a given name of two characters."""
    if not rest:
        return True
    surname, given = split_surname(rest)
    return not given or (len(given) == 2 and len(surname) + len(given) >= 3)  # noqa: PLR2004


def _sex_of(title: str) -> str | None:
    if title in _WOMEN:
        return "female"
    if title in _MEN:
        return "male"
    return _ENGLISH_SEX.get(title.rstrip("."))
