"""The nodes of formulas: structure, equality, and walking over them."""

from fractions import Fraction

import pytest

from actgen.codegen.ir import (
    COMMUTATIVE,
    INF,
    ONE,
    ZERO,
    Apply,
    Const,
    Expr,
    Symbol,
    X,
    apply,
    const_value,
    depends_on,
    exp,
    is_op,
    maximum,
    rewrite,
    substitute,
    symbols,
    walk,
    where,
)

A, B = Symbol("a"), Symbol("b")


def test_operators_build_nodes():
    assert repr(1 / (1 + exp(-X))) == "(div 1 (add 1 (exp (neg x))))"
    assert repr(2 * X - 1) == "(sub (mul 2 x) 1)"
    assert repr(1 - X**2) == "(sub 1 (pow x 2))"
    assert (
        repr(where(apply("lt", X, 0), X / 3, maximum(X, 1)))
        == "(where (lt x 0) (div x 3) (max x 1))"
    )
    assert repr(INF) == "(inf)"


def test_equality_is_structural():
    assert exp(X) + 1 == exp(Symbol("x")) + Const(Fraction(1))
    assert exp(X) != exp(A)
    assert X - A != A - X
    assert Symbol("x") != Symbol("x", "random")
    assert Const(Fraction(1)) != X
    assert X != "x"


@pytest.mark.parametrize("op", sorted(COMMUTATIVE))
def test_commutative_operations_are_equal_either_way_round(op):
    assert apply(op, A, B) == apply(op, B, A)
    assert hash(apply(op, A, B)) == hash(apply(op, B, A))
    assert apply(op, A, A) != apply(op, A, B)
    assert exp(apply(op, A, B)) / X == exp(apply(op, B, A)) / X


@pytest.mark.parametrize("op", ["sub", "div", "pow", "lt", "ge", "copysign"])
def test_other_operations_are_not(op):
    assert apply(op, A, B) != apply(op, B, A)


def test_nodes_are_frozen_and_hash_as_keys():
    with pytest.raises(AttributeError):
        X.name = "y"
    assert {X + A: 1}[A + X] == 1
    assert len({X, Symbol("x"), A, X + A, A + X}) == 3


def test_a_bare_node_is_refused():
    with pytest.raises(TypeError, match="not a node"):
        Expr()


def test_walk_yields_each_node_once_and_arguments_first():
    shared = exp(X)
    found = list(walk(shared * (shared + A)))
    assert found == [X, shared, A, shared + A, shared * (shared + A)]


def test_walk_goes_deeper_than_the_stack_of_python():
    expr = X
    for _ in range(5000):
        expr = exp(expr)
    assert sum(1 for _ in walk(expr)) == 5001


def test_rewrite_works_from_the_leaves_up():
    def fold(node):
        if is_op(node, "add") and all(isinstance(arg, Const) for arg in node.args):
            return Const(node.args[0].value + node.args[1].value)
        return node

    inner = apply("add", 1, 2)
    assert rewrite(exp(apply("add", inner, 3)) * X, fold) == exp(Const(Fraction(6))) * X
    untouched = exp(X) + A
    assert rewrite(untouched, lambda node: node) is untouched


def test_rewrite_visits_a_shared_node_once():
    seen = []
    shared = exp(X)
    rewrite(shared + shared * A, lambda node: seen.append(node) or node)
    assert seen.count(shared) == 1


def test_substitute_replaces_nodes_and_does_not_search_the_replacement():
    assert substitute(X + A, {X: X + 1}) == (X + 1) + A
    assert substitute(exp(X) + X, {exp(X): A}) == A + X
    assert substitute(X * A, {X: A, A: X}) == A * X
    assert substitute(A + X, {X + A: B}) == B


def test_const_value_sees_through_negation_only():
    assert const_value(Const(Fraction(3, 7))) == Fraction(3, 7)
    assert const_value(-Const(Fraction(-2))) == 2
    assert const_value(ONE + ONE) is None
    assert const_value(X) is None


def test_symbols_and_dependence():
    expr = where(apply("lt", X, A), ZERO, Symbol("u", "random"))
    assert symbols(expr) == {X, A, Symbol("u", "random")}
    assert depends_on(expr, A)
    assert not depends_on(expr, B)
    assert depends_on(expr, apply("lt", X, A))
    assert is_op(expr, "if", "where")
    assert not is_op(X, "x")
    assert isinstance(expr, Apply)
