"""The command line: exit 0 for success, 1 for refused input (one clear line), 2 for wrong usage."""

import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from dicom.dimse.calling import ScuError
from server import __version__
from server.core.errors import LianzhenError
from server.lazy_group import lazy_group

app = typer.Typer(
    name="lianzhen",
    cls=lazy_group(
        {
            "device": "server.device_cli:app",
            "ecg": "server.ecg_cli:app",
            "dicom": "server.dicom_cli:app",
            "study": "server.study_cli:app",
            "quarantine": "server.quarantine_cli:app",
            "gateway": "server.gateway_cli:app",
        },
        others="server.operator_cli:app",
    ),
    help="联诊 Lianzhen: telemedicine and remote diagnosis for county medical communities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; an expected failure is one line on stderr and exit 1."""
    try:
        app()
    except (LianzhenError, ScuError, SQLAlchemyError, ValueError, OSError) as error:
        typer.echo(f"lianzhen: {_one_line(error)}", err=True)
        sys.exit(1)


def _one_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"setting {'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, SQLAlchemyError):
        # What the driver said, without the statement and its values.
        return f"the database: {getattr(error, 'orig', None) or type(error).__name__}".split("\n")[
            0
        ]
    return " ".join(str(error).split())


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lianzhen {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """联诊 Lianzhen."""
