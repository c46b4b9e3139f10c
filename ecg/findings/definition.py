"""What stands behind a code: texts and standard codes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """What stands behind a code.

    Attributes
    ----------
    text_zh, text_en
        The statement.
    scp
        SCP-ECG statement (EN 1064 annex on the universal statement codes), where there is one.
    snomed
        SNOMED CT concept, where there is one.
    """

    text_zh: str
    text_en: str
    scp: str | None = None
    snomed: str | None = None
