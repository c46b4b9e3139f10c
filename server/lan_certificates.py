"""Certificates for the demonstration on a LAN: a small authority of our own, and one leaf.

A browser gives no camera to plain HTTP. The authority may speak for private addresses, this
machine's loopback and the one name or address served, and for nothing else (RFC 5280, 4.2.1.10):
whoever steals its key cannot pose as another site to the browsers that trust it.
"""

import os
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from server.core.clock import Clock
from server.core.errors import InvalidInput

_Address = IPv4Address | IPv6Address

# Browsers refuse a leaf of a private authority that is valid for more than 825 days (Apple) or
# whose authority is younger than itself; a year and an hour of clock difference are within both.
_LEAF_VALID: Final = timedelta(days=365)
_AUTHORITY_VALID: Final = timedelta(days=5 * 365)
_RENEW_BEFORE_END: Final = timedelta(days=30)
_CLOCKS_DIFFER_BY: Final = timedelta(hours=1)
_LOOPBACK: Final[tuple[_Address, ...]] = (ip_address("127.0.0.1"), ip_address("::1"))
_PRIVATE: Final = tuple(
    ip_network(each)
    for each in (
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
_ORGANISATION: Final = "联诊演示 Lianzhen demo"


@dataclass(frozen=True)
class LanCertificates:
    """What is served, and what browsers are asked to trust."""

    authority: Path
    certificate: Path
    key: Path
    fingerprint: str
    """SHA-256 of the authority's certificate, as browsers show it."""

    def trust(self) -> ssl.SSLContext:
        """Return a client's context that trusts this authority alone."""
        return ssl.create_default_context(cafile=self.authority)


def lan_certificates(folder: Path, host: str, clock: Clock) -> LanCertificates:
    """Return certificates for ``host`` and localhost, made anew only where those kept do not serve.

    Raises
    ------
    InvalidInput
        If ``host`` is neither an address nor a host name.
    """
    name = _name_of(host)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = [folder / each for each in ("ca.crt", "ca.key", "server.crt", "server.key")]
    authority_path, authority_key_path, leaf_path, leaf_key_path = paths
    now = clock.now()
    authority = _load(authority_path, authority_key_path)
    if authority is None or not _serves(_issue(*authority, name, now)[0], authority[0], name, now):
        authority = _new_authority(name, now)
        _save(authority, authority_path, authority_key_path)
    leaf = _load(leaf_path, leaf_key_path)
    if leaf is None or not _serves(leaf[0], authority[0], name, now):
        _save(_issue(*authority, name, now), leaf_path, leaf_key_path)
    digest = authority[0].fingerprint(hashes.SHA256()).hex(":").upper()
    return LanCertificates(authority_path, leaf_path, leaf_key_path, digest)


_Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _name_of(host: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ip_address(host.strip("[]")))
    except ValueError:
        labels = host.encode("idna").decode() if host.isascii() else ""
        allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-.")
        if not labels or not set(labels.lower()) <= allowed or labels.startswith("-"):
            raise InvalidInput(
                f"{host!r} is neither an address nor a host name of this machine", code="bad-host"
            ) from None
        return x509.DNSName(labels.lower())


def _load(certificate: Path, key: Path) -> _Pair | None:
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        secret = load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError):
        # Not there, or cut off while it was written: made anew.
        return None
    if not isinstance(secret, ec.EllipticCurvePrivateKey):
        return None
    return (loaded, secret) if secret.public_key() == loaded.public_key() else None


def _save(pair: _Pair, certificate: Path, key: Path) -> None:
    secret = pair[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # Removed first: an older file may have let others read.
    key.unlink(missing_ok=True)
    fd = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(secret)
    certificate.write_bytes(pair[0].public_bytes(Encoding.PEM))


def _serves(
    leaf: x509.Certificate,
    authority: x509.Certificate,
    name: x509.DNSName | x509.IPAddress,
    now: datetime,
) -> bool:
    """Tell whether a client that trusts ``authority`` takes ``leaf`` for ``name``, a while yet."""
    policy = PolicyBuilder().store(Store([authority])).time(now + _RENEW_BEFORE_END)
    try:
        policy.build_server_verifier(name).verify(leaf, [])
    except VerificationError:
        return False
    return True


def _new_authority(name: x509.DNSName | x509.IPAddress, now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    permitted: list[x509.GeneralName] = [
        x509.DNSName("localhost"), *(x509.IPAddress(each) for each in _PRIVATE),
    ]  # fmt: skip
    if isinstance(name, x509.DNSName):
        permitted.append(name)
    elif isinstance(name.value, _Address):
        permitted.append(x509.IPAddress(ip_network(name.value)))
    subject = _subject(f"{_ORGANISATION} CA {now:%Y-%m-%d}")
    built = (
        _builder(subject, subject, key, now, _AUTHORITY_VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
    )
    return built.sign(key, hashes.SHA256()), key


def _issue(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    name: x509.DNSName | x509.IPAddress,
    now: datetime,
) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"), *(x509.IPAddress(each) for each in _LOOPBACK),
    ]  # fmt: skip
    if name not in names:
        names.append(name)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    built = (
        _builder(_subject(str(name.value)), authority.subject, key, now, _LEAF_VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(issuer, critical=False)
    )
    return built.sign(authority_key, hashes.SHA256()), key


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    valid: timedelta,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER_BY)
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _subject(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),
        ]
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
