"""Say what is measured on a GPU: each case with the calls to compare and the bytes they move.

Copies and PyTorch work on the same tensors as actgen, on one stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

import actgen
from benchmarks.peer_torch import FORWARD, SAVED, backward

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
LENGTHS = tuple(2**power for power in range(7, 18))
DEVICE = "cuda"
_GATED = {
    "swiglu": (F.silu, torch.ops.aten.silu_backward),
    "geglu": (F.gelu, torch.ops.aten.gelu_backward),
}
_ROWS = {"softmax": torch.softmax, "log_softmax": torch.log_softmax}
_UNIT = {"float32": 2.0**-22, "float16": 2.0**-9, "bfloat16": 2.0**-6}  # two units of results
_LEAST = {"float32": 1e-30, "float16": 1e-7, "bfloat16": 1e-30}
_NEEDED: dict[str, dict[str, Any]] = {"prelu": {"weight": 0.25}}

Call = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """What is compared: `calls` by name, `ours` among them.

    `bytes` is what ours has to move, `copied` what the call named copy moves.
    """

    group: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    calls: dict[str, Call]
    copied: int = 0


def elementwise_names() -> list[str]:
    """Return the activations of one element that draw no random numbers."""
    specs = {name: actgen.get(name).spec for name in actgen.names()}
    return [n for n, spec in specs.items() if spec["kind"] == "elementwise" and not spec["random"]]


def _filled(shape: tuple[int, ...], dtype: str, seed: int) -> Any:
    generator = torch.Generator(DEVICE).manual_seed(seed)
    made = torch.empty(shape, dtype=DTYPES[dtype], device=DEVICE)
    return made.normal_(0, 3, generator=generator)


def _gradient(function: Call) -> Call:
    """Return the function of dy and x that torch.compile makes one backward kernel of."""

    def gradient(dy: Any, x: Any) -> Any:
        return torch.func.vjp(function, x)[1](dy)[0]  # type: ignore[no-untyped-call]

    return gradient


def elementwise(
    names: Sequence[str], dtypes: Sequence[str], size: int, compiled: bool
) -> Iterator[Case]:
    """Yield forward and backward of each function, beside a copy of as many elements."""
    for dtype in dtypes:
        x, dy = _filled((size,), dtype, 0), _filled((size,), dtype, 1)
        copy = partial(torch.empty_like(x).copy_, x)
        moved = size * x.element_size()
        for name in names:
            f, needed = actgen.get(name), _NEEDED.get(name, {})
            calls: dict[str, Call] = {"ours": partial(f, x, **needed), "copy": copy}
            calls["fast"] = partial(f.fast, x, **needed)
            if name in FORWARD:
                calls["eager"] = partial(FORWARD[name], x)
                if compiled:
                    calls["compiled"] = partial(torch.compile(FORWARD[name]), x)
            yield Case("forward", name, dtype, (size,), 2 * moved, calls, 2 * moved)
            calls = {"ours": partial(f.vjp, x, dy, **needed), "copy": copy}
            calls["fast"] = partial(f.fast.vjp, x, dy, **needed)
            eager = backward(name, dy, x)
            if eager is not None:
                calls["eager"] = eager
            elif name in SAVED:
                calls["eager"] = partial(SAVED[name], dy, FORWARD[name](x))
            if compiled and name in FORWARD:
                calls["compiled"] = partial(torch.compile(_gradient(FORWARD[name])), dy, x)
            yield Case("vjp", name, dtype, (size,), 3 * moved, calls, 2 * moved)


def softmax(
    dtypes: Sequence[str], lengths: Sequence[int], size: int, compiled: bool
) -> Iterator[Case]:
    """Yield softmax and log_softmax over rows of each length, forward and backward."""
    for dtype in dtypes:
        for length in lengths:
            x = _filled((max(1, size // length), length), dtype, 0)
            dy = _filled(tuple(x.shape), dtype, 1)
            copy = partial(torch.empty_like(x).copy_, x)
            moved = x.numel() * x.element_size()
            for name, reference in _ROWS.items():
                f = actgen.get(name)
                calls: dict[str, Call] = {"ours": partial(f, x), "copy": copy}
                calls["fast"] = partial(f.fast, x)
                calls["eager"] = partial(reference, x, -1)
                if compiled:
                    calls["compiled"] = partial(torch.compile(FORWARD[name]), x, -1)
                yield Case("rows", name, dtype, tuple(x.shape), 2 * moved, calls, 2 * moved)
                calls = {"ours": partial(f.vjp, x, dy), "copy": copy}
                calls["fast"] = partial(f.fast.vjp, x, dy)
                calls["eager"] = partial(SAVED[name], dy, reference(x, -1))
                if compiled:
                    gradient = torch.compile(_gradient(partial(FORWARD[name], dim=-1)))
                    calls["compiled"] = partial(gradient, dy, x)
                yield Case("rows vjp", name, dtype, tuple(x.shape), 3 * moved, calls, 2 * moved)


def gates(dtypes: Sequence[str], size: int, compiled: bool) -> Iterator[Case]:
    """Yield gates over rows of 2 x 4,096, forward and backward."""
    for dtype in dtypes:
        x = _filled((max(1, size // 8192), 8192), dtype, 0)
        dy = _filled((x.shape[0], 4096), dtype, 1)
        copy = partial(torch.empty_like(dy).copy_, dy)
        moved = dy.numel() * dy.element_size()
        for name, inner in _GATED.items():
            f = actgen.get(name)
            calls: dict[str, Call] = {"ours": partial(f, x), "copy": copy}
            calls["fast"] = partial(f.fast, x)
            calls["eager"] = partial(FORWARD[name], x)
            if compiled:
                calls["compiled"] = partial(torch.compile(FORWARD[name]), x)
            yield Case("gate", name, dtype, tuple(x.shape), 3 * moved, calls, 2 * moved)
            calls = {"ours": partial(f.vjp, x, dy), "copy": copy}
            calls["fast"] = partial(f.fast.vjp, x, dy)
            calls["eager"] = partial(_gated_backward, *inner, dy, x)
            if compiled:
                calls["compiled"] = partial(torch.compile(_gradient(FORWARD[name])), dy, x)
            yield Case("gate vjp", name, dtype, tuple(x.shape), 5 * moved, calls, 2 * moved)


def _gated_backward(forward: Call, slope: Call, dy: Any, x: Any) -> Any:
    gate, value = x.chunk(2, -1)
    return torch.cat((slope(dy * value, gate), dy * forward(gate)), -1)


def overhead() -> Iterator[Case]:
    """Yield calls with 1,024 elements, whose cost is that of the host."""
    x = _filled((1024,), "float32", 0)
    dy, out = _filled((1024,), "float32", 1), torch.empty_like(x)
    for name in ("gelu", "silu", "relu", "tanh"):
        calls = {"ours": partial(actgen.get(name), x), "eager": partial(FORWARD[name], x)}
        yield Case("overhead", name, "float32", (1024,), 8192, calls)
    calls = {
        "ours": partial(actgen.gelu.vjp, x, dy),
        "eager": backward("gelu", dy, x),
    }
    yield Case("overhead", "gelu vjp", "float32", (1024,), 12288, calls)
    calls = {
        "ours": partial(actgen.tanh, x, out=out),
        "eager": partial(torch.tanh, x, out=out),
    }
    yield Case("overhead", "tanh out=", "float32", (1024,), 8192, calls)


def verified(names: Sequence[str], dtypes: Sequence[str]) -> list[str]:
    """Return whose values and gradients on the GPU are none of the CPU's, to two units.

    The gradients of a slice have what its largest loses.
    """
    along = [(name, (64, 1000), (64, 1000)) for name in _ROWS]
    gated = [(name, (64, 512), (64, 256)) for name in _GATED]
    wrong = []
    for dtype in dtypes:
        for name, shape, shape_of_dy in [(n, (2**16,), (2**16,)) for n in names] + along + gated:
            f, needed = actgen.get(name), _NEEDED.get(name, {})
            x, dy = _filled(shape, dtype, 2), _filled(shape_of_dy, dtype, 3)
            for suffix, g, arrays in (("", f, (x,)), (".vjp", f.vjp, (x, dy))):
                found = _array(g(*arrays, **needed)).astype(np.float64)
                wanted = g(*map(_array, arrays), **needed).astype(np.float64)
                scale = abs(wanted)
                if suffix and name in _ROWS:
                    scale = np.maximum(scale, scale.max(-1, keepdims=True))
                if not (abs(found - wanted) <= _UNIT[dtype] * scale + _LEAST[dtype]).all():
                    wrong.append(f"{name}{suffix} ({dtype})")
    return wrong


def _array(tensor: Any) -> Any:
    if not isinstance(tensor, torch.Tensor):
        return tensor
    if tensor.dtype != torch.bfloat16:
        return tensor.cpu().numpy()
    from ml_dtypes import bfloat16

    return tensor.cpu().view(torch.int16).numpy().view(bfloat16)
