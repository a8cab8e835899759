"""Offer hand-written activations, one per kind, that need neither the compiler nor its output."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from actgen.activation import Activation
from actgen.loading import from_source

HERE = Path(__file__).parent
os.environ.setdefault("ACTGEN_CACHE_DIR", str(HERE.parents[1] / ".pytest_cache" / "kernels"))

BETA = {"name": "beta", "type": "float", "default": 1.0, "constraint": [[">", 0.0]]}
RECORDS: dict[str, dict[str, Any]] = {
    "silu": {"params": [BETA | {"aliases": ["alpha"]}], "partials": ["beta"]},
    "prelu": {
        "params": [{"name": "weight", "type": "array", "along_axis": True}],
        "axis": {"default": 1, "tuple": False, "none": True},
        "partials": ["weight"],
    },
    "rrelu": {
        "params": [
            {"name": "lower", "type": "float", "default": 0.125, "constraint": [["<=", "upper"]]},
            {"name": "upper", "type": "float", "default": 0.5},
            {"name": "training", "type": "bool", "default": False},
        ],
        "random": ["u"],
        "variants": [[{"training": True}, "_training"], [{}, ""]],
    },
    "softmax": {
        "kind": "normalization",
        "params": [BETA | {"name": "tau"}],
        "axis": {"default": -1, "tuple": True, "none": False},
        "mask": True,
        "partials": ["tau"],
    },
    "swiglu": {
        "kind": "gated",
        "params": [BETA],
        "axis": {"default": -1, "tuple": False, "none": False},
        "gate": "first",
        "partials": ["beta"],
    },
    "crelu": {
        "kind": "reshaping",
        "axis": {"default": -1, "tuple": False, "none": False},
        "pieces": 2,
    },
    "maxout": {
        "kind": "reshaping",
        "params": [{"name": "groups", "type": "int", "constraint": [[">", 0]]}],
        "axis": {"default": 1, "tuple": False, "none": False},
        "groups": "groups",
    },
}


@cache
def sample(name: str) -> Activation:
    record = {
        "name": name,
        "title": name,
        "summary": f"The sample {name}.",
        "family": "other",
        "kind": "elementwise",
        "formula": "x",
        "doc": f"The sample {name}.",
        "aliases": {},
        "params": [],
        "axis": None,
        "gate": None,
        "mask": False,
        "random": [],
        "groups": None,
        "pieces": 1,
        "variants": [[{}, ""]],
        "partials": [],
        "kinks": [],
        "limits": {},
        "module": "",
    }
    source = (HERE / "samples" / f"{name}.py").read_text()
    return from_source(record | RECORDS[name], source)


@pytest.fixture(params=list(RECORDS))
def any_sample(request: pytest.FixtureRequest) -> Activation:
    return sample(request.param)


@pytest.fixture
def silu() -> Activation:
    return sample("silu")


@pytest.fixture
def prelu() -> Activation:
    return sample("prelu")


@pytest.fixture
def rrelu() -> Activation:
    return sample("rrelu")


@pytest.fixture
def softmax() -> Activation:
    return sample("softmax")


@pytest.fixture
def swiglu() -> Activation:
    return sample("swiglu")


@pytest.fixture
def crelu() -> Activation:
    return sample("crelu")


@pytest.fixture
def maxout() -> Activation:
    return sample("maxout")
