"""How a person's name is read for comparison: real traps, one row each. All names are made up or public examples."""

import pytest

from carnet_master.names import Name, NameForm, read_name


@pytest.mark.parametrize(
    ("typed", "surname", "given1", "given2", "pinyin"),
    [
        pytest.param("王晓明", "王", "晓", "明", "wang xiaoming", id="three characters"),
        pytest.param("仇英", "仇", "英", None, "qiu ying", id="reads qiu as a surname"),
        pytest.param("曾文", "曾", "文", None, "zeng wen", id="reads zeng"),
        pytest.param("解明", "解", "明", None, "xie ming", id="reads xie"),
        pytest.param("单田芳", "单", "田", "芳", "shan tianfang", id="reads shan, phrase or not"),
        pytest.param("查良", "查", "良", None, "zha liang", id="reads zha"),
        pytest.param("单于明", "单于", "明", None, "chanyu ming", id="compound that begins with another surname"),
        pytest.param("欧阳明华", "欧阳", "明", "华", "ouyang minghua", id="compound"),
        pytest.param("尉迟恭", "尉迟", "恭", None, "yuchi gong", id="compound with a reading of its own"),
        pytest.param("張曉明", "张", "晓", "明", "zhang xiaoming", id="traditional"),
        pytest.param("徳永明", "德", "永", "明", "de yongming", id="Japanese variant"),
        pytest.param("张乾", "张", "乾", None, "zhang qian", id="a character that simplifying would change"),
        pytest.param("吕布", "吕", "布", None, "lv bu", id="v for ü"),
        pytest.param(" 王\u3000晓 明 ", "王", "晓", "明", "wang xiaoming", id="spaces"),
        pytest.param("王晓明13912340001", "王", "晓", "明", "wang xiaoming", id="digits behind"),
        pytest.param("王晓明（老板）", "王", "晓", "明", "wang xiaoming", id="remark in brackets"),
        pytest.param("王晓明(已故", "王", "晓", "明", "wang xiaoming", id="bracket left open"),
        pytest.param("王晓明先生", "王", "晓", "明", "wang xiaoming", id="title behind"),
        pytest.param("王晓明总", "王", "晓", "明", "wang xiaoming", id="short title behind"),
        pytest.param("王晓明总经理先生", "王", "晓", "明", "wang xiaoming", id="two titles"),
        pytest.param("陈小哥", "陈", "小", "哥", "chen xiaoge", id="a name that ends like a title"),
        pytest.param("张王建华", "张", "王", "建华", "zhang wangjianhua", id="two surnames"),
    ],
)
def test_a_whole_name_is_taken_apart(typed: str, surname: str, given1: str, given2: str | None, pinyin: str):
    """Surname, given characters and pinyin come from the characters, whatever surrounds them."""
    name = read_name(typed)

    assert (name.form, name.surname, name.given1, name.given2, name.pinyin) == (
        NameForm.FULL,
        surname,
        given1,
        given2,
        pinyin,
    )


@pytest.mark.parametrize(
    ("typed", "surname", "sex"),
    [
        pytest.param("王总", "王", None, id="short title"),
        pytest.param("李师傅", "李", None, id="long title"),
        pytest.param("张女士", "张", "female", id="says a woman"),
        pytest.param("张先生", "张", "male", id="says a man"),
        pytest.param("欧阳总", "欧阳", None, id="behind a compound"),
        pytest.param("老王", "王", None, id="call name"),
        pytest.param("小李", "李", None, id="call name of the younger"),
        pytest.param("王", "王", None, id="surname alone"),
        pytest.param("欧阳", "欧阳", None, id="compound alone"),
        pytest.param("先生", None, "male", id="title alone"),
        pytest.param("经理", None, None, id="office alone"),
        pytest.param("王司机", "王", None, id="service behind a surname"),
        pytest.param("王建国妻子", None, None, id="somebody's wife is not him"),
        pytest.param("王建国司机", None, None, id="somebody's driver is not him"),
        pytest.param("王建国妻子女士", None, None, id="a title behind a relation"),
        pytest.param("王经理经理经理经理经理", "王", None, id="a title many times"),
        pytest.param("Mr.", None, "male", id="in English"),
    ],
)
def test_a_title_is_no_name(typed: str, surname: str | None, sex: str | None):
    """What is left of a title is at most a surname, and never a name that could link."""
    name = read_name(typed)

    assert (name.form, name.name, name.pinyin, name.surname, name.sex) == (NameForm.TITLE, None, None, surname, sex)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("阿里木·买买提", "阿里木买买提", id="dot left out"),
        pytest.param("阿里木·买买提", "阿里木•买买提", id="another dot"),
        pytest.param("阿里木·买买提", "阿里木 ． 买买提", id="full-width stop and spaces"),
        pytest.param("張曉明", "张晓明", id="script"),
        pytest.param("Zhang San", "ＺＨＡＮＧ\u3000ＳＡＮ", id="width and case"),
        pytest.param("Lü Wei", "Lyu Wei", id="the passport's spelling of ü"),
        pytest.param("Renée Müller", "renee mvller", id="accents, with ü as pinyin writes it"),
    ],
)
def test_two_spellings_are_one_name(one: str, other: str):
    """A different way to type the same name is no difference."""
    assert read_name(one) == read_name(other)


def test_a_name_with_a_dot_has_no_surname():
    """The first part of such a name is the person's own, so it is not compared as a surname."""
    name = read_name("阿里木·买买提")

    assert (name.form, name.name, name.surname, name.given1) == (NameForm.WHOLE, "阿里木买买提", None, None)


def test_typed_pinyin_is_used_when_there_are_no_characters():
    """The field beside the name speaks only for a name that is missing."""
    assert read_name("", typed_pinyin="WANG Xiaoming").pinyin == "wang xiaoming"
    assert read_name("王晓明", typed_pinyin="LI Si").pinyin == "wang xiaoming"


def test_letters_and_characters_meet_in_pinyin():
    """A passport's spelling and the characters of a name have the same pinyin."""
    assert read_name("OUYANG Minghua").pinyin == read_name("欧阳明华").pinyin


def test_surname_and_given_name_are_told_apart_in_pinyin():
    """Two names of the same letters, cut elsewhere, are different."""
    assert read_name("方安").pinyin != read_name("范甘").pinyin


def test_an_empty_name_says_nothing():
    """No text, or marks only, is no name and no title."""
    assert read_name("") == read_name(" --- ") == Name(NameForm.NONE)


def test_the_salutation_says_the_sex():
    """A form of address on file counts like a title behind the name."""
    assert read_name("王晓明", salutation="女士").sex == "female"
