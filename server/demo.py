"""The demonstration: everything embedded, seeded, and a real CT and ECGs sent as a device would.

With a host it serves the LAN over TLS: a browser gives no camera to plain HTTP.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
import structlog
import typer
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pynetdicom import AE
from yarl import URL

from server.core.clock import SystemClock
from server.core.errors import Conflict
from server.core.ids import RandomIds
from server.core.settings import Settings
from server.core.supervisor import Supervisor, stop_on_signals
from server.demo_recordings import SYNTHETIC_EN, SYNTHETIC_ZH, alarm_recording
from server.dicom_node.public import NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level, Role
from server.identity.people import Licence, NewPerson
from server.lan_certificates import LanCertificates, lan_certificates
from server.migrations.run import migrate
from server.roles import supervisor_for
from server.services import Services, build_services

_log = structlog.get_logger(__name__)

ORG: Final = "default"
_READY_WITHIN_S: Final = 60


@dataclass(frozen=True)
class _Person:
    login: str
    name: str
    institution: str
    roles: frozenset[Role]
    licence: Licence | None = None
    signs: bool = False


# All places and people are invented; example numbers are plainly so.
_INSTITUTIONS: Final = (
    ("county", "青禾县人民医院（模拟）", "Qinghe County Hospital (demo)", None),
    ("township1", "马渡镇卫生院（模拟）", "Madu Township Hospital (demo)", "county"),
    ("township2", "石桥镇卫生院（模拟）", "Shiqiao Township Hospital (demo)", "county"),
)
_TOWNSHIP: Final = frozenset({Role.TOWNSHIP_TECHNICIAN, Role.TOWNSHIP_DOCTOR})
_READERS: Final = frozenset({Role.COUNTY_READER, Role.COUNTY_REVIEWER, Role.COUNTY_DUTY})
_READER: Final = frozenset({Role.COUNTY_READER})
_REVIEWER: Final = frozenset({Role.COUNTY_REVIEWER})
_OFFICE: Final = frozenset({Role.MEDICAL_OFFICE})
_PEOPLE: Final = (
    _Person("township1", "何样板", "township1", _TOWNSHIP, Licence("DEMO-0001", "全科医学专业")),
    _Person("township2", "许试例", "township2", _TOWNSHIP, Licence("DEMO-0002", "全科医学专业")),
    _Person("county", "沈示范", "county", _READERS, Licence("DEMO-0003", "内科专业"), signs=True),
    _Person(
        "reader",
        "周写作",
        "county",
        _READER,
        Licence("DEMO-0004", "医学影像和放射治疗专业"),
        signs=True,
    ),
    _Person(
        "reviewer",
        "吴审核",
        "county",
        _REVIEWER,
        Licence("DEMO-0005", "医学影像和放射治疗专业"),
        signs=True,
    ),
    # Two persons decide on a deletion.
    _Person("office1", "郑病案", "county", _OFFICE),
    _Person("office2", "冯医务", "county", _OFFICE),
    _Person("admin", "系统管理员", "county", frozenset({Role.SYSTEM_ADMINISTRATOR})),
)
_DEVICES: Final = (
    ("TOWNSHIP1", "township1", ()),
    ("TOWNSHIP2", "township2", ()),
    ("COUNTY", "county", ()),
    ("ANY-SCU", "township1", ("127.0.0.0/8", "::1/128")),
)
_FROM_PYDICOM: Final = ("CT_small.dcm", "waveform_ecg.dcm")
_RECORDINGS: Final = Path(__file__).parent / "demo_files"
_LOOPBACK_OF: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- read, not bound
_HOW_TO_TRUST: Final = """
  证书 certificate authority: {ca}
  指纹 SHA-256: {sha256}
    浏览器第一次会提示“不是私密连接”。要不再提示：用U盘把上面的 ca.crt 拷到该电脑，核对指纹，
    双击 → 安装证书 → 本地计算机 → 受信任的根证书颁发机构，重开浏览器。演示结束后删除它。
    Browsers warn the first time. To end that, carry ca.crt to the PC, compare the fingerprint,
    open it → Install certificate → Local machine → Trusted Root Certification Authorities, and
    restart the browser. Remove it after the demonstration.
  局域网内的设备要发送时 for devices on the LAN to send: LIANZHEN_DICOM__HOST=0.0.0.0"""
_ALARM_FROM: Final = _RECORDINGS / "ptbxl_7.dcm"
_ALARM_NAME: Final = "synthetic_st_elevation.dcm"
_CHINA_STANDARD_TIME: Final = timezone(timedelta(hours=8))


def serve_lan(host: str) -> LanCertificates:
    """Put into the environment, which every role reads, what serves ``host`` over TLS.

    DICOM stays where its own settings put it: loopback, unless somebody says otherwise.

    Raises
    ------
    InvalidInput
        If ``host`` is neither an address nor a host name.
    """
    settings = Settings().resolved()
    certificates = lan_certificates(settings.data_dir / "demo-tls", host, SystemClock())
    is_ipv6 = ":" in host
    shown = f"[{host.strip('[]')}]" if is_ipv6 else host
    everywhere = "::" if is_ipv6 else "0.0.0.0"  # noqa: S104 -- the LAN is the point
    os.environ.setdefault("LIANZHEN_HTTP__HOST", everywhere)
    os.environ |= {
        "LIANZHEN_HTTP__PUBLIC_URL": f"https://{shown}:{settings.http.port}",
        "LIANZHEN_HTTP__TLS_CERTIFICATE": str(certificates.certificate),
        "LIANZHEN_HTTP__TLS_KEY": str(certificates.key),
        # A browser that waved this certificate through would be locked out of the host for a year.
        "LIANZHEN_HTTP__HSTS": "false",
    }
    return certificates


async def run_demo(settings: Settings, certificates: LanCertificates | None = None) -> None:
    """Run the demonstration until Ctrl-C."""
    settings = settings.resolved()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    supervisor = supervisor_for(settings)
    if settings.database.url is not None:
        _step(1, "数据库 database")
        await asyncio.to_thread(migrate, settings.database.url.get_secret_value())
    _step(2, "机构与人员 institutions and people")
    logins = await _seed(settings)
    _step(3, "启动服务 starting the roles")
    stop_on_signals(supervisor.stop)
    await run_beside(supervisor, _show(settings, logins, certificates))


async def run_beside(supervisor: Supervisor, show: Coroutine[Any, Any, None]) -> None:
    """Run the roles until told to stop; a show that fails stops them, and its error is ours."""
    showing = asyncio.create_task(show)
    showing.add_done_callback(
        lambda done: supervisor.stop() if done.cancelled() or done.exception() else None
    )
    await supervisor.run()
    # Told to stop before it was over: nobody waits for roles that are gone.
    showing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await showing


async def _show(
    settings: Settings, logins: dict[str, str], certificates: LanCertificates | None
) -> None:
    await _until_ready(settings, certificates)
    _step(4, "以乡镇设备身份发送真实CT与心电 sending a real CT and ECGs as a township's device")
    statuses = await asyncio.to_thread(_send, settings, _samples())
    for name, status in statuses.items():
        typer.echo(
            f"      {name}: 0x{status:04X} {'成功 success' if status == 0 else '失败 failed'}"
        )
    typer.echo(f"      {_ALARM_NAME}: {SYNTHETIC_ZH} {SYNTHETIC_EN}")
    _step(5, "就绪 ready")
    http = settings.http
    address = http.public_url or f"http://{http.host}:{http.port}"
    typer.echo(f"\n  {address}/\n")
    for login, password in logins.items():
        typer.echo(f"  {login:<10} {password}")
    dicom = settings.dicom
    typer.echo(
        f"\n  DICOM {dicom.ae_title} {dicom.host}:{dicom.port}"
        "  (TOWNSHIP1, TOWNSHIP2, COUNTY, ANY-SCU)"
        f"\n  令牌 tokens: {settings.data_dir / 'demo-tokens.json'}"
    )
    if certificates is not None:
        typer.echo(_HOW_TO_TRUST.format(ca=certificates.authority, sha256=certificates.fingerprint))
    typer.echo("\n  Ctrl-C 停止 stops everything\n")
    sys.stdout.flush()


def _step(number: int, what: str) -> None:
    typer.echo(f"[{number}/5] {what}")
    sys.stdout.flush()


async def _seed(settings: Settings) -> dict[str, str]:
    """Make what is missing, and return the logins with their passwords."""
    services = build_services(settings, role="demo")
    try:
        institutions = await _seed_institutions(services)
        for ae_title, institution, networks in _DEVICES:
            try:
                await services.devices.register(
                    NewDevice(
                        ORG,
                        institutions[institution],
                        ae_title,
                        networks,
                        may_query=True,
                        may_see_worklist=True,
                    )
                )
            except Conflict:
                _log.debug("registered before", ae=ae_title)
        return await _seed_people(services, institutions, settings.data_dir)
    finally:
        await services.database.close()
        services.executor.shutdown()


async def _seed_institutions(services: Services) -> dict[str, str]:
    ids = {each.code: each.id for each in await services.institutions.list(ORG)}
    for code, name_zh, name_en, parent in _INSTITUTIONS:
        if code not in ids:
            ids[code] = await services.institutions.create(
                NewInstitution(
                    org=ORG, code=code, name_zh=name_zh, name_en=name_en,
                    level=Level.TOWNSHIP if parent else Level.COUNTY,
                    parent_id=ids[parent] if parent else None,
                )
            )  # fmt: skip
    return ids


async def _seed_people(
    services: Services, institutions: dict[str, str], data_dir: Path
) -> dict[str, str]:
    logins_file, tokens_file = data_dir / "demo-logins.json", data_dir / "demo-tokens.json"
    logins = _read_json(logins_file)
    tokens = _read_json(tokens_file)
    for person in _PEOPLE:
        if person.login not in logins:
            password = RandomIds().new()[:12]
            try:
                await services.people.create(
                    NewPerson(
                        login=person.login,
                        display_name=person.name,
                        institution_id=institutions[person.institution],
                        roles=person.roles,
                        licence=person.licence,
                        signs_independently=person.signs,
                    ),
                    password=password,
                )
            except Conflict:
                # Somebody removed the file that knew the password: a new one.
                await services.people.set_password(person.login, password)
            logins[person.login] = password
            _write_private(logins_file, logins)
        if person.login not in tokens:
            tokens[person.login] = (await services.tokens.create(person.login)).secret
            _write_private(tokens_file, tokens)
    return logins


def _read_json(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    loaded = orjson.loads(path.read_bytes())
    return {str(key): str(value) for key, value in loaded.items()}


def _write_private(path: Path, content: dict[str, str]) -> None:
    """Write secrets for their owner's eyes alone."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))


