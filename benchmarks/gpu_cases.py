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
from benchmarks.peer_torch import BACKWARD, FORWARD, SAVED

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
LENGTHS = tuple(2**power for power in range(7, 18))
GATES = ("swiglu", "geglu")
_NEEDED: dict[str, dict[str, Any]] = {"prelu": {"weight": 0.25}}

Call = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """What is compared: `calls` by name, `ours` among them; `bytes` is what ours has to move."""

    group: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    calls: dict[str, Call]


def elementwise_names() -> list[str]:
    """Return the activations of one element that draw no random numbers."""
    specs = {name: actgen.get(name).spec for name in actgen.names()}
    return [n for n, spec in specs.items() if spec["kind"] == "elementwise" and not spec["random"]]


def _filled(shape: tuple[int, ...], dtype: str, seed: int) -> Any:
    generator = torch.Generator("cuda").manual_seed(seed)
    made = torch.empty(shape, dtype=DTYPES[dtype], device="cuda")
    return made.normal_(0, 3, generator=generator)


def elementwise(
    names: Sequence[str], dtypes: Sequence[str], size: int, compiled: bool
) -> Iterator[Case]:
    """Yield forward and backward of each function, beside a copy of as many elements."""
    for dtype in dtypes:
        x, dy = _filled((size,), dtype, 0), _filled((size,), dtype, 1)
        target = torch.empty_like(x)
        copy = partial(target.copy_, x)
        for name in names:
            f = partial(actgen.get(name), **_NEEDED.get(name, {}))
            gradient = partial(actgen.get(name).vjp, **_NEEDED.get(name, {}))
            calls: dict[str, Call] = {"ours": partial(f, x), "copy": copy}
            calls["fast"] = partial(actgen.get(name).fast, x, **_NEEDED.get(name, {}))
            if name in FORWARD:
                calls["eager"] = partial(FORWARD[name], x)
                if compiled:
                    calls["compiled"] = partial(torch.compile(FORWARD[name]), x)
            moved = 2 * size * x.element_size()
            yield Case("forward", name, dtype, (size,), moved, calls)
            calls = {"ours": partial(gradient, x, dy), "copy": copy}
            if name in BACKWARD:
                calls["eager"] = partial(BACKWARD[name], dy, x)
            elif name in SAVED:
                calls["eager"] = partial(SAVED[name], dy, FORWARD[name](x))
            yield Case("vjp", name, dtype, (size,), 3 * size * x.element_size(), calls)


def softmax(
    dtypes: Sequence[str], lengths: Sequence[int], size: int, compiled: bool
) -> Iterator[Case]:
    """Yield softmax and log_softmax over rows of each length."""
    for dtype in dtypes:
        for length in lengths:
            x = _filled((max(1, size // length), length), dtype, 0)
            dy = _filled(tuple(x.shape), dtype, 1)
            moved = 2 * x.numel() * x.element_size()
            for name, reference in (("softmax", torch.softmax), ("log_softmax", torch.log_softmax)):
                f = actgen.get(name)
                calls: dict[str, Call] = {
                    "ours": partial(f, x),
                    "copy": partial(torch.empty_like(x).copy_, x),
                    "eager": partial(reference, x, -1),
                }
                if compiled:
                    calls["compiled"] = partial(torch.compile(FORWARD[name]), x, -1)
                yield Case("rows", name, dtype, tuple(x.shape), moved, calls)
                y = reference(x, -1)
                calls = {"ours": partial(f.vjp, x, dy), "eager": partial(SAVED[name], dy, y)}
                yield Case("rows vjp", name, dtype, tuple(x.shape), 3 * moved // 2, calls)


def gates(dtypes: Sequence[str], size: int, compiled: bool) -> Iterator[Case]:
    """Yield gates over rows of 2 x 4,096."""
    for dtype in dtypes:
        x = _filled((max(1, size // 8192), 8192), dtype, 0)
        for name, inner in (("swiglu", F.silu), ("geglu", F.gelu)):
            calls: dict[str, Call] = {
                "ours": partial(actgen.get(name), x),
                "eager": partial(_gated, inner, x),
            }
            if compiled:
                calls["compiled"] = partial(torch.compile(FORWARD[name]), x)
            moved = 3 * x.numel() // 2 * x.element_size()
            yield Case("gate", name, dtype, tuple(x.shape), moved, calls)


def _gated(inner: Call, x: Any) -> Any:
    gate, value = x.chunk(2, -1)
    return inner(gate) * value  # type: ignore[call-arg]


def overhead() -> Iterator[Case]:
    """Yield calls with 1,024 elements, whose cost is that of the host."""
    x = _filled((1024,), "float32", 0)
    dy, out = _filled((1024,), "float32", 1), torch.empty_like(x)
    for name in ("gelu", "silu", "relu", "tanh"):
        calls = {"ours": partial(actgen.get(name), x), "eager": partial(FORWARD[name], x)}
        yield Case("overhead", name, "float32", (1024,), 8192, calls)
    calls = {
        "ours": partial(actgen.gelu.vjp, x, dy),
        "eager": partial(BACKWARD["gelu"], dy, x),
    }
    yield Case("overhead", "gelu vjp", "float32", (1024,), 12288, calls)
    calls = {
        "ours": partial(actgen.tanh, x, out=out),
        "eager": partial(torch.tanh, x, out=out),
    }
    yield Case("overhead", "tanh out=", "float32", (1024,), 8192, calls)


def verified(names: Sequence[str], dtypes: Sequence[str]) -> list[str]:
    """Return which functions give other results on the GPU than on the CPU, by over two units."""
    wrong = []
    for dtype in dtypes:
        x = _filled((2**16,), dtype, 2)
        host = x.cpu()
        for name in names:
            needed = _NEEDED.get(name, {})
            found = actgen.get(name)(x, **needed).cpu().float().numpy()
            wanted = actgen.get(name)(_array(host), **needed).astype(np.float32)
            unit = {"float32": 2.0**-22, "float16": 2.0**-9, "bfloat16": 2.0**-6}[dtype]
            least = 1e-30 if dtype != "float16" else 1e-7
            if not (abs(found - wanted) <= unit * abs(wanted) + least).all():
                wrong.append(f"{name} ({dtype})")
    return wrong


def _array(tensor: Any) -> Any:
    if tensor.dtype != torch.bfloat16:
        return tensor.numpy()
    from ml_dtypes import bfloat16

    return tensor.view(torch.int16).numpy().view(bfloat16)
