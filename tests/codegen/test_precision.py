"""Formats: rounding to the nearest number, what is held, and the unit in the last place."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actgen.codegen.precision import FLOAT32, FLOAT64, FORMATS

LARGEST = float(np.finfo(np.float32).max)
TINY = 2.0**-149  # the smallest subnormal float32


def test_formats_are_found_by_the_names_of_their_dtypes():
    assert FORMATS == {"float64": FLOAT64, "float32": FLOAT32}
    for name, fmt in FORMATS.items():
        info = np.finfo(name)
        assert (fmt.bits, fmt.least) == (info.nmant + 1, info.minexp)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction("0.1"), float(np.float32(0.1))),
        (Fraction(TINY), TINY),
        (Fraction(TINY) / 2, 0.0),  # a tie, to even
        (Fraction(TINY) * 3 / 4, TINY),
        (Fraction(2**24 + 1), 2.0**24),
        (Fraction(LARGEST) + 2**102, LARGEST),
        (Fraction(LARGEST) + 2**103, math.inf),
        (-(Fraction(10) ** 39), -math.inf),
        (Fraction(10) ** 400, math.inf),
        (-(Fraction(10) ** 400), -math.inf),
        (Fraction(1, 10**400), 0.0),
    ],
)
def test_float32_rounds_to_the_nearest_number(value, expected):
    assert FLOAT32.nearest(value) == expected


@given(st.fractions())
def test_float64_rounds_as_python_does(value):
    assert FLOAT64.nearest(value) == float(value)


def test_a_format_holds_its_own_numbers_only():
    assert FLOAT32.holds(Fraction(TINY)) and not FLOAT32.holds(Fraction(TINY) / 2)
    assert FLOAT32.holds(Fraction(LARGEST)) and not FLOAT32.holds(Fraction(2**128))
    assert FLOAT64.holds(Fraction(0.1)) and not FLOAT32.holds(Fraction(0.1))
    assert not FLOAT64.holds(Fraction("0.1"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_unit_is_the_distance_to_the_next_number(dtype):
    info = np.finfo(dtype)
    numbers = np.array(
        [0.0, info.smallest_subnormal, info.tiny / 2, info.tiny, 1.0, 1.5, -2.0, info.max / 2],
        dtype,
    )
    found = FORMATS[dtype].ulp(numbers.astype(np.float64))
    assert found.tolist() == np.abs(np.spacing(numbers)).astype(np.float64).tolist()


def test_the_unit_below_a_power_of_two_is_that_of_the_exact_value():
    below = np.array([1 - 2.0**-40, 1.0])
    assert FLOAT32.ulp(below).tolist() == [2.0**-24, 2.0**-23]


def test_what_is_not_finite_has_a_finite_unit():
    assert np.isfinite(FLOAT32.ulp(np.array([np.inf, -np.inf, np.nan]))).all()
