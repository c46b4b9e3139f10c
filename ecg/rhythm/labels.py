"""The beat labels of the JSON contract."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ecg.filters import Array
from ecg.rhythm.view import COLUMN

STRANGE_LIKE = 0.75
STRANGE_WIDER = 0.15


class BeatLabel(StrEnum):
    """What kind of beat, after the groups of ANSI/AAMI EC57."""

    NORMAL = "N"
    VENTRICULAR = "V"
    SUPRAVENTRICULAR = "S"
    FUSION = "F"
    PACED = "P"
    UNKNOWN = "Q"


def conducted_by_shape(shapes: Array) -> NDArray[np.bool_]:
    """Tell beats that look conducted from wide and strange ones, before any label exists."""
    strange = shapes[:, COLUMN["qrs_like_dominant"]] < STRANGE_LIKE
    wide = (shapes[:, COLUMN["log_own_width"]] > STRANGE_WIDER) | (
        shapes[:, COLUMN["log_class_width"]] > STRANGE_WIDER
    )
    return ~(strange & wide)
