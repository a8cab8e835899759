"""Hold every elementwise activation and its derivatives to the error bounds of each dtype."""

from __future__ import annotations

import numpy as np
import pytest

from tests.activations.cases import (
    CASES,
    DTYPES,
    NARROW,
    away_from_kinks,
    case_id,
    evaluate,
    every_value,
    points,
    strided_float32,
)
from tests.activations.judge import BOUNDS, exact_errors, report, sweep_errors

every_case = pytest.mark.parametrize(("name", "params"), CASES, ids=case_id)


@every_case
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_hard_points(name, params, order, dtype):
    x = points(name, params, DTYPES[dtype], order)
    computed = evaluate(name, params, x, order)
    assert computed.dtype == x.dtype
    error = exact_errors(name, params, order, x, computed)
    assert error.max() <= BOUNDS[dtype], report(name, order, x, computed, error)


@every_case
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_second_derivative(name, params, dtype):
    x = away_from_kinks(name, points(name, params, DTYPES[dtype], 2))
    computed = evaluate(name, params, x, 2)
    assert computed.dtype == x.dtype
    error = exact_errors(name, params, 2, x, computed)
    assert error.max() <= BOUNDS[dtype], report(name, 2, x, computed, error)


@every_case
@pytest.mark.parametrize("order", [0, 1])
def test_strided_sweep_of_float32(name, params, order):
    x = strided_float32()
    if name == "snake" and order == 1:
        x = x[np.isfinite(x)]
    computed = evaluate(name, params, x, order)
    error = sweep_errors(name, params, order, x, computed)
    assert error.max() < BOUNDS["float32"], report(name, order, x, computed, error)


@every_case
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("dtype", NARROW)
def test_every_input_of_16_bits(name, params, order, dtype):
    x = every_value(DTYPES[dtype])
    computed = evaluate(name, params, x, order)
    error = sweep_errors(name, params, order, x, computed)
    assert error.max() <= BOUNDS[dtype], report(name, order, x, computed, error)
