"""An ECG in its maker's format, from a township's stick to a county's paper, in two browsers."""

from pathlib import Path

import pytest

from tests.support.demo import running_demo
from tests.support.playwright import BROWSERS, run_spec

SCP = Path(__file__).resolve().parents[1] / "data" / "ecg" / "scp" / "anon000007.scp"


@pytest.mark.parametrize("browser", BROWSERS)
async def test_an_scp_ecg_is_uploaded_screened_listed_drawn_and_given_back(
    browser: str, tmp_path: Path
) -> None:
    async with running_demo(tmp_path / "data") as demo:
        await run_spec("upload.spec.ts", browser, demo, {"E2E_SCP": str(SCP)})
