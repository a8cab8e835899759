"""Draw the random arrays that some activations take, on a GPU.

In: an `rng=` argument and a call. Out: float64 arrays of uniform numbers on the open interval
(0, 1). A seed gives the same numbers each time, on any device, whatever the library and strides;
they are not those of the CPU.
"""

from __future__ import annotations

from typing import Any

from actgen.cuda.calls import DeviceCall
from actgen.cuda.launch import launcher
from actgen.cuda.sums import THREADS, blocks
from actgen.cuda.views import View
from actgen.randomness import generator

_SEEDS = 2**62


def open_uniform(call: DeviceCall, rng: Any) -> View:
    """Return uniform numbers that are neither 0 nor 1, one for each element of `x`."""
    seed = int(generator(rng).integers(_SEEDS))
    drawn = call.library.empty(call.x.shape, "float64", call.x)
    if drawn.size:
        from actgen.cuda.routines import uniform

        run = launcher(uniform, "float64", call.device)
        arguments = {"out": drawn.address, "size": drawn.size, "seed": seed}
        run((blocks(-(-drawn.size // 2)), 1, 1), THREADS, call.stream, arguments)
    return drawn
