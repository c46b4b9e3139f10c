"""QIDO-RS parameters."""

import datetime as dt
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom.web.query import AnyOf, Exact, Query, QueryError, Range, Universal, Wildcard, parse_query

LAST = dt.time(23, 59, 59, 999_999)


def one(name: str, value: str) -> object:
    (match,) = parse_query([(name, value)]).matches.values()
    return match


def test_keywords_and_tags_name_the_same_attribute() -> None:
    assert dict(parse_query([("00100020", "A1")]).matches) == {"PatientID": Exact("A1")}
    assert dict(parse_query([("PatientID", "A1")]).matches) == {"PatientID": Exact("A1")}
    assert set(parse_query([("0020000d", "1.2")]).matches) == {"StudyInstanceUID"}


def test_attributes_of_items_are_named_by_a_path() -> None:
    for name in ("RequestAttributesSequence.RequestedProcedureID", "00400275.00401001"):
        query = parse_query([(name, "R")])
        assert dict(query.matches) == {"RequestAttributesSequence.RequestedProcedureID": Exact("R")}


@pytest.mark.parametrize("value", ["", "*", " * "])
def test_nothing_and_a_star_match_everything(value: str) -> None:
    assert one("PatientName", value) == Universal()


@pytest.mark.parametrize("value", ["Zhang^San^", "Zhang^San^^=", "Zhang^San =="])
def test_nothing_at_the_end_of_a_name_is_left_out(value: str) -> None:
    assert one("PatientName", value) == Exact("Zhang^San")
    assert one("PatientName", "^^=") == Universal()


def test_wildcards_stand_in_text_only() -> None:
    assert one("PatientName", "张*") == Wildcard("张*")
    assert one("AccessionNumber", "A?1") == Wildcard("A?1")
    with pytest.raises(QueryError, match="StudyInstanceUID"):
        one("StudyInstanceUID", "1.2.*")


@pytest.mark.parametrize("value", ["1.2,1.3", "1.2\\1.3", "1.2, 1.3,1.2,"])
def test_lists_of_uids_are_any_of_them(value: str) -> None:
    assert one("StudyInstanceUID", value) == AnyOf(("1.2", "1.3"))
    assert one("ModalitiesInStudy", "CT,MR") == AnyOf(("CT", "MR"))
    assert one("AccessionNumber", "A,B") == Exact("A,B")


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("20240131", dt.date(2024, 1, 31), dt.date(2024, 1, 31)),
        ("20240101-20240131", dt.date(2024, 1, 1), dt.date(2024, 1, 31)),
        ("-20240131", None, dt.date(2024, 1, 31)),
        ("20240101-", dt.date(2024, 1, 1), None),
    ],
)
def test_dates_are_ranges(value: str, low: dt.date | None, high: dt.date | None) -> None:
    assert one("StudyDate", value) == Range(low, high)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("10", dt.time(10), dt.time(10, 59, 59, 999_999)),
        ("1015-", dt.time(10, 15), None),
        ("-1015", None, dt.time(10, 15, 59, 999_999)),
        ("00-23", dt.time(0), LAST),
        ("101530.25", dt.time(10, 15, 30, 250_000), dt.time(10, 15, 30, 250_000)),
    ],
)
def test_times_are_as_wide_as_their_precision(
    value: str, low: dt.time | None, high: dt.time | None
) -> None:
    assert one("StudyTime", value) == Range(low, high)


