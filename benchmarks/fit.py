"""Write codegen/coefficients.py: the polynomials of the function library, each with its error.

    python -m benchmarks.fit

A developer's tool: run it after changing a row below. The names ending in `_SHORT` serve results
that are rounded to float32 or narrower: 2**-33 is plenty for them. Those ending in `_F32` are for
float32 arithmetic, those ending in `_APPROX` for 16-bit results: 2**-18, in few terms.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from mpmath import mp

from benchmarks.rational import RationalFit, quotient
from benchmarks.remez import Fit, Function, coefficients

TARGET = Path(__file__).resolve().parents[1] / "codegen" / "coefficients.py"
_REDUCED = mp.mpf(0.3466)  # a little over log(2) / 2
_EIGHTH = mp.mpf("0.7857")  # a little over π/4
_TERMS = 32


def _one(t: Any) -> Any:
    return mp.mpf(1)


def _exp_tail(r: Any) -> Any:
    return sum(r**k / mp.factorial(k + 3) for k in range(_TERMS))


def _exp_curve(r: Any) -> Any:
    return sum(r**k / mp.factorial(k + 2) for k in range(_TERMS))


def _atanh_tail(z: Any) -> Any:
    return sum(2 * z**k / mp.mpf(2 * k + 3) for k in range(2 * _TERMS))


def _sin_tail(z: Any) -> Any:
    return sum((-1) ** (k + 1) * z**k / mp.factorial(2 * k + 3) for k in range(_TERMS))


def _cos_tail(z: Any) -> Any:
    return sum((-1) ** k * z**k / mp.factorial(2 * k + 4) for k in range(_TERMS))


def _erf_quotient(z: Any) -> Any:
    x = mp.sqrt(z)
    return mp.erf(x) / x if x else 2 / mp.sqrt(mp.pi)


def _scaled_tail(centre: float, halves: int, steep: float) -> Function:
    """Return exp(u²) erfc(u) (1 + steep · y), u² = y² / halves, t = (y - centre) / (y + centre)."""

    def value(t: Any) -> Any:
        y = centre * (1 + t) / (1 - t)
        u = y / mp.sqrt(halves)
        return mp.exp(u * u) * mp.erfc(u) * (1 + steep * y)

    return value


def _closing_tail(name: str, halves: int, centre: float, far: float, degree: int) -> Fit:
    """Return the fit of exp(u²) erfc(u) (y + centre), u² = y² / halves, in the same t."""
    steep = _scaled_tail(centre, halves, 0.0)

    def function(t: Any) -> Any:
        return steep(t) * 2 * centre / (1 - t)

    what = "exp(y²/2) erfc(y/√2)" if halves == 2 else "exp(y²) erfc(y)"
    doc = f"{what} (y + {centre}), t = (y - {centre}) / (y + {centre}), 0 ≤ y ≤ {far}"
    low, high = mp.mpf(-1), _mapped(far, centre)
    return Fit(name, function, low, high, degree, lambda t: 1 / function(t), doc)


def _slope_tail(centre: float) -> Function:
    """Return exp(y²/2) times the derivative of x Φ(x) at -y, over (SLOPE_ZERO - y)."""

    def value(t: Any) -> Any:
        y = centre * (1 + t) / (1 - t)
        if abs(y - SLOPE_ZERO) < mp.mpf(10) ** -20:
            y = SLOPE_ZERO + mp.mpf(10) ** -20
        mills = mp.exp(y * y / 2) * mp.erfc(y / mp.sqrt(2)) / 2
        return (mills - y / mp.sqrt(2 * mp.pi)) / (SLOPE_ZERO - y)

    return value


def _slope_factor(t: Any) -> Any:
    """Return exp(y²/2) erfc(y/√2) - √(2/π) y over t, y = SLOPE_ZERO + t."""
    t = t or mp.mpf(10) ** -20
    y = SLOPE_ZERO + t
    return (mp.exp(y * y / 2) * mp.erfc(y / mp.sqrt(2)) - mp.sqrt(2 / mp.pi) * y) / t


def _silu_factor(t: Any) -> Any:
    zero = -1 - mp.lambertw(mp.exp(-1)).real
    return 1 + mp.exp(zero) * (mp.expm1(t) / t if t else mp.mpf(1))


def _mapped(y: float, centre: float) -> Any:
    return (mp.mpf(y) - centre) / (mp.mpf(y) + centre)


def _tail(name: str, halves: int, centre: float, far: float, degree: int, doc: str) -> Fit:
    low, high = mp.mpf(-1), _mapped(far, centre)
    function = _scaled_tail(centre, halves, 1.5 if halves == 1 else 1.0)
    return Fit(name, function, low, high, degree, lambda t: 1 / function(t), doc, split=True)


def _both(name: str, long: int, short: int, **fit: Any) -> tuple[Fit, Fit]:
    return Fit(name, degree=long, **fit), Fit(f"{name}_SHORT", degree=short, **fit)


def _log1p_curve(e: Any) -> Any:
    return (mp.log1p(e) - e) / e**2 if e > mp.mpf("1e-12") else -mp.mpf(0.5) + e / 3


def _log1p_weight(e: Any) -> Any:
    return e**2 / mp.log1p(e) if e else e


with mp.workdps(50):
    SLOPE_ZERO = mp.findroot(
        lambda y: mp.erfc(y / mp.sqrt(2)) / 2 - y * mp.npdf(y), mp.mpf(0.75)
    )  # -SLOPE_ZERO is where the derivative of x Φ(x) is 0

_CDF = "exp(y²/2) erfc(y/√2) (1 + y), t = (y - {0}) / (y + {0}), 0 ≤ y ≤ {1}"
_ERFC = "exp(x²) erfc(x) (1 + 3x/2), t = (x - {0}) / (x + {0}), 0 ≤ x ≤ {1}"

_DOUBLE: tuple[Fit, ...] = (
    *_both(
        "EXP", 9, 5,
        function=_exp_tail, low=-_REDUCED, high=_REDUCED, weight=lambda r: r * r,
        doc="(exp(r) - 1 - r - r²/2) / r³, |r| ≤ log(2)/2; relative to r",
    ),
    *_both(
        "EXP_WHOLE", 11, 7,
        function=mp.exp, low=-_REDUCED, high=_REDUCED, weight=lambda r: mp.exp(-r),
        doc="exp(r), |r| ≤ log(2)/2",
    ),
    *_both(
        "LOG", 6, 3,
        function=_atanh_tail, low=mp.mpf(0), high=mp.mpf("0.1717") ** 2, weight=lambda z: z / 2,
        doc="(2 atanh(s) / s - 2) / s² in z = s², |s| ≤ 3 - 2√2; relative to 2 atanh(s)",
    ),
    Fit(
        "LOG1P_FAST", _log1p_curve, mp.mpf(0), mp.mpf(1), 20, _log1p_weight,
        "(log(1 + e) - e) / e², 0 ≤ e ≤ 1; relative to log(1 + e)",
    ),
    Fit(
        "SIN", _sin_tail, mp.mpf(0), _EIGHTH**2, 6, lambda z: z,
        "(sin(r) / r - 1) / r² in z = r², |r| ≤ π/4; relative to r",
    ),
    Fit(
        "COS", _cos_tail, mp.mpf(0), _EIGHTH**2, 6, lambda z: z * z,
        "(cos(r) - 1 + r²/2) / r⁴ in z = r², |r| ≤ π/4; relative to 1",
    ),
    _tail("ERFC", 1, 3.0, 38.0, 24, _ERFC.format(3, 38)),
    _closing_tail("ERFC_PLAIN", 1, 3.5, 11.0, 19),
    _closing_tail("ERFC_SHORT", 1, 3.0, 11.0, 11),
    _tail("CDF", 2, 4.0, 53.0, 24, _CDF.format(4, 53)),
    _closing_tail("CDF_FAST", 2, 5.0, 38.7, 21),
    _closing_tail("CDF_PLAIN", 2, 5.0, 16.0, 19),
    _closing_tail("CDF_SHORT", 2, 3.5, 15.0, 11),
    Fit(
        "SLOPE_SHORT", _slope_tail(3.0), mp.mpf(-1), _mapped(15.0, 3.0), 11,
        lambda t: 1 / _slope_tail(3.0)(t),
        "(exp(y²/2) erfc(y/√2)/2 - y/√2π) / (z - y), z its zero, t = (y - 3) / (y + 3), 0 ≤ y ≤ 15",
    ),
    Fit(
        "SLOPE_F32", _slope_tail(3.0), mp.mpf(-1), _mapped(14.6, 3.0), 9,
        lambda t: 1 / _slope_tail(3.0)(t),
        "the same for 0 ≤ y ≤ 14.6",
        dtype="float32",
    ),
    Fit(
        "CDF_SLOPE_F32", _slope_factor, mp.mpf(-0.25), mp.mpf(0.25), 6,
        lambda t: 1 / _slope_factor(t),
        "(exp(y²/2) erfc(y/√2) - √(2/π) y) / t, y = z + t, |t| ≤ 1/4",
        dtype="float32", split=True,
    ),
    Fit(
        "SILU_SLOPE_F32", _silu_factor, mp.mpf(-0.25), mp.mpf(0.25), 5,
        lambda t: 1 / _silu_factor(t),
        "(1 + u + exp(u)) / t, u = z + t, z its zero, |t| ≤ 1/4",
        dtype="float32",
    ),
    *_both(
        "ERF", 11, 7,
        function=_erf_quotient, low=mp.mpf(0), high=mp.mpf(1), split=True,
        weight=lambda z: 1 / _erf_quotient(z), doc="erf(x) / x in z = x², |x| ≤ 1",
    ),
)  # fmt: skip
_EXP_F32 = "(exp(r) - 1 - r) / r², |r| ≤ log(2)/2; relative to 1"


def _curve(name: str, degree: int) -> Fit:
    def weight(r: Any) -> Any:
        return r * r

    return Fit(name, _exp_curve, -_REDUCED, _REDUCED, degree, weight, _EXP_F32, dtype="float32")


_SINGLE: tuple[Fit, ...] = (
    _curve("EXP_F32", 4),
    _curve("EXP_F32_LONG", 5),
    _curve("EXP_F32_FAST", 3),
    Fit(
        "LOG_F32", _atanh_tail, mp.mpf(0), mp.mpf("0.1717") ** 2, 2, lambda z: z / 2,
        "(2 atanh(s) / s - 2) / s² in z = s², |s| ≤ 3 - 2√2; relative to 2 atanh(s)",
        dtype="float32",
    ),
    Fit(
        "ATANH_F32", _atanh_tail, mp.mpf(0), mp.mpf(1) / 9, 4, lambda z: z / 2,
        "(2 atanh(s) / s - 2) / s² in z = s², |s| ≤ 1/3; relative to 2 atanh(s)",
        dtype="float32",
    ),
    Fit(
        "ERF_F32", _erf_quotient, mp.mpf(0), mp.mpf(0.82) ** 2, 6, lambda z: 1 / _erf_quotient(z),
        "erf(x) / x in z = x², |x| ≤ 0.82", split=True, dtype="float32",
    ),
    Fit(
        "LOG1P_F32_FAST", _log1p_curve, mp.mpf(0), mp.mpf(1), 7, _log1p_weight,
        "(log(1 + e) - e) / e², 0 ≤ e ≤ 1; relative to log(1 + e)", dtype="float32",
    ),
)  # fmt: skip


def _mills(halves: int) -> Function:
    """Return 1 / (exp(u²) erfc(u)) for u² = y² / halves."""
    return lambda y: 1 / (mp.exp(y * y / halves) * mp.erfc(y / mp.sqrt(halves)))


def _bent(halves: int, slope: float) -> Function:
    """Return what takes 1 + slope · y to the function above, divided by y."""
    return lambda y: (_mills(halves)(y) - 1 - mp.mpf(slope) * y) / y


def _tail_f32(name: str, halves: int, slope: float, far: float, text: str) -> RationalFit:
    doc = f"(1 / {text} - 1 - {slope} y) / y, y ≤ {far}; relative to all of it"
    above = _mills(halves)
    return RationalFit(name, _bent(halves, slope), far, 5, 4, lambda y: y / above(y), doc)


QUOTIENTS = (
    _tail_f32("CDF_F32", 2, 1.078125, 15.0, "exp(y²/2) erfc(y/√2)"),
    _tail_f32("ERFC_F32", 1, 1.53125, 10.6, "exp(y²) erfc(y)"),
)


def _ratio(function: Function, at_zero: float = 1.0) -> Function:
    """Return function(t) / t."""
    return lambda t: function(t) / t if t else mp.mpf(at_zero)


def _odd(function: Function) -> Function:
    """Return function(x) / x in z = x²."""
    return lambda z: _ratio(function)(mp.sqrt(z)) if z else mp.diff(function, 0)


def _over_p(function: Function, slope: float) -> Function:
    """Return a function of y as one of p = 1 / (1 + slope · y)."""
    return lambda p: function((1 / p - 1) / mp.mpf(slope))


def _cdf_tail(y: Any) -> Any:
    return mp.exp(y * y / 2) * mp.erfc(y / mp.sqrt(2)) / 2


def _cdf_slope(y: Any) -> Any:
    return _slope_tail(3.0)((y - 3) / (y + 3))


def _far_out(name: str, function: Function, slope: float, far: int, degree: int, text: str) -> Fit:
    """Return a fit in p for 0 ≤ y ≤ far: beyond 6.5 bfloat16 alone needs it, to 3 bits less."""
    in_p = _over_p(function, slope)

    def weight(p: Any) -> Any:
        return (1 if (1 / p - 1) / mp.mpf(slope) < 6.5 else mp.mpf(1) / 8) / in_p(p)

    doc = f"{text}, p = 1 / (1 + {slope} y), 0 ≤ y ≤ {far}"
    low = 1 / (1 + mp.mpf(slope) * far)
    return Fit(name, in_p, low, mp.mpf(1), degree, weight, doc, dtype="float32")


_FIFTH = mp.mpf("0.2")
_APPROX: tuple[Fit, ...] = (
    Fit(
        "EXPM1_APPROX", _ratio(mp.expm1), -_FIFTH, _FIFTH, 3, _one,
        "(exp(x) - 1) / x, |x| ≤ 0.2", dtype="float32",
    ),
    Fit(
        "LOG1P_APPROX", _ratio(mp.log1p), -_FIFTH, _FIFTH, 5, _one,
        "log(1 + x) / x, |x| ≤ 0.2", dtype="float32",
    ),
    Fit(
        "SOFTPLUS_APPROX", _ratio(mp.log1p), mp.mpf(0), mp.mpf(1), 6,
        lambda e: 1 / _ratio(mp.log1p)(e), "log(1 + e) / e, 0 ≤ e ≤ 1", dtype="float32",
    ),
    Fit(
        "TANH_APPROX", _odd(mp.tanh), mp.mpf(0), mp.mpf("0.25") ** 2, 2, _one,
        "tanh(x) / x in z = x², |x| ≤ 1/4", dtype="float32",
    ),
    Fit(
        "ERF_APPROX", _odd(mp.erf), mp.mpf(0), mp.mpf("0.5") ** 2, 3, _one,
        "erf(x) / x in z = x², |x| ≤ 1/2", dtype="float32",
    ),
    Fit(
        "SILU_SLOPE_APPROX", _silu_factor, mp.mpf(-0.25), mp.mpf(0.25), 3, _one,
        "(1 + u + exp(u)) / t, u = z + t, z its zero, |t| ≤ 1/4",
        dtype="float32",
    ),
    _far_out(
        "CDF_APPROX", lambda y: _cdf_tail(y) * (1 + mp.mpf(0.305) * y), 0.305, 18, 5,
        "exp(y²/2) erfc(y/√2) / 2p",
    ),
    _far_out(
        "CDF_SLOPE_APPROX", _cdf_slope, 0.5, 15, 5,
        "(exp(y²/2) erfc(y/√2)/2 - y/√2π) / (z - y), z its zero",
    ),
)  # fmt: skip
FITS = _DOUBLE + _SINGLE + _APPROX

_HEAD = '''"""Hold the polynomials of the functions; written by benchmarks/fit.py, do not edit.

