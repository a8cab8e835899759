"""Define what callers hold: `Activation`, a function of arrays with derivatives and bound values.

In: a record and the kernels that belong to it. Out: an immutable, hashable, picklable callable.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy import ndarray

from actgen.array_calls import ArrayCall, array_call
from actgen.arrays import Array, as_floats, result_dtype
from actgen.binding import Binder
from actgen.devices import library_of
from actgen.evaluation import Call, Evaluator
from actgen.kernels import Kernels, signature
from actgen.parameters import REQUIRED, key
from actgen.plan import Plan, Planner
from actgen.preparation import prepare
from actgen.rowwise import take_rows
from actgen.shortcut import Shortcut, Shortcuts, take

_QUANTITIES = ("forward", "derivative", "second_derivative", "vjp")


class Activation:
    """An activation function, possibly with parameters bound to other values than its defaults.

    Call it with an array, a scalar or a sequence. float16, bfloat16, float32 and float64 are kept,
    integers and booleans promoted as `np.exp` promotes them. `help(f)` and `inspect.signature(f)`
    tell its own parameters; `out=` and `where=` are those of NumPy's ufuncs.
    """

    name: str
    is_fast: bool
    __name__: str
    __signature__: inspect.Signature
    _record: Mapping[str, Any]
    _kernels: Kernels
    _binder: Binder
    _bound: Mapping[str, Any]
    _evaluator: Evaluator
    _planner: Planner
    _shortcuts: Mapping[str, Shortcuts]
    _plain: Mapping[np.dtype[Any], Shortcut]
    _on_gpu: dict[type, Any]

    def __init__(
        self,
        record: Mapping[str, Any],
        kernels: Kernels,
        bound: Mapping[str, Any] | None = None,
        is_fast: bool = False,
    ) -> None:
        binder = Binder(record)
        settled = binder.bind(bound or {})
        on_tier = kernels.on_tier(is_fast)
        shortcuts = {quantity: Shortcuts() for quantity in _QUANTITIES}
        self.__dict__.update(
            name=record["name"],
            is_fast=is_fast,
            _record=record,
            _kernels=on_tier,
            _binder=binder,
            _bound=settled,
            _evaluator=Evaluator(record, on_tier),
            _planner=Planner(binder, on_tier, settled),
            _shortcuts=shortcuts,
            _plain=shortcuts["forward"].plain,
            _on_gpu={},
            __name__=record["name"],
            __qualname__=record["name"],
            __doc__=record["doc"],
            __signature__=binder.signature(settled),
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if args and type(x := args[0]) is ndarray:
            if len(args) == 1 and not kwargs:  # spelled out for the sake of short arrays
                plain = self._plain.get(x.dtype)
                known = None if plain is None else take(plain, x, None)
            else:
                known = self._recall("forward", args, kwargs)
            if known is not None:
                return known
        elif args and type(x) in self._on_gpu:
            known = self._on_gpu[type(x)].recall("forward", x, args[1:], kwargs)
            if known is not None:
                return known
        given = self._binder.match(args, kwargs)
        if library_of(given["x"]) is not None:
            return self._gpu.forward(given, args[1:], kwargs)
        plan, result = self._quick("forward", given, args[1:], kwargs)
        if result is None:
            call = self._prepare(given, plan)
            result = self._evaluator.forward(call, given.get("out"))
        return _unwrapped(result, given)

    def derivative(self, x: Any, order: int = 1, **kwargs: Any) -> Any:
        """Return the derivative at each element of `x`, of the shape and dtype of `f(x)`.

        `order` is 1 or 2, or 0 for the value. Keywords are those of the call: parameters, `out`,
        `where`, `rng`. Raises TypeError for activations that couple elements.
        """
        if self._record["kind"] != "elementwise":
            raise TypeError(f"{self.name} has no derivative per element; use vjp")
        if isinstance(order, bool) or operator.index(order) not in (0, 1, 2):
            raise ValueError(f"derivatives of order 0, 1 and 2 exist, got order {order!r}")
        stem = _QUANTITIES[order]
        if type(x) is ndarray:
            known = self._recall(stem, (x,), kwargs)
            if known is not None:
                return known
        elif type(x) in self._on_gpu:
            known = self._on_gpu[type(x)].recall(stem, x, (), kwargs)
            if known is not None:
                return known
        given = self._binder.match((x,), kwargs)
        if library_of(x) is not None:
            return self._gpu.pointwise(stem, given, kwargs)
        plan, result = self._quick(stem, given, (), kwargs)
        if result is None:
            call = self._prepare(given, plan)
            result = self._evaluator.pointwise(stem, call, given.get("out"))
        return _unwrapped(result, given)

    def vjp(
        self,
        x: Any,
        dy: Any,
        wrt: str | tuple[str, ...] = "x",
        out: Array | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the gradient of sum(dy * f(x)) with respect to `x`, or to parameters.

        `dy` broadcasts to the shape of `f(x)`. The gradient has the shape of what `wrt` names, a
        float or array parameter summed over all elements it acts on, and its dtype if that is an
        array, else the dtype of `f(x)`. A tuple of names gives a tuple. `out` takes the gradient
        with respect to `x`. Other keywords are those of the call; an activation that draws random
        numbers needs the `rng=` seed of the forward call.
        """
        if out is not None:
            kwargs["out"] = out
        if wrt == "x" and type(x) is ndarray and dy is not None:
            known = self._recall("vjp", (x,), kwargs, dy)
            if known is not None:
                return known
        elif wrt == "x" and type(x) in self._on_gpu:
            known = self._on_gpu[type(x)].recall("vjp", x, (), kwargs, dy)
            if known is not None:
                return known
        names = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        targets = [self._differentiable(name) for name in names]
        if out is not None and targets != ["x"]:
            raise ValueError("out takes the gradient with respect to x alone")
        given = self._binder.match((x,), kwargs)
        if library_of(x) is not None:
            found = self._gpu.vjp(given, dy, targets, kwargs)
            return found[0] if isinstance(wrt, str) else found
        if wrt == "x" and dy is not None:
            plan, result = self._quick("vjp", given, (), kwargs, dy)
            if result is not None:
                return result
        else:
            plan = self._planner.plan(given)
        call = self._prepare(given, plan)
        if call.randoms and given.get("rng") is None:
            raise ValueError(f"{self.name}: vjp needs the rng= seed of the forward call")
        cotangent = self._evaluator.cotangent(call, dy)
        if call.mask is not None and self._record["kind"] == "elementwise":
            raise TypeError(f"{self.name}: vjp takes no where=")
        gradients = tuple(self._gradient(target, call, cotangent, given, out) for target in targets)
        return gradients[0] if isinstance(wrt, str) else gradients

    @property
    def fast(self) -> Activation:
        """The same activation on its fast tier: at most 4 ULP off in float32, 8 in float64."""
        if self.is_fast:
            return self
        known: Activation | None = self.__dict__.get("_fast")
        if known is None:
            known = Activation(self._record, self._kernels, self._bound, True)
            self.__dict__["_fast"] = known
        return known

    @property
    def scalar(self) -> Any:
        """A Numba function of one element, to call inside your own `@njit` functions.

        It takes `x` (a gate: `gate, value`), float32 or float64, and then the parameters, unless
        some are bound here.
        """
        from actgen.scalars import bind_scalar

        return bind_scalar(self._kernels, self._binder, self._bound)

    @property
    def parts(self) -> tuple[Kernels, Binder, Mapping[str, Any]]:
        """The kernels, the calling convention and the bound values, for other modules of actgen."""
        return self._kernels, self._binder, self._bound

    @property
    def _gpu(self) -> Any:
        """What evaluates arrays on GPUs; made at the first of them."""
        known = self.__dict__.get("_evaluator_on_gpu")
        if known is None:
            from actgen.cuda.shortcut import DeviceCalls

            known = DeviceCalls(
                self._record,
                self._kernels,
                self._binder,
                self._planner,
                self._bound,
                self._on_gpu,
            )
            known = self.__dict__.setdefault("_evaluator_on_gpu", known)
        return known

    @property
    def spec(self) -> Mapping[str, Any]:
        """What the spec says, as read-only plain data."""
        frozen: Mapping[str, Any] = _frozen(self._record)
        return frozen

    @property
    def formula(self) -> str:
        """The formula, as the spec writes it."""
        return str(self._record["formula"])

    @property
    def params(self) -> Mapping[str, Any]:
        """The values of all parameters that have one, and the axis."""
        values = self._binder.settle({}, self._bound, partial=True)
        if self._binder.axis_default is not REQUIRED:
            values["axis"] = self._bound.get("axis", self._binder.axis_default)
        return MappingProxyType(values)

    def with_params(self, **params: Any) -> Activation:
        """Return this activation with other default values; `axis` counts as a parameter."""
        named: dict[str, Any] = {}
        for name, value in params.items():
            canonical = self._binder.canonical(name) or name
            if canonical in named:
                raise TypeError(f"{self.name} got multiple values for parameter {canonical!r}")
            named[canonical] = value
        return Activation(self._record, self._kernels, {**self._bound, **named}, self.is_fast)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"activations are immutable: {self.name}.with_params() makes another")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("activations are immutable")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Activation):
            return NotImplemented
        return self is other or self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        bound = ", ".join(f"{name}={value!r}" for name, value in self._bound.items())
        base = f"actgen.{self.name}" + (".fast" if self.is_fast else "")
        return f"{base}.with_params({bound})" if bound else base

    def __reduce__(self) -> tuple[Callable[..., Activation], tuple[Any, ...]]:
        restore, origin = self._kernels.origin()
        return _rebuild, (restore, origin, dict(self._bound), self.is_fast)

    def __copy__(self) -> Activation:
        return self

    def __deepcopy__(self, memo: object) -> Activation:
        return self

    def _key(self) -> tuple[Any, ...]:
        values = tuple(sorted((name, key(value)) for name, value in self._bound.items()))
        return (self._kernels.identity, values, self.is_fast)

    def _recall(
        self, stem: str, args: tuple[Any, ...], kwargs: dict[str, Any], dy: Any = None
    ) -> Any:
        """Return the result of a call like an earlier one, None where it is not plain or new."""
        x, out = args[0], None
        if "out" in kwargs:
            kwargs = kwargs.copy()
            out = kwargs.pop("out")
        shortcuts = self._shortcuts[stem]
        known = shortcuts.recall(x.dtype, args[1:], kwargs)
        if known is None:
            return shortcuts.take_arrays(x, args[1:], kwargs, out, dy)
        return take(known, x, out, dy)

    def _quick(
        self,
        stem: str,
        given: Mapping[str, Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        dy: Any = None,
    ) -> tuple[Plan, Any]:
        """Return the plan of a call, and its result if that is to be had the quick way.

        `args` are the positional arguments behind `x`.
        """
        plan: Plan = self._planner.plan(given)
        if "axis" in given:
            self._binder.check_axis(given["axis"])
        if given.get("where", True) is not True or self._record["random"]:
            return plan, None
        if self._record["kind"] != "elementwise":
            return plan, self._along_rows(stem, given, plan, dy)
        x = given["x"]
        result = plan.quick(stem, x, given.get("out"), dy)
        if result is not None and type(x) is ndarray and "x" not in kwargs:
            known = plan.shortcut(stem, x.dtype)
            assert known is not None
            self._shortcuts[stem].remember(x.dtype, args, _parameters(kwargs), known)
        elif plan.floats is None and type(x) is ndarray and "x" not in kwargs:
            named = _parameters(kwargs)
            make = partial(self._array_call, stem, given, args, named, plan)
            self._shortcuts[stem].remember_arrays(x.dtype, args, named, make)
        return plan, result

    def _array_call(
        self,
        stem: str,
        given: Mapping[str, Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        plan: Plan,
    ) -> ArrayCall | None:
        """Return what answers calls like this one, with arrays for parameters."""
        positions = [*self._binder.by_name][: len(args)]
        names = [*positions, *(self._binder.canonical(name) or name for name in kwargs)]
        known = self._binder.by_name
        dtype = given["x"].dtype
        if len(positions) < len(args) or not known.keys() >= {*names}:
            return None
        axis = self._bound.get("axis", self._binder.axis_default)
        kernel = self._kernels.find(f"{stem}{plan.suffix}", "contiguous")
        if kernel is None or result_dtype(dtype) != dtype:
            return None
        order = [name for name in signature(kernel) if name in plan.numbers]
        return array_call(kernel, order, [known[n] for n in names], plan.numbers, dtype, axis)

    def _along_rows(self, stem: str, given: Mapping[str, Any], plan: Plan, dy: Any) -> Any:
        """Return the result along the last axis, None where it is not to be had the quick way."""
        x = given["x"]
        axis = given.get("axis", self._bound.get("axis", self._binder.axis_default))
        if self._record["kind"] not in ("normalization", "gated") or type(x) is not ndarray:
            return None
        if type(axis) is not int or axis != -1 or result_dtype(x.dtype) != x.dtype:
            return None
        known = plan.rows(stem, x.dtype, self._record["gate"])
        return None if known is None else take_rows(known, x, given.get("out"), dy)

    def _prepare(self, given: Mapping[str, Any], plan: Plan) -> Call:
        axis = given.get("axis", self._bound.get("axis", self._binder.axis_default))
        return prepare(self._record, self._binder, self._evaluator, given, plan, axis)

    def _differentiable(self, name: str) -> str:
        if name == "x":
            return name
        canonical = self._binder.canonical(name)
        if canonical not in self._record["partials"]:
            known = ", ".join(["x", *self._record["partials"]])
            raise ValueError(f"{self.name} has no gradient with respect to {name!r}, only {known}")
        return str(canonical)

    def _gradient(
        self, target: str, call: Call, dy: Array, given: Mapping[str, Any], out: Any
    ) -> Any:
        if target == "x":
            return _unwrapped(self._evaluator.gradient(call, dy, out), given)
        gradient = self._evaluator.parameter_gradient(call, dy, target)
        value = given.get(target, self._bound.get(target))
        shape, dtype = np.shape(value), call.dtype
        if np.ndim(value) and as_floats(value, target).dtype == np.asarray(value).dtype:
            dtype = np.asarray(value).dtype
        with np.errstate(all="ignore"):
            return gradient.reshape(shape).astype(dtype)[()]


def _rebuild(
    restore: Callable[..., Activation],
    origin: tuple[Any, ...],
    bound: Mapping[str, Any],
    is_fast: bool,
) -> Activation:
    """Return the activation that was pickled as these values."""
    base = restore(*origin)
    bound_base = base.with_params(**bound) if bound else base
    return bound_base.fast if is_fast else bound_base


def _parameters(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return keyword arguments without `out`."""
    return {name: kwargs[name] for name in kwargs if name != "out"} if "out" in kwargs else kwargs


def _unwrapped(result: Array, given: Mapping[str, Any]) -> Any:
    """Return a 0-d result as a scalar, as NumPy does, unless the caller gave the array."""
    return result[()] if given.get("out") is None and result.ndim == 0 else result


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(entry) for name, entry in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_frozen(entry) for entry in value)
    return value
