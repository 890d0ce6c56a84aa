"""Builds the compiled modules from csrc/; everything else stands in pyproject.toml.

    minitorch._cpu       csrc/cpu, once per instruction set, chosen when it is imported
    minitorch._emulated  csrc/cuda by g++, on the emulated device of csrc/emulate
    minitorch._cuda      csrc/cuda by nvcc, where there is one

and for those who work on the kernels

    minitorch._faults            kernels with planted faults, in an editable installation
    minitorch._emulated_watched  the emulated device that checks every access, if MINITORCH_WATCH=1

Each may fail for itself: what cannot be built is left out, the reason stands in
``minitorch/<module>_missing.txt``, where ``python -m minitorch status`` finds it, and
the installation goes on. In the environment:

    MINITORCH_CUDA=1      asks for _cuda: the installation fails without it; 0 leaves it out
    MINITORCH_EMULATED=0  leaves _emulated out
    MINITORCH_MODULES     the only modules to build, e.g. "_cpu"; the others stay as they are
    MINITORCH_ISAS        the only instruction sets of _cpu beside the first, e.g. "generic,avx2";
                          with "wide", a test's, it is built into build/wide
    MINITORCH_CFLAGS      more flags for the C++ compiler, e.g. -fsanitize=address
    CUDA_HOME             where nvcc's bin/ is, if it is neither in PATH nor a pip package
    MINITORCH_CUDA_ARCHS  what to compile for, default "80 90a 100a"
    MINITORCH_SANITIZE    address or thread: builds nothing but _cpu, _emulated and _faults, with
                          that sanitizer in the kernels, into build/address or build/thread
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
MACHINE = platform.machine().lower()

# Name -> compiler flags, the most portable first: the linker keeps the first copy
# of an inline function that several variants contain, and that one must run anywhere.
ISAS: dict[str, list[str]] = {"neon" if MACHINE in ("aarch64", "arm64") else "generic": []}
TEST_ISAS: dict[str, list[str]] = {}  # built only if MINITORCH_ISAS names them
if MACHINE in ("x86_64", "amd64"):
    ISAS["avx2"] = ["-mavx2", "-mfma"]
    ISAS["avx512"] = [*ISAS["avx2"], *(f"-mavx512{part}" for part in ("f", "vl", "dq", "bw"))]
    ISAS["avx512"] += ["-mprefer-vector-width=512"]
    # AVX-512's vectors and tiles on a CPU that has AVX2 (-Wno-psabi: nothing is passed in them).
    TEST_ISAS["wide"] = [*ISAS["avx2"], "-DMT_VECTOR_BYTES=64", "-Wno-psabi"]
if named_isas := os.environ.get("MINITORCH_ISAS", "").replace(",", " ").split():
    if unknown := sorted(set(named_isas) - set(ISAS) - set(TEST_ISAS)):
        there = ", ".join([*ISAS, *TEST_ISAS])
        sys.exit(f"MINITORCH_ISAS names {', '.join(unknown)}; there are {there}")
    base = next(iter(ISAS))
    ISAS = {n: f for n, f in (ISAS | TEST_ISAS).items() if n in (base, *named_isas)}

WARNINGS = ["-Wall", "-Wextra"]
COMMON = ["-std=c++17", "-O3", "-g0", "-fPIC", "-fvisibility=hidden"]
OPENMP = ["-fopenmp-simd"]  # its pragmas only; there is no OpenMP runtime (see parallel.hpp)
NO_ERRNO = ["-fno-math-errno"]  # nobody reads it, and without a square root is one instruction
# Kernels: nvcc's pragmas mean nothing to g++, and -O3 takes long for code that need not be fast.
EMULATE = ["-O2", "-DMT_EMULATE", "-Wno-unknown-pragmas"]
EXTRA = os.environ.get("MINITORCH_CFLAGS", "").split()
# Every access as one call of ours, at the line that makes it: nothing split, merged or turned
# into vectors, and small functions where they are called.
WATCHED = ["-O1", "-g1", "-fsanitize=thread", "-finline-functions", "-finline-small-functions"]
WATCHED += ["-fno-tree-sra", "-fno-ipa-sra", "-fno-store-merging", "-fno-tree-vectorize"]
SANITIZER = os.environ.get("MINITORCH_SANITIZE", "")
SANITIZED = {
    "": [],
    "address": ["-DMT_ASAN=1", "-O1", "-g1", "-fno-omit-frame-pointer"],
    "thread": ["-DMT_TSAN=1", "-O1", "-g1"],
}
# _cpu as a whole, the thread pool too; undefined behaviour ends the process like a bad access.
SANITIZED_CPU = {
    "": [],
    "address": ["-fsanitize=address,undefined", "-fno-sanitize=vptr", "-fno-sanitize-recover=all"],
    "thread": ["-fsanitize=thread"],
}
# A folder of build/ for what is not to be installed.
ASIDE = SANITIZER or ("wide" if "wide" in ISAS else "")
ARCHS = os.environ.get("MINITORCH_CUDA_ARCHS", "80 90a 100a").split()

DEVICE_BINDINGS = ("device", "checks")  # folders of csrc/bindings; the others are _cpu's
CUDART = "lib*/**/libcudart_static.a"  # where it lies in a toolkit

Job = tuple[list[str], Path]  # a compiler's command, and the object that it makes


def sources(folder: str, pattern: str) -> list[Path]:
    """The files of a folder of csrc/."""
    return sorted((ROOT / "csrc" / folder).rglob(pattern))


def find_nvcc() -> tuple[str, Path] | None:
    """nvcc and the folder of its toolkit: from CUDA_HOME, PATH, or pip's nvidia-cuda-nvcc."""
    places = [Path(home) for name in ("CUDA_HOME", "CUDA_PATH") if (home := os.environ.get(name))]
    if found := shutil.which("nvcc"):
        places.append(Path(found).resolve().parent.parent)
    places += sorted(Path(sysconfig.get_path("purelib"), "nvidia").glob("cu*"), reverse=True)
    for place in [*places, Path("/usr/local/cuda")]:
        if (place / "bin" / "nvcc").exists() and list(place.glob(CUDART)):
            return str(place / "bin" / "nvcc"), place
    return None


