"""Plots: the curves of an activation, drawn the same on every machine."""

import math
import re
from xml.etree import ElementTree

import pytest

from actgen.codegen.curves import caption, curves
from actgen.codegen.inline import read_definitions
from actgen.codegen.plot import XS, plot
from actgen.codegen.sources import SPECS


def values(name, tmp_path=None, text=""):
    path = SPECS / f"{name}.yaml"
    if text:
        path = tmp_path / f"{name}.yaml"
        path.write_text(text)
    (definition,) = read_definitions([path], {})
    return curves(definition.spec, definition.formulas[-1].expr, None)


def at(curve, x):
    return curve[XS.index(x)]


def test_elementwise_curves_have_their_defaults():
    forward, derivative = values("elu")
    assert at(forward, -2.0) == pytest.approx(math.expm1(-2))
    assert at(derivative, -2.0) == pytest.approx(math.exp(-2))
    assert at(forward, 3.0) == 3


def test_a_required_parameter_takes_a_value_within_its_constraint(tmp_path):
    text = "name: f\nparams: {p: {type: float, constraint: '> 1'}}\nformula: p * x\n"
    forward, derivative = values("f", tmp_path, text)
    assert (at(forward, 1.0), at(derivative, 1.0)) == (2, 2)


def test_a_ceiling_of_infinity_is_no_ceiling():
    forward, _ = values("relu")
    assert at(forward, 4.0) == 4


def test_a_gate_is_drawn_against_a_value_of_one():
    forward, _ = values("glu")
    assert at(forward, 0.0) == 0.5


@pytest.mark.parametrize("x", [-3.0, 0.5, 3.0])
def test_normalizations_are_drawn_for_x_0_0(x):
    forward, derivative = values("softmax")
    expected = math.exp(x) / (math.exp(x) + 2)
    assert at(forward, x) == pytest.approx(expected)
    assert at(derivative, x) == pytest.approx(expected * (1 - expected))
    forward, _ = values("log_softmax")
    assert at(forward, x) == pytest.approx(math.log(expected))


def test_ranks_and_supports_are_spelled_out():
    hardmax, _ = values("hardmax")
    assert [at(hardmax, x) for x in (-0.5, 0.0, 0.5)] == [0, 1, 1]
    sparsemax, slope = values("sparsemax")
    assert at(sparsemax, -1.0) == 0
    assert at(sparsemax, 0.0) == pytest.approx(1 / 3)
    assert at(sparsemax, 1.0) == 1
    assert at(slope, 0.5) == pytest.approx(2 / 3)


def test_reshaping_has_no_curve():
    assert values("crelu") is None


def test_captions_say_what_is_drawn():
    for name, words in (("softmax", "(x, 0, 0)"), ("glu", "gate"), ("elu", "elu")):
        (definition,) = read_definitions([SPECS / f"{name}.yaml"], {})
        assert words in caption(definition.spec)


def polylines(svg):
    root = ElementTree.fromstring(svg)
    return [node.get("points") for node in root.iter() if node.tag.endswith("polyline")]


def test_the_drawing_is_small_well_formed_and_titled():
    svg = plot("a < b & c", "spec/f.yaml", [math.tanh(x) for x in XS], [])
    assert len(svg) < 4000
    root = ElementTree.fromstring(svg)
    assert root.find("{http://www.w3.org/2000/svg}title").text == "a < b & c"
    assert "from spec/f.yaml; do not edit" in svg
    assert len(polylines(svg)) == 1


def test_numbers_are_tenths_of_a_pixel():
    svg = plot("f", "f", [x / 3 for x in XS], [math.sin(x) for x in XS])
    points = " ".join(polylines(svg))
    assert re.fullmatch(r"(-?\d+(\.\d)?,-?\d+(\.\d)? ?)+", points)
    assert "-0," not in points


def test_straight_lines_need_two_points():
    (line,) = polylines(plot("f", "f", list(XS), []))
    assert line.count(",") == 2


def test_jumps_are_not_joined():
    assert len(polylines(plot("f", "f", [float(x > 0) for x in XS], []))) == 2
    assert len(polylines(plot("f", "f", [(x > 0) / 2 + (x >= 0) / 2 for x in XS], []))) == 2
    assert len(polylines(plot("f", "f", [math.tanh(20 * x) for x in XS], []))) == 1


def test_what_is_not_finite_is_left_out():
    curve = [math.nan if x == 0 else 1 / x if x > 0 else -math.inf for x in XS]
    (line,) = polylines(plot("f", "f", curve, []))
    assert "nan" not in line and "inf" not in line
    assert polylines(plot("f", "f", [math.nan] * len(XS), [])) == []
