"""What nvcc made of the kernels: registers, spills, shared memory, tensor-core instructions.

Read from what ``cuobjdump`` prints, so no GPU is needed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Compiled", "compile_kernels", "complaints", "find_tool", "read_dump", "read_spills"]

ARCHS = ("80", "90a", "100a")
# Products on tensor cores (of registers, of float64, of warpgroups, of int8), and what feeds them.
TENSOR = ("HMMA", "DMMA", "HGMMA", "QGMMA", "UTCHMMA", "UTCQMMA")
FEEDING = ("LDSM", "STSM", "UTMALDG", "UTMASTG", "LDGSTS", "UBLKCP")
SPILLS = ("LDL", "STL")


@dataclass(slots=True)
class Compiled:
    """One kernel for one architecture; ``counts`` has the instructions that matter.

    ``spilled`` are the bytes that ptxas says it spilled, where it was asked.
    """

    kernel: str
    arch: str
    registers: int = 0
    shared: int = 0
    stack: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    spilled: int | None = None

    @property
    def spills(self) -> int:
        """Bytes, or in a binary the accesses to local memory, arrays' among them."""
        if self.spilled is not None:
            return self.spilled
        return sum(self.counts[name] for name in SPILLS)

    @property
    def tensor(self) -> int:
        return sum(self.counts[name] for name in TENSOR)

    def interesting(self) -> str:
        """Counts of tensor-core instructions and of those that feed them."""
        return " ".join(f"{n}:{self.counts[n]}" for n in TENSOR + FEEDING if self.counts[n])

    @property
    def rung(self) -> tuple[str, str] | None:
        """(family, "k07") of a rung's kernel."""
        found = re.search(r"mt::(\w+)::.*?\b(k\d\d)", self.kernel)
        return (found[1], found[2]) if found else None


def find_tool(name: str) -> str:
    """A program of the CUDA toolkit: in PATH, CUDA_HOME, a pip package or /usr/local/cuda.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    if found := shutil.which(name):
        return found
    homes = [Path(home) for key in ("CUDA_HOME", "CUDA_PATH") if (home := os.environ.get(key))]
    homes += sorted(Path(sysconfig.get_path("purelib"), "nvidia").glob("cu*"), reverse=True)
    for home in [*homes, Path("/usr/local/cuda")]:
        if (home / "bin" / name).exists():
            return str(home / "bin" / name)
    raise RuntimeError(f"{name} was not found; it comes with the CUDA toolkit (set CUDA_HOME)")


def compile_kernels(source: Path, root: Path, archs: Iterable[str] = ARCHS) -> list[Compiled]:
    """Compile one .cu file of csrc for each architecture and read what came of it."""
    return [kernel for arch in archs for kernel in _compile(source, root, arch)]


def _compile(source: Path, root: Path, arch: str) -> Iterator[Compiled]:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "kernel.cubin"
        command = [find_tool("nvcc"), "-std=c++17", "-O3", f"-I{root / 'csrc'}"]
        command += ["--expt-relaxed-constexpr", "-Xptxas=-v", "-cubin", "-o", str(made)]
        command += [f"-gencode=arch=compute_{arch},code=sm_{arch}", str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error" in line]
            raise RuntimeError(f"nvcc could not compile {source.name}: {(lines or ['?'])[0]}")
        spilled = read_spills(_demangled(done.stderr + done.stdout))
        for kernel in read_dump(dump(made), f"sm_{arch}"):
            kernel.spilled = spilled.get(kernel.kernel)
            yield kernel


def read_spills(text: str) -> dict[str, int]:
    """Kernel -> bytes that it spills, in what ``ptxas -v`` prints."""
    found, name = {}, ""
    for line in text.splitlines():
        if match := re.match(r".*Function properties for (.+)", line):
            name = match[1]
        elif match := re.match(r".* (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            found[name] = int(match[1]) + int(match[2])
    return found


def dump(binary: Path) -> str:
    """The resources and the instructions of all kernels in a cubin or a module, demangled."""
    command = [find_tool("cuobjdump"), "--dump-resource-usage", "--dump-sass", str(binary)]
    return _demangled(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _demangled(text: str) -> str:
    demangle = shutil.which("c++filt")
    if not demangle:
        return text
    return subprocess.run([demangle], input=text, capture_output=True, text=True, check=True).stdout


def read_dump(text: str, arch: str = "?") -> Iterator[Compiled]:
    """The kernels in what cuobjdump prints; ``arch`` if it does not say for which it is."""
    found: dict[tuple[str, str], Compiled] = {}
    name = ""
    for line in text.splitlines():
        if match := re.match(r"\s*arch = (\S+)|.*\.target\s+(sm_\w+)", line):
            arch = match[1] or match[2]
        elif match := re.match(r"\s*code for (sm_\w+)", line):
            arch = match[1]
        elif match := re.match(r"\s*Function (?:: )?(.+?):?$", line):
            name = match[1]
            found.setdefault((name, arch), Compiled(name, arch))
        elif name and (match := re.match(r"\s*REG:(\d+) STACK:(\d+) SHARED:(\d+)", line)):
            kernel = found[name, arch]
            kernel.registers, kernel.stack, kernel.shared = (int(match[i]) for i in (1, 2, 3))
        elif name and (
            match := re.match(r"\s*/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+ )?([A-Z]\w+)", line)
        ):
            found[name, arch].counts[match[1]] += 1
    yield from found.values()


def complaints(kernels: Iterable[Compiled], rungs: dict[str, list[tuple[str, ...]]]) -> list[str]:
    """What contradicts the tables: tensor cores that are not used, fast rungs that spill.

    Parameters
    ----------
    kernels : iterable of Compiled
    rungs : dict
        Family -> rows (name, idea, needs, precision), as the modules have it. A rung that
        speaks of tensor cores or is named for their instructions must have them on one
        architecture, one that speaks of the copy engine its loads; the first rung of a
        family may spill, no other, on what it runs on.
    """
    known = [kernel for kernel in kernels if kernel.rung]
    texts = []
    for family, rows in rungs.items():
        for place, (name, *words) in enumerate(rows):
            own = [k for k in known if k.rung == (family, name[:3])]
            said = " ".join(words)
            wants = "mma" in name or "tensor core" in said
            if own and wants and not any(k.tensor for k in own):
                texts.append(f"{family} {name}: no tensor-core instruction on any architecture")
            if own and "copy engine" in said and not any(k.counts["UTMALDG"] for k in own):
                texts.append(f"{family} {name}: no load by the copy engine on any architecture")
            texts += [
                f"{family} {name}: {k.spills} bytes spilled on {k.arch} in {k.kernel}"
                for k in own
                if k.spills and place > 0 and _runs_on(k.arch, words)
            ]
    return texts


def _runs_on(arch: str, words: Iterable[str]) -> bool:
    """wgmma is for 9.0 alone; what is compiled for another architecture only says so."""
    return "capability 9.0" not in " ".join(words) or arch == "sm_90a"
