"""Chinese text in Latin letters, for devices that show no Hanzi.

References
----------
GB/T 28039-2011 (the Chinese phonetic alphabet spelling rules for Chinese names): family name, then
given name, each in one word. GB/T 16159 for ü, written YU after a consonant where the letter is
not to be had.
"""

import re
from typing import Final

from dicom.name_keys import likeliest_syllables

_HAN: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_COMPOUND_FAMILY_NAMES: Final = frozenset(
    {
        "欧阳", "上官", "司马", "诸葛", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐",
        "司徒", "司空", "东方", "独孤", "南宫", "西门", "端木", "百里", "呼延", "长孙",
        "宇文", "轩辕", "澹台", "太史", "申屠", "公羊", "鲜于", "闾丘", "钟离", "濮阳",
        "淳于", "单于", "仲孙", "万俟", "拓跋", "第五",
    }
)  # fmt: skip
"""Family names of two signs (百家姓 and those met today); every other has one."""


def parted_name(name: str) -> str:
    """Return a Chinese name with a caret behind the family name; any other as it is."""
    if _HAN.fullmatch(name) is None or len(name) == 1:
        return name
    length = 2 if len(name) > 2 and name[:2] in _COMPOUND_FAMILY_NAMES else 1
    return f"{name[:length]}^{name[length:]}"


def latin_name(name: str) -> str:
    """Return a name in ASCII, ``ZHANG^XIAODONG`` for 张小东.

    Parameters
    ----------
    name
        With or without a caret behind the family name.

    Returns
    -------
    str
        A sign without a reading is ``?``.
    """
    components = parted_name(name).split("^")
    signs = "".join(components)
    # Some family names are read in a way of their own, which the whole name tells.
    readings = [_letters(one) for one in likeliest_syllables(signs)] or [*map(latin_text, signs)]
    at, found = 0, []
    for component in components:
        found.append("".join(readings[at : at + len(component)]))
        at += len(component)
    return "^".join(found)


def latin_text(text: str) -> str:
    """Return text in ASCII: Hanzi by their readings, anything else that is not ASCII as ``?``."""
    words: list[str] = []
    for char in text:
        if char.isascii():
            words.append(char)
            continue
        syllables = likeliest_syllables(char)
        words.append(f" {_letters(syllables[0])} " if syllables else "?")
    return " ".join("".join(words).split())


def _letters(syllable: str) -> str:
    return syllable.replace("v", "yu").upper()
