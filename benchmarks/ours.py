"""Ourselves, as an operator sets us up: one township with a device, one reader at the county."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers import Peer, process
from benchmarks.senders import AE_TITLE
from server.identity.people import PHYSICIANS
from tests.support.ports import free_port

NAME = "ours"
_ROOT = Path(__file__).resolve().parents[1]
_LOGIN = "bench"


@dataclass(frozen=True)
class Installation:
    """One installation of ours with data below ``root``."""

    root: Path
    database: str | None = None
    """Its address; unset: SQLite below ``root``."""
    node_processes: int = 1
    """Of the node role, behind one port."""
    dicom_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)

    @property
    def database_url(self) -> str:
        """The address of its database."""
        return self.database or f"sqlite:///{self.root / 'data' / 'lianzhen.db'}"

    def set_up(self) -> None:
        """Make the database, the institutions and the device."""
        self.root.mkdir(parents=True)
        self._run("migrate")
        for code, level, *parent in (("county", "county"), ("town", "township", "county")):
            self._run(
                "institution", "create", "--code", code, "--level", level,
                "--name-zh", f"{code} 医院", "--name-en", f"{code} hospital",
                *(("--parent", parent[0]) if parent else ()),
            )  # fmt: skip
        self.register(AE_TITLE)

    def register(self, ae_title: str) -> None:
        """Register one more device at the township."""
        self._run(
            "device", "create", "--ae-title", ae_title, "--institution", "town",
            "--network", "127.0.0.0/8",
        )  # fmt: skip

    def bearer(self, institution: str = "county", role: str = "county_reader") -> str:
        """Make a person, a reader at the county unless told, and return a token for them."""
        password_file = self.root / "password"
        password_file.write_text(os.urandom(16).hex())
        login = f"{_LOGIN}-{institution}"
        licence = ("--licence", "BENCH", "--licence-scope", "imaging")
        self._run(
            "user", "create", "--login", login, "--name", "Bench", "--institution", institution,
            "--role", role, *(licence if role in PHYSICIANS else ()),
            "--password-file", str(password_file),
        )  # fmt: skip
        return self._run("token", "create", "--user", login, "--ttl", "1d").strip()

    @contextmanager
    def role(self, role: str | None, port: int) -> Iterator[Peer]:
        """Run one role in a process of its own, or all as children of one (None)."""
        command = [sys.executable, "-m", "server", "serve", *(("--role", role) if role else ())]
        with process(
            NAME, command, port=port, log=self.root / f"{role or 'all'}.log",
            environment=self._environment(), cwd=_ROOT,
        ) as peer:  # fmt: skip
            yield peer

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "server", *arguments], env=self._environment(), cwd=_ROOT,
            check=False, text=True, capture_output=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"lianzhen {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("LIANZHEN_")}
        return inherited | {
            "LIANZHEN_DATA_DIR": str(self.root / "data"),
            "LIANZHEN_DATABASE__URL": self.database_url,
            "LIANZHEN_DICOM__PORT": str(self.dicom_port),
            "LIANZHEN_DICOM__PROCESSES": str(self.node_processes),
            "LIANZHEN_HTTP__PORT": str(self.http_port),
            "LIANZHEN_HTTP__MEDIA_PORT": "0",
            "LIANZHEN_HTTP__WORKER_PORT": "0",
            "LIANZHEN_LOGGING__LEVEL": "WARNING",
        }


@contextmanager
def receiving(root: Path) -> Iterator[Peer]:
    """Run a new installation's DICOM node: durable, indexed, authorised, audited."""
    installation = Installation(root)
    installation.set_up()
    with installation.role("node", installation.dicom_port) as peer:
        yield peer
