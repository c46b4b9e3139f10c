"""Tables of samples as text: a column a lead.

A file says its leads in a header line, their unit there (``I (mV)``, ``II_uV``), in a line of units
below it or in a comment (``# unit=uV``), and its rate in a comment (``# fs_hz=500``) or a column of
time. A unit or a rate that is not said is asked for, never guessed, with one exception: a table of
twelve unnamed columns of whole numbers, which the Contec ECG90A's export is (see `_is_contec`).
"""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecg.formats.channels import ecg_channels, lead_names, uv_per_unit, within_voltage
from ecg.formats.contec import DEVICE, FS_HZ, STEP_UV
from ecg.formats.csv_table import Column, Table, numbers, parse_table, rate_hz, refusal
from ecg.formats.demographics import age_years, sex_of
from ecg.formats.errors import EcgFormatError
from ecg.signal import STANDARD_LEADS, EcgSignal, Patient

CONTEC_DEVICE: Final = f"{DEVICE} (table without a header: its 5 µV and 800 Hz taken)"

_TIME = re.compile(
    r"(?:elapsed\s*)?time(?:\s*stamp)?|t|timestamps?|sec(?:onds?)?|ms|时间|秒|毫秒", re.IGNORECASE
)
_INDEX = re.compile(
    r"sample(?:\s*(?:#|no\.?|number|interval))?|index|#|n|no\.?|序号|", re.IGNORECASE
)


def _is_contec(table: Table, steps: NDArray[np.float64]) -> bool:
    """Return whether unnamed columns are the Contec ECG90A's export.

    Twelve, in whole steps of a 12-bit converter, III being II - I in every row. Other machines of
    12 bits may write the same with another step: the device's name tells what was taken for it.
    """
    known = steps[np.isfinite(steps)]
    whole = bool((known == np.round(known)).all()) and bool(np.abs(known).max(initial=0.0) < 4096)
    i, ii, iii = steps[:3]
    return whole and not table.stated and bool((iii == ii - i).all())


def _patient(stated: dict[str, str]) -> Patient:
    def first(*keys: str) -> str | None:
        return next((stated[key] for key in keys if stated.get(key)), None)

    try:
        birth_date = dt.date.fromisoformat(stated.get("birth_date", ""))
    except ValueError:
        birth_date = None
    return Patient(
        age_years=age_years((first("age_years", "age", "年龄") or "").removesuffix("岁")),
        sex=sex_of(first("sex", "gender", "性别")),
        id=first("patient_id", "id", "病历号", "住院号"),
        name=first("patient_name", "name", "姓名"),
        birth_date=birth_date,
    )


def _acquired_at(stated: dict[str, str]) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(stated.get("acquired_at") or stated.get("采集时间") or "")
    except ValueError:
        return None


def _unnamed(table: Table) -> EcgSignal:
    """Read a table without a header line, which must be Contec's."""
    width = len(table.rows[0].split(table.delimiter))
    if width == len(STANDARD_LEADS):
        steps = numbers(table, range(width))
        if _is_contec(table, steps):
            return EcgSignal(
                samples_uv=steps * STEP_UV,
                fs_hz=FS_HZ,
                leads=STANDARD_LEADS,
                device=CONTEC_DEVICE,
                source_format="csv",
            )
    raise refusal("the leads are not named: add a first line such as time_s,I (mV),II (mV)")


def _named(table: Table, columns: Sequence[Column]) -> EcgSignal:
    unit = table.stated.get("unit") or table.stated.get("units") or table.stated.get("单位")
    times = [at for at, each in enumerate(columns) if _TIME.fullmatch(each.label)]
    time_at = next((at for at in times if uv_per_unit(columns[at].unit or "") is None), None)
    beside = {
        at
        for at, each in enumerate(columns)
        if at == time_at or (each.unit is None and _INDEX.fullmatch(each.label))
    }
    units = [each.unit or unit for each in columns]
    if all(units[at] is None for at in range(len(columns)) if at not in beside):
        raise refusal("the unit is not said: write I (mV) in the first line, or # unit=mV above it")
    factors = [uv_per_unit(each or "") for each in units]
    labels = [each.label for each in columns]
    kept = ecg_channels(
        labels, [factor is not None and at not in beside for at, factor in enumerate(factors)]
    )
    if not kept:
        raise refusal("no column is a lead in volts")
    samples = numbers(table, kept) * np.array([[factors[at] or 0.0] for at in kept])
    used = [row for row in range(len(kept)) if within_voltage(samples[row])]
    if not used:
        raise refusal("no column keeps to an ECG's voltages: is the unit right?")
    return EcgSignal(
        samples_uv=samples[used],
        fs_hz=rate_hz(table, columns, time_at),
        leads=lead_names([labels[kept[row]] for row in used]),
        acquired_at=_acquired_at(table.stated),
        patient=_patient(table.stated),
        device=table.stated.get("device") or None,
        source_format="csv",
    )


def read_csv(content: bytes) -> EcgSignal:
    """Read a table of samples.

    Parameters
    ----------
    content
        Text in UTF-8, UTF-16 with a mark, or GB18030: comments (``# fs_hz=500``), a header line
        with the leads, perhaps one of units, then a line a sample. Numbers with a decimal comma are
        read between semicolons or tabs. Empty cells are gaps.

    Returns
    -------
    EcgSignal

    Raises
    ------
    EcgFormatError
        If the leads, their unit or the rate is not said (the message tells what to add), or a row
        is not of numbers.
    """
    table = parse_table(content)
    if not table.rows:
        raise refusal("there are no lines of samples")
    try:
        return _unnamed(table) if table.columns is None else _named(table, table.columns)
    except EcgFormatError:
        raise
    except ValueError as error:
        raise refusal(str(error)) from error
