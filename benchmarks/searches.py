"""QIDO-RS in a large archive: how long a reader at the county and one of a township wait."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from benchmarks.archive import Archive, fill
from benchmarks.databases import serving
from benchmarks.ours import Installation
from benchmarks.visibility import Delays
from dicom.name_keys import keys_of

_LIMIT_S: Final = 60.0
Query = Callable[[random.Random, Archive], dict[str, str]]


def measure(
    root: Path, studies: int, asked: int, databases: list[str], tell: Callable[[str], None]
) -> list[Delays]:
    """Fill each database with ``studies``, and ask every kind of query ``asked`` times."""
    delays = []
    for database in databases:
        with serving(root, database) as make:
            installation = Installation(root / database, make("bench"))
            installation.set_up()
            archive = fill(installation.database_url, studies, tell)
            with installation.role("web", installation.http_port):
                for place, role in (("county", "county_reader"), ("town", "township_doctor")):
                    bearer = installation.bearer(place, role)
                    api = _Api(installation.http_port, bearer)
                    for what, query in _QUERIES.items():
                        found = Delays(f"{database}, {place}: {what}")
                        api.warm(query, archive)
                        found.milliseconds = api.timed(query, archive, asked)
                        tell(f"{found.what}: {found.p50_ms:.0f} / {found.p95_ms:.0f} ms")
                        delays.append(found)
    return delays


@dataclass(frozen=True)
class _Api:
    port: int
    bearer: str

    def warm(self, query: Query, archive: Archive) -> None:
        """Ask a few times first: a day's work finds the indexes in memory."""
        self._ask(query, archive, random.Random(1), 5)  # noqa: S311 -- the same queries each time

    def timed(self, query: Query, archive: Archive, times: int) -> list[float]:
        """Return the milliseconds of each request on one connection."""
        return self._ask(query, archive, random.Random(2), times)  # noqa: S311 -- as above

    def _ask(
        self, query: Query, archive: Archive, chance: random.Random, times: int
    ) -> list[float]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_LIMIT_S)
        headers = {"Authorization": f"Bearer {self.bearer}", "Accept": "application/dicom+json"}
        took_ms = []
        for _ in range(times):
            path = f"/dicomweb/studies?{urlencode(query(chance, archive))}"
            began_s = time.perf_counter()
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            took_ms.append(1000 * (time.perf_counter() - began_s))
            if response.status not in (200, 204):
                raise RuntimeError(f"GET {path} answered {response.status}: {body[:300]!r}")
        connection.close()
        return took_ms


def _some_name(chance: random.Random, archive: Archive, *, han: bool) -> str:
    """Return a patient's Han, or letters, without signs between."""
    while True:
        _, name = chance.choice(archive.patients)
        for group in name.split("="):
            if group.isascii() is not han:
                return group


def _month(newest: date) -> str:
    return f"{newest - timedelta(days=30):%Y%m%d}-{newest:%Y%m%d}"


def _fuzzy(typed: str) -> dict[str, str]:
    return {"PatientName": typed, "fuzzymatching": "true"}


def _initials(chance: random.Random, archive: Archive) -> str:
    name = _some_name(chance, archive, han=True).replace("^", "")
    return min(
        (key for key in keys_of(name) if key.isascii() and len(key) == len(name)), default="zs"
    )


_QUERIES: Final[dict[str, Query]] = {
    "newest 100": lambda _, __: {"limit": "100"},
    "the tenth hundred, by offset": lambda _, __: {"limit": "100", "offset": "900"},
    "a hundred somewhere, by the Link of the page before": lambda c, a: {
        "limit": "100", "after": c.choice(a.places).encode(),
    },
    "by patient id": lambda c, a: {"PatientID": c.choice(a.patients)[0]},
    "by accession number": lambda c, a: {"AccessionNumber": f"A{c.randrange(a.studies):08d}"},
    "of one day": lambda c, a: {"StudyDate": f"{c.choice(a.days):%Y%m%d}"},
    "of one day, one modality": lambda c, a: {
        "StudyDate": f"{c.choice(a.days):%Y%m%d}", "ModalitiesInStudy": "MR",
    },
    "of one month": lambda c, a: {"StudyDate": _month(c.choice(a.days))},
    "of one month, one modality": lambda c, a: {
        "StudyDate": _month(c.choice(a.days)), "ModalitiesInStudy": "MR",
    },
    "one modality": lambda c, _: {"ModalitiesInStudy": c.choice(("CT", "DX", "MR"))},
    "a rare modality": lambda _, __: {"ModalitiesInStudy": "NM"},
    "a modality nobody has": lambda _, __: {"ModalitiesInStudy": "XA"},
    "name literally": lambda c, a: {"PatientName": _some_name(c, a, han=False)},
    "name literally, Han, as far as typed": lambda c, a: {
        "PatientName": _some_name(c, a, han=True)[:3] + "*"
    },
    "family name literally": lambda c, a: {
        "PatientName": _some_name(c, a, han=False).partition("^")[0] + "^*"
    },
    "Han": lambda c, a: _fuzzy(_some_name(c, a, han=True).replace("^", "")),
    "Han, given name": lambda c, a: _fuzzy(_some_name(c, a, han=True).partition("^")[2]),
    "Han, family name": lambda c, a: _fuzzy(_some_name(c, a, han=True)[0]),
    "pinyin": lambda c, a: _fuzzy(_some_name(c, a, han=False).replace("^", " ").lower()),
    "pinyin, family name": lambda c, a: _fuzzy(_some_name(c, a, han=False).partition("^")[0]),
    "pinyin, given name": lambda c, a: _fuzzy(_some_name(c, a, han=False).partition("^")[2]),
    "initials": lambda c, a: _fuzzy(_initials(c, a)),
    "one letter": lambda c, _: _fuzzy(c.choice("abcdfghjklmnpqrstwxyz")),
    "pinyin, family name, of one day": lambda c, a: {
        **_fuzzy(_some_name(c, a, han=False).partition("^")[0]),
        "StudyDate": f"{c.choice(a.days):%Y%m%d}",
    },
    "nobody's name": lambda c, _: _fuzzy(f"zzq{c.randrange(1000)}"),
}  # fmt: skip
