"""Structured reports and encapsulated documents as pages for a browser.

A page is one HTML document without scripts or anything that loads by itself, so that it may be
shown, printed and saved anywhere. Everything a file says is escaped and isolated: its bidirectional
controls end where its value ends.
"""

import html
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

from pydicom.dataset import Dataset

from dicom import dataset as access
from dicom.page_words import CONCEPTS_ZH, Language, word
from dicom.sr import (
    VALUE_TYPES,
    Code,
    ContentItem,
    Reference,
    Table,
    moment_in_words,
    read_report,
)
from dicom.uids import name_of_uid

Link = Callable[[Reference], str | None]
"""Returns the address of a picture of an object that a report refers to, or None."""

_DEEPEST_HEADING: Final = 6
_SPOKEN: Final = frozenset({"TEXT", "NUM", "CODE", "CONTAINER"})
_MOST_FRAMES: Final = 20
_KEPT_CONTROLS: Final = frozenset("\n\t")
_STYLE: Final = """
body{font:16px/1.6 system-ui,"Noto Sans SC","Microsoft YaHei",sans-serif;color:#1a1a1a;
background:#fff;max-width:52rem;margin:0 auto;padding:1.5rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1.2rem}h3,h4,h5,h6{font-size:1rem}
h2,h3,h4,h5,h6{margin:1.2rem 0 .3rem;border-bottom:1px solid #ddd}
main{margin-top:1rem}
header dl{display:grid;grid-template-columns:max-content 1fr max-content 1fr;gap:.2rem 1rem;
margin:0;padding:.8rem;background:#f4f6f8;border-radius:.4rem}
dt,.name,.role{color:#555}dd{margin:0}.name::after{content:": "}.role{font-size:.85em}
p,ul{margin:.3rem 0}ul{padding-left:1.2rem}.text{white-space:pre-wrap}
table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2rem .6rem;text-align:left}
.cut{color:#a00}object{width:100%;height:80vh;border:1px solid #ccc}
@media(max-width:40rem){header dl{grid-template-columns:max-content 1fr}}
@media print{body{max-width:none;padding:0}}
"""


def rendered_at(base: str) -> Link:
    """Return the links to pictures below the address of a DICOMweb service (PS3.18 10.4)."""

    def link(reference: Reference) -> str | None:
        if not reference.study_uid:
            return None
        frame = f"/frames/{reference.frames[0]}" if reference.frames else ""
        return (
            f"{base}/studies/{reference.study_uid}/series/{reference.series_uid}"
            f"/instances/{reference.sop_instance_uid}{frame}/rendered"
        )

    return link


def report_page(ds: Dataset, language: Language, link: Link = lambda _: None) -> str:
    """Return a structured report as a page.

    Parameters
    ----------
    ds
        As `dicom.part10.scan` gives it.
    language
        Of the page's own words and of headings that it knows; the report's text stays as written.
    link
        Where pictures of what the report refers to are to be had.
    """
    report = read_report(ds)
    writer = _Writer(language, link)
    title = writer.concept(report.root.name) or word("report", language)
    rest = f'<p class="cut">{word("cut", language)}</p>' if not report.whole else ""
    body = "".join(writer.children(report.root, "1", 2))
    return _page(title, language, f"{_head(ds, language, title)}<main>{body}{rest}</main>")


def document_page(ds: Dataset, language: Language, address: str, media_type: str) -> str:
    """Return a page around an encapsulated document, which it shows and links.

    Parameters
    ----------
    ds
        Of the object that wraps the document.
    language
        Of the page's own words.
    address, media_type
        Of the document itself.
    """
    title = access.text(ds, "DocumentTitle") or word("document", language)
    where = html.escape(address)
    body = (
        f'<main><p><a href="{where}">{word("open", language)}</a></p>'
        f'<object data="{where}" type="{html.escape(media_type)}"></object></main>'
    )
    return _page(title, language, _head(ds, language, title) + body)


def _page(title: str, language: Language, body: str) -> str:
    tag = "zh-CN" if language is Language.ZH else "en"
    return (
        f'<!DOCTYPE html><html lang="{tag}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(_plain(title))}</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>"
    )


def _head(ds: Dataset, language: Language, title: str) -> str:
    """Say whose document it is, of which examination, and how far it got (C.17.2)."""
    rows = [
        f"<dt>{word(key, language)}</dt><dd>{_isolated(value)}</dd>"
        for key, value in _facts(ds, language)
        if value
    ]
    return f"<header><h1>{_isolated(title)}</h1><dl>{''.join(rows)}</dl></header>"


def _facts(ds: Dataset, language: Language) -> Iterator[tuple[str, str]]:
    yield "patient", _name(ds, "PatientName")
    yield "patient_id", access.text(ds, "PatientID") or ""
    yield "birth_date", _date(ds, "PatientBirthDate")
    yield "sex", word(access.text(ds, "PatientSex") or "", language)
    yield "study", access.text(ds, "StudyDescription") or ""
    yield "study_date", _date(ds, "StudyDate")
    yield "accession", access.text(ds, "AccessionNumber") or ""
    yield "institution", access.text(ds, "InstitutionName") or ""
    yield "referring", _name(ds, "ReferringPhysicianName")
    yield "content_date", f"{_date(ds, 'ContentDate')} {_time(ds, 'ContentTime')}".strip()
    yield "completion", word(access.text(ds, "CompletionFlag") or "", language)
    yield "verification", word(access.text(ds, "VerificationFlag") or "", language)
    for observer in access.sequence(ds, "VerifyingObserverSequence"):
        who = [
            _name(observer, "VerifyingObserverName"),
            access.text(observer, "VerifyingOrganization") or "",
            moment_in_words(observer, "VerificationDateTime"),
        ]
        yield "verified_by", ", ".join(filter(None, who))


