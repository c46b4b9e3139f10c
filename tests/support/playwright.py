"""The browser's side of a journey: Playwright's own runner, told where the server is."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.support.demo import Demo
from tests.support.peers import missing, require_program

WEB_CLIENT = Path(__file__).resolve().parents[2] / "web_client"
CHROMIUM, CHROME_109 = "chromium", "chrome-109"
BROWSERS = (CHROMIUM, CHROME_109)
_WITHIN_S = 300


async def run_spec(
    spec: str,
    browser: str,
    demo: Demo | None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Run one file of ``web_client/e2e`` in one browser; what fails there fails here."""
    node = require_program("node")
    runner = WEB_CLIENT / "node_modules" / "@playwright" / "test" / "cli.js"
    if not runner.is_file():
        missing("the web client's packages (make setup-dev)")
    if browser == CHROMIUM:
        require_program("/usr/bin/chromium")
    elif not (WEB_CLIENT / "node_modules" / "@sparticuz" / "chromium").is_dir():
        missing("Chrome 109 (the npm package that carries it)")
    process = await asyncio.create_subprocess_exec(
        node, runner, "test", "--config", "e2e/playwright.config.ts", f"--project={browser}", spec,
        cwd=WEB_CLIENT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ
        | {
            "E2E_BROWSER": browser,
            **(_about(demo) if demo is not None else {}),
            "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1",
            **environment,
        },
    )  # fmt: skip
    try:
        async with asyncio.timeout(_WITHIN_S):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode(errors="replace")


def _about(demo: Demo) -> dict[str, str]:
    return {
        "E2E_URL": demo.http,
        "E2E_DATA_DIR": str(demo.data_dir),
        "E2E_PROCESS_GROUP": str(demo.process.pid),
        "E2E_DICOM_PORT": str(demo.dicom_port),
        "E2E_STORESCU": shutil.which("storescu") or "",
        "E2E_PDFTOTEXT": shutil.which("pdftotext") or "",
    }
