"""The gateway's systemd unit: systemd takes it, and it names what there is."""

import re
import subprocess
from pathlib import Path

from server.core.settings import Settings
from tests.server.core.test_settings import in_code
from tests.support.peers import require_program

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "lianzhen-gateway.service"


def test_the_settings_it_tells_of_exist() -> None:
    told = re.findall(r"LIANZHEN_[A-Z0-9_]+", UNIT.read_text())
    assert told
    assert set(told) <= set(in_code(Settings))


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    program = require_program("systemd-analyze")
    # The program and the user are not on this machine; everything else is judged.
    unit = re.sub("ExecStart=.*", "ExecStart=/bin/true", UNIT.read_text())
    here = tmp_path / UNIT.name
    here.write_text(unit.replace("User=lianzhen\n", ""))
    done = subprocess.run(
        [program, "verify", "--man=no", here], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert ours == []