def _name(ds: Dataset, keyword: str) -> str:
    found = access.person_name(ds, keyword)
    return "" if found is None else found.display


def _date(ds: Dataset, keyword: str) -> str:
    found = access.date(ds, keyword)
    return access.text(ds, keyword) or "" if found is None else found.isoformat()


def _time(ds: Dataset, keyword: str) -> str:
    found = access.time(ds, keyword)
    return "" if found is None else found.isoformat("minutes")


class _Writer:
    """Writes content items; the scan has bounded how deep they stand."""

    def __init__(self, language: Language, link: Link) -> None:
        self._language = language
        self._link = link

    def concept(self, code: Code | None) -> str:
        if code is None:
            return ""
        if self._language is Language.ZH:
            return CONCEPTS_ZH.get((code.value, code.scheme), code.meaning)
        return code.meaning

    def children(self, item: ContentItem, at: str, level: int) -> Iterator[str]:
        """Write what stands below an item at position ``at``."""
        if item.continuous:
            yield f"<p>{self._sentence(item, at)}</p>"
            return
        for number, child in enumerate(item.children, 1):
            yield from self._block(child, f"{at}.{number}", level)

    def _block(self, item: ContentItem, at: str, level: int) -> Iterator[str]:
        if item.value_type == "CONTAINER":
            name = self.concept(item.name)
            yield f'<section id="{at}">'
            if name:
                heading = f"h{min(level, _DEEPEST_HEADING)}"
                yield f"<{heading}>{_isolated(name)}</{heading}>"
            yield from self.children(item, at, level + bool(name))
            yield "</section>"
            return
        name = self._name(item)
        yield f'<div id="{at}">{_spaced(self._role(item), name, self._value(item))}'
        if item.children:
            yield "<ul>"
            for number, child in enumerate(item.children, 1):
                yield f"<li>{''.join(self._block(child, f'{at}.{number}', level))}</li>"
            yield "</ul>"
        yield "</div>"

    def _sentence(self, item: ContentItem, at: str) -> str:
        """Write items in a row, without the names of their parts, modifiers in parentheses."""
        parts = []
        for number, child in enumerate(item.children, 1):
            here = f"{at}.{number}"
            below = self._sentence(child, here)
            if below and child.value_type != "CONTAINER":
                below = f"({below})"
            name = "" if child.value_type in _SPOKEN else self._name(child)
            words = _spaced(self._role(child), name, self._value(child), below)
            parts.append(f'<span id="{here}">{words}</span>')
        return " ".join(parts)

    def _name(self, item: ContentItem) -> str:
        name = self.concept(item.name)
        return f'<span class="name">{_isolated(name)}</span>' if name else ""

    def _role(self, item: ContentItem) -> str:
        if item.relationship in ("", "CONTAINS"):
            return ""
        return f'<span class="role">{_isolated(word(item.relationship, self._language))}</span>'

    def _value(self, item: ContentItem) -> str:
        if item.target:
            position = ".".join(map(str, item.target))
            return f'<a href="#{position}">{word("target", self._language).format(position)}</a>'
        if item.reference is not None:
            return self._referenced(item.reference)
        if item.table is not None:
            return _tabulated(item.table)
        prefix = ""
        if item.value_type not in VALUE_TYPES:
            prefix = f"[{_isolated(item.value_type)}] "
        return f'{prefix}<span class="text">{_isolated(item.text)}</span>' if item.text else prefix

    def _referenced(self, reference: Reference) -> str:
        words = [name_of_uid(reference.sop_class_uid).removesuffix(" Storage")]
        if reference.frames:
            frames = ", ".join(map(str, reference.frames[:_MOST_FRAMES]))
            words.append(word("frames", self._language).format(frames))
        text = _isolated(" ".join(filter(None, words)) or reference.sop_instance_uid)
        address = self._link(reference)
        return text if address is None else f'<a href="{html.escape(address)}">{text}</a>'


def _tabulated(table: Table) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{_isolated(cell)}</{tag}>' for cell in cells)}</tr>"

    head = row(table.columns, "th") if any(table.columns) else ""
    return f"<table>{head}{''.join(row(cells, 'td') for cells in table.rows)}</table>"


def _spaced(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _isolated(text: str) -> str:
    """Escape a value, and let its direction of writing end with it."""
    return f"<bdi>{html.escape(_plain(text))}</bdi>"


def _plain(text: str) -> str:
    """Normalise the ends of lines and leave out other control characters."""
    text = text.replace("\r\n", "\n").replace("\n\r", "\n").replace("\r", "\n")
    return "".join(
        char for char in text if char in _KEPT_CONTROLS or unicodedata.category(char) != "Cc"
    )
