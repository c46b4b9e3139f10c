"""The ways a person's name is typed: Han, pinyin, initials, Latin letters.

Fuzzy semantic matching of person names (PS3.4 C.2.2.2.1.1) as Chinese readers need it. A name has
keys; what is typed becomes a key, too, and finds every name that has a key which begins so. So
张^小东 is found by 张小东, 小东, 东, zhangxiaodong, "Zhang Xiao", xiaodong and zxd.

Readings are pypinyin's, all of each Hanzi: who types 乐 may mean le or yue.
"""

import itertools
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

# The dictionary of phrases costs 45 MB a process, and names are no phrases; pypinyin asks for this
# when it is imported.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")

from pypinyin import Style, pinyin
from pypinyin.constants import PINYIN_DICT

LONGEST_KEY: Final = 64
_WHOLE_PRODUCT: Final = 4
_READINGS: Final = 3
_WORDS: Final = re.compile(r"[^\W_]+")
_IDEOGRAPHS: Final = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_BY_SCRIPT: Final = re.compile(f"[{_IDEOGRAPHS}]+|[^{_IDEOGRAPHS}]+")
_IDEOGRAPH: Final = re.compile(f"[{_IDEOGRAPHS}]")
"""Hanzi, kana and hangul: scripts in which each sign may begin what is typed."""

_FAMILY_NAMES: Final = {
    "万俟": "mo qi", "单于": "chan yu", "尉迟": "yu chi", "澹台": "tan tai",
    "乐": "yue", "乜": "nie", "仇": "qiu", "佴": "nai", "召": "shao", "单": "shan", "卜": "bu",
    "句": "gou", "员": "yun", "折": "she", "曾": "zeng", "朴": "piao", "查": "zha", "洗": "xian",
    "盖": "ge", "种": "chong", "秘": "bi", "缪": "miao", "繁": "po", "翟": "zhai", "藏": "zang",
    "覃": "qin", "解": "xie", "隗": "wei", "区": "ou", "黑": "he", "祭": "zhai", "都": "du",
}  # fmt: skip
"""Readings as family names where others come first (现代汉语词典, 7th edition)."""


def keys_of(name: str) -> frozenset[str]:
    """Return all keys of a name.

    Parameters
    ----------
    name
        A PN value, alphabetic=ideographic=phonetic (PS3.5 6.2.1.2), or a name without groups.

    Returns
    -------
    frozenset of str
        None longer than `LONGEST_KEY`. Each group gives those that begin at each of its words and,
        in ideographs, each sign; their readings; initials; and the family name put last.
    """
    keys: set[str] = set()
    for group in name.split("=")[:3]:
        ideographs, words = _parts(group)
        keys.update(ideographs[at:] for at in range(len(ideographs)))
        for syllables in _readings(ideographs):
            keys.update(_begun_at_each(syllables))
            keys.add(_initials(syllables))
        keys.update(_begun_at_each(words))
        if len(words) > 1:
            keys.add("".join((*words[1:], words[0])))
            keys.add(_initials(words))
        parted = [_syllables(word) for word in words]
        if all(parted):
            keys.add(_initials([syllable for word in parted for syllable in word]))
    return frozenset(key[:LONGEST_KEY] for key in keys if key)


def typed_keys(text: str) -> tuple[str, ...]:
    """Return the keys with which a name shall begin, all of them, for what somebody typed.

    Empty where nothing was typed that a name is made of. Ideographs and letters make a key each,
    and so does each group of a PN value.
    """
    keys: dict[str, None] = {}
    for group in text.split("=")[:3]:
        ideographs, words = _parts(group)
        for key in (ideographs, "".join(words)):
            if key:
                keys[key[:LONGEST_KEY]] = None
    return tuple(keys)


def pattern_keys(pattern: str) -> tuple[str, ...]:
    """Return keys that every name has which a pattern with ``*`` and ``?`` matches literally.

    They narrow a literal search: ideographs anywhere in the pattern, letters only before the first
    wildcard, since a name's keys begin at its words and no literal match has to.
    """
    runs = re.split(r"[*?=]", pattern)
    _, words = _parts(runs[0])
    keys = {"".join(words): None}
    keys |= {_parts(run)[0]: None for run in runs}
    return tuple(key[:LONGEST_KEY] for key in keys if key)


