"""Settings: nested, frozen, from ``LIANZHEN_…`` in the environment; passed down, never global.

Every field's description is the text of the README's settings table; a test compares them.
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecg.critical import DEFAULT_CRITICAL_VALUES, CriticalValues
from ecg.findings import FindingCode, Severity

Port = Annotated[int, Field(ge=0, le=65_535)]
Positive = Annotated[int, Field(gt=0)]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]

_CRITICAL: Final = DEFAULT_CRITICAL_VALUES
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HttpSettings(_Section):
    """Where the web role listens and what it accepts."""

    host: str = Field("127.0.0.1", description="address the web role listens on")
    port: Port = Field(8080, description="port of the web role; 0 takes a free one")
    media_port: Port = Field(8081, description="port of the media role; 0 takes a free one")
    worker_port: Port = Field(
        8082, description="port of the worker role, for its health only; 0 takes a free one"
    )
    tls_certificate: Path | None = Field(
        None, description="certificate chain (PEM); with it the web role speaks TLS only"
    )
    tls_key: Path | None = Field(None, description="private key (PEM) of that certificate")
    public_url: str | None = Field(
        None, description="the address people type; https makes cookies `__Host-` and sends HSTS"
    )
    hsts: bool = Field(
        True, description="send HSTS over https; false where browsers do not trust the certificate"
    )
    trusted_proxies: tuple[str, ...] = Field(
        (), description="proxies (addresses or networks) whose X-Forwarded-For is believed"
    )
    cors_origins: tuple[str, ...] = Field(
        (),
        description="sites whose pages may read DICOMweb with a token, like "
        "`https://viewer.example.cn`; unset: none",
    )
    max_json_bytes: Positive = Field(1 << 20, description="largest JSON body")
    max_upload_bytes: Positive = Field(
        4 << 30, description="largest DICOM or file body, streamed to the spool"
    )
    max_store_bytes: Positive = Field(
        16 << 30, description="largest STOW-RS request, all its objects together"
    )

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str | None) -> str | None:
        return None if value is None else _origin(value, "public_url")

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_origin(each, "cors_origins") for each in value)

    @model_validator(mode="after")
    def _certificate_and_key_come_together(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together")
        if self.tls_certificate is not None and not self.secure:
            raise ValueError("a web role that speaks TLS needs a public_url with https")
        return self

    @property
    def secure(self) -> bool:
        """Whether people come over HTTPS."""
        return self.public_url is not None and self.public_url.startswith("https://")

    @property
    def sends_hsts(self) -> bool:
        """Whether browsers are told to come over HTTPS alone from now on."""
        return self.secure and self.hsts

    @property
    def inner_host(self) -> str:
        """Where the roles behind the web role listen: nobody outside meets them past its TLS."""
        return "127.0.0.1" if self.tls_certificate is not None else self.host


def _origin(value: str, name: str) -> str:
    """Return an origin as browsers write it: without the default port, the name in lower case."""
    parts = urlsplit(value)
    if (
        parts.scheme not in _DEFAULT_PORTS
        or not parts.hostname
        or "@" in parts.netloc
        or parts.path not in {"", "/"}
    ):
        raise ValueError(f"{name} must be like https://lianzhen.example.cn")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    told = parts.port not in {None, _DEFAULT_PORTS[parts.scheme]}
    return f"{parts.scheme}://{host}{f':{parts.port}' if told else ''}"


class DicomSettings(_Section):
    """The DICOM node."""

    ae_title: str = Field("LIANZHEN", min_length=1, max_length=16, description="our AE title")
    host: str = Field("127.0.0.1", description="address the DICOM node listens on")
    port: Port = Field(11_112, description="port of the DICOM node; 0 takes a free one")
    processes: Annotated[int, Field(ge=1, le=64)] = Field(
        1,
        description="node processes that share these ports, for PostgreSQL with cores to spare; "
        "each counts the limits below for itself",
    )
    tls_port: Port | None = Field(None, description="port of the DICOM node over TLS; unset: none")
    tls_certificate: Path | None = Field(None, description="certificate chain (PEM) for tls_port")
    tls_key: Path | None = Field(None, description="private key (PEM) for tls_port")
    tls_client_ca: Path | None = Field(
        None, description="authorities (PEM) whose client certificates are required on tls_port"
    )
    tls_server_ca: Path | None = Field(
        None,
        description="authorities (PEM) of devices we call over TLS; unset: the system's",
    )
    check_called_ae: bool = Field(
        False, description="refuse associations that call us by another AE title"
    )
    max_object_bytes: Positive = Field(4 << 30, description="largest object a device may send")
    max_matches: Positive = Field(5_000, description="matches a query may have; more is refused")
    max_retrieved: Positive = Field(
        20_000, description="objects one retrieval may have; more is refused"
    )
    max_associations: Positive = Field(200, description="associations at once, all peers together")
    max_associations_per_peer: Positive = Field(32, description="associations at once from one AE")
    max_associations_per_minute: Positive = Field(
        6_000, description="associations a minute from one device, and from one address"
    )
    max_objects_per_minute: Positive = Field(
        120_000, description="objects a minute from one device, and from one address"
    )
    max_bytes_per_hour: Positive = Field(
        2 << 40, description="bytes of objects an hour from one device, and from one address"
    )
    idle_timeout_s: Positive = Field(300, description="an association silent this long is ended")
    max_forwarding: Positive = Field(
        4, description="associations at once on which a worker forwards to other archives"
    )

    @model_validator(mode="after")
    def _share_ports_that_are_known(self) -> Self:
        if self.processes > 1 and 0 in {self.port, self.tls_port}:
            raise ValueError("processes that share a port cannot each take a free one")
        return self


class RetentionClass(StrEnum):
    """By what a study's time of keeping is counted."""

    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"


