"""A real PostgreSQL, started for the test session on a free port, stopped with it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.support.peers import missing
from tests.support.ports import free_port


@dataclass(frozen=True)
class PostgresServer:
    """A running server in which tests may make databases."""

    port: int
    binaries: Path
    data_dir: Path

    def url(self, database: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Make a database from ``template`` and return its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and whoever is connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    def stop(self) -> None:
        """Stop the server at once, as a crash would."""
        _run(self.binaries / "pg_ctl", "-D", str(self.data_dir), "-m", "immediate", "-w", "stop")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        log = self.data_dir / "log"
        _run(
            self.binaries / "pg_ctl", "-D", str(self.data_dir), "-l", str(log),
            "-o", options, "-w", "start",
        )  # fmt: skip


@contextmanager
def running_postgres(data_dir: Path) -> Iterator[PostgresServer]:
    """Run a server whose data live in ``data_dir``."""
    binaries = _binaries()
    data_dir.mkdir(parents=True)
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root, and its user must reach the folder.
        shutil.chown(data_dir, "postgres", "postgres")
        for parent in data_dir.parents:
            if parent.stat().st_uid == 0 and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    _run(
        binaries / "initdb", "-D", str(data_dir), "-U", "postgres", "--auth=trust", "-E", "UTF8",
        "--locale=C", "--no-sync",
    )  # fmt: skip
    server = PostgresServer(free_port(), binaries, data_dir)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _binaries() -> Path:
    for found in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True):
        return found.parent
    found_on_path = shutil.which("initdb")
    if found_on_path is None:
        missing("PostgreSQL (initdb)")
    return Path(found_on_path).parent


def _run(*command: str | Path) -> None:
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    result = subprocess.run(
        [*prefix, *map(str, command)],
        check=False, capture_output=True, text=True, cwd="/", timeout=60,
    )  # fmt: skip
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {result.stdout}{result.stderr}")
