"""The coefficients of the function library are what the fitting script finds."""

import re
from pathlib import Path

import pytest

from actgen.codegen import coefficients
from benchmarks import fit

TEXT = Path(coefficients.__file__).read_text(encoding="utf-8")

# bits that a polynomial is to have, by the end of its name; 55 for the others
BITS = {
    "_SHORT": 33,
    "_PLAIN": 52,
    "_F32": 26,
    "_F32_TOP": 26,
    "_F32_LONG": 28,
    "_F32_FAST": 22,
    "_FAST": 54,
    "_APPROX": 18,
}


@pytest.mark.parametrize("name", ["EXP_SHORT", "LOG", "ERF_SHORT", "EXP_F32", "CDF_APPROX"])
def test_a_fit_gives_the_numbers_of_the_file(name):
    (row,) = (row for row in fit.FITS if row.name == name)
    assert fit.entry(row).strip() in TEXT


def test_a_quotient_gives_the_numbers_of_the_file():
    (row,) = (row for row in fit.QUOTIENTS if row.name == "CDF_F32")
    assert fit.rational_entry(row).strip() in TEXT


def test_every_fit_is_in_the_file_with_a_small_error():
    stated = re.findall(r"# error 2\*\*(-[\d.]+)\n(\w+) = \(", TEXT)
    rows = [*(row.name for row in fit.FITS), *(f"{row.name}_TOP" for row in fit.QUOTIENTS)]
    assert [name for _, name in stated] == rows
    for error, name in stated:
        bits = next((n for end, n in BITS.items() if name.endswith(end)), 55)
        assert float(error) < -bits, name
