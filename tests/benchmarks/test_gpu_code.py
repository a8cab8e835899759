"""What kernels for GPUs compile to, read from their machine code; no GPU is needed."""

import re
from pathlib import Path

import pytest

import actgen
from benchmarks import gpu_code
from benchmarks.gpu_code_page import page
from benchmarks.machine_code import operations, usual_way

PAGE = Path(__file__).resolve().parents[2] / "docs" / "gpu-kernels.md"
LISTING = """
//--------------------- .text.$divide --------------------------
        /*0000*/                   MUFU.RCP R0, R0 ;
        /*0010*/                   RET.ABS.NODEC R20 0x0 ;
//--------------------- .text.kernel --------------------------
        .other          kernel,@"STO_CUDA_ENTRY STV_DEFAULT"
        /*0000*/                   LDG.E.128 R4, desc[UR4][R4.64] ;
        /*0010*/               @P0 EXIT ;
        /*0020*/              @!P1 BRA `(.L_x_1) ;
        /*0030*/                   MOV R2, 0x90 ;
        /*0040*/                   CALL.REL.NOINC `($divide) ;
.L_x_1:
        /*0050*/               @P2 BRA `(.L_x_2) ;
        /*0060*/                   FFMA R0, R1, R2, R3 ;
.L_x_2:
        /*0070*/                   BRA `(.L_x_3) ;
        /*0080*/                   DFMA R0, R1, R2, R3 ;
.L_x_3:
        /*0090*/                   STG.E.128 desc[UR4][R2.64], R4 ;
        /*00a0*/                   EXIT ;
        /*00b0*/                   FADD R0, R0, R0 ;
"""


def line(function, **changes):
    values = {"kernel": "forward", "dtype": "float32", "instructions": 40.0, "special": 1.0}
    values |= {"double": 0.0, "bytes": 8.0, "share": 0.65, "registers": 30}
    return gpu_code.Line(function, **(values | {"spilled": 0, "local": 0} | changes))


def test_the_usual_way_leaps_over_calls_alone():
    expected = "LDG.E.128 EXIT BRA BRA FFMA BRA STG.E.128 EXIT"
    assert usual_way(LISTING) == expected.split()


def test_a_missing_disassembler_is_named(monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.machine_code.disassembler", lambda: None)
    with pytest.raises(LookupError, match="pip install nvidia-cuda-nvdisasm"):
        operations(b"")
    monkeypatch.setattr(gpu_code, "disassembler", lambda: None)
    assert gpu_code.main([]) == 2
    assert "pip install nvidia-cuda-nvdisasm" in capsys.readouterr().err


def test_a_kernel_without_arithmetic_takes_next_to_nothing():
    ((_, kernel),) = gpu_code.kernels("linear", ["forward"])
    made = gpu_code.line("linear", "forward", kernel, "float32", (9, 0))
    assert made.bytes == 8 and made.instructions < 10 and made.share < 0.2
    assert (made.special, made.double, made.spilled, made.local) == (0, 0, 0, 0)


def test_usual_calls_are_those_at_defaults():
    names = [kernel.py_func.__name__ for _, kernel in gpu_code.kernels("elu", gpu_code.TIERS)]
    expected = ["forward_default_tiles", "forward_default_fast_tiles"]
    assert names[:2] == expected
    assert all("default" in name for name in names)


def test_the_page_tells_what_is_above_the_budget():
    lines = [line("mish", share=1.26, instructions=78.0), line("relu"), line("snake", spilled=8)]
    text = page(lines, (9, 0))
    assert "| `mish` | **1.26** (30) |" in text
    assert "- `mish` forward, float32: 1.26, 78 instructions\n" in text
    assert "Of 3 kernels 1 spill registers or use local memory: `snake` (forward, float32)." in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--functions", "gelo"], "gelo"),
        (["--capability", "nine"], "9.0 is one"),
        (["--capability", "7.0"], "the oldest is 7.5"),
        (["--write", "/nowhere/page.md"], "folder"),
    ],
)
def test_bad_options_are_told(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        gpu_code.main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_the_committed_page_is_of_these_kernels(tmp_path, capsys):
    committed = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (`\w+`) (\|.*)$", committed, re.MULTILINE))
    tiled = [n for n in actgen.names() if any(gpu_code.kernels(n, gpu_code.TIERS))]
    assert list(rows) == [f"`{name}`" for name in tiled]
    sample = ["relu", "tanh"]
    options = ["--functions", ",".join(sample), "--write", str(tmp_path / "page.md")]
    assert gpu_code.main([*options, "--dtypes", "float32,bfloat16,float16"]) == 0
    made = (tmp_path / "page.md").read_text(encoding="utf-8")
    for name in sample:
        assert f"| `{name}` {rows[f'`{name}`']}\n" in made
    capsys.readouterr()
