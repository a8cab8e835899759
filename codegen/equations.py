r"""Write the equations of a page: a program in, LaTeX and what its signs mean out.

Signs stand within $`…`$, where Markdown leaves backslashes alone.

Each case of the formula has its value and its gradient: `f'(x)` of an elementwise function, the
partial derivatives of a gate, `dx` in terms of `dy` for what couples elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from actgen.codegen.activation import ActivationSpec
from actgen.codegen.differentiate import at_kinks, differentiate
from actgen.codegen.emit import latex
from actgen.codegen.ir import Apply, Expr, Symbol, X, apply, is_op, walk
from actgen.codegen.pipeline import GATE, VALUE, Program, Variant
from actgen.codegen.stabilise import stabilise

_LONGEST = 1200  # characters of LaTeX; a longer derivative helps nobody
_MEANINGS = {
    "sigmoid": r"$`\sigma(t) = 1 / (1 + e^{-t})`$",
    "softplus": r"$`\mathrm{softplus}(t) = \ln(1 + e^{t})`$",
    "normcdf": r"$`\Phi(t) = \frac{1}{2} (1 + \mathrm{erf}(t / \sqrt{2}))`$",
    "sech2": r"$`\mathrm{sech}(t) = 1 / \cosh(t)`$",
    "argmax": r"$`\mathrm{arg\,max}`$ is the first index of the largest value",
    "sparsemax_threshold": r"$`\mathrm{threshold}_{j} x_{j}`$ is the number $`t`$ with "
    r"$`\sum_{j} \max(x_{j} - t, 0) = 1`$",
    "straight_through": r"$`\mathrm{straight\_through}(a, b)`$ has the value of $`a`$ and the "
    "derivative of $`b`$",
}


@dataclass(frozen=True)
class Equations:
    """One case: the parameters that choose it, its formula and its gradients; what signs mean."""

    when: str
    formula: str
    gradients: tuple[str, ...]
    signs: tuple[str, ...]


def equations(program: Program) -> list[Equations]:
    """Return the equations of every case of an activation."""
    return [_case(program, variant) for variant in program.variants]


def roles(spec: ActivationSpec) -> list[str]:
    """Return what the names and indices of a formula stand for, a sentence each."""
    said = []
    if spec.gate is not None:
        half = f"the {spec.gate} half of x along the axis"
        said.append(rf"$`\mathrm{{gate}}`$ is {half}, $`\mathrm{{value}}`$ the other")
    if spec.groups is not None:
        said.append(
            f"$`j`$ runs over the `{spec.groups}` consecutive entries that become entry $`i`$"
        )
    elif spec.kind == "normalization":
        said.append("$`i`$, $`j`$ and $`k`$ run along the axis")
    said += [
        f"$`{latex.name_of(entry.name)}`$ is uniform between 0 and 1, drawn for each element"
        for entry in spec.random
    ]
    return said


def _case(program: Program, variant: Variant) -> Equations:
    name = rf"\mathrm{{{latex.escaped(program.spec.name)}}}"
    random = frozenset(variant.random)
    left, gradients = _left(program, name), list(_gradients(program, variant, name))
    spelled = [(sign, latex.spell(value, random)) for sign, value in gradients]
    used = {
        node.op
        for expr in (variant.formula, *(value for _, value in gradients))
        for node in walk(expr)
        if isinstance(node, Apply)
    }
    return Equations(
        when=", ".join(f"{param}={wanted}" for param, wanted in variant.when),
        formula=f"{left} = {latex.spell(variant.formula, random)}",
        gradients=tuple(f"{sign} = {tex}" for sign, tex in spelled if len(tex) <= _LONGEST),
        signs=tuple(text for op, text in _MEANINGS.items() if op in used),
    )


def _left(program: Program, name: str) -> str:
    spec = program.spec
    if spec.kind == "gated":
        return rf"{name}(\mathrm{{gate}}, \mathrm{{value}})"
    if spec.kind == "elementwise" or program.pieces > 1:
        return f"{name}(x)"
    return rf"{name}(\mathbf{{x}})_{{i}}"


def _gradients(program: Program, variant: Variant, name: str) -> Iterator[tuple[str, Expr]]:
    kinks = [(kink.at, kink.derivative) for kink in program.definition.kinks]

    def slope(formula: Expr, symbol: Symbol) -> Expr:
        stable, _ = stabilise(differentiate(formula, symbol))
        return stable if symbol == VALUE else at_kinks(stable, symbol, kinks)

    if program.spec.kind == "gated":
        formula, _ = stabilise(variant.formula)
        for symbol in (GATE, VALUE):
            of = rf"\frac{{\partial {name}}}{{\partial {latex.name_of(symbol.name)}}}"
            yield of, slope(formula, symbol)
    elif is_op(variant.formula, "concat"):
        assert isinstance(variant.formula, Apply)
        pieces = (slope(piece, X) for piece in variant.formula.args)
        yield f"{name}'(x)", apply("concat", *pieces)
    elif variant.derivative is not None:
        elementwise = program.spec.kind == "elementwise"
        yield f"{name}'(x)" if elementwise else r"\mathrm{dx}_{i}", variant.derivative