def moment(*parts: int, east_hours: int | None = None) -> dt.datetime:
    zone = None if east_hours is None else dt.timezone(dt.timedelta(hours=east_hours))
    year, month, day, hour, minute, second, microsecond = (*parts, 0, 0, 0, 0)[:7]
    return dt.datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("2024", moment(2024, 1, 1), moment(2024, 12, 31, 23, 59, 59, 999_999)),
        ("202402", moment(2024, 2, 1), moment(2024, 2, 29, 23, 59, 59, 999_999)),
        ("2024-2025", moment(2024, 1, 1), moment(2025, 12, 31, 23, 59, 59, 999_999)),
        ("20240101-", moment(2024, 1, 1), None),
        (
            "20240101120000-0500",
            moment(2024, 1, 1, 12, east_hours=-5),
            moment(2024, 1, 1, 12, 0, 0, 999_999, east_hours=-5),
        ),
        (
            "20240101120000+0800-20240101130000+0800",
            moment(2024, 1, 1, 12, east_hours=8),
            moment(2024, 1, 1, 13, 0, 0, 999_999, east_hours=8),
        ),
    ],
)
def test_moments_are_told_from_zone_offsets(
    value: str, low: dt.datetime | None, high: dt.datetime | None
) -> None:
    assert one("AcquisitionDateTime", value) == Range(low, high)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Nonsense", "1"),
        ("studydate", "20240101"),
        ("StudyDate", "yesterday"),
        ("StudyDate", "20240101-x"),
        ("StudyDate", "-"),
        ("StudyTime", "9999"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("offset", "1e3"),
        ("fuzzymatching", "maybe"),
        ("SeriesNumber", "x"),
        ("StudyInstanceUID", "../.."),
        ("RequestAttributesSequence", "x"),
        ("emptyvaluematching", "maybe"),
        ("00091001.PatientID", "x"),
        ("PatientID.PatientName", "x"),
        ("PatientID", "x" * 20_000),
        ("StudyInstanceUID", ",".join(str(n) for n in range(2000))),
        ("A.B.C.D.E", "x"),
        ("StudyInstanceUID", ","),
    ],
)
def test_what_cannot_be_answered_is_refused(name: str, value: str) -> None:
    with pytest.raises(QueryError):
        parse_query([(name, value)])


def test_a_parameter_that_stands_twice_is_refused() -> None:
    for name, value in (("PatientID", "1"), ("limit", "1")):
        with pytest.raises(QueryError, match="twice"):
            parse_query([(name, value)] * 2)
    with pytest.raises(QueryError, match="too long"):
        parse_query([("accept", "x")] * 1000)


def test_a_key_without_a_keyword_is_named_by_its_tag() -> None:
    assert dict(parse_query([("0009100a", "X")]).matches) == {"0009100A": Exact("X")}
    assert dict(parse_query([("99990099", "")]).matches) == {"99990099": Universal()}


def test_a_field_that_is_no_attribute_is_left_out() -> None:
    query = parse_query([("includefield", 'Nonsense,PatientID,00091001,a"b,all')])
    assert (query.include, query.include_all) == (("PatientID", "00091001"), True)
    assert query.unknown == ("Nonsense", "?")


def test_options_that_are_not_performed_are_noted() -> None:
    query = parse_query([("emptyvaluematching", "true"), ("multiplevaluematching", "false")])
    assert (query.matches, query.unsupported) == ({}, ("emptyvaluematching",))


def test_paging_and_fields_are_parsed() -> None:
    assert parse_query(
        [
            ("limit", "100"),
            ("offset", "200"),
            ("fuzzymatching", "true"),
            ("accept", "application/json"),
            ("includefield", "StudyDescription,00080061"),
            ("includefield", "PatientID"),
        ]
    ) == Query({}, ("StudyDescription", "ModalitiesInStudy", "PatientID"), False, True, 100, 200)
    assert parse_query([("includefield", "all")]).include_all
    assert parse_query([]) == Query({})


@given(
    st.sampled_from(
        [
            "StudyDate",
            "StudyTime",
            "AcquisitionDateTime",
            "PatientName",
            "StudyInstanceUID",
            "Rows",
            "limit",
            "includefield",
            "00080020",
        ]
    ),
    st.text(max_size=40),
)
def test_no_value_raises_anything_else(name: str, value: str) -> None:
    with suppress(QueryError):
        assert isinstance(parse_query([(name, value)]), Query)


@given(st.text(max_size=30))
def test_no_name_raises_anything_else(name: str) -> None:
    with suppress(QueryError):
        assert isinstance(parse_query([(name, "1")]), Query)
