"""``lianzhen ecg``: screen and draw ECG files, without a server."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from ecg import EcgFormatError, EcgSignal, Screening, read, screen
from ecg.findings import DISCLAIMER_EN, DISCLAIMER_ZH
from ecg.render import render as draw_svg
from ecg.render import render_pdf, render_png

REFUSED: Final = 1
_SHOWN: Final = (
    ("heart_rate_bpm", "HR", "bpm"),
    ("pr_ms", "PR", "ms"),
    ("qrs_ms", "QRS", "ms"),
    ("qtc_fridericia_ms", "QTcF", "ms"),
    ("axis_qrs_deg", "axis", "°"),
)

app = typer.Typer(help="心电图文件 ECG files: screen, render.", no_args_is_help=True)


@app.command("screen")
def screen_files(
    files: Annotated[
        list[Path], typer.Argument(help="ECG files, or folders of them.", metavar="FILE...")
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, in the order of the files.")
    ] = False,
) -> None:
    """Screen ECGs and say what the machine sees; it never diagnoses."""
    refused = False
    for path in _with_progress(files):
        try:
            found = screen(read(path))
        except EcgFormatError as error:
            refused = True
            if as_json:
                _line(orjson.dumps({"file": str(path), "error": str(error)}))
            _complain(path, str(error))
            continue
        if as_json:
            _line(orjson.dumps({"file": str(path), **found.to_dict()}))
        else:
            _line(_described(path, found).encode())
    if refused:
        raise typer.Exit(REFUSED)


@app.command("render")
def render_file(
    file: Annotated[Path, typer.Argument(help="An ECG file.", metavar="FILE")],
    out: Annotated[Path, typer.Argument(help="OUT.svg, OUT.pdf or OUT.png", metavar="OUT")],
    *,
    findings: Annotated[
        bool, typer.Option(help="Print the machine's findings in the header.")
    ] = True,
) -> None:
    """Draw an ECG on millimetre paper, 25 mm/s and 10 mm/mV."""
    suffix = out.suffix.lower()
    if suffix not in {".svg", ".pdf", ".png"}:
        raise typer.BadParameter("OUT ends in .svg, .pdf or .png", param_hint="OUT")
    try:
        signal = read(file)
        page = _drawn(signal, screen(signal) if findings else None, suffix)
    except EcgFormatError as error:
        _complain(file, str(error))
        raise typer.Exit(REFUSED) from None
    try:
        out.write_bytes(page)
    except OSError as error:
        _complain(out, f"cannot be written: {error.strerror}")
        raise typer.Exit(REFUSED) from None


def _drawn(signal: EcgSignal, found: Screening | None, suffix: str) -> bytes:
    if suffix == ".svg":
        return draw_svg(signal, found).encode()
    return render_pdf(signal, found) if suffix == ".pdf" else render_png(signal, found)


def _with_progress(arguments: Sequence[Path]) -> Iterator[Path]:
    """Return every file, those of a folder by name; where there was one, count on stderr."""
    if not any(path.is_dir() for path in arguments):
        yield from arguments
        return
    files = [file for argument in arguments for file in _files_of(argument)]
    on_terminal = sys.stderr.isatty()
    step = 1 if on_terminal else max(1, len(files) // 20)
    for number, file in enumerate(files, start=1):
        yield file
        if number % step == 0 or number == len(files):
            typer.echo(f"{number}/{len(files)}", err=True)


def _files_of(argument: Path) -> list[Path]:
    if not argument.is_dir():
        return [argument]
    return sorted(
        path
        for path in argument.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(argument).parts)
    )


def _described(path: Path, found: Screening) -> str:
    """Return a few lines for people: what was measured, what was found, and what it is worth."""
    measured: dict[str, Any] = dict(found.measurements.__dict__)
    values = [
        f"{label} {measured[name]:.0f} {unit}"
        for name, label, unit in _SHOWN
        if measured[name] is not None
    ]
    lines = [f"{path}: {', '.join(values) or '无测量值 no measurements'}"]
    for finding in found.findings:
        shown = finding.to_dict()
        lines.append(f"  [{shown['severity']}] {shown['text_zh']} {shown['text_en']}")
    lines.append(f"  {DISCLAIMER_ZH} {DISCLAIMER_EN}")
    return "\n".join(_printable(line) for line in lines)


def _complain(path: Path, reason: str) -> None:
    typer.echo(_printable(f"{path}: {reason}"), err=True)


def _printable(line: str) -> str:
    """Keep control characters of a hostile name or file away from the terminal."""
    return "".join(c if c.isprintable() else "?" for c in line)


def _line(content: bytes) -> None:
    """Write a line as UTF-8 whatever the terminal's encoding is, and at once."""
    sys.stdout.buffer.write(content + b"\n")
    sys.stdout.buffer.flush()
