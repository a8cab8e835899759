"""Measure other libraries by the same sweep: a library and a case in, float32 figures out.

Their functions are those of `make bench`. A library that cannot be imported has no figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from benchmarks import accuracy_inputs as inputs
from benchmarks.accuracy_cases import Case
from benchmarks.accuracy_judge import figure, narrow_errors, written
from benchmarks.accuracy_sweep import Figures, Progress, compiled_reference
from tests.oracle.sweep import ends

Array = np.ndarray
Evaluate = Callable[[Array], Array]
Peer = Callable[[str], "tuple[Evaluate | None, Evaluate | None]"]


def measure(library: str, case: Case, stride: int, progress: Progress) -> Figures:
    """Return the worst errors of a library's function and derivative, as far as it has them."""
    functions = PEERS[library](_name(case))
    reference = compiled_reference(case)
    limits = np.array(ends(case.name, **dict(case.params)))
    worst, at, count = [0.0, 0.0], [math.nan, math.nan], 0
    total = inputs.chunks("float32", stride)
    for number, x in enumerate(inputs.every("float32", stride)):
        exact = np.empty((2, x.size))
        reference(x, limits, *exact)
        count += x.size
        for order, function in enumerate(functions):
            if function is not None:
                errors = narrow_errors(function(x), exact[order], "float32")
                errors[~np.isfinite(x)] = 0.0  # conventions differ there
                if errors.max() > worst[order]:
                    worst[order], at[order] = float(errors.max()), float(x[errors.argmax()])
        progress((number + 1) / total)
    return {
        case.quantity(order): {
            "float32": {library: figure(worst[order], written(at[order], "float32"), count)}
        }
        for order, function in enumerate(functions)
        if function is not None
    }


def has(library: str, case: Case) -> bool:
    """Tell whether a library has the function. Raises ImportError where there is no library."""
    return PEERS[library](_name(case))[0] is not None


def _name(case: Case) -> str:
    return "gelu_tanh" if case.params else case.name


def _torch(name: str) -> tuple[Evaluate | None, Evaluate | None]:
    import torch

    from benchmarks.peer_torch import FORWARD

    torch.set_num_threads(1)
    function = FORWARD.get(name)
    if function is None:
        return None, None

    def derivative(x: Array) -> Array:
        at = torch.from_numpy(x).requires_grad_()
        with torch.enable_grad():
            (slope,) = torch.autograd.grad(function(at).sum(), at)
        return np.asarray(slope)

    return lambda x: function(torch.from_numpy(x)).detach().numpy(), derivative


def _jax(name: str) -> tuple[Evaluate | None, Evaluate | None]:
    import jax
    import jax.numpy as jnp

    from benchmarks.peer_jax import FORWARD

    jax.config.update("jax_platforms", "cpu")
    function = FORWARD.get(name)
    if function is None:
        return None, None
    value = jax.jit(function)
    slope = jax.jit(lambda x: jax.vjp(function, x)[1](jnp.ones_like(x))[0])
    return lambda x: np.asarray(value(x)), lambda x: np.asarray(slope(x))


def _onnxruntime(name: str) -> tuple[Evaluate | None, Evaluate | None]:
    import onnxruntime
    from onnx import TensorProto, helper

    from benchmarks.peer_onnx import NODES

    if name not in NODES:
        return None, None
    operation, own = NODES[name]
    ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, [None]) for end in "xy"]
    graph = helper.make_graph(
        [helper.make_node(operation, ["x"], ["y"], **own)], name, ends[:1], ends[1:]
    )
    opset = [helper.make_opsetid("", 24)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    onnxruntime.set_default_logger_severity(4)
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception:  # its errors are of many types; it has no kernel for this function
        return None, None
    return lambda x: np.asarray(session.run(None, {"x": x})[0]), None


PEERS: dict[str, Peer] = {"torch": _torch, "jax": _jax, "onnxruntime": _onnxruntime}
