"""Wire types of devices."""

from pydantic import BaseModel, Field, SecretStr

from server.core.wire import UtcTime
from server.dicom_node.budgets import DeviceBudget
from server.dicom_node.models import DeviceCharset
from server.dicom_node.registered import (
    DeviceAddress,
    DeviceChange,
    NewDevice,
    RegisteredDevice,
)
from server.dicom_node.trials import TrialOutcome

_NETWORKS = "addresses and networks it calls from; none: from anywhere"
_CERTIFICATES = "SHA-256 fingerprints of which its TLS certificate has one; none: any"


class AddressIO(BaseModel):
    """Where a device listens."""

    host: str
    port: int
    tls: bool = False


class DeviceIn(BaseModel):
    """A device to be registered."""

    ae_title: str
    institution: str = Field(description="code of its institution")
    networks: list[str] = Field([], description=_NETWORKS)
    certificate_subject: str | None = None
    certificates_sha256: list[str] = Field([], description=_CERTIFICATES)
    username: str | None = Field(None, description="the user it must say it is")
    passcode: SecretStr | None = None
    associations_per_minute: int | None = Field(None, gt=0)
    objects_per_minute: int | None = Field(None, gt=0)
    bytes_per_hour: int | None = Field(None, gt=0)
    may_query: bool = False
    may_see_worklist: bool = False
    charset: DeviceCharset | None = None
    address: AddressIO | None = None
    description: str | None = None

    def new(self, org: str, institution_id: str) -> NewDevice:
        """Return it as the service takes it."""
        address = self.address
        return NewDevice(
            org=org,
            institution_id=institution_id,
            ae_title=self.ae_title,
            networks=tuple(self.networks),
            certificate_subject=self.certificate_subject,
            certificates_sha256=tuple(self.certificates_sha256),
            username=self.username,
            passcode=self.passcode.get_secret_value() if self.passcode is not None else None,
            budget=DeviceBudget(
                self.associations_per_minute, self.objects_per_minute, self.bytes_per_hour
            ),
            may_query=self.may_query,
            may_see_worklist=self.may_see_worklist,
            charset=self.charset,
            address=DeviceAddress(address.host, address.port, address.tls) if address else None,
            description=self.description,
        )


class DevicePatch(BaseModel):
    """What shall be otherwise: what is left out stays; an empty value or 0 takes it away."""

    networks: list[str] | None = Field(None, description=_NETWORKS)
    certificate_subject: str | None = None
    certificates_sha256: list[str] | None = Field(None, description=_CERTIFICATES)
    username: str | None = None
    passcode: SecretStr | None = None
    associations_per_minute: int | None = Field(None, ge=0)
    objects_per_minute: int | None = Field(None, ge=0)
    bytes_per_hour: int | None = Field(None, ge=0)
    may_query: bool | None = None
    may_see_worklist: bool | None = None
    is_enabled: bool | None = None
    address: AddressIO | None = None
    description: str | None = None

    def change(self) -> DeviceChange:
        """Return it as the service takes it."""
        return DeviceChange(
            networks=None if self.networks is None else tuple(self.networks),
            certificate_subject=self.certificate_subject,
            certificates_sha256=(
                None if self.certificates_sha256 is None else tuple(self.certificates_sha256)
            ),
            username=self.username,
            passcode=None if self.passcode is None else self.passcode.get_secret_value(),
            associations_per_minute=self.associations_per_minute,
            objects_per_minute=self.objects_per_minute,
            bytes_per_hour=self.bytes_per_hour,
            may_query=self.may_query,
            may_see_worklist=self.may_see_worklist,
            is_enabled=self.is_enabled,
            address=(
                DeviceAddress(self.address.host, self.address.port, self.address.tls)
                if self.address is not None
                else None
            ),
            description=self.description,
        )


class DeviceOut(BaseModel):
    """A device as its administrator sees it; a budget of null is the usual one."""

    id: str
    ae_title: str
    institution_id: str
    networks: list[str]
    certificate_subject: str | None
    certificates_sha256: list[str]
    username: str | None
    has_passcode: bool
    associations_per_minute: int | None
    objects_per_minute: int | None
    bytes_per_hour: int | None
    may_query: bool
    may_see_worklist: bool
    charset: DeviceCharset | None
    address: AddressIO | None
    description: str | None
    last_called_at: UtcTime | None
    disabled_at: UtcTime | None

    @classmethod
    def of(cls, device: RegisteredDevice) -> "DeviceOut":
        """Return it as others see it."""
        address, budget = device.address, device.budget
        return cls(
            id=device.id,
            ae_title=device.ae_title,
            institution_id=device.institution_id,
            networks=list(device.networks),
            certificate_subject=device.certificate_subject,
            certificates_sha256=list(device.certificates_sha256),
            username=device.username,
            has_passcode=device.has_passcode,
            associations_per_minute=budget.associations_per_minute,
            objects_per_minute=budget.objects_per_minute,
            bytes_per_hour=budget.bytes_per_hour,
            may_query=device.may_query,
            may_see_worklist=device.may_see_worklist,
            charset=device.charset,
            address=(
                AddressIO(host=address.host, port=address.port, tls=address.tls)
                if address is not None
                else None
            ),
            description=device.description,
            last_called_at=device.last_called_at,
            disabled_at=device.disabled_at,
        )


class NodeOut(BaseModel):
    """What is entered at a device that shall call us; the host is the one people type."""

    ae_title: str
    port: int
    tls_port: int | None


class HomeOut(BaseModel):
    """An institution that devices may belong to."""

    id: str
    code: str
    name_zh: str
    name_en: str


class StrangerOut(BaseModel):
    """Who called within a day and was not let in."""

    ae_title: str
    address: str
    last_at: UtcTime
    registered: bool
    """Whether a device of this title is registered, but not as it called."""


class DeviceList(BaseModel):
    """The devices of a community, what they call, where they may belong, and who was refused."""

    items: list[DeviceOut]
    node: NodeOut
    institutions: list[HomeOut]
    strangers: list[StrangerOut]


class TrialOut(BaseModel):
    """How a trial ended: ``answered``, or what to look at; ``detail`` is for technicians."""

    outcome: TrialOutcome
    detail: str
    duration_ms: float
