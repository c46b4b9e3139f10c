"""What a stranger's program reads in a PDF: Debian's poppler-utils."""

import subprocess

import numpy as np
from numpy.typing import NDArray

from tests.support.peers import require_program

Pixels = NDArray[np.uint8]


def pdf_text(pdf: bytes) -> str:
    """Return the text of all pages, in the order the document holds it."""
    program = require_program("pdftotext")
    read = subprocess.run([program, "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    return read.stdout.decode()


def pdf_facts(pdf: bytes) -> dict[str, str]:
    """Return what pdfinfo tells of a document, by its own names."""
    program = require_program("pdfinfo")
    read = subprocess.run([program, "-"], input=pdf, capture_output=True, check=True)
    lines = (line.partition(":") for line in read.stdout.decode().splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def pdf_fonts(pdf: bytes) -> list[str]:
    """Return pdffonts' line of each font."""
    program = require_program("pdffonts")
    read = subprocess.run([program, "-"], input=pdf, capture_output=True, check=True)
    return read.stdout.decode().splitlines()[2:]


def pdf_picture(pdf: bytes, *, dots_per_inch: int = 40) -> Pixels:
    """Return the first page as it is printed, shape (rows, columns, 3)."""
    program = require_program("pdftoppm")
    drawn = subprocess.run(
        [program, "-r", str(dots_per_inch), "-singlefile", "-"],
        input=pdf,
        capture_output=True,
        check=True,
    )
    kind, size, depth, pixels = drawn.stdout.split(b"\n", 3)
    assert (kind, depth) == (b"P6", b"255")
    width, height = (int(number) for number in size.split())
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
