"""``lianzhen device``: what is registered, changed, listed, and refused in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from server import cli
from tests.dicom.dimse.certificates import certificate
from tests.server.dicom_node.test_allow_lists import fingerprint
from tests.support.databases import migrated_sqlite

Lianzhen = Callable[..., tuple[object, str, str]]


@pytest.fixture
def lianzhen(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Lianzhen:
    """Run a command over an installation with one institution; exit code, answer, complaint."""
    monkeypatch.setenv("LIANZHEN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LIANZHEN_LOGGING__LEVEL", "ERROR")
    migrated_sqlite(tmp_path / "lianzhen.db")

    def run(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr("sys.argv", ["lianzhen", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capfd.readouterr()
        return ended.value.code, said.out.strip(), said.err.strip()

    made = run(
        "institution", "create", "--code", "madu", "--name-zh", "马渡镇卫生院", "--name-en", "Madu",
        "--level", "township",
    )  # fmt: skip
    assert made[0] == 0, made
    return run


def create(lianzhen: Lianzhen, ae_title: str, *options: str) -> str:
    code, device_id, said = lianzhen(
        "device", "create", "--ae-title", ae_title, "--institution", "madu", *options
    )
    assert code == 0, said
    return device_id


def listed(lianzhen: Lianzhen) -> dict[str, list[str]]:
    code, said, _ = lianzhen("device", "list")
    assert code == 0
    rows = [line.split("\t") for line in said.splitlines()]
    return {row[0]: row[1:] for row in rows}


def test_what_is_registered_is_listed_without_its_secrets(
    lianzhen: Lianzhen, tmp_path: Path
) -> None:
    ct1 = certificate("CT1")
    passcode = tmp_path / "passcode"
    passcode.write_text("a long passcode\n")
    bound = create(
        lianzhen, "CT1", "--network", "10.0.0.0/8", "--network", "192.168.1.7",
        "--certificate", str(ct1.certificate), "--username", "ct1",
        "--passcode-file", str(passcode), "--objects-per-minute", "100",
    )  # fmt: skip
    plain = create(lianzhen, "DR")
    assert listed(lianzhen) == {
        bound: [
            "CT1", "madu", "10.0.0.0/8,192.168.1.7/32", fingerprint(ct1)[:16],
            "ct1 with a passcode", "on",
        ],
        plain: ["DR", "madu", "anywhere", "no TLS", "nobody", "on"],
    }  # fmt: skip


def test_a_change_takes_the_place_of_what_was_and_leaves_the_rest(lianzhen: Lianzhen) -> None:
    device = create(lianzhen, "CT1", "--network", "10.0.0.0/8", "--username", "ct1")
    assert lianzhen("device", "change", "CT1", "--network", "10.0.0.1")[0] == 0
    assert listed(lianzhen)[device][2:5] == ["10.0.0.1/32", "no TLS", "ct1"]
    assert lianzhen("device", "change", device, "--any-network", "--no-user")[0] == 0
    assert listed(lianzhen)[device][2:5] == ["anywhere", "no TLS", "nobody"]
    colons = ":".join(["AB"] * 32)
    assert lianzhen("device", "change", device, "--certificate", colons)[0] == 0
    assert listed(lianzhen)[device][3] == "ab" * 8
    assert lianzhen("device", "change", device, "--no-certificate")[0] == 0
    assert listed(lianzhen)[device][3] == "no TLS"
    assert lianzhen("device", "disable", "CT1")[0] == 0
    assert listed(lianzhen)[device][5] == "off"
    assert lianzhen("device", "enable", "CT1")[0] == 0
    assert listed(lianzhen)[device][5] == "on"


def test_what_makes_no_sense_is_refused_in_one_line(lianzhen: Lianzhen, tmp_path: Path) -> None:
    create(lianzhen, "CT1", "--network", "10.0.0.1")
    create(lianzhen, "CT1", "--network", "10.0.0.2")
    no_certificate = tmp_path / "certificate.pem"
    no_certificate.write_text("no certificate")
    for arguments, said in (
        (("change", "NOBODY", "--any-network"), "there is no device NOBODY"),
        (("change", "CT1", "--any-network"), "2 devices are called CT1"),
        (("disable", "NOBODY"), "there is no device NOBODY"),
    ):
        code, _, complaint = lianzhen("device", *arguments)
        assert (code, complaint.count("\n")) == (1, 0)
        assert said in complaint
    device = next(iter(listed(lianzhen)))
    for options, said in (
        ((), "nothing is to be changed"),
        (("--network", "10.0.0.300"), "not an address or network"),
        (("--certificate", "12:34"), "64 hexadecimal digits"),
        (("--certificate", str(no_certificate)), "no single certificate in PEM"),
    ):
        code, _, complaint = lianzhen("device", "change", device, *options)
        assert (code, complaint.count("\n")) == (1, 0), complaint
        assert said in complaint
    assert lianzhen("device", "change", device, "--any-network", "--network", "10.0.0.1")[0] == 2
