r"""Spell formulas as LaTeX: an expression in, math-mode text out.

Each operation has one row: its text, how tightly that text binds, and how tightly each argument
must bind to stand there without parentheses. In formulas that reduce along an axis the input is
`x_{i}`, and each reduction binds an index letter of its own:

    x * sigmoid(x)             x \, \sigma(x)
    exp(x) / sum(exp(x))       \frac{e^{x_{i}}}{\sum_{j} e^{x_{j}}}

Names stand in \mathrm: code hosts refuse \operatorname, which could redefine their own macros.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from actgen.codegen.emit.tidy import tidy
from actgen.codegen.errors import CompilerError
from actgen.codegen.ir import Apply, Const, Expr, Symbol, is_op, walk
from actgen.codegen.ops import APPROX, GATES, NARROW, OPS, QUICK, RESTS, SLOPES

# How tightly a text binds, loosest first.
CASES, OR, AND, NOT, COMPARE, ADD, REDUCE, MUL, POWER, ATOM = range(10)

DIGITS = 12  # significant digits of a literal before it is cut short with dots

GREEK = frozenset(
    {
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
        *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
        "omega",
    }
)
_INDEXED = frozenset({"x", "dy", "gate", "value"})
_LETTERS = "ijklmnpqrs"
_REDUCTIONS = frozenset(name for name, op in OPS.items() if op.category == "reduction")


@dataclass(frozen=True)
class Text:
    """A piece of LaTeX and how tightly it binds. A choice keeps its (value, condition) rows."""

    tex: str
    level: int = ATOM
    rows: tuple[tuple[Text, Text | None], ...] = ()  # the last one has no condition

    def at(self, level: int) -> str:
        """Return the text, in parentheses unless it binds at least as tightly as `level`."""
        return self.tex if self.level >= level else _bracket(self.tex)


Row = Callable[..., Text]


def _bracket(tex: str, left: str = "(", right: str = ")") -> str:
    tall = any(mark in tex for mark in (r"\frac", r"\sum", r"\begin", r"\max_", r"\min_"))
    return rf"\left{left}{tex}\right{right}" if tall else f"{left}{tex}{right}"


def _form(template: str, level: int, *levels: int) -> Row:
    return lambda *args: Text(
        template % tuple(arg.at(needed) for arg, needed in zip(args, levels, strict=True)), level
    )


def _call(name: str) -> Row:
    return lambda *args: Text(name + _bracket(", ".join(arg.tex for arg in args)))


def _named(name: str) -> Row:
    return _call(rf"\mathrm{{{name}}}")


def _symbol(tex: str) -> Row:
    return lambda: Text(tex)


def _add(a: Text, b: Text) -> Text:
    if b.tex.startswith("-") and b.level == ADD:  # a + (-b + c) is a - b + c
        return Text(f"{a.at(ADD)} - {b.tex[1:]}", ADD)
    return Text(f"{a.at(ADD)} + {b.at(ADD)}", ADD)


def _mul(a: Text, b: Text) -> Text:
    left, right = a.at(MUL), b.at(MUL)
    number = left[-1].isdigit()
    if right[0].isdigit() or (number and right.startswith(r"\frac")):
        return Text(rf"{left} \cdot {right}", MUL)
    return Text(f"{left} {right}" if number else rf"{left} \, {right}", MUL)


_and = _form(r"%s \land %s", AND, AND, AND)
_or = _form(r"%s \lor %s", OR, OR, OR)


def _where(condition: Text, then: Text, otherwise: Text) -> Text:
    """Spell nested choices as one block of rows, the first that holds; merge equal neighbours."""
    nested = [
        (value, condition if inner is None else _and(inner, condition))
        for value, inner in then.rows or ((then, None),)
    ]
    rows: list[tuple[Text, Text | None]] = []
    for value, holds in (*nested, *(otherwise.rows or ((otherwise, None),))):
        if rows and rows[-1][0] == value:
            before = rows.pop()[1]
            holds = None if before is None or holds is None else _or(before, holds)
        rows.append((value, holds))
    if len(rows) == 1:
        return rows[0][0]
    body = r" \\ ".join(f"{value.tex} & {_if(holds)}" for value, holds in rows)
    return Text(rf"\begin{{cases}} {body} \end{{cases}}", CASES, tuple(rows))


def _if(condition: Text | None) -> str:
    return r"\text{otherwise}" if condition is None else rf"\text{{if }} {condition.tex}"


def _reduction(name: str) -> Row:
    return lambda body, letter: Text(rf"{name}_{{{letter}}} {body.at(MUL)}", REDUCE)


def _concat(*args: Text) -> Text:
    return Text(_bracket(r",\; ".join(arg.tex for arg in args), "[", "]"))


ROWS: dict[str, Row] = {
    "pi": _symbol(r"\pi"),
    "e": _symbol("e"),
    "inf": _symbol(r"\infty"),
    "add": _add,
    "sub": _form("%s - %s", ADD, ADD, REDUCE),
    "mul": _mul,
    "product": _mul,
    "div": _form(r"\frac{%s}{%s}", POWER, CASES, CASES),
    "neg": _form("-%s", ADD, REDUCE),
    "pow": _form("%s^{%s}", POWER, ATOM, CASES),
    "fma": lambda a, b, c: _add(_mul(a, b), c),
    "copysign": _named("copysign"),
    "power2": _form("2^{%s}", POWER, CASES),
    "power2_rounded": _form(r"2^{%s - 3 \cdot 2^{51} - 1023}", POWER, ADD),
    "times_power2": _form(r"%s \cdot 2^{%s - 3 \cdot 2^{51} - 1023}", MUL, MUL, ADD),
    "exponent": _form(r"\left\lfloor \log_2 |%s| \right\rfloor", ATOM, CASES),
    "mantissa": _named("mantissa"),
    "abs": lambda a: Text(_bracket(a.tex, "|", "|")),
    "sign": _named("sign"),
    "min": _call(r"\min"),
    "max": _call(r"\max"),
    "floor": _form(r"\left\lfloor %s \right\rfloor", ATOM, CASES),
    "ceil": _form(r"\left\lceil %s \right\rceil", ATOM, CASES),
    "round": _named("round"),
    "sqrt": _form(r"\sqrt{%s}", ATOM, CASES),
    "exp": _form("e^{%s}", POWER, CASES),
    "expm1": _form("e^{%s} - 1", ADD, CASES),
    "log": _call(r"\ln"),
    "log1p": lambda a: Text(r"\ln" + _bracket(_add(Text("1"), a).tex)),
    "sin": _call(r"\sin"),
    "cos": _call(r"\cos"),
    "tan": _call(r"\tan"),
    "asin": _call(r"\arcsin"),
    "acos": _call(r"\arccos"),
    "atan": _call(r"\arctan"),
    "acot": _named("arccot"),
    "sinh": _call(r"\sinh"),
    "cosh": _call(r"\cosh"),
    "tanh": _call(r"\tanh"),
    "asinh": _named("arsinh"),
    "acosh": _named("arcosh"),
    "atanh": _named("artanh"),
    "erf": _named("erf"),
    "erfc": _named("erfc"),
    "sigmoid": _call(r"\sigma"),
    "softplus": _named("softplus"),
    "hypot": lambda a, b: Text(rf"\sqrt{{{a.at(ATOM)}^{{2}} + {b.at(ATOM)}^{{2}}}}"),
    "rootsum": lambda a, b, c: _add(Text(rf"\sqrt{{{a.tex}}}"), b),
    "rootratio": lambda a, b, c: _add(Text("1"), Text(rf"\frac{{{b.tex}}}{{\sqrt{{{a.tex}}}}}")),
    "sech2": _call(r"\mathrm{sech}^{2}"),
    "normcdf": _call(r"\Phi"),
    "tanhsoftplus": lambda a: Text(r"\tanh" + _bracket(ROWS["softplus"](a).tex)),
    "siluslope": _call(r"\mathrm{silu}'"),
    "normcdfslope": _call(r"\mathrm{gelu}'"),
    "sech2softplus": lambda a: Text(r"\operatorname{sech}^{2}" + _bracket(ROWS["softplus"](a).tex)),
    "logcosh": lambda a: Text(r"\ln" + _bracket(r"\cosh" + _bracket(a.tex))),
    "log1mexp": _form(r"\ln\left(1 - e^{%s}\right)", ATOM, CASES),
    "lt": _form("%s < %s", COMPARE, ADD, ADD),
    "le": _form(r"%s \le %s", COMPARE, ADD, ADD),
    "gt": _form("%s > %s", COMPARE, ADD, ADD),
    "ge": _form(r"%s \ge %s", COMPARE, ADD, ADD),
    "eq": _form("%s = %s", COMPARE, ADD, ADD),
    "ne": _form(r"%s \ne %s", COMPARE, ADD, ADD),
    "and": _and,
    "or": _or,
    "not": _form(r"\lnot %s", NOT, ATOM),
    "where": _where,
    "sum": _reduction(r"\sum"),
    "mean": _reduction(r"\frac{1}{n} \sum"),
    "amax": _reduction(r"\max"),
    "amin": _reduction(r"\min"),
    "argmax": _reduction(r"\mathop{\mathrm{arg\,max}}"),
    "sparsemax_threshold": _reduction(r"\mathop{\mathrm{threshold}}"),
    "stop_gradient": lambda a: a,
    "straight_through": _named(r"straight\_through"),
    "concat": _concat,
}


def _at_sum(row: Row) -> Row:
    """Return the row of a function of a sum, whose second term is a rounding error."""
    return lambda a, low: row(_add(a, low))


ROWS |= {f"{name}_near": ROWS[name] for name in ("sin", "cos")}
ROWS |= {
    name: _at_sum(ROWS[name.removesuffix("_twofold")]) for name in OPS if name.endswith("_twofold")
}


def _with_factor(row: Row) -> Row:
    """Return the row of a function times its last argument."""
    return lambda *args: _mul(row(*args[:-1]), args[-1])


ROWS |= {
    name: _with_factor(ROWS[name.removesuffix("_times")]) for name in OPS if name.endswith("_times")
}


ROWS |= {
    name: ROWS.get(base) or _named(base)
    for name, base in ((name, name.rsplit("_", 1)[0]) for name in OPS)
    if name.endswith(("_plain", "_short", "_rough"))
}


def _in_float32(name: str) -> Row:
    row = ROWS[name.split("_", 1)[0]]
    row = _at_sum(row) if "_twofold" in name else row
    return _with_factor(row) if "_times" in name else row


ROWS |= {name: _named(name) for name in ("far_quarters", "far_angle", "far_angle_low")}
ROWS |= {f"{name}_rest": _named(f"{name.split('_')[0]} rest") for name in RESTS}
ROWS |= {f"{name}_fast": ROWS[name] for name in QUICK}
ROWS |= {f"{name}{tier}": ROWS[name] for name in SLOPES for tier in ("_f32", "_f32_fast")}
ROWS |= {f"{n}{tier}": _named(n.split("_")[0]) for n in GATES for tier in ("_f32", "_f32_fast")}
ROWS |= {f"{name}{tier}": _in_float32(name) for name in NARROW for tier in ("_f32", "_f32_fast")}
ROWS["weight_f32"] = ROWS["weight_low_f32"] = ROWS["weight_f64"] = _named("weight")
ROWS |= {f"{name}_approx": ROWS[f"{name}_f32_fast"] for name in APPROX}
ROWS |= {name: _named(name) for name in OPS if name.endswith("_approx") and name not in ROWS}
ROWS |= {name: _named(name) for name in OPS if name.startswith("sigmoidpart")}


def name_of(name: str) -> str:
    r"""Return a name as LaTeX: a letter, a Greek letter, or upright text.

    `lambd`, as parameters are called where `lambda` is a keyword, is the letter too.
    """
    letter = "lambda" if name == "lambd" else name
    if letter in GREEK:
        return "\\" + letter
    if len(name) == 1:
        return name
    return rf"\mathrm{{{escaped(name)}}}"


def escaped(name: str) -> str:
    """Return a name with its underscores as text."""
    return name.replace("_", r"\_")


def _literal(value: Fraction) -> Text:
    if value < 0:
        return Text("-" + _literal(-value).at(REDUCE), ADD)
    if value.denominator == 1 and value < 10**DIGITS:
        return Text(str(value.numerator))
    if 1 < value.denominator <= 9 and value.numerator < 100:
        return Text(rf"\frac{{{value.numerator}}}{{{value.denominator}}}", POWER)
    return _decimal(value)


def _decimal(value: Fraction) -> Text:
    exponent = len(str(value.numerator)) - len(str(value.denominator))
    exponent -= Fraction(10) ** exponent > value
    scaled = value / Fraction(10) ** (exponent - DIGITS + 1)
    digits, exact = str(scaled.numerator // scaled.denominator), scaled.denominator == 1
    kept = digits.rstrip("0") if exact else digits + r"\ldots"
    if -5 <= exponent < 0:
        return Text("0." + "0" * (-exponent - 1) + kept)
    if 0 <= exponent < DIGITS - 1:
        return Text(f"{digits[: exponent + 1]}.{kept[exponent + 1 :]}".rstrip("."))
    mantissa = f"{kept[0]}.{kept[1:]}".rstrip(".")
    power = f"10^{{{exponent}}}"
    return Text(power, POWER) if mantissa == "1" else Text(rf"{mantissa} \cdot {power}", MUL)


@dataclass(frozen=True)
class _Speller:
    """Spells under one index letter; formulas without reductions use none."""

    depth: int
    indexed: frozenset[str]

    @property
    def letter(self) -> str:
        return _LETTERS[self.depth % len(_LETTERS)]

    def spell(self, expr: Expr, done: dict[tuple[Expr, int], Text]) -> Text:
        key = (expr, self.depth)
        if key not in done:
            done[key] = self._spell(expr, done)
        return done[key]

    def _spell(self, expr: Expr, done: dict[tuple[Expr, int], Text]) -> Text:
        if isinstance(expr, Const):
            return _literal(expr.value)
        if isinstance(expr, Symbol):
            if expr.name == "index":
                return Text(self.letter)
            subscript = f"_{{{self.letter}}}" if expr.name in self.indexed else ""
            return Text(name_of(expr.name) + subscript)
        if not isinstance(expr, Apply) or expr.op not in ROWS:
            raise CompilerError(f"no LaTeX for {expr!r}")
        if expr.op not in _REDUCTIONS:
            return ROWS[expr.op](*(self.spell(arg, done) for arg in expr.args))
        inner = replace(self, depth=self.depth + 1)
        return ROWS[expr.op](inner.spell(expr.args[0], done), inner.letter)


def spell(expr: Expr, indexed: frozenset[str] = frozenset()) -> str:
    """Return `expr` as LaTeX for math mode.

    In an expression with reductions the input, and the symbols named in `indexed`, carry the
    index of their element. Raises `CompilerError` for an operation without a row.
    """
    expr = tidy(expr)
    reduces = any(is_op(node, *_REDUCTIONS) for node in walk(expr))
    return _Speller(0, (_INDEXED | indexed) if reduces else frozenset()).spell(expr, {}).tex
