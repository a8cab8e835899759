"""Parse formulas: the text of one formula and its scope in, an expression of the IR out.

A Pratt parser over a closed language: numbers, names, + - * / **, comparisons, and/or/not, calls.
Nothing of the text is ever executed. Operators bind as in Python: `-x**2` is `-(x**2)`, `a**b**c`
is `a**(b**c)`; comparisons do not chain. Nesting and size are bounded before Python's own stack
is. The result may hold `Call` nodes, which `inline` replaces.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, NamedTuple, NoReturn, TypeAlias

from actgen.codegen.constants import problem
from actgen.codegen.errors import Diagnostic, SpecError, did_you_mean, shorten
from actgen.codegen.foreign import FOREIGN, SYNONYMS, is_keyword
from actgen.codegen.ir import ZERO, Apply, Const, Expr, Symbol
from actgen.codegen.scalars import NumberError, number
from actgen.codegen.scope import ALONG_AXIS, FUNCTIONS, Argument, Call, Scope
from actgen.codegen.text import Text
from actgen.codegen.tokens import Token, tokenize

MAX_DEPTH = 60
MAX_NODES = 2_000

# "any" is the sort of what is wrong already, so that one mistake makes one message.
Sort: TypeAlias = Literal["real", "bool", "any"]

CONSTANTS = ("pi", "e", "inf")

# operator → (operation, binding power, sort of the operands, sort of the result)
_BINARY: dict[str, tuple[str, int, Sort, Sort]] = {
    "or": ("or", 1, "bool", "bool"),
    "and": ("and", 2, "bool", "bool"),
    "<": ("lt", 4, "real", "bool"),
    "<=": ("le", 4, "real", "bool"),
    ">": ("gt", 4, "real", "bool"),
    ">=": ("ge", 4, "real", "bool"),
    "==": ("eq", 4, "real", "bool"),
    "!=": ("ne", 4, "real", "bool"),
    "+": ("add", 5, "real", "real"),
    "-": ("sub", 5, "real", "real"),
    "*": ("mul", 6, "real", "real"),
    "/": ("div", 6, "real", "real"),
    "**": ("pow", 8, "real", "real"),
}
_NOT, _COMPARISON, _SIGN = 3, 4, 7


class _Term(NamedTuple):
    """A parsed part: its expression, sort and depth, and where it stands."""

    expr: Expr
    sort: Sort
    depth: int
    start: int
    end: int


def parse(text: Text, scope: Scope) -> Expr:
    """Return the expression of a formula. Raises `SpecError` with everything wrong in it."""
    return _Parser(text, scope).parse()


class _Parser:
    def __init__(self, text: Text, scope: Scope) -> None:
        self.text = text
        self.scope = scope
        self.tokens = tokenize(text)
        self.position = 0
        self.nodes = 0
        self.problems: list[Diagnostic] = []

    def parse(self) -> Expr:
        try:
            if len(self.tokens) == 1:
                self._stop(self._token, "the formula is empty")
            term = self._expression(0, 0)
            if not self._at_end:
                self._unexpected(self._token)
            self._need(term, "real", "a formula is a number, this is a condition")
        except SpecError as error:
            raise SpecError([*self.problems, *error.diagnostics]) from None
        if self.problems:
            raise SpecError(self.problems)
        return term.expr

    # Reading

    @property
    def _token(self) -> Token:
        return self.tokens[self.position]

    @property
    def _at_end(self) -> bool:
        return self.position == len(self.tokens) - 1

    def _next(self) -> Token:
        token = self._token
        self.position += token.kind != "end"
        return token

    def _expression(self, power: int, level: int) -> _Term:
        """Parse operators that bind tighter than `power`; `level` counts open expressions."""
        if level > MAX_DEPTH:
            self._stop(self._token, f"nested more than {MAX_DEPTH} levels deep", _LINES_HINT)
        left = self._prefix(level)
        while self._token.text in _BINARY:
            token = self._token
            op, binding, operands, sort = _BINARY[token.text]
            if binding <= power:
                break
            self._next()
            if op == "pow":
                right = self._expression(_SIGN - 1, level + 1)  # to the right: a**-b, a**b**c
            else:
                right = self._expression(binding, level + 1)
            message = f"{token.text!r} works on {_SORTS[operands]}"
            fits = [self._need(side, operands, message) for side in (left, right)]
            sort = sort if all(fits) else "any"
            if op == "div" and right.expr == ZERO:
                self._report(right, "division by zero", "write inf for infinity")
            left = self._build(op, sort, left.start, left, right)
            if binding == _COMPARISON and _BINARY.get(self._token.text, ("", 0))[1] == binding:
                self._stop(self._token, "comparisons do not chain", "write a < b and b < c")
        return left

    def _prefix(self, level: int) -> _Term:
        token = self._next()
        if token.kind == "number":
            return self._number(token)
        if token.text == "(":
            inner = self._expression(0, level + 1)
            self._close(token)
            return inner._replace(start=token.offset, end=self._end)
        if token.text in ("-", "+"):
            operand = self._expression(_SIGN, level + 1)
            self._need(operand, "real", f"{token.text!r} works on numbers")
            return (
                self._build("neg", "real", token.offset, operand) if token.text == "-" else operand
            )
        if token.text == "not":
            operand = self._expression(_NOT, level + 1)
            fits = self._need(operand, "bool", "'not' works on conditions")
            return self._build("not", "bool" if fits else "any", token.offset, operand)
        if token.kind == "name" and not is_keyword(token.text):
            return self._name(token, level)
        if token.text in FOREIGN or is_keyword(token.text):
            self._unexpected(token)
        if token.kind == "end":
            self._stop(token, "the formula ends where a value should follow")
        self._stop(token, f"a value should stand here, not {token.text!r}")

    def _number(self, token: Token) -> _Term:
        try:
            value = number(token.text)
        except NumberError as error:
            self._stop(token, str(error))
        self._count(token)
        return _Term(Const(value), "real", 1, token.offset, token.end)

    def _name(self, token: Token, level: int) -> _Term:
        if self._token.text == "(":
            return self._call(token, level)
        if self._token.text == ".":
            self._attribute(token)
        self._count(token)
        name, expr = token.text, Symbol(token.text)
        if name in self.scope.symbols:
            return _Term(expr, "real", 1, token.offset, token.end)
        if name in CONSTANTS:
            return _Term(Apply(name), "real", 1, token.offset, token.end)
        term = _Term(expr, "any", 1, token.offset, token.end)
        message, hint = self._why_unknown(name)
        self._report(term, message, hint)
        return term

    def _why_unknown(self, name: str) -> tuple[str, str]:
        if name in self.scope.refused:
            return f"{shorten(name)!r} cannot be used here", self.scope.refused[name]
        if name in ("true", "false", "True", "False"):
            return f"{name!r} is no number", "it can be an argument of an activation, f(x, p=true)"
        if name in FUNCTIONS or name in self.scope.activations:
            return f"{name!r} is a function", f"call it: {name}(…)"
        if name in ("nan", "NaN", "None", "null", "Inf", "infinity"):
            return f"unknown name {name!r}", "the constants are pi, e and inf"
        known = [*self.scope.symbols, *CONSTANTS]
        return f"unknown name {shorten(name)!r}", did_you_mean(
            name,
            known,
            f"known here: {shorten(', '.join(sorted(self.scope.symbols)), 100) or 'only numbers'}",
        )

    # Calls

    def _call(self, name: Token, level: int) -> _Term:
        arguments = self._arguments(level)
        start, end = name.offset, self._end
        wrong = _Term(Symbol(name.text), "any", 1, start, name.end)
        named = any(argument.name for argument, _ in arguments)
        builtin = name.text in FUNCTIONS
        if builtin and (named or not _fits(name.text, len(arguments))):
            # A function of the language wins over an activation of its name, where it fits.
            builtin = name.text not in self.scope.activations
        if builtin:
            return self._builtin(name, [term for _, term in arguments], named, wrong, end)
        if name.text not in self.scope.activations:
            message, hint = self._why_no_function(name.text)
            self._report(wrong, message, hint)
            return wrong
        depth = 1 + max((term.depth for _, term in arguments), default=0)
        for argument, term in arguments:
            if not isinstance(argument.value, bool):
                self._need(term, "real", "an argument is a number, true or false")
        if not arguments or arguments[0][0].name or isinstance(arguments[0][0].value, bool):
            message = f"the first argument of {name.text} is its input"
            self._report(wrong, message, f"such as {name.text}(x)")
            return wrong
        values = tuple(argument for argument, _ in arguments)
        self._count(name, depth)
        return _Term(Call(name.text, values, start, end - start), "real", depth, start, end)

    def _arguments(self, level: int) -> list[tuple[Argument, _Term]]:
        """Parse what stands in the brackets of a call, brackets included."""
        opening = self._next()
        arguments: list[tuple[Argument, _Term]] = []
        while self._token.text != ")":
            name, first = "", self._token
            if first.kind == "name" and self.tokens[self.position + 1].text == "=":
                name = self._next().text
                self._next()
                if any(argument.name == name for argument, _ in arguments):
                    self._stop(first, f"the argument {shorten(name)!r} is given twice")
            elif arguments and arguments[-1][0].name:
                self._stop(first, "a positional argument follows one with a name")
            literal = {"true": True, "false": False}.get(self._token.text)
            if literal is not None and self.tokens[self.position + 1].text in (",", ")"):
                token = self._next()
                term = _Term(Symbol(token.text), "bool", 1, token.offset, token.end)
                value: Expr | bool = literal
            else:
                term = self._expression(0, level + 1)
                value = term.expr
            arguments.append((Argument(name, value, first.offset, term.end - first.offset), term))
            if self._token.text != ",":
                break
            self._next()
        self._close(opening)
        return arguments

    def _builtin(
        self, name: Token, terms: list[_Term], named: bool, wrong: _Term, end: int
    ) -> _Term:
        function = name.text
        if named:
            self._report(wrong, f"{function} takes no arguments by name")
            return wrong
        if not _fits(function, len(terms)):
            arity = FUNCTIONS[function]
            wants = "two arguments or more" if arity is None else _count_of(arity, "argument")
            message = f"{function} takes {wants}, not {len(terms)}"
            hint = ""
            if function in ("min", "max") and len(terms) > 2:
                hint = f"nest it: {function}(a, {function}(b, c))"
            elif function in ("min", "max", "pow", "hypot") and len(terms) == 1:
                hint = f"along an axis it is a{function}(x)" if function in ("min", "max") else ""
            self._report(wrong, message, hint)
            return wrong
        if function in ALONG_AXIS and not self.scope.along_axis:
            message = f"{function} looks along an axis"
            self._report(wrong, message, "it goes with kind: normalization")
        if function == "concat" and not self._is_outermost(name):
            message = "concat can only be the outermost call of a reshaping activation's result"
            self._report(wrong, message)
        for index, term in enumerate(terms):
            if function == "where" and index == 0:
                self._need(term, "bool", "the first argument of where is a condition")
            else:
                self._need(term, "real", f"{function} works on numbers")
        if function == "clip":
            low = self._build("max", "real", name.offset, *terms[:2])
            return self._build("min", "real", name.offset, low, terms[2])._replace(end=end)
        if function == "one_hot":
            one, zero = (_Term(Const(Fraction(n)), "real", 1, 0, 0) for n in (1, 0))
            index_term = _Term(Symbol("index"), "real", 1, name.offset, name.end)
            hit = self._build("eq", "bool", name.offset, index_term, terms[0])
            return self._build("where", "real", name.offset, hit, one, zero)._replace(end=end)
        return self._build(function, "real", name.offset, *terms)._replace(end=end)

    def _is_outermost(self, name: Token) -> bool:
        before = all(token.text == "(" for token in self.tokens if token.offset < name.offset)
        after = all(token.text in (")", "") for token in self.tokens[self.position :])
        return self.scope.concat and before and after

    def _why_no_function(self, name: str) -> tuple[str, str]:
        if name in self.scope.symbols or name in self.scope.refused or name in CONSTANTS:
            return f"{name!r} is no function", f"write {name} * (…) for a product"
        message = f"unknown function {shorten(name)!r}"
        if name in SYNONYMS:
            return message, f"write {SYNONYMS[name]}"
        return message, did_you_mean(name, [*FUNCTIONS, *self.scope.activations])

    # Building and complaining

    def _build(self, op: str, sort: Sort, start: int, *terms: _Term) -> _Term:
        depth = 1 + max(term.depth for term in terms)
        expr = Apply(op, tuple(term.expr for term in terms))
        self._count(self.tokens[self.position - 1], depth)
        made = _Term(expr, sort, depth, start, terms[-1].end)
        wrong = None if self.problems else problem(expr)  # one is enough
        if wrong is not None:
            self._report(made, *wrong)
        return made

    def _count(self, token: Token, depth: int = 1) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._stop(token, f"a formula has at most {MAX_NODES:,} operations", _LINES_HINT)
        if depth > MAX_DEPTH:
            self._stop(token, f"nested more than {MAX_DEPTH} levels deep", _LINES_HINT)

    @property
    def _end(self) -> int:
        return self.tokens[self.position - 1].end

    def _close(self, opening: Token) -> None:
        if self._at_end:
            self._stop(opening, "this bracket is never closed")
        if self._token.text != ")":
            self._unexpected(self._token)
        self._next()

    def _need(self, term: _Term, sort: Sort, message: str) -> bool:
        """Tell whether `term` is of `sort`; report it with `message` otherwise."""
        if term.sort in (sort, "any"):
            return True
        hint = "compare it: x > 0" if sort == "bool" else "write where(condition, 1, 0)"
        self._report(term, message, hint)
        return False

    def _attribute(self, token: Token) -> NoReturn:
        after = self.tokens[self.position + 1]
        hint = "write functions by their name"
        if after.text in FUNCTIONS:
            hint = f"write {after.text}"
        elif after.text in SYNONYMS:
            hint = f"write {SYNONYMS[after.text]}"
        length = (after.end if after.kind == "name" else token.end) - token.offset
        message = "attributes are not part of the formula language"
        self._fail(token.offset, length, message, hint)

    def _unexpected(self, token: Token) -> NoReturn:
        """Stop at a token that cannot stand here."""
        if token.text in FOREIGN:
            self._stop(token, *FOREIGN[token.text])
        if is_keyword(token.text) and token.text not in _BINARY:
            self._stop(token, f"{token.text!r} of Python is not part of the formula language")
        if token.text == ")":
            self._stop(token, "this bracket closes nothing")
        if token.text == ",":
            self._stop(token, "a comma separates arguments, and no call is open here")
        if token.kind in ("name", "number") or token.text == "(":
            self._stop(token, "an operator is missing before this", "write * for a product")
        self._stop(token, f"{token.text!r} cannot stand here")

    def _report(self, term: _Term, message: str, hint: str = "") -> None:
        length = max(1, term.end - term.start)
        self.problems.append(self.text.diagnostic(message, hint, term.start, length))

    def _stop(self, token: Token, message: str, hint: str = "") -> NoReturn:
        self._fail(token.offset, len(token.text), message, hint)

    def _fail(self, offset: int, length: int, message: str, hint: str) -> NoReturn:
        raise SpecError([self.text.diagnostic(message, hint, offset, length)])


_LINES_HINT = "name parts of it on lines of their own: formula: {part: …, result: …}"
_SORTS = {"real": "numbers", "bool": "conditions", "any": "values"}


def _fits(function: str, count: int) -> bool:
    arity = FUNCTIONS[function]
    return count >= 2 if arity is None else count == arity


def _count_of(count: int, noun: str) -> str:
    words = {1: "one", 2: "two", 3: "three"}
    return f"{words.get(count, count)} {noun}{'' if count == 1 else 's'}"
