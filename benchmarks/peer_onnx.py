"""Call ONNX Runtime: a model of one node for each function, its arrays bound beforehand."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from benchmarks.candidates import Candidate
from benchmarks.cases import Case, parameter
from benchmarks.data import Data

NODES: dict[str, tuple[str, dict[str, Any]]] = {
    **{"relu": ("Relu", {}), "sigmoid": ("Sigmoid", {}), "tanh": ("Tanh", {})},
    **{"silu": ("Swish", {}), "gelu": ("Gelu", {}), "mish": ("Mish", {})},
    "gelu_tanh": ("Gelu", {"approximate": "tanh"}),
    **{"softplus": ("Softplus", {}), "elu": ("Elu", {}), "selu": ("Selu", {})},
    **{"exponential": ("Exp", {}), "celu": ("Celu", {}), "leaky_relu": ("LeakyRelu", {})},
    **{"hard_silu": ("HardSwish", {}), "softsign": ("Softsign", {})},
    **{"softmax": ("Softmax", {}), "log_softmax": ("LogSoftmax", {})},
}
_TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "float16": TensorProto.FLOAT16,
}
_OPSET, _IR = 24, 10
_ALPHAS = ("elu", "celu", "leaky_relu")  # their parameter is called alpha in ONNX


class OnnxRuntime:
    """ONNX Runtime on the CPU."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._sessions: dict[tuple[Any, ...], Any] = {}
        onnxruntime.set_default_logger_severity(4)

    def threads(self, count: int) -> bool:
        self._threads = count
        return True

    def prepare(self, case: Case, data: Data) -> list[Candidate]:
        usual = case.shape in ("plain", "out", "scalar-parameter") or case.kind == "normalization"
        known = case.function in NODES and case.dtype in _TYPES
        if not (usual and known) or data.mask is not None or case.shape == "vjp":
            return []
        attributes = {}
        if case.kind == "normalization":
            attributes["axis"] = data.axis
        if case.shape == "scalar-parameter":
            if case.function not in _ALPHAS:
                return []
            attributes["alpha"] = data.params[str(parameter(case.function))]
        session = self._session(case, attributes)
        if session is None:
            return []
        binding, held = session.io_binding(), [data.x, data.empty]
        x, y = (onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in held)
        binding.bind_ortvalue_input("x", x)
        if case.shape == "out":
            binding.bind_ortvalue_output("y", y)
        else:
            binding.bind_output("y", "cpu")  # allocated anew by each call
        call = partial(session.run_with_iobinding, binding)
        return [Candidate("onnxruntime", call, partial(_values, binding, held))]

    def _session(self, case: Case, attributes: dict[str, Any]) -> Any:
        key = (case.function, case.dtype, self._threads, tuple(attributes.items()))
        if key not in self._sessions:
            self._sessions[key] = self._build(case, attributes)
        return self._sessions[key]

    def _build(self, case: Case, attributes: dict[str, Any]) -> Any:
        operation, own = NODES[case.function]
        element = _TYPES[case.dtype]
        ends = [helper.make_tensor_value_info(name, element, None) for name in "xy"]
        node = helper.make_node(operation, ["x"], ["y"], **own, **attributes)
        graph = helper.make_graph([node], case.function, ends[:1], ends[1:])
        opset = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=_IR)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        try:
            return onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception:  # its errors are of many types; it has no kernel for this dtype
            return None


def _values(binding: Any, held: Any, _: Any) -> Any:
    """Return what the last run left; `held` is the memory that it reads and writes."""
    return np.array(binding.get_outputs()[0].numpy())