async def _until_ready(settings: Settings, certificates: LanCertificates | None) -> None:
    http = settings.http
    host = _LOOPBACK_OF.get(http.host, http.host)
    url = URL.build(
        scheme="https" if certificates else "http", host=host, port=http.port, path="/readyz"
    )
    connector = aiohttp.TCPConnector(ssl=certificates.trust() if certificates else True)
    deadline_s = asyncio.get_running_loop().time() + _READY_WITHIN_S
    async with aiohttp.ClientSession(connector=connector) as session:
        while True:
            try:
                async with session.get(url) as response:
                    if response.status == 200:
                        break
            except aiohttp.ClientError:
                _log.debug("not ready yet")
            _check_deadline(deadline_s)
            await asyncio.sleep(0.1)
    while True:
        try:
            _, writer = await asyncio.open_connection(settings.dicom.host, settings.dicom.port)
        except OSError:
            _check_deadline(deadline_s)
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


def _check_deadline(deadline_s: float) -> None:
    if asyncio.get_running_loop().time() > deadline_s:
        raise TimeoutError(
            f"the roles were not ready within {_READY_WITHIN_S} s; see the log above"
        )


def _samples() -> dict[str, Dataset]:
    """Return what is sent, by file name: real recordings, and one made to alarm, just recorded."""
    found = [get_testdata_file(name, download=False) for name in _FROM_PYDICOM]
    paths = [
        *(Path(path) for path in found if path is not None),
        *sorted(_RECORDINGS.glob("*.dcm")),
    ]
    samples: dict[str, Dataset] = {path.name: dcmread(path) for path in paths}
    samples[_ALARM_NAME] = alarm_recording(_ALARM_FROM, datetime.now(_CHINA_STANDARD_TIME))
    return samples


def _send(settings: Settings, datasets: Mapping[str, Dataset]) -> dict[str, int]:
    """Send files with a foreign program's own association, and return each status."""
    entity = AE(ae_title="TOWNSHIP1")
    for dataset in datasets.values():
        entity.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
    association = entity.associate(
        settings.dicom.host, settings.dicom.port, ae_title=settings.dicom.ae_title
    )
    if not association.is_established:
        raise ConnectionError("the DICOM node refused the association")
    try:
        return {name: association.send_c_store(each).Status for name, each in datasets.items()}
    finally:
        association.release()
