"""Paging cursors: ours come back as they were, any other word is refused."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import pytest

from server.core.errors import InvalidInput
from server.core.paging import Cursor, decode_cursor


def test_a_cursor_comes_back_as_it_was() -> None:
    cursor = Cursor(datetime(2026, 11, 21, 2, 0, 0, 5, tzinfo=UTC), "ab12")
    assert decode_cursor(cursor.encode()) == cursor
    assert decode_cursor(None) is None


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-11-21 ab", "2026-11-21T02:00:00+00:00 a;b", "0001-01-01T00:00:00+14:00 ab"],
)
def test_any_other_word_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        decode_cursor(urlsafe_b64encode(text.encode()).decode())
    assert error.value.code == "bad-cursor"
