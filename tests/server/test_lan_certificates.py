"""The demonstration's own authority: strangers' programs verify it, and it speaks for little."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from server.core.errors import InvalidInput
from server.lan_certificates import LanCertificates, _issue, _load, _save, lan_certificates
from tests.support.fakes import ManualClock
from tests.support.peers import require_program


def verified(made: LanCertificates, *options: str) -> str:
    """Return what OpenSSL says of the leaf when it trusts the authority alone."""
    done = subprocess.run(
        [
            require_program("openssl"), "verify", "-x509_strict", "-CAfile", made.authority,
            "-attime", "1795226400", *options, made.certificate,
        ],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("host", "option"),
    [
        ("192.0.2.7", ("-verify_ip", "192.0.2.7")),
        ("fd00::7", ("-verify_ip", "fd00::7")),
        ("county-pc", ("-verify_hostname", "county-pc")),
        ("192.0.2.7", ("-verify_hostname", "localhost")),
        ("county-pc", ("-verify_ip", "127.0.0.1")),
    ],
)
def test_openssl_verifies_the_address_and_localhost(
    tmp_path: Path, clock: ManualClock, host: str, option: tuple[str, ...]
) -> None:
    assert ": OK" in verified(lan_certificates(tmp_path, host, clock), *option)


def test_the_authority_cannot_speak_for_another_site(tmp_path: Path, clock: ManualClock) -> None:
    made = lan_certificates(tmp_path, "192.168.1.7", clock)
    authority = _load(made.authority, tmp_path / "ca.key")
    assert authority is not None
    _save(_issue(*authority, x509.DNSName("bank.example"), clock.now()), made.certificate, made.key)
    assert "permitted subtree violation" in verified(made)


def test_keys_are_for_their_owner_alone(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "tls").mkdir()
    open_to_all = tmp_path / "tls" / "server.key"
    open_to_all.write_text("an older file")
    open_to_all.chmod(0o644)
    made = lan_certificates(tmp_path / "tls", "192.168.1.7", clock)
    assert made.key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tls" / "ca.key").stat().st_mode & 0o777 == 0o600


def test_a_second_start_changes_nothing(tmp_path: Path, clock: ManualClock) -> None:
    first = lan_certificates(tmp_path, "192.168.1.7", clock)
    before = first.certificate.read_bytes()
    assert lan_certificates(tmp_path, "192.168.1.7", clock) == first
    assert first.certificate.read_bytes() == before


def test_another_private_address_keeps_the_authority(tmp_path: Path, clock: ManualClock) -> None:
    first = lan_certificates(tmp_path, "192.168.1.7", clock)
    second = lan_certificates(tmp_path, "10.1.2.3", clock)
    assert second.fingerprint == first.fingerprint
    assert ": OK" in verified(second, "-verify_ip", "10.1.2.3")
    assert "IP address mismatch" in verified(second, "-verify_ip", "192.168.1.7")


def test_another_host_name_needs_another_authority(tmp_path: Path, clock: ManualClock) -> None:
    first = lan_certificates(tmp_path, "county-pc", clock)
    second = lan_certificates(tmp_path, "other-pc", clock)
    assert second.fingerprint != first.fingerprint
    assert ": OK" in verified(second, "-verify_hostname", "other-pc")


def test_a_leaf_near_its_end_is_renewed_and_the_authority_stays(
    tmp_path: Path, clock: ManualClock
) -> None:
    first = lan_certificates(tmp_path, "192.168.1.7", clock)
    before = first.certificate.read_bytes()
    clock.advance(timedelta(days=340).total_seconds())
    second = lan_certificates(tmp_path, "192.168.1.7", clock)
    assert second.fingerprint == first.fingerprint
    assert second.certificate.read_bytes() != before


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "server.crt", "server.key"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, clock: ManualClock, name: str) -> None:
    lan_certificates(tmp_path, "192.168.1.7", clock)
    (tmp_path / name).write_bytes(b"-----BEGIN")
    assert ": OK" in verified(lan_certificates(tmp_path, "192.168.1.7", clock))


@pytest.mark.parametrize("host", ["", "https://x", "a b", "-x", "县医院", "192.168.1.7:8080"])
def test_what_is_no_host_is_refused(tmp_path: Path, clock: ManualClock, host: str) -> None:
    with pytest.raises(InvalidInput):
        lan_certificates(tmp_path, host, clock)