Coefficients stand lowest first. The error is the largest over the interval, of the polynomial with
these rounded coefficients in exact arithmetic. Where a comment says so the first coefficient is
given as two: the nearest float64, and what that leaves over.
"""
'''


def entry(fit: Fit) -> str:
    """Return the lines that define one polynomial."""
    numbers, error = coefficients(fit)
    split = "; the first coefficient in two" if fit.split else ""
    listed = "".join(f"    {number!r},\n" for number in numbers)
    comment = f"# {fit.doc}{split}\n# error 2**{math.log2(error):.1f}\n"
    return f"\n{comment}{fit.name} = (\n{listed})\n"


def rational_entry(fit: RationalFit) -> str:
    """Return the lines that define the two polynomials of a quotient."""
    *parts, error = quotient(fit)
    text = f"\n# {fit.doc}\n# error 2**{math.log2(error):.1f}\n"
    for kind, numbers in zip(("TOP", "BELOW"), parts, strict=True):
        text += f"{fit.name}_{kind} = (\n" + "".join(f"    {c!r},\n" for c in numbers) + ")\n"
    return text


def main() -> None:
    text = _HEAD
    for fit in FITS:
        text += entry(fit)
        print(fit.name, text.rsplit("error ", 1)[1].splitlines()[0])
    for quotient_fit in QUOTIENTS:
        text += rational_entry(quotient_fit)
        print(quotient_fit.name, text.rsplit("error ", 1)[1].splitlines()[0])
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
