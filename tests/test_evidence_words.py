"""What the screening names in its evidence, the ECG page has words for, in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WORDS = ROOT / "web_client" / "src" / "features" / "ecg" / "i18n"
# Which argument of these functions names the quantity.
PLACES = {"Evidence": 0, "over_leads": 1, "_sum_evidence": 1, "finding": 2}
UNSHOWN = {"all"}


def quantities() -> Iterator[str]:
    """Yield the quantities written out in ``ecg/``."""
    for path in sorted((ROOT / "ecg").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            place = PLACES.get(node.func.id)
            if place is None or len(node.args) <= place:
                continue
            for part in ast.walk(node.args[place]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_quantity_has_its_words(language: str) -> None:
    known = (WORDS / f"{language}.ts").read_text("utf-8")
    named = set(quantities()) - UNSHOWN
    assert {"heart_rate", "st_at_j_60", "shortest_rr"} <= named
    missing = {each for each in named if f"'q.{each}" not in known}
    assert missing == set()
