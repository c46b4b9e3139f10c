"""The suspected infarction: false alarms on real ECGs, and shifts that must or must not alarm.

Usage: ``python -m benchmarks.ecg.accuracy_st DATA`` with the archives unpacked below DATA.

The development sets hold too few acute infarctions for a sensitivity. So a J-point shift of known
height is drawn upon every PTB-XL recording that was silent: once half as high as the limits, once
one and a half times, once twice. What the rule declines to judge (wide QRS, above 130/min, high
voltage) counts as not found.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.ecg.accuracy_statements import screened
from benchmarks.ecg.wfdb_lite import read_record
from ecg import Screening, screen
from ecg.criteria.elevation import limit_mv
from ecg.findings import FindingCode
from ecg.signal import Patient
from server.demo_recordings import limb_shifts_uv, st_shift_uv

ACUTE = {"Stadium I", "Stadium I-II"}
INJURY = {"INJAS", "INJAL", "INJIN", "INJIL", "INJLA"}
OTHER_SETS = ("ludb", "cinc2021", "cinc2020_awwong", "cinc_smoke")
MULTIPLES = (0.5, 1.5, 2.0)
WALLS: Mapping[str, tuple[str, ...]] = {
    "inferior": ("II", "III", "aVF"),
    "anterior": ("V2", "V3", "V4"),
    "lateral": ("V5", "V6"),
}


def alarms(result: Screening) -> bool:
    """Return whether the finding was made."""
    return FindingCode.SUSPECTED_STEMI in {each.code for each in result.findings}


def declined(result: Screening) -> str | None:
    """Return why ST elevation was not judged, or None."""
    for each in result.findings:
        if each.code is FindingCode.ST_NOT_ASSESSED:
            return each.qualifiers[0].value
    return None


def shifts_uv(wall: str, multiple: float, patient: Patient) -> dict[str, float]:
    """Return a shift of ``multiple`` times the limit in each lead of a wall."""
    if wall == "inferior":
        return limb_shifts_uv(0.0, 1000.0 * multiple * limit_mv("II", patient))
    return {lead: 1000.0 * multiple * limit_mv(lead, patient) for lead in WALLS[wall]}


def others(data: Path) -> Iterator[tuple[str, Screening]]:
    """Screen the twelve-lead sets without statements of ours to compare."""
    for name in OTHER_SETS:
        for header in sorted((data / name).rglob("*.hea")):
            signal = read_record(header.with_suffix(""))
            yield f"{name}/{header.stem}", screen(signal)


def main(data: Path) -> None:
    """Print the tables."""
    done = screened(data)
    acute = {
        each.stem
        for each in done
        if each.codes & INJURY
        or {each.row["infarction_stadium1"], each.row["infarction_stadium2"]} & ACUTE
    }
    fired = {each.stem for each in done if alarms(each.result)}
    false = len(fired - acute)
    print(f"PTB-XL: {len(done)} records, {len(acute)} acute or with injury, {len(fired)} alarms")
    print(f"  Se {len(fired & acute)}/{len(acute)}  Sp {1 - false / (len(done) - len(acute)):.4f}")
    for label in ("NORM", "LVH", "CLBBB", "CRBBB", "PACE"):
        own = [each.result for each in done if label in each.codes]
        print(f"  {label}: {sum(map(alarms, own))} alarms of {len(own)}")
    reasons = Counter(why for each in done if (why := declined(each.result)))
    print(f"  not judged: {dict(reasons)}")
    rest = list(others(data))
    named = ", ".join(name for name, result in rest if alarms(result)) or "none"
    print(f"{', '.join(OTHER_SETS)}: {len(rest)} records, alarms: {named}")
    silent = [x.result for x in done if x.stem not in fired and x.result.interpretable]
    for wall in WALLS:
        for multiple in MULTIPLES:
            found = 0
            for result in silent:
                wanted = shifts_uv(wall, multiple, result.signal.patient)
                moved = result.signal.samples_uv + st_shift_uv(result, wanted)
                found += alarms(screen(replace(result.signal, samples_uv=moved)))
            print(f"shift {wall} x{multiple:g}: {found} alarms of {len(silent)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