def likeliest_syllables(hanzi: str) -> Sequence[str]:
    """Return how a name is most likely read, a syllable a sign; empty where one has no reading."""
    return next(_readings(hanzi), ())


def _parts(group: str) -> tuple[str, list[str]]:
    """Return the ideographs of a group of a name in one, and its words in other scripts."""
    ideographs: list[str] = []
    words: list[str] = []
    for word in _WORDS.findall(unicodedata.normalize("NFKC", group).casefold()):
        for part in _BY_SCRIPT.findall(word):
            if _IDEOGRAPH.match(part):
                ideographs.append(part)
            elif plain := _without_accents(part):
                words.append(plain)
    return "".join(ideographs), words


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    apart = unicodedata.normalize("NFD", word)
    return "".join(char for char in apart if not unicodedata.combining(char))


def _begun_at_each(parts: Sequence[str]) -> Iterator[str]:
    return ("".join(parts[at:]) for at in range(len(parts)))


def _initials(parts: Sequence[str]) -> str:
    return "".join(part[0] for part in parts)


def _readings(hanzi: str) -> Iterator[Sequence[str]]:
    """Yield the syllables of each likely reading, the likeliest first.

    Every combination for up to four Hanzi; in longer names, which transcribe another language, one
    unusual reading at a time.
    """
    family = _FAMILY_NAMES.get(hanzi[:2]) or _FAMILY_NAMES.get(hanzi[:1]) or ""
    each = [_readings_of(char) for char in hanzi]
    if not each or not all(each):
        return
    for at, syllable in enumerate(family.split()):
        each[at] = _distinct([syllable, *each[at]])
    if len(each) <= _WHOLE_PRODUCT:
        yield from itertools.product(*each)
        return
    usual = [readings[0] for readings in each]
    yield usual
    for at, readings in enumerate(each):
        for other in readings[1:]:
            yield [*usual[:at], other, *usual[at + 1 :]]


def _readings_of(char: str) -> list[str]:
    """Return the syllables a Hanzi is read as, without tones; none for another sign."""
    if ord(char) not in PINYIN_DICT:
        return []
    (found,) = pinyin(char, style=Style.NORMAL, heteronym=True)
    return _distinct([form for syllable in found for form in _forms(syllable)])


def _forms(syllable: str) -> Sequence[str]:
    """Return how people type a syllable with ü: lv by keyboard, lu by sight, lyu by passport."""
    if "v" not in syllable:
        return (syllable,)
    return (syllable, syllable.replace("v", "u"), syllable.replace("v", "yu"))


def _distinct(syllables: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(syllables))[:_READINGS]


def _all_syllables() -> frozenset[str]:
    """Return every syllable of pinyin that holds a vowel."""
    found: set[str] = set()
    for readings in PINYIN_DICT.values():
        for reading in readings.split(","):
            plain = _without_accents(reading.replace("ü", "v"))
            if plain.isascii() and plain.isalpha() and re.search("[aeiouv]", plain):
                found.update(_forms(plain))
    return frozenset(found)


_SYLLABLES: Final = _all_syllables()
_LONGEST_SYLLABLE: Final = max(map(len, _SYLLABLES))


def _syllables(word: str) -> Sequence[str]:
    """Part a word into as few syllables of pinyin as can be; none where it is no pinyin.

    Devices write ZHANG^XIAODONG, and readers type zxd.
    """
    # best[at] is the fewest syllables that make the first ``at`` letters.
    best: list[Sequence[str] | None] = [()]
    for end in range(1, min(len(word), LONGEST_KEY) + 1):
        found: Sequence[str] | None = None
        for start in range(max(0, end - _LONGEST_SYLLABLE), end):
            before, syllable = best[start], word[start:end]
            if (
                before is not None
                and syllable in _SYLLABLES
                and (found is None or len(before) + 1 < len(found))
            ):
                found = (*before, syllable)
        best.append(found)
    return best[-1] or ()
