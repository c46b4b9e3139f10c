"""The web client's types are made from the OpenAPI document that the server has now."""

import hashlib
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli import app

_TYPES = Path(__file__).parents[2] / "web_client" / "src" / "shared" / "api" / "schema.d.ts"


def test_the_web_client_s_types_are_those_of_the_routes() -> None:
    said = CliRunner().invoke(app, ["openapi"])
    assert said.exit_code == 0, said.output
    digest = hashlib.sha256(said.stdout.encode()).hexdigest()
    made_from = re.search("sha256 ([0-9a-f]{64})", _TYPES.read_text("utf-8"))
    assert made_from is not None
    if made_from[1] != digest:
        pytest.fail("a route or a wire type changed: run `make api-types` and commit what it wrote")
