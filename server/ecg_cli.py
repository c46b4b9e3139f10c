"""``lianzhen ecg``: screen, compare, convert and draw ECG files, without a server."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypedDict

import orjson
import typer

from ecg import EcgFormatError, EcgSignal, Screening, read, screen
from ecg.findings import DISCLAIMER_EN, DISCLAIMER_ZH
from ecg.formats.writing import WRITERS, convert
from ecg.medians import render_medians
from ecg.render import printed, render_pdf, render_png
from ecg.render import render as draw_svg
from ecg.serial import compare
from ecg.serial_result import RESERVATION_TEXTS, Comparison
from ecg.sheet import Layout

REFUSED: Final = 1
_SHOWN: Final = (
    ("heart_rate_bpm", "HR", "bpm"),
    ("pr_ms", "PR", "ms"),
    ("qrs_ms", "QRS", "ms"),
    ("qtc_fridericia_ms", "QTcF", "ms"),
    ("axis_qrs_deg", "axis", "°"),
)

_DRAWN_AS: Final = (".svg", ".pdf", ".png")
_PNG_DPI: Final = 300.0

app = typer.Typer(
    help="心电图文件 ECG files: screen, compare, convert, render.", no_args_is_help=True
)


Sources = Annotated[
    list[Path], typer.Argument(help="ECG files, or folders of them.", metavar="FILE...")
]
Out = Annotated[
    Path, typer.Argument(help="A file; with --to, or for a folder, the folder of them.")
]


@app.command("screen")
def screen_files(
    files: Sources,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, in the order of the files.")
    ] = False,
) -> None:
    """Screen ECGs and say what the machine sees; it never diagnoses."""
    refused = False
    for path, _ in _with_progress(files):
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


@app.command("compare")
def compare_files(
    old: Annotated[Path, typer.Argument(help="The previous ECG.", metavar="OLD")],
    new: Annotated[Path, typer.Argument(help="The current ECG.", metavar="NEW")],
    *,
    matched: Annotated[
        bool,
        typer.Option("--matched", help="Both are known to be of one patient, whatever their ids."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what changed between two ECGs of one patient; exit 1 where they cannot be compared."""
    screened: list[Screening] = []
    for path in (old, new):
        try:
            screened.append(screen(read(path)))
        except EcgFormatError as error:
            if as_json:
                _line(orjson.dumps({"file": str(path), "error": str(error)}))
            _complain(path, str(error))
            raise typer.Exit(REFUSED) from None
    found = compare(*screened, matched=matched)
    if as_json:
        _line(orjson.dumps({"previous": str(old), "current": str(new), **found.to_dict()}))
    else:
        _line(_compared(found).encode())
    if not found.comparable:
        raise typer.Exit(REFUSED)


def _compared(found: Comparison) -> str:
    """Return the comparison for people: reservations first, then changes, then the numbers."""
    lines = [" ".join(RESERVATION_TEXTS[each]) for each in found.reservations]
    lines += [f"[{each.severity}] {each.text_zh} {each.text_en}" for each in found.changes]
    if found.comparable and not found.changes:
        lines.append("较前无明显变化 no significant change")
    lines += [
        f"  {each.quantity} {each.before:g} -> {each.after:g} ({each.by:+g} {each.unit})"
        for each in found.differences
        if each.lead is None
    ]
    lines.append(f"{DISCLAIMER_ZH} {DISCLAIMER_EN}")
    return "\n".join(_printable(line) for line in lines)


@app.command("convert")
def convert_files(
    files: Sources,
    out: Out,
    *,
    to: Annotated[
        str | None, typer.Option(help=f"Into a folder, as one of {' '.join(WRITERS)}.")
    ] = None,
) -> None:
    """Write ECGs in the format that the name of OUT asks for: DICOM, SCP-ECG, WFDB, CSV."""
    _each(files, out, to, tuple(WRITERS), convert)


