"""Evaluate an activation, its derivatives and its gradients on arrays that lie on a GPU.

In: matched arguments of a call. Out: arrays of the same library, on the same device, computed on
the library's current stream; nothing waits for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actgen.binding import Binder
from actgen.cuda import along_axis, elementwise, pieces
from actgen.cuda.arguments import argument_names
from actgen.cuda.calls import DeviceCall, Intake, cotangent, float64_of, target
from actgen.cuda.copying import contiguous, copy_elements
from actgen.cuda.modules import DeviceKernels
from actgen.cuda.randomness import open_uniform
from actgen.cuda.sums import from_float64, summed_to
from actgen.cuda.views import View, result_kind
from actgen.kernels import Kernels
from actgen.plan import Planner


class DeviceEvaluator:
    """Evaluates one activation on GPUs."""

    def __init__(
        self,
        record: Mapping[str, Any],
        kernels: Kernels,
        binder: Binder,
        planner: Planner,
        bound: Mapping[str, Any],
    ) -> None:
        self.kernels = DeviceKernels(kernels)
        self._record = record
        self._kind = record["kind"]
        self._intake = Intake(record, binder, planner, bound)

    def forward(self, given: Mapping[str, Any]) -> Any:
        call = self._intake.call(given)
        out = target(call, given.get("out"), self._shape(call, with_mask=True), call.kind)
        result = self._rounded(call, out, lambda wide, to: self._forward(wide, given, to))
        return self._finished(call, result, given)

    def pointwise(self, stem: str, given: Mapping[str, Any]) -> Any:
        """Return the values of the elementwise kernels called `stem`."""
        call = self._intake.call(given)
        out = target(call, given.get("out"), self._shape(call, with_mask=True), call.kind)
        result = self._rounded(
            call, out, lambda wide, to: self._elementwise(stem, wide, given, {}, to)
        )
        return self._finished(call, result, given)

    def vjp(self, given: Mapping[str, Any], dy: Any, targets: list[str]) -> tuple[Any, ...]:
        """Return the gradients with respect to `x` and parameters."""
        call = self._intake.call(given)
        if self._record["random"] and given.get("rng") is None and self._draws(call):
            raise ValueError(f"{self._record['name']}: vjp needs the rng= seed of the forward call")
        if call.mask is not None and self._kind == "elementwise":
            raise TypeError(f"{self._record['name']}: vjp takes no where=")
        out = target(call, given.get("out"), call.x.shape, call.kind)
        slope = cotangent(call, dy, self._shape(call))
        found = []
        for name in targets:
            if name == "x":
                result = self._gradient(call, slope, given, out)
                found.append(self._finished(call, result, given))
            else:
                result = self._parameter_gradient(call, slope, given, name)
                found.append(self._finished(call, result, {}))
        return tuple(found)

    def _finished(self, call: DeviceCall, result: View, given: Mapping[str, Any]) -> Any:
        made = call.library.finish(result, call.used, call.stream)
        out = given.get("out")
        if out is None:
            return made
        return out[0] if isinstance(out, tuple) else out

    def _shape(self, call: DeviceCall, *, with_mask: bool = False) -> tuple[int, ...]:
        """Return the shape of the result."""
        x = call.x.shape
        if self._kind == "elementwise":
            return elementwise.shape_of(call, with_mask=with_mask)
        if self._kind == "normalization":
            return x
        axis = call.axes[0]
        if self._kind == "gated":
            length = x[axis] // 2
        elif call.group:
            length = x[axis] // call.group
        else:
            length = x[axis] * self._record["pieces"]
        return (*x[:axis], length, *x[axis + 1 :])

    def _rounded(self, call: DeviceCall, out: View | None, compute: Any) -> View:
        """Compute in float64 and round, where narrow arithmetic cannot hold the parameters."""
        if not call.is_wide:
            result: View = compute(call, out)
            return result
        base = None if out is None or call.mask is None else out
        wide = call.widened()
        start = None if base is None else wide_of(wide, base)
        found = from_float64(
            call.library, contiguous(call.library, compute(wide, start)), call.kind
        )
        if out is None:
            return found
        copy_elements(found, out, call.stream)
        return out

    def _draws(self, call: DeviceCall) -> list[str]:
        """Return which random arrays the kernels of a call take."""
        form = "strided" if self._kind == "elementwise" else "columns"
        stem = f"forward{call.suffix}"
        kernel = self.kernels.find(stem, form) or self.kernels.find(stem, f"narrow_{form}")
        names = argument_names(kernel)
        return [name for name in self._record["random"] if name in names]

    def _randoms(self, call: DeviceCall, given: Mapping[str, Any]) -> dict[str, View]:
        """Return the random arrays of a call, drawn once."""
        if self._record["random"] and not call.randoms:
            drawn = {name: open_uniform(call, given.get("rng")) for name in self._draws(call)}
            call.randoms.update(drawn)
        return call.randoms

    def _elementwise(
        self,
        stem: str,
        call: DeviceCall,
        given: Mapping[str, Any],
        more: Mapping[str, View],
        out: View | None,
        kind: str | None = None,
    ) -> View:
        operands = {"x": call.x, **self._randoms(call, given), **more}
        name = f"{stem}{call.suffix}"
        return elementwise.evaluate(self.kernels, name, call, operands, out, kind or call.kind)

    def _forward(self, call: DeviceCall, given: Mapping[str, Any], out: View | None) -> View:
        if self._kind == "elementwise":
            return self._elementwise("forward", call, given, {}, out)
        stem, inputs = f"forward{call.suffix}", {"x": call.x}
        shape = self._shape(call)
        if self._kind == "normalization":
            inputs |= self._masked(call) | self._randoms(call, given)
            return along_axis.fill(self.kernels, stem, call, inputs, ("out", call.kind), out)
        if call.group:
            return along_axis.reduce_groups(self.kernels, stem, call, inputs, ("out", shape), out)
        count = 2 if self._kind == "gated" else self._record["pieces"]
        wanted = ("out", shape, call.kind)
        return pieces.fill(self.kernels, stem, call, inputs, wanted, out, count)

    def _gradient(
        self, call: DeviceCall, slope: View, given: Mapping[str, Any], out: View | None
    ) -> View:
        """Return the gradient with respect to `x`, of its shape and dtype."""
        library, x = call.library, call.x
        if self._kind == "elementwise" and slope.shape != x.shape:

            def compute(wide: DeviceCall, to: View | None) -> View:
                slopes = {"dy": wide_of(wide, slope)}
                full = self._elementwise("vjp", wide, given, slopes, None)
                sums = summed_to(library, contiguous(library, full), x.shape)
                return from_float64(library, sums, wide.kind)

            result = self._rounded(call, None, compute)
            if out is None:
                return result
            copy_elements(result, out, call.stream)
            return out
        return self._rounded(
            call, out, lambda wide, to: self._slopes(wide, wide_of(wide, slope), given, to)
        )

    def _slopes(
        self, call: DeviceCall, slope: View, given: Mapping[str, Any], out: View | None
    ) -> View:
        """Return dy times the derivative by `x`."""
        if self._kind == "elementwise":
            return self._elementwise("vjp", call, given, {"dy": slope}, out)
        stem, inputs = f"vjp{call.suffix}", {"x": call.x, "dy": slope}
        if self._kind == "normalization":
            inputs |= self._masked(call) | self._randoms(call, given)
            return along_axis.fill(self.kernels, stem, call, inputs, ("out", call.kind), out)
        if call.group:
            wanted = ("dx", call.x.shape)
            return along_axis.reduce_groups(self.kernels, stem, call, inputs, wanted, out)
        count = 2 if self._kind == "gated" else self._record["pieces"]
        target_ = ("dx", call.x.shape, call.kind)
        return pieces.fill(self.kernels, stem, call, inputs, target_, out, count)

    def _parameter_gradient(
        self, call: DeviceCall, slope: View, given: Mapping[str, Any], name: str
    ) -> View:
        """Return the gradient with respect to a parameter, of its shape and dtype."""
        library, kind = call.library, call.kind
        wide = call.widened() if call.is_wide else call
        slope, stem = wide_of(wide, slope), f"partial_{name}"
        value = wide.numbers[name]
        laid = value.shape if isinstance(value, View) else ()
        if self._kind == "elementwise":
            full = self._elementwise(stem, wide, given, {"dy": slope}, None, "float64")
        elif self._kind == "normalization":
            inputs = {"x": wide.x, "dy": slope} | self._masked(wide) | self._randoms(wide, given)
            written = ("out64", "float64")
            full = along_axis.fill(
                self.kernels, f"{stem}{call.suffix}", wide, inputs, written, None
            )
        else:
            inputs = {"x": wide.x, "dy": slope}
            wanted = ("out", slope.shape, "float64")
            full = pieces.fill(self.kernels, f"{stem}{call.suffix}", wide, inputs, wanted, None, 2)
        sums = summed_to(library, contiguous(library, full), laid)
        shape: tuple[int, ...] = laid
        if isinstance(value, View):
            own = library.view(given[name])
            shape, kind = own.shape, kind if result_kind(own.kind) != own.kind else own.kind
        return from_float64(library, sums.reshaped(shape), kind)

    def _masked(self, call: DeviceCall) -> dict[str, View]:
        if call.mask is None:
            return {}
        try:
            return {"mask": call.mask.broadcast(call.x.shape)}
        except ValueError:
            raise ValueError(f"where has shape {call.mask.shape}, x has {call.x.shape}") from None


def wide_of(call: DeviceCall, view: View) -> View:
    """Return a view in the dtype of a call, float64 where that is another one."""
    if view.kind == call.kind:
        return view
    return float64_of(call.library, view)
