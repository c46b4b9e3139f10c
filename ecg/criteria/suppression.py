"""Which findings say nothing beside which others, in one table.

A changed activation changes repolarisation and Q waves with it: under left bundle branch block,
ventricular pacing or pre-excitation they prove neither ischaemia nor scar nor hypertrophy
(AHA/ACCF/HRS 2009, parts III to VI; Fourth Universal Definition of MI, 2018, "conditions that
confound the ECG diagnosis"). Where PR changes
from beat to beat, that of the median beat says nothing. Elsewhere the more specific finding stands
for the plainer one.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ecg.findings import Finding, FindingCode

_C = FindingCode
OLD_INFARCTIONS = frozenset(
    (
        _C.OLD_INFERIOR_INFARCTION,
        _C.OLD_ANTEROSEPTAL_INFARCTION,
        _C.OLD_ANTERIOR_INFARCTION,
        _C.OLD_ANTEROLATERAL_INFARCTION,
        _C.OLD_LATERAL_INFARCTION,
    )
)
REPOLARISATION = frozenset(
    (
        _C.ST_DEPRESSION,
        _C.T_INVERSION,
        _C.NONSPECIFIC_ST_T,
        _C.HYPERACUTE_T,
        _C.WELLENS,
        _C.DE_WINTER,
        _C.AVR_ELEVATION,
        _C.SUSPECTED_POSTERIOR_INFARCTION,
        _C.EARLY_REPOLARISATION,
        _C.PERICARDITIS_PATTERN,
        _C.HYPOKALAEMIA_PATTERN,
        _C.BRUGADA_TYPE_1,
        _C.BRUGADA_TYPE_2,
    )
)
VENTRICLES = frozenset(
    (
        _C.LEFT_VENTRICULAR_HIGH_VOLTAGE,
        _C.LEFT_VENTRICULAR_HYPERTROPHY,
        _C.RIGHT_VENTRICULAR_HYPERTROPHY,
        _C.POOR_R_PROGRESSION,
        _C.PULMONARY_EMBOLISM_PATTERN,
    )
)
AXIS = frozenset((_C.LEFT_AXIS_DEVIATION, _C.RIGHT_AXIS_DEVIATION, _C.EXTREME_AXIS_DEVIATION))
WRONG_LIMBS = (
    AXIS
    | OLD_INFARCTIONS
    | {_C.T_INVERSION, _C.LEFT_ANTERIOR_FASCICULAR_BLOCK, _C.LEFT_POSTERIOR_FASCICULAR_BLOCK}
    | {_C.RIGHT_VENTRICULAR_HYPERTROPHY, _C.LOW_VOLTAGE}
)
CHANGED_ACTIVATION = OLD_INFARCTIONS | REPOLARISATION | VENTRICLES
"""What pacing silences as well."""

SUPPRESSED: Mapping[FindingCode, frozenset[FindingCode]] = MappingProxyType(
    {
        _C.MOBITZ_I_AV_BLOCK: frozenset((_C.LONG_PR,)),
        _C.COMPLETE_AV_BLOCK: frozenset((_C.LONG_PR, _C.SHORT_PR, _C.PREEXCITATION)),
        _C.LEFT_BUNDLE_BRANCH_BLOCK: CHANGED_ACTIVATION,
        _C.INTRAVENTRICULAR_CONDUCTION_DELAY: frozenset((_C.NONSPECIFIC_ST_T,)),
        _C.RIGHT_BUNDLE_BRANCH_BLOCK: VENTRICLES
        | {_C.NONSPECIFIC_ST_T, _C.WELLENS, _C.SUSPECTED_POSTERIOR_INFARCTION}
        | {_C.BRUGADA_TYPE_1, _C.BRUGADA_TYPE_2},
        _C.PREEXCITATION: CHANGED_ACTIVATION
        | {_C.SHORT_PR, _C.WIDE_QRS, _C.SUSPECTED_STEMI, _C.ST_NOT_ASSESSED},
        _C.ARM_LEADS_REVERSED: WRONG_LIMBS,
        _C.LIMB_LEADS_REVERSED: WRONG_LIMBS,
        _C.CHEST_LEADS_REVERSED: OLD_INFARCTIONS
        | {_C.POOR_R_PROGRESSION, _C.RIGHT_VENTRICULAR_HYPERTROPHY, _C.BRUGADA_TYPE_2},
        _C.DEXTROCARDIA: AXIS | OLD_INFARCTIONS | VENTRICLES | {_C.T_INVERSION},
        _C.LEFT_VENTRICULAR_HYPERTROPHY: frozenset(
            (_C.NONSPECIFIC_ST_T, _C.POOR_R_PROGRESSION, _C.OLD_ANTEROSEPTAL_INFARCTION)
        ),
        _C.SUSPECTED_STEMI: frozenset(
            (
                _C.EARLY_REPOLARISATION,
                _C.HYPERACUTE_T,
                _C.NONSPECIFIC_ST_T,
                _C.ST_DEPRESSION,
                _C.T_INVERSION,
                _C.SUSPECTED_POSTERIOR_INFARCTION,
            )
        ),
        _C.SUSPECTED_POSTERIOR_INFARCTION: frozenset((_C.ST_DEPRESSION, _C.NONSPECIFIC_ST_T)),
        _C.DE_WINTER: frozenset((_C.ST_DEPRESSION, _C.HYPERACUTE_T, _C.NONSPECIFIC_ST_T)),
        _C.AVR_ELEVATION: frozenset((_C.ST_DEPRESSION, _C.NONSPECIFIC_ST_T)),
        _C.HYPERKALAEMIA_PATTERN: frozenset((_C.HYPERACUTE_T,)),
        _C.WELLENS: frozenset((_C.T_INVERSION, _C.NONSPECIFIC_ST_T)),
        _C.ST_DEPRESSION: frozenset((_C.NONSPECIFIC_ST_T,)),
        _C.T_INVERSION: frozenset((_C.NONSPECIFIC_ST_T,)),
        _C.OLD_ANTEROSEPTAL_INFARCTION: frozenset((_C.POOR_R_PROGRESSION,)),
        _C.OLD_ANTERIOR_INFARCTION: frozenset((_C.POOR_R_PROGRESSION,)),
        _C.OLD_ANTEROLATERAL_INFARCTION: frozenset((_C.POOR_R_PROGRESSION,)),
        _C.RIGHT_VENTRICULAR_HYPERTROPHY: frozenset((_C.LEFT_POSTERIOR_FASCICULAR_BLOCK,)),
    }
)
"""Each code silences those beside it, unless it is silenced itself."""


def without_suppressed(
    findings: list[Finding], *, paced: bool, known: frozenset[FindingCode] = frozenset()
) -> list[Finding]:
    """Return the findings that the others, and those known before, leave standing, in order."""
    silent: set[FindingCode] = set(CHANGED_ACTIVATION if paced else ())
    present = known | {each.code for each in findings}
    for code in SUPPRESSED:
        if code in present and code not in silent:
            silent |= SUPPRESSED[code]
    return [each for each in findings if each.code not in silent]
