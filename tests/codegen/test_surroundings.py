"""What a program sets for its own arithmetic does not reach the compiler, and stays as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mpmath import mp

from actgen.codegen.single import compile_spec_file

HEAD = "name: wave\ntitle: Wave\nsummary: A wave.\nfamily: other\n"
SPEC = HEAD + "formula: x * cos(x) + hypot(x, 1)\n"


def test_the_same_spec_gives_the_same_kernels(tmp_path: Path) -> None:
    path = tmp_path / "wave.yaml"
    path.write_text(SPEC)
    _, expected, cuda = compile_spec_file(path)
    with mp.workprec(400), np.errstate(all="raise"):
        _, found, other = compile_spec_file(path)
        assert found == expected
        assert other() == cuda()
        assert mp.prec == 400 and np.geterr()["under"] == "raise"
