"""Check the shipped activations as objects: every name, alias, signature and config."""

from __future__ import annotations

import importlib
import inspect
import json
import pickle
import pydoc

import numpy as np
import pytest

import actgen
from actgen.cache import KernelCache

ALL = actgen.names(aliases=True)


@pytest.mark.parametrize("name", ALL)
def test_every_name_is_its_own_inverse(name: str) -> None:
    activation = getattr(actgen, name)
    assert activation == actgen.get(name) == actgen.Activation.__copy__(activation)
    config = json.loads(json.dumps(actgen.serialize(activation), allow_nan=False))
    assert actgen.deserialize(config) == activation
    assert actgen.deserialize(actgen.serialize(activation.fast)) == activation.fast
    assert pickle.loads(pickle.dumps(activation)) == activation
    if name in actgen.names():
        assert config == name == activation.name == activation.__name__


@pytest.mark.parametrize("name", actgen.names())
def test_every_activation_explains_itself(name: str) -> None:
    activation = getattr(actgen, name)
    parameters = list(inspect.signature(activation).parameters)
    assert parameters[0] == "x" and "out" in parameters
    assert {p["name"] for p in activation.spec["params"]} <= set(parameters)
    assert activation.formula and activation.spec["summary"]
    first, *_ = activation.__doc__.splitlines()
    assert first in pydoc.render_doc(activation, renderer=pydoc.plaintext)


def test_the_package_lists_what_it_has() -> None:
    assert set(ALL) <= set(dir(actgen))
    assert set(ALL) <= set(actgen.__all__)
    assert set(actgen.__all__) <= set(dir(actgen))


def test_a_misspelt_attribute_gets_a_hint() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'reul'\. Did you mean 'relu'\?"):
        _ = actgen.reul


def test_aliases_may_bind_parameters() -> None:
    assert actgen.get("gelu_tanh") == actgen.gelu.with_params(approximate=True)
    assert actgen.serialize(actgen.gelu_tanh) == {
        "class_name": "gelu",
        "config": {"approximate": True},
    }
    assert actgen.leaky_relu.with_params(alpha=0.3).params == {"negative_slope": 0.3}


@pytest.mark.parametrize("length", [1, 3, 16, 100, 1000])
def test_every_nan_stays_a_quiet_one(length: int) -> None:
    for kind, quiet in (("u4", 0x7FC00000), ("u8", 0x7FF8 << 48), ("u2", 0x7E00)):
        size = np.dtype(kind).itemsize
        patterns = [quiet, quiet | 5, quiet | 1 << 8 * size - 1, (quiet | 7) ^ 1 << 8 * size - 1]
        x = np.resize(np.array(patterns, kind), length).view(f"f{size}")
        for name in ("relu", "silu", "leaky_relu", "gelu", "exponential", "linear"):
            for f in (actgen.get(name), actgen.get(name).fast):
                assert set(f(x).view(kind) & quiet) == {quiet}


@pytest.mark.parametrize("name", sorted(actgen.names()))
def test_every_kernel_can_be_kept_on_disk(name: str) -> None:
    module = importlib.import_module(f"actgen.generated.cpu.{name}")
    caches = {key: getattr(value, "_cache", None) for key, value in vars(module).items()}
    kernels = {key: own for key, own in caches.items() if isinstance(own, KernelCache)}
    assert kernels
    assert not [key for key, own in kernels.items() if own.fingerprint is None]
