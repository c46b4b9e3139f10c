"""A format is told by its content, however its text is encoded and whatever stands before it."""

import re
from collections.abc import Callable
from importlib import import_module
from typing import NoReturn

import numpy as np
import pytest

from ecg import EcgFormatError, read
from ecg.formats import Format, sniff
from ecg.formats.aecg import looks_like_aecg
from ecg.formats.sniff import Reader
from tests.ecg.formats.xml_samples import minimum_aecg, xml_sample

NAME = "张三"
SAMPLES = {
    Format.AECG: minimum_aecg().decode(),
    Format.SIERRA: xml_sample("sierra_103_repbeats").decode(),
}


def body(text: str) -> str:
    """Return a document without its declaration, a Chinese comment behind its root's begin."""
    bare = re.sub(r"^\s*<\?xml.*?\?>", "", text.lstrip("\ufeff"), count=1, flags=re.DOTALL)
    root = re.search(r"<[A-Za-z][^>]*>", bare)
    assert root is not None
    return f"{bare[: root.end()]}<!-- {NAME} -->{bare[root.end() :]}"


def labelled(text: str, encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>{body(text)}'


WAYS: dict[str, Callable[[str], bytes]] = {
    "UTF-8 with a mark": lambda text: b"\xef\xbb\xbf" + labelled(text, "UTF-8").encode(),
    "blanks before": lambda text: b"\r\n \t" + labelled(text, "UTF-8").encode(),
    "no declaration": lambda text: body(text).encode(),
    "UTF-16 with a mark": lambda text: labelled(text, "UTF-16").encode("utf-16"),
    "UTF-16 big-endian": lambda text: b"\xfe\xff" + labelled(text, "UTF-16").encode("utf-16-be"),
    "UTF-16 without a mark": lambda text: labelled(text, "UTF-16").encode("utf-16-le"),
    "UTF-16 called UTF-8": lambda text: labelled(text, "UTF-8").encode("utf-16"),
    "UTF-8 called UTF-16": lambda text: labelled(text, "UTF-16").encode(),
    "GB 18030": lambda text: labelled(text, "GB18030").encode("gb18030"),
    "GB 18030 without a label": lambda text: body(text).encode("gb18030"),
    "GB 18030 called Latin-1": lambda text: labelled(text, "ISO-8859-1").encode("gb18030"),
    "another root in a comment": lambda text: f"<!-- <RestingECG> -->{body(text)}".encode(),
    "a style sheet": lambda text: f'<?xml-stylesheet href="a"?>{body(text)}'.encode(),
    "a document type": lambda text: f'<!DOCTYPE a SYSTEM "a.dtd">{body(text)}'.encode(),
    "a prefix": lambda text: re.sub(
        r"<(/?)(AnnotatedECG|restingecgdata)(?=[\s>])", r"<\1q:\2", body(text)
    ).encode(),
    "NULs behind": lambda text: body(text).encode() + bytes(7),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SAMPLES)
def test_xml_is_read_the_same_in_every_encoding(name: Format, way: str) -> None:
    plain, changed = SAMPLES[name].encode(), WAYS[way](SAMPLES[name])
    assert sniff(changed) is name
    expected, found = read(plain), read(changed)
    assert np.array_equal(found.samples_uv, expected.samples_uv, equal_nan=True)
    assert found.patient == expected.patient


@pytest.mark.parametrize("name", SAMPLES)
def test_a_root_of_another_spelling_is_another_format(name: Format) -> None:
    text = re.sub(
        r"(?<=[</])(AnnotatedECG|restingecgdata)(?=[\s>])",
        lambda root: root[1].swapcase(),
        SAMPLES[name],
    )
    with pytest.raises(EcgFormatError, match="the format is not known"):
        read(text.encode())


def test_a_recording_that_memory_cannot_hold_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_content: bytes) -> NoReturn:
        raise MemoryError

    module = import_module("ecg.formats.sniff")
    monkeypatch.setattr(module, "READERS", (Reader(Format.AECG, looks_like_aecg, full),))
    with pytest.raises(EcgFormatError, match="more memory than there is"):
        read(minimum_aecg())
