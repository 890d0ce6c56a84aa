"""``minitorch kernels``: tables, exit codes, and what it says of missing tools."""

import json
import shutil
from collections import Counter

import pytest
from click.testing import CliRunner

from minitorch.backend.native import load_extension
from minitorch.cli import cli
from minitorch.cli.sass import Compiled, complaints, find_tool, read_dump, read_spills

EMULATED, REASON = load_extension("_emulated")
emulated = pytest.mark.skipif(EMULATED is None, reason=REASON)
DUMP = """
Resource usage:
 Function void mt::matmul::(anonymous namespace)::k12<half, true>(mt::Arguments):
  REG:126 STACK:8 SHARED:1024 LOCAL:0 CONSTANT[0]:688
\tcode for sm_90a
\t\tFunction : void mt::matmul::(anonymous namespace)::k12<half, true>(mt::Arguments)
        /*0000*/                   LDC R1, c[0x0][0x28] ;       /* 0x00 */
                                                                /* 0x00 */
        /*0010*/               @P0 LDSM.16.M88.4 R20, [R117] ;  /* 0x00 */
        /*0020*/              @!P1 HMMA.16816.F32 R4, R8, R12 ; /* 0x00 */
        /*0030*/                   STL [R1], R4 ;               /* 0x00 */
        /*0040*/                   LDL R4, [R1] ;               /* 0x00 */
"""


def run(*arguments):
    return CliRunner().invoke(cli, ["kernels", *arguments])


@emulated
def test_list_has_every_rung():
    rows = json.loads(run("list", "--json").stdout)["rungs"]
    count = sum(len(rungs) for rungs in EMULATED.rungs.values())
    assert len(rows) == count and rows[0]["rung"].startswith("k01_")
    assert "k01_naive" in run("list").stdout


@emulated
def test_check_a_rung():
    result = run("check", "matmul", "--rung", "k01", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["failures"] == []
    assert found["rungs"] == [
        {"rung": "k01_naive", "runs": 168, "left out": 0, "failed": 0,
         "worst": found["rungs"][0]["worst"]}
    ]  # fmt: skip
    assert 0 < found["rungs"][0]["worst"] <= 1


@emulated
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "matmull"], "no family or op 'matmull'; did you mean 'matmul'?"),
        (["check", "zzz"], "no family or op 'zzz'; there are conv, loss"),
        (["check", "matmul", "--rung", "k99"], "matmul has no rung 'k99'; it has k01_naive"),
        (["check"], "missing argument 'OP' (cli kernels check --help)"),
        (["check", "matmul", "--schedules", "some"], "'some' is not one of 'few', 'all'"),
        (["lnt"], "no such command 'lnt'. Did you mean 'lint'? (cli kernels --help)"),
        (["list", "--zz"], "no such option '--zz' (cli kernels list --help)"),
        (["sass", "none.cu"], "file 'none.cu' does not exist"),
    ],
)
def test_bad_input_is_one_line(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.startswith("minitorch: ") and result.stderr.count("\n") == 1
    assert message.lower() in result.stderr.lower()


def test_the_group_alone_shows_its_help():
    assert "Commands:" in run().output


def test_lint_needs_the_watched_build(monkeypatch):
    monkeypatch.setattr(
        "minitorch.backend.native.load_extension", lambda name: (None, f"{name} is not built")
    )
    result = run("lint")
    assert result.exit_code == 2
    assert (
        "_emulated_watched is not built; in a checkout, `make watched` builds it" in result.stderr
    )


@pytest.mark.skipif(
    load_extension("_emulated_watched")[0] is None,
    reason="minitorch._emulated_watched: make watched",
)
def test_lint_puts_the_worst_line_first():
    rows = json.loads(run("lint", "matmul", "--rung", "k01", "--json").stdout)["lines"]
    assert [r["waste"] for r in rows] == sorted((r["waste"] for r in rows), reverse=True)
    assert rows[0]["waste"] > 4 and rows[0]["source"]


@pytest.mark.skipif(
    load_extension("_emulated_watched")[0] is None,
    reason="minitorch._emulated_watched: make watched",
)
def test_lint_says_what_it_leaves_out():
    result = run("lint", "matmul", "--rung", "k12", "--json")
    (row,) = json.loads(result.stdout)["left out"]
    assert row["rung"] == "matmul k12_mma" and "float16 and bfloat16" in row["reason"]
    assert "matmul k12_mma does not do 256x256x128" in run("lint", "--rung", "k12").stderr


def test_dumps_are_read():
    (kernel,) = read_dump(DUMP, "sm_90a")
    assert (kernel.registers, kernel.shared, kernel.stack) == (126, 1024, 8)
    assert (kernel.spills, kernel.tensor, kernel.rung) == (2, 1, ("matmul", "k12"))
    assert kernel.interesting() == "HMMA:1 LDSM:1"


def test_spills_are_what_ptxas_says():
    text = """ptxas info    : Function properties for void mt::matmul::x::k12<__half>(float)
    8 bytes stack frame, 12 bytes spill stores, 4 bytes spill loads
ptxas info    : Function properties for void mt::matmul::x::k12<float>(float)
    8 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
"""
    kernel, other = (f"void mt::matmul::x::k12<{name}>(float)" for name in ("__half", "float"))
    assert read_spills(text) == {kernel: 16, other: 0}
    array = Compiled(kernel, "sm_80", counts=Counter(LDL=4))  # of an array, not of registers
    assert array.spills == 4
    array.spilled = 0
    assert array.spills == 0


def test_rungs_for_one_architecture_are_judged_on_it():
    rungs = {"matmul": [("k01_naive", "", "", ""), ("k02_wgmma", "", "compute capability 9.0", "")]}
    of = {arch: Compiled("mt::matmul::x::k02<T>()", arch) for arch in ("sm_90a", "sm_100a")}
    for kernel in of.values():
        kernel.spilled = 8
    of["sm_90a"].counts["HGMMA"] = 1
    assert complaints(of.values(), rungs) == [
        "matmul k02_wgmma: 8 bytes spilled on sm_90a in mt::matmul::x::k02<T>()"
    ]


def test_complaints_are_of_missing_tensor_cores_and_spills():
    def compiled(rung, **counts):
        return Compiled(f"mt::matmul::x::{rung}<float>()", "sm_80", counts=Counter(counts))

    rungs = {"matmul": [("k01_naive", "", "", ""), ("k02_mma", "", "", ""),
                        ("k03_late", "float64 on tensor cores", "", ""),
                        ("k04_box", "the copy engine", "", "")]}  # fmt: skip
    fine = [compiled("k01", LDL=2), compiled("k02", HMMA=4), compiled("k03", DMMA=1)]
    fine += [compiled("k04"), compiled("k04", UTMALDG=1)]
    assert complaints(fine, rungs) == []
    bad = [compiled("k02", FFMA=9), compiled("k03", DMMA=1, STL=3), compiled("k04", LDGSTS=1)]
    assert complaints(bad, rungs) == [
        "matmul k02_mma: no tensor-core instruction on any architecture",
        "matmul k03_late: 3 bytes spilled on sm_80 in mt::matmul::x::k03<float>()",
        "matmul k04_box: no load by the copy engine on any architecture",
    ]


def test_a_missing_tool_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))
    with pytest.raises(RuntimeError, match="no-such-tool was not found; it comes with the CUDA"):
        find_tool("no-such-tool")
