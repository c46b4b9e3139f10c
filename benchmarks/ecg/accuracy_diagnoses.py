"""Findings against LUDB's diagnoses and the CinC sets' SNOMED CT labels.

Usage: ``python -m benchmarks.ecg.accuracy_diagnoses DATA`` with the archives unpacked below DATA.

LUDB's leads are not on one scale (I + III is not II), so that its hypertrophies cannot be judged by
voltage and its axes only roughly.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ecg.wfdb_lite import read_record
from ecg import Screening, screen
from ecg.findings import FindingCode as Code

CINC = ("cinc2021", "cinc2020_awwong", "cinc_smoke")
ST_T = {Code.ST_DEPRESSION, Code.T_INVERSION, Code.NONSPECIFIC_ST_T, Code.WELLENS}
LUDB_ROWS: dict[str, tuple[set[str], set[Code]]] = {
    "left axis": ({"Electric axis of the heart: left axis deviation."}, {Code.LEFT_AXIS_DEVIATION}),
    "left anterior hemiblock": (
        {"Left anterior hemiblock."},
        {Code.LEFT_ANTERIOR_FASCICULAR_BLOCK},
    ),
    "incomplete RBBB": (
        {"Incomplete right bundle branch block."},
        {Code.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK},
    ),
    "left atrium": (
        {"Left atrial hypertrophy.", "Left atrial overload."},
        {Code.LEFT_ATRIAL_ENLARGEMENT},
    ),
    "right atrium": ({"Right atrial overload."}, {Code.RIGHT_ATRIAL_ENLARGEMENT}),
    "left ventricle": ({"Left ventricular hypertrophy."}, {Code.LEFT_VENTRICULAR_HYPERTROPHY}),
    "first degree block": ({"I degree AV block."}, {Code.LONG_PR}),
}
CINC_ROWS: dict[str, tuple[set[str], set[Code]]] = {
    "ST-T, any": (
        {"428750005", "164934002", "55930002", "429622005", "59931005", "164861001"},
        ST_T,
    ),
    "old infarction": (
        {"164867002", "164865005"},
        {code for code in Code if code.startswith("old_")},
    ),
    "RBBB": ({"713427006", "59118001"}, {Code.RIGHT_BUNDLE_BRANCH_BLOCK}),
    "conduction delay": ({"698252002"}, {Code.INTRAVENTRICULAR_CONDUCTION_DELAY}),
    "left axis": ({"39732003"}, {Code.LEFT_AXIS_DEVIATION}),
    "long QT": ({"111975006"}, {Code.LONG_QTC}),
    "high or hypertrophic LV": (
        {"164873001", "55827005"},
        {Code.LEFT_VENTRICULAR_HYPERTROPHY, Code.LEFT_VENTRICULAR_HIGH_VOLTAGE},
    ),
}


def labelled(data: Path, name: str) -> Iterator[tuple[set[str], Screening]]:
    """Screen a set; yield each record's diagnoses or codes and its screening."""
    for header in sorted((data / name).rglob("*.hea")):
        comments = [
            line[1:].strip() for line in header.read_text().splitlines() if line.startswith("#")
        ]
        codes = re.search(r"Dx: ?([\d,]+)", " ".join(comments))
        labels = set(codes[1].split(",")) if codes else set(comments)
        yield labels, screen(read_record(header.with_suffix("")))


def report(
    rows: dict[str, tuple[set[str], set[Code]]], done: list[tuple[set[str], Screening]]
) -> None:
    """Print sensitivity and specificity of each row."""
    for name, (truth, codes) in rows.items():
        pairs = [
            (bool(labels & truth), any(each.code in codes for each in result.findings))
            for labels, result in done
        ]
        positives = sum(true for true, _ in pairs)
        hits = sum(true and said for true, said in pairs)
        false = sum(said and not true for true, said in pairs)
        specificity = 1.0 - false / max(1, len(pairs) - positives)
        print(f"{name:26s} n {positives:3d}  found {hits:3d}  Sp {specificity:.3f}  FP {false}")


def main(data: Path) -> None:
    """Print both tables."""
    ludb = list(labelled(data, "ludb"))
    print(f"LUDB, {len(ludb)} records")
    report(LUDB_ROWS, ludb)
    cinc = [each for name in CINC for each in labelled(data, name)]
    print(f"CinC, {len(cinc)} records")
    report(CINC_ROWS, cinc)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