class DatabaseSettings(_Section):
    """The database: SQLite embedded, PostgreSQL in production."""

    url: SecretStr | None = Field(
        None,
        description="`sqlite:///path` or `postgresql://user:password@host/name`; "
        "unset: `lianzhen.db` in the data directory",
    )
    pool_size: Positive = Field(10, description="connections a process keeps (PostgreSQL)")
    busy_timeout_ms: Positive = Field(5_000, description="how long a writer waits for its turn")


class ObjectSettings(_Section):
    """The object store."""

    url: SecretStr | None = Field(
        None,
        description="`file:path` or `s3+http(s)://key:secret@host:port/bucket`; derived data go to "
        "`bucket-derived`; unset: `objects` in the data directory",
    )


class LifecycleSettings(_Section):
    """How long studies are kept, where, and how they go."""

    default_class: RetentionClass = Field(
        RetentionClass.INPATIENT,
        description="how long a study is kept whose class nobody chose: `inpatient` (30 years) or "
        "`outpatient` (15), from its patient's last visit",
    )
    recovery_days: Positive = Field(
        30, description="a deleted study can be restored this long, before its bytes go"
    )
    cold_url: SecretStr | None = Field(
        None,
        description="a second object store, written like `LIANZHEN_OBJECTS__URL`, for studies that "
        "nobody added to for long; unset: none",
    )
    cold_after_days: Positive = Field(
        730, description="a study that nothing came for this long moves to `cold_url`"
    )


class ScrubSettings(_Section):
    """Looking for bytes that rotted or went."""

    cycle_days: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        30,
        description="the worker reads every stored object once in so many days; 0: never, as where "
        "another worker does it",
    )


class SpoolSettings(_Section):
    """The spool: where bytes are safe before the object store has them."""

    dir: Path | None = Field(None, description="unset: `spool` in the data directory")
    min_free_bytes: Positive = Field(
        2 << 30, description="below this much free disk, intake refuses (0xA700, 503, 507)"
    )
    max_quarantine_bytes: Positive = Field(
        5 << 30, description="refused objects kept for review; past it only their digest is kept"
    )


