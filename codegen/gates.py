"""Recognise x sigmoid(x) and x normcdf(x) among lowered products: they have their own functions.

In: a lowered expression, and the suffix of the functions it is to call. Out: the same over
`sigmoidgate` and `normcdfgate` where the library has them. A factor other than the argument will
do if it has the argument's sign.
"""

from __future__ import annotations

from collections.abc import Container

from actgen.codegen.ir import Apply, Expr, rewrite
from actgen.codegen.signs import follows

_FUNCTIONS = ("sigmoid", "normcdf")


def with_gates(expr: Expr, suffix: str, known: Container[str]) -> Expr:
    """Return `expr` with such products as calls of functions that are `known`."""

    def recognised(node: Expr) -> Expr:
        if not isinstance(node, Apply):
            return node
        for name in _FUNCTIONS:
            if node.op == f"{name}_times" and node.args[0] == node.args[1]:
                gate, args = f"{name}gate{suffix}", node.args[:1]
            elif node.op == f"{name}_twofold_times" and follows(node.args[0], node.args[2]):
                gate, args = f"{name}gate_twofold{suffix}", node.args
            else:
                continue
            return Apply(gate, args) if gate in known else node
        return node

    return rewrite(expr, recognised)
