"""Check lookup, registration and serialization, as if the sample activations were shipped."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import actgen
from actgen import registry
from actgen.activation import Activation
from actgen.serialization import deserialize, serialize

from .conftest import RECORDS, sample

NAMES = sorted([*RECORDS, "linear"])


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ship the samples, with `silu` as `linear` and an alias that binds a parameter."""
    known = {name: sample(name) for name in RECORDS} | {"linear": sample("silu")}
    bound = {"swish": ("silu", {}), "swish_2": ("silu", {"beta": 2.0})}
    monkeypatch.setattr(registry, "records", lambda: {n: a.spec for n, a in known.items()})
    monkeypatch.setattr(registry, "aliases", lambda: bound)
    monkeypatch.setattr(registry, "_registered", {})

    def find(name: str) -> Activation:
        base, params = bound.get(name, (name, {}))
        return known[base].with_params(**params)

    monkeypatch.setattr(registry, "_shipped", find)


def test_names_and_aliases_are_found() -> None:
    assert registry.names() == NAMES
    assert set(registry.names(aliases=True)) == {*NAMES, "swish", "swish_2"}
    assert registry.get("silu") == registry.get("swish") == sample("silu")
    assert registry.get("swish_2") == sample("silu").with_params(beta=2)
    assert registry.get(None) == registry.get() == registry.get("linear")
    assert registry.get(len) is len
    assert registry.get({"class_name": "silu", "config": {"beta": 2.0}}) == registry.get("swish_2")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sliu", "Unknown activation function: 'sliu'. Did you mean 'silu'?"),
        ("SiLU", "Unknown activation function: 'SiLU'. Did you mean 'silu'?"),
        ("", "Unknown activation function: ''."),
        (3, "Unknown activation function: 3."),
    ],
)
def test_unknown_names_are_refused(name: Any, message: str) -> None:
    with pytest.raises(actgen.UnknownActivationError) as caught:
        registry.get(name)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).startswith(message)


def instances() -> list[Activation]:
    silu, prelu, softmax = sample("silu"), sample("prelu"), sample("softmax")
    return [
        *map(sample, RECORDS),
        silu.fast,
        silu.with_params(beta=0.1).fast,
        silu.with_params(beta=np.inf),
        silu.with_params(beta=[0.1, 1e-300]),
        prelu.with_params(weight=np.array([[0.1], [np.nan]])),
        prelu.with_params(weight=[1, 2], axis=None),
        softmax.with_params(axis=(0, 2)),
        sample("rrelu").with_params(training=True, lower=0.2),
        sample("maxout").with_params(groups=2),
    ]


@pytest.mark.parametrize("activation", instances(), ids=repr)
def test_deserialize_is_the_inverse_of_serialize(activation: Activation) -> None:
    config = serialize(activation)
    text = json.dumps(config, allow_nan=False)
    assert deserialize(json.loads(text)) == activation
    assert registry.get(json.loads(text)) == activation
    assert serialize(deserialize(config)) == config


def test_configs_are_plain_and_short() -> None:
    assert serialize(sample("silu")) == "silu"
    assert serialize(sample("silu").with_params(alpha=2)) == {
        "class_name": "silu",
        "config": {"beta": 2.0},
    }
    fast = serialize(sample("silu").fast)
    assert fast == {"class_name": "silu", "config": {}, "tier": "fast"}


@pytest.mark.parametrize("value", [len, 3, "silu", None, np.exp, object()])
def test_what_is_no_activation_is_not_serialized(value: Any) -> None:
    with pytest.raises(ValueError, match="Cannot serialize") as caught:
        serialize(value)
    assert caught.value.args == ("Cannot serialize", value)


def test_what_another_activation_has_the_name_of_is_not_serialized() -> None:
    record = {**sample("softmax")._record, "name": "silu"}
    namesake = Activation(record, sample("softmax")._kernels)
    for value in (namesake, namesake.fast):
        with pytest.raises(ValueError, match="Cannot serialize"):
            serialize(value)


def test_custom_objects_come_first() -> None:
    own = {"mine": len, "silu": sample("silu").fast, "other": sample("softmax")}
    assert deserialize("mine", custom_objects=own) is len
    assert deserialize("silu", own) == sample("silu").fast
    config = {"class_name": "other", "config": {"axis": 0}}
    assert deserialize(config, own) == sample("softmax").with_params(axis=0)
    with pytest.raises(actgen.UnknownActivationError):
        deserialize("mine")


@pytest.mark.parametrize(
    "config",
    [
        3,
        None,
        {},
        {"class_name": 3},
        {"class_name": "silu", "config": [1]},
        {"class_name": "silu", "config": {}, "tier": "slow"},
        {"class_name": "silu", "config": {"beta": -1.0}},
    ],
)
def test_malformed_configs_are_refused(config: Any) -> None:
    with pytest.raises(ValueError, match=r"config|beta must be"):
        deserialize(config)


def test_registered_callables_are_known_by_their_names() -> None:
    def serf(x: float) -> float:
        return x

    assert registry.register(serf) is serf
    assert registry.get("serf") is serf
    assert serialize(serf) == "serf"
    assert "serf" in registry.names()
    with pytest.raises(ValueError, match="ships an activation of that name"):
        registry.register(sample("silu"))
    with pytest.raises(TypeError, match="no function with a name"):
        registry.register(3)  # type: ignore[type-var]
    with pytest.raises(TypeError, match="no function with a name"):
        registry.register(lambda x: x)