class FolderSettings(_Section):
    """Folders that devices export into."""

    watched: tuple[str, ...] = Field(
        (),
        description="folders whose files are taken in, each like `default/township1=/srv/ecg`: "
        "community and code of the institution, and the place; a file moves to `done` or `failed`",
    )
    settled_s: Positive = Field(5, description="a file unchanged this long is complete")
    keep_done_days: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        0, description="how long what was taken stays in `done`; 0: until somebody removes it"
    )

    @field_validator("watched")
    @classmethod
    def _have_an_owner(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not re.fullmatch(r"[^/=]+/[^/=]+=/.+", each):
                raise ValueError(f"{each} is not like default/township1=/srv/ecg")
        return value


class GatewayCompression(StrEnum):
    """What a gateway does to native images before it sends them."""

    NONE = "none"
    JPEG_LS = "jpeg-ls"
    HTJ2K = "htj2k"


class GatewaySettings(_Section):
    """A township's gateway (`lianzhen gateway`) and its line to the county."""

    county_url: str | None = Field(
        None, description="the county's server, like `https://lianzhen.example.cn`"
    )
    county_ca: Path | None = Field(
        None, description="authorities (PEM) of its certificate; unset: the system's"
    )
    token_file: Path | None = Field(
        None,
        description="file with the bearer token, read anew each time; unset: `gateway-token` in "
        "the data directory",
    )
    compression: GatewayCompression = Field(
        GatewayCompression.NONE,
        description="lossless compression of native images on the way: `none`, `jpeg-ls`, `htj2k`",
    )
    max_kbit_s: Annotated[int, Field(ge=0)] = Field(
        0, description="speed limit in kbit/s; 0: none. Emergencies are never held back"
    )
    hours: tuple[str, ...] = Field(
        (),
        description="limits by local time of day, each like `08:00-18:00=512`; the first that "
        "holds counts, 0 lets emergencies through alone",
    )
    emergency_sources: tuple[str, ...] = Field(
        (),
        description="calling AE titles and watched folders whose exams go first, as every ECG does",
    )
    keep_days: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        7, description="how long bytes stay here after the county confirmed them"
    )
    records_days: PositiveNumber = Field(
        90, description="how long what was sent, and when, is remembered after that"
    )

    @field_validator("county_url")
    @classmethod
    def _is_safe(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if (
            parts.scheme not in ({"https", "http"} if local else {"https"})
            or not parts.hostname
            or "@" in parts.netloc
            or parts.path not in {"", "/"}
        ):
            raise ValueError("county_url must be like https://lianzhen.example.cn")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("hours")
    @classmethod
    def _are_hours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        clock = "([01][0-9]|2[0-3]):[0-5][0-9]"
        for each in value:
            if not re.fullmatch(f"{clock}-{clock}=[0-9]{{1,7}}", each):
                raise ValueError(f"{each} is not like 08:00-18:00=512")
        return value


class IdentitySettings(_Section):
    """Sessions and sign-in."""

    session_idle_s: Positive = Field(30 * 60, description="a session unused this long ends")
    session_absolute_s: Positive = Field(12 * 3600, description="a session this old ends")
    attempts_per_login: Positive = Field(
        10, description="wrong passwords for one login from one address in five minutes"
    )
    attempts_per_address: Positive = Field(
        100, description="wrong passwords from one address in five minutes"
    )


class AuditSettings(_Section):
    """The audit chain."""

    key_file: Path | None = Field(
        None,
        description="secret that keys the audit chain; unset: `audit.key` in the data directory",
    )
    anchor_every_s: Positive = Field(
        300, description="how often chain heads are anchored to a file"
    )


class CriticalSettings(_Section):
    """The community's critical values of ECGs (危急值): from where a finding is red or orange."""

    slow_red_bpm: PositiveNumber = Field(
        _CRITICAL.slow_red_bpm, description="red: rate up to which a heart is slow"
    )
    wide_red_bpm: PositiveNumber = Field(
        _CRITICAL.wide_red_bpm, description="red: wide QRS tachycardia from this rate"
    )
    narrow_orange_bpm: PositiveNumber = Field(
        _CRITICAL.narrow_orange_bpm, description="orange: narrow QRS tachycardia from this rate"
    )
    fibrillation_orange_bpm: PositiveNumber = Field(
        _CRITICAL.fibrillation_orange_bpm,
        description="orange: atrial fibrillation or flutter from this ventricular rate",
    )
    preexcited_rr_red_ms: PositiveNumber = Field(
        _CRITICAL.preexcited_rr_red_ms,
        description="red: atrial fibrillation with pre-excitation, shortest RR up to this",
    )
    pause_orange_ms: PositiveNumber = Field(
        _CRITICAL.pause_orange_ms, description="orange: a pause from this length"
    )
    pause_red_ms: PositiveNumber = Field(
        _CRITICAL.pause_red_ms, description="red: a pause from this length"
    )
    qtc_orange_ms: PositiveNumber = Field(
        _CRITICAL.qtc_orange_ms, description="orange: QTc (Fridericia) from this"
    )
    qtc_red_ms: PositiveNumber = Field(
        _CRITICAL.qtc_red_ms, description="red: QTc (Fridericia) from this"
    )
    severities: dict[FindingCode, Severity] = Field(
        {}, description="severity of a finding's code whatever its rule says, as a JSON object"
    )

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        self.values()
        return self

    def values(self) -> CriticalValues:
        """Return them as the screening takes them."""
        return CriticalValues(**dict(self))


class EcgSettings(_Section):
    """ECG screening."""

    screening: bool = Field(True, description="screen arriving ECGs (an unregistered software aid)")
    critical: CriticalSettings = CriticalSettings()


class DecodingSettings(_Section):
    """Killable processes with limits, for what strangers have written: pixels and ECGs."""

    workers: Positive = Field(
        1, description="processes a role keeps for pixels, and as many for ECGs"
    )
    memory_limit_bytes: Positive = Field(2 << 30, description="address space of one of them")
    cpu_limit_s: Positive = Field(20, description="CPU seconds one image or ECG may take")


class RtcSettings(_Section):
    """Audio and video in consults."""

    turn_urls: tuple[str, ...] = Field(
        (),
        description="TURN servers browsers may relay through, like `turn:turn.example.cn:3478`; "
        "unset: browsers must reach the media role directly",
    )
    turn_secret: SecretStr | None = Field(
        None, description="secret shared with the TURN servers (coturn's `static-auth-secret`)"
    )
    turn_ttl_s: Annotated[int, Field(ge=60, le=600)] = Field(
        600, description="how long a TURN credential is good; 60 to 600"
    )

    @field_validator("turn_urls")
    @classmethod
    def _are_turn(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            if not re.fullmatch(r"turns?:[^\s/?]+(\?transport=(udp|tcp))?", url):
                raise ValueError(f"{url} is not like turn:turn.example.cn:3478?transport=udp")
        return value

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if bool(self.turn_urls) != (self.turn_secret is not None):
            raise ValueError("turn_urls and turn_secret are given together, or neither is")
        return self


class LogFormat(StrEnum):
    """How log lines look."""

    CONSOLE = "console"
    JSON = "json"


class LoggingSettings(_Section):
    """Logging."""

    level: str = Field(
        "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="least level shown"
    )
    format: LogFormat = Field(LogFormat.CONSOLE, description="`console` or `json`")


class Settings(BaseSettings):
    """All settings of one installation."""

    model_config = SettingsConfigDict(
        env_prefix="LIANZHEN_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    data_dir: Path = Field(Path("data"), description="everything embedded lives here")
    http: HttpSettings = HttpSettings()
    dicom: DicomSettings = DicomSettings()
    database: DatabaseSettings = DatabaseSettings()
    objects: ObjectSettings = ObjectSettings()
    lifecycle: LifecycleSettings = LifecycleSettings()
    scrub: ScrubSettings = ScrubSettings()
    spool: SpoolSettings = SpoolSettings()
    folders: FolderSettings = FolderSettings()
    gateway: GatewaySettings = GatewaySettings()
    identity: IdentitySettings = IdentitySettings()
    audit: AuditSettings = AuditSettings()
    ecg: EcgSettings = EcgSettings()
    decoding: DecodingSettings = DecodingSettings()
    rtc: RtcSettings = RtcSettings()
    logging: LoggingSettings = LoggingSettings()
    worker_id: str = Field(
        "worker-1",
        pattern="^[a-z0-9-]{1,40}$",
        description="this worker's own name, the same at every start: it resumes what it left",
    )
    drain_grace_s: Positive = Field(
        10, description="how long a stopping role waits for what is under way"
    )

    def resolved(self) -> Self:
        """Return the same settings with every unset place filled in from the data directory."""
        data = self.data_dir.resolve()
        database = self.database.url or SecretStr(f"sqlite:///{data / 'lianzhen.db'}")
        objects = self.objects.url or SecretStr(f"file:{data / 'objects'}")
        return self.model_copy(
            update={
                "data_dir": data,
                "database": self.database.model_copy(update={"url": database}),
                "objects": self.objects.model_copy(update={"url": objects}),
                "spool": self.spool.model_copy(update={"dir": self.spool.dir or data / "spool"}),
                "gateway": self.gateway.model_copy(
                    update={"token_file": self.gateway.token_file or data / "gateway-token"}
                ),
                "audit": self.audit.model_copy(
                    update={"key_file": self.audit.key_file or data / "audit.key"}
                ),
            }
        )