class BuildNative(build_ext):  # type: ignore[misc]  # setuptools is not typed here
    """build_ext whose modules are compiled by recipes of their own and may fail in peace."""

    def run(self) -> None:
        """Build what can be built."""
        self.in_tree = self.editable_mode or self.inplace  # setuptools clears it while it builds
        self.folder = (ROOT if self.in_tree else Path(self.build_lib)) / "minitorch"
        if ASIDE:
            self.folder = ROOT / "build" / ASIDE
        super().run()

    def build_extensions(self) -> None:
        """Each module, or the reason why not in a file that ``status`` reads."""
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted: list[Extension] = self.extensions
        self.extensions: list[Extension] = []  # what was made is what is installed
        for ext in wanted:
            module = ext.name.rpartition(".")[2]
            if module == "_faults" and not self.in_tree:
                continue
            note = self.folder / f"{module}_missing.txt"
            note.unlink(missing_ok=True)
            try:
                self._check_tools()
                self._build(ext, RECIPES[module])
                if not ASIDE:
                    self.extensions.append(ext)
            except Exception as error:  # whatever a broken toolchain throws
                if ASIDE or (module == "_cuda" and os.environ.get("MINITORCH_CUDA") == "1"):
                    raise
                reason = (str(error).strip() or repr(error)).splitlines()[-1]
                print(f"warning: minitorch.{module} is not built: {reason}", file=sys.stderr)
                note.write_text(reason + "\n")
                for old in self.folder.glob(f"{module}.*"):
                    old.unlink()

    def _check_tools(self) -> None:
        """Fail with a sentence where the compiler would fail with a page."""
        try:
            import pybind11
        except ImportError:
            raise RuntimeError("pybind11 is not installed where the build runs") from None
        python = sysconfig.get_path("include")
        if not (Path(python) / "Python.h").exists():
            raise RuntimeError("Python.h is missing; install the Python development package")
        includes = [str(ROOT / "csrc"), pybind11.get_include(), python]
        named = os.environ.get("CXX")
        self.cxx = named or ("g++" if shutil.which("g++") else "c++")
        if shutil.which(self.cxx.split()[0]) is None:
            raise RuntimeError(f"the C++ compiler {self.cxx} was not found")
        self.compile_command = [*self.cxx.split(), *COMMON, *[f"-I{i}" for i in includes]]

    def _build(self, ext: Extension, recipe: Callable[[Any, Path], tuple[list[Job], Any]]) -> None:
        """Compile side by side what has changed, and link it all."""
        objects = Path(self.build_temp).absolute() / ASIDE / ext.name
        objects.mkdir(parents=True, exist_ok=True)
        jobs, libraries = recipe(self, objects)
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            list(pool.map(self._compile, jobs))
        target = Path(self.get_ext_fullpath(ext.name)).absolute()
        if ASIDE:
            target = self.folder / target.name
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(target.name + ".new")
        shared = (
            ["-bundle", "-undefined", "dynamic_lookup"] if sys.platform == "darwin" else ["-shared"]
        )
        command = [*self.cxx.split(), *shared, *[str(made) for _, made in jobs], "-o", str(fresh)]
        self._call([*command, "-pthread", *libraries, *EXTRA], f"{ext.name} could not be linked")
        fresh.replace(target)  # a module that is in use keeps its old file

    def _compile(self, job: Job) -> None:
        command, made = job
        source = Path(command[-1])
        listed = made.with_suffix(".d")
        if not self.force and listed.exists() and made.exists():
            needed = listed.read_text().replace("\\\n", " ").split(":", 1)[1].split()
            newest = max((os.path.getmtime(f) if os.path.exists(f) else 9e99) for f in needed)
            if (
                newest < made.stat().st_mtime
                and Path(__file__).stat().st_mtime < made.stat().st_mtime
            ):
                return
        made.parent.mkdir(parents=True, exist_ok=True)
        command = [*command, "-c", "-o", str(made), "-MD", "-MF", str(listed)]
        self._call(command, f"{command[0]} could not compile {source.relative_to(ROOT)}")

    def knows(self, flags: list[str]) -> bool:
        """Whether the compiler takes these flags."""
        command = [*self.cxx.split(), *flags, "-fsyntax-only", "-x", "c++", os.devnull]
        return subprocess.run(command, capture_output=True).returncode == 0

    def _call(self, command: list[str], otherwise: str) -> None:
        if self.verbose > 1:
            print(*command, flush=True)
        if subprocess.run(command).returncode:  # it has said why on standard error
            raise RuntimeError(otherwise)