@app.command("render")
def render_files(
    files: Sources,
    out: Out,
    *,
    to: Annotated[
        str | None, typer.Option(help=f"Into a folder, as one of {' '.join(_DRAWN_AS)}.")
    ] = None,
    findings: Annotated[
        bool, typer.Option(help="Print the machine's findings in the header.")
    ] = True,
    layout: Annotated[
        Layout | None, typer.Option(help="By default what suits the leads; strip: one lead.")
    ] = None,
    lead: Annotated[str | None, typer.Option(help="The lead of the strip.")] = None,
    speed: Annotated[float, typer.Option(help="12.5, 25 or 50 mm/s.")] = 25.0,
    gain: Annotated[float, typer.Option(help="2.5, 5, 10 or 20 mm/mV.")] = 10.0,
    start: Annotated[float, typer.Option(help="First second drawn.")] = 0.0,
    medians: Annotated[
        bool, typer.Option("--medians", help="Median beats with what was measured, at 50 mm/s.")
    ] = False,
) -> None:
    """Draw ECGs on millimetre paper: SVG, PDF (all findings, on further pages) or PNG (300 dpi)."""
    style = _Style(layout=layout, lead=lead, speed_mm_s=speed, gain_mm_mv=gain, start_s=start)

    def draw(file: Path, target: Path) -> None:
        signal, suffix = read(file), target.suffix.lower()
        found = screen(signal) if findings or medians else None
        if medians and found is not None:
            svg = render_medians(found, gain_mm_mv=gain)
            dots_per_inch = _PNG_DPI if suffix == ".png" else None
            drawn = (
                svg.encode() if suffix == ".svg" else printed([svg], dots_per_inch=dots_per_inch)
            )
            target.write_bytes(drawn)
            return
        target.write_bytes(_drawn(signal, found, suffix, style))

    _each(files, out, to, _DRAWN_AS, draw)


def _each(
    files: Sequence[Path],
    out: Path,
    to: str | None,
    suffixes: Sequence[str],
    make: Callable[[Path, Path], object],
) -> None:
    """Make something of each file; what fails says so in one line and stops no other."""
    into_folder = to is not None or len(files) > 1 or files[0].is_dir()
    suffix = to if into_folder else out.suffix
    suffix = f".{(suffix or '').lower().removeprefix('.')}"
    if suffix not in suffixes:
        hint = "--to" if into_folder else "OUT"
        raise typer.BadParameter(f"one of {', '.join(suffixes)}", param_hint=hint)
    refused = False
    taken: set[Path] = set()
    for file, base in _with_progress(files):
        target = _target(file, base, out, suffix, taken) if into_folder else out
        try:
            if into_folder:
                target.parent.mkdir(parents=True, exist_ok=True)
            make(file, target)
        except ValueError as error:
            refused = True
            _complain(file, str(error))
        except OSError as error:
            refused = True
            _complain(target, f"cannot be written: {error.strerror}")
    if refused:
        raise typer.Exit(REFUSED)


def _target(file: Path, base: Path, out: Path, suffix: str, taken: set[Path]) -> Path:
    """Return where in ``out`` a file's twin goes: as it lies below ``base``, once each."""
    folder = out / file.relative_to(base).parent
    target, number = folder / f"{file.stem}{suffix}", 2
    while target in taken:
        target, number = folder / f"{file.stem}-{number}{suffix}", number + 1
    taken.add(target)
    return target


class _Style(TypedDict):
    """What `ecg.render.render` takes by name."""

    layout: Layout | None
    lead: str | None
    speed_mm_s: float
    gain_mm_mv: float
    start_s: float


def _drawn(signal: EcgSignal, found: Screening | None, suffix: str, style: _Style) -> bytes:
    if suffix == ".svg":
        return draw_svg(signal, found, **style).encode()
    if suffix == ".pdf":
        return render_pdf(signal, found, **style)
    return render_png(signal, found, **style, dots_per_inch=_PNG_DPI)


def _with_progress(arguments: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Return every file and the folder it was asked for in; of many, count on stderr.

    Those of a folder come by name.
    """
    files = [found for argument in arguments for found in _files_of(argument)]
    many = any(path.is_dir() for path in arguments)
    step = 1 if sys.stderr.isatty() else max(1, len(files) // 20)
    for number, found in enumerate(files, start=1):
        yield found
        if many and (number % step == 0 or number == len(files)):
            typer.echo(f"{number}/{len(files)}", err=True)


def _files_of(argument: Path) -> list[tuple[Path, Path]]:
    if not argument.is_dir():
        return [(argument, argument.parent)]
    return sorted(
        (path, argument)
        for path in argument.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(argument).parts)
        and not _belongs_to_a_header(path)
    )


def _belongs_to_a_header(path: Path) -> bool:
    """Tell whether a file is read by way of the WFDB header beside it."""
    return path.suffix != ".hea" and path.with_suffix(".hea").is_file()


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
