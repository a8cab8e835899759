"""The coefficients of the function library are what the fitting script finds."""

import re
from pathlib import Path

import pytest

from actgen.codegen import coefficients
from benchmarks import fit

TEXT = Path(coefficients.__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["EXP_SHORT", "LOG", "ERF_SHORT"])
def test_a_fit_gives_the_numbers_of_the_file(name):
    (row,) = (row for row in fit.FITS if row.name == name)
    assert fit.entry(row).strip() in TEXT


def test_every_fit_is_in_the_file_with_a_small_error():
    stated = re.findall(r"# error 2\*\*(-[\d.]+)\n(\w+) = \(", TEXT)
    assert [name for _, name in stated] == [row.name for row in fit.FITS]
    for error, name in stated:
        bound = {"SHORT": -33, "PLAIN": -52}.get(name.rsplit("_", 1)[-1], -55)
        assert float(error) < bound, name
