"""The ways a name is typed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom.name_keys import LONGEST_KEY, keys_of, pattern_keys, typed_keys


def finds(typed: str, name: str) -> bool:
    """Tell whether what was typed finds a name."""
    keys = keys_of(name)
    asked = typed_keys(typed)
    return bool(asked) and all(any(key.startswith(each) for key in keys) for each in asked)


@pytest.mark.parametrize(
    "name", ["张^小东", "张小东", "Zhang^XiaoDong=张^小东", "=张^小东", " 张 小东 "]
)
@pytest.mark.parametrize(
    "typed",
    [
        "张小东", "张", "小", "小东", "东", "张 小东", "张^小东", "zhangxiaodong",
        "ZHANG XIAO DONG", "Zhang", "zhangx", "xiaodong", "zxd", "ZX", "z", "张小东 zhang",
    ],
)  # fmt: skip
def test_a_chinese_name_is_found_by_han_pinyin_and_initials(name: str, typed: str) -> None:
    assert finds(typed, name)


@pytest.mark.parametrize("typed", ["张东", "李", "zhangd", "wxd", "xd", "hang", "", "  ", "*", "-"])
def test_what_is_no_part_of_a_name_does_not_find_it(typed: str) -> None:
    assert not finds(typed, "张^小东")


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("单雄信", ("shanxiongxin", "sxx", "danxiongxin")),
        ("曾志伟", ("zengzhiwei", "zzw", "ceng")),
        ("解晓东", ("xiexiaodong", "xxd", "jie")),
        ("仇英", ("qiuying", "qy", "chouying")),
        ("任盈盈", ("renyingying", "ryy")),
        ("区志明", ("ouzhiming", "ozm")),
        ("查良镛", ("zhaliangyong", "zly")),
        ("朴^志勇", ("piaozhiyong", "pzy")),
        ("盖^叫天", ("gejiaotian", "gjt")),
        ("翟^天临", ("zhaitianlin", "ztl")),
        ("乐^嘉", ("yuejia", "yj", "lejia")),
        ("尉迟^恭", ("yuchigong", "ycg")),
        ("万俟^卨", ("moqi", "mq")),
        ("长孙^无忌", ("zhangsunwuji", "zswj")),
        ("缪^凤^林", ("miaofenglin", "mfl")),
        ("覃^辉", ("qinhui", "tanhui")),
        ("黑^伯理", ("he", "hei")),
        ("吕^布", ("lvbu", "lubu", "lyubu", "lb", "lü bu")),
        ("欧阳^娜娜", ("ouyangnana", "oynn", "nana", "娜娜")),
        ("阿依古丽·买买提", ("ayiguli", "maimaiti", "买买提", "ayglmmt", "阿依古丽 买买提")),
        ("𠮷^田", ("𠮷田", "田")),
        ("張^國榮", ("zhangguorong", "zgr", "國榮")),
    ],
)
def test_names_that_are_read_in_several_ways_are_found_by_each(
    name: str, typed: tuple[str, ...]
) -> None:
    assert [each for each in typed if not finds(each, name)] == []


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("ZHANG^SAN", ("zhangsan", "Zhang San", "san", "san zhang", "zs", "ZHANG^SAN")),
        ("ZHANG XIAODONG", ("zhang xiao dong", "zxd", "zx", "xiaodong zhang")),
        ("ZHANGSAN", ("zhangsan", "zs")),
        ("LV^FANG", ("lvfang", "lf")),
        ("Doe^Jane^Mary", ("doe", "jane", "doe jane", "jane mary doe", "djm")),
        ("O'Brien^Seán", ("obrien", "o'brien", "O\u2019BRIEN", "sean", "Seán")),
        ("Müller^Jörg", ("muller", "MÜLLER", "jorg")),
        ("\uff3a\uff48\uff41\uff4e\uff47^San", ("zhangsan",)),
        ("Hong^Gildong=洪^吉洞=홍^길동", ("홍길동", "길동", "洪吉洞", "gildong", "홍")),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", ("山田", "太郎", "たろう", "yamada tarou")),
        ("Люкceмбypг", ("люк",)),
    ],
)
def test_what_the_device_wrote_in_letters_is_found(name: str, typed: tuple[str, ...]) -> None:
    assert [each for each in typed if not finds(each, name)] == []


def test_every_key_a_pattern_gives_is_one_of_every_name_it_matches() -> None:
    assert pattern_keys("Wang^Xi?o*") == ("wangxi",)
    assert pattern_keys("*小?东*") == ("小", "东")
    assert pattern_keys("?ang") == ()
    assert pattern_keys("*ang^San") == ()
    assert pattern_keys("Wang^*=王^小东") == ("wang", "王小东")


_NAMES = st.lists(
    st.text(
        alphabet=st.one_of(
            st.sampled_from("张王小东单 ^^·'-aZéüＡ"),
            st.characters(min_codepoint=0x20, max_codepoint=0x9FA5, exclude_characters="=*?"),
        ),
        max_size=90,
    ),
    min_size=1,
    max_size=3,
).map("=".join)


@given(_NAMES)
def test_any_name_has_keys_of_bounded_length_and_number(name: str) -> None:
    keys = keys_of(name)
    assert all(0 < len(key) <= LONGEST_KEY for key in keys)
    assert len(keys) <= 64 + 40 * len(name)


@given(_NAMES, st.data())
def test_literal_matches_are_never_narrowed_away(name: str, data: st.DataObject) -> None:
    # Composed, as names are stored: a pattern that cuts a letter from its accent matches none.
    name = unicodedata.normalize("NFKC", name)
    group = data.draw(st.sampled_from(name.split("=")))
    at = data.draw(st.integers(0, len(group)))
    to = data.draw(st.integers(at, len(group)))
    keys = keys_of(name)
    for pattern in (group, group[:to] + "*", "*" + group[at:to] + "*", group[:at] + "?*"):
        for asked in pattern_keys(pattern):
            assert any(key.startswith(asked) for key in keys), pattern
