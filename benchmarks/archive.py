"""An archive of a county, written row by row into the database: no object stands behind it."""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Connection, create_engine, insert, select, text

from dicom.name_keys import keys_of
from server.core.database import Base, sync_url
from server.core.paging import Cursor
from server.identity.models import Institution
from server.patients.models import Patient
from server.studies.models import AccessGrant, NameKey, Series, Study

_AT_ONCE: Final = 20_000
_TOWNSHIPS: Final = 20
_VISITS: Final = 2.5
"""Studies a patient, on average."""
_NEWEST: Final = datetime(2026, 11, 1, tzinfo=UTC)
_BETWEEN: Final = timedelta(seconds=90)

# Family names by how many bear them (公安部全国姓名报告), given names of what parents chose.
_FAMILY: Final = (
    "王王王王王王王李李李李李李李张张张张张张张刘刘刘刘刘陈陈陈陈杨杨杨黄黄赵赵吴吴周周徐孙马朱胡郭何林高罗"
    "郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫"
    "段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常单解仇区查翟乐"
)
_GIVEN: Final = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国文斌婷琪瑜莹妍鑫淼昊睿怡璐璇瑾梓涵轩浩宇欣子墨一诺雨桐奕辰"
    "沐宸芮皓煜瑶玥春夏秋冬东南西北金木水火土山川江河海天地日月星云风雪花草松柏竹菊凤龙虎生成新民福禄寿喜安康宁和顺祥瑞吉庆"
    "美丹青蓝紫晓光辉亮耀荣昌盛兴旺发达富贵德义仁礼智信忠孝廉良善真诚俊才英雄豪杰志远思源学礼家齐世平立业开泰继先承绪光宗"
)
_MODALITIES: Final = ("CT", "DX", "DX", "US", "US", "MR", "ECG", "ECG")
_RARE: Final = "NM"
_RARE_EACH: Final = 1 / 2000


@dataclass
class Archive:
    """What was written, as far as somebody may look for it."""

    studies: int
    patients: list[tuple[str, str]] = field(default_factory=list)
    """Number and name, as DICOM JSON would hold it."""
    days: list[date] = field(default_factory=list)
    places: list[Cursor] = field(default_factory=list)
    """Behind which a page may begin, all over the archive."""


@dataclass(frozen=True)
class _Person:
    pk: str
    number: str
    name: str
    institution: str


def fill(database_url: str, studies: int, tell: Callable[[str], None]) -> Archive:
    """Write studies of one series each, with what finds them, into a migrated database."""
    chance = random.Random(20261101)  # noqa: S311 -- the same archive each time
    engine = create_engine(sync_url(database_url))
    archive = Archive(studies)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA synchronous=OFF"))
        county, townships = _institutions(connection)
        people = list(_people(chance, int(studies / _VISITS), townships))
        archive.patients = [(each.number, each.name) for each in people]
        _write(connection, Patient, (_patient(each) for each in people))
        names = sorted({each.name for each in people})
        tell(f"{len(people)} patients of {len(names)} names")
        _write(
            connection,
            NameKey,
            ({"key": key, "name": name} for name in names for key in keys_of(name)),
        )
        for at in range(0, studies, _AT_ONCE):
            rows = [
                _study(chance, number, chance.choice(people))
                for number in range(at, min(at + _AT_ONCE, studies))
            ]
            some = chance.choice(rows)
            archive.days.append(some["study_date"])
            archive.places.append(Cursor(some["received_at"], some["id"]))
            _write(connection, Study, rows)
            _write(connection, Series, map(_series, rows))
            _write(connection, AccessGrant, (_grant(row, county) for row in rows))
            tell(f"{at + len(rows)} studies")
        connection.commit()
        if engine.dialect.name == "postgresql":
            # What its autovacuum does of itself, some minutes later.
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    return archive


def _institutions(connection: Connection) -> tuple[str, list[str]]:
    """Return the county and twenty townships, the first of which is there already."""
    there = {row.code: row for row in connection.execute(select(Institution.__table__))}
    town = there["town"]
    more = [
        {**town._mapping, "id": f"town{number}", "code": f"town{number}"}  # noqa: SLF001 -- a row's
        for number in range(2, _TOWNSHIPS + 1)
    ]
    _write(connection, Institution, more)
    return there["county"].id, [town.id, *(each["id"] for each in more)]


def _write(connection: Connection, table: type[Base], rows: Any) -> None:  # noqa: ANN401 -- rows of any table
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _AT_ONCE:
            connection.execute(insert(table), batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)
    connection.commit()


def _people(chance: random.Random, count: int, townships: list[str]) -> Iterator[_Person]:
    for number in range(count):
        yield _Person(_id(chance), f"P{number:07d}", _name(chance), chance.choice(townships))


def _name(chance: random.Random) -> str:
    """Return a name as devices write it: both ways, Han alone, or letters alone."""
    family = chance.choice(_FAMILY)
    given = "".join(chance.choice(_GIVEN) for _ in range(chance.choice((1, 2, 2))))
    letters = "^".join(max(_spelt(part), key=len).upper() for part in (family, given))
    kind = chance.random()
    if kind < 0.2:
        return letters
    return f"{family}^{given}" if kind < 0.5 else f"{letters}={family}^{given}"


def _spelt(han: str) -> list[str]:
    return sorted(key for key in keys_of(han) if key.isascii())


def _id(chance: random.Random) -> str:
    return uuid.UUID(int=chance.getrandbits(128)).hex


def _patient(person: _Person) -> dict[str, Any]:
    return {
        "id": person.pk, "org": "default", "owner_institution_id": person.institution,
        "issuer": f"institution:{person.institution}"[:64], "identifier": person.number,
        "name": person.name, "name_latin": None, "birth_date": date(1960, 1, 1), "sex": "O",
        "created_at": _NEWEST,
    }  # fmt: skip


def _study(chance: random.Random, number: int, person: _Person) -> dict[str, Any]:
    received_at = _NEWEST - number * _BETWEEN
    modality = _RARE if chance.random() < _RARE_EACH else chance.choice(_MODALITIES)
    return {
        "id": _id(chance), "org": "default", "owner_institution_id": person.institution,
        "patient_pk": person.pk, "study_instance_uid": f"2.25.{chance.getrandbits(100)}",
        "patient_id": person.number, "patient_name": person.name,
        "patient_birth_date": date(1960, 1, 1), "patient_sex": "O", "patient_age": "066Y",
        "study_date": received_at.date(), "study_time": time(8, 30),
        "accession_number": f"A{number:08d}", "study_id": "1", "description": "胸部CT平扫",
        "referring_physician": "李^大夫", "timezone_offset": "+0800",
        "modalities": f"\\{modality}\\", "series_count": 1, "instance_count": 1,
        "received_at": received_at, "last_received_at": received_at,
    }  # fmt: skip


def _series(study: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": study["id"][::-1], "study_pk": study["id"],
        "series_instance_uid": f"{study['study_instance_uid']}.1",
        "modality": study["modalities"].strip("\\"), "series_number": 1, "instance_count": 1,
        "last_received_at": study["received_at"],
    }  # fmt: skip


def _grant(study: dict[str, Any], county: str) -> dict[str, Any]:
    return {
        "id": study["id"], "study_pk": study["id"], "institution_id": county,
        "reason": "diagnoses", "granted_at": study["received_at"], "expires_at": None,
    }  # fmt: skip