def cpu(build: BuildNative, objects: Path) -> tuple[list[Job], list[str]]:
    """_cpu: the kernels once per instruction set (the macro MT_ISA names it)."""
    isas = {isa: flags for isa, flags in ISAS.items() if not flags or build.knows(flags)}
    for isa in sorted(set(ISAS) - set(isas)):
        unknown = f"{build.cxx} does not know {' '.join(ISAS[isa])}"
        print(f"warning: minitorch._cpu has no {isa}: {unknown}", file=sys.stderr)
    has = [f"-DMT_HAS_{isa.upper()}=1" for isa in isas]
    shared = objects / "+".join(isas)  # what knows of all variants
    command = [*build.compile_command, *WARNINGS, *OPENMP, *NO_ERRNO]
    command += [*SANITIZED[SANITIZER], *SANITIZED_CPU[SANITIZER], *EXTRA]
    jobs = []
    bindings = [p for p in sources("bindings", "*.cpp") if p.parent.name not in DEVICE_BINDINGS]
    for source in [*bindings, *sources("common", "*.cpp")]:
        jobs.append(
            ([*command, *has, str(source)], shared / f"{source.parent.name}-{source.stem}.o")
        )
    for isa, flags in isas.items():
        for source in sources("cpu", "*.cpp"):
            made = objects / isa / f"{source.parent.name}-{source.stem}.o"
            jobs.append(([*command, *has, f"-DMT_ISA={isa}", *flags, str(source)], made))
    return jobs, SANITIZED_CPU[SANITIZER]


def device_kernels() -> list[Path]:
    """Every .cu file but those with planted faults."""
    return [p for p in sources("cuda", "*.cu") if p.parent.name != "faults"]


def emulated_jobs(
    build: BuildNative,
    objects: Path,
    kernels: list[Path],
    bindings: list[Path],
    *,
    machine: list[str],
    watched: list[str],
) -> list[Job]:
    """Kernels by the C++ compiler, and the emulated device that they run on.

    ``machine`` are more flags for all files, ``watched`` for those with kernels, the only ones
    whose accesses a sanitizer is to see.
    """
    command = [*build.compile_command, *EMULATE, *WARNINGS, *SANITIZED[SANITIZER], *machine]
    plain = [*sources("emulate", "*.cpp"), *bindings]
    jobs = [([*command, str(p)], objects / f"{p.parent.name}-{p.stem}.o") for p in plain]
    if SANITIZER:
        watched = [*watched, f"-fsanitize={SANITIZER}"]
    jobs += [
        ([*command, *watched, *EXTRA, "-x", "c++", str(p)], objects / p.parent.name / f"{p.stem}.o")
        for p in kernels
    ]
    return jobs


