"""Findings against PTB-XL's statements: sensitivity and specificity of what this version says.

Below it, what is said of the records stated to be normal, and where red or orange was said at all.
A statement is a physician's opinion, often of the patient's history: an old infarction need not
show. ``accuracy_diagnoses`` does the same for LUDB and the CinC sets.

Usage: ``python -m benchmarks.ecg.accuracy_statements DATA`` with the archives unpacked below DATA.
"""

import ast
import csv
import sys
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.ecg.wfdb_lite import read_record
from ecg import EcgSignal, Screening, screen
from ecg.findings import FindingCode as Code
from ecg.findings import Severity
from ecg.signal import Patient, Sex

ANTERIOR = {
    Code.OLD_ANTEROSEPTAL_INFARCTION,
    Code.OLD_ANTERIOR_INFARCTION,
    Code.OLD_ANTEROLATERAL_INFARCTION,
}
RATES = {Code.SINUS_RHYTHM, Code.SINUS_BRADYCARDIA, Code.SINUS_TACHYCARDIA}
ROWS: dict[str, tuple[set[str], set[Code]]] = {
    "atrial fibrillation": ({"AFIB"}, {Code.SUSPECTED_ATRIAL_FIBRILLATION}),
    "sinus (any rate)": ({"SR", "SBRAD", "STACH", "SARRH"}, RATES),
    "sinus tachycardia": ({"STACH"}, {Code.SINUS_TACHYCARDIA}),
    "wide QRS": ({"CLBBB", "CRBBB", "IVCD"}, {Code.WIDE_QRS}),
    "low voltage": ({"LVOLT"}, {Code.LOW_VOLTAGE}),
    "long QT": ({"LNGQT"}, {Code.LONG_QTC}),
    "long PR": ({"1AVB", "LPR"}, {Code.LONG_PR}),
    "ventricular ectopy": ({"PVC", "BIGU", "TRIGU"}, {Code.VENTRICULAR_ECTOPIC_BEATS}),
    "normal": ({"NORM"}, {Code.WITHIN_NORMAL_LIMITS}),
    "suspected infarction": ({"INJAS", "INJAL"}, {Code.SUSPECTED_STEMI}),
    "wide QRS or paced": ({"CLBBB", "CRBBB", "IVCD", "PACE"}, {Code.WIDE_QRS}),
    "CLBBB": ({"CLBBB"}, {Code.LEFT_BUNDLE_BRANCH_BLOCK}),
    "CRBBB": ({"CRBBB"}, {Code.RIGHT_BUNDLE_BRANCH_BLOCK}),
    "IRBBB": ({"IRBBB"}, {Code.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK}),
    "LAFB": ({"LAFB"}, {Code.LEFT_ANTERIOR_FASCICULAR_BLOCK}),
    "LVH": ({"LVH"}, {Code.LEFT_VENTRICULAR_HYPERTROPHY}),
    "LVH or VCLVH": ({"LVH", "VCLVH"}, {Code.LEFT_VENTRICULAR_HYPERTROPHY}),
    "inferior infarction": ({"IMI", "ILMI", "IPMI"}, {Code.OLD_INFERIOR_INFARCTION}),
    "anterior infarction": ({"ASMI", "AMI", "ALMI"}, ANTERIOR),
    "any infarction": (
        {"IMI", "ILMI", "IPMI", "ASMI", "AMI", "ALMI", "LMI"},
        {*ANTERIOR, Code.OLD_INFERIOR_INFARCTION, Code.OLD_LATERAL_INFARCTION},
    ),
    "ischaemic ST-T": (
        {"ISC_", "ISCAL", "ISCIL", "ISCLA", "ISCAS"},
        {Code.ST_DEPRESSION, Code.T_INVERSION, Code.AVR_ELEVATION, Code.WELLENS},
    ),
    "non-specific ST-T": ({"NST_", "NDT", "NT_", "LOWT"}, {Code.NONSPECIFIC_ST_T}),
    "any ST-T change": (
        {
            "ISC_",
            "ISCAL",
            "ISCIL",
            "ISCLA",
            "ISCAS",
            "NST_",
            "NDT",
            "NT_",
            "LOWT",
            "INVT",
            "STD_",
            "DIG",
        },
        {
            Code.ST_DEPRESSION,
            Code.T_INVERSION,
            Code.AVR_ELEVATION,
            Code.WELLENS,
            Code.NONSPECIFIC_ST_T,
        },
    ),
    "uninterpretable": (set(), {Code.UNINTERPRETABLE}),
    "critical": (set(), set()),
}


@dataclass(frozen=True)
class Screened:
    """One record of PTB-XL: its row of the table, its statements, our screening."""

    stem: str
    row: dict[str, str]
    codes: set[str]
    result: Screening


def screened(data: Path) -> list[Screened]:
    """Screen every record of the development set."""
    with (data / "ptbxl" / "ptbxl_database.csv").open(newline="") as file:
        table = {Path(row["filename_hr"]).name: row for row in csv.DictReader(file)}
    done: list[Screened] = []
    for header in sorted((data / "ptbxl").rglob("*.hea")):
        row, record = table[header.stem], read_record(header.with_suffix(""))
        age = float(row["age"]) if row["age"] else None
        signal = EcgSignal(
            samples_uv=record.samples_uv,
            fs_hz=record.fs_hz,
            leads=record.leads,
            patient=Patient(
                age_years=age if age is not None and age <= 120.0 else None,
                sex=Sex.MALE if row["sex"] == "0" else Sex.FEMALE,
            ),
        )
        codes = set(ast.literal_eval(row["scp_codes"]))
        done.append(Screened(header.stem, row, codes, screen(signal)))
    return done


def report(
    name: str,
    done: list[Screened],
    said: Callable[[Screening], bool],
    truth: set[str],
) -> None:
    """Print one row."""
    tp = sum(said(each.result) and bool(each.codes & truth) for each in done)
    fp = sum(said(each.result) and not each.codes & truth for each in done)
    positives = sum(bool(each.codes & truth) for each in done)
    negatives = len(done) - positives
    sensitivity = f"{tp / positives:.3f}" if positives else "  -  "
    specificity = 1 - fp / max(1, negatives)
    print(f"{name:22s} n {positives:3d}  Se {sensitivity}  Sp {specificity:.3f}  FP {fp}")


def _says(codes: Collection[Code], result: Screening) -> bool:
    return any(finding.code in codes for finding in result.findings)


def counted(done: list[Screened], severities: set[Severity]) -> Counter[str]:
    """Count the records in which each finding of these severities was made."""
    return Counter(
        code
        for each in done
        for code in {f.code.value for f in each.result.findings if f.severity in severities}
    )


def main(data: Path) -> None:
    """Print the table."""
    done = screened(data)
    for name, (truth, codes) in ROWS.items():
        if name == "critical":
            report(name, done, lambda result: bool(result.critical), truth)
        else:
            report(name, done, partial(_says, codes), truth)
    normal = [each for each in done if "NORM" in each.codes]
    print(f"said of {len(normal)} NORM:", dict(counted(normal, set(Severity)).most_common()))
    grave = {Severity.RED, Severity.ORANGE}
    print("red or orange, NORM:", dict(counted(normal, grave)))
    print("red or orange, all:", dict(counted(done, grave).most_common()))
    if "-v" in sys.argv:
        for each in done:
            print(
                each.stem,
                sorted(each.codes),
                [f.code.value for f in each.result.findings if "assumed" not in f.code],
                each.result.measurements.heart_rate_bpm,
                [str(x.value) for x in each.result.critical],
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
