"""Hold what the shipped specs declare, beside their formulas, to the table and to the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest
from mpmath import almosteq, isinf, mpf

from actgen.codegen.evaluate import evaluate
from actgen.codegen.inline import Definition, read_definitions
from tests.activations.cases import KINKS
from tests.oracle import names, reference
from tests.oracle.gated import GATES
from tests.oracle.normalization import NORMALIZATIONS

FOLDER = Path(__file__).parents[2] / "spec" / "activations"
PATHS = sorted(FOLDER.glob("*.yaml"))
DEFINITIONS = {d.spec.name: d for d in read_definitions(PATHS)}
ELEMENTWISE = [n for n, d in DEFINITIONS.items() if d.spec.kind == "elementwise"]
PARTICULAR = {"prelu": {"weight": 0.25}}
ALIASES = {
    "silu": {"swish"},
    "hard_silu": {"hard_swish", "hardswish"},
    "hard_sigmoid": {"hardsigmoid"},
    "hard_tanh": {"hardtanh"},
    "hard_shrink": {"hardshrink"},
    "soft_shrink": {"softshrink"},
    "tanh_shrink": {"tanhshrink"},
    "log_sigmoid": {"logsigmoid"},
    "log_softmax": {"logsoftmax"},
    "softsign": {"soft_sign"},
    "linear": {"identity"},
    "relu2": {"squared_relu"},
    "quick_gelu": {"gelu_quick", "gelu_fast_approx"},
    "gelu": {"gelu_tanh", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_approximate"},
}


def _defaults(definition: Definition) -> dict[str, float]:
    values = dict(PARTICULAR.get(definition.spec.name, {}))
    for param in definition.spec.params:
        if param.type != "bool" and not param.required:
            values[param.name] = param.null_means if param.default is None else param.default
    return values


def test_every_activation_is_shipped():
    expected = {*names(), *NORMALIZATIONS, *GATES, "crelu", "maxout"}
    assert expected == DEFINITIONS.keys()
    for name, aliases in ALIASES.items():
        assert aliases <= {alias.name for alias in DEFINITIONS[name].spec.aliases}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_specs_are_complete(path):
    first_line = path.read_text().partition("\n")[0]
    assert first_line == "# yaml-language-server: $schema=../activation.schema.json"
    spec = DEFINITIONS[path.stem].spec
    assert spec.title
    assert spec.summary.endswith(".")
    assert ". " not in spec.summary
    assert all(param.doc.endswith(".") for param in spec.params)
    assert all(kink.doc.endswith(".") for kink in spec.kinks)
    assert all(item.authors and item.year for item in spec.references)
    for profile in spec.profiles:
        assert {param.param for param in profile.params} <= {param.name for param in spec.params}
        assert profile.differs is None or profile.differs.endswith(".")


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_declared_limits_are_those_of_the_oracle(name):
    definition = DEFINITIONS[name]
    values = _defaults(definition)
    for at, limit in definition.limits:
        declared = evaluate(limit, values)
        exact = reference(name, PARTICULAR.get(name)).forward(mpf(at))
        assert declared == exact if isinf(exact) else almosteq(declared, exact, 1e-25, 0)
    missing = {"-inf", "inf"} - {at for at, _ in definition.limits}
    assert missing == ({"-inf"} if name == "rrelu" else set())


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_declared_kinks_are_those_of_the_oracle(name):
    definition = DEFINITIONS[name]
    values = _defaults(definition)
    places = []
    for kink in definition.kinks:
        place = float(evaluate(kink.at, values))
        places.append(place)
        if kink.derivative is not None:
            slope = reference(name, PARTICULAR.get(name)).derivative(place)
            assert almosteq(evaluate(kink.derivative, values), slope, 1e-25, 0)
    expected = {0.0} if name == "prelu" else set(KINKS.get(name, ()))
    # the ceiling of clipped_gelu is one of its results, not a place
    assert set(places) - {float("inf")} == (set() if name == "clipped_gelu" else expected)