def emulated(build: BuildNative, objects: Path) -> tuple[list[Job], list[str]]:
    """_emulated: kernels, the emulated device and the device bindings, all by the C++ compiler."""
    if os.environ.get("MINITORCH_EMULATED") == "0":
        raise RuntimeError("left out because MINITORCH_EMULATED=0")
    bindings = sources("bindings/device", "*.cpp")
    machine = ["-DMT_MODULE=_emulated"]
    return emulated_jobs(
        build, objects, device_kernels(), bindings, machine=machine, watched=[]
    ), sanitizer_libraries()


def faults(build: BuildNative, objects: Path) -> tuple[list[Job], list[str]]:
    """_faults: the same device with the planted faults on it and nothing else."""
    names = ("device/buffer", "device/device", "checks/faults", "checks/faults_module")
    bindings = [ROOT / "csrc" / "bindings" / f"{name}.cpp" for name in names]
    return emulated_jobs(
        build, objects, sources("cuda/faults", "*.cu"), bindings, machine=[], watched=[]
    ), sanitizer_libraries()


def watched(build: BuildNative, objects: Path) -> tuple[list[Job], list[str]]:
    """_emulated_watched: kernels and faults; csrc/emulate/watch takes every access.

    The compiler's -fsanitize=thread puts a call before each load and store; what is
    called is ours, so the sanitizer's library is not linked.
    """
    bindings = [p for p in sources("bindings/device", "*.cpp") if p.stem != "module"]
    bindings += [ROOT / "csrc" / "bindings" / "checks" / f"{n}.cpp" for n in ("faults", "watch")]
    return emulated_jobs(
        build,
        objects,
        sources("cuda", "*.cu"),
        [*bindings, ROOT / "csrc" / "bindings" / "device" / "module.cpp"],
        machine=["-DMT_MODULE=_emulated_watched", "-DMT_WATCH=1"],
        watched=WATCHED,
    ), ["-ldl"]


def sanitizer_libraries() -> list[str]:
    """What the linker needs for MINITORCH_SANITIZE; the process preloads the library itself."""
    return [f"-fsanitize={SANITIZER}"] if SANITIZER else []


def cuda(build: BuildNative, objects: Path) -> tuple[list[Job], list[str]]:
    """_cuda: kernels by nvcc for each of ARCHS, the device bindings by the C++ compiler."""
    if os.environ.get("MINITORCH_CUDA") == "0":
        raise RuntimeError("left out because MINITORCH_CUDA=0")
    found = find_nvcc()
    if found is None:
        raise RuntimeError("no nvcc with libcudart_static.a was found (set CUDA_HOME)")
    nvcc, home = found
    kernels = [nvcc, "-std=c++17", "-O3", f"-I{ROOT / 'csrc'}", "-ccbin", build.cxx.split()[0]]
    kernels += ["-Xcompiler", "-fPIC,-fvisibility=hidden", "--expt-relaxed-constexpr"]
    kernels += [f"-gencode=arch=compute_{a},code=sm_{a}" for a in ARCHS]
    bindings = [*build.compile_command, *WARNINGS, "-DMT_MODULE=_cuda", f"-I{home / 'include'}"]
    jobs = [
        ([*bindings, str(p)], objects / f"{p.stem}.o") for p in sources("bindings/device", "*.cpp")
    ]
    jobs += [
        ([*kernels, str(p)], objects / p.parent.name / f"{p.stem}.o") for p in device_kernels()
    ]
    return jobs, [str(next(home.glob(CUDART))), "-ldl", "-lrt"]


RECIPES = {"_cpu": cpu, "_emulated": emulated, "_cuda": cuda, "_faults": faults}
if os.environ.get("MINITORCH_WATCH") == "1":
    RECIPES["_emulated_watched"] = watched
if SANITIZER:
    if SANITIZER not in SANITIZED:
        sys.exit(f"MINITORCH_SANITIZE is address or thread, not {SANITIZER!r}")
    RECIPES = {"_cpu": cpu, "_emulated": emulated, "_faults": faults}
if wanted := os.environ.get("MINITORCH_MODULES", "").split():
    if unknown := sorted(set(wanted) - set(RECIPES)):
        sys.exit(f"MINITORCH_MODULES names {', '.join(unknown)}; there are {', '.join(RECIPES)}")
    RECIPES = {module: RECIPES[module] for module in wanted}

setup(
    ext_modules=[Extension(f"minitorch.{module}", [], language="c++") for module in RECIPES],
    cmdclass={"build_ext": BuildNative},
)
