import math
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.ingest.prometheus_answer import error_text, parse_matrix, parse_vector


def answer(kind: str, result: Any) -> bytes:
    return orjson.dumps({"status": "success", "data": {"resultType": kind, "result": result}})


def matrix(*pairs: tuple[float, str]) -> bytes:
    return answer("matrix", [{"metric": {"job": "shop"}, "values": list(pairs)}])


def values(body: bytes, count: int) -> list[float]:
    (measured,) = parse_matrix(body, 60, 60, count)
    return [-1.0 if math.isnan(value) else value for value in measured.values.tolist()]


def test_missing_steps_are_no_value() -> None:
    assert values(matrix((60, "1"), (180, "3")), 4) == [1.0, -1.0, 3.0, -1.0]


def test_a_full_column_keeps_its_order() -> None:
    assert values(matrix((60, "1"), (120, "2e3"), (180, "0")), 3) == [1.0, 2000.0, 0.0]


def test_what_is_not_finite_or_too_large_is_no_value() -> None:
    body = matrix((60, "NaN"), (120, "+Inf"), (180, "-Inf"), (240, "1e300"), (300, "5"))
    assert values(body, 5) == [-1.0, -1.0, -1.0, -1.0, 5.0]


def test_steps_outside_the_asked_ones_are_dropped() -> None:
    assert values(matrix((0, "9"), (60, "1"), (600, "9")), 2) == [1.0, -1.0]


def test_a_scalar_is_one_series_without_labels() -> None:
    found = parse_vector(answer("scalar", [60, "2.5"]))
    assert (found.labels, found.values.tolist()) == ([{}], [2.5])


def test_a_vector_keeps_its_order() -> None:
    body = answer("vector", [{"metric": {"a": str(n)}, "value": [60, str(n)]} for n in range(3)])
    assert parse_vector(body).values.tolist() == [0.0, 1.0, 2.0]


def test_a_vector_tells_where_it_is_infinite_and_labels_are_texts() -> None:
    told = [("a", "+Inf"), (5, "NaN"), (None, "1e300"), ("d", "7")]
    found = parse_vector(
        answer("vector", [{"metric": {"a": one}, "value": [60, text]} for one, text in told])
    )
    assert found.labels == [{"a": "a"}, {"a": "5"}, {"a": "None"}, {"a": "d"}]
    assert np.isnan(found.values).tolist() == [True, True, True, False]
    assert found.infinite == (0, 2)


def test_a_vector_of_histograms_is_refused() -> None:
    with pytest.raises(InputError, match="native histograms"):
        parse_vector(answer("vector", [{"metric": {}, "histogram": [60, {}]}]))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<html>log in</html>", "no JSON .*: <html>log in</html>"),
        (b"[]", "reports no success"),
        (b'{"status":"error","errorType":"execution","error":"boom"}', "execution: boom"),
        (answer("string", [60, "x"]), "holds 'string', expected a matrix"),
        (answer("vector", []), "holds 'vector', expected a matrix"),
        (answer("matrix", {}), "expected a matrix"),
        (answer("matrix", [{"metric": {}, "histograms": []}]), "native histograms"),
        (answer("matrix", [{"metric": {}}]), "malformed"),
        (answer("matrix", [{"metric": {}, "values": [[60]]}]), "malformed"),
        (answer("matrix", [{"metric": {}, "values": [[60, "x"]]}]), "malformed"),
        (answer("matrix", [5]), "malformed"),
    ],
)
def test_what_is_no_matrix_is_refused(body: bytes, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        parse_matrix(body, 60, 60, 3)


def test_an_error_is_told_on_one_printable_line() -> None:
    assert error_text(b"\x1b[31mred\r\nline" + b"x" * 1000).startswith("[31mred line")
    assert len(error_text(b"x" * 1000)) == 300
    assert error_text(b"") == "an empty body"


_json = st.recursive(
    st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=4) | st.sampled_from(["NaN", "1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["metric", "values", "value"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.binary(max_size=40) | _json.map(lambda result: answer("matrix", result)))
def test_any_bytes_are_columns_or_refused(body: bytes) -> None:
    try:
        found = parse_matrix(body, 60, 60, 3)
    except InputError:
        return
    assert all(one.values.shape == (3,) for one in found)
    assert all(one.values.dtype == np.float64 for one in found)


@given(st.binary(max_size=40) | _json.map(lambda result: answer("vector", result)))
def test_any_bytes_are_a_vector_or_refused(body: bytes) -> None:
    try:
        found = parse_vector(body)
    except InputError:
        return
    assert found.values.shape == (len(found.labels),)
    assert all(isinstance(text, str) for labels in found.labels for text in labels.values())
